// SPDX-License-Identifier: GPL-2.0-only
/* What each service action of PERSISTENT RESERVE OUT does, and to whom it is told. */
#include "pr_nexus.h"

#define RELEASED	CST_SENSE(RESERVATIONS_RELEASED)
#define PREEMPTED	CST_SENSE(RESERVATIONS_PREEMPTED)
#define UNREGISTERED	CST_SENSE(REGISTRATIONS_PREEMPTED)

static const u8 all_types[] = { 1, 3, 5, 6, 7, 8 };

/* SPC-4 tables 67 and 68 */
static void registering(void)
{
	start();
	/* not registered */
	CHECK_REASON(pr_out(0, CST_PR_REGISTER, 0, 0, 0), CST_OK);
	CHECK_REASON(pr_out(0, CST_PR_REGISTER_AND_IGNORE, 0, 9, 0), CST_OK);
	CHECK_EQ(pr->generation, 0);
	CHECK_REASON(pr_out(0, CST_PR_REGISTER, 0, 1, 2), CST_RESERVATION_CONFLICT);
	CHECK_REASON(pr_out(0, CST_PR_REGISTER, 0, 1, 0), CST_RESERVATION_CONFLICT);
	CHECK_KEYS(0);
	/* Scope and type are ignored. */
	CHECK_REASON(pr_out(0, CST_PR_REGISTER, 0xff, 0, 0x11), CST_OK);
	CHECK_KEYS(0x11);
	CHECK_EQ(pr->generation, 1);
	CHECK_EQ(emu.reserved_events, 1);
	/* registered */
	CHECK_REASON(pr_out(0, CST_PR_REGISTER, 0, 0, 0x12), CST_RESERVATION_CONFLICT);
	CHECK_REASON(pr_out(0, CST_PR_REGISTER, 0, 0x12, 0x12), CST_RESERVATION_CONFLICT);
	CHECK_REASON(pr_out(0, CST_PR_REGISTER, 0, 0x11, 0x12), CST_OK);
	CHECK_REASON(pr_out(0, CST_PR_REGISTER, 0, 0x12, 0x12), CST_OK);
	CHECK_REASON(pr_out(1, CST_PR_REGISTER_AND_IGNORE, 0, 77, 0x12), CST_OK);
	CHECK_KEYS(0x12, 0x12);
	CHECK_EQ(pr->generation, 4);
	CHECK_REASON(pr_out(1, CST_PR_REGISTER_AND_IGNORE, 0, 77, ~0ULL), CST_OK);
	CHECK_REASON(pr_out(0, CST_PR_REGISTER, 0, 0x12, 0), CST_OK);
	CHECK_KEYS(0, ~0ULL);
	CHECK_REASON(pr_out(1, CST_PR_REGISTER_AND_IGNORE, 0, 0, 0), CST_OK);
	CHECK_KEYS(0);
	CHECK_EQ(pr->generation, 7);
	CHECK_UAS(0);
	finish();
}

/* A registration is of the nexus: it outlives the session. */
static void who_logs_in_again(void)
{
	start();
	registers(0, 1);
	registers(1, 2);
	CHECK_REASON(reserves(0, 3, 1), CST_OK);
	log_out(0);
	CHECK_REASON(pr_in(1, 0, 100), CST_OK);
	CHECK_EQ(answer.cmd.data_len, 24);
	log_in(0);
	CHECK_EQ(who[0].itl.verdict, CST_RESERVED_NOTHING);
	CHECK_EQ(who[1].itl.verdict, CST_RESERVED_ALL);
	CHECK_KEYS(1, 2);

	/* The same initiator at another port is another nexus. */
	log_out(0);
	who[0].sess.target = &ports[1];
	log_in(0);
	CHECK_KEYS(0, 2);
	CHECK_EQ(who[0].itl.verdict, CST_RESERVED_ALL);
	/* The port gets the number, which makes it the same nexus. */
	ports[1].rel_tgt_id = 1;
	cst_pr_rejoin(&who[0].itl);
	CHECK_EQ(key_of(0), 1);
	CHECK_EQ(who[0].itl.verdict, CST_RESERVED_NOTHING);
	ports[1].rel_tgt_id = 2;
	cst_pr_rejoin(&who[0].itl);
	CHECK_KEYS(0, 2);

	/* Names are compared without regard to case; ISIDs are not. */
	log_out(0);
	who[0].sess.target = &ports[0];
	strscpy(who[0].sess.initiator_name, "IQN.hOST0", 10);
	log_in(0);
	CHECK_KEYS(1, 2);
	log_out(0);
	who[0].sess.depth = 99;
	log_in(0);
	CHECK_KEYS(0, 2);
	finish();
}

