// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a nexus can be told of its third-party copies, and how it ends one: RECEIVE COPY
 * STATUS, RECEIVE COPY FAILURE DETAILS, RECEIVE COPY DATA and COPY OPERATION ABORT (SPC-4 6.3
 * and 6.20 to 6.25).
 *
 * extended_copy.c tells how a copy goes on; exec.c calls the commands.  A nexus has a list of
 * its copies, which is made with the first copy, and freed with the nexus.  The list's lock
 * protects the copies on it.  A copy that runs stays on the list; of those that have ended
 * the last CST_COPY_KEPT stay, for commands that ask.
 */
#include <linux/slab.h>
#include <linux/unaligned.h>

#include "copy.h"

struct cst_copies {
	spinlock_t		lock;	/* protects all members, and the copies */
	struct list_head	list;	/* struct cst_copy_status.node, the newest first */
	unsigned int		running;
	unsigned int		ended;
};

static void cst_copy_forget(struct cst_copies *copies, struct cst_copy_status *status)
{
	list_del(&status->node);
	copies->ended--;
	kfree(status);
}

/*
 * Forget one that has ended if there are too many of these.  One that runs may be further
 * behind in the list, and stays.  The caller holds the lock.
 */
static void cst_copy_forget_oldest(struct cst_copies *copies)
{
	struct cst_copy_status *status, *oldest = NULL;

	if (copies->ended <= CST_COPY_KEPT)
		return;
	list_for_each_entry(status, &copies->list, node)
		if (!status->running)
			oldest = status;
	cst_copy_forget(copies, oldest);
}

/* The caller holds the lock. */
static struct cst_copy_status *cst_copy_find(struct cst_copies *copies, u32 id)
{
	struct cst_copy_status *status;

	list_for_each_entry(status, &copies->list, node)
		if (status->listed && status->id == id)
			return status;
	return NULL;
}

/* The copies of a nexus; NULL without memory.  Two commands may come here at a time. */
static struct cst_copies *cst_copies_get(struct cst_itl *itl)
{
	struct cst_copies *copies = READ_ONCE(itl->copies), *other;

	if (copies)
		return copies;
	copies = kzalloc(sizeof(*copies), GFP_NOIO);
	if (!copies)
		return NULL;
	spin_lock_init(&copies->lock);
	INIT_LIST_HEAD(&copies->list);
	other = cmpxchg(&itl->copies, NULL, copies);
	if (other) {
		kfree(copies);
		return other;
	}
	return copies;
}

void cst_copy_itl_exit(struct cst_itl *itl)
{
	struct cst_copy_status *status, *next;

	if (!itl->copies)
		return;
	list_for_each_entry_safe(status, next, &itl->copies->list, node)
		cst_copy_forget(itl->copies, status);
	kfree(itl->copies);
}

static cst_sense_t cst_copy_add(struct cst_copies *copies, struct cst_copy_status *status)
{
	struct cst_copy_status *same = status->listed ?
				       cst_copy_find(copies, status->id) : NULL;

	if (same && same->running)
		return CST_SENSE(OPERATION_IN_PROGRESS);
	if (copies->running == CST_COPY_MAX_RUNNING)
		return CST_TASK_SET_FULL;
	if (same)
		cst_copy_forget(copies, same);
	list_add(&status->node, &copies->list);
	copies->running++;
	return CST_OK;
}

cst_sense_t cst_copy_begin(struct cst_itl *itl, const struct cst_copy_list *list,
			   u8 service_action, struct cst_copy_status **ret)
{
	struct cst_copies *copies = cst_copies_get(itl);
	struct cst_copy_status *status;
	cst_sense_t reason;

	status = copies ? kzalloc(sizeof(*status), GFP_NOIO) : NULL;
	if (!status)
		return CST_TASK_SET_FULL;
	status->id = list->id;
	status->listed = list->listed;
	status->service_action = service_action;
	status->running = true;
	spin_lock_irq(&copies->lock);
	reason = cst_copy_add(copies, status);
	spin_unlock_irq(&copies->lock);
	if (reason) {
		kfree(status);
		return reason;
	}
	*ret = status;
	return CST_OK;
}

bool cst_copy_at(struct cst_itl *itl, struct cst_copy_status *status, u16 segment)
{
	bool go_on;

	spin_lock_irq(&itl->copies->lock);
	status->segments = segment + 1;
	go_on = !status->cleared;
	spin_unlock_irq(&itl->copies->lock);
	return go_on;
}

void cst_copy_moved(struct cst_itl *itl, struct cst_copy_status *status, u32 bytes)
{
	spin_lock_irq(&itl->copies->lock);
	status->commands++;
	status->bytes += bytes;
	spin_unlock_irq(&itl->copies->lock);
}

