/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the files of cst.ko say to each other, grouped by home file.
 */
#ifndef _CST_CORE_H
#define _CST_CORE_H

#include <cst/cmd.h>
#include <cst/command.h>
#include <cst/dev_type.h>
#include <cst/device.h>
#include <cst/fabric.h>
#include <cst/handler.h>
#include <cst/op.h>
#include <cst/session.h>

/*
 * parse.c: finds the row, checks the CDB against its usage mask, decodes lba,
 * nblocks, cdb_xfer_len and dir.  cmd->dev may be NULL.  Sets cmd->op also when
 * it refuses a known operation code.
 */
cst_sense_t cst_parse(struct cst_cmd *cmd);

/* scsi/types.c: what is named where there is no device */
extern const struct cst_dev_type cst_no_lun_type;
extern const struct cst_dev_type cst_report_luns_type;
int cst_types_init(void);

/* submit.c */
void cst_cmd_run(struct cst_cmd *cmd);		/* ordered and data in place: execute */

/* cmd.c */
void cst_session_for_each_cmd(struct cst_session *sess,
			      void (*fn)(struct cst_cmd *cmd, void *arg), void *arg);
void cst_cmd_list_add(struct cst_cmd *cmd);
void cst_cmd_list_del(struct cst_cmd *cmd);	/* whoever has marked it */
bool cst_session_other_active(struct cst_session *sess);

/* gate.c */
cst_sense_t cst_gate(struct cst_cmd *cmd);
cst_sense_t cst_gate_again(struct cst_cmd *cmd);
unsigned long cst_gate_changed(struct cst_device *dev);
void cst_itl_set_verdict(struct cst_itl *itl, enum cst_verdict verdict);
void cst_itl_set_port_state(struct cst_itl *itl, enum cst_port_state state);
cst_sense_t cst_device_not_ready(const struct cst_device *dev);

/* order.c */
int cst_order_init(struct cst_order *order);
void cst_order_destroy(struct cst_order *order);
void cst_order_enter(struct cst_cmd *cmd);
bool cst_order_data_ready(struct cst_cmd *cmd);	/* true: run it now */
void cst_order_exit(struct cst_cmd *cmd);

/* wait.c */
void cst_waitq_init(struct cst_waitq *q, const struct cst_waitq_ops *ops);
bool cst_wait_park(struct cst_waitq *q, struct cst_cmd *cmd);	/* q->lock held */
void cst_wait_remove(struct cst_cmd *cmd);			/* q->lock held */
void cst_wait_abort(struct cst_cmd *cmd);	/* its session's list lock held */

/* range.c */
void cst_ranges_init(struct cst_ranges *ranges);
cst_sense_t cst_range_hold(struct cst_cmd *cmd);
cst_sense_t cst_range_enter_slow(struct cst_cmd *cmd);
void cst_range_leave_slow(struct cst_cmd *cmd, int was);

/**
 * cst_range_enter() - a command is about to write its blocks
 * @cmd: executes, holds io_ref; its blocks are on the medium, and there are some.  It may
 *	have entered already, when it is executed again.
 *
 * Context: any up to softirq.  Return: CST_OK: it may; CST_PENDING: somebody holds some of
 * them, it waits and will be executed again; else it was aborted, and is to end with that.
 */
static inline cst_sense_t cst_range_enter(struct cst_cmd *cmd)
{
	if (unlikely(test_bit(CST_CMD_RANGE, &cmd->flags)))
		return CST_OK;
	__set_bit(CST_CMD_RANGE, &cmd->flags);
	/* A full barrier: pairs with that of cst_range_find_writes(). */
	atomic_xchg(&cmd->range.state, CST_RANGE_WRITES);
	if (likely(!READ_ONCE(cmd->dev->ranges.held)))
		return CST_OK;
	return cst_range_enter_slow(cmd);
}

/* A command with CST_CMD_RANGE ends; any context. */
static inline void cst_range_leave(struct cst_cmd *cmd)
{
	int was = atomic_xchg(&cmd->range.state, CST_RANGE_DONE);

	if (unlikely(was != CST_RANGE_WRITES))
		cst_range_leave_slow(cmd, was);
}

/* buffer.c: chunks of pages from per-CPU pools */
int cst_buffer_init(void);
void cst_buffer_leave_shrinker(void);	/* then, at the end, */
void cst_buffer_exit(void);
/*
 * An array of bvecs with room for @len bytes: @inl when nr_inline suffice.
 * Any context up to softirq unless @may_sleep; NULL, and nothing left behind, at
 * the memory limit.  *alloced is whether the array is not @inl.
 */
struct bio_vec *cst_bvec_alloc(struct bio_vec *inl, unsigned int nr_inline,
			       u32 len, bool may_sleep, u16 *nr, bool *alloced);
