/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Initiators that share a disk through two target ports, for tests of reservations.  The disk
 * is emu.disk.  Initiator i is at port i % 2; ports have the relative identifiers 1 and 2.
 *
 * Included once by a test program.
 */
#ifndef _CST_TEST_PR_NEXUS_H
#define _CST_TEST_PR_NEXUS_H

#include <linux/unaligned.h>

#include "../../../src/scsi/pr/pr.h"
#include "emu.h"
#include "store.h"
#include "test.h"

#define NR_INITIATORS	6

struct initiator {
	struct cst_session	sess;
	struct cst_cmd_list	lists[SHIM_CPUS];
	struct cst_itl		itl;
	bool			here;	/* logged in */
};

static struct initiator *who;		/* NR_INITIATORS of them */
static struct cst_target ports[2];
static struct cst_lun_map port_maps[2];
static struct cst_lun port_luns[2];
static struct task answer;		/* the last command, until the next one */
static u8 got[CST_PR_LIST_MAX];		/* its data-in, answer.cmd.data_len bytes */

static struct cst_pr *const pr = &emu.disk.dev.pr;

/* The store: one record. */
static struct {
	u8		record[CST_STORE_MAX];
	u32		len;		/* 0: there is none */
	int		error;
	unsigned int	saves;
	bool		refused;
	void		(*during)(void); /* called in a save */
} store;

int cst_store_save(const char *kind, const char *name, u16 version, const void *data, u32 len)
{
	CHECK_STR(kind, "pr");
	CHECK_STR(name, emu.disk.dev.t10_dev_id);
	CHECK(!pr->lock.held || pr->lost);
	store.saves++;
	if (store.during)
		store.during();
	if (store.error)
		return store.error;
	memcpy(store.record, data, len);
	store.len = len;
	return 0;
}

int cst_store_load(const char *kind, const char *name, u16 version, void *data, u32 size)
{
	return -ENOENT;
}

int cst_store_load_any(const char *kind, const char *name, u16 version, void **data, u32 max)
{
	*data = NULL;
	if (store.error)
		return store.error;
	if (!store.len)
		return -ENOENT;
	CHECK(store.len <= max);
	*data = kmalloc(store.len, 0);
	if (!*data)
		return -ENOMEM;
	memcpy(*data, store.record, store.len);
	return store.len;
}

void cst_store_refuse(const char *kind, const char *name)
{
	store.refused = true;
}

static inline void run_works(void)
{
	while (emu_work())
		;
}

static inline void log_in(unsigned int i)
{
	struct cst_itl *itl = &who[i].itl;

	memset(itl, 0, sizeof(*itl));
	percpu_ref_init(&itl->ref, NULL, 0, 0);
	itl->sess = &who[i].sess;
	itl->dev = &emu.disk.dev;
	itl->knows_cache = true;
	cst_pr_join(itl);
	shim_xa_store(&who[i].sess.itls, 0, itl);
	who[i].here = true;
}

/* What lun_map.c does */
static inline void log_out(unsigned int i)
{
	shim_xa_store(&who[i].sess.itls, 0, NULL);
	percpu_ref_kill(&who[i].itl.ref);
	cst_pr_let_go(&who[i].itl);
	run_works();
	list_del(&who[i].itl.dev_node);
	who[i].here = false;
}

/* The unit is new, and the initiators log in.  The store stays as it is. */
static inline void restart(void)
{
	static const char *const names[] = { "iqn.2026-01.example:t1", "iqn.2026-01.example:t2" };
	unsigned int i;

	shim_fail_at = 0;
	emu_reset();
	/* The one initiator that emu.c has made is not of this test. */
	list_del(&emu.itl.dev_node);
	for (i = 0; i < ARRAY_SIZE(ports); i++) {
		memset(&ports[i], 0, sizeof(ports[i]));
		ports[i].obj.group.cg_item.ci_name = (char *)names[i];
		ports[i].rel_tgt_id = 1 + i;
		ports[i].ops = &emu.fabric;
		port_maps[i].target = &ports[i];
		port_luns[i] = (struct cst_lun){ .map = &port_maps[i], .dev = &emu.disk.dev };
		list_add_tail(&port_luns[i].dev_node, &emu.disk.dev.luns);
	}
	if (!who)
		who = calloc(NR_INITIATORS, sizeof(*who));
	for (i = 0; i < NR_INITIATORS; i++) {
		struct cst_session *sess = &who[i].sess;

		memset(&who[i], 0, sizeof(who[i]));
		emu_session_init(sess, who[i].lists);
		sess->ops = &emu.fabric;
		sess->target = &ports[i % 2];
		sess->depth = i;		/* becomes the ISID */
		snprintf(sess->initiator_name, sizeof(sess->initiator_name), "iqn.Host%u", i);
		log_in(i);
	}
}

static void start(void)
{
	store.len = 0;
	store.error = 0;
	store.saves = 0;
	store.refused = false;
	store.during = NULL;
	restart();
	pr->loaded = true;
}

/* Begin a command, in a task of the caller. */
static void begin(struct task *task, unsigned int i, const u8 *cdb, unsigned int cdb_len,
		  u8 dir, u32 len)
{
	emu_task_init(task, &who[i].sess, 0);
	memcpy(task->cmd.cdb_inline, cdb, cdb_len);
	task->cmd.cdb_len = cdb_len;
	task->cmd.exp_dir = dir;
	task->cmd.exp_len = len;
	cst_cmd_submit(&task->cmd);
}

