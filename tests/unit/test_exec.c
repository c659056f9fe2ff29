// SPDX-License-Identifier: GPL-2.0-only
/*
 * exec.c: what a command meets when its turn has come.
 *
 * Work is done when a test says so; an opcode's function answers what the test says.
 */
#include <stdlib.h>

/* emu.c has its own of these. */
#define cst_cmd_may_sleep	exec_may_sleep
#define cst_cmd_complete	exec_complete
#define cst_cmd_start_io	exec_start_io
#define cst_cmd_continue	exec_continue
#define cst_buffer_free_scratch	exec_free_scratch

#include "core.h"
#include "test.h"

/* barrier: nobody else writes. */
#define smp_rmb()			do { } while (0)
#define INIT_WORK(w, f)			((w)->func = (f))
#define raw_smp_processor_id()		0
#define memalloc_noio_save()		0
#define memalloc_noio_restore(noio)	((void)(noio))

static char places[2];
struct workqueue_struct *cst_wq = (void *)&places[0];
static struct cst_lanes *own_lanes = (void *)&places[1];
static struct work_struct *queued;	/* on cst_wq */
static struct cst_job *waiting;		/* in the device's lanes */

static void queue_work_on(int cpu, struct workqueue_struct *wq, struct work_struct *work)
{
	CHECK(!queued && !waiting);
	CHECK(wq == cst_wq);
	queued = work;
}

void cst_job_queue(struct cst_device *dev, struct cst_job *job)
{
	CHECK(!queued && !waiting);
	CHECK(dev->lanes == own_lanes);
	waiting = job;
}

static bool percpu_ref_tryget_live(struct percpu_ref *ref)
{
	if (ref->dying)
		return false;
	ref->count++;
	return true;
}

static void percpu_ref_get(struct percpu_ref *ref)
{
	ref->count++;
}

static void percpu_ref_put(struct percpu_ref *ref);

#include "../../src/core/exec.c"

static struct cst_device dev;
static struct cst_itl itl;
static struct cst_cmd cmd;
static struct cst_op op;
static cst_sense_t answers[4];
static unsigned int executed;
static bool finished;

static struct percpu_ref *put_last;

static void percpu_ref_put(struct percpu_ref *ref)
{
	CHECK(ref->count > 0);
	ref->count--;
	put_last = ref;
}

static cst_sense_t execute(struct cst_cmd *c)
{
	return answers[executed++];
}

/* buffer.c */
void cst_buffer_free_scratch(struct cst_cmd *c)
{
	c->scratch_bvec = NULL;
}

/* submit.c */
void cst_cmd_run(struct cst_cmd *c)
{
	CHECK(!c->resume);
	cst_cmd_execute(c);
}

/* status.c */
void cst_cmd_finish(struct cst_cmd *c, cst_sense_t reason)
{
	CHECK(!finished);
	finished = true;
	c->reason = reason;
	if (test_bit(CST_CMD_IO_REF, &c->flags))
		c->dev->io_ref.count--;
}

static void a_command(unsigned int flags)
{
	memset(&dev, 0, sizeof(dev));
	memset(&itl, 0, sizeof(itl));
	memset(&cmd, 0, sizeof(cmd));
	memset(answers, 0, sizeof(answers));
	op = (struct cst_op){ .flags = flags, .execute = execute };
	dev.lanes = own_lanes;
	cmd.dev = &dev;
	cmd.itl = &itl;
	cmd.op = &op;
	queued = NULL;
	waiting = NULL;
	executed = 0;
	finished = false;
}

static void work(void)
{
	struct work_struct *w = queued;
	struct cst_job *j = waiting;

	CHECK(w || j);
	queued = NULL;
	waiting = NULL;
	if (w)
		w->func(w);
	else
		j->func(j);
}