void cst_copy_end(struct cst_itl *itl, struct cst_copy_status *status, u8 sam_status,
		  const u8 *sense, u8 sense_len)
{
	struct cst_copies *copies = itl->copies;

	spin_lock_irq(&copies->lock);
	status->running = false;
	status->status = sam_status;
	status->sense_len = sense_len;
	if (sense_len)
		memcpy(status->sense, sense, sense_len);
	copies->running--;
	copies->ended++;
	if (!status->listed) {
		cst_copy_forget(copies, status);
	} else {
		list_move(&status->node, &copies->list);
		cst_copy_forget_oldest(copies);
	}
	spin_unlock_irq(&copies->lock);
}

/* --- the commands --- */

/* LIST IDENTIFIER of a command that asks: one byte, or four. */
static u32 cst_copy_cdb_id(const struct cst_cmd *cmd)
{
	return cmd->op->usage[3] ? get_unaligned_be32(cmd->cdb + 2) : cmd->cdb[2];
}

/*
 * Copy the status of the copy that the CDB names to *@status.  With @ended a copy that runs
 * is refused; with @forget one that has ended is forgotten.
 */
static cst_sense_t cst_copy_ask(struct cst_cmd *cmd, bool ended, bool forget,
				struct cst_copy_status *status)
{
	struct cst_copies *copies = READ_ONCE(cmd->itl->copies);
	struct cst_copy_status *found = NULL;

	if (copies) {
		spin_lock_irq(&copies->lock);
		found = cst_copy_find(copies, cst_copy_cdb_id(cmd));
		if (found && found->running && ended)
			found = NULL;
		if (found) {
			*status = *found;
			if (forget && !found->running)
				cst_copy_forget(copies, found);
		}
		spin_unlock_irq(&copies->lock);
	}
	return found ? CST_OK : cst_cdb_invalid(&cmd->detail, 2, 7);
}

/* TRANSFER COUNT UNITS and TRANSFER COUNT, of @size bytes: bytes, or KiB, or more. */
static void cst_copy_count(u64 bytes, u8 *units, u8 *count, unsigned int size)
{
	*units = 0;
	while (size == 4 && bytes > U32_MAX) {
		bytes >>= 10;
		++*units;
	}
	if (size == 4)
		put_unaligned_be32(bytes, count);
	else
		put_unaligned_be64(bytes, count);
}

/* RECEIVE COPY STATUS(LID1), SPC-4 6.25 */
static cst_sense_t cst_copy_status_lid1(struct cst_cmd *cmd)
{
	struct cst_copy_status status;
	cst_sense_t reason = cst_copy_ask(cmd, false, true, &status);
	u8 buf[12] = {};

	if (reason)
		return reason;
	put_unaligned_be32(sizeof(buf) - 4, buf);
	if (!status.running)			/* COPY COMMAND STATUS */
		buf[4] = status.status == SAM_STAT_GOOD ? 0x01 : 0x02;
	put_unaligned_be16(status.segments, buf + 5);
	cst_copy_count(status.bytes, buf + 7, buf + 8, 4);
	return cst_cmd_respond(cmd, buf, sizeof(buf));
}

/* COPY OPERATION STATUS, SPC-4 table 249 */
static u8 cst_copy_operation_status(const struct cst_copy_status *status)
{
	if (status->running)
		return 0x11;			/* in foreground */
	if (status->status == SAM_STAT_TASK_ABORTED)
		return 0x60;
	return status->status == SAM_STAT_GOOD ? 0x01 : 0x02;
}

#define CST_COPY_SHARED		32	/* bytes in front of the sense data */
/* LENGTH OF THE SENSE DATA FIELD is a multiple of four */
#define CST_COPY_SENSE_FIELD	ALIGN(CST_SENSE_SIZE, 4)

