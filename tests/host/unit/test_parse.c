// SPDX-License-Identifier: GPL-2.0-only
#include "emu.h"
#include "test.h"

static cst_sense_t parse(const u8 *cdb, unsigned int len)
{
	struct cst_cmd *cmd = &emu.cmd;

	memset(cmd, 0, sizeof(*cmd));
	cmd->sess = emu.sess;
	cmd->itl = &emu.itl;
	cmd->dev = &emu.disk.dev;
	cmd->type = &cst_disk_type;
	cmd->cdb = (u8 *)cdb;
	cmd->cdb_len = len;
	return cst_parse(cmd);
}

#define PARSE(...) ({							\
	static const u8 _cdb[] = { __VA_ARGS__ };			\
	parse(_cdb, sizeof(_cdb)); })

static void read_write_6(void)
{
	emu_reset();
	CHECK_REASON(PARSE(0x08, 0x1f, 0xfe, 0xdc, 3, 0), CST_OK);
	CHECK_EQ(emu.cmd.lba, 0x1ffedc);
	CHECK_EQ(emu.cmd.nblocks, 3);
	CHECK_EQ(emu.cmd.cdb_xfer_len, 3 * 512);
	CHECK_EQ(emu.cmd.dir, DMA_FROM_DEVICE);

	CHECK_REASON(PARSE(0x0a, 0, 0, 1, 0, 0), CST_OK);
	CHECK_EQ(emu.cmd.lba, 1);
	CHECK_EQ(emu.cmd.nblocks, 256);
	CHECK_EQ(emu.cmd.cdb_xfer_len, 256 * 512);
	CHECK_EQ(emu.cmd.dir, DMA_TO_DEVICE);
	CHECK_INVALID(PARSE(0x08, 0x20, 0, 0, 1, 0), 1, 5);
}

static void read_write_10(void)
{
	emu_reset();
	CHECK_REASON(PARSE(0x28, 0x18, 0xfe, 0xdc, 0xba, 0x98, 0, 0x12, 0x34, 0),
		     CST_OK);
	CHECK_EQ(emu.cmd.lba, 0xfedcba98);
	CHECK_EQ(emu.cmd.nblocks, 0x1234);
	CHECK_EQ(emu.cmd.cdb_xfer_len, 0x1234 * 512);
	CHECK_REASON(PARSE(0x2a, 0, 0, 0, 0, 0, 0, 0, 0, 0), CST_OK);
	CHECK_EQ(emu.cmd.nblocks, 0);
	CHECK_EQ(emu.cmd.cdb_xfer_len, 0);
}

static void read_write_12(void)
{
	emu_reset();
	emu.disk.block_size = 4096;
	emu.disk.block_shift = 12;
	CHECK_REASON(PARSE(0xa8, 0, 0x80, 0, 0, 1, 0, 0, 1, 2, 0, 0), CST_OK);
	CHECK_EQ(emu.cmd.lba, 0x80000001);
	CHECK_EQ(emu.cmd.nblocks, 0x102);
	CHECK_EQ(emu.cmd.cdb_xfer_len, 0x102 * 4096);
}

static void read_write_16(void)
{
	emu_reset();
	CHECK_REASON(PARSE(0x8a, 0, 0xfe, 0xdc, 0xba, 0x98, 0x76, 0x54, 0x32,
			   0x10, 0, 0, 0x40, 0, 0, 0), CST_OK);
	CHECK_EQ(emu.cmd.lba, 0xfedcba9876543210ULL);
	CHECK_EQ(emu.cmd.nblocks, 0x4000);
	CHECK_EQ(emu.cmd.cdb_xfer_len, 8 << 20);
}

static void longer_than_the_block_limits_page_says(void)
{
	emu_reset();
	CHECK_INVALID(PARSE(0x28, 0, 0, 0, 0, 0, 0, 0x40, 0x01, 0), 7, 7);
	/* or longer than the fabric carries */
	emu.sess->max_xfer = 64 << 10;
	CHECK_REASON(PARSE(0x28, 0, 0, 0, 0, 0, 0, 0x00, 0x80, 0), CST_OK);
	CHECK_INVALID(PARSE(0x28, 0, 0, 0, 0, 0, 0, 0x00, 0x81, 0), 7, 7);
	emu.sess->max_xfer = CST_MAX_XFER_BYTES;
	CHECK_INVALID(PARSE(0xaa, 0, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0, 0),
		      6, 7);
	CHECK_INVALID(PARSE(0x88, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x80, 0, 0, 0, 0,
			    0), 10, 7);
	CHECK_INVALID(PARSE(0x8f, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x40, 1, 0,
			    0), 10, 7);
	/* ... but SYNCHRONIZE CACHE has no maximum. */
	CHECK_REASON(PARSE(0x91, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0xff,
			   0xff, 0, 0), CST_OK);
	CHECK_EQ(emu.cmd.nblocks, 0xffffffff);
	CHECK_EQ(emu.cmd.cdb_xfer_len, 0);
}

