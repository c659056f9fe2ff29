/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What is around core: a fabric, a handler with a disk in memory, the buffers and the
 * worker.  A command goes from cst_cmd_submit() through all of core to send_response or
 * drop.  Nothing happens by itself: what is queued is done by emu_work().
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

enum fate { UNDER_WAY, ANSWERED, DROPPED, RELEASED };

/* What the fabric knows of a command. */
struct task {
	struct cst_cmd	cmd;
	enum fate	fate;
	bool		was_dropped;
	bool		wants_data;	/* get_data was called, and nothing has come */
	bool		told_to_stop;	/* ops->abort_data */
	bool		runs;		/* executes, and a test ends it: nexus.h */
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
		struct cst_cmd	cmd;		/* the task's */
	};

	u8			medium[EMU_BLOCKS * EMU_MAX_BLOCK];

	/* how the handler behaves */
	int			io_error;
	bool			io_would_block;	/* once, where it may */
	bool			io_later;	/* emu_io_ends() says when */
	bool			no_memory;	/* for VERIFY, unless it may sleep */
	bool			no_buffer;	/* for any command */

	/* how the initiator and the fabric behave */
	u64			lun;		/* of commands, as on the wire */
	u8			task_attr;	/* of commands */
	bool			data_later;	/* emu_data_comes() says when */

	/* what somebody else does while a command gets its buffer */
	void			(*meanwhile)(void);

	/* what somebody else does before a command goes on in the worker */
	void			(*between_steps)(void);

	/* what somebody else does when nothing else happens and no response has come */
	void			(*at_last)(void);

	/* what has happened in the last command */
	unsigned int		steps;		/* after the first, in the worker */
	unsigned int		ios;
	struct emu_io		io;
	struct cst_io		*pending;	/* that ends later */
	unsigned int		config_errors;	/* since emu_reset() */
	unsigned int		regrouped;	/* how often a map has asked for it */
	u8			*in;		/* data-in, data_len bytes */
};

extern struct emu emu;

/* --- for whoever has tasks, devices and sessions of its own, too --- */

extern const struct cst_fabric_ops emu_fabric_ops;
extern void (*emu_tmf_done)(struct cst_tmf *tmf);
extern struct list_head emu_jobs;	/* of devices, in their lanes */

static inline struct task *to_task(struct cst_cmd *cmd)
{
	return container_of(cmd, struct task, cmd);
}

/* Enabled, and nothing has happened yet; its type and handler are the caller's. */
void emu_device_init(struct cst_device *dev, struct cst_dev_stats *stats);
/* No command has left anything behind in it. */
void emu_device_check(const struct cst_device *dev);
/* @lists are SHIM_CPUS. */
void emu_session_init(struct cst_session *sess, struct cst_cmd_list *lists);
void emu_itl_init(struct cst_itl *itl, struct cst_session *sess, struct cst_device *dev,
		  u32 lun);
/* A fresh command, of which the caller fills in the rest; what it was before is rubbish. */
void emu_task_init(struct task *task, struct cst_session *sess, u64 lun);
void emu_release(struct task *task);
/* The data-out of a task that wants it is there. */
void emu_data_comes(struct task *task);
/* The I/O that is pending ends. */
void emu_io_ends(int error);
/* One work, job, grace period or timer; false: there is none. */
bool emu_work(void);
/* What the initiator has been told; CST_PENDING: nothing, the command was dropped. */
cst_sense_t emu_answer(const struct task *task);

/* --- for the commands of a disk --- */

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
 * Run a command to its end, as emu.cmd; what emu_answer() says of it.  @exp_len bytes are
 * expected in the CDB's own direction, or as much as it asks for with EMU_ALL.  The
 * command is released when the next one begins.
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
