// SPDX-License-Identifier: GPL-2.0-only
/*
 * Erasure: the whole medium is written, by FORMAT UNIT (SBC-4 4.33) or SANITIZE (SBC-4 4.11).
 *
 * format.c and sanitize.c begin one.  disk.c calls in when the device is enabled and disabled.
 * erasure_state.c says what an erasure means for commands, and shows it.
 *
 * The command goes through these steps, and may be aborted before each of them:
 *  1. the unit becomes unfit: from now on gate.c refuses all commands that could use the medium;
 *  2. the command waits for the writes that have begun before that, by holding all blocks;
 *  3. the store gets a record that says what is going to happen;
 *  4. the run begins.  With IMMED the command ends here.
 *
 * The run is a chain of jobs of the device's workers, each of which starts one I/O of a bounded
 * length.  So it holds one buffer at most, and other devices do not notice it.  When there is no
 * memory for the buffer, the run waits until there is.  It has a reference to io_ref.  When it
 * finds io_ref dying, the device is being disabled, and it stops.  At the end the medium is
 * flushed, the store is told, and the unit becomes fit.
 *
 * What a stop leaves behind differs.  A medium that was not formatted to its end is corrupt
 * until a FORMAT UNIT succeeds.  A SANITIZE goes on when the device is enabled again, from
 * where the record says.  An abort stops a FORMAT UNIT whose initiator waits for it.  It
 * never stops a SANITIZE.
 *
 * The record is written before the first block, at the end of each pass, and each
 * CST_ERASURE_SAVE bytes when all before is durable.  It names the backing, so that a SANITIZE
 * does not continue with another one.
 *
 * dev.itl_lock protects cst_erasure.state and .run, and cst_erasure_run.phase.  A run belongs to
 * the job that executes; before it begins, to its command; and when it is stopped, to who holds
 * obj.lock.
 */
#include <linux/crc32c.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>
#include <linux/unaligned.h>
#include <linux/workqueue.h>

#include <cst/bvec_walk.h>

#include "../../core/store.h"
#include "erasure.h"

#define CST_ERASURE_KIND	"erasure"	/* of the store's record */
#define CST_ERASURE_VERSION	1
#define CST_ERASURE_HEADER	18		/* bytes of the record before the pattern */
#define CST_ERASURE_RECORD	(CST_ERASURE_HEADER + CST_ERASURE_PATTERN)
#define CST_ERASURE_SAVE	(64ULL << 30)	/* bytes between two records of a pass */

/* Bytes of one I/O, a multiple of each block size: of zeroes, and of a write */
#define CST_ERASURE_ZERO_STEP	(16U << 20)
#define CST_ERASURE_WRITE_STEP	(1024U * 1024)

#define CST_ERASURE_PATIENCE	HZ	/* until it looks again whether there is memory */

/* How the medium is written */
enum cst_erasure_way {
	CST_ERASURE_BY_UNMAP,
	CST_ERASURE_BY_ZERO,
	CST_ERASURE_BY_WRITE,
};

enum cst_erasure_phase {
	CST_ERASURE_BEGINS,	/* its command has not passed step 4 */
	CST_ERASURE_RUNS,
	CST_ERASURE_STOPPED,	/* goes on when the backing is open */
};

/**
 * struct cst_erasure_run - an erasure under way
 * @disk: the disk
 * @cmd: the command that has begun it and ends with it; NULL: none waits
 * @immed: the command ends when the run begins
 * @was: cst_erasure.state before
 * @was_restricted: cst_erasure.restricted before
 * @phase: enum cst_erasure_phase
 * @way: enum cst_erasure_way
 * @error: what the last I/O has ended with; at the end, the outcome
 * @next: what the job is to do
 * @job: in a lane of the device
 * @work: in a work queue of core's
 * @later: queues @job or @work after a while
 * @saved: cst_erasure.pos that the record has
 * @bvec: the buffer of a write; NULL: there is none
 * @nr_bvec: entries of @bvec
 * @alloced: argument for cst_bvec_free()
 * @buf_len: bytes of the buffer
 * @filled: the buffer has the data of this pass
 * @io: the I/O
 * @plan: what is written
 */
