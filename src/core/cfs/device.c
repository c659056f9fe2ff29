// SPDX-License-Identifier: GPL-2.0-only
/*
 * handlers/<handler>/<device>/: making, describing and removing devices.
 *
 * configfs calls in; device.c does the work.  Owns ids_lock, which protects the table of all
 * identifiers.  An identifier is checked for duplicates and changed under one hold of that
 * lock.  Lock order: cst_device.obj.lock before ids_lock.
 *
 * Teardown: configfs removes a device only when it is not enabled (an enabled device is
 * pinned) and no LUN links to it.  rmdir drops the reference of its creation.  The memory is
 * freed with the last reference, which an I_T_L nexus of an earlier link may still hold.
 */
#include <linux/ctype.h>
#include <linux/hashtable.h>
#include <linux/module.h>
#include <linux/percpu.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/stringhash.h>

#include "../core.h"
#include "../identity.h"
#include "cfs.h"

#define CST_DEVICE_NAME_MAX	64

/* A host may have ten thousand devices, so identifiers are looked up in a hash table. */
static DEFINE_MUTEX(ids_lock);
static struct hlist_head ids_table[CST_NR_IDS][1 << 11];

static const struct {
	size_t	offset;
	size_t	size;
} cst_device_ids[CST_NR_IDS] = {
#define CST_DEVICE_ID(field) { offsetof(struct cst_device, field), \
			       sizeof_field(struct cst_device, field) }
	[CST_ID_T10] = CST_DEVICE_ID(t10_dev_id),
	[CST_ID_USN] = CST_DEVICE_ID(usn),
	[CST_ID_NAA] = CST_DEVICE_ID(naa_id),
#undef CST_DEVICE_ID
};

static struct cst_item_type cst_stats_type;

static struct cst_device *obj_to_device(struct cst_object *obj)
{
	return container_of(obj, struct cst_device, obj);
}

/* --- what happens when attributes are written --- */

static int cst_device_set_enabled(struct cst_object *obj,
				  union cst_attr_value val)
{
	struct cst_device *dev = obj_to_device(obj);
	int ret;

	if (!val.num) {
		ret = cst_device_disable(dev);
		if (!ret)
			cst_object_unpin(obj);
		return ret;
	}

	/* Pin first, so that rmdir does not wait for a backing that is slow to open. */
	ret = cst_object_pin(obj);
	if (ret) {
		cst_config_error(&obj->group.cg_item, "enabled",
				 "the device is being removed");
		return ret;
	}
	ret = cst_device_enable(dev);
	if (ret)
		cst_object_unpin(obj);
	return ret;
}

/* SPC-5 4.3.1: ASCII data fields have only bytes 20h to 7Eh. */
static int cst_device_check_ascii(struct cst_object *obj, const char *name,
				  const char *value)
{
	const char *p;

	for (p = value; *p; p++) {
		if (*p >= 0x20 && *p < 0x7f)
			continue;
		cst_config_error(&obj->group.cg_item, name,
				 "byte 0x%02x at offset %td is not printable ASCII",
				 (u8)*p, p - value);
		return -EINVAL;
	}
	return 0;
}

static int cst_device_set_t10_vend_id(struct cst_object *obj,
				      union cst_attr_value val)
{
	return cst_device_check_ascii(obj, "t10_vend_id", val.str);
}

static int cst_device_set_prod_id(struct cst_object *obj,
				  union cst_attr_value val)
{
	return cst_device_check_ascii(obj, "prod_id", val.str);
}

static int cst_device_set_prod_rev_lvl(struct cst_object *obj,
				       union cst_attr_value val)
{
	return cst_device_check_ascii(obj, "prod_rev_lvl", val.str);
}

static char *cst_device_get_id(struct cst_device *dev, enum cst_device_id kind)
{
	return (char *)dev + cst_device_ids[kind].offset;
}

/* Identifiers are compared without regard to case. */
static u32 cst_device_hash_id(const char *id)
{
	unsigned long hash = init_name_hash(NULL);

	while (*id)
		hash = partial_name_hash(tolower(*id++), hash);
	return end_name_hash(hash);
}