/* It has ended so, after that many executions, and holds nothing. */
#define CHECK_END(_reason, _executed) do {				\
	CHECK(finished);						\
	CHECK_EQ(cmd.reason, (_reason));				\
	CHECK_EQ(executed, (_executed));				\
	CHECK_EQ(dev.io_ref.count, 0);					\
	CHECK(!queued && !waiting);						\
} while (0)

static void one_that_would_block_goes_to_the_worker(void)
{
	a_command(CST_OP_MEDIUM);
	answers[0] = CST_WOULD_BLOCK;
	cst_cmd_execute(&cmd);
	CHECK(!finished);
	CHECK(!cst_cmd_may_sleep(&cmd));
	work();
	CHECK(cst_cmd_may_sleep(&cmd));
	CHECK_END(CST_OK, 2);

	a_command(CST_OP_SLEEPS);
	cst_cmd_execute(&cmd);
	CHECK_EQ(executed, 0);
	work();
	CHECK_END(CST_OK, 1);
}

/* What waited for its turn comes by a queue that all devices need. */
static void nothing_waits_but_in_the_queue_of_its_device(void)
{
	a_command(CST_OP_MEDIUM);
	answers[0] = CST_WOULD_BLOCK;
	cst_cmd_queue(&cmd);
	CHECK(queued);
	work();
	CHECK(!cst_cmd_may_sleep(&cmd));
	CHECK(waiting);
	work();
	CHECK(cst_cmd_may_sleep(&cmd));
	CHECK_END(CST_OK, 2);

	a_command(CST_OP_MEDIUM | CST_OP_SLEEPS);
	cst_cmd_queue(&cmd);
	work();
	CHECK_EQ(executed, 0);
	CHECK(waiting);
	work();
	CHECK_END(CST_OK, 1);

	/* Its device has no queue any more. */
	a_command(CST_OP_MEDIUM);
	dev.io_ref.dying = true;
	dev.lanes = NULL;
	cst_cmd_queue(&cmd);
	CHECK(queued);
	work();
	CHECK_END(CST_SENSE(MANUAL_INTERVENTION_REQUIRED), 0);

	/* Without a backing. */
	a_command(CST_OP_SLEEPS);
	dev.lanes = NULL;
	cst_cmd_execute(&cmd);
	CHECK(queued);
	work();
	CHECK_END(CST_OK, 1);
}

static cst_sense_t execute_io(struct cst_cmd *c)
{
	executed++;
	return cst_cmd_start_io(c);
}

/* The handler would rather not; in the device's own worker it has no choice. */
static unsigned int io_flags[4];
static unsigned int ios;

static int submit_io(struct cst_io *io)
{
	io_flags[ios++] = io->flags & (CST_IO_NOWAIT | CST_IO_ATOMIC);
	if (io->flags & CST_IO_NOWAIT)
		return -EAGAIN;
	return 0;
}

/* Its command ends while the submitter is still in the backing's code. */
static int submit_and_linger(struct cst_io *io)
{
	struct cst_itl *held = cst_io_hold(io);
	struct cst_device *of = io->dev;

	ios++;
	cst_cmd_complete(container_of(io, struct cst_cmd, io), CST_OK);
	/* Its memory is another command's by now. */
	memset(&cmd, 0xa5, sizeof(cmd));
	/* Whoever disables the device sees a nexus, and waits for the device. */
	CHECK_EQ(itl.ref.count, 1);
	CHECK_EQ(of->io_ref.count, 1);
	cst_io_let_go(held);
	CHECK_EQ(itl.ref.count, 0);
	CHECK_EQ(of->io_ref.count, 0);
	CHECK(put_last == &itl.ref);
	return 0;
}

static void a_submitter_that_lingers_keeps_the_backing_open(void)
{
	static const struct cst_block_ops block = { .submit = submit_and_linger };
	static const struct cst_handler_ops ops = { .block = &block };

	a_command(CST_OP_MEDIUM);
	itl.dev = &dev;
	op.execute = execute_io;
	dev.ops = &ops;
	ios = 0;
	cst_cmd_execute(&cmd);
	CHECK_EQ(ios, 1);
	CHECK(finished);
}