struct cst_erasure_run {
	struct cst_disk		*disk;
	struct cst_cmd		*cmd;
	bool			immed;
	u8			was;
	bool			was_restricted;
	u8			phase;
	u8			way;
	int			error;
	void (*next)(struct cst_erasure_run *run);
	union {
		struct cst_job		job;
		struct work_struct	work;
		struct delayed_work	later;
	};
	u64			saved;
	struct bio_vec		*bvec;
	u16			nr_bvec;
	bool			alloced;
	u32			buf_len;
	bool			filled;
	struct cst_io		io;
	struct cst_erasure_plan	plan;
};

/* --- pure --- */

bool cst_erasure_inverts(const struct cst_erasure_plan *plan, u8 pass)
{
	return plan->invert && (plan->passes - 1 - pass) % 2;
}

/* --- the record --- */

/*
 * 0: state; 1: flags; 2: passes; 3: pass; 4: checksum of the backing's path and key; 8: position;
 * 16: length of the pattern, which follows
 */
#define CST_ERASURE_OVERWRITE	BIT(0)
#define CST_ERASURE_INVERT	BIT(1)
#define CST_ERASURE_RESTRICTED	BIT(2)

static u32 cst_erasure_backing(struct cst_disk *disk)
{
	const struct cst_block_ops *block = disk->dev.ops->block;
	const char *path;
	u8 key[8];

	if (!block->backing)
		return 0;
	path = block->backing(&disk->dev);
	put_unaligned_be64(block->backing_key(&disk->dev), key);
	return crc32c(crc32c(~0U, path, strlen(path)), key, sizeof(key));
}

/* Tell the store.  @run may be NULL.  Context: process, may wait for /var/lib. */
static int cst_erasure_save(struct cst_disk *disk, const struct cst_erasure_run *run,
			    enum cst_erasure_state state)
{
	const struct cst_erasure *e = &disk->erasure;
	u8 *record = kzalloc(CST_ERASURE_RECORD, GFP_KERNEL);
	u32 len = CST_ERASURE_HEADER;
	int ret;

	if (!record)
		return -ENOMEM;
	record[0] = state;
	record[1] = e->restricted ? CST_ERASURE_RESTRICTED : 0;
	record[2] = e->passes;
	record[3] = e->pass;
	put_unaligned_be32(cst_erasure_backing(disk), record + 4);
	put_unaligned_be64(e->pos, record + 8);
	if (run && run->plan.overwrite) {
		record[1] |= CST_ERASURE_OVERWRITE;
		if (run->plan.invert)
			record[1] |= CST_ERASURE_INVERT;
		put_unaligned_be16(run->plan.pattern_len, record + 16);
		memcpy(record + len, run->plan.pattern, run->plan.pattern_len);
		len += run->plan.pattern_len;
	}
	ret = cst_store_save(CST_ERASURE_KIND, disk->dev.t10_dev_id, CST_ERASURE_VERSION,
			     record, len);
	kfree(record);
	return ret;
}

/* Does the record, of @len bytes, say something that this file would have written? */
static bool cst_erasure_is_sane(const u8 *record, int len)
{
	unsigned int pattern_len;

	if (len < CST_ERASURE_HEADER)
		return false;
	pattern_len = get_unaligned_be16(record + 16);
	if (len != CST_ERASURE_HEADER + pattern_len || pattern_len > CST_ERASURE_PATTERN)
		return false;
	switch (record[0]) {
	case CST_ERASURE_SANITIZES:
		return record[2] && record[3] < record[2] &&
		       !pattern_len == !(record[1] & CST_ERASURE_OVERWRITE);
	case CST_ERASURE_NONE:
	case CST_ERASURE_FORMATS:
	case CST_ERASURE_FAILED:
		return true;
	default:
		return false;
	}
}

/* --- a run's memory --- */

struct cst_erasure_run *cst_erasure_make(struct cst_disk *disk)
{
	struct cst_erasure_run *run = kzalloc(sizeof(*run), GFP_KERNEL);

	if (!run)
		return NULL;
	run->disk = disk;
	run->plan.passes = 1;
	return run;
}

struct cst_erasure_plan *cst_erasure_plan(struct cst_erasure_run *run)
{
	return &run->plan;
}

static void cst_erasure_free_buffer(struct cst_erasure_run *run)
{
	if (run->bvec)
		cst_bvec_free(run->bvec, run->nr_bvec, run->alloced);
	run->bvec = NULL;
	run->filled = false;
}

void cst_erasure_drop(struct cst_erasure_run *run)
{
	if (!run)
		return;
	cst_erasure_free_buffer(run);
	kfree(run);
}

