// SPDX-License-Identifier: GPL-2.0-only
/*
 * MODE SENSE and MODE SELECT, (6) and (10): SPC-4 6.9 to 6.12, 7.5; SBC-3 6.4.
 *
 * exec.c, device.c and abort.c call in.  A type's table has a row for each of its pages
 * (cst_mode_page).  The current values are fields of the device; this file keeps the saved
 * values, in dev->mode.
 *
 * MODE SELECT is ordered: when it executes, no other command of the unit does, unless that
 * command was HEAD OF QUEUE.  So nobody sees half of the new values.  Its steps, of which only
 * those that are needed are taken:
 *  1. it checks the whole parameter list;
 *  2. it makes written data durable, if the new values promise that;
 *  3. in a queue of its own, it saves the new values;
 *  4. it makes them the current values, and tells all other nexuses.
 */
#include <linux/bitops.h>
#include <linux/dma-direction.h>
#include <linux/export.h>
#include <linux/kernel.h>
#include <linux/string.h>
#include <linux/unaligned.h>
#include <scsi/scsi_proto.h>

#include "../../core/store.h"
#include "spc.h"

/* PAGE CONTROL */
#define CST_PC_CURRENT		0
#define CST_PC_CHANGEABLE	1
#define CST_PC_DEFAULT		2
#define CST_PC_SAVED		3

#define CST_PAGE_ALL		0x3f
#define CST_SUBPAGE_NONE	0x00
#define CST_SUBPAGE_ALL		0xff

/* MODE SENSE, byte 1 */
#define CST_CDB_DBD		0x08
#define CST_CDB_LLBAA		0x10
/* MODE SELECT, byte 1 */
#define CST_CDB_SP		0x01
#define CST_CDB_RTD		0x02
#define CST_CDB_PF		0x10

/* Byte 0 of a page */
#define CST_MODE_PS		0x80
#define CST_MODE_SPF		0x40

#define CST_MODE_HEADER_6	4
#define CST_MODE_HEADER_10	8
#define CST_MODE_BLOCK_MAX	16
#define CST_MODE_LONGLBA	0x01	/* byte 4 of the header of ten-byte commands */
#define CST_MODE_MAX	(CST_MODE_HEADER_10 + CST_MODE_BLOCK_MAX + \
			 CST_MODE_PAGES_MAX)

#define CST_MODE_KIND		"mode"	/* of the store's record */
#define CST_MODE_VERSION	1

/* --- pages and their values --- */

static unsigned int cst_mode_page_header(const struct cst_mode_page *page)
{
	return page->subpage ? 4 : 2;
}

/* The saved values of a page, or NULL.  The caller holds dev->mode.lock. */
static const u8 *cst_mode_saved(const struct cst_device *dev,
				const struct cst_mode_page *page)
{
	const u8 *p = dev->mode.saved, *end = p + dev->mode.saved_len;

	for (; end - p >= CST_MODE_SAVED_HEADER; p += CST_MODE_SAVED_HEADER + p[2]) {
		if (end - p < CST_MODE_SAVED_HEADER + p[2])
			break;
		/* A page whose size is another one has other fields. */
		if (p[0] == page->code && p[1] == page->subpage && p[2] == page->size)
			return p + CST_MODE_SAVED_HEADER;
	}
	return NULL;
}

/* Replace the bits that can be changed by the saved ones.  The caller holds dev->mode.lock. */
static void cst_mode_overlay_saved(struct cst_device *dev, const struct cst_mode_page *page,
				   u8 *values)
{
	u8 mask[CST_MODE_PAGE_MAX] = {};
	unsigned int i;
	const u8 *saved;

	page->mask(dev, mask);
	saved = cst_mode_saved(dev, page);
	for (i = cst_mode_page_header(page); saved && i < page->size; i++)
		values[i] = (values[i] & ~mask[i]) | (saved[i] & mask[i]);
}

