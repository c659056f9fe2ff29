// SPDX-License-Identifier: GPL-2.0-only
/*
 * abort.c: which commands an abort hits, when the abort is done, which initiators are told,
 * and what becomes of the commands of an abort that is given up.  Besides the scenarios,
 * random histories are compared with a model that records for each abort what it has hit.
 */
#include "nexus.h"

#define LIMIT		(10 * HZ)

static unsigned int nr_done;

static void count_done(struct cst_abort *abort)
{
	nr_done++;
	/* From here on the owner may free the abort. */
	abort->done = NULL;
}

/* Fill the abort with garbage first: cst_abort_start() must set every private field. */
#define START(_abort, ...) do {						\
	memset(_abort, 0xa5, sizeof(*(_abort)));			\
	*(_abort) = (struct cst_abort){					\
		.end = jiffies + LIMIT, .done = count_done,		\
		__VA_ARGS__						\
	};								\
	cst_abort_start(_abort);					\
} while (0)

#define IS_DONE(_abort)		(!(_abort)->done)

static void an_abort_of_a_nexus_is_by_lun_and_tag(void)
{
	struct cst_abort a, b, c, d;
	struct task *t[6];
	unsigned int i;

	nexuses_start(2);
	nexus_map(nexuses[0], 2, &devs[0]);
	t[0] = submit(nexuses[0], 0, 1);
	t[1] = submit(nexuses[0], 0, 2);
	t[2] = submit(nexuses[0], 1, 1);
	/* The same device at another LUN is not hit. */
	t[3] = submit(nexuses[0], 2, 3);
	t[4] = submit(nexuses[1], 0, 1);
	/* A LUN that is not mapped. */
	t[5] = submit(nexuses[0], 3, 9);

	START(&a, .sess = &nexuses[0]->sess, .by_lun = true, .by_tag = true, .tag = 1);
	CHECK_EQ(a.hits, 1);
	CHECK(t[0]->told_to_stop);
	START(&b, .sess = &nexuses[0]->sess, .by_lun = true);
	CHECK_EQ(b.hits, 2);
	START(&c, .sess = &nexuses[0]->sess);
	CHECK_EQ(c.hits, 5);
	START(&d, .sess = &nexuses[0]->sess, .by_lun = true, .lun = CST_NO_LUN);
	CHECK_EQ(d.hits, 0);
	for (i = 0; i < 6; i++)
		CHECK_EQ(cst_cmd_aborted(&t[i]->cmd), i != 4);
	run_works();
	CHECK(IS_DONE(&d) && d.complete && !IS_DONE(&a));

	/* A command that comes later is not hit. */
	CHECK(!cst_cmd_aborted(&submit(nexuses[0], 0, 1)->cmd));
	/* An abort of the initiator's own command waits until the command is released. */
	finish(t[0]);
	run_works();
	CHECK(!IS_DONE(&a));
	release(t[0]);
	run_works();
	CHECK(IS_DONE(&a) && a.complete && !IS_DONE(&b));
	end(t[1]);
	run_works();
	CHECK(IS_DONE(&b) && b.complete && !IS_DONE(&c));
	for (i = 2; i < 6; i++)
		end(t[i]);
	run_works();
	CHECK(IS_DONE(&c) && c.complete);
	/* The initiator that has asked for the abort gets no unit attention. */
	CHECK_EQ(ua_count(nexuses[0], 0), 0);
	CHECK(t[0]->was_dropped && !t[4]->was_dropped);
	nexuses_end();
}

static void what_has_been_answered_is_waited_for_by_its_own(void)
{
	struct cst_abort own, all;
	struct task *t;

	nexuses_start(2);
	t = submit(nexuses[0], 0, 1);
	finish(t);
	START(&all, .dev = &devs[0]);
	START(&own, .sess = &nexuses[0]->sess);
	run_works();
	/* An abort by another nexus does not wait until this initiator reads its responses. */
	CHECK(IS_DONE(&all) && all.complete);
	CHECK(!IS_DONE(&own));
	release(t);
	run_works();
	CHECK(IS_DONE(&own) && own.complete);
	CHECK_EQ(own.hits, 0);
	CHECK(!t->was_dropped);
	CHECK_EQ(ua_count(nexuses[0], 0), 0);
	nexuses_end();
}

