// SPDX-License-Identifier: GPL-2.0-only
#include "../../../src/fabrics/iscsi/cmdsn.c"
#include "test.h"

static void only_the_expected_number_comes_in(void)
{
	struct cit_window w;

	cit_window_init(&w, 1000, 32);
	CHECK_EQ(w.exp, 1000);
	CHECK_EQ(w.max, 1031);
	CHECK_EQ(cit_window_check(&w, 1000), CIT_CMDSN_ACCEPT);
	CHECK_EQ(cit_window_check(&w, 999), CIT_CMDSN_IGNORE);
	CHECK_EQ(cit_window_check(&w, 1001), CIT_CMDSN_GAP);
	CHECK_EQ(cit_window_check(&w, 1031), CIT_CMDSN_GAP);
	CHECK_EQ(cit_window_check(&w, 1032), CIT_CMDSN_IGNORE);
	CHECK_EQ(cit_window_check(&w, 1000 + 0x80000000u), CIT_CMDSN_IGNORE);
}

static void a_full_window_takes_nothing(void)
{
	struct cit_window w;
	u32 i;

	cit_window_init(&w, 5, 4);
	for (i = 5; i < 9; i++) {
		CHECK_EQ(cit_window_check(&w, i), CIT_CMDSN_ACCEPT);
		cit_window_accept(&w);
	}
	CHECK_EQ(w.exp, w.max + 1);
	CHECK_EQ(cit_window_check(&w, 9), CIT_CMDSN_IGNORE);
	cit_window_retire(&w, 4);
	CHECK_EQ(cit_window_check(&w, 9), CIT_CMDSN_ACCEPT);
	CHECK_EQ(cit_window_check(&w, 10), CIT_CMDSN_IGNORE);
}

static void a_number_passed_over_is_a_gap(void)
{
	struct cit_window w;

	cit_window_init(&w, 0xfffffffe, 4);
	CHECK_EQ(cit_window_check(&w, 0xfffffffd), CIT_CMDSN_IGNORE);
	CHECK_EQ(cit_window_check(&w, 0xffffffff), CIT_CMDSN_GAP);
	CHECK_EQ(cit_window_check(&w, 1), CIT_CMDSN_GAP);
	CHECK_EQ(cit_window_check(&w, 2), CIT_CMDSN_IGNORE);
	cit_window_accept(&w);
	CHECK_EQ(cit_window_check(&w, 0xffffffff), CIT_CMDSN_ACCEPT);
	CHECK_EQ(cit_window_check(&w, 0xfffffffe), CIT_CMDSN_IGNORE);
}

static void numbers_wrap(void)
{
	struct cit_window w;
	u32 n = 0xfffffffd;
	int i;

	cit_window_init(&w, n, 8);
	for (i = 0; i < 100; i++, n++) {
		CHECK_EQ(cit_window_check(&w, n), CIT_CMDSN_ACCEPT);
		CHECK_EQ(cit_window_check(&w, n - 1), CIT_CMDSN_IGNORE);
		cit_window_accept(&w);
		cit_window_retire(&w, 8);
	}
	CHECK_EQ(w.max - w.exp, 7);
}

/* A smaller credit takes nothing back; it takes effect as requests end. */
static void the_window_never_shrinks(void)
{
	struct cit_window w;
	u32 n = 0xfffffffc, max;
	int i;

	cit_window_init(&w, n, 8);
	for (i = 0; i < 8; i++)
		cit_window_accept(&w);
	max = w.max;
	for (i = 0; i < 5; i++) {
		cit_window_retire(&w, 3);
		CHECK_EQ(w.max, max);
	}
	/* Three requests are under way: from now on each that ends lets another one in. */
	cit_window_retire(&w, 3);
	CHECK_EQ(w.max, max + 1);
	cit_window_accept(&w);
	cit_window_retire(&w, 3);
	CHECK_EQ(w.max, max + 2);
	/* The credit grows again. */
	cit_window_retire(&w, 8);
	CHECK_EQ(w.max - w.exp, 8 - 1 - 1);
}