/* Is there a buffer, or no need of one?  A smaller one will do, too. */
static bool cst_erasure_get_buffer(struct cst_erasure_run *run)
{
	u32 len;

	if (run->way != CST_ERASURE_BY_WRITE)
		return true;
	for (len = CST_ERASURE_WRITE_STEP; !run->bvec && len >= run->disk->block_size; len /= 2) {
		run->bvec = cst_bvec_alloc(NULL, 0, len, true, &run->nr_bvec, &run->alloced);
		run->buf_len = len;
	}
	return run->bvec;
}

static void cst_erasure_choose_way(struct cst_erasure_run *run)
{
	struct cst_disk *disk = run->disk;

	if (!run->plan.overwrite && cst_sbc_thin_zeroes(disk))
		run->way = CST_ERASURE_BY_UNMAP;
	else if (!run->plan.overwrite && disk->can_zero)
		run->way = CST_ERASURE_BY_ZERO;
	else
		run->way = CST_ERASURE_BY_WRITE;
	run->filled = false;
}

static void cst_erasure_fill(struct cst_erasure_run *run)
{
	u8 flip = cst_erasure_inverts(&run->plan, run->disk->erasure.pass) ? 0xff : 0;
	const struct cst_erasure_plan *plan = &run->plan;
	struct cst_bvec_walk walk = { .bv = run->bvec };
	u32 at, n, i, mask = run->disk->block_size - 1;
	u8 *p;

	run->filled = true;
	if (!plan->overwrite) {
		cst_bvec_zero(run->bvec, run->buf_len);
		return;
	}
	for (at = 0; at < run->buf_len; at += n) {
		p = cst_bvec_map(&walk, &n);
		n = min(n, run->buf_len - at);
		for (i = 0; i < n; i++)
			p[i] = plan->pattern[((at + i) & mask) % plan->pattern_len] ^ flip;
		kunmap_local(p);
		cst_bvec_advance(&walk, n);
	}
}

/* --- jobs --- */

static void cst_erasure_do(struct cst_erasure_run *run)
{
	unsigned int noio = memalloc_noio_save();

	run->next(run);
	memalloc_noio_restore(noio);
}

static void cst_erasure_job(struct cst_job *job)
{
	cst_erasure_do(container_of(job, struct cst_erasure_run, job));
}

static void cst_erasure_work(struct work_struct *work)
{
	cst_erasure_do(container_of(work, struct cst_erasure_run, work));
}

/* Go on in a worker of the device.  Context: any. */
static void cst_erasure_queue(struct cst_erasure_run *run,
			      void (*next)(struct cst_erasure_run *run))
{
	struct cst_device *dev = &run->disk->dev;

	run->next = next;
	if (dev->lanes) {
		run->job.func = cst_erasure_job;
		cst_job_queue(dev, &run->job);
		return;
	}
	INIT_WORK(&run->work, cst_erasure_work);
	queue_work(cst_wq, &run->work);
}

static void cst_erasure_later(struct work_struct *work)
{
	struct cst_erasure_run *run = container_of(to_delayed_work(work),
						   struct cst_erasure_run, later);

	cst_erasure_queue(run, run->next);
}

/*
 * Try again later.  The wait is short enough for whoever disables the device, and waits for
 * the run.
 */
static void cst_erasure_queue_later(struct cst_erasure_run *run,
				    void (*next)(struct cst_erasure_run *run))
{
	run->next = next;
	INIT_DELAYED_WORK(&run->later, cst_erasure_later);
	queue_delayed_work(cst_wq, &run->later, CST_ERASURE_PATIENCE);
}

/* Go on where it may wait for the store. */
static void cst_erasure_queue_slowly(struct cst_erasure_run *run,
				     void (*next)(struct cst_erasure_run *run))
{
	run->next = next;
	INIT_WORK(&run->work, cst_erasure_work);
	queue_work(cst_linger_wq, &run->work);
}

/* --- states --- */

/* The run is over.  Its memory belongs to the caller. */
static void cst_erasure_leave(struct cst_disk *disk, u8 state, bool restricted)
{
	spin_lock_irq(&disk->dev.itl_lock);
	WRITE_ONCE(disk->erasure.state, state);
	WRITE_ONCE(disk->erasure.restricted, restricted);
	disk->erasure.run = NULL;
	cst_medium_set_unfit(&disk->dev, state != CST_ERASURE_NONE);
	spin_unlock_irq(&disk->dev.itl_lock);
	cst_gate_changed(&disk->dev);
}

