/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Typed sense reasons.
 *
 * Every function that emulates SCSI answers a cst_sense_t, never an errno.  The
 * key/asc/ascq triples are in CST_SENSE_LIST and nowhere else.  The names are those of
 * SPC-5 annex F.  Pure: also compiled in user space.
 */
#ifndef _CST_SENSE_H
#define _CST_SENSE_H

#include <linux/types.h>

typedef u32 __bitwise cst_sense_t;

/* name, sense key, additional sense code, qualifier */
#define CST_SENSE_LIST(X)						\
	X(RECOVERED_ERROR,			0x1, 0x00, 0x00)	\
	X(NOT_READY,				0x2, 0x04, 0x00)	\
	X(BECOMING_READY,			0x2, 0x04, 0x01)	\
	X(INITIALIZING_COMMAND_REQUIRED,	0x2, 0x04, 0x02)	\
	X(MANUAL_INTERVENTION_REQUIRED,		0x2, 0x04, 0x03)	\
	X(FORMAT_IN_PROGRESS,			0x2, 0x04, 0x04)	\
	X(PORT_TRANSITIONING,			0x2, 0x04, 0x0a)	\
	X(PORT_STANDBY,				0x2, 0x04, 0x0b)	\
	X(PORT_UNAVAILABLE,			0x2, 0x04, 0x0c)	\
	X(LU_OFFLINE,				0x2, 0x04, 0x12)	\
	X(SANITIZE_IN_PROGRESS,			0x2, 0x04, 0x1b)	\
	X(MEDIUM_NOT_PRESENT,			0x2, 0x3a, 0x00)	\
	X(WRITE_ERROR,				0x3, 0x0c, 0x00)	\
	X(UNRECOVERED_READ_ERROR,		0x3, 0x11, 0x00)	\
	X(MEDIUM_FORMAT_CORRUPTED,		0x3, 0x31, 0x00)	\
	X(FORMAT_COMMAND_FAILED,		0x3, 0x31, 0x01)	\
	X(SANITIZE_COMMAND_FAILED,		0x3, 0x31, 0x03)	\
	X(LU_FAILED_SELF_TEST,			0x4, 0x3e, 0x03)	\
	X(INTERNAL_TARGET_FAILURE,		0x4, 0x44, 0x00)	\
	X(PARAMETER_LIST_LENGTH_ERROR,		0x5, 0x1a, 0x00)	\
	X(INVALID_COMMAND_OPERATION_CODE,	0x5, 0x20, 0x00)	\
	X(LBA_OUT_OF_RANGE,			0x5, 0x21, 0x00)	\
	X(INVALID_FIELD_IN_CDB,			0x5, 0x24, 0x00)	\
	X(LU_NOT_SUPPORTED,			0x5, 0x25, 0x00)	\
	X(INVALID_FIELD_IN_PARAMETER_LIST,	0x5, 0x26, 0x00)	\
	X(INVALID_RELEASE_OF_PERSISTENT_RESERVATION, 0x5, 0x26, 0x04)	\
	X(COMMAND_SEQUENCE_ERROR,		0x5, 0x2c, 0x00)	\
	X(SAVING_PARAMETERS_NOT_SUPPORTED,	0x5, 0x39, 0x00)	\
	X(MEDIUM_REMOVAL_PREVENTED,		0x5, 0x53, 0x02)	\
	X(INSUFFICIENT_REGISTRATION_RESOURCES,	0x5, 0x55, 0x04)	\
	X(OPERATION_IN_PROGRESS,		0x5, 0x00, 0x16)	\
	X(TOO_MANY_TARGET_DESCRIPTORS,		0x5, 0x26, 0x06)	\
	X(UNSUPPORTED_TARGET_DESCRIPTOR_TYPE_CODE, 0x5, 0x26, 0x07)	\
	X(TOO_MANY_SEGMENT_DESCRIPTORS,		0x5, 0x26, 0x08)	\
	X(UNSUPPORTED_SEGMENT_DESCRIPTOR_TYPE_CODE, 0x5, 0x26, 0x09)	\
	X(INLINE_DATA_LENGTH_EXCEEDED,		0x5, 0x26, 0x0b)	\
	X(INVALID_FIELD_IN_COMMAND_IU,		0x5, 0x0e, 0x03)	\
	X(INVALID_MESSAGE,			0x5, 0x49, 0x00)	\
	X(MEDIUM_MAY_HAVE_CHANGED,		0x6, 0x28, 0x00)	\
	X(POWER_ON_OCCURRED,			0x6, 0x29, 0x00)	\
	X(BUS_DEVICE_RESET,			0x6, 0x29, 0x03)	\
	X(I_T_NEXUS_LOSS,			0x6, 0x29, 0x07)	\
	X(MODE_PARAMETERS_CHANGED,		0x6, 0x2a, 0x01)	\
	X(LOG_PARAMETERS_CHANGED,		0x6, 0x2a, 0x02)	\
	X(RESERVATIONS_PREEMPTED,		0x6, 0x2a, 0x03)	\
	X(RESERVATIONS_RELEASED,		0x6, 0x2a, 0x04)	\
	X(REGISTRATIONS_PREEMPTED,		0x6, 0x2a, 0x05)	\
	X(CAPACITY_DATA_CHANGED,		0x6, 0x2a, 0x09)	\
	X(TIMESTAMP_CHANGED,			0x6, 0x2a, 0x10)	\
	X(COMMANDS_CLEARED_BY_ANOTHER_INITIATOR, 0x6, 0x2f, 0x00)	\
	X(THIN_PROVISIONING_SOFT_THRESHOLD_REACHED, 0x6, 0x38, 0x07)	\
	X(INQUIRY_DATA_CHANGED,			0x6, 0x3f, 0x03)	\
	X(DEVICE_IDENTIFIER_CHANGED,		0x6, 0x3f, 0x05)	\
	X(REPORTED_LUNS_DATA_CHANGED,		0x6, 0x3f, 0x0e)	\
	X(WRITE_PROTECTED,			0x7, 0x27, 0x00)	\
	X(SPACE_ALLOCATION_FAILED,		0x7, 0x27, 0x07)	\
	X(PERSISTENT_RESERVATION_INFORMATION_LOST, 0x7, 0x44, 0x01)	\
	X(COPY_ABORTED,				0xa, 0x00, 0x00)	\
	X(UNREACHABLE_COPY_TARGET,		0xa, 0x08, 0x04)	\
	X(THIRD_PARTY_DEVICE_FAILURE,		0xa, 0x0d, 0x01)	\
	X(COPY_TARGET_DEVICE_NOT_REACHABLE,	0xa, 0x0d, 0x02)	\
	X(INCORRECT_COPY_TARGET_DEVICE_TYPE,	0xa, 0x0d, 0x03)	\
	X(INVALID_OPERATION_FOR_COPY,		0xa, 0x26, 0x0c)	\
	X(COPY_SEGMENT_GRANULARITY_VIOLATION,	0xa, 0x26, 0x0d)	\
	X(COPY_TARGET_DEVICE_DATA_UNDERRUN,	0xa, 0x0d, 0x04)	\
	X(COPY_CLEARED_BY_DEVICE_SERVER,	0xa, 0x2f, 0x02)	\
	X(LU_COMMUNICATION_FAILURE,		0xb, 0x08, 0x00)	\
	X(LU_COMMUNICATION_TIMEOUT,		0xb, 0x08, 0x01)	\
	X(GUARD_CHECK_FAILED,			0xb, 0x10, 0x01)	\
	X(PROTOCOL_SERVICE_CRC_ERROR,		0xb, 0x47, 0x05)	\
	X(UNEXPECTED_UNSOLICITED_DATA,		0xb, 0x0c, 0x0c)	\
	X(INCORRECT_AMOUNT_OF_DATA,		0xb, 0x0c, 0x0d)	\
	X(DATA_OFFSET_ERROR,			0xb, 0x4b, 0x05)	\
	X(DATA_PHASE_ERROR,			0xb, 0x4b, 0x00)	\
	X(COMMAND_ABORTED,			0xb, 0x00, 0x00)	\
	X(MISCOMPARE_DURING_VERIFY,		0xe, 0x1d, 0x00)

