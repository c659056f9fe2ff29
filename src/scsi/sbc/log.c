// SPDX-License-Identifier: GPL-2.0-only
/*
 * The log pages of a disk: SPC-4 7.3, SBC-3 6.3.
 *
 * spc/log.c calls in.  A parameter that the target does not know is left out: how often the
 * backing has corrected an error, for example.  There is no page 0Dh, because no temperature
 * is known, and no page 0Fh, because no initiator has been seen to use it.
 */
#include <linux/jiffies.h>
#include <linux/kernel.h>
#include <linux/math64.h>
#include <linux/unaligned.h>

#include "../spc/spc.h"
#include "sbc.h"

/* Parameters of the error counter pages, SPC-4 7.3.8 */
#define CST_LOG_BYTES_PROCESSED	0x0005
#define CST_LOG_UNCORRECTED	0x0006

/* 02h.  The bytes are those of all commands with data-out, also of those that compare it. */
static u8 *cst_log_write_errors(const struct cst_device *dev,
				const struct cst_log_counts *counts, u8 *p)
{
	p = cst_log_put_counter(p, CST_LOG_BYTES_PROCESSED, counts->n[CST_LOG_WRITE_BYTES]);
	return cst_log_put_counter(p, CST_LOG_UNCORRECTED, counts->n[CST_LOG_WRITE_ERRORS]);
}

/* 03h */
static u8 *cst_log_read_errors(const struct cst_device *dev,
			       const struct cst_log_counts *counts, u8 *p)
{
	p = cst_log_put_counter(p, CST_LOG_BYTES_PROCESSED, counts->n[CST_LOG_READ_BYTES]);
	return cst_log_put_counter(p, CST_LOG_UNCORRECTED, counts->n[CST_LOG_READ_ERRORS]);
}

/* 05h */
static u8 *cst_log_verify_errors(const struct cst_device *dev,
				 const struct cst_log_counts *counts, u8 *p)
{
	return cst_log_put_counter(p, CST_LOG_UNCORRECTED, counts->n[CST_LOG_VERIFY_ERRORS]);
}

/* 0Eh, SPC-4 7.3.23: the unit has been made, which is a start, and perhaps started again. */
static u8 *cst_log_start_stop(const struct cst_device *dev,
			      const struct cst_log_counts *counts, u8 *p)
{
	u8 cycles[4];

	put_unaligned_be32(READ_ONCE(dev->starts) + 1, cycles);
	return cst_log_put(p, 0x0004, cycles, sizeof(cycles));
}

/* 15h, SBC-3 6.3.2: no scan has ever been done; how long the unit has existed is known. */
static u8 *cst_log_background_scan(const struct cst_device *dev,
				   const struct cst_log_counts *counts, u8 *p)
{
	u8 status[12] = {};

	put_unaligned_be32(div_u64(get_jiffies_64() - dev->made, 60 * HZ), status);
	return cst_log_put(p, 0x0000, status, sizeof(status));
}

/*
 * 19h, SPC-4 7.3.10, general statistics: commands and blocks.  The processing intervals are 0,
 * because the time of commands is counted in classes, and not as a sum (stats/latency_us).
 */
static u8 *cst_log_statistics(const struct cst_device *dev,
			      const struct cst_log_counts *counts, u8 *p)
{
	const struct cst_disk *disk = container_of(dev, struct cst_disk, dev);
	u32 block = disk->block_size;
	u8 value[64] = {};

	put_unaligned_be64(counts->n[CST_LOG_READ_COMMANDS], value);
	put_unaligned_be64(counts->n[CST_LOG_WRITE_COMMANDS], value + 8);
	put_unaligned_be64(div_u64(counts->n[CST_LOG_WRITE_BYTES], block), value + 16);
	put_unaligned_be64(div_u64(counts->n[CST_LOG_READ_BYTES], block), value + 24);
	return cst_log_put(p, 0x0001, value, sizeof(value));
}

const struct cst_log_page cst_sbc_log_pages[] = {
	{ .code = 0x02, .fill = cst_log_write_errors,
	  .counts = BIT(CST_LOG_WRITE_BYTES) | BIT(CST_LOG_WRITE_ERRORS) },
	{ .code = 0x03, .fill = cst_log_read_errors,
	  .counts = BIT(CST_LOG_READ_BYTES) | BIT(CST_LOG_READ_ERRORS) },
	{ .code = 0x05, .fill = cst_log_verify_errors,
	  .counts = BIT(CST_LOG_VERIFY_ERRORS) },
	{ .code = 0x0c, .fill = cst_space_log, .exists = cst_space_exists },
	{ .code = 0x0e, .fill = cst_log_start_stop },
	{ .code = 0x15, .fill = cst_log_background_scan },
	{ .code = 0x19, .fill = cst_log_statistics,
	  .counts = BIT(CST_LOG_READ_COMMANDS) | BIT(CST_LOG_WRITE_COMMANDS) },
	{}
};
