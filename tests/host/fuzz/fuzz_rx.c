// SPDX-License-Identifier: GPL-2.0-only
/*
 * The data path of an iSCSI connection, compiled from the module's own files.  Any bytes
 * come, in any pieces.  Commands end at any time; there are aborts, timers, failed
 * allocations, and a TCP that takes little.  In spite of all that the sent bytes must be a
 * well-formed stream, core's contract must be kept, and nothing may be left at the end.
 *
 * The input is a header that sets the session up, and then a list of steps
 * (enum step).  Core is emulated here: the CDB's first bytes say what a command does.
 */
#include "cit.h"
#include "input.h"

#define MUST(cond) do { if (!(cond)) { fprintf(stderr, "%s:%d: %s\n", __FILE__, \
	__LINE__, #cond); abort(); } } while (0)

#define NR_QUEUED	24
#define NR_CMDS		(NR_QUEUED + CIT_IMMEDIATE_CMDS)
#define BUF_MAX		70000
#define STREAM_MAX	(1 << 20)
#define BUDGET		16384

unsigned long jiffies = 1000000;
struct workqueue_struct *system_percpu_wq;
struct task_struct shim_task;

static struct cit_conn *conn;
static struct cit_session *sess;
static struct cit_target *target;

/* --- memory --- */

static unsigned int fail_after;	/* 0: never */

bool shim_no_memory(void)
{
	return fail_after && !--fail_after;
}

/* --- time and work --- */

static unsigned int closing;	/* cit_conn_close() has been called */

static bool kicked;

void cit_conn_kick(struct cit_conn *c)
{
	MUST(c == conn);
	kicked = true;
}

void cit_conn_close(struct cit_conn *c)
{
	closing++;
}

void cit_session_close_others(struct cit_session *cs)
{
	MUST(cs == sess);
}

static bool again;		/* io_work will run again without another event */

void cit_conn_again(struct cit_conn *c, unsigned long delay)
{
	MUST(c == conn && delay);
	again = true;
}

static struct cit_event *events[NR_CMDS * 2 + 64];
static unsigned int nr_events;

void cit_conn_event(struct cit_conn *c, struct cit_event *event)
{
	MUST(nr_events < ARRAY_SIZE(events));
	events[nr_events++] = event;
}

/* --- names and addresses, which this fuzzer does not need --- */

void cit_addr_print(const struct sockaddr_storage *addr, char *buf)
{
	strcpy(buf, "192.0.2.1:3260");
}

bool cit_addr_is_link_local(const struct sockaddr_storage *addr)
{
	return false;
}

bool cit_portals_tell(struct cit_target *t, const struct sockaddr_storage *local,
		      bool (*tell)(void *arg, const struct sockaddr_storage *addr), void *arg)
{
	return tell(arg, local);
}

/* --- core --- */

/* CORE_WAITS: the command waits for its buffer. */
enum core_state { CORE_FREE, CORE_WAITS, CORE_PENDING, CORE_DATA, CORE_ANSWERED };

struct core_cmd {
	struct cst_cmd	*cmd;
	enum core_state	state;
};

static struct core_cmd core[NR_CMDS];
static struct cst_tmf *tmfs[256];
static unsigned int nr_tmfs;

static struct core_cmd *core_find(const struct cst_cmd *cmd)
{
	unsigned int i;

	for (i = 0; i < NR_CMDS; i++)
		if (core[i].cmd == cmd)
			return &core[i];
	return NULL;
}

void cst_cmd_init(struct cst_cmd *cmd, struct cst_session *s)
{
	MUST(!core_find(cmd));
	memset(cmd, 0x5a, sizeof(*cmd));
	cmd->sess = s;
	cmd->cdb = cmd->cdb_inline;
	cmd->flags = 0;
	cmd->aborted = 0;
	cmd->task_attr = 0;
	cmd->exp_dir = DMA_NONE;
	cmd->exp_len = 0;
	cmd->data_len = 0;
	cmd->residual = 0;
	cmd->overflow = false;
	cmd->status = 0;
	cmd->sense_len = 0;
	cmd->dir = DMA_NONE;
	cmd->bvec = NULL;
	cmd->nr_bvec = 0;
}