static void an_abort_of_a_device_is_of_all_nexuses(void)
{
	struct cst_abort a;
	struct task *t[4];
	unsigned int i;

	nexuses_start(3);
	nexus_map(nexuses[2], 2, &devs[0]);
	t[0] = submit(nexuses[0], 0, 1);
	t[1] = submit(nexuses[1], 0, 1);
	t[2] = submit(nexuses[2], 2, 1);
	t[3] = submit(nexuses[1], 1, 2);
	START(&a, .dev = &devs[0], .reset = true);
	run_works();
	CHECK(!IS_DONE(&a));
	CHECK(!cst_cmd_aborted(&t[3]->cmd));
	/* An initiator is told when its command is dropped, and not before. */
	CHECK_EQ(ua_count(nexuses[0], 0), 0);
	nexuses[1]->itls[0]->prevents_removal = true;
	cst_medium_stop(&devs[0]);
	cst_medium_stop(&devs[1]);
	for (i = 0; i < 3; i++) {
		CHECK(cst_cmd_aborted(&t[i]->cmd));
		finish(t[i]);
		CHECK(t[i]->was_dropped);
	}
	CHECK_REASON(ua_first(nexuses[2], 2),
		     CST_SENSE(COMMANDS_CLEARED_BY_ANOTHER_INITIATOR));
	CHECK(!IS_DONE(&a) && devs[0].stopped);
	run_works();
	CHECK(IS_DONE(&a) && a.complete);
	/* The reset unit is in the active power condition; another unit keeps its own. */
	CHECK(!devs[0].stopped && devs[1].stopped);
	/* All nexuses are told of the reset, also those that had no command there. */
	CHECK_REASON(ua_first(nexuses[0], 0), CST_SENSE(BUS_DEVICE_RESET));
	CHECK_REASON(ua_first(nexuses[2], 0), CST_SENSE(BUS_DEVICE_RESET));
	CHECK_REASON(ua_first(nexuses[2], 2), CST_SENSE(BUS_DEVICE_RESET));
	CHECK_EQ(ua_count(nexuses[0], 1), 0);
	CHECK(!nexuses[1]->itls[0]->prevents_removal);
	nexuses_end();
	CHECK(!t[3]->was_dropped);
}

/* PREEMPT AND ABORT: another nexus aborts what one nexus has in one logical unit. */
static void an_abort_of_both(void)
{
	struct cst_abort a, b;
	struct task *t[4];

	nexuses_start(2);
	t[0] = submit(nexuses[0], 0, 1);
	t[1] = submit(nexuses[0], 1, 2);
	t[2] = submit(nexuses[1], 0, 1);
	t[3] = submit(nexuses[0], 0, 2);
	finish(t[3]);
	START(&a, .sess = &nexuses[0]->sess, .dev = &devs[0]);
	CHECK_EQ(a.hits, 1);
	START(&b, .sess = &nexuses[0]->sess, .by_lun = true);
	CHECK_EQ(b.hits, 2);
	CHECK(cst_cmd_aborted(&t[0]->cmd) && !cst_cmd_aborted(&t[1]->cmd) &&
	      !cst_cmd_aborted(&t[2]->cmd));
	finish(t[0]);
	run_works();
	CHECK(IS_DONE(&a) && a.complete && !IS_DONE(&b));
	/* No unit attention: the command's own initiator has asked for an abort, too. */
	CHECK_EQ(ua_count(nexuses[0], 0), 0);
	release(t[0]);
	release(t[3]);
	run_works();
	CHECK(IS_DONE(&b) && b.complete);

	t[0] = submit(nexuses[0], 0, 5);
	START(&a, .sess = &nexuses[0]->sess, .dev = &devs[0]);
	finish(t[0]);
	CHECK_REASON(ua_first(nexuses[0], 0),
		     CST_SENSE(COMMANDS_CLEARED_BY_ANOTHER_INITIATOR));
	nexuses_end();
}

static void given_up_what_executes_is_answered(void)
{
	struct cst_abort own, other, all;
	struct task *t[4];
	unsigned int i;

	nexuses_start(3);
	for (i = 0; i < 3; i++)
		t[i] = submit(nexuses[i], 0, i);
	t[3] = submit(nexuses[2], 0, 7);
	START(&own, .sess = &nexuses[0]->sess);
	START(&other, .sess = &nexuses[1]->sess, .dev = &devs[0]);
	START(&all, .dev = &devs[0], .reset = true);
	advance(HZ);
	/* One command ends in time, and is dropped. */
	end(t[3]);
	CHECK_REASON(ua_first(nexuses[2], 0),
		     CST_SENSE(COMMANDS_CLEARED_BY_ANOTHER_INITIATOR));
	advance(LIMIT - HZ - 1);
	CHECK(!IS_DONE(&own) && !IS_DONE(&other) && !IS_DONE(&all));
	advance(HZ);
	CHECK(IS_DONE(&own) && !own.complete);
	CHECK(IS_DONE(&other) && !other.complete);
	CHECK(IS_DONE(&all) && !all.complete);
	for (i = 0; i < 3; i++) {
		CHECK(!cst_cmd_aborted(&t[i]->cmd));
		end(t[i]);
		CHECK(!t[i]->was_dropped);
	}
	/* No reset is told: the reset was given up. */
	CHECK_EQ(ua_count(nexuses[0], 0), 0);
	CHECK_EQ(ua_count(nexuses[1], 0), 0);
	CHECK_EQ(ua_count(nexuses[2], 0), 1);
	nexuses_end();
}

