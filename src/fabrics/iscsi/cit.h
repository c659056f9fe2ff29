/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The structures and functions that the files of cst_iscsi.ko share, by home file.  The
 * prefix cit_ means "cst iSCSI target".  The prefix iscsi_ is for names of the RFC.
 *
 * Each connection has one work item, io_work.  It owns nearly everything of the
 * connection: the receive and send machines, the commands, the command window.  Other
 * contexts only push an event on conn->events and kick io_work.  conn.c has the rules.
 */
#ifndef _CIT_H
#define _CIT_H

#include <linux/bvec.h>
#include <linux/kref.h>
#include <linux/list.h>
#include <linux/llist.h>
#include <linux/net.h>
#include <linux/if.h>
#include <linux/socket.h>
#include <linux/workqueue.h>

#include <cst/iscsi.h>
#include <cst/fabric.h>

#include "cmdsn.h"
#include "proto.h"

#define CIT_TPGT		1	/* the only portal group of a target */
#define CIT_PORTALS_MAX		64	/* per target: one netlink message holds them */
#define CIT_IMMEDIATE_CMDS	8	/* immediate SCSI commands at once, beyond the window */
#define CIT_PDU_MAX		64	/* struct cit_pdu per connection; then reception pauses */
#define CIT_PDU_BYTES		(256U << 10)	/* data bytes in them; then reception pauses */
#define CIT_TX_FRAGS		128	/* pieces gathered for one call to TCP */
#define CIT_HDR_PAGES		4	/* ring of pages that outgoing headers lie in */
#define CIT_AHS_MAX		1020	/* TotalAHSLength is one byte that counts words */
#define CIT_CDB_MAX		260	/* with the extension, SPC-5 4.2.1 */
#define CIT_TEXT_MAX		4096	/* text request in full feature phase */
#define CIT_DSL_MIN		512	/* data segments and bursts, RFC 7143 13.12 */
#define CIT_DSL_MAX		0xffffff
#define CIT_QUEUE_MAX		CIT_WINDOW_MAX	/* non-immediate commands of a session at once */
#define CIT_PORT_BITS		8	/* size of a target's hash of initiator ports */
#define CIT_SLOT_BITS		12	/* of a Target Transfer Tag: index in conn->cmds */

struct cit_conn;
struct cit_session;
struct cit_target;

/**
 * struct cit_keys - the operational keys, as negotiated or as configured
 *
 * Both digests are enum cst_iscsi_digest.  Lengths are in bytes, times in seconds.
 */
struct cit_keys {
	u8	header_digest;
	u8	data_digest;
	bool	initial_r2t;
	bool	immediate_data;
	u32	max_recv_dsl;
	u32	max_xmit_dsl;
	u32	max_burst;
	u32	first_burst;
	u32	max_outstanding_r2t;
	u32	time2wait;
	u32	time2retain;
};

/* The directory params/ of a target. */
struct cit_params {
	struct cst_object	obj;
	struct cit_keys		keys;
	u32			queued_commands;
	u32			nop_interval;
	u32			nop_timeout;
	u32			dataout_timeout;
	u32			datain_timeout;
	u32			cmdsn_timeout;
	u32			max_sessions;
	bool			cold_reset;
	char			alias[256];
};

/* An address.  @zone is the interface of a link-local IPv6 address, else "". */
struct cit_addr {
	struct sockaddr_storage	ss;
	char			zone[IFNAMSIZ];
};

/* One directory portals/<address>; target->tgt.obj.lock protects @node. */
struct cit_portal {
	struct cst_object	obj;
	struct list_head	node;		/* target->portals */
	struct cit_target	*target;	/* cannot be removed while it has portals */
	struct cit_addr		addr;
};

/**
 * struct cit_target - a target
 * @tgt: core's part; tgt.obj.lock protects @portals and @nr_portals
 * @sessions_lock: protects @sessions, @ports and @nr_sessions
 * @sessions: struct cit_session.node: sessions that are registered, or will be
 * @ports: the same sessions (struct cit_session.port_node), hashed by initiator port; the
 *	latest session of a port comes first
 */
