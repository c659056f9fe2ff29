// SPDX-License-Identifier: GPL-2.0-only
/*
 * EXTENDED COPY(LID1) and (LID4): blocks are copied between logical units of the nexus (SPC-4
 * 6.4, 6.5 and 5.17.7).
 *
 * exec.c calls in, in a worker of core's: the copy itself waits for no backing.  The steps of
 * a command:
 *  1. The parameter list is checked as a whole, and its CSCDs are looked up among the logical
 *     units of the initiator's own nexus.  No other unit can be reached.
 *  2. Segment by segment, what a handler can copy without moving data (a file system that lets
 *     two files share their blocks) is copied by cst_block_ops.copy.  A READ without data
 *     passes the gates of the source, and then a WRITE without data, to the destination,
 *     becomes the copy.  It fails when anything of the source has changed in between.  After
 *     any failure the rest of the command is copied by the next step, which finds out what is
 *     wrong, if something is.
 *  3. Of the rest, up to CST_COPY_STEP bytes are read into the scratch buffer by an
 *     inner command, and written by another one.  All gates apply to the inner commands:
 *     write protection, reservations, the state of the unit.  After each of them the command
 *     goes on in a worker; if it has been aborted, it ends there.
 *
 * The list, its segments and the references to the units are in a struct cst_copy, which is
 * allocated for the command.  Between two steps nothing else refers to it.
 */
#include <linux/log2.h>
#include <linux/overflow.h>
#include <linux/slab.h>
#include <linux/unaligned.h>

#include "../../core/inner.h"
#include "../sbc/sbc.h"
#include "../spc/spc.h"
#include "copy.h"

#define CST_COPY_STEP	(1024U * 1024)	/* bytes; a multiple of each block size */
#define CST_CLONE_STEP	(64U << 20)	/* ... and of each cst_disk.copy_unit */

/**
 * struct cst_copy - an EXTENDED COPY that is under way
 * @inner: the command that reads or writes
 * @cmd: the EXTENDED COPY command
 * @status: what the nexus can be told
 * @list: the parameter list, decoded; points into @raw
 * @units: by CSCD DESCRIPTOR ID; referenced
 * @seqs: gate_seq of their devices when the list was checked: a unit that has been enabled
 *	anew since then may have another medium, and refuses what comes
 * @next: the descriptor after that of @segment
 * @segment: the segment that is being copied
 * @number: its number, from 0
 * @step: blocks of the present inner command
 * @left: blocks of the segment that are not copied yet
 * @backwards: the segment is copied from its end to its beginning
 * @shift: log 2 of the block size of source and destination
 * @clone_unit: blocks; multiples of so many, at both sides, can be copied by the handler.  0: the
 *	present segment cannot
 * @cloning: the present inner command has no data: the handler is to copy
 * @no_clone: the handler has failed
 * @source_seq: gate_seq of the source when its gates were last passed
 * @raw: the parameter list as received
 */
struct cst_copy {
	struct cst_inner	inner;
	struct cst_cmd		*cmd;
	struct cst_copy_status	*status;
	struct cst_copy_list	list;
	struct cst_itl		*units[CST_COPY_MAX_CSCDS + 1];
	unsigned long		seqs[CST_COPY_MAX_CSCDS + 1];
	const u8		*next;
	struct cst_copy_segment	segment;
	u16			number;
	u32			step;
	u32			left;
	bool			backwards;
	u8			shift;
	u32			clone_unit;
	bool			cloning;
	bool			no_clone;
	unsigned long		source_seq;
	u8			raw[];
};

/* The command has no I/O of its own, so that the place of one has the pointer. */
static struct cst_copy **cst_copy_of(struct cst_cmd *cmd)
{
	return (struct cst_copy **)cst_cmd_priv(cmd);
}

/* Bytes of the scratch buffer: of one step, which is one command for each unit */
static u32 cst_copy_room(const struct cst_cmd *cmd)
{
	return min(CST_COPY_STEP, cmd->sess->max_xfer);
}

/* --- the logical units --- */