/* Run a command to its end.  CST_PENDING: it has not ended, or was dropped. */
static cst_sense_t run(unsigned int i, const u8 *cdb, unsigned int cdb_len, u8 dir, u32 len)
{
	cst_sense_t reason;

	begin(&answer, i, cdb, cdb_len, dir, len);
	run_works();
	if (answer.fate == UNDER_WAY)
		return CST_PENDING;
	reason = emu_answer(&answer);
	if (!reason && dir == DMA_FROM_DEVICE && answer.cmd.data_len) {
		CHECK(answer.cmd.data_len <= sizeof(got));
		cst_bvec_read(got, answer.cmd.bvec, 0, answer.cmd.data_len);
	}
	emu_release(&answer);
	return reason;
}

#define RUN(_i, ...) ({							\
	const u8 _cdb[] = { __VA_ARGS__ };				\
	run(_i, _cdb, sizeof(_cdb), DMA_NONE, 0); })

static inline cst_sense_t pr_in(unsigned int i, u8 action, u16 len)
{
	const u8 cdb[10] = { 0x5e, action, [7] = len >> 8, len & 0xff };

	return run(i, cdb, sizeof(cdb), DMA_FROM_DEVICE, len);
}

/* The parameter list of the next PERSISTENT RESERVE OUT */
static u8 list[CST_PR_LIST_MAX + 4096];
static u32 list_len;

static void basic_list(u64 key, u64 action_key, u8 flags)
{
	memset(list, 0, sizeof(list));
	put_unaligned_be64(key, list);
	put_unaligned_be64(action_key, list + 8);
	list[20] = flags;
	list_len = 24;
}

static cst_sense_t send_list(unsigned int i, u8 action, u8 type)
{
	u8 cdb[10] = { 0x5f, action, type };

	put_unaligned_be32(list_len, cdb + 5);
	emu_data_out(list, list_len);
	return run(i, cdb, sizeof(cdb), DMA_TO_DEVICE, list_len);
}

static inline cst_sense_t pr_out(unsigned int i, u8 action, u8 type, u64 key, u64 action_key)
{
	basic_list(key, action_key, 0);
	return send_list(i, action, type);
}

/* An initiator registers with key @key, whatever its key has been. */
static inline void registers(unsigned int i, u64 key)
{
	CHECK_REASON(pr_out(i, CST_PR_REGISTER_AND_IGNORE, 0, 0, key), CST_OK);
}

static inline cst_sense_t reserves(unsigned int i, u8 type, u64 key)
{
	return pr_out(i, CST_PR_RESERVE, type, key, 0);
}

/* Append the TransportID of an iSCSI port; @text with a NUL at its end. */
static inline void add_id(u8 format, const char *text)
{
	u32 len = max_t(u32, ALIGN(strlen(text) + 1, 4), 20);

	list[list_len] = format;
	put_unaligned_be16(len, list + list_len + 2);
	memcpy(list + list_len + 4, text, strlen(text));
	list_len += 4 + len;
	put_unaligned_be32(list_len - 28, list + 24);
}

/* What the initiator gets told next, besides which it has been told nothing */
static inline cst_sense_t ua(unsigned int i)
{
	cst_sense_t first = cst_ua_peek(&who[i].itl);

	CHECK(who[i].itl.ua_count <= 1);
	who[i].itl.ua_count = 0;
	who[i].itl.ua_pending = false;
	return first;
}

#define CHECK_UAS(...) do {						\
	const cst_sense_t _u[NR_INITIATORS] = { __VA_ARGS__ };		\
	unsigned int _i;						\
									\
	for (_i = 0; _i < NR_INITIATORS; _i++)				\
		CHECK_REASON(ua(_i), _u[_i]);				\
} while (0)

static inline u64 key_of(unsigned int i)
{
	return who[i].itl.registrant ? who[i].itl.registrant->key : 0;
}

#define CHECK_KEYS(...) do {						\
	const u64 _k[NR_INITIATORS] = { __VA_ARGS__ };			\
	unsigned int _i;						\
									\
	for (_i = 0; _i < NR_INITIATORS; _i++)				\
		CHECK_EQ(key_of(_i), _k[_i]);				\
	check_consistent();						\
} while (0)

/* The tables agree with each other, and each nexus with them. */
static void check_consistent(void)
{
	struct cst_registrant *reg;
	u32 nr = 0, listed = 0;
	unsigned int i;

	mutex_lock(&pr->lock);
	list_for_each_entry(reg, &pr->registrants, node) {
		CHECK(cst_pr_find(pr, reg->id, reg->id_len, reg->port) == reg);
		CHECK(list_empty(&reg->change));
		nr += !!reg->key;
		listed++;
	}
	CHECK_EQ(pr->nr, listed);
	CHECK_EQ(pr->nr_registered, nr);
	CHECK_EQ(listed, nr);
	for (i = 0; i < NR_INITIATORS; i++) {
		if (!who[i].here)
			continue;
		reg = cst_pr_find_session(pr, &who[i].sess);
		CHECK(who[i].itl.registrant == reg);
		if (!pr->reserved_by && !pr->lost)
			CHECK_EQ(who[i].itl.verdict,
				 cst_pr_type_verdict(pr->now.type, reg,
						     cst_pr_holds(&pr->now, reg)));
	}
	mutex_unlock(&pr->lock);
}

/* Nothing is left behind by the test. */
static inline void finish(void)
{
	unsigned int i;

	check_consistent();
	for (i = 0; i < NR_INITIATORS; i++)
		CHECK_EQ(who[i].itl.ref.count, who[i].here);
	emu_device_check(&emu.disk.dev);
}

#endif /* _CST_TEST_PR_NEXUS_H */
