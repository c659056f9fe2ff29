// SPDX-License-Identifier: GPL-2.0-only
/*
 * range.c: a command that holds blocks has them for itself, no command waits for ever, and
 * each interleaving of a write and a holder is forced once.
 *
 * A concurrent event is forced at one of two places: at the barrier of a holder, before the
 * holder looks for writes; or before a holder that has found writes takes the lock.  Besides
 * the scenarios there are random histories.
 */
/* Queued commands are run by the test. */
#define cst_cmd_queue	range_cmd_queue

#include "nexus.h"

static void (*at_barrier)(void);
static void (*before_lock)(void);
static unsigned int barriers;

static void meanwhile(void (**what)(void))
{
	void (*now)(void) = *what;

	*what = NULL;
	if (now)
		now();
}

#include "../../../src/core/wait.c"

#undef smp_mb
/* From here on other CPUs see the holder's stores. */
#define smp_mb()		do { barriers++; meanwhile(&at_barrier); } while (0)
#undef spin_lock_irq
#define spin_lock_irq(l)	do { meanwhile(&before_lock); spin_lock(l); } while (0)

#include "../../../src/core/range.c"

#undef spin_lock_irq
#define spin_lock_irq(l)	spin_lock(l)

/* --- commands --- */

enum kind { WRITES, HOLDS };
enum state { NEW, WAITS, QUEUED, HAS, GONE };

static struct {
	enum kind	kind;
	enum state	state;
} is[ARRAY_SIZE(tasks)];
static struct cst_cmd *queue[ARRAY_SIZE(tasks)];
static unsigned int nr_queue;
static struct cst_abort aborts[ARRAY_SIZE(tasks)];

static unsigned int of(const struct cst_cmd *cmd)
{
	return container_of(cmd, struct task, cmd) - tasks;
}

/* Replaces that of exec.c. */
void cst_cmd_queue(struct cst_cmd *cmd)
{
	CHECK_EQ(is[of(cmd)].state, WAITS);
	is[of(cmd)].state = QUEUED;
	queue[nr_queue++] = cmd;
}

static void start(void)
{
	unsigned int i;

	memset(aborts, 0, nr_tasks * sizeof(*aborts));
	nexuses_start(2);
	memset(is, 0, sizeof(is));
	for (i = 0; i < NR_DEVS; i++)
		cst_ranges_init(&devs[i].ranges);
	nr_queue = 0;
	at_barrier = NULL;
	before_lock = NULL;
}

static struct task *command_of(struct nexus *n, u32 lun, enum kind kind, u64 lba,
			       u32 nblocks)
{
	struct task *t = submit(n, lun, nr_tasks);

	is[t - tasks].kind = kind;
	t->cmd.lba = lba;
	t->cmd.nblocks = nblocks;
	return t;
}

static struct task *command(enum kind kind, u64 lba, u32 nblocks)
{
	return command_of(nexuses[nr_tasks % 2], 0, kind, lba, nblocks);
}

static bool meet(const struct task *a, const struct task *b)
{
	return a->cmd.dev == b->cmd.dev && a->cmd.lba < b->cmd.lba + b->cmd.nblocks &&
	       b->cmd.lba < a->cmd.lba + a->cmd.nblocks;
}

static void has(struct task *t)
{
	unsigned int i, me = t - tasks;

	is[me].state = HAS;
	for (i = 0; i < nr_tasks; i++)
		if (i != me && is[i].state == HAS && meet(t, &tasks[i]) &&
		    (is[i].kind == HOLDS || is[me].kind == HOLDS))
			test_say(__FILE__, __LINE__, "commands %u and %u meet", i, me);
}

static void ends(struct task *t, cst_sense_t reason)
{
	is[t - tasks].state = GONE;
	cst_cmd_finish(&t->cmd, reason);
	CHECK_EQ(atomic_read_acquire(&t->cmd.range.state), CST_RANGE_DONE);
}

static void done(struct task *t)
{
	ends(t, CST_OK);
}

