// SPDX-License-Identifier: GPL-2.0-only
/*
 * SCSI commands: from the SCSI Command PDU to core, and back from core.
 *
 * rx.c calls cit_scsi_cmd_rx().  Core calls the operations of the fabric below from any
 * context.  Called from io_work they act at once, else they leave an event for io_work.
 * io_work owns a struct cit_cmd, except for its members cmd and event.
 */
#include <linux/hash.h>
#include <linux/slab.h>
#include <linux/unaligned.h>

#include "cit.h"

#define CIT_EXT_CDB_MAX	(CIT_CDB_MAX - CST_CDB_INLINE)

static struct hlist_head *cit_itt_bucket(struct cit_conn *conn, __be32 itt)
{
	return &conn->itts[hash_32((__force u32)itt, conn->itt_bits)];
}

/* The command with the Initiator Task Tag @itt, or NULL. */
struct cit_cmd *cit_cmd_find(struct cit_conn *conn, __be32 itt)
{
	struct cit_cmd *cc;

	hlist_for_each_entry(cc, cit_itt_bucket(conn, itt), itt_node)
		if (cc->itt == itt)
			return cc;
	return NULL;
}

static struct cit_cmd *cit_cmd_get(struct cit_conn *conn, bool immediate)
{
	struct cit_cmd *cc = list_first_entry(&conn->free, struct cit_cmd,
					      tx.node);

	list_del_init(&cc->tx.node);
	cc->state = CIT_CMD_NEW;
	cc->immediate = immediate;
	cc->retired = false;
	/* The tag is never the reserved one: no index has all bits set. */
	cc->ttt = (cc->ttt + (1U << CIT_SLOT_BITS)) & ~((1U << CIT_SLOT_BITS) - 1);
	cc->ttt |= cc->index;
	conn->active++;
	conn->immediates += immediate;
	return cc;
}

/* The end of a command: free its resources and its slot. */
void cit_cmd_free(struct cit_cmd *cc)
{
	struct cit_conn *conn = cc->conn;

	cst_cmd_release(&cc->cmd);
	if (unlikely(cc->ext_cdb)) {
		kfree(cc->ext_cdb);
		cc->ext_cdb = NULL;
	}
	hlist_del(&cc->itt_node);
	/* A command dropped without an answer gives its place in the window back, too. */
	if (unlikely(!cc->immediate && !cc->retired))
		cit_conn_retire(conn);
	cc->state = CIT_CMD_FREE;
	list_add(&cc->tx.node, &conn->free);
	conn->active--;
	conn->immediates -= cc->immediate;
	if (unlikely(conn->rx.paused))
		cit_conn_kick(conn);
}

static void cit_cmd_answer(struct cit_cmd *cc)
{
	cc->state = CIT_CMD_RESPONSE;
	cc->tx.type = CIT_TX_RESPONSE;
	cit_tx_queue(cc->conn, &cc->tx);
}

/* Is data of the command still to come, or coming: unsolicited or asked for by R2T? */
static bool cit_cmd_data_comes(const struct cit_cmd *cc)
{
	return cc->unsol || cc->r2ts || cc->conn->rx.cmd == cc;
}

/*
 * Answer a command that was held because its data was still coming, if all of the data
 * has come by now.  The answer must not overtake data that the initiator is still
 * sending.
 */
void cit_cmd_unhold(struct cit_cmd *cc)
{
	if (cc->state == CIT_CMD_HELD && !cit_cmd_data_comes(cc))
		cit_cmd_answer(cc);
}

/* The command has a buffer for its data-out: wait for the data. */
static void cit_cmd_data_begin(struct cit_cmd *cc)
{
	cc->bv_idx = 0;
	cc->bv_off = 0;
	cc->state = CIT_CMD_DATA;
	cit_data_out_expect(cc);
}

/*
 * The buffer for data-out came later than the command itself.  Such a command has no
 * unsolicited data.  cit_scsi_reap(), for an abort or for the end of the connection, may
 * have run before this event and not have found a command that waits for data.  So this
 * looks for both itself.
 */
static noinline void cit_cmd_data_late(struct cit_cmd *cc)
{
	cit_cmd_data_begin(cc);
	if (cst_cmd_aborted(&cc->cmd) || cit_conn_dead(cc->conn))
		cit_data_out_fail(cc, CST_SENSE(COMMAND_ABORTED));
	else
		cit_data_out_start(cc);
}

