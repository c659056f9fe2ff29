// SPDX-License-Identifier: GPL-2.0-only
/*
 * targets/<fabric>/<target>/: targets, their LUNs, initiator groups and patterns.
 *
 * configfs calls in; target.c and lun_map.c do the work.  Maps, groups and
 * patterns change under target->obj.lock, which is taken here inside of the
 * subsystem mutex and of directory locks, never the other way round.
 *
 * Teardown: configfs removes a target only when it is not enabled (an enabled target is
 * pinned) and has no LUN, group or administrator's session.  It removes a LUN only without a
 * link.  rmdir drops the reference of the creation.  The memory is freed with the last
 * reference, which a session's directory or a walk over the fabric's targets may still hold.
 */
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/xarray.h>

#include "cfs.h"
#include "../core.h"

#define CST_GROUP_ORDER_MAX	1000000

/*
 * RELATIVE TARGET PORT IDENTIFIER is unique on the host: SPC-5 3.1.  A write may give a target
 * an identifier that was generated for another target.  The two targets then exchange their
 * identifiers.  The table is not an IDA, because an IDA loses a bitmap when there is no
 * memory for the node that would hold it.  rel_tgt_ids_lock protects the table, and
 * rel_tgt_id and rel_tgt_id_given of the targets in it.
 */
static DEFINE_XARRAY_ALLOC1(rel_tgt_ids);
static DEFINE_MUTEX(rel_tgt_ids_lock);

static struct cst_item_type cst_luns_type;
static struct cst_item_type cst_lun_type;
static struct cst_item_type cst_ini_groups_type;
static struct cst_item_type cst_ini_group_type;
static struct cst_item_type cst_initiators_type;
static struct cst_item_type cst_sessions_type;

static struct cst_target *obj_to_target(struct cst_object *obj)
{
	return container_of(obj, struct cst_target, obj);
}

static int cst_check_name(struct config_group *parent, const char *name,
			  const char *kind)
{
	if (cst_name_is_printable(name) && strlen(name) <= CST_NAME_MAX)
		return 0;
	cst_config_error(&parent->cg_item, name,
			 "not a name of %s; accepted: 1..%d bytes, no control characters",
			 kind, CST_NAME_MAX);
	return -EINVAL;
}

/* --- luns/<n> --- */

static struct cst_lun *obj_to_lun(struct cst_object *obj)
{
	return container_of(obj, struct cst_lun, obj);
}

static struct cst_lun *item_to_lun(struct config_item *item)
{
	return obj_to_lun(to_cst_object(item));
}

/* The caller holds target->obj.lock, which is the governor's lock. */
static int cst_lun_store_read_only(struct cst_object *obj,
				   union cst_attr_value val)
{
	cst_lun_set_read_only(obj_to_lun(obj), val.num);
	return 0;
}

CST_ATTR(cst_lun, read_only, 0644, CST_FIELD(cst_lun, obj, read_only),
	 .type = CST_ATTR_BOOL, .apply = cst_lun_store_read_only,
	 .help = "Initiators that see this LUN may not write.");

static const struct cst_attr *const cst_lun_attrs[] = {
	&cst_lun_attr_read_only,
	NULL
};

static int cst_lun_allow_link(struct config_item *src, struct config_item *dst)
{
	struct cst_lun *lun = item_to_lun(src);
	struct cst_target *target;
	int ret = 0;

	/*
	 * configfs looks the destination up while the LUN's directory is unlocked.  The LUN
	 * may have been removed meanwhile, and its map as well.
	 */
	if (!src->ci_group)
		return -ENOENT;
	if (!dst->ci_type || dst->ci_type->ct_item_ops != &cst_device_item_ops) {
		cst_config_error(src, NULL, "%s is not a device below handlers/",
				 config_item_name(dst));
		return -EINVAL;
	}

	target = lun->map->target;
	mutex_lock(&target->obj.lock);
	if (lun->dev) {
		cst_config_error(src, NULL, "there is a link to %s already",
				 cst_device_name(lun->dev));
		ret = -EEXIST;
	} else {
		ret = cst_lun_map_link(lun, to_cst_device(dst));
		if (ret)
			cst_config_error(src, NULL, "out of memory");
	}
	mutex_unlock(&target->obj.lock);
	if (!ret)
		cst_config_changed();
	return ret;
}