/* Write a page, of page->size bytes, with the values that @control asks for. */
static void cst_mode_fill_locked(struct cst_device *dev, const struct cst_mode_page *page,
				 u8 control, u8 *buf)
{
	unsigned int header = cst_mode_page_header(page), i;
	u8 mask[CST_MODE_PAGE_MAX] = {};

	lockdep_assert_held(&dev->mode.lock);
	memset(buf, 0, page->size);
	if (control == CST_PC_CHANGEABLE) {
		if (page->mask)
			page->mask(dev, buf);
	} else {
		page->fill(dev, buf);
		if (page->mask && control == CST_PC_SAVED) {
			cst_mode_overlay_saved(dev, page, buf);
		} else if (page->mask && control == CST_PC_CURRENT) {
			page->mask(dev, mask);
			for (i = header; i < page->size; i++)
				buf[i] &= ~mask[i];
			page->get(dev, buf);
		}
	}
	buf[0] = page->code | (page->mask ? CST_MODE_PS : 0);
	if (page->subpage) {
		buf[0] |= CST_MODE_SPF;
		buf[1] = page->subpage;
		put_unaligned_be16(page->size - header, buf + 2);
	} else {
		buf[1] = page->size - header;
	}
}

static void cst_mode_fill(struct cst_device *dev, const struct cst_mode_page *page,
			  u8 control, u8 *buf)
{
	unsigned long flags;

	spin_lock_irqsave(&dev->mode.lock, flags);
	cst_mode_fill_locked(dev, page, control, buf);
	spin_unlock_irqrestore(&dev->mode.lock, flags);
}

/*
 * Give a page the values that it has when the unit is made or reset.  A disabled unit can be
 * reset while the saved values are read: nothing may come between looking at them and setting
 * the current ones.  @settled: written data is durable, or there is none.  Without that, a
 * value that may only become current when it is stays as it is.  Return: did the page differ?
 */
static bool cst_mode_start(struct cst_device *dev, const struct cst_mode_page *page, bool settled)
{
	u8 old[CST_MODE_PAGE_MAX], buf[CST_MODE_PAGE_MAX];
	unsigned long flags;
	bool differs;

	spin_lock_irqsave(&dev->mode.lock, flags);
	cst_mode_fill_locked(dev, page, CST_PC_CURRENT, old);
	cst_mode_fill_locked(dev, page, CST_PC_DEFAULT, buf);
	cst_mode_overlay_saved(dev, page, buf);
	differs = memcmp(old, buf, page->size);
	if (settled || (differs && !(page->settle && page->settle(old, buf))))
		page->set(dev, buf);
	spin_unlock_irqrestore(&dev->mode.lock, flags);
	return differs;
}

/* --- MODE SENSE --- */

static bool cst_mode_exists(const struct cst_device *dev, const struct cst_mode_page *page)
{
	return !page->exists || page->exists(dev);
}

static bool cst_mode_wanted(const struct cst_device *dev, const struct cst_mode_page *page,
			    u8 code, u8 subpage)
{
	if (!cst_mode_exists(dev, page))
		return false;
	if (code != CST_PAGE_ALL && code != page->code)
		return false;
	/* SPC-4 table 459: the other subpages of all pages are reserved. */
	if (code == CST_PAGE_ALL && subpage && subpage != CST_SUBPAGE_ALL)
		return false;
	return subpage == CST_SUBPAGE_ALL || subpage == page->subpage;
}

/*
 * Write the pages that the CDB asks for to @buf.  Returns their length in bytes, 0 when
 * there is no such page.
 */
static unsigned int cst_mode_pages_fill(const struct cst_cmd *cmd, u8 *buf)
{
	const struct cst_mode_page *page;
	unsigned int len = 0;

	for (page = cmd->type->mode_pages; page->fill; page++) {
		if (!cst_mode_wanted(cmd->dev, page, cmd->cdb[2] & 0x3f, cmd->cdb[3]))
			continue;
		cst_mode_fill(cmd->dev, page, cmd->cdb[2] >> 6, buf + len);
		len += page->size;
	}
	return len;
}

/*
 * Tell the type, by cst_mode_page.told, which values this nexus has been sent: the first
 * @sent bytes of the pages in @buf.
 */