/* Make a buffer of pieces of the heap, so that the sanitizer notices a byte too much. */
static void core_buffer(struct core_cmd *c, u32 len)
{
	struct cst_cmd *cmd = c->cmd;
	unsigned int i, n = len > 3 ? 3 : 1;

	for (i = 0; i < n; i++) {
		u32 piece = i == n - 1 ? len : len / 2;

		cmd->inline_bvec[i].bv_page = calloc(1, piece);
		cmd->inline_bvec[i].bv_offset = 0;
		cmd->inline_bvec[i].bv_len = piece;
		len -= piece;
	}
	cmd->bvec = cmd->inline_bvec;
	cmd->nr_bvec = n;
}

static void core_finish(struct core_cmd *c, u8 status)
{
	struct cst_cmd *cmd = c->cmd;

	MUST(c->state == CORE_WAITS || c->state == CORE_PENDING || c->state == CORE_DATA);
	c->state = CORE_ANSWERED;
	cmd->status = status;
	if (status == 2) {
		if (cmd->dir != DMA_TO_DEVICE)
			cmd->data_len = 0;
		/* Sense of any length, which depends on the initiator's tag. */
		cmd->sense_len = 1 + cmd->tag % CST_SENSE_MAX;
		memset(cmd->sense, 0x70, cmd->sense_len);
	}
	if (cst_cmd_aborted(cmd))
		cit_scsi_drop(cmd);
	else
		cit_scsi_send_response(cmd);
}

static void core_get_data(struct core_cmd *c)
{
	core_buffer(c, c->cmd->data_len);
	c->state = CORE_DATA;
	cit_scsi_get_data(c->cmd);
}

/*
 * The CDB: byte 0 is the kind of the command, bytes 1 and 2 are the length, byte 3 says when
 * the command ends, when it gets its buffer, and whether its abort is given up, and byte 4
 * is the next credit.
 */
void cst_cmd_submit(struct cst_cmd *cmd)
{
	unsigned int i;
	struct core_cmd *c = NULL;
	u32 len;

	MUST(cmd->cdb_len >= CST_CDB_INLINE && cmd->cdb_len <= 260);
	MUST(cmd->exp_dir == DMA_NONE ? !cmd->exp_len : true);
	for (i = 0; i < cmd->cdb_len; i++)
		(void)*(volatile u8 *)&cmd->cdb[i];
	for (i = 0; i < NR_CMDS; i++)
		if (!core[i].cmd)
			c = &core[i];
	MUST(c);
	c->cmd = cmd;
	c->state = CORE_PENDING;
	sess->sess.depth = NR_QUEUED - cmd->cdb[4] % NR_QUEUED;
	len = (cmd->cdb[1] << 8 | cmd->cdb[2]) * 2;
	len = min(len, cmd->exp_len);
	len = min_t(u32, len, BUF_MAX);

	switch (cmd->cdb[0] & 3) {
	case 0:
		break;
	case 1:
		if (cmd->exp_dir != DMA_FROM_DEVICE || !len)
			break;
		cmd->dir = DMA_FROM_DEVICE;
		cmd->data_len = len;
		core_buffer(c, len);
		break;
	case 2:
		if (cmd->exp_dir != DMA_TO_DEVICE || !len)
			break;
		cmd->dir = DMA_TO_DEVICE;
		cmd->data_len = len;
		if (cmd->cdb[3] & 2 && !test_bit(CST_CMD_DATA_FOLLOWS, &cmd->flags))
			c->state = CORE_WAITS;
		else
			core_get_data(c);
		return;
	default:
		core_finish(c, 2);
		return;
	}
	if (cmd->cdb[3] & 1)
		return;
	core_finish(c, 0);
}