/**
 * cit_cmd_event() - core is done with a command, or is ready for its data
 * @cc: command
 * @type: CIT_EV_RESPONSE, CIT_EV_DROP or CIT_EV_DATA
 *
 * Context: io_work.
 */
void cit_cmd_event(struct cit_cmd *cc, u8 type)
{
	struct cit_conn *conn = cc->conn;

	if (unlikely(type == CIT_EV_DATA)) {
		cit_cmd_data_late(cc);
		return;
	}
	/* Take R2Ts that have not been sent off the transmit queue. */
	list_del_init(&cc->tx.node);
	if (unlikely(conn->rx.cmd == cc)) {
		conn->rx.dest = CIT_DEST_DISCARD;
		conn->rx.take = 0;
	}

	/* Nothing is received after a logout: the rest of the data will never come. */
	if (unlikely((cc->unsol || cc->r2ts) && conn->logout))
		type = CIT_EV_DROP;
	if (unlikely(type == CIT_EV_DROP)) {
		if (conn->rx.cmd == cc)
			conn->rx.cmd = NULL;
		cit_cmd_free(cc);
		return;
	}
	if (unlikely(cit_cmd_data_comes(cc))) {
		cc->state = CIT_CMD_HELD;
		cit_data_out_expect(cc);
		return;
	}
	cit_cmd_answer(cc);
}

static void cit_cmd_done(struct cst_cmd *cmd, u8 type)
{
	struct cit_cmd *cc = to_cit_cmd(cmd);

	if (likely(cit_conn_in_io_work(cc->conn))) {
		cit_cmd_event(cc, type);
		return;
	}
	cc->event.type = type;
	cit_conn_event(cc->conn, &cc->event);
}

void cit_scsi_send_response(struct cst_cmd *cmd)
{
	cit_cmd_done(cmd, CIT_EV_RESPONSE);
}

void cit_scsi_drop(struct cst_cmd *cmd)
{
	cit_cmd_done(cmd, CIT_EV_DROP);
}

/*
 * Core mostly calls this from within cst_cmd_submit() of the same command.  Then
 * cit_scsi_cmd_data() goes on with the command.  Any other call leaves an event, also one
 * from io_work, which may be releasing another command at that time.
 */
void cit_scsi_get_data(struct cst_cmd *cmd)
{
	struct cit_cmd *cc = to_cit_cmd(cmd);

	if (likely(cit_conn_in_io_work(cc->conn) && cc->state == CIT_CMD_NEW)) {
		cit_cmd_data_begin(cc);
		return;
	}
	cc->event.type = CIT_EV_DATA;
	cit_conn_event(cc->conn, &cc->event);
}

/* Core holds the lock of the session's list of commands, so the connection is there. */
void cit_scsi_abort_data(struct cst_cmd *cmd)
{
	struct cit_conn *conn = to_cit_cmd(cmd)->conn;

	set_bit(CIT_CONN_ABORTS, &conn->flags);
	cit_conn_kick(conn);
}

/**
 * cit_scsi_reap() - end aborted commands that wait for the initiator
 * @conn: connection; if it is dead, all of its commands count as aborted
 *
 * Context: io_work.
 */
void cit_scsi_reap(struct cit_conn *conn)
{
	bool all = cit_conn_dead(conn);
	unsigned int i;

	for (i = 0; i < conn->nr_cmds; i++) {
		struct cit_cmd *cc = &conn->cmds[i];

		if (cc->state != CIT_CMD_DATA && cc->state != CIT_CMD_HELD)
			continue;
		if (!all && !cst_cmd_aborted(&cc->cmd))
			continue;
		if (cc->state == CIT_CMD_DATA)
			cit_data_out_fail(cc, CST_SENSE(COMMAND_ABORTED));
		/*
		 * An initiator that has aborted its own command may not send the rest of
		 * the data.
		 */
		if (cc->state == CIT_CMD_HELD &&
		    (all || cst_cmd_aborted_by_own(&cc->cmd))) {
			cst_cmd_unsent(&cc->cmd);
			cit_cmd_event(cc, CIT_EV_DROP);
		}
	}
}

