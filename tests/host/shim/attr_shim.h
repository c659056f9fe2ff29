/* SPDX-License-Identifier: GPL-2.0-only */
/* What attr.c needs from the kernel besides iscsi_shim.h.  configfs is only declared. */
#ifndef _CST_ATTR_SHIM_H
#define _CST_ATTR_SHIM_H

#include <time.h>

#include "iscsi_shim.h"

#define U64_MAX			(~0ULL)
#define DEFINE_MUTEX(x)		struct mutex x
#define lockdep_register_key(k)	do { } while (0)
#define lockdep_unregister_key(k) do { } while (0)
#define lockdep_set_class_and_name(l, k, n) do { } while (0)
#define check_mul_overflow(a, b, r)	__builtin_mul_overflow(a, b, r)
#define S_DEAD			1

struct lock_class_key { int unused; };
typedef struct { long long counter; } atomic64_t;
typedef long long time64_t;
struct inode { int i_flags; };
struct dentry { struct inode inode; };

static inline void mutex_init(struct mutex *m) { m->held = false; }

static inline void mutex_lock(struct mutex *m)
{
	if (m->held)
		abort();
	m->held = true;
}

static inline void shim_mutex_unlock(struct mutex *m)
{
	if (!m->held)
		abort();
	m->held = false;
}

#define mutex_unlock		shim_mutex_unlock

static inline void atomic64_inc(atomic64_t *a) { a->counter++; }
static inline long long atomic64_read(const atomic64_t *a) { return a->counter; }
static inline time64_t ktime_get_real_seconds(void) { return 1789200000; }

static inline void time64_to_tm(time64_t total, int offset, struct tm *tm)
{
	time_t t = total + offset;

	gmtime_r(&t, tm);
}

static inline char *kmemdup_nul(const char *s, size_t len, gfp_t gfp)
{
	char *copy = malloc(len + 1);

	memcpy(copy, s, len);
	copy[len] = '\0';
	return copy;
}

static inline void *kcalloc(size_t n, size_t size, gfp_t gfp) { return calloc(n, size); }
static inline unsigned long __get_free_page(gfp_t gfp) { return (unsigned long)malloc(4096); }
static inline void free_page(unsigned long page) { free((void *)page); }

static inline void config_group_init_type_name(struct config_group *group, const char *name,
					       const struct config_item_type *type)
{
	group->cg_item.ci_name = (char *)name;
	group->cg_item.ci_type = type;
}

static inline struct config_item *config_item_get(struct config_item *item) { return item; }
static inline void config_item_put(struct config_item *item) { }
static inline void config_group_put(struct config_group *group) { }
static inline void configfs_add_default_group(struct config_group *g, struct config_group *to) { }
static inline void configfs_remove_default_groups(struct config_group *group) { }
static inline void configfs_unregister_group(struct config_group *group) { }
static inline struct inode *d_inode(struct dentry *dentry) { return &dentry->inode; }
static inline void inode_lock(struct inode *inode) { }
static inline void inode_unlock(struct inode *inode) { }

static inline int configfs_depend_item_unlocked(struct configfs_subsystem *caller,
						struct config_item *item)
{
	return 0;
}

static inline void configfs_undepend_item_unlocked(struct config_item *item) { }

#endif /* _CST_ATTR_SHIM_H */