void cst_cmd_data_received(struct cst_cmd *cmd)
{
	struct core_cmd *c = core_find(cmd);

	MUST(c && c->state == CORE_DATA);
	MUST(to_cit_cmd(cmd)->rcvd >= cmd->data_len);
	c->state = CORE_PENDING;
	if (!(cmd->cdb[3] & 1) || cst_cmd_aborted(cmd))
		core_finish(c, 0);
}

void cst_cmd_data_failed(struct cst_cmd *cmd, cst_sense_t reason)
{
	struct core_cmd *c = core_find(cmd);

	MUST(c && c->state == CORE_DATA);
	MUST(reason != CST_OK);
	/* If the abort has been given up meanwhile, the command is answered. */
	if (cmd->cdb[3] & 8)
		cmd->aborted = 0;
	core_finish(c, 2);
}

/* Only called for a command whose response waits for the end of its data. */
void cst_cmd_unsent(struct cst_cmd *cmd)
{
	MUST(to_cit_cmd(cmd)->state == CIT_CMD_HELD);
}

void cst_cmd_release(struct cst_cmd *cmd)
{
	struct core_cmd *c = core_find(cmd);
	unsigned int i;

	MUST(c && c->state == CORE_ANSWERED);
	for (i = 0; i < cmd->nr_bvec; i++)
		free(cmd->bvec[i].bv_page);
	c->cmd = NULL;
	c->state = CORE_FREE;
}

static void core_abort(struct core_cmd *c)
{
	if (test_and_set_bit(CST_ABORTED_OWN, &c->cmd->aborted))
		return;
	cit_scsi_abort_data(c->cmd);
	/* A command that waits for its buffer ends, unless the buffer has just come. */
	if (c->state == CORE_WAITS && !(c->cmd->cdb[3] & 4))
		core_finish(c, 0);
}

/* No medium is removable in this fuzzer. */
void cst_session_let_go(struct cst_session *sess)
{
}

void cst_session_abort_all(struct cst_session *sess)
{
	unsigned int i;

	for (i = 0; i < NR_CMDS; i++)
		if (core[i].cmd)
			core_abort(&core[i]);
}

void cst_tmf_submit(struct cst_tmf *tmf)
{
	unsigned int i;

	MUST(nr_tmfs < ARRAY_SIZE(tmfs));
	tmf->response = CST_TMF_COMPLETE;
	for (i = 0; i < NR_CMDS; i++)
		if (core[i].cmd && core[i].state != CORE_ANSWERED &&
		    (tmf->function != CST_TMF_ABORT_TASK || core[i].cmd->tag == tmf->tag))
			core_abort(&core[i]);
	tmfs[nr_tmfs++] = tmf;
}

/* --- TCP --- */

static u8 *rx_buf;
static size_t rx_len, rx_pos;
static size_t tx_room;		/* the number of bytes that TCP takes */
static u8 tx_buf[BUF_MAX + 65536];
static size_t tx_len;
static bool tx_more;		/* TCP has been told that more follows */
static bool tx_flies;		/* TCP has taken something in this round */
static bool tx_refused;		/* TCP is full, and no acknowledgment is to come */
static u32 next_statsn;
static u32 max_xmit;

int tcp_read_sock(struct sock *sk, read_descriptor_t *desc, sk_read_actor_t actor)
{
	int done = 0;

	while (rx_pos < rx_len && desc->count) {
		/* Deliver the data in packets of odd lengths. */
		size_t n = min_t(size_t, rx_len - rx_pos, 1461);
		struct sk_buff skb = { .data = rx_buf + rx_pos, .len = n };
		int used = actor(desc, &skb, 0, n);

		MUST(used >= 0 && (size_t)used <= n);
		rx_pos += used;
		done += used;
		if (!used)
			break;
	}
	return done;
}

/* Data that TCP takes is acknowledged between two rounds. */
bool tcp_rtx_and_write_queues_empty(const struct sock *sk)
{
	return !tx_flies;
}