struct cit_target {
	struct cst_target	tgt;
	struct cit_params	params;
	struct cst_object	portals_obj;
	struct list_head	portals;
	unsigned int		nr_portals;
	struct mutex		sessions_lock;	/* see above */
	struct list_head	sessions;
	struct hlist_head	ports[1 << CIT_PORT_BITS];
	unsigned int		nr_sessions;
};

static inline struct cit_target *to_cit_target(struct cst_target *tgt)
{
	return container_of(tgt, struct cit_target, tgt);
}

/* What another context tells io_work: which operation core has called for an object. */
enum cit_event_type {
	CIT_EV_RESPONSE,	/* send_response of a command */
	CIT_EV_DROP,		/* drop of a command */
	CIT_EV_DATA,		/* get_data of a command that had to wait for a buffer */
	CIT_EV_TMF,		/* tmf_done of a task management function */
};

struct cit_event {
	struct llist_node	node;
	u8			type;
};

/* What a member of conn->tx.queue is. */
enum cit_tx_type {
	CIT_TX_RESPONSE,	/* data-in and status of a command */
	CIT_TX_R2T,		/* one or more R2Ts of a command */
	CIT_TX_PDU,		/* a struct cit_pdu */
};

/**
 * struct cit_tx_item - a member of the transmit queue
 * @node: on tx.queue, then on tx.sending
 * @end: position in the byte stream behind the item's last byte
 * @type: enum cit_tx_type
 */
struct cit_tx_item {
	struct list_head	node;
	u32			end;
	u8			type;
};

enum cit_cmd_state {
	CIT_CMD_FREE,
	CIT_CMD_NEW,		/* being submitted; without data-out: until core answers */
	CIT_CMD_CORE,		/* with core, and not waiting for data */
	CIT_CMD_DATA,		/* core waits for its data-out */
	CIT_CMD_HELD,		/* core has answered, but data-out is still coming */
	CIT_CMD_RESPONSE,	/* on the transmit queue, or being sent */
};

/**
 * struct cit_cmd - a SCSI command of a connection; a slot of conn->cmds
 *
 * io_work owns all members but @cmd and @event.
 */
struct cit_cmd {
	struct cst_cmd		cmd;
	struct cit_conn		*conn;
	struct cit_tx_item	tx;		/* also links the free list */
	struct cit_event	event;
	struct hlist_node	itt_node;	/* conn->itts */
	__be32			itt;
	u32			ttt;
	u16			index;		/* in conn->cmds */
	u8			state;
	bool			immediate;
	bool			retired;	/* its place in the window was given back */
	u8			*ext_cdb;	/* kmalloc'ed, for an extended CDB */

	/* data-out */
	bool			unsol;		/* an unsolicited sequence is under way */
	u16			r2ts;		/* outstanding R2Ts */
	u32			rcvd;		/* offset of the next byte to come */
	u32			unsol_max;	/* most unsolicited bytes */
	u32			burst_end;	/* end of the R2T being fulfilled */
	unsigned long		data_since;	/* jiffies: the current sequence began */
	u64			data_mark;	/* conn->data_came at that time */
	u32			r2t_off;	/* offset that the next R2T asks for */
	u32			datasn;		/* next DataSN of the current sequence */
	u32			r2tsn;		/* number of R2Ts sent */
	u32			bv_off;		/* where in cmd.bvec the next byte goes */
	u16			bv_idx;
};

static inline struct cit_cmd *to_cit_cmd(struct cst_cmd *cmd)
{
	return container_of(cmd, struct cit_cmd, cmd);
}

