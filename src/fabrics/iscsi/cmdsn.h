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

/**
 * struct cit_window - CmdSN window
 * @exp: ExpCmdSN: CmdSN of the next non-immediate request to accept
 * @max: MaxCmdSN: the highest one that the initiator has been or will be told
 * @done: the number of accepted requests that have ended, plus the first CmdSN
 */
struct cit_window {
	u32	exp;
	u32	max;
	u32	done;
};

enum cit_cmdsn_verdict {
	CIT_CMDSN_ACCEPT,
	CIT_CMDSN_IGNORE,	/* outside the window */
	CIT_CMDSN_GAP,		/* in the window, but an earlier request is missing */
};

void cit_window_init(struct cit_window *w, u32 cmdsn, u32 credit);
enum cit_cmdsn_verdict cit_window_check(const struct cit_window *w, u32 cmdsn);
void cit_window_accept(struct cit_window *w);

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

#endif /* _CIT_CMDSN_H */