#define CST_SENSE_ENUM(name, key, asc, ascq)	CST_SENSE_IDX_##name,
enum cst_sense_idx {
	CST_SENSE_IDX_NONE,
	CST_SENSE_LIST(CST_SENSE_ENUM)
	CST_SENSE_IDX_NR,
	/* not sense: other answers of an execute function */
	CST_SENSE_IDX_PENDING,
	CST_SENSE_IDX_WOULD_BLOCK,
	CST_SENSE_IDX_BUSY,
	CST_SENSE_IDX_TASK_SET_FULL,
	CST_SENSE_IDX_CONDITION_MET,
	CST_SENSE_IDX_RESERVATION_CONFLICT,
	CST_SENSE_IDX_ACA_ACTIVE,
};

#undef CST_SENSE_ENUM

#define CST_SENSE(name)		((__force cst_sense_t)CST_SENSE_IDX_##name)

/* The command has succeeded. */
#define CST_OK			((__force cst_sense_t)0)
/*
 * The command is not finished: cst_cmd_finish(), cst_cmd_continue() or, by a handler that
 * executes commands itself, cst_cmd_answer() will be called or has been called.
 */
#define CST_PENDING		CST_SENSE(PENDING)
/* Nothing has happened; call again from a context that may sleep. */
#define CST_WOULD_BLOCK		CST_SENSE(WOULD_BLOCK)
/*
 * The command ends with this status (SAM-5 5.3.1) instead of CHECK CONDITION.  No data
 * moves.  TASK SET FULL becomes BUSY when the initiator has no other command whose end it
 * could wait for.
 */
