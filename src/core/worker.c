// SPDX-License-Identifier: GPL-2.0-only
/*
 * Workers that may wait for a device's backing.
 *
 * exec.c and handlers queue jobs, device.c makes and destroys the lanes.  A device has a lane
 * for each CPU.  A lane has a list of jobs and CST_LANE_RUNNERS runners: work items in the
 * device's own work queue, which take jobs from the list.  One runner is queued at a time;
 * the kernel begins with it when the runner before it sleeps.  So at most CST_LANE_RUNNERS
 * threads of a CPU wait for a backing that hangs, or for a hot lock.  They do not delay
 * other devices, because each device has its own work items, and the limit of its work
 * queue is not below their number.  A work queue costs some KiB and no thread: the threads
 * belong to the kernel, which makes one more when all threads of a CPU wait.
 *
 * The kernel cannot make a thread when memory is short, and a write to a disk of this target
 * may be what frees memory.  A rescuer for each device would cost a thread for each device.
 * One rescuer for all devices would wait in the first backing that hangs, or that is on
 * another disk of this target.  So there are CST_RESERVE_THREADS reserve threads for all
 * devices.  No two of them are in the same device.  When half of them are in use, the others
 * only enter devices of which no job is running.  They take jobs from lanes whose runners do
 * not begin.  The watch thread checks every CST_WATCH_INTERVAL, while runners are queued,
 * whether each CPU has begun a runner.  When a CPU has not, the watch thread wakes the
 * reserve threads, and so does every job that is queued until runners begin again.
 *
 * A lane's lock protects its list and counts.  lanes_lock protects the list of devices, and
 * which of them has a reserve thread.
 *
 * Teardown: the device's io_ref is zero, so there is no job.  The device's lanes are taken
 * off the list of devices.  A reserve thread that has not yet left the backing is waited
 * for.  Then the work queue is destroyed, which waits for runners.
 */
#include <linux/bitops.h>
#include <linux/export.h>
#include <linux/kthread.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/percpu.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include "core.h"

/* Every kernel keeps at least 23 characters of a work queue's name. */
#define CST_WQ_NAME		"cst_%.19s"
#define CST_LANE_RUNNERS	16
#define CST_LANE_BATCH		16	/* most jobs of a run of a runner, for fairness */
#define CST_RESERVE_THREADS	8
#define CST_WATCH_INTERVAL	(HZ / 10)

struct cst_runner {
	struct work_struct	work;
	struct cst_lane		*lane;
};

/**
 * struct cst_lane - jobs of one device on one CPU
 * @lanes: all lanes of the device
 * @cpu: the CPU
 * @lock: protects the members that follow, but for @runners
 * @jobs: jobs that wait, in order of arrival
 * @waiting: number of jobs that wait
 * @queued: number of runners that are queued and have not begun; 1 while jobs wait and a
 *	runner is idle
 * @running: number of jobs that are being done
 * @idle: a bit for each runner that is neither queued nor doing jobs
 * @runners: the runners
 */
struct cst_lane {
	struct cst_lanes	*lanes;
	int			cpu;
	spinlock_t		lock;	/* protects the members below, but for runners */
	struct list_head	jobs;
	unsigned int		waiting;
	unsigned int		queued;
	unsigned int		running;
	unsigned long		idle;
	struct cst_runner	runners[CST_LANE_RUNNERS];
};

/**
 * struct cst_lanes - the lanes of an enabled device
 * @wq: work queue of the runners
 * @cpu: the lanes, one per CPU
 * @node: node in all_lanes; lanes_lock
 * @reserved: a reserve thread does jobs of the device; lanes_lock
 */
struct cst_lanes {
	struct workqueue_struct	*wq;
	struct cst_lane __percpu *cpu;
	struct list_head	node;
	bool			reserved;
};

/**
 * struct cst_watched - what the watch thread knows of a CPU
 * @queued: number of runners that are queued and have not begun
 * @begun: number of runners that have ever begun
 * @waited: runners were queued at the last look of the watch thread
 * @seen: value of @begun at that time
 */
struct cst_watched {
	atomic_t	queued;
	unsigned long	begun;
	bool		waited;
	unsigned long	seen;
};

enum {
	CST_WATCH_ASLEEP,
	CST_WATCH_AWAKE,
	CST_WATCH_STUCK,	/* awake, and runners of a CPU do not begin */
};

