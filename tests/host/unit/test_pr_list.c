// SPDX-License-Identifier: GPL-2.0-only
/*
 * The data of PERSISTENT RESERVE IN and OUT: golden bytes, lengths, TransportIDs, and how many
 * registrants there can be.
 */
#include "pr_nexus.h"

static void reports(void)
{
	static const u8 id0[] = {
		0x45, 0, 0, 28, 'i', 'q', 'n', '.', 'h', 'o', 's', 't', '0', ',', 'i', ',',
		'0', 'x', '8', '0', '0', '0', '0', '0', '0', '0', '0', '0', '0', '0', 0, 0,
	};
	unsigned int len;

	start();
	CHECK_REASON(pr_in(0, 0, 255), CST_OK);
	CHECK_EQ(answer.cmd.data_len, 8);
	CHECK_BYTES(got, 0, 0, 0, 0, 0, 0, 0, 0);
	CHECK_REASON(pr_in(0, 1, 255), CST_OK);
	CHECK_EQ(answer.cmd.data_len, 8);
	CHECK_REASON(pr_in(0, 3, 255), CST_OK);
	CHECK_EQ(answer.cmd.data_len, 8);
	CHECK_REASON(pr_in(0, 2, 255), CST_OK);
	CHECK_EQ(answer.cmd.data_len, 8);
	CHECK_BYTES(got, 0, 8, 0x9d, 0xc0, 0xea, 0x01, 0, 0);
	CHECK_REASON(pr_in(0, 4, 255), CST_SENSE(INVALID_FIELD_IN_CDB));
	CHECK_EQ(answer.cmd.detail.field, 1);

	registers(0, 0x0102030405060708ULL);
	registers(1, 0x1112131415161718ULL);
	CHECK_REASON(pr_in(2, 0, 255), CST_OK);
	CHECK_EQ(answer.cmd.data_len, 24);
	CHECK_BYTES(got, 0, 0, 0, 2, 0, 0, 0, 16, 1, 2, 3, 4, 5, 6, 7, 8,
		    0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17, 0x18);
	CHECK_REASON(reserves(0, 3, 0x0102030405060708ULL), CST_OK);
	CHECK_REASON(pr_in(2, 1, 255), CST_OK);
	CHECK_EQ(answer.cmd.data_len, 24);
	CHECK_BYTES(got, 0, 0, 0, 2, 0, 0, 0, 16, 1, 2, 3, 4, 5, 6, 7, 8, 0, 0, 0, 0, 0, 3, 0, 0);
	CHECK_REASON(pr_in(2, 3, 255), CST_OK);
	CHECK_EQ(answer.cmd.data_len, 8 + 2 * (24 + 32));
	CHECK_BYTES(got, 0, 0, 0, 2, 0, 0, 0, 112, 1, 2, 3, 4, 5, 6, 7, 8, 0, 0, 0, 0, 1, 3, 0, 0,
		    0, 0, 0, 1, 0, 0, 0, 32);
	CHECK(!memcmp(got + 32, id0, sizeof(id0)));
	CHECK_BYTES(got + 64, 0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17, 0x18, 0, 0, 0, 0, 0, 0,
		    0, 0, 0, 0, 0, 2, 0, 0, 0, 32, 0x45, 0, 0, 28);

	/* However little is asked for, the lengths are those of all there is. */
	for (len = 0; len < 130; len++) {
		CHECK_REASON(pr_in(2, 3, len), CST_OK);
		CHECK_EQ(answer.cmd.data_len, min(len, 120U));
		if (len >= 8)
			CHECK_EQ(got[7], 112);
		CHECK_REASON(pr_in(2, 1, len), CST_OK);
		CHECK_EQ(answer.cmd.data_len, min(len, 24U));
		if (len >= 8)
			CHECK_EQ(got[7], 16);
	}
	/* All registrants hold it: no key, and all are holders. */
	CHECK_REASON(pr_out(0, CST_PR_RELEASE, 3, 0x0102030405060708ULL, 0), CST_OK);
	CHECK_REASON(reserves(0, 8, 0x0102030405060708ULL), CST_OK);
	CHECK_REASON(pr_in(2, 1, 255), CST_OK);
	CHECK_BYTES(got + 8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 8, 0, 0);
	CHECK_REASON(pr_in(2, 3, 255), CST_OK);
	CHECK_BYTES(got + 20, 1, 8);
	CHECK_BYTES(got + 76, 1, 8);
	/* PTPL_A */
	basic_list(0, 5, 1);
	CHECK_REASON(send_list(3, CST_PR_REGISTER, 0), CST_OK);
	CHECK_REASON(pr_in(0, 2, 8), CST_OK);
	CHECK_BYTES(got, 0, 8, 0x9d, 0xc1, 0xea, 0x01, 0, 0);
	finish();
}