static void verify_moves_what_bytchk_says(void)
{
	emu_reset();
	CHECK_REASON(PARSE(0x2f, 0x00, 0, 0, 0, 0, 0, 0, 5, 0), CST_OK);
	CHECK_EQ(emu.cmd.dir, DMA_NONE);
	CHECK_EQ(emu.cmd.cdb_xfer_len, 0);
	CHECK_EQ(emu.cmd.nblocks, 5);
	CHECK_REASON(PARSE(0x2f, 0x02, 0, 0, 0, 0, 0, 0, 5, 0), CST_OK);
	CHECK_EQ(emu.cmd.dir, DMA_TO_DEVICE);
	CHECK_EQ(emu.cmd.cdb_xfer_len, 5 * 512);
	CHECK_INVALID(PARSE(0x2f, 0x04, 0, 0, 0, 0, 0, 0, 5, 0), 1, 2);
	CHECK_REASON(PARSE(0x2f, 0x06, 0, 0, 0, 0, 0, 0, 5, 0), CST_OK);
	CHECK_EQ(emu.cmd.cdb_xfer_len, 512);
	CHECK_REASON(PARSE(0x2f, 0x06, 0, 0, 0, 0, 0, 0, 0, 0), CST_OK);
	CHECK_EQ(emu.cmd.cdb_xfer_len, 0);
}

static void allocation_lengths(void)
{
	emu_reset();
	CHECK_REASON(PARSE(0x03, 0, 0, 0, 0xfc, 0), CST_OK);
	CHECK_EQ(emu.cmd.cdb_xfer_len, 0xfc);
	CHECK_REASON(PARSE(0x12, 0, 0, 0x12, 0x34, 0), CST_OK);
	CHECK_EQ(emu.cmd.cdb_xfer_len, 0x1234);
	CHECK_REASON(PARSE(0x5a, 0, 0, 0, 0, 0, 0, 0x12, 0x34, 0), CST_OK);
	CHECK_EQ(emu.cmd.cdb_xfer_len, 0x1234);
	CHECK_REASON(PARSE(0xa0, 0, 0, 0, 0, 0, 0x12, 0x34, 0x56, 0x78, 0, 0),
		     CST_OK);
	CHECK_EQ(emu.cmd.cdb_xfer_len, 0x12345678);
	CHECK_REASON(PARSE(0x9e, 0x10, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0, 0, 1, 0,
			   0), CST_OK);
	CHECK_EQ(emu.cmd.cdb_xfer_len, 0xff000001);
	CHECK_REASON(PARSE(0x25, 0, 0, 0, 0, 0, 0, 0, 0, 0), CST_OK);
	CHECK_EQ(emu.cmd.cdb_xfer_len, 8);
}

/* Each bit of each command is set alone: it is refused exactly when the usage map lacks it. */
static void every_bit_outside_the_usage_map_is_pointed_at(void)
{
	const struct cst_op *op;
	unsigned int i, byte, bit;
	u8 cdb[CST_CDB_MAX];
	bool variable;

	emu_reset();
	/* a disk that has each command */
	emu.disk.thin = true;
	emu.disk.can_zero = true;
	emu.disk.atomic_max = 1 << 20;
	emu.disk.atomic_unit = 512;
	for (i = 0; i < cst_disk_type.index->nr_ops; i++) {
		op = cst_disk_type.index->ops[i];
		variable = op->opcode == 0x7f;
		for (byte = 1; byte < op->cdb_len; byte++) {
			for (bit = 0; bit < 8; bit++) {
				if (op->usage[byte] & 1 << bit)
					continue;
				/* These bits make another service action. */
				if (op->flags & CST_OP_ACTION &&
				    (variable ? byte >= 7 && byte <= 9 : byte == 1 && bit < 5))
					continue;
				memset(cdb, 0, sizeof(cdb));
				cdb[0] = op->opcode;
				if (variable)
					memcpy(cdb + 7, op->usage + 7, 3);
				else if (op->flags & CST_OP_ACTION)
					cdb[1] = op->service_action;
				cdb[byte] |= 1 << bit;
				CHECK_INVALID(parse(cdb, op->cdb_len), byte, bit);
				CHECK(emu.cmd.op == op);
			}
		}
	}
}

