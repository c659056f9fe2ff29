// SPDX-License-Identifier: GPL-2.0-only
/*
 * worker.c: how many jobs of a device are under way, and what the reserve threads do when
 * the kernel has no thread for these jobs.
 *
 * CPUs, work queues and time are emulated: a runner begins, the watch looks, and reserve
 * threads work, when a test calls for it.  A runner may stay in its job.
 */
#include <stdlib.h>

#include "core.h"
#include "test.h"

#define TEST_CPUS		2

static int cpu_now;

#define alloc_percpu(type)		((type *)calloc(TEST_CPUS, sizeof(type)))
#define free_percpu(p)			free(p)
#define per_cpu_ptr(p, cpu)		(&(p)[cpu])
#define raw_cpu_ptr(p)			(&(p)[cpu_now])
#define for_each_possible_cpu(cpu)	for ((cpu) = 0; (cpu) < TEST_CPUS; (cpu)++)
/* No data race is possible: there is one thread. */
#define data_race(x)			(x)
/* For the same reason barriers are not needed. */
#define smp_mb()			do { } while (0)
/* nor is release order */
#define smp_store_release(p, v)		((void)(*(p) = (v)))

#define atomic_read(v)			((v)->counter)
#define atomic_inc(v)			((void)(v)->counter++)
#define atomic_dec(v)			((void)(v)->counter--)
#define __ffs(x)			__builtin_ctzl(x)

#define LIST_HEAD(l)			struct list_head l = { &(l), &(l) }
#define DEFINE_MUTEX(m)			struct mutex m
#define mutex_lock(m)			((void)(m))
#define mutex_unlock(m)			((void)(m))
#define DECLARE_WAIT_QUEUE_HEAD(w)	wait_queue_head_t w
#define wait_event(w, cond)		CHECK(cond)
#define wait_event_idle(w, cond)	((void)(cond))
#define wake_up(w)			((void)(w), woken++)
#define wake_up_all(w)			((void)(w), woken++)
#define GFP_KERNEL			0
#define cond_resched()			do { } while (0)
#define WQ_PERCPU			0
#define MIN_NICE			0
#define set_user_nice(t, n)		do { } while (0)
#define kthread_should_stop()		true
#define schedule_timeout_idle(t)	do { } while (0)
#define IS_ERR(p)			((unsigned long)(p) >= (unsigned long)-4095)
#define PTR_ERR(p)			((long)(p))
#define INIT_WORK(w, f)			((w)->func = (f))

static unsigned int woken;
static bool no_memory;

static inline void list_move_tail(struct list_head *n, struct list_head *l)
{
	list_del(n);
	list_add_tail(n, l);
}

static void *kzalloc(size_t size, gfp_t gfp)
{
	return no_memory ? NULL : calloc(1, size);
}

#define kfree(p)	free(p)

struct task_struct;
static unsigned int threads, threads_max = 100;

static struct task_struct *kthread_run(int (*f)(void *), void *data, const char *name, ...)
{
	static char thread;

	if (threads == threads_max)
		return (void *)-ENOMEM;
	threads++;
	return (void *)&thread;
}

static void kthread_stop(struct task_struct *task)
{
	threads--;
}

/* Queues are numbers; all queued work is on one list. */
static unsigned int wqs;

static struct workqueue_struct *alloc_workqueue(const char *name, int flags, int max, ...)
{
	wqs++;
	return (void *)(unsigned long)wqs;
}

static void destroy_workqueue(struct workqueue_struct *wq)
{
}

static struct work_struct *queue[256];
static unsigned int nr_queued;

static void queue_work_on(int cpu, struct workqueue_struct *wq, struct work_struct *work)
{
	unsigned int i;

	for (i = 0; i < nr_queued; i++)
		CHECK(queue[i] != work);
	queue[nr_queued++] = work;
}

#include "../../../src/core/worker.c"

/* A worker begins with the oldest work. */
static bool begin(void)
{
	struct work_struct *work = queue[0];

	if (!nr_queued)
		return false;
	nr_queued--;
	memmove(queue, queue + 1, nr_queued * sizeof(queue[0]));
	work->func(work);
	return true;
}

struct test_job {
	struct cst_job		job;
	struct test_device	*of;
	unsigned int		nr;
};

struct test_device {
	struct cst_device	dev;
	struct test_job		jobs[256];
	unsigned int		given;
	unsigned int		done;
	unsigned int		under_way;
	unsigned int		most;	/* the maximum of @under_way */
	bool			hangs;
};

static unsigned int order[512], nr_done;

/* A job that may wait; while it waits, the CPU begins with other work. */
static void do_job(struct cst_job *job)
{
	struct test_job *tj = container_of(job, struct test_job, job);

	memset(job, 0xa5, sizeof(*job));
	tj->of->under_way++;
	tj->of->most = max(tj->of->most, tj->of->under_way);
	order[nr_done++ % 512] = tj->nr;
	if (tj->of->hangs)
		begin();
	tj->of->under_way--;
	tj->of->done++;
}

