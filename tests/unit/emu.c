// SPDX-License-Identifier: GPL-2.0-only
/*
 * Stands in for exec.c, buffer.c and a handler.  Buffers are made page by page
 * with the heap, so that the sanitizer sees each end.
 */
#include <linux/unaligned.h>

#include "emu.h"

struct emu emu;

static u8 emu_out[16 << 20];
static u32 emu_out_len;

/* A test of identity.c brings its own. */
__weak const char *dmi_get_system_info(int field)
{
	return NULL;
}

__weak void get_random_bytes(void *buf, size_t len)
{
	memset(buf, 0x5a, len);
}

u64 shim_jiffies_64;
unsigned long shim_hardirq_count;

u64 siphash(const void *data, size_t len, const siphash_key_t *key)
{
	u64 hash = 0xcbf29ce484222325ULL ^ key->key[0] ^ key->key[1] << 32;
	const u8 *p = data;

	while (len--)
		hash = (hash ^ *p++) * 0x100000001b3ULL;
	return hash;
}

u64 siphash_2u64(u64 a, u64 b, const siphash_key_t *key)
{
	u64 pair[2] = { a, b };

	return siphash(pair, sizeof(pair), key);
}

/* --- buffer.c --- */

struct bio_vec *cst_bvec_alloc(struct bio_vec *inl, unsigned int nr_inline,
			       u32 len, bool may_sleep, u16 *nr, bool *alloced)
{
	unsigned int i, n = (len + PAGE_SIZE - 1) / PAGE_SIZE;
	struct bio_vec *bvec;

	if (emu.no_memory && !may_sleep)
		return NULL;
	*alloced = n > nr_inline;
	bvec = *alloced ? calloc(n, sizeof(*bvec)) : inl;
	for (i = 0; i < n; i++) {
		bvec[i].bv_page = malloc(PAGE_SIZE);
		memset(bvec[i].bv_page, 0xee, PAGE_SIZE);
		bvec[i].bv_offset = 0;
		bvec[i].bv_len = PAGE_SIZE;
	}
	*nr = n;
	return bvec;
}

void cst_bvec_free(struct bio_vec *bvec, u16 nr, bool alloced)
{
	unsigned int i;

	for (i = 0; i < nr; i++)
		free(bvec[i].bv_page);
	if (alloced)
		free(bvec);
}

bool cst_buffer_alloc(struct cst_cmd *cmd, u32 len)
{
	bool alloced;

	if (emu.meanwhile)
		emu.meanwhile();
	if (emu.no_buffer)
		return false;
	cmd->bvec = cst_bvec_alloc(cmd->inline_bvec, CST_INLINE_BVECS, len,
				   true, &cmd->nr_bvec, &alloced);
	__set_bit(CST_CMD_OWN_BUF, &cmd->flags);
	if (alloced)
		__set_bit(CST_CMD_BVEC_ALLOCED, &cmd->flags);
	return true;
}

void cst_buffer_free(struct cst_cmd *cmd)
{
	if (test_bit(CST_CMD_OWN_BUF, &cmd->flags))
		cst_bvec_free(cmd->bvec, cmd->nr_bvec,
			      test_bit(CST_CMD_BVEC_ALLOCED, &cmd->flags));
	cst_buffer_free_scratch(cmd);
	cmd->flags = 0;
}

bool cst_buffer_alloc_scratch(struct cst_cmd *cmd, u32 len)
{
	bool alloced;

	if (cmd->scratch_bvec)
		return true;
	cmd->scratch_bvec = cst_bvec_alloc(NULL, 0, len, cst_cmd_may_sleep(cmd),
					   &cmd->scratch_nr_bvec, &alloced);
	if (!cmd->scratch_bvec)
		return false;
	if (alloced)
		__set_bit(CST_CMD_SCRATCH_ALLOCED, &cmd->flags);
	return true;
}

void cst_buffer_free_scratch(struct cst_cmd *cmd)
{
	if (cmd->scratch_bvec)
		cst_bvec_free(cmd->scratch_bvec, cmd->scratch_nr_bvec,
			      test_bit(CST_CMD_SCRATCH_ALLOCED, &cmd->flags));
	cmd->scratch_bvec = NULL;
}

static void emu_bvec_copy(const struct bio_vec *bv, u8 *data, u32 len, bool in)
{
	u32 n;

	for (; len; bv++, data += n, len -= n) {
		n = min(len, bv->bv_len);
		if (in)
			memcpy(bv->bv_page->data + bv->bv_offset, data, n);
		else
			memcpy(data, bv->bv_page->data + bv->bv_offset, n);
	}
}

/* --- the control plane, which nothing here enters --- */

ssize_t cst_attr_show(struct config_item *item, const struct cst_attr *attr,
		      char *page)
{
	abort();
}

ssize_t cst_attr_store(struct config_item *item, const struct cst_attr *attr,
		       const char *page, size_t count)
{
	abort();
}

void cst_config_error(struct config_item *item, const char *what,
		      const char *fmt, ...)
{
	emu.config_errors++;
}

void cst_device_inquiry_changed(struct cst_object *obj)
{
	abort();
}