#define CHECK_LIST_FIELD(_reason, _byte, _bit) do {			\
	CHECK_REASON(_reason, CST_SENSE(INVALID_FIELD_IN_PARAMETER_LIST)); \
	CHECK(answer.cmd.detail.field_valid && !answer.cmd.detail.field_in_cdb); \
	CHECK_EQ(answer.cmd.detail.field, _byte);			\
	CHECK_EQ(answer.cmd.detail.bit, _bit);				\
} while (0)

static void lengths(void)
{
	const cst_sense_t wrong = CST_SENSE(PARAMETER_LIST_LENGTH_ERROR);
	unsigned int action;
	u32 len;

	start();
	registers(0, 1);
	for (action = 0; action < 9; action++) {
		for (len = 0; len < 64; len++) {
			if (len == 24 && action != CST_PR_REGISTER_AND_MOVE)
				continue;
			basic_list(1, 1, 0);
			list_len = len;
			if (len == 24)	/* a list without a TransportID */
				CHECK_LIST_FIELD(send_list(0, action, 1), 20, 7);
			else
				CHECK_REASON(send_list(0, action, 1), wrong);
		}
		basic_list(1, 1, 0);
		list_len = CST_PR_LIST_MAX + 1;
		CHECK_REASON(send_list(0, action, 1), wrong);
	}
	/* The initiator sends less than the CDB says. */
	basic_list(1, 2, 0);
	emu_data_out(list, 24);
	{
		const u8 cdb[10] = { 0x5f, 0, [8] = 24 };

		CHECK_REASON(run(0, cdb, 10, DMA_TO_DEVICE, 23),
			     CST_SENSE(INVALID_FIELD_IN_COMMAND_IU));
	}
	for (action = 9; action < 32; action++) {
		basic_list(1, 1, 0);
		CHECK_REASON(send_list(0, action, 1), CST_SENSE(INVALID_FIELD_IN_CDB));
		CHECK_EQ(answer.cmd.detail.field, 1);
		CHECK_EQ(answer.cmd.detail.bit, 4);
	}
	/* SPEC_I_PT is for REGISTER alone. */
	for (action = 1; action < 9; action++) {
		if (action == CST_PR_REGISTER_AND_MOVE)
			continue;
		basic_list(1, 1, 0x08);
		CHECK_LIST_FIELD(send_list(0, action, 1), 20, 3);
	}
	basic_list(0, 1, 0x04);
	CHECK_LIST_FIELD(send_list(0, CST_PR_REPLACE_LOST, 1), 20, 2);
	CHECK_KEYS(1);
	finish();
}

/* A list with SPEC_I_PT; TransportIDs follow by add_id(). */
static void ids_list(u64 key, u64 action_key, u8 flags)
{
	basic_list(key, action_key, flags | 0x08);
	list_len = 28;
}

#define PORT(_i)	"iqn.host" #_i ",i,0x80000000000" #_i

