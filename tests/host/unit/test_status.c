// SPDX-License-Identifier: GPL-2.0-only
/*
 * status.c: which status and what data each outcome of a command has.
 */
#include "nexus.h"

static struct task *t;

/* A command that executes and moves 100 bytes; its initiator expects 512. */
static void a_command(enum dma_data_direction dir)
{
	nexuses_start(1);
	play.dir = dir;
	play.len = 100;
	t = new_task(nexuses[0], 0, 1);
	t->cmd.exp_dir = dir;
	t->cmd.exp_len = 512;
	cst_cmd_submit(&t->cmd);
	CHECK(t->runs);
}

static void ends(cst_sense_t reason)
{
	cst_cmd_finish(&t->cmd, reason);
	CHECK_EQ(t->fate, ANSWERED);
}

#define CHECK_ANSWER(_status, _data_len, _residual) do {		\
	CHECK_EQ(t->cmd.status, _status);				\
	CHECK_EQ(t->cmd.data_len, _data_len);				\
	CHECK_EQ(t->cmd.residual, _residual);				\
	CHECK(!t->cmd.overflow);					\
	if ((_status) != SAM_STAT_CHECK_CONDITION)			\
		CHECK_EQ(t->cmd.sense_len, 0);				\
	nexuses_end();							\
} while (0)

static void success_keeps_the_data(void)
{
	a_command(DMA_FROM_DEVICE);
	ends(CST_OK);
	CHECK_ANSWER(SAM_STAT_GOOD, 100, 412);

	a_command(DMA_FROM_DEVICE);
	ends(CST_CONDITION_MET);
	CHECK_ANSWER(SAM_STAT_CONDITION_MET, 100, 412);

	a_command(DMA_TO_DEVICE);
	ends(CST_CONDITION_MET);
	CHECK_ANSWER(SAM_STAT_CONDITION_MET, 100, 412);
}

static void each_status_has_its_code_and_no_data(void)
{
	static const struct {
		cst_sense_t reason;
		u8 status;
	} map[] = {
		{ CST_BUSY, SAM_STAT_BUSY },
		{ CST_RESERVATION_CONFLICT, SAM_STAT_RESERVATION_CONFLICT },
		{ CST_ACA_ACTIVE, SAM_STAT_ACA_ACTIVE },
		/* No other command is in the task set whose end would tell when to try again. */
		{ CST_TASK_SET_FULL, SAM_STAT_BUSY },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(map); i++) {
		a_command(DMA_FROM_DEVICE);
		ends(map[i].reason);
		CHECK_ANSWER(map[i].status, 0, 512);
	}
	a_command(DMA_FROM_DEVICE);
	submit(nexuses[0], 0, 2);
	ends(CST_TASK_SET_FULL);
	CHECK_ANSWER(SAM_STAT_TASK_SET_FULL, 0, 512);
}

static void sense_comes_with_check_condition(void)
{
	a_command(DMA_FROM_DEVICE);
	t->cmd.detail.info = 7;
	t->cmd.detail.info_valid = true;
	ends(CST_SENSE(UNRECOVERED_READ_ERROR));
	CHECK_EQ(t->cmd.sense_len, 18);
	CHECK_BYTES(t->cmd.sense, 0xf0, 0, 0x03, 0, 0, 0, 7, 10, 0, 0, 0, 0, 0x11, 0);
	CHECK_EQ(dev_stats[0].errors, 1);
	CHECK_ANSWER(SAM_STAT_CHECK_CONDITION, 0, 512);
}

/* Data-out that was received counts as moved, in spite of the error. */
static void data_out_that_has_come_stays(void)
{
	a_command(DMA_TO_DEVICE);
	ends(CST_RESERVATION_CONFLICT);
	CHECK_ANSWER(SAM_STAT_RESERVATION_CONFLICT, 100, 412);

	emu.data_later = true;
	nexuses_start(1);
	play.dir = DMA_TO_DEVICE;
	play.len = 100;
	t = new_task(nexuses[0], 0, 1);
	t->cmd.exp_dir = DMA_TO_DEVICE;
	t->cmd.exp_len = 512;
	cst_cmd_submit(&t->cmd);
	CHECK(t->wants_data);
	cst_cmd_data_failed(&t->cmd, CST_RESERVATION_CONFLICT);
	emu.data_later = false;
	CHECK_ANSWER(SAM_STAT_RESERVATION_CONFLICT, 0, 512);
}

/* Each command is counted once, in the device of its nexus. */
static void what_is_counted(void)
{
	a_command(DMA_FROM_DEVICE);
	ends(CST_OK);
	CHECK_EQ(dev_stats[0].other_commands, 1);
	CHECK_EQ(dev_stats[0].latency[0], 1);
	CHECK_EQ(dev_stats[0].errors, 0);
	nexuses_end();

	/* A command that moves blocks counts by its direction; only data that moved counts. */
	a_command(DMA_FROM_DEVICE);
	play_ops[0].flags |= CST_OP_BLOCKS;
	ends(CST_OK);
	CHECK_EQ(dev_stats[0].read_commands, 1);
	CHECK_EQ(dev_stats[0].read_bytes, 100);
	nexuses_end();
	a_command(DMA_FROM_DEVICE);
	play_ops[0].flags |= CST_OP_BLOCKS;
	ends(CST_SENSE(UNRECOVERED_READ_ERROR));
	CHECK_EQ(dev_stats[0].read_commands, 1);
	CHECK_EQ(dev_stats[0].read_bytes, 0);
	CHECK_EQ(dev_stats[0].errors, 1);
	nexuses_end();
	a_command(DMA_TO_DEVICE);
	play_ops[0].flags |= CST_OP_BLOCKS;
	ends(CST_OK);
	CHECK_EQ(dev_stats[0].write_commands, 1);
	CHECK_EQ(dev_stats[0].write_bytes, 100);
	CHECK_EQ(dev_stats[0].aborted, 0);
	nexuses_end();

	a_command(DMA_FROM_DEVICE);
	cst_session_abort_all(&nexuses[0]->sess);
	cst_cmd_finish(&t->cmd, CST_SENSE(UNRECOVERED_READ_ERROR));
	CHECK(t->was_dropped);
	CHECK_EQ(dev_stats[0].aborted, 1);
	CHECK_EQ(dev_stats[0].errors, 0);
	nexuses_end();
}

TEST_MAIN(T(success_keeps_the_data),
	  T(each_status_has_its_code_and_no_data),
	  T(sense_comes_with_check_condition),
	  T(data_out_that_has_come_stays), T(what_is_counted))
