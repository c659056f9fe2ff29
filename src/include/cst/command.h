/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Commands that a handler parses, executes and aborts itself.
 *
 * By cst_dev_type.any a device type leaves to its handler the commands that its tables do
 * not have.  core/command.c calls the handler; src/handlers/echo/ is an example.
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
 *	execute, when	a worker of core	I/O, too	GFP_NOIO	no
 *	 cst_cmd_may_sleep()
 *	abort		irqs off, spinlocks	nothing		not at all	no
 *			of core held
 *
 * A handler whose execute has answered CST_PENDING calls cst_cmd_answer(), in any context,
 * hard interrupt included.
 */

/**
 * struct cst_command_ops - a handler that executes commands itself
 * @parse: decodes the CDB.  The CDB has at least as many bytes as its group code (SPC-5
 *	4.2.5.1) requires, or for a CDB of variable length its ADDITIONAL CDB LENGTH.  A CDB
 *	whose group code is vendor specific or reserved has at least six bytes.  Sets
 *	cmd->dir, which is DMA_NONE before, and cmd->cdb_xfer_len, the bytes that the CDB
 *	asks for or has room for.  Core refuses more than the session's max_xfer.  Answers
 *	CST_OK or sense, with cmd->detail.  The device may be disabled: only what the
 *	handler's init has set up is there.
 * @execute: executes the command.  The device stays enabled until the command has been
 *	answered.  With DMA_TO_DEVICE cmd->bvec has cmd->data_len bytes of data-out.  With
 *	DMA_FROM_DEVICE it has room for cmd->data_len bytes, to be filled from the first on.
 *	data_len is the smaller of cdb_xfer_len as set by parse and of what the initiator
 *	expects.
 *	CST_OK: all data_len bytes have moved.  Sense or a status of sense.h: the command
 *	has failed.  CST_WOULD_BLOCK: nothing has happened; core calls execute again in a
 *	worker.  CST_PENDING: cst_cmd_answer() will be called or has been called, exactly
 *	once.  The command stays valid until execute returns, even if cst_cmd_answer() has
 *	been called before.
 * @abort: optional; the command has been aborted.  Called at most once, for a command
 *	whose execute has answered CST_PENDING and for which cst_cmd_answer() has not been
 *	called.  The handler still has to call cst_cmd_answer(); that answer is sent only
 *	if the abort is given up.  This function only takes note: it must not call
 *	cst_cmd_answer(), and must not wait for a caller of it.  A lock that it takes must
 *	be taken with irqs off everywhere, and must not be held by a caller of
 *	cst_cmd_answer().
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
 * @moved: bytes of data-in that have been filled in, or of data-out that have been used;
 *	at most cmd->data_len.  Core computes the residual from it.
 */
struct cst_answer {
	u8		status;
	const u8	*sense;
	unsigned int	sense_len;
	u32		moved;
};

/**
 * cst_cmd_answer() - end a command that its handler executes
 * @cmd: its execute function has answered CST_PENDING or is going to.  The command does
 *	not belong to the handler any more after the call
 * @answer: copied.  A value that is too large is cut, with a warning in the log.  A status
 *	that does not exist, and CHECK CONDITION without sense, become INTERNAL TARGET
 *	FAILURE, with a warning, too
 *
 * Unless execute is still running the command ends in this context, up to the fabric's
 * send_response.
 *
 * Context: any, also hard interrupt and with interrupts disabled.  The caller holds no
 * lock that cst_command_ops.abort takes.
 */
void cst_cmd_answer(struct cst_cmd *cmd, const struct cst_answer *answer);

#define CST_CMD_PRIV_SIZE	(CST_IO_PRIV_LONGS * sizeof(unsigned long))

/**
 * cst_cmd_priv() - the handler's own memory in a command that it executes
 * @cmd: from execute to cst_cmd_answer()
 *
 * CST_CMD_PRIV_SIZE bytes, uninitialised when execute is called for the first time.
 */
static inline void *cst_cmd_priv(struct cst_cmd *cmd)
{
	return cmd->io.priv;
}

/*
 * cst_any_op - for cst_dev_type.any: the row of the commands that the handler executes
 */
extern const struct cst_op cst_any_op;

#endif /* _CST_COMMAND_H */
