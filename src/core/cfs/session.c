// SPDX-License-Identifier: GPL-2.0-only
/*
 * targets/<fabric>/<target>/sessions/: a directory per I_T nexus.
 *
 * session.c calls in for the nexuses that a fabric makes; configfs calls in where
 * the fabric lets an administrator make them.  A directory holds references to its
 * target's item and to the fabric's module until its memory is freed.
 *
 * A directory may exist while its nexus is not registered.  A directory that core makes
 * appears while the nexus is registered, and may stay a little longer.  A directory made by
 * mkdir exists before and after.  Attributes use cst_session_is_live() under
 * target->obj.lock to check.  Owns target->dirs_lock; only locks of a work queue are taken
 * inside that.
 */
#include <linux/export.h>
#include <linux/module.h>
#include <linux/rbtree.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "cfs.h"
#include "../core.h"

static struct cst_session *obj_to_session(struct cst_object *obj)
{
	return container_of(obj, struct cst_session, obj);
}

/* --- attributes of a session --- */

/* Is the session registered?  The caller holds target->obj.lock. */
static bool cst_session_is_live(struct cst_session *sess)
{
	struct cst_session *other;

	if (sess->closing)
		return false;
	if (sess->own_dir)
		return true;
	list_for_each_entry(other, &sess->target->sessions, target_node)
		if (other == sess)
			return true;
	return false;
}

static void cst_session_count(struct cst_object *obj, u64 *commands, u64 *active)
{
	struct cst_session *sess = obj_to_session(obj);

	*commands = 0;
	*active = 0;
	mutex_lock(&sess->target->obj.lock);
	if (cst_session_is_live(sess))
		cst_session_commands(sess, commands, active);
	mutex_unlock(&sess->target->obj.lock);
}

static ssize_t cst_session_port_print(struct cst_object *obj, char *page)
{
	struct cst_session *sess = obj_to_session(obj);
	char text[CST_PORT_TEXT_MAX];
	struct cst_port port;

	cst_session_initiator_port(sess, &port);
	cst_port_print(&port, text);
	return sysfs_emit(page, "%s\n", text);
}

static ssize_t cst_session_commands_print(struct cst_object *obj, char *page)
{
	u64 commands, active;

	cst_session_count(obj, &commands, &active);
	return sysfs_emit(page, "%llu\n", commands);
}

static ssize_t cst_session_active_print(struct cst_object *obj, char *page)
{
	u64 commands, active;

	cst_session_count(obj, &commands, &active);
	return sysfs_emit(page, "%llu\n", active);
}

static ssize_t cst_session_luns_print(struct cst_object *obj, char *page)
{
	struct cst_session *sess = obj_to_session(obj);
	ssize_t len;
	char *buf;

	buf = kmalloc(CST_CFS_PAGE, GFP_KERNEL);
	if (!buf)
		return -ENOMEM;
	mutex_lock(&sess->target->obj.lock);
	if (cst_session_is_live(sess) && sess->map)
		len = sysfs_emit(page, "%s\n",
				 cst_item_path(&sess->map->obj.group.cg_item, buf,
					       CST_CFS_PAGE - 1));
	else
		len = sysfs_emit(page, "\n");
	mutex_unlock(&sess->target->obj.lock);
	kfree(buf);
	return len;
}

/* The caller holds target->obj.lock, which is the governor's lock. */
static int cst_session_force_close(struct cst_object *obj,
				   union cst_attr_value val)
{
	struct cst_session *sess = obj_to_session(obj);

	if (!cst_session_is_live(sess)) {
		cst_config_error(&obj->group.cg_item, "force_close",
				 "the session is closing or not yet open");
		return -ENOTCONN;
	}
	sess->ops->session_close(sess);
	return 0;
}

CST_ATTR(cst_session, initiator_name, 0444,
	 CST_FIELD(cst_session, obj, initiator_name),
	 .type = CST_ATTR_STRING, .help = "Name of the initiator port.");
CST_ATTR(cst_session, initiator_port, 0444,
	 .type = CST_ATTR_STRING, .show = cst_session_port_print,
	 .help = "The initiator port as TransportIDs name it: iSCSI's with its ISID, others' by their address.");
