// SPDX-License-Identifier: GPL-2.0-only
/*
 * Task management, RFC 7143 11.5 and 11.6: maps functions and responses of the wire to
 * those of core.
 *
 * rx.c calls cit_tmf_rx() in io_work.  Core calls cit_tmf_done() from its worker, which
 * leaves an event for io_work.  The event makes the answer follow the responses of the
 * affected commands: core has handed these over before.  This file owns no lock.
 */
#include <linux/slab.h>

#include "cit.h"

/*
 * The function of core, or -1 and the @response to answer.
 *
 * A warm reset reaches the logical units that the initiator sees.  The initiator may
 * reset each of them by itself anyway.  A cold reset ends the sessions of all initiators,
 * also of those that share no logical unit with the sender.  So the administrator decides
 * with AllowColdReset whether it is authorized.
 */
static int cit_tmf_function(struct cit_conn *conn, u8 function, u8 *response)
{
	switch (function) {
	case ISCSI_TMF_ABORT_TASK:
		return CST_TMF_ABORT_TASK;
	case ISCSI_TMF_ABORT_TASK_SET:
		return CST_TMF_ABORT_TASK_SET;
	case ISCSI_TMF_CLEAR_TASK_SET:
		return CST_TMF_CLEAR_TASK_SET;
	case ISCSI_TMF_LUN_RESET:
		return CST_TMF_LUN_RESET;
	case ISCSI_TMF_TARGET_COLD_RESET:
		if (!READ_ONCE(conn->sess->target->params.cold_reset)) {
			*response = ISCSI_TMF_RSP_NOT_AUTHORIZED;
			return -1;
		}
		return CST_TMF_TARGET_RESET;
	case ISCSI_TMF_TARGET_WARM_RESET:
		return CST_TMF_TARGET_RESET;
	case ISCSI_TMF_TASK_REASSIGN:
		*response = ISCSI_TMF_RSP_NO_REASSIGN;
		return -1;
	default:
		*response = ISCSI_TMF_RSP_NOT_SUPPORTED;
		return -1;
	}
}

/*
 * RFC 7143 11.6.1: a task that has not arrived counts as received and aborted if its
 * CmdSN is in the window and below that of the task management request.  A task behind
 * another one that is missing counts when the window has come to it.
 */
static bool cit_tmf_not_arrived(struct cit_conn *conn,
				const struct iscsi_tmf *hdr)
{
	u32 ref = be32_to_cpu(hdr->refcmdsn);

	if ((hdr->flags & ISCSI_TMF_FUNC_MASK) != ISCSI_TMF_ABORT_TASK ||
	    cit_cmd_find(conn, hdr->rtt) ||
	    !cit_window_ref_pending(&conn->window, ref,
				    be32_to_cpu(hdr->cmdsn)))
		return false;
	if (ref == conn->window.exp) {
		cit_conn_accept(conn);
		cit_conn_retire(conn);
	} else {
		cit_window_abort(&conn->window, ref);
	}
	return true;
}

static struct cit_pdu *cit_tmf_rsp(struct cit_conn *conn,
				   const struct iscsi_tmf *hdr)
{
	struct cit_pdu *pdu = cit_pdu_alloc(conn, 0);

	if (!pdu)
		return NULL;
	pdu->hdr.pdu.opcode = ISCSI_OP_TMF_RSP;
	pdu->hdr.pdu.itt = hdr->itt;
	pdu->hdr.pdu.ttt = 0;
	pdu->retire = !(hdr->opcode & ISCSI_OP_IMMEDIATE);
	return pdu;
}

int cit_tmf_rx(struct cit_conn *conn)
{
	const struct iscsi_tmf *hdr = &conn->rx.hdr.tmf;
	u8 wire = hdr->flags & ISCSI_TMF_FUNC_MASK;
	struct cit_pdu *rsp;
	struct cit_tmf *tmf;
	u8 response = ISCSI_TMF_RSP_COMPLETE;
	int function;

	if (conn->rx.data_len)
		return cit_reject_cmd(conn, ISCSI_REJECT_PROTOCOL);
	if (!cit_cmdsn_accept(conn, hdr->cmdsn))
		return 0;
	rsp = cit_tmf_rsp(conn, hdr);
	if (!rsp)
		return -ENOMEM;

	function = cit_tmf_function(conn, wire, &response);
	if (function < 0 || cit_tmf_not_arrived(conn, hdr)) {
		rsp->hdr.pdu.response = response;
		cit_tx_queue(conn, &rsp->tx);
		return 0;
	}

	tmf = kzalloc(sizeof(*tmf), conn->gfp | __GFP_NOWARN);
	if (!tmf) {
		cit_pdu_free(conn, rsp);
		return -ENOMEM;
	}
	tmf->conn = conn;
	tmf->rsp = rsp;
	tmf->cold = wire == ISCSI_TMF_TARGET_COLD_RESET;
	tmf->event.type = CIT_EV_TMF;
	tmf->tmf.sess = &conn->sess->sess;
	tmf->tmf.function = function;
	memcpy(tmf->tmf.lun, hdr->lun, sizeof(hdr->lun));
	tmf->tmf.tag = be32_to_cpu(hdr->rtt);
	conn->active++;
	cst_tmf_submit(&tmf->tmf);
	return 0;
}

void cit_tmf_done(struct cst_tmf *tmf)
{
	struct cit_tmf *ct = container_of(tmf, struct cit_tmf, tmf);

	cit_conn_event(ct->conn, &ct->event);
}

static u8 cit_tmf_response(u8 response)
{
	switch (response) {
	case CST_TMF_COMPLETE:
		return ISCSI_TMF_RSP_COMPLETE;
	case CST_TMF_TASK_DOES_NOT_EXIST:
		return ISCSI_TMF_RSP_NO_TASK;
	case CST_TMF_LUN_DOES_NOT_EXIST:
		return ISCSI_TMF_RSP_NO_LUN;
	case CST_TMF_NOT_SUPPORTED:
		return ISCSI_TMF_RSP_NOT_SUPPORTED;
	default:
		return ISCSI_TMF_RSP_REJECTED;
	}
}

/* The event CIT_EV_TMF: answer the function, and free it. */
void cit_tmf_finish(struct cit_tmf *ct)
{
	struct cit_conn *conn = ct->conn;

	conn->active--;
	if (cit_conn_dead(conn)) {
		cit_pdu_free(conn, ct->rsp);
	} else {
		ct->rsp->hdr.pdu.response = cit_tmf_response(ct->tmf.response);
		/* A cold reset ends all connections; this one ends after the answer. */
		if (ct->cold && ct->tmf.response == CST_TMF_COMPLETE) {
			ct->rsp->close = true;
			cit_session_close_others(conn->sess);
		}
		cit_tx_queue(conn, &ct->rsp->tx);
	}
	kfree(ct);
}