static void cst_mode_told(const struct cst_cmd *cmd, const u8 *buf,
			  unsigned int sent)
{
	const struct cst_mode_page *page;
	unsigned int len;

	for (page = cmd->type->mode_pages; sent && page->fill; page++) {
		if (!cst_mode_wanted(cmd->dev, page, cmd->cdb[2] & 0x3f, cmd->cdb[3]))
			continue;
		len = min_t(unsigned int, sent, page->size);
		if (page->told)
			page->told(cmd->itl, buf, len);
		sent -= len;
		buf += len;
	}
}

/* There is no such page: is the page code wrong, or only the subpage code? */
static cst_sense_t cst_mode_no_page(struct cst_cmd *cmd)
{
	u8 code = cmd->cdb[2] & 0x3f;
	const struct cst_mode_page *page;

	for (page = cmd->type->mode_pages; page->fill; page++)
		if (cst_mode_wanted(cmd->dev, page, code, CST_SUBPAGE_ALL))
			return cst_cdb_invalid(&cmd->detail, 3, 7);
	return cst_cdb_invalid(&cmd->detail, 2, 5);
}

static bool cst_mode_is_protected(const struct cst_cmd *cmd)
{
	return READ_ONCE(cmd->itl->read_only) || cmd->dev->read_only ||
	       READ_ONCE(cmd->dev->swp);
}

static cst_sense_t cst_spc_mode_sense(struct cst_cmd *cmd)
{
	bool ten = cmd->cdb[0] == MODE_SENSE_10;
	bool long_lba = ten && cmd->cdb[1] & CST_CDB_LLBAA;
	unsigned int header = ten ? CST_MODE_HEADER_10 : CST_MODE_HEADER_6;
	unsigned int len = header, block_len = 0, pages_len, first;
	u8 specific = cmd->type->mode_specific;
	u8 buf[CST_MODE_MAX] = {};
	cst_sense_t reason;

	if (!(cmd->cdb[1] & CST_CDB_DBD) && cmd->type->mode_block)
		block_len = cmd->type->mode_block(cmd, long_lba, buf + len);
	len += block_len;

	first = len;
	pages_len = cst_mode_pages_fill(cmd, buf + len);
	if (!pages_len)
		return cst_mode_no_page(cmd);
	len += pages_len;
	/* MODE DATA LENGTH of the six-byte command has one byte. */
	if (!ten && len > 256)
		return cst_cdb_invalid(&cmd->detail, 3, 7);

	if (cst_mode_is_protected(cmd))
		specific |= CST_MODE_WP;
	if (ten) {
		put_unaligned_be16(len - 2, buf);
		buf[3] = specific;
		buf[4] = block_len && long_lba ? CST_MODE_LONGLBA : 0;
		put_unaligned_be16(block_len, buf + 6);
	} else {
		buf[0] = len - 1;
		buf[2] = specific;
		buf[3] = block_len;
	}
	reason = cst_cmd_respond(cmd, buf, len);
	if (!reason && cmd->cdb[2] >> 6 == CST_PC_CURRENT && cmd->data_len > first)
		cst_mode_told(cmd, buf + first, cmd->data_len - first);
	return reason;
}

/* --- MODE SELECT: the parameter list --- */

/* @pages: offset of the first page in @data */
struct cst_mode_list {
	u8		data[CST_MODE_MAX];
	unsigned int	len;
	unsigned int	pages;
};

static cst_sense_t cst_spc_parse_mode_select(struct cst_cmd *cmd)
{
	/* No list that is right is longer: no type has as many pages. */
	if (cmd->cdb_xfer_len > CST_MODE_MAX)
		return CST_SENSE(PARAMETER_LIST_LENGTH_ERROR);
	/* See the top of this file.  An ACA task attribute is refused by the gate. */
	if (cmd->task_attr != CST_TASK_ACA)
		cmd->task_attr = CST_TASK_ORDERED;
	return CST_OK;
}