static void cst_copy_put_units(struct cst_copy *copy)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(copy->units); i++)
		if (copy->units[i])
			percpu_ref_put(&copy->units[i]->ref);
}

/* The unit of the nexus that page 83h describes by this designator, referenced; or NULL. */
static struct cst_itl *cst_copy_find_unit(struct cst_session *sess, const u8 *designator)
{
	struct cst_itl *itl, *found = NULL;
	unsigned long lun;

	rcu_read_lock();
	xa_for_each(&sess->itls, lun, itl) {
		if (!cst_spc_is_designator(itl->dev, designator) ||
		    !percpu_ref_tryget_live(&itl->ref))
			continue;
		found = itl;
		break;
	}
	rcu_read_unlock();
	return found;
}

static void cst_copy_find_units(struct cst_copy *copy)
{
	unsigned int id;

	for (id = copy->list.first_cscd; id < copy->list.end_cscd; id++) {
		struct cst_itl *itl = cst_copy_find_unit(copy->cmd->sess,
							 copy->list.cscds +
							 CST_CSCD_SIZE * id + 4);

		copy->units[id] = itl;
		if (itl)
			copy->seqs[id] = atomic_long_read_acquire(&itl->dev->gate_seq);
	}
}

/* Byte of the parameter list at which the descriptor of a CSCD begins */
static unsigned int cst_copy_cscd_at(u16 id)
{
	return CST_COPY_HEADER_LID1 + CST_CSCD_SIZE * id;
}

/* The field pointer of sense about byte @at of the list. */
static void cst_copy_point(struct cst_copy *copy, unsigned int at)
{
	copy->cmd->detail.field = at;
	copy->cmd->detail.field_valid = true;
}

/* ... or about byte @at of the descriptor of the present segment. */
static void cst_copy_point_segment(struct cst_copy *copy, unsigned int at)
{
	cst_copy_point(copy, at);
	copy->cmd->detail.field_in_segment = true;
}

/*
 * The unit with which a segment works.  @at: byte of the segment descriptor that has the id.
 * Return: NULL with *reason set.
 */
static struct cst_itl *cst_copy_unit(struct cst_copy *copy, u16 id, unsigned int at,
				     cst_sense_t *reason)
{
	const u8 *d = copy->list.cscds + CST_CSCD_SIZE * id;
	struct cst_itl *itl;

	if (id == CST_CSCD_SELF)
		return copy->cmd->itl;
	if (id < copy->list.first_cscd || id >= copy->list.end_cscd) {
		cst_copy_point_segment(copy, at);
		*reason = CST_SENSE(UNREACHABLE_COPY_TARGET);
		return NULL;
	}
	itl = copy->units[id];
	cst_copy_point(copy, cst_copy_cscd_at(id));
	if (!itl)
		*reason = CST_SENSE(COPY_TARGET_DEVICE_NOT_REACHABLE);
	else if (itl->dev->type != &cst_disk_type || (d[1] & 0x1f) != TYPE_DISK)
		*reason = CST_SENSE(INCORRECT_COPY_TARGET_DEVICE_TYPE);
	else
		return itl;
	return NULL;
}

/* DISK BLOCK LENGTH of a CSCD descriptor is 0 or that of the unit. */
static bool cst_copy_block_fits(const struct cst_copy *copy, u16 id, u32 block_size)
{
	u32 said;

	if (id == CST_CSCD_SELF)
		return true;
	said = get_unaligned_be24(copy->list.cscds + CST_CSCD_SIZE * id + 29);
	return !said || said == block_size;
}

/* --- segments --- */

static u64 cst_copy_segment_bytes(const struct cst_copy *copy)
{
	const struct cst_copy_segment *segment = &copy->segment;

	return segment->bytes ?: (u64)segment->blocks << copy->shift;
}

/* The length of the present segment, whose descriptor begins at @d, breaks a limit. */
static cst_sense_t cst_copy_too_long(struct cst_copy *copy, const u8 *d)
{
	/* BYTE COUNT, or NUMBER OF BLOCKS */
	unsigned int field = d[0] == CST_SEGMENT_BYTES ? 8 : 10;

	return cst_list_invalid(&copy->cmd->detail, d - copy->raw + field, 7);
}

