// SPDX-License-Identifier: GPL-2.0-only
#include "emu.h"
#include "test.h"

static const struct cst_op *find(u8 opcode, u8 action, cst_sense_t *reason,
				 struct cst_sense_detail *detail)
{
	u8 cdb[16] = { opcode, action };

	*reason = CST_OK;
	memset(detail, 0, sizeof(*detail));
	return cst_op_find(cdb, sizeof(cdb), reason, detail);
}

static void every_row_is_found(void)
{
	struct cst_sense_detail detail;
	const struct cst_op *op;
	cst_sense_t reason;
	unsigned int i;

	CHECK_EQ(cst_op_count(), 26);
	for (i = 0; i < cst_op_count(); i++) {
		op = cst_op_row(i);
		CHECK(find(op->opcode, op->service_action == CST_OP_NO_SA ?
				       0xff : op->service_action, &reason,
			   &detail) == op);
		CHECK_REASON(reason, CST_OK);
	}
	CHECK(!cst_op_row(cst_op_count()));
}

static void rows_are_sorted_and_whole(void)
{
	const struct cst_op *op, *before = NULL;
	unsigned int i, j;

	for (i = 0; i < cst_op_count(); i++, before = op) {
		op = cst_op_row(i);
		if (before)
			CHECK(before->opcode < op->opcode ||
			      (before->opcode == op->opcode &&
			       before->service_action < op->service_action));
		CHECK(op->name && op->execute);
		CHECK(op->cdb_len == 6 || op->cdb_len == 10 ||
		      op->cdb_len == 12 || op->cdb_len == 16);
		CHECK_EQ(op->usage[0], op->opcode);
		for (j = op->cdb_len; j < sizeof(op->usage); j++)
			CHECK_EQ(op->usage[j], 0);
		/* CONTROL: NACA, and the obsolete LINK and FLAG */
		CHECK_EQ(op->usage[op->cdb_len - 1], 0);
		if (op->service_action != CST_OP_NO_SA)
			CHECK_EQ(op->usage[1] & 0x1f, op->service_action);
		/* What is written must need a medium, and may not skip the gate. */
		if (op->flags & CST_OP_WRITES)
			CHECK((op->flags & CST_OP_MEDIUM) &&
			      !(op->flags & (CST_OP_NO_LUN | CST_OP_SKIP_UA)));
	}
}

/* SPC-5 7.6.1 and SAM-5 5.14: who must be answered whatever is the matter. */
static void three_commands_are_answered_always(void)
{
	const u16 always = CST_OP_NO_LUN | CST_OP_SKIP_UA;
	const struct cst_op *op;
	unsigned int i;

	for (i = 0; i < cst_op_count(); i++) {
		op = cst_op_row(i);
		CHECK_EQ(op->flags & always,
			 op->opcode == 0x03 || op->opcode == 0x12 ||
			 op->opcode == 0xa0 ? always : 0);
	}
}

static void an_unknown_operation_code_is_told(void)
{
	static const u8 unknown[] = {
		0x01, 0x04, 0x15, 0x16, 0x2e, 0x34, 0x41, 0x42, 0x5e, 0x5f,
		0x7f, 0x89, 0x93, 0xc0, 0xff,
	};
	struct cst_sense_detail detail;
	cst_sense_t reason;
	unsigned int i;

	for (i = 0; i < sizeof(unknown); i++) {
		CHECK(!find(unknown[i], 0, &reason, &detail));
		CHECK_REASON(reason, CST_SENSE(INVALID_COMMAND_OPERATION_CODE));
		CHECK_EQ(detail.field, 0);
	}
	reason = CST_OK;
	CHECK(!cst_op_find(NULL, 0, &reason, &detail));
	CHECK_REASON(reason, CST_SENSE(INVALID_COMMAND_OPERATION_CODE));
}

static void an_unknown_service_action_is_told(void)
{
	struct cst_sense_detail detail;
	cst_sense_t reason;
	u8 cdb[1] = { 0x9e };

	CHECK(!find(0x9e, 0x12, &reason, &detail));
	CHECK_REASON(reason, CST_SENSE(INVALID_FIELD_IN_CDB));
	CHECK_EQ(detail.field, 1);
	CHECK_EQ(detail.bit, 4);
	CHECK(!find(0xa3, 0x0a, &reason, &detail));
	CHECK_REASON(reason, CST_SENSE(INVALID_FIELD_IN_CDB));

	reason = CST_OK;
	CHECK(!cst_op_find(cdb, sizeof(cdb), &reason, &detail));
	CHECK_REASON(reason, CST_SENSE(INVALID_FIELD_IN_CDB));
}

/* The bits above the service action are reserved, not part of it. */
static void reserved_bits_beside_a_service_action_do_not_hide_it(void)
{
	struct cst_sense_detail detail;
	cst_sense_t reason;

	CHECK(find(0x9e, 0xf0, &reason, &detail));
	emu_reset();
	CHECK_INVALID(EMU(0x9e, 0x90, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 32, 0, 0),
		      1, 7);
}

TEST_MAIN(T(every_row_is_found),
	  T(rows_are_sorted_and_whole),
	  T(three_commands_are_answered_always),
	  T(an_unknown_operation_code_is_told),
	  T(an_unknown_service_action_is_told),
	  T(reserved_bits_beside_a_service_action_do_not_hide_it))