static void cst_lun_drop_link(struct config_item *src, struct config_item *dst)
{
	struct cst_lun *lun = item_to_lun(src);
	struct cst_target *target = lun->map->target;

	mutex_lock(&target->obj.lock);
	cst_lun_map_unlink(lun);
	mutex_unlock(&target->obj.lock);
	cst_config_changed();
}

static void cst_lun_release(struct config_item *item)
{
	kfree(item_to_lun(item));
}

static struct configfs_item_operations cst_lun_item_ops = {
	.release = cst_lun_release,
	.allow_link = cst_lun_allow_link,
	.drop_link = cst_lun_drop_link,
};

/* --- luns/ --- */

static int cst_lun_parse(struct config_group *parent, const char *name, u32 *lun)
{
	bool canonical = name[0] != '0' || !name[1];

	if (canonical && name[0] >= '0' && name[0] <= '9' &&
	    !kstrtou32(name, 10, lun) && *lun <= CST_MAX_LUN)
		return 0;
	cst_config_error(&parent->cg_item, name,
			 "not a LUN; accepted: 0..%d, decimal, without leading zeros",
			 CST_MAX_LUN);
	return -EINVAL;
}

static struct config_group *cst_lun_make(struct config_group *group,
					 const char *name)
{
	struct cst_lun_map *map = container_of(to_cst_object(&group->cg_item),
					       struct cst_lun_map, obj);
	struct cst_lun *lun;
	u32 number;
	int ret;

	ret = cst_lun_parse(group, name, &number);
	if (ret)
		return ERR_PTR(ret);
	lun = kzalloc(sizeof(*lun), GFP_KERNEL);
	if (!lun)
		return ERR_PTR(-ENOMEM);
	lun->map = map;
	lun->lun = number;
	ret = cst_object_init(&lun->obj, name, &cst_lun_type);
	if (ret) {
		config_item_put(&lun->obj.group.cg_item);
		return ERR_PTR(ret);
	}
	lun->obj.governor = &map->target->obj;
	cst_config_changed();
	return &lun->obj.group;
}

static void cst_lun_drop(struct config_group *group, struct config_item *item)
{
	cst_item_linger(group, item);
	config_item_put(item);
	cst_config_changed();
}

static struct configfs_group_operations cst_luns_group_ops = {
	.make_group = cst_lun_make,
	.drop_item = cst_lun_drop,
};

/* --- ini_groups/<group>/initiators/<pattern> --- */

static struct cst_ini_pattern *item_to_pattern(struct config_item *item)
{
	return container_of(item, struct cst_ini_pattern, item);
}

static void cst_pattern_release(struct config_item *item)
{
	kfree(item_to_pattern(item));
}

static struct configfs_item_operations cst_pattern_item_ops = {
	.release = cst_pattern_release,
};

static const struct config_item_type cst_pattern_type = {
	.ct_owner = THIS_MODULE,
	.ct_item_ops = &cst_pattern_item_ops,
};

static struct config_item *cst_pattern_make(struct config_group *parent,
					    const char *name)
{
	struct cst_ini_group *group =
		container_of(to_cst_object(&parent->cg_item),
			     struct cst_ini_group, initiators);
	struct cst_target *target = group->target;
	struct cst_ini_pattern *pattern;
	int ret;

	ret = cst_check_name(parent, name, "initiators");
	if (ret)
		return ERR_PTR(ret);
	if (!strcmp(name, "!")) {
		cst_config_error(&parent->cg_item, name,
				 "a pattern must follow the \"!\"");
		return ERR_PTR(-EINVAL);
	}
	pattern = kzalloc(sizeof(*pattern), GFP_KERNEL);
	if (!pattern)
		return ERR_PTR(-ENOMEM);
	config_item_init_type_name(&pattern->item, name, &cst_pattern_type);
	if (!config_item_name(&pattern->item)) {
		config_item_put(&pattern->item);
		return ERR_PTR(-ENOMEM);
	}
	pattern->group = group;

	mutex_lock(&target->obj.lock);
	list_add_tail(&pattern->group_node, &group->patterns);
	cst_target_regroup(target);
	mutex_unlock(&target->obj.lock);
	cst_config_changed();
	return &pattern->item;
}

