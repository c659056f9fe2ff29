/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the data path of cst_iscsi.ko needs from the kernel besides the unit
 * tests' kernel_shim.h.  Single-threaded: atomic operations are plain ones.  A page is
 * a piece of the heap, and fuzz_rx.c emulates the socket.
 */
#ifndef _CST_ISCSI_SHIM_H
#define _CST_ISCSI_SHIM_H

#include <assert.h>
#include <stdarg.h>
#include <sys/socket.h>

#include "kernel_shim.h"

#ifndef IFNAMSIZ
#define IFNAMSIZ	16
#endif

/* <linux/types.h>, byte order */
typedef u16 __be16;
typedef u32 __be32;

#define cpu_to_be32(x)		((__be32)__builtin_bswap32(x))
#define be32_to_cpu(x)		((u32)__builtin_bswap32(x))

static inline u32 get_unaligned_le32(const void *p)
{
	return __builtin_bswap32(get_unaligned_be32(p));
}

static inline void put_unaligned_le32(u32 v, void *p)
{
	put_unaligned_be32(__builtin_bswap32(v), p);
}

/* <linux/atomic.h> */
#define atomic_read(v)		((v)->counter)

/* <linux/kernel.h> */
#define U16_MAX			((u16)~0U)
#define max3(a, b, c)		max(max(a, b), c)
#define pr_debug(...)		shim_no_print(__VA_ARGS__)
#define pr_notice_ratelimited(...) shim_no_print(__VA_ARGS__)

__printf(1, 2)
static inline void shim_no_print(const char *fmt, ...)
{
}

/* <linux/err.h> */
#define ERR_PTR(e)		((void *)(long)(e))
#define PTR_ERR(p)		((long)(p))
#define IS_ERR(p)		((unsigned long)(p) >= -4095UL)

/* <linux/bitops.h> */
#define set_bit(nr, p)		__set_bit(nr, p)
#define clear_bit(nr, p)	__clear_bit(nr, p)

static inline bool test_and_set_bit(int nr, unsigned long *p)
{
	bool old = test_bit(nr, p);

	__set_bit(nr, p);
	return old;
}

/* <linux/slab.h>, <linux/mm.h>; every allocation may fail when shim_no_memory says so */
#define GFP_KERNEL		0
#define GFP_NOIO		0
#define __GFP_NOWARN		0
#define struct_size(p, m, n)	(sizeof(*(p)) + (n) * sizeof((p)->m[0]))

bool shim_no_memory(void);

static inline void *kmalloc(size_t n, gfp_t gfp)
{
	return shim_no_memory() ? NULL : malloc(n);
}

static inline void *kzalloc(size_t n, gfp_t gfp)
{
	return shim_no_memory() ? NULL : calloc(1, n);
}

static inline void kfree(void *p)
{
	free(p);
}

static inline struct page *alloc_page(gfp_t gfp)
{
	return kzalloc(sizeof(struct page), gfp);
}

static inline void put_page(struct page *page)
{
	free(page);
}

static inline void *page_address(struct page *page)
{
	return page->data;
}

/* The emulated TCP copies pages at once, so the ring's own reference is the only one. */
static inline int page_ref_count(struct page *page)
{
	return 1;
}

#define smp_acquire__after_ctrl_dep()	do { } while (0)

/* <linux/llist.h>, <linux/kref.h>, <linux/list.h> */
struct llist_node { struct llist_node *next; };
struct llist_head { struct llist_node *first; };
struct kref { int count; };

static inline void list_add(struct list_head *n, struct list_head *l)
{
	list_add_tail(n, l->next);
}

/* <linux/hash.h>, <linux/crc32c.h> */
static inline u32 hash_32(u32 val, unsigned int bits)
{
	return val * 0x61C88647 >> (32 - bits);
}

u32 crc32c(u32 crc, const void *data, size_t len);

/* <linux/jiffies.h>, timers: time passes only when the fuzzer changes jiffies */
extern unsigned long jiffies;
extern struct workqueue_struct *system_percpu_wq;

#define time_after(a, b)	((long)((b) - (a)) < 0)
#define time_before_eq(a, b)	((long)((a) - (b)) <= 0)
#define to_delayed_work(w)	container_of(w, struct delayed_work, work)

static inline void mod_delayed_work(struct workqueue_struct *wq, struct delayed_work *w,
				    unsigned long delay)
{
}

/* <linux/mutex.h> */
static inline bool mutex_trylock(struct mutex *lock)
{
	return true;
}

static inline void mutex_unlock(struct mutex *lock)
{
}

/* <linux/sched.h> */
struct task_struct;
extern struct task_struct shim_task;
struct task_struct { int unused; };
#define current			(&shim_task)
#define in_task()		true

/* <linux/net.h>, <net/sock.h>, <net/tcp.h>, <linux/skbuff.h> */
struct sock {
	u16		sk_family;
	u16		sk_protocol;
	u8		sk_state;
	const void	*icsk_ulp_ops;
};

struct socket {
	int		type;
	struct sock	*sk;
};

/* Received data, as one piece of the receive queue. */
struct sk_buff {
	const u8	*data;
	size_t		len;
};

typedef struct {
	size_t			count;
	int			error;
	union { void *data; }	arg;
} read_descriptor_t;

typedef int (*sk_read_actor_t)(read_descriptor_t *desc, struct sk_buff *skb,
			       unsigned int offset, size_t len);

int tcp_read_sock(struct sock *sk, read_descriptor_t *desc, sk_read_actor_t actor);
bool tcp_rtx_and_write_queues_empty(const struct sock *sk);
int tcp_sendpage_locked(struct sock *sk, struct page *page, int offset, size_t len,
			int flags);

static inline int skb_copy_bits(const struct sk_buff *skb, int offset, void *to, int len)
{
	if (offset < 0 || len < 0 || (size_t)offset + len > skb->len)
		abort();
	memcpy(to, skb->data + offset, len);
	return 0;
}

/* <linux/version.h>: 6.1, so that the sending function without iterators is compiled */
#define KERNEL_VERSION(a, b, c)	(((a) << 16) + ((b) << 8) + (c))
#define LINUX_VERSION_CODE	KERNEL_VERSION(6, 1, 0)
#define MSG_SENDPAGE_NOTLAST	0

#endif /* _CST_ISCSI_SHIM_H */