static DEFINE_MUTEX(lanes_lock);
static LIST_HEAD(all_lanes);
static unsigned int lanes_reserved;	/* number with reserved set; lanes_lock */
static DECLARE_WAIT_QUEUE_HEAD(lanes_left);

static struct cst_watched __percpu *cst_watched;
static int cst_watch;
static struct task_struct *cst_watch_thread;
static DECLARE_WAIT_QUEUE_HEAD(cst_watch_wait);

static struct task_struct *cst_reserve_threads[CST_RESERVE_THREADS];
static DECLARE_WAIT_QUEUE_HEAD(cst_reserve_wait);
static atomic_t cst_reserve_calls;	/* each call has all reserve threads look for jobs */

/* Lanes and runners */

static struct cst_job *cst_lane_take(struct cst_lane *lane)
{
	struct cst_job *job;

	lockdep_assert_held(&lane->lock);

	job = list_first_entry_or_null(&lane->jobs, struct cst_job, node);
	if (!job)
		return NULL;
	list_del(&job->node);
	lane->waiting--;
	lane->running++;
	return job;
}

static void cst_reserve_call(void)
{
	atomic_inc(&cst_reserve_calls);
	wake_up_all(&cst_reserve_wait);
}

/*
 * A runner has been queued: wake the watch thread, which checks whether the runner begins, or
 * the reserve threads if runners are known to be stuck.
 */
static void cst_watch_tell(void)
{
	int watch;

	/* Pairs with the smp_mb() of cst_watch_look(). */
	smp_mb();
	watch = READ_ONCE(cst_watch);
	if (likely(watch == CST_WATCH_AWAKE))
		return;
	if (watch == CST_WATCH_ASLEEP) {
		WRITE_ONCE(cst_watch, CST_WATCH_AWAKE);
		wake_up(&cst_watch_wait);
	} else {
		cst_reserve_call();
	}
}

/*
 * The caller holds the lane's lock.  Until the lock is released, the job for which the runner
 * is queued cannot be taken, so it cannot end.  After its end the lane may be freed.
 */
static void cst_runner_queue(struct cst_runner *runner)
{
	struct cst_lane *lane = runner->lane;

	lockdep_assert_held(&lane->lock);

	atomic_inc(&per_cpu_ptr(cst_watched, lane->cpu)->queued);
	queue_work_on(lane->cpu, lane->lanes->wq, &runner->work);
}

static void cst_runner_begins(struct cst_runner *runner)
{
	struct cst_watched *watched = per_cpu_ptr(cst_watched, runner->lane->cpu);

	WRITE_ONCE(watched->begun, watched->begun + 1);
	atomic_dec(&watched->queued);
}

/*
 * Queue an idle runner if jobs wait and no runner is queued.  The caller holds the lane's
 * lock.  Return: whether a runner has been queued.
 */
static bool cst_lane_call(struct cst_lane *lane)
{
	struct cst_runner *runner;

	lockdep_assert_held(&lane->lock);

	if (!lane->waiting || lane->queued || !lane->idle)
		return false;
	runner = &lane->runners[__ffs(lane->idle)];
	__clear_bit(runner - lane->runners, &lane->idle);
	lane->queued++;
	cst_runner_queue(runner);
	return true;
}

static void cst_runner_work(struct work_struct *work)
{
	struct cst_runner *runner = container_of(work, struct cst_runner, work);
	struct cst_lane *lane = runner->lane;
	struct cst_job *job;
	unsigned int left;
	bool called;

	cst_runner_begins(runner);
	spin_lock_irq(&lane->lock);
	lane->queued--;
	for (left = CST_LANE_BATCH; left; left--) {
		job = cst_lane_take(lane);
		if (!job)
			break;
		/* The next runner begins as soon as this one sleeps or ends. */
		called = cst_lane_call(lane);
		spin_unlock_irq(&lane->lock);
		if (called)
			cst_watch_tell();
		job->func(job);
		cond_resched();
		spin_lock_irq(&lane->lock);
		lane->running--;
	}
	__set_bit(runner - lane->runners, &lane->idle);
	/* This may queue this runner again, behind other work of its CPU. */
	called = cst_lane_call(lane);
	spin_unlock_irq(&lane->lock);
	if (called)
		cst_watch_tell();
}

