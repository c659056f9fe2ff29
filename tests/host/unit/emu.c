// SPDX-License-Identifier: GPL-2.0-only
/*
 * Emulates what is around core: the kernel (core_shim.h), the worker, buffer.c, a fabric and
 * a handler.  Each page of a buffer is a piece of the heap, so that the sanitizer notices
 * an access beyond its end.  A breach of a contract ends the program.
 */
#include <linux/unaligned.h>
#include <scsi/scsi_proto.h>

#include "emu.h"
#include "lun.h"
#include "../../../src/scsi/pr/pr.h"
#include "store.h"

struct emu emu;

static u8 emu_out[16 << 20];
static u32 emu_out_len;

/* --- the kernel --- */

/* test_identity.c has its own. */
__weak const char *dmi_get_system_info(int field)
{
	return NULL;
}

__weak void get_random_bytes(void *buf, size_t len)
{
	memset(buf, 0x5a, len);
}

u64 shim_jiffies_64 = 1000;
unsigned long shim_hardirq_count;
unsigned int shim_warned;
unsigned int shim_rcu_depth;
void (*shim_rcu_then)(void);
void (*shim_live_then)(void);
struct shim_unlock shim_unlock;
int shim_cpu;
unsigned long shim_cpu_looks;
long shim_allocated;
unsigned int shim_fail_at;
struct percpu_ref *shim_killed;
struct list_head shim_works = { &shim_works, &shim_works };
struct list_head shim_timers = { &shim_timers, &shim_timers };

int percpu_ref_init(struct percpu_ref *ref, void (*release)(struct percpu_ref *ref),
		    int flags, gfp_t gfp)
{
	if (shim_fails())
		return -ENOMEM;
	*ref = (struct percpu_ref){ .count = 1, .release = release };
	return 0;
}

void percpu_ref_exit(struct percpu_ref *ref)
{
	const struct percpu_ref *killed;

	for (killed = shim_killed; killed; killed = killed->next_killed)
		shim_must(killed != ref);
}

void shim_grace(void)
{
	struct percpu_ref *ref;

	while ((ref = shim_killed)) {
		shim_killed = ref->next_killed;
		percpu_ref_put(ref);
	}
}

/* A fuzzer has its own. */
__weak u32 crc32c(u32 crc, const void *data, size_t len)
{
	const u8 *p = data;
	unsigned int bit;

	while (len--) {
		crc ^= *p++;
		for (bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0x82f63b78 : 0);
	}
	return crc;
}

u64 siphash(const void *data, size_t len, const siphash_key_t *key)
{
	u64 hash = 0xcbf29ce484222325ULL ^ key->key[0] ^ key->key[1] << 32;
	const u8 *p = data;

	while (len--)
		hash = (hash ^ *p++) * 0x100000001b3ULL;
	return hash;
}

u64 siphash_2u64(u64 a, u64 b, const siphash_key_t *key)
{
	u64 pair[2] = { a, b };

	return siphash(pair, sizeof(pair), key);
}

/* --- the worker --- */

static char emu_places[4];
struct workqueue_struct *cst_wq = (void *)&emu_places[0];
struct workqueue_struct *cst_tmf_wq = (void *)&emu_places[1];
struct workqueue_struct *cst_linger_wq = (void *)&emu_places[2];
/* All devices that may block share these. */
static struct cst_lanes *emu_lanes = (void *)&emu_places[3];

struct list_head emu_jobs = { &emu_jobs, &emu_jobs };

void cst_job_queue(struct cst_device *dev, struct cst_job *job)
{
	shim_must(dev->lanes == emu_lanes);
	list_add_tail(&job->node, &emu_jobs);
}

/* Count a step of emu_run()'s command that goes on in the worker. */
static void emu_step(const void *work_or_job)
{
	if (work_or_job != &emu.cmd.job || !emu.cmd.resume)
		return;
	emu.steps++;
	if (emu.between_steps)
		emu.between_steps();
}

static bool emu_timer(void)
{
	struct delayed_work *w;

	list_for_each_entry(w, &shim_timers, work.node) {
		if (!time_after_eq(jiffies, w->due))
			continue;
		cancel_delayed_work_sync(w);
		w->work.func(&w->work);
		return true;
	}
	return false;
}

