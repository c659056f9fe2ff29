// SPDX-License-Identifier: GPL-2.0-only
/*
 * Registered handlers and fabrics, each with its directory and the types of the
 * directories below it, and the targets of a fabric.
 *
 * Handlers and fabrics call in when their modules are loaded and unloaded; cfs/target.c adds
 * and removes targets.  Owns registry_lock, which protects the lists of handlers and
 * fabrics, and cst_fabric.lock.
 *
 * Teardown: every device, target and session holds a reference to its module
 * until its memory is freed.  So when a module's exit calls in, nothing but the
 * directory is left.
 *  1. the directory is removed, after operations inside it have ended;
 *  2. a fabric's directory is memory of its module: wait for the last reference;
 *  3. types and structures are freed.
 */
#include <linux/export.h>
#include <linux/log2.h>
#include <linux/slab.h>

#include "cfs/cfs.h"
#include "core.h"

static DEFINE_MUTEX(registry_lock);
static LIST_HEAD(cst_handlers);
static LIST_HEAD(cst_fabrics);

/* --- handlers --- */

static struct cst_handler *cst_handler_find(const char *name)
{
	struct cst_handler *handler;

	lockdep_assert_held(&registry_lock);
	list_for_each_entry(handler, &cst_handlers, node)
		if (!strcmp(handler->ops->name, name))
			return handler;
	return NULL;
}

/* Devices have the attributes of every device, those of their type, and their handler's. */
static int cst_handler_type_init(struct cst_handler *handler)
{
	const struct cst_handler_ops *ops = handler->ops;
	const struct cst_dev_type *type = ops->type;
	const struct cst_attr *const *tables[5];
	unsigned int n = 0;

	tables[n++] = cst_device_attrs;
	if (type->attrs)
		tables[n++] = type->attrs;
	if (type->optional_attrs && type->optional_attrs(ops))
		tables[n++] = type->optional_attrs(ops);
	if (ops->attrs)
		tables[n++] = ops->attrs;
	tables[n] = NULL;
	return cst_item_type_init(&handler->dev_type, ops->owner,
				  &cst_device_item_ops, NULL, tables);
}

int cst_handler_register(const struct cst_handler_ops *ops)
{
	struct cst_handler *handler;
	int ret;

	if (ops->type->any && !ops->commands) {
		pr_err("cst: %s: has no commands, which its type leaves to it\n", ops->name);
		return -EINVAL;
	}
	handler = kzalloc(sizeof(*handler), GFP_KERNEL);
	if (!handler)
		return -ENOMEM;
	handler->ops = ops;
	ret = cst_handler_type_init(handler);
	if (ret)
		goto free_handler;

	mutex_lock(&registry_lock);
	ret = cst_handler_find(ops->name) ? -EEXIST : 0;
	if (!ret)
		list_add_tail(&handler->node, &cst_handlers);
	mutex_unlock(&registry_lock);
	if (ret)
		goto destroy_type;

	/* From here on the release of the group's item frees the handler. */
	config_group_init_type_name(&handler->group, ops->name,
				    &cst_handler_dir_type);
	ret = configfs_register_group(&cst_handlers_group, &handler->group);
	if (ret)
		goto put_group;
	return 0;

put_group:
	mutex_lock(&registry_lock);
	list_del(&handler->node);
	mutex_unlock(&registry_lock);
	config_group_put(&handler->group);
	return ret;

destroy_type:
	cst_item_type_destroy(&handler->dev_type);
free_handler:
	kfree(handler);
	return ret;
}
EXPORT_SYMBOL_GPL(cst_handler_register);

void cst_handler_unregister(const struct cst_handler_ops *ops)
{
	struct cst_handler *handler;

	mutex_lock(&registry_lock);
	handler = cst_handler_find(ops->name);
	list_del(&handler->node);
	mutex_unlock(&registry_lock);

	cst_linger_flush();
	cst_group_unregister(&handler->group);
	config_group_put(&handler->group);
}
EXPORT_SYMBOL_GPL(cst_handler_unregister);

