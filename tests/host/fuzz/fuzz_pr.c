// SPDX-License-Identifier: GPL-2.0-only
/*
 * Any history of PERSISTENT RESERVE OUT, RESERVE and RELEASE of six initiators, with any
 * parameter list, saves that fail, logins and logouts; or any record of the store.  Every
 * command ends, the tables agree with each other, each nexus has the verdict that the
 * reservation gives it, and what is kept reads back the same.
 */
#include "../unit/pr_nexus.h"
#include "input.h"

#define FUZZ_MUST(cond)	do { if (!(cond)) abort(); } while (0)

static void fuzz_check(void)
{
	check_consistent();
	FUZZ_MUST(!test_failed);
	FUZZ_MUST(!pr->now.type || pr->nr_registered);
	FUZZ_MUST(!pr->now.type || !pr->now.holder == cst_pr_type_all(pr->now.type));
	FUZZ_MUST(!pr->reserved_by || !pr->nr_registered);
	emu_device_check(&emu.disk.dev);
}

/* What would be saved now is what would be there after a restart. */
static void fuzz_record(void)
{
	static u8 record[1 << 20], again[1 << 20];
	u32 len = cst_pr_record_size(pr);
	struct cst_pr copy = {};

	FUZZ_MUST(len <= sizeof(record));
	pr->next = pr->now;
	cst_pr_record_pack(pr, record);
	cst_pr_init(&copy);
	mutex_lock(&copy.lock);
	FUZZ_MUST(!cst_pr_record_unpack(&copy, record, len));
	copy.next = copy.now;
	FUZZ_MUST(cst_pr_record_size(&copy) == len);
	cst_pr_record_pack(&copy, again);
	FUZZ_MUST(!memcmp(record, again, len));
	mutex_unlock(&copy.lock);
	cst_pr_exit(&copy);
}

/* The parameter list: its fields, and then TransportIDs that are well formed or are not. */
static void fuzz_list(u8 action)
{
	u8 flags = take(1), ids = take(1) % 5, n;
	char text[64];

	basic_list(take(1) % 4, take(1) % 4, flags & 0x0d);
	if (action == CST_PR_REGISTER_AND_MOVE) {
		list[17] = flags & 3;
		list[19] = take(1) % 4;
	} else if (flags & 0x08) {
		list_len = 28;
	}
	for (; ids; ids--) {
		n = take(1);
		snprintf(text, sizeof(text),
			 n & 0x40 ? "iqn.host%u" : "iqn.host%u,i,0x%012llx",
			 n % 8, 0x800000000000ULL + n % 8);
		add_id(n & 0x40 ? 0x05 : 0x45, text);
		if (action == CST_PR_REGISTER_AND_MOVE)
			break;
	}
	if (action == CST_PR_REGISTER_AND_MOVE && list_len > 28) {
		memmove(list + 24, list + 28, list_len - 28);
		list_len -= 4;
		put_unaligned_be32(list_len - 24, list + 20);
	}
	/* Some bytes are others, and the list is cut. */
	for (n = take(1) % 4; n; n--)
		list[take(1)] = take(1);
	n = take(1);
	if (n & 0x80)
		list_len = min_t(u32, list_len, n & 0x7f);
}

static void fuzz_step(void)
{
	u8 what = take(1), i = take(1) % NR_INITIATORS, action, type;

	switch (what & 0x0f) {
	case 0:
		if (who[i].here)
			log_out(i);
		else
			log_in(i);
		return;
	case 1:
		store.error = what & 0x10 ? -EIO : 0;
		return;
	case 2:
		if (who[i].here)
			RUN(i, what & 0x10 ? 0x16 : 0x17, 0, 0, 0, 0, 0);
		return;
	case 3:
		if (who[i].here)
			FUZZ_MUST(pr_in(i, what >> 4 & 3, take(1)) != CST_PENDING);
		return;
	default:
		action = take(1) % 10;
		type = take(1);
		fuzz_list(action);
		if (who[i].here)
			FUZZ_MUST(send_list(i, action, type) != CST_PENDING);
	}
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);
int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	unsigned int i;

	in = data;
	in_left = size;
	test_failed = false;
	start();
	if (size && take(1) & 1) {
		/* A record, with the checksum of the store around it right. */
		store.len = in_left;
		memcpy(store.record, in, in_left);
		pr->loaded = false;
		cst_pr_load(&emu.disk.dev);
		FUZZ_MUST(!pr->lost == !store.refused || !in_left ||
			  (pr->lost && in[0] == 2));
	} else {
		while (in_left) {
			fuzz_step();
			for (i = 0; i < NR_INITIATORS; i++)
				ua(i);
			fuzz_check();
		}
	}
	test_failed = false;
	check_consistent();
	FUZZ_MUST(!test_failed);
	fuzz_record();
	return 0;
}
