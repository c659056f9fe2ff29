/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Functions and data that the files of cst.ko share, grouped by the file that has them.
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
 * parse.c: finds the row, checks the CDB against the row's usage map, decodes lba,
 * nblocks, cdb_xfer_len and dir.  cmd->dev may be NULL.  Sets cmd->op also when
 * it refuses a known operation code.
 */
cst_sense_t cst_parse(struct cst_cmd *cmd);

/* scsi/types.c: types of a LUN that has no device */
extern const struct cst_dev_type cst_no_lun_type;
extern const struct cst_dev_type cst_report_luns_type;
int cst_types_init(void);

/* submit.c */
void cst_cmd_submit_found(struct cst_cmd *cmd);	/* itl, dev, type and gate_seq are set */
void cst_cmd_run(struct cst_cmd *cmd);	/* its turn has come and its data is in place */

/* cmd.c */
void cst_session_for_each_cmd(struct cst_session *sess,
			      void (*fn)(struct cst_cmd *cmd, void *arg), void *arg);
void cst_cmd_list_add(struct cst_cmd *cmd);
void cst_cmd_list_del(struct cst_cmd *cmd);	/* also when an abort has marked it */
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

/* data_out.c */
void cst_data_out_init(void);
void cst_data_out_exit(void);
void cst_data_out_get(struct cst_cmd *cmd);
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
 * @cmd: executes, holds io_ref; it has at least one block, and all are on the medium.  A
 *	command that is executed again may have entered already.
 *
 * When something has changed since the command has passed the gates, it passes them again: what
 * must not meet a write first changes the state of the unit, and then looks for commands that
 * have entered.
 *
 * Context: any up to softirq.  Return: CST_OK: the command may write.  CST_PENDING: another
 * command holds some of the blocks; this one waits and will be executed again.  Else the
 * command was aborted or is refused, and has to end with the returned reason.
 */
static inline cst_sense_t cst_range_enter(struct cst_cmd *cmd)
{
	if (unlikely(test_bit(CST_CMD_RANGE, &cmd->flags)))
		return CST_OK;
	__set_bit(CST_CMD_RANGE, &cmd->flags);
	/* A full barrier: pairs with the smp_mb() of cst_range_find_writes(). */
	atomic_xchg(&cmd->range.state, CST_RANGE_WRITES);
	if (likely(!READ_ONCE(cmd->dev->ranges.held) &&
		   cmd->gate_seq == atomic_long_read(&cmd->dev->gate_seq)))
		return CST_OK;
	return cst_range_enter_slow(cmd);
}

/* To be called when a command with CST_CMD_RANGE ends.  Context: any. */
static inline void cst_range_leave(struct cst_cmd *cmd)
{
	int was = atomic_xchg(&cmd->range.state, CST_RANGE_DONE);

	if (unlikely(was != CST_RANGE_WRITES))
		cst_range_leave_slow(cmd, was);
}

/*
 * A command that writes is done with its blocks.  Give it others, for which it has to call
 * cst_range_enter() before it writes them.  Context: process, in the worker.
 */
void cst_range_next(struct cst_cmd *cmd, u64 lba, u32 nblocks);

/* buffer.c: chunks of pages from per-CPU pools */
int cst_buffer_init(void);
void cst_buffer_leave_shrinker(void);	/* first step of the exit */
void cst_buffer_exit(void);
/*
 * Make a buffer of @len bytes and the array of bvecs that describes it.  The array is @inl
 * when @nr_inline entries suffice.  Context: any up to softirq; process when @may_sleep.
 * Return: NULL at the memory limit, with nothing left behind; else the array, with *nr set
 * to the number of entries, and *alloced to whether the array is another one than @inl.
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
 * Copy @len bytes to @offset of the data-in.  Bytes beyond data_len are not copied.
 * cst_cmd_data_in_len() must have been called.
 */
void cst_cmd_copy_in(struct cst_cmd *cmd, u32 offset, const void *src, u32 len);
/*
 * Set the length of an emulated command's data-in: the smallest of @len, the allocation
 * length and the length that the initiator expects.  Makes the buffer when there is none
 * yet.  Return: CST_OK or CST_TASK_SET_FULL.
 */
cst_sense_t cst_cmd_data_in_len(struct cst_cmd *cmd, u32 len);
/* Set data_len, residual and overflow from exp_len when the target has @want bytes to move. */
void cst_cmd_set_len(struct cst_cmd *cmd, u32 want);
/* Set the lengths and make the buffer of a command that moves blocks. */
cst_sense_t cst_cmd_blocks_len(struct cst_cmd *cmd);
/* cst_cmd_data_in_len() and cst_cmd_copy_in() in one call, for a linear response. */
cst_sense_t cst_cmd_respond(struct cst_cmd *cmd, const void *buf, u32 len);
/*
 * Compare @len bytes of @a with the first @period bytes of @b, repeated.  Return: the offset
 * of the first difference in @a, or @len.
 */