/* From bytes to blocks.  All of a segment of bytes has to consist of whole blocks. */
static cst_sense_t cst_copy_to_blocks(struct cst_copy *copy, u32 block_size)
{
	struct cst_copy_segment *segment = &copy->segment;
	u32 mask = block_size - 1;

	if (!segment->bytes)
		return CST_OK;
	if ((segment->bytes | segment->source_offset | segment->destination_offset) & mask) {
		cst_copy_point_segment(copy, 8);
		return CST_SENSE(COPY_SEGMENT_GRANULARITY_VIOLATION);
	}
	segment->blocks = segment->bytes >> copy->shift;
	if (check_add_overflow(segment->source_lba,
			       (u64)segment->source_offset >> copy->shift,
			       &segment->source_lba) ||
	    check_add_overflow(segment->destination_lba,
			       (u64)segment->destination_offset >> copy->shift,
			       &segment->destination_lba)) {
		cst_copy_point_segment(copy, 12);
		return CST_SENSE(COPY_ABORTED);
	}
	return CST_OK;
}

/*
 * Do the blocks lie on the medium?  A unit may have no medium, or become smaller meanwhile:
 * that the unit itself tells.  No address of the inner commands wraps in any case.
 */
static bool cst_copy_in_range(const struct cst_itl *itl, u64 lba, u32 blocks)
{
	u64 size = cst_disk_nblocks(to_cst_disk(itl->dev));

	if (lba > U64_MAX - blocks)
		return false;
	return !size || (lba <= size && blocks <= size - lba);
}

/*
 * How many blocks at a time can the handler copy?  0: none.  Blocks that two disks share take
 * space when one of them is written, so a disk that is not thin shares none: it must not run
 * out of space.
 */
static u32 cst_copy_clone_unit(const struct cst_copy *copy, const struct cst_disk *from,
			       const struct cst_disk *to)
{
	const struct cst_copy_segment *segment = &copy->segment;
	u64 lba = segment->source_lba, at = segment->destination_lba;
	u32 unit;

	if (copy->no_clone || from->dev.ops != to->dev.ops || !from->dev.ops->block->copy ||
	    !from->copy_unit || !to->copy_unit || !cst_sbc_thin(from) || !cst_sbc_thin(to))
		return 0;
	if (from == to && (lba < at ? at - lba : lba - at) < segment->blocks)
		return 0;
	unit = max(max(from->copy_unit, to->copy_unit) >> copy->shift, 1U);
	return (lba ^ at) & (unit - 1) ? 0 : unit;
}

/*
 * Decode the segment at copy->next, and check what it names.  Return: CST_OK, or the reason
 * to end the copy.
 */
static cst_sense_t cst_copy_take_segment(struct cst_copy *copy)
{
	struct cst_copy_segment *segment = &copy->segment;
	const u8 *descriptor = copy->next;
	struct cst_itl *from, *to;
	cst_sense_t reason = CST_OK;
	u32 block_size;

	copy->next = cst_copy_segment_get(descriptor, segment);
	from = cst_copy_unit(copy, segment->source, 4, &reason);
	if (!from)
		return reason;
	to = cst_copy_unit(copy, segment->destination, 6, &reason);
	if (!to)
		return reason;
	block_size = READ_ONCE(to_cst_disk(from->dev)->block_size);
	copy->shift = ilog2(block_size);
	if (READ_ONCE(to_cst_disk(to->dev)->block_size) != block_size ||
	    !cst_copy_block_fits(copy, segment->source, block_size) ||
	    !cst_copy_block_fits(copy, segment->destination, block_size)) {
		cst_copy_point_segment(copy, 6);
		return CST_SENSE(INVALID_OPERATION_FOR_COPY);
	}
	if (cst_copy_segment_bytes(copy) > CST_COPY_MAX_SEGMENT)
		return cst_copy_too_long(copy, descriptor);
	reason = cst_copy_to_blocks(copy, block_size);
	if (reason)
		return reason;
	if (!cst_copy_in_range(from, segment->source_lba, segment->blocks)) {
		cst_copy_point_segment(copy, 12);
		return CST_SENSE(COPY_ABORTED);
	}
	if (!cst_copy_in_range(to, segment->destination_lba, segment->blocks)) {
		cst_copy_point_segment(copy, 20);
		return CST_SENSE(COPY_ABORTED);
	}
	memset(&copy->cmd->detail, 0, sizeof(copy->cmd->detail));
	copy->left = segment->blocks;
	/* Blocks must not be overwritten before they have been read. */
	copy->backwards = from->dev == to->dev &&
			  segment->destination_lba > segment->source_lba &&
			  segment->destination_lba - segment->source_lba < segment->blocks;
	copy->clone_unit = cst_copy_clone_unit(copy, to_cst_disk(from->dev),
					       to_cst_disk(to->dev));
	return CST_OK;
}

