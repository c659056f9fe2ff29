// SPDX-License-Identifier: GPL-2.0-only
/*
 * Makes, on request, one fault for each checker of the debug kernels.  With it
 * tests/env/vm/checkers shows that each checker reports its fault and that the harness
 * takes the report for a failure.  Usage: insmod provoke.ko what=NAME.  The load always
 * fails with EAGAIN afterwards, so that it can be repeated.
 */
#include <linux/delay.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/rcupdate.h>
#include <linux/refcount.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/timer.h>

static char *what = "";
module_param(what, charp, 0444);
MODULE_PARM_DESC(what, "name of the checker to provoke");

/* Hides the origin of a pointer from the compiler, so that it does not remove the fault. */
static void *hidden(void *p)
{
	OPTIMIZER_HIDE_VAR(p);
	return p;
}

static void provoke_out_of_bounds(void)
{
	/* 64 bytes fill an object of their cache: SLUB's red zone begins right after them. */
	char *p = hidden(kmalloc(64, GFP_KERNEL));

	if (!p)
		return;
	WRITE_ONCE(p[64], 1);
	kfree(p);
}

static void provoke_use_after_free(void)
{
	char *p = hidden(kmalloc(40, GFP_KERNEL));

	if (!p)
		return;
	kfree(p);
	p = hidden(p);
	WRITE_ONCE(p[8], READ_ONCE(p[8]) + 1);
	/* Without KASAN the poison check reports it when the object is allocated again. */
	kfree(kmalloc(40, GFP_KERNEL));
}

static void provoke_shift(void)
{
	static volatile int bits = 77;
	static volatile int value = 1;

	value <<= bits;
}

static DEFINE_SPINLOCK(atomic_lock);

static void provoke_sleep(void)
{
	spin_lock(&atomic_lock);
	might_sleep();
	spin_unlock(&atomic_lock);
}

static void never(struct timer_list *unused)
{
}

static void provoke_active_timer(void)
{
	struct timer_list *timer = kmalloc(sizeof(*timer), GFP_KERNEL);

	if (!timer)
		return;
	timer_setup(timer, never, 0);
	mod_timer(timer, jiffies + 3600 * HZ);
	/* The checker removes the timer from the timer wheel when it reports. */
	kfree(timer);
}

static void provoke_refcount(void)
{
	static refcount_t count = REFCOUNT_INIT(0);

	refcount_inc(&count);
}

static void provoke_leak(void)
{
	void *p = hidden(kmalloc(1234, GFP_KERNEL));

	if (p)
		memset(p, 0x5a, 1234);
}

static DEFINE_MUTEX(lock_a);
static DEFINE_MUTEX(lock_b);

static void provoke_lock_order(void)
{
	mutex_lock(&lock_a);
	mutex_lock(&lock_b);
	mutex_unlock(&lock_b);
	mutex_unlock(&lock_a);
	mutex_lock(&lock_b);
	mutex_lock(&lock_a);
	mutex_unlock(&lock_a);
	mutex_unlock(&lock_b);
}

static int value __aligned(64);
static int __rcu *rcu_value = (int __rcu __force *)&value;

static void provoke_rcu(void)
{
	(void)rcu_dereference(rcu_value);
}

static unsigned long racy;

static int racer(void *unused)
{
	while (!kthread_should_stop()) {
		int i;

		for (i = 0; i < 10000; i++) {
			racy++;
			barrier();
		}
		cond_resched();
	}
	return 0;
}

static void provoke_race(void)
{
	struct task_struct *a, *b;

	a = kthread_run(racer, NULL, "racer-a");
	if (IS_ERR(a))
		return;
	b = kthread_run(racer, NULL, "racer-b");
	if (!IS_ERR(b)) {
		msleep(3000);
		kthread_stop(b);
	}
	kthread_stop(a);
}

static const struct {
	const char *name;
	void (*commit)(void);
} sins[] = {
	{ "out_of_bounds", provoke_out_of_bounds },
	{ "use_after_free", provoke_use_after_free },
	{ "shift", provoke_shift },
	{ "sleep", provoke_sleep },
	{ "active_timer", provoke_active_timer },
	{ "refcount", provoke_refcount },
	{ "leak", provoke_leak },
	{ "lock_order", provoke_lock_order },
	{ "rcu", provoke_rcu },
	{ "race", provoke_race },
};

static int __init provoke_init(void)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(sins); i++) {
		if (!strcmp(what, sins[i].name)) {
			sins[i].commit();
			return -EAGAIN;
		}
	}
	return -EINVAL;
}

module_init(provoke_init);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Provokes the checkers of a debug kernel");
