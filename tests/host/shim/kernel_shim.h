/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The part of the kernel that the pure logic of core needs to compile in user space.
 * Single-threaded: locks and RCU do nothing; a percpu_ref is a counter.
 */
#ifndef _CST_KERNEL_SHIM_H
#define _CST_KERNEL_SHIM_H

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/types.h>

/* <linux/types.h>, <linux/compiler.h> */
typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef unsigned long long u64;
typedef int32_t s32;
typedef long long s64;
typedef unsigned int gfp_t;

#define __bitwise
#define __force
#define __percpu
#define __rcu
#define __must_check
#define __init
#define __exit
#define __user
#define __weak			__attribute__((weak))
#define noinline		__attribute__((noinline))
#define __printf(a, b)		__attribute__((format(printf, a, b)))
#define fallthrough		__attribute__((fallthrough))
#define likely(x)		__builtin_expect(!!(x), 1)
#define unlikely(x)		__builtin_expect(!!(x), 0)
#define READ_ONCE(x)		(*(const volatile typeof(x) *)&(x))
#define WRITE_ONCE(x, v)	(*(volatile typeof(x) *)&(x) = (v))
#define __stringify_1(x...)	#x
#define __stringify(x...)	__stringify_1(x)
#define EXPORT_SYMBOL_GPL(x)	extern typeof(x) x
#define THIS_MODULE		NULL
/* The text is optional, as in C23. */
#undef static_assert
#define static_assert(x, ...)	_Static_assert(x, "" __VA_ARGS__)

struct module;

/* <linux/moduleparam.h>: a test writes the string that the parameter would set */
#define module_param_string(name, string, len, perm)			\
	char *const shim_param_##name = string
#define MODULE_PARM_DESC(name, desc)

/* <linux/crc32c.h> */
u32 crc32c(u32 crc, const void *data, size_t len);

/* <linux/printk.h> */
#define pr_warn(fmt...)		((void)(0 && printf(fmt)))
#define pr_info(fmt...)		((void)(0 && printf(fmt)))
#define pr_err(fmt...)		((void)(0 && printf(fmt)))

/* <linux/string.h> */
static inline const void *memchr_inv(const void *p, int c, size_t n)
{
	const u8 *b = p;

	for (; n--; b++)
		if (*b != (u8)c)
			return b;
	return NULL;
}

/* <linux/kernel.h> */
#define DIV_ROUND_UP(n, d)	(((n) + (d) - 1) / (d))
#define U32_MAX			((u32)~0U)
#define U64_MAX			(~0ULL)
#define U16_MAX			((u16)~0U)
#define S64_MAX		((s64)(U64_MAX >> 1))
#define check_add_overflow(a, b, r)	__builtin_add_overflow(a, b, r)
#define ARRAY_SIZE(a)		(sizeof(a) / sizeof((a)[0]))
#define sizeof_field(t, f)	sizeof(((t *)0)->f)
#define container_of(p, t, m)	((t *)((char *)(p) - offsetof(t, m)))
#define ALIGN(x, a)		(((x) + (a) - 1) & ~((typeof(x))(a) - 1))
#define round_down(x, y)	((x) & ~((typeof(x))(y) - 1))
#define rounddown(x, y)		((x) - (x) % (y))
#define div_u64(a, b)		((a) / (b))
#define BIT(n)			(1UL << (n))
#define BIT_ULL(n)		(1ULL << (n))
#define HZ			250
#define MAX_JIFFY_OFFSET	((~0UL >> 1) - 1)

#define min(a, b) ({ typeof(a) _a = (a); typeof(b) _b = (b); _a < _b ? _a : _b; })
#define max(a, b) ({ typeof(a) _a = (a); typeof(b) _b = (b); _a > _b ? _a : _b; })
#define min3(a, b, c)		min(min(a, b), c)
#define clamp_t(t, v, lo, hi)	min_t(t, max_t(t, v, lo), hi)
#define min_t(t, a, b)		min((t)(a), (t)(b))
#define max_t(t, a, b)		max((t)(a), (t)(b))

/* <linux/sysfs.h>, and what it needs */
static inline int vscnprintf(char *buf, size_t size, const char *fmt, va_list args)
{
	int n = vsnprintf(buf, size, fmt, args);

	return !size ? 0 : (size_t)n < size ? n : (int)size - 1;
}

