// SPDX-License-Identifier: GPL-2.0-only
#include <linux/unaligned.h>
#include <scsi/scsi_proto.h>

#include "emu.h"
#include "test.h"

static const struct cst_dev_type *const types[] = {
	&cst_disk_type, &cst_no_lun_type, &cst_report_luns_type,
};

#define FOR_EACH_OP(type, i, op)					\
	for (i = 0; i < (type)->index->nr_ops && (op = (type)->index->ops[i]); i++)

static const struct cst_op *find(const struct cst_dev_type *type, u8 opcode,
				 u16 action, cst_sense_t *reason,
				 struct cst_sense_detail *detail)
{
	u8 cdb[CST_CDB_MAX] = { opcode, action };

	if (opcode == 0x7f) {
		cdb[1] = 0;
		cdb[7] = 24;
		put_unaligned_be16(action, cdb + 8);
	}

	*reason = CST_OK;
	memset(detail, 0, sizeof(*detail));
	return cst_op_find(type, cdb, sizeof(cdb), reason, detail);
}

static void every_row_is_found(void)
{
	struct cst_sense_detail detail;
	const struct cst_op *op;
	cst_sense_t reason;
	unsigned int i, t;

	emu_reset();
	for (t = 0; t < ARRAY_SIZE(types); t++) {
		CHECK(types[t]->index->nr_ops);
		FOR_EACH_OP(types[t], i, op) {
			CHECK(find(types[t], op->opcode, op->flags & CST_OP_ACTION ?
				   op->service_action : 0xff, &reason, &detail) == op);
			CHECK_REASON(reason, CST_OK);
		}
	}
}

static void rows_are_whole(void)
{
	const struct cst_op *op;
	unsigned int i, t;

	emu_reset();
	for (t = 0; t < ARRAY_SIZE(types); t++) {
		FOR_EACH_OP(types[t], i, op) {
			CHECK(op->cdb_len == 6 || op->cdb_len == 10 ||
			      op->cdb_len == 12 || op->cdb_len == 16 ||
			      (op->cdb_len == 32 && op->opcode == 0x7f));
			/* CONTROL: NACA, and the obsolete LINK and FLAG */
			CHECK_EQ(op->usage[op->opcode == 0x7f ? 1 : op->cdb_len - 1], 0);
			/* A command that writes may not skip the gate. */
			if (op->flags & CST_OP_WRITES)
				CHECK(!(op->flags & CST_OP_SKIP_UA));
			/* A type without a device has no command that needs the medium. */
			if (types[t] != &cst_disk_type)
				CHECK(!(op->flags & CST_OP_MEDIUM));
		}
	}
}

/* SPC-5 7.6.1 and SAM-5 5.14: commands that must be answered in any state of the unit. */
static void three_commands_are_answered_always(void)
{
	const struct cst_op *op;
	unsigned int i;

	emu_reset();
	FOR_EACH_OP(&cst_disk_type, i, op)
		CHECK_EQ(!!(op->flags & CST_OP_SKIP_UA), op->opcode == 0x03 ||
			 op->opcode == 0x12 || op->opcode == 0xa0);
	CHECK_EQ(cst_no_lun_type.index->nr_ops, 3);
	FOR_EACH_OP(&cst_no_lun_type, i, op)
		CHECK(op->opcode == 0x03 || op->opcode == 0x12 || op->opcode == 0xa0);
}

static void an_unknown_operation_code_is_told(void)
{
	static const u8 unknown[] = {
		0x01, 0x18, 0x92, 0xc0, 0xff,
	};
	struct cst_sense_detail detail;
	cst_sense_t reason;
	unsigned int i;

	emu_reset();
	for (i = 0; i < sizeof(unknown); i++) {
		CHECK(!find(&cst_disk_type, unknown[i], 0, &reason, &detail));
		CHECK_REASON(reason, CST_SENSE(INVALID_COMMAND_OPERATION_CODE));
		CHECK(detail.field_valid);
		CHECK_EQ(detail.field, 0);
	}
	CHECK(!find(&cst_no_lun_type, 0x28, 0, &reason, &detail));
	CHECK_REASON(reason, CST_SENSE(LU_NOT_SUPPORTED));
	CHECK(!detail.field_valid);
	reason = CST_OK;
	CHECK(!cst_op_find(&cst_disk_type, NULL, 0, &reason, &detail));
	CHECK_REASON(reason, CST_SENSE(INVALID_COMMAND_OPERATION_CODE));
}

static void an_unknown_service_action_is_told(void)
{
	struct cst_sense_detail detail;
	cst_sense_t reason;
	u8 cdb[1] = { 0x9e };

	emu_reset();
	CHECK(!find(&cst_disk_type, 0x9e, 0x13, &reason, &detail));
	CHECK_REASON(reason, CST_SENSE(INVALID_FIELD_IN_CDB));
	CHECK_EQ(detail.field, 1);
	CHECK_EQ(detail.bit, 4);
	CHECK(!find(&cst_disk_type, 0xa3, 0x0a, &reason, &detail));
	CHECK_REASON(reason, CST_SENSE(INVALID_FIELD_IN_CDB));

	reason = CST_OK;
	CHECK(!cst_op_find(&cst_disk_type, cdb, sizeof(cdb), &reason, &detail));
	CHECK_REASON(reason, CST_SENSE(INVALID_FIELD_IN_CDB));
}

