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
 */
#include "cmdsn.h"

/* Start the window at the CmdSN of the login, with room for @credit requests. */
void cit_window_init(struct cit_window *w, u32 cmdsn, u32 credit)
{
	w->exp = cmdsn;
	w->max = cmdsn + credit - 1;
	w->done = cmdsn;
}

/* May a non-immediate request with this CmdSN be accepted? */
enum cit_cmdsn_verdict cit_window_check(const struct cit_window *w, u32 cmdsn)
{
	if ((int)(w->max - cmdsn) < 0 || (int)(cmdsn - w->exp) < 0)
		return CIT_CMDSN_IGNORE;
	return cmdsn == w->exp ? CIT_CMDSN_ACCEPT : CIT_CMDSN_GAP;
}

void cit_window_accept(struct cit_window *w)
{
	w->exp++;
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
