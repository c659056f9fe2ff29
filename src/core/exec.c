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

/* The device stays open from here to the command's completion. */
static cst_sense_t cst_cmd_io_get(struct cst_cmd *cmd)
{
	if (test_bit(CST_CMD_IO_REF, &cmd->flags))
		return CST_OK;
	if (unlikely(!percpu_ref_tryget_live(&cmd->dev->io_ref)))
		return cst_device_not_ready(cmd->dev);
	__set_bit(CST_CMD_IO_REF, &cmd->flags);
	/*
	 * All of this may have changed while the command waited for its data or
	 * for its turn, which its initiator can draw out.
	 */
	if (unlikely(cmd->enable_seq != READ_ONCE(cmd->dev->enable_seq)))
		return CST_SENSE(MEDIUM_MAY_HAVE_CHANGED);
	if (unlikely(percpu_ref_is_dying(&cmd->itl->ref)))
		return CST_SENSE(LU_NOT_SUPPORTED);
	if (unlikely((cmd->op->flags & CST_OP_WRITES) &&
		     READ_ONCE(cmd->itl->read_only)))
		return CST_SENSE(WRITE_PROTECTED);
	return cst_medium_missing(cmd) ? CST_SENSE(MEDIUM_NOT_PRESENT) : CST_OK;
}

/**
 * cst_cmd_execute() - run the opcode's function
 * @cmd: past ordering, data-out in place
 */
void cst_cmd_execute(struct cst_cmd *cmd)
{
	cst_sense_t reason = CST_OK;

	if (cmd->op->flags & CST_OP_MEDIUM)
		reason = cst_cmd_io_get(cmd);
	if (unlikely(reason)) {
		cst_cmd_finish(cmd, reason);
		return;
	}

	if (unlikely((cmd->op->flags & CST_OP_SLEEPS) &&
		     !cst_cmd_may_sleep(cmd))) {
		cst_cmd_queue(cmd);
		return;
	}

	reason = cmd->op->execute(cmd);
	if (likely(reason == CST_PENDING))
		return;
	if (reason == CST_WOULD_BLOCK) {
		cst_cmd_queue(cmd);
		return;
	}
	cst_cmd_finish(cmd, reason);
}

void cst_cmd_complete(struct cst_cmd *cmd, cst_sense_t reason)
{
	cst_cmd_finish(cmd, reason);
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