/*
 * The header and the block descriptor.  MODE DATA LENGTH is reserved, and so are, in the
 * DEVICE-SPECIFIC PARAMETER, the bits that MODE SENSE sets: initiators send back what they
 * have read.
 */
static cst_sense_t cst_mode_check_header(struct cst_cmd *cmd, struct cst_mode_list *list)
{
	bool ten = cmd->cdb[0] == MODE_SELECT_10, long_lba;
	unsigned int header = ten ? CST_MODE_HEADER_10 : CST_MODE_HEADER_6;
	unsigned int type_at = ten ? 2 : 1, block_at = ten ? 6 : 3, block_len;
	const u8 *p = list->data;
	int bad;

	if (list->len < header)
		return CST_SENSE(PARAMETER_LIST_LENGTH_ERROR);
	if (p[type_at])
		return cst_list_invalid(&cmd->detail, type_at, 7);
	if (p[type_at + 1] & ~(cmd->type->mode_specific | CST_MODE_WP))
		return cst_list_invalid(&cmd->detail, type_at + 1, 7);
	if (ten && (p[4] & ~CST_MODE_LONGLBA))
		return cst_list_invalid(&cmd->detail, 4, 7);
	if (ten && p[5])
		return cst_list_invalid(&cmd->detail, 5, 7);
	long_lba = ten && p[4] & CST_MODE_LONGLBA;
	block_len = ten ? get_unaligned_be16(p + 6) : p[3];
	list->pages = header + block_len;
	if (!block_len)
		return CST_OK;
	if (!cmd->type->mode_block_bad || block_len != (long_lba ? 16 : 8))
		return cst_list_invalid(&cmd->detail, block_at, 7);
	if (list->len < list->pages)
		return CST_SENSE(PARAMETER_LIST_LENGTH_ERROR);
	bad = cmd->type->mode_block_bad(cmd, long_lba, p + header);
	return bad < 0 ? CST_OK : cst_list_invalid(&cmd->detail, header + bad, 7);
}

/* Check the page at offset @at of the list.  *page is set to its row. */
static cst_sense_t cst_mode_check_page(struct cst_cmd *cmd, const struct cst_mode_list *list,
				       unsigned int at, const struct cst_mode_page **row)
{
	u8 now[CST_MODE_PAGE_MAX], mask[CST_MODE_PAGE_MAX] = {}, wrong;
	unsigned int left = list->len - at, i;
	const struct cst_mode_page *page;
	const u8 *p = list->data + at;

	/* The code and, in a page with a subpage, that. */
	if (left < 2)
		return CST_SENSE(PARAMETER_LIST_LENGTH_ERROR);
	for (page = cmd->type->mode_pages; page->fill; page++)
		if (page->code == (p[0] & 0x3f) &&
		    page->subpage == (p[0] & CST_MODE_SPF ? p[1] : 0))
			break;
	if (!page->fill || !cst_mode_exists(cmd->dev, page))
		return cst_list_invalid(&cmd->detail, at, 5);
	/* A subpage of 0 is written without SPF only. */
	if (!page->subpage != !(p[0] & CST_MODE_SPF))
		return cst_list_invalid(&cmd->detail, at, 6);
	if (left < cst_mode_page_header(page))
		return CST_SENSE(PARAMETER_LIST_LENGTH_ERROR);

	cst_mode_fill(cmd->dev, page, CST_PC_CURRENT, now);
	for (i = cst_mode_page_header(page) - (page->subpage ? 2 : 1);
	     i < cst_mode_page_header(page); i++)
		if (p[i] != now[i])	/* PAGE LENGTH */
			return cst_list_invalid(&cmd->detail, at + (page->subpage ? 2 : 1), 7);
	if (left < page->size)
		return CST_SENSE(PARAMETER_LIST_LENGTH_ERROR);
	if (page->mask)
		page->mask(cmd->dev, mask);
	for (; i < page->size; i++) {
		wrong = (p[i] ^ now[i]) & ~mask[i];
		if (wrong)
			return cst_list_invalid(&cmd->detail, at + i, fls(wrong) - 1);
	}
	*row = page;
	return CST_OK;
}

