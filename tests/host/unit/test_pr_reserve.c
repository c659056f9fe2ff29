// SPDX-License-Identifier: GPL-2.0-only
/* RESERVE and RELEASE: SPC-2, with the exceptions of SPC-4 5.13.3. */
#include "pr_nexus.h"

#define RESERVE6(_i)	RUN(_i, 0x16, 0, 0, 0, 0, 0)
#define RELEASE6(_i)	RUN(_i, 0x17, 0, 0, 0, 0, 0)
#define RESERVE10(_i)	RUN(_i, 0x56, 0, 0, 0, 0, 0, 0, 0, 0, 0)
#define RELEASE10(_i)	RUN(_i, 0x57, 0, 0, 0, 0, 0, 0, 0, 0, 0)
#define TUR(_i)		RUN(_i, 0, 0, 0, 0, 0, 0)

/* Is the unit reserved by initiator @i, for all to see? */
static void is_reserved_by(unsigned int i)
{
	const u8 read[10] = { 0x28, [8] = 1 }, write[10] = { 0x2a, [8] = 1 };
	const u8 capacity[10] = { 0x25 };
	unsigned int j;

	for (j = 0; j < NR_INITIATORS; j++) {
		cst_sense_t want = j == i ? CST_OK : CST_RESERVATION_CONFLICT;

		if (!who[j].here)
			continue;
		CHECK_REASON(TUR(j), want);
		CHECK_REASON(run(j, read, 10, DMA_FROM_DEVICE, 512), want);
		CHECK_REASON(run(j, write, 10, DMA_TO_DEVICE, 512), want);
		CHECK_REASON(RUN(j, 0x1a, 0, 0x3f, 0, 0, 0), want);
		CHECK_REASON(RUN(j, 0x1e, 0, 0, 0, 1, 0), want);
		CHECK_REASON(RUN(j, 0x1e, 0, 0, 0, 0, 0), CST_OK);
		CHECK_REASON(RUN(j, 0x12, 0, 0, 0, 0, 0), CST_OK);
		CHECK_REASON(RUN(j, 0x03, 0, 0, 0, 0, 0), CST_OK);
		CHECK_REASON(RUN(j, 0x4d, 0, 0x40, 0, 0, 0, 0, 0, 0, 0), CST_OK);
		CHECK_REASON(run(j, capacity, 10, DMA_FROM_DEVICE, 8), CST_OK);
		/* SPC-2 5.5.1: for all, also for the one that has reserved it */
		CHECK_REASON(pr_in(j, 0, 8), CST_RESERVATION_CONFLICT);
		CHECK_REASON(pr_out(j, CST_PR_REGISTER, 0, 0, 1), CST_RESERVATION_CONFLICT);
	}
}

static void is_free(void)
{
	unsigned int j;

	for (j = 0; j < NR_INITIATORS; j++)
		if (who[j].here)
			CHECK_REASON(TUR(j), CST_OK);
	CHECK(!pr->reserved_by);
	finish();
}

static void reserved_and_released(void)
{
	start();
	CHECK_REASON(RESERVE6(0), CST_OK);
	is_reserved_by(0);
	CHECK_REASON(RESERVE6(0), CST_OK);
	CHECK_REASON(RESERVE10(0), CST_OK);
	CHECK_REASON(RESERVE6(1), CST_RESERVATION_CONFLICT);
	CHECK_REASON(RESERVE10(1), CST_RESERVATION_CONFLICT);
	/* no error, and no effect */
	CHECK_REASON(RELEASE6(1), CST_OK);
	CHECK_REASON(RELEASE10(2), CST_OK);
	is_reserved_by(0);
	CHECK_REASON(RELEASE10(0), CST_OK);
	is_free();
	CHECK_REASON(RELEASE6(0), CST_OK);
	CHECK_REASON(RESERVE10(1), CST_OK);
	is_reserved_by(1);
	CHECK_REASON(RELEASE6(1), CST_OK);
	is_free();
	/* third parties and extents, which are obsolete */
	CHECK_REASON(RUN(0, 0x16, 0x01, 0, 0, 0, 0), CST_SENSE(INVALID_FIELD_IN_CDB));
	CHECK_REASON(RUN(0, 0x16, 0x10, 0, 0, 0, 0), CST_SENSE(INVALID_FIELD_IN_CDB));
	CHECK_REASON(RUN(0, 0x56, 0x02, 0, 0, 0, 0, 0, 0, 0, 0), CST_SENSE(INVALID_FIELD_IN_CDB));
	is_free();
}