/* What submit.c and exec.c do, in short: the command executes, for the first time or again. */
static void run(struct task *t)
{
	enum state *state = &is[t - tasks].state;
	cst_sense_t reason;

	if (cst_cmd_aborted(&t->cmd) || t->cmd.out_of_turn) {
		ends(t, CST_SENSE(COMMAND_ABORTED));
		return;
	}
	*state = WAITS;
	reason = is[t - tasks].kind == HOLDS ? cst_range_hold(&t->cmd) :
					       cst_range_enter(&t->cmd);
	if (reason == CST_OK) {
		has(t);
	} else if (reason != CST_PENDING) {
		CHECK(reason == CST_SENSE(COMMAND_ABORTED));
		ends(t, reason);
	}
}

static bool run_queued(void)
{
	struct cst_cmd *cmd;

	if (!nr_queue)
		return false;
	cmd = queue[0];
	nr_queue--;
	memmove(queue, queue + 1, nr_queue * sizeof(*queue));
	run(container_of(cmd, struct task, cmd));
	return true;
}

static void abort_is_done(struct cst_abort *abort)
{
}

/* Abort a command, for good; each command of a nexus has a tag of its own. */
static void abort_task(struct task *t)
{
	struct cst_abort *abort = &aborts[t - tasks];

	if (abort->sess)
		return;
	*abort = (struct cst_abort){
		.sess = t->cmd.sess, .by_tag = true, .tag = t->cmd.tag,
		.end = jiffies + HZ, .done = abort_is_done,
	};
	cst_abort_start(abort);
	CHECK_EQ(abort->hits, 1);
}

#define CHECK_IS(t, want)	CHECK_EQ(is[(t) - tasks].state, want)

/* End all commands, and check that nothing is left. */
static void finish_all(void)
{
	unsigned int i, left;
	bool moved;

	do {
		moved = false;
		while (run_queued())
			moved = true;
		for (i = 0, left = 0; i < nr_tasks; i++) {
			if (is[i].state == NEW)
				run(&tasks[i]);
			if (is[i].state == HAS) {
				done(&tasks[i]);
				moved = true;
			}
			left += is[i].state != GONE;
		}
	} while (left && moved);
	CHECK_EQ(left, 0);
	for (i = 0; i < NR_DEVS; i++) {
		CHECK_EQ(devs[i].ranges.held, 0);
		CHECK(!devs[i].ranges.tree.rb_root.rb_node);
		CHECK(list_empty(&devs[i].ranges.waiting.waiters));
		/* No reference is left, so that a device that is being disabled becomes idle. */
		CHECK_EQ(devs[i].io_ref.count, 1);
	}
	for (i = 0; i < nr_tasks; i++)
		if (tasks[i].fate == ANSWERED || tasks[i].fate == DROPPED)
			release(&tasks[i]);
	nexuses_end();
}

/* --- scenarios --- */

static void writes_do_not_meet(void)
{
	struct task *a, *b;

	start();
	a = command(WRITES, 0, 8);
	b = command(WRITES, 4, 8);
	/* Writes that meet no holder do not take the lock. */
	devs[0].ranges.waiting.lock.held = true;
	run(a);
	run(b);
	CHECK_IS(a, HAS);
	CHECK_IS(b, HAS);
	done(b);
	done(a);
	devs[0].ranges.waiting.lock.held = false;
	finish_all();
}

static void a_write_waits_for_a_holder(void)
{
	struct task *h, *w, *before, *behind, *around;

	start();
	h = command(HOLDS, 10, 10);
	w = command(WRITES, 15, 1);
	before = command(WRITES, 9, 1);
	behind = command(WRITES, 20, 1);
	around = command(WRITES, 0, 100);
	run(h);
	CHECK_IS(h, HAS);
	run(w);
	run(before);
	run(behind);
	run(around);
	CHECK_IS(w, WAITS);
	CHECK_IS(before, HAS);
	CHECK_IS(behind, HAS);
	CHECK_IS(around, WAITS);
	CHECK_EQ(devs[0].io_ref.count, 6);
	done(h);
	CHECK(run_queued());
	CHECK_IS(w, HAS);
	CHECK(run_queued());
	CHECK_IS(around, HAS);
	/* A write that would have blocked is executed again. */
	run(w);
	CHECK_IS(w, HAS);
	finish_all();
}