/* RECEIVE COPY STATUS(LID4), and the beginning of RECEIVE COPY DATA(LID4): SPC-4 6.24 */
static cst_sense_t cst_copy_status_lid4(struct cst_cmd *cmd)
{
	bool data = cmd->op->service_action == 0x06;
	struct cst_copy_status status;
	cst_sense_t reason = cst_copy_ask(cmd, false, false, &status);
	u8 buf[CST_COPY_SHARED + CST_COPY_SENSE_FIELD + 4] = {};
	unsigned int len = CST_COPY_SHARED;

	if (reason)
		return reason;
	buf[4] = status.service_action;
	buf[5] = cst_copy_operation_status(&status);
	put_unaligned_be16(status.commands, buf + 6);
	/* ESTIMATED STATUS UPDATE DELAY in milliseconds; none when it has ended */
	put_unaligned_be32(status.running ? 1000 : U32_MAX - 1, buf + 8);
	if (!status.running) {
		buf[12] = status.status;
		if (status.sense_len) {
			buf[13] = CST_COPY_SENSE_FIELD;
			buf[14] = status.sense_len;
			memcpy(buf + len, status.sense, status.sense_len);
			len += CST_COPY_SENSE_FIELD;
		}
	}
	cst_copy_count(status.bytes, buf + 15, buf + 16, 8);
	put_unaligned_be16(status.segments, buf + 24);
	/* HELD DATA LENGTH: no supported segment has data held. */
	if (data)
		len += 4;
	put_unaligned_be32(len - 4, buf);
	return cst_cmd_respond(cmd, buf, len);
}

/* RECEIVE COPY DATA(LID1), SPC-4 6.21: no supported segment has data held. */
static cst_sense_t cst_copy_data_lid1(struct cst_cmd *cmd)
{
	struct cst_copy_status status;
	cst_sense_t reason = cst_copy_ask(cmd, true, false, &status);
	u8 buf[4] = {};

	return reason ?: cst_cmd_respond(cmd, buf, sizeof(buf));
}

/* RECEIVE COPY FAILURE DETAILS(LID1), SPC-4 6.23 */
static cst_sense_t cst_copy_failure_details(struct cst_cmd *cmd)
{
	struct cst_copy_status status;
	cst_sense_t reason = cst_copy_ask(cmd, true, true, &status);
	u8 buf[60 + CST_SENSE_SIZE] = {};
	unsigned int len = 4;

	if (reason)
		return reason;
	if (status.status != SAM_STAT_GOOD) {
		buf[56] = status.status;
		put_unaligned_be16(status.sense_len, buf + 58);
		memcpy(buf + 60, status.sense, status.sense_len);
		len = 60 + status.sense_len;
	}
	put_unaligned_be32(len - 4, buf);
	return cst_cmd_respond(cmd, buf, len);
}

/* COPY OPERATION ABORT, SPC-4 6.3: the copy ends after its present inner command. */
static cst_sense_t cst_copy_operation_abort(struct cst_cmd *cmd)
{
	struct cst_copies *copies = READ_ONCE(cmd->itl->copies);
	struct cst_copy_status *found = NULL;

	if (copies) {
		spin_lock_irq(&copies->lock);
		found = cst_copy_find(copies, cst_copy_cdb_id(cmd));
		if (found && found->running)
			found->cleared = true;
		else
			found = NULL;
		spin_unlock_irq(&copies->lock);
	}
	return found ? CST_OK : cst_cdb_invalid(&cmd->detail, 2, 7);
}

#define CST_USAGE_LID1		0xff, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff
#define CST_USAGE_LID4		0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff

#define CST_COPY_ASKS(_action, _usage, _name, _execute)			\
	{								\
		CST_CDB_SA(16, RECEIVE_COPY_RESULTS, _action, _usage),	\
		.name		= _name,				\
		.dir		= DMA_FROM_DEVICE,			\
		.format		= CST_CDB_ALLOC32_10,			\
		.flags		= CST_OP_ACTION | CST_OP_SLEEPS,	\
		.resv		= CST_RESV_ANY,				\
		.execute	= _execute,				\
	}

const struct cst_op cst_copy_status_ops[] = {
	CST_COPY_ASKS(0x00, CST_USAGE_LID1, "RECEIVE COPY STATUS(LID1)", cst_copy_status_lid1),
	CST_COPY_ASKS(0x01, CST_USAGE_LID1, "RECEIVE COPY DATA(LID1)", cst_copy_data_lid1),
	CST_COPY_ASKS(0x04, CST_USAGE_LID1, "RECEIVE COPY FAILURE DETAILS(LID1)",
		      cst_copy_failure_details),
	CST_COPY_ASKS(0x05, CST_USAGE_LID4, "RECEIVE COPY STATUS(LID4)", cst_copy_status_lid4),
	CST_COPY_ASKS(0x06, CST_USAGE_LID4, "RECEIVE COPY DATA(LID4)", cst_copy_status_lid4),
	{
		CST_CDB_SA(16, EXTENDED_COPY, CST_COPY_ABORT, 0xff, 0xff, 0xff, 0xff),
		.name		= "COPY OPERATION ABORT",
		.dir		= DMA_NONE,
		.flags		= CST_OP_ACTION | CST_OP_SLEEPS,
		.resv		= CST_RESV_WRITE,
		.execute	= cst_copy_operation_abort,
	},
	{}
};