static void cst_pattern_drop(struct config_group *parent,
			     struct config_item *item)
{
	struct cst_ini_pattern *pattern = item_to_pattern(item);
	struct cst_target *target = pattern->group->target;

	cst_item_linger(parent, item);
	mutex_lock(&target->obj.lock);
	list_del(&pattern->group_node);
	cst_target_regroup(target);
	mutex_unlock(&target->obj.lock);
	config_item_put(item);
	cst_config_changed();
}

static struct configfs_group_operations cst_initiators_group_ops = {
	.make_item = cst_pattern_make,
	.drop_item = cst_pattern_drop,
};

/* --- ini_groups/<group> --- */

static int cst_ini_group_set_order(struct cst_object *obj,
				   union cst_attr_value val);

CST_ATTR(cst_ini_group, order, 0644, CST_FIELD(cst_ini_group, obj, order),
	 .type = CST_ATTR_UINT, .max = CST_GROUP_ORDER_MAX,
	 .flags = CST_ATTR_GENERATED, .apply = cst_ini_group_set_order,
	 .help = "Groups are tried in ascending order; a new one comes last, and who has a number already makes room behind.");

static const struct cst_attr *const cst_ini_group_attrs[] = {
	&cst_ini_group_attr_order,
	NULL
};

static struct cst_ini_group *obj_to_ini_group(struct cst_object *obj)
{
	return container_of(obj, struct cst_ini_group, obj);
}

static struct cst_ini_group *item_to_ini_group(struct config_item *item)
{
	return container_of(to_cst_object(item), struct cst_ini_group, obj);
}

/*
 * The caller holds target->obj.lock, which is the governor's lock.  A group that has the
 * number already, and the groups with the numbers directly after it, get the next numbers.
 * So when the numbers of several groups are written in ascending order, each group keeps
 * the number that was written.
 */
static int cst_ini_group_set_order(struct cst_object *obj,
				   union cst_attr_value val)
{
	struct cst_ini_group *group = obj_to_ini_group(obj);
	struct cst_target *target = group->target;
	struct list_head *place = &target->ini_groups;
	struct cst_ini_group *other;
	u64 next = val.num;

	list_for_each_entry(other, &target->ini_groups, target_node) {
		if (other == group || other->order < val.num)
			continue;
		if (place == &target->ini_groups)
			place = &other->target_node;
		if (other->order != next)
			break;
		next++;
	}
	if (next > CST_GROUP_ORDER_MAX) {
		cst_config_error(&obj->group.cg_item, "order",
				 "there is no number left behind %llu for the groups that have to make room",
				 val.num);
		return -ENOSPC;
	}
	next = val.num;
	list_for_each_entry(other, &target->ini_groups, target_node)
		if (other != group && other->order == next)
			other->order = ++next;
	list_move_tail(&group->target_node, place);
	cst_target_regroup(target);
	return 0;
}

static void cst_ini_group_release(struct config_item *item)
{
	struct cst_ini_group *group = item_to_ini_group(item);
	struct cst_target *target = group->target;

	xa_destroy(&group->map.luns);
	kfree(group);
	cst_target_put(target);
}

static struct configfs_item_operations cst_ini_group_item_ops = {
	.release = cst_ini_group_release,
};

/* Put a new group behind all others.  The caller holds target->obj.lock. */
static int cst_ini_group_append(struct cst_ini_group *group)
{
	struct list_head *groups = &group->target->ini_groups;

	if (!list_empty(groups))
		group->order = list_last_entry(groups, struct cst_ini_group,
					       target_node)->order + 1;
	if (group->order > CST_GROUP_ORDER_MAX)
		return -ENOSPC;
	list_add_tail(&group->target_node, groups);
	return 0;
}