static void reserving(void)
{
	unsigned int i, j;

	start();
	for (i = 0; i < ARRAY_SIZE(all_types); i++) {
		u8 type = all_types[i];

		CHECK_REASON(reserves(0, type, 1), CST_RESERVATION_CONFLICT);
		registers(0, 1);
		registers(1, 2);
		CHECK_REASON(reserves(0, type, 2), CST_RESERVATION_CONFLICT);
		CHECK_REASON(reserves(0, 0x10 | type, 1), CST_SENSE(INVALID_FIELD_IN_CDB));
		CHECK_EQ(answer.cmd.detail.field, 2);
		CHECK_EQ(answer.cmd.detail.bit, 7);
		CHECK_EQ(pr->now.type, 0);
		CHECK_REASON(reserves(0, type, 1), CST_OK);
		CHECK_EQ(pr->now.type, type);
		CHECK_KEYS(1, 2);
		/* again: the same, another one, another nexus, nobody */
		CHECK_REASON(reserves(0, type, 1), CST_OK);
		for (j = 0; j < ARRAY_SIZE(all_types); j++) {
			cst_sense_t want = type == all_types[j] ? CST_OK : CST_RESERVATION_CONFLICT;

			CHECK_REASON(reserves(0, all_types[j], 1), want);
			if (!cst_pr_type_all(type))
				want = CST_RESERVATION_CONFLICT;
			CHECK_REASON(reserves(1, all_types[j], 2), want);
			CHECK_REASON(reserves(2, all_types[j], 0), CST_RESERVATION_CONFLICT);
		}
		CHECK_EQ(pr->generation, 3 * i + 2);
		CHECK_UAS(0);
		CHECK_REASON(pr_out(0, CST_PR_CLEAR, 0, 1, 0), CST_OK);
		CHECK_UAS(CST_OK, PREEMPTED);
	}
	for (i = 0; i < 16; i++) {
		registers(0, 1);
		if (cst_pr_type_exists(i))
			continue;
		CHECK_REASON(reserves(0, i, 1), CST_SENSE(INVALID_FIELD_IN_CDB));
		CHECK_EQ(answer.cmd.detail.field, 2);
		CHECK_EQ(answer.cmd.detail.bit, 3);
	}
	finish();
}

/* What the table of SPC-4 5.13.1 has in its columns, by commands of each kind. */
static void who_may_do_what(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(all_types); i++) {
		u8 type = all_types[i];
		bool excludes_readers = type == 3 || type == 6 || type == 8;
		bool admits = type >= 5;
		u8 read[10] = { 0x28, [8] = 1 }, write[10] = { 0x2a, [8] = 1 };
		unsigned int j;

		start();
		CHECK_UAS(0);
		registers(0, 1);
		registers(1, 2);
		CHECK_REASON(reserves(0, type, 1), CST_OK);
		for (j = 0; j < 3; j++) {
			bool may = !j || (j == 1 && admits);

			CHECK_REASON(run(j, read, 10, DMA_FROM_DEVICE, 512),
				     may || !excludes_readers ? CST_OK : CST_RESERVATION_CONFLICT);
			CHECK_REASON(run(j, write, 10, DMA_TO_DEVICE, 512),
				     may ? CST_OK : CST_RESERVATION_CONFLICT);
			CHECK_REASON(RUN(j, 0, 0, 0, 0, 0, 0), CST_OK);
			CHECK_REASON(pr_in(j, 1, 24), CST_OK);
			CHECK_EQ(got[21], type);
		}
		/* SPC-4 table 66 */
		CHECK_REASON(pr_out(2, CST_PR_RELEASE, type, 0, 0), CST_RESERVATION_CONFLICT);
		CHECK_REASON(pr_out(2, CST_PR_CLEAR, 0, 0, 0), CST_RESERVATION_CONFLICT);
		CHECK_REASON(pr_out(2, CST_PR_PREEMPT, type, 0, 1), CST_RESERVATION_CONFLICT);
		CHECK_REASON(pr_out(2, CST_PR_REGISTER, 0, 0, 3), CST_OK);
		CHECK_EQ(who[2].itl.verdict, who[1].itl.verdict);
		CHECK_REASON(pr_out(0, CST_PR_CLEAR, 0, 1, 0), CST_OK);
		for (j = 0; j < 3; j++)
			CHECK_EQ(who[j].itl.verdict, CST_RESERVED_NOTHING);
		finish();
	}
}

