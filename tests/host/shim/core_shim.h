/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What core's own files need of the kernel besides kernel_shim.h: references, work, time, two
 * CPUs and memory.  Single-threaded: work runs, grace periods end and time passes only when
 * a test calls for it.  unit/emu.c has the state.
 */
#ifndef _CST_CORE_SHIM_H
#define _CST_CORE_SHIM_H

#include "kernel_shim.h"

/* End the program when something happens that must not happen in the kernel. */
static inline void shim_die(const char *file, int line, const char *what)
{
	fprintf(stderr, "%s:%d: not true: %s\n", file, line, what);
	abort();
}

#define shim_must(cond)	do {						\
	if (!(cond))							\
		shim_die(__FILE__, __LINE__, #cond);			\
} while (0)

/* <linux/bug.h>: warnings are counted */
extern unsigned int shim_warned;
#define WARN_ONCE(cond, ...) ({						\
	bool _cond = (cond);						\
									\
	if (0)								\
		printf(__VA_ARGS__);					\
	shim_warned += _cond;						\
	_cond; })

/* <linux/bitops.h> */
static inline bool test_and_set_bit(int nr, unsigned long *p)
{
	bool was = test_bit(nr, p);

	__set_bit(nr, p);
	return was;
}

#define set_bit(nr, p)		__set_bit(nr, p)
#define clear_bit(nr, p)	__clear_bit(nr, p)

/* <linux/list.h> */
#define LIST_HEAD(l)		struct list_head l = { &(l), &(l) }
#define list_is_first(n, l)	((n)->prev == (l))
#define list_is_last(n, l)	((n)->next == (l))
#define list_last_entry(l, t, m) list_entry((l)->prev, t, m)
#define list_for_each_entry_reverse(p, l, m)				\
	for (p = list_entry((l)->prev, typeof(*p), m); &p->m != (l);	\
	     p = list_entry(p->m.prev, typeof(*p), m))

static inline void list_add(struct list_head *n, struct list_head *l)
{
	list_add_tail(n, l->next);
}

static inline void list_move(struct list_head *n, struct list_head *l)
{
	list_del(n);
	list_add(n, l);
}

static inline void list_move_tail(struct list_head *n, struct list_head *l)
{
	list_del(n);
	list_add_tail(n, l);
}

static inline void list_splice_init(struct list_head *from, struct list_head *to)
{
	while (!list_empty(from))
		list_move(from->prev, to);
}

/* Locks, RCU and barriers */
#undef lockdep_assert_held
#define lockdep_assert_held(l)	shim_must((l)->held)

extern unsigned int shim_rcu_depth;
#undef rcu_read_lock
#undef rcu_read_unlock
/* Called once, at the next rcu_read_lock(): a concurrent event. */
extern void (*shim_rcu_then)(void);

static inline void rcu_read_lock(void)
{
	void (*then)(void) = shim_rcu_then;

	shim_rcu_depth++;
	shim_rcu_then = NULL;
	if (then)
		then();
}

#define rcu_read_unlock()	((void)shim_rcu_depth--)
/* No barrier is needed: there is one thread. */
#define smp_rmb()		do { } while (0)
/* Nor is release order. */
#define smp_store_release(p, v)	WRITE_ONCE(*(p), v)

/* Called once, when that lock is released: a concurrent event. */
extern struct shim_unlock {
	const spinlock_t	*lock;
	void (*then)(void);
} shim_unlock;

static inline void shim_spin_unlock(spinlock_t *l)
{
	void (*then)(void) = shim_unlock.then;

	spin_unlock(l);
	if (then && shim_unlock.lock == l) {
		shim_unlock.then = NULL;
		then();
	}
}

#undef spin_unlock_irqrestore
#define spin_unlock_irqrestore(l, f) do { (void)(f); shim_spin_unlock(l); } while (0)

#define atomic_inc(v)		((void)(v)->counter++)
#define atomic_inc_return(v)	(++(v)->counter)
#define atomic_dec(v)		((void)(v)->counter--)
#define atomic_dec_and_test(v)	(!--(v)->counter)

