// SPDX-License-Identifier: GPL-2.0-only
/*
 * Execution: run the opcode's function where the command stands, and in a worker
 * of this CPU only when it says that it would block.
 *
 * The workers are per CPU and reclaim-safe: a target must make progress
 * when the memory that is short is cached data of its own initiator.  They are the
 * device's own where its handler may block (worker.c), and those are there for who holds
 * io_ref: a backing that hangs, or another disk of ours below it, keeps nobody
 * else waiting.  Whoever waited for its turn comes by core's queue, does not block
 * there, and goes on to the device's only when it would.
 */
#include <linux/export.h>
#include <linux/sched/mm.h>

#include "core.h"

bool cst_cmd_may_sleep(const struct cst_cmd *cmd)
{
	return test_bit(CST_CMD_IN_WORKER, &cmd->flags);
}
EXPORT_SYMBOL_GPL(cst_cmd_may_sleep);

/* What a function that executes, or goes on, has answered. */
static void cst_cmd_answered(struct cst_cmd *cmd, cst_sense_t reason)
{
	if (likely(reason == CST_PENDING))
		return;
	if (reason == CST_WOULD_BLOCK) {
		cst_cmd_queue(cmd);
		return;
	}
	cst_cmd_finish(cmd, reason);
}

static void cst_cmd_resume(struct cst_cmd *cmd)
{
	cst_sense_t reason;

	if (unlikely(cst_cmd_aborted(cmd) || cmd->out_of_turn))
		reason = CST_SENSE(COMMAND_ABORTED);
	else
		reason = cmd->resume(cmd);
	/* Not kept for an initiator that does not take its answers. */
	if (reason != CST_PENDING && reason != CST_WOULD_BLOCK)
		cst_buffer_free_scratch(cmd);
	cst_cmd_answered(cmd, reason);
}

static void cst_cmd_run_in_worker(struct cst_cmd *cmd)
{
	unsigned int noio = memalloc_noio_save();

	/*
	 * What needs the backing and does not hold it yet is in core's queue, and
	 * must not wait there, whatever its submitter could have done.
	 */
	if (test_bit(CST_CMD_IO_REF, &cmd->flags) ||
	    !(cmd->op->flags & CST_OP_MEDIUM))
		__set_bit(CST_CMD_IN_WORKER, &cmd->flags);
	else
		__clear_bit(CST_CMD_MAY_SLEEP, &cmd->flags);
	if (unlikely(cmd->resume))
		cst_cmd_resume(cmd);
	else
		cst_cmd_run(cmd);
	memalloc_noio_restore(noio);
}

static void cst_cmd_work(struct work_struct *work)
{
	cst_cmd_run_in_worker(container_of(work, struct cst_cmd, work));
}

static void cst_cmd_job(struct cst_job *job)
{
	cst_cmd_run_in_worker(container_of(job, struct cst_cmd, job));
}

/**
 * cst_cmd_queue() - let the worker of this CPU run a command
 * @cmd: nobody else runs it; its turn has come
 *
 * Context: any, also hard interrupt.
 */
void cst_cmd_queue(struct cst_cmd *cmd)
{
	if (likely(test_bit(CST_CMD_IO_REF, &cmd->flags) && cmd->dev->lanes)) {
		cmd->job.func = cst_cmd_job;
		cst_job_queue(cmd->dev, &cmd->job);
		return;
	}
	INIT_WORK(&cmd->work, cst_cmd_work);
	queue_work_on(raw_smp_processor_id(), cst_wq, &cmd->work);
}

/*
 * Let it pass, unless something has changed since it came.  One that needs the device
 * keeps it open from here to its end.
 */
static cst_sense_t cst_cmd_pass(struct cst_cmd *cmd)
{
	struct cst_device *dev = cmd->dev;

	if ((cmd->op->flags & CST_OP_MEDIUM) &&
	    !test_bit(CST_CMD_IO_REF, &cmd->flags)) {
		if (unlikely(!percpu_ref_tryget_live(&dev->io_ref)))
			return cst_gate_again(cmd) ?: cst_device_not_ready(dev);
		__set_bit(CST_CMD_IO_REF, &cmd->flags);
		/* Who has got it sees what was counted before it became live. */
		smp_rmb();
	}
	if (likely(cmd->gate_seq == atomic_long_read(&dev->gate_seq)))
		return CST_OK;
	return cst_gate_again(cmd);
}

/**
 * cst_cmd_execute() - run the opcode's function
 * @cmd: past ordering, data-out in place
 */
void cst_cmd_execute(struct cst_cmd *cmd)
{
	cst_sense_t reason;

	if (likely(cmd->dev)) {
		reason = cst_cmd_pass(cmd);
		if (unlikely(reason)) {
			cst_cmd_finish(cmd, reason);
			return;
		}
	}

	if (unlikely((cmd->op->flags & CST_OP_SLEEPS) &&
		     !cst_cmd_may_sleep(cmd))) {
		cst_cmd_queue(cmd);
		return;
	}

	cst_cmd_answered(cmd, cmd->op->execute(cmd));
}

/**
 * cst_cmd_continue() - a command goes on in the worker
 * @cmd: has answered CST_PENDING, and what it waited for is there; an I/O has ended, say
 * @resume: goes on; answers as an execute function does.  Process context, may block;
 *	cst_cmd_may_sleep() is true.
 *
 * From here on the command goes on there whenever it is queued, and never begins again.
 * One that has been aborted meanwhile ends instead.
 *
 * Context: any, also hard interrupt.
 */
void cst_cmd_continue(struct cst_cmd *cmd, cst_sense_t (*resume)(struct cst_cmd *cmd))
{
	cmd->resume = resume;
	cst_cmd_queue(cmd);
}

struct cst_itl *cst_io_hold(struct cst_io *io)
{
	struct cst_cmd *cmd = container_of(io, struct cst_cmd, io);

	percpu_ref_get(&cmd->itl->ref);
	percpu_ref_get(&cmd->dev->io_ref);
	return cmd->itl;
}
EXPORT_SYMBOL_GPL(cst_io_hold);

void cst_io_let_go(struct cst_itl *itl)
{
	/* Last the nexus: while it is there disabling waits for the other one. */
	percpu_ref_put(&itl->dev->io_ref);
	percpu_ref_put(&itl->ref);
}
EXPORT_SYMBOL_GPL(cst_io_let_go);

cst_sense_t cst_cmd_start_io(struct cst_cmd *cmd)
{
	struct cst_io *io = &cmd->io;

	io->dev = cmd->dev;
	io->flags &= ~(CST_IO_NOWAIT | CST_IO_ATOMIC);
	if (!cst_cmd_may_sleep(cmd)) {
		io->flags |= CST_IO_NOWAIT;
		if (!test_bit(CST_CMD_MAY_SLEEP, &cmd->flags))
			io->flags |= CST_IO_ATOMIC;
	}
	/* Once submitted, the command may be gone when the call returns. */
	return cmd->dev->ops->block->submit(io) == -EAGAIN ? CST_WOULD_BLOCK :
						       CST_PENDING;
}