/* SPC-4 5.13.11.2.2 */
static void releasing(void)
{
	unsigned int i;

	start();
	for (i = 0; i < ARRAY_SIZE(all_types); i++) {
		u8 type = all_types[i], other = type == 1 ? 3 : 1;
		bool all = cst_pr_type_all(type);
		cst_sense_t told = type >= 5 ? RELEASED : CST_OK;

		registers(0, 1);
		registers(1, 2);
		registers(2, 2);
		/* nothing to release */
		CHECK_REASON(pr_out(0, CST_PR_RELEASE, type, 1, 0), CST_OK);
		CHECK_REASON(pr_out(0, CST_PR_RELEASE, type, 2, 0), CST_RESERVATION_CONFLICT);
		CHECK_REASON(reserves(0, type, 1), CST_OK);
		CHECK_REASON(pr_out(0, CST_PR_RELEASE, other, 1, 0),
			     CST_SENSE(INVALID_RELEASE_OF_PERSISTENT_RESERVATION));
		CHECK_REASON(pr_out(0, CST_PR_RELEASE, 0x10 | type, 1, 0),
			     CST_SENSE(INVALID_RELEASE_OF_PERSISTENT_RESERVATION));
		CHECK_REASON(pr_out(0, CST_PR_RELEASE, type, 2, 0), CST_RESERVATION_CONFLICT);
		CHECK_EQ(pr->now.type, type);
		CHECK_UAS(0);
		/* Only who holds it releases it. */
		CHECK_REASON(pr_out(1, CST_PR_RELEASE, type, 2, 0), CST_OK);
		CHECK_EQ(pr->now.type, all ? 0 : type);
		if (all) {
			CHECK_UAS(told, CST_OK, told);
		} else {
			CHECK_UAS(0);
			CHECK_REASON(pr_out(0, CST_PR_RELEASE, type, 1, 0), CST_OK);
			CHECK_UAS(CST_OK, told, told);
		}
		CHECK_EQ(pr->now.type, 0);
		CHECK_KEYS(1, 2, 2);
		CHECK_EQ(pr->generation, 3 * (i + 1));
	}
	finish();
}

/* SPC-4 5.13.11.2.3 */
static void unregistering(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(all_types); i++) {
		u8 type = all_types[i];

		start();
		registers(0, 1);
		registers(1, 2);
		CHECK_REASON(reserves(0, type, 1), CST_OK);
		/* who does not hold it, or not alone */
		registers(2, 3);
		CHECK_REASON(pr_out(2, CST_PR_REGISTER, 0, 3, 0), CST_OK);
		CHECK_EQ(pr->now.type, type);
		CHECK_UAS(0);
		CHECK_REASON(pr_out(0, CST_PR_REGISTER, 0, 1, 0), CST_OK);
		CHECK_KEYS(0, 2);
		if (cst_pr_type_all(type)) {
			CHECK_EQ(pr->now.type, type);
			CHECK_UAS(0);
			registers(1, 0);
			CHECK_UAS(0);
		} else {
			CHECK_UAS(CST_OK, type >= 5 ? RELEASED : CST_OK);
		}
		CHECK_EQ(pr->now.type, 0);
		finish();
	}
}

static void clearing(void)
{
	start();
	registers(0, 1);
	registers(1, 2);
	registers(4, 3);
	CHECK_REASON(reserves(0, 5, 1), CST_OK);
	CHECK_REASON(pr_out(1, CST_PR_CLEAR, 0xff, 1, 0), CST_RESERVATION_CONFLICT);
	CHECK_REASON(pr_out(1, CST_PR_CLEAR, 0xff, 2, 9), CST_OK);
	CHECK_UAS(PREEMPTED, CST_OK, CST_OK, CST_OK, PREEMPTED);
	CHECK_KEYS(0);
	CHECK_EQ(pr->now.type, 0);
	CHECK_EQ(pr->generation, 4);
	CHECK_REASON(pr_out(1, CST_PR_CLEAR, 0, 2, 0), CST_RESERVATION_CONFLICT);
	finish();
}