/* Read the parameter list and check all of it against the current values. */
static cst_sense_t cst_mode_list_get(struct cst_cmd *cmd, struct cst_mode_list *list)
{
	const struct cst_mode_page *page;
	cst_sense_t reason;
	unsigned int at;

	list->len = cmd->cdb_xfer_len;
	list->pages = 0;
	if (!list->len)
		return CST_OK;
	if (cmd->data_len != cmd->cdb_xfer_len)
		return CST_SENSE(INVALID_FIELD_IN_COMMAND_IU);
	cst_bvec_read(list->data, cmd->bvec, 0, list->len);
	reason = cst_mode_check_header(cmd, list);
	for (at = list->pages; !reason && at < list->len; at += page->size) {
		reason = cst_mode_check_page(cmd, list, at, &page);
		if (reason)
			break;
	}
	return reason;
}

/* --- MODE SELECT: the new values --- */

/* Write the values that @page will have.  The list has been checked. */
static void cst_mode_result(struct cst_cmd *cmd, const struct cst_mode_list *list,
			    const struct cst_mode_page *page, u8 *buf)
{
	bool default_values = cmd->cdb[1] & CST_CDB_RTD;
	const u8 *p = list->data + list->pages, *end = list->data + list->len;
	unsigned int size;

	cst_mode_fill(cmd->dev, page, default_values ? CST_PC_DEFAULT : CST_PC_CURRENT, buf);
	for (; p < end; p += size) {
		size = p[0] & CST_MODE_SPF ? 4 + get_unaligned_be16(p + 2) : 2 + p[1];
		if ((p[0] & 0x3f) == page->code &&
		    (p[0] & CST_MODE_SPF ? p[1] : 0) == page->subpage)
			memcpy(buf + 1, p + 1, page->size - 1);
	}
}

/* What MODE SELECT has to do: does it change anything, and must data be durable before? */
static void cst_mode_compare(struct cst_cmd *cmd, const struct cst_mode_list *list,
			     bool *changes, bool *settles)
{
	u8 old[CST_MODE_PAGE_MAX], new[CST_MODE_PAGE_MAX];
	const struct cst_mode_page *page;

	*changes = false;
	*settles = false;
	for (page = cmd->type->mode_pages; page->fill; page++) {
		if (!page->mask)
			continue;
		cst_mode_fill(cmd->dev, page, CST_PC_CURRENT, old);
		cst_mode_result(cmd, list, page, new);
		*changes |= memcmp(old, new, page->size) != 0;
		*settles |= page->settle && page->settle(old, new);
	}
}

/* A device that is disabled answers MODE SENSE, so that @mode may be read meanwhile. */
static void cst_mode_keep(struct cst_mode *mode, const u8 *saved, unsigned int len)
{
	spin_lock_irq(&mode->lock);
	memcpy(mode->saved, saved, len);
	mode->saved_len = len;
	spin_unlock_irq(&mode->lock);
}

void cst_mode_forget(struct cst_device *dev)
{
	struct cst_mode *mode = &dev->mode;

	spin_lock_irq(&mode->lock);
	mode->saved_len = 0;
	spin_unlock_irq(&mode->lock);
	mode->loaded = false;
}

