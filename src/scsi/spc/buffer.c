// SPDX-License-Identifier: GPL-2.0-only
/*
 * READ BUFFER and WRITE BUFFER (SPC-5 6.20, 6.49): a data buffer of the logical unit and an
 * echo buffer of each I_T_L nexus, with which an initiator tests its way to the unit.  No mode
 * changes firmware.
 *
 * exec.c calls in.  A buffer is made by the first command that writes it, and freed with its
 * logical unit or nexus.  The lock of the nexus or of the unit (ua_lock, itl_lock) protects
 * the contents.
 */
#include <linux/export.h>
#include <linux/slab.h>
#include <linux/unaligned.h>

#include "spc.h"

/* MODE */
#define CST_RWBUF_DATA			0x02
#define CST_RWBUF_DESCRIPTOR		0x03
#define CST_RWBUF_ECHO			0x0a
#define CST_RWBUF_ECHO_DESCRIPTOR	0x0b

#define CST_RWBUF_SIZE	512	/* bytes of each buffer, which are also on the stack */

static u8 cst_rwbuf_mode(const struct cst_cmd *cmd)
{
	return cmd->cdb[1] & 0x1f;
}

/* The data buffer has the number 0.  Of other modes the number is ignored, or reserved. */
static cst_sense_t cst_rwbuf_check(struct cst_cmd *cmd, u32 offset)
{
	if (cmd->cdb[2])
		return cst_cdb_invalid(&cmd->detail, 2, 7);
	if (offset > CST_RWBUF_SIZE)
		return cst_cdb_invalid(&cmd->detail, 3, 7);
	return CST_OK;
}

static cst_sense_t cst_rwbuf_read_data(struct cst_cmd *cmd)
{
	u32 offset = get_unaligned_be24(cmd->cdb + 3);
	cst_sense_t reason = cst_rwbuf_check(cmd, offset);
	struct cst_device *dev = cmd->dev;
	u8 buf[CST_RWBUF_SIZE] = {};
	unsigned long flags;

	if (reason)
		return reason;
	spin_lock_irqsave(&dev->itl_lock, flags);
	if (dev->data_buffer)
		memcpy(buf, dev->data_buffer, sizeof(buf));
	spin_unlock_irqrestore(&dev->itl_lock, flags);
	return cst_cmd_respond(cmd, buf + offset, sizeof(buf) - offset);
}

/* OFFSET BOUNDARY is 0: every offset will do.  Another buffer than 0 has no capacity. */
static cst_sense_t cst_rwbuf_read_descriptor(struct cst_cmd *cmd)
{
	u8 buf[4] = {};

	if (get_unaligned_be24(cmd->cdb + 3))
		return cst_cdb_invalid(&cmd->detail, 3, 7);
	if (!cmd->cdb[2])
		put_unaligned_be24(CST_RWBUF_SIZE, buf + 1);
	return cst_cmd_respond(cmd, buf, sizeof(buf));
}

static cst_sense_t cst_rwbuf_read_echo(struct cst_cmd *cmd)
{
	struct cst_itl *itl = cmd->itl;
	u8 buf[CST_RWBUF_SIZE];
	unsigned long flags;
	u32 len;

	spin_lock_irqsave(&itl->ua_lock, flags);
	len = itl->echo_len;
	if (len)
		memcpy(buf, itl->echo_buffer, len);
	spin_unlock_irqrestore(&itl->ua_lock, flags);
	/* Nothing has been written yet. */
	if (!len)
		return CST_SENSE(COMMAND_SEQUENCE_ERROR);
	return cst_cmd_respond(cmd, buf, len);
}

/* EBOS: a nexus reads what it has written itself. */
static cst_sense_t cst_rwbuf_read_echo_descriptor(struct cst_cmd *cmd)
{
	u8 buf[4] = { 0x01 };

	put_unaligned_be16(CST_RWBUF_SIZE, buf + 2);
	return cst_cmd_respond(cmd, buf, sizeof(buf));
}