bool emu_work(void)
{
	struct work_struct *work;
	struct cst_job *job;

	if (!list_empty(&shim_works)) {
		work = list_first_entry(&shim_works, struct work_struct, node);
		list_del(&work->node);
		emu_step(work);
		work->func(work);
		return true;
	}
	if (!list_empty(&emu_jobs)) {
		job = list_first_entry(&emu_jobs, struct cst_job, node);
		list_del(&job->node);
		emu_step(job);
		job->func(job);
		return true;
	}
	if (shim_killed) {
		shim_grace();
		return true;
	}
	return emu_timer();
}

/* --- buffer.c --- */

struct bio_vec *cst_bvec_alloc(struct bio_vec *inl, unsigned int nr_inline,
			       u32 len, bool may_sleep, u16 *nr, bool *alloced)
{
	unsigned int i, n = (len + PAGE_SIZE - 1) / PAGE_SIZE;
	struct bio_vec *bvec;

	if ((emu.no_pages && !inl) || (emu.no_memory && !may_sleep))
		return NULL;
	*alloced = n > nr_inline;
	bvec = *alloced ? calloc(n, sizeof(*bvec)) : inl;
	for (i = 0; i < n; i++) {
		bvec[i].bv_page = malloc(PAGE_SIZE);
		memset(bvec[i].bv_page, 0xee, PAGE_SIZE);
		bvec[i].bv_offset = 0;
		bvec[i].bv_len = PAGE_SIZE;
	}
	*nr = n;
	return bvec;
}

void cst_bvec_free(struct bio_vec *bvec, u16 nr, bool alloced)
{
	unsigned int i;

	for (i = 0; i < nr; i++)
		free(bvec[i].bv_page);
	if (alloced)
		free(bvec);
}

bool cst_buffer_alloc(struct cst_cmd *cmd, u32 len)
{
	bool alloced;

	shim_must(!test_bit(CST_CMD_OWN_BUF, &cmd->flags));
	if (emu.meanwhile)
		emu.meanwhile();
	if (emu.no_buffer)
		return false;
	cmd->bvec = cst_bvec_alloc(cmd->inline_bvec, CST_INLINE_BVECS, len,
				   true, &cmd->nr_bvec, &alloced);
	__set_bit(CST_CMD_OWN_BUF, &cmd->flags);
	if (alloced)
		__set_bit(CST_CMD_BVEC_ALLOCED, &cmd->flags);
	return true;
}

void cst_buffer_free(struct cst_cmd *cmd)
{
	if (test_bit(CST_CMD_OWN_BUF, &cmd->flags))
		cst_bvec_free(cmd->bvec, cmd->nr_bvec,
			      test_bit(CST_CMD_BVEC_ALLOCED, &cmd->flags));
	__clear_bit(CST_CMD_OWN_BUF, &cmd->flags);
	cst_buffer_free_scratch(cmd);
}

bool cst_buffer_alloc_scratch(struct cst_cmd *cmd, u32 len)
{
	bool alloced;

	if (cmd->scratch_bvec)
		return true;
	if (emu.no_scratch)
		return false;
	cmd->scratch_bvec = cst_bvec_alloc(NULL, 0, len, cst_cmd_may_sleep(cmd),
					   &cmd->scratch_nr_bvec, &alloced);
	if (!cmd->scratch_bvec)
		return false;
	if (alloced)
		__set_bit(CST_CMD_SCRATCH_ALLOCED, &cmd->flags);
	return true;
}

void cst_buffer_free_scratch(struct cst_cmd *cmd)
{
	if (cmd->scratch_bvec)
		cst_bvec_free(cmd->scratch_bvec, cmd->scratch_nr_bvec,
			      test_bit(CST_CMD_SCRATCH_ALLOCED, &cmd->flags));
	cmd->scratch_bvec = NULL;
}

static void emu_bvec_copy(const struct bio_vec *bv, u8 *data, u32 len, bool in)
{
	u32 n;

	for (; len; bv++, data += n, len -= n) {
		n = min(len, bv->bv_len);
		if (in)
			memcpy(bv->bv_page->data + bv->bv_offset, data, n);
		else
			memcpy(data, bv->bv_page->data + bv->bv_offset, n);
	}
}