/**
 * struct cit_pdu - a PDU to be sent that is not Data-In, R2T or SCSI Response
 * @tx: on conn->tx.queue
 * @hdr: the header, complete but for sequence numbers and data length
 * @len: bytes of data
 * @status: the PDU advances StatSN
 * @raw: @bvec is the whole PDU and @hdr is not used: the login response
 * @retire: sending the PDU gives back the request's place in the command window
 * @close: the connection ends when TCP has taken the PDU
 * @bvec: the data, in pages that the PDU owns
 */
struct cit_pdu {
	struct cit_tx_item	tx;
	union iscsi_hdr		hdr;
	u32			len;
	u16			nr_bvec;
	bool			status;
	bool			raw;
	bool			retire;
	bool			close;
	struct bio_vec		bvec[];
};

struct cit_tmf {
	struct cst_tmf		tmf;
	struct cit_event	event;
	struct cit_conn		*conn;
	struct cit_pdu		*rsp;
	bool			cold;	/* TARGET COLD RESET */
};

enum cit_rx_state {
	CIT_RX_BHS,
	CIT_RX_AHS,
	CIT_RX_HDR_DIGEST,
	CIT_RX_DATA,
	CIT_RX_DATA_TAIL,	/* padding and digest */
};

/* Where the data segment of the current PDU goes. */
enum cit_rx_dest {
	CIT_DEST_DISCARD,
	CIT_DEST_CMD,		/* rx.cmd */
	CIT_DEST_PDU,		/* rx.pdu */
};

/**
 * struct cit_rx - the receive machine
 * @state: enum cit_rx_state: the piece of a PDU that is being received
 * @dest: enum cit_rx_dest: where the data segment goes
 * @paused: the header in @hdr is complete, and is handled again when a command or PDU has
 *	been freed
 * @cmd: the command that the data segment belongs to, even when the segment is discarded
 */
struct cit_rx {
	u8			state;
	u8			dest;
	bool			paused;
	u32			want;		/* length of the piece */
	u32			got;		/* bytes of the piece that are there */
	u32			ahs_len;
	u32			data_len;	/* length of the data segment */
	u32			take;		/* leading bytes of the segment for dest */
	u32			crc;
	struct cit_cmd		*cmd;
	struct cit_pdu		*pdu;
	u32			bv_off;		/* cursor in pdu->bvec */
	u16			bv_idx;
	u8			tail[8];	/* padding of a data segment, and a digest */
	union iscsi_hdr		hdr;
	u8			ahs[CIT_AHS_MAX];
};

/**
 * struct cit_tx - the send machine
 *
 * Items wait on @queue.  Then they are turned into PDUs, and wait on @sending until TCP
 * has taken their last byte.  The pieces of PDUs are gathered in @frag: headers refer to
 * @hdr_page, data to the pages of the command.  @hdr_new is the number of pages of the
 * ring @hdr_page that were begun since TCP last had taken everything.
 */
struct cit_tx {
	struct list_head	queue;		/* struct cit_tx_item.node */
	struct list_head	sending;
	u32			put;		/* stream position behind what was gathered */
	u32			taken;		/* stream position behind what TCP has taken */
	u16			head;		/* first piece that TCP has not taken whole */
	u16			tail;
	bool			giving;		/* cit_tx() is giving the pieces to TCP */

	struct cit_tx_item	*cur;		/* the item whose PDUs are being made */
	const struct bio_vec	*bvec;		/* the next byte of its data to gather */
	u32			bv_off;
	u32			left;		/* data bytes of the PDU to be gathered */
	u32			pad;		/* padding of the PDU */
	u32			crc;
	u32			sent;		/* data bytes of cur that PDUs account for */
	u32			datasn;
	bool			in_pdu;		/* the PDU's header has been gathered */
	bool			raw;		/* the PDU's header is in its data */
	bool			digest;		/* the PDU ends with a data digest */
	bool			last;		/* the PDU is the last one of cur */

	u8			hdr_idx;
	u8			hdr_new;
	u16			hdr_off;
	struct page		*hdr_page[CIT_HDR_PAGES];
	struct bio_vec		frag[CIT_TX_FRAGS];
};