static bool reset_done;

static void tmf_done(struct cst_tmf *tmf)
{
	CHECK_EQ(tmf->response, CST_TMF_COMPLETE);
	reset_done = true;
}

static void tmf(unsigned int i, u8 function)
{
	static struct cst_tmf t;
	unsigned int j;

	t = (struct cst_tmf){ .sess = &who[i].sess, .function = function };
	reset_done = false;
	emu_tmf_done = tmf_done;
	cst_tmf_submit(&t);
	run_works();
	CHECK(reset_done);
	for (j = 0; j < NR_INITIATORS; j++) {
		who[j].itl.ua_count = 0;
		who[j].itl.ua_pending = false;
	}
}

static void what_ends_it(void)
{
	start();
	CHECK_REASON(RESERVE6(0), CST_OK);
	tmf(1, CST_TMF_LUN_RESET);
	is_free();
	CHECK_REASON(RESERVE6(0), CST_OK);
	tmf(2, CST_TMF_TARGET_RESET);
	is_free();
	CHECK_REASON(RESERVE6(0), CST_OK);
	tmf(0, CST_TMF_NEXUS_LOSS);
	is_free();
	/* the loss of another nexus does not */
	CHECK_REASON(RESERVE6(0), CST_OK);
	tmf(1, CST_TMF_NEXUS_LOSS);
	tmf(0, CST_TMF_ABORT_TASK_SET);
	tmf(1, CST_TMF_CLEAR_TASK_SET);
	log_out(2);
	is_reserved_by(0);
	log_in(2);
	is_reserved_by(0);
	cst_session_abort_all(&who[0].sess);
	is_free();
	CHECK_REASON(RESERVE6(0), CST_OK);
	log_out(0);
	is_free();
	log_in(0);
	is_free();
	/* A command of a nexus that is going away does not reserve. */
	who[0].itl.ref.dying = true;
	CHECK_REASON(RESERVE6(0), CST_SENSE(LU_NOT_SUPPORTED));
	who[0].itl.ref.dying = false;
	is_free();
	/* A persistent reservation stays. */
	registers(0, 1);
	CHECK_REASON(reserves(0, 3, 1), CST_OK);
	tmf(1, CST_TMF_LUN_RESET);
	tmf(1, CST_TMF_TARGET_RESET);
	tmf(0, CST_TMF_NEXUS_LOSS);
	CHECK_EQ(pr->now.type, 3);
	CHECK_KEYS(1);
	finish();
}

/* SPC-4 5.13.3 */
static void beside_persistent_ones(void)
{
	static const u8 types[] = { 0, 1, 3, 5, 6, 7, 8 };
	unsigned int i, j;

	for (i = 0; i < ARRAY_SIZE(types); i++) {
		u8 type = types[i];

		start();
		registers(0, 1);
		registers(1, 2);
		if (type)
			CHECK_REASON(reserves(0, type, 1), CST_OK);
		for (j = 0; j < 3; j++) {
			bool has = type && (!j || (j == 1 && type >= 5));
			cst_sense_t want = has ? CST_OK : CST_RESERVATION_CONFLICT;

			CHECK_REASON(RESERVE6(j), want);
			CHECK_REASON(RESERVE10(j), want);
			CHECK_REASON(RELEASE6(j), want);
			CHECK_REASON(RELEASE10(j), want);
		}
		CHECK(!pr->reserved_by);
		CHECK_EQ(pr->now.type, type);
		CHECK_KEYS(1, 2);
		finish();
	}
}

/* A PERSISTENT RESERVE OUT has seen that there is no reservation, and is about to register. */
static void one_is_under_way(void)
{
	start();
	pr->owner = &answer.cmd;
	CHECK_REASON(RESERVE6(1), CST_BUSY);
	pr->owner = NULL;
	CHECK_REASON(RESERVE6(1), CST_OK);
	CHECK_REASON(RELEASE6(1), CST_OK);
	is_free();
}

TEST_MAIN(T(reserved_and_released), T(what_ends_it), T(beside_persistent_ones),
	  T(one_is_under_way))