/* --- fabrics --- */

static void cst_fabric_dir_release(struct config_item *item)
{
	complete(&to_cst_fabric(item)->released);
}

static struct configfs_item_operations cst_fabric_dir_item_ops = {
	.release = cst_fabric_dir_release,
};

static struct cst_fabric *cst_fabric_find(const struct cst_fabric_ops *ops)
{
	struct cst_fabric *fabric, *found = NULL;

	mutex_lock(&registry_lock);
	list_for_each_entry(fabric, &cst_fabrics, node) {
		if (fabric->ops == ops) {
			found = fabric;
			break;
		}
	}
	mutex_unlock(&registry_lock);
	return found;
}

static int cst_fabric_types_init(struct cst_fabric *fabric)
{
	const struct cst_fabric_ops *ops = fabric->ops;
	const struct cst_attr *const *const dir_tables[] = {
		ops->fabric_attrs, NULL
	};
	const struct cst_attr *const *const target_tables[] = {
		cst_target_attrs, ops->target_attrs, NULL
	};
	const struct cst_attr *const *const session_tables[] = {
		cst_session_attrs, ops->session_attrs, NULL
	};
	int ret;

	ret = cst_item_type_init(&fabric->dir_type, ops->owner,
				 &cst_fabric_dir_item_ops,
				 &cst_fabric_group_ops, dir_tables);
	if (ret)
		return ret;
	ret = cst_item_type_init(&fabric->target_type, ops->owner,
				 &cst_target_item_ops, NULL, target_tables);
	if (ret)
		return ret;
	return cst_item_type_init(&fabric->session_type, ops->owner,
				  &cst_session_item_ops, NULL, session_tables);
}

static void cst_fabric_free(struct cst_fabric *fabric)
{
	cst_item_type_destroy(&fabric->session_type);
	cst_item_type_destroy(&fabric->target_type);
	cst_item_type_destroy(&fabric->dir_type);
	kfree(fabric);
}

/* Drop the directory's item, wait until the last reference to it is gone, free the fabric. */
static void cst_fabric_remove(struct cst_fabric *fabric)
{
	mutex_lock(&registry_lock);
	list_del(&fabric->node);
	mutex_unlock(&registry_lock);

	config_item_put(&fabric->ops->fabric_obj->group.cg_item);
	wait_for_completion(&fabric->released);
	cst_fabric_free(fabric);
}

/* Can core keep to these limits?  Core's buffers are aligned to pages. */
static bool cst_fabric_limits_ok(const struct cst_fabric_limits *limits)
{
	return (!limits->max_segs || limits->max_segs >= CST_INLINE_BVECS) &&
	       (!limits->seg_align || (is_power_of_2(limits->seg_align) &&
				       limits->seg_align <= PAGE_SIZE)) &&
	       limits->max_cdb >= CST_CDB_INLINE && !limits->prot;
}

int cst_fabric_register(const struct cst_fabric_ops *ops)
{
	struct cst_fabric *fabric, *other;
	int ret;

	if (WARN_ON(!cst_fabric_limits_ok(&ops->limits)))
		return -EINVAL;
	fabric = kzalloc(sizeof(*fabric), GFP_KERNEL);
	if (!fabric)
		return -ENOMEM;
	fabric->ops = ops;
	mutex_init(&fabric->lock);
	INIT_LIST_HEAD(&fabric->targets);
	init_completion(&fabric->released);
	ret = cst_fabric_types_init(fabric);
	if (ret) {
		cst_fabric_free(fabric);
		return ret;
	}

	mutex_lock(&registry_lock);
	list_for_each_entry(other, &cst_fabrics, node)
		if (!strcmp(other->ops->name, ops->name))
			ret = -EEXIST;
	if (!ret)
		list_add_tail(&fabric->node, &cst_fabrics);
	mutex_unlock(&registry_lock);
	if (ret) {
		cst_fabric_free(fabric);
		return ret;
	}

	ret = cst_object_init(ops->fabric_obj, ops->name, &fabric->dir_type);
	if (!ret)
		ret = configfs_register_group(&cst_targets_group,
					      &ops->fabric_obj->group);
	if (ret)
		cst_fabric_remove(fabric);
	return ret;
}
EXPORT_SYMBOL_GPL(cst_fabric_register);