static inline void complete(struct completion *c)
{
	shim_must(!c->done);
	c->done = true;
}

/* <linux/percpu.h>: a CPU is a number */
#define SHIM_CPUS	2
extern int shim_cpu;
/* The number of accesses to per-CPU data. */
extern unsigned long shim_cpu_looks;
#define per_cpu_ptr(p, cpu)	(shim_cpu_looks++, &(p)[cpu])
#define for_each_possible_cpu(cpu) for ((cpu) = 0; (cpu) < SHIM_CPUS; (cpu)++)
#define raw_smp_processor_id()	shim_cpu
#define this_cpu_inc(x)		((x)++)
#define this_cpu_add(x, n)	((x) += (n))

/* <linux/percpu-refcount.h>: a killed ref loses its first reference after a grace period */
#define PERCPU_REF_ALLOW_REINIT	1

extern struct percpu_ref *shim_killed;
void shim_grace(void);

static inline bool percpu_ref_tryget(struct percpu_ref *ref)
{
	if (!ref->count)
		return false;
	ref->count++;
	return true;
}

/* Called once, after the next successful tryget_live: a concurrent event. */
extern void (*shim_live_then)(void);

static inline bool percpu_ref_tryget_live(struct percpu_ref *ref)
{
	void (*then)(void) = shim_live_then;

	if (ref->dying || !percpu_ref_tryget(ref))
		return false;
	shim_live_then = NULL;
	if (then)
		then();
	return true;
}

static inline void percpu_ref_get(struct percpu_ref *ref)
{
	shim_must(ref->count > 0);
	ref->count++;
}

static inline void percpu_ref_put(struct percpu_ref *ref)
{
	shim_must(ref->count > 0);
	if (!--ref->count && ref->release)
		ref->release(ref);
}

static inline void percpu_ref_kill(struct percpu_ref *ref)
{
	shim_must(!ref->dying);
	ref->dying = true;
	ref->next_killed = shim_killed;
	shim_killed = ref;
}

static inline void percpu_ref_reinit(struct percpu_ref *ref)
{
	shim_must(ref->dying && !ref->count);
	ref->dying = false;
	ref->count = 1;
}

int percpu_ref_init(struct percpu_ref *ref, void (*release)(struct percpu_ref *ref),
		    int flags, gfp_t gfp);
void percpu_ref_exit(struct percpu_ref *ref);
#define rcu_barrier()		shim_grace()

/* <linux/workqueue.h> and time */
#define jiffies			((unsigned long)shim_jiffies_64)
#define time_after_eq(a, b)	((long)((a) - (b)) >= 0)
#define NSEC_PER_SEC		1000000000L
#define mutex_init(m)		((m)->held = false)

static inline void mutex_lock(struct mutex *m)
{
	shim_must(!m->held);
	m->held = true;
}

static inline bool mutex_trylock(struct mutex *m)
{
	bool free = !m->held;

	m->held = true;
	return free;
}

static inline void mutex_unlock(struct mutex *m)
{
	m->held = false;
}

typedef s64 ktime_t;
#define ktime_to_ms(t)		((t) / 1000000)
/* The host has been up for as long as jiffies say, and was booted at second 1789200000. */
#define ktime_get_boottime()	((ktime_t)(shim_jiffies_64 * (NSEC_PER_SEC / HZ)))
#define ktime_get_real()	(1789200000LL * NSEC_PER_SEC + ktime_get_boottime())
#define local_clock()		(shim_jiffies_64 * (NSEC_PER_SEC / HZ))
#define cond_resched()		do { } while (0)

extern struct list_head shim_works, shim_timers;

#define INIT_WORK(w, f)		((w)->func = (f))
#define INIT_DELAYED_WORK(w, f)	((w)->pending = false, (w)->work.func = (f))
#define to_delayed_work(w)	container_of(w, struct delayed_work, work)

static inline void queue_work(struct workqueue_struct *wq, struct work_struct *w)
{
	w->wq = wq;
	list_add_tail(&w->node, &shim_works);
}

