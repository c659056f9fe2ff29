/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Emulates what is around core: a fabric, a handler with a disk in memory, the buffers and
 * the worker.  A command goes from cst_cmd_submit() through all of core to send_response or
 * drop.  Queued work, jobs, grace periods and timers run only when a test calls emu_work().
 */
#ifndef _CST_TEST_EMU_H
#define _CST_TEST_EMU_H

#include <cst/disk.h>

#include "core.h"

#define EMU_BLOCKS	64
#define EMU_MAX_BLOCK	4096

/* The last I/O that the handler was given. */
struct emu_io {
	u8	op;
	u8	flags;
	u64	pos;
	u32	len;
};

enum fate { UNDER_WAY, ANSWERED, DROPPED, RELEASED };

/* A command as the fabric has it. */
struct task {
	struct cst_cmd	cmd;
	enum fate	fate;
	bool		was_dropped;
	bool		wants_data;	/* get_data was called, the data has not come yet */
	bool		told_to_stop;	/* ops->abort_data was called */
	bool		runs;		/* it executes until a test ends it: nexus.h */
};

struct emu {
	struct cst_disk		disk;
	struct cst_dev_stats	stats;
	struct cst_itl		itl;
	struct cst_session	*sess;
	struct cst_cmd_list	lists[SHIM_CPUS];	/* of sess */
	struct cst_target	target;
	struct cst_fabric_ops	fabric;
	struct cst_handler_ops	handler;
	struct cst_block_ops	block;
	union {
		struct task	task;
		struct cst_cmd	cmd;		/* task.cmd */
	};

	u8			medium[EMU_BLOCKS * EMU_MAX_BLOCK];

	/* how the handler behaves */
	int			io_error;
	bool			io_would_block;	/* the next I/O that may block would */
	bool			io_later;	/* an I/O ends by emu_io_ends() */
	int			copy_error;	/* of cst_block_ops.copy */
	bool			no_memory;	/* for VERIFY, unless it may sleep */
	bool			no_pages;	/* for a list of pages that is no command's */
	bool			no_scratch;	/* for a scratch buffer */
	bool			no_buffer;	/* for any command */

	/* how the store behaves, and what is in it */
	int			store_error;
	u8			record[CST_MODE_SAVED_MAX];
	u32			record_len;
	char			record_name[65];

	/* how the initiator and the fabric behave */
	u64			lun;		/* of commands, as on the wire */
	u8			task_attr;	/* of commands */
	bool			data_later;	/* data comes by emu_data_comes() */

	/* called while a command gets its buffer */
	void			(*meanwhile)(void);

	/* called when the handler has been given an I/O, emu.io */
	void			(*on_io)(void);

	/* called before a command goes on in the worker */
	void			(*between_steps)(void);

	/* called when there is nothing left to run and no response has come */
	void			(*at_last)(void);

	/* what has happened in the last command */
	unsigned int		steps;		/* in the worker, after the first step */
	unsigned int		ios;
	unsigned int		copies;		/* calls of cst_block_ops.copy */
	struct emu_io		copied;		/* the last one; pos is the destination's */
	struct emu_io		io;
	struct cst_io		*pending;	/* an I/O that ends later */
	unsigned int		config_errors;	/* since emu_reset() */
	unsigned int		reserved_events; /* of persistent reservations */
	unsigned int		regrouped;	/* how often a map has asked to regroup */
	u8			*in;		/* data-in, data_len bytes */
};

extern struct emu emu;

/* --- for all tests, also those with tasks, devices and sessions of their own --- */

extern const struct cst_fabric_ops emu_fabric_ops;
extern void (*emu_tmf_done)(struct cst_tmf *tmf);
extern struct list_head emu_jobs;	/* queued in the lanes of devices */

static inline struct task *to_task(struct cst_cmd *cmd)
{
	return container_of(cmd, struct task, cmd);
}

/* Make an enabled device that no command has used; the caller sets its type and handler. */
void emu_device_init(struct cst_device *dev, struct cst_dev_stats *stats);
/* Check that no command has left anything behind in the device. */
void emu_device_check(const struct cst_device *dev);
/* @lists: an array of SHIM_CPUS lists. */
void emu_session_init(struct cst_session *sess, struct cst_cmd_list *lists);
void emu_itl_init(struct cst_itl *itl, struct cst_session *sess, struct cst_device *dev,
		  u32 lun);
/* Make a new command, of which the caller fills in the rest; @task may contain garbage. */
void emu_task_init(struct task *task, struct cst_session *sess, u64 lun);
void emu_release(struct task *task);
/* Deliver the data-out that a task waits for. */
void emu_data_comes(struct task *task);
/* End the pending I/O. */
void emu_io_ends(int error);
/* Run one work, job, grace period or timer; false: there is none. */
bool emu_work(void);
/* The result that the initiator was sent; CST_PENDING: none, the command was dropped. */
cst_sense_t emu_answer(const struct task *task);

/* --- for the commands of a disk --- */

/* Make a new disk of 64 blocks of 512 bytes at LUN 0; the next commands go to it. */
void emu_reset(void);
/* Commands go to a LUN without a logical unit. */
void emu_no_lun(void);
/* Commands go to the REPORT LUNS well-known logical unit. */
void emu_report_luns(void);
void emu_add_lun(u32 lun);
/* Set the data-out of the next command. */
void emu_data_out(const void *data, u32 len);

/*
 * Run a command to its end, as emu.cmd, and return emu_answer() of it.  The initiator
 * expects @exp_len bytes in the CDB's own direction; EMU_ALL: as many as the CDB asks for.
 * The command is released when the next one begins.
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
