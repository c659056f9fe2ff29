// SPDX-License-Identifier: GPL-2.0-only
/*
 * submit.c: the order of the stages, and what ends a command between them.
 *
 * The commands are those of nexus.h: the test sets how much moves in which direction.
 */
#include "nexus.h"

static struct cst_device *const dev = &devs[0];
static struct task *t;

/* Make a command that moves @len bytes in @dir; its initiator expects @exp in @exp_dir. */
static void a_command(enum dma_data_direction dir, u32 len,
		      enum dma_data_direction exp_dir, u32 exp)
{
	nexuses_start(2);
	emu.data_later = true;
	emu.no_buffer = false;
	emu.meanwhile = NULL;
	play.dir = dir;
	play.len = len;
	memset(play.answers, 0, sizeof(play.answers));
	t = new_task(nexuses[0], 0, 1);
	t->cmd.exp_dir = exp_dir;
	t->cmd.exp_len = exp;
}

static void comes(void)
{
	cst_cmd_submit(&t->cmd);
	run_works();
}

/* The command was answered with @_reason, after @_executed executions. */
#define CHECK_END(_reason, _executed) do {				\
	CHECK_REASON(emu_answer(t), _reason);				\
	CHECK_EQ(play.executed, _executed);				\
	nexuses_end();							\
} while (0)

#define CHECK_LEN(_data_len, _residual, _overflow) do {			\
	CHECK_EQ(t->cmd.data_len, _data_len);				\
	CHECK_EQ(t->cmd.residual, _residual);				\
	CHECK_EQ(t->cmd.overflow, _overflow);				\
} while (0)

static void without_data(void)
{
	a_command(DMA_NONE, 0, DMA_NONE, 0);
	comes();
	CHECK(!t->wants_data);
	CHECK_LEN(0, 0, false);
	CHECK_END(CST_OK, 1);
	/* The initiator expects data that does not come. */
	a_command(DMA_NONE, 0, DMA_FROM_DEVICE, 512);
	comes();
	CHECK_LEN(0, 512, false);
	CHECK_END(CST_OK, 1);
	a_command(DMA_NONE, 0, DMA_TO_DEVICE, 512);
	comes();
	CHECK(!t->wants_data);
	CHECK_LEN(0, 512, false);
	CHECK_END(CST_OK, 1);
}

static void it_executes_when_its_data_is_there(void)
{
	a_command(DMA_TO_DEVICE, 512, DMA_TO_DEVICE, 512);
	comes();
	CHECK(t->wants_data);
	CHECK_EQ(play.executed, 0);
	CHECK_EQ(t->fate, UNDER_WAY);
	/* The command has taken its place in the task set when it arrived. */
	CHECK_EQ(dev->order.simple.count, 2);
	CHECK_EQ(dev->io_ref.count, 1);
	emu_data_comes(t);
	CHECK(test_bit(CST_CMD_DATA_MOVED, &t->cmd.flags));
	CHECK_LEN(512, 0, false);
	CHECK_END(CST_OK, 1);

	/* The CDB asks for less than the initiator has, and the other way round. */
	a_command(DMA_TO_DEVICE, 100, DMA_TO_DEVICE, 512);
	comes();
	CHECK_LEN(100, 412, false);
	emu_data_comes(t);
	CHECK_END(CST_OK, 1);
	a_command(DMA_TO_DEVICE, 512, DMA_TO_DEVICE, 100);
	comes();
	CHECK_LEN(100, 412, true);
	emu_data_comes(t);
	CHECK_END(CST_OK, 1);

	/* The CDB asks for no data. */
	a_command(DMA_TO_DEVICE, 0, DMA_TO_DEVICE, 512);
	comes();
	CHECK(!t->wants_data);
	CHECK_LEN(0, 512, false);
	CHECK_END(CST_OK, 1);
	a_command(DMA_TO_DEVICE, 512, DMA_TO_DEVICE, 0);
	comes();
	CHECK(!t->wants_data);
	CHECK_LEN(0, 512, true);
	CHECK_END(CST_OK, 1);
}

static void data_that_is_in_place_is_not_asked_for(void)
{
	a_command(DMA_TO_DEVICE, 512, DMA_TO_DEVICE, 512);
	__set_bit(CST_CMD_FABRIC_BUF, &t->cmd.flags);
	emu.no_buffer = true;
	comes();
	CHECK(!t->wants_data);
	CHECK(test_bit(CST_CMD_DATA_MOVED, &t->cmd.flags));
	CHECK_LEN(512, 0, false);
	CHECK_END(CST_OK, 1);
}

