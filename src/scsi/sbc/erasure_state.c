// SPDX-License-Identifier: GPL-2.0-only
/*
 * What an erasure, which erasure.c does, means for others: which commands are refused, with what
 * sense and progress, and what the attributes of the disk show.
 *
 * gate.c and REQUEST SENSE call in through cst_disk_type, disk.c for the attributes.  No lock is
 * taken: state and progress are read one by one.
 */
#include <linux/math64.h>

#include "erasure.h"

/* --- progress --- */

#define CST_ERASURE_ALL	0xffff	/* PROGRESS INDICATION never says that all is done */

u16 cst_erasure_progress(u8 pass, u8 passes, u64 pos, u64 size)
{
	u64 part;

	if (!passes || pass >= passes)
		return CST_ERASURE_ALL;
	while (size >> 31) {
		size >>= 1;
		pos >>= 1;
	}
	part = size ? div_u64(min(pos, size) << 16, size) : 0;
	part = div_u64(((u64)pass << 16) + part, passes);
	return min_t(u64, part, CST_ERASURE_ALL);
}

/* --- what an administrator sees --- */

const char *cst_erasure_name(const struct cst_disk *disk)
{
	static const char *const names[] = {
		[CST_ERASURE_NONE]	= "none",
		[CST_ERASURE_FORMATS]	= "formatting",
		[CST_ERASURE_SANITIZES]	= "sanitizing",
		[CST_ERASURE_CORRUPT]	= "format-corrupted",
		[CST_ERASURE_FAILED]	= "sanitize-failed",
	};

	return names[READ_ONCE(disk->erasure.state)];
}

unsigned int cst_erasure_percent(const struct cst_disk *disk)
{
	const struct cst_erasure *e = &disk->erasure;

	if (!cst_erasure_is_under_way(READ_ONCE(e->state)))
		return 0;
	return cst_erasure_progress(READ_ONCE(e->pass), READ_ONCE(e->passes), READ_ONCE(e->pos),
				    cst_erasure_size(disk)) * 100 >> 16;
}

/* --- which commands are refused --- */

static bool cst_erasure_tells_capacity(const u8 *cdb)
{
	return cdb[0] == READ_CAPACITY ||
	       (cdb[0] == SERVICE_ACTION_IN_16 && (cdb[1] & 0x1f) == SAI_READ_CAPACITY_16);
}

/* SBC-4 4.11.2, besides the commands that are always answered */
static bool cst_erasure_sanitizing_allows(const u8 *cdb)
{
	switch (cdb[0]) {
	case MAINTENANCE_IN:
		return (cdb[1] & 0x1f) == MI_REPORT_SUPPORTED_OPERATION_CODES ||
		       (cdb[1] & 0x1f) == MI_REPORT_SUPPORTED_TASK_MANAGEMENT_FUNCTIONS;
	case MODE_SENSE:
	case MODE_SENSE_10:
		switch (cdb[2] & 0x3f) {
		case 0x08:	/* caching */
		case 0x0a:	/* control */
		case 0x18:	/* protocol specific: logical unit, port */
		case 0x19:
		case 0x1c:	/* informational exceptions */
			return true;
		}
		return false;
	default:
		return cst_erasure_tells_capacity(cdb);
	}
}

/* SBC-4 4.33.3.1: commands that do not access blocks, and those that repair the medium */
static bool cst_erasure_corrupt_allows(const struct cst_cmd *cmd)
{
	return !(cmd->op->flags & CST_OP_MEDIUM) || cmd->cdb[0] == FORMAT_UNIT ||
	       cmd->cdb[0] == CST_SANITIZE || cmd->cdb[0] == START_STOP ||
	       cst_erasure_tells_capacity(cmd->cdb);
}

static bool cst_erasure_claimed(const struct cst_cmd *cmd)
{
	return (cmd->cdb[0] == FORMAT_UNIT || cmd->cdb[0] == CST_SANITIZE) &&
	       cmd->step == CST_ERASURE_CLAIMED;
}

static bool cst_erasure_allows(u8 state, const struct cst_cmd *cmd)
{
	/* INQUIRY, REPORT LUNS and REQUEST SENSE, and the command that does it */
	if (cmd->op->flags & CST_OP_SKIP_UA || cst_erasure_claimed(cmd))
		return true;
	switch (state) {
	case CST_ERASURE_SANITIZES:
		return cst_erasure_sanitizing_allows(cmd->cdb);
	case CST_ERASURE_FAILED:
		return cmd->cdb[0] == CST_SANITIZE || cst_erasure_sanitizing_allows(cmd->cdb);
	case CST_ERASURE_CORRUPT:
		return cst_erasure_corrupt_allows(cmd);
	default:
		return state == CST_ERASURE_NONE;
	}
}

cst_sense_t cst_erasure_unfit(const struct cst_device *dev, const struct cst_cmd *cmd,
			      struct cst_sense_detail *detail)
{
	const struct cst_disk *disk = container_of(dev, struct cst_disk, dev);
	const struct cst_erasure *e = &disk->erasure;
	u8 state = READ_ONCE(e->state);

	if (cmd && cst_erasure_allows(state, cmd))
		return CST_OK;
	switch (state) {
	case CST_ERASURE_FORMATS:
	case CST_ERASURE_SANITIZES:
		detail->progress = cst_erasure_progress(READ_ONCE(e->pass),
							READ_ONCE(e->passes),
							READ_ONCE(e->pos),
							cst_erasure_size(disk));
		detail->progress_valid = true;
		return state == CST_ERASURE_FORMATS ? CST_SENSE(FORMAT_IN_PROGRESS) :
						      CST_SENSE(SANITIZE_IN_PROGRESS);
	case CST_ERASURE_CORRUPT:
		return CST_SENSE(MEDIUM_FORMAT_CORRUPTED);
	case CST_ERASURE_FAILED:
		return CST_SENSE(SANITIZE_COMMAND_FAILED);
	default:
		return CST_OK;
	}
}
