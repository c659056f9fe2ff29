/* SPDX-License-Identifier: GPL-2.0-only */
/* The structures and functions that the files of cst_loop.ko share, by home file. */
#ifndef _CST_LOOP_H
#define _CST_LOOP_H

#include <linux/completion.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/refcount.h>
#include <linux/workqueue.h>
#include <linux/xarray.h>
#include <scsi/scsi_cmnd.h>
#include <scsi/scsi_host.h>

#include <cst/device.h>
#include <cst/fabric.h>

#define LOOP_MAX_CDB		32	/* all that the mid-layer can hold */
#define LOOP_MAX_QUEUES		64
/* Room for a list in each command.  A longer list is the bio's own, or is allocated. */
#define LOOP_INLINE_BVECS	8

/**
 * struct loop_target - a target of this fabric
 * @tgt: core's part; must be first
 * @queue_depth: attribute: commands per hardware queue of a host
 * @address: SAS address of its port
 * @lock: protects @open, @sessions, and @wanted of each session
 * @open: the target is enabled
 * @sessions: struct loop_session.node
 */
struct loop_target {
	struct cst_target	tgt;
	u32			queue_depth;
	u64			address;
	struct mutex		lock;		/* see above */
	bool			open;
	struct list_head	sessions;
};

static inline struct loop_target *to_loop_target(struct cst_target *target)
{
	return container_of(target, struct loop_target, tgt);
}

/**
 * struct loop_session - a directory sessions/<name>: a SCSI host while it is up
 * @sess: core's part; must be first
 * @lt: the target; the item of the directory holds a reference
 * @address: SAS address of the initiator port
 * @node: lt->sessions; lt->lock protects it
 * @wanted: there should be a host; lt->lock protects it
 * @work: adds or removes the host as @wanted says, and its disks as the LUN map says
 * @shost: the host, or NULL; only @work uses it
 * @host_no: number of the host, or -1; anybody may read it
 */
struct loop_session {
	struct cst_session	sess;
	struct loop_target	*lt;
	u64			address;
	struct list_head	node;
	bool			wanted;
	struct delayed_work	work;
	struct Scsi_Host	*shost;
	int			host_no;
};

static inline struct loop_session *to_loop_session(struct cst_session *sess)
{
	return container_of(sess, struct loop_session, sess);
}

/**
 * struct loop_host - private data of a Scsi_Host
 * @ls: session; valid while @users is not zero
 * @users: number of task management functions under way, and 1 until the host is removed
 * @unused: completed when @users is zero
 * @luns: struct loop_lun by number: the LUNs that the mid-layer knows; only
 *	loop_session.work uses it
 * @reserve: a bvec list for the largest command, used when memory is short
 * @reserve_used: bit 0: some command uses @reserve
 */
struct loop_host {
	struct loop_session	*ls;
	refcount_t		users;
	struct completion	unused;
	struct xarray		luns;
	struct bio_vec		*reserve;
	unsigned long		reserve_used;
};

/**
 * struct loop_cmd - private data of a scsi_cmnd
 * @cmd: core's part
 * @allocated: bvec list to free, or NULL
 * @busy: core has the command; cleared in the same RCU read-side section that completes
 *	it
 * @bvec: room for a short bvec list
 */
struct loop_cmd {
	struct cst_cmd		cmd;
	struct bio_vec		*allocated;
	bool			busy;
	struct bio_vec		bvec[LOOP_INLINE_BVECS];
};

static inline struct scsi_cmnd *loop_cmd_to_scsi(struct loop_cmd *lc)
{
	return (struct scsi_cmnd *)lc - 1;
}

static inline unsigned int loop_hw_queues(void)
{
	return min_t(unsigned int, nr_cpu_ids, LOOP_MAX_QUEUES);
}

/* main.c */
extern struct workqueue_struct *loop_wq;

/* fabric.c */
extern const struct cst_fabric_ops loop_fabric_ops;

/* session.c: fabric ops */
int loop_target_init(struct cst_target *target);
int loop_target_enable(struct cst_target *target);
void loop_target_disable(struct cst_target *target);
int loop_session_enable(struct cst_session *sess);
void loop_session_disable(struct cst_session *sess);
void loop_session_close(struct cst_session *sess);
void loop_session_free(struct cst_session *sess);
void loop_notify(struct cst_session *sess, enum cst_notice notice);

/* host.c */
int loop_host_init(void);
void loop_host_exit(void);
int loop_host_add(struct loop_session *ls);
void loop_host_remove(struct loop_session *ls);
int loop_host_sync_luns(struct loop_session *ls);

/* cmd.c */
cst_qc_status_t loop_queuecommand(struct Scsi_Host *shost, struct scsi_cmnd *sc);
int loop_init_cmd_priv(struct Scsi_Host *shost, struct scsi_cmnd *sc);
void loop_send_response(struct cst_cmd *cmd);
void loop_drop(struct cst_cmd *cmd);

/* eh.c */
int loop_eh_abort(struct scsi_cmnd *sc);
int loop_eh_device_reset(struct scsi_cmnd *sc);
int loop_eh_target_reset(struct scsi_cmnd *sc);
int loop_eh_host_reset(struct scsi_cmnd *sc);
void loop_tmf_done(struct cst_tmf *tmf);
void loop_host_put(struct loop_host *lh);

#endif /* _CST_LOOP_H */
