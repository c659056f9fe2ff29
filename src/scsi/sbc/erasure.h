/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * FORMAT UNIT and SANITIZE write the whole medium; both do it by what is declared here.
 */
#ifndef _CST_ERASURE_H
#define _CST_ERASURE_H

#include "sbc.h"

#define CST_ERASURE_PATTERN	4096	/* bytes of the longest pattern: the largest block */
#define CST_ERASURE_TIMEOUT	43200	/* seconds: a large disk takes hours */

/**
 * struct cst_erasure_plan - how the medium is to be written
 * @overwrite: with the pattern; else its blocks become zeroes, and are unmapped on a thin disk
 * @invert: the pattern is inverted from one pass to the next, so that the last pass writes it
 *	as it is
 * @restricted: as in struct cst_erasure
 * @passes: 1 to 31
 * @pattern_len: with @overwrite: 1 to CST_ERASURE_PATTERN
 * @pattern: with @overwrite: repeated from the first byte of each block on
 */
struct cst_erasure_plan {
	bool	overwrite;
	bool	invert;
	bool	restricted;
	u8	passes;
	u16	pattern_len;
	u8	pattern[CST_ERASURE_PATTERN];
};

/*
 * Make a plan of zeroes in one pass, for cst_erasure_begin().  Context: process.  Return: NULL
 * without memory.
 */
struct cst_erasure_run *cst_erasure_make(struct cst_disk *disk);
struct cst_erasure_plan *cst_erasure_plan(struct cst_erasure_run *run);
void cst_erasure_drop(struct cst_erasure_run *run);

/**
 * cst_erasure_begin() - write the whole medium by a plan
 * @cmd: FORMAT UNIT or SANITIZE, in a worker; its row has cst_erasure_give_up()
 * @run: made by cst_erasure_make(); belongs to this function from now on
 * @state: CST_ERASURE_FORMATS or CST_ERASURE_SANITIZES
 * @immed: the command ends when this has begun, else when it has ended
 *
 * Other commands are refused from now on.  When the writes under way have ended, and the store
 * knows what is going to happen, the medium is written.
 *
 * Return: CST_PENDING, or the reason why nothing has begun.
 */
cst_sense_t cst_erasure_begin(struct cst_cmd *cmd, struct cst_erasure_run *run,
			      enum cst_erasure_state state, bool immed);
void cst_erasure_give_up(struct cst_cmd *cmd);	/* cst_op.give_up */

/*
 * EXIT FAILURE MODE: the medium may be used although a SANITIZE has failed.  @cmd goes on where
 * it may wait for the store.  Return: CST_PENDING, or CST_OK when there is no failure.
 */
cst_sense_t cst_erasure_exit_failure(struct cst_cmd *cmd);

#define CST_ERASURE_CLAIMED	1	/* cst_cmd.step of the command that does it */

static inline bool cst_erasure_is_under_way(u8 state)
{
	return state == CST_ERASURE_FORMATS || state == CST_ERASURE_SANITIZES;
}

static inline u64 cst_erasure_size(const struct cst_disk *disk)
{
	return cst_disk_nblocks(disk) << disk->block_shift;
}

/* PROGRESS INDICATION.  Pure. */
u16 cst_erasure_progress(u8 pass, u8 passes, u64 pos, u64 size);
/* Is the pattern inverted in this pass, of which the first is 0?  Pure. */
bool cst_erasure_inverts(const struct cst_erasure_plan *plan, u8 pass);

/* For cst_disk_type. */
/*
 * Read from the store what was not done to its end.  obj.lock held, the device is being
 * enabled.  Return: 0, or an errno with last_error said.
 */
int cst_erasure_load(struct cst_disk *disk);
void cst_erasure_opened(struct cst_device *dev);	/* cst_dev_type.opened */
void cst_erasure_closed(struct cst_device *dev);	/* cst_dev_type.closed */
cst_sense_t cst_erasure_unfit(const struct cst_device *dev, const struct cst_cmd *cmd,
			      struct cst_sense_detail *detail);

/* For attributes.  Any context. */
const char *cst_erasure_name(const struct cst_disk *disk);
unsigned int cst_erasure_percent(const struct cst_disk *disk);

/* Does the disk have BLOCK ERASE?  Where it makes zeroes without being sent them. */
static inline bool cst_erasure_can_erase(const struct cst_disk *disk)
{
	return disk->can_zero || cst_sbc_thin_zeroes(disk);
}

#endif /* _CST_ERASURE_H */
