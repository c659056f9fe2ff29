// SPDX-License-Identifier: GPL-2.0-only
/*
 * Persistence through power loss (APTPL, SPC-4 5.13.5): the record of a unit in the store.
 *
 * out.c saves, device.c has it loaded before the unit lets commands in.  The record has,
 * big-endian:
 *	0  flags: 01h the state is kept, 02h it was lost
 *	1  TYPE of the reservation; 0: none
 *	2  zero
 *	4  number of registrants
 *	8  number of the registrant that holds the reservation, all ones: none
 *	12 the registrants: 8 bytes key, 2 bytes relative target port identifier, 2 bytes length
 *	   of the TransportID, TransportID
 * A record that makes no sense is set aside, as one that is damaged.  The unit then does not
 * know who may write to it, so it refuses commands until an initiator replaces the reservation
 * (SPC-4 5.13.5.3.2); a new record says so, for the case that the target restarts.
 */
#include <linux/slab.h>
#include <linux/unaligned.h>

#include "../../core/store.h"
#include "pr.h"

#define CST_PR_KIND		"pr"
#define CST_PR_VERSION		1

#define CST_PR_RECORD_HEADER	12
#define CST_PR_RECORD_ENTRY	12
#define CST_PR_RECORD_MAX	(CST_PR_RECORD_HEADER + \
				 CST_PR_MAX * (CST_PR_RECORD_ENTRY + CST_TRANSPORT_ID_MAX))
#define CST_PR_KEPT		0x01
#define CST_PR_LOST		0x02
#define CST_PR_NOBODY		U32_MAX

static_assert(CST_PR_RECORD_MAX <= CST_STORE_MAX);

bool cst_pr_needs_save(const struct cst_pr *pr)
{
	return pr->next_aptpl || pr->recorded;
}

u32 cst_pr_record_size(const struct cst_pr *pr)
{
	u32 size = CST_PR_RECORD_HEADER;
	struct cst_registrant *reg;

	list_for_each_entry(reg, &pr->registrants, node)
		if (cst_pr_next_key(reg))
			size += CST_PR_RECORD_ENTRY + reg->id_len;
	return size;
}

void cst_pr_record_pack(const struct cst_pr *pr, u8 *record)
{
	u8 *p = record + CST_PR_RECORD_HEADER;
	u32 nr = 0, holder = CST_PR_NOBODY;
	struct cst_registrant *reg;

	list_for_each_entry(reg, &pr->registrants, node) {
		if (!cst_pr_next_key(reg))
			continue;
		if (pr->next.holder == reg)
			holder = nr;
		nr++;
		put_unaligned_be64(cst_pr_next_key(reg), p);
		put_unaligned_be16(reg->port, p + 8);
		put_unaligned_be16(reg->id_len, p + 10);
		memcpy(p + CST_PR_RECORD_ENTRY, reg->id, reg->id_len);
		p += CST_PR_RECORD_ENTRY + reg->id_len;
	}
	record[0] = CST_PR_KEPT;
	record[1] = pr->next.type;
	put_unaligned_be16(0, record + 2);
	put_unaligned_be32(nr, record + 4);
	put_unaligned_be32(holder, record + 8);
}

/* A record without a state. */
static int cst_pr_save_flags(struct cst_device *dev, u8 flags)
{
	u8 record[CST_PR_RECORD_HEADER] = { flags };

	put_unaligned_be32(CST_PR_NOBODY, record + 8);
	return cst_store_save(CST_PR_KIND, dev->t10_dev_id, CST_PR_VERSION, record,
			      sizeof(record));
}

/* Only the owner changes the list, so it stays as it is while pr->lock is not held. */
int cst_pr_save(struct cst_device *dev)
{
	struct cst_pr *pr = &dev->pr;
	u8 *record;
	u32 size;
	int ret;

	if (!pr->next_aptpl)
		return cst_pr_save_flags(dev, 0);
	size = cst_pr_record_size(pr);
	record = kvmalloc(size, GFP_KERNEL);
	if (!record)
		return -ENOMEM;
	cst_pr_record_pack(pr, record);
	ret = cst_store_save(CST_PR_KIND, dev->t10_dev_id, CST_PR_VERSION, record, size);
	kvfree(record);
	return ret;
}

/* Add the registrant at @p.  Return: bytes of it, or a negative errno. */
static int cst_pr_unpack_registrant(struct cst_pr *pr, const u8 *p, u32 left)
{
	u8 id[CST_TRANSPORT_ID_MAX];
	struct cst_registrant *reg;
	struct cst_port port;
	u16 len, rel;

	if (left < CST_PR_RECORD_ENTRY || !get_unaligned_be64(p))
		return -EBADMSG;
	rel = get_unaligned_be16(p + 8);
	len = get_unaligned_be16(p + 10);
	if (!len || len > left - CST_PR_RECORD_ENTRY)
		return -EBADMSG;
	p += CST_PR_RECORD_ENTRY;
	if (cst_transport_id_parse(p, len, &port) != len ||
	    cst_pr_port_id(&port, id) != len || memcmp(p, id, len) ||
	    cst_pr_find(pr, id, len, rel) || pr->nr >= CST_PR_MAX)
		return -EBADMSG;
	reg = cst_pr_add(pr, id, len, rel);
	if (!reg)
		return -ENOMEM;
	reg->key = get_unaligned_be64(p - CST_PR_RECORD_ENTRY);
	pr->nr_registered++;
	return CST_PR_RECORD_ENTRY + len;
}