static void cst_erasure_answer(struct cst_erasure_run *run, cst_sense_t reason)
{
	struct cst_cmd *cmd = run->cmd;

	run->cmd = NULL;
	if (cmd)
		cst_cmd_finish(cmd, reason);
}

/* --- the end --- */

static cst_sense_t cst_erasure_outcome(const struct cst_erasure_run *run, bool formats)
{
	switch (run->error) {
	case 0:
		return CST_OK;
	case -ECANCELED:
		return CST_SENSE(COMMAND_ABORTED);
	case -ESHUTDOWN:
		return cst_device_not_ready(&run->disk->dev);
	default:
		return formats ? CST_SENSE(FORMAT_COMMAND_FAILED) :
				 CST_SENSE(SANITIZE_COMMAND_FAILED);
	}
}

/*
 * Tell the store first.  If it cannot be told of a success, this is a failure: at the next
 * enabling the record would have the medium erased once more, with all that initiators have
 * written meanwhile.  The record of a medium that is being formatted stands for a corrupt one.
 */
static void cst_erasure_ended(struct cst_erasure_run *run)
{
	struct cst_disk *disk = run->disk;
	struct cst_device *dev = &disk->dev;
	bool formats = disk->erasure.state == CST_ERASURE_FORMATS;
	u8 state = formats ? CST_ERASURE_CORRUPT : CST_ERASURE_FAILED;

	if (!run->error)
		run->error = cst_erasure_save(disk, NULL, CST_ERASURE_NONE);
	else if (!formats)
		cst_erasure_save(disk, NULL, CST_ERASURE_FAILED);
	if (run->error)
		pr_warn("%s: %s has not come to its end: error %d\n", cst_device_name(dev),
			formats ? "FORMAT UNIT" : "SANITIZE", run->error);
	else
		state = CST_ERASURE_NONE;
	cst_erasure_free_buffer(run);
	cst_erasure_leave(disk, state, run->plan.restricted);
	cst_erasure_answer(run, cst_erasure_outcome(run, formats));
	kfree(run);
	percpu_ref_put(&dev->io_ref);
}

static void cst_erasure_end(struct cst_erasure_run *run, int error)
{
	run->error = error;
	cst_erasure_queue_slowly(run, cst_erasure_ended);
}

/* The device is being disabled: a SANITIZE goes on at the next time. */
static void cst_erasure_stop(struct cst_erasure_run *run)
{
	struct cst_device *dev = &run->disk->dev;

	if (run->disk->erasure.state == CST_ERASURE_FORMATS) {
		cst_erasure_end(run, -ESHUTDOWN);
		return;
	}
	cst_erasure_answer(run, cst_device_not_ready(dev));
	cst_erasure_free_buffer(run);
	spin_lock_irq(&dev->itl_lock);
	run->phase = CST_ERASURE_STOPPED;
	spin_unlock_irq(&dev->itl_lock);
	/* Disabling may have been given up before the run could be seen as stopped. */
	if (!percpu_ref_is_dying(&dev->io_ref))
		cst_erasure_opened(dev);
	percpu_ref_put(&dev->io_ref);
}

/* --- the run --- */

static void cst_erasure_step(struct cst_erasure_run *run);

static void cst_erasure_saved(struct cst_erasure_run *run)
{
	/* The older record stands if this fails, and the store has said so. */
	cst_erasure_save(run->disk, run, CST_ERASURE_SANITIZES);
	run->saved = run->disk->erasure.pos;
	cst_erasure_queue(run, cst_erasure_step);
}

/* All that has been written is durable. */
static void cst_erasure_flushed(struct cst_erasure_run *run)
{
	struct cst_erasure *e = &run->disk->erasure;

	if (run->error) {
		cst_erasure_end(run, run->error);
		return;
	}
	if (e->pos >= cst_erasure_size(run->disk)) {
		if (e->pass + 1 >= e->passes) {
			cst_erasure_end(run, 0);
			return;
		}
		WRITE_ONCE(e->pass, e->pass + 1);
		WRITE_ONCE(e->pos, 0);
		run->filled = false;
	}
	cst_erasure_queue_slowly(run, cst_erasure_saved);
}