CST_ATTR(cst_session, luns, 0444,
	 .type = CST_ATTR_STRING, .show = cst_session_luns_print,
	 .help = "Path of the LUN map in force; empty when there is none.");
CST_ATTR(cst_session, commands, 0444,
	 .type = CST_ATTR_UINT, .show = cst_session_commands_print,
	 .unit = "commands", .help = "Commands received so far.");
CST_ATTR(cst_session, active_commands, 0444,
	 .type = CST_ATTR_UINT, .show = cst_session_active_print,
	 .unit = "commands", .help = "Commands under way.");
CST_ATTR(cst_session, force_close, 0200,
	 .type = CST_ATTR_UINT, .min = 1, .max = 1,
	 .apply = cst_session_force_close,
	 .help = "Closes the session; the initiator may log in again.");

const struct cst_attr *const cst_session_attrs[] = {
	&cst_session_attr_initiator_name,
	&cst_session_attr_initiator_port,
	&cst_session_attr_luns,
	&cst_session_attr_commands,
	&cst_session_attr_active_commands,
	&cst_session_attr_force_close,
	NULL
};
EXPORT_SYMBOL_GPL(cst_session_attrs);

/* --- the item, made by core or by mkdir --- */

/* Also after an errno, the item's release undoes everything. */
static int cst_session_item_init(struct cst_session *sess, const char *name,
				 const struct cst_item_type *it)
{
	int ret;

	__module_get(sess->ops->owner);
	config_item_get(&sess->target->obj.group.cg_item);
	ret = cst_object_init(&sess->obj, name, it);
	sess->obj.governor = &sess->target->obj;
	if (!ret && sess->ops->session_dir_init)
		ret = sess->ops->session_dir_init(sess);
	return ret;
}

static void cst_session_release(struct config_item *item)
{
	struct cst_session *sess = to_cst_session(item);
	const struct cst_fabric_ops *ops = sess->ops;
	struct cst_target *target = sess->target;
	struct module *owner = ops->owner;

	ops->session_free(sess);
	cst_target_put(target);
	module_put(owner);
}

struct configfs_item_operations cst_session_item_ops = {
	.release = cst_session_release,
};

/* --- made by core --- */

/*
 * A process that lists sessions/ holds the lock of its inode while it copies the names, and a
 * local process can make that long.  So neither a login nor the end of a session waits for
 * its directory.  Each target has one work, which makes and removes the directories one
 * after another.  Only that work uses the names, so they need no lock.
 */
enum cst_dir_state {
	CST_DIR_WANTED,		/* on target->dirs, to be made */
	CST_DIR_MAKING,
	CST_DIR_THERE,
	CST_DIR_UNWANTED,	/* to be removed, if it is there */
};

#define CST_DIR_AGAIN	HZ	/* time to the next attempt after a failed one */

/* Find the place for @name in target->dir_names.  Return: false when the name is in use. */
static bool cst_dir_name_place(struct cst_target *target, const char *name,
			       struct rb_node **parent, struct rb_node ***link)
{
	struct cst_session *other;
	int order;

	*parent = NULL;
	*link = &target->dir_names.rb_node;
	while (**link) {
		*parent = **link;
		other = rb_entry(*parent, struct cst_session, dir_name);
		order = strcmp(name, config_item_name(&other->obj.group.cg_item));
		if (!order)
			return false;
		*link = order < 0 ? &(*parent)->rb_left : &(*parent)->rb_right;
	}
	return true;
}

/*
 * Name the directory after the initiator, with characters replaced that a name may not have.
 * If that name is in use, a number is appended that has not been tried yet.
 */
static int cst_dir_name_set(struct cst_session *sess)
{
	char name[CST_NAME_MAX + 1 + sizeof("_4294967295")];
	struct config_item *item = &sess->obj.group.cg_item;
	struct cst_target *target = sess->target;
	struct rb_node *parent, **link;
	size_t len;
	char *p;
	int ret;

	strscpy(name, sess->initiator_name, CST_NAME_MAX + 1);
	for (p = name; *p; p++)
		if ((u8)*p < 0x20 || *p == 0x7f || *p == '/')
			*p = '_';
	if (!*name || !strcmp(name, ".") || !strcmp(name, ".."))
		strscpy(name, "_", sizeof(name));

	if (RB_EMPTY_ROOT(&target->dir_names))
		target->last_dir = 0;
	len = strlen(name);
	while (!cst_dir_name_place(target, name, &parent, &link))
		scnprintf(name + len, sizeof(name) - len, "_%u",
			  ++target->last_dir);
	ret = config_item_set_name(item, "%s", name);
	if (ret)
		return ret;
	rb_link_node(&sess->dir_name, parent, link);
	rb_insert_color(&sess->dir_name, &target->dir_names);
	return 0;
}