/* conn->logout */
enum cit_logout {
	CIT_LOGOUT_NONE,
	CIT_LOGOUT_WAITS,	/* the response waits for the session's commands to end */
	CIT_LOGOUT_ANSWERED,	/* the response is queued */
};

/* conn->flags */
enum {
	CIT_CONN_OWNED,		/* io_work is queued or running */
	CIT_CONN_WANT,		/* io_work has something to do */
	CIT_CONN_ABORTS,	/* an aborted command may be waiting for data */
	CIT_CONN_NOP_DUE,	/* the timer nop_work has fired */
	CIT_CONN_DATA_DUE,	/* the timer data_work has fired */
	CIT_CONN_TX_DUE,	/* the timer tx_work has fired */
	CIT_CONN_GOODBYE,	/* tell the initiator that the session ends, then close */
	CIT_CONN_SHOWN,		/* the directory is there, or was waited for long enough */
	CIT_CONN_GRACEFUL,	/* logged out: let TCP deliver what was sent */
	CIT_CONN_LOST,		/* TCP says that the peer has gone */
};

/* conn->state: a connection passes through the states in this order, and may skip some */
enum cit_conn_state {
	CIT_CONN_NEW,		/* close_work must not run yet */
	CIT_CONN_UNWANTED,	/* the same, but cit_conn_start() will queue close_work */
	CIT_CONN_LIVE,
	CIT_CONN_CLOSING,	/* close_work has been queued */
	CIT_CONN_DEAD,		/* io_work only frees what comes back from core */
	CIT_CONN_DRAINING,	/* the same, and what comes back last queues end_work */
	CIT_CONN_DRAINED,	/* end_work has been queued */
};

/**
 * struct cit_conn - the connection of a session
 *
 * The members sess, sock, cmds, nr_cmds and keys are constant while io_work can run.  The
 * exception is keys.max_xmit_dsl, which the initiator may declare anew (text.c).
 */
struct cit_conn {
	struct socket		*sock;
	struct cit_session	*sess;
	unsigned long		flags;
	atomic_t		state;		/* enum cit_conn_state */
	u32			cpu;		/* where io_work was queued last */
	int			spare_cpu;	/* for when TCP's CPU is busy, or -1: not chosen */
	struct work_struct	io_work;
	struct task_struct	*io_task;	/* the task that runs io_work, or NULL */
	struct llist_head	events;
	gfp_t			gfp;		/* for memory that io_work cannot do without */

	/* only io_work uses these, from cit_conn_start() on */
	int			budget;		/* bytes that this run may still move */
	struct cit_keys		keys;
	struct cit_window	window;
	u32			statsn;		/* StatSN of the next response */
	unsigned int		active;		/* commands and functions not yet freed */
	unsigned int		immediates;	/* immediate commands among them */
	u8			logout;		/* enum cit_logout */
	unsigned int		pdus;		/* number of struct cit_pdu */
	u32			pdu_bytes;	/* sum of their lengths */
	struct cit_rx		rx;
	struct cit_tx		tx;
	struct cit_cmd		*cmds;
	unsigned int		nr_cmds;
	struct list_head	free;
	struct hlist_head	*itts;
	u8			itt_bits;
	unsigned long		last_rx;	/* jiffies */
	bool			ping_sent;
	unsigned long		ping_time;	/* jiffies */
	u32			ping_ttt;
	u32			nop_interval;	/* seconds */
	u32			nop_timeout;	/* seconds */
	u32			dataout_timeout; /* seconds */
	u32			datain_timeout;	/* seconds */
	u32			cmdsn_timeout;	/* seconds */
	bool			gap;		/* a CmdSN has been passed over */
	u32			gap_last;	/* highest CmdSN that was ignored because of it */
	unsigned long		gap_since;	/* jiffies */
	bool			data_armed;	/* data_work is queued */
	u64			data_came;	/* received bytes of commands' data segments */
	u64			data_step;	/* data_came when data_moved was set */
	unsigned long		data_moved;	/* jiffies: the last CIT_DATA_STEP had come */
	u32			tx_step;	/* tx.taken when tx_moved was set */
	unsigned long		tx_moved;	/* jiffies: TCP had taken CIT_DATA_STEP more */
	bool			tx_full;	/* TCP has not taken all that is to be sent */
	bool			tx_armed;	/* tx_work is queued */
	unsigned long		tx_full_since;	/* jiffies */