void cst_fabric_unregister(const struct cst_fabric_ops *ops)
{
	struct cst_fabric *fabric = cst_fabric_find(ops);

	cst_linger_flush();
	cst_group_unregister(&ops->fabric_obj->group);
	WARN_ON(!list_empty(&fabric->targets));
	cst_fabric_remove(fabric);
}
EXPORT_SYMBOL_GPL(cst_fabric_unregister);

const struct cst_item_type *
cst_fabric_session_type(const struct cst_fabric_ops *ops)
{
	return &cst_fabric_find(ops)->session_type;
}
EXPORT_SYMBOL_GPL(cst_fabric_session_type);

/* --- the targets of a fabric --- */

void cst_fabric_add_target(struct cst_fabric *fabric, struct cst_target *target)
{
	mutex_lock(&fabric->lock);
	target->seq = fabric->next_seq++;
	list_add_tail(&target->fabric_node, &fabric->targets);
	mutex_unlock(&fabric->lock);
}

/*
 * Called before the reference of the target's creation is dropped, so a target on the list
 * can be referenced.
 */
void cst_fabric_del_target(struct cst_fabric *fabric, struct cst_target *target)
{
	mutex_lock(&fabric->lock);
	list_del(&target->fabric_node);
	mutex_unlock(&fabric->lock);
}

/* The first target that was made after @seq, with a reference, or NULL. */
static struct cst_target *cst_fabric_next_target(struct cst_fabric *fabric,
						 s64 seq)
{
	struct cst_target *target, *found = NULL;

	mutex_lock(&fabric->lock);
	list_for_each_entry(target, &fabric->targets, fabric_node) {
		if ((s64)target->seq > seq) {
			found = target;
			config_item_get(&found->obj.group.cg_item);
			break;
		}
	}
	mutex_unlock(&fabric->lock);
	return found;
}

int cst_fabric_for_each_target(const struct cst_fabric_ops *ops,
			       int (*fn)(struct cst_target *target, void *arg),
			       void *arg)
{
	struct cst_fabric *fabric = cst_fabric_find(ops);
	struct cst_target *target;
	s64 seq = -1;
	int ret = 0;

	while (!ret && (target = cst_fabric_next_target(fabric, seq))) {
		seq = target->seq;
		ret = fn(target, arg);
		cst_target_put(target);
	}
	return ret;
}
EXPORT_SYMBOL_GPL(cst_fabric_for_each_target);

struct cst_target *cst_fabric_find_target(const struct cst_fabric_ops *ops,
					  const char *name)
{
	struct cst_fabric *fabric = cst_fabric_find(ops);
	struct cst_target *target, *found = NULL;

	mutex_lock(&fabric->lock);
	list_for_each_entry(target, &fabric->targets, fabric_node) {
		if (!strcmp(cst_target_name(target), name)) {
			found = target;
			config_item_get(&found->obj.group.cg_item);
			break;
		}
	}
	mutex_unlock(&fabric->lock);
	return found;
}
EXPORT_SYMBOL_GPL(cst_fabric_find_target);

/**
 * cst_target_put() - drop a reference to a target
 * @target: referenced
 *
 * Context: process, may sleep.
 */
void cst_target_put(struct cst_target *target)
{
	config_item_put(&target->obj.group.cg_item);
}
EXPORT_SYMBOL_GPL(cst_target_put);