#define CST_BUSY		CST_SENSE(BUSY)
#define CST_TASK_SET_FULL	CST_SENSE(TASK_SET_FULL)
#define CST_RESERVATION_CONFLICT CST_SENSE(RESERVATION_CONFLICT)
#define CST_ACA_ACTIVE		CST_SENSE(ACA_ACTIVE)
/* The command has succeeded with this status: data and residual are as with CST_OK. */
#define CST_CONDITION_MET	CST_SENSE(CONDITION_MET)

#define CST_SENSE_SIZE		18	/* fixed format, SPC-5 4.4.3 */
#define CST_SENSE_DESC_SIZE	44	/* the header and all descriptors that sense.c writes */
#define CST_SENSE_MAX		252	/* bytes of any sense data, SPC-5 4.4.1 */

/**
 * struct cst_sense_detail - contents of sense data besides the reason
 * @info: INFORMATION field: an LBA, an offset or a number of blocks.  Fixed format has
 *	32 bits for it and leaves a larger value out
 * @specific: COMMAND-SPECIFIC INFORMATION field, valid with @specific_valid
 * @field: FIELD POINTER: byte of the CDB or of the parameter list
 * @progress: PROGRESS INDICATION, in 1/65536 of the whole (SPC-5 4.4.2.4.4)
 * @bit: BIT POINTER, valid with @bit_valid
 * @info_valid: @info is reported
 * @field_valid: @field is reported, with ILLEGAL REQUEST and COPY ABORTED
 * @field_in_cdb: C/D: @field is in the CDB, else in the parameter list
 * @field_in_segment: SD: with COPY ABORTED, @field is in the segment descriptor whose number
 *	@specific has
 * @bit_valid: BPV
 * @progress_valid: @progress is reported, with NO SENSE and NOT READY
 * @filemark: FILEMARK: a filemark or setmark was read
 * @eom: EOM: the end of the medium was met, or its beginning when moving backwards
 * @ili: ILI: the length of the block differs from the requested length
 * @deferred: the error is one of an earlier command, which has been answered GOOD
 *	(SPC-5 4.4.6)
 *
 * Descriptor format reports all of @filemark, @eom and @ili for a device type with stream
 * commands, but only @ili for a device type with block commands.
 */
struct cst_sense_detail {
	u64	info;
	u32	specific;
	u16	field;
	u16	progress;
	u8	bit;
	bool	info_valid:1;
	bool	field_valid:1;
	bool	specific_valid:1;
	bool	field_in_cdb:1;
	bool	field_in_segment:1;
	bool	bit_valid:1;
	bool	progress_valid:1;
	bool	filemark:1;
	bool	eom:1;
	bool	ili:1;
	bool	deferred:1;
};

/* sense.c */
struct cst_sense_code {
	u8 key, asc, ascq;
};

const struct cst_sense_code *cst_sense_code(cst_sense_t reason);
const char *cst_sense_name(cst_sense_t reason);
unsigned int cst_sense_build(u8 *buf, unsigned int size, bool descriptor,
			     u8 peripheral, cst_sense_t reason,
			     const struct cst_sense_detail *detail);
cst_sense_t cst_sense_from_errno(int error, bool write);

#endif /* _CST_SENSE_H */
