/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Commands that a handler parses, executes and aborts itself.
 *
 * A device type says by cst_dev_type.any that what its tables do not have is its
 * handler's.  core/command.c calls; src/handlers/echo/ is the example.
 */
#ifndef _CST_COMMAND_H
#define _CST_COMMAND_H

#include <linux/types.h>

#include <cst/cmd.h>
#include <cst/sense.h>

/*
 * What the functions of a handler may do:
 *
 *	called		in			may sleep	allocate	may block
 *						for		with		(CST_WOULD_BLOCK)
 *	parse		any up to softirq	nothing		GFP_ATOMIC	no
 *	execute		any up to softirq	nothing		GFP_ATOMIC	with ops->may_block
 *	execute, when	a worker of ours	I/O, too	GFP_NOIO	no
 *	 cst_cmd_may_sleep()
 *	abort		irqs off, spinlocks	nothing		not at all	no
 *			of core held
 *
 * Who has answered CST_PENDING calls cst_cmd_answer() in any context, hard interrupt
 * included.
 */

/**
 * struct cst_command_ops - a handler that executes commands itself
 * @parse: understand the CDB, which has as many bytes as its group code (SPC-5 4.2.5.1),
 *	of variable length its ADDITIONAL CDB LENGTH, says; one of a vendor has six at
 *	least.  Sets cmd->dir, which is DMA_NONE before, and cmd->cdb_xfer_len, the bytes
 *	that the CDB asks for or has room for; core refuses more than the session's
 *	max_xfer.  CST_OK or sense, with cmd->detail.  The device may be disabled: only what
 *	init has set up is there.
 * @execute: do it.  The device is enabled until the command has been answered.  With
 *	DMA_TO_DEVICE cmd->bvec has cmd->data_len bytes of data-out, with DMA_FROM_DEVICE
 *	room for as many, to be filled from the first on.  data_len is the smaller one of
 *	what parse has said and of what the initiator expects.
 *	CST_OK: all data_len bytes have moved.  Sense or a status of sense.h: the command
 *	has failed.  CST_WOULD_BLOCK: nothing has happened; core calls again, from a worker.
 *	CST_PENDING: cst_cmd_answer() will be called or has been, exactly once.  Even if
 *	somebody has already called it, the command stays valid until execute returns.
 * @abort: optional; somebody wants the command gone.  Called at most once, for one that
 *	execute has answered CST_PENDING and of which cst_cmd_answer() has not been called:
 *	that still has to come, and what it says is sent only when the abort is given up.
 *	Only takes note: it must not call cst_cmd_answer(), or wait for its caller.  Take
 *	its locks with irqs off everywhere, and call cst_cmd_answer() with none of them
 *	held.
 */
struct cst_command_ops {
	cst_sense_t (*parse)(struct cst_cmd *cmd);
	cst_sense_t (*execute)(struct cst_cmd *cmd);
	void (*abort)(struct cst_cmd *cmd);
};

/**
 * struct cst_answer - how a command has ended
 * @status: SAM-5 5.3.1, SAM_STAT_*
 * @sense: with CHECK CONDITION
 * @sense_len: bytes of @sense, 1 to CST_SENSE_MAX
 * @moved: bytes of data-in that have been filled or of data-out that have been taken, at
 *	most cmd->data_len.  The residual follows from it: less is an underflow.
 */
struct cst_answer {
	u8		status;
	const u8	*sense;
	unsigned int	sense_len;
	u32		moved;
};

/**
 * cst_cmd_answer() - end a command that its handler executes
 * @cmd: execute answers CST_PENDING, or has done so; not the handler's any more after the
 *	call
 * @answer: copied.  What is out of bounds is cut off, with a warning in the log; a status
 *	that there is not, and CHECK CONDITION without sense, become INTERNAL TARGET FAILURE.
 *
 * Unless execute is still running the command ends in this context, up to the fabric's
 * send_response.
 *
 * Context: any, also hard interrupt and with interrupts disabled.  No lock held that
 * abort takes.
 */
void cst_cmd_answer(struct cst_cmd *cmd, const struct cst_answer *answer);

#define CST_CMD_PRIV_SIZE	(CST_IO_PRIV_LONGS * sizeof(unsigned long))

/**
 * cst_cmd_priv() - the handler's own memory in a command that it executes
 * @cmd: from execute to cst_cmd_answer()
 *
 * CST_CMD_PRIV_SIZE bytes, uninitialised when execute is called first.
 */
static inline void *cst_cmd_priv(struct cst_cmd *cmd)
{
	return cmd->io.priv;
}

/*
 * cst_any_op - for cst_dev_type.any: the row of the commands that the handler has
 */
extern const struct cst_op cst_any_op;

#endif /* _CST_COMMAND_H */