void cst_device_mode_changed(struct cst_object *obj)
{
	abort();
}

void cst_device_changed(struct cst_device *dev)
{
}

void cst_event_device(struct cst_device *dev, u8 cmd)
{
}

/* --- range.c, as far as no test brings its own --- */

__weak cst_sense_t cst_range_enter_slow(struct cst_cmd *cmd)
{
	abort();
}

__weak void cst_range_leave_slow(struct cst_cmd *cmd, int was)
{
	abort();
}

__weak cst_sense_t cst_range_hold(struct cst_cmd *cmd)
{
	__set_bit(CST_CMD_RANGE, &cmd->flags);
	return emu.hold;
}

/* --- exec.c --- */

bool cst_cmd_may_sleep(const struct cst_cmd *cmd)
{
	return test_bit(CST_CMD_IN_WORKER, &cmd->flags);
}

cst_sense_t cst_cmd_start_io(struct cst_cmd *cmd)
{
	cmd->io.dev = cmd->dev;
	return cmd->dev->ops->block->submit(&cmd->io) == -EAGAIN ? CST_WOULD_BLOCK :
							     CST_PENDING;
}

void cst_cmd_complete(struct cst_cmd *cmd, cst_sense_t reason)
{
	if (emu.completed)
		abort();
	emu.completed = true;
	cmd->reason = reason;
}

/* The worker comes when whoever has started the command has left it. */
void cst_cmd_continue(struct cst_cmd *cmd, cst_sense_t (*resume)(struct cst_cmd *cmd))
{
	if (emu.goes_on)
		abort();
	emu.goes_on = true;
	cmd->resume = resume;
}

static cst_sense_t emu_go_on(struct cst_cmd *cmd)
{
	cst_sense_t reason = CST_PENDING;

	while (emu.goes_on) {
		emu.goes_on = false;
		emu.steps++;
		__set_bit(CST_CMD_IN_WORKER, &cmd->flags);
		if (emu.between_steps)
			emu.between_steps();
		reason = cmd->resume(cmd);
	}
	if (reason != CST_PENDING)
		cst_buffer_free_scratch(cmd);
	return reason;
}

/* --- a handler --- */

static int emu_submit(struct cst_io *io)
{
	u64 size = emu.disk.nblocks << emu.disk.block_shift;

	if (emu.io_would_block && !cst_cmd_may_sleep(&emu.cmd)) {
		emu.io_would_block = false;
		return -EAGAIN;
	}
	/* What the contract promises to a handler. */
	if (io->pos > size || io->len > size - io->pos ||
	    io->pos % emu.disk.block_size || io->len % emu.disk.block_size)
		abort();

	emu.ios++;
	emu.io.op = io->op;
	emu.io.flags = io->flags;
	emu.io.pos = io->pos;
	emu.io.len = io->len;
	if (!emu.io_error && io->op != CST_IO_FLUSH &&
	    size <= sizeof(emu.medium))
		emu_bvec_copy(io->bvec, emu.medium + io->pos, io->len,
			      io->op == CST_IO_READ);
	cst_io_done(io, emu.io_error);
	return 0;
}

/* --- a fabric, whose target's name tells its port --- */

static void emu_target_port(const struct cst_target *target, struct cst_port *port)
{
	strscpy(port->name, cst_target_name(target), sizeof(port->name));
	port->tpgt = 1;
	port->address = 0x3000000000000000ULL + target->rel_tgt_id;
}

void emu_reset(void)
{
	struct cst_session *sess = emu.sess;
	static u8 pattern[sizeof(emu.medium)];
	unsigned int i;

	cst_buffer_free(&emu.cmd);
	free(emu.in);
	memset(&emu, 0, sizeof(emu));
	if (!sess)
		sess = malloc(sizeof(*sess));
	memset(sess, 0, sizeof(*sess));
	emu.sess = sess;
	sess->target = &emu.target;
	sess->ops = &emu.fabric;
	sess->max_xfer = CST_MAX_XFER_BYTES;
	emu.target.obj.group.cg_item.ci_name =
		(char *)"iqn.2026-01.example:t1";
	emu.target.rel_tgt_id = 0x1234;
	emu.target.ops = &emu.fabric;
	emu.fabric.protocol_id = 0x5;
	emu.fabric.target_port = emu_target_port;
	emu.handler.name = "vdisk_test";
	emu.block.submit = emu_submit;

	emu.handler.type = &cst_disk_type;
	emu.handler.block = &emu.block;
	if (!cst_disk_type.index->nr_ops && cst_types_init())
		abort();

	emu.disk.dev.ops = &emu.handler;
	emu.disk.dev.type = &cst_disk_type;
	emu.disk.dev.obj.group.cg_item.ci_name = (char *)"disk1";
	emu.disk.block_size = 512;
	emu.disk.block_shift = 9;
	emu.disk.nblocks = EMU_BLOCKS;
	emu.disk.opt_trans_len = CST_OPT_XFER_BYTES;
	strscpy(emu.disk.dev.t10_vend_id, "CST", sizeof(emu.disk.dev.t10_vend_id));
	strscpy(emu.disk.dev.prod_id, "vdisk", sizeof(emu.disk.dev.prod_id));
	strscpy(emu.disk.dev.prod_rev_lvl, "0100", sizeof(emu.disk.dev.prod_rev_lvl));
	strscpy(emu.disk.dev.t10_dev_id, "0123-disk1", sizeof(emu.disk.dev.t10_dev_id));
	strscpy(emu.disk.dev.usn, "SERIAL12", sizeof(emu.disk.dev.usn));
	strscpy(emu.disk.dev.naa_id, "3123456789abcdef", sizeof(emu.disk.dev.naa_id));

	if (!pattern[1])
		for (i = 0; i < sizeof(pattern); i++)
			pattern[i] = i * 7 + (i >> 9);
	memcpy(emu.medium, pattern, sizeof(emu.medium));
	INIT_LIST_HEAD(&emu.disk.dev.luns);
	INIT_LIST_HEAD(&emu.disk.dev.itls);
	list_add_tail(&emu.itl.dev_node, &emu.disk.dev.itls);
	emu.itl.dev = &emu.disk.dev;
	emu.itl.sess = sess;
	emu_add_lun(0);
	emu.cmd.itl = &emu.itl;
	emu_out_len = 0;
}

