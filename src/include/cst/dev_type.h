/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A device type: the part of a logical unit that does not depend on its backing.
 *
 * A handler names its type in its ops.  Commands, pages and version descriptors are
 * tables, each beside its code.  cst_dev_type_init() sorts and indexes them.
 */
#ifndef _CST_DEV_TYPE_H
#define _CST_DEV_TYPE_H

#include <linux/types.h>

#include <cst/attr.h>
#include <cst/op.h>
#include <cst/sense.h>

struct cst_cmd;
struct cst_device;
struct cst_handler_ops;
struct cst_io;
struct cst_itl;
struct cst_log_counts;

#define CST_TYPE_MAX_OPS	128
#define CST_TYPE_MAX_PAGES	32

/* PERIPHERAL QUALIFIER 011b, DEVICE TYPE 1Fh: no logical unit here (SPC-5 6.7.2) */
#define CST_PERIPHERAL_NONE	0x7f

/**
 * struct cst_vpd_page - a page of vital product data (SPC-5 7.7)
 * @code: PAGE CODE
 * @respond: responds with the page; @header has the first two bytes of the page.
 *	Context and return value as of cst_op.execute.
 */
struct cst_vpd_page {
	u8	code;
	cst_sense_t (*respond)(struct cst_cmd *cmd, const u8 *header);
};

/**
 * struct cst_mode_page - a mode page (SPC-5 7.5)
 * @code: PAGE CODE
 * @subpage: SUBPAGE CODE; 0: the page has the format without one
 * @size: bytes of the page with its header, which has two bytes, or four with a subpage
 * @fill: sets the bytes of the zeroed page that are not zero, behind the header: the default
 *	values.  Any context.
 * @mask: optional; sets the bits of the zeroed page that MODE SELECT can change.  They are
 *	saved, too.  Without @mask no bit of the page can be changed.  Any context.
 * @get: with @mask; sets the bits of @mask in @page, which has the default values, to the
 *	current values.  Any context.
 * @set: with @mask; makes the bits of @mask in @page the current values.  Any context.
 * @settle: optional; must written data be made durable before the values of @old are replaced
 *	by those of @page?  Any context; pure.
 * @told: optional; called when the initiator knows the current values: it has set them, or
 *	the first @len bytes of @page are sent to it.  Any context.
 * @exists: optional; is the page there?  A page that is not there keeps its values, is not
 *	sent, and cannot be written.  Any context; cheap.
 *
 * The current values are fields of the device, each at the code that it has an effect on.
 */
struct cst_mode_page {
	u8	code;
	u8	subpage;
	u16	size;
	void (*fill)(const struct cst_device *dev, u8 *page);
	void (*mask)(const struct cst_device *dev, u8 *page);
	void (*get)(const struct cst_device *dev, u8 *page);
	void (*set)(struct cst_device *dev, const u8 *page);
	bool (*settle)(const u8 *old, const u8 *page);
	void (*told)(struct cst_itl *itl, const u8 *page, unsigned int len);
	bool (*exists)(const struct cst_device *dev);
};

/**
 * struct cst_log_page - a log page (SPC-5 7.3)
 * @code: PAGE CODE, not 0
 * @subpage: SUBPAGE CODE, not FFh
 * @counts: BIT() of each enum cst_log_count that the page shows, and LOG SELECT sets back
 * @fill: writes the parameters, in the order of their codes, to @p, which has room for
 *	CST_LOG_PAGE_MAX - 4 zeroed bytes.  Answers the end of what it has written.  @counts
 *	are zeroes when default values are asked for.  Any context.
 * @exists: optional; is the page there?  Any context; cheap.
 */
struct cst_log_page {
	u8	code;
	u8	subpage;
	u32	counts;
	u8	*(*fill)(const struct cst_device *dev, const struct cst_log_counts *counts, u8 *p);
	bool	(*exists)(const struct cst_device *dev);
};

#define CST_LOG_PAGE_MAX	448	/* bytes of a page with its header */

#define CST_MODE_PAGE_MAX	64	/* bytes of a page */
#define CST_MODE_PAGES_MAX	480	/* bytes of all pages of a type */

/* The tables of a type, sorted; dev_type.c. */
struct cst_type_index {
	u8			first[256];	/* by opcode: 1 + index of its first op; 0: none */
	u8			nr_ops;
	u8			nr_vpd;
	const struct cst_op	*ops[CST_TYPE_MAX_OPS];
	const struct cst_vpd_page *vpd[CST_TYPE_MAX_PAGES];
	u8			nr_logs;
	const struct cst_log_page *logs[CST_TYPE_MAX_PAGES];
};