static void a_nexus_that_is_lost_takes_no_mark_back(void)
{
	struct cst_abort own, all;
	struct task *t;

	nexuses_start(1);
	t = submit(nexuses[0], 0, 1);
	START(&own, .sess = &nexuses[0]->sess);
	START(&all, .dev = &devs[0]);
	run_works();
	cst_session_abort_all(&nexuses[0]->sess);
	advance(LIMIT + HZ);
	CHECK(IS_DONE(&own) && !own.complete && IS_DONE(&all) && !all.complete);
	CHECK(cst_cmd_aborted(&t->cmd));
	end(t);
	CHECK(t->was_dropped);
	CHECK_EQ(ua_count(nexuses[0], 0), 0);
	nexuses_end();
}

static void who_is_left_still_wants_it(void)
{
	struct cst_abort a, b, c, d;
	struct task *t, *u;

	nexuses_start(2);
	t = submit(nexuses[0], 0, 1);
	u = submit(nexuses[1], 0, 1);
	START(&a, .sess = &nexuses[0]->sess);
	START(&c, .dev = &devs[0]);
	advance(HZ / 2);
	START(&b, .sess = &nexuses[0]->sess, .by_tag = true, .tag = 1);
	START(&d, .dev = &devs[0]);
	b.end += LIMIT;
	d.end += LIMIT;
	advance(LIMIT + HZ);
	CHECK(IS_DONE(&a) && !a.complete && IS_DONE(&c) && !c.complete);
	CHECK(!IS_DONE(&b) && !IS_DONE(&d));
	CHECK(cst_cmd_aborted(&t->cmd) && cst_cmd_aborted(&u->cmd));
	end(t);
	run_works();
	CHECK(IS_DONE(&b) && b.complete && !IS_DONE(&d));
	end(u);
	run_works();
	CHECK(IS_DONE(&d) && d.complete);
	CHECK(t->was_dropped && u->was_dropped);
	/* When the command ended, its own initiator wanted the abort, so nobody is told. */
	CHECK_EQ(ua_count(nexuses[0], 0), 0);
	CHECK_EQ(ua_count(nexuses[1], 0), 1);
	nexuses_end();
}

/*
 * The later abort has marked the commands that came after the earlier one; only these lose
 * their mark when the later abort is given up.
 */
static void the_last_one_is_given_up_first(void)
{
	struct cst_abort a, b;
	struct task *t, *u;

	nexuses_start(1);
	t = submit(nexuses[0], 0, 1);
	START(&a, .dev = &devs[0]);
	a.end += 3 * LIMIT;
	run_works();
	u = submit(nexuses[0], 0, 2);
	START(&b, .dev = &devs[0]);
	advance(LIMIT + HZ);
	CHECK(IS_DONE(&b) && !b.complete && !IS_DONE(&a));
	CHECK(cst_cmd_aborted(&t->cmd) && !cst_cmd_aborted(&u->cmd));
	end(u);
	CHECK(!IS_DONE(&a));
	end(t);
	run_works();
	CHECK(IS_DONE(&a) && a.complete);
	nexuses_end();
}

/* Aborts that start together, of which one has a longer time limit than the others. */
static void a_peer_takes_over(void)
{
	struct cst_abort a[3];
	struct task *t;

	nexuses_start(1);
	t = submit(nexuses[0], 0, 1);
	START(&a[0], .dev = &devs[0]);
	START(&a[1], .dev = &devs[0]);
	a[1].end += 3 * LIMIT;
	START(&a[2], .dev = &devs[0]);
	advance(LIMIT + HZ);
	CHECK(IS_DONE(&a[0]) && !IS_DONE(&a[1]) && IS_DONE(&a[2]));
	CHECK(cst_cmd_aborted(&t->cmd));
	end(t);
	run_works();
	CHECK(IS_DONE(&a[1]) && a[1].complete);
	nexuses_end();
}

