// SPDX-License-Identifier: GPL-2.0-only
/*
 * tmf.c with the aborts that it starts: which commands a function hits, when it is answered
 * and how, and that it gives back everything that it holds.
 */
#include "nexus.h"

static bool answered[64];
static struct cst_tmf *tmfs[64];
static unsigned int nr_tmfs;

static void tmf_done(struct cst_tmf *tmf)
{
	unsigned int i;

	for (i = 0; i < nr_tmfs; i++) {
		if (tmfs[i] == tmf) {
			CHECK(!answered[i]);
			answered[i] = true;
		}
	}
}

static void start(unsigned int nr)
{
	while (nr_tmfs)
		free(tmfs[--nr_tmfs]);
	memset(answered, 0, sizeof(answered));
	emu_tmf_done = tmf_done;
	nexuses_start(nr);
}

/* Start a function.  It lies on the heap, full of garbage but for what a fabric fills in. */
static unsigned int function(struct nexus *n, u8 what, u64 wire, u64 tag)
{
	struct cst_tmf *tmf = malloc(sizeof(*tmf));

	memset(tmf, 0xa5, sizeof(*tmf));
	tmf->sess = &n->sess;
	tmf->function = what;
	shim_put_be(wire, tmf->lun, sizeof(tmf->lun));
	tmf->tag = tag;
	tmfs[nr_tmfs] = tmf;
	cst_tmf_submit(tmf);
	return nr_tmfs++;
}

#define LUN(_n)	((u64)(_n) << 48)

static void finish_all(void)
{
	nexuses_end();
}

#define CHECK_ANSWER(_f, _response) do {				\
	unsigned int _i = (_f);						\
									\
	CHECK(answered[_i]);						\
	CHECK_EQ(tmfs[_i]->response, _response);			\
} while (0)

static void nothing_is_there_to_be_hit(void)
{
	static const struct {
		u8	function;
		u64	lun;
		u8	response;
	} cases[] = {
		{ CST_TMF_ABORT_TASK, LUN(0), CST_TMF_TASK_DOES_NOT_EXIST },
		{ CST_TMF_ABORT_TASK, LUN(3), CST_TMF_LUN_DOES_NOT_EXIST },
		{ CST_TMF_ABORT_TASK, ~0ULL, CST_TMF_LUN_DOES_NOT_EXIST },
		{ CST_TMF_ABORT_TASK_SET, LUN(0), CST_TMF_COMPLETE },
		{ CST_TMF_ABORT_TASK_SET, LUN(3), CST_TMF_LUN_DOES_NOT_EXIST },
		{ CST_TMF_CLEAR_TASK_SET, LUN(0), CST_TMF_COMPLETE },
		{ CST_TMF_CLEAR_TASK_SET, LUN(3), CST_TMF_LUN_DOES_NOT_EXIST },
		{ CST_TMF_LUN_RESET, LUN(0x4001), CST_TMF_COMPLETE },
		{ CST_TMF_LUN_RESET, ~0ULL, CST_TMF_LUN_DOES_NOT_EXIST },
		{ CST_TMF_TARGET_RESET, 0, CST_TMF_COMPLETE },
		{ CST_TMF_NEXUS_LOSS, 0, CST_TMF_COMPLETE },
		{ 99, 0, CST_TMF_NOT_SUPPORTED },
	};
	unsigned int i, f;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		start(2);
		f = function(nexuses[0], cases[i].function, cases[i].lun, 1);
		/* The answer always comes from a worker. */
		CHECK(!answered[f]);
		run_works();
		CHECK_ANSWER(f, cases[i].response);
		finish_all();
	}
}