/* The initiator sends data for a read, and expects data for a write. */
static void the_initiator_expects_the_other_direction(void)
{
	a_command(DMA_FROM_DEVICE, 512, DMA_TO_DEVICE, 1024);
	comes();
	CHECK(!t->wants_data);
	/* Nothing moves: all of the data is overflow. */
	CHECK_EQ(t->cmd.exp_dir, DMA_NONE);
	CHECK_LEN(0, 512, true);
	CHECK_END(CST_OK, 1);

	a_command(DMA_TO_DEVICE, 512, DMA_FROM_DEVICE, 1024);
	comes();
	CHECK(!t->wants_data);
	CHECK_LEN(0, 1024, false);
	CHECK_END(CST_SENSE(INVALID_MESSAGE), 0);

	/* A CDB that asks for no data has no direction. */
	a_command(DMA_TO_DEVICE, 0, DMA_FROM_DEVICE, 1024);
	comes();
	CHECK_LEN(0, 1024, false);
	CHECK_END(CST_OK, 1);
	a_command(DMA_TO_DEVICE, 512, DMA_FROM_DEVICE, 0);
	comes();
	CHECK_LEN(0, 512, true);
	CHECK_END(CST_OK, 1);
	a_command(DMA_FROM_DEVICE, 0, DMA_TO_DEVICE, 1024);
	comes();
	CHECK_LEN(0, 1024, false);
	CHECK_END(CST_OK, 1);
}

/* A write of 512 bytes whose data need not be taken at once. */
static struct task *a_write(struct nexus *n, u32 lun, u64 tag)
{
	struct task *task = new_task(n, lun, tag);

	task->cmd.exp_dir = DMA_TO_DEVICE;
	task->cmd.exp_len = 512;
	return task;
}

static void a_write_waits_for_its_buffer(void)
{
	struct task *next;

	a_command(DMA_TO_DEVICE, 512, DMA_TO_DEVICE, 512);
	emu.no_buffer = true;
	comes();
	next = a_write(nexuses[1], 0, 1);
	cst_cmd_submit(&next->cmd);
	advance(4 * HZ);
	CHECK(!t->wants_data && t->fate == UNDER_WAY);
	/* The command has taken its place in the task set when it arrived. */
	CHECK_EQ(dev->order.simple.count, 3);
	emu.no_buffer = false;
	advance(HZ / 10);
	CHECK(t->wants_data && next->wants_data);
	emu_data_comes(next);
	emu_data_comes(t);
	CHECK_REASON(emu_answer(next), CST_OK);
	CHECK_END(CST_OK, 2);
}

/* The write is answered after a time limit, and leaves the task set. */
static void a_write_does_not_wait_for_ever(void)
{
	struct task *other;

	a_command(DMA_TO_DEVICE, 512, DMA_TO_DEVICE, 512);
	emu.no_buffer = true;
	comes();
	advance(6 * HZ);
	CHECK(!t->wants_data);
	CHECK_EQ(dev->order.simple.count, 1);
	CHECK_LEN(0, 512, false);
	CHECK_END(CST_BUSY, 0);

	/* The end of another command of the same nexus tells when to try again, */
	a_command(DMA_TO_DEVICE, 512, DMA_TO_DEVICE, 512);
	comes();
	other = t;
	emu.no_buffer = true;
	t = a_write(nexuses[0], 1, 2);
	comes();
	advance(6 * HZ);
	CHECK(!t->wants_data);
	CHECK_REASON(emu_answer(t), CST_TASK_SET_FULL);
	/* but not the end of another nexus's command. */
	t = a_write(nexuses[1], 0, 3);
	comes();
	advance(6 * HZ);
	CHECK_REASON(emu_answer(t), CST_BUSY);
	emu_data_comes(other);
	CHECK_EQ(play.executed, 1);
	nexuses_end();
}