u32 cst_bvec_compare(const struct bio_vec *a, const struct bio_vec *b, u32 len,
		     u32 period);
/* Fill @len bytes of @dst with copies of the @period bytes at @offset in @src. */
void cst_bvec_copy(const struct bio_vec *dst, const struct bio_vec *src, u32 offset,
		   u32 len, u32 period);
/* Copy @len bytes at @offset in @src to @dst. */
void cst_bvec_read(void *dst, const struct bio_vec *src, u32 offset, u32 len);
/* Set the bits of @dst that are set in @src, in @len bytes of both. */
void cst_bvec_or(const struct bio_vec *dst, const struct bio_vec *src, u32 len);
/* Are the first @len bytes 0? */
bool cst_bvec_is_zero(const struct bio_vec *bvec, u32 len);

/* exec.c */
/*
 * Start cmd->io (op, flags, pos, len, bvec, nr_bvec, done are set).  Adds CST_IO_NOWAIT and
 * CST_IO_ATOMIC as the context requires.  Return: CST_PENDING or CST_WOULD_BLOCK.
 */
cst_sense_t cst_cmd_start_io(struct cst_cmd *cmd);
void cst_cmd_execute(struct cst_cmd *cmd);
void cst_cmd_continue(struct cst_cmd *cmd, cst_sense_t (*resume)(struct cst_cmd *cmd));
void cst_cmd_continue_slowly(struct cst_cmd *cmd, cst_sense_t (*resume)(struct cst_cmd *cmd));
void cst_cmd_queue(struct cst_cmd *cmd);

/*
 * command.c: states of a command that its handler executes.  The first two are set without
 * a lock, the others with the lock of the list that the command is on (cst_cmd_list.lock).
 */
enum cst_handed {
	CST_HANDED_NOT,
	CST_HANDED_EXECUTES,	/* execute has not returned yet */
	CST_HANDED_PENDING,	/* execute has returned, and the handler will answer */
	CST_HANDED_TOLD,	/* ... and abort has been called */
	CST_HANDED_ANSWERED,
};

/* An abort has marked the command.  The caller holds the lock of the command's list. */
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
/* Return: NULL without memory.  Context: process, may sleep. */
struct cst_lanes *cst_lanes_create(const char *name);
/* No job is left and none can come.  Waits until the workers have left their last jobs. */
void cst_lanes_destroy(struct cst_lanes *lanes);

/* status.c */
/*
 * End a command; exactly once, also after execute has answered CST_PENDING.  Context: any,
 * also hard interrupt.
 */
void cst_cmd_finish(struct cst_cmd *cmd, cst_sense_t reason);

/* abort.c */
void cst_device_for_each_itl(struct cst_device *dev,
			     void (*fn)(struct cst_itl *itl, void *arg), void *arg);
bool cst_abort_cmd_ended(struct cst_cmd *cmd);	/* false: the command is to be answered */
void cst_abort_cmd_released(struct cst_cmd *cmd);
void cst_session_aborts_init(struct cst_session *sess);
void cst_device_aborts_init(struct cst_device *dev);
/* Every abort is done.  Wait for the worker that has called the last done function. */
void cst_session_aborts_exit(struct cst_session *sess);
void cst_device_aborts_exit(struct cst_device *dev);

/* cmd.c */
void cst_session_commands(struct cst_session *sess, u64 *commands, u64 *active);

/* lun.c */
int cst_lun_decode(const u8 *wire, u32 *lun);	/* pure; 0 or -EINVAL */
#define CST_LUN_REPORT_LUNS	0xc101ULL	/* its first two bytes; the others are 0 */
bool cst_lun_is_report_luns(const u8 *wire);	/* pure */
void cst_lun_encode(u32 lun, u8 *wire);	/* pure; peripheral method below 256, else flat */

/* ua.c */
void cst_ua_add(struct cst_itl *itl, cst_sense_t ua);
void cst_ua_add_device(struct cst_device *dev, struct cst_session *except,
		       cst_sense_t ua);
/*
 * The unit attention that is to be reported first, or CST_OK.  It stays pending until a
 * response that reports it is handed to the fabric.
 */
cst_sense_t cst_ua_peek(struct cst_itl *itl);
/* Where mode page 1Ch/02h has the threshold that a unit attention is about (SBC-4 4.7.3.7.6) */
#define CST_THRESHOLD_AT	16
void cst_ua_detail(cst_sense_t ua, struct cst_sense_detail *detail);
bool cst_ua_is_reset(cst_sense_t ua);
void cst_ua_tells(struct cst_cmd *cmd, cst_sense_t ua);	/* its response will report ua */
void cst_ua_told(struct cst_cmd *cmd);	/* its response is handed to the fabric */

