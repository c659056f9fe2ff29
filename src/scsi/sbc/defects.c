// SPDX-License-Identifier: GPL-2.0-only
/*
 * READ DEFECT DATA: the lists of defects of the medium, which are always empty
 * (SBC-4 5.17, 5.18).
 *
 * exec.c calls in.
 */
#include "sbc.h"

#define CST_READ_DEFECT_DATA_12	0xb7	/* not in scsi_proto.h */

/* REQ_PLIST, REQ_GLIST and DEFECT LIST FORMAT, in CDBs and in the header of the list */
#define CST_DEFECT_LISTS	0x18
#define CST_DEFECT_FORMAT	0x07
#define CST_DEFECT_FORMATS	6	/* 110b is vendor specific, 111b is reserved */

static cst_sense_t cst_sbc_read_defect_data(struct cst_cmd *cmd)
{
	bool twelve = cmd->op->cdb_len == 12;
	unsigned int byte = twelve ? 1 : 2;
	u8 asked = cmd->cdb[byte];
	u8 buf[8] = { 0, asked };

	if ((asked & CST_DEFECT_FORMAT) >= CST_DEFECT_FORMATS)
		return cst_cdb_invalid(&cmd->detail, byte, 2);
	/*
	 * The list has no descriptors, so there is none from any ADDRESS DESCRIPTOR INDEX
	 * on.  GENERATION CODE 0 says that the list is not numbered.
	 */
	return cst_cmd_respond(cmd, buf, twelve ? 8 : 4);
}

const struct cst_op cst_sbc_defects_ops[] = {
	{
		CST_CDB(10, READ_DEFECT_DATA, 0, CST_DEFECT_LISTS | CST_DEFECT_FORMAT,
			0, 0, 0, 0, 0xff, 0xff),
		.name		= "READ DEFECT DATA(10)",
		.dir		= DMA_FROM_DEVICE,
		.format		= CST_CDB_ALLOC16_7,
		.flags		= CST_OP_MEDIUM,
		.resv		= CST_RESV_READ,
		.execute	= cst_sbc_read_defect_data,
	},
	{
		CST_CDB(12, CST_READ_DEFECT_DATA_12, CST_DEFECT_LISTS | CST_DEFECT_FORMAT,
			0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff),
		.name		= "READ DEFECT DATA(12)",
		.dir		= DMA_FROM_DEVICE,
		.format		= CST_CDB_ALLOC32_6,
		.flags		= CST_OP_MEDIUM,
		.resv		= CST_RESV_READ,
		.execute	= cst_sbc_read_defect_data,
	},
	{}
};