/* Save the values that all pages will have.  The initiator learns of a failure. */
static cst_sense_t cst_mode_save(struct cst_cmd *cmd, const struct cst_mode_list *list)
{
	struct cst_mode *mode = &cmd->dev->mode;
	u8 buf[CST_MODE_SAVED_MAX], mask[CST_MODE_PAGE_MAX];
	const struct cst_mode_page *page;
	unsigned int len = 0;
	int ret;

	for (page = cmd->type->mode_pages; page->fill; page++) {
		if (!page->mask)
			continue;
		memset(mask, 0, sizeof(mask));
		page->mask(cmd->dev, mask);
		/* What cannot be changed now is not a choice of the initiator. */
		if (!memchr_inv(mask, 0, page->size))
			continue;
		buf[len] = page->code;
		buf[len + 1] = page->subpage;
		buf[len + 2] = page->size;
		cst_mode_result(cmd, list, page, buf + len + CST_MODE_SAVED_HEADER);
		len += CST_MODE_SAVED_HEADER + page->size;
	}
	/* Initiators send the same values again and again; the record need not be written again. */
	if (len == mode->saved_len && !memcmp(buf, mode->saved, len))
		return CST_OK;
	ret = cst_store_save(CST_MODE_KIND, cmd->dev->t10_dev_id, CST_MODE_VERSION, buf, len);
	if (ret == -ENOENT || ret == -EROFS)	/* there is no /var/lib that could hold it */
		return CST_SENSE(SAVING_PARAMETERS_NOT_SUPPORTED);
	if (ret)
		return CST_SENSE(INTERNAL_TARGET_FAILURE);
	cst_mode_keep(mode, buf, len);
	return CST_OK;
}

/*
 * The last step, in a worker.  The list is checked again, because the unit may have been reset
 * since the step before.
 */
static cst_sense_t cst_mode_select_apply(struct cst_cmd *cmd)
{
	u8 old[CST_MODE_PAGE_MAX], new[CST_MODE_PAGE_MAX];
	const struct cst_mode_page *page;
	struct cst_mode_list list;
	bool changed = false;
	cst_sense_t reason;

	reason = cst_mode_list_get(cmd, &list);
	if (!reason && cmd->cdb[1] & CST_CDB_SP)
		reason = cst_mode_save(cmd, &list);
	if (reason)
		return reason;
	for (page = cmd->type->mode_pages; page->fill; page++) {
		if (!page->mask)
			continue;
		cst_mode_fill(cmd->dev, page, CST_PC_CURRENT, old);
		cst_mode_result(cmd, &list, page, new);
		if (!memcmp(old, new, page->size))
			continue;
		page->set(cmd->dev, new);
		if (page->told)
			page->told(cmd->itl, new, page->size);
		changed = true;
	}
	if (changed) {
		cst_gate_changed(cmd->dev);
		cst_ua_add_device(cmd->dev, cmd->sess, CST_SENSE(MODE_PARAMETERS_CHANGED));
	}
	return CST_OK;
}

/* Written data is durable, or need not be.  A save waits for files of the host. */
static cst_sense_t cst_mode_select_proceed(struct cst_cmd *cmd)
{
	if (!(cmd->cdb[1] & CST_CDB_SP))
		return cst_mode_select_apply(cmd);
	cst_cmd_continue_slowly(cmd, cst_mode_select_apply);
	return CST_PENDING;
}

static void cst_mode_settled(struct cst_io *io, int error)
{
	struct cst_cmd *cmd = container_of(io, struct cst_cmd, io);

	if (unlikely(error))
		cst_cmd_finish(cmd, cst_sense_from_errno(error, true));
	else
		cst_cmd_continue(cmd, cst_mode_select_proceed);
}

static cst_sense_t cst_spc_mode_select(struct cst_cmd *cmd)
{
	struct cst_mode_list list;
	bool changes, settles;
	cst_sense_t reason;

	if (cmd->cdb[1] & CST_CDB_RTD) {
		/* The values are the default ones: a list has no meaning. */
		if (cmd->cdb_xfer_len)
			return cst_cdb_invalid(&cmd->detail, cmd->cdb[0] == MODE_SELECT ? 4 : 7, 7);
	} else if (!cmd->cdb_xfer_len) {
		return CST_OK;		/* SPC-4 6.9: this is no error */
	} else if (!(cmd->cdb[1] & CST_CDB_PF)) {
		return cst_cdb_invalid(&cmd->detail, 1, 4);
	}
	reason = cst_mode_list_get(cmd, &list);
	if (reason)
		return reason;
	cst_mode_compare(cmd, &list, &changes, &settles);
	if (!changes && !(cmd->cdb[1] & CST_CDB_SP))
		return CST_OK;
	if (settles && cmd->type->settle)
		return cmd->type->settle(cmd, cst_mode_settled);
	return cst_mode_select_proceed(cmd);
}