/* RFC 7143, 11.6.1 */
static void a_task_that_has_not_arrived_counts_as_received(void)
{
	struct cit_window w;

	cit_window_init(&w, 0xfffffffe, 8);
	CHECK(cit_window_ref_pending(&w, 0xfffffffe, 0xffffffff));
	CHECK(cit_window_ref_pending(&w, 1, 2));
	/* RefCmdSN is not before the CmdSN of the request that aborts it. */
	CHECK(!cit_window_ref_pending(&w, 2, 2));
	CHECK(!cit_window_ref_pending(&w, 3, 2));
	/* RefCmdSN was accepted long ago, or lies outside the window. */
	CHECK(!cit_window_ref_pending(&w, 0xfffffffd, 2));
	CHECK(!cit_window_ref_pending(&w, 6, 7));
}

static void accept_and_skip(struct cit_window *w)
{
	cit_window_accept(w);
	while (cit_window_skip(w))
		cit_window_retire(w, 8);
}

/* RFC 7143, 11.6.1, for several tasks that are missing: they may be aborted in any order. */
static void what_was_aborted_ahead_counts_in_its_turn(void)
{
	struct cit_window w;

	cit_window_init(&w, 0xfffffffe, 8);
	cit_window_abort(&w, 0xffffffff);
	cit_window_abort(&w, 1);
	cit_window_abort(&w, 1);
	CHECK_EQ(w.nr_aborted, 2);
	CHECK_EQ(w.exp, 0xfffffffe);
	/* The missing commands may still arrive. */
	CHECK_EQ(cit_window_check(&w, 0xffffffff), CIT_CMDSN_IGNORE);
	CHECK_EQ(cit_window_check(&w, 0), CIT_CMDSN_GAP);
	CHECK_EQ(cit_window_check(&w, 1), CIT_CMDSN_IGNORE);
	CHECK_EQ(cit_window_check(&w, 2), CIT_CMDSN_GAP);
	CHECK_EQ(cit_window_check(&w, 0xfffffffe), CIT_CMDSN_ACCEPT);
	accept_and_skip(&w);
	CHECK_EQ(w.exp, 0);
	CHECK_EQ(w.nr_aborted, 1);
	CHECK_EQ(cit_window_check(&w, 0xffffffff), CIT_CMDSN_IGNORE);
	accept_and_skip(&w);
	CHECK_EQ(w.exp, 2);
	CHECK_EQ(w.nr_aborted, 0);
	/* The aborted commands have ended, the others are under way. */
	CHECK_EQ(w.max - w.exp, 8 - 2 - 1);
	/* Later commands at the same places of the window: no mark is left there. */
	for (; w.exp != CIT_WINDOW_MAX + 2;) {
		accept_and_skip(&w);
		cit_window_retire(&w, 8);
	}
	CHECK_EQ(w.max - w.exp, 8 - 2 - 1);
}

static void the_widest_window_is_aborted_from_its_end(void)
{
	struct cit_window w;
	u32 first = 0xffffff00, n;

	cit_window_init(&w, first, CIT_WINDOW_MAX);
	for (n = w.max; n != first; n--) {
		CHECK(cit_window_ref_pending(&w, n, w.max + 1));
		cit_window_abort(&w, n);
	}
	CHECK_EQ(w.nr_aborted, CIT_WINDOW_MAX - 1);
	cit_window_accept(&w);
	for (n = 0; cit_window_skip(&w); n++)
		cit_window_retire(&w, CIT_WINDOW_MAX);
	CHECK_EQ(n, CIT_WINDOW_MAX - 1);
	CHECK_EQ(w.exp, first + CIT_WINDOW_MAX);
	CHECK_EQ(w.nr_aborted, 0);
	CHECK_EQ(w.max - w.exp, CIT_WINDOW_MAX - 2);
}

TEST_MAIN(T(only_the_expected_number_comes_in), T(a_full_window_takes_nothing),
	  T(numbers_wrap), T(a_number_passed_over_is_a_gap), T(the_window_never_shrinks),
	  T(a_task_that_has_not_arrived_counts_as_received),
	  T(what_was_aborted_ahead_counts_in_its_turn),
	  T(the_widest_window_is_aborted_from_its_end))