/* --- the control plane, which no test enters --- */

ssize_t cst_attr_show(struct config_item *item, const struct cst_attr *attr,
		      char *page)
{
	abort();
}

ssize_t cst_attr_store(struct config_item *item, const struct cst_attr *attr,
		       const char *page, size_t count)
{
	abort();
}

void cst_config_error(struct config_item *item, const char *what,
		      const char *fmt, ...)
{
	emu.config_errors++;
}

void cst_device_inquiry_changed(struct cst_object *obj)
{
	abort();
}

void cst_device_mode_changed(struct cst_object *obj)
{
	abort();
}

void cst_device_changed(struct cst_device *dev)
{
}

void cst_event_device(struct cst_device *dev, u8 cmd)
{
}

void cst_device_stats(struct cst_device *dev, struct cst_dev_stats *sum)
{
	*sum = *dev->stats;
}

void cst_event_tmf(const struct cst_tmf *tmf)
{
}

void cst_event_reservation(struct cst_session *sess, struct cst_device *dev, const char *action)
{
	emu.reserved_events++;
}

void cst_target_regroup(struct cst_target *target)
{
	shim_must(target->obj.lock.held);
	emu.regrouped++;
}

/* --- the store, with one record; a test may have its own --- */

__weak int cst_store_save(const char *kind, const char *name, u16 version, const void *data,
			  u32 len)
{
	if (emu.store_error)
		return emu.store_error;
	if (len > sizeof(emu.record))
		return -ENOSPC;
	memcpy(emu.record, data, len);
	emu.record_len = len;
	strscpy(emu.record_name, name, sizeof(emu.record_name));
	return 0;
}

__weak int cst_store_load(const char *kind, const char *name, u16 version, void *data, u32 size)
{
	if (emu.store_error)
		return emu.store_error;
	if (!emu.record_len || strcmp(emu.record_name, name))
		return -ENOENT;
	if (emu.record_len > size)
		return -EBADMSG;
	memcpy(data, emu.record, emu.record_len);
	return emu.record_len;
}

__weak int cst_store_load_any(const char *kind, const char *name, u16 version, void **data, u32 max)
{
	int ret;

	*data = kmalloc(max, 0);
	ret = cst_store_load(kind, name, version, *data, max);
	if (ret < 0) {
		kfree(*data);
		*data = NULL;
	}
	return ret;
}

__weak void cst_store_refuse(const char *kind, const char *name)
{
}

/* --- a handler --- */

void emu_io_ends(int error)
{
	struct cst_io *io = emu.pending;

	emu.pending = NULL;
	cst_io_done(io, error);
}

static u32 emu_bvec_len(const struct cst_io *io)
{
	unsigned int i;
	u32 len = 0;

	for (i = 0; i < io->nr_bvec; i++)
		len += io->bvec[i].bv_len;
	return len;
}

static int emu_submit(struct cst_io *io)
{
	u64 size = emu.disk.nblocks << emu.disk.block_shift;

	shim_must(io->op <= CST_IO_FLUSH || (!io->bvec && !io->nr_bvec &&
					     !(io->flags & CST_IO_NOWAIT)));
	shim_must(io->op > CST_IO_WRITE || emu_bvec_len(io) >= io->len);
	/* The contract promises this to a handler. */
	shim_must(io->dev == &emu.disk.dev && io->dev->io_ref.count > 1);
	shim_must(io->pos <= size && io->len <= size - io->pos);
	shim_must(!(io->pos % emu.disk.block_size) && !(io->len % emu.disk.block_size));
	if (emu.io_would_block && (io->flags & CST_IO_NOWAIT)) {
		emu.io_would_block = false;
		return -EAGAIN;
	}

	emu.ios++;
	emu.io.op = io->op;
	emu.io.flags = io->flags & ~(CST_IO_NOWAIT | CST_IO_ATOMIC);
	emu.io.pos = io->pos;
	emu.io.len = io->len;
	if (emu.on_io)
		emu.on_io();
	if (emu.io_error || size > sizeof(emu.medium))
		;
	else if (io->op == CST_IO_ZERO || io->op == CST_IO_UNMAP)
		memset(emu.medium + io->pos, 0, io->len);
	else if (io->op == CST_IO_READ || io->op == CST_IO_WRITE)
		emu_bvec_copy(io->bvec, emu.medium + io->pos, io->len,
			      io->op == CST_IO_READ);
	if (emu.io_later) {
		shim_must(!emu.pending);
		emu.pending = io;
		return 0;
	}
	cst_io_done(io, emu.io_error);
	return 0;
}

