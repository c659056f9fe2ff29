// SPDX-License-Identifier: GPL-2.0-only
/*
 * Persistence through power loss: what is saved when, what a restart finds, what happens
 * meanwhile, and records that cannot be used.
 */
#include "pr_nexus.h"

#define LOST	CST_SENSE(PERSISTENT_RESERVATION_INFORMATION_LOST)

/* The device is enabled for the first time since the target has started. */
static int enable(void)
{
	int ret = cst_pr_load(&emu.disk.dev);

	check_consistent();
	return ret;
}

/* Register with APTPL. */
static cst_sense_t registers_for_ever(unsigned int i, u64 key)
{
	basic_list(0, key, 1);
	return send_list(i, CST_PR_REGISTER_AND_IGNORE, 0);
}

static void saved_when_asked_for(void)
{
	start();
	registers(0, 1);
	CHECK_REASON(reserves(0, 5, 1), CST_OK);
	CHECK_EQ(store.saves, 0);
	CHECK_REASON(registers_for_ever(1, 2), CST_OK);
	CHECK_EQ(store.saves, 1);
	CHECK(pr->aptpl);
	/* From now on everything is. */
	CHECK_REASON(pr_out(0, CST_PR_RELEASE, 5, 1, 0), CST_OK);
	CHECK_EQ(store.saves, 2);
	CHECK_UAS(CST_OK, CST_SENSE(RESERVATIONS_RELEASED));
	CHECK_REASON(reserves(0, 6, 1), CST_OK);
	CHECK_EQ(store.saves, 3);
	/* ... but not what changes nothing */
	CHECK_REASON(reserves(0, 6, 1), CST_OK);
	CHECK_REASON(reserves(1, 6, 2), CST_RESERVATION_CONFLICT);
	CHECK_REASON(pr_out(1, CST_PR_RELEASE, 6, 2, 0), CST_OK);
	CHECK_EQ(store.saves, 3);
	CHECK_EQ(store.len, 12 + 2 * (12 + 32));
	CHECK_BYTES(store.record, 1, 6, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0,
		    0, 0, 0, 0, 0, 0, 0, 1, 0, 1, 0, 32, 0x45, 0, 0, 28, 'i', 'q', 'n', '.', 'h');
	CHECK_UAS(0);

	restart();
	CHECK_EQ(enable(), 0);
	CHECK_KEYS(1, 2);
	CHECK_EQ(pr->now.type, 6);
	CHECK(pr->now.holder == who[0].itl.registrant);
	CHECK_EQ(who[0].itl.verdict, CST_RESERVED_NOTHING);
	CHECK_EQ(who[1].itl.verdict, CST_RESERVED_NOTHING);
	CHECK_EQ(who[2].itl.verdict, CST_RESERVED_ALL);
	CHECK_EQ(pr->generation, 0);
	CHECK(pr->aptpl);
	/* Enabling it again reads nothing: what is in memory is newer. */
	store.len = 0;
	CHECK_EQ(enable(), 0);
	CHECK_KEYS(1, 2);
	CHECK_REASON(pr_in(0, 2, 8), CST_OK);
	CHECK_EQ(got[3] & 1, 1);
	/* The last APTPL counts, whoever has sent it. */
	registers(1, 2);
	CHECK(!pr->aptpl);
	CHECK_BYTES(store.record, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff);
	CHECK_EQ(store.len, 12);
	CHECK_REASON(pr_out(0, CST_PR_RELEASE, 6, 1, 0), CST_OK);
	CHECK_EQ(store.saves, 4);
	finish();
	restart();
	CHECK_EQ(enable(), 0);
	CHECK_KEYS(0);
	CHECK(!pr->aptpl && !pr->recorded && !pr->lost);
	finish();
}

/* All types come back, and nothing can be done before. */
static void every_type_comes_back(void)
{
	static const u8 types[] = { 0, 1, 3, 5, 6, 7, 8 };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(types); i++) {
		start();
		CHECK_REASON(registers_for_ever(3, 7), CST_OK);
		CHECK_REASON(registers_for_ever(0, 1), CST_OK);
		if (types[i])
			CHECK_REASON(reserves(0, types[i], 1), CST_OK);
		restart();
		CHECK_EQ(enable(), 0);
		CHECK_EQ(pr->now.type, types[i]);
		CHECK_KEYS(1, 0, 0, 7);
		/* a clear is saved, too */
		CHECK_REASON(pr_out(3, CST_PR_CLEAR, 0, 7, 0), CST_OK);
		restart();
		CHECK_EQ(enable(), 0);
		CHECK_KEYS(0);
		CHECK_EQ(pr->now.type, 0);
		CHECK(pr->aptpl);
		finish();
	}
}

