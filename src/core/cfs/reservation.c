// SPDX-License-Identifier: GPL-2.0-only
/*
 * handlers/<handler>/<device>/reservation/: who has registered, and who has reserved the unit.
 * An administrator can read it; initiators change it.
 *
 * configfs calls in.  Takes dev->pr.lock, which is not held while anybody waits.
 */
#include <linux/module.h>

#include "../../scsi/pr/pr.h"
#include "cfs.h"

/* The longest line of registrants */
#define CST_RESV_LINE	(sizeof("0x0123456789abcdef 65535 ") + CST_PORT_TEXT_MAX + 1)
#define CST_RESV_MORE	sizeof("... 4294967295 more\n")

static struct cst_item_type cst_resv_type;

static struct cst_device *obj_to_device(struct cst_object *obj)
{
	return container_of(obj, struct cst_device, resv_obj);
}

static ssize_t cst_resv_type_print(struct cst_object *obj, char *page)
{
	static const char *const names[] = {
		[0] = "none",
		[CST_PR_WRITE_EXCLUSIVE] = "write-exclusive",
		[CST_PR_EXCLUSIVE_ACCESS] = "exclusive-access",
		[CST_PR_WRITE_EXCLUSIVE_RO] = "write-exclusive-registrants-only",
		[CST_PR_EXCLUSIVE_ACCESS_RO] = "exclusive-access-registrants-only",
		[CST_PR_WRITE_EXCLUSIVE_AR] = "write-exclusive-all-registrants",
		[CST_PR_EXCLUSIVE_ACCESS_AR] = "exclusive-access-all-registrants",
	};
	struct cst_pr *pr = &obj_to_device(obj)->pr;
	const char *name;

	mutex_lock(&pr->lock);
	if (pr->lost)
		name = "lost";
	else if (READ_ONCE(pr->reserved_by))
		name = "reserve";
	else
		name = names[pr->now.type];
	mutex_unlock(&pr->lock);
	return sysfs_emit(page, "%s\n", name);
}

/* Print a registrant.  pr->lock held. */
static ssize_t cst_resv_print(const struct cst_registrant *reg, char *page, ssize_t at)
{
	char text[CST_PORT_TEXT_MAX] = "?";
	struct cst_port port;

	if (cst_transport_id_parse(reg->id, reg->id_len, &port) > 0)
		cst_port_print(&port, text);
	return sysfs_emit_at(page, at, "0x%llx %u %s\n", reg->key, reg->port, text);
}

static ssize_t cst_resv_holder_print(struct cst_object *obj, char *page)
{
	struct cst_device *dev = obj_to_device(obj);
	struct cst_pr *pr = &dev->pr;
	ssize_t len = 0;

	mutex_lock(&pr->lock);
	if (pr->now.holder)
		len = cst_resv_print(pr->now.holder, page, 0);
	else if (pr->now.type)
		len = sysfs_emit(page, "all registrants\n");
	spin_lock_irq(&dev->itl_lock);
	if (pr->reserved_by)
		len = sysfs_emit(page, "%s\n", pr->reserved_by->sess->initiator_name);
	spin_unlock_irq(&dev->itl_lock);
	mutex_unlock(&pr->lock);
	return len ?: sysfs_emit(page, "\n");
}

static ssize_t cst_resv_generation_print(struct cst_object *obj, char *page)
{
	return sysfs_emit(page, "%u\n", READ_ONCE(obj_to_device(obj)->pr.generation));
}

static ssize_t cst_resv_persistent_print(struct cst_object *obj, char *page)
{
	return sysfs_emit(page, "%d\n", READ_ONCE(obj_to_device(obj)->pr.aptpl));
}

static ssize_t cst_resv_registrants_print(struct cst_object *obj, char *page)
{
	struct cst_pr *pr = &obj_to_device(obj)->pr;
	struct cst_registrant *reg;
	ssize_t len = 0;
	u32 left;

	mutex_lock(&pr->lock);
	left = pr->nr_registered;
	list_for_each_entry(reg, &pr->registrants, node) {
		if (!reg->key)
			continue;
		if (len + CST_RESV_LINE + CST_RESV_MORE > CST_CFS_PAGE) {
			len += sysfs_emit_at(page, len, "... %u more\n", left);
			break;
		}
		len += cst_resv_print(reg, page, len);
		left--;
	}
	mutex_unlock(&pr->lock);
	return len ?: sysfs_emit(page, "\n");
}

CST_ATTR(cst_resv, type, 0444, .type = CST_ATTR_STRING, .show = cst_resv_type_print,
	 .help = "Type of the reservation; none, reserve (by RESERVE) or lost.");
CST_ATTR(cst_resv, holder, 0444, .type = CST_ATTR_STRING, .show = cst_resv_holder_print,
	 .help = "Who has reserved the unit, as in registrants.");
CST_ATTR(cst_resv, generation, 0444, .type = CST_ATTR_UINT,
	 .show = cst_resv_generation_print,
	 .help = "PRGENERATION: counts changes of the registrations.");
CST_ATTR(cst_resv, persistent, 0444, .type = CST_ATTR_BOOL, .show = cst_resv_persistent_print,
	 .help = "An initiator has asked that all this outlives a restart (APTPL).");
CST_ATTR(cst_resv, registrants, 0444, .type = CST_ATTR_STRING,
	 .show = cst_resv_registrants_print,
	 .help = "Lines `key port initiator': port is the target's rel_tgt_id.");

static const struct cst_attr *const cst_resv_attrs[] = {
	&cst_resv_attr_type,
	&cst_resv_attr_holder,
	&cst_resv_attr_generation,
	&cst_resv_attr_persistent,
	&cst_resv_attr_registrants,
	NULL
};

/* Put the directory into that of a new device. */
int cst_cfs_resv_add(struct cst_device *dev)
{
	int ret = cst_object_init(&dev->resv_obj, "reservation", &cst_resv_type);

	cst_object_embed(&dev->resv_obj, &dev->obj);
	return ret;
}

int cst_cfs_resv_init(void)
{
	static const struct cst_attr *const *const tables[] = {
		cst_resv_attrs, NULL
	};

	return cst_item_type_init(&cst_resv_type, THIS_MODULE, NULL, NULL, tables);
}

void cst_cfs_resv_exit(void)
{
	cst_item_type_destroy(&cst_resv_type);
}
