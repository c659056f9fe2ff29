// SPDX-License-Identifier: GPL-2.0-only
/*
 * Device types: check and index their tables, and find the row of a CDB.
 *
 * Types are initialised when core or a handler's module is loaded.  parse.c looks rows up;
 * INQUIRY and REPORT SUPPORTED OPERATION CODES read the index.  Pure: also compiled in user
 * space.
 */
#include <linux/dma-direction.h>
#include <linux/errno.h>
#include <linux/export.h>
#include <linux/kernel.h>
#include <linux/printk.h>
#include <linux/unaligned.h>
#include <scsi/scsi_proto.h>

#include "cdb.h"
#include "core.h"

static int cst_type_mistake(const struct cst_dev_type *type, const char *what,
			    unsigned int code)
{
	pr_err("cst: %s: %s %02xh\n", type->name, what, code);
	return -EINVAL;
}

/* Return: -1, 0 or 1, by the order of rows in the index; 0: the rows exclude each other. */
static int cst_op_compare(const struct cst_op *a, const struct cst_op *b)
{
	if (a->opcode != b->opcode)
		return a->opcode < b->opcode ? -1 : 1;
	if ((a->flags ^ b->flags) & CST_OP_ACTION)
		return 0;	/* a code has service actions or has none, not both */
	if (!(a->flags & CST_OP_ACTION) || a->service_action == b->service_action)
		return 0;
	return a->service_action < b->service_action ? -1 : 1;
}

/* Do length, usage map and service action fit together? */
static bool cst_op_cdb_is_sound(const struct cst_op *op)
{
	if (!op->usage || op->cdb_len < 6 || op->cdb_len == 7 || op->usage[0] != op->opcode)
		return false;
	if (op->opcode == VARIABLE_LENGTH_CMD)
		return op->cdb_len == CST_CDB_MAX && op->flags & CST_OP_ACTION &&
		       op->usage[7] == CST_CDB_MAX - 8 &&
		       get_unaligned_be16(op->usage + 8) == op->service_action;
	return op->cdb_len <= 16 && (!(op->flags & CST_OP_ACTION) ||
				     (op->usage[1] & 0x1f) == op->service_action);
}

static bool cst_op_is_sound(const struct cst_op *op)
{
	return op->name && cst_op_cdb_is_sound(op) &&
	       (!(op->flags & CST_OP_WRITES) || op->flags & CST_OP_MEDIUM) &&
	       (op->dir != DMA_NONE || !(op->flags & CST_OP_BLOCKS)) &&
	       op->resv != CST_RESV_UNSAID && op->resv <= CST_RESV_WRITE;
}

/* Insertion sort: a type has some dozens of rows, and they are sorted once. */
static int cst_type_add_op(const struct cst_dev_type *type,
			   const struct cst_op *op)
{
	struct cst_type_index *index = type->index;
	unsigned int at = index->nr_ops;

	if (!cst_op_is_sound(op))
		return cst_type_mistake(type, "wrong row of operation code",
					op->opcode);
	if (at == CST_TYPE_MAX_OPS)
		return cst_type_mistake(type, "no room for operation code",
					op->opcode);
	for (; at && cst_op_compare(op, index->ops[at - 1]) <= 0; at--) {
		if (!cst_op_compare(op, index->ops[at - 1]))
			return cst_type_mistake(type, "two rows of operation code",
						op->opcode);
		index->ops[at] = index->ops[at - 1];
	}
	index->ops[at] = op;
	index->nr_ops++;
	return 0;
}

static int cst_type_add_vpd(const struct cst_dev_type *type,
			    const struct cst_vpd_page *page)
{
	struct cst_type_index *index = type->index;
	unsigned int at = index->nr_vpd;

	if (at == CST_TYPE_MAX_PAGES)
		return cst_type_mistake(type, "no room for VPD page", page->code);
	for (; at && page->code <= index->vpd[at - 1]->code; at--) {
		if (page->code == index->vpd[at - 1]->code)
			return cst_type_mistake(type, "two VPD pages", page->code);
		index->vpd[at] = index->vpd[at - 1];
	}
	index->vpd[at] = page;
	index->nr_vpd++;
	return 0;
}

static int cst_type_add_log(const struct cst_dev_type *type,
			    const struct cst_log_page *page)
{
	struct cst_type_index *index = type->index;
	unsigned int at = index->nr_logs, key = page->code << 8 | page->subpage, other;

	/* The lists of supported pages take two bytes for each. */
	if (at == CST_TYPE_MAX_PAGES || !page->code || page->code >= 0x3f ||
	    page->subpage == 0xff)
		return cst_type_mistake(type, "wrong log page", page->code);
	for (; at; at--) {
		other = index->logs[at - 1]->code << 8 | index->logs[at - 1]->subpage;
		if (key == other)
			return cst_type_mistake(type, "two log pages", page->code);
		if (key > other)
			break;
		index->logs[at] = index->logs[at - 1];
	}
	index->logs[at] = page;
	index->nr_logs++;
	return 0;
}

