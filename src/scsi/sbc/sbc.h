/* SPDX-License-Identifier: GPL-2.0-only */
/* What the files of the block commands share, and the tables that disk.c lists. */
#ifndef _CST_SBC_H
#define _CST_SBC_H

#include <linux/dma-direction.h>
#include <linux/minmax.h>
#include <scsi/scsi_proto.h>

#include <cst/disk.h>

#include "../../core/cdb.h"
#include "../../core/core.h"

/* Byte 1 of READ, WRITE and VERIFY with 10, 12 and 16 bytes, byte 10 of those with 32 */
#define CST_CDB_BYTCHK		0x06
#define CST_CDB_FUA		0x08
#define CST_CDB_DPO		0x10

#define CST_SBC_TIMEOUT		60	/* cst_op.timeout where the backing is used */

/* The part of a usage map that has LBA and length; it begins with byte 2 of the CDB. */
#define CST_USAGE_RW10		0xff, 0xff, 0xff, 0xff, 0, 0xff, 0xff
#define CST_USAGE_RW12		0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff
#define CST_USAGE_RW16		0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, \
				0xff, 0xff, 0xff, 0xff
/*
 * From byte 11 on.  Bytes 20 to 27 are expected tags of protection information.  Without
 * protection information they are ignored, so any value is allowed.
 */
#define CST_USAGE_RW32		0, CST_USAGE_RW12, CST_USAGE_RW16

/*
 * The number of the byte that has DPO, FUA and BYTCHK.  A CDB of six bytes has none of them.
 */
static inline unsigned int cst_sbc_flags_byte(const struct cst_cmd *cmd)
{
	return cmd->op->cdb_len == CST_CDB_MAX ? 10 : 1;
}

#define CST_SANITIZE		0x48	/* no kernel has its operation code */

/* cache.c */
extern const struct cst_op cst_sbc_cache_ops[];
/*
 * Make the blocks that cmd->lba and cmd->nblocks name durable; with nblocks 0, the whole
 * medium.  With nv_cache nothing is flushed.  Returns what cst_op.execute returns.
 */
cst_sense_t cst_sbc_flush(struct cst_cmd *cmd);
/* Flush these blocks, with nv_cache as well, and call @done at the end of the I/O. */
cst_sense_t cst_sbc_flush_then(struct cst_cmd *cmd,
			       void (*done)(struct cst_io *io, int error));
cst_sense_t cst_sbc_vouched(struct cst_disk *disk);

/* capacity.c */
extern const struct cst_op cst_sbc_capacity_ops[];
/* compare_write.c */
extern const struct cst_op cst_sbc_compare_write_ops[];
/* MAXIMUM COMPARE AND WRITE LENGTH in blocks; the data-out is twice as long. */
static inline u32 cst_sbc_max_compare_write(const struct cst_cmd *cmd)
{
	return min_t(u32, cmd->sess->max_xfer / 2 / to_cst_disk(cmd->dev)->block_size, 255);
}

/* disk.c */
static inline bool cst_sbc_thin(const struct cst_disk *disk)
{
	return READ_ONCE(disk->thin);
}

/* LBPRZ: unmapped blocks read as zeroes. */
static inline bool cst_sbc_thin_zeroes(const struct cst_disk *disk)
{
	return cst_sbc_thin(disk) && disk->unmap_zeroes;
}

void cst_disk_stop_thin(struct cst_disk *disk);
/* format.c */
extern const struct cst_op cst_sbc_format_ops[];
/* lba_status.c */
extern const struct cst_op cst_sbc_lba_status_ops[];
/* log.c */
extern const struct cst_log_page cst_sbc_log_pages[];
/* mode.c */
extern const struct cst_mode_page cst_sbc_mode_pages[];
unsigned int cst_sbc_mode_block(const struct cst_cmd *cmd, bool long_lba, u8 *p);
int cst_sbc_mode_block_bad(const struct cst_cmd *cmd, bool long_lba, const u8 *p);
/* defects.c */
extern const struct cst_op cst_sbc_defects_ops[];
/* orwrite.c */
extern const struct cst_op cst_sbc_orwrite_ops[];
/* prefetch.c */
/* MAXIMUM PREFETCH LENGTH of VPD page B0h */
u32 cst_sbc_max_prefetch(const struct cst_cmd *cmd);
extern const struct cst_op cst_sbc_prefetch_ops[];
/* space.c: pages about the space left, of mode.c, log.c and vpd.c */
bool cst_space_exists(const struct cst_device *dev);
/* THRESHOLD EXPONENT: a threshold set has 2 to this power blocks; 0: there are no pages */
u8 cst_space_exponent(const struct cst_disk *disk);
void cst_space_check(struct cst_disk *disk);
void cst_space_lbpere_mask(const struct cst_device *dev, u8 *page);
void cst_space_lbpere_get(const struct cst_device *dev, u8 *page);
void cst_space_lbpere_set(struct cst_device *dev, const u8 *page);
void cst_space_mode(const struct cst_device *dev, u8 *page);
void cst_space_mode_mask(const struct cst_device *dev, u8 *page);
void cst_space_mode_get(const struct cst_device *dev, u8 *page);
void cst_space_mode_set(struct cst_device *dev, const u8 *page);
u8 *cst_space_log(const struct cst_device *dev, const struct cst_log_counts *counts, u8 *p);
/* sanitize.c */
extern const struct cst_op cst_sbc_sanitize_ops[];
/* start_stop.c */
extern const struct cst_op cst_sbc_start_stop_ops[];
/* unmap.c */
extern const struct cst_op cst_sbc_unmap_ops[];
#define CST_UNMAP_MAX_DESCRIPTORS	255	/* the list fits into a page */
/* MAXIMUM UNMAP LBA COUNT in blocks, of all descriptors together: up to 1 GiB */
static inline u32 cst_sbc_max_unmap(const struct cst_disk *disk)
{
	return min((1U << 30) / disk->block_size, 1U << 20);
}