__printf(3, 4)
static inline int scnprintf(char *buf, size_t size, const char *fmt, ...)
{
	va_list args;
	int n;

	va_start(args, fmt);
	n = vscnprintf(buf, size, fmt, args);
	va_end(args);
	return n;
}

#define sysfs_emit(page, ...)	scnprintf(page, 4096, __VA_ARGS__)

/* <linux/log2.h> */
#define ilog2(n)		(63 - __builtin_clzll(n))
static inline bool is_power_of_2(u64 n) { return n && !(n & (n - 1)); }

/* <linux/bitops.h> */
static inline int fls(unsigned int x)
{
	return x ? 32 - __builtin_clz(x) : 0;
}

static inline int fls64(u64 x)
{
	return x ? 64 - __builtin_clzll(x) : 0;
}

static inline bool test_bit(int nr, const unsigned long *p)
{
	return *p >> nr & 1;
}

static inline void __set_bit(int nr, unsigned long *p)
{
	*p |= 1UL << nr;
}

static inline void __clear_bit(int nr, unsigned long *p)
{
	*p &= ~(1UL << nr);
}

/* <linux/unaligned.h> */
#define get_unaligned(p) ({						\
	const struct { typeof(*(p)) x; } __attribute__((packed)) *_p =	\
		(const void *)(p);					\
	_p->x; })

static inline u64 shim_get_be(const void *p, int n)
{
	const u8 *b = p;
	u64 v = 0;

	while (n--)
		v = v << 8 | *b++;
	return v;
}

static inline void shim_put_be(u64 v, void *p, int n)
{
	u8 *b = p;

	while (n--) {
		b[n] = v;
		v >>= 8;
	}
}

static inline u16 get_unaligned_be16(const void *p) { return shim_get_be(p, 2); }
static inline u32 get_unaligned_be24(const void *p) { return shim_get_be(p, 3); }
static inline u32 get_unaligned_be32(const void *p) { return shim_get_be(p, 4); }
static inline u64 get_unaligned_be64(const void *p) { return shim_get_be(p, 8); }
static inline void put_unaligned_be16(u16 v, void *p) { shim_put_be(v, p, 2); }
static inline void put_unaligned_be24(u32 v, void *p) { shim_put_be(v, p, 3); }
static inline void put_unaligned_be32(u32 v, void *p) { shim_put_be(v, p, 4); }
static inline void put_unaligned_be64(u64 v, void *p) { shim_put_be(v, p, 8); }

/* <linux/string.h>, <linux/hex.h> */
static inline ssize_t strscpy(char *dst, const char *src, size_t size)
{
	size_t i;

	for (i = 0; i < size; i++) {
		dst[i] = src[i];
		if (!src[i])
			return i;
	}
	dst[size - 1] = '\0';
	return -E2BIG;
}

static inline int hex2bin(u8 *dst, const char *src, size_t n)
{
	char digits[3] = "", *end;

	while (n--) {
		memcpy(digits, src, 2);
		if (!isxdigit((u8)digits[0]) || !isxdigit((u8)digits[1]))
			return -EINVAL;
		*dst++ = strtoul(digits, &end, 16);
		src += 2;
	}
	return 0;
}

static inline char *bin2hex(char *dst, const void *src, size_t n)
{
	const u8 *p = src;

	while (n--) {
		sprintf(dst, "%02x", *p++);
		dst += 2;
	}
	return dst;
}

/* <linux/list.h> */
struct list_head {
	struct list_head *next, *prev;
};

struct hlist_node {
	struct hlist_node *next, **pprev;
};

struct hlist_head { struct hlist_node *first; };

static inline void hlist_add_head(struct hlist_node *n, struct hlist_head *h)
{
	n->next = h->first;
	if (n->next)
		n->next->pprev = &n->next;
	h->first = n;
	n->pprev = &h->first;
}

static inline void hlist_del(struct hlist_node *n)
{
	*n->pprev = n->next;
	if (n->next)
		n->next->pprev = n->pprev;
}

#define shim_hlist_entry(p, t, m) ({ typeof(p) _p = (p);		\
	_p ? container_of(_p, t, m) : NULL; })
#define hlist_for_each_entry(p, h, m)					\
	for (p = shim_hlist_entry((h)->first, typeof(*p), m); p;	\
	     p = shim_hlist_entry(p->m.next, typeof(*p), m))