static int cst_type_add_logs(const struct cst_dev_type *type)
{
	const struct cst_log_page *const *pages = type->log_pages;
	const struct cst_log_page *page;
	int ret;

	for (; pages && *pages; pages++) {
		for (page = *pages; page->fill; page++) {
			ret = cst_type_add_log(type, page);
			if (ret)
				return ret;
		}
	}
	return 0;
}

static int cst_type_check_mode_pages(const struct cst_dev_type *type)
{
	const struct cst_mode_page *page;
	unsigned int sum = 0, saved = 0;
	int last = -1;

	if (!type->mode_pages)
		return 0;
	for (page = type->mode_pages; page->fill; page++) {
		sum += page->size;
		if (page->mask)
			saved += CST_MODE_SAVED_HEADER + page->size;
		if ((page->code << 8 | page->subpage) <= last ||
		    page->code >= 0x3f || page->subpage == 0xff ||
		    page->size < (page->subpage ? 5 : 3) || page->size > CST_MODE_PAGE_MAX ||
		    sum > CST_MODE_PAGES_MAX || saved > CST_MODE_SAVED_MAX ||
		    !page->mask != !page->get || !page->mask != !page->set)
			return cst_type_mistake(type, "wrong mode page", page->code);
		last = page->code << 8 | page->subpage;
	}
	return 0;
}

int cst_dev_type_init(const struct cst_dev_type *type)
{
	struct cst_type_index *index = type->index;
	const struct cst_vpd_page *const *pages;
	const struct cst_op *const *ops;
	const struct cst_vpd_page *page;
	const struct cst_op *op;
	unsigned int i;
	int ret;

	for (ops = type->ops; *ops; ops++) {
		for (op = *ops; op->execute; op++) {
			ret = cst_type_add_op(type, op);
			if (ret)
				return ret;
		}
	}
	for (i = index->nr_ops; i--;)
		index->first[index->ops[i]->opcode] = i + 1;
	for (pages = type->vpd; *pages; pages++) {
		for (page = *pages; page->respond; page++) {
			ret = cst_type_add_vpd(type, page);
			if (ret)
				return ret;
		}
	}
	ret = cst_type_add_logs(type);
	if (ret)
		return ret;
	/* With unknown_op 0, which is CST_OK, parse.c would accept a CDB without a row. */
	if (!type->any && !type->unknown_op) {
		pr_err("cst: %s: no answer to an unknown operation code\n", type->name);
		return -EINVAL;
	}
	if (type->any && !cst_op_is_sound(type->any))
		return cst_type_mistake(type, "wrong row of any operation code",
					type->any->opcode);
	return cst_type_check_mode_pages(type);
}
EXPORT_SYMBOL_GPL(cst_dev_type_init);

/* The row of a service action; @i is the first row of the operation code. */
static const struct cst_op *cst_op_find_action(const struct cst_dev_type *type,
					       unsigned int i, const u8 *cdb,
					       unsigned int cdb_len,
					       cst_sense_t *reason,
					       struct cst_sense_detail *detail)
{
	bool variable = cdb[0] == VARIABLE_LENGTH_CMD;
	const struct cst_type_index *index = type->index;
	u16 action;

	if (cdb_len < (variable ? 10 : 2)) {
		*reason = cst_cdb_invalid(detail, cdb_len, 7);
		return NULL;
	}
	action = variable ? get_unaligned_be16(cdb + 8) : cdb[1] & 0x1f;
	for (; i < index->nr_ops && index->ops[i]->opcode == cdb[0]; i++) {
		if (index->ops[i]->service_action != action)
			continue;
		/* ADDITIONAL CDB LENGTH is a value, which the usage map cannot check. */
		if (variable && cdb[7] != index->ops[i]->cdb_len - 8) {
			*reason = cst_cdb_invalid(detail, 7, 7);
			return NULL;
		}
		return index->ops[i];
	}
	if (type->any)
		return type->any;
	*reason = variable ? cst_cdb_invalid(detail, 8, 7) : cst_cdb_invalid(detail, 1, 4);
	return NULL;
}

const struct cst_op *cst_op_find(const struct cst_dev_type *type, const u8 *cdb,
				 unsigned int cdb_len, cst_sense_t *reason,
				 struct cst_sense_detail *detail)
{
	const struct cst_type_index *index = type->index;
	const struct cst_op *op;
	unsigned int first;

	first = likely(cdb_len) ? index->first[cdb[0]] : 0;
	if (unlikely(!first)) {
		if (type->any)
			return type->any;
		*reason = type->unknown_op;
		if (*reason == CST_SENSE(INVALID_COMMAND_OPERATION_CODE))
			cst_cdb_invalid(detail, 0, 7);
		return NULL;
	}
	op = index->ops[first - 1];
	if (likely(!(op->flags & CST_OP_ACTION)))
		return op;
	return cst_op_find_action(type, first - 1, cdb, cdb_len, reason, detail);
}