static struct test_device *device(void)
{
	struct test_device *td = calloc(1, sizeof(*td));

	td->dev.lanes = cst_lanes_create("name");
	CHECK(td->dev.lanes);
	return td;
}

static void end(struct test_device *td)
{
	CHECK_EQ(td->done, td->given);
	cst_lanes_destroy(td->dev.lanes);
	free(td);
}

static void give(struct test_device *td, unsigned int n)
{
	for (; n; n--) {
		struct test_job *tj = &td->jobs[td->given];

		tj->of = td;
		tj->nr = td->given++;
		tj->job.func = do_job;
		cst_job_queue(&td->dev, &tj->job);
	}
}

static void start(void)
{
	CHECK_EQ(cst_worker_init(), 0);
	CHECK_EQ(threads, CST_RESERVE_THREADS + 1);
	cst_watch = CST_WATCH_ASLEEP;
	cpu_now = 0;
	nr_done = 0;
}

static void finish(void)
{
	while (begin())
		;
	CHECK(list_empty(&all_lanes));
	CHECK(!cst_runners_wait());
	CHECK_EQ(lanes_reserved, 0);
	cst_worker_exit();
	CHECK_EQ(threads, 0);
}

static void jobs_begin_in_order(void)
{
	struct test_device *td;
	unsigned int i;

	start();
	td = device();
	give(td, 100);
	CHECK_EQ(nr_queued, 1);
	while (begin())
		;
	for (i = 0; i < 100; i++)
		CHECK_EQ(order[i], i);
	CHECK_EQ(td->most, 1);
	/* A second round works the same. */
	give(td, 1);
	CHECK_EQ(nr_queued, 1);
	CHECK(begin());
	CHECK(!begin());
	end(td);
	finish();
}

static void a_crowd_is_no_crowd_of_threads(void)
{
	struct test_device *td;

	start();
	td = device();
	td->hangs = true;
	give(td, 200);
	/* The runners that the device may have all wait in their jobs, nested in this call. */
	while (begin())
		;
	CHECK_EQ(td->most, CST_LANE_RUNNERS);
	CHECK_EQ(td->done, 200);
	/* The limit holds for each CPU. */
	td->most = 0;
	give(td, 20);
	cpu_now = 1;
	give(td, 20);
	while (begin())
		;
	CHECK_EQ(td->most, 2 * CST_LANE_RUNNERS);
	end(td);
	finish();
}

/* Devices take turns, however many jobs one of them has. */
static void one_device_does_not_keep_a_cpu(void)
{
	struct test_device *busy, *other;
	unsigned int n = 0;

	start();
	busy = device();
	other = device();
	give(busy, 200);
	give(other, 1);
	while (!other->done && begin())
		n++;
	CHECK_EQ(n, 2);
	CHECK_EQ(busy->done, CST_LANE_BATCH);
	while (begin())
		;
	end(busy);
	end(other);
	finish();
}

static void the_watch_sleeps_when_nobody_waits(void)
{
	struct test_device *td;

	start();
	td = device();
	CHECK_EQ(cst_watch, CST_WATCH_ASLEEP);
	woken = 0;
	give(td, 1);
	CHECK_EQ(cst_watch, CST_WATCH_AWAKE);
	CHECK_EQ(woken, 1);
	give(td, 20);
	CHECK_EQ(woken, 1);
	cst_watch_look();
	/* The first look proves nothing: the jobs may have been queued just now. */
	CHECK_EQ(cst_watch, CST_WATCH_AWAKE);
	/* A runner begins before each look: the CPU is slow, not stuck. */
	CHECK(begin());
	give(td, CST_LANE_BATCH);
	cst_watch_look();
	CHECK_EQ(cst_watch, CST_WATCH_AWAKE);
	while (begin())
		;
	cst_watch_look();
	CHECK_EQ(cst_watch, CST_WATCH_ASLEEP);
	end(td);
	finish();
}

/* Let the watch look until it finds that no runner begins. */
static void stuck(void)
{
	cst_watch_look();
	cst_watch_look();
	CHECK_EQ(cst_watch, CST_WATCH_STUCK);
}

static void the_reserve_does_what_runners_do_not(void)
{
	struct test_device *td, *other;

	start();
	td = device();
	other = device();
	give(td, 3);
	cpu_now = 1;
	give(td, 2);
	give(other, 1);
	cst_reserve_serve();
	CHECK_EQ(td->done, 0);
	stuck();
	cst_reserve_serve();
	CHECK_EQ(td->done, 5);
	CHECK_EQ(other->done, 1);
	/* From now on a job wakes the reserve at once, also where a runner is queued already. */
	woken = 0;
	give(td, 1);
	CHECK(woken);
	cst_reserve_serve();
	CHECK_EQ(td->done, 6);
	/* Runners begin again and find no jobs; then the watch returns to its first state. */
	while (begin())
		;
	cst_watch_look();
	CHECK_EQ(cst_watch, CST_WATCH_ASLEEP);
	give(td, 1);
	CHECK_EQ(nr_queued, 1);
	CHECK(begin());
	CHECK_EQ(td->done, 7);
	end(td);
	end(other);
	finish();
}