struct rcu_head {
	void (*func)(struct rcu_head *head);
};

static inline void INIT_LIST_HEAD(struct list_head *l)
{
	l->next = l;
	l->prev = l;
}

static inline void list_add_tail(struct list_head *n, struct list_head *l)
{
	n->prev = l->prev;
	n->next = l;
	l->prev->next = n;
	l->prev = n;
}

static inline void list_del(struct list_head *n)
{
	n->prev->next = n->next;
	n->next->prev = n->prev;
}

static inline void list_del_init(struct list_head *n)
{
	list_del(n);
	INIT_LIST_HEAD(n);
}

static inline bool list_empty(const struct list_head *l)
{
	return l->next == l;
}

#define list_entry(p, t, m)		container_of(p, t, m)
#define list_first_entry(l, t, m)	list_entry((l)->next, t, m)
#define list_first_entry_or_null(l, t, m)				\
	(list_empty(l) ? NULL : list_first_entry(l, t, m))
#define list_for_each_entry(p, l, m)					\
	for (p = list_entry((l)->next, typeof(*p), m); &p->m != (l);	\
	     p = list_entry(p->m.next, typeof(*p), m))
#define list_for_each_entry_safe(p, n, l, m)				\
	for (p = list_entry((l)->next, typeof(*p), m),			\
	     n = list_entry(p->m.next, typeof(*p), m); &p->m != (l);	\
	     p = n, n = list_entry(n->m.next, typeof(*n), m))

/* Locks, waiting, work */
typedef struct { bool held; } spinlock_t;
typedef struct { int counter; } atomic_t;
typedef struct { long counter; } atomic_long_t;
#define atomic_set(v, n)	((v)->counter = (n))
#define atomic_read_acquire(v)	((v)->counter)

static inline int atomic_xchg(atomic_t *v, int n)
{
	int was = v->counter;

	v->counter = n;
	return was;
}

static inline int atomic_cmpxchg(atomic_t *v, int old, int n)
{
	int was = v->counter;

	if (was == old)
		v->counter = n;
	return was;
}

typedef struct { int unused; } wait_queue_head_t;
struct mutex { bool held; };
struct completion { bool done; };
struct workqueue_struct;
struct work_struct {
	void (*func)(struct work_struct *work);
	struct workqueue_struct *wq;
	struct list_head node;
};

struct delayed_work { struct work_struct work; bool pending; unsigned long due; };
struct rcu_work { struct work_struct work; };

#define DEFINE_SPINLOCK(x)		spinlock_t x

static inline void spin_lock_init(spinlock_t *l)
{
	l->held = false;
}

static inline void spin_lock(spinlock_t *l)
{
	if (l->held)
		abort();
	l->held = true;
}

static inline void spin_unlock(spinlock_t *l)
{
	if (!l->held)
		abort();
	l->held = false;
}

#define spin_lock_irqsave(l, f)		do { (f) = 0; spin_lock(l); } while (0)
#define spin_unlock_irqrestore(l, f)	do { (void)(f); spin_unlock(l); } while (0)
#define spin_lock_irq(l)		spin_lock(l)
#define spin_unlock_irq(l)		spin_unlock(l)
#define lockdep_assert_held(l)		do { } while (0)
#define rcu_read_lock()			do { } while (0)
#define rcu_read_unlock()		do { } while (0)
/* No barrier is needed: there is one thread. */
#define smp_mb()			do { } while (0)
/* Nor is acquire order. */
#define smp_load_acquire(p)		READ_ONCE(*(p))

static inline long atomic_long_read(const atomic_long_t *v) { return v->counter; }
static inline long atomic_long_inc_return(atomic_long_t *v) { return ++v->counter; }
#define atomic_long_read_acquire(v)	atomic_long_read(v)

/* <linux/preempt.h>: a test sets whether it is in an interrupt */
extern unsigned long shim_hardirq_count;
#define hardirq_count()		shim_hardirq_count

/* <linux/percpu-refcount.h> */
/* Time passes only when a test changes this. */
extern u64 shim_jiffies_64;
static inline u64 get_jiffies_64(void) { return shim_jiffies_64; }
#define time_before64(a, b)	((s64)((a) - (b)) < 0)

struct percpu_ref {
	long	count;
	bool	dying;
	void (*release)(struct percpu_ref *ref);
	struct percpu_ref *next_killed;
};