static struct config_group *cst_ini_group_make(struct config_group *parent,
					       const char *name)
{
	struct cst_target *target = container_of(to_cst_object(&parent->cg_item),
						 struct cst_target,
						 ini_groups_obj);
	struct cst_ini_group *group;
	int ret;

	ret = cst_check_name(parent, name, "a group");
	if (ret)
		return ERR_PTR(ret);
	group = kzalloc(sizeof(*group), GFP_KERNEL);
	if (!group)
		return ERR_PTR(-ENOMEM);
	config_item_get(&target->obj.group.cg_item);
	group->target = target;
	INIT_LIST_HEAD(&group->patterns);
	cst_lun_map_init(&group->map, target);
	ret = cst_object_init(&group->obj, name, &cst_ini_group_type);
	if (!ret)
		ret = cst_object_init(&group->initiators, "initiators",
				      &cst_initiators_type);
	if (!ret)
		ret = cst_object_init(&group->map.obj, "luns", &cst_luns_type);
	if (ret) {
		config_item_put(&group->obj.group.cg_item);
		return ERR_PTR(ret);
	}
	cst_object_embed(&group->initiators, &group->obj);
	cst_object_embed(&group->map.obj, &group->obj);

	group->obj.governor = &target->obj;

	/* No regrouping is needed: a group without patterns matches no initiator. */
	mutex_lock(&target->obj.lock);
	ret = cst_ini_group_append(group);
	mutex_unlock(&target->obj.lock);
	if (ret) {
		cst_config_error(&parent->cg_item, name,
				 "the last group has the highest order that there is");
		cst_group_drop(&group->obj.group);
		return ERR_PTR(ret);
	}
	cst_config_changed();
	return &group->obj.group;
}

static void cst_ini_group_drop(struct config_group *parent,
			       struct config_item *item)
{
	struct cst_ini_group *group = item_to_ini_group(item);

	cst_item_linger(parent, item);
	/* configfs removes a group only without patterns, so no session uses its map. */
	mutex_lock(&group->target->obj.lock);
	list_del(&group->target_node);
	mutex_unlock(&group->target->obj.lock);
	cst_group_drop(&group->obj.group);
	cst_config_changed();
}

static struct configfs_group_operations cst_ini_groups_group_ops = {
	.make_group = cst_ini_group_make,
	.drop_item = cst_ini_group_drop,
};

/* --- attributes of every target --- */

static int cst_target_set_enabled(struct cst_object *obj,
				  union cst_attr_value val)
{
	struct cst_target *target = obj_to_target(obj);
	int ret;

	if (target->disabling) {
		cst_config_error(&obj->group.cg_item, "enabled",
				 "the target is being disabled");
		return -EBUSY;
	}
	/* After a time-out the target is closing, and a write of 0 waits again. */
	if (obj->enabled == val.num && !target->closing)
		return 0;
	if (!val.num)
		return cst_target_disable(target);

	ret = cst_object_pin(obj);
	if (ret) {
		cst_config_error(&obj->group.cg_item, "enabled",
				 "the target is being removed");
		return ret;
	}
	ret = cst_target_enable(target);
	if (ret)
		cst_object_unpin(obj);
	return ret;
}

/* Set a target's identifier, here and in the table.  It replaces another target there. */
static int cst_target_store_id(struct cst_target *target, u16 id)
{
	int ret = xa_err(xa_store(&rel_tgt_ids, id, target, GFP_KERNEL));

	if (!ret)
		WRITE_ONCE(target->rel_tgt_id, id);
	return ret;
}

static int cst_target_take_id(struct cst_target *target, u16 id)
{
	struct cst_target *other = xa_load(&rel_tgt_ids, id);
	u16 old = target->rel_tgt_id;
	int ret;

	lockdep_assert_held(&rel_tgt_ids_lock);

	if (other == target)
		return 0;
	if (other && other->rel_tgt_id_given) {
		cst_config_error(&target->obj.group.cg_item, "rel_tgt_id",
				 "%u was given to %s/%s, too", id,
				 other->ops->name, cst_target_name(other));
		return -EEXIST;
	}
	ret = cst_target_store_id(target, id);
	if (ret)
		return ret;
	if (!other) {
		xa_erase(&rel_tgt_ids, old);
		return 0;
	}
	/* other's identifier was generated.  Both entries exist, so this cannot fail. */
	cst_target_store_id(other, old);
	cst_target_port_changed(other);
	cst_config_changed();
	return 0;
}