void cst_job_queue(struct cst_device *dev, struct cst_job *job)
{
	struct cst_lane *lane = raw_cpu_ptr(dev->lanes->cpu);
	unsigned long flags;
	bool called;

	spin_lock_irqsave(&lane->lock, flags);
	list_add_tail(&job->node, &lane->jobs);
	lane->waiting++;
	called = cst_lane_call(lane);
	spin_unlock_irqrestore(&lane->lock, flags);
	/* The job may have ended, and the lane and the device may be gone. */
	if (called)
		cst_watch_tell();
	else if (unlikely(READ_ONCE(cst_watch) == CST_WATCH_STUCK))
		cst_reserve_call();
}
EXPORT_SYMBOL_GPL(cst_job_queue);

/* The reserve */

/*
 * May a reserve thread enter the device?  Runners of the device do not begin, and no job of it
 * is running or less than half of the reserve threads are in use.
 */
static bool cst_lanes_are_stuck(const struct cst_lanes *lanes)
{
	bool stuck = false, running = false;
	int cpu;

	for_each_possible_cpu(cpu) {
		const struct cst_lane *lane = per_cpu_ptr(lanes->cpu, cpu);

		/* data_race: a job that is missed is found at the next look. */
		stuck |= data_race(lane->queued && lane->waiting);
		/* data_race: this only decides how the reserve threads are shared. */
		running |= data_race(lane->running);
	}
	return stuck && (!running || lanes_reserved < CST_RESERVE_THREADS / 2);
}

static struct cst_lanes *cst_reserve_enter(void)
{
	struct cst_lanes *lanes, *found = NULL;

	mutex_lock(&lanes_lock);
	list_for_each_entry(lanes, &all_lanes, node) {
		if (lanes->reserved || !cst_lanes_are_stuck(lanes))
			continue;
		found = lanes;
		found->reserved = true;
		lanes_reserved++;
		/* To the end of the list, so that other devices come first next time. */
		list_move_tail(&found->node, &all_lanes);
		break;
	}
	mutex_unlock(&lanes_lock);
	return found;
}

static void cst_reserve_leave(struct cst_lanes *lanes)
{
	mutex_lock(&lanes_lock);
	lanes_reserved--;
	/* From here on lanes may be freed. */
	smp_store_release(&lanes->reserved, false);
	wake_up_all(&lanes_left);
	mutex_unlock(&lanes_lock);
}

static void cst_reserve_run(struct cst_lane *lane)
{
	struct cst_job *job;

	while (READ_ONCE(cst_watch) == CST_WATCH_STUCK) {
		spin_lock_irq(&lane->lock);
		job = lane->queued ? cst_lane_take(lane) : NULL;
		spin_unlock_irq(&lane->lock);
		if (!job)
			return;
		job->func(job);
		spin_lock_irq(&lane->lock);
		lane->running--;
		spin_unlock_irq(&lane->lock);
	}
}

/* Reserve thread: do jobs of stuck devices until there are none. */
static void cst_reserve_serve(void)
{
	struct cst_lanes *lanes;
	int cpu;

	while (READ_ONCE(cst_watch) == CST_WATCH_STUCK &&
	       (lanes = cst_reserve_enter())) {
		for_each_possible_cpu(cpu)
			cst_reserve_run(per_cpu_ptr(lanes->cpu, cpu));
		cst_reserve_leave(lanes);
	}
}

static int cst_reserve_thread(void *unused)
{
	int calls, seen = 0;

	set_user_nice(current, MIN_NICE);
	while (!kthread_should_stop()) {
		wait_event_idle(cst_reserve_wait,
				(calls = atomic_read(&cst_reserve_calls)) != seen ||
				kthread_should_stop());
		seen = calls;
		cst_reserve_serve();
	}
	return 0;
}

static bool cst_runners_wait(void)
{
	int cpu;

	for_each_possible_cpu(cpu)
		if (atomic_read(&per_cpu_ptr(cst_watched, cpu)->queued))
			return true;
	return false;
}

/* Has a CPU not begun a runner since the last look, although one was queued then? */
static bool cst_runners_are_stuck(void)
{
	bool stuck = false;
	int cpu;

	for_each_possible_cpu(cpu) {
		struct cst_watched *watched = per_cpu_ptr(cst_watched, cpu);
		unsigned long begun = READ_ONCE(watched->begun);
		bool waits = atomic_read(&watched->queued);

		stuck |= waits && watched->waited && begun == watched->seen;
		watched->waited = waits;
		watched->seen = begun;
	}
	return stuck;
}