/* Check that a PDU that was sent is well-formed. */
static void check_pdu(const u8 *p, u32 len)
{
	const union iscsi_hdr *hdr = (const void *)p;
	u32 head = ISCSI_BHS_LEN + (conn->keys.header_digest ? ISCSI_DIGEST_LEN : 0);
	u8 opcode = p[0];
	bool status = true;
	struct cit_cmd *cc;

	MUST(!hdr->bhs.ahs_len);
	/* A PDU that was queued before a smaller length was declared may still be longer. */
	max_xmit = max(max_xmit, conn->keys.max_xmit_dsl);
	MUST(len <= max_xmit || opcode == ISCSI_OP_SCSI_RSP ||
	     opcode == ISCSI_OP_REJECT);
	if (conn->keys.header_digest)
		MUST(cit_crc_matches(cit_crc(CIT_CRC_START, p, ISCSI_BHS_LEN),
				     p + ISCSI_BHS_LEN));
	if (conn->keys.data_digest && len)
		MUST(cit_crc_matches(cit_crc(CIT_CRC_START, p + head, len + iscsi_pad(len)),
				     p + head + len + iscsi_pad(len)));
	switch (opcode) {
	case ISCSI_OP_DATA_IN:
		MUST(be32_to_cpu(hdr->data_in.offset) + len <= BUF_MAX);
		status = p[1] & ISCSI_DATA_STATUS;
		break;
	case ISCSI_OP_R2T:
		MUST(be32_to_cpu(hdr->r2t.desired) <= conn->keys.max_burst);
		MUST(be32_to_cpu(hdr->r2t.desired) &&
		     be32_to_cpu(hdr->r2t.offset) + be32_to_cpu(hdr->r2t.desired) <= BUF_MAX);
		MUST(!len);
		status = false;
		break;
	case ISCSI_OP_NOP_IN:
		status = hdr->pdu.itt != cpu_to_be32(ISCSI_RESERVED_TAG);
		break;
	case ISCSI_OP_REJECT:
		MUST(len == ISCSI_BHS_LEN);
		break;
	case ISCSI_OP_LOGOUT_RSP:
		/* A successful response means that all commands have ended. */
		MUST(hdr->pdu.response || !conn->active);
		break;
	case ISCSI_OP_SCSI_RSP:
		cc = cit_cmd_find(conn, hdr->pdu.itt);
		/* All data that was asked for has come. */
		MUST(!cc || (!cc->unsol && !cc->r2ts));
		break;
	case ISCSI_OP_TMF_RSP:
	case ISCSI_OP_TEXT_RSP:
	case ISCSI_OP_ASYNC:
		break;
	default:
		MUST(!"an opcode of targets");
	}
	if (status)
		MUST(be32_to_cpu(hdr->pdu.statsn) == next_statsn++);
	MUST((s32)(be32_to_cpu(hdr->pdu.maxcmdsn) - be32_to_cpu(hdr->pdu.expcmdsn)) >= -1);
	MUST((s32)(be32_to_cpu(hdr->pdu.maxcmdsn) - be32_to_cpu(hdr->pdu.expcmdsn)) < NR_QUEUED);
}

static void check_stream(void)
{
	size_t at = 0;

	for (;;) {
		u32 head = ISCSI_BHS_LEN + (conn->keys.header_digest ? ISCSI_DIGEST_LEN : 0);
		u32 len, all;

		if (tx_len - at < head)
			break;
		len = iscsi_data_len(tx_buf + at + 5);
		all = head + len + iscsi_pad(len);
		if (len && conn->keys.data_digest)
			all += ISCSI_DIGEST_LEN;
		MUST(all <= sizeof(tx_buf));
		if (tx_len - at < all)
			break;
		check_pdu(tx_buf + at, len);
		at += all;
	}
	memmove(tx_buf, tx_buf + at, tx_len - at);
	tx_len -= at;
}

int tcp_sendpage_locked(struct sock *sk, struct page *page, int offset, size_t len,
			int flags)
{
	MUST(len);
	len = min(len, tx_room);
	if (!len) {
		/* TCP has room again when data that it took in this round is acknowledged. */
		tx_refused = !tx_flies;
		return -EAGAIN;
	}
	tx_flies = true;
	tx_more = flags & MSG_MORE;
	if (tx_len + len > sizeof(tx_buf))
		check_stream();
	MUST(tx_len + len <= sizeof(tx_buf));
	memcpy(tx_buf + tx_len, (const u8 *)page + offset, len);
	tx_len += len;
	tx_room -= len;
	check_stream();
	return len;
}

