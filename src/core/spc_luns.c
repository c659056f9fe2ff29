// SPDX-License-Identifier: GPL-2.0-only
/*
 * REPORT LUNS (SPC-4 6.33, SPC-5 6.34): the map of this nexus, in ascending order.
 *
 * exec.c calls in.  session->itls is walked under RCU, so the map may change
 * between counting and copying: the list is what the copying has found.
 */
#include <linux/rcupdate.h>
#include <linux/unaligned.h>
#include <linux/xarray.h>

#include "spc.h"

#define CST_LUNS_HEADER		8
#define CST_LUN_SIZE		8

/* SELECT REPORT */
enum {
	CST_REPORT_ADDRESSABLE	= 0x00,
	CST_REPORT_WELL_KNOWN	= 0x01,
	CST_REPORT_ALL		= 0x02,
	CST_REPORT_ADMIN	= 0x10,	/* administrative logical units */
	CST_REPORT_TOP		= 0x11,	/* ... and all that are not subsidiary */
	CST_REPORT_SUBSIDIARY	= 0x12,
};

static u32 cst_luns_count(struct cst_session *sess)
{
	struct cst_itl *itl;
	unsigned long lun;
	u32 n = 0;

	rcu_read_lock();
	xa_for_each(&sess->itls, lun, itl)
		n++;
	rcu_read_unlock();
	return n;
}

/* Copy at most @max LUNs; those that have gone meanwhile leave zeroes at the end. */
static u32 cst_luns_copy(struct cst_cmd *cmd, u32 max)
{
	u32 n = 0, i, offset = CST_LUNS_HEADER;
	struct cst_itl *itl;
	unsigned long lun;
	u8 wire[CST_LUN_SIZE];

	rcu_read_lock();
	xa_for_each(&cmd->sess->itls, lun, itl) {
		if (n == max)
			break;
		cst_lun_encode(lun, wire);
		cst_cmd_copy_in(cmd, offset, wire, sizeof(wire));
		offset += sizeof(wire);
		n++;
	}
	rcu_read_unlock();

	memset(wire, 0, sizeof(wire));
	for (i = n; i < max; i++, offset += sizeof(wire))
		cst_cmd_copy_in(cmd, offset, wire, sizeof(wire));
	return n;
}

/* The initiator is being told (SPC-5 6.34, LUICLR): of every unit, forget it. */
static void cst_luns_told(struct cst_session *sess)
{
	struct cst_itl *itl;
	unsigned long lun;

	rcu_read_lock();
	xa_for_each(&sess->itls, lun, itl)
		if (READ_ONCE(itl->ua_pending))
			cst_ua_clear(itl, CST_SENSE(REPORTED_LUNS_DATA_CHANGED));
	rcu_read_unlock();
}

static cst_sense_t cst_luns_respond(struct cst_cmd *cmd, u32 max)
{
	u8 header[CST_LUNS_HEADER] = {};
	cst_sense_t reason;

	reason = cst_cmd_data_in_len(cmd, CST_LUNS_HEADER + max * CST_LUN_SIZE);
	if (reason)
		return reason;
	put_unaligned_be32(cst_luns_copy(cmd, max) * CST_LUN_SIZE, header);
	cst_cmd_copy_in(cmd, 0, header, sizeof(header));
	return CST_OK;
}

cst_sense_t cst_spc_report_luns(struct cst_cmd *cmd)
{
	/* ALLOCATION LENGTH: the header and one LUN at least */
	if (cmd->cdb_xfer_len < CST_LUNS_HEADER + CST_LUN_SIZE)
		return cst_cdb_invalid(&cmd->detail, 6, 7);

	switch (cmd->cdb[2]) {
	case CST_REPORT_ADDRESSABLE:
	case CST_REPORT_ALL:
	case CST_REPORT_TOP:
		/* Before the walk: what changes after it is told anew. */
		cst_luns_told(cmd->sess);
		return cst_luns_respond(cmd, cst_luns_count(cmd->sess));
	case CST_REPORT_WELL_KNOWN:
	case CST_REPORT_ADMIN:
	case CST_REPORT_SUBSIDIARY:
		/* There are none of those. */
		return cst_luns_respond(cmd, 0);
	default:
		return cst_cdb_invalid(&cmd->detail, 2, 7);
	}
}