void cst_bvec_free(struct bio_vec *bvec, u16 nr, bool alloced);
bool cst_buffer_alloc(struct cst_cmd *cmd, u32 len);	/* cmd->bvec */
void cst_buffer_free(struct cst_cmd *cmd);	/* cmd->bvec and cmd->scratch_bvec */
bool cst_buffer_alloc_scratch(struct cst_cmd *cmd, u32 len);
void cst_buffer_free_scratch(struct cst_cmd *cmd);
#define CST_MEM_LIMIT_MIN_MB	16U
void cst_buffer_set_limit_mb(u32 mb);

/* xfer.c: linear data of emulated commands <-> the command's buffer */
/*
 * Copy @len bytes at @offset of the data-in; what lies beyond data_len is
 * dropped.  cst_cmd_data_in_len() must have been called.
 */
void cst_cmd_copy_in(struct cst_cmd *cmd, u32 offset, const void *src, u32 len);
/*
 * Say how much data-in an emulated command has: min(@len, allocation length,
 * what the initiator expects) moves; makes the buffer when there is none yet.
 * CST_OK or CST_TASK_SET_FULL.
 */
cst_sense_t cst_cmd_data_in_len(struct cst_cmd *cmd, u32 len);
/* @want bytes are asked for: set data_len, residual and overflow from exp_len. */
void cst_cmd_set_len(struct cst_cmd *cmd, u32 want);
/* Lengths and buffer of a command that moves blocks. */
cst_sense_t cst_cmd_blocks_len(struct cst_cmd *cmd);
/* The two steps at once for a linear response. */
cst_sense_t cst_cmd_respond(struct cst_cmd *cmd, const void *buf, u32 len);
/*
 * Compare @len bytes of @a with @b, which starts again every @period bytes.  The offset
 * of the first difference in @a, or @len.
 */
u32 cst_bvec_compare(const struct bio_vec *a, const struct bio_vec *b, u32 len,
		     u32 period);
/* Copy @len bytes to @dst from @offset in @src, and again from there every @period bytes. */
void cst_bvec_copy(const struct bio_vec *dst, const struct bio_vec *src, u32 offset,
		   u32 len, u32 period);

/* exec.c */
/*
 * Start cmd->io (op, flags, pos, len, bvec, nr_bvec, done are set).  Adds
 * CST_IO_NOWAIT where the context may not sleep.  CST_PENDING or CST_WOULD_BLOCK.
 */
cst_sense_t cst_cmd_start_io(struct cst_cmd *cmd);
void cst_cmd_execute(struct cst_cmd *cmd);
void cst_cmd_continue(struct cst_cmd *cmd, cst_sense_t (*resume)(struct cst_cmd *cmd));
void cst_cmd_queue(struct cst_cmd *cmd);

/*
 * command.c: how far a command is that its handler executes.  Changed with the lock of its
 * session's list held, but for the first two.
 */
enum cst_handed {
	CST_HANDED_NOT,
	CST_HANDED_EXECUTES,	/* its function has not returned yet */
	CST_HANDED_PENDING,	/* it has, and the handler will answer */
	CST_HANDED_TOLD,	/* ... and has been told of an abort */
	CST_HANDED_ANSWERED,
};

/* Somebody wants it gone; the lock of its session's list is held. */
static inline void cst_command_abort(struct cst_cmd *cmd)
{
	const struct cst_command_ops *commands;

	if (likely(READ_ONCE(cmd->handed) != CST_HANDED_PENDING))
		return;
	cmd->handed = CST_HANDED_TOLD;
	commands = cmd->dev->ops->commands;
	if (commands->abort)
		commands->abort(cmd);
}

/* worker.c: workers that may wait for a backing */
int cst_worker_init(void);
void cst_worker_exit(void);
/* NULL: no memory.  Process context, may sleep. */
struct cst_lanes *cst_lanes_create(const char *name);
/* There is no job, and none can come; waits for workers to leave the last ones behind. */
void cst_lanes_destroy(struct cst_lanes *lanes);

/* status.c */
/*
 * The end of execution; exactly once after execute answered CST_PENDING.  Any context, also
 * hard interrupt.
 */
void cst_cmd_finish(struct cst_cmd *cmd, cst_sense_t reason);

/* abort.c */
void cst_device_for_each_itl(struct cst_device *dev,
			     void (*fn)(struct cst_itl *itl, void *arg), void *arg);
bool cst_abort_cmd_ended(struct cst_cmd *cmd);	/* false: answer it after all */
void cst_abort_cmd_released(struct cst_cmd *cmd);
void cst_session_aborts_init(struct cst_session *sess);
void cst_device_aborts_init(struct cst_device *dev);
/* Every abort is done; wait for the worker that has done the last. */
void cst_session_aborts_exit(struct cst_session *sess);
void cst_device_aborts_exit(struct cst_device *dev);

/* cmd.c */
void cst_session_commands(struct cst_session *sess, u64 *commands, u64 *active);

