// SPDX-License-Identifier: GPL-2.0-only
/*
 * exec.c: what happens to a command when its turn has come.
 *
 * Each command has passed the gates and waits for its data.  The test determines what
 * changes meanwhile, and the result of the execution.
 */
#include "nexus.h"

static struct cst_device *const dev = &devs[0];
static struct task *t;

static void a_command(unsigned int flags)
{
	nexuses_start(1);
	memset(play.answers, 0, sizeof(play.answers));
	play.dir = DMA_TO_DEVICE;
	play.len = 8;
	play_ops[0].flags = flags;
	emu.data_later = true;
	t = new_task(nexuses[0], 0, 1);
	t->cmd.exp_dir = DMA_TO_DEVICE;
	t->cmd.exp_len = 8;
	cst_cmd_submit(&t->cmd);
	CHECK(t->wants_data);
}

/* The data comes, and the command executes in the context that brought it. */
static void executes(void)
{
	emu_data_comes(t);
}

/* The command had to wait for its turn, which comes now. */
static void its_turn_comes(void)
{
	t->wants_data = false;
	cst_cmd_queue(&t->cmd);
}

/* Whether the command is in core's queue, or in that of its device. */
static bool queued(void)
{
	if (list_empty(&shim_works))
		return false;
	CHECK(list_empty(&emu_jobs));
	CHECK(list_first_entry(&shim_works, struct work_struct, node)->wq == cst_wq);
	return true;
}

static bool waiting(void)
{
	return !list_empty(&emu_jobs) && list_empty(&shim_works);
}

static void work(void)
{
	CHECK(queued() || waiting());
	emu_work();
}

/* The command was answered with @_reason after @_executed executions; nothing is left. */
#define CHECK_END(_reason, _executed) do {				\
	CHECK_REASON(emu_answer(t), _reason);				\
	CHECK_EQ(play.executed, (_executed));				\
	CHECK_EQ(dev->io_ref.count, 1);					\
	CHECK(!queued() && !waiting());					\
	nexuses_end();							\
} while (0)

static void one_that_would_block_goes_to_the_worker(void)
{
	a_command(CST_OP_MEDIUM);
	play.answers[0] = CST_WOULD_BLOCK;
	executes();
	CHECK(t->fate == UNDER_WAY);
	CHECK(!cst_cmd_may_sleep(&t->cmd));
	work();
	CHECK(cst_cmd_may_sleep(&t->cmd));
	CHECK_END(CST_OK, 2);

	a_command(CST_OP_SLEEPS);
	executes();
	CHECK_EQ(play.executed, 0);
	work();
	CHECK_END(CST_OK, 1);
}

/* A command whose turn comes runs from a queue that all devices need, so it may not block. */
static void nothing_waits_but_in_the_queue_of_its_device(void)
{
	a_command(CST_OP_MEDIUM);
	play.answers[0] = CST_WOULD_BLOCK;
	its_turn_comes();
	CHECK(queued());
	work();
	CHECK(!cst_cmd_may_sleep(&t->cmd));
	CHECK(waiting());
	work();
	CHECK(cst_cmd_may_sleep(&t->cmd));
	CHECK_END(CST_OK, 2);

	a_command(CST_OP_MEDIUM | CST_OP_SLEEPS);
	its_turn_comes();
	work();
	CHECK_EQ(play.executed, 0);
	CHECK(waiting());
	work();
	CHECK_END(CST_OK, 1);

	/* The device has no queue any more. */
	a_command(CST_OP_MEDIUM);
	dev->io_ref.dying = true;
	dev->lanes = NULL;
	its_turn_comes();
	CHECK(queued());
	work();
	CHECK_END(CST_SENSE(MANUAL_INTERVENTION_REQUIRED), 0);

	/* The device has no backing, and so no queue. */
	a_command(CST_OP_SLEEPS);
	dev->lanes = NULL;
	executes();
	CHECK(queued());
	work();
	CHECK_END(CST_OK, 1);
}

static cst_sense_t execute_io(struct cst_cmd *c)
{
	play.executed++;
	to_task(c)->runs = true;
	return cst_cmd_start_io(c);
}

