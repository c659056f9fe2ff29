// SPDX-License-Identifier: GPL-2.0-only
#include <linux/unaligned.h>

#include "emu.h"
#include "test.h"

#define RSOC(_options, _opcode, _action)				\
	EMU(0xa3, 0x0c, _options, _opcode, 0, _action, 0, 0, 0xff, 0xff, 0, 0)

#define nr_ops	(cst_disk_type.index->nr_ops)

/* A disk that has each command */
static void everything(void)
{
	emu_reset();
	emu.disk.thin = true;
	emu.disk.can_zero = true;
	emu.disk.atomic_max = 1 << 20;
	emu.disk.atomic_unit = 512;
}

static void all_commands(void)
{
	const struct cst_op *op;
	unsigned int i;
	const u8 *d;

	everything();
	CHECK_REASON(RSOC(0, 0, 0), CST_OK);
	CHECK_EQ(emu.cmd.data_len, 4 + nr_ops * 8);
	CHECK_EQ(get_unaligned_be32(emu.in), nr_ops * 8);
	CHECK_BYTES(emu.in + 4,
		    0x00, 0, 0, 0, 0, 0x00, 0, 6,
		    0x03, 0, 0, 0, 0, 0x00, 0, 6);
	for (i = 0; i < nr_ops; i++) {
		op = cst_disk_type.index->ops[i];
		d = emu.in + 4 + i * 8;
		CHECK_EQ(d[0], op->opcode);
		CHECK_EQ(d[1], 0);
		CHECK_EQ(get_unaligned_be16(d + 2),
			 op->service_action);
		CHECK_EQ(d[4], 0);
		CHECK_EQ(d[5], !!(op->flags & CST_OP_ACTION));
		CHECK_EQ(get_unaligned_be16(d + 6), op->cdb_len);
	}
}

static void all_commands_with_timeouts(void)
{
	unsigned int i;
	const u8 *d;

	everything();
	CHECK_REASON(RSOC(0x80, 0, 0), CST_OK);
	CHECK_EQ(emu.cmd.data_len, 4 + nr_ops * 20);
	CHECK_EQ(get_unaligned_be32(emu.in), nr_ops * 20);
	for (i = 0; i < nr_ops; i++) {
		d = emu.in + 4 + i * 20;
		CHECK_EQ(d[0], cst_disk_type.index->ops[i]->opcode);
		CHECK_EQ(d[5] & 0x02, 0x02);
		CHECK_BYTES(d + 8, 0x00, 0x0a, 0, 0, 0, 0, 0, 0, 0, 0);
		CHECK(get_unaligned_be16(d + 18) > 0);
	}
}

/* UNMAP, on a disk that is not thin, and WRITE ATOMIC, without a promise of the backing */
static void a_command_that_the_unit_does_not_have(void)
{
	unsigned int i;

	emu_reset();
	emu.disk.can_zero = true;
	CHECK_REASON(RSOC(0, 0, 0), CST_OK);
	CHECK_EQ(emu.cmd.data_len, 4 + (nr_ops - 2) * 8);
	CHECK_EQ(get_unaligned_be32(emu.in), (nr_ops - 2) * 8);
	for (i = 0; i < nr_ops - 2; i++)
		CHECK(emu.in[4 + i * 8] != 0x42 && emu.in[4 + i * 8] != 0x9c);
	CHECK_REASON(RSOC(1, 0x42, 0), CST_OK);
	CHECK_BYTES(emu.in, 0x00, 0x01, 0, 0);
	CHECK_REASON(RSOC(2, 0x9c, 0), CST_OK);
	CHECK_BYTES(emu.in, 0x00, 0x01, 0, 0);
	emu.disk.thin = true;
	CHECK_REASON(RSOC(1, 0x42, 0), CST_OK);
	CHECK_BYTES(emu.in, 0x00, 0x03, 0, 10, 0x42, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0);
}

static void one_command(void)
{
	emu_reset();
	CHECK_REASON(RSOC(1, 0x28, 0), CST_OK);
	CHECK_EQ(emu.cmd.data_len, 14);
	CHECK_BYTES(emu.in, 0x00, 0x03, 0, 10, 0x28, 0x18, 0xff, 0xff, 0xff, 0xff,
		    0x00, 0xff, 0xff, 0x00);
	CHECK_REASON(RSOC(0x81, 0x35, 0), CST_OK);
	CHECK_EQ(emu.cmd.data_len, 26);
	CHECK_BYTES(emu.in, 0x00, 0x83, 0, 10, 0x35, 0x06, 0xff, 0xff, 0xff, 0xff,
		    0x00, 0xff, 0xff, 0x00,
		    0x00, 0x0a, 0x00, 0x00, 0, 0, 0, 0, 0, 0, 0, 60);
}

static void one_service_action(void)
{
	emu_reset();
	CHECK_REASON(RSOC(2, 0x9e, 0x10), CST_OK);
	CHECK_EQ(emu.cmd.data_len, 20);
	CHECK_BYTES(emu.in, 0x00, 0x03, 0, 16, 0x9e, 0x10);
	CHECK_REASON(RSOC(2, 0xa3, 0x0c), CST_OK);
	CHECK_BYTES(emu.in, 0x00, 0x03, 0, 12, 0xa3, 0x0c, 0x87);
	CHECK_REASON(RSOC(2, 0x7f, 0x0b), CST_OK);
	CHECK_EQ(emu.cmd.data_len, 36);
	CHECK_BYTES(emu.in, 0x00, 0x03, 0, 32, 0x7f, 0, 0, 0, 0, 0, 0, 0x18, 0x00, 0x0b,
		    0x18, 0, 0xff);
	CHECK_REASON(EMU(0xa3, 0x0c, 2, 0x7f, 1, 0x0b, 0, 0, 0xff, 0xff, 0, 0), CST_OK);
	CHECK_BYTES(emu.in, 0x00, 0x01, 0, 0);
	CHECK_REASON(RSOC(3, 0xa3, 0x0c), CST_OK);
	CHECK_BYTES(emu.in, 0x00, 0x03, 0, 12, 0xa3, 0x0c, 0x87);
	CHECK_REASON(RSOC(3, 0x2a, 0), CST_OK);
	CHECK_BYTES(emu.in, 0x00, 0x03, 0, 10, 0x2a);
}