/* It is refused as without a row, whatever else is wrong with its CDB. */
static void what_the_unit_does_not_have(void)
{
	emu_reset();
	CHECK_REASON(PARSE(0x9c, 0xff, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0),
		     CST_SENSE(INVALID_COMMAND_OPERATION_CODE));
	CHECK_EQ(emu.cmd.detail.field, 0);
	CHECK_REASON(PARSE(0x42, 0xff, 0, 0, 0, 0, 0, 0, 0, 0),
		     CST_SENSE(INVALID_COMMAND_OPERATION_CODE));
	CHECK_INVALID(PARSE(0x48, 0x02, 0xff, 0, 0, 0, 0, 0, 0, 0), 1, 4);
}

static void named_fields_that_are_not_supported(void)
{
	emu_reset();
	/* RDPROTECT, WRPROTECT, VRPROTECT, GROUP NUMBER, NACA */
	CHECK_INVALID(PARSE(0x28, 0x20, 0, 0, 0, 0, 0, 0, 1, 0), 1, 5);
	CHECK_INVALID(PARSE(0x2a, 0xe0, 0, 0, 0, 0, 0, 0, 1, 0), 1, 7);
	CHECK_INVALID(PARSE(0x2f, 0x42, 0, 0, 0, 0, 0, 0, 1, 0), 1, 6);
	CHECK_INVALID(PARSE(0x28, 0, 0, 0, 0, 0, 0x1f, 0, 1, 0), 6, 4);
	CHECK_INVALID(PARSE(0x28, 0, 0, 0, 0, 0, 0, 0, 1, 0x04), 9, 2);
	/* The field pointer has the first wrong byte, not the last. */
	CHECK_INVALID(PARSE(0x28, 0x80, 0, 0, 0, 0, 0x10, 0, 1, 0x04), 1, 7);
	/* power conditions */
	CHECK_INVALID(PARSE(0x1b, 0, 0, 0, 0x10, 0), 4, 4);
}

static void a_cdb_that_is_too_short_is_refused(void)
{
	emu_reset();
	CHECK_INVALID(PARSE(0x28, 0, 0, 0, 0, 0), 6, 7);
	CHECK_INVALID(PARSE(0x12), 1, 7);
	CHECK_REASON(parse(NULL, 0), CST_SENSE(INVALID_COMMAND_OPERATION_CODE));
}

static void a_longer_cdb_is_padding(void)
{
	emu_reset();
	CHECK_REASON(PARSE(0x28, 0, 0, 0, 0, 9, 0, 0, 1, 0, 0xff, 0xff, 0xff,
			   0xff, 0xff, 0xff), CST_OK);
	CHECK_EQ(emu.cmd.lba, 9);
}

static void a_wrong_lun_outweighs_a_wrong_cdb(void)
{
	emu_reset();
	emu_no_lun();
	CHECK_REASON(EMU(0xff, 0, 0, 0, 0, 0), CST_SENSE(LU_NOT_SUPPORTED));
	CHECK_REASON(EMU(0x28, 0xff, 0, 0, 0, 0, 0, 0, 1, 0),
		     CST_SENSE(LU_NOT_SUPPORTED));
	CHECK(!emu.cmd.detail.field_valid);
	CHECK_REASON(EMU(0x28, 0, 0, 0, 0, 0, 0, 0, 1, 0),
		     CST_SENSE(LU_NOT_SUPPORTED));
	CHECK_REASON(EMU(0x00, 0, 0, 0, 0, 0), CST_SENSE(LU_NOT_SUPPORTED));
	CHECK_REASON(EMU(0x9e, 0x1f, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0),
		     CST_SENSE(LU_NOT_SUPPORTED));
	/* INQUIRY is answered without a unit, so its CDB is checked. */
	CHECK_INVALID(EMU(0x12, 0x80, 0, 0, 36, 0), 1, 7);
}

TEST_MAIN(T(read_write_6), T(read_write_10), T(read_write_12), T(read_write_16),
	  T(longer_than_the_block_limits_page_says),
	  T(verify_moves_what_bytchk_says),
	  T(allocation_lengths),
	  T(every_bit_outside_the_usage_map_is_pointed_at), T(what_the_unit_does_not_have),
	  T(named_fields_that_are_not_supported),
	  T(a_cdb_that_is_too_short_is_refused),
	  T(a_longer_cdb_is_padding),
	  T(a_wrong_lun_outweighs_a_wrong_cdb))
