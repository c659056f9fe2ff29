/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The command window of a session, RFC 7143 4.2.2.1.  Pure: also compiled in user space.
 */
#ifndef _CIT_CMDSN_H
#define _CIT_CMDSN_H

#ifdef __KERNEL__
#include <linux/types.h>
#else
#include <stdbool.h>
#include <stdint.h>
typedef uint32_t u32;
#endif

#define CIT_WINDOW_MAX	2048	/* requests in a window; a power of two */

/**
 * struct cit_window - CmdSN window
 * @aborted: a bit for each CmdSN, modulo CIT_WINDOW_MAX: the request was aborted before it
 *	came, while an earlier one is missing.  Only bits behind @exp and up to @max are set
 * @nr_aborted: how many bits of @aborted are set
 * @exp: ExpCmdSN: CmdSN of the next non-immediate request to accept
 * @max: MaxCmdSN: the highest one that the initiator has been or will be told
 * @done: the number of accepted requests that have ended, plus the first CmdSN
 */
struct cit_window {
	u32	aborted[CIT_WINDOW_MAX / 32];
	u32	nr_aborted;
	u32	exp;
	u32	max;
	u32	done;
};

enum cit_cmdsn_verdict {
	CIT_CMDSN_ACCEPT,
	CIT_CMDSN_IGNORE,	/* outside the window, or aborted before it came */
	CIT_CMDSN_GAP,		/* in the window, but an earlier request is missing */
};

void cit_window_init(struct cit_window *w, u32 cmdsn, u32 credit);
enum cit_cmdsn_verdict cit_window_check(const struct cit_window *w, u32 cmdsn);

/* The expected request has come. */
static inline void cit_window_accept(struct cit_window *w)
{
	w->exp++;
}

/*
 * An accepted request has ended, and the session may have @credit requests under way.
 * MaxCmdSN grows to make room for that many.  MaxCmdSN never shrinks (RFC 7143 4.2.2.1):
 * with a smaller credit it stands still until enough requests have ended.
 */
static inline void cit_window_retire(struct cit_window *w, u32 credit)
{
	u32 max = ++w->done + credit - 1;

	if ((int)(max - w->max) > 0)
		w->max = max;
}

bool cit_window_ref_pending(const struct cit_window *w, u32 refcmdsn,
			    u32 cmdsn);
void cit_window_abort(struct cit_window *w, u32 refcmdsn);
bool cit_window_skip_aborted(struct cit_window *w);

/*
 * After the expected request has been accepted: pass over the next one if it was aborted
 * before it came.  Return: whether there was one.  It has ended, and more may follow.
 */
static inline bool cit_window_skip(struct cit_window *w)
{
	return w->nr_aborted && cit_window_skip_aborted(w);
}

#endif /* _CIT_CMDSN_H */
