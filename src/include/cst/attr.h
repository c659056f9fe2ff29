/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Configuration objects and self-describing attributes.
 *
 * One macro line declares an attribute.  show, store, the checks and the line in the
 * object's `schema` are generated from it.  The value is a field of the structure that
 * embeds the struct cst_object.
 */
#ifndef _CST_ATTR_H
#define _CST_ATTR_H

#include <linux/configfs.h>
#include <linux/lockdep.h>
#include <linux/mutex.h>
#include <linux/types.h>

struct cst_object;
struct cst_attr;

/**
 * struct cst_object - base of every configuration directory that has attributes
 * @group: the configfs directory; its item's name is the object's name
 * @lock: serialises stores to this object, enable and disable; protects the
 *	attribute fields and @enabled.  Lock order: a parent's lock before a child's.
 *	Never held while configfs is asked to make or remove a directory.
 * @attrs: NULL terminated list of the attributes that `schema` prints
 * @governor: object whose @enabled decides about CST_WHEN_DISABLED, or NULL when that
 *	is this object's own @enabled.  A target governs its params, for example.  A
 *	store to this object also holds the governor's @lock.
 * @embedder: object whose memory this object is part of (cst_object_embed()), or NULL
 * @pins: number of pins; attr.c
 * @enabled: the object is in use; written with @lock held
 */
struct cst_object {
	struct config_group		group;
	struct mutex			lock;
	const struct cst_attr *const	*attrs;
	struct cst_object		*governor;
	struct cst_object		*embedder;
	unsigned int			pins;
	bool				enabled;
};

enum cst_attr_type {
	CST_ATTR_BOOL,		/* field: bool */
	CST_ATTR_UINT,		/* field: u8, u16, u32 or u64, by its size */
	CST_ATTR_ENUM,		/* field: u8, u16 or u32, an index into names */
	CST_ATTR_STRING,	/* field: char[] */
};

enum cst_attr_when {
	CST_WHEN_ALWAYS,
	CST_WHEN_DISABLED,
};

#define CST_ATTR_POWER_OF_TWO	BIT(0)	/* uint: only powers of two */
#define CST_ATTR_GENERATED	BIT(1)	/* each object has its own default */
#define CST_ATTR_EFFECT		BIT(2)	/* apply is called even when the value stays the same */

#define CST_ATTR_STRING_SIZE	4094	/* value, newline and NUL pass configfs in one piece */

union cst_attr_value {
	u64		num;
	const char	*str;
};

/**
 * struct cst_attr - one attribute
 * @ca: the attribute as configfs sees it: name, mode, generated show and store
 * @type: enum cst_attr_type of the value
 * @when: enum cst_attr_when: when the attribute may be written
 * @flags: CST_ATTR_*
 * @offset: offset of the field from the struct cst_object, in bytes
 * @size: size of the field in bytes, 0 without a field.  A string holds up to @size - 1
 *	bytes, and @size is at most CST_ATTR_STRING_SIZE
 * @min: smallest value; of a string, least number of bytes
 * @max: largest value; 0: the largest value that the field can hold
 * @dflt: default of bool, uint and enum
 * @dflt_str: default of a string, or NULL for ""
 * @names: names of the values of an enum, NULL terminated
 * @unit: "bytes", "s" ... or NULL; "bytes" accepts the suffixes K M G T
 * @help: one sentence
 * @show: optional; prints a computed value instead of the field into the page (with the
 *	newline, less than PAGE_SIZE).  Called with no lock held.
 * @apply: optional; called with the object locked, after type, range and @when have
 *	been checked and before the field is set.  @val is the parsed value; a string is
 *	a NUL terminated copy.  0 lets the field be set.  A negative errno refuses the
 *	value, and the function says why with cst_config_error().  May sleep.
 *	A store to an attribute without a field (@size 0) only calls this function:
 *	`resync_size`.
 *
 * @changed: optional; called with the object locked after the field was set to
 *	another value.  May sleep.
 *
 * A store of the value that an attribute already has succeeds at any time and
 * does nothing (but see CST_ATTR_EFFECT), so that a configuration can be written
 * twice.
 */
struct cst_attr {
	struct configfs_attribute	ca;
	u8				type;
	u8				when;
	u8				flags;
	ptrdiff_t			offset;
	size_t				size;
	u64				min;
	u64				max;
	u64				dflt;
	const char			*dflt_str;
	const char *const		*names;
	const char			*unit;
	const char			*help;
	ssize_t (*show)(struct cst_object *obj, char *page);
	int (*apply)(struct cst_object *obj, union cst_attr_value val);
	void (*changed)(struct cst_object *obj);
};

static inline struct cst_object *to_cst_object(struct config_item *item)
{
	return container_of(to_config_group(item), struct cst_object, group);
}

ssize_t cst_attr_show(struct config_item *item, const struct cst_attr *attr,
		      char *page);
ssize_t cst_attr_store(struct config_item *item, const struct cst_attr *attr,
		       const char *page, size_t count);

/*
 * CST_ATTR(prefix, name, mode, initialisers...) defines a static struct cst_attr
 * prefix_attr_name.  CST_FIELD(structure, path of its struct cst_object, field) gives the
 * initialisers that say where the value is stored.
 *
 * CST_ATTR(vdisk, blocksize, 0644, CST_FIELD(cst_device, obj, block_size),
 *	    .type = CST_ATTR_UINT, .when = CST_WHEN_DISABLED,
 *	    .flags = CST_ATTR_POWER_OF_TWO, .min = 512, .max = 4096, .dflt = 512,
 *	    .unit = "bytes", .help = "Logical block size.");
 */