	/* the socket's own callbacks, restored at the end */
	void (*old_data_ready)(struct sock *sk);
	void (*old_write_space)(struct sock *sk);
	void (*old_state_change)(struct sock *sk);

	struct delayed_work	show_work;
	struct delayed_work	nop_work;
	struct delayed_work	data_work;
	struct delayed_work	tx_work;
	struct delayed_work	again_work;
	struct work_struct	close_work;
	struct delayed_work	notice_work;
	struct rcu_work		end_work;

	/* directory connections/<cid> */
	struct cst_object	obj;
	u16			cid;
	struct sockaddr_storage	local;
	struct sockaddr_storage	peer;
};

/**
 * struct cit_session - a session and its only connection
 * @sess: core's part
 * @refs: one reference for the code that ends the session, one for its directory
 * @target: referenced
 * @node: target->sessions, in order of login.  A session that is off this list does not
 *	touch a medium any more
 * @port_node: target->ports
 * @waiting: the login waits for the end of an older session of the same initiator port;
 *	target->sessions_lock
 * @start_by: jiffies: a login that still waits then is given up
 * @start_work: continues a login that waits, or gives it up.  It is queued for @start_by.
 *	Whoever makes the login possible or pointless queues it at once, with
 *	sessions_lock held and @waiting set
 * @own_tsih: this session must free @tsih; target->sessions_lock
 */
struct cit_session {
	struct cst_session	sess;
	struct kref		refs;
	struct cit_target	*target;
	struct list_head	node;
	struct hlist_node	port_node;
	bool			waiting;
	unsigned long		start_by;
	struct delayed_work	start_work;
	struct cit_pdu		*login_rsp;
	struct cst_object	conns_obj;
	struct cit_conn		conn;
	u8			isid[6];
	u16			tsih;
	bool			own_tsih;
	char			initiator[CST_NAME_MAX + 1];
};

static inline struct cit_session *to_cit_session(struct cst_session *sess)
{
	return container_of(sess, struct cit_session, sess);
}

/* The fabric's attributes, targets/iscsi/. */
struct cit_fabric {
	struct cst_object	obj;
	bool			enabled;
	u32			login_timeout;
	u32			max_logins_per_portal;
	u32			max_logins_per_source;
};

/* main.c */
extern struct cit_fabric cit_fabric;
extern const struct cst_fabric_ops cit_ops;
extern struct workqueue_struct *cit_io_wq;	/* io_work */
extern struct workqueue_struct *cit_close_wq;	/* starts and ends of sessions */

/* conn.c */
int cit_conn_init(struct cit_conn *conn, struct cit_session *sess,
		  struct socket *sock, unsigned int queued);
int cit_conn_start(struct cit_conn *conn);
void cit_conn_destroy(struct cit_conn *conn);
void cit_conn_kick(struct cit_conn *conn);
void cit_conn_close(struct cit_conn *conn);
void cit_conn_dismiss(struct cit_conn *conn);
void cit_conn_shown(struct cit_conn *conn);
void cit_conn_event(struct cit_conn *conn, struct cit_event *event);
void cit_conn_again(struct cit_conn *conn, unsigned long delay);

static inline enum cit_conn_state cit_conn_state(const struct cit_conn *conn)
{
	return atomic_read(&conn->state);
}

static inline bool cit_conn_dead(const struct cit_conn *conn)
{
	return cit_conn_state(conn) >= CIT_CONN_DEAD;
}

