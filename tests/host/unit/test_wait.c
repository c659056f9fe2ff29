// SPDX-License-Identifier: GPL-2.0-only
/*
 * wait.c: an abort finds a command that waits, whether the abort or the wait comes first.
 *
 * A concurrent event is forced at one of two places: at the barrier of a command that parks,
 * or before an abort takes the lock.
 */
#include "core.h"
#include "test.h"

static void (*at_barrier)(void);
static void (*before_lock)(void);

static void meanwhile(void (**what)(void))
{
	void (*now)(void) = *what;

	*what = NULL;
	if (now)
		now();
}

#undef smp_mb
/* From here on other CPUs see the store of a command that parks. */
#define smp_mb()			meanwhile(&at_barrier)
#undef spin_lock_irqsave
#define spin_lock_irqsave(l, f)		do {				\
	(f) = 0;							\
	meanwhile(&before_lock);					\
	spin_lock(l);							\
} while (0)
#undef lockdep_assert_held
#define lockdep_assert_held(l)		CHECK((l)->held)

#include "../../../src/core/wait.c"

static struct cst_waitq one, other;
static struct cst_cmd cmds[3];
static struct cst_cmd *left[8];
static unsigned int nr_left;

static void leave(struct cst_waitq *q, struct cst_cmd *cmd)
{
	CHECK(q->lock.held);
	CHECK(!cmd->wait.q);
	left[nr_left++] = cmd;
}

static const struct cst_waitq_ops ops = { .leave = leave };

static void start(void)
{
	memset(cmds, 0, sizeof(cmds));
	cst_waitq_init(&one, &ops);
	cst_waitq_init(&other, &ops);
	nr_left = 0;
}

static bool park(struct cst_waitq *q, struct cst_cmd *cmd)
{
	bool waits;

	spin_lock(&q->lock);
	waits = cst_wait_park(q, cmd);
	spin_unlock(&q->lock);
	return waits;
}

static void mark(struct cst_cmd *cmd)
{
	__set_bit(CST_ABORTED_OWN, &cmd->aborted);
}

static void let_go(struct cst_cmd *cmd)
{
	struct cst_waitq *q = cmd->wait.q;

	spin_lock(&q->lock);
	cst_wait_remove(cmd);
	spin_unlock(&q->lock);
}

static void an_abort_finds_who_waits(void)
{
	start();
	CHECK(park(&one, &cmds[0]));
	CHECK(park(&one, &cmds[1]));
	CHECK(park(&one, &cmds[2]));
	mark(&cmds[1]);
	cst_wait_abort(&cmds[1]);
	CHECK_EQ(nr_left, 1);
	CHECK(left[0] == &cmds[1]);
	CHECK(cmds[1].out_of_turn);
	/* The others go on waiting, in order. */
	CHECK(one.waiters.next == &cmds[0].wait.node);
	CHECK(cmds[0].wait.node.next == &cmds[2].wait.node);
	/* A second mark does not take it out again. */
	cst_wait_abort(&cmds[1]);
	CHECK_EQ(nr_left, 1);
	let_go(&cmds[0]);
	let_go(&cmds[2]);
	CHECK(list_empty(&one.waiters));
	CHECK(!cmds[0].out_of_turn);
}

static void one_that_does_not_wait_is_left_alone(void)
{
	start();
	mark(&cmds[0]);
	cst_wait_abort(&cmds[0]);
	CHECK(!cmds[0].out_of_turn);
	CHECK_EQ(nr_left, 0);
}

static void who_is_marked_does_not_begin_to_wait(void)
{
	start();
	mark(&cmds[0]);
	cst_wait_abort(&cmds[0]);
	CHECK(!park(&one, &cmds[0]));
	CHECK(cmds[0].out_of_turn);
	CHECK(!cmds[0].wait.q);
	CHECK(list_empty(&one.waiters));
	/* The owner learns of the abort from the return value. */
	CHECK_EQ(nr_left, 0);
}

static void mark_first(void)
{
	mark(&cmds[0]);
	/* The abort sees the queue, and waits for its lock. */
	CHECK(cmds[0].wait.q == &one);
}

static void marked_while_it_is_parked(void)
{
	start();
	at_barrier = mark_first;
	CHECK(!park(&one, &cmds[0]));
	cst_wait_abort(&cmds[0]);
	CHECK(cmds[0].out_of_turn);
	CHECK_EQ(nr_left, 0);
}

static void is_let_go(void)
{
	let_go(&cmds[0]);
}

static void let_go_before_the_abort_has_the_lock(void)
{
	start();
	CHECK(park(&one, &cmds[0]));
	mark(&cmds[0]);
	before_lock = is_let_go;
	cst_wait_abort(&cmds[0]);
	CHECK(!cmds[0].out_of_turn);
	CHECK_EQ(nr_left, 0);
}

static void goes_elsewhere(void)
{
	let_go(&cmds[0]);
	CHECK(!park(&other, &cmds[0]));
}

static void in_another_queue_before_the_abort_has_the_lock(void)
{
	start();
	CHECK(park(&one, &cmds[0]));
	mark(&cmds[0]);
	before_lock = goes_elsewhere;
	cst_wait_abort(&cmds[0]);
	CHECK(cmds[0].out_of_turn);
	CHECK(list_empty(&one.waiters));
	CHECK(list_empty(&other.waiters));
	CHECK_EQ(nr_left, 0);
}

TEST_MAIN(
	T(an_abort_finds_who_waits),
	T(one_that_does_not_wait_is_left_alone),
	T(who_is_marked_does_not_begin_to_wait),
	T(marked_while_it_is_parked),
	T(let_go_before_the_abort_has_the_lock),
	T(in_another_queue_before_the_abort_has_the_lock),
)
