/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A SCSI command, from the fabric's receive to its release.
 *
 * The fabric owns the memory: it embeds a struct cst_cmd in its own command and
 * keeps a pool of those per session, so that nothing is allocated per command.
 */
#ifndef _CST_CMD_H
#define _CST_CMD_H

#include <linux/bits.h>
#include <linux/bvec.h>
#include <linux/dma-direction.h>
#include <linux/list.h>
#include <linux/types.h>
#include <linux/workqueue.h>

#include <cst/abort.h>
#include <cst/io.h>
#include <cst/range.h>
#include <cst/sense.h>
#include <cst/wait.h>

struct cst_session;
struct cst_itl;
struct cst_dev_type;
struct cst_op;
struct cst_tmf;

#define CST_CDB_INLINE		16
#define CST_INLINE_BVECS	4

/* Task attributes, SAM-5 8.6 */
enum cst_task_attr {
	CST_TASK_SIMPLE,
	CST_TASK_ORDERED,
	CST_TASK_HEAD_OF_QUEUE,
	CST_TASK_ACA,
};

/*
 * Bits of cst_cmd.flags.  Only the context that runs the command writes them, so the
 * writes are not atomic.  A fabric may set the first three before cst_cmd_submit().
 */
enum {
	CST_CMD_FABRIC_BUF,	/* bvec, nr_bvec, exp_len: the fabric has its own buffer */
	CST_CMD_MAY_SLEEP,	/* the context may sleep for locks and memory, not for I/O */
	CST_CMD_DATA_FOLLOWS,	/* unsolicited data-out follows: get_data in submit or never */
	/* core's own: */
	CST_CMD_IN_WORKER,	/* runs in core's worker: may block */
	CST_CMD_OWN_BUF,	/* core made the buffer of bvec */
	CST_CMD_BVEC_ALLOCED,	/* ... and bvec was allocated, too: it is not inline_bvec */
	CST_CMD_BUF_RESERVE,	/* ... or the buffer and bvec are one of the reserve */
	CST_CMD_SCRATCH_ALLOCED,	/* scratch_bvec was allocated */
	CST_CMD_ORDER_FAST,	/* holds a reference to order.simple */
	CST_CMD_ORDER_SLOW,	/* counted or queued under order.blocked.lock */
	CST_CMD_IO_REF,		/* holds a reference to dev->io_ref */
	CST_CMD_RANGE,		/* with CST_CMD_IO_REF: has entered a range, see range.c */
	CST_CMD_DATA_MOVED,	/* all of the data-out has been received */
	CST_CMD_TELLS_UA,	/* the response reports the unit attention @ua */
	CST_CMD_TELLS_LUNS,	/* the response reports the LUNs as of @luns_seq */
	CST_CMD_INNER,		/* of a struct cst_inner: no fabric sees it */
	CST_CMD_TASK_ABORTED,	/* another initiator has aborted it: the status says so */
};

/*
 * Bits of cst_cmd.aborted: who has aborted the command.  Only abort.c writes them, in any
 * context, under sess->aborts.lock.  They are read without the lock.
 */
enum {
	CST_ABORTED_OWN,	/* its own initiator, by an abort of the nexus */
	CST_ABORTED_OTHER,	/* another initiator, by an abort of the nexus */
	CST_ABORTED_DEVICE,	/* another initiator, by an abort of the whole logical unit */
	CST_ABORTED_NEXUS,	/* the loss of the nexus; never taken back */
	CST_ABORTED_ENDED,	/* the aborts that wait for the command's end have been told */
};

/**
 * struct cst_cmd - a command
 *
 * Set by the fabric between cst_cmd_init() and cst_cmd_submit():
 * @sess: the nexus (by cst_cmd_init())
 * @tag: tag that the initiator gave the command, for task management
 * @lun: single level LUN structure as on the wire
 * @cdb: points to @cdb_inline, or to a longer CDB in the fabric's memory
 * @cdb_len: bytes of @cdb
 * @task_attr: enum cst_task_attr
 * @exp_dir: direction that the initiator expects
 * @exp_len: bytes that the initiator expects to move
 * @bvec: with CST_CMD_FABRIC_BUF the fabric's buffer; else core sets it
 * @nr_bvec: entries of @bvec
 *
 * The fabric may read from get_data (data-out) or send_response on:
 * @dir: enum dma_data_direction in which data moves
 * @data_len: bytes that really move in that direction; never more than @exp_len
 * @bvec, @nr_bvec: buffer of the data
 * @residual: bytes; an overflow when @overflow is set, else an underflow
 * @status: SAM-5 status
 * @sense, @sense_len: with CHECK CONDITION; at most CST_SENSE_MAX bytes
 *
 * All other members belong to core.
 */