static int cst_pr_unpack_registrants(struct cst_pr *pr, const u8 *record, u32 len)
{
	u32 nr = get_unaligned_be32(record + 4), holder = get_unaligned_be32(record + 8);
	u32 at = CST_PR_RECORD_HEADER, i;
	u8 type = record[1];
	int n;

	for (i = 0; i < nr; i++, at += n) {
		n = cst_pr_unpack_registrant(pr, record + at, len - at);
		if (n < 0)
			return n;
		if (i == holder)
			pr->now.holder = list_last_entry(&pr->registrants, struct cst_registrant,
							 node);
	}
	pr->now.type = type;
	if (at != len || (type && (!cst_pr_type_exists(type) || !nr)))
		return -EBADMSG;
	/* One of them holds the reservation, or all do, or there is none. */
	if (type && !cst_pr_type_all(type))
		return pr->now.holder ? 0 : -EBADMSG;
	return holder == CST_PR_NOBODY ? 0 : -EBADMSG;
}

/* Remove all registrants; no nexus refers to one. */
static void cst_pr_empty(struct cst_pr *pr)
{
	struct cst_registrant *reg, *next;

	list_for_each_entry_safe(reg, next, &pr->registrants, node)
		cst_pr_remove(pr, reg);
	pr->nr_registered = 0;
	pr->now = (struct cst_pr_held){};
}

int cst_pr_record_unpack(struct cst_pr *pr, const u8 *record, u32 len)
{
	int ret;

	if (len < CST_PR_RECORD_HEADER || get_unaligned_be16(record + 2) ||
	    (record[0] & ~(CST_PR_KEPT | CST_PR_LOST)))
		return -EBADMSG;
	if (record[0] != CST_PR_KEPT) {
		/* Nothing is kept, or what was kept is lost. */
		if (record[0] == (CST_PR_KEPT | CST_PR_LOST) || len != CST_PR_RECORD_HEADER ||
		    record[1] || get_unaligned_be32(record + 4) ||
		    get_unaligned_be32(record + 8) != CST_PR_NOBODY)
			return -EBADMSG;
		pr->lost = record[0] & CST_PR_LOST;
		pr->recorded = pr->lost;
		return 0;
	}
	ret = cst_pr_unpack_registrants(pr, record, len);
	if (ret) {
		cst_pr_empty(pr);
		return ret;
	}
	pr->aptpl = true;
	pr->recorded = true;
	return 0;
}

/* The record is there no more: say so in another one, which does not matter if it fails. */
static void cst_pr_lose(struct cst_device *dev)
{
	pr_err("cst: %s: who has reserved the unit is lost; it refuses commands until an initiator replaces the reservation (PERSISTENT RESERVE OUT, REPLACE LOST RESERVATION)\n",
	       cst_device_name(dev));
	dev->pr.lost = true;
	dev->pr.recorded = true;
	cst_pr_save_flags(dev, CST_PR_LOST);
}

/* pr->lock held.  Return: 0, or an errno when it is not known what the record says. */
static int cst_pr_load_locked(struct cst_device *dev)
{
	void *record = NULL;
	int ret;

	ret = cst_store_load_any(CST_PR_KIND, dev->t10_dev_id, CST_PR_VERSION, &record,
				 CST_PR_RECORD_MAX);
	if (ret >= 0) {
		ret = cst_pr_record_unpack(&dev->pr, record, ret);
		if (ret == -EBADMSG)
			cst_store_refuse(CST_PR_KIND, dev->t10_dev_id);
	}
	kvfree(record);
	if (ret == -EBADMSG)
		cst_pr_lose(dev);
	return ret == -ENOENT || ret == -EBADMSG ? 0 : ret;
}

/* The device is disabled, so there is no owner. */
int cst_pr_load(struct cst_device *dev)
{
	struct cst_pr *pr = &dev->pr;
	int ret;

	if (pr->loaded)
		return 0;
	mutex_lock(&pr->lock);
	ret = cst_pr_load_locked(dev);
	pr->loaded = !ret;
	/* Initiators may have logged in before. */
	if (!ret)
		cst_pr_find_nexuses(dev);
	mutex_unlock(&pr->lock);
	if (ret)
		cst_config_error(&dev->obj.group.cg_item, "enabled",
				 "the reservations that are to persist through power loss cannot be read: error %d",
				 ret);
	return ret;
}

void cst_pr_forget(struct cst_device *dev)
{
	struct cst_pr *pr = &dev->pr;
	struct cst_itl *itl;

	mutex_lock(&pr->lock);
	spin_lock_irq(&dev->itl_lock);
	list_for_each_entry(itl, &dev->itls, dev_node) {
		if (itl->registrant)
			cst_ua_add(itl, CST_SENSE(RESERVATIONS_PREEMPTED));
		itl->registrant = NULL;
	}
	pr->now = (struct cst_pr_held){};
	pr->nr_registered = 0;
	pr->lost = false;
	cst_pr_set_verdicts(dev);
	spin_unlock_irq(&dev->itl_lock);
	cst_pr_empty(pr);
	pr->generation = 0;
	pr->aptpl = false;
	pr->recorded = false;
	pr->loaded = false;
	mutex_unlock(&pr->lock);
}
