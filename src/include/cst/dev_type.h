/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A device type: what a logical unit answers that does not depend on its backing.
 *
 * A handler names its type in its ops.  Commands, pages and version descriptors are
 * tables, each beside its code; they are sorted and indexed when the type is made.
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
struct cst_itl;

#define CST_TYPE_MAX_OPS	128
#define CST_TYPE_MAX_PAGES	32

/* PERIPHERAL QUALIFIER 011b, DEVICE TYPE 1Fh: no logical unit here (SPC-5 6.7.2) */
#define CST_PERIPHERAL_NONE	0x7f

/**
 * struct cst_vpd_page - a page of vital product data (SPC-5 7.7)
 * @code: PAGE CODE
 * @respond: answers with the page; @header has its first two bytes.  Context and
 *	return value as of cst_op.execute.
 */
struct cst_vpd_page {
	u8	code;
	cst_sense_t (*respond)(struct cst_cmd *cmd, const u8 *header);
};

/**
 * struct cst_mode_page - a mode page (SPC-5 7.5)
 * @code: PAGE CODE
 * @size: bytes with its header of two
 * @fill: sets what is not zero, from byte 2 on.  Any context.
 * @told: optional; the initiator has been sent the page's current value as it is in
 *	@page, the first @len bytes of it.  Any context.
 */
struct cst_mode_page {
	u8	code;
	u8	size;
	void (*fill)(const struct cst_cmd *cmd, u8 *page);
	void (*told)(struct cst_itl *itl, const u8 *page, unsigned int len);
};

#define CST_MODE_PAGES_MAX	224	/* bytes of all pages of a type: MODE SENSE(6) */

/* The tables of a type, sorted; dev_type.c. */
struct cst_type_index {
	u8			first[256];	/* of an opcode: 1 + its first op; 0: none */
	u8			nr_ops;
	u8			nr_vpd;
	const struct cst_op	*ops[CST_TYPE_MAX_OPS];
	const struct cst_vpd_page *vpd[CST_TYPE_MAX_PAGES];
};

/**
 * struct cst_dev_type - a device type
 * @name: for messages
 * @peripheral: byte 0 of the INQUIRY data
 * @unknown_op: why a command is refused whose operation code the type does not have
 * @versions: version descriptors of its command sets, 0 terminated; those of the
 *	architecture, the transport and SPC are added
 * @ops: tables of commands, each ended by a row without execute; NULL terminated
 * @any: optional; the row of every CDB that @ops do not have, instead of @unknown_op:
 *	&cst_any_op (command.h), by which the handler's cst_command_ops execute it.  Core
 *	checks the length of such a CDB and nothing else of it.  The command needs an
 *	enabled device.  Core cannot see that it writes: write protection is the handler's
 *	business.  It conflicts with every reservation, runs where the target port is
 *	active, reports unit attentions, and is ordered by its attribute.  REPORT
 *	SUPPORTED OPERATION CODES lists @ops alone.
 * @vpd: tables of VPD pages, each ended by one without respond; NULL terminated
 * @mode_pages: in the order of their codes, ended by one without fill; NULL: MODE
 *	SENSE is none of its commands
 * @mode_specific: DEVICE-SPECIFIC PARAMETER of the mode parameter header, without WP
 * @mode_block: optional; mode parameter block descriptor: fills @p, of 8 bytes, with
 *	@long_lba of 16, and answers its length
 * @extended_inquiry: optional; the type's own bits in VPD page 86h
 * @attrs: attributes of its devices; NULL, or NULL terminated
 * @optional_attrs: optional; more of them that only some handlers have
 * @init: optional; sets fields of a new device, whose attributes have their defaults.
 *	Process context.
 * @itl_init: optional; sets what a new nexus is taken to know.  Process context.
 * @enable: optional; opens the backing by ops->enable and checks what it has found;
 *	without it ops->enable is called.  As cst_handler_ops.enable.
 * @enabled: optional; the device is about to let commands in, and its initiators have
 *	MEDIUM MAY HAVE CHANGED: raises what else has changed.  Process context,
 *	dev->obj.lock held.
 * @capacity: optional; blocks, for events and for fabrics that show them.  Any context.
 * @index: made by cst_dev_type_init()
 *
 * A type of a handler's own takes tables from cst/spc.h, and is made when its module is
 * loaded.
 */
struct cst_dev_type {
	const char			*name;
	u8				peripheral;
	cst_sense_t			unknown_op;
	const u16			*versions;
	const struct cst_op *const	*ops;
	const struct cst_op		*any;
	const struct cst_vpd_page *const *vpd;
	const struct cst_mode_page	*mode_pages;
	u8				mode_specific;
	unsigned int (*mode_block)(const struct cst_cmd *cmd, bool long_lba, u8 *p);
	void (*extended_inquiry)(const struct cst_cmd *cmd, u8 *page);
	const struct cst_attr *const	*attrs;
	const struct cst_attr *const	*(*optional_attrs)(const struct cst_handler_ops *ops);
	void (*init)(struct cst_device *dev);
	void (*itl_init)(struct cst_itl *itl);
	int (*enable)(struct cst_device *dev);
	void (*enabled)(struct cst_device *dev);
	u64 (*capacity)(const struct cst_device *dev);
	struct cst_type_index		*index;
};

/**
 * cst_dev_type_init() - check a type's tables and make its index
 * @type: static; type->index points to a zeroed one
 *
 * A row that no CDB could have, one command or page twice, or too many of them are
 * mistakes of who wrote the type; the log says which.
 *
 * Context: module init.  Return: 0 or -EINVAL.
 */
int cst_dev_type_init(const struct cst_dev_type *type);

/**
 * cst_op_find() - the row of a CDB
 * @type: who is asked
 * @cdb: at least @cdb_len bytes
 * @cdb_len: as received
 * @reason: why there is none
 * @detail: where in the CDB
 *
 * Context: any; pure.  Return: the row, or NULL.
 */
const struct cst_op *cst_op_find(const struct cst_dev_type *type, const u8 *cdb,
				 unsigned int cdb_len, cst_sense_t *reason,
				 struct cst_sense_detail *detail);

#endif /* _CST_DEV_TYPE_H */
