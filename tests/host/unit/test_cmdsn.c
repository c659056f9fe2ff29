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

/* A smaller credit takes nothing back, and comes to hold as requests end. */
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
	/* Three are under way: from now on each that ends lets another one in. */
	cit_window_retire(&w, 3);
	CHECK_EQ(w.max, max + 1);
	cit_window_accept(&w);
	cit_window_retire(&w, 3);
	CHECK_EQ(w.max, max + 2);
	/* more again */
	cit_window_retire(&w, 8);
	CHECK_EQ(w.max - w.exp, 8 - 1 - 1);
}

/* RFC 7143 11.6.1 */
static void a_task_that_has_not_arrived_counts_as_received(void)
{
	struct cit_window w;

	cit_window_init(&w, 0xfffffffe, 8);
	CHECK(cit_window_ref_pending(&w, 0xfffffffe, 0xffffffff));
	CHECK(cit_window_ref_pending(&w, 1, 2));
	/* It is not before the request that aborts it. */
	CHECK(!cit_window_ref_pending(&w, 2, 2));
	CHECK(!cit_window_ref_pending(&w, 3, 2));
	/* Accepted long ago, or out of the window. */
	CHECK(!cit_window_ref_pending(&w, 0xfffffffd, 2));
	CHECK(!cit_window_ref_pending(&w, 6, 7));
}

TEST_MAIN(T(only_the_expected_number_comes_in), T(a_full_window_takes_nothing),
	  T(numbers_wrap), T(a_number_passed_over_is_a_gap), T(the_window_never_shrinks),
	  T(a_task_that_has_not_arrived_counts_as_received))