#define CST_FIELD(_struct, _obj, _field)				\
	.offset = (ptrdiff_t)offsetof(struct _struct, _field) -		\
		  (ptrdiff_t)offsetof(struct _struct, _obj),		\
	.size = sizeof_field(struct _struct, _field)

#define CST_ATTR(_prefix, _name, _mode, ...)				\
static const struct cst_attr _prefix##_attr_##_name;			\
static ssize_t _prefix##_##_name##_attr_show(struct config_item *item,	\
					     char *page)		\
{									\
	return cst_attr_show(item, &_prefix##_attr_##_name, page);	\
}									\
static ssize_t _prefix##_##_name##_attr_store(struct config_item *item,	\
					      const char *page,		\
					      size_t count)		\
{									\
	return cst_attr_store(item, &_prefix##_attr_##_name, page, count); \
}									\
static const struct cst_attr _prefix##_attr_##_name = {			\
	.ca = {								\
		.ca_name = __stringify(_name),				\
		.ca_owner = THIS_MODULE,				\
		.ca_mode = (_mode),					\
		.show = ((_mode) & 0444) ?				\
			_prefix##_##_name##_attr_show : NULL,		\
		.store = ((_mode) & 0222) ?				\
			_prefix##_##_name##_attr_store : NULL,		\
	},								\
	__VA_ARGS__							\
}

/**
 * struct cst_item_type - a config_item_type made from attribute tables
 * @type: what configfs sees
 * @ca: type.ct_attrs
 * @attrs: NULL terminated
 * @lock_key: lockdep class of cst_object.lock
 */
struct cst_item_type {
	struct config_item_type		type;
	struct configfs_attribute	**ca;
	const struct cst_attr		**attrs;
	struct lock_class_key		*lock_key;
};

/**
 * cst_item_type_init() - build a config_item_type from attribute tables
 * @it: type to fill in; cst_item_type_destroy() frees the memory that it points to
 * @owner: module that objects of this type pin
 * @item_ops: NULL for objects that are given to cst_object_embed() or are static
 * @group_ops: may be NULL
 * @tables: NULL terminated list of NULL terminated attribute tables, which are
 *	concatenated; a `schema` attribute is added unless all tables are empty
 *
 * Context: may sleep.  Return: 0, -ENOMEM, or -EINVAL when an attribute's
 * description is wrong or `schema` would not fit into a page.
 */
int cst_item_type_init(struct cst_item_type *it, struct module *owner,
		       struct configfs_item_operations *item_ops,
		       struct configfs_group_operations *group_ops,
		       const struct cst_attr *const *const *tables);
void cst_item_type_destroy(struct cst_item_type *it);

/**
 * cst_object_init() - prepare an object before it is given to configfs
 * @obj: zeroed; every field that has a writable attribute gets its default
 * @name: of the directory
 * @it: its type
 *
 * Return: 0 or -ENOMEM.  After -ENOMEM the caller still has to call config_item_put().
 */
int cst_object_init(struct cst_object *obj, const char *name,
		    const struct cst_item_type *it);

/**
 * cst_object_embed() - make an object a default group of another
 * @obj: initialised, part of @parent's memory; its type has no item_ops
 * @parent: initialised and not yet given to configfs
 *
 * @obj holds a reference to @parent until nobody refers to @obj any more.  So the topmost
 * parent must be dropped with cst_group_drop().  Core does that for targets, devices and
 * sessions.
 */
void cst_object_embed(struct cst_object *obj, struct cst_object *parent);

/**
 * cst_group_drop() - drop the reference that a group's creation has given
 * @group: not, or no longer, visible
 *
 * The same references of its default groups, at any depth, are dropped first.
 */
void cst_group_drop(struct config_group *group);

/**
 * cst_group_unregister() - configfs_unregister_group() that shuts users out first
 * @group: registered with configfs_register_group()
 *
 * configfs itself does not lock the inode of the directory, so a mkdir or a listing in
 * the directory could access freed memory.
 *
 * Context: process; no configfs callback, no cst_object.lock held.
 */
void cst_group_unregister(struct config_group *group);

/**
 * cst_config_error() - say in `last_error` why an operation is refused
 * @item: the object (its path is put in front), or the parent for mkdir
 * @what: attribute or name of the child, or NULL
 * @fmt: what was wrong, what was given, what would be accepted
 *
 * Context: a configfs callback of @item or of an item below it, or another context in
 * which @item cannot be removed; may sleep; no cst lock is needed.
 */
__printf(3, 4)
void cst_config_error(struct config_item *item, const char *what,
		      const char *fmt, ...);

/**
 * cst_config_changed() - count a configuration change in `generation`
 *
 * Context: any.
 */
void cst_config_changed(void);

/**
 * cst_object_pin() - keep an object while it is enabled or used; nests
 * @obj: rmdir of its directory fails with EBUSY from now on
 *
 * The first pin needs a context in which the object cannot be removed, for example a
 * store to one of its own attributes.
 *
 * Context: may sleep; a configfs callback, but not before the object is visible.
 * Return: 0 or an errno.
 */
int cst_object_pin(struct cst_object *obj);

/**
 * cst_object_unpin() - undo one cst_object_pin()
 * @obj: may be freed as soon as the last pin is undone
 *
 * Context: may sleep.
 */
void cst_object_unpin(struct cst_object *obj);

/* Every drop_item calls this first; see src/core/cfs/linger.c. */
void cst_item_linger(struct config_group *parent, struct config_item *item);

#endif /* _CST_ATTR_H */