static void task_management_functions(void)
{
	emu_reset();
	CHECK_REASON(EMU(0xa3, 0x0d, 0, 0, 0, 0, 0, 0, 0, 4, 0, 0), CST_OK);
	CHECK_EQ(emu.cmd.data_len, 4);
	CHECK_BYTES(emu.in, 0xda, 0, 0, 0);
	CHECK_REASON(EMU(0xa3, 0x0d, 0x80, 0, 0, 0, 0, 0, 1, 0, 0, 0), CST_OK);
	CHECK_EQ(emu.cmd.data_len, 16);
	CHECK_INVALID(EMU(0xa3, 0x0d, 0, 0, 0, 0, 0, 0, 0, 3, 0, 0), 6, 7);
	CHECK_REASON(EMU(0xa3, 0x0d, 0x80, 0, 0, 0, 0, 0, 0, 16, 0, 0), CST_OK);
	CHECK_BYTES(emu.in, 0xda, 0, 0, 12, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
}

static void what_is_not_supported(void)
{
	emu_reset();
	CHECK_REASON(RSOC(1, 0x42, 0), CST_OK);
	CHECK_EQ(emu.cmd.data_len, 4);
	CHECK_BYTES(emu.in, 0x00, 0x01, 0, 0);
	CHECK_REASON(RSOC(0x82, 0x9e, 0x13), CST_OK);
	CHECK_BYTES(emu.in, 0x00, 0x01, 0, 0);
	CHECK_EQ(emu.cmd.data_len, 4);
	CHECK_REASON(RSOC(2, 0x7f, 0x03), CST_OK);
	CHECK_BYTES(emu.in, 0x00, 0x01, 0, 0);
	CHECK_REASON(RSOC(3, 0x9e, 0x13), CST_OK);
	CHECK_BYTES(emu.in, 0x00, 0x01, 0, 0);
	CHECK_REASON(RSOC(3, 0x28, 0x01), CST_OK);
	CHECK_BYTES(emu.in, 0x00, 0x01, 0, 0);
	CHECK_REASON(RSOC(3, 0xee, 0), CST_OK);
	CHECK_BYTES(emu.in, 0x00, 0x01, 0, 0);
}

static void questions_about_the_other_kind(void)
{
	unsigned int options;

	emu_reset();
	CHECK_INVALID(RSOC(1, 0x9e, 0x10), 2, 2);
	CHECK_INVALID(RSOC(1, 0xa3, 0x0c), 2, 2);
	CHECK_INVALID(RSOC(2, 0x28, 0), 2, 2);
	for (options = 4; options < 8; options++)
		CHECK_INVALID(RSOC(options, 0x28, 0), 2, 2);
	CHECK_INVALID(RSOC(0x08, 0, 0), 2, 3);
}

/* A CDB with every bit of the reported usage data set must not be refused. */
static void usage_data_is_true(void)
{
	const struct cst_op *op;
	unsigned int i;
	u8 cdb[CST_CDB_MAX];

	everything();
	emu.disk.unmap_zeroes = true;
	for (i = 0; i < nr_ops; i++) {
		op = cst_disk_type.index->ops[i];
		memcpy(cdb, op->usage, op->cdb_len);
		/* These fields have wrong values, too, so give them right ones. */
		if (op->parse) {
			if (op->cdb_len == 32)
				memset(cdb + 28, 0, 3);
			else if (op->cdb_len == 16)
				memset(cdb + 10, 0, 3);
			else if (op->cdb_len == 12)
				memset(cdb + 6, 0, 4);
			else if (op->cdb_len == 10)
				memset(cdb + 6, 0, 2);
			if (op->opcode == 0x04)
				cdb[1] = 0x3d;
			if (op->opcode == 0xa4)
				cdb[10] = 0;
			if (op->opcode == 0x3b)
				cdb[1] = 0x0a;
			if (op->opcode == 0x5f)
				memcpy(cdb + 5, (u8[]){ 0, 0, 0, 24 }, 4);
			if (op->opcode == 0x1d)
				memcpy(cdb + 1, (u8[]){ 0x17, 0, 0, 0 }, 4);
		}
		emu.cmd.cdb = cdb;
		emu.cmd.cdb_len = op->cdb_len;
		emu.cmd.dev = &emu.disk.dev;
		emu.cmd.type = &cst_disk_type;
		emu.cmd.sess = emu.sess;
		CHECK_REASON(cst_parse(&emu.cmd), CST_OK);
		emu.cmd.cdb = NULL;
	}
}

TEST_MAIN(T(all_commands), T(all_commands_with_timeouts), T(one_command),
	  T(a_command_that_the_unit_does_not_have),
	  T(one_service_action), T(task_management_functions), T(what_is_not_supported),
	  T(questions_about_the_other_kind), T(usage_data_is_true))