/* --- the values of a unit that is made or reset --- */

int cst_mode_load(struct cst_device *dev)
{
	const struct cst_mode_page *page;
	struct cst_mode *mode = &dev->mode;
	u8 saved[CST_MODE_SAVED_MAX];
	bool changed = false;
	int ret;

	if (!dev->type->mode_pages || mode->loaded)
		return 0;
	ret = cst_store_load(CST_MODE_KIND, dev->t10_dev_id, CST_MODE_VERSION, saved,
			     sizeof(saved));
	if (ret < 0 && ret != -ENOENT && ret != -EBADMSG) {
		cst_config_error(&dev->obj.group.cg_item, "enabled",
				 "the mode parameters that an initiator has saved cannot be read: error %d",
				 ret);
		return ret;
	}
	cst_mode_keep(mode, saved, max(ret, 0));
	mode->loaded = true;
	for (page = dev->type->mode_pages; page->fill; page++)
		if (page->mask)
			changed |= cst_mode_start(dev, page, true);
	/* Initiators may have read the values while the device was disabled. */
	if (changed)
		cst_ua_add_device(dev, NULL, CST_SENSE(MODE_PARAMETERS_CHANGED));
	return 0;
}

/* SPC-4 5.14.  A reset does not wait for the backing. */
void cst_mode_reset(struct cst_device *dev)
{
	const struct cst_mode_page *page;

	if (!dev->type->mode_pages)
		return;
	for (page = dev->type->mode_pages; page->fill; page++)
		if (page->mask)
			cst_mode_start(dev, page, false);
	cst_gate_changed(dev);
}

const struct cst_op cst_spc_mode_ops[] = {
	{
		CST_CDB(6, MODE_SENSE, 0x08, 0xff, 0xff, 0xff),
		.name		= "MODE SENSE(6)",
		.dir		= DMA_FROM_DEVICE,
		.format		= CST_CDB_ALLOC8_4,
		.resv		= CST_RESV_READ,
		.ports		= CST_PORTS_STANDBY,
		.execute	= cst_spc_mode_sense,
	},
	{
		CST_CDB(10, MODE_SENSE_10, 0x18, 0xff, 0xff, 0, 0, 0, 0xff, 0xff),
		.name		= "MODE SENSE(10)",
		.dir		= DMA_FROM_DEVICE,
		.format		= CST_CDB_ALLOC16_7,
		.resv		= CST_RESV_READ,
		.ports		= CST_PORTS_STANDBY,
		.execute	= cst_spc_mode_sense,
	},
	{
		CST_CDB(6, MODE_SELECT, 0x13, 0, 0, 0xff),
		.name		= "MODE SELECT(6)",
		.dir		= DMA_TO_DEVICE,
		.format		= CST_CDB_ALLOC8_4,
		.flags		= CST_OP_ALTERS | CST_OP_MEDIUM | CST_OP_UNREADY |
				  CST_OP_SLEEPS,
		.resv		= CST_RESV_WRITE,
		.ports		= CST_PORTS_STANDBY,
		.timeout	= 60,
		.parse		= cst_spc_parse_mode_select,
		.execute	= cst_spc_mode_select,
	},
	{
		CST_CDB(10, MODE_SELECT_10, 0x13, 0, 0, 0, 0, 0, 0xff, 0xff),
		.name		= "MODE SELECT(10)",
		.dir		= DMA_TO_DEVICE,
		.format		= CST_CDB_ALLOC16_7,
		.flags		= CST_OP_ALTERS | CST_OP_MEDIUM | CST_OP_UNREADY |
				  CST_OP_SLEEPS,
		.resv		= CST_RESV_WRITE,
		.ports		= CST_PORTS_STANDBY,
		.timeout	= 60,
		.parse		= cst_spc_parse_mode_select,
		.execute	= cst_spc_mode_select,
	},
	{}
};
EXPORT_SYMBOL_GPL(cst_spc_mode_ops);