/* The backing cannot do after all what it seemed to be able to do. */
static bool cst_erasure_other_way(struct cst_erasure_run *run)
{
	if (run->way == CST_ERASURE_BY_WRITE)
		return false;
	if (run->way == CST_ERASURE_BY_UNMAP)
		cst_disk_stop_thin(run->disk);
	run->way = run->way == CST_ERASURE_BY_UNMAP && run->disk->can_zero ?
		   CST_ERASURE_BY_ZERO : CST_ERASURE_BY_WRITE;
	return true;
}

static void cst_erasure_written(struct cst_erasure_run *run)
{
	struct cst_erasure *e = &run->disk->erasure;

	if (run->error && !(run->error == -EOPNOTSUPP && cst_erasure_other_way(run))) {
		cst_erasure_end(run, run->error);
		return;
	}
	if (!run->error)
		WRITE_ONCE(e->pos, e->pos + run->io.len);
	cst_erasure_step(run);
}

static void cst_erasure_io_done(struct cst_io *io, int error)
{
	struct cst_erasure_run *run = container_of(io, struct cst_erasure_run, io);

	run->error = error;
	cst_erasure_queue(run, io->op == CST_IO_FLUSH ? cst_erasure_flushed :
							cst_erasure_written);
}

static void cst_erasure_submit(struct cst_erasure_run *run, u8 op, u64 pos, u32 len)
{
	struct cst_device *dev = &run->disk->dev;
	struct cst_io *io = &run->io;

	io->dev = dev;
	io->op = op;
	io->flags = CST_IO_OWN;
	/* A thin disk whose unmapped blocks are no zeroes may give its space back all the same. */
	if (op == CST_IO_ZERO && cst_sbc_thin(run->disk))
		io->flags |= CST_IO_RELEASE;
	io->pos = pos;
	io->len = len;
	io->bvec = op == CST_IO_WRITE ? run->bvec : NULL;
	io->nr_bvec = op == CST_IO_WRITE ? run->nr_bvec : 0;
	io->done = cst_erasure_io_done;
	/* Without CST_IO_NOWAIT it answers 0. */
	dev->ops->block->submit(io);
}

static void cst_erasure_step(struct cst_erasure_run *run)
{
	static const u8 ops[] = {
		[CST_ERASURE_BY_UNMAP]	= CST_IO_UNMAP,
		[CST_ERASURE_BY_ZERO]	= CST_IO_ZERO,
		[CST_ERASURE_BY_WRITE]	= CST_IO_WRITE,
	};
	struct cst_erasure *e = &run->disk->erasure;
	u64 size = cst_erasure_size(run->disk);
	u32 max = CST_ERASURE_ZERO_STEP;

	if (percpu_ref_is_dying(&run->disk->dev.io_ref)) {
		cst_erasure_stop(run);
		return;
	}
	if (run->cmd && cst_cmd_aborted(run->cmd)) {
		if (e->state == CST_ERASURE_FORMATS) {
			cst_erasure_end(run, -ECANCELED);
			return;
		}
		cst_erasure_answer(run, CST_SENSE(COMMAND_ABORTED));
	}
	if (e->pos >= size || (e->state == CST_ERASURE_SANITIZES &&
			       e->pos - run->saved >= CST_ERASURE_SAVE)) {
		cst_erasure_submit(run, CST_IO_FLUSH, 0, 0);
		return;
	}
	/* Nothing has gone wrong with the medium; the unit stays unfit meanwhile. */
	if (!cst_erasure_get_buffer(run)) {
		cst_erasure_queue_later(run, cst_erasure_step);
		return;
	}
	if (run->way == CST_ERASURE_BY_WRITE) {
		max = run->buf_len;
		if (!run->filled)
			cst_erasure_fill(run);
	}
	cst_erasure_submit(run, ops[run->way], e->pos, min_t(u64, size - e->pos, max));
}

/* The run begins or goes on.  The caller keeps io_ref from becoming zero meanwhile. */
static void cst_erasure_start(struct cst_erasure_run *run)
{
	struct cst_device *dev = &run->disk->dev;

	percpu_ref_get(&dev->io_ref);
	WRITE_ONCE(dev->own_io, true);
	cst_erasure_queue(run, cst_erasure_step);
}

/* --- the command --- */

/* Nothing has happened to the medium. */
static void cst_erasure_undo(struct cst_erasure_run *run)
{
	cst_erasure_leave(run->disk, run->was, run->was_restricted);
	cst_erasure_drop(run);
}

