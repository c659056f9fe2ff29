/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The primary commands, VPD pages and log pages (SPC) that a device type may list in its
 * tables cst_dev_type.ops, cst_dev_type.vpd and cst_dev_type.log_pages.
 *
 * cst_pr_in_ops - PERSISTENT RESERVE IN
 * cst_pr_out_ops - PERSISTENT RESERVE OUT
 * cst_pr_reserve_ops - RESERVE and RELEASE
 * cst_spc_buffer_ops - READ BUFFER, WRITE BUFFER
 * cst_spc_diagnostic_ops - SEND DIAGNOSTIC, RECEIVE DIAGNOSTIC RESULTS
 * cst_spc_identify_ops - REPORT and SET IDENTIFYING INFORMATION
 * cst_spc_inquiry_ops - INQUIRY
 * cst_spc_luns_ops - REPORT LUNS
 * cst_spc_log_ops - LOG SENSE and LOG SELECT, with cst_dev_type.log_pages
 * cst_spc_mode_ops - MODE SENSE and MODE SELECT, with cst_dev_type.mode_pages
 * cst_spc_opcodes_ops - REPORT SUPPORTED OPERATION CODES
 * cst_spc_tmfs_ops - REPORT SUPPORTED TASK MANAGEMENT FUNCTIONS
 * cst_spc_prevent_allow_ops - PREVENT ALLOW MEDIUM REMOVAL
 * cst_spc_request_sense_ops - REQUEST SENSE
 * cst_spc_timestamp_ops - REPORT TIMESTAMP, SET TIMESTAMP
 * cst_spc_unit_ops - TEST UNIT READY
 * cst_spc_vpd_list_pages - page 00h
 * cst_spc_vpd_id_pages - page 83h
 * cst_spc_vpd_pages - pages 80h and 86h, for types that have a device
 * cst_spc_vpd_mode_pages - pages 87h and 8Ah, for types that have mode pages
 * cst_spc_vpd_ports_pages - page 88h, for types that have a device
 * cst_spc_log_pages - log pages 06h, 10h and 2Fh
 */
#ifndef _CST_SPC_TABLES_H
#define _CST_SPC_TABLES_H

#include <cst/dev_type.h>

extern const struct cst_op cst_pr_in_ops[];
extern const struct cst_op cst_pr_out_ops[];
extern const struct cst_op cst_pr_reserve_ops[];
extern const struct cst_op cst_spc_buffer_ops[];
extern const struct cst_op cst_spc_diagnostic_ops[];
extern const struct cst_op cst_spc_identify_ops[];
extern const struct cst_op cst_spc_inquiry_ops[];
extern const struct cst_op cst_spc_luns_ops[];
extern const struct cst_op cst_spc_log_ops[];
extern const struct cst_op cst_spc_mode_ops[];
extern const struct cst_op cst_spc_opcodes_ops[];
extern const struct cst_op cst_spc_tmfs_ops[];
extern const struct cst_op cst_spc_prevent_allow_ops[];
extern const struct cst_op cst_spc_request_sense_ops[];
extern const struct cst_op cst_spc_timestamp_ops[];
extern const struct cst_op cst_spc_unit_ops[];

extern const struct cst_vpd_page cst_spc_vpd_list_pages[];
extern const struct cst_vpd_page cst_spc_vpd_id_pages[];
extern const struct cst_vpd_page cst_spc_vpd_mode_pages[];
extern const struct cst_vpd_page cst_spc_vpd_pages[];
extern const struct cst_vpd_page cst_spc_vpd_ports_pages[];

extern const struct cst_log_page cst_spc_log_pages[];

#endif /* _CST_SPC_TABLES_H */