static struct cst_itl *cst_copy_side(struct cst_copy *copy, bool write)
{
	u16 id = write ? copy->segment.destination : copy->segment.source;

	return id == CST_CSCD_SELF ? copy->cmd->itl : copy->units[id];
}

/* --- the end --- */

static void cst_copy_free(struct cst_copy *copy)
{
	cst_copy_put_units(copy);
	kvfree(copy);
}

/* The segment number, and the number of blocks that are missing (SPC-4 5.17.7.4). */
static void cst_copy_tell_segment(struct cst_copy *copy)
{
	struct cst_sense_detail *detail = &copy->cmd->detail;

	detail->specific = copy->number;
	detail->specific_valid = true;
	if (copy->left < copy->segment.blocks) {
		/* What was copied backwards does not begin at the segment's beginning. */
		detail->info = copy->backwards ? copy->segment.blocks : copy->left;
		detail->info_valid = true;
	}
}

/* End the copy.  Return: @reason. */
static cst_sense_t cst_copy_finish(struct cst_copy *copy, cst_sense_t reason)
{
	struct cst_cmd *cmd = copy->cmd;
	u8 sense[CST_SENSE_SIZE];

	if (reason) {
		cst_copy_tell_segment(copy);
		cst_sense_build(sense, sizeof(sense), false, cmd->type->peripheral, reason,
				&cmd->detail);
		cst_copy_end(cmd->itl, copy->status, SAM_STAT_CHECK_CONDITION, sense,
			     sizeof(sense));
	} else {
		cst_copy_end(cmd->itl, copy->status, SAM_STAT_GOOD, NULL, 0);
	}
	cst_copy_free(copy);
	return reason;
}

/* A command of the nexus was aborted. */
static void cst_copy_give_up(struct cst_cmd *cmd)
{
	struct cst_copy *copy = *cst_copy_of(cmd);

	cst_copy_end(cmd->itl, copy->status, SAM_STAT_TASK_ABORTED, NULL, 0);
	cst_copy_free(copy);
}

/* --- a WRITE without data --- */

/* The source, @itl, stays enabled, and other commands are kept from the blocks. */
static cst_sense_t cst_copy_clone_held(struct cst_copy *copy, struct cst_cmd *cmd,
				       const struct cst_itl *itl, u8 flags)
{
	const struct cst_copy_segment *segment = &copy->segment;
	u64 lba = segment->source_lba + (cmd->lba - segment->destination_lba);
	unsigned int shift = to_cst_disk(cmd->dev)->block_shift;
	struct cst_device *from = itl->dev;
	int error;

	/* Pairs with the smp_wmb() of cst_device_enable(): gate_seq is that new. */
	smp_rmb();
	if (copy->source_seq != atomic_long_read(&from->gate_seq) ||
	    to_cst_disk(from)->block_shift != shift ||
	    !cst_copy_in_range(itl, lba, cmd->nblocks))
		return CST_SENSE(INVALID_OPERATION_FOR_COPY);
	error = from->ops->block->copy(cmd->dev, cmd->lba << shift, from,
				       lba << shift, cmd->nblocks << shift, flags & CST_IO_FUA);
	if (error)
		return CST_SENSE(INVALID_OPERATION_FOR_COPY);
	cmd->data_len = cmd->nblocks << shift;
	return CST_OK;
}