/* SPC-5 4.2.3: ADDITIONAL CDB LENGTH, and a service action of 16 bits */
static void a_cdb_of_variable_length(void)
{
	u8 cdb[CST_CDB_MAX] = { 0x7f, [7] = 24, [9] = 0x09 };
	struct cst_sense_detail detail = {};
	const struct cst_op *op;
	cst_sense_t reason;
	unsigned int i;

	emu_reset();
	op = cst_op_find(&cst_disk_type, cdb, sizeof(cdb), &reason, &detail);
	CHECK(op && !strcmp(op->name, "READ(32)"));
	/* More bytes may have come than the CDB has. */
	for (i = 0; i < 256; i++) {
		cdb[7] = i;
		if (i == 24)
			continue;
		CHECK(!cst_op_find(&cst_disk_type, cdb, sizeof(cdb), &reason, &detail));
		CHECK_REASON(reason, CST_SENSE(INVALID_FIELD_IN_CDB));
		CHECK_EQ(detail.field, 7);
	}
	cdb[7] = 24;
	cdb[8] = 1;
	CHECK(!cst_op_find(&cst_disk_type, cdb, sizeof(cdb), &reason, &detail));
	CHECK_REASON(reason, CST_SENSE(INVALID_FIELD_IN_CDB));
	CHECK_EQ(detail.field, 8);
	/* Cut: nothing behind the end is looked at, the sanitizer knows. */
	for (i = 1; i < 32; i++) {
		u8 *cut = malloc(i);

		cdb[8] = 0;
		memcpy(cut, cdb, i);
		CHECK_REASON(emu_run(cut, i, 0), CST_SENSE(INVALID_FIELD_IN_CDB));
		CHECK_EQ(emu.cmd.detail.field, i);
		free(cut);
	}
}

/* The bits above the service action are reserved, not part of it. */
static void reserved_bits_beside_a_service_action_do_not_hide_it(void)
{
	struct cst_sense_detail detail;
	cst_sense_t reason;

	emu_reset();
	CHECK(find(&cst_disk_type, 0x9e, 0xf0, &reason, &detail));
	CHECK_INVALID(EMU(0x9e, 0x90, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 32, 0, 0),
		      1, 7);
}

/* --- device types made for this test --- */

static cst_sense_t nothing(struct cst_cmd *cmd)
{
	return CST_OK;
}

static cst_sense_t no_page(struct cst_cmd *cmd, const u8 *header)
{
	return CST_OK;
}

static u8 *no_log(const struct cst_device *dev, const struct cst_log_counts *counts, u8 *p)
{
	return p;
}

static void no_fill(const struct cst_device *dev, u8 *page)
{
}

#define ROW_UNSAID(...) { __VA_ARGS__, .name = "X", .dir = DMA_NONE, .execute = nothing }
#define ROW(...) ROW_UNSAID(__VA_ARGS__, .resv = CST_RESV_ANY)

struct own_type {
	struct cst_op		rows[4];
	struct cst_vpd_page	pages[3];
	struct cst_mode_page	mode_pages[3];
	struct cst_log_page	logs[3];
	const struct cst_op	*any;
	bool			answers_nothing;	/* has no unknown_op */
};

static int make(const struct own_type *own, struct cst_type_index *index)
{
	const struct cst_op *const ops[] = { own->rows, NULL };
	const struct cst_vpd_page *const vpd[] = { own->pages, NULL };
	const struct cst_log_page *const logs[] = { own->logs, NULL };
	const struct cst_dev_type type = {
		.name = "test", .log_pages = logs, .ops = ops, .vpd = vpd, .index = index,
		.mode_pages = own->mode_pages, .any = own->any,
		.unknown_op = own->answers_nothing ? CST_OK :
			      CST_SENSE(INVALID_COMMAND_OPERATION_CODE),
	};

	memset(index, 0, sizeof(*index));
	return cst_dev_type_init(&type);
}

/* Outside of functions: only there a usage map is static. */
static const struct own_type own = {
	.rows = {
		ROW(CST_CDB_SA(12, 0xa3, 0x0d), .flags = CST_OP_ACTION),
		ROW(CST_CDB(6, 0x12)),
		ROW(CST_CDB_SA(12, 0xa3, 0x0c), .flags = CST_OP_ACTION),
	},
	.pages = { { 0xb0, no_page }, { 0x00, no_page } },
	.mode_pages = { { 0x08, 0, 20, no_fill }, { 0x0a, 0, 12, no_fill } },
	.logs = { { 0x2f, 0, 0, no_log }, { 0x06, 0, 0, no_log } },
};