static int cst_target_set_rel_tgt_id(struct cst_object *obj,
				     union cst_attr_value val)
{
	struct cst_target *target = obj_to_target(obj);
	int ret;

	mutex_lock(&rel_tgt_ids_lock);
	ret = cst_target_take_id(target, val.num);
	if (!ret)
		target->rel_tgt_id_given = true;
	mutex_unlock(&rel_tgt_ids_lock);
	return ret;
}

/* A target that is closing is still enabled, but accepts no session. */
static const char *cst_target_state(struct cst_object *obj)
{
	if (!READ_ONCE(obj->enabled))
		return "disabled";
	return READ_ONCE(obj_to_target(obj)->closing) ? "closing" : "enabled";
}

static ssize_t cst_target_state_print(struct cst_object *obj, char *page)
{
	return sysfs_emit(page, "%s\n", cst_target_state(obj));
}

static ssize_t cst_target_enabled_print(struct cst_object *obj, char *page)
{
	return sysfs_emit(page, "%d\n", *cst_target_state(obj) == 'e');
}

CST_ATTR(cst_target, enabled, 0644, CST_FIELD(cst_target, obj, obj.enabled),
	 .type = CST_ATTR_BOOL, .flags = CST_ATTR_EFFECT,
	 .show = cst_target_enabled_print, .apply = cst_target_set_enabled,
	 .help = "1 accepts sessions, 0 closes them and waits until they are gone.");
CST_ATTR(cst_target, state, 0444,
	 .type = CST_ATTR_STRING, .show = cst_target_state_print,
	 .help = "One of disabled, enabled and closing: sessions have not yet gone.");
CST_ATTR(cst_target, rel_tgt_id, 0644, CST_FIELD(cst_target, obj, rel_tgt_id),
	 .type = CST_ATTR_UINT, .when = CST_WHEN_DISABLED,
	 .flags = CST_ATTR_GENERATED | CST_ATTR_EFFECT, .min = 1, .max = U16_MAX,
	 .apply = cst_target_set_rel_tgt_id,
	 .help = "Relative target port identifier, unique on this host; a generated one gives way.");
CST_ATTR(cst_target, comment, 0644, CST_FIELD(cst_target, obj, comment),
	 .type = CST_ATTR_STRING, .help = "For the administrator.");

const struct cst_attr *const cst_target_attrs[] = {
	&cst_target_attr_enabled,
	&cst_target_attr_state,
	&cst_target_attr_rel_tgt_id,
	&cst_target_attr_comment,
	NULL
};

/* --- making and removing targets --- */

static void cst_target_release(struct config_item *item)
{
	struct cst_target *target = to_cst_target(item);
	const struct cst_fabric_ops *ops = target->ops;
	struct module *owner = ops->owner;

	if (target->fabric_ready && ops->target_free)
		ops->target_free(target);
	if (target->fabric)
		cst_target_destroy(target);
	kfree(target);
	module_put(owner);
}

struct configfs_item_operations cst_target_item_ops = {
	.release = cst_target_release,
};

/* Drop the references of a target's creation, and give back its identifier. */
static void cst_target_drop(struct cst_target *target)
{
	mutex_lock(&rel_tgt_ids_lock);
	if (target->rel_tgt_id)
		xa_erase(&rel_tgt_ids, target->rel_tgt_id);
	mutex_unlock(&rel_tgt_ids_lock);
	cst_group_drop(&target->obj.group);
}

static int cst_target_add_default(struct cst_target *target,
				  struct cst_object *obj, const char *name,
				  const struct cst_item_type *it)
{
	int ret = cst_object_init(obj, name, it);

	cst_object_embed(obj, &target->obj);
	return ret;
}

static int cst_target_setup(struct cst_target *target, struct cst_fabric *fabric,
			    struct config_item *parent)
{
	const struct cst_fabric_ops *ops = fabric->ops;
	u32 rel_tgt_id;
	int ret;