/* The run of a command that has not begun it yet, or NULL. */
static struct cst_erasure_run *cst_erasure_of(struct cst_cmd *cmd)
{
	struct cst_device *dev = cmd->dev;
	struct cst_erasure_run *run;

	spin_lock_irq(&dev->itl_lock);
	run = to_cst_disk(dev)->erasure.run;
	if (run && (run->cmd != cmd || run->phase != CST_ERASURE_BEGINS))
		run = NULL;
	spin_unlock_irq(&dev->itl_lock);
	return run;
}

void cst_erasure_give_up(struct cst_cmd *cmd)
{
	struct cst_erasure_run *run = cst_erasure_of(cmd);

	if (run)
		cst_erasure_undo(run);
}

/*
 * Has the store the record that the run wants, or may it have it?  A store that cannot be read
 * has not been written either.
 */
static bool cst_erasure_is_recorded(const struct cst_erasure_run *run)
{
	struct cst_disk *disk = run->disk;
	u8 *record = kmalloc(CST_ERASURE_RECORD, GFP_KERNEL);
	bool recorded;
	int ret = -ENOMEM;

	if (record)
		ret = cst_store_load(CST_ERASURE_KIND, disk->dev.t10_dev_id, CST_ERASURE_VERSION,
				     record, CST_ERASURE_RECORD);
	recorded = ret > 0 ? record[0] == disk->erasure.state : ret == -EBADMSG || ret == -ENOMEM;
	kfree(record);
	return recorded;
}

/*
 * Nothing has happened to the medium.  The store may have the new record although it could not
 * say so.  Then it gets the old one again: at the next enabling, the new one would have erased
 * what is written from now on.  If that fails, too, nothing may be written.
 */
static void cst_erasure_take_back(struct cst_erasure_run *run)
{
	struct cst_disk *disk = run->disk;
	bool formats = disk->erasure.state == CST_ERASURE_FORMATS;
	bool restricted = run->plan.restricted;

	if (cst_erasure_is_recorded(run)) {
		WRITE_ONCE(disk->erasure.restricted, run->was_restricted);
		if (cst_erasure_save(disk, NULL, run->was == CST_ERASURE_CORRUPT ?
					   CST_ERASURE_FORMATS : run->was)) {
			pr_warn("%s: a record in /var/lib/cst/erasure could not be taken back\n",
				cst_device_name(&disk->dev));
			cst_erasure_leave(disk, formats ? CST_ERASURE_CORRUPT :
							  CST_ERASURE_FAILED, restricted);
			cst_erasure_drop(run);
			return;
		}
	}
	cst_erasure_undo(run);
}

/* Step 3 and 4. */
static cst_sense_t cst_erasure_record(struct cst_cmd *cmd)
{
	struct cst_erasure_run *run = cst_erasure_of(cmd);
	struct cst_disk *disk = to_cst_disk(cmd->dev);
	cst_sense_t reason = CST_OK;
	bool immed = run->immed;

	if (!percpu_ref_is_dying(&cmd->dev->io_ref) &&
	    cst_erasure_save(disk, run, disk->erasure.state))
		reason = CST_SENSE(INTERNAL_TARGET_FAILURE);
	/* The record may have taken long. */
	if (!reason && percpu_ref_is_dying(&cmd->dev->io_ref))
		reason = cst_device_not_ready(cmd->dev);
	if (reason) {
		cst_erasure_take_back(run);
		return reason;
	}
	cst_ua_add_device(cmd->dev, cmd->sess, CST_SENSE(MEDIUM_MAY_HAVE_CHANGED));
	spin_lock_irq(&cmd->dev->itl_lock);
	if (immed)
		run->cmd = NULL;
	run->phase = CST_ERASURE_RUNS;
	spin_unlock_irq(&cmd->dev->itl_lock);
	cst_erasure_start(run);
	return immed ? CST_OK : CST_PENDING;
}

/* Step 2.  Commands that wait for the blocks meet the gate when they are let go. */
static cst_sense_t cst_erasure_drain(struct cst_cmd *cmd)
{
	cst_sense_t reason = cst_range_hold(cmd);

	if (reason == CST_PENDING)
		return reason;
	if (reason) {
		cst_erasure_give_up(cmd);
		return reason;
	}
	cst_range_next(cmd, 0, 0);
	cst_cmd_continue_slowly(cmd, cst_erasure_record);
	return CST_PENDING;
}