/* SPC-4 table 72, for a reservation @type that initiator 0 holds with key 1. */
static void start_preempt(u8 type)
{
	start();
	registers(0, 1);
	registers(1, 2);
	registers(2, 1);
	registers(3, 3);
	if (type)
		CHECK_REASON(reserves(0, type, 1), CST_OK);
	CHECK_EQ(pr->generation, 4);
}

static void preempting(void)
{
	unsigned int i;

	/* nothing is reserved */
	start_preempt(0);
	CHECK_REASON(pr_out(1, CST_PR_PREEMPT, 0xff, 2, 1), CST_OK);
	CHECK_KEYS(0, 2, 0, 3);
	CHECK_UAS(UNREGISTERED, CST_OK, UNREGISTERED);
	CHECK_EQ(pr->now.type, 0);
	CHECK_EQ(pr->generation, 5);
	/* The loser of two finds that there is nobody. */
	CHECK_REASON(pr_out(3, CST_PR_PREEMPT, 1, 3, 1), CST_RESERVATION_CONFLICT);
	CHECK_REASON(pr_out(3, CST_PR_PREEMPT, 1, 3, 0),
		     CST_SENSE(INVALID_FIELD_IN_PARAMETER_LIST));
	CHECK_EQ(answer.cmd.detail.field, 8);
	/* The own key, without a reservation */
	CHECK_REASON(pr_out(3, CST_PR_PREEMPT, 1, 3, 3), CST_OK);
	CHECK_KEYS(0, 2);
	CHECK_UAS(0);
	finish();

	for (i = 0; i < ARRAY_SIZE(all_types); i++) {
		u8 type = all_types[i], other = type == 5 ? 6 : 5;
		bool all = cst_pr_type_all(type);
		cst_sense_t told;

		/* the key of somebody who does not hold it */
		start_preempt(type);
		CHECK_REASON(pr_out(1, CST_PR_PREEMPT, 0xff, 2, 3), CST_OK);
		CHECK_KEYS(1, 2, 1);
		CHECK_EQ(pr->now.type, type);
		CHECK_UAS(CST_OK, CST_OK, CST_OK, UNREGISTERED);
		/* ... of nobody */
		CHECK_REASON(pr_out(1, CST_PR_PREEMPT, type, 2, 77), CST_RESERVATION_CONFLICT);
		finish();

		/* the key of the holder: of the same type, and of another */
		start_preempt(type);
		if (!all) {
			CHECK_REASON(pr_out(1, CST_PR_PREEMPT, 0x10 | type, 2, 1),
				     CST_SENSE(INVALID_FIELD_IN_CDB));
			CHECK_REASON(pr_out(1, CST_PR_PREEMPT, 0, 2, 1),
				     CST_SENSE(INVALID_FIELD_IN_CDB));
		}
		CHECK_REASON(pr_out(1, CST_PR_PREEMPT, type, 2, 1), CST_OK);
		CHECK_KEYS(0, 2, 0, 3);
		CHECK_UAS(UNREGISTERED, CST_OK, UNREGISTERED);
		CHECK_EQ(pr->now.type, type);
		CHECK(all || pr->now.holder == who[1].itl.registrant);
		finish();

		start_preempt(type);
		CHECK_REASON(pr_out(1, CST_PR_PREEMPT, other, 2, 1), CST_OK);
		told = all ? CST_OK : RELEASED;
		CHECK_UAS(UNREGISTERED, CST_OK, UNREGISTERED, told);
		CHECK_EQ(pr->now.type, all ? type : other);
		finish();

		/* no key: everybody, but only where everybody holds it */
		start_preempt(type);
		if (all) {
			CHECK_REASON(pr_out(1, CST_PR_PREEMPT, 1, 2, 0), CST_OK);
			CHECK_KEYS(0, 2);
			CHECK_UAS(UNREGISTERED, CST_OK, UNREGISTERED, UNREGISTERED);
			CHECK_EQ(pr->now.type, 1);
			CHECK(pr->now.holder == who[1].itl.registrant);
		} else {
			CHECK_REASON(pr_out(1, CST_PR_PREEMPT, 1, 2, 0),
				     CST_SENSE(INVALID_FIELD_IN_PARAMETER_LIST));
			CHECK_EQ(answer.cmd.detail.field, 8);
			CHECK_KEYS(1, 2, 1, 3);
		}
		finish();

		/* the holder itself: it stays, the other with its key does not */
		start_preempt(type);
		CHECK_REASON(pr_out(0, CST_PR_PREEMPT, other, 1, 1), CST_OK);
		if (all)
			CHECK_KEYS(0, 2, 0, 3);
		else
			CHECK_KEYS(1, 2, 0, 3);
		CHECK_EQ(pr->now.type, all ? type : other);
		CHECK_UAS(CST_OK, told, UNREGISTERED, told);
		finish();
	}
}