/* The other device that already has this identifier, or NULL. */
static struct cst_device *cst_device_find_id(struct cst_device *self,
					     enum cst_device_id kind,
					     const char *id)
{
	struct cst_device *dev;

	lockdep_assert_held(&ids_lock);
	hash_for_each_possible(ids_table[kind], dev, ids_node[kind],
			       cst_device_hash_id(id))
		if (dev != self && !strcasecmp(cst_device_get_id(dev, kind), id))
			return dev;
	return NULL;
}

static void cst_device_list_id(struct cst_device *dev, enum cst_device_id kind)
{
	lockdep_assert_held(&ids_lock);
	hash_add(ids_table[kind], &dev->ids_node[kind],
		 cst_device_hash_id(cst_device_get_id(dev, kind)));
}

/*
 * Identifiers are unique, because an initiator takes two logical units with the same
 * identifier for two paths to one unit, and would mix up their data.
 */
static int cst_device_set_id(struct cst_device *dev, const char *name,
			     enum cst_device_id kind, const char *id)
{
	struct cst_device *other;
	int ret = 0;

	mutex_lock(&ids_lock);
	other = cst_device_find_id(dev, kind, id);
	if (other) {
		cst_config_error(&dev->obj.group.cg_item, name,
				 "\"%s\" already identifies %s/%s", id,
				 other->ops->name, cst_device_name(other));
		ret = -EEXIST;
	} else {
		hash_del(&dev->ids_node[kind]);
		cst_attr_set_string(cst_device_get_id(dev, kind),
				    cst_device_ids[kind].size, id);
		cst_device_list_id(dev, kind);
	}
	mutex_unlock(&ids_lock);
	return ret;
}

static int cst_device_set_ascii_id(struct cst_object *obj, const char *name,
				   enum cst_device_id kind, const char *id)
{
	int ret = cst_device_check_ascii(obj, name, id);

	return ret ?: cst_device_set_id(obj_to_device(obj), name, kind, id);
}

static int cst_device_set_t10_dev_id(struct cst_object *obj,
				     union cst_attr_value val)
{
	bool same = !strcmp(obj_to_device(obj)->t10_dev_id, val.str);
	int ret = cst_device_set_ascii_id(obj, "t10_dev_id", CST_ID_T10, val.str);

	/* It names the unit whose mode parameters and reservations have been saved. */
	if (!ret)
		cst_mode_forget(obj_to_device(obj));
	/* Registrations need not be in a record. */
	if (!ret && !same)
		cst_pr_forget(obj_to_device(obj));
	return ret;
}

static int cst_device_set_usn(struct cst_object *obj, union cst_attr_value val)
{
	return cst_device_set_ascii_id(obj, "usn", CST_ID_USN, val.str);
}

static int cst_device_set_naa_id(struct cst_object *obj,
				 union cst_attr_value val)
{
	u8 naa[CST_NAA_SIZE], len;

	if (cst_naa_parse(val.str, naa, &len)) {
		cst_config_error(&obj->group.cg_item, "naa_id",
				 "\"%s\" is no NAA identifier; accepted: 16 hexadecimal digits, the first 2, 3 or 5, or 32, the first 6",
				 val.str);
		return -EINVAL;
	}
	return cst_device_set_id(obj_to_device(obj), "naa_id", CST_ID_NAA,
				 val.str);
}

/*
 * INQUIRY and MODE SENSE are answered while the device is disabled, too.  So initiators may
 * know the old value, and get a unit attention at once.
 */
void cst_device_inquiry_changed(struct cst_object *obj)
{
	cst_ua_add_device(obj_to_device(obj), NULL,
			  CST_SENSE(INQUIRY_DATA_CHANGED));
}

void cst_device_mode_changed(struct cst_object *obj)
{
	cst_ua_add_device(obj_to_device(obj), NULL,
			  CST_SENSE(MODE_PARAMETERS_CHANGED));
}

