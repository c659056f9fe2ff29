/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Sending pages by reference on a TCP socket, with the function that each kernel has.
 */
#ifndef _CST_COMPAT_SOCKET_H
#define _CST_COMPAT_SOCKET_H

#include <linux/bvec.h>
#include <linux/socket.h>
#include <linux/uio.h>
#include <linux/version.h>
#include <net/tcp.h>

/**
 * cst_sock_send_bvec() - put pages on a TCP socket's send queue by reference
 * @sk: locked by the caller
 * @bvec: pieces, each within one (compound) page
 * @nr: number of pieces
 * @len: bytes of all pieces
 * @more: more data follows at once, so a partial segment is not sent yet
 *
 * Does not wait.  Return: number of bytes taken, which may be less than @len; -EAGAIN; or
 * another errno when the connection cannot be used any more.
 */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 5, 0)
static inline int cst_sock_send_bvec(struct sock *sk, struct bio_vec *bvec,
				     unsigned int nr, size_t len, bool more)
{
	struct msghdr msg = {
		.msg_flags = MSG_DONTWAIT | MSG_NOSIGNAL | MSG_SPLICE_PAGES |
			     (more ? MSG_MORE : 0),
	};

	iov_iter_bvec(&msg.msg_iter, ITER_SOURCE, bvec, nr, len);
	return tcp_sendmsg_locked(sk, &msg, len);
}
#else
/* 6.5 removed sendpage for MSG_SPLICE_PAGES (dc97391e6610). */
static inline int cst_sock_send_bvec(struct sock *sk, struct bio_vec *bvec,
				     unsigned int nr, size_t len, bool more)
{
	int sent = 0, ret;

	for (; nr; nr--, bvec++) {
		int flags = MSG_DONTWAIT;

		if (nr > 1)
			flags |= MSG_MORE | MSG_SENDPAGE_NOTLAST;
		else if (more)
			flags |= MSG_MORE;
		ret = tcp_sendpage_locked(sk, bvec->bv_page, bvec->bv_offset,
					  bvec->bv_len, flags);
		if (unlikely(ret <= 0))
			return sent ? sent : ret;
		sent += ret;
		if (unlikely(ret < bvec->bv_len))
			break;
	}
	return sent;
}
#endif

#endif /* _CST_COMPAT_SOCKET_H */
