// SPDX-License-Identifier: GPL-2.0-only
/*
 * A command's beginning and end, and the lists in which task management finds it.
 *
 * Each session has one list per CPU, so that CPUs that submit commands share no cache line.
 * A list's lock protects the links of its members.  A command on the list cannot be
 * released while the lock is held.  Lock order: list lock, then the lock of a queue in
 * which commands wait.  The LUN of a command is looked up before the command is put on a
 * list.
 */
#include <linux/export.h>
#include <linux/percpu.h>

#include "core.h"

void cst_cmd_init(struct cst_cmd *cmd, struct cst_session *sess)
{
	cmd->sess = sess;
	cmd->itl = NULL;
	cmd->dev = NULL;
	cmd->type = NULL;
	cmd->op = NULL;
	cmd->flags = 0;
	cmd->aborted = 0;
	cmd->cdb = cmd->cdb_inline;
	cmd->cdb_len = 0;
	cmd->task_attr = CST_TASK_SIMPLE;
	cmd->exp_dir = DMA_NONE;
	cmd->exp_len = 0;
	cmd->data_len = 0;
	cmd->residual = 0;
	cmd->overflow = false;
	cmd->status = 0;
	cmd->sense_len = 0;
	cmd->dir = DMA_NONE;
	cmd->nr_bvec = 0;
	cmd->bvec = NULL;
	cmd->lba = 0;
	cmd->nblocks = 0;
	cmd->cdb_xfer_len = 0;
	atomic_set(&cmd->range.state, CST_RANGE_NONE);
	cmd->wait.q = NULL;
	cmd->out_of_turn = false;
	cmd->data_ready = false;
	cmd->answered = false;
	cmd->handed = CST_HANDED_NOT;
	cmd->resume = NULL;
	cmd->detail = (struct cst_sense_detail){};
	cmd->scratch_bvec = NULL;
	cmd->scratch_nr_bvec = 0;
	cmd->io.flags = 0;
}
EXPORT_SYMBOL_GPL(cst_cmd_init);

void cst_cmd_list_add(struct cst_cmd *cmd)
{
	struct cst_cmd_list *list;
	unsigned long flags;

	cmd->cpu = raw_smp_processor_id();
	list = per_cpu_ptr(cmd->sess->active, cmd->cpu);
	spin_lock_irqsave(&list->lock, flags);
	list_add_tail(&cmd->sess_node, &list->cmds);
	list->commands++;
	list->active++;
	spin_unlock_irqrestore(&list->lock, flags);
}

/* Take a command off its list.  The caller holds the list's lock. */
static void cst_cmd_unlink(struct cst_cmd_list *list, struct cst_cmd *cmd)
{
	list_del(&cmd->sess_node);
	list->active--;
}

void cst_cmd_list_del(struct cst_cmd *cmd)
{
	struct cst_cmd_list *list = per_cpu_ptr(cmd->sess->active, cmd->cpu);
	unsigned long flags;

	spin_lock_irqsave(&list->lock, flags);
	cst_cmd_unlink(list, cmd);
	spin_unlock_irqrestore(&list->lock, flags);
}

/*
 * Take a command off its list unless an abort has marked it, because the abort has to be
 * told.  Return: whether it was taken off.
 */
static bool cst_cmd_list_del_unmarked(struct cst_cmd *cmd)
{
	struct cst_cmd_list *list = per_cpu_ptr(cmd->sess->active, cmd->cpu);
	unsigned long flags;
	bool unmarked;

	spin_lock_irqsave(&list->lock, flags);
	/* An abort marks a command only with this lock held. */
	unmarked = !cst_cmd_aborted(cmd);
	if (likely(unmarked))
		cst_cmd_unlink(list, cmd);
	spin_unlock_irqrestore(&list->lock, flags);
	return unmarked;
}

void cst_cmd_release(struct cst_cmd *cmd)
{
	cst_buffer_free(cmd);
	if (unlikely(!cst_cmd_list_del_unmarked(cmd)))
		cst_abort_cmd_released(cmd);
	if (likely(cmd->itl))
		percpu_ref_put(&cmd->itl->ref);
}
EXPORT_SYMBOL_GPL(cst_cmd_release);

/**
 * cst_session_for_each_cmd() - visit each command of a session
 * @sess: registered; the caller keeps it from being unregistered
 * @fn: called with the lock of the command's list held
 * @arg: for @fn
 *
 * Interrupts are enabled between two lists, unless the caller has disabled them.
 *
 * Context: any up to softirq.
 */
void cst_session_for_each_cmd(struct cst_session *sess,
			      void (*fn)(struct cst_cmd *cmd, void *arg), void *arg)
{
	struct cst_cmd *cmd;
	unsigned long flags;
	int cpu;

	for_each_possible_cpu(cpu) {
		struct cst_cmd_list *list = per_cpu_ptr(sess->active, cpu);

		spin_lock_irqsave(&list->lock, flags);
		list_for_each_entry(cmd, &list->cmds, sess_node)
			fn(cmd, arg);
		spin_unlock_irqrestore(&list->lock, flags);
	}
}

/**
 * cst_session_commands() - count a session's commands
 * @sess: registered
 * @commands: set to the number of commands ever submitted
 * @active: set to the number of commands under way
 */
void cst_session_commands(struct cst_session *sess, u64 *commands, u64 *active)
{
	int cpu;

	*commands = 0;
	*active = 0;
	for_each_possible_cpu(cpu) {
		struct cst_cmd_list *list = per_cpu_ptr(sess->active, cpu);

		*commands += READ_ONCE(list->commands);
		*active += READ_ONCE(list->active);
	}
}

/*
 * Does the session have another command?  SAM-5 5.3.1: TASK SET FULL needs another command
 * of the same nexus in the task set, whose end tells the initiator when to try again.
 * Without one the status is BUSY.
 */
bool cst_session_other_active(struct cst_session *sess)
{
	u64 commands, active;

	cst_session_commands(sess, &commands, &active);
	return active > 1;
}
