// SPDX-License-Identifier: GPL-2.0-only
/*
 * A QEMU TCG plug-in: counts how often each translated block of guest code is
 * executed between two markers (mark.py), and writes one line per block:
 *
 *   address instructions atomics executions target
 *
 * target is the address that the block's last instruction calls or jumps to, if the
 * instruction contains it, else 0.  The Nth window goes to the file FILE.N.
 *
 * With -icount the counts are complete: there is no sampling, and no cost in the guest.
 * Debian ships QEMU with plug-ins enabled but without their header, so the part of the
 * interface (version 1) that is used is declared here.
 */
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EXPORT __attribute__((visibility("default")))

typedef uint64_t qemu_plugin_id_t;
struct qemu_plugin_tb;
struct qemu_plugin_insn;
struct qemu_info;

enum { QEMU_PLUGIN_INLINE_ADD_U64 };
enum { QEMU_PLUGIN_CB_NO_REGS };

void qemu_plugin_register_vcpu_tb_trans_cb(qemu_plugin_id_t id,
	void (*cb)(qemu_plugin_id_t id, struct qemu_plugin_tb *tb));
void qemu_plugin_register_vcpu_tb_exec_inline(struct qemu_plugin_tb *tb, int op, void *ptr,
	uint64_t imm);
void qemu_plugin_register_vcpu_insn_exec_cb(struct qemu_plugin_insn *insn,
	void (*cb)(unsigned int vcpu, void *arg), int flags, void *arg);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *tb);
uint64_t qemu_plugin_tb_vaddr(const struct qemu_plugin_tb *tb);
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *tb, size_t idx);
const void *qemu_plugin_insn_data(const struct qemu_plugin_insn *insn);
size_t qemu_plugin_insn_size(const struct qemu_plugin_insn *insn);
uint64_t qemu_plugin_insn_vaddr(const struct qemu_plugin_insn *insn);

/*
 * A page may hold other code later, and a block may be translated with another length: each
 * translation has an entry of its own.
 */
struct block {
	struct block *next;
	uint64_t addr;
	uint64_t executions;
	uint64_t target;
	uint32_t insns;
	uint32_t atomics;
};

#define BUCKETS (1u << 16)
static struct block *blocks[BUCKETS];
static const char *out_name;
static unsigned int windows;
static bool running;

static struct block *block_get(uint64_t addr, uint32_t insns, uint32_t atomics, uint64_t target)
{
	struct block **bucket = &blocks[(addr ^ addr >> 16) % BUCKETS], *b;

	for (b = *bucket; b; b = b->next)
		if (b->addr == addr && b->insns == insns && b->atomics == atomics &&
		    b->target == target)
			return b;
	b = calloc(1, sizeof(*b));
	if (!b)
		abort();
	b->addr = addr;
	b->insns = insns;
	b->atomics = atomics;
	b->target = target;
	b->next = *bucket;
	*bucket = b;
	return b;
}

static void window_start(unsigned int vcpu, void *arg)
{
	struct block *b;
	unsigned int i;

	(void)vcpu;
	(void)arg;
	for (i = 0; i < BUCKETS; i++)
		for (b = blocks[i]; b; b = b->next)
			b->executions = 0;
	running = true;
}

static void window_stop(unsigned int vcpu, void *arg)
{
	struct block *b;
	char name[4096];
	unsigned int i;
	FILE *out;

	(void)vcpu;
	(void)arg;
	if (!running)
		return;
	running = false;
	snprintf(name, sizeof(name), "%s.%u", out_name, ++windows);
	out = fopen(name, "w");
	if (!out) {
		perror(name);
		return;
	}
	for (i = 0; i < BUCKETS; i++)
		for (b = blocks[i]; b; b = b->next)
			if (b->executions)
				fprintf(out, "%" PRIx64 " %u %u %" PRIu64 " %" PRIx64 "\n",
					b->addr, b->insns, b->atomics, b->executions, b->target);
	fclose(out);
}

/*
 * Whether the instruction is atomic on a machine with several CPUs.  With one CPU the
 * kernel patches each lock prefix (f0) to a ds prefix (3e).  That prefix has another
 * meaning only on jumps and calls (notrack).  xchg with memory needs no prefix.
 */
static bool is_atomic(const uint8_t *p, size_t size)
{
	const uint8_t *end = p + size;
	bool locked = false;

	for (; p < end; p++) {
		if (*p == 0xf0 || *p == 0x3e)
			locked = true;
		else if (!memchr("\x66\x67\xf2\xf3\x2e\x36\x26\x64\x65", *p, 9) &&
			 (*p & 0xf0) != 0x40)
			break;
	}
	if (end - p < 2)
		return false;
	if (p[0] == 0x86 || p[0] == 0x87)
		return p[1] < 0xc0;
	if (p[0] == 0xff && (p[1] >> 3 & 7) > 1)
		return false;
	return locked;
}

/* The target of a call (e8) or a tail call (e9), which ends its block. */
static uint64_t call_target(const struct qemu_plugin_insn *insn)
{
	const uint8_t *code = qemu_plugin_insn_data(insn);
	int32_t distance;

	if (qemu_plugin_insn_size(insn) != 5 || (code[0] & 0xfe) != 0xe8)
		return 0;
	memcpy(&distance, code + 1, sizeof(distance));
	return qemu_plugin_insn_vaddr(insn) + 5 + (int64_t)distance;
}

static void tb_translated(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
	static const uint8_t nop[] = { 0x0f, 0x1f, 0x84, 0x00 };
	size_t n = qemu_plugin_tb_n_insns(tb), i;
	uint32_t atomics = 0;

	(void)id;
	for (i = 0; i < n; i++) {
		struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);
		const uint8_t *code = qemu_plugin_insn_data(insn);
		size_t size = qemu_plugin_insn_size(insn);

		atomics += is_atomic(code, size);
		if (size == 8 && !memcmp(code, nop, 4) && !memcmp(code + 5, "TSC", 3))
			qemu_plugin_register_vcpu_insn_exec_cb(insn,
				code[4] == 1 ? window_start : window_stop,
				QEMU_PLUGIN_CB_NO_REGS, NULL);
	}
	qemu_plugin_register_vcpu_tb_exec_inline(tb, QEMU_PLUGIN_INLINE_ADD_U64,
		&block_get(qemu_plugin_tb_vaddr(tb), n, atomics,
			   n ? call_target(qemu_plugin_tb_get_insn(tb, n - 1)) : 0)->executions, 1);
}

EXPORT int qemu_plugin_version = 1;

EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const struct qemu_info *info, int argc,
			       char **argv);

EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const struct qemu_info *info, int argc,
			       char **argv)
{
	(void)info;
	if (argc != 1 || strncmp(argv[0], "out=", 4)) {
		fprintf(stderr, "hotspots: needs out=FILE\n");
		return -1;
	}
	out_name = strdup(argv[0] + 4);
	qemu_plugin_register_vcpu_tb_trans_cb(id, tb_translated);
	return 0;
}