static int emu_copy(struct cst_device *to, u64 pos, struct cst_device *from, u64 from_pos,
		    u32 len, bool durable)
{
	u64 size = emu.disk.nblocks << emu.disk.block_shift;
	u32 mask = emu.disk.copy_unit - 1;

	shim_must(to == &emu.disk.dev && from == to && to->io_ref.count > 2);
	shim_must(pos <= size && len <= size - pos && from_pos <= size && len <= size - from_pos);
	shim_must(len && !((pos | from_pos | len) & mask));
	shim_must(pos >= from_pos + len || from_pos >= pos + len);
	emu.copies++;
	emu.copied.flags = durable ? CST_IO_FUA : 0;
	emu.copied.pos = pos;
	emu.copied.len = len;
	if (emu.on_io)
		emu.on_io();
	if (!emu.copy_error && size <= sizeof(emu.medium))
		memcpy(emu.medium + pos, emu.medium + from_pos, len);
	return emu.copy_error;
}

/* --- a fabric; a target's port is derived from its name --- */

static void emu_target_port(const struct cst_target *target, struct cst_port *port)
{
	strscpy(port->name, cst_target_name(target), sizeof(port->name));
	port->tpgt = 1;
	port->address = 0x3000000000000000ULL + target->rel_tgt_id;
}

static void emu_initiator_port(const struct cst_session *sess, struct cst_port *port)
{
	strscpy(port->name, sess->initiator_name, sizeof(port->name));
	port->has_isid = true;
	/* The tests' sessions of one initiator differ by where they are. */
	port->isid[0] = 0x80;
	port->isid[5] = sess->depth;
}

void emu_data_comes(struct task *task)
{
	struct cst_cmd *cmd = &task->cmd;

	shim_must(task->wants_data);
	task->wants_data = false;
	emu_bvec_copy(cmd->bvec, emu_out, cmd->data_len, true);
	cst_cmd_data_received(cmd);
}

static void emu_get_data(struct cst_cmd *cmd)
{
	struct task *task = to_task(cmd);

	shim_must(task->fate == UNDER_WAY && !task->wants_data);
	shim_must(cmd->dir == DMA_TO_DEVICE && cmd->exp_dir == cmd->dir);
	shim_must(cmd->data_len && cmd->data_len <= cmd->exp_len);
	shim_must(!test_bit(CST_CMD_FABRIC_BUF, &cmd->flags));
	task->wants_data = true;
	if (!emu.data_later)
		emu_data_comes(task);
}

static void emu_abort_data(struct cst_cmd *cmd)
{
	to_task(cmd)->told_to_stop = true;
}

/* Check what must hold at the end of every command, answered or dropped. */
static void emu_ends(struct cst_cmd *cmd)
{
	const unsigned long held = BIT(CST_CMD_ORDER_FAST) | BIT(CST_CMD_ORDER_SLOW) |
				   BIT(CST_CMD_IO_REF);

	shim_must(to_task(cmd)->fate == UNDER_WAY);
	shim_must(shim_rcu_depth);
	/* The command has left the task set and the device. */
	shim_must(!(cmd->flags & held));
	shim_must(!cmd->wait.q);
}

static void emu_send_response(struct cst_cmd *cmd)
{
	emu_ends(cmd);
	shim_must(cmd->data_len <= cmd->exp_len);
	shim_must(cmd->overflow || cmd->data_len + cmd->residual == cmd->exp_len);
	shim_must((cmd->status == SAM_STAT_CHECK_CONDITION) == !!cmd->sense_len);
	if (cmd == &emu.cmd && cmd->dir == DMA_FROM_DEVICE && cmd->data_len) {
		emu.in = malloc(cmd->data_len);
		emu_bvec_copy(cmd->bvec, emu.in, cmd->data_len, false);
	}
	to_task(cmd)->fate = ANSWERED;
}