static void a_holder_waits_for_writes(void)
{
	struct task *h, *in, *other, *w;

	start();
	in = command(WRITES, 15, 10);
	other = command(WRITES, 20, 10);
	w = command(WRITES, 19, 1);
	h = command(HOLDS, 10, 10);
	run(in);
	run(other);
	run(h);
	CHECK_IS(h, WAITS);
	/* No other write gets its blocks now. */
	run(w);
	CHECK_IS(w, WAITS);
	done(other);
	CHECK_IS(h, WAITS);
	done(in);
	CHECK_IS(h, QUEUED);
	run_queued();
	CHECK_IS(h, HAS);
	CHECK_IS(w, WAITS);
	finish_all();
}

/* As UNMAP does: a holder of its first blocks goes on, and it waits for its next ones. */
static void a_write_goes_on_with_other_blocks(void)
{
	struct task *first, *second, *w;

	start();
	w = command(WRITES, 0, 10);
	first = command(HOLDS, 5, 1);
	second = command(HOLDS, 20, 1);
	run(w);
	run(first);
	run(second);
	CHECK_IS(first, WAITS);
	CHECK_IS(second, HAS);
	cst_range_next(&w->cmd, 15, 10);
	CHECK_IS(first, QUEUED);
	run_queued();
	CHECK_IS(first, HAS);
	run(w);
	CHECK_IS(w, WAITS);
	done(second);
	run_queued();
	CHECK_IS(w, HAS);
	/* Its old blocks are not its own any more, its new ones are. */
	second = command(HOLDS, 0, 5);
	run(second);
	CHECK_IS(second, HAS);
	first = command(HOLDS, 24, 1);
	run(first);
	CHECK_IS(first, WAITS);
	finish_all();
}

/* A write that has ended, but whose response the initiator does not take. */
static void a_write_that_has_ended_is_not_waited_for(void)
{
	struct task *h, *w;

	start();
	w = command(WRITES, 0, 1);
	h = command(HOLDS, 0, 1);
	run(w);
	done(w);
	CHECK_EQ(w->fate, ANSWERED);
	run(h);
	CHECK_IS(h, HAS);
	finish_all();
}

static void one_without_its_data_is_not_waited_for(void)
{
	struct task *h;

	start();
	command(WRITES, 0, 1);
	h = command(HOLDS, 0, 1);
	run(h);
	CHECK_IS(h, HAS);
	finish_all();
}

static void what_is_of_another_device_is_not_waited_for(void)
{
	struct task *h, *w, *same;

	start();
	nexus_map(nexuses[0], 2, &devs[0]);
	w = command_of(nexuses[0], 1, WRITES, 0, 1);
	same = command_of(nexuses[0], 2, WRITES, 0, 1);
	run(w);
	h = command_of(nexuses[0], 0, HOLDS, 0, 1);
	run(h);
	CHECK_IS(h, HAS);
	/* A write by another LUN of the device waits, too. */
	run(same);
	CHECK_IS(same, WAITS);
	done(h);
	run_queued();
	CHECK_IS(same, HAS);
	h = command_of(nexuses[1], 0, HOLDS, 0, 1);
	run(h);
	CHECK_IS(h, WAITS);
	finish_all();
}

/* A write that meets a holder, in two halves. */
static struct task *met;

static void first_half(void)
{
	is[met - tasks].state = WAITS;
	__set_bit(CST_CMD_RANGE, &met->cmd.flags);
	CHECK_EQ(atomic_xchg(&met->cmd.range.state, CST_RANGE_WRITES), CST_RANGE_NONE);
}

static void second_half(void)
{
	CHECK(devs[0].ranges.held);
	CHECK(cst_range_enter_slow(&met->cmd) == CST_PENDING);
}

static void all_of_it(void)
{
	run(met);
}

static void done_meanwhile(void)
{
	done(met);
}

static void holder_and_write(void)
{
	start();
	met = command(WRITES, 5, 1);
}