static void other_ports_register(void)
{
	unsigned int cut;

	start();
	/* No TransportID at all is a list, too. */
	ids_list(0, 1, 0);
	CHECK_REASON(send_list(0, CST_PR_REGISTER, 0), CST_OK);
	CHECK_KEYS(1);
	registers(0, 0);

	/* At the port that the command has come by, not where the others are. */
	ids_list(0, 1, 0);
	add_id(0x45, PORT(1));
	add_id(0x45, PORT(2));
	add_id(0x45, "iqn.far,i,0x7");
	CHECK_REASON(send_list(0, CST_PR_REGISTER, 0), CST_OK);
	CHECK_KEYS(1, 0, 1);
	CHECK_EQ(pr->nr_registered, 4);
	CHECK_EQ(pr->generation, 3);
	CHECK_UAS(0);
	/* who is registered cannot name others */
	ids_list(1, 1, 0);
	add_id(0x45, PORT(4));
	CHECK_LIST_FIELD(send_list(0, CST_PR_REGISTER, 0), 20, 3);
	CHECK_REASON(pr_out(0, CST_PR_CLEAR, 0, 1, 0), CST_OK);
	CHECK_UAS(CST_OK, CST_OK, CST_SENSE(RESERVATIONS_PREEMPTED));

	/* at all ports */
	ids_list(0, 1, 4);
	add_id(0x45, PORT(3));
	CHECK_REASON(send_list(0, CST_PR_REGISTER, 0), CST_OK);
	CHECK_KEYS(1, 0, 0, 1);
	CHECK_EQ(pr->nr_registered, 4);
	/* ... and nowhere: one of two is registered already */
	ids_list(0, 2, 0);
	add_id(0x45, PORT(5));
	add_id(0x45, PORT(3));
	CHECK_LIST_FIELD(send_list(1, CST_PR_REGISTER, 0), 28 + 32, 7);
	CHECK_KEYS(1, 0, 0, 1);
	CHECK_REASON(pr_out(0, CST_PR_CLEAR, 0, 1, 0), CST_OK);
	CHECK_UAS(CST_OK, CST_OK, CST_OK, CST_SENSE(RESERVATIONS_PREEMPTED));

	/* the own port, and one that is there twice */
	ids_list(0, 1, 0);
	add_id(0x45, PORT(0));
	CHECK_LIST_FIELD(send_list(0, CST_PR_REGISTER, 0), 28, 7);
	ids_list(0, 1, 0);
	add_id(0x45, PORT(2));
	add_id(0x45, PORT(2));
	CHECK_LIST_FIELD(send_list(0, CST_PR_REGISTER, 0), 60, 7);
	/* another protocol */
	ids_list(0, 1, 0);
	add_id(0x45, PORT(2));
	list[60] = 6;
	list_len += 24;
	put_unaligned_be32(list_len - 28, list + 24);
	CHECK_LIST_FIELD(send_list(0, CST_PR_REGISTER, 0), 60, 3);
	/* cut off anywhere */
	ids_list(0, 1, 0);
	add_id(0x45, PORT(2));
	add_id(0x45, PORT(4));
	for (cut = 24; cut < 28 + 64; cut++) {
		list_len = cut;
		CHECK_REASON(send_list(0, CST_PR_REGISTER, 0),
			     CST_SENSE(PARAMETER_LIST_LENGTH_ERROR));
	}
	for (cut = 29; cut < 28 + 64; cut++) {
		list_len = cut;
		put_unaligned_be32(cut - 28, list + 24);
		if (cut == 60)
			continue;
		CHECK_LIST_FIELD(send_list(0, CST_PR_REGISTER, 0), cut < 60 ? 28 : 60, 7);
	}
	put_unaligned_be32(U32_MAX, list + 24);
	CHECK_REASON(send_list(0, CST_PR_REGISTER, 0), CST_SENSE(PARAMETER_LIST_LENGTH_ERROR));
	CHECK_KEYS(0);
	finish();
}