/* A READ that the backing has not finished */
static struct task slow;

static void a_read_executes(unsigned int i)
{
	const u8 read[10] = { 0x28, [8] = 1 };

	who[i].itl.ua_count = 0;
	who[i].itl.ua_pending = false;
	emu.io_later = true;
	begin(&slow, i, read, 10, DMA_FROM_DEVICE, 512);
	CHECK(emu.pending);
	emu.io_later = false;
}

static void preempting_and_aborting(void)
{
	start_preempt(5);
	a_read_executes(2);
	who[2].itl.prevents_removal = true;
	CHECK_REASON(pr_out(1, CST_PR_PREEMPT_AND_ABORT, 5, 2, 1), CST_PENDING);
	/* It is preempted, but the command has not ended. */
	CHECK_KEYS(0, 2, 0, 3);
	CHECK(!pr->owner);
	CHECK(!who[2].itl.prevents_removal);
	emu_io_ends(0);
	run_works();
	CHECK(slow.was_dropped);
	CHECK_EQ(answer.fate, ANSWERED);
	CHECK_REASON(emu_answer(&answer), CST_OK);
	emu_release(&answer);
	emu_release(&slow);
	CHECK_EQ(who[2].itl.ua_count, 2);
	CHECK_REASON(who[2].itl.ua[0], UNREGISTERED);
	CHECK_REASON(who[2].itl.ua[1], CST_SENSE(COMMANDS_CLEARED_BY_ANOTHER_INITIATOR));
	run_works();
	finish();

	/* With TAS, each command gets a status. */
	start_preempt(5);
	emu.disk.dev.mode.tas = true;
	a_read_executes(0);
	CHECK_REASON(pr_out(1, CST_PR_PREEMPT_AND_ABORT, 5, 2, 1), CST_PENDING);
	emu_io_ends(0);
	run_works();
	CHECK_EQ(slow.cmd.status, SAM_STAT_TASK_ABORTED);
	CHECK_REASON(emu_answer(&answer), CST_OK);
	emu_release(&answer);
	emu_release(&slow);
	CHECK_UAS(UNREGISTERED, CST_OK, UNREGISTERED);
	finish();

	/* who is not preempted is not aborted */
	start_preempt(5);
	a_read_executes(3);
	CHECK_REASON(pr_out(1, CST_PR_PREEMPT_AND_ABORT, 5, 2, 1), CST_OK);
	emu_io_ends(0);
	CHECK_REASON(emu_answer(&slow), CST_OK);
	emu_release(&slow);
	/* ... and by PREEMPT nobody is */
	a_read_executes(3);
	CHECK_REASON(pr_out(1, CST_PR_PREEMPT, 5, 2, 3), CST_OK);
	emu_io_ends(0);
	CHECK_REASON(emu_answer(&slow), CST_OK);
	emu_release(&slow);
	finish();

	/* The conflict comes before anything is aborted. */
	start_preempt(5);
	a_read_executes(0);
	CHECK_REASON(pr_out(1, CST_PR_PREEMPT_AND_ABORT, 5, 2, 77), CST_RESERVATION_CONFLICT);
	CHECK_REASON(pr_out(4, CST_PR_PREEMPT_AND_ABORT, 5, 0, 1), CST_RESERVATION_CONFLICT);
	emu_io_ends(0);
	CHECK_REASON(emu_answer(&slow), CST_OK);
	emu_release(&slow);
	finish();
}

