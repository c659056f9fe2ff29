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
 * Bits of cst_cmd.flags: written only by the context that runs the command, so
 * without atomics.  A fabric may set the first three before cst_cmd_submit().
 */
enum {
	CST_CMD_FABRIC_BUF,	/* bvec, nr_bvec and exp_len name the fabric's own buffer */
	CST_CMD_MAY_SLEEP,	/* the context may sleep for locks and memory, not for I/O */
	CST_CMD_DATA_FOLLOWS,	/* data-out is on its way unasked: get_data now or never */
	/* core's own: */
	CST_CMD_IN_WORKER,	/* runs in core's worker: may block */
	CST_CMD_OWN_BUF,	/* bvec came from core's pools */
	CST_CMD_BVEC_ALLOCED,	/* ... and is not inline_bvec */
	CST_CMD_BUF_RESERVE,	/* ... or from its reserve */
	CST_CMD_SCRATCH_ALLOCED,	/* scratch_bvec is not inline_bvec */
	CST_CMD_ORDER_FAST,	/* holds order.simple */
	CST_CMD_ORDER_SLOW,	/* known to order.blocked.lock */
	CST_CMD_IO_REF,		/* holds dev->io_ref */
	CST_CMD_RANGE,		/* with CST_CMD_IO_REF: range.c knows it */
	CST_CMD_DATA_MOVED,	/* all of the data-out has been received */
	CST_CMD_TELLS_UA,	/* its response tells @ua */
	CST_CMD_TELLS_LUNS,	/* its response tells the LUNs as of @luns_seq */
};

/*
 * Bits of cst_cmd.aborted: who wants it gone.  Written by abort.c alone, from any
 * context, under sess->aborts.lock; read without.
 */
enum {
	CST_ABORTED_OWN,	/* its initiator, by an abort of the nexus */
	CST_ABORTED_OTHER,	/* somebody else, by an abort of the nexus */
	CST_ABORTED_DEVICE,	/* somebody else, by an abort of the whole logical unit */
	CST_ABORTED_NEXUS,	/* the nexus is lost: for good */
	CST_ABORTED_ENDED,	/* who waits for its end has been told of it */
};

/**
 * struct cst_cmd - a command
 *
 * Set by the fabric between cst_cmd_init() and cst_cmd_submit():
 * @sess: the nexus (by cst_cmd_init())
 * @tag: for task management: the initiator's tag
 * @lun: single level LUN structure as on the wire
 * @cdb: points to @cdb_inline or the fabric's longer one
 * @cdb_len: bytes
 * @task_attr: enum cst_task_attr
 * @exp_dir: direction that the initiator expects
 * @exp_len: bytes that the initiator expects to move
 * @bvec: with CST_CMD_FABRIC_BUF the fabric's buffer; else core fills it
 * @nr_bvec: entries of @bvec
 *
 * Read by the fabric from get_data (data-out) and send_response on:
 * @dir: enum dma_data_direction in which data moves
 * @data_len: bytes that really move in it; never more than @exp_len
 * @bvec, @nr_bvec: where they are
 * @residual: bytes; overflow when @overflow, else underflow
 * @status: SAM-5 status
 * @sense, @sense_len: with CHECK CONDITION; at most CST_SENSE_MAX bytes
 *
 * Core's own: the rest.
 */
struct cst_cmd {
	/* the spine's cache lines first */
	struct cst_session	*sess;
	struct cst_itl		*itl;		/* NULL: no such LUN */
	struct cst_device	*dev;		/* itl->dev */
	const struct cst_dev_type *type;	/* of what the LUN names, be it nothing */
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
	struct cst_range	range;		/* range.c, of lba and nblocks */

	u32			buf_len;	/* with CST_CMD_OWN_BUF: charged to the session */
	unsigned long		gate_seq;	/* the device's as of its last gate */
	u64			start_ns;
	int			cpu;		/* whose list of the session holds it */
	struct list_head	sess_node;	/* session's per-CPU list */
	struct cst_wait		wait;
	bool			data_ready;	/* order.blocked.lock when CST_CMD_ORDER_SLOW */
	bool			out_of_turn;	/* wait.c: may not execute */
	bool			answered;	/* send_response is or was called */
	u8			handed;		/* to its handler: enum cst_handed, core.h */
	union {
		struct work_struct	work;	/* in core's queue */
		struct cst_job		job;	/* in the device's */
	};
	cst_sense_t (*resume)(struct cst_cmd *cmd);	/* where it goes on, exec.c */
	cst_sense_t		reason;		/* outcome on its way to status.c */
	struct cst_sense_detail	detail;
	/* Nobody looks at the I/O any more when the sense is written. */
	union {
		struct cst_io	io;
		u8		sense[CST_SENSE_MAX];
	};
	struct bio_vec		inline_bvec[CST_INLINE_BVECS];
	u8			lun[8];
	u8			cdb_inline[CST_CDB_INLINE];