static void emu_drop(struct cst_cmd *cmd)
{
	emu_ends(cmd);
	to_task(cmd)->fate = DROPPED;
	to_task(cmd)->was_dropped = true;
}

void (*emu_tmf_done)(struct cst_tmf *tmf);

static void emu_fabric_tmf_done(struct cst_tmf *tmf)
{
	shim_must(shim_rcu_depth);
	emu_tmf_done(tmf);
}

const struct cst_fabric_ops emu_fabric_ops = {
	.name		= "emu",
	.protocol_id	= 0x5,
	.target_port	= emu_target_port,
	.initiator_port	= emu_initiator_port,
	.get_data	= emu_get_data,
	.abort_data	= emu_abort_data,
	.send_response	= emu_send_response,
	.drop		= emu_drop,
	.tmf_done	= emu_fabric_tmf_done,
};

cst_sense_t emu_answer(const struct task *task)
{
	const u8 *sense = task->cmd.sense;
	bool descriptor;
	unsigned int i;

	shim_must(task->fate == ANSWERED || task->fate == DROPPED);
	if (task->was_dropped)
		return CST_PENDING;
	switch (task->cmd.status) {
	case SAM_STAT_GOOD:
		return CST_OK;
	case SAM_STAT_CONDITION_MET:
		return CST_CONDITION_MET;
	case SAM_STAT_BUSY:
		return CST_BUSY;
	case SAM_STAT_RESERVATION_CONFLICT:
		return CST_RESERVATION_CONFLICT;
	case SAM_STAT_TASK_SET_FULL:
		return CST_TASK_SET_FULL;
	case SAM_STAT_ACA_ACTIVE:
		return CST_ACA_ACTIVE;
	}
	shim_must(task->cmd.status == SAM_STAT_CHECK_CONDITION);
	/* Descriptor format has key and codes in bytes 1 to 3. */
	descriptor = (sense[0] & 0x7f) == 0x72;
	shim_must(descriptor || ((sense[0] & 0x7f) == 0x70 &&
				 task->cmd.sense_len == CST_SENSE_SIZE));
	for (i = 1; i < CST_SENSE_IDX_NR; i++) {
		const struct cst_sense_code *code = cst_sense_code((cst_sense_t)i);

		if (code->key == (sense[descriptor ? 1 : 2] & 0x0f) &&
		    code->asc == sense[descriptor ? 2 : 12] &&
		    code->ascq == sense[descriptor ? 3 : 13])
			return (cst_sense_t)i;
	}
	abort();
}

void emu_task_init(struct task *task, struct cst_session *sess, u64 lun)
{
	memset(task, 0, sizeof(*task));
	memset(&task->cmd, 0xa5, sizeof(task->cmd));
	cst_cmd_init(&task->cmd, sess);
	put_unaligned_be64(lun, task->cmd.lun);
}

void emu_release(struct task *task)
{
	shim_must(task->fate == ANSWERED || task->fate == DROPPED);
	task->fate = RELEASED;
	cst_cmd_release(&task->cmd);
}

/* --- devices and nexuses --- */

void emu_device_init(struct cst_device *dev, struct cst_dev_stats *stats)
{
	percpu_ref_init(&dev->io_ref, NULL, 0, 0);
	cst_order_init(&dev->order);
	cst_ranges_init(&dev->ranges);
	cst_pr_init(&dev->pr);
	cst_device_aborts_init(dev);
	spin_lock_init(&dev->mode.lock);
	INIT_LIST_HEAD(&dev->luns);
	INIT_LIST_HEAD(&dev->itls);
	dev->lanes = emu_lanes;
	dev->stats = stats;
}