/*
 * Step 1.  Commands that came before must not use the medium any more, not even after the end:
 * they were meant for what it was.
 */
static bool cst_erasure_claim(struct cst_erasure_run *run, u8 state)
{
	struct cst_erasure *e = &run->disk->erasure;
	struct cst_device *dev = &run->disk->dev;
	bool free;

	spin_lock_irq(&dev->itl_lock);
	free = !e->run && !cst_erasure_is_under_way(e->state);
	if (free) {
		run->was = e->state;
		run->was_restricted = e->restricted;
		WRITE_ONCE(e->restricted, run->plan.restricted);
		WRITE_ONCE(e->passes, run->plan.passes);
		WRITE_ONCE(e->pass, 0);
		WRITE_ONCE(e->pos, 0);
		WRITE_ONCE(e->state, state);
		e->run = run;
		cst_medium_set_unfit(dev, true);
	}
	spin_unlock_irq(&dev->itl_lock);
	if (!free)
		return false;
	run->cmd->step = CST_ERASURE_CLAIMED;
	run->cmd->gate_seq = cst_gate_changed(dev);
	WRITE_ONCE(dev->enabled_seq, run->cmd->gate_seq);
	return true;
}

cst_sense_t cst_erasure_begin(struct cst_cmd *cmd, struct cst_erasure_run *run,
			      enum cst_erasure_state state, bool immed)
{
	run->cmd = cmd;
	run->immed = immed;
	cst_erasure_choose_way(run);
	if (!cst_erasure_get_buffer(run)) {
		cst_erasure_drop(run);
		return CST_TASK_SET_FULL;
	}
	if (!cst_erasure_claim(run, state)) {
		/* Another one has come between this one and its gate. */
		cst_erasure_drop(run);
		return cst_medium_unfit(cmd) ?: CST_BUSY;
	}
	cst_range_next(cmd, 0, 0);
	cst_cmd_continue(cmd, cst_erasure_drain);
	return CST_PENDING;
}

/* EXIT FAILURE MODE, where it may wait for the store. */
static cst_sense_t cst_erasure_exit_now(struct cst_cmd *cmd)
{
	struct cst_disk *disk = to_cst_disk(cmd->dev);
	struct cst_erasure_run *run = cst_erasure_of(cmd);
	int ret = cst_erasure_save(disk, NULL, CST_ERASURE_NONE);

	if (ret) {
		cst_erasure_undo(run);
		return CST_SENSE(INTERNAL_TARGET_FAILURE);
	}
	cst_erasure_leave(disk, CST_ERASURE_NONE, false);
	cst_erasure_drop(run);
	cst_ua_add_device(cmd->dev, cmd->sess, CST_SENSE(MEDIUM_MAY_HAVE_CHANGED));
	return CST_OK;
}

cst_sense_t cst_erasure_exit_failure(struct cst_cmd *cmd)
{
	struct cst_disk *disk = to_cst_disk(cmd->dev);
	struct cst_erasure_run *run;

	if (READ_ONCE(disk->erasure.state) != CST_ERASURE_FAILED)
		return CST_OK;
	/* A run that never begins: it keeps other commands from beginning one meanwhile. */
	run = cst_erasure_make(disk);
	if (!run)
		return CST_TASK_SET_FULL;
	run->cmd = cmd;
	if (!cst_erasure_claim(run, CST_ERASURE_FAILED)) {
		cst_erasure_drop(run);
		return cst_medium_unfit(cmd) ?: CST_BUSY;
	}
	cst_cmd_continue_slowly(cmd, cst_erasure_exit_now);
	return CST_PENDING;
}

/* --- the device --- */