/* A save that fails changes nothing, and the initiator is told. */
static void a_save_fails(void)
{
	const cst_sense_t failure = CST_SENSE(INTERNAL_TARGET_FAILURE);
	unsigned int i;

	start();
	store.error = -ENOSPC;
	CHECK_REASON(registers_for_ever(0, 1), failure);
	CHECK_KEYS(0);
	CHECK_EQ(pr->generation, 0);
	CHECK(!pr->aptpl);
	store.error = 0;
	CHECK_REASON(registers_for_ever(0, 1), CST_OK);
	CHECK_REASON(registers_for_ever(1, 2), CST_OK);
	CHECK_REASON(reserves(0, 5, 1), CST_OK);
	store.error = -EIO;
	for (i = 0; i < 9; i++) {
		cst_sense_t reason;

		basic_list(1, i == CST_PR_PREEMPT || i == CST_PR_PREEMPT_AND_ABORT ? 2 : 9, 1);
		if (i == CST_PR_REGISTER_AND_MOVE || i == CST_PR_REPLACE_LOST ||
		    i == CST_PR_RESERVE)
			continue;
		reason = send_list(0, i, 5);
		CHECK_REASON(reason, failure);
		CHECK_KEYS(1, 2);
		CHECK_EQ(pr->now.type, 5);
		CHECK_EQ(pr->generation, 2);
		CHECK_UAS(0);
	}
	/* also when nothing is to be kept any more */
	CHECK_REASON(pr_out(0, CST_PR_REGISTER, 0, 1, 9), failure);
	CHECK(pr->aptpl);
	CHECK_KEYS(1, 2);
	CHECK_EQ(emu.reserved_events, 3);
	store.error = 0;
	CHECK_REASON(pr_out(0, CST_PR_REGISTER, 0, 1, 9), CST_OK);
	CHECK_KEYS(9, 2);
	finish();
}

/* What happens while a save waits for the file system. */
static struct task second, third;
static unsigned int during_calls;
static struct cst_abort own_abort;
static bool abort_was_done;

static void abort_done(struct cst_abort *abort)
{
	abort_was_done = true;
}

static void aborts(unsigned int i)
{
	abort_was_done = false;
	own_abort = (struct cst_abort){
		.sess = &who[i].sess, .end = shim_jiffies_64 + 1000, .done = abort_done,
	};
	cst_abort_start(&own_abort);
}

static const u8 reserve_cdb[10] = { 0x5f, CST_PR_RESERVE, 5, [8] = 24 };
static const u8 keys_cdb[10] = { 0x5e, 0, [7] = 0, 64 };

static void others_come(void)
{
	if (during_calls++)
		return;
	/* The plan is nobody's business. */
	CHECK_EQ(pr->now.type, 0);
	CHECK_EQ(who[2].itl.verdict, CST_RESERVED_NOTHING);
	begin(&third, 2, keys_cdb, sizeof(keys_cdb), DMA_FROM_DEVICE, 64);
	log_out(3);
	log_in(3);
	basic_list(2, 0, 0);
	emu_data_out(list, 24);
	begin(&second, 1, reserve_cdb, sizeof(reserve_cdb), DMA_TO_DEVICE, 24);
	/* SPC-2: who would reserve the unit otherwise waits, too. */
	CHECK_REASON(RUN(4, 0x16, 0, 0, 0, 0, 0), CST_RESERVATION_CONFLICT);
	CHECK(pr->owner && pr->owner != &second.cmd);
}