	/* of commands that need another buffer than that of their data */
	struct bio_vec		*scratch_bvec;
	u16			scratch_nr_bvec;
	u32			scratch_len;	/* charged to the session */

	/* ua.c, with CST_CMD_TELLS_* */
	cst_sense_t		ua;
	u32			luns_seq;

	/* abort.c: the first abort that has marked it; with the bits of @aborted */
	u64			sess_seq;	/* of its nexus: OWN, OTHER */
	u64			dev_seq;	/* of its logical unit: DEVICE */
};

/**
 * cst_cmd_init() - start a command
 * @cmd: any content; all that core needs is reset
 * @sess: the nexus
 *
 * Context: any.
 */
void cst_cmd_init(struct cst_cmd *cmd, struct cst_session *sess);

/**
 * cst_cmd_submit() - give a command to core
 * @cmd: initialised and filled in
 *
 * Takes the command as far as it goes without blocking.  May call get_data,
 * send_response or drop of the fabric before it returns, or later from elsewhere.  Commands of one
 * nexus are ordered as they are submitted.
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
 * @reason: what to answer; ignored when the command has been aborted
 *
 * Context: as cst_cmd_submit().
 */
void cst_cmd_data_failed(struct cst_cmd *cmd, cst_sense_t reason);

/**
 * cst_cmd_release() - the fabric is done with a command
 * @cmd: after send_response or drop; its memory is the fabric's again when the call
 *	returns, and buffers and references of core are gone
 *
 * Context: any, also hard interrupt: whatever send_response and drop are called in.
 */
void cst_cmd_release(struct cst_cmd *cmd);

/**
 * cst_cmd_may_sleep() - may an execute function wait?
 * @cmd: that executes
 *
 * Context: any.  Return: true in a worker of ours; else what would wait answers
 * CST_WOULD_BLOCK.
 */
bool cst_cmd_may_sleep(const struct cst_cmd *cmd);

/**
 * cst_cmd_unsent() - the fabric will not send a response that it was given
 * @cmd: after send_response, before cst_cmd_release()
 *
 * The unit attention that it would have told is told by another one, and an abort that
 * waits for the command counts it as aborted.
 *
 * Context: any.
 */
void cst_cmd_unsent(struct cst_cmd *cmd);

static inline bool cst_cmd_aborted(const struct cst_cmd *cmd)
{
	return READ_ONCE(cmd->aborted);
}

/* By its own initiator, which sends no more for it, or by the end of the nexus. */
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

/* A function's share in one logical unit; tmf.c */
struct cst_tmf_unit {
	struct cst_abort	abort;
	struct cst_tmf		*tmf;
	struct cst_tmf_unit	*next;
	struct cst_itl		*itl;		/* its nexus's view of it, referenced */
};

/**
 * struct cst_tmf - a task management function
 * @sess: nexus it came on
 * @function: enum cst_tmf_function
 * @response: enum cst_tmf_response, set before tmf_done
 * @lun: as on the wire; unused by TARGET RESET and NEXUS LOSS
 * @tag: of the command to abort
 *
 * Core's own: the rest.
 */
struct cst_tmf {
	struct cst_session	*sess;
	u8			function;
	u8			response;
	u8			lun[8];
	u64			tag;
	bool			lun_exists;	/* when it came */
	bool			given_up;	/* by one of its aborts */
	bool			resets;		/* sess->resetting is its */
	atomic_t		parts;		/* aborts that are not done */
	struct cst_abort	nexus;		/* of what its own nexus has sent */
	struct cst_tmf_unit	unit;		/* of one logical unit */
};

/**
 * cst_tmf_submit() - start a task management function
 * @tmf: filled in by the fabric; owned by core until fabric_ops.tmf_done
 *
 * The commands of its nexus that it affects are marked before the call returns, those of
 * others soon.  tmf_done follows, from a worker, when none of them can touch the medium
 * or the initiator any more, or with REJECTED when that takes too long; cst_abort_start()
 * says what becomes of the commands then.  A TARGET RESET is REJECTED at once while
 * another of its nexus is under way, and when there is no memory for it.
 *
 * Context: any up to softirq.
 */
void cst_tmf_submit(struct cst_tmf *tmf);

#endif /* _CST_CMD_H */