static const struct own_type wrong[] = {
	/* the same command, or the same service action, twice */
	{ .rows = { ROW(CST_CDB(6, 0x12)), ROW(CST_CDB(6, 0x12)) } },
	{ .rows = { ROW(CST_CDB_SA(12, 0xa3, 1), .flags = CST_OP_ACTION),
		    ROW(CST_CDB_SA(12, 0xa3, 1), .flags = CST_OP_ACTION) } },
	/* with service actions and without */
	{ .rows = { ROW(CST_CDB(12, 0xa3)),
		    ROW(CST_CDB_SA(12, 0xa3, 1), .flags = CST_OP_ACTION) } },
	/* variable length: no service action, another one than in the map, too short */
	{ .rows = { ROW(CST_CDB(32, 0x7f)) } },
	{ .rows = { ROW(CST_CDB_LONG(0x0109), .flags = 0) } },
	{ .rows = { ROW(CST_CDB_SA(32, 0x7f, 9), .flags = CST_OP_ACTION) } },
	{ .rows = { ROW(CST_CDB_SA(16, 0x7f, 9), .flags = CST_OP_ACTION) } },
	/* a length that no CDB has, and one too long */
	{ .rows = { ROW(CST_CDB(7, 0x12)) } },
	{ .rows = { ROW(CST_CDB(17, 0x12)) } },
	/* writes without a medium, blocks without a direction */
	{ .rows = { ROW(CST_CDB(6, 0x0a), .flags = CST_OP_WRITES) } },
	{ .rows = { ROW(CST_CDB(6, 0x0a), .flags = CST_OP_BLOCKS) } },
	/* no reservation rule, and one that does not exist */
	{ .rows = { ROW_UNSAID(CST_CDB(6, 0x12)) } },
	{ .rows = { ROW_UNSAID(CST_CDB(6, 0x12), .resv = CST_RESV_WRITE + 1) } },
	{ .pages = { { 0x80, no_page }, { 0x80, no_page } } },
	{ .mode_pages = { { 0x0a, 0, 12, no_fill }, { 0x08, 0, 20, no_fill } } },
	{ .mode_pages = { { 0x0a, 2, 12, no_fill }, { 0x0a, 1, 12, no_fill } } },
	{ .mode_pages = { { 0x0a, 0, 12, no_fill }, { 0x0a, 0, 12, no_fill } } },
	/* page and subpage codes that mean all of them, a page without a byte, one too long */
	{ .mode_pages = { { 0x3f, 0, 12, no_fill } } },
	{ .mode_pages = { { 0x0a, 0xff, 12, no_fill } } },
	{ .mode_pages = { { 0x0a, 1, 4, no_fill } } },
	{ .mode_pages = { { 0x0a, 0, CST_MODE_PAGE_MAX + 1, no_fill } } },
	/* bits that can be changed, and no way to change them */
	{ .mode_pages = { { 0x0a, 0, 12, no_fill, .mask = no_fill } } },
	/* the same log page twice; pages that are lists */
	{ .logs = { { 0x06, 0, 0, no_log }, { 0x06, 0, 0, no_log } } },
	{ .logs = { { 0x00, 0, 0, no_log } } },
	{ .logs = { { 0x06, 0xff, 0, no_log } } },
};

static void tables_are_sorted(void)
{
	struct cst_type_index index;

	CHECK_EQ(make(&own, &index), 0);
	CHECK_EQ(index.nr_ops, 3);
	CHECK_EQ(index.ops[0]->opcode, 0x12);
	CHECK_EQ(index.ops[1]->service_action, 0x0c);
	CHECK_EQ(index.ops[2]->service_action, 0x0d);
	CHECK_EQ(index.first[0x12], 1);
	CHECK_EQ(index.first[0xa3], 2);
	CHECK_EQ(index.nr_vpd, 2);
	CHECK_EQ(index.vpd[0]->code, 0x00);
	CHECK_EQ(index.nr_logs, 2);
	CHECK_EQ(index.logs[0]->code, 0x06);
}

static void mistakes_are_refused(void)
{
	struct cst_type_index index;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(wrong); i++)
		CHECK_EQ(make(&wrong[i], &index), -EINVAL);
}

/* Without unknown_op such a command would pass, and no row could execute it. */
static void an_unknown_operation_code_has_an_answer(void)
{
	struct own_type type = { .answers_nothing = true };
	struct cst_type_index index;

	CHECK_EQ(make(&type, &index), -EINVAL);
	type.any = &cst_any_op;
	CHECK_EQ(make(&type, &index), 0);
	type.answers_nothing = false;
	type.any = NULL;
	CHECK_EQ(make(&type, &index), 0);
}

TEST_MAIN(T(every_row_is_found),
	  T(rows_are_whole),
	  T(three_commands_are_answered_always),
	  T(an_unknown_operation_code_is_told),
	  T(an_unknown_service_action_is_told),
	  T(a_cdb_of_variable_length),
	  T(reserved_bits_beside_a_service_action_do_not_hide_it),
	  T(tables_are_sorted),
	  T(mistakes_are_refused),
	  T(an_unknown_operation_code_has_an_answer))