static struct cst_abort all_of_it, both_of_it;

static void mark_it(void)
{
	START(&all_of_it, .dev = &devs[0]);
	START(&both_of_it, .sess = &nexuses[0]->sess, .dev = &devs[0]);
	run_works();
	CHECK(!IS_DONE(&all_of_it) && !IS_DONE(&both_of_it));
	CHECK(cst_cmd_aborted(&tasks[0].cmd));
}

/* A command is marked after cst_cmd_finish() has found no mark. */
static void answered_just_as_it_is_marked(void)
{
	struct task *t[2];
	unsigned int i;

	for (i = 0; i < 2; i++) {
		nexuses_start(2);
		t[0] = submit(nexuses[0], 0, 1);
		t[1] = submit(nexuses[1], 0, 1);
		shim_rcu_then = mark_it;
		finish(t[0]);
		CHECK_EQ(t[0]->fate, ANSWERED);
		finish(t[1]);
		if (i)
			release(t[0]);
		else
			/* The response stays unread; the abort's next look finds it. */
			advance(HZ);
		run_works();
		CHECK(IS_DONE(&all_of_it) && all_of_it.complete);
		CHECK(IS_DONE(&both_of_it) && both_of_it.complete);
		/* No unit attention: the command was answered. */
		CHECK_EQ(ua_count(nexuses[0], 0), 0);
		nexuses_end();
	}
}

/*
 * Each of a thousand nexuses resets the same logical unit.  The number of times that a list
 * of commands is looked at must grow with the number of resets, not with its square.
 */
static void many_at_once(void)
{
	static struct cst_abort own[1000], all[1000];
	unsigned long seen[2], i, n, round;

	for (round = 0; round < 2; round++) {
		n = round ? 1000 : 100;
		nexuses_start(n);
		for (i = 0; i < n; i++) {
			submit(nexuses[i], 0, 1);
			submit(nexuses[i], 0, 2);
		}
		nr_done = 0;
		shim_cpu_looks = 0;
		for (i = 0; i < n; i++) {
			START(&own[i], .sess = &nexuses[i]->sess, .by_lun = true);
			START(&all[i], .dev = &devs[0], .reset = true);
			/* The first two aborts do not share a run of the work. */
			if (i < 2)
				run_works();
		}
		run_works();
		CHECK_EQ(nr_done, 0);
		end_all();
		CHECK_EQ(nr_done, 2 * n);
		for (i = 0; i < n; i++)
			CHECK_EQ(ua_count(nexuses[i], 0), 1);
		seen[round] = shim_cpu_looks;
		nexuses_end();
	}
	CHECK(seen[1] <= 11 * seen[0]);
	CHECK(seen[1] <= 20 * 1000);
}

/* --- random histories --- */

#define MODEL_ABORTS	128

/* The model derives what an abort has hit from the visible state of the commands. */
struct model {
	struct cst_abort	abort;
	struct cst_abort	scope;
	bool			is_done;
	bool			hit[256];
};

static struct model models[MODEL_ABORTS];
static unsigned int nr_models;

static bool in_scope(const struct cst_abort *s, const struct cst_cmd *cmd)
{
	u32 lun;

	return (!s->sess || cmd->sess == s->sess) &&
	       (!s->dev || cmd->dev == s->dev) &&
	       (!s->by_tag || cmd->tag == s->tag) &&
	       (!s->by_lun || (!cst_lun_decode(cmd->lun, &lun) && lun == s->lun));
}

static bool has_ended(const struct model *m, const struct task *t)
{
	return m->scope.dev ? t->fate != UNDER_WAY : t->fate == RELEASED;
}

static void model_done(struct cst_abort *abort)
{
	struct model *m = container_of(abort, struct model, abort);
	unsigned int i;
	bool left = false;

	CHECK(!m->is_done);
	m->is_done = true;
	for (i = 0; i < nr_tasks; i++)
		left |= m->hit[i] && !has_ended(m, &tasks[i]);
	if (abort->complete)
		CHECK(!left);
	else
		CHECK(left && time_after_eq(jiffies, m->scope.end));
}