	cst_dirs_init(target);
	ret = cst_target_init(target, fabric);
	if (ret) {
		target->fabric = NULL;	/* nothing to destroy */
		return ret;
	}
	mutex_lock(&rel_tgt_ids_lock);
	ret = xa_alloc(&rel_tgt_ids, &rel_tgt_id, target, XA_LIMIT(1, U16_MAX),
		       GFP_KERNEL);
	if (!ret)
		target->rel_tgt_id = rel_tgt_id;
	mutex_unlock(&rel_tgt_ids_lock);
	if (ret == -EBUSY)
		cst_config_error(parent, cst_target_name(target),
				 "there are %u targets already", U16_MAX);
	if (ret)
		return ret == -EBUSY ? -ENOSPC : ret;

	ret = cst_target_add_default(target, &target->map.obj, "luns",
				     &cst_luns_type);
	if (!ret)
		ret = cst_target_add_default(target, &target->ini_groups_obj,
					     "ini_groups",
					     &cst_ini_groups_type);
	if (!ret)
		ret = cst_target_add_default(target, &target->sessions_obj,
					     "sessions", &cst_sessions_type);
	if (!ret && ops->target_init)
		ret = ops->target_init(target);
	target->fabric_ready = !ret;
	return ret;
}

static struct config_group *cst_target_make(struct config_group *group,
					    const char *name)
{
	struct cst_fabric *fabric = to_cst_fabric(&group->cg_item);
	const struct cst_fabric_ops *ops = fabric->ops;
	struct cst_target *target;
	int ret;

	ret = cst_check_name(group, name, "a target");
	if (!ret && ops->target_check_name)
		ret = ops->target_check_name(&group->cg_item, name);
	if (ret)
		return ERR_PTR(ret);
	/* Held until the target is freed.  Fails when the module is being unloaded. */
	if (!try_module_get(ops->owner)) {
		cst_config_error(&group->cg_item, name,
				 "the fabric is being unloaded");
		return ERR_PTR(-ENODEV);
	}
	target = kzalloc(ops->target_size, GFP_KERNEL);
	if (!target) {
		module_put(ops->owner);
		return ERR_PTR(-ENOMEM);
	}
	target->ops = ops;
	ret = cst_object_init(&target->obj, name, &fabric->target_type);
	if (!ret)
		ret = cst_target_setup(target, fabric, &group->cg_item);
	if (ret) {
		cst_target_drop(target);
		return ERR_PTR(ret);
	}
	cst_fabric_add_target(fabric, target);
	cst_config_changed();
	return &target->obj.group;
}

static void cst_target_drop_item(struct config_group *group,
				 struct config_item *item)
{
	struct cst_target *target = to_cst_target(item);

	cst_item_linger(group, item);
	cst_fabric_del_target(target->fabric, target);
	cst_target_drop(target);
	cst_config_changed();
}

struct configfs_group_operations cst_fabric_group_ops = {
	.make_group = cst_target_make,
	.drop_item = cst_target_drop_item,
};

/* --- types --- */

struct cst_type_row {
	struct cst_item_type			*it;
	struct configfs_item_operations		*item_ops;
	struct configfs_group_operations	*group_ops;
	const struct cst_attr *const		*attrs;
};

static const struct cst_type_row cst_target_types[] = {
	{ &cst_luns_type, NULL, &cst_luns_group_ops, NULL },
	{ &cst_lun_type, &cst_lun_item_ops, NULL, cst_lun_attrs },
	{ &cst_ini_groups_type, NULL, &cst_ini_groups_group_ops, NULL },
	{ &cst_ini_group_type, &cst_ini_group_item_ops, NULL,
	  cst_ini_group_attrs },
	{ &cst_initiators_type, NULL, &cst_initiators_group_ops, NULL },
	{ &cst_sessions_type, NULL, &cst_sessions_group_ops,
	  cst_sessions_dir_attrs },
};

int cst_cfs_target_init(void)
{
	unsigned int i;
	int ret;

	for (i = 0; i < ARRAY_SIZE(cst_target_types); i++) {
		const struct cst_type_row *row = &cst_target_types[i];
		const struct cst_attr *const *const tables[] = {
			row->attrs, NULL
		};

		ret = cst_item_type_init(row->it, THIS_MODULE, row->item_ops,
					 row->group_ops, tables);
		if (ret) {
			cst_cfs_target_exit();
			return ret;
		}
	}
	return 0;
}

void cst_cfs_target_exit(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cst_target_types); i++)
		cst_item_type_destroy(cst_target_types[i].it);
}