/* The write has stored its state, and the holder its range: each sees the other. */
static void both_see_the_other(void)
{
	struct task *h;

	/* The write goes back before the holder has parked ... */
	holder_and_write();
	h = command(HOLDS, 0, 10);
	at_barrier = first_half;
	is[h - tasks].state = WAITS;
	CHECK(cst_range_take(&devs[0].ranges, &h->cmd) == CST_OK);
	before_lock = second_half;
	barriers = 0;
	CHECK(cst_range_hold(&h->cmd) == CST_OK);
	CHECK_EQ(barriers, 2);
	has(h);
	CHECK_IS(met, WAITS);
	finish_all();

	/* ... and after. */
	holder_and_write();
	h = command(HOLDS, 0, 10);
	at_barrier = first_half;
	run(h);
	CHECK_IS(h, WAITS);
	CHECK_EQ(atomic_read_acquire(&met->cmd.range.state), CST_RANGE_AWAITED);
	second_half();
	CHECK_IS(h, QUEUED);
	CHECK_IS(met, WAITS);
	run_queued();
	CHECK_IS(h, HAS);
	finish_all();

	/* The holder has seen the write, but the write lies beside the range. */
	start();
	h = command(HOLDS, 0, 10);
	met = command(WRITES, 10, 1);
	at_barrier = first_half;
	run(h);
	CHECK_IS(h, HAS);
	CHECK(cst_range_enter_slow(&met->cmd) == CST_OK);
	has(met);
	finish_all();
}

static void the_write_sees_the_holder(void)
{
	struct task *h;

	holder_and_write();
	h = command(HOLDS, 0, 10);
	at_barrier = all_of_it;
	run(h);
	CHECK_IS(h, HAS);
	CHECK_IS(met, WAITS);
	finish_all();
}

static void a_write_ends_before_the_holder_has_parked(void)
{
	struct task *h;

	holder_and_write();
	h = command(HOLDS, 0, 10);
	run(met);
	CHECK_IS(met, HAS);
	is[h - tasks].state = WAITS;
	CHECK(cst_range_take(&devs[0].ranges, &h->cmd) == CST_OK);
	before_lock = done_meanwhile;
	barriers = 0;
	CHECK(cst_range_hold(&h->cmd) == CST_OK);
	CHECK_EQ(barriers, 2);
	has(h);
	finish_all();
}

static void a_write_ends_before_the_holder_looks(void)
{
	struct task *h;

	holder_and_write();
	h = command(HOLDS, 0, 10);
	run(met);
	at_barrier = done_meanwhile;
	run(h);
	CHECK_IS(h, HAS);
	finish_all();
}

static void one_write_tells_two_holders(void)
{
	struct task *w, *a, *b;

	start();
	w = command(WRITES, 0, 100);
	a = command(HOLDS, 0, 1);
	b = command(HOLDS, 50, 1);
	run(w);
	run(a);
	run(b);
	CHECK_IS(a, WAITS);
	CHECK_IS(b, WAITS);
	done(w);
	CHECK_IS(a, QUEUED);
	CHECK_IS(b, QUEUED);
	finish_all();
}

static void holders_take_turns(void)
{
	struct task *h[3], *beside;
	unsigned int i;

	start();
	for (i = 0; i < 3; i++)
		h[i] = command(HOLDS, i, 2);
	beside = command(HOLDS, 7, 1);
	for (i = 0; i < 3; i++)
		run(h[i]);
	run(beside);
	CHECK_IS(h[0], HAS);
	CHECK_IS(h[1], WAITS);
	/* The third holder does not pass the second one, which waits. */
	CHECK_IS(h[2], WAITS);
	CHECK_IS(beside, HAS);
	done(h[0]);
	CHECK_IS(h[1], QUEUED);
	CHECK_IS(h[2], WAITS);
	run_queued();
	CHECK_IS(h[1], HAS);
	done(h[1]);
	CHECK_IS(h[2], QUEUED);
	finish_all();
}