static cst_sense_t cst_spc_read_buffer(struct cst_cmd *cmd)
{
	switch (cst_rwbuf_mode(cmd)) {
	case CST_RWBUF_DATA:
		return cst_rwbuf_read_data(cmd);
	case CST_RWBUF_DESCRIPTOR:
		return cst_rwbuf_read_descriptor(cmd);
	case CST_RWBUF_ECHO:
		return cst_rwbuf_read_echo(cmd);
	case CST_RWBUF_ECHO_DESCRIPTOR:
		return cst_rwbuf_read_echo_descriptor(cmd);
	default:
		return cst_cdb_invalid(&cmd->detail, 1, 4);
	}
}

static cst_sense_t cst_spc_parse_write_buffer(struct cst_cmd *cmd)
{
	u32 offset = get_unaligned_be24(cmd->cdb + 3);
	cst_sense_t reason;

	switch (cst_rwbuf_mode(cmd)) {
	case CST_RWBUF_DATA:
		reason = cst_rwbuf_check(cmd, offset);
		if (reason)
			return reason;
		break;
	case CST_RWBUF_ECHO:
		/* BUFFER OFFSET is ignored. */
		offset = 0;
		break;
	default:
		return cst_cdb_invalid(&cmd->detail, 1, 4);
	}
	if (cmd->cdb_xfer_len > CST_RWBUF_SIZE - offset)
		return cst_cdb_invalid(&cmd->detail, 6, 7);
	return CST_OK;
}

/* Copy the data-out to a buffer, which *buffer points to when it has been made already. */
static void cst_rwbuf_fill(u8 **buffer, u8 **fresh, u32 offset, const u8 *data, u32 len)
{
	if (!*buffer) {
		*buffer = *fresh;
		*fresh = NULL;
	}
	memcpy(*buffer + offset, data, len);
}

static cst_sense_t cst_spc_write_buffer(struct cst_cmd *cmd)
{
	struct cst_device *dev = cmd->dev;
	struct cst_itl *itl = cmd->itl;
	u32 len = cmd->data_len;
	u8 buf[CST_RWBUF_SIZE];
	u8 *fresh;

	/* The initiator has sent less than the CDB says: it does not mean this. */
	if (len != cmd->cdb_xfer_len)
		return CST_SENSE(INVALID_FIELD_IN_COMMAND_IU);
	if (!len)
		return CST_OK;
	fresh = kzalloc(CST_RWBUF_SIZE, GFP_KERNEL);
	if (!fresh)
		return CST_TASK_SET_FULL;
	cst_bvec_read(buf, cmd->bvec, 0, len);
	if (cst_rwbuf_mode(cmd) == CST_RWBUF_ECHO) {
		spin_lock_irq(&itl->ua_lock);
		cst_rwbuf_fill(&itl->echo_buffer, &fresh, 0, buf, len);
		itl->echo_len = len;
		spin_unlock_irq(&itl->ua_lock);
	} else {
		spin_lock_irq(&dev->itl_lock);
		cst_rwbuf_fill(&dev->data_buffer, &fresh,
			       get_unaligned_be24(cmd->cdb + 3), buf, len);
		spin_unlock_irq(&dev->itl_lock);
	}
	kfree(fresh);
	return CST_OK;
}

const struct cst_op cst_spc_buffer_ops[] = {
	{
		CST_CDB(10, READ_BUFFER, 0x1f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff),
		.name		= "READ BUFFER(10)",
		.dir		= DMA_FROM_DEVICE,
		.format		= CST_CDB_ALLOC24_6,
		.flags		= CST_OP_LOST,
		.resv		= CST_RESV_READ,
		.ports		= CST_PORTS_ECHO,
		.execute	= cst_spc_read_buffer,
	},
	{
		CST_CDB(10, WRITE_BUFFER, 0x1f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff),
		.name		= "WRITE BUFFER",
		.dir		= DMA_TO_DEVICE,
		.format		= CST_CDB_ALLOC24_6,
		.flags		= CST_OP_SLEEPS | CST_OP_LOST,
		.resv		= CST_RESV_WRITE,
		.ports		= CST_PORTS_ECHO,
		.parse		= cst_spc_parse_write_buffer,
		.execute	= cst_spc_write_buffer,
	},
	{}
};
EXPORT_SYMBOL_GPL(cst_spc_buffer_ops);