/* --- what is computed when attributes are read --- */

static ssize_t cst_device_ejected_print(struct cst_object *obj, char *page)
{
	return sysfs_emit(page, "%d\n", READ_ONCE(obj_to_device(obj)->ejected));
}

static ssize_t cst_device_stopped_print(struct cst_object *obj, char *page)
{
	return sysfs_emit(page, "%d\n", !!(READ_ONCE(obj_to_device(obj)->stopped) & CST_STOPPED));
}

/* A LUN that has a link cannot be removed, so the names on its path stay valid. */
static ssize_t cst_device_exported_print(struct cst_object *obj, char *page)
{
	static const char more[] = "...\n";
	struct cst_device *dev = obj_to_device(obj);
	struct cst_lun *lun;
	ssize_t len = 0;
	char *buf;

	buf = kmalloc(CST_CFS_PAGE, GFP_KERNEL);
	if (!buf)
		return -ENOMEM;

	spin_lock_irq(&dev->itl_lock);
	list_for_each_entry(lun, &dev->luns, dev_node) {
		const char *path = cst_item_path(&lun->obj.group.cg_item, buf,
						 CST_CFS_PAGE);

		if (len + strlen(path) + sizeof("\n") + sizeof(more) >
		    CST_CFS_PAGE) {
			len += sysfs_emit_at(page, len, "%s", more);
			break;
		}
		len += sysfs_emit_at(page, len, "%s\n", path);
	}
	spin_unlock_irq(&dev->itl_lock);
	kfree(buf);
	return len;
}

/* --- the attributes of every device --- */

CST_ATTR(cst_device, enabled, 0644, CST_FIELD(cst_device, obj, obj.enabled),
	 .type = CST_ATTR_BOOL, .apply = cst_device_set_enabled,
	 .help = "1 opens the backing, 0 drains and closes it.");
CST_ATTR(cst_device, read_only, 0644, CST_FIELD(cst_device, obj, read_only),
	 .type = CST_ATTR_BOOL, .when = CST_WHEN_DISABLED,
	 .changed = cst_device_mode_changed,
	 .help = "Write protected for everybody.");
CST_ATTR(cst_device, removable, 0644, CST_FIELD(cst_device, obj, removable),
	 .type = CST_ATTR_BOOL, .when = CST_WHEN_DISABLED,
	 .changed = cst_device_inquiry_changed,
	 .help = "The medium is called removable; initiators can eject and load it.");
CST_ATTR(cst_device, t10_vend_id, 0644,
	 CST_FIELD(cst_device, obj, t10_vend_id),
	 .type = CST_ATTR_STRING, .when = CST_WHEN_DISABLED, .dflt_str = "CST",
	 .apply = cst_device_set_t10_vend_id,
	 .changed = cst_device_inquiry_changed,
	 .help = "Vendor, printable ASCII.");
CST_ATTR(cst_device, prod_id, 0644, CST_FIELD(cst_device, obj, prod_id),
	 .type = CST_ATTR_STRING, .when = CST_WHEN_DISABLED,
	 .flags = CST_ATTR_GENERATED, .apply = cst_device_set_prod_id,
	 .changed = cst_device_inquiry_changed,
	 .help = "Product, printable ASCII; the handler's at first.");
CST_ATTR(cst_device, prod_rev_lvl, 0644,
	 CST_FIELD(cst_device, obj, prod_rev_lvl),
	 .type = CST_ATTR_STRING, .when = CST_WHEN_DISABLED, .dflt_str = "1",
	 .apply = cst_device_set_prod_rev_lvl,
	 .changed = cst_device_inquiry_changed,
	 .help = "Product revision, printable ASCII.");
CST_ATTR(cst_device, t10_dev_id, 0644, CST_FIELD(cst_device, obj, t10_dev_id),
	 .type = CST_ATTR_STRING, .when = CST_WHEN_DISABLED, .min = 1,
	 .flags = CST_ATTR_GENERATED, .apply = cst_device_set_t10_dev_id,
	 .changed = cst_device_inquiry_changed,
	 .help = "T10 vendor specific identifier; unique on this host.");