u32 crc32c(u32 crc, const void *data, size_t len)
{
	static u32 table[256];
	const u8 *p = data;
	u32 i, j;

	if (!table[1]) {
		for (i = 0; i < 256; i++) {
			table[i] = i;
			for (j = 0; j < 8; j++)
				table[i] = table[i] >> 1 ^ (table[i] & 1 ? 0x82f63b78 : 0);
		}
	}
	while (len--)
		crc = table[(crc ^ *p++) & 0xff] ^ crc >> 8;
	return crc;
}

/* --- steps --- */

enum step {
	STEP_PDU,		/* a PDU, made to fit as its first byte says: FIT_* */
	STEP_BYTES,		/* bytes as they are */
	STEP_ROUND,		/* io_work runs */
	STEP_END_ONE,		/* core ends a command that is under way */
	STEP_END_TMF,
	STEP_ABORT,
	STEP_ROOM,		/* TCP takes more */
	STEP_NOP_DUE,
	STEP_DATA_DUE,
	STEP_NO_MEMORY,
	STEP_KINDS,
};

static void put(const void *p, size_t n)
{
	if (rx_len + n > STREAM_MAX)
		n = STREAM_MAX - rx_len;
	memcpy(rx_buf + rx_len, p, n);
	rx_len += n;
}

enum {
	FIT_CMDSN	= 0x01,	/* the expected CmdSN */
	FIT_LENGTH	= 0x02,	/* the data segment is as long as declared */
	FIT_ITT		= 0x04,	/* one of a few tags */
	FIT_ANSWER	= 0x08,	/* Data-Out: tags and offset of a command that waits */
	FIT_DIGEST	= 0x10,
	FIT_FLAGS	= 0x20,	/* final bit */
	FIT_NO_AHS	= 0x40,
	FIT_OPCODE	= 0x80,	/* an opcode that initiators send */
};

/* Fill in the header of a correct Data-Out for a waiting command. */
static u32 fit_answer(union iscsi_hdr *hdr, unsigned int pick)
{
	unsigned int i;

	for (i = 0; i < NR_CMDS; i++) {
		struct cit_cmd *cc = &conn->cmds[(pick + i) % NR_CMDS];

		if (cc->state != CIT_CMD_DATA)
			continue;
		hdr->data_out.itt = cc->itt;
		hdr->data_out.ttt = cc->r2ts ? cpu_to_be32(cc->ttt) :
					       cpu_to_be32(ISCSI_RESERVED_TAG);
		hdr->data_out.datasn = cpu_to_be32(cc->datasn);
		hdr->data_out.offset = cpu_to_be32(cc->rcvd);
		return (cc->r2ts ? cc->burst_end : cc->unsol_max) - cc->rcvd;
	}
	return 0;
}