/* An I/O that would block the first time; it may block in the device's own worker. */
static unsigned int io_flags[4];
static unsigned int ios;

static int submit_io(struct cst_io *io)
{
	io_flags[ios++] = io->flags & (CST_IO_NOWAIT | CST_IO_ATOMIC);
	if (io->flags & CST_IO_NOWAIT)
		return -EAGAIN;
	return 0;
}

static struct cst_itl *itl;
static unsigned int gone;

/* A thread that disables the device finds the nexus until the submitter has left the backing. */
static void device_is_unused(struct percpu_ref *ref)
{
	CHECK_EQ(itl->ref.count, 1);
	gone++;
}

static void nexus_is_unused(struct percpu_ref *ref)
{
	CHECK_EQ(dev->io_ref.count, 0);
	gone++;
}

/* The I/O's command ends while the submitter is still in the backing's code. */
static int submit_and_linger(struct cst_io *io)
{
	struct cst_io_hold held;

	ios++;
	cst_io_hold(io, &held);
	CHECK(held.itl == itl);
	cst_cmd_finish(container_of(io, struct cst_cmd, io), CST_OK);
	release(t);
	/* The command's memory may belong to another command by now. */
	memset(&t->cmd, 0xa5, sizeof(t->cmd));
	CHECK_EQ(itl->ref.count, 2);
	CHECK_EQ(dev->io_ref.count, 2);
	nexus_map(nexuses[0], 0, NULL);
	percpu_ref_kill(&dev->io_ref);
	shim_grace();
	CHECK_EQ(gone, 0);
	cst_io_let_go(&held);
	CHECK_EQ(gone, 2);
	return 0;
}

static void a_submitter_that_lingers_keeps_the_backing_open(void)
{
	static const struct cst_block_ops block = { .submit = submit_and_linger };
	static const struct cst_handler_ops ops = { .block = &block };

	a_command(CST_OP_MEDIUM);
	play_ops[0].execute = execute_io;
	dev->ops = &ops;
	itl = nexuses[0]->itls[0];
	itl->ref.release = nexus_is_unused;
	dev->io_ref.release = device_is_unused;
	ios = 0;
	gone = 0;
	executes();
	CHECK_EQ(ios, 1);
	percpu_ref_reinit(&dev->io_ref);
	nexuses_end();
}

static void what_the_submitter_may_do_ends_with_it(void)
{
	static const struct cst_block_ops block = { .submit = submit_io };
	static const struct cst_handler_ops ops = { .block = &block };

	/* In the device's worker the I/O may sleep, for memory and locks. */
	a_command(CST_OP_MEDIUM);
	play_ops[0].execute = execute_io;
	dev->ops = &ops;
	ios = 0;
	__set_bit(CST_CMD_MAY_SLEEP, &t->cmd.flags);
	executes();
	work();
	CHECK_EQ(ios, 2);
	CHECK_EQ(io_flags[0], CST_IO_NOWAIT);
	CHECK_EQ(io_flags[1], 0);
	nexuses_end();

	/* In the queue that all devices need no I/O may sleep. */
	a_command(CST_OP_MEDIUM);
	play_ops[0].execute = execute_io;
	dev->ops = &ops;
	ios = 0;
	__set_bit(CST_CMD_MAY_SLEEP, &t->cmd.flags);
	its_turn_comes();
	work();
	work();
	CHECK_EQ(ios, 2);
	CHECK_EQ(io_flags[0], CST_IO_NOWAIT | CST_IO_ATOMIC);
	CHECK_EQ(io_flags[1], 0);
	nexuses_end();
}

static void one_that_waits_elsewhere_is_not_ended(void)
{
	a_command(CST_OP_MEDIUM);
	play.answers[0] = CST_PENDING;
	executes();
	CHECK(t->fate == UNDER_WAY && !queued());
	CHECK_EQ(dev->io_ref.count, 2);
	cst_cmd_finish(&t->cmd, CST_SENSE(WRITE_ERROR));
	CHECK_END(CST_SENSE(WRITE_ERROR), 1);
}