/**
 * struct cst_dev_type - a device type
 * @name: for messages
 * @peripheral: byte 0 of the INQUIRY data
 * @unknown_op: reason to refuse a command whose operation code the type does not have
 * @versions: version descriptors of its command sets, 0 terminated.  Those of the
 *	architecture, the transport and SPC are added
 * @ops: tables of commands, each ended by a row without execute; NULL terminated
 * @any: optional; the row of every CDB that is not in @ops, used instead of @unknown_op.
 *	It is &cst_any_op (command.h), by which the handler's cst_command_ops execute the
 *	command.  Core checks the length of such a CDB and nothing else of it.  The command
 *	needs an enabled device.  Core cannot know whether the command writes, so the
 *	handler has to check write protection.  The command conflicts with every
 *	reservation, is allowed where the target port is active, reports unit attentions,
 *	and is ordered by its task attribute.  REPORT SUPPORTED OPERATION CODES lists @ops
 *	alone.
 * @vpd: tables of VPD pages, each ended by a page without respond; NULL terminated
 * @log_pages: tables of log pages, each ended by a page without fill; NULL terminated.
 *	NULL: the type has no LOG SENSE
 * @mode_pages: mode pages in the order of their codes and subpages, ended by a page
 *	without fill.
 *	NULL: the type has no MODE SENSE
 * @mode_specific: DEVICE-SPECIFIC PARAMETER of the mode parameter header, without WP
 * @mode_block: optional; fills in the mode parameter block descriptor at @p, which has 8
 *	bytes, or 16 with @long_lba.  Answers the length of the descriptor
 * @mode_block_bad: with @mode_block; may MODE SELECT set the descriptor @p?  Answers the
 *	offset of the first field that may not have its value, or -1
 * @settle: optional; makes written data durable, and calls @done when it is.  Answers what
 *	cst_op.execute answers.  Called in a worker.
 * @probe: optional; for a self-test, reads the first block or, with @last, the last one to the
 *	scratch buffer, sets cmd->lba to its address, and calls @done.  Answers what
 *	cst_op.execute answers.  Called in a worker.  Without it a unit that is ready is well.
 * @extended_inquiry: optional; sets the type's own bits in VPD page 86h
 * @attrs: attributes of its devices, NULL terminated; NULL: none
 * @optional_attrs: optional; answers more attributes, which only some handlers have
 * @init: optional; sets fields of a new device, whose attributes have their defaults.
 *	Process context.
 * @itl_init: optional; sets what the initiator of a new nexus is assumed to know.
 *	Process context.
 * @itl_exit: optional; frees what commands have attached to a nexus, which is not in use any
 *	more.  Process context.
 * @enable: optional; calls ops->enable to open the backing, and checks what that has
 *	found.  Without this function core calls ops->enable itself.  As
 *	cst_handler_ops.enable.
 * @enabled: optional; called just before the device lets commands in, when MEDIUM MAY
 *	HAVE CHANGED has been raised for its initiators.  Raises unit attentions for what
 *	else has changed.  Process context, dev->obj.lock held.
 * @opened: optional; commands are let in: continues what the type does by itself.  Also called
 *	when the backing could not be closed in time.  Process context, dev->obj.lock held.
 * @closed: optional; the backing has been closed.  Process context, dev->obj.lock held.
 * @unfit: with CST_UNFIT in dev->stopped; answers the reason to refuse @cmd, or CST_OK.  With
 *	@cmd NULL, answers the state of the unit, for REQUEST SENSE.  Sets the progress in
 *	@detail.  Any context.
 * @capacity: optional; answers the number of blocks, for events and for fabrics that
 *	show it.  Any context.
 * @index: filled in by cst_dev_type_init()
 *
 * A handler may have a type of its own.  Such a type takes tables from cst/spc.h, and is
 * initialised when the handler's module is loaded.
 */
struct cst_dev_type {
	const char			*name;
	u8				peripheral;
	cst_sense_t			unknown_op;
	const u16			*versions;
	const struct cst_op *const	*ops;
	const struct cst_op		*any;
	const struct cst_vpd_page *const *vpd;
	const struct cst_log_page *const *log_pages;
	const struct cst_mode_page	*mode_pages;
	u8				mode_specific;
	unsigned int (*mode_block)(const struct cst_cmd *cmd, bool long_lba, u8 *p);
	int (*mode_block_bad)(const struct cst_cmd *cmd, bool long_lba, const u8 *p);
	cst_sense_t (*settle)(struct cst_cmd *cmd, void (*done)(struct cst_io *io, int error));
	cst_sense_t (*probe)(struct cst_cmd *cmd, bool last,
			     void (*done)(struct cst_io *io, int error));
	void (*extended_inquiry)(const struct cst_cmd *cmd, u8 *page);
	const struct cst_attr *const	*attrs;
	const struct cst_attr *const	*(*optional_attrs)(const struct cst_handler_ops *ops);
	void (*init)(struct cst_device *dev);
	void (*itl_init)(struct cst_itl *itl);
	void (*itl_exit)(struct cst_itl *itl);
	int (*enable)(struct cst_device *dev);
	void (*enabled)(struct cst_device *dev);
	void (*opened)(struct cst_device *dev);
	void (*closed)(struct cst_device *dev);
	cst_sense_t (*unfit)(const struct cst_device *dev, const struct cst_cmd *cmd,
			     struct cst_sense_detail *detail);
	u64 (*capacity)(const struct cst_device *dev);
	struct cst_type_index		*index;
};

/**
 * cst_dev_type_init() - check a type's tables and make its index
 * @type: static; type->index points to a zeroed index
 *
 * Refuses a row that no CDB could match, a command or page that is there twice, and too
 * many commands or pages.  These are mistakes in the type; the log names the mistake.
 *
 * Context: module init.  Return: 0 or -EINVAL.
 */
int cst_dev_type_init(const struct cst_dev_type *type);

/**
 * cst_op_find() - find the row of a CDB
 * @type: device type whose tables are searched
 * @cdb: at least @cdb_len bytes
 * @cdb_len: number of bytes that were received
 * @reason: set to the reason to refuse the CDB when there is no row
 * @detail: set to the place in the CDB that the reason is about
 *
 * Context: any; pure.  Return: the row, or NULL.
 */
const struct cst_op *cst_op_find(const struct cst_dev_type *type, const u8 *cdb,
				 unsigned int cdb_len, cst_sense_t *reason,
				 struct cst_sense_detail *detail);

#endif /* _CST_DEV_TYPE_H */
