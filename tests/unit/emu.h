/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A disk in memory behind the real parse, gate, emulation and sense code: what a
 * command goes through, without the kernel around it.
 */
#ifndef _CST_TEST_EMU_H
#define _CST_TEST_EMU_H

#include <cst/disk.h>

#include "core.h"

#define EMU_BLOCKS	64
#define EMU_MAX_BLOCK	4096

/* What one I/O of the handler was. */
struct emu_io {
	u8	op;
	u8	flags;
	u64	pos;
	u32	len;
};

struct emu {
	struct cst_disk		disk;
	struct cst_itl		itl;
	struct cst_session	*sess;
	struct cst_target	target;
	struct cst_fabric_ops	fabric;
	struct cst_handler_ops	handler;
	struct cst_block_ops	block;
	const struct cst_dev_type *type;	/* of the LUN when it has no device */
	struct cst_cmd		cmd;

	u8			medium[EMU_BLOCKS * EMU_MAX_BLOCK];

	/* how the handler behaves */
	int			io_error;
	bool			io_would_block;	/* once */
	bool			no_memory;	/* for VERIFY, unless it may sleep */
	bool			no_buffer;	/* for any command */

	u8			task_attr;	/* of commands */
	cst_sense_t		hold;		/* what cst_range_hold() answers */

	/* the command is aborted before its response is handed over */
	bool			aborted;

	/* what somebody else does while a command gets its buffer */
	void			(*meanwhile)(void);

	/* what somebody else does before a command goes on in the worker */
	void			(*between_steps)(void);

	/* what has happened in the last command */
	unsigned int		steps;		/* after the first, in the worker */
	unsigned int		ios;
	struct emu_io		io;
	bool			completed;
	bool			goes_on;	/* but has not yet */
	unsigned int		config_errors;	/* since emu_reset() */
	u8			*in;		/* data-in, data_len bytes */
};

extern struct emu emu;

/* A fresh disk of 64 blocks of 512 bytes at LUN 0; the next commands go to it. */
void emu_reset(void);
/* Commands go to a LUN where there is nothing. */
void emu_no_lun(void);
/* Commands go to the REPORT LUNS well-known logical unit. */
void emu_report_luns(void);
void emu_add_lun(u32 lun);
/* What the data-out of the next command is. */
void emu_data_out(const void *data, u32 len);

/*
 * Run a command to its end; the answer is the reason.  @exp_len bytes are expected
 * in the CDB's own direction, or as much as it asks for with EMU_ALL.
 */
#define EMU_ALL	(~0U)
cst_sense_t emu_run(const u8 *cdb, unsigned int cdb_len, u32 exp_len);

#define EMU(...) ({							\
	const u8 _cdb[] = { __VA_ARGS__ };				\
	emu_run(_cdb, sizeof(_cdb), EMU_ALL); })
#define EMU_EXP(_len, ...) ({						\
	const u8 _cdb[] = { __VA_ARGS__ };				\
	emu_run(_cdb, sizeof(_cdb), _len); })

#define CHECK_REASON(got, want) do {					\
	cst_sense_t _got = (got);					\
									\
	if (_got != (want))						\
		test_say(__FILE__, __LINE__, "%s: %s, not %s", #got,	\
			 cst_sense_name(_got), cst_sense_name(want));	\
} while (0)

/* The command was refused, with the field pointer at that byte and bit. */
#define CHECK_INVALID(got, _byte, _bit) do {				\
	CHECK_REASON(got, CST_SENSE(INVALID_FIELD_IN_CDB));		\
	CHECK(emu.cmd.detail.field_valid && emu.cmd.detail.field_in_cdb); \
	CHECK_EQ(emu.cmd.detail.field, _byte);				\
	CHECK(emu.cmd.detail.bit_valid);				\
	CHECK_EQ(emu.cmd.detail.bit, _bit);				\
} while (0)

#endif /* _CST_TEST_EMU_H */
