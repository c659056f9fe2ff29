// SPDX-License-Identifier: GPL-2.0-only
/*
 * REPORT LUNS (SPC-4 6.33, SPC-5 6.34): the LUN map of this session, in ascending order.
 *
 * exec.c calls in.  session->itls is walked under RCU, once to count the LUNs and once to
 * copy them.  The map may change in between; the list has the LUNs that the second walk
 * finds.
 */
#include <linux/export.h>
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
	CST_REPORT_TOP		= 0x11,	/* all that are not subsidiary */
	CST_REPORT_SUBSIDIARY	= 0x12,
};

/* The kinds of logical units that the command asks for. */
struct cst_luns_kinds {
	bool	map;		/* logical units of the map */
	bool	well_known;	/* the REPORT LUNS logical unit */
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

/* Copy entry @n of the list into the command's buffer. */
static void cst_luns_put(struct cst_cmd *cmd, u32 n, const u8 *wire)
{
	cst_cmd_copy_in(cmd, CST_LUNS_HEADER + n * CST_LUN_SIZE, wire,
			CST_LUN_SIZE);
}

/* Copy at most @max LUNs of the map.  Returns how many were copied. */
static u32 cst_luns_copy(struct cst_cmd *cmd, u32 max)
{
	u8 wire[CST_LUN_SIZE];
	struct cst_itl *itl;
	unsigned long lun;
	u32 n = 0;

	rcu_read_lock();
	xa_for_each(&cmd->sess->itls, lun, itl) {
		if (n == max)
			break;
		cst_lun_encode(lun, wire);
		cst_luns_put(cmd, n++, wire);
	}
	rcu_read_unlock();
	return n;
}

static cst_sense_t cst_luns_respond(struct cst_cmd *cmd,
				    struct cst_luns_kinds kinds)
{
	/*
	 * Read this before the walk: then a change of the map after the walk has a later
	 * number, and the initiator is told of it.
	 */
	u32 seq = smp_load_acquire(&cmd->sess->luns_seq);
	u32 max = kinds.map ? cst_luns_count(cmd->sess) : 0;
	u32 len = CST_LUNS_HEADER + (max + kinds.well_known) * CST_LUN_SIZE;
	u8 header[CST_LUNS_HEADER] = {};
	u8 wire[CST_LUN_SIZE];
	cst_sense_t reason;
	u32 n, i;

	reason = cst_cmd_data_in_len(cmd, len);
	if (reason)
		return reason;
	n = cst_luns_copy(cmd, max);
	if (kinds.well_known) {
		put_unaligned_be64(CST_LUN_REPORT_LUNS << 48, wire);
		cst_luns_put(cmd, n++, wire);
	}
	put_unaligned_be32(n * CST_LUN_SIZE, header);
	cst_cmd_copy_in(cmd, 0, header, sizeof(header));
	/*
	 * Some LUNs may have been removed since they were counted.  Fill their entries at
	 * the end of the data, which are beyond LUN LIST LENGTH, with zeroes.
	 */
	memset(wire, 0, sizeof(wire));
	for (i = n; i < max + kinds.well_known; i++)
		cst_luns_put(cmd, i, wire);
	/*
	 * SPC-5 6.34, LUICLR: an initiator that gets the whole list knows the changes up
	 * to then.  A pending unit attention for them is cleared.
	 */
	if (kinds.map && cmd->data_len >= len) {
		cmd->luns_seq = seq;
		__set_bit(CST_CMD_TELLS_LUNS, &cmd->flags);
	}
	return CST_OK;
}

static cst_sense_t cst_spc_report_luns(struct cst_cmd *cmd)
{
	struct cst_luns_kinds kinds = {};

	/* ALLOCATION LENGTH: at least the header and one LUN */
	if (cmd->cdb_xfer_len < CST_LUNS_HEADER + CST_LUN_SIZE)
		return cst_cdb_invalid(&cmd->detail, 6, 7);

	switch (cmd->cdb[2]) {
	case CST_REPORT_ADDRESSABLE:
	case CST_REPORT_TOP:
		kinds.map = true;
		break;
	case CST_REPORT_WELL_KNOWN:
		kinds.well_known = true;
		break;
	case CST_REPORT_ALL:
		kinds.map = true;
		kinds.well_known = true;
		break;
	case CST_REPORT_ADMIN:
	case CST_REPORT_SUBSIDIARY:
		/* There are no logical units of these kinds. */
		break;
	default:
		return cst_cdb_invalid(&cmd->detail, 2, 7);
	}
	return cst_luns_respond(cmd, kinds);
}

const struct cst_op cst_spc_luns_ops[] = {
	{
		CST_CDB(12, REPORT_LUNS, 0, 0xff, 0, 0, 0, 0xff, 0xff, 0xff, 0xff),
		.name		= "REPORT LUNS",
		.dir		= DMA_FROM_DEVICE,
		.format		= CST_CDB_ALLOC32_6,
		.flags		= CST_OP_TELLS_ANYBODY,
		.resv		= CST_RESV_ANY,
		.ports		= CST_PORTS_ALL,
		.execute	= cst_spc_report_luns,
	},
	{}
};
EXPORT_SYMBOL_GPL(cst_spc_luns_ops);