/* medium.c: eject and load of a removable device, stop, start and unfitness of any device */
cst_sense_t cst_medium_may_eject(struct cst_device *dev);
cst_sense_t cst_medium_eject(struct cst_device *dev);
void cst_medium_load(struct cst_device *dev, struct cst_session *by);
cst_sense_t cst_medium_prevent(struct cst_itl *itl, bool prevent);
void cst_medium_allow(struct cst_itl *itl);
void cst_medium_stop(struct cst_device *dev);
void cst_medium_start(struct cst_device *dev);
void cst_medium_set_unfit(struct cst_device *dev, bool unfit);	/* itl_lock held */
/* The reason to refuse commands that need the medium, or CST_OK. */
static inline cst_sense_t cst_medium_state(const struct cst_device *dev)
{
	if (READ_ONCE(dev->ejected))
		return CST_SENSE(MEDIUM_NOT_PRESENT);
	return READ_ONCE(dev->stopped) & CST_STOPPED ?
	       CST_SENSE(INITIALIZING_COMMAND_REQUIRED) : CST_OK;
}

/* The type's reason to refuse a command of a unit that is unfit, or CST_OK. */
static inline cst_sense_t cst_medium_unfit(struct cst_cmd *cmd)
{
	if (likely(!(READ_ONCE(cmd->dev->stopped) & CST_UNFIT)))
		return CST_OK;
	return cmd->type->unfit(cmd->dev, cmd, &cmd->detail);
}

/* scsi/spc/mode.c */
/*
 * Take over the saved values of mode pages; obj.lock held, the device is disabled.  Context:
 * process; waits for the file system of /var/lib.  Return: 0, or an errno with last_error said.
 */
int cst_mode_load(struct cst_device *dev);
/*
 * The unit has another name: what was saved under the old one is not its own.  obj.lock held,
 * the device is disabled.  Context: process.
 */
void cst_mode_forget(struct cst_device *dev);
/*
 * The logical unit was reset: the values of mode pages are the saved ones, or else the default
 * ones.  Context: any.
 */
void cst_mode_reset(struct cst_device *dev);

/* scsi/pr/ */
/*
 * Put a nexus that is about to be published on its device's list, with the registration and
 * the verdict of its initiator.  Context: process.
 */
void cst_pr_join(struct cst_itl *itl);
/* The relative identifier of its target port has changed.  Context: process. */
void cst_pr_rejoin(struct cst_itl *itl);
/* A nexus is lost, or its unit was reset: RESERVE ends.  Context: any. */
void cst_pr_let_go(struct cst_itl *itl);
/*
 * Take over what the store has.  obj.lock held, the device is disabled.  Context: process; waits
 * for the file system of /var/lib.  Return: 0, or an errno with last_error said.
 */
int cst_pr_load(struct cst_device *dev);
/* The unit has another name, so it is another unit.  obj.lock held, the device is disabled. */
void cst_pr_forget(struct cst_device *dev);

/* device.c */
int cst_device_init(struct cst_device *dev, const struct cst_handler_ops *ops);
void cst_device_destroy(struct cst_device *dev);
int cst_device_enable(struct cst_device *dev);	/* obj.lock held */
int cst_device_disable(struct cst_device *dev);	/* obj.lock held */
/*
 * Set t10_dev_id, usn and naa_id to their defaults: always the same for a name on this
 * host, and different from those of other hosts.
 */
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
/* obj.lock held, dropped while this waits.  Return: 0 or -ETIMEDOUT. */
int cst_target_disable(struct cst_target *target);
struct cst_lun_map *cst_target_find_map(struct cst_target *target,
					const char *initiator_name);
/* obj.lock held, target referenced: it may be removed from now on */
void cst_target_session_gone(struct cst_target *target);
void cst_target_port_changed(struct cst_target *target);
/*
 * Groups, patterns or maps have changed: give each live session the map that is now right
 * for it.  obj.lock held.
 */
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
void cst_event_reservation(struct cst_session *sess, struct cst_device *dev, const char *action);
void cst_device_stats(struct cst_device *dev, struct cst_dev_stats *sum);

/* main.c */
extern struct workqueue_struct *cst_wq;	/* per CPU; its work does not wait for a backing */
extern struct workqueue_struct *cst_tmf_wq;	/* aborts; its work does not wait */
extern struct workqueue_struct *cst_linger_wq;	/* its work waits for directories and memory */

/* cfs/ */
void cst_device_inquiry_changed(struct cst_object *obj);	/* for cst_attr.changed */
void cst_device_mode_changed(struct cst_object *obj);
int cst_cfs_init(void);
void cst_cfs_exit(void);

#endif /* _CST_CORE_H */