static int cst_dir_make(struct cst_session *sess)
{
	struct cst_target *target = sess->target;
	int ret;

	ret = cst_dir_name_set(sess);
	if (ret)
		return ret;
	ret = configfs_register_group(&target->sessions_obj.group,
				      &sess->obj.group);
	if (ret)
		rb_erase(&sess->dir_name, &target->dir_names);
	return ret;
}

static void cst_dir_remove(struct cst_session *sess)
{
	cst_group_unregister(&sess->obj.group);
	rb_erase(&sess->dir_name, &sess->target->dir_names);
}

/* The end of a session that has no directory, and does not get one any more. */
static void cst_dir_gone(struct cst_session *sess)
{
	cst_session_leave(sess);
	cst_group_drop(&sess->obj.group);
}

/*
 * A queued work holds a reference to its target, so it need not be cancelled.  The target's
 * release could not cancel it, because the release may run in the work itself, when the last
 * session ends there.
 */
static void cst_dirs_queue(struct cst_target *target, unsigned long delay)
{
	config_item_get(&target->obj.group.cg_item);
	if (mod_delayed_work(cst_linger_wq, &target->dirs_work, delay))
		cst_target_put(target);
}

/* Take the next session off target->dirs.  *make is whether its directory is to be made. */
static struct cst_session *cst_dirs_next(struct cst_target *target, bool *make)
{
	struct cst_session *sess;

	spin_lock(&target->dirs_lock);
	sess = list_first_entry_or_null(&target->dirs, struct cst_session,
					dir_node);
	if (sess) {
		list_del_init(&sess->dir_node);
		*make = sess->dir_state == CST_DIR_WANTED;
		if (*make)
			sess->dir_state = CST_DIR_MAKING;
	}
	spin_unlock(&target->dirs_lock);
	return sess;
}

/*
 * Make a directory.  The session cannot end while its state is CST_DIR_MAKING, and it may be
 * gone after the state was changed below.  Return: errno when it is to be tried again later.
 */
static int cst_dirs_make(struct cst_target *target, struct cst_session *sess)
{
	bool unwanted;
	int ret;

	ret = cst_dir_make(sess);
	if (ret)
		pr_warn_ratelimited("%s: the directory of the session of %s comes later: %d\n",
				    cst_target_name(target),
				    sess->initiator_name, ret);
	if (sess->ops->session_shown)
		sess->ops->session_shown(sess);

	spin_lock(&target->dirs_lock);
	unwanted = sess->dir_state == CST_DIR_UNWANTED;
	if (!unwanted && !ret)
		sess->dir_state = CST_DIR_THERE;
	if (!unwanted && ret) {
		sess->dir_state = CST_DIR_WANTED;
		list_add(&sess->dir_node, &target->dirs);
	}
	spin_unlock(&target->dirs_lock);
	if (!unwanted)
		return ret;
	if (!ret)
		cst_dir_remove(sess);
	cst_dir_gone(sess);
	return 0;
}

static void cst_dirs_work(struct work_struct *work)
{
	struct cst_target *target = container_of(to_delayed_work(work),
						 struct cst_target, dirs_work);
	struct cst_session *sess;
	bool make;

	while ((sess = cst_dirs_next(target, &make))) {
		if (!make) {
			cst_dir_remove(sess);
			cst_dir_gone(sess);
		} else if (cst_dirs_make(target, sess)) {
			cst_dirs_queue(target, CST_DIR_AGAIN);
			break;
		}
	}
	cst_target_put(target);
}

void cst_dirs_init(struct cst_target *target)
{
	spin_lock_init(&target->dirs_lock);
	INIT_LIST_HEAD(&target->dirs);
	target->dir_names = RB_ROOT;
	INIT_DELAYED_WORK(&target->dirs_work, cst_dirs_work);
}

