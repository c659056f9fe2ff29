// SPDX-License-Identifier: GPL-2.0-only
/*
 * order.c: which commands may execute before which, in both modes and when the mode changes.
 *
 * The kernel's percpu_ref, work and timers are emulated: a grace period ends, and the timer
 * expires, when a test calls for it.  Besides the scenarios, random histories are checked
 * against SAM-5 8.6.
 */
#include <stdlib.h>

#include "core.h"
#include "test.h"

#define PERCPU_REF_ALLOW_REINIT		1
#define GFP_KERNEL			0
#define to_delayed_work(w)		container_of(w, struct delayed_work, work)
#define INIT_DELAYED_WORK(w, f)		((w)->work.func = (f))

struct workqueue_struct *cst_wq;

/* There is one task set, so one reference and one timer are enough. */
static void (*ref_release)(struct percpu_ref *ref);
static bool grace_pending;	/* killed; the first reference goes after a grace period */
static bool timer_armed;

static int percpu_ref_init(struct percpu_ref *ref,
			   void (*release)(struct percpu_ref *ref), int flags, int gfp)
{
	ref->count = 1;
	ref->dying = false;
	ref_release = release;
	grace_pending = false;
	timer_armed = false;
	return 0;
}

static bool percpu_ref_tryget_live(struct percpu_ref *ref)
{
	if (ref->dying)
		return false;
	ref->count++;
	return true;
}

static void percpu_ref_put(struct percpu_ref *ref)
{
	if (!--ref->count)
		ref_release(ref);
}

static void percpu_ref_kill(struct percpu_ref *ref)
{
	CHECK(!ref->dying);
	CHECK(!grace_pending);
	ref->dying = true;
	grace_pending = true;
}

static void percpu_ref_reinit(struct percpu_ref *ref)
{
	CHECK(ref->dying);
	CHECK_EQ(ref->count, 0);
	ref->dying = false;
	ref->count = 1;
}

static void percpu_ref_exit(struct percpu_ref *ref)
{
	CHECK(!grace_pending);
}

static void rcu_barrier(void)
{
}

static void queue_delayed_work(void *wq, struct delayed_work *w, int delay)
{
	timer_armed = true;
}

static void mod_delayed_work(void *wq, struct delayed_work *w, int delay)
{
	timer_armed = true;
}

static void cancel_delayed_work_sync(struct delayed_work *w)
{
	timer_armed = false;
}

#include "../../../src/core/wait.c"
#include "../../../src/core/order.c"

static struct cst_device dev;
static const struct cst_op op;
static const struct cst_op op_hoq = { .flags = CST_OP_IMPLICIT_HOQ };

enum state { NEW, ENTERED, READY, RUNS, GONE };

static struct cst_cmd cmds[64];
static enum state states[64];
static bool aborted[64];
static unsigned int nr;

static void grace(void)
{
	if (grace_pending) {
		grace_pending = false;
		percpu_ref_put(&dev.order.simple);
	}
}

static void timer(void)
{
	if (timer_armed) {
		timer_armed = false;
		dev.order.relax.work.func(&dev.order.relax.work);
	}
}

static bool has_to_wait(unsigned int i)
{
	unsigned int j;

	if (aborted[i] || cmds[i].op == &op_hoq ||
	    cmds[i].task_attr == CST_TASK_HEAD_OF_QUEUE)
		return false;
	for (j = 0; j < nr; j++) {
		bool older = j < i;

		if (j == i || states[j] == GONE || aborted[j] || cmds[j].op == &op_hoq)
			continue;
		/* Commands that came before an ORDERED one must have ended. */
		if (cmds[i].task_attr == CST_TASK_ORDERED && older)
			return true;
		/* No command passes an older ORDERED one. */
		if (cmds[j].task_attr == CST_TASK_ORDERED && older)
			return true;
		/* order.c lets a younger HEAD OF QUEUE command delay an ORDERED one, too. */
	}
	return false;
}

static void runs(struct cst_cmd *cmd)
{
	unsigned int i = cmd - cmds;

	CHECK_EQ(states[i], READY);
	if (has_to_wait(i))
		test_say(__FILE__, __LINE__, "command %u executes too early", i);
	states[i] = RUNS;
}

/* Replaces that of exec.c: the turn of a command that waited has come. */
void cst_cmd_queue(struct cst_cmd *cmd)
{
	runs(cmd);
}

static void start(void)
{
	memset(cmds, 0, sizeof(cmds));
	memset(states, 0, sizeof(states));
	memset(aborted, 0, sizeof(aborted));
	memset(&dev, 0, sizeof(dev));
	nr = 0;
	cst_order_init(&dev.order);
}

static unsigned int enter_op(u8 attr, const struct cst_op *row)
{
	struct cst_cmd *cmd = &cmds[nr];

	cmd->dev = &dev;
	cmd->op = row;
	cmd->task_attr = attr;
	states[nr] = ENTERED;
	nr++;
	cst_order_enter(cmd);
	return nr - 1;
}

