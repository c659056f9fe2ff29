/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Private header of the control plane: shared by the files of this directory, registry.c and
 * session.c.
 */
#ifndef _CST_CFS_H
#define _CST_CFS_H

#include <linux/completion.h>
#include <linux/configfs.h>
#include <linux/list.h>
#include <linux/mutex.h>

#include <cst/attr.h>
#include <cst/fabric.h>
#include <cst/handler.h>
#include <cst/session.h>

/* configfs passes an attribute's text as one piece of less than this many bytes. */
#define CST_CFS_PAGE	4096

/**
 * struct cst_handler - a registered handler
 * @group: handlers/<name>
 * @ops: as registered
 * @dev_type: type of the directories of its devices
 * @node: node in cst_handlers
 */
struct cst_handler {
	struct config_group		group;
	const struct cst_handler_ops	*ops;
	struct cst_item_type		dev_type;
	struct list_head		node;
};

/**
 * struct cst_fabric - a registered fabric
 * @ops: as registered
 * @dir_type: type of the directory targets/<name>
 * @target_type: type of the directories of its targets
 * @session_type: type of the directories of its sessions
 * @node: node in cst_fabrics
 * @lock: protects @targets and @next_seq
 * @targets: struct cst_target.fabric_node, in order of creation
 * @next_seq: cst_target.seq of the next target
 * @released: the last reference to the item of targets/<name> is gone
 */
struct cst_fabric {
	const struct cst_fabric_ops	*ops;
	struct cst_item_type		dir_type;
	struct cst_item_type		target_type;
	struct cst_item_type		session_type;
	struct list_head		node;
	struct mutex			lock;
	struct list_head		targets;
	u64				next_seq;
	struct completion		released;
};

static inline struct cst_fabric *to_cst_fabric(struct config_item *item)
{
	return container_of(item->ci_type, struct cst_fabric, dir_type.type);
}

/* attr.c */
ssize_t cst_schema_print(const struct cst_attr *const *attrs, char *page);
/*
 * Print the item's path relative to the root at the end of @buf.  Return: the beginning of
 * the path.
 */
const char *cst_item_path(struct config_item *item, char *buf, size_t size);
void cst_attr_set_string(char *field, size_t size, const char *value);
bool cst_name_is_printable(const char *name);
u64 cst_generation(void);
ssize_t cst_last_error_print(char *page);

/* registry.c */
void cst_fabric_add_target(struct cst_fabric *fabric, struct cst_target *target);
void cst_fabric_del_target(struct cst_fabric *fabric, struct cst_target *target);

/* cfs/root.c */
extern struct configfs_subsystem cst_subsys;
extern struct config_group cst_handlers_group;
extern struct config_group cst_targets_group;
struct cst_object *cst_root_object(void);

/* cfs/device.c */
extern struct configfs_item_operations cst_device_item_ops;
extern const struct config_item_type cst_handler_dir_type;
extern const struct cst_attr *const cst_device_attrs[];
int cst_cfs_device_init(void);
void cst_cfs_device_exit(void);
/* reservation.c */
int cst_cfs_resv_init(void);
void cst_cfs_resv_exit(void);
int cst_cfs_resv_add(struct cst_device *dev);

/* cfs/target.c */
extern struct configfs_item_operations cst_target_item_ops;
extern struct configfs_group_operations cst_fabric_group_ops;
extern const struct cst_attr *const cst_target_attrs[];
int cst_cfs_target_init(void);
void cst_cfs_target_exit(void);

/* cfs/session.c */
extern struct configfs_item_operations cst_session_item_ops;
extern struct configfs_group_operations cst_sessions_group_ops;
extern const struct cst_attr *const cst_sessions_dir_attrs[];
void cst_dirs_init(struct cst_target *target);
/*
 * The directory of a registered session, which core makes and removes in a worker.  Called
 * with no cst_object.lock held.  When add fails, sess->obj is zeroed again, and session_free
 * is not called.  remove is the last call, when nothing else uses the session.  After the
 * directory is gone, or if it was never made, the session leaves its target and core's
 * reference to its item is dropped.
 */
int cst_cfs_session_add(struct cst_session *sess,
			const struct cst_item_type *it);
void cst_cfs_session_remove(struct cst_session *sess);

/* session.c; called with no lock held */
void cst_session_leave(struct cst_session *sess);

#endif /* _CST_CFS_H */