/* The device may have another backing, or other blocks. */
static void the_device_was_enabled_anew_meanwhile(void)
{
	a_command(CST_OP_MEDIUM);
	dev->enabled_seq = cst_gate_changed(dev);
	executes();
	CHECK_END(CST_SENSE(MEDIUM_MAY_HAVE_CHANGED), 0);

	/* A command that needs no backing is not concerned. */
	a_command(0);
	dev->enabled_seq = cst_gate_changed(dev);
	executes();
	CHECK_END(CST_OK, 1);
}

static void take_nexus_away(void)
{
	nexus_map(nexuses[0], 0, NULL);
	cst_gate_changed(dev);
}

static void protect_lun(void)
{
	nexuses[0]->itls[0]->read_only = true;
	cst_gate_changed(dev);
}

static void disable(void)
{
	dev->io_ref.dying = true;
	cst_gate_changed(dev);
}

static void eject(void)
{
	dev->ejected = true;
	cst_gate_changed(dev);
}

/* A command ends with @reason when @change happens before it executes. */
static void after(void (*change)(void), unsigned int flags, cst_sense_t reason)
{
	a_command(flags);
	change();
	executes();
	CHECK_END(reason, !reason);
}

static void the_nexus_changed_meanwhile(void)
{
	after(take_nexus_away, CST_OP_MEDIUM, CST_SENSE(LU_NOT_SUPPORTED));
	after(take_nexus_away, 0, CST_SENSE(LU_NOT_SUPPORTED));
	after(take_nexus_away, CST_OP_SKIP_UA, CST_OK);
	after(protect_lun, CST_OP_MEDIUM | CST_OP_WRITES, CST_SENSE(WRITE_PROTECTED));
	after(protect_lun, CST_OP_MEDIUM, CST_OK);
}

/* The command has passed the gate, and waited for its data or its turn since. */
static void the_device_was_disabled_meanwhile(void)
{
	after(disable, CST_OP_MEDIUM, CST_SENSE(MANUAL_INTERVENTION_REQUIRED));
	after(disable, 0, CST_OK);

	/* Disabling waits for a command that executes already. */
	a_command(CST_OP_MEDIUM);
	play.answers[0] = CST_WOULD_BLOCK;
	executes();
	disable();
	work();
	CHECK_END(CST_OK, 2);

	/* The nexus went as well: LU NOT SUPPORTED comes first. */
	a_command(CST_OP_MEDIUM);
	take_nexus_away();
	disable();
	executes();
	CHECK_END(CST_SENSE(LU_NOT_SUPPORTED), 0);
}

static void the_medium_was_ejected_meanwhile(void)
{
	after(eject, CST_OP_MEDIUM, CST_SENSE(MEDIUM_NOT_PRESENT));
	/* A command that loads the medium, and one that does not need it. */
	after(eject, CST_OP_MEDIUM | CST_OP_UNREADY, CST_OK);
	after(eject, 0, CST_OK);

	/* A command that would have blocked has done nothing yet. */
	a_command(CST_OP_MEDIUM);
	play.answers[0] = CST_WOULD_BLOCK;
	executes();
	eject();
	work();
	CHECK_END(CST_SENSE(MEDIUM_NOT_PRESENT), 1);
}

/* Without a change of gate_seq the state is not looked at again: only one compare is made. */
static void nothing_is_asked_twice_for_nothing(void)
{
	a_command(CST_OP_MEDIUM);
	dev->ejected = true;
	executes();
	CHECK_END(CST_OK, 1);

	/* A change that does not concern the command is looked at once. */
	a_command(CST_OP_MEDIUM);
	play.answers[0] = CST_WOULD_BLOCK;
	protect_lun();
	executes();
	CHECK_EQ(t->cmd.gate_seq, atomic_long_read(&dev->gate_seq));
	dev->ejected = true;
	work();
	CHECK_END(CST_OK, 2);
}

