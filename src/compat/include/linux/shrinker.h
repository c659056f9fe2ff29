/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _CST_COMPAT_LINUX_SHRINKER_H
#define _CST_COMPAT_LINUX_SHRINKER_H

#include_next <linux/shrinker.h>
#include <linux/slab.h>
#include <linux/version.h>

/* Since 6.0 it has a name (e33c267ab70d), since 6.7 it is the kernel's (c42d50aefd17). */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 0, 0)
#define cst_shrinker_announce(_shrinker, _name)	register_shrinker(_shrinker)
#elif LINUX_VERSION_CODE < KERNEL_VERSION(6, 7, 0)
#define cst_shrinker_announce(_shrinker, _name)				\
	register_shrinker(_shrinker, "%s", _name)
#endif

/**
 * cst_shrinker_register() - have the system ask for memory that is idle
 * @name: for debugfs
 * @count: how much there is
 * @scan: gives some of it back; no allocation, and no lock held over one
 *
 * Context: may sleep.  Return: what to give to cst_shrinker_unregister(), or NULL.
 */
static inline struct shrinker *
cst_shrinker_register(const char *name,
		      unsigned long (*count)(struct shrinker *shrinker,
					     struct shrink_control *sc),
		      unsigned long (*scan)(struct shrinker *shrinker,
					    struct shrink_control *sc))
{
	struct shrinker *shrinker;

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 7, 0)
	shrinker = kzalloc(sizeof(*shrinker), GFP_KERNEL);
#else
	shrinker = shrinker_alloc(0, "%s", name);
#endif
	if (!shrinker)
		return NULL;
	shrinker->count_objects = count;
	shrinker->scan_objects = scan;
	shrinker->seeks = DEFAULT_SEEKS;
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 7, 0)
	if (cst_shrinker_announce(shrinker, name)) {
		kfree(shrinker);
		return NULL;
	}
#else
	shrinker_register(shrinker);
#endif
	return shrinker;
}

static inline void cst_shrinker_unregister(struct shrinker *shrinker)
{
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 7, 0)
	unregister_shrinker(shrinker);
	kfree(shrinker);
#else
	shrinker_free(shrinker);
#endif
}

#endif /* _CST_COMPAT_LINUX_SHRINKER_H */
