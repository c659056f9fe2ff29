// SPDX-License-Identifier: GPL-2.0-only
/*
 * Execution: run the opcode's function in the context that the command has come in, and in
 * a worker of this CPU only when the function says that it would block.
 *
 * The workers are per CPU and reclaim-safe, because a target must make progress when memory
 * is short and is full of cached data of its own initiator.  A device whose handler may
 * block has workers of its own (worker.c).  They serve commands that hold io_ref.  So a
 * backing that hangs, or that is on another disk of this target, keeps no other device
 * waiting.  A command that has waited for its turn is run by core's work queue first.  It
 * must not block there, and moves to the device's workers when it would.
 */
#include <linux/export.h>
#include <linux/sched/mm.h>

#include "core.h"

bool cst_cmd_may_sleep(const struct cst_cmd *cmd)
{
	return test_bit(CST_CMD_IN_WORKER, &cmd->flags);
}
EXPORT_SYMBOL_GPL(cst_cmd_may_sleep);

/* An execute or resume function has answered @reason. */
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

	if (unlikely(cst_cmd_aborted(cmd) || cmd->out_of_turn)) {
		if (cmd->op->give_up)
			cmd->op->give_up(cmd);
		reason = CST_SENSE(COMMAND_ABORTED);
	} else {
		reason = cmd->resume(cmd);
	}
	/* Now, because the initiator may take long to read the response. */
	if (reason != CST_PENDING && reason != CST_WOULD_BLOCK)
		cst_buffer_free_scratch(cmd);
	cst_cmd_answered(cmd, reason);
}

static void cst_cmd_run_in_worker(struct cst_cmd *cmd)
{
	unsigned int noio = memalloc_noio_save();

	/*
	 * A command that needs the backing and does not hold io_ref yet is in core's queue.
	 * It must not wait there, even if its submitter could have slept.
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
 * cst_cmd_queue() - let a worker of this CPU run a command
 * @cmd: no other context runs it; its turn has come
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
 * Check the second gate if something has changed since the first one.  A command that needs
 * the backing holds io_ref from here to its end.
 */
static cst_sense_t cst_cmd_pass(struct cst_cmd *cmd)
{
	struct cst_device *dev = cmd->dev;

	if ((cmd->op->flags & CST_OP_MEDIUM) &&
	    !test_bit(CST_CMD_IO_REF, &cmd->flags)) {
		if (unlikely(!percpu_ref_tryget_live(&dev->io_ref)))
			return cst_gate_again(cmd) ?: cst_device_not_ready(dev);
		__set_bit(CST_CMD_IO_REF, &cmd->flags);
		/* Pairs with the smp_wmb() of cst_device_enable(): gate_seq is that new. */
		smp_rmb();
	}
	if (likely(cmd->gate_seq == atomic_long_read(&dev->gate_seq)))
		return CST_OK;
	return cst_gate_again(cmd);
}

/**
 * cst_cmd_execute() - run the opcode's function
 * @cmd: its turn has come, and its data-out is in place
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
 * cst_cmd_continue() - continue a command in a worker
 * @cmd: its execute function has answered CST_PENDING, and what it waited for has happened;
 *	an I/O has ended, for example
 * @resume: continues the command and answers as an execute function does.  Process context,
 *	may block; cst_cmd_may_sleep() is true.
 *
 * From here on a worker calls @resume whenever the command is queued; execute is not called
 * again.  A command that has been aborted meanwhile ends instead.
 *
 * Context: any, also hard interrupt.
 */
void cst_cmd_continue(struct cst_cmd *cmd, cst_sense_t (*resume)(struct cst_cmd *cmd))
{
	cmd->resume = resume;
	cst_cmd_queue(cmd);
}

/**
 * cst_cmd_continue_slowly() - continue a command where it may wait for files of the host
 * @cmd: executes in a worker (cst_cmd_may_sleep()); its function answers CST_PENDING next
 * @resume: as of cst_cmd_continue()
 *
 * For the store: a command that waits for the file system of /var/lib must not occupy a worker
 * that others need to make progress.
 *
 * Context: process.
 */
void cst_cmd_continue_slowly(struct cst_cmd *cmd, cst_sense_t (*resume)(struct cst_cmd *cmd))
{
	cmd->resume = resume;
	INIT_WORK(&cmd->work, cst_cmd_work);
	queue_work(cst_linger_wq, &cmd->work);
}

void cst_io_hold(struct cst_io *io, struct cst_io_hold *hold)
{
	hold->dev = io->dev;
	hold->itl = io->flags & CST_IO_OWN ? NULL : container_of(io, struct cst_cmd, io)->itl;
	if (hold->itl)
		percpu_ref_get(&hold->itl->ref);
	percpu_ref_get(&hold->dev->io_ref);
}
EXPORT_SYMBOL_GPL(cst_io_hold);

void cst_io_let_go(const struct cst_io_hold *hold)
{
	/*
	 * io_ref first: disabling only waits for io_ref while a nexus is there, or when the
	 * type has done I/O of its own.
	 */
	percpu_ref_put(&hold->dev->io_ref);
	if (hold->itl)
		percpu_ref_put(&hold->itl->ref);
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
	/* The command may have been freed when submit returns. */
	return cmd->dev->ops->block->submit(io) == -EAGAIN ? CST_WOULD_BLOCK :
						       CST_PENDING;
}
