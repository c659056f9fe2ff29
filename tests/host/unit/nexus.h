/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Several nexuses and logical units, for tests of how commands affect each other.  Commands
 * come by cst_cmd_submit(); the test determines how they are parsed and executed.  There are
 * two CPUs.  Work runs, and time passes, only when a test asks for it.
 *
 * Included once by a test program.
 */
#ifndef _CST_TEST_NEXUS_H
#define _CST_TEST_NEXUS_H

#include <scsi/scsi_proto.h>

#include "emu.h"
#include "test.h"

/* --- a device type with one command, whose behaviour a test determines --- */

#define PLAY_OPCODE	0xc0

/* The behaviour of the next commands. */
static struct play {
	/* what parsing finds: the direction, and the length */
	u8		dir;
	u32		len;
	/* what the first, the second, ... execution returns; later ones: CST_PENDING */
	cst_sense_t	answers[4];
	void		(*in_execute)(struct cst_cmd *cmd);
	/* what happened */
	unsigned int	executed;
	bool		may_sleep;	/* the last time */
} play;

static cst_sense_t play_parse(struct cst_cmd *cmd)
{
	cmd->dir = play.dir;
	cmd->cdb_xfer_len = play.len;
	return CST_OK;
}

/* A command for which this returns CST_PENDING is ended by the test. */
static cst_sense_t play_execute(struct cst_cmd *cmd)
{
	unsigned int i = play.executed++;
	cst_sense_t reason = CST_PENDING;

	to_task(cmd)->runs = true;
	play.may_sleep = cst_cmd_may_sleep(cmd);
	if (play.in_execute)
		play.in_execute(cmd);
	if (i < ARRAY_SIZE(play.answers))
		reason = play.answers[i];
	if (cmd->dir == DMA_FROM_DEVICE && (!reason || reason == CST_PENDING))
		return cst_cmd_data_in_len(cmd, cmd->cdb_xfer_len) ?: reason;
	return reason;
}

/* A test may change the fields after the usage map. */
static struct cst_op play_ops[] = {
	{
		CST_CDB(6, PLAY_OPCODE, 0xff, 0xff, 0xff, 0xff, 0xff),
		.name		= "PLAY",
		.resv		= CST_RESV_WRITE,
		.parse		= play_parse,
		.execute	= play_execute,
	},
	{}
};

static const struct cst_op *const play_tables[] = { play_ops, NULL };
static const struct cst_vpd_page *const play_vpd[] = { NULL };
static struct cst_type_index play_index;
static const struct cst_dev_type play_type = {
	.name = "play", .peripheral = 0x00, .ops = play_tables, .vpd = play_vpd,
	.unknown_op = CST_SENSE(INVALID_COMMAND_OPERATION_CODE), .index = &play_index,
};

static const struct cst_handler_ops play_handler = { .name = "play" };

/* --- nexuses, each with some LUNs --- */

#define NR_DEVS		3
#define NR_LUNS		4

struct nexus {
	struct cst_session	sess;
	struct cst_cmd_list	lists[SHIM_CPUS];
	struct cst_itl		*itls[NR_LUNS];		/* those that are mapped now */
	struct cst_itl		all[NR_LUNS * 4];	/* all that were ever mapped */
	unsigned int		nr_all;
};

static struct cst_device devs[NR_DEVS];
static struct cst_dev_stats dev_stats[NR_DEVS];
static struct nexus **nexuses;
static unsigned int nr_nexuses;

static struct task tasks[4096];
static unsigned int nr_tasks;

/*
 * Map @dev (none: NULL) at @lun, a part of what lun_map.c does.  The nexus that was there
 * before loses the map's reference.
 */
static void nexus_map(struct nexus *n, u32 lun, struct cst_device *dev)
{
	struct cst_itl *itl = n->itls[lun];

	n->itls[lun] = NULL;
	shim_xa_store(&n->sess.itls, lun, NULL);
	if (dev) {
		n->itls[lun] = &n->all[n->nr_all++];
		emu_itl_init(n->itls[lun], &n->sess, dev, lun);
		shim_xa_store(&n->sess.itls, lun, n->itls[lun]);
	}
	if (itl) {
		percpu_ref_kill(&itl->ref);
		shim_grace();
	}
}