/* lun.c */
int cst_lun_decode(const u8 *wire, u32 *lun);	/* pure; 0 or -EINVAL */
#define CST_LUN_REPORT_LUNS	0xc101ULL	/* its first two bytes; the others are 0 */
bool cst_lun_is_report_luns(const u8 *wire);	/* pure */
void cst_lun_encode(u32 lun, u8 *wire);		/* pure; peripheral below 256, else flat */

/* ua.c */
void cst_ua_add(struct cst_itl *itl, cst_sense_t ua);
void cst_ua_add_device(struct cst_device *dev, struct cst_session *except,
		       cst_sense_t ua);
/*
 * What is to be told first, or CST_OK.  It stays pending until a response that tells it
 * is handed over.
 */
cst_sense_t cst_ua_peek(struct cst_itl *itl);
bool cst_ua_is_reset(cst_sense_t ua);
void cst_ua_tells(struct cst_cmd *cmd, cst_sense_t ua);	/* its response does */
void cst_ua_told(struct cst_cmd *cmd);	/* the response is handed over */

/* medium.c: eject and load of a removable device, stop and start of any */
cst_sense_t cst_medium_may_eject(struct cst_device *dev);
cst_sense_t cst_medium_eject(struct cst_device *dev);
void cst_medium_load(struct cst_device *dev, struct cst_session *by);
cst_sense_t cst_medium_prevent(struct cst_itl *itl, bool prevent);
void cst_medium_allow(struct cst_itl *itl);
void cst_medium_stop(struct cst_device *dev);
void cst_medium_start(struct cst_device *dev);
/* Why commands that need the medium are refused, or CST_OK. */
static inline cst_sense_t cst_medium_state(const struct cst_device *dev)
{
	if (READ_ONCE(dev->ejected))
		return CST_SENSE(MEDIUM_NOT_PRESENT);
	return READ_ONCE(dev->stopped) ?
	       CST_SENSE(INITIALIZING_COMMAND_REQUIRED) : CST_OK;
}

/* device.c */
int cst_device_init(struct cst_device *dev, const struct cst_handler_ops *ops);
void cst_device_destroy(struct cst_device *dev);
int cst_device_enable(struct cst_device *dev);	/* obj.lock held */
int cst_device_disable(struct cst_device *dev);	/* obj.lock held */
/* Defaults of t10_dev_id, usn and naa_id: stable for a name on a host, unique across hosts. */
void cst_device_default_ids(struct cst_device *dev, const char *name);

/* lun_map.c; target->obj.lock held */
int cst_session_map_set(struct cst_session *sess, struct cst_lun_map *map);
void cst_itl_remove(struct cst_session *sess, struct cst_itl *itl);
void cst_session_itl_put(struct cst_session *sess);	/* no lock needed */
void cst_lun_map_init(struct cst_lun_map *map, struct cst_target *target);
int cst_lun_map_link(struct cst_lun *lun, struct cst_device *dev);
void cst_lun_map_unlink(struct cst_lun *lun);
void cst_lun_set_read_only(struct cst_lun *lun, bool read_only);

/* target.c */
int cst_target_init(struct cst_target *target, struct cst_fabric *fabric);
void cst_target_destroy(struct cst_target *target);
int cst_target_enable(struct cst_target *target);	/* obj.lock held */
/* obj.lock held; dropped and taken again while it waits; 0 or -ETIMEDOUT */
int cst_target_disable(struct cst_target *target);
struct cst_lun_map *cst_target_find_map(struct cst_target *target,
					const char *initiator_name);
/* obj.lock held; it may be removed from now on */
void cst_target_session_gone(struct cst_target *target);
void cst_target_port_changed(struct cst_target *target);
/* Groups or patterns have changed: give live sessions the map they now get. obj.lock held */
void cst_target_regroup(struct cst_target *target);

/* cfs/linger.c */
void cst_linger_flush(void);

/* events.c */
int cst_events_init(void);
void cst_events_exit(void);
void cst_events_add_device(struct cst_device *dev);
void cst_events_del_device(struct cst_device *dev);
void cst_event_device(struct cst_device *dev, u8 cmd);
void cst_event_target(struct cst_target *target, u8 cmd);
void cst_event_session(struct cst_session *sess, u8 cmd);
void cst_event_tmf(const struct cst_tmf *tmf);
void cst_device_stats(struct cst_device *dev, struct cst_dev_stats *sum);

/* main.c */
extern struct workqueue_struct *cst_wq;	/* per CPU: nothing in it waits for a backing */
extern struct workqueue_struct *cst_tmf_wq;	/* aborts; nothing in it waits */
extern struct workqueue_struct *cst_linger_wq;	/* waits for directories and memory */

/* cfs/ */
void cst_device_inquiry_changed(struct cst_object *obj);	/* for cst_attr.changed */
void cst_device_mode_changed(struct cst_object *obj);
int cst_cfs_init(void);
void cst_cfs_exit(void);

#endif /* _CST_CORE_H */