/* SAM-5 7.2: a command leaves the task set with its status, before the fabric sends that. */
static void what_has_its_status_is_not_aborted(void)
{
	struct task *t;
	unsigned int unsent, f;

	for (unsent = 0; unsent < 2; unsent++) {
		start(1);
		t = submit(nexuses[0], 0, 1);
		finish(t);
		f = function(nexuses[0], CST_TMF_ABORT_TASK, LUN(0), 1);
		run_works();
		CHECK(!answered[f]);
		if (unsent)
			cst_cmd_unsent(&t->cmd);
		release(t);
		run_works();
		CHECK_ANSWER(f, unsent ? CST_TMF_COMPLETE :
					 CST_TMF_TASK_DOES_NOT_EXIST);
		CHECK(!t->was_dropped);
		finish_all();
	}
}

/* One device at two LUNs of a nexus. */
static void abort_task_set_is_of_one_lun(void)
{
	struct task *t[3];
	unsigned int f;

	start(2);
	nexus_map(nexuses[0], 2, &devs[0]);
	t[0] = submit(nexuses[0], 0, 1);
	t[1] = submit(nexuses[0], 2, 2);
	t[2] = submit(nexuses[1], 0, 1);
	f = function(nexuses[0], CST_TMF_ABORT_TASK_SET, LUN(0), 0);
	run_works();
	CHECK(!answered[f]);
	end(t[0]);
	run_works();
	CHECK_ANSWER(f, CST_TMF_COMPLETE);
	end(t[1]);
	end(t[2]);
	CHECK(t[0]->was_dropped && !t[1]->was_dropped && !t[2]->was_dropped);
	finish_all();
}

/* A command that was sent to a LUN is found there, whatever is mapped at the LUN now. */
static void after_the_lun_was_taken_away(void)
{
	static const u8 functions[] = {
		CST_TMF_ABORT_TASK, CST_TMF_ABORT_TASK_SET,
		CST_TMF_CLEAR_TASK_SET, CST_TMF_LUN_RESET,
	};
	struct task *t, *other, *later;
	unsigned int i, f, relink;

	for (i = 0; i < ARRAY_SIZE(functions); i++) {
		for (relink = 0; relink < 2; relink++) {
			start(2);
			t = submit(nexuses[0], 0, 1);
			other = submit(nexuses[1], 0, 1);
			nexus_map(nexuses[0], 0, relink ? &devs[2] : NULL);
			later = submit(nexuses[0], 0, 2);
			f = function(nexuses[0], functions[i], LUN(0), 1);
			run_works();
			CHECK(!answered[f]);
			CHECK(cst_cmd_aborted(&t->cmd));
			/* The device is not mapped for this nexus any more. */
			CHECK(!cst_cmd_aborted(&other->cmd));
			if (i)
				end(later);
			end(t);
			run_works();
			CHECK_ANSWER(f, CST_TMF_COMPLETE);
			CHECK(t->was_dropped);
			finish_all();
			/* At a LUN that is not mapped the later command was answered. */
			CHECK_EQ(later->was_dropped, i != 0 && relink);
		}
	}
}

static void a_lun_reset_reaches_all_nexuses(void)
{
	struct task *mine, *theirs, *elsewhere;
	unsigned int f;

	start(3);
	mine = submit(nexuses[0], 0, 1);
	theirs = submit(nexuses[1], 0, 1);
	elsewhere = submit(nexuses[1], 1, 2);
	f = function(nexuses[0], CST_TMF_LUN_RESET, LUN(0), 0);
	run_works();
	end(mine);
	run_works();
	CHECK(!answered[f]);
	end(theirs);
	run_works();
	CHECK_ANSWER(f, CST_TMF_COMPLETE);
	CHECK_REASON(ua_first(nexuses[0], 0), CST_SENSE(BUS_DEVICE_RESET));
	CHECK_REASON(ua_first(nexuses[1], 0), CST_SENSE(BUS_DEVICE_RESET));
	CHECK_REASON(ua_first(nexuses[2], 0), CST_SENSE(BUS_DEVICE_RESET));
	CHECK(!cst_cmd_aborted(&elsewhere->cmd));
	finish_all();
}