/* SPC-4 7.6.4.5: the name of a node stands for all of its ports that are known. */
static void a_node_registers(void)
{
	unsigned int i;

	start();
	log_out(2);
	strscpy(who[2].sess.initiator_name, "iqn.host4", 12);
	log_in(2);
	ids_list(0, 1, 0);
	add_id(0x05, "iqn.HOST4");
	CHECK_REASON(send_list(0, CST_PR_REGISTER, 0), CST_OK);
	CHECK_KEYS(1, 0, 1, 0, 1);
	CHECK_EQ(pr->nr_registered, 3);
	/* It is known by another port, so it registers at this one. */
	registers(0, 0);
	ids_list(0, 1, 0);
	add_id(0x05, "iqn.host3");
	CHECK_REASON(send_list(0, CST_PR_REGISTER, 0), CST_OK);
	CHECK_KEYS(1, 0, 1, 0, 1);
	CHECK_EQ(pr->nr_registered, 4);
	/* nobody */
	registers(0, 0);
	ids_list(0, 1, 0);
	add_id(0x05, "iqn.nobody");
	CHECK_LIST_FIELD(send_list(0, CST_PR_REGISTER, 0), 28, 7);
	/* one of them is registered */
	ids_list(0, 1, 0);
	add_id(0x05, "iqn.host4");
	CHECK_LIST_FIELD(send_list(0, CST_PR_REGISTER, 0), 28, 7);
	CHECK_KEYS(0, 0, 1, 0, 1);
	/* A name may be there again, but not as often as the list has room for it. */
	CHECK_REASON(pr_out(2, CST_PR_CLEAR, 0, 1, 0), CST_OK);
	ua(4);
	ids_list(0, 1, 0);
	for (i = 0; i < CST_PR_NODES_MAX; i++)
		add_id(0x05, "iqn.host2x");
	CHECK_LIST_FIELD(send_list(0, CST_PR_REGISTER, 0), 28, 7);
	ids_list(0, 1, 0);
	for (i = 0; i < CST_PR_NODES_MAX; i++)
		add_id(0x05, "iqn.host4");
	CHECK_REASON(send_list(0, CST_PR_REGISTER, 0), CST_OK);
	CHECK_KEYS(1, 0, 1, 0, 1);
	registers(0, 0);
	registers(2, 0);
	registers(4, 0);
	ids_list(0, 1, 0);
	for (i = 0; i <= CST_PR_NODES_MAX; i++)
		add_id(0x05, "iqn.host4");
	CHECK_REASON(send_list(0, CST_PR_REGISTER, 0),
		     CST_SENSE(INSUFFICIENT_REGISTRATION_RESOURCES));
	CHECK_KEYS(0);
	finish();
}

static void all_ports(void)
{
	start();
	basic_list(0, 1, 4);
	CHECK_REASON(send_list(0, CST_PR_REGISTER, 0), CST_OK);
	CHECK_EQ(pr->nr_registered, 2);
	CHECK_REASON(reserves(0, 5, 1), CST_OK);
	/* It comes by the other port. */
	log_out(0);
	who[0].sess.target = &ports[1];
	log_in(0);
	CHECK_EQ(key_of(0), 1);
	CHECK_EQ(who[0].itl.verdict, CST_RESERVED_NOTHING);
	/* another key at one port makes it a conflict at all */
	registers(0, 2);
	log_out(0);
	who[0].sess.target = &ports[0];
	log_in(0);
	basic_list(1, 3, 4);
	CHECK_REASON(send_list(0, CST_PR_REGISTER, 0), CST_RESERVATION_CONFLICT);
	basic_list(1, 0, 4);
	CHECK_REASON(send_list(0, CST_PR_REGISTER, 0), CST_RESERVATION_CONFLICT);
	CHECK_EQ(key_of(0), 1);
	basic_list(1, 3, 4);
	CHECK_REASON(send_list(0, CST_PR_REGISTER_AND_IGNORE, 0), CST_OK);
	CHECK_EQ(pr->nr_registered, 2);
	CHECK_EQ(key_of(0), 3);
	/* unregister: the holder goes */
	basic_list(3, 0, 4);
	CHECK_REASON(send_list(0, CST_PR_REGISTER, 0), CST_OK);
	CHECK_EQ(pr->nr_registered, 0);
	CHECK_EQ(pr->now.type, 0);
	/* nothing is registered anywhere */
	basic_list(0, 0, 4);
	CHECK_REASON(send_list(0, CST_PR_REGISTER, 0), CST_OK);
	finish();
}

