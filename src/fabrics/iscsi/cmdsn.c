// SPDX-License-Identifier: GPL-2.0-only
/*
 * The command window of a session, RFC 7143 4.2.2.1, in serial arithmetic (RFC
 * 1982).  Pure: no lock, no allocation.  The callers run in io_work; the unit test calls
 * in from user space.
 *
 * A session has one connection, so requests arrive in the order of their CmdSN, and only
 * the expected number is acceptable.  A higher number leaves a gap.  At error recovery
 * level 0 only an abort of the missing request can fill the gap (tmf.c).  pdu.c watches
 * the gap.
 *
 * An initiator may abort the missing requests in any order.  Those behind the first one
 * are remembered until the window has come to them.
 */
#include "cmdsn.h"

static u32 *cit_window_word(struct cit_window *w, u32 cmdsn)
{
	return &w->aborted[cmdsn % CIT_WINDOW_MAX / 32];
}

static u32 cit_window_bit(u32 cmdsn)
{
	return 1U << cmdsn % 32;
}

static bool cit_window_is_aborted(const struct cit_window *w, u32 cmdsn)
{
	return w->aborted[cmdsn % CIT_WINDOW_MAX / 32] & cit_window_bit(cmdsn);
}

/* Start the window at the CmdSN of the login, with room for @credit requests. */
void cit_window_init(struct cit_window *w, u32 cmdsn, u32 credit)
{
	*w = (struct cit_window){
		.exp = cmdsn,
		.max = cmdsn + credit - 1,
		.done = cmdsn,
	};
}

/* May a non-immediate request with this CmdSN be accepted? */
enum cit_cmdsn_verdict cit_window_check(const struct cit_window *w, u32 cmdsn)
{
	if ((int)(w->max - cmdsn) < 0)
		return CIT_CMDSN_IGNORE;
	if (cmdsn == w->exp)
		return CIT_CMDSN_ACCEPT;
	if ((int)(cmdsn - w->exp) < 0 || cit_window_is_aborted(w, cmdsn))
		return CIT_CMDSN_IGNORE;
	return CIT_CMDSN_GAP;
}

/*
 * RFC 7143 11.6.1: a task to abort that has not arrived counts as received if its number
 * @refcmdsn is in the window and below @cmdsn, that of the task management request.
 */
bool cit_window_ref_pending(const struct cit_window *w, u32 refcmdsn, u32 cmdsn)
{
	return (int)(refcmdsn - w->exp) >= 0 && (int)(w->max - refcmdsn) >= 0 &&
	       (int)(cmdsn - refcmdsn) > 0;
}

/* The request that cit_window_ref_pending() has found has been aborted. */
void cit_window_abort(struct cit_window *w, u32 refcmdsn)
{
	if (cit_window_is_aborted(w, refcmdsn))
		return;
	*cit_window_word(w, refcmdsn) |= cit_window_bit(refcmdsn);
	w->nr_aborted++;
}

/* See cit_window_skip(); @nr_aborted is not 0. */
bool cit_window_skip_aborted(struct cit_window *w)
{
	if (!cit_window_is_aborted(w, w->exp))
		return false;
	*cit_window_word(w, w->exp) &= ~cit_window_bit(w->exp);
	w->nr_aborted--;
	w->exp++;
	return true;
}
