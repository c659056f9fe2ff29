/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Third-party copy (SPC-4 5.17): what the files of this folder share, and the tables that the
 * disk lists.
 */
#ifndef _CST_COPY_H
#define _CST_COPY_H

#include <linux/list.h>
#include <linux/spinlock.h>
#include <scsi/scsi_proto.h>

#include <cst/disk.h>

#include "../../core/cdb.h"
#include "../../core/core.h"

/* Limits that RECEIVE COPY OPERATING PARAMETERS and VPD page 8Fh publish */
#define CST_COPY_MAX_CSCDS	16
#define CST_COPY_MAX_SEGMENTS	255
#define CST_COPY_MAX_SEGMENT	(256U << 20)	/* bytes; ESXi's largest have 240 MiB */
#define CST_COPY_MAX_RUNNING	16	/* of one nexus at a time */
#define CST_COPY_LIST_MAX	(CST_COPY_MAX_CSCDS * CST_CSCD_SIZE + \
				 CST_COPY_MAX_SEGMENTS * CST_SEGMENT_MAX)

/*
 * Bytes of all segments of a command.  A command that comes behind an ORDERED one waits until
 * the copy has ended, so a copy may not take hours: 1 GiB takes 205 s at 5 MB/s.  No field of
 * the standard publishes this limit.
 */
#define CST_COPY_MAX_BYTES	(1024U << 20)

#define CST_COPY_KEPT		16	/* ended copies of one nexus whose status is kept */

/* Service actions of THIRD-PARTY COPY OUT */
#define CST_COPY_LID1		0x00
#define CST_COPY_LID4		0x01
#define CST_COPY_ABORT		0x1c

/* DESCRIPTOR TYPE CODE */
#define CST_SEGMENT_BLOCKS	0x02	/* block device to block device */
#define CST_SEGMENT_BYTES	0x0a	/* the same, with offsets in bytes */
#define CST_CSCD_IDENTIFICATION	0xe4

#define CST_CSCD_SIZE		32
#define CST_SEGMENT_MAX		32	/* bytes of a segment descriptor */
#define CST_COPY_HEADER_LID1	16	/* bytes in front of the descriptors */
#define CST_COPY_HEADER_LID4	48

/* CSCD DESCRIPTOR ID of the logical unit that executes the command */
#define CST_CSCD_SELF		0xffff

/* --- list.c: the parameter list; pure --- */

/**
 * struct cst_copy_list - the parameter list of EXTENDED COPY
 * @id: LIST IDENTIFIER
 * @listed: the copy can be asked for by @id: LIST ID USAGE is not 11b
 * @first_cscd: the first CSCD DESCRIPTOR ID of a descriptor: 1 when the header takes the
 *	place of descriptor 0
 * @end_cscd: one more than the last of them
 * @nr_segments: number of segment descriptors
 * @cscds: where descriptor 0 would be, in the list
 * @segments: the first segment descriptor
 */
struct cst_copy_list {
	u32		id;
	bool		listed;
	u16		first_cscd;
	u16		end_cscd;
	u16		nr_segments;
	const u8	*cscds;
	const u8	*segments;
};

/**
 * struct cst_copy_segment - a segment descriptor
 * @source, @destination: CSCD DESCRIPTOR IDs
 * @source_lba, @destination_lba: first blocks
 * @source_offset, @destination_offset: bytes of these blocks that are skipped
 * @blocks: blocks to copy; 0 when @bytes says it
 * @bytes: bytes to copy; 0 when @blocks says it
 */
struct cst_copy_segment {
	u16	source;
	u16	destination;
	u16	source_offset;
	u16	destination_offset;
	u32	blocks;
	u32	bytes;
	u64	source_lba;
	u64	destination_lba;
};

/*
 * Check a parameter list of @len bytes as a whole, but for what the CSCDs are.  Return:
 * CST_OK, or sense with the field pointer in @detail.  @list points into @buf.
 */
cst_sense_t cst_copy_list_parse(const u8 *buf, u32 len, u8 service_action,
				struct cst_copy_list *list,
				struct cst_sense_detail *detail);
/* Decode a descriptor that cst_copy_list_parse() has checked.  Return: the next one. */
const u8 *cst_copy_segment_get(const u8 *descriptor, struct cst_copy_segment *segment);

/* --- status.c: what a nexus can be told of its copies --- */

/**
 * struct cst_copy_status - a copy that runs or has ended
 * @node: in the list of the nexus
 * @id: LIST IDENTIFIER
 * @listed: @id is valid
 * @running: has not ended
 * @cleared: COPY OPERATION ABORT has asked for its end
 * @service_action: of the command
 * @status: SAM-5 5.3.1, when it has ended
 * @sense_len: bytes of @sense
 * @sense: with CHECK CONDITION
 * @segments: number of segments that were processed, the current one included
 * @commands: number of inner commands that have ended well; wraps
 * @bytes: bytes written
 *
 * The lock of the nexus' copies protects all members.
 */
struct cst_copy_status {
	struct list_head	node;
	u32			id;
	bool			listed;
	bool			running;
	bool			cleared;
	u8			service_action;
	u8			status;
	u8			sense_len;
	u8			sense[CST_SENSE_SIZE];
	u16			segments;
	u16			commands;
	u64			bytes;
};

/*
 * Begin a copy of a nexus.  Context: process, may sleep for memory.  Return: CST_OK with *ret
 * set; OPERATION IN PROGRESS when another one with the same identifier runs; CST_TASK_SET_FULL
 * at the limit, or without memory.
 */
cst_sense_t cst_copy_begin(struct cst_itl *itl, const struct cst_copy_list *list,
			   u8 service_action, struct cst_copy_status **ret);
/* The copy is at segment number @segment.  Return: false when it has to end. */
bool cst_copy_at(struct cst_itl *itl, struct cst_copy_status *status, u16 segment);
/* An inner command has ended well; @bytes have been written by it. */
void cst_copy_moved(struct cst_itl *itl, struct cst_copy_status *status, u32 bytes);
/* The copy has ended; @status belongs to the nexus from now on.  @sense: NULL without. */
void cst_copy_end(struct cst_itl *itl, struct cst_copy_status *status, u8 sam_status,
		  const u8 *sense, u8 sense_len);
/* For cst_dev_type.itl_exit. */
void cst_copy_itl_exit(struct cst_itl *itl);
extern const struct cst_op cst_copy_status_ops[];

/* --- extended_copy.c --- */
extern const struct cst_op cst_copy_ops[];

/* --- limits.c --- */
extern const struct cst_op cst_copy_limits_ops[];
extern const struct cst_vpd_page cst_copy_vpd_pages[];

#endif /* _CST_COPY_H */