int cst_cfs_session_add(struct cst_session *sess, const struct cst_item_type *it)
{
	struct cst_target *target = sess->target;
	int ret;

	ret = cst_session_item_init(sess, sess->initiator_name, it);
	if (ret) {
		/* Without a type the item has no release: the caller frees the session. */
		sess->obj.group.cg_item.ci_type = NULL;
		cst_group_drop(&sess->obj.group);
		memset(&sess->obj, 0, sizeof(sess->obj));
		module_put(sess->ops->owner);
		cst_target_put(target);
		return ret;
	}
	sess->dir_state = CST_DIR_WANTED;
	spin_lock(&target->dirs_lock);
	list_add_tail(&sess->dir_node, &target->dirs);
	spin_unlock(&target->dirs_lock);
	cst_dirs_queue(target, 0);
	return 0;
}

void cst_cfs_session_remove(struct cst_session *sess)
{
	struct cst_target *target = sess->target;
	u8 state;

	spin_lock(&target->dirs_lock);
	state = sess->dir_state;
	sess->dir_state = CST_DIR_UNWANTED;
	if (state == CST_DIR_WANTED) {
		list_del_init(&sess->dir_node);
	} else if (state == CST_DIR_THERE) {
		list_add_tail(&sess->dir_node, &target->dirs);
		/* Under the lock: after it the work may end the session, and with it the target. */
		cst_dirs_queue(target, 0);
	}
	spin_unlock(&target->dirs_lock);
	if (state == CST_DIR_WANTED)
		cst_dir_gone(sess);
}

/* --- made by mkdir --- */

static struct cst_target *sessions_to_target(struct config_item *item)
{
	return container_of(to_cst_object(item), struct cst_target,
			    sessions_obj);
}

static struct config_group *cst_session_make(struct config_group *group,
					     const char *name)
{
	struct cst_target *target = sessions_to_target(&group->cg_item);
	const struct cst_fabric_ops *ops = target->ops;
	struct cst_session *sess;
	int ret;

	if (!ops->session_size) {
		cst_config_error(&group->cg_item, name,
				 "sessions of this fabric are made by its initiators");
		return ERR_PTR(-EPERM);
	}
	if (!cst_name_is_printable(name) || strlen(name) > CST_NAME_MAX) {
		cst_config_error(&group->cg_item, name,
				 "not a session's name; accepted: 1..%d bytes, no control characters",
				 CST_NAME_MAX);
		return ERR_PTR(-EINVAL);
	}
	sess = kzalloc(ops->session_size, GFP_KERNEL);
	if (!sess)
		return ERR_PTR(-ENOMEM);
	sess->target = target;
	sess->ops = ops;
	strscpy(sess->initiator_name, name, sizeof(sess->initiator_name));
	ret = cst_session_item_init(sess, name, &target->fabric->session_type);
	if (!ret)
		ret = ops->session_enable(sess);
	if (ret) {
		cst_group_drop(&sess->obj.group);
		return ERR_PTR(ret);
	}
	cst_config_changed();
	return &sess->obj.group;
}

static void cst_session_drop(struct config_group *group,
			     struct config_item *item)
{
	struct cst_session *sess = to_cst_session(item);

	cst_item_linger(group, item);
	sess->ops->session_disable(sess);
	cst_group_drop(&sess->obj.group);
	cst_config_changed();
}

struct configfs_group_operations cst_sessions_group_ops = {
	.make_group = cst_session_make,
	.drop_item = cst_session_drop,
};

static ssize_t cst_sessions_creatable_print(struct cst_object *obj, char *page)
{
	struct cst_target *target = container_of(obj, struct cst_target,
						 sessions_obj);

	return sysfs_emit(page, "%d\n", target->ops->session_size != 0);
}

CST_ATTR(cst_sessions, creatable, 0444,
	 .type = CST_ATTR_BOOL, .show = cst_sessions_creatable_print,
	 .help = "Whether mkdir makes a session here.");

const struct cst_attr *const cst_sessions_dir_attrs[] = {
	&cst_sessions_attr_creatable,
	NULL
};