/* Has somebody asked for the end of the connection? */
static inline bool cit_conn_closing(const struct cit_conn *conn)
{
	enum cit_conn_state state = cit_conn_state(conn);

	return state != CIT_CONN_NEW && state != CIT_CONN_LIVE;
}

/* Is io_work the caller?  A softirq that has interrupted io_work does not count. */
static inline bool cit_conn_in_io_work(const struct cit_conn *conn)
{
	return READ_ONCE(conn->io_task) == current && in_task();
}

/* A request has ended: MaxCmdSN advances as far as core lets it. */
static inline void cit_conn_retire(struct cit_conn *conn)
{
	cit_window_retire(&conn->window, cst_session_credit(&conn->sess->sess));
}

/*
 * The expected request has come, or counts as received.  So do those behind it that were
 * aborted before they came: they have ended, too.
 */
static inline void cit_conn_accept(struct cit_conn *conn)
{
	cit_window_accept(&conn->window);
	while (unlikely(cit_window_skip(&conn->window)))
		cit_conn_retire(conn);
}

/* rx.c */
void cit_rx_init(struct cit_rx *rx);
int cit_rx(struct cit_conn *conn);

/* tx.c */
int cit_tx_init(struct cit_tx *tx);
void cit_tx_destroy(struct cit_tx *tx);
int cit_tx(struct cit_conn *conn);
void cit_tx_flush(struct cit_conn *conn);
void cit_tx_work(struct work_struct *work);
int cit_tx_due(struct cit_conn *conn);
static inline void cit_tx_queue(struct cit_conn *conn, struct cit_tx_item *item)
{
	list_add_tail(&item->node, &conn->tx.queue);
}

/* pdu.c */
struct cit_pdu *cit_pdu_alloc(struct cit_conn *conn, u32 len);
void cit_pdu_free(struct cit_conn *conn, struct cit_pdu *pdu);
bool cit_pdu_room(const struct cit_conn *conn);
void cit_pdu_fill(struct cit_pdu *pdu, const void *data, u32 len);
bool cit_cmdsn_expected(struct cit_conn *conn, u32 cmdsn);
bool cit_cmdsn_accept(struct cit_conn *conn, __be32 cmdsn);
int cit_cmdsn_due(struct cit_conn *conn);

/*
 * The cit_*_rx() of the files below are the handlers of the opcodes.  The header is in
 * conn->rx.hdr, and its lengths have been checked.  The handler says in conn->rx where
 * the data segment goes.  A handler returns 0 when it has dealt with the header.  It
 * returns -EAGAIN when it is to be called again after a command or a PDU has been freed.
 * Any other errno means that the connection must be closed.
 */
/* scsi.c */
int cit_scsi_cmd_rx(struct cit_conn *conn);
struct cit_cmd *cit_cmd_find(struct cit_conn *conn, __be32 itt);
void cit_cmd_free(struct cit_cmd *cc);
void cit_cmd_event(struct cit_cmd *cc, u8 type);
void cit_cmd_unhold(struct cit_cmd *cc);
void cit_scsi_get_data(struct cst_cmd *cmd);
void cit_scsi_abort_data(struct cst_cmd *cmd);
void cit_scsi_send_response(struct cst_cmd *cmd);
void cit_scsi_drop(struct cst_cmd *cmd);
void cit_scsi_reap(struct cit_conn *conn);

/* dataout.c */
int cit_data_out_rx(struct cit_conn *conn);
void cit_data_out_start(struct cit_cmd *cc);
int cit_data_out_end(struct cit_cmd *cc, bool digest_ok);
void cit_data_out_fail(struct cit_cmd *cc, cst_sense_t reason);
void cit_data_out_expect(struct cit_cmd *cc);
void cit_data_came(struct cit_conn *conn, u32 len);
void cit_data_went(struct cit_conn *conn);
void cit_data_work(struct work_struct *work);
int cit_data_due(struct cit_conn *conn);
bool cit_r2t_left(const struct cit_cmd *cc);
u32 cit_r2t_next(struct cit_cmd *cc, u32 *offset);