static inline bool percpu_ref_is_dying(const struct percpu_ref *ref)
{
	return ref->dying;
}

/* <linux/rbtree.h> */
struct rb_node { struct rb_node *left; };
struct rb_root { struct rb_node *rb_node; };
struct rb_root_cached { struct rb_root rb_root; };
#define RB_ROOT_CACHED		(struct rb_root_cached){}

/* <linux/xarray.h>: small, dense, ordered */
#define SHIM_XA_SIZE	16384
struct xarray {
	unsigned long	end;	/* slots from here on are empty */
	void		*slots[SHIM_XA_SIZE];
};

static inline void shim_xa_store(struct xarray *xa, unsigned long i, void *p)
{
	xa->slots[i] = p;
	if (i >= xa->end)
		xa->end = i + 1;
}

/* A slot that is reserved and has no entry. */
#define SHIM_XA_RESERVED	((void *)1)

static inline void *xa_load(const struct xarray *xa, unsigned long i)
{
	void *p = i < SHIM_XA_SIZE ? xa->slots[i] : NULL;

	return p == SHIM_XA_RESERVED ? NULL : p;
}

#define xa_for_each(xa, i, p)						\
	for ((i) = 0; (i) < (xa)->end; (i)++)			\
		if (((p) = xa_load(xa, i)) != NULL)

/* <linux/dma-direction.h> */
enum dma_data_direction {
	DMA_BIDIRECTIONAL,
	DMA_TO_DEVICE,
	DMA_FROM_DEVICE,
	DMA_NONE,
};

/* <linux/mm.h>, <linux/bvec.h>, <linux/highmem.h>: a page is its memory */
#define PAGE_SHIFT		12
#define PAGE_SIZE		(1UL << PAGE_SHIFT)
#define offset_in_page(x)	((unsigned long)(x) & (PAGE_SIZE - 1))

struct page {
	u8	data[4096];
};

struct bio_vec {
	struct page	*bv_page;
	unsigned int	bv_len;
	unsigned int	bv_offset;
};

static inline void *kmap_local_page(struct page *page)
{
	return page->data;
}

static inline void kunmap_local(const void *p)
{
}

static inline void memcpy_to_page(struct page *page, size_t offset,
				  const char *src, size_t len)
{
	if (offset + len > sizeof(page->data))
		abort();
	memcpy(page->data + offset, src, len);
}

static inline void memzero_page(struct page *page, size_t offset, size_t len)
{
	if (offset + len > sizeof(page->data))
		abort();
	memset(page->data + offset, 0, len);
}

/* <linux/configfs.h> */
struct config_item {
	char				*ci_name;
	int				ci_refs;	/* without the directory's own */
	struct config_item		*ci_parent;
	const struct config_item_type	*ci_type;
	struct dentry			*ci_dentry;
};

struct config_group {
	struct config_item	cg_item;
	struct list_head	default_groups;
	struct list_head	group_entry;
};

struct configfs_subsystem {
	struct config_group	su_group;
};

struct configfs_item_operations {
	void (*release)(struct config_item *item);
};

struct configfs_group_operations;

struct config_item_type {
	struct module				*ct_owner;
	struct configfs_item_operations		*ct_item_ops;
	struct configfs_group_operations	*ct_group_ops;
	struct configfs_attribute		**ct_attrs;
};

struct configfs_attribute {
	const char	*ca_name;
	struct module	*ca_owner;
	mode_t		ca_mode;
	ssize_t (*show)(struct config_item *item, char *page);
	ssize_t (*store)(struct config_item *item, const char *page, size_t n);
};

static inline struct config_group *to_config_group(struct config_item *item)
{
	return item ? container_of(item, struct config_group, cg_item) : NULL;
}

static inline char *config_item_name(struct config_item *item)
{
	return item->ci_name;
}

/* <linux/dmi.h>, <linux/random.h>, <linux/siphash.h>: defined by the tests */
enum { DMI_PRODUCT_UUID };
const char *dmi_get_system_info(int field);
void get_random_bytes(void *buf, size_t len);

typedef struct { u64 key[2]; } siphash_key_t;
u64 siphash(const void *data, size_t len, const siphash_key_t *key);
u64 siphash_2u64(u64 a, u64 b, const siphash_key_t *key);

#endif /* _CST_KERNEL_SHIM_H */