CST_ATTR(cst_device, usn, 0644, CST_FIELD(cst_device, obj, usn),
	 .type = CST_ATTR_STRING, .when = CST_WHEN_DISABLED, .min = 1,
	 .flags = CST_ATTR_GENERATED, .apply = cst_device_set_usn,
	 .changed = cst_device_inquiry_changed,
	 .help = "Unit serial number; unique on this host.");
CST_ATTR(cst_device, naa_id, 0644, CST_FIELD(cst_device, obj, naa_id),
	 .type = CST_ATTR_STRING, .when = CST_WHEN_DISABLED, .min = 16,
	 .flags = CST_ATTR_GENERATED, .apply = cst_device_set_naa_id,
	 .changed = cst_device_inquiry_changed,
	 .help = "NAA identifier, 16 or 32 hex digits; unique on this host.");
CST_ATTR(cst_device, restart_time, 0644,
	 CST_FIELD(cst_device, obj, restart_time),
	 .type = CST_ATTR_UINT, .max = 3600, .dflt = 30, .unit = "s",
	 .help = "How long after disabling initiators are told to wait for it.");
CST_ATTR(cst_device, ejected, 0444,
	 .type = CST_ATTR_BOOL, .show = cst_device_ejected_print,
	 .help = "An initiator has ejected the medium; enabling anew loads it.");
CST_ATTR(cst_device, stopped, 0444,
	 .type = CST_ATTR_BOOL, .show = cst_device_stopped_print,
	 .help = "An initiator has stopped the unit; enabling anew starts it.");
CST_ATTR(cst_device, exported, 0444,
	 .type = CST_ATTR_STRING, .show = cst_device_exported_print,
	 .help = "Paths of the LUNs that show it, one a line.");

const struct cst_attr *const cst_device_attrs[] = {
	&cst_device_attr_enabled,
	&cst_device_attr_read_only,
	&cst_device_attr_removable,
	&cst_device_attr_t10_vend_id,
	&cst_device_attr_prod_id,
	&cst_device_attr_prod_rev_lvl,
	&cst_device_attr_t10_dev_id,
	&cst_device_attr_usn,
	&cst_device_attr_naa_id,
	&cst_device_attr_restart_time,
	&cst_device_attr_ejected,
	&cst_device_attr_stopped,
	&cst_device_attr_exported,
	NULL
};

/* --- stats/ --- */

static u64 cst_stats_sum(struct cst_object *obj, size_t offset)
{
	struct cst_device *dev = container_of(obj, struct cst_device, stats_obj);
	u64 sum = 0;
	int cpu;

	for_each_possible_cpu(cpu)
		sum += READ_ONCE(*(u64 *)((char *)per_cpu_ptr(dev->stats, cpu) +
					  offset));
	return sum;
}

