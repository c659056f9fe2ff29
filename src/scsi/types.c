// SPDX-License-Identifier: GPL-2.0-only
/*
 * The list of core's device types, and the two types of LUNs that have no device.
 *
 * A LUN without a logical unit has a type, too: it says which commands such a LUN
 * answers (SAM-5 4.7.5).  The REPORT LUNS well-known logical unit has another one
 * (SPC-5 8.2): there an initiator reads the LUN map of its nexus when the map has no
 * LUN 0.
 *
 * core/main.c calls cst_types_init().
 */
#include <scsi/scsi_proto.h>

#include <cst/disk.h>

#include "spc/spc.h"

static const struct cst_op *const no_lun_ops[] = {
	cst_spc_inquiry_ops,
	cst_spc_luns_ops,
	cst_spc_request_sense_ops,
	NULL
};

static const struct cst_vpd_page *const no_lun_vpd[] = {
	cst_spc_vpd_list_pages,
	NULL
};

static struct cst_type_index no_lun_index;

const struct cst_dev_type cst_no_lun_type = {
	.name		= "no logical unit",
	.peripheral	= CST_PERIPHERAL_NONE,
	.unknown_op	= CST_SENSE(LU_NOT_SUPPORTED),
	.ops		= no_lun_ops,
	.vpd		= no_lun_vpd,
	.index		= &no_lun_index,
};

/* The REPORT LUNS logical unit has no medium and is always ready. */
static cst_sense_t report_luns_ready(struct cst_cmd *cmd)
{
	return CST_OK;
}

static const struct cst_op report_luns_unit_ops[] = {
	{
		CST_CDB(6, TEST_UNIT_READY),
		.name		= "TEST UNIT READY",
		.dir		= DMA_NONE,
		.flags		= CST_OP_IMPLICIT_HOQ,
		.resv		= CST_RESV_ANY,
		.execute	= report_luns_ready,
	},
	{}
};

static const struct cst_op *const report_luns_ops[] = {
	cst_spc_inquiry_ops,
	cst_spc_luns_ops,
	cst_spc_opcodes_ops,
	cst_spc_request_sense_ops,
	report_luns_unit_ops,
	NULL
};

static const struct cst_vpd_page *const report_luns_vpd[] = {
	cst_spc_vpd_list_pages,
	cst_spc_vpd_id_pages,
	NULL
};

static const u16 report_luns_versions[] = { 0 };

static struct cst_type_index report_luns_index;

const struct cst_dev_type cst_report_luns_type = {
	.name		= "REPORT LUNS well-known logical unit",
	.peripheral	= TYPE_WLUN,
	.unknown_op	= CST_SENSE(INVALID_COMMAND_OPERATION_CODE),
	.versions	= report_luns_versions,
	.ops		= report_luns_ops,
	.vpd		= report_luns_vpd,
	.index		= &report_luns_index,
};

/**
 * cst_types_init() - make the indexes of all types of core
 *
 * Context: module init.  Return: 0, or -EINVAL for a mistake in the tables of a type.
 */
int cst_types_init(void)
{
	static const struct cst_dev_type *const types[] = {
		&cst_no_lun_type, &cst_report_luns_type, &cst_disk_type,
	};
	unsigned int i;
	int ret = 0;

	for (i = 0; i < ARRAY_SIZE(types) && !ret; i++)
		ret = cst_dev_type_init(types[i]);
	return ret;
}