/* More commands than one run of the work looks at. */
static void a_crowd_waits_for_buffers(void)
{
	struct task *crowd[150];
	unsigned int i;

	a_command(DMA_TO_DEVICE, 512, DMA_TO_DEVICE, 512);
	emu.no_buffer = true;
	comes();
	for (i = 0; i < ARRAY_SIZE(crowd); i++) {
		crowd[i] = a_write(nexuses[i % 2], i % 2, 2 + i);
		cst_cmd_submit(&crowd[i]->cmd);
	}
	advance(HZ);
	emu.no_buffer = false;
	advance(HZ / 2);
	emu_data_comes(t);
	for (i = 0; i < ARRAY_SIZE(crowd); i++)
		emu_data_comes(crowd[i]);
	CHECK_END(CST_OK, 1 + ARRAY_SIZE(crowd));

	a_command(DMA_TO_DEVICE, 512, DMA_TO_DEVICE, 512);
	emu.no_buffer = true;
	comes();
	for (i = 0; i < ARRAY_SIZE(crowd); i++) {
		crowd[i] = a_write(nexuses[i % 2], i % 2, 2 + i);
		cst_cmd_submit(&crowd[i]->cmd);
	}
	advance(7 * HZ);
	for (i = 0; i < ARRAY_SIZE(crowd); i++)
		CHECK_EQ(crowd[i]->fate, ANSWERED);
	CHECK_END(CST_TASK_SET_FULL, 0);
}

static void abort_all(void)
{
	emu.meanwhile = NULL;
	cst_session_abort_all(&nexuses[0]->sess);
}

static void a_write_is_aborted_while_it_waits_for_its_buffer(void)
{
	a_command(DMA_TO_DEVICE, 512, DMA_TO_DEVICE, 512);
	emu.no_buffer = true;
	comes();
	cst_session_abort_all(&nexuses[0]->sess);
	/* The command ends at once, and not after the time limit. */
	run_works();
	CHECK_EQ(t->fate, DROPPED);
	CHECK(!t->wants_data);
	CHECK_EQ(dev->order.simple.count, 1);
	CHECK_EQ(play.executed, 0);
	/* The command no longer waits for a buffer. */
	emu.no_buffer = false;
	advance(HZ);
	CHECK(!t->wants_data);
	nexuses_end();

	/* Aborted just before it would wait. */
	a_command(DMA_TO_DEVICE, 512, DMA_TO_DEVICE, 512);
	emu.no_buffer = true;
	emu.meanwhile = abort_all;
	comes();
	CHECK_EQ(t->fate, DROPPED);
	CHECK(!t->wants_data);
	nexuses_end();

	/* While the work tries to get its buffer, in vain. */
	a_command(DMA_TO_DEVICE, 512, DMA_TO_DEVICE, 512);
	emu.no_buffer = true;
	comes();
	CHECK_EQ(t->fate, UNDER_WAY);
	emu.meanwhile = abort_all;
	advance(HZ / 10);
	CHECK_EQ(t->fate, DROPPED);
	CHECK(!t->wants_data);
	CHECK_EQ(dev->order.simple.count, 1);
	nexuses_end();
}

/* A write that may also have to wait for its turn is answered at once, to be tried again. */
static void a_write_in_slow_mode_does_not_wait_for_its_buffer(void)
{
	a_command(DMA_TO_DEVICE, 512, DMA_TO_DEVICE, 512);
	t->cmd.task_attr = CST_TASK_ORDERED;
	emu.no_buffer = true;
	comes();
	CHECK(!t->wants_data);
	CHECK_END(CST_BUSY, 0);
}

static void a_read_does_not_wait_for_its_buffer(void)
{
	a_command(DMA_FROM_DEVICE, 512, DMA_FROM_DEVICE, 512);
	play_ops[0].flags |= CST_OP_BLOCKS;
	emu.no_buffer = true;
	comes();
	CHECK_END(CST_BUSY, 0);
}

/*
 * Unsolicited data is on its way.  When cst_cmd_submit() returns, there is either a buffer for
 * it, or the command has been answered.  That holds also for a command that has to wait for
 * its turn or for memory.
 */
static void data_that_follows_is_taken_now_or_never(void)
{
	struct task *front, *after;
	unsigned int i;

	for (i = 0; i < 2; i++) {
		a_command(DMA_TO_DEVICE, 512, DMA_TO_DEVICE, 512);
		front = t;
		front->cmd.task_attr = CST_TASK_ORDERED;
		cst_cmd_submit(&front->cmd);
		after = new_task(nexuses[1], 0, 2);
		after->cmd.exp_dir = DMA_TO_DEVICE;
		after->cmd.exp_len = 512;
		__set_bit(CST_CMD_DATA_FOLLOWS, &after->cmd.flags);
		emu.no_buffer = i;
		cst_cmd_submit(&after->cmd);
		CHECK(after->wants_data || after->fate == ANSWERED);
		CHECK_EQ(after->wants_data, !i);
		if (!i) {
			/* The data is there; the command has to wait for its turn all the same. */
			emu_data_comes(after);
			run_works();
			CHECK_EQ(play.executed, 0);
			CHECK_EQ(after->fate, UNDER_WAY);
		}
		emu_data_comes(front);
		run_works();
		CHECK_EQ(front->fate, ANSWERED);
		CHECK_REASON(emu_answer(after), i ? CST_BUSY : CST_OK);
		CHECK_EQ(play.executed, 2 - i);
		nexuses_end();
	}
}