void emu_device_check(const struct cst_device *dev)
{
	const struct cst_order *order = &dev->order;

	shim_must(dev->io_ref.count == 1);
	shim_must(!order->running && !order->ordered);
	shim_must(order->slow || order->simple.count == 1);
	shim_must(list_empty(&order->blocked.waiters));
	shim_must(!dev->ranges.held && !dev->ranges.tree.rb_root.rb_node);
	shim_must(list_empty(&dev->ranges.waiting.waiters));
	shim_must(list_empty(&dev->aborts.waiting) && list_empty(&dev->aborts.fresh));
	shim_must(!dev->pr.owner && !dev->pr.lock.held && list_empty(&dev->pr.changed));
	shim_must(list_empty(&dev->pr.waiting.waiters));
}

void emu_session_init(struct cst_session *sess, struct cst_cmd_list *lists)
{
	unsigned int i;

	for (i = 0; i < SHIM_CPUS; i++) {
		memset(&lists[i], 0, sizeof(lists[i]));
		INIT_LIST_HEAD(&lists[i].cmds);
	}
	sess->active = lists;
	sess->ops = &emu_fabric_ops;
	sess->max_xfer = CST_MAX_XFER_BYTES;
	atomic_set(&sess->nr_itls, 1);
	cst_session_aborts_init(sess);
}

void emu_itl_init(struct cst_itl *itl, struct cst_session *sess, struct cst_device *dev,
		  u32 lun)
{
	memset(itl, 0, sizeof(*itl));
	percpu_ref_init(&itl->ref, NULL, 0, 0);
	itl->sess = sess;
	itl->dev = dev;
	itl->lun = lun;
	list_add_tail(&itl->dev_node, &dev->itls);
}

/* --- a disk --- */

static void emu_forget_command(void)
{
	if (emu.task.fate != RELEASED)
		emu_release(&emu.task);
	free(emu.in);
	emu.in = NULL;
}

/* Check that the last test has left no command under way; a timer may be left. */
static void emu_end(void)
{
	if (!emu.sess)
		return;
	emu_forget_command();
	while (emu_work())
		;
	shim_must(list_empty(&emu.lists[0].cmds) && list_empty(&emu.lists[1].cmds));
	shim_must(emu.itl.ref.count == 1);
	if (emu.disk.dev.type->itl_exit)
		emu.disk.dev.type->itl_exit(&emu.itl);
	shim_must(!shim_rcu_depth);
	emu_device_check(&emu.disk.dev);
	cst_pr_exit(&emu.disk.dev.pr);
	INIT_LIST_HEAD(&shim_timers);
}

void emu_reset(void)
{
	struct cst_session *sess = emu.sess;
	static u8 pattern[sizeof(emu.medium)];
	unsigned int i;

	emu_end();
	memset(&emu, 0, sizeof(emu));
	memset(&shim_unlock, 0, sizeof(shim_unlock));
	if (!sess)
		sess = malloc(sizeof(*sess));
	memset(sess, 0, sizeof(*sess));
	emu.sess = sess;
	emu.task.fate = RELEASED;
	emu_session_init(sess, emu.lists);
	sess->target = &emu.target;
	emu.fabric = emu_fabric_ops;
	sess->ops = &emu.fabric;
	emu.target.obj.group.cg_item.ci_name =
		(char *)"iqn.2026-01.example:t1";
	emu.target.rel_tgt_id = 0x1234;
	emu.target.ops = &emu.fabric;
	emu.handler.name = "vdisk_test";
	emu.block.submit = emu_submit;
	emu.block.copy = emu_copy;

	emu.handler.type = &cst_disk_type;
	emu.handler.block = &emu.block;
	if (!cst_disk_type.index->nr_ops && cst_types_init())
		abort();
	cst_data_out_init();

	emu_device_init(&emu.disk.dev, &emu.stats);
	emu.disk.dev.ops = &emu.handler;
	emu.disk.dev.type = &cst_disk_type;
	emu.disk.dev.obj.group.cg_item.ci_name = (char *)"disk1";
	emu.disk.block_size = 512;
	emu.disk.block_shift = 9;
	emu.disk.nblocks = EMU_BLOCKS;
	emu.disk.opt_trans_len = CST_OPT_XFER_BYTES;
	strscpy(emu.disk.dev.t10_vend_id, "CST", sizeof(emu.disk.dev.t10_vend_id));
	strscpy(emu.disk.dev.prod_id, "vdisk", sizeof(emu.disk.dev.prod_id));
	strscpy(emu.disk.dev.prod_rev_lvl, "0100", sizeof(emu.disk.dev.prod_rev_lvl));
	strscpy(emu.disk.dev.t10_dev_id, "0123-disk1", sizeof(emu.disk.dev.t10_dev_id));
	strscpy(emu.disk.dev.usn, "SERIAL12", sizeof(emu.disk.dev.usn));
	strscpy(emu.disk.dev.naa_id, "3123456789abcdef", sizeof(emu.disk.dev.naa_id));

	if (!pattern[1])
		for (i = 0; i < sizeof(pattern); i++)
			pattern[i] = i * 7 + (i >> 9);
	memcpy(emu.medium, pattern, sizeof(emu.medium));
	emu_itl_init(&emu.itl, sess, &emu.disk.dev, 0);
	emu.itl.knows_cache = true;
	emu_add_lun(0);
	emu_out_len = 0;
}

