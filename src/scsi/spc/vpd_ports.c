// SPDX-License-Identifier: GPL-2.0-only
/*
 * SCSI Ports: VPD page 88h (SPC-5 7.7.15).  It lists the target ports by which the
 * logical unit can be reached, also those where this initiator may not log in.
 *
 * vpd.c calls in.  The page is measured, then the buffer is allocated without a lock
 * held, then the page is copied to the buffer.  LUN links come and go meanwhile.  So no
 * more is copied than was measured: a port that was added in between may be missing,
 * and is listed the next time.  dev->itl_lock keeps the targets of the links from going
 * away.
 */
#include <linux/export.h>
#include <linux/unaligned.h>

#include "spc.h"

#define CST_PORT_HEADER		12	/* of a descriptor without a TransportID */
#define CST_PORTS_MAX		(CST_VPD_HEADER + 0xffff)	/* PAGE LENGTH */

/*
 * Where the page goes: it is only measured when @cmd is NULL, else copied to it.  It
 * never gets longer than @max bytes.
 */
struct cst_ports {
	struct cst_cmd	*cmd;
	u32		offset;
	u32		max;
};

/*
 * There is no INITIATOR PORT TRANSPORTID: the ports of a target are no initiator ports.
 */
static void cst_ports_add(struct cst_ports *to, const struct cst_target *target)
{
	u8 d[CST_PORT_HEADER + CST_PORT_DESIGNATOR_MAX] = {};
	struct cst_port port;
	u32 len;

	cst_target_port(target, &port);
	len = cst_port_designator(&port, d + CST_PORT_HEADER);
	put_unaligned_be16(READ_ONCE(target->rel_tgt_id), d + 2);
	put_unaligned_be16(len, d + CST_PORT_HEADER - 2);
	len += CST_PORT_HEADER;
	if (len > to->max - to->offset)
		return;
	if (to->cmd)
		cst_cmd_copy_in(to->cmd, to->offset, d, len);
	to->offset += len;
}

/*
 * The port that received the command is listed first, so that it is there even if the
 * page has no room for all ports.  Returns the length of the page in bytes.
 */
static u32 cst_ports_all(const struct cst_cmd *cmd, struct cst_cmd *to_cmd, u32 max)
{
	const struct cst_target *own = cmd->sess->target, *last = own;
	struct cst_ports to = {
		.cmd = to_cmd,
		.offset = CST_VPD_HEADER,
		.max = max,
	};
	struct cst_device *dev = cmd->dev;
	const struct cst_lun *lun;
	unsigned long flags;

	cst_ports_add(&to, own);
	spin_lock_irqsave(&dev->itl_lock, flags);
	list_for_each_entry(lun, &dev->luns, dev_node) {
		/* The links of one target to this device are adjacent in the list. */
		if (lun->map->target != last && lun->map->target != own)
			cst_ports_add(&to, lun->map->target);
		last = lun->map->target;
	}
	spin_unlock_irqrestore(&dev->itl_lock, flags);
	return to.offset;
}

/* 88h */
static cst_sense_t cst_vpd_scsi_ports(struct cst_cmd *cmd, const u8 *header)
{
	u8 head[CST_VPD_HEADER];
	cst_sense_t reason;
	u32 size;

	size = cst_ports_all(cmd, NULL, CST_PORTS_MAX);
	reason = cst_cmd_data_in_len(cmd, size);
	if (reason)
		return reason;
	size = cst_ports_all(cmd, cmd, size);
	cst_vpd_header(head, header, size);
	cst_cmd_copy_in(cmd, 0, head, sizeof(head));
	/* The second pass may have found less; ALLOCATION LENGTH still limits it. */
	cst_cmd_set_len(cmd, min(size, cmd->cdb_xfer_len));
	return CST_OK;
}

const struct cst_vpd_page cst_spc_vpd_ports_pages[] = {
	{ 0x88, cst_vpd_scsi_ports },
	{}
};
EXPORT_SYMBOL_GPL(cst_spc_vpd_ports_pages);