/* A SANITIZE that has not ended is to go on. */
static int cst_erasure_load_run(struct cst_disk *disk, const u8 *record)
{
	struct config_item *item = &disk->dev.obj.group.cg_item;
	struct cst_erasure *e = &disk->erasure;
	struct cst_erasure_run *run;

	if (get_unaligned_be32(record + 4) != cst_erasure_backing(disk)) {
		cst_config_error(item, "enabled",
				 "a SANITIZE has not come to its end on the backing that the device had then; accepted: that backing, or another t10_dev_id");
		return -EBUSY;
	}
	if (disk->dev.read_only) {
		cst_config_error(item, "enabled",
				 "a SANITIZE has not come to its end; accepted: read_only 0, so that it can go on");
		return -EROFS;
	}
	run = cst_erasure_make(disk);
	if (!run) {
		cst_config_error(item, "enabled", "no memory");
		return -ENOMEM;
	}
	run->phase = CST_ERASURE_STOPPED;
	run->plan.overwrite = record[1] & CST_ERASURE_OVERWRITE;
	run->plan.invert = record[1] & CST_ERASURE_INVERT;
	run->plan.restricted = record[1] & CST_ERASURE_RESTRICTED;
	run->plan.passes = record[2];
	run->plan.pattern_len = get_unaligned_be16(record + 16);
	memcpy(run->plan.pattern, record + CST_ERASURE_HEADER, run->plan.pattern_len);
	e->pos = round_down(get_unaligned_be64(record + 8), disk->block_size);
	e->passes = record[2];
	e->pass = record[3];
	run->saved = e->pos;
	e->run = run;
	return 0;
}

static int cst_erasure_load_record(struct cst_disk *disk, u8 *record)
{
	struct config_item *item = &disk->dev.obj.group.cg_item;
	struct cst_erasure *e = &disk->erasure;
	u8 state = CST_ERASURE_NONE;
	int ret;

	ret = cst_store_load(CST_ERASURE_KIND, disk->dev.t10_dev_id, CST_ERASURE_VERSION,
			     record, CST_ERASURE_RECORD);
	if (ret == -EBADMSG) {
		cst_config_error(item, "enabled",
				 "what /var/lib/cst/erasure says of FORMAT UNIT and SANITIZE was damaged, and has been set aside; enabled once more, the medium counts as good");
		return ret;
	}
	if (ret < 0 && ret != -ENOENT) {
		cst_config_error(item, "enabled",
				 "it cannot be read whether the medium has been formatted: error %d",
				 ret);
		return ret;
	}
	if (ret >= 0 && !cst_erasure_is_sane(record, ret)) {
		cst_config_error(item, "enabled",
				 "what /var/lib/cst/erasure says of FORMAT UNIT and SANITIZE makes no sense; accepted: without that file, and then the medium counts as good");
		return -EBADMSG;
	}
	if (ret >= 0)
		state = record[0];
	if (state == CST_ERASURE_SANITIZES) {
		ret = cst_erasure_load_run(disk, record);
		if (ret)
			return ret;
	} else if (state != CST_ERASURE_NONE &&
		   get_unaligned_be32(record + 4) != cst_erasure_backing(disk)) {
		pr_warn("%s: the medium that was not formatted or sanitized to the end is not this one: it had another path, or another file has the path now\n",
			cst_device_name(&disk->dev));
		state = CST_ERASURE_NONE;
	} else if (state == CST_ERASURE_FORMATS) {
		state = CST_ERASURE_CORRUPT;
	}
	spin_lock_irq(&disk->dev.itl_lock);
	WRITE_ONCE(e->restricted, state && (record[1] & CST_ERASURE_RESTRICTED));
	WRITE_ONCE(e->state, state);
	cst_medium_set_unfit(&disk->dev, state != CST_ERASURE_NONE);
	spin_unlock_irq(&disk->dev.itl_lock);
	cst_gate_changed(&disk->dev);
	return 0;
}

int cst_erasure_load(struct cst_disk *disk)
{
	u8 *record = kmalloc(CST_ERASURE_RECORD, GFP_KERNEL);
	int ret;

	if (!record) {
		cst_config_error(&disk->dev.obj.group.cg_item, "enabled", "no memory");
		return -ENOMEM;
	}
	ret = cst_erasure_load_record(disk, record);
	kfree(record);
	return ret;
}

void cst_erasure_opened(struct cst_device *dev)
{
	struct cst_erasure_run *run;
	bool stopped;

	spin_lock_irq(&dev->itl_lock);
	run = to_cst_disk(dev)->erasure.run;
	stopped = run && run->phase == CST_ERASURE_STOPPED;
	if (stopped)
		run->phase = CST_ERASURE_RUNS;
	spin_unlock_irq(&dev->itl_lock);
	if (!stopped)
		return;
	pr_info("%s: a SANITIZE goes on\n", cst_device_name(dev));
	cst_erasure_choose_way(run);
	cst_erasure_start(run);
}

void cst_erasure_closed(struct cst_device *dev)
{
	struct cst_erasure *e = &to_cst_disk(dev)->erasure;

	/* No command and no job is left. */
	cst_erasure_drop(e->run);
	e->run = NULL;
}