static void step_pdu(void)
{
	static const u8 opcodes[] = { 0, 1, 1, 1, 2, 4, 5, 5, 5, 5, 6, 1, 1, 5, 0x10, 3 };
	static u8 data[8192];
	u8 fit = take(1);
	u32 len = take(2) % 4200, extra, crc, i, want;
	union iscsi_hdr hdr = {};
	u8 *p = (u8 *)&hdr;
	u8 ahs[CIT_AHS_MAX] = {};
	bool digest_error = false;

	for (i = 0; i < 20; i++)
		p[i < 4 ? i : i + 28] = take(1);
	if (fit & FIT_OPCODE)
		p[0] = (p[0] & ISCSI_OP_IMMEDIATE) | opcodes[p[0] & 15];
	memset(hdr.bhs.lun, 0, 8);
	hdr.req.itt = cpu_to_be32(fit & FIT_ITT ? take(1) & 31 : take(4));
	hdr.req.ttt = cpu_to_be32(take(1) & 1 ? 0xffffffff : take(4));
	hdr.req.cmdsn = cpu_to_be32(fit & FIT_CMDSN ? conn->window.exp + (p[0] & 0x80) : take(4));
	if (p[0] == ISCSI_OP_SCSI_CMD || p[0] == (ISCSI_OP_SCSI_CMD | ISCSI_OP_IMMEDIATE))
		hdr.cmd.exp_len = cpu_to_be32(take(1) & 1 ? take(2) : take(4));
	if ((p[0] & ISCSI_OP_MASK) == ISCSI_OP_DATA_OUT && fit & FIT_ANSWER) {
		i = take(1);
		want = fit_answer(&hdr, i);
		if (want && want < sizeof(data) && !(i & 0x80))
			len = want;
		if (!(i & 0x40))
			hdr.bhs.flags |= ISCSI_FLAG_FINAL;
	}
	if (fit & FIT_FLAGS)
		hdr.bhs.flags |= ISCSI_FLAG_FINAL;
	extra = fit & FIT_NO_AHS ? 0 : take(1);
	hdr.bhs.ahs_len = extra;
	for (i = 0; i < extra * 4 && i < 24; i++)
		ahs[i] = take(1);
	iscsi_set_data_len(hdr.bhs.data_len, fit & FIT_LENGTH ? len : take(3));
	digest_error = !(fit & FIT_DIGEST) && take(1) & 1;

	put(&hdr, ISCSI_BHS_LEN);
	put(ahs, extra * 4);
	if (conn->keys.header_digest) {
		crc = cit_crc(CIT_CRC_START, &hdr, ISCSI_BHS_LEN);
		crc = cit_crc(crc, ahs, extra * 4);
		cit_crc_put(crc, data);
		put(data, 4);
	}
	if (!len)
		return;
	for (i = 0; i < len; i++)
		data[i] = i & 15 ? i : take(1);
	memset(data + len, 0, 3);
	put(data, len + iscsi_pad(len));
	if (conn->keys.data_digest) {
		crc = cit_crc(CIT_CRC_START, data, len + iscsi_pad(len));
		cit_crc_put(crc + digest_error, data);
		put(data, 4);
	}
}

/* Check that the last PDU, if it ended a command's unsolicited data, was counted as that end. */
static void check_unsolicited_end(void)
{
	const struct iscsi_data_out *hdr = &conn->rx.hdr.data_out;
	const struct cit_cmd *cc;

	if (conn->rx.state != CIT_RX_BHS || conn->rx.got || hdr->ahs_len ||
	    (hdr->opcode & ISCSI_OP_MASK) != ISCSI_OP_DATA_OUT ||
	    !(hdr->flags & ISCSI_FLAG_FINAL) || hdr->ttt != cpu_to_be32(ISCSI_RESERVED_TAG))
		return;
	cc = cit_cmd_find(conn, hdr->itt);
	MUST(!cc || !cc->unsol);
}

/* Check that CmdSNs aborted before they came lie in the window, behind the missing ones. */
static void check_window(void)
{
	const struct cit_window *w = &conn->window;
	unsigned int aborted = 0;
	u32 n;

	for (n = w->exp; n != w->max + 1; n++) {
		if (w->aborted[n % CIT_WINDOW_MAX / 32] >> n % 32 & 1)
			aborted++;
		MUST(aborted == 0 || n != w->exp);
	}
	MUST(aborted == w->nr_aborted);
}