static void model_start(unsigned int kind)
{
	struct model *m = &models[nr_models++];
	struct nexus *n = nexuses[rand() % nr_nexuses];
	unsigned int i;

	m->is_done = false;
	m->scope = (struct cst_abort){
		.end = jiffies + HZ + rand() % LIMIT,
		.done = model_done,
	};
	if (kind != 1)
		m->scope.sess = &n->sess;
	if (kind)
		m->scope.dev = &devs[rand() % 2];
	if (kind == 1)
		m->scope.reset = rand() % 2;
	if (!kind) {
		m->scope.by_lun = rand() % 2;
		m->scope.lun = rand() % NR_LUNS;
		m->scope.by_tag = rand() % 2;
		m->scope.tag = rand() % 4;
	}
	m->abort = m->scope;
	for (i = 0; i < nr_tasks; i++)
		m->hit[i] = in_scope(&m->scope, &tasks[i].cmd) &&
			    tasks[i].fate != RELEASED &&
			    !(m->scope.dev && tasks[i].fate != UNDER_WAY);
	for (; i < ARRAY_SIZE(m->hit); i++)
		m->hit[i] = false;
	cst_abort_start(&m->abort);
	/* Run its work now: otherwise the abort may also mark commands that come meanwhile. */
	if (kind == 1)
		run_works();
}

/* Check that a command is marked exactly as long as a waiting abort has hit it. */
static void model_check(void)
{
	unsigned int i, j;

	for (i = 0; i < nr_models; i++) {
		struct model *m = &models[i];
		bool left = false;

		for (j = 0; j < nr_tasks; j++)
			left |= m->hit[j] && !has_ended(m, &tasks[j]);
		CHECK(left || m->is_done);
	}
	for (j = 0; j < nr_tasks; j++) {
		bool wanted = false;

		if (tasks[j].fate != UNDER_WAY)
			continue;
		for (i = 0; i < nr_models; i++)
			wanted |= !models[i].is_done && models[i].hit[j];
		CHECK_EQ(cst_cmd_aborted(&tasks[j].cmd), wanted);
	}
}

static void random_histories(void)
{
	unsigned int seed, step, i;

	for (seed = 1; seed <= 300 && !test_failed; seed++) {
		srand(seed);
		nexuses_start(3);
		nexus_map(nexuses[0], 2, &devs[0]);
		nexus_map(nexuses[2], 2, &devs[1]);
		nr_models = 0;
		for (step = 0; step < 400 && !test_failed; step++) {
			i = nr_tasks ? rand() % nr_tasks : 0;
			switch (rand() % 10) {
			case 0:
			case 1:
			case 2:
				if (nr_tasks < 256)
					submit(nexuses[rand() % 3],
					       rand() % NR_LUNS, rand() % 4);
				break;
			case 3:
			case 4:
				if (nr_tasks && tasks[i].fate == UNDER_WAY)
					finish(&tasks[i]);
				break;
			case 5:
			case 6:
				if (nr_tasks && (tasks[i].fate == ANSWERED ||
						 tasks[i].fate == DROPPED))
					release(&tasks[i]);
				break;
			case 7:
				if (nr_models < MODEL_ABORTS)
					model_start(rand() % 3);
				break;
			case 8:
				advance(rand() % HZ);
				break;
			default:
				run_works();
				model_check();
			}
		}
		nexuses_end();
		for (i = 0; i < nr_models; i++)
			CHECK(models[i].is_done);
		if (test_failed)
			test_say(__FILE__, __LINE__, "history %u", seed);
	}
}

/* SAM-5 5.3.1: RESERVATION CONFLICT is a status of its own, without sense. */
static void a_reservation_conflict_is_a_status(void)
{
	struct task *t;

	nexuses_start(1);
	t = submit(nexuses[0], 0, 1);
	cst_cmd_finish(&t->cmd, CST_RESERVATION_CONFLICT);
	CHECK_EQ(t->cmd.status, 0x18);
	CHECK_EQ(t->cmd.sense_len, 0);
	CHECK_EQ(devs[0].stats->errors, 0);
	CHECK_STR(cst_sense_name(CST_RESERVATION_CONFLICT), "RESERVATION_CONFLICT");
	nexuses_end();
}

TEST_MAIN(T(an_abort_of_a_nexus_is_by_lun_and_tag),
	  T(what_has_been_answered_is_waited_for_by_its_own),
	  T(an_abort_of_a_device_is_of_all_nexuses), T(an_abort_of_both),
	  T(given_up_what_executes_is_answered), T(a_nexus_that_is_lost_takes_no_mark_back),
	  T(who_is_left_still_wants_it), T(the_last_one_is_given_up_first),
	  T(a_peer_takes_over), T(answered_just_as_it_is_marked), T(many_at_once),
	  T(random_histories), T(a_reservation_conflict_is_a_status))