/* LUN 0 is device 0, LUN 1 is device 1. */
static void nexuses_start(unsigned int nr)
{
	unsigned int i;

	for (i = 0; i < nr_nexuses; i++)
		free(nexuses[i]);
	free(nexuses);
	nexuses = calloc(nr, sizeof(*nexuses));
	nr_nexuses = nr;
	memset(tasks, 0, nr_tasks * sizeof(*tasks));
	nr_tasks = 0;
	INIT_LIST_HEAD(&shim_timers);
	cst_data_out_init();
	shim_warned = 0;
	if (!play_index.nr_ops)
		CHECK_EQ(cst_dev_type_init(&play_type), 0);
	play = (struct play){ .dir = DMA_NONE };
	for (i = 0; i < ARRAY_SIZE(play.answers); i++)
		play.answers[i] = CST_PENDING;
	play_ops[0].flags = CST_OP_MEDIUM | CST_OP_SKIP_UA;
	play_ops[0].execute = play_execute;
	for (i = 0; i < NR_DEVS; i++) {
		memset(&devs[i], 0, sizeof(devs[i]));
		memset(&dev_stats[i], 0, sizeof(dev_stats[i]));
		devs[i].type = &play_type;
		devs[i].ops = &play_handler;
		emu_device_init(&devs[i], &dev_stats[i]);
	}
	for (i = 0; i < nr; i++) {
		struct nexus *n = calloc(1, sizeof(*n));

		nexuses[i] = n;
		emu_session_init(&n->sess, n->lists);
		nexus_map(n, 0, &devs[0]);
		nexus_map(n, 1, &devs[1]);
	}
}

static inline void run_works(void)
{
	unsigned int rounds = 0;

	while (emu_work())
		CHECK(rounds++ < 100000);
}

/* Let time pass tick by tick, because works arm themselves again. */
static inline void advance(unsigned long delta)
{
	while (delta--) {
		shim_jiffies_64++;
		run_works();
	}
}

/* Make a new command; the caller may change it before submitting it. */
static struct task *new_task(struct nexus *n, u32 lun, u64 tag)
{
	struct task *t = &tasks[nr_tasks++];
	u8 wire[8];

	shim_must(nr_tasks <= ARRAY_SIZE(tasks));
	cst_lun_encode(lun, wire);
	emu_task_init(t, &n->sess, shim_get_be(wire, 8));
	t->cmd.tag = tag;
	memset(t->cmd.cdb_inline, 0, sizeof(t->cmd.cdb_inline));
	t->cmd.cdb_inline[0] = PLAY_OPCODE;
	t->cmd.cdb_len = 6;
	return t;
}

static inline struct task *submit_on(struct nexus *n, u32 lun, u64 tag, int cpu)
{
	struct task *t = new_task(n, lun, tag);

	shim_cpu = cpu;
	cst_cmd_submit(&t->cmd);
	return t;
}

static inline struct task *submit(struct nexus *n, u32 lun, u64 tag)
{
	return submit_on(n, lun, tag, tag % SHIM_CPUS);
}

/* End a command that executes, or that still waits for its data. */
static inline void finish(struct task *t)
{
	CHECK_EQ(t->fate, UNDER_WAY);
	if (t->wants_data)
		cst_cmd_data_failed(&t->cmd, CST_SENSE(INCORRECT_AMOUNT_OF_DATA));
	else if (t->runs)
		cst_cmd_finish(&t->cmd, CST_OK);
}

static inline void release(struct task *t)
{
	emu_release(t);
}

/* End a command and release it at once, as a fabric does that sends the response without delay. */
static inline void end(struct task *t)
{
	if (t->fate == UNDER_WAY)
		finish(t);
	release(t);
}

static void end_all(void)
{
	unsigned int i;

	for (i = 0; i < nr_tasks; i++)
		if (tasks[i].fate != RELEASED)
			end(&tasks[i]);
	run_works();
}

static inline unsigned int ua_count(const struct nexus *n, u32 lun)
{
	return n->itls[lun]->ua_count;
}

static inline cst_sense_t ua_first(struct nexus *n, u32 lun)
{
	return cst_ua_peek(n->itls[lun]);
}

/* End all commands, and check that nothing is left behind. */
static void nexuses_end(void)
{
	unsigned int i, j;

	end_all();
	for (i = 0; i < NR_DEVS; i++) {
		emu_device_check(&devs[i]);
		/* Dropping a device's last reference may sleep, so no test may do it. */
		CHECK_EQ(devs[i].obj.group.cg_item.ci_refs, 0);
	}
	for (i = 0; i < nr_nexuses; i++) {
		CHECK(list_empty(&nexuses[i]->sess.aborts.waiting));
		for (j = 0; j < SHIM_CPUS; j++)
			CHECK(list_empty(&nexuses[i]->lists[j].cmds));
		for (j = 0; j < nexuses[i]->nr_all; j++)
			CHECK_EQ(nexuses[i]->all[j].ref.count,
				 !nexuses[i]->all[j].ref.dying);
	}
	CHECK_EQ(shim_rcu_depth, 0);
	CHECK_EQ(shim_allocated, 0);
}

#endif /* _CST_TEST_NEXUS_H */