/* SPC-4 5.13.8.  To port 2, at which initiator 1 is. */
static void build_move(u64 key, u64 new_key, u8 flags, u16 port, const char *text)
{
	u32 len = max_t(u32, ALIGN(strlen(text) + 1, 4), 20);

	basic_list(key, new_key, 0);
	list[17] = flags;
	put_unaligned_be16(port, list + 18);
	put_unaligned_be32(4 + len, list + 20);
	list[24] = strchr(text, ',') ? 0x45 : 0x05;
	put_unaligned_be16(len, list + 26);
	memcpy(list + 28, text, strlen(text));
	list_len = 28 + len;
}

#define MOVE(_i, ...) ({ build_move(__VA_ARGS__);			\
	send_list(_i, CST_PR_REGISTER_AND_MOVE, 0); })
#define HOST1	"iqn.host1,i,0x800000000001"

static void moving(void)
{
	static const struct {
		u64		key, new_key;
		u16		port;
		const char	*text;
		u16		field;
	} wrong[] = {
		{ 1, 0, 2, HOST1, 8 },
		{ 1, 7, 3, HOST1, 18 },
		{ 1, 7, 0, HOST1, 18 },
		{ 1, 7, 1, "iqn.host0,i,0x800000000000", 24 },
		{ 1, 7, 2, "IQN.HOST0,i,0x800000000000", 24 },
		{ 1, 7, 2, "iqn.nobody", 24 },
		{ 1, 7, 1, "iqn.host1", 24 },
	};
	unsigned int i;

	start();
	CHECK_REASON(MOVE(0, 0, 7, 0, 2, HOST1), CST_RESERVATION_CONFLICT);
	registers(0, 1);
	registers(2, 3);
	CHECK_REASON(MOVE(0, 1, 7, 0, 2, HOST1), CST_SENSE(INVALID_FIELD_IN_CDB));
	CHECK_EQ(answer.cmd.detail.field, 1);
	CHECK_REASON(reserves(0, 5, 1), CST_OK);
	CHECK_REASON(MOVE(0, 9, 7, 0, 2, HOST1), CST_RESERVATION_CONFLICT);
	CHECK_REASON(MOVE(2, 3, 7, 0, 2, HOST1), CST_RESERVATION_CONFLICT);
	for (i = 0; i < ARRAY_SIZE(wrong); i++) {
		CHECK_REASON(MOVE(0, wrong[i].key, wrong[i].new_key, 0, wrong[i].port,
				  wrong[i].text), CST_SENSE(INVALID_FIELD_IN_PARAMETER_LIST));
		CHECK_EQ(answer.cmd.detail.field, wrong[i].field);
	}
	CHECK_KEYS(1, 0, 3);
	CHECK_EQ(pr->generation, 2);
	/* to a nexus that is not registered, and is here */
	CHECK_REASON(MOVE(0, 1, 7, 0, 2, HOST1), CST_OK);
	CHECK_KEYS(1, 7, 3);
	CHECK(pr->now.holder == who[1].itl.registrant);
	CHECK_EQ(pr->now.type, 5);
	CHECK_EQ(pr->generation, 3);
	CHECK_UAS(0);
	/* to one that is registered, by the name of its node; the own registration ends */
	CHECK_REASON(MOVE(1, 7, 8, 2, 1, "iqn.host2"), CST_OK);
	CHECK_KEYS(1, 0, 8);
	CHECK(pr->now.holder == who[2].itl.registrant);
	CHECK_UAS(0);
	/* to one that is not here */
	CHECK_REASON(MOVE(2, 8, 9, 2, 2, "iqn.far,i,0x1"), CST_OK);
	CHECK_KEYS(1);
	CHECK_EQ(pr->now.holder->key, 9);
	CHECK_EQ(pr->nr_registered, 2);
	finish();

	/* a reservation that all hold does not move */
	start();
	registers(0, 1);
	CHECK_REASON(reserves(0, 7, 1), CST_OK);
	CHECK_REASON(MOVE(0, 1, 7, 0, 2, HOST1), CST_RESERVATION_CONFLICT);
	finish();
}

TEST_MAIN(T(registering), T(who_logs_in_again), T(reserving), T(who_may_do_what), T(releasing),
	  T(unregistering), T(clearing), T(preempting), T(preempting_and_aborting), T(moving))