static void clear_task_set_tells_those_it_hits(void)
{
	unsigned int f;

	start(3);
	submit(nexuses[0], 0, 1);
	submit(nexuses[1], 0, 1);
	f = function(nexuses[0], CST_TMF_CLEAR_TASK_SET, LUN(0), 0);
	run_works();
	end_all();
	CHECK_ANSWER(f, CST_TMF_COMPLETE);
	CHECK_EQ(ua_count(nexuses[0], 0), 0);
	CHECK_REASON(ua_first(nexuses[1], 0),
		     CST_SENSE(COMMANDS_CLEARED_BY_ANOTHER_INITIATOR));
	CHECK_EQ(ua_count(nexuses[2], 0), 0);
	finish_all();
}

/* TAS: a status for each of their commands, and no unit attention. */
static void with_tas_each_command_gets_a_status(void)
{
	struct task *mine, *theirs, *waits;
	unsigned int f;

	start(3);
	devs[0].mode.tas = true;
	mine = submit(nexuses[0], 0, 1);
	theirs = submit(nexuses[1], 0, 1);
	play.dir = DMA_TO_DEVICE;
	play.len = 512;
	emu.data_later = true;
	waits = new_task(nexuses[2], 0, 1);
	waits->cmd.exp_dir = DMA_TO_DEVICE;
	waits->cmd.exp_len = 512;
	cst_cmd_submit(&waits->cmd);
	CHECK(waits->wants_data);
	f = function(nexuses[0], CST_TMF_CLEAR_TASK_SET, LUN(0), 0);
	run_works();
	finish(mine);
	finish(theirs);
	finish(waits);
	run_works();
	CHECK(mine->was_dropped);
	CHECK_EQ(theirs->fate, ANSWERED);
	CHECK_EQ(theirs->cmd.status, SAM_STAT_TASK_ABORTED);
	CHECK_EQ(waits->fate, ANSWERED);
	CHECK_EQ(waits->cmd.status, SAM_STAT_TASK_ABORTED);
	CHECK_EQ(waits->cmd.data_len, 0);
	CHECK_EQ(waits->cmd.sense_len, 0);
	release(mine);
	release(theirs);
	release(waits);
	run_works();
	CHECK_ANSWER(f, CST_TMF_COMPLETE);
	CHECK_EQ(ua_count(nexuses[1], 0), 0);
	CHECK_EQ(ua_count(nexuses[2], 0), 0);
	emu.data_later = false;
	finish_all();
}

/*
 * The answer comes early enough for open-iscsi.  It says that the function failed; each command
 * has ended or will end accordingly.
 */
static void a_reset_that_takes_too_long(void)
{
	static const u8 functions[] = { CST_TMF_LUN_RESET, CST_TMF_TARGET_RESET };
	struct task *mine, *quick, *stuck;
	unsigned int i, f;

	for (i = 0; i < ARRAY_SIZE(functions); i++) {
		start(3);
		mine = submit(nexuses[0], 0, 1);
		quick = submit(nexuses[1], 0, 1);
		stuck = submit(nexuses[2], 0, 1);
		f = function(nexuses[0], functions[i], LUN(0), 0);
		advance(9 * HZ);
		CHECK(!answered[f]);
		end(quick);
		advance(3 * HZ);
		CHECK_ANSWER(f, CST_TMF_REJECTED);
		end(mine);
		end(stuck);
		/* A command was either dropped, and its initiator told, or answered. */
		CHECK(quick->was_dropped && !mine->was_dropped && !stuck->was_dropped);
		CHECK_EQ(ua_count(nexuses[0], 0), 0);
		CHECK_REASON(ua_first(nexuses[1], 0),
			     CST_SENSE(COMMANDS_CLEARED_BY_ANOTHER_INITIATOR));
		CHECK_EQ(ua_count(nexuses[2], 0), 0);
		finish_all();
	}
}