#define queue_work_on(cpu, wq, w) do {					\
	shim_must((cpu) == shim_cpu);					\
	queue_work(wq, w);						\
} while (0)

static inline void mod_delayed_work(struct workqueue_struct *wq, struct delayed_work *w,
				    unsigned long delay)
{
	if (!w->pending)
		list_add_tail(&w->work.node, &shim_timers);
	w->pending = true;
	w->due = jiffies + delay;
}

static inline void queue_delayed_work(struct workqueue_struct *wq, struct delayed_work *w,
				      unsigned long delay)
{
	if (!w->pending)
		mod_delayed_work(wq, w, delay);
}

static inline void cancel_delayed_work_sync(struct delayed_work *w)
{
	if (w->pending)
		list_del(&w->work.node);
	w->pending = false;
}

/* <linux/slab.h>, <linux/sched/mm.h> */
#define GFP_KERNEL		0
#define GFP_NOIO		0
#define GFP_NOWAIT		0
#define __GFP_NOWARN		0
#define __GFP_NOFAIL		0
#define memalloc_noio_save()	0
#define memalloc_noio_restore(noio) ((void)(noio))

extern long shim_allocated;	/* pieces of kmalloc() */
/* The n-th allocation from now on fails; 0: none does. */
extern unsigned int shim_fail_at;

static inline bool shim_fails(void)
{
	return shim_fail_at && !--shim_fail_at;
}

static inline void *kmalloc(size_t size, gfp_t gfp)
{
	if (shim_fails())
		return NULL;
	shim_allocated++;
	return malloc(size);
}

static inline void *kzalloc(size_t size, gfp_t gfp)
{
	void *p = kmalloc(size, gfp);

	return p ? memset(p, 0, size) : NULL;
}

static inline void kfree(void *p)
{
	shim_allocated -= !!p;
	free(p);
}

/* There is one thread, so no RCU reader is left here. */
#define kfree_rcu(p, field)	kfree(p)
#define kvzalloc(size, gfp)	kzalloc(size, gfp)
#define kvmalloc(size, gfp)	kmalloc(size, gfp)
#define kvmalloc_array(n, size, gfp) kmalloc((n) * (size), gfp)
#define kvfree(p)		kfree(p)
#define struct_size(p, m, n)	(sizeof(*(p)) + sizeof(*(p)->m) * (n))
#define cmpxchg(p, was, is)	__sync_val_compare_and_swap(p, was, is)

/* <linux/xarray.h> */
static inline int xa_err(const void *p)
{
	return (unsigned long)p >= (unsigned long)-4095 ? (int)(long)p : 0;
}

static inline void xa_init(struct xarray *xa)
{
	memset(xa, 0, sizeof(*xa));
}

static inline bool xa_empty(const struct xarray *xa)
{
	unsigned long i;

	for (i = 0; i < xa->end; i++)
		if (xa->slots[i])
			return false;
	return true;
}

static inline int xa_reserve(struct xarray *xa, unsigned long i, gfp_t gfp)
{
	if (xa->slots[i])
		return 0;
	if (shim_fails())
		return -ENOMEM;
	shim_xa_store(xa, i, SHIM_XA_RESERVED);
	return 0;
}

static inline void xa_release(struct xarray *xa, unsigned long i)
{
	if (xa->slots[i] == SHIM_XA_RESERVED)
		xa->slots[i] = NULL;
}

static inline void *xa_store(struct xarray *xa, unsigned long i, void *p, gfp_t gfp)
{
	void *was = xa_load(xa, i);

	if (!xa->slots[i] && shim_fails())
		return (void *)-ENOMEM;
	shim_xa_store(xa, i, p);
	return was;
}

static inline void xa_erase(struct xarray *xa, unsigned long i)
{
	xa->slots[i] = NULL;
}

/* <linux/configfs.h> */
static inline struct config_item *config_item_get(struct config_item *item)
{
	item->ci_refs++;
	return item;
}

static inline void config_item_put(struct config_item *item)
{
	item->ci_refs--;
}

#endif /* _CST_CORE_SHIM_H */