/* cst_inner.instead: after sense, the blocks have to be copied in another way. */
static cst_sense_t cst_copy_clone(struct cst_cmd *cmd)
{
	struct cst_copy *copy = container_of(cmd, struct cst_copy, inner.cmd);
	struct cst_itl *itl = cst_copy_side(copy, false);
	struct cst_device *from = itl->dev;
	cst_sense_t reason;
	u8 flags = 0;

	if (!cst_cmd_may_sleep(cmd))
		return CST_WOULD_BLOCK;
	reason = cst_sbc_write_flags(cmd, &flags) ?: cst_range_enter(cmd);
	if (reason)
		return reason;
	if (!percpu_ref_tryget_live(&from->io_ref))
		return cst_device_not_ready(from);
	reason = cst_copy_clone_held(copy, cmd, itl, flags);
	percpu_ref_put(&from->io_ref);
	return reason;
}

/* --- the steps --- */

static cst_sense_t cst_copy_step(struct cst_cmd *cmd);
static cst_sense_t cst_copy_after_read(struct cst_cmd *cmd);
static cst_sense_t cst_copy_after_write(struct cst_cmd *cmd);

static void cst_copy_read_done(struct cst_inner *inner)
{
	cst_cmd_continue(container_of(inner, struct cst_copy, inner)->cmd, cst_copy_after_read);
}

static void cst_copy_write_done(struct cst_inner *inner)
{
	cst_cmd_continue(container_of(inner, struct cst_copy, inner)->cmd, cst_copy_after_write);
}

/* The CSCD of the present inner command has failed. */
static cst_sense_t cst_copy_failed(struct cst_copy *copy, bool write, cst_sense_t reason)
{
	u16 id = write ? copy->segment.destination : copy->segment.source;

	if (id != CST_CSCD_SELF)
		cst_copy_point(copy, cst_copy_cscd_at(id));
	return cst_copy_finish(copy, reason);
}

static cst_sense_t cst_copy_submit(struct cst_copy *copy, bool write)
{
	if (!cst_inner_submit(&copy->inner))
		return cst_copy_failed(copy, write, CST_SENSE(COPY_TARGET_DEVICE_NOT_REACHABLE));
	/* The copy may have gone on in another worker, and may have ended. */
	return CST_PENDING;
}

/*
 * Send READ(16) or WRITE(16) for the present step.  Return: CST_PENDING, or the reason for
 * which the copy has ended.
 */
static cst_sense_t cst_copy_send(struct cst_copy *copy, bool write)
{
	struct cst_copy_segment *segment = &copy->segment;
	u32 at = copy->backwards ? copy->left - copy->step : segment->blocks - copy->left;
	u16 id = write ? segment->destination : segment->source;
	struct cst_itl *itl = cst_copy_side(copy, write);
	struct cst_cmd *cmd = &copy->inner.cmd;
	unsigned long seq = cmd->gate_seq;

	cst_inner_init(&copy->inner, itl, write ? cst_copy_write_done : cst_copy_read_done);
	cmd->gate_seq = id == CST_CSCD_SELF ? copy->cmd->gate_seq : copy->seqs[id];
	/* The unit may have been enabled anew with other blocks. */
	if (READ_ONCE(to_cst_disk(itl->dev)->block_size) != 1U << copy->shift)
		return cst_copy_failed(copy, write, CST_SENSE(INVALID_OPERATION_FOR_COPY));
	cmd->cdb_len = 16;
	cmd->cdb[0] = write ? WRITE_16 : READ_16;
	put_unaligned_be64((write ? segment->destination_lba : segment->source_lba) + at,
			   cmd->cdb + 2);
	put_unaligned_be32(copy->step, cmd->cdb + 10);
	if (copy->cloning) {
		if (write) {
			copy->inner.instead = cst_copy_clone;
			/* That of the READ before */
			copy->source_seq = seq;
		}
		return cst_copy_submit(copy, write);
	}
	cmd->exp_dir = write ? DMA_TO_DEVICE : DMA_FROM_DEVICE;
	cmd->exp_len = copy->step << copy->shift;
	cmd->bvec = copy->cmd->scratch_bvec;
	cmd->nr_bvec = copy->cmd->scratch_nr_bvec;
	return cst_copy_submit(copy, write);
}