void emu_no_lun(void)
{
	emu.sess->itls.slots[0] = NULL;
}

void emu_report_luns(void)
{
	emu_no_lun();
	emu.lun = CST_LUN_REPORT_LUNS << 48;
}

void emu_add_lun(u32 lun)
{
	shim_xa_store(&emu.sess->itls, lun, &emu.itl);
}

void emu_data_out(const void *data, u32 len)
{
	memcpy(emu_out, data, len);
	emu_out_len = len;
}

/*
 * Set what the initiator expects.  With EMU_ALL that is what the CDB asks for, which core's
 * own parser tells.
 */
static void emu_expect(struct cst_cmd *cmd, u32 exp_len)
{
	struct cst_cmd ask;
	cst_sense_t reason;

	cst_cmd_init(&ask, cmd->sess);
	memcpy(ask.lun, cmd->lun, sizeof(ask.lun));
	ask.cdb = cmd->cdb;
	ask.cdb_len = cmd->cdb_len;
	cst_cmd_lun_get(&ask);
	reason = cst_parse(&ask);
	if (ask.itl)
		percpu_ref_put(&ask.itl->ref);
	cmd->exp_dir = reason ? DMA_FROM_DEVICE : ask.dir;
	if (exp_len != EMU_ALL) {
		cmd->exp_len = exp_len;
		/* For a CDB that moves nothing, take the direction of its operation. */
		if (cmd->exp_dir == DMA_NONE && exp_len)
			cmd->exp_dir = ask.op->dir == DMA_NONE ? DMA_TO_DEVICE : ask.op->dir;
	} else if (!reason) {
		cmd->exp_len = ask.cdb_xfer_len;
	}
}

cst_sense_t emu_run(const u8 *cdb, unsigned int cdb_len, u32 exp_len)
{
	struct cst_cmd *cmd = &emu.cmd;
	unsigned int wait;
	u8 *copy;

	emu_forget_command();
	emu.ios = 0;
	emu.copies = 0;
	emu.steps = 0;
	emu_task_init(&emu.task, emu.sess, emu.lun);
	/* On the heap, so that the sanitizer notices a read beyond the CDB. */
	copy = malloc(cdb_len ? cdb_len : 1);
	memcpy(copy, cdb, cdb_len);
	cmd->cdb = copy;
	cmd->cdb_len = cdb_len;
	cmd->task_attr = emu.task_attr;
	emu_expect(cmd, exp_len);

	cst_cmd_submit(cmd);
	while (emu.task.fate == UNDER_WAY && emu_work())
		;
	if (emu.task.fate == UNDER_WAY && emu.at_last) {
		emu.at_last();
		while (emu.task.fate == UNDER_WAY && emu_work())
			;
	}
	/* The command may wait for time to pass: let it. */
	for (wait = 60 * HZ; emu.task.fate == UNDER_WAY && wait; wait--) {
		shim_jiffies_64++;
		while (emu.task.fate == UNDER_WAY && emu_work())
			;
	}
	free(copy);
	cmd->cdb = NULL;
	return emu_answer(&emu.task);
}