static void others_wait_for_a_save(void)
{
	struct task first;

	start();
	CHECK_REASON(registers_for_ever(0, 1), CST_OK);
	CHECK_REASON(registers_for_ever(1, 2), CST_OK);
	during_calls = 0;
	store.during = others_come;
	basic_list(1, 0, 0);
	emu_data_out(list, 24);
	begin(&first, 0, reserve_cdb, sizeof(reserve_cdb), DMA_TO_DEVICE, 24);
	run_works();
	CHECK_REASON(emu_answer(&first), CST_OK);
	CHECK_REASON(emu_answer(&second), CST_RESERVATION_CONFLICT);
	CHECK_REASON(emu_answer(&third), CST_OK);
	CHECK_EQ(third.cmd.data_len, 24);
	emu_release(&first);
	emu_release(&second);
	emu_release(&third);
	CHECK_EQ(pr->now.type, 5);
	CHECK(pr->now.holder == who[0].itl.registrant);
	CHECK_KEYS(1, 2);
	finish();
}

/* A nexus that comes while it is being registered. */
static void logs_in_meanwhile(void)
{
	log_in(3);
	CHECK_EQ(key_of(3), 0);
}

static void who_comes_during_a_save(void)
{
	int error;

	for (error = 0; error >= -5; error -= 5) {
		start();
		log_out(3);
		store.during = logs_in_meanwhile;
		store.error = error;
		basic_list(0, 4, 0x0d);
		list_len = 28;
		add_id(0x45, "iqn.host3,i,0x800000000003");
		CHECK_REASON(send_list(0, CST_PR_REGISTER, 0),
			     error ? CST_SENSE(INTERNAL_TARGET_FAILURE) : CST_OK);
		CHECK_EQ(key_of(3), error ? 0 : 4);
		CHECK_EQ(key_of(0), error ? 0 : 4);
		finish();
	}
}

/* Commands that are aborted: the one that waits for the save, and one that waits for it. */
static void aborted_while_waiting(void)
{
	struct task first;
	unsigned int step;

	for (step = 0; step < 2; step++) {
		start();
		CHECK_REASON(registers_for_ever(0, 1), CST_OK);
		CHECK_REASON(registers_for_ever(1, 2), CST_OK);
		basic_list(1, 0, 0);
		emu_data_out(list, 24);
		begin(&first, 0, reserve_cdb, sizeof(reserve_cdb), DMA_TO_DEVICE, 24);
		while (!pr->owner)
			CHECK(emu_work());
		basic_list(2, 0, 0);
		emu_data_out(list, 24);
		begin(&second, 1, reserve_cdb, sizeof(reserve_cdb), DMA_TO_DEVICE, 24);
		/* The save of the first comes before the work of the second. */
		CHECK_EQ(pr->now.type, 0);
		aborts(step);
		run_works();
		CHECK_EQ(step ? second.fate : first.fate, DROPPED);
		CHECK_REASON(emu_answer(step ? &first : &second), CST_OK);
		emu_release(&first);
		emu_release(&second);
		run_works();
		CHECK(abort_was_done);
		CHECK_EQ(pr->now.type, 5);
		CHECK(pr->now.holder == who[!step].itl.registrant);
		finish();
	}
}

/* Aborted in the queue, while the first one saves */
static void second_is_aborted(void)
{
	if (during_calls++)
		return;
	basic_list(2, 0, 0);
	emu_data_out(list, 24);
	begin(&second, 1, reserve_cdb, sizeof(reserve_cdb), DMA_TO_DEVICE, 24);
	begin(&third, 2, reserve_cdb, sizeof(reserve_cdb), DMA_TO_DEVICE, 24);
	run_works();
	CHECK(second.cmd.wait.q && third.cmd.wait.q);
	aborts(1);
	run_works();
	CHECK_EQ(second.fate, DROPPED);
	emu_release(&second);
}

static void aborted_in_the_queue(void)
{
	start();
	CHECK_REASON(registers_for_ever(0, 1), CST_OK);
	CHECK_REASON(registers_for_ever(1, 2), CST_OK);
	during_calls = 0;
	store.during = second_is_aborted;
	CHECK_REASON(reserves(0, 5, 1), CST_OK);
	CHECK_EQ(second.fate, RELEASED);
	CHECK(abort_was_done);
	CHECK_REASON(emu_answer(&third), CST_RESERVATION_CONFLICT);
	emu_release(&third);
	CHECK_EQ(pr->now.type, 5);
	finish();
}

/* --- records that cannot be used --- */