static void what_the_submitter_may_do_ends_with_it(void)
{
	static const struct cst_block_ops block = { .submit = submit_io };
	static const struct cst_handler_ops ops = { .block = &block };

	/* It may sleep, for memory and locks. */
	a_command(CST_OP_MEDIUM);
	op.execute = execute_io;
	dev.ops = &ops;
	ios = 0;
	__set_bit(CST_CMD_MAY_SLEEP, &cmd.flags);
	cst_cmd_execute(&cmd);
	work();
	CHECK_EQ(ios, 2);
	CHECK_EQ(io_flags[0], CST_IO_NOWAIT);
	CHECK_EQ(io_flags[1], 0);

	/* But the queue that all devices need does not, for anybody. */
	a_command(CST_OP_MEDIUM);
	op.execute = execute_io;
	dev.ops = &ops;
	ios = 0;
	__set_bit(CST_CMD_MAY_SLEEP, &cmd.flags);
	cst_cmd_queue(&cmd);
	work();
	work();
	CHECK_EQ(ios, 2);
	CHECK_EQ(io_flags[0], CST_IO_NOWAIT | CST_IO_ATOMIC);
	CHECK_EQ(io_flags[1], 0);
}

static void one_that_waits_elsewhere_is_not_ended(void)
{
	a_command(CST_OP_MEDIUM);
	answers[0] = CST_PENDING;
	cst_cmd_execute(&cmd);
	CHECK(!finished && !queued);
	CHECK_EQ(dev.io_ref.count, 1);
	cst_cmd_complete(&cmd, CST_SENSE(WRITE_ERROR));
	CHECK_END(CST_SENSE(WRITE_ERROR), 1);
}

/* Another backing, or the same one with other blocks. */
static void the_device_was_enabled_anew_meanwhile(void)
{
	a_command(CST_OP_MEDIUM);
	dev.enabled_seq = cst_gate_changed(&dev);
	cst_cmd_execute(&cmd);
	CHECK_END(CST_SENSE(MEDIUM_MAY_HAVE_CHANGED), 0);

	/* One that needs no backing need not know. */
	a_command(0);
	dev.enabled_seq = cst_gate_changed(&dev);
	cst_cmd_execute(&cmd);
	CHECK_END(CST_OK, 1);
}

static void take_nexus_away(void)
{
	itl.ref.dying = true;
	cst_gate_changed(&dev);
}

static void protect_lun(void)
{
	itl.read_only = true;
	cst_gate_changed(&dev);
}

static void disable(void)
{
	dev.io_ref.dying = true;
	cst_gate_changed(&dev);
}

static void eject(void)
{
	dev.ejected = true;
	cst_gate_changed(&dev);
}