/* vpd.c */
extern const struct cst_vpd_page cst_sbc_vpd_pages[];
/* verify.c */
extern const struct cst_op cst_sbc_verify_ops[];
/*
 * Read @len bytes from cmd->lba on, and compare them with the data-out if BYTCHK of the CDB
 * asks for that.  Ends the command, or returns what cst_op.execute returns.
 */
cst_sense_t cst_sbc_verify_blocks(struct cst_cmd *cmd, u32 len);
/* write_atomic.c */
extern const struct cst_op cst_sbc_write_atomic_ops[];
/* MAXIMUM ATOMIC TRANSFER LENGTH in blocks; 0: there is no WRITE ATOMIC */
u32 cst_sbc_max_atomic(const struct cst_cmd *cmd);
/* write_verify.c */
extern const struct cst_op cst_sbc_write_verify_ops[];

/* write_same.c */
extern const struct cst_op cst_sbc_write_same_ops[];
/* MAXIMUM WRITE SAME LENGTH in blocks: 64 MiB, which take 13 s at 5 MB/s */
static inline u32 cst_sbc_max_write_same(const struct cst_disk *disk)
{
	return (64U << 20) / disk->block_size;
}

/* rw.c */
extern const struct cst_op cst_sbc_rw_ops[];
/*
 * A cst_op.parse: refuse more blocks than one command may name, and set cdb_xfer_len to
 * the bytes of the blocks.
 */
cst_sense_t cst_sbc_check_blocks(struct cst_cmd *cmd);
/* cst_dev_type.probe */
cst_sense_t cst_sbc_probe(struct cst_cmd *cmd, bool last,
			  void (*done)(struct cst_io *io, int error));
/* Refuse the number of blocks, with the field pointer at it. */
cst_sense_t cst_sbc_wrong_length(struct cst_cmd *cmd);
/*
 * Change @flags, those of the CDB, to the CST_IO_* flags that the write needs:
 * without a write cache, or for an initiator that knows of none, FUA is set; nv_cache clears
 * it.  Fails when cst_sbc_vouched() does.
 */
cst_sense_t cst_sbc_write_flags(const struct cst_cmd *cmd, u8 *flags);
/*
 * Sense for a failed I/O.  INFORMATION names the block only if the command has a single
 * one: a handler does not say where a longer I/O has failed.
 */
cst_sense_t cst_sbc_io_sense(struct cst_cmd *cmd, int error, bool write);

/*
 * Does [lba, lba + nblocks) lie on the medium?  An empty range may begin at the very end
 * of the medium (SBC-4 4.5: the sum must not exceed the capacity).  Call this when the
 * command executes: the capacity may have changed since the command arrived.
 */
static inline cst_sense_t cst_sbc_range(const struct cst_cmd *cmd)
{
	u64 size = cst_disk_nblocks(to_cst_disk(cmd->dev));

	if (unlikely(cmd->lba > size || cmd->nblocks > size - cmd->lba))
		return CST_SENSE(LBA_OUT_OF_RANGE);
	return CST_OK;
}

/* FUA and DPO of a CDB, as CST_IO_* flags; a CDB of six bytes has neither. */
static inline u8 cst_sbc_cache_flags(const struct cst_cmd *cmd)
{
	unsigned int byte = 1;
	u8 flags = 0;

	/* One comparison, because 10, 12 and 16 bytes are the rule. */
	if (unlikely(cmd->op->cdb_len - 10U > 16 - 10U)) {
		if (cmd->op->cdb_len == 6)
			return 0;
		byte = cst_sbc_flags_byte(cmd);
	}
	if (unlikely(cmd->cdb[byte] & (CST_CDB_DPO | CST_CDB_FUA))) {
		if (cmd->cdb[byte] & CST_CDB_FUA)
			flags |= CST_IO_FUA;
		if (cmd->cdb[byte] & CST_CDB_DPO)
			flags |= CST_IO_DPO;
	}
	return flags;
}

/*
 * Fill in cmd->io but for the data.  The flags are cleared: when a command is executed
 * again, those of the try before do not apply.
 */
static inline void cst_sbc_io(struct cst_cmd *cmd, u8 op, u32 len,
			      void (*done)(struct cst_io *io, int error))
{
	struct cst_io *io = &cmd->io;

	io->op = op;
	io->flags = 0;
	io->pos = cmd->lba << to_cst_disk(cmd->dev)->block_shift;
	io->len = len;
	io->bvec = NULL;
	io->nr_bvec = 0;
	io->done = done;
}

/* Start cmd->io on the scratch buffer.  Returns what cst_op.execute returns. */
static inline cst_sense_t cst_sbc_start_scratch_io(struct cst_cmd *cmd)
{
	cmd->io.bvec = cmd->scratch_bvec;
	cmd->io.nr_bvec = cmd->scratch_nr_bvec;
	return cst_cmd_start_io(cmd);
}

/*
 * End a command that has a scratch buffer.  The buffer is freed before the response: an
 * initiator that does not read its responses must not keep the memory allocated.
 */
static inline void cst_sbc_finish_scratch(struct cst_cmd *cmd, cst_sense_t reason)
{
	cst_buffer_free_scratch(cmd);
	cst_cmd_finish(cmd, reason);
}

#endif /* _CST_SBC_H */