/* One round, as cit_conn_round() makes it. */
static bool round_once(void)
{
	unsigned int i;
	int ret;

	conn->io_task = current;
	for (i = 0; i < nr_events; i++) {
		struct cit_event *event = events[i];

		if (event->type == CIT_EV_TMF)
			cit_tmf_finish(container_of(event, struct cit_tmf, event));
		else
			cit_cmd_event(container_of(event, struct cit_cmd, event), event->type);
	}
	nr_events = 0;
	if (test_bit(CIT_CONN_ABORTS, &conn->flags)) {
		clear_bit(CIT_CONN_ABORTS, &conn->flags);
		cit_scsi_reap(conn);
	}
	again = tx_refused = tx_flies = kicked = false;
	conn->budget = BUDGET;
	ret = conn->gap ? cit_cmdsn_due(conn) : 0;
	if (!ret)
		ret = cit_rx(conn);
	/* A round stops soon after its budget is spent, and then another round follows. */
	MUST(conn->budget > -BUF_MAX);
	MUST(ret || conn->budget > 0 || kicked);
	if (!ret) {
		check_unsolicited_end();
		check_window();
		ret = cit_tx(conn);
	}
	conn->io_task = NULL;
	if (!ret) {
		/* Neither TCP nor the connection waits for an event that never comes. */
		MUST(!tx_more || conn->tx.head != conn->tx.tail);
		MUST(!tx_refused || again);
	}
	MUST(conn->pdus <= 2 * CIT_PDU_MAX + NR_CMDS);
	for (i = 0; i < NR_CMDS; i++) {
		const struct cit_cmd *cc = &conn->cmds[i];

		if (cc->state != CIT_CMD_DATA)
			continue;
		/* No more data was received than was asked for, or agreed. */
		MUST(cc->rcvd <= (cc->r2ts ? cc->burst_end :
				  max(cc->unsol_max, cc->cmd.data_len)));
		MUST(cc->r2ts <= conn->keys.max_outstanding_r2t);
		/* The data comes or has been asked for, unless the command was aborted. */
		MUST(ret || cc->unsol || cc->r2ts || conn->rx.cmd == cc ||
		     !list_empty(&cc->tx.node));
		MUST(!cst_cmd_aborted(&cc->cmd) || test_bit(CIT_CONN_ABORTS, &conn->flags));
	}
	return !ret && !closing;
}

static void end_one(unsigned int pick)
{
	unsigned int i;

	for (i = 0; i < NR_CMDS; i++) {
		struct core_cmd *c = &core[(pick + i) % NR_CMDS];

		if (c->state == CORE_PENDING) {
			core_finish(c, pick & 0x80 ? 2 : 0);
			return;
		}
		if (c->state == CORE_WAITS) {
			core_get_data(c);
			return;
		}
	}
}

static bool step(void)
{
	static u8 bytes[2048];
	unsigned int i, n;

	switch (take(1) % STEP_KINDS) {
	case STEP_PDU:
		step_pdu();
		return true;
	case STEP_BYTES:
		n = take(2) % sizeof(bytes);
		for (i = 0; i < n; i++)
			bytes[i] = take(1);
		put(bytes, n);
		return true;
	case STEP_ROUND:
		return round_once();
	case STEP_END_ONE:
		end_one(take(1));
		return true;
	case STEP_END_TMF:
		if (nr_tmfs)
			cit_tmf_done(tmfs[--nr_tmfs]);
		return true;
	case STEP_ABORT:
		n = take(1) % NR_CMDS;
		if (core[n].cmd && core[n].state != CORE_ANSWERED)
			core_abort(&core[n]);
		return true;
	case STEP_ROOM:
		tx_room += take(2);
		return round_once();
	case STEP_NOP_DUE:
		jiffies += take(2);
		return !cit_nop_due(conn);
	case STEP_DATA_DUE:
		jiffies += take(2);
		return !cit_data_due(conn);
	default:
		fail_after = take(1);
		return true;
	}
}

/* --- life of the connection --- */

static struct config_item target_item_name(char *name)
{
	return (struct config_item){ .ci_name = name };
}