/* Some commands hold the first block in turn, others the last one; both are never free at once. */
static void who_wants_all_is_not_passed_for_ever(void)
{
	enum kind kind;

	for (kind = WRITES; kind <= HOLDS; kind++) {
		struct task *left[2], *right[2], *all, *late;
		unsigned int i;

		start();
		for (i = 0; i < 2; i++) {
			left[i] = command(HOLDS, 0, 1);
			right[i] = command(HOLDS, 7, 1);
		}
		all = command(kind, 0, 8);
		late = command(HOLDS, 3, 1);
		run(left[0]);
		run(right[0]);
		run(all);
		run(left[1]);
		run(right[1]);
		done(left[0]);
		CHECK_IS(left[1], WAITS);
		/* No command holds the block of this one, but the one that wants all is older. */
		run(late);
		CHECK_IS(late, WAITS);
		done(right[0]);
		CHECK_IS(all, QUEUED);
		run_queued();
		CHECK_IS(all, HAS);
		if (kind == HOLDS) {
			CHECK_IS(right[1], WAITS);
			CHECK_IS(late, WAITS);
			done(all);
		}
		/* If that is a write, each of them waits for it when it executes. */
		CHECK_IS(left[1], QUEUED);
		CHECK_IS(right[1], QUEUED);
		CHECK_IS(late, QUEUED);
		finish_all();
	}
}

/* A command that waited only for the oldest one goes on when the oldest is aborted. */
static void the_oldest_is_aborted(void)
{
	struct task *h, *all, *late;

	start();
	h = command(HOLDS, 0, 1);
	all = command(WRITES, 0, 8);
	late = command(HOLDS, 7, 1);
	run(h);
	run(all);
	run(late);
	CHECK_IS(late, WAITS);
	abort_task(all);
	run_queued();
	CHECK_IS(all, GONE);
	CHECK_IS(late, QUEUED);
	run_queued();
	CHECK_IS(late, HAS);
	finish_all();
}

static void who_waited_first_goes_first(void)
{
	struct task *h, *w, *next, *last;

	start();
	h = command(HOLDS, 0, 2);
	w = command(WRITES, 0, 1);
	next = command(HOLDS, 0, 2);
	last = command(WRITES, 1, 1);
	run(h);
	run(w);
	run(next);
	run(last);
	done(h);
	CHECK_IS(w, QUEUED);
	CHECK_IS(next, QUEUED);
	CHECK_IS(last, WAITS);
	/* The write has its blocks already, although it does not run yet. */
	nr_queue = 0;
	run(next);
	CHECK_IS(next, WAITS);
	run(w);
	CHECK_IS(w, HAS);
	done(w);
	CHECK_IS(next, QUEUED);
	run_queued();
	CHECK_IS(next, HAS);
	CHECK_IS(last, WAITS);
	finish_all();
}

/* --- aborts --- */

static void who_waits_is_aborted(void)
{
	struct task *h, *w, *next;

	start();
	h = command(HOLDS, 0, 2);
	w = command(WRITES, 0, 1);
	next = command(HOLDS, 0, 2);
	run(h);
	run(w);
	run(next);
	abort_task(w);
	abort_task(next);
	CHECK_IS(w, QUEUED);
	CHECK_IS(next, QUEUED);
	run_queued();
	run_queued();
	CHECK_IS(w, GONE);
	CHECK_IS(next, GONE);
	CHECK(w->was_dropped);
	CHECK_EQ(devs[0].ranges.held, 1);
	finish_all();
}

static void who_waits_for_writes_is_aborted(void)
{
	struct task *h, *in, *w;

	start();
	in = command(WRITES, 0, 1);
	h = command(HOLDS, 0, 2);
	w = command(WRITES, 1, 1);
	run(in);
	run(h);
	run(w);
	CHECK_IS(w, WAITS);
	abort_task(h);
	CHECK_IS(h, QUEUED);
	/* The holder still has its range; the end of the write must not queue it again. */
	done(in);
	run_queued();
	CHECK_IS(h, GONE);
	CHECK_EQ(devs[0].ranges.held, 0);
	CHECK_IS(w, QUEUED);
	finish_all();
}

static void abort_met(void)
{
	abort_task(met);
}