/* How has the inner command ended? */
static cst_sense_t cst_copy_outcome(const struct cst_copy *copy)
{
	const struct cst_cmd *cmd = &copy->inner.cmd;

	if (cmd->status != SAM_STAT_GOOD)
		return CST_SENSE(THIRD_PARTY_DEVICE_FAILURE);
	if (copy->cloning && cmd->op->dir == DMA_FROM_DEVICE)
		return CST_OK;
	return cmd->data_len == copy->step << copy->shift ? CST_OK :
	       CST_SENSE(COPY_TARGET_DEVICE_DATA_UNDERRUN);
}

/* The handler cannot copy the blocks of the present step: read and write them. */
static cst_sense_t cst_copy_stop_cloning(struct cst_copy *copy)
{
	copy->no_clone = true;
	copy->clone_unit = 0;
	return cst_copy_step(copy->cmd);
}

static cst_sense_t cst_copy_after_read(struct cst_cmd *cmd)
{
	struct cst_copy *copy = *cst_copy_of(cmd);
	cst_sense_t reason = cst_copy_outcome(copy);

	if (reason && copy->cloning)
		return cst_copy_stop_cloning(copy);
	if (reason)
		return cst_copy_failed(copy, false, reason);
	cst_copy_moved(cmd->itl, copy->status, 0);
	return cst_copy_send(copy, true);
}

static cst_sense_t cst_copy_after_write(struct cst_cmd *cmd)
{
	struct cst_copy *copy = *cst_copy_of(cmd);
	cst_sense_t reason = cst_copy_outcome(copy);

	if (reason && copy->cloning)
		return cst_copy_stop_cloning(copy);
	if (reason)
		return cst_copy_failed(copy, true, reason);
	cst_copy_moved(cmd->itl, copy->status, copy->step << copy->shift);
	copy->left -= copy->step;
	return cst_copy_step(cmd);
}

/*
 * How many blocks are next, and is the handler to copy them?  What lies in front of the first
 * whole unit is read and written, and so is what lies behind the last one.
 */
static void cst_copy_size_step(struct cst_copy *copy)
{
	u64 at = copy->segment.source_lba + copy->segment.blocks - copy->left;
	u32 unit = copy->clone_unit, front, most;

	copy->cloning = false;
	copy->step = min(copy->left, cst_copy_room(copy->cmd) >> copy->shift);
	if (!unit)
		return;
	front = -at & (unit - 1);
	if (copy->left < front + unit)
		return;
	if (front) {
		copy->step = min(copy->step, front);
	} else {
		most = max(CST_CLONE_STEP >> copy->shift, unit);
		copy->step = min(round_down(copy->left, unit), most);
		copy->cloning = true;
	}
}

static cst_sense_t cst_copy_step(struct cst_cmd *cmd)
{
	struct cst_copy *copy = *cst_copy_of(cmd);
	cst_sense_t reason;

	for (;;) {
		if (!cst_copy_at(cmd->itl, copy->status, copy->number))
			return cst_copy_finish(copy, CST_SENSE(COPY_CLEARED_BY_DEVICE_SERVER));
		if (copy->left)
			break;
		if (copy->number + 1 == copy->list.nr_segments)
			return cst_copy_finish(copy, CST_OK);
		copy->number++;
		reason = cst_copy_take_segment(copy);
		if (reason)
			return cst_copy_finish(copy, reason);
	}
	cst_copy_size_step(copy);
	return cst_copy_send(copy, false);
}

/* --- the beginning --- */