static void conn_up(void)
{
	static char name[] = "iqn.2026-01.example:disk";
	u8 flags = take(1);
	unsigned int i;

	if (!target) {
		target = calloc(1, sizeof(*target));
		sess = calloc(1, sizeof(*sess));
		rx_buf = malloc(STREAM_MAX);
		conn = &sess->conn;
		target->tgt.obj.group.cg_item = target_item_name(name);
		INIT_LIST_HEAD(&target->portals);
		sess->target = target;
	}
	memset(conn, 0, sizeof(*conn));
	conn->sess = sess;
	conn->sock = calloc(1, sizeof(*conn->sock));
	conn->keys = (struct cit_keys){
		.header_digest = flags & 1,
		.data_digest = flags >> 1 & 1,
		.initial_r2t = flags >> 2 & 1,
		.immediate_data = flags >> 3 & 1,
		.max_recv_dsl = flags & 0x10 ? 512 : 8192,
		.max_xmit_dsl = 512 + take(1) * 16,
		.max_burst = 512 + take(1) * 64,
		.first_burst = 512 + take(1) * 64,
		.max_outstanding_r2t = 1 + (flags >> 6),
	};
	target->params.keys.max_xmit_dsl = 8192;
	max_xmit = 0;
	tx_more = false;
	conn->cmdsn_timeout = 60;
	conn->nop_timeout = 30;
	conn->nop_interval = 30;
	conn->dataout_timeout = 60;
	conn->statsn = next_statsn = flags & 0x20 ? 0xfffffff0 : 1;
	conn->last_rx = jiffies;
	conn->data_moved = jiffies;
	conn->tx_moved = jiffies;
	sess->sess.depth = NR_QUEUED;
	cit_window_init(&conn->window, flags & 0x20 ? 0xfffffff0 : 1,
			cst_session_credit(&sess->sess));
	INIT_LIST_HEAD(&conn->free);
	cit_rx_init(&conn->rx);
	fail_after = 0;
	MUST(!cit_tx_init(&conn->tx));
	conn->nr_cmds = NR_CMDS;
	conn->itt_bits = 6;
	conn->cmds = calloc(NR_CMDS, sizeof(*conn->cmds));
	conn->itts = calloc(64, sizeof(*conn->itts));
	for (i = 0; i < NR_CMDS; i++) {
		conn->cmds[i].conn = conn;
		conn->cmds[i].index = i;
		list_add_tail(&conn->cmds[i].tx.node, &conn->free);
	}
	rx_len = rx_pos = tx_len = nr_events = nr_tmfs = closing = 0;
	tx_room = 65536;
}

/* End the connection as close_work and cit_conn_reap() do; nothing may be left then. */
static void conn_down(void)
{
	bool graceful = test_bit(CIT_CONN_GRACEFUL, &conn->flags);
	unsigned int i, rounds;

	fail_after = 0;
	atomic_set(&conn->state, CIT_CONN_DEAD);
	for (i = 0; i < NR_CMDS; i++)
		if (core[i].cmd)
			test_and_set_bit(CST_ABORTED_OWN, &core[i].cmd->aborted);
	for (rounds = 0; rounds < 4; rounds++) {
		conn->io_task = current;
		for (i = 0; i < nr_events; i++) {
			if (events[i]->type == CIT_EV_TMF)
				cit_tmf_finish(container_of(events[i], struct cit_tmf, event));
			else
				cit_cmd_event(container_of(events[i], struct cit_cmd, event),
					      events[i]->type);
		}
		nr_events = 0;
		cit_tx_flush(conn);
		if (conn->rx.pdu) {
			cit_pdu_free(conn, conn->rx.pdu);
			conn->rx.pdu = NULL;
		}
		cit_scsi_reap(conn);
		conn->io_task = NULL;
		while (nr_tmfs)
			cit_tmf_done(tmfs[--nr_tmfs]);
		for (i = 0; i < NR_CMDS; i++)
			end_one(i);
	}
	/* Data that was not sent by then will never be sent. */
	MUST(test_bit(CIT_CONN_GRACEFUL, &conn->flags) == graceful);
	MUST(!conn->active && !conn->immediates);
	MUST(!conn->pdus && !conn->pdu_bytes);
	for (i = 0; i < NR_CMDS; i++)
		MUST(!core[i].cmd && conn->cmds[i].state == CIT_CMD_FREE);
	cit_tx_destroy(&conn->tx);
	free(conn->cmds);
	free(conn->itts);
	free(conn->sock);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);
int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	in = data;
	in_left = size;
	conn_up();
	while (in_left && step())
		;
	conn_down();
	return 0;
}
