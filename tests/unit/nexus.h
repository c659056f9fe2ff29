/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Nexuses, logical units and commands around abort.c, cmd.c and status.c, for tests of
 * aborts.  Two CPUs; work is done and time passes when a test says so.
 *
 * Included once by a test program, before what else it includes of core.
 */
#ifndef _CST_TEST_NEXUS_H
#define _CST_TEST_NEXUS_H

#include <stdlib.h>

#include <cst/disk.h>

#include "core.h"
#include "test.h"

#define NEXUS_CPUS	2

static unsigned long jiffies = 1000;
static int cpu_now;
/* How many lists of commands have been looked at. */
static unsigned long lists_seen;

#define per_cpu_ptr(p, cpu)	(lists_seen++, &(p)[cpu])
#define for_each_possible_cpu(cpu) for ((cpu) = 0; (cpu) < NEXUS_CPUS; (cpu)++)
#define raw_smp_processor_id()	cpu_now
#define time_after_eq(a, b)	((long)((a) - (b)) >= 0)
#define memalloc_noio_save()	0
#define memalloc_noio_restore(noio) ((void)(noio))
#define cond_resched()		do { } while (0)
#define local_clock()		0
#define this_cpu_inc(x)		((x)++)
#define this_cpu_add(x, n)	((x) += (n))
#define lockdep_is_held(l)	((l)->held)
#undef lockdep_assert_held
#define lockdep_assert_held(l)	CHECK((l)->held)

static inline bool test_and_set_bit(int nr, unsigned long *p)
{
	bool was = test_bit(nr, p);

	__set_bit(nr, p);
	return was;
}

#define set_bit(nr, p)		__set_bit(nr, p)
#define clear_bit(nr, p)	__clear_bit(nr, p)

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

#define LIST_HEAD(name)		struct list_head name = { &(name), &(name) }
#define list_is_first(n, l)	((n)->prev == (l))
#define list_is_last(n, l)	((n)->next == (l))
#define list_last_entry(l, t, m) list_entry((l)->prev, t, m)

#define to_delayed_work(w)	container_of(w, struct delayed_work, work)
#define INIT_DELAYED_WORK(w, f)	((w)->work.func = (f))

struct workqueue_struct *cst_tmf_wq;

static void mod_delayed_work(void *wq, struct delayed_work *w, unsigned long delay)
{
	w->pending = true;
	w->due = jiffies + delay;
}

static void queue_delayed_work(void *wq, struct delayed_work *w, unsigned long delay)
{
	if (!w->pending)
		mod_delayed_work(wq, w, delay);
}

static void cancel_delayed_work_sync(struct delayed_work *w)
{
	w->pending = false;
}

static bool percpu_ref_tryget(struct percpu_ref *ref)
{
	if (!ref->count)
		return false;
	ref->count++;
	return true;
}

static inline bool percpu_ref_tryget_live(struct percpu_ref *ref)
{
	return !ref->dying && percpu_ref_tryget(ref);
}

static void percpu_ref_put(struct percpu_ref *ref)
{
	CHECK(ref->count > 0);
	ref->count--;
}

/* wait.c and order.c have their own tests. */
#ifndef NEXUS_WAITS
void cst_wait_abort(struct cst_cmd *cmd)
{
}
#endif

void cst_order_exit(struct cst_cmd *cmd)
{
}

#include "../../src/core/abort.c"
#include "../../src/core/cmd.c"
#include "../../src/core/status.c"

/* --- nexuses, each with some LUNs --- */

#define NR_DEVS		3
#define NR_LUNS		4

struct nexus {
	struct cst_session	sess;
	struct cst_cmd_list	lists[NEXUS_CPUS];
	struct cst_itl		*itls[NR_LUNS];		/* live ones */
	struct cst_itl		all[NR_LUNS * 4];	/* ever */
	unsigned int		nr_all;
};

static struct cst_device devs[NR_DEVS];
static struct cst_dev_stats dev_stats[NR_DEVS];
static struct nexus **nexuses;
static unsigned int nr_nexuses;

enum fate { UNDER_WAY, ANSWERED, DROPPED, RELEASED };

struct task {
	struct cst_cmd	cmd;
	enum fate	fate;
	bool		was_dropped;
	bool		told_to_stop;	/* ops->abort_data */
};

static struct task tasks[4096];
static unsigned int nr_tasks;

static struct task *to_task(struct cst_cmd *cmd)
{
	return container_of(cmd, struct task, cmd);
}

static void nexus_abort_data(struct cst_cmd *cmd)
{
	to_task(cmd)->told_to_stop = true;
}

static void nexus_send_response(struct cst_cmd *cmd)
{
	CHECK_EQ(to_task(cmd)->fate, UNDER_WAY);
	to_task(cmd)->fate = ANSWERED;
}

static void nexus_drop(struct cst_cmd *cmd)
{
	CHECK_EQ(to_task(cmd)->fate, UNDER_WAY);
	to_task(cmd)->fate = DROPPED;
	to_task(cmd)->was_dropped = true;
}

static void nexus_tmf_done(struct cst_tmf *tmf);

static const struct cst_fabric_ops nexus_ops = {
	.abort_data	= nexus_abort_data,
	.send_response	= nexus_send_response,
	.drop		= nexus_drop,
	.tmf_done	= nexus_tmf_done,
};