void emu_no_lun(void)
{
	emu.sess->itls.slots[0] = NULL;
	emu.cmd.itl = NULL;
	emu.type = &cst_no_lun_type;
}

void emu_report_luns(void)
{
	emu_no_lun();
	emu.type = &cst_report_luns_type;
}

void emu_add_lun(u32 lun)
{
	shim_xa_store(&emu.sess->itls, lun, &emu.itl);
}

void emu_data_out(const void *data, u32 len)
{
	memcpy(emu_out, data, len);
	emu_out_len = len;
}

/* submit.c and exec.c in short */
static cst_sense_t emu_stages(struct cst_cmd *cmd, u32 exp_len)
{
	cst_sense_t reason;

	reason = cst_parse(cmd);
	if (reason)
		return reason;
	cmd->exp_dir = cmd->dir;
	cmd->exp_len = exp_len == EMU_ALL ? cmd->cdb_xfer_len : exp_len;

	reason = cst_gate(cmd);
	if (reason)
		return reason;

	if (cmd->dir == DMA_NONE)
		cst_cmd_set_len(cmd, 0);
	else if (cmd->op->flags & CST_OP_BLOCKS)
		reason = cst_cmd_blocks_len(cmd);
	else if (cmd->dir == DMA_TO_DEVICE)
		cst_cmd_set_len(cmd, cmd->cdb_xfer_len);
	if (reason)
		return reason;
	if (cmd->dir == DMA_TO_DEVICE && cmd->data_len) {
		if (!cst_buffer_alloc(cmd, cmd->data_len))
			return CST_TASK_SET_FULL;
		emu_bvec_copy(cmd->bvec, emu_out, cmd->data_len, true);
	}

	if (cmd->op->flags & CST_OP_SLEEPS)
		__set_bit(CST_CMD_IN_WORKER, &cmd->flags);
	reason = cmd->op->execute(cmd);
	if (reason == CST_WOULD_BLOCK) {
		__set_bit(CST_CMD_IN_WORKER, &cmd->flags);
		reason = cmd->op->execute(cmd);
	}
	if (reason == CST_PENDING)
		reason = emu_go_on(cmd);
	if (reason == CST_PENDING) {
		if (!emu.completed)
			abort();
		return cmd->reason;
	}
	if (emu.completed)
		abort();
	return reason;
}

cst_sense_t emu_run(const u8 *cdb, unsigned int cdb_len, u32 exp_len)
{
	struct cst_cmd *cmd = &emu.cmd;
	struct cst_itl *itl = cmd->itl;
	cst_sense_t reason;
	u8 *copy;

	cst_buffer_free(cmd);
	free(emu.in);
	emu.in = NULL;
	emu.ios = 0;
	emu.steps = 0;
	emu.completed = false;
	memset(cmd, 0, sizeof(*cmd));
	memset(cmd->inline_bvec, 0xee, sizeof(cmd->inline_bvec));
	cmd->sess = emu.sess;
	cmd->itl = itl;
	cmd->dev = itl ? itl->dev : NULL;
	cmd->type = itl ? itl->dev->type : emu.type;
	cmd->dir = DMA_NONE;
	cmd->task_attr = emu.task_attr;
	/* On the heap, so that reading past it is seen. */
	copy = malloc(cdb_len ? cdb_len : 1);
	memcpy(copy, cdb, cdb_len);
	cmd->cdb = copy;
	cmd->cdb_len = cdb_len;

	reason = emu_stages(cmd, exp_len);
	/* status.c */
	if (!emu.aborted)
		cst_ua_told(cmd);
	if (!reason && cmd->dir == DMA_FROM_DEVICE && cmd->data_len) {
		emu.in = malloc(cmd->data_len);
		emu_bvec_copy(cmd->bvec, emu.in, cmd->data_len, false);
	}
	free(copy);
	cmd->cdb = NULL;
	return reason;
}