/* A command is ended for @reason when that changes before it executes. */
static void after(void (*change)(void), unsigned int flags, cst_sense_t reason)
{
	a_command(flags);
	change();
	cst_cmd_execute(&cmd);
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

/* It has passed the gate, and waited for its data or its turn since. */
static void the_device_was_disabled_meanwhile(void)
{
	after(disable, CST_OP_MEDIUM, CST_SENSE(MANUAL_INTERVENTION_REQUIRED));
	after(disable, 0, CST_OK);

	/* One that executes already is waited for. */
	a_command(CST_OP_MEDIUM);
	answers[0] = CST_WOULD_BLOCK;
	cst_cmd_execute(&cmd);
	disable();
	work();
	CHECK_END(CST_OK, 2);

	/* The nexus went as well: that it has no such unit comes first. */
	a_command(CST_OP_MEDIUM);
	take_nexus_away();
	disable();
	cst_cmd_execute(&cmd);
	CHECK_END(CST_SENSE(LU_NOT_SUPPORTED), 0);
}

static void the_medium_was_ejected_meanwhile(void)
{
	after(eject, CST_OP_MEDIUM, CST_SENSE(MEDIUM_NOT_PRESENT));
	/* What loads it, and what does without it. */
	after(eject, CST_OP_MEDIUM | CST_OP_UNREADY, CST_OK);
	after(eject, 0, CST_OK);

	/* Nothing has happened yet when it is to be tried again. */
	a_command(CST_OP_MEDIUM);
	answers[0] = CST_WOULD_BLOCK;
	cst_cmd_execute(&cmd);
	eject();
	work();
	CHECK_END(CST_SENSE(MEDIUM_NOT_PRESENT), 1);
}

/* What is not counted is not looked at: it costs a compare. */
static void nothing_is_asked_twice_for_nothing(void)
{
	a_command(CST_OP_MEDIUM);
	dev.ejected = true;
	cst_cmd_execute(&cmd);
	CHECK_END(CST_OK, 1);

	/* A change that does not concern it is looked at once. */
	a_command(CST_OP_MEDIUM);
	answers[0] = CST_WOULD_BLOCK;
	protect_lun();
	cst_cmd_execute(&cmd);
	CHECK_EQ(cmd.gate_seq, atomic_long_read(&dev.gate_seq));
	dev.ejected = true;
	work();
	CHECK_END(CST_OK, 2);
}

/* A LUN without a device has none of this. */
static void without_a_device(void)
{
	a_command(0);
	cmd.dev = NULL;
	cmd.itl = NULL;
	cst_cmd_execute(&cmd);
	CHECK_END(CST_OK, 1);
}

/* A command of several I/Os; each of them ends in an interrupt. */
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
	answers[0] = CST_PENDING;
	steps = 0;
	memset(step_answers, 0, sizeof(step_answers));
	cst_cmd_execute(&cmd);
	CHECK(!finished && !queued && !waiting);
	cmd.scratch_bvec = cmd.inline_bvec;
}

static void it_goes_on_where_it_was(void)
{
	a_command_of_steps();
	step_answers[0] = CST_PENDING;
	step_answers[1] = CST_SENSE(WRITE_ERROR);
	cst_cmd_continue(&cmd, step);
	CHECK_EQ(steps, 0);
	CHECK(waiting);
	work();
	CHECK_EQ(steps, 1);
	CHECK(!finished);
	CHECK(cmd.scratch_bvec);
	cst_cmd_continue(&cmd, step);
	work();
	CHECK_EQ(steps, 2);
	CHECK(!cmd.scratch_bvec);
	CHECK_END(CST_SENSE(WRITE_ERROR), 1);

	/* Queued by whoever has let it wait: still no new beginning. */
	a_command_of_steps();
	step_answers[0] = CST_PENDING;
	cst_cmd_continue(&cmd, step);
	work();
	cst_cmd_queue(&cmd);
	work();
	CHECK_EQ(steps, 2);
	CHECK_END(CST_OK, 1);

	/* A device that never blocks has no workers of its own. */
	a_command_of_steps();
	dev.lanes = NULL;
	cst_cmd_continue(&cmd, step);
	CHECK(queued);
	work();
	CHECK_EQ(steps, 1);
	CHECK_END(CST_OK, 1);

	/* Being disabled waits for it. */
	a_command_of_steps();
	dev.io_ref.dying = true;
	cst_cmd_continue(&cmd, step);
	work();
	CHECK_EQ(steps, 1);
	CHECK_END(CST_OK, 1);
}

static void aborted_between_steps(void)
{
	a_command_of_steps();
	step_answers[0] = CST_PENDING;
	cst_cmd_continue(&cmd, step);
	work();
	cst_cmd_continue(&cmd, step);
	__set_bit(CST_ABORTED_OTHER, &cmd.aborted);
	work();
	CHECK_EQ(steps, 1);
	CHECK(!cmd.scratch_bvec);
	CHECK_END(CST_SENSE(COMMAND_ABORTED), 1);

	/* It was taken out of a queue, and the mark taken back. */
	a_command_of_steps();
	cst_cmd_continue(&cmd, step);
	cmd.out_of_turn = true;
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