static void make_record(void)
{
	start();
	CHECK_REASON(registers_for_ever(0, 1), CST_OK);
	CHECK_REASON(registers_for_ever(1, 2), CST_OK);
	CHECK_REASON(reserves(0, 3, 1), CST_OK);
	finish();
}

static void is_lost(void)
{
	CHECK(pr->lost);
	CHECK_EQ(pr->nr, 0);
	CHECK_EQ(pr->now.type, 0);
	CHECK_EQ(who[0].itl.verdict, CST_RESERVED_LOST);
	CHECK_BYTES(store.record, 2, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff);
}

/* Each length, and each bit: it is taken whole, or not at all. */
static void a_record_that_makes_no_sense(void)
{
	u8 record[12 + 2 * (12 + 32)];
	unsigned int i, taken = 0;

	make_record();
	CHECK_EQ(store.len, sizeof(record));
	memcpy(record, store.record, sizeof(record));
	for (i = 0; i < sizeof(record); i++) {
		memcpy(store.record, record, sizeof(record));
		store.len = i;
		store.refused = false;
		restart();
		if (!i) {	/* the store has no such record */
			CHECK_EQ(enable(), 0);
			continue;
		}
		CHECK_EQ(enable(), 0);
		CHECK(store.refused);
		is_lost();
	}
	for (i = 0; i < sizeof(record) * 8; i++) {
		memcpy(store.record, record, sizeof(record));
		store.record[i / 8] ^= 1 << i % 8;
		store.len = sizeof(record);
		store.refused = false;
		restart();
		CHECK_EQ(enable(), 0);
		if (store.refused) {
			is_lost();
			continue;
		}
		taken++;
		CHECK(!pr->lost);
		CHECK_EQ(pr->nr, 2);
		CHECK_EQ(pr->now.type == 0, pr->now.type != 3 && pr->now.type != 1 &&
			 pr->now.type != 5 && pr->now.type != 6);
	}
	/* keys, port numbers, letters of names and ISIDs may be others */
	CHECK(taken > 100 && taken < sizeof(record) * 8 - 100);
	finish();
}

static void two_of_the_same(void)
{
	make_record();
	/* the second registrant becomes the first */
	memcpy(store.record + 12 + 44, store.record + 12, 44);
	restart();
	CHECK_EQ(enable(), 0);
	is_lost();
	/* It cannot be read: the device stays disabled, and the record stays. */
	make_record();
	restart();
	store.error = -EIO;
	CHECK_EQ(enable(), -EIO);
	CHECK(!pr->loaded && !pr->lost);
	CHECK_EQ(emu.config_errors, 1);
	store.error = 0;
	CHECK_EQ(enable(), 0);
	CHECK_KEYS(1, 2);
	finish();
	/* no memory for each allocation in turn */
	for (shim_fail_at = 1; shim_fail_at < 10;) {
		unsigned int at = shim_fail_at;

		restart();
		shim_fail_at = at;
		if (!enable()) {
			shim_fail_at = 0;
			CHECK_KEYS(1, 2);
			CHECK(at > 3);
			finish();
			return;
		}
		CHECK_EQ(pr->nr, 0);
		CHECK(!pr->lost);
		shim_fail_at = at + 1;
	}
	CHECK(false);
}