#define CST_STAT(_name, _unit, _help)					\
static ssize_t cst_stats_##_name##_print(struct cst_object *obj, char *page) \
{									\
	return sysfs_emit(page, "%llu\n",				\
			  cst_stats_sum(obj, offsetof(struct cst_dev_stats, \
						      _name)));		\
}									\
CST_ATTR(cst_stats, _name, 0444, .type = CST_ATTR_UINT,			\
	 .show = cst_stats_##_name##_print, .unit = _unit, .help = _help)

CST_STAT(read_commands, "commands", "READ commands.");
CST_STAT(write_commands, "commands", "WRITE and VERIFY commands.");
CST_STAT(other_commands, "commands", "Commands that move no blocks.");
CST_STAT(read_bytes, "bytes", "Data sent to initiators.");
CST_STAT(write_bytes, "bytes", "Data received from initiators.");
CST_STAT(errors, "commands", "Commands answered with CHECK CONDITION.");
CST_STAT(aborted, "commands", "Commands aborted by task management.");

static ssize_t cst_stats_latency_us_print(struct cst_object *obj, char *page)
{
	ssize_t len = 0;
	unsigned int i;

	for (i = 0; i < CST_LATENCY_BUCKETS; i++) {
		u64 sum = cst_stats_sum(obj, offsetof(struct cst_dev_stats,
						      latency[i]));

		if (i < CST_LATENCY_BUCKETS - 1)
			len += sysfs_emit_at(page, len, "%lu %llu\n", BIT(i), sum);
		else
			len += sysfs_emit_at(page, len, "inf %llu\n", sum);
	}
	return len;
}

CST_ATTR(cst_stats, latency_us, 0444, .type = CST_ATTR_STRING,
	 .show = cst_stats_latency_us_print,
	 .help = "Lines `upper count': commands that took less than upper us.");

static const struct cst_attr *const cst_stats_attrs[] = {
	&cst_stats_attr_read_commands,
	&cst_stats_attr_write_commands,
	&cst_stats_attr_other_commands,
	&cst_stats_attr_read_bytes,
	&cst_stats_attr_write_bytes,
	&cst_stats_attr_errors,
	&cst_stats_attr_aborted,
	&cst_stats_attr_latency_us,
	NULL
};

/* --- making and removing devices --- */

static int cst_device_check_name(struct config_group *parent, const char *name)
{
	const char *p;

	for (p = name; *p; p++)
		if (*p < 0x20 || *p >= 0x7f)
			break;
	if (!*p && p - name <= CST_DEVICE_NAME_MAX)
		return 0;
	cst_config_error(&parent->cg_item, name,
			 "not a device's name; accepted: 1..%d printable ASCII characters",
			 CST_DEVICE_NAME_MAX);
	return -EINVAL;
}

/* Give a new device its generated identifiers and list it. */
static int cst_device_add_ids(struct cst_device *dev,
			      struct config_group *parent, const char *name)
{
	struct cst_device *other = NULL;
	enum cst_device_id kind;
	int ret = 0;

	cst_device_default_ids(dev, name);

	mutex_lock(&ids_lock);
	for (kind = 0; kind < CST_NR_IDS && !other; kind++)
		other = cst_device_find_id(dev, kind,
					   cst_device_get_id(dev, kind));
	if (other) {
		cst_config_error(&parent->cg_item, name,
				 "%s/%s has the identifiers that belong to this name",
				 other->ops->name, cst_device_name(other));
		ret = -EEXIST;
	} else {
		for (kind = 0; kind < CST_NR_IDS; kind++)
			cst_device_list_id(dev, kind);
	}
	mutex_unlock(&ids_lock);
	return ret;
}

/* Drop the reference of a device's creation, and those of its default groups. */
static void cst_device_drop(struct cst_device *dev)
{
	enum cst_device_id kind;

	/* Users of these tables read the item's name, which is freed before the release. */
	cst_events_del_device(dev);
	mutex_lock(&ids_lock);
	for (kind = 0; kind < CST_NR_IDS; kind++)
		hash_del(&dev->ids_node[kind]);
	mutex_unlock(&ids_lock);
	cst_group_drop(&dev->obj.group);
}

static int cst_device_setup(struct cst_device *dev,
			    const struct cst_handler_ops *ops,
			    struct config_group *parent, const char *name)
{
	int ret;

	ret = cst_device_init(dev, ops);
	if (ret) {
		dev->stats = NULL;	/* nothing to destroy */
		return ret;
	}
	ret = cst_object_init(&dev->stats_obj, "stats", &cst_stats_type);
	cst_object_embed(&dev->stats_obj, &dev->obj);
	if (!ret)
		ret = cst_cfs_resv_add(dev);
	if (ret)
		return ret;
	strscpy(dev->prod_id, ops->prod_id, sizeof(dev->prod_id));
	if (ops->type->init)
		ops->type->init(dev);
	if (ops->init)
		ret = ops->init(dev);
	if (ret)
		return ret;
	dev->handler_init = true;
	return cst_device_add_ids(dev, parent, name);
}

static struct config_group *cst_device_make(struct config_group *group,
					    const char *name)
{
	struct cst_handler *handler = container_of(group, struct cst_handler,
						   group);
	const struct cst_handler_ops *ops = handler->ops;
	struct cst_device *dev;
	int ret;

	ret = cst_device_check_name(group, name);
	if (ret)
		return ERR_PTR(ret);
	/* Held until the device is freed.  Fails when the module is being unloaded. */
	if (!try_module_get(ops->owner)) {
		cst_config_error(&group->cg_item, name,
				 "the handler is being unloaded");
		return ERR_PTR(-ENODEV);
	}
	dev = kzalloc(ops->dev_size, GFP_KERNEL);
	if (!dev) {
		module_put(ops->owner);
		return ERR_PTR(-ENOMEM);
	}
	dev->ops = ops;
	INIT_LIST_HEAD(&dev->all_node);
	ret = cst_object_init(&dev->obj, name, &handler->dev_type);
	if (!ret)
		ret = cst_device_setup(dev, ops, group, name);
	if (ret) {
		cst_device_drop(dev);
		return ERR_PTR(ret);
	}
	cst_events_add_device(dev);
	cst_config_changed();
	return &dev->obj.group;
}

static void cst_device_drop_item(struct config_group *group,
				 struct config_item *item)
{
	cst_item_linger(group, item);
	cst_device_drop(to_cst_device(item));
	cst_config_changed();
}

static void cst_device_release(struct config_item *item)
{
	struct cst_device *dev = to_cst_device(item);
	struct module *owner = dev->ops->owner;

	if (dev->stats)
		cst_device_destroy(dev);
	if (dev->handler_init && dev->ops->destroy)
		dev->ops->destroy(dev);
	kfree(dev);
	module_put(owner);
}

struct configfs_item_operations cst_device_item_ops = {
	.release = cst_device_release,
};

/* --- handlers/<handler>/ --- */

static struct cst_handler *item_to_handler(struct config_item *item)
{
	return container_of(to_config_group(item), struct cst_handler, group);
}

static ssize_t cst_handler_scsi_type_show(struct config_item *item, char *page)
{
	return sysfs_emit(page, "%u\n", item_to_handler(item)->ops->type->peripheral);
}

/* The schema of the devices, so that it can be read before the first device is made. */
static ssize_t cst_handler_schema_show(struct config_item *item, char *page)
{
	return cst_schema_print(item_to_handler(item)->dev_type.attrs, page);
}

CONFIGFS_ATTR_RO(cst_handler_, scsi_type);
CONFIGFS_ATTR_RO(cst_handler_, schema);

static struct configfs_attribute *cst_handler_dir_attrs[] = {
	&cst_handler_attr_scsi_type,
	&cst_handler_attr_schema,
	NULL
};

static void cst_handler_release(struct config_item *item)
{
	struct cst_handler *handler = item_to_handler(item);

	cst_item_type_destroy(&handler->dev_type);
	kfree(handler);
}

static struct configfs_item_operations cst_handler_item_ops = {
	.release = cst_handler_release,
};

static struct configfs_group_operations cst_handler_group_ops = {
	.make_group = cst_device_make,
	.drop_item = cst_device_drop_item,
};

const struct config_item_type cst_handler_dir_type = {
	.ct_owner = THIS_MODULE,
	.ct_item_ops = &cst_handler_item_ops,
	.ct_group_ops = &cst_handler_group_ops,
	.ct_attrs = cst_handler_dir_attrs,
};

int cst_cfs_device_init(void)
{
	static const struct cst_attr *const *const tables[] = {
		cst_stats_attrs, NULL
	};

	int ret;

	ret = cst_item_type_init(&cst_stats_type, THIS_MODULE, NULL, NULL,
				 tables);
	if (ret)
		return ret;
	ret = cst_cfs_resv_init();
	if (ret)
		cst_item_type_destroy(&cst_stats_type);
	return ret;
}

void cst_cfs_device_exit(void)
{
	cst_cfs_resv_exit();
	cst_item_type_destroy(&cst_stats_type);
}