/* Look at every segment before the first one is copied. */
static cst_sense_t cst_copy_check_all(struct cst_copy *copy)
{
	const u8 *descriptor;
	cst_sense_t reason;
	u64 total = 0;

	copy->next = copy->list.segments;
	for (copy->number = 0; copy->number < copy->list.nr_segments; copy->number++) {
		descriptor = copy->next;
		reason = cst_copy_take_segment(copy);
		if (!reason) {
			total += cst_copy_segment_bytes(copy);
			if (total > CST_COPY_MAX_BYTES)
				reason = cst_copy_too_long(copy, descriptor);
		}
		if (reason) {
			copy->left = copy->segment.blocks;
			cst_copy_tell_segment(copy);
			return reason;
		}
	}
	return CST_OK;
}

static cst_sense_t cst_copy_start(struct cst_copy *copy)
{
	struct cst_cmd *cmd = copy->cmd;
	cst_sense_t reason;

	reason = cst_copy_list_parse(copy->raw, cmd->data_len, cmd->op->service_action,
				     &copy->list, &cmd->detail);
	if (reason || !copy->list.nr_segments)
		return reason;
	cst_copy_find_units(copy);
	reason = cst_copy_check_all(copy);
	if (reason)
		return reason;
	if (!cst_buffer_alloc_scratch(cmd, cst_copy_room(cmd)))
		return CST_TASK_SET_FULL;
	return cst_copy_begin(cmd->itl, &copy->list, cmd->op->service_action, &copy->status);
}

static cst_sense_t cst_extended_copy(struct cst_cmd *cmd)
{
	struct cst_copy *copy;
	cst_sense_t reason;

	if (!cmd->cdb_xfer_len)
		return CST_OK;
	if (cmd->data_len != cmd->cdb_xfer_len)
		return CST_SENSE(INVALID_FIELD_IN_COMMAND_IU);
	copy = kvzalloc(struct_size(copy, raw, cmd->data_len), GFP_KERNEL);
	if (!copy)
		return CST_TASK_SET_FULL;
	copy->cmd = cmd;
	cst_bvec_read(copy->raw, cmd->bvec, 0, cmd->data_len);
	reason = cst_copy_start(copy);
	if (reason || !copy->status) {
		cst_copy_free(copy);
		/* The initiator may take long to read the response. */
		cst_buffer_free_scratch(cmd);
		return reason;
	}
	*cst_copy_of(cmd) = copy;
	copy->next = copy->list.segments;
	copy->number = 0;
	reason = cst_copy_take_segment(copy);
	return reason ? cst_copy_finish(copy, reason) : cst_copy_step(cmd);
}

/* PARAMETER LIST LENGTH: no longer than the header, all descriptors and nothing else. */
static cst_sense_t cst_parse_extended_copy(struct cst_cmd *cmd)
{
	if (cmd->cdb_xfer_len > CST_COPY_HEADER_LID4 + CST_COPY_LIST_MAX)
		return CST_SENSE(PARAMETER_LIST_LENGTH_ERROR);
	return CST_OK;
}

#define CST_COPY_TIMEOUT	600	/* seconds; CST_COPY_MAX_BYTES take 205 at 5 MB/s */

#define CST_COPY_OP(_action, _name)					\
	{								\
		CST_CDB_SA(16, EXTENDED_COPY, _action, 0, 0, 0, 0, 0, 0, 0, 0, \
			   0xff, 0xff, 0xff, 0xff),			\
		.name		= _name,				\
		.dir		= DMA_TO_DEVICE,			\
		.format		= CST_CDB_ALLOC32_10,			\
		.flags		= CST_OP_ACTION | CST_OP_SLEEPS,	\
		.resv		= CST_RESV_WRITE,			\
		.timeout	= CST_COPY_TIMEOUT,			\
		.parse		= cst_parse_extended_copy,		\
		.execute	= cst_extended_copy,			\
		.give_up	= cst_copy_give_up,			\
	}

const struct cst_op cst_copy_ops[] = {
	CST_COPY_OP(CST_COPY_LID1, "EXTENDED COPY(LID1)"),
	CST_COPY_OP(CST_COPY_LID4, "EXTENDED COPY(LID4)"),
	{}
};