/* Register @nr ports that are not here, from number @from on. */
static cst_sense_t register_far(unsigned int from, unsigned int nr, u64 key)
{
	char text[64];

	ids_list(0, key, 0);
	while (nr--) {
		snprintf(text, sizeof(text), "iqn.far%u,i,0x1", from++);
		add_id(0x45, text);
	}
	return send_list(0, CST_PR_REGISTER, 0);
}

static void as_many_as_there_may_be(void)
{
	unsigned int n, step = 1000;
	u32 before;

	start();
	registers(1, 1);
	for (n = 0; n + step + 2 <= CST_PR_MAX; n += step) {
		CHECK_REASON(register_far(n, step, 5), CST_OK);
		registers(0, 0);
	}
	before = pr->nr;
	CHECK_EQ(before, n + 1);
	CHECK(before > 10000);
	CHECK_REASON(register_far(n, step, 5), CST_SENSE(INSUFFICIENT_REGISTRATION_RESOURCES));
	CHECK_EQ(pr->nr, before);
	CHECK_REASON(register_far(n, CST_PR_MAX - before - 1, 5), CST_OK);
	CHECK_EQ(pr->nr, CST_PR_MAX);
	check_consistent();
	CHECK_REASON(pr_out(2, CST_PR_REGISTER, 0, 0, 3),
		     CST_SENSE(INSUFFICIENT_REGISTRATION_RESOURCES));
	/* who is registered may still change its key */
	CHECK_REASON(pr_out(1, CST_PR_REGISTER, 0, 1, 3), CST_OK);
	/* Lengths in the data are those of all of it. */
	CHECK_REASON(pr_in(0, 0, 0xffff), CST_OK);
	CHECK_EQ(answer.cmd.data_len, 0xffff);
	CHECK_EQ(get_unaligned_be32(got + 4), CST_PR_MAX * 8);
	CHECK_REASON(pr_in(0, 3, 0xffff), CST_OK);
	CHECK_EQ(answer.cmd.data_len, 0xffff);
	CHECK(get_unaligned_be32(got + 4) > CST_PR_MAX * 48);
	/* one command removes them all */
	CHECK_REASON(pr_out(1, CST_PR_PREEMPT, 0, 3, 5), CST_OK);
	CHECK_KEYS(0, 3);
	CHECK_EQ(pr->nr, 1);
	CHECK_EQ(shim_allocated, 2);	/* the registrant and the table */
	finish();
}

/* Whichever allocation fails, nothing has changed, and nothing is left. */
static void without_memory(void)
{
	unsigned int i;
	long before;

	for (i = 1; i < 40; i++) {
		cst_sense_t reason;

		start();
		CHECK_REASON(reserves(0, 1, 1), CST_RESERVATION_CONFLICT);
		before = shim_allocated;
		ids_list(0, 1, 4);
		add_id(0x45, PORT(1));
		add_id(0x05, "iqn.host3");
		shim_fail_at = i;
		reason = send_list(0, CST_PR_REGISTER, 0);
		if (!shim_fail_at && reason) {
			CHECK(reason == CST_SENSE(INSUFFICIENT_REGISTRATION_RESOURCES) ||
			      reason == CST_BUSY || reason == CST_TASK_SET_FULL);
			CHECK_KEYS(0);
			CHECK(shim_allocated <= before + 1);	/* perhaps the table */
			finish();
			continue;
		}
		shim_fail_at = 0;
		CHECK_REASON(reason, CST_OK);
		CHECK_EQ(pr->nr_registered, 6);
		finish();
		CHECK(i > 6);
		return;
	}
	CHECK(false);
}

TEST_MAIN(T(reports), T(lengths), T(other_ports_register), T(a_node_registers), T(all_ports),
	  T(as_many_as_there_may_be), T(without_memory))