static u8 cit_task_attr(u8 flags)
{
	switch (flags & ISCSI_CMD_ATTR_MASK) {
	case 2:
		return CST_TASK_ORDERED;
	case 3:
		return CST_TASK_HEAD_OF_QUEUE;
	case 4:
		return CST_TASK_ACA;
	default:
		return CST_TASK_SIMPLE;
	}
}

/*
 * The CDB with its extension from the additional header segment (RFC 7143 11.2.2.3), in
 * memory that the caller must free.  Other kinds of segments, and several segments, are
 * errors: they are for bidirectional commands, which are not supported.
 *
 * Return: the CDB, or ERR_PTR(-EINVAL or -ENOMEM).
 */
static noinline u8 *cit_scsi_ext_cdb(struct cit_conn *conn,
				     const struct iscsi_scsi_cmd *hdr, u16 *cdb_len)
{
	const u8 *ahs = conn->rx.ahs;
	u32 len = get_unaligned_be16(ahs);
	u8 *cdb;

	/* AHSLength counts one reserved byte, and the CDB from byte 16 on. */
	if (ahs[2] != ISCSI_AHS_EXT_CDB || len < 2 || len > CIT_EXT_CDB_MAX + 1 ||
	    ALIGN(3 + len, 4) != conn->rx.ahs_len)
		return ERR_PTR(-EINVAL);
	*cdb_len = CST_CDB_INLINE + len - 1;
	cdb = kmalloc(*cdb_len, conn->gfp | __GFP_NOWARN);
	if (!cdb)
		return ERR_PTR(-ENOMEM);
	memcpy(cdb, hdr->cdb, CST_CDB_INLINE);
	memcpy(cdb + CST_CDB_INLINE, ahs + 4, len - 1);
	return cdb;
}

/* Check for what no initiator may send.  Return: a reject reason, or 0. */
static u8 cit_scsi_cmd_check(struct cit_conn *conn,
			     const struct iscsi_scsi_cmd *hdr)
{
	u8 dir = hdr->flags & (ISCSI_CMD_READ | ISCSI_CMD_WRITE);

	if (unlikely(hdr->itt == cpu_to_be32(ISCSI_RESERVED_TAG) ||
		     dir == (ISCSI_CMD_READ | ISCSI_CMD_WRITE)))
		return ISCSI_REJECT_INVALID_FIELD;
	if (unlikely(dir != ISCSI_CMD_WRITE &&
		     (conn->rx.data_len || !(hdr->flags & ISCSI_FLAG_FINAL))))
		return ISCSI_REJECT_PROTOCOL;
	if (unlikely(cit_cmd_find(conn, hdr->itt)))
		return ISCSI_REJECT_IN_PROGRESS;
	return 0;
}

/* What is wrong with the immediate or unsolicited data of a command, or CST_OK. */
static cst_sense_t cit_scsi_unsol_check(struct cit_conn *conn,
					const struct cit_cmd *cc)
{
	u32 len = conn->rx.data_len;

	if (unlikely((len && !conn->keys.immediate_data) ||
		     (cc->unsol && conn->keys.initial_r2t)))
		return CST_SENSE(UNEXPECTED_UNSOLICITED_DATA);
	if (unlikely(len > cc->unsol_max))
		return CST_SENSE(INCORRECT_AMOUNT_OF_DATA);
	return CST_OK;
}

static void cit_scsi_fill(struct cit_cmd *cc, const struct iscsi_scsi_cmd *hdr)
{
	struct cst_cmd *cmd = &cc->cmd;

	cmd->tag = be32_to_cpu(hdr->itt);
	memcpy(cmd->lun, hdr->lun, sizeof(cmd->lun));
	memcpy(cmd->cdb_inline, hdr->cdb, sizeof(hdr->cdb));
	cmd->cdb_len = CST_CDB_INLINE;
	cmd->task_attr = cit_task_attr(hdr->flags);
	cmd->exp_len = be32_to_cpu(hdr->exp_len);
	if (hdr->flags & ISCSI_CMD_READ)
		cmd->exp_dir = DMA_FROM_DEVICE;
	else if (hdr->flags & ISCSI_CMD_WRITE)
		cmd->exp_dir = DMA_TO_DEVICE;
	else
		cmd->exp_len = 0;
}