/* nop.c */
int cit_nop_out_rx(struct cit_conn *conn);
void cit_nop_start(struct cit_conn *conn);
void cit_nop_work(struct work_struct *work);
int cit_nop_due(struct cit_conn *conn);

/* text.c */
int cit_text_rx(struct cit_conn *conn);
int cit_text_data(struct cit_conn *conn, struct cit_pdu *req);

/* tmf.c */
int cit_tmf_rx(struct cit_conn *conn);
void cit_tmf_done(struct cst_tmf *tmf);
void cit_tmf_finish(struct cit_tmf *tmf);

/* logout.c */
int cit_logout_rx(struct cit_conn *conn);
void cit_goodbye(struct cit_conn *conn);

/* reject.c */
int cit_reject(struct cit_conn *conn, u8 reason);
int cit_reject_cmd(struct cit_conn *conn, u8 reason);

/* digest.c */
#define CIT_CRC_START	(~0U)
u32 cit_crc(u32 crc, const void *data, size_t len);
void cit_crc_put(u32 crc, void *to);
bool cit_crc_matches(u32 crc, const void *from);

/* session.c */
/* What the daemon hands over with a socket.  genl.c has checked all of it. */
struct cit_login {
	const char		*initiator;
	const u8		*isid;
	u16			tsih;
	u16			cid;
	u32			cmdsn;
	u32			statsn;
	const void		*rsp;
	u32			rsp_len;
	struct cit_keys		keys;
	struct sockaddr_storage	local;
	struct sockaddr_storage	peer;
};

int cit_session_login(struct cit_target *target, struct socket *sock,
		      const struct cit_login *login, u16 *tsih);
void cit_session_free(struct cst_session *sess);
void cit_session_close(struct cst_session *sess);
void cit_session_shown(struct cst_session *sess);
void cit_session_cancel_logins(struct cit_target *target);
void cit_session_close_others(struct cit_session *cs);
void cit_session_end(struct cit_session *cs);

/* portal.c */
#define CIT_ADDR_LEN	64
int cit_portals_type_init(void);
void cit_portals_type_destroy(void);
int cit_portals_init(struct cit_target *target);
const char *cit_addr_parse(const char *text, struct cit_addr *addr);
void cit_addr_print(const struct sockaddr_storage *addr, char *buf);
void cit_portal_print(const struct cit_addr *addr, char *buf);
bool cit_addr_same_host(const struct sockaddr_storage *a,
			const struct sockaddr_storage *b);
void cit_addr_all(struct cit_addr *addr);
bool cit_addr_is_link_local(const struct sockaddr_storage *addr);
bool cit_portal_serves(struct cit_target *target, const struct cit_addr *local);
bool cit_portals_tell(struct cit_target *target,
		      const struct sockaddr_storage *local,
		      bool (*tell)(void *arg, const struct sockaddr_storage *addr),
		      void *arg);
int cit_listener_tell(u32 portid, const struct cit_addr *addr, int err);
int cit_listener_error(const struct cit_addr *addr);
bool cit_listeners_forget(u32 portid);
void cit_listeners_drop(void);

/* params.c */
int cit_params_type_init(void);
void cit_params_type_destroy(void);
int cit_params_init(struct cit_target *target);
int cit_keys_check(const struct cit_keys *keys);
static inline bool cit_dsl_ok(u32 len)
{
	return len >= CIT_DSL_MIN && len <= CIT_DSL_MAX;
}

/* cfs.c */
extern const struct cst_attr *const cit_fabric_attrs[];
extern const struct cst_attr *const cit_session_attrs[];
int cit_cfs_init(void);
void cit_cfs_exit(void);
int cit_target_check_name(struct config_item *parent, const char *name);
int cit_target_init(struct cst_target *target);
int cit_session_dir_init(struct cst_session *sess);

/* genl.c */
int cit_genl_init(void);
void cit_genl_exit(void);
void cit_config_notify(void);

#endif /* _CIT_H */
