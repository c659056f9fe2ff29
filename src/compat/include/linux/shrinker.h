/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _CST_COMPAT_LINUX_SHRINKER_H
#define _CST_COMPAT_LINUX_SHRINKER_H

#include_next <linux/shrinker.h>
#include <linux/slab.h>
#include <linux/version.h>

/*
 * A shrinker has a name since 6.0 (e33c267ab70d), and the kernel allocates it since 6.7
 * (c42d50aefd17).
 */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 0, 0)
#define cst_shrinker_announce(_shrinker, _name)	register_shrinker(_shrinker)
#elif LINUX_VERSION_CODE < KERNEL_VERSION(6, 7, 0)
#define cst_shrinker_announce(_shrinker, _name)				\
	register_shrinker(_shrinker, "%s", _name)
#endif

/**
 * cst_shrinker_register() - register functions that give idle memory back to the system
 * @name: name in debugfs
 * @count: answers how much memory is idle
 * @scan: gives some of it back.  Called in reclaim: it must not allocate memory, and must not
 *	take a lock inside which memory is allocated
 *
 * Context: may sleep.  Return: the argument for cst_shrinker_unregister(), or NULL.
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