static void cit_scsi_data_init(struct cit_conn *conn, struct cit_cmd *cc,
			       const struct iscsi_scsi_cmd *hdr)
{
	cc->unsol = (hdr->flags & (ISCSI_CMD_WRITE | ISCSI_FLAG_FINAL)) ==
		    ISCSI_CMD_WRITE;
	cc->unsol_max = min(conn->keys.first_burst, cc->cmd.exp_len);
	cc->r2ts = 0;
	cc->rcvd = 0;
	cc->datasn = 0;
	cc->r2tsn = 0;
}

/* Core has seen the command: say where its immediate data goes. */
static void cit_scsi_cmd_data(struct cit_conn *conn, struct cit_cmd *cc)
{
	struct cit_rx *rx = &conn->rx;
	cst_sense_t failure;

	if (unlikely(cc->state != CIT_CMD_DATA)) {
		/*
		 * The command may have ended already.  A command that has not ended may
		 * get its buffer, and so ask for its data, later.
		 */
		if (cc->state == CIT_CMD_NEW)
			cc->state = CIT_CMD_CORE;
		return;
	}
	failure = cit_scsi_unsol_check(conn, cc);
	if (unlikely(failure)) {
		cit_data_out_fail(cc, failure);
		return;
	}
	if (rx->data_len) {
		rx->dest = CIT_DEST_CMD;
		rx->take = min(rx->data_len, cc->cmd.data_len);
	} else if (!cc->unsol) {
		cit_data_out_start(cc);
	}
}

/* SCSI Command, RFC 7143 11.3 */
int cit_scsi_cmd_rx(struct cit_conn *conn)
{
	const struct iscsi_scsi_cmd *hdr = &conn->rx.hdr.cmd;
	bool immediate = hdr->opcode & ISCSI_OP_IMMEDIATE;
	struct cit_cmd *cc;
	u8 *ext_cdb = NULL;
	u16 cdb_len;
	u8 reject;

	if (unlikely(immediate)) {
		if (conn->immediates == CIT_IMMEDIATE_CMDS)
			return cit_reject_cmd(conn, ISCSI_REJECT_IMMEDIATE);
	} else if (unlikely(!cit_cmdsn_expected(conn,
						be32_to_cpu(hdr->cmdsn)))) {
		return 0;
	}
	/*
	 * There is a slot for every place in the window, and for each immediate command.
	 * The answer gives the place back, but the slot is free only when TCP has taken
	 * the answer.  So all slots may be in use here.  A slot becomes free without
	 * another request.
	 */
	if (unlikely(list_empty(&conn->free)))
		return -EAGAIN;
	reject = cit_scsi_cmd_check(conn, hdr);
	if (unlikely(reject))
		return cit_reject_cmd(conn, reject);
	if (unlikely(conn->rx.ahs_len)) {
		ext_cdb = cit_scsi_ext_cdb(conn, hdr, &cdb_len);
		if (IS_ERR(ext_cdb))
			return PTR_ERR(ext_cdb) == -EINVAL ?
				cit_reject_cmd(conn, ISCSI_REJECT_INVALID_FIELD) :
				PTR_ERR(ext_cdb);
	}
	if (likely(!immediate))
		cit_conn_accept(conn);

	cc = cit_cmd_get(conn, immediate);
	cst_cmd_init(&cc->cmd, &conn->sess->sess);
	cit_scsi_fill(cc, hdr);
	cit_scsi_data_init(conn, cc, hdr);
	cc->itt = hdr->itt;
	hlist_add_head(&cc->itt_node, cit_itt_bucket(conn, hdr->itt));
	if (unlikely(ext_cdb)) {
		cc->ext_cdb = ext_cdb;
		cc->cmd.cdb = ext_cdb;
		cc->cmd.cdb_len = cdb_len;
	}
	if (conn->rx.data_len)
		conn->rx.cmd = cc;
	/* Data that comes without R2T cannot be asked for again at recovery level 0. */
	if (conn->rx.data_len || cc->unsol)
		__set_bit(CST_CMD_DATA_FOLLOWS, &cc->cmd.flags);
	cst_cmd_submit(&cc->cmd);

	/*
	 * By now core may have answered the command, and the command may even have been
	 * freed.  Only io_work frees and takes slots, so cc->state still tells.
	 */
	if (hdr->flags & ISCSI_CMD_WRITE)
		cit_scsi_cmd_data(conn, cc);
	else
		conn->budget -= cc->cmd.data_len;
	return 0;
}