static unsigned int enter(u8 attr)
{
	return enter_op(attr, &op);
}

static void ready(unsigned int i)
{
	states[i] = READY;
	if (cst_order_data_ready(&cmds[i]))
		runs(&cmds[i]);
}

static unsigned int arrive(u8 attr)
{
	unsigned int i = enter(attr);

	ready(i);
	return i;
}

static void leave(unsigned int i)
{
	states[i] = GONE;
	cst_order_exit(&cmds[i]);
}

static void abort_cmd(unsigned int i)
{
	aborted[i] = true;
	cst_wait_abort(&cmds[i]);
}

static void finish(void)
{
	unsigned int i, left;

	do {
		left = 0;
		grace();
		for (i = 0; i < nr; i++) {
			if (states[i] == ENTERED)
				ready(i);
			if (states[i] == RUNS)
				leave(i);
			left += states[i] != GONE;
		}
		if (left && !grace_pending) {
			for (i = 0; i < nr && states[i] != RUNS; i++)
				;
			if (i == nr) {
				test_say(__FILE__, __LINE__, "%u commands wait for ever",
					 left);
				break;
			}
		}
	} while (left);
	grace();
	CHECK_EQ(dev.order.running, 0);
	CHECK(!dev.order.ordered);
	CHECK(list_empty(&dev.order.blocked.waiters));
	/* Fast mode returns when the timer expires. */
	timer();
	CHECK(!dev.order.slow);
	CHECK_EQ(dev.order.simple.count, 1);
	cst_order_destroy(&dev.order);
}

static void simple_meets_no_lock(void)
{
	unsigned int a, b;

	start();
	a = arrive(CST_TASK_SIMPLE);
	b = arrive(CST_TASK_SIMPLE);
	CHECK_EQ(states[a], RUNS);
	CHECK_EQ(states[b], RUNS);
	CHECK(!dev.order.slow);
	CHECK_EQ(dev.order.simple.count, 3);
	leave(b);
	leave(a);
	CHECK_EQ(dev.order.simple.count, 1);
	finish();
}

static void ordered_waits_for_older(void)
{
	unsigned int a, o, b;

	start();
	a = arrive(CST_TASK_SIMPLE);
	o = arrive(CST_TASK_ORDERED);
	b = arrive(CST_TASK_SIMPLE);
	CHECK_EQ(states[o], READY);
	CHECK_EQ(states[b], READY);
	grace();
	CHECK_EQ(states[o], READY);
	leave(a);
	CHECK_EQ(states[o], RUNS);
	CHECK_EQ(states[b], READY);
	leave(o);
	CHECK_EQ(states[b], RUNS);
	finish();
}

static void ordered_alone_waits_for_grace_period(void)
{
	unsigned int o;

	start();
	o = arrive(CST_TASK_ORDERED);
	CHECK_EQ(states[o], READY);
	grace();
	CHECK_EQ(states[o], RUNS);
	finish();
}

static void ordered_after_ordered(void)
{
	unsigned int o1, o2, s;

	start();
	o1 = arrive(CST_TASK_ORDERED);
	o2 = arrive(CST_TASK_ORDERED);
	s = arrive(CST_TASK_SIMPLE);
	grace();
	CHECK_EQ(states[o1], RUNS);
	CHECK_EQ(states[o2], READY);
	leave(o1);
	CHECK_EQ(states[o2], RUNS);
	CHECK_EQ(states[s], READY);
	leave(o2);
	CHECK_EQ(states[s], RUNS);
	finish();
}

static void head_of_queue_passes(void)
{
	unsigned int o, h, i;

	start();
	arrive(CST_TASK_SIMPLE);
	o = arrive(CST_TASK_ORDERED);
	h = arrive(CST_TASK_HEAD_OF_QUEUE);
	i = enter_op(CST_TASK_SIMPLE, &op_hoq);
	ready(i);
	CHECK_EQ(states[o], READY);
	CHECK_EQ(states[h], RUNS);
	CHECK_EQ(states[i], RUNS);
	finish();
}

static void turn_before_data(void)
{
	unsigned int s, o;

	start();
	s = enter(CST_TASK_SIMPLE);
	o = enter(CST_TASK_ORDERED);
	ready(o);
	grace();
	CHECK_EQ(states[o], READY);
	ready(s);
	CHECK_EQ(states[s], RUNS);
	leave(s);
	CHECK_EQ(states[o], RUNS);
	finish();
}

static void data_failed_while_blocked(void)
{
	unsigned int a, o, s;

	start();
	a = arrive(CST_TASK_SIMPLE);
	o = enter(CST_TASK_ORDERED);
	s = arrive(CST_TASK_SIMPLE);
	grace();
	CHECK_EQ(states[s], READY);
	leave(o);
	CHECK_EQ(states[s], RUNS);
	leave(a);
	finish();
}