/* A reserve thread is in a job of a backing; meanwhile another reserve thread looks for jobs. */
static unsigned int depth, deepest;

static void do_and_look(struct cst_job *job)
{
	struct test_job *tj = container_of(job, struct test_job, job);

	deepest = max(deepest, ++depth);
	CHECK(tj->of->dev.lanes->reserved);
	CHECK_EQ(tj->of->under_way++, 0);
	/* There are only so many reserve threads. */
	if (depth < CST_RESERVE_THREADS)
		cst_reserve_serve();
	tj->of->under_way--;
	tj->of->done++;
	depth--;
}

static void give_one_that_waits(struct test_device *td)
{
	struct test_job *tj = &td->jobs[td->given++];

	tj->of = td;
	tj->job.func = do_and_look;
	cst_job_queue(&td->dev, &tj->job);
}

static void no_two_of_the_reserve_wait_for_the_same_backing(void)
{
	struct test_device *td[CST_RESERVE_THREADS + 2];
	unsigned int i;

	start();
	for (i = 0; i < CST_RESERVE_THREADS + 2; i++) {
		td[i] = device();
		give_one_that_waits(td[i]);
		give_one_that_waits(td[i]);
	}
	stuck();
	depth = 0;
	deepest = 0;
	cst_reserve_serve();
	CHECK_EQ(deepest, CST_RESERVE_THREADS);
	while (begin())
		;
	for (i = 0; i < CST_RESERVE_THREADS + 2; i++)
		end(td[i]);
	finish();
}

/* Half of the reserve threads are kept for devices of which no job is under way. */
static void backings_that_hang_do_not_take_all_of_the_reserve(void)
{
	struct test_device *td[CST_RESERVE_THREADS], *quiet;
	unsigned int i;

	start();
	for (i = 0; i < CST_RESERVE_THREADS; i++) {
		td[i] = device();
		give_one_that_waits(td[i]);
		td[i]->dev.lanes->cpu[0].running++;
	}
	stuck();
	depth = 0;
	deepest = 0;
	cst_reserve_serve();
	CHECK_EQ(deepest, CST_RESERVE_THREADS / 2);
	for (i = 0; i < CST_RESERVE_THREADS; i++)
		CHECK_EQ(td[i]->done, 1);
	quiet = device();
	lanes_reserved = CST_RESERVE_THREADS / 2;
	for (i = 0; i < CST_RESERVE_THREADS; i++)
		give_one_that_waits(td[i]);
	give(quiet, 1);
	cst_reserve_serve();
	CHECK_EQ(quiet->done, 1);
	CHECK_EQ(td[0]->done, 1);
	lanes_reserved = 0;
	for (i = 0; i < CST_RESERVE_THREADS; i++)
		td[i]->dev.lanes->cpu[0].running--;
	cst_reserve_serve();
	while (begin())
		;
	for (i = 0; i < CST_RESERVE_THREADS; i++)
		end(td[i]);
	end(quiet);
	finish();
}

/*
 * All runners of the device wait in its backing.  So its other jobs wait for the backing, and
 * not for a thread of the kernel.
 */
static void a_crowd_is_not_for_the_reserve(void)
{
	struct test_device *td;
	struct cst_lane *lane;
	unsigned long idle;

	start();
	td = device();
	lane = &td->dev.lanes->cpu[0];
	idle = lane->idle;
	lane->idle = 0;
	give(td, 40);
	CHECK_EQ(nr_queued, 0);
	cst_watch = CST_WATCH_STUCK;
	cst_reserve_serve();
	CHECK_EQ(td->done, 0);
	cst_watch_look();
	cst_watch_look();
	CHECK_EQ(cst_watch, CST_WATCH_ASLEEP);
	lane->idle = idle;
	give(td, 1);
	while (begin())
		;
	end(td);
	finish();
}

static void without_memory(void)
{
	for (threads_max = 0; threads_max <= CST_RESERVE_THREADS; threads_max++) {
		CHECK_EQ(cst_worker_init(), -ENOMEM);
		CHECK_EQ(threads, 0);
	}
	threads_max = 100;
	start();
	no_memory = true;
	CHECK(!cst_lanes_create("name"));
	no_memory = false;
	finish();
}

TEST_MAIN(
	T(jobs_begin_in_order),
	T(a_crowd_is_no_crowd_of_threads),
	T(one_device_does_not_keep_a_cpu),
	T(the_watch_sleeps_when_nobody_waits),
	T(the_reserve_does_what_runners_do_not),
	T(no_two_of_the_reserve_wait_for_the_same_backing),
	T(backings_that_hang_do_not_take_all_of_the_reserve),
	T(a_crowd_is_not_for_the_reserve),
	T(without_memory),
)