static void the_data_does_not_come(void)
{
	struct task *behind;

	a_command(DMA_TO_DEVICE, 512, DMA_TO_DEVICE, 512);
	t->cmd.task_attr = CST_TASK_ORDERED;
	comes();
	behind = new_task(nexuses[1], 0, 2);
	behind->cmd.exp_dir = DMA_NONE;
	play.dir = DMA_NONE;
	cst_cmd_submit(&behind->cmd);
	run_works();
	CHECK_EQ(behind->fate, UNDER_WAY);
	t->wants_data = false;
	cst_cmd_data_failed(&t->cmd, CST_SENSE(DATA_OFFSET_ERROR));
	CHECK_LEN(0, 512, false);
	CHECK_REASON(emu_answer(t), CST_SENSE(DATA_OFFSET_ERROR));
	/* The command that waited for it goes on. */
	run_works();
	CHECK_REASON(emu_answer(behind), CST_OK);
	CHECK_EQ(play.executed, 1);
	nexuses_end();
}

static void aborted_while_its_data_comes(void)
{
	/* The data comes all the same. */
	a_command(DMA_TO_DEVICE, 512, DMA_TO_DEVICE, 512);
	comes();
	CHECK(!t->told_to_stop);
	cst_session_abort_all(&nexuses[0]->sess);
	CHECK(t->told_to_stop);
	CHECK_EQ(t->fate, UNDER_WAY);
	emu_data_comes(t);
	CHECK(t->was_dropped);
	CHECK_END(CST_PENDING, 0);

	/* The data does not come, and the fabric says so. */
	a_command(DMA_TO_DEVICE, 512, DMA_TO_DEVICE, 512);
	comes();
	cst_session_abort_all(&nexuses[0]->sess);
	t->wants_data = false;
	cst_cmd_data_failed(&t->cmd, CST_SENSE(COMMAND_ABORTED));
	CHECK_END(CST_PENDING, 0);
}

/* The command waits for its turn, with its data there or not. */
static void aborted_while_it_waits_for_its_turn(void)
{
	struct task *front;
	unsigned int has_data;

	for (has_data = 0; has_data < 2; has_data++) {
		a_command(DMA_TO_DEVICE, 512, DMA_TO_DEVICE, 512);
		front = t;
		front->cmd.task_attr = CST_TASK_ORDERED;
		cst_cmd_submit(&front->cmd);
		t = new_task(nexuses[1], 0, 2);
		t->cmd.exp_dir = DMA_TO_DEVICE;
		t->cmd.exp_len = 512;
		comes();
		if (has_data)
			emu_data_comes(t);
		CHECK(t->cmd.wait.q);
		cst_session_abort_all(&nexuses[1]->sess);
		run_works();
		CHECK_EQ(t->fate == DROPPED, has_data);
		if (!has_data)
			emu_data_comes(t);
		CHECK(t->was_dropped);
		CHECK(t->cmd.out_of_turn);
		CHECK_EQ(play.executed, 0);
		emu_data_comes(front);
		CHECK_REASON(emu_answer(front), CST_OK);
		nexuses_end();
	}
}

static struct cst_abort reset;

static void reset_is_done(struct cst_abort *abort)
{
}

/*
 * An abort has taken the command out of its queue, and is given up before the command runs:
 * the command must not execute, and is answered.
 */