struct cst_cmd {
	/* first the cache lines that every command uses on its way through submit.c */
	struct cst_session	*sess;
	struct cst_itl		*itl;		/* NULL: no such LUN */
	struct cst_device	*dev;		/* itl->dev */
	const struct cst_dev_type *type;	/* of dev, or of a LUN without a device */
	const struct cst_op	*op;
	unsigned long		flags;
	unsigned long		aborted;
	u64			tag;
	u8			*cdb;
	u16			cdb_len;
	u8			task_attr;
	u8			exp_dir;
	u32			exp_len;
	u32			data_len;
	u32			residual;
	bool			overflow;
	u8			status;
	u8			sense_len;
	u8			dir;		/* enum dma_data_direction of the CDB */
	u16			nr_bvec;
	struct bio_vec		*bvec;

	/* decoded */
	u64			lba;
	u32			nblocks;
	u32			cdb_xfer_len;	/* bytes that the CDB asks for or has room for */
	struct cst_range	range;		/* range.c; the blocks are lba and nblocks */

	u32			buf_len;	/* with CST_CMD_OWN_BUF: bytes charged to sess */
	unsigned long		gate_seq;	/* dev->gate_seq at the command's last gate */
	u64			start_ns;
	int			cpu;		/* sess->active of this CPU has the command */
	struct list_head	sess_node;	/* session's per-CPU list */
	struct cst_wait		wait;
	bool			data_ready;	/* order.blocked.lock when CST_CMD_ORDER_SLOW */
	bool			out_of_turn;	/* wait.c: may not execute */
	bool			answered;	/* send_response is being or has been called */
	u8			handed;		/* enum cst_handed of core.h, see command.c */
	union {
		struct work_struct	work;	/* in core's work queue */
		struct cst_job		job;	/* in a lane of the device */
	};
	cst_sense_t (*resume)(struct cst_cmd *cmd);	/* continues the command, exec.c */
	cst_sense_t		reason;		/* outcome on its way to status.c */
	struct cst_sense_detail	detail;
	/* The sense is written when the I/O is not used any more. */
	union {
		struct cst_io	io;
		u8		sense[CST_SENSE_MAX];
	};
	struct bio_vec		inline_bvec[CST_INLINE_BVECS];
	u8			lun[8];
	u8			cdb_inline[CST_CDB_INLINE];

	/* second buffer, of commands that need one besides that of their data */
	struct bio_vec		*scratch_bvec;
	u16			scratch_nr_bvec;
	u32			scratch_len;	/* charged to the session */
	u32			step;		/* where a command of several I/Os goes on */

	/* ua.c, with CST_CMD_TELLS_* */
	cst_sense_t		ua;
	u32			luns_seq;

	/* abort.c: cst_abort.seq of the first abort that has set a bit of @aborted */
	u64			sess_seq;	/* abort of the nexus: OWN, OTHER */
	u64			dev_seq;	/* abort of the logical unit: DEVICE */
};

/**
 * cst_cmd_init() - start a command
 * @cmd: may have any content; every member that core needs is reset
 * @sess: the nexus
 *
 * Context: any.
 */
void cst_cmd_init(struct cst_cmd *cmd, struct cst_session *sess);

/**
 * cst_cmd_submit() - give a command to core
 * @cmd: initialised and filled in
 *
 * Processes the command as far as possible without blocking.  Core calls get_data,
 * send_response or drop of the fabric before this function returns, or later in another
 * context.  Commands of one nexus are ordered as they are submitted.
 *
 * Context: any up to softirq; sleeps only when the fabric has set
 * CST_CMD_MAY_SLEEP.
 */
void cst_cmd_submit(struct cst_cmd *cmd);

/**
 * cst_cmd_data_received() - the data-out asked for by get_data is in place
 * @cmd: all cmd->data_len bytes are in cmd->bvec
 *
 * Context: as cst_cmd_submit().
 */
void cst_cmd_data_received(struct cst_cmd *cmd);