/* SPC-4 5.13.5.3.2 and 5.13.11.3 */
static void what_is_lost_is_replaced(void)
{
	const u8 read[10] = { 0x28, [8] = 1 };
	u8 record[12];
	unsigned int i;

	make_record();
	store.record[1] = 99;
	restart();
	CHECK_EQ(enable(), 0);
	is_lost();
	/* What says that it is lost says nothing else. */
	memcpy(record, store.record, sizeof(record));
	for (i = 0; i < sizeof(record) * 8; i++) {
		memcpy(store.record, record, sizeof(record));
		store.record[i / 8] ^= 1 << i % 8;
		store.refused = false;
		restart();
		CHECK_EQ(enable(), 0);
		/* 00h: nothing is kept */
		CHECK_EQ(store.refused, i != 1);
		if (i != 1)
			is_lost();
	}
	memcpy(store.record, record, sizeof(record));
	/* After another restart it is lost, too. */
	store.refused = false;
	restart();
	CHECK_EQ(enable(), 0);
	is_lost();
	CHECK(!store.refused);
	/* These are allowed, and no others. */
	CHECK_REASON(RUN(0, 0x12, 0, 0, 0, 0, 0), CST_OK);
	CHECK_REASON(RUN(0, 0x4d, 0, 0x40, 0, 0, 0, 0, 0, 0, 0), CST_OK);
	CHECK_REASON(RUN(0, 0x3c, 3, 0, 0, 0, 0, 0, 0, 0, 0), CST_OK);
	CHECK_REASON(RUN(0, 0x3b, 0x0a, 0, 0, 0, 0, 0, 0, 0, 0), CST_OK);
	CHECK_REASON(RUN(0, 0x1b, 0, 0, 0, 1, 0), CST_OK);
	CHECK_REASON(RUN(0, 0x1b, 0, 0, 0, 0, 0), LOST);
	CHECK_REASON(RUN(0, 0, 0, 0, 0, 0, 0), LOST);
	CHECK_REASON(run(0, read, 10, DMA_FROM_DEVICE, 512), LOST);
	CHECK_REASON(pr_in(0, 0, 8), LOST);
	CHECK_REASON(pr_out(0, CST_PR_REGISTER, 0, 0, 1), LOST);
	CHECK_REASON(RUN(0, 0x16, 0, 0, 0, 0, 0), LOST);

	CHECK_REASON(pr_out(0, CST_PR_REPLACE_LOST, 5, 1, 4),
		     CST_SENSE(INVALID_FIELD_IN_PARAMETER_LIST));
	CHECK_EQ(answer.cmd.detail.field, 0);
	CHECK_REASON(pr_out(0, CST_PR_REPLACE_LOST, 5, 0, 0),
		     CST_SENSE(INVALID_FIELD_IN_PARAMETER_LIST));
	CHECK_EQ(answer.cmd.detail.field, 8);
	CHECK_REASON(pr_out(0, CST_PR_REPLACE_LOST, 4, 0, 4), CST_SENSE(INVALID_FIELD_IN_CDB));
	CHECK_REASON(pr_out(0, CST_PR_REPLACE_LOST, 0x15, 0, 4), CST_SENSE(INVALID_FIELD_IN_CDB));
	store.error = -EROFS;
	CHECK_REASON(pr_out(0, CST_PR_REPLACE_LOST, 5, 0, 4), CST_SENSE(INTERNAL_TARGET_FAILURE));
	store.error = 0;
	CHECK(pr->lost);
	CHECK_EQ(pr->nr, 0);
	CHECK_REASON(pr_out(0, CST_PR_REPLACE_LOST, 5, 0, 4), CST_OK);
	CHECK_KEYS(4);
	CHECK_EQ(pr->now.type, 5);
	CHECK_EQ(pr->generation, 0);
	CHECK(!pr->aptpl);
	CHECK_EQ(store.record[0], 0);
	CHECK_REASON(run(0, read, 10, DMA_FROM_DEVICE, 512), CST_OK);
	CHECK_REASON(pr_out(0, CST_PR_REPLACE_LOST, 5, 0, 4),
		     CST_SENSE(INVALID_RELEASE_OF_PERSISTENT_RESERVATION));
	finish();
}

/* A unit with another name is another unit. */
static void another_name(void)
{
	make_record();
	strscpy(emu.disk.dev.t10_dev_id, "another", sizeof(emu.disk.dev.t10_dev_id));
	cst_pr_forget(&emu.disk.dev);
	CHECK_KEYS(0);
	CHECK_EQ(pr->now.type, 0);
	CHECK(!pr->loaded && !pr->aptpl);
	CHECK_EQ(pr->generation, 0);
	CHECK_UAS(CST_SENSE(RESERVATIONS_PREEMPTED), CST_SENSE(RESERVATIONS_PREEMPTED));
	CHECK_EQ(who[2].itl.verdict, CST_RESERVED_NOTHING);
	finish();
}

TEST_MAIN(T(saved_when_asked_for), T(every_type_comes_back), T(a_save_fails),
	  T(others_wait_for_a_save), T(who_comes_during_a_save), T(aborted_while_waiting),
	  T(aborted_in_the_queue), T(a_record_that_makes_no_sense), T(two_of_the_same),
	  T(what_is_lost_is_replaced), T(another_name))
