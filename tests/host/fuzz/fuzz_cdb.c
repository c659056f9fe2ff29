// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sends any CDB, with any expected length, to a device in any state.  Nothing is read or
 * written out of bounds, the handler's contract holds (emu.c aborts otherwise), and the
 * parts of the answer agree with each other.
 */
#include "emu.h"
#include "test.h"

#define FUZZ_MUST(cond)	do { if (!(cond)) abort(); } while (0)

/* The state of the device; the first bytes of the input. */
struct fuzz_setup {
	u8	flags;
	u8	block_shift;
	u8	nblocks;
	u8	exp_len[2];
	u8	luns;
	u8	name_len;
	u8	error;
	u8	row;		/* of the opcode table; beyond its end: the CDB as it is */
};

static char fuzz_name[CST_NAME_MAX + 1];

static void fuzz_device(const struct fuzz_setup *setup)
{
	struct cst_disk *disk = &emu.disk;

	disk->block_shift = 9 + setup->block_shift % 4;
	disk->block_size = 1 << disk->block_shift;
	disk->nblocks = setup->nblocks % (EMU_BLOCKS + 1);
	if (setup->flags & 0x01) {
		if (setup->luns & 0x01)
			emu_report_luns();
		else
			emu_no_lun();
	}
	disk->dev.read_only = setup->flags & 0x02;
	disk->write_through = setup->flags & 0x04;
	disk->nv_cache = setup->flags & 0x08;
	emu.io_would_block = setup->flags & 0x10;
	emu.no_memory = setup->flags & 0x20;
	disk->dev.io_ref.dying = setup->flags & 0x40;
	if (setup->flags & 0x80)
		cst_ua_add(&emu.itl, CST_SENSE(REPORTED_LUNS_DATA_CHANGED));
	emu.io_error = setup->error ? -(int)setup->error : 0;
	emu_add_lun(setup->luns);
	emu_add_lun(setup->luns * 64);
	emu.fabric.protocol_id = setup->luns & 0x0f;

	memset(fuzz_name, 'n', sizeof(fuzz_name) - 1);
	fuzz_name[min_t(unsigned int, setup->name_len, CST_NAME_MAX)] = '\0';
	emu.target.obj.group.cg_item.ci_name = fuzz_name;
	disk->lb_per_pb_exp = setup->name_len;
	disk->opt_trans_len = setup->name_len << 16;
}

static void fuzz_answer(cst_sense_t reason)
{
	const struct cst_cmd *cmd = &emu.cmd;
	u8 fixed[CST_SENSE_SIZE], desc[CST_SENSE_DESC_SIZE];
	unsigned int len;

	/* The result must be one that status.c knows. */
	FUZZ_MUST(reason != CST_PENDING && reason != CST_WOULD_BLOCK);
	FUZZ_MUST(strcmp(cst_sense_name(reason), "?"));
	FUZZ_MUST(cst_sense_build(fixed, sizeof(fixed), false, cmd->type->peripheral,
				  reason, &cmd->detail) == CST_SENSE_SIZE);
	len = cst_sense_build(desc, sizeof(desc), true, cmd->type->peripheral, reason,
			      &cmd->detail);
	FUZZ_MUST(len >= 8 && len == desc[7] + 8u);

	if (reason == CST_SENSE(INVALID_FIELD_IN_CDB))
		FUZZ_MUST(cmd->detail.field_valid &&
			  cmd->detail.field <= (cmd->op ? cmd->op->cdb_len : 10));
	if (reason)
		return;

	FUZZ_MUST(cmd->data_len <= cmd->exp_len);
	FUZZ_MUST(cmd->data_len <= cmd->cdb_xfer_len);
	FUZZ_MUST(cmd->overflow ? cmd->residual != 0 :
				  cmd->data_len + cmd->residual == cmd->exp_len);
	if (cmd->op->flags & CST_OP_WRITES)
		FUZZ_MUST(!emu.disk.dev.read_only);
	if (cmd->op->flags & CST_OP_MEDIUM)
		FUZZ_MUST(!emu.disk.dev.io_ref.dying);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);
int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct fuzz_setup setup;
	const struct cst_op *op;
	u8 cdb[32] = {};
	unsigned int i;
	u32 lun;

	if (size < sizeof(setup))
		return 0;
	memcpy(&setup, data, sizeof(setup));
	data += sizeof(setup);
	size -= sizeof(setup);

	emu_reset();
	fuzz_device(&setup);
	if (size >= 8 && !cst_lun_decode(data, &lun))
		FUZZ_MUST(lun <= CST_MAX_LUN);

	if (size > sizeof(cdb))
		size = sizeof(cdb);
	memcpy(cdb, data, size);
	op = cst_disk_type.index->ops[setup.row & 0x7f];
	if (op && size > 1) {
		cdb[0] = op->opcode;
		if (op->flags & CST_OP_ACTION)
			cdb[1] = op->service_action;
		/* Make half of the CDBs fit the usage map, so that they get further. */
		if (setup.row & 0x80)
			for (i = 0; i < op->cdb_len; i++)
				cdb[i] &= op->usage[i];
	}

	/* Run two commands: the second one runs in the state that the first has left. */
	fuzz_answer(emu_run(cdb, size,
			    setup.exp_len[0] << 8 | setup.exp_len[1]));
	fuzz_answer(emu_run(cdb, size, EMU_ALL));
	return 0;
}