/* Not all of what lun_map.c does: what stands there before loses its last holder. */
static void nexus_map(struct nexus *n, u32 lun, struct cst_device *dev)
{
	struct cst_itl *itl = n->itls[lun];

	if (itl) {
		itl->ref.dying = true;
		percpu_ref_put(&itl->ref);
	}
	n->itls[lun] = NULL;
	shim_xa_store(&n->sess.itls, lun, NULL);
	if (!dev)
		return;
	itl = &n->all[n->nr_all++];
	itl->sess = &n->sess;
	itl->dev = dev;
	itl->lun = lun;
	itl->ref.count = 1;
	list_add_tail(&itl->dev_node, &dev->itls);
	n->itls[lun] = itl;
	shim_xa_store(&n->sess.itls, lun, itl);
}

/* LUN 0 is device 0, LUN 1 is device 1. */
static void nexuses_start(unsigned int nr)
{
	unsigned int i, c;

	for (i = 0; i < nr_nexuses; i++)
		free(nexuses[i]);
	free(nexuses);
	nexuses = calloc(nr, sizeof(*nexuses));
	nr_nexuses = nr;
	nr_tasks = 0;
	memset(tasks, 0, sizeof(tasks));
	for (i = 0; i < NR_DEVS; i++) {
		memset(&devs[i], 0, sizeof(devs[i]));
		devs[i].stats = &dev_stats[i];
		INIT_LIST_HEAD(&devs[i].itls);
		cst_device_aborts_init(&devs[i]);
	}
	for (i = 0; i < nr; i++) {
		struct nexus *n = calloc(1, sizeof(*n));

		nexuses[i] = n;
		n->sess.ops = &nexus_ops;
		n->sess.active = n->lists;
		for (c = 0; c < NEXUS_CPUS; c++)
			INIT_LIST_HEAD(&n->lists[c].cmds);
		cst_session_aborts_init(&n->sess);
		nexus_map(n, 0, &devs[0]);
		nexus_map(n, 1, &devs[1]);
	}
}

static bool run_work(struct delayed_work *w)
{
	if (!w->pending || !time_after_eq(jiffies, w->due))
		return false;
	w->pending = false;
	w->work.func(&w->work);
	return true;
}

static void run_works(void)
{
	unsigned int i, rounds = 0;
	bool again;

	do {
		again = false;
		for (i = 0; i < NR_DEVS; i++)
			again |= run_work(&devs[i].aborts.work);
		for (i = 0; i < nr_nexuses; i++)
			again |= run_work(&nexuses[i]->sess.aborts.work);
		CHECK(rounds++ < 10000);
	} while (again && !test_failed);
}

/* In steps, since works arm themselves again. */
static inline void advance(unsigned long delta)
{
	while (delta--) {
		jiffies++;
		run_works();
	}
}

static const struct cst_op nexus_op;

static struct task *submit_on(struct nexus *n, u32 lun, u64 tag, int cpu)
{
	struct task *t = &tasks[nr_tasks++];
	struct cst_itl *itl = lun < NR_LUNS ? n->itls[lun] : NULL;

	CHECK(nr_tasks <= ARRAY_SIZE(tasks));
	memset(&t->cmd, 0xa5, sizeof(t->cmd));
	cst_cmd_init(&t->cmd, &n->sess);
	t->cmd.op = &nexus_op;
	t->cmd.type = &cst_disk_type;
	t->cmd.tag = tag;
	cst_lun_encode(lun, t->cmd.lun);
	if (itl && percpu_ref_tryget_live(&itl->ref)) {
		t->cmd.itl = itl;
		t->cmd.dev = itl->dev;
	}
	cpu_now = cpu;
	cst_cmd_list_add(&t->cmd);
	return t;
}

static struct task *submit(struct nexus *n, u32 lun, u64 tag)
{
	return submit_on(n, lun, tag, tag % NEXUS_CPUS);
}

static void finish(struct task *t)
{
	cst_cmd_finish(&t->cmd, CST_OK);
}

static void release(struct task *t)
{
	CHECK(t->fate == ANSWERED || t->fate == DROPPED);
	t->fate = RELEASED;
	cst_cmd_release(&t->cmd);
}

/* Its end as it is for most: nobody lets the response wait. */
static inline void end(struct task *t)
{
	finish(t);
	release(t);
}

static void end_all(void)
{
	unsigned int i;

	for (i = 0; i < nr_tasks; i++) {
		if (tasks[i].fate == UNDER_WAY)
			finish(&tasks[i]);
		if (tasks[i].fate != RELEASED)
			release(&tasks[i]);
	}
	run_works();
}

static inline unsigned int ua_count(const struct nexus *n, u32 lun)
{
	return n->itls[lun]->ua_count;
}

static inline cst_sense_t ua_first(struct nexus *n, u32 lun)
{
	return cst_ua_peek(n->itls[lun]);
}

/* Nothing is left behind. */
static void nexuses_end(void)
{
	unsigned int i, j;

	end_all();
	for (i = 0; i < NR_DEVS; i++) {
		CHECK(list_empty(&devs[i].aborts.waiting));
		CHECK(list_empty(&devs[i].aborts.fresh));
	}
	for (i = 0; i < nr_nexuses; i++) {
		CHECK(list_empty(&nexuses[i]->sess.aborts.waiting));
		for (j = 0; j < nexuses[i]->nr_all; j++)
			CHECK_EQ(nexuses[i]->all[j].ref.count,
				 !nexuses[i]->all[j].ref.dying);
	}
}

#endif /* _CST_TEST_NEXUS_H */