/* At a LUN without a device there is no device state to check. */
static void without_a_device(void)
{
	nexuses_start(1);
	CHECK_EQ(cst_types_init(), 0);
	t = new_task(nexuses[0], 3, 1);
	/* REQUEST SENSE */
	t->cmd.cdb[0] = 0x03;
	cst_cmd_submit(&t->cmd);
	CHECK(!t->cmd.dev);
	CHECK_END(CST_OK, 0);
}

/* A command of several I/Os, each of which ends in an interrupt. */
static unsigned int steps;
static cst_sense_t step_answers[4];

static cst_sense_t step(struct cst_cmd *c)
{
	CHECK(cst_cmd_may_sleep(c));
	return step_answers[steps++];
}

static void a_command_of_steps(void)
{
	a_command(CST_OP_MEDIUM);
	play.answers[0] = CST_PENDING;
	steps = 0;
	memset(step_answers, 0, sizeof(step_answers));
	executes();
	CHECK(t->fate == UNDER_WAY && !queued() && !waiting());
	CHECK(cst_buffer_alloc_scratch(&t->cmd, 512));
}

static void it_goes_on_where_it_was(void)
{
	a_command_of_steps();
	step_answers[0] = CST_PENDING;
	step_answers[1] = CST_SENSE(WRITE_ERROR);
	cst_cmd_continue(&t->cmd, step);
	CHECK_EQ(steps, 0);
	CHECK(waiting());
	work();
	CHECK_EQ(steps, 1);
	CHECK(t->fate == UNDER_WAY);
	CHECK(t->cmd.scratch_bvec);
	cst_cmd_continue(&t->cmd, step);
	work();
	CHECK_EQ(steps, 2);
	CHECK(!t->cmd.scratch_bvec);
	CHECK_END(CST_SENSE(WRITE_ERROR), 1);

	/* Queued by the code that let it wait: it goes on, and does not start anew. */
	a_command_of_steps();
	step_answers[0] = CST_PENDING;
	cst_cmd_continue(&t->cmd, step);
	work();
	its_turn_comes();
	work();
	CHECK_EQ(steps, 2);
	CHECK_END(CST_OK, 1);

	/* A device that never blocks has no workers of its own. */
	a_command_of_steps();
	dev->lanes = NULL;
	cst_cmd_continue(&t->cmd, step);
	CHECK(queued());
	work();
	CHECK_EQ(steps, 1);
	CHECK_END(CST_OK, 1);

	/* The device is being disabled, which waits for the command. */
	a_command_of_steps();
	dev->io_ref.dying = true;
	cst_cmd_continue(&t->cmd, step);
	work();
	CHECK_EQ(steps, 1);
	CHECK_END(CST_OK, 1);
}

static void aborted_between_steps(void)
{
	a_command_of_steps();
	step_answers[0] = CST_PENDING;
	cst_cmd_continue(&t->cmd, step);
	work();
	cst_cmd_continue(&t->cmd, step);
	cst_session_abort_all(&nexuses[0]->sess);
	work();
	CHECK_EQ(steps, 1);
	CHECK(!t->cmd.scratch_bvec);
	CHECK_END(CST_PENDING, 1);

	/* An abort took it out of a queue, and was given up. */
	a_command_of_steps();
	cst_cmd_continue(&t->cmd, step);
	t->cmd.out_of_turn = true;
	work();
	CHECK_EQ(steps, 0);
	CHECK_END(CST_SENSE(COMMAND_ABORTED), 1);
}

TEST_MAIN(
	T(it_goes_on_where_it_was),
	T(aborted_between_steps),
	T(one_that_would_block_goes_to_the_worker),
	T(nothing_waits_but_in_the_queue_of_its_device),
	T(a_submitter_that_lingers_keeps_the_backing_open),
	T(what_the_submitter_may_do_ends_with_it),
	T(one_that_waits_elsewhere_is_not_ended),
	T(the_device_was_enabled_anew_meanwhile),
	T(the_nexus_changed_meanwhile),
	T(the_device_was_disabled_meanwhile),
	T(the_medium_was_ejected_meanwhile),
	T(nothing_is_asked_twice_for_nothing),
	T(without_a_device),
)
