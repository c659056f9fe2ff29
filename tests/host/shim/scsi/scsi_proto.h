/* SPDX-License-Identifier: GPL-2.0-only */
/* Operation codes and service actions by the kernel's names (SPC-5, SBC-4). */
#ifndef _CST_SHIM_SCSI_PROTO_H
#define _CST_SHIM_SCSI_PROTO_H

/* Status, SAM-5 5.3 */
#define SAM_STAT_GOOD		0x00
#define SAM_STAT_CHECK_CONDITION 0x02
#define SAM_STAT_CONDITION_MET	0x04
#define SAM_STAT_BUSY		0x08
#define SAM_STAT_RESERVATION_CONFLICT 0x18
#define SAM_STAT_TASK_SET_FULL	0x28
#define SAM_STAT_ACA_ACTIVE	0x30
#define SAM_STAT_TASK_ABORTED	0x40

/* Peripheral device types, SPC-5 6.7.2 */
#define TYPE_DISK		0x00
#define TYPE_WLUN		0x1e

#define TEST_UNIT_READY		0x00
#define REQUEST_SENSE		0x03
#define FORMAT_UNIT		0x04
#define READ_6			0x08
#define WRITE_6			0x0a
#define INQUIRY			0x12
#define MODE_SELECT		0x15
#define RESERVE_6		0x16
#define RELEASE_6		0x17
#define MODE_SENSE		0x1a
#define START_STOP		0x1b
#define RECEIVE_DIAGNOSTIC	0x1c
#define SEND_DIAGNOSTIC		0x1d
#define ALLOW_MEDIUM_REMOVAL	0x1e
#define READ_CAPACITY		0x25
#define READ_10			0x28
#define WRITE_10		0x2a
#define WRITE_VERIFY		0x2e
#define VERIFY			0x2f
#define PRE_FETCH		0x34
#define SYNCHRONIZE_CACHE	0x35
#define READ_DEFECT_DATA	0x37
#define WRITE_BUFFER		0x3b
#define READ_BUFFER		0x3c
#define LOG_SELECT		0x4c
#define LOG_SENSE		0x4d
#define MODE_SELECT_10		0x55
#define RESERVE_10		0x56
#define RELEASE_10		0x57
#define MODE_SENSE_10		0x5a
#define PERSISTENT_RESERVE_IN	0x5e
#define PERSISTENT_RESERVE_OUT	0x5f
#define VARIABLE_LENGTH_CMD	0x7f
#define READ_32			0x09
#define VERIFY_32		0x0a
#define WRITE_32		0x0b
#define WRITE_VERIFY_32		0x0c
#define WRITE_SAME_32		0x0d
#define EXTENDED_COPY		0x83
#define RECEIVE_COPY_RESULTS	0x84
#define READ_16			0x88
#define COMPARE_AND_WRITE	0x89
#define WRITE_16		0x8a
#define WRITE_VERIFY_16		0x8e
#define VERIFY_16		0x8f
#define SYNCHRONIZE_CACHE_16	0x91
#define WRITE_SAME		0x41
#define UNMAP			0x42
#define WRITE_SAME_16		0x93
#define SERVICE_ACTION_IN_16	0x9e
#define SAI_READ_CAPACITY_16	0x10
#define SAI_GET_LBA_STATUS	0x12
#define REPORT_LUNS		0xa0
#define MAINTENANCE_IN		0xa3
#define MI_REPORT_SUPPORTED_OPERATION_CODES 0x0c
#define MI_REPORT_SUPPORTED_TASK_MANAGEMENT_FUNCTIONS 0x0d
#define MI_REPORT_IDENTIFYING_INFORMATION 0x05
#define MI_REPORT_TIMESTAMP	0x0f
#define MAINTENANCE_OUT		0xa4
#define MO_SET_IDENTIFYING_INFORMATION 0x06
#define MO_SET_TIMESTAMP	0x0f
#define READ_12			0xa8
#define WRITE_12		0xaa
#define WRITE_VERIFY_12		0xae
#define VERIFY_12		0xaf

#endif /* _CST_SHIM_SCSI_PROTO_H */