static void aborted_ones_do_not_wait(void)
{
	unsigned int a, o, s;

	start();
	a = arrive(CST_TASK_SIMPLE);
	o = arrive(CST_TASK_ORDERED);
	s = arrive(CST_TASK_SIMPLE);
	abort_cmd(o);
	CHECK_EQ(states[o], RUNS);
	CHECK(cmds[o].out_of_turn);
	abort_cmd(a);
	CHECK(!cmds[a].out_of_turn);
	leave(o);
	CHECK_EQ(states[s], RUNS);
	leave(a);
	leave(s);
	finish();
}

static void fast_way_opens_again(void)
{
	unsigned int o, s;

	start();
	o = arrive(CST_TASK_ORDERED);
	timer();	/* too early: fast commands still drain */
	CHECK(dev.order.slow);
	CHECK(timer_armed);
	grace();
	timer();	/* too early: the ORDERED command runs */
	CHECK(dev.order.slow);
	leave(o);
	timer();
	CHECK(!dev.order.slow);
	s = arrive(CST_TASK_SIMPLE);
	CHECK_EQ(states[s], RUNS);
	o = arrive(CST_TASK_ORDERED);
	CHECK(dev.order.slow);
	CHECK_EQ(states[o], READY);
	finish();
}

/* Task management finds a command before it has taken its place. */
static void aborted_on_its_way_in(void)
{
	static const u8 attrs[] = { CST_TASK_SIMPLE, CST_TASK_ORDERED };
	unsigned int i, a, o, x;

	for (i = 0; i < 2; i++) {
		start();
		a = arrive(CST_TASK_SIMPLE);
		o = arrive(CST_TASK_ORDERED);
		cmds[nr].aborted = 1UL << CST_ABORTED_OWN;
		aborted[nr] = true;
		x = arrive(attrs[i]);
		CHECK_EQ(states[x], RUNS);
		leave(x);
		grace();
		CHECK_EQ(states[o], READY);
		leave(a);
		CHECK_EQ(states[o], RUNS);
		/* The command stays out of turn, even if the abort is given up before it runs. */
		CHECK(cmds[x].out_of_turn);
		/* It does not end the turn of the command that it passes. */
		cmds[nr].aborted = 1UL << CST_ABORTED_OWN;
		aborted[nr] = true;
		x = arrive(attrs[i]);
		CHECK_EQ(states[x], RUNS);
		leave(x);
		a = arrive(CST_TASK_SIMPLE);
		CHECK_EQ(states[a], READY);
		finish();
	}
}

/* The command has no logical unit: it was answered, and the fabric has not released it yet. */
static void aborted_without_a_logical_unit(void)
{
	struct cst_cmd none = { .op = &op };

	start();
	cst_order_enter(&none);
	cst_wait_abort(&none);
	cst_order_exit(&none);
	CHECK(!none.out_of_turn);
	finish();
}

/* The seed of a failing history is its number. */
static void random_histories(void)
{
	static const u8 attrs[] = {
		CST_TASK_SIMPLE, CST_TASK_SIMPLE, CST_TASK_SIMPLE,
		CST_TASK_ORDERED, CST_TASK_HEAD_OF_QUEUE,
	};
	unsigned int seed, step, i;

	for (seed = 1; seed <= 20000 && !test_failed; seed++) {
		srand(seed);
		start();
		for (step = 0; step < 120 && !test_failed; step++) {
			i = nr ? rand() % nr : 0;
			switch (rand() % 8) {
			case 0:
			case 1:
				if (nr == 64)
					break;
				i = enter_op(attrs[rand() % 5],
					     rand() % 8 ? &op : &op_hoq);
				if (rand() % 2)
					ready(i);
				break;
			case 2:
				if (states[i] == ENTERED)
					ready(i);
				break;
			case 3:
			case 4:
				if (states[i] == RUNS)
					leave(i);
				break;
			case 5:
				grace();
				break;
			case 6:
				timer();
				break;
			default:
				if (rand() % 4 || !nr)
					break;
				if (states[i] == ENTERED)	/* data failed */
					leave(i);
				else if (states[i] == READY)
					abort_cmd(i);
			}
		}
		finish();
		if (test_failed)
			test_say(__FILE__, __LINE__, "history %u", seed);
	}
}

TEST_MAIN(
	T(simple_meets_no_lock),
	T(ordered_waits_for_older),
	T(ordered_alone_waits_for_grace_period),
	T(ordered_after_ordered),
	T(head_of_queue_passes),
	T(turn_before_data),
	T(data_failed_while_blocked),
	T(aborted_ones_do_not_wait),
	T(fast_way_opens_again),
	T(aborted_on_its_way_in),
	T(aborted_without_a_logical_unit),
	T(random_histories),
)