static void a_target_reset_reaches_each_lun(void)
{
	struct task *t[3];
	unsigned int f, g;

	start(2);
	nexus_map(nexuses[1], 3, &devs[2]);
	t[0] = submit(nexuses[1], 0, 1);
	t[1] = submit(nexuses[1], 1, 2);
	t[2] = submit(nexuses[1], 3, 3);
	f = function(nexuses[0], CST_TMF_TARGET_RESET, 0, 0);
	/* The second reset waits for the first one. */
	g = function(nexuses[0], CST_TMF_TARGET_RESET, 0, 0);
	run_works();
	CHECK(!answered[f]);
	CHECK_ANSWER(g, CST_TMF_REJECTED);
	CHECK(!cst_cmd_aborted(&t[2]->cmd));
	end(t[0]);
	run_works();
	/* The reset of that logical unit is done. */
	CHECK_REASON(ua_first(nexuses[1], 0), CST_SENSE(BUS_DEVICE_RESET));
	CHECK(!answered[f]);
	end(t[1]);
	run_works();
	CHECK_ANSWER(f, CST_TMF_COMPLETE);
	CHECK_REASON(ua_first(nexuses[1], 1), CST_SENSE(BUS_DEVICE_RESET));
	CHECK_EQ(ua_count(nexuses[1], 3), 0);
	g = function(nexuses[0], CST_TMF_TARGET_RESET, 0, 0);
	run_works();
	CHECK_ANSWER(g, CST_TMF_COMPLETE);
	finish_all();
}

/* A target reset that lacks memory resets no logical unit. */
static void a_target_reset_without_memory(void)
{
	struct task *t;
	unsigned int f;

	start(2);
	t = submit(nexuses[0], 0, 1);
	/* The allocation for the second logical unit fails. */
	shim_fail_at = 2;
	f = function(nexuses[0], CST_TMF_TARGET_RESET, 0, 0);
	run_works();
	CHECK_ANSWER(f, CST_TMF_REJECTED);
	CHECK(!cst_cmd_aborted(&t->cmd));
	CHECK_EQ(shim_allocated, 0);
	f = function(nexuses[0], CST_TMF_TARGET_RESET, 0, 0);
	run_works();
	end(t);
	run_works();
	CHECK_ANSWER(f, CST_TMF_COMPLETE);
	/* A LUN that is being unmapped is left out. */
	nexuses[0]->itls[1]->ref.dying = true;
	f = function(nexuses[0], CST_TMF_TARGET_RESET, 0, 0);
	run_works();
	CHECK_ANSWER(f, CST_TMF_COMPLETE);
	CHECK_EQ(nexuses[0]->itls[1]->ref.count, 1);
	nexuses[0]->itls[1]->ref.dying = false;
	finish_all();
}

static void a_nexus_that_was_lost(void)
{
	struct task *t;
	unsigned int f;

	start(1);
	t = submit(nexuses[0], 0, 1);
	nexuses[0]->itls[0]->prevents_removal = true;
	f = function(nexuses[0], CST_TMF_NEXUS_LOSS, 0, 0);
	run_works();
	CHECK(!answered[f]);
	end(t);
	run_works();
	CHECK_ANSWER(f, CST_TMF_COMPLETE);
	CHECK_REASON(ua_first(nexuses[0], 0), CST_SENSE(I_T_NEXUS_LOSS));
	CHECK(!nexuses[0]->itls[0]->prevents_removal);
	finish_all();
}

TEST_MAIN(T(nothing_is_there_to_be_hit), T(what_has_its_status_is_not_aborted),
	  T(abort_task_set_is_of_one_lun),
	  T(after_the_lun_was_taken_away), T(a_lun_reset_reaches_all_nexuses),
	  T(clear_task_set_tells_those_it_hits), T(with_tas_each_command_gets_a_status),
	  T(a_reset_that_takes_too_long),
	  T(a_target_reset_reaches_each_lun), T(a_target_reset_without_memory),
	  T(a_nexus_that_was_lost))