/* The abort comes before the command waits, and after the command has looked for a mark. */
static void aborted_while_it_begins_to_wait(void)
{
	struct task *h, *in, *w;

	start();
	h = command(HOLDS, 0, 2);
	w = command(WRITES, 0, 1);
	run(h);
	abort_task(w);
	is[w - tasks].state = WAITS;
	CHECK(cst_range_enter(&w->cmd) == CST_SENSE(COMMAND_ABORTED));
	ends(w, CST_SENSE(COMMAND_ABORTED));
	met = command(HOLDS, 0, 1);
	before_lock = abort_met;
	run(met);
	CHECK_IS(met, GONE);
	finish_all();

	start();
	in = command(WRITES, 0, 1);
	run(in);
	met = command(HOLDS, 0, 1);
	is[met - tasks].state = WAITS;
	CHECK(cst_range_take(&devs[0].ranges, &met->cmd) == CST_OK);
	before_lock = abort_met;
	run(met);
	CHECK_IS(met, GONE);
	CHECK_EQ(devs[0].ranges.held, 0);
	finish_all();
}

static void a_holder_is_aborted_before_its_turn(void)
{
	struct task *h, *next, *last;

	start();
	h = command(HOLDS, 0, 1);
	next = command(HOLDS, 0, 1);
	last = command(HOLDS, 0, 1);
	run(h);
	run(next);
	run(last);
	done(h);
	CHECK_IS(next, QUEUED);
	CHECK_IS(last, WAITS);
	/* The second holder has the range already, and gives it back. */
	abort_task(next);
	run_queued();
	CHECK_IS(next, GONE);
	CHECK_IS(last, QUEUED);
	finish_all();
}

/* --- random histories --- */

static void random_step(void)
{
	unsigned int i = nr_tasks ? rand() % nr_tasks : 0;

	switch (rand() % 7) {
	case 0:
	case 1:
		if (nr_tasks < 40)
			command(rand() % 3 ? WRITES : HOLDS, rand() % 12, 1 + rand() % 4);
		break;
	case 2:
	case 3:
		if (nr_tasks && is[i].state == NEW)
			run(&tasks[i]);
		break;
	case 4:
		if (nr_tasks && is[i].state == HAS)
			done(&tasks[i]);
		break;
	case 5:
		run_queued();
		break;
	default:
		if (nr_tasks && !(rand() % 4) && is[i].state != GONE &&
		    is[i].state != NEW)
			abort_task(&tasks[i]);
	}
}

/* While a holder looks for writes, a write begins or ends.  Holders do not: one is half-way. */
static void a_random_write(void)
{
	unsigned int i = rand() % nr_tasks;

	if (is[i].kind != WRITES)
		return;
	if (is[i].state == NEW)
		run(&tasks[i]);
	else if (is[i].state == HAS)
		done(&tasks[i]);
}

static void random_histories(void)
{
	unsigned int seed, step;

	for (seed = 1; seed <= 3000 && !test_failed; seed++) {
		srand(seed);
		start();
		for (step = 0; step < 200 && !test_failed; step++) {
			at_barrier = rand() % 2 && nr_tasks ? a_random_write : NULL;
			before_lock = rand() % 2 && nr_tasks ? a_random_write : NULL;
			random_step();
		}
		at_barrier = NULL;
		before_lock = NULL;
		finish_all();
		if (test_failed)
			test_say(__FILE__, __LINE__, "history %u", seed);
	}
}

TEST_MAIN(
	T(writes_do_not_meet),
	T(a_write_waits_for_a_holder),
	T(a_holder_waits_for_writes),
	T(a_write_goes_on_with_other_blocks),
	T(a_write_that_has_ended_is_not_waited_for),
	T(one_without_its_data_is_not_waited_for),
	T(what_is_of_another_device_is_not_waited_for),
	T(both_see_the_other),
	T(the_write_sees_the_holder),
	T(a_write_ends_before_the_holder_has_parked),
	T(a_write_ends_before_the_holder_looks),
	T(one_write_tells_two_holders),
	T(holders_take_turns),
	T(who_wants_all_is_not_passed_for_ever),
	T(the_oldest_is_aborted),
	T(who_waited_first_goes_first),
	T(who_waits_is_aborted),
	T(who_waits_for_writes_is_aborted),
	T(aborted_while_it_begins_to_wait),
	T(a_holder_is_aborted_before_its_turn),
	T(random_histories),
)