/**
 * cst_cmd_data_failed() - the data-out will not come
 * @cmd: after get_data
 * @reason: reason to answer with; ignored when the command has been aborted
 *
 * Context: as cst_cmd_submit().
 */
void cst_cmd_data_failed(struct cst_cmd *cmd, cst_sense_t reason);

/**
 * cst_cmd_release() - the fabric is done with a command
 * @cmd: after send_response or drop.  When the call returns the memory belongs to the
 *	fabric again, and core has freed the buffers and dropped the references
 *
 * Context: any, also hard interrupt, because send_response and drop are called in any.
 */
void cst_cmd_release(struct cst_cmd *cmd);

/**
 * cst_cmd_may_sleep() - may an execute function wait?
 * @cmd: executes
 *
 * Context: any.  Return: true in a worker of core.  When it is false an execute function
 * that would have to wait answers CST_WOULD_BLOCK.
 */
bool cst_cmd_may_sleep(const struct cst_cmd *cmd);

/**
 * cst_cmd_unsent() - the fabric will not send a response that it was given
 * @cmd: after send_response, before cst_cmd_release()
 *
 * A unit attention that the response would have reported becomes pending again, and an
 * abort that waits for the command counts it as aborted.
 *
 * Context: any.
 */
void cst_cmd_unsent(struct cst_cmd *cmd);

static inline bool cst_cmd_aborted(const struct cst_cmd *cmd)
{
	return READ_ONCE(cmd->aborted);
}

/*
 * Was the command aborted by its own initiator or by the loss of the nexus?  The initiator
 * then sends no more data for it.
 */
static inline bool cst_cmd_aborted_by_own(const struct cst_cmd *cmd)
{
	return READ_ONCE(cmd->aborted) & (BIT(CST_ABORTED_OWN) |
					  BIT(CST_ABORTED_NEXUS));
}

/* Task management functions, SAM-5 7 */
enum cst_tmf_function {
	CST_TMF_ABORT_TASK,
	CST_TMF_ABORT_TASK_SET,
	CST_TMF_CLEAR_TASK_SET,
	CST_TMF_LUN_RESET,
	CST_TMF_TARGET_RESET,
	CST_TMF_NEXUS_LOSS,
};

/* Service responses, SAM-5 7.1 */
enum cst_tmf_response {
	CST_TMF_COMPLETE,
	CST_TMF_TASK_DOES_NOT_EXIST,
	CST_TMF_LUN_DOES_NOT_EXIST,
	CST_TMF_NOT_SUPPORTED,
	CST_TMF_REJECTED,
};

/* The part of a task management function that is about one logical unit; tmf.c */
struct cst_tmf_unit {
	struct cst_abort	abort;
	struct cst_tmf		*tmf;
	struct cst_tmf_unit	*next;
	struct cst_itl		*itl;		/* tmf->sess's view of the unit, referenced */
};

/**
 * struct cst_tmf - a task management function
 * @sess: nexus that the function came on
 * @function: enum cst_tmf_function
 * @response: enum cst_tmf_response, set before tmf_done
 * @lun: as on the wire; unused by TARGET RESET and NEXUS LOSS
 * @tag: tag of the command to abort
 *
 * All other members belong to core.
 */
struct cst_tmf {
	struct cst_session	*sess;
	u8			function;
	u8			response;
	u8			lun[8];
	u64			tag;
	bool			lun_exists;	/* the LUN existed when the function came */
	bool			given_up;	/* one of the aborts was given up */
	bool			resets;		/* this function has set sess->resetting */
	atomic_t		parts;		/* number of aborts that are not done */
	struct cst_abort	nexus;		/* aborts commands of the own nexus */
	struct cst_tmf_unit	unit;		/* for functions about one logical unit */
};

/**
 * cst_tmf_submit() - start a task management function
 * @tmf: filled in by the fabric; owned by core until fabric_ops.tmf_done
 *
 * The affected commands of its own nexus are marked before the call returns, those of
 * other nexuses soon after.  A worker calls tmf_done when all of these commands have ended
 * (struct cst_abort says when a command has ended).  When that takes too long it calls
 * tmf_done with REJECTED; struct cst_abort also says what becomes of the commands then.  A
 * TARGET RESET is REJECTED at once while another one of the same nexus is under way, and
 * when there is no memory for it.
 *
 * Context: any up to softirq.
 */
void cst_tmf_submit(struct cst_tmf *tmf);

#endif /* _CST_CMD_H */