static void out_of_turn_it_does_not_execute(void)
{
	struct task *front;

	a_command(DMA_TO_DEVICE, 512, DMA_TO_DEVICE, 512);
	front = t;
	front->cmd.task_attr = CST_TASK_ORDERED;
	cst_cmd_submit(&front->cmd);
	t = new_task(nexuses[1], 0, 2);
	t->cmd.exp_dir = DMA_TO_DEVICE;
	t->cmd.exp_len = 512;
	comes();
	reset = (struct cst_abort){
		.dev = dev, .end = jiffies + 2 * HZ, .done = reset_is_done,
	};
	cst_abort_start(&reset);
	run_works();
	CHECK(cst_cmd_aborted(&t->cmd) && t->cmd.out_of_turn);
	advance(4 * HZ);
	CHECK(!reset.complete);
	CHECK(!cst_cmd_aborted(&t->cmd));
	emu_data_comes(t);
	CHECK_REASON(emu_answer(t), CST_SENSE(COMMAND_ABORTED));
	CHECK_EQ(play.executed, 0);
	/* The command whose turn it was executes. */
	emu_data_comes(front);
	run_works();
	CHECK_REASON(emu_answer(front), CST_OK);
	CHECK_EQ(play.executed, 1);
	nexuses_end();
}

/* A command that is refused has not been in the task set, and did not ask for its data. */
static void what_is_refused_leaves_nothing(void)
{
	/* refused by the parser */
	a_command(DMA_TO_DEVICE, 512, DMA_TO_DEVICE, 512);
	t->cmd.cdb[0] = 0xc1;
	comes();
	CHECK(!t->wants_data);
	CHECK_LEN(0, 512, false);
	CHECK_END(CST_SENSE(INVALID_COMMAND_OPERATION_CODE), 0);
	/* refused by the gate */
	a_command(DMA_TO_DEVICE, 512, DMA_TO_DEVICE, 512);
	dev->ejected = true;
	comes();
	CHECK(!t->wants_data);
	CHECK_END(CST_SENSE(MEDIUM_NOT_PRESENT), 0);
	/* A unit attention is told once, by the response of this command. */
	a_command(DMA_TO_DEVICE, 512, DMA_TO_DEVICE, 512);
	play_ops[0].flags = CST_OP_MEDIUM;
	cst_ua_add(nexuses[0]->itls[0], CST_SENSE(CAPACITY_DATA_CHANGED));
	comes();
	CHECK(!t->wants_data);
	CHECK_EQ(ua_count(nexuses[0], 0), 0);
	CHECK_END(CST_SENSE(CAPACITY_DATA_CHANGED), 0);
	/* refused by the second gate, before it executes */
	a_command(DMA_TO_DEVICE, 512, DMA_TO_DEVICE, 512);
	comes();
	cst_itl_set_verdict(nexuses[0]->itls[0], CST_RESERVED_ALL);
	emu_data_comes(t);
	CHECK_LEN(512, 0, false);
	CHECK_END(CST_RESERVATION_CONFLICT, 0);
	/* refused at a LUN that is not mapped */
	a_command(DMA_TO_DEVICE, 512, DMA_TO_DEVICE, 512);
	cst_lun_encode(3, t->cmd.lun);
	comes();
	CHECK(!t->cmd.itl && !t->wants_data);
	CHECK_END(CST_SENSE(LU_NOT_SUPPORTED), 0);
}

static void unmap_its_lun(void)
{
	nexus_map(nexuses[0], 0, NULL);
	cst_gate_changed(dev);
}

/* The LUN is unmapped at the moment of the lookup; the command's data may come much later. */
static void a_lun_that_goes_meanwhile_is_not_written(void)
{
	a_command(DMA_TO_DEVICE, 512, DMA_TO_DEVICE, 512);
	play_ops[0].flags = CST_OP_MEDIUM;
	shim_live_then = unmap_its_lun;
	comes();
	CHECK(t->cmd.itl && t->wants_data);
	emu_data_comes(t);
	CHECK_END(CST_SENSE(LU_NOT_SUPPORTED), 0);
}

TEST_MAIN(T(without_data), T(it_executes_when_its_data_is_there),
	  T(data_that_is_in_place_is_not_asked_for),
	  T(the_initiator_expects_the_other_direction),
	  T(a_write_waits_for_its_buffer), T(a_write_does_not_wait_for_ever),
	  T(a_crowd_waits_for_buffers), T(a_write_is_aborted_while_it_waits_for_its_buffer),
	  T(a_write_in_slow_mode_does_not_wait_for_its_buffer),
	  T(a_read_does_not_wait_for_its_buffer),
	  T(data_that_follows_is_taken_now_or_never), T(the_data_does_not_come),
	  T(aborted_while_its_data_comes), T(aborted_while_it_waits_for_its_turn),
	  T(out_of_turn_it_does_not_execute), T(what_is_refused_leaves_nothing),
	  T(a_lun_that_goes_meanwhile_is_not_written))