static void cst_watch_look(void)
{
	if (cst_runners_are_stuck()) {
		WRITE_ONCE(cst_watch, CST_WATCH_STUCK);
		cst_reserve_call();
		return;
	}
	WRITE_ONCE(cst_watch, CST_WATCH_ASLEEP);
	/* A CPU that did not see ASLEEP in cst_watch_tell() has counted its runner before. */
	smp_mb();
	if (cst_runners_wait())
		WRITE_ONCE(cst_watch, CST_WATCH_AWAKE);
}

static int cst_watch_main(void *unused)
{
	set_user_nice(current, MIN_NICE);
	while (!kthread_should_stop()) {
		wait_event_idle(cst_watch_wait,
				READ_ONCE(cst_watch) != CST_WATCH_ASLEEP ||
				kthread_should_stop());
		schedule_timeout_idle(CST_WATCH_INTERVAL);
		cst_watch_look();
	}
	return 0;
}

/* Life */

static void cst_lane_init(struct cst_lane *lane, struct cst_lanes *lanes, int cpu)
{
	unsigned int i;

	lane->lanes = lanes;
	lane->cpu = cpu;
	spin_lock_init(&lane->lock);
	INIT_LIST_HEAD(&lane->jobs);
	lane->idle = BIT(CST_LANE_RUNNERS) - 1;
	for (i = 0; i < CST_LANE_RUNNERS; i++) {
		lane->runners[i].lane = lane;
		INIT_WORK(&lane->runners[i].work, cst_runner_work);
	}
}

struct cst_lanes *cst_lanes_create(const char *name)
{
	struct cst_lanes *lanes = kzalloc(sizeof(*lanes), GFP_KERNEL);
	int cpu;

	if (!lanes)
		return NULL;
	lanes->cpu = alloc_percpu(struct cst_lane);
	if (!lanes->cpu)
		goto free;
	lanes->wq = alloc_workqueue(CST_WQ_NAME, WQ_PERCPU, CST_LANE_RUNNERS, name);
	if (!lanes->wq)
		goto free_cpu;
	for_each_possible_cpu(cpu)
		cst_lane_init(per_cpu_ptr(lanes->cpu, cpu), lanes, cpu);
	mutex_lock(&lanes_lock);
	list_add_tail(&lanes->node, &all_lanes);
	mutex_unlock(&lanes_lock);
	return lanes;

free_cpu:
	free_percpu(lanes->cpu);
free:
	kfree(lanes);
	return NULL;
}

void cst_lanes_destroy(struct cst_lanes *lanes)
{
	mutex_lock(&lanes_lock);
	list_del_init(&lanes->node);
	mutex_unlock(&lanes_lock);
	/* Pairs with the smp_store_release() of cst_reserve_leave(). */
	wait_event(lanes_left, !smp_load_acquire(&lanes->reserved));
	destroy_workqueue(lanes->wq);
	free_percpu(lanes->cpu);
	kfree(lanes);
}

int cst_worker_init(void)
{
	struct task_struct *thread;
	unsigned int i;

	cst_watched = alloc_percpu(struct cst_watched);
	if (!cst_watched)
		return -ENOMEM;
	for (i = 0; i < CST_RESERVE_THREADS; i++) {
		thread = kthread_run(cst_reserve_thread, NULL, "cst_reserve/%u", i);
		if (IS_ERR(thread))
			goto exit;
		cst_reserve_threads[i] = thread;
	}
	thread = kthread_run(cst_watch_main, NULL, "cst_watch");
	if (IS_ERR(thread))
		goto exit;
	cst_watch_thread = thread;
	return 0;

exit:
	cst_worker_exit();
	return PTR_ERR(thread);
}

/* No device is left. */
void cst_worker_exit(void)
{
	unsigned int i;

	if (cst_watch_thread)
		kthread_stop(cst_watch_thread);
	cst_watch_thread = NULL;
	for (i = 0; i < CST_RESERVE_THREADS; i++) {
		if (cst_reserve_threads[i])
			kthread_stop(cst_reserve_threads[i]);
		cst_reserve_threads[i] = NULL;
	}
	free_percpu(cst_watched);
}
