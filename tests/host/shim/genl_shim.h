/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What genl.c and portal.c need from the kernel besides attr_shim.h.  Each attribute's
 * payload is a piece of the heap of its own; a message is only a count of bytes.
 */
#ifndef _CST_GENL_SHIM_H
#define _CST_GENL_SHIM_H

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

#include "attr_shim.h"

#define __ro_after_init
#define MAX_ERRNO		4095
#define LIST_HEAD(l)		struct list_head l = { &(l), &(l) }

/* <linux/slab.h>, <linux/workqueue.h>, <linux/configfs.h> */
#define DECLARE_WORK(n, f)	struct work_struct n = { .func = (f) }
#define cancel_work_sync(w)	do { } while (0)
#define queue_work(wq, w)	((void)(w))

static inline void *kvmalloc_array(size_t n, size_t size, gfp_t gfp)
{
	return kmalloc(n * size, gfp);
}

static inline void kvfree(void *p) { free(p); }

struct configfs_group_operations {
	struct config_group *(*make_group)(struct config_group *group, const char *name);
	void (*drop_item)(struct config_group *group, struct config_item *item);
};

/* The callers have the item's only reference. */
#define config_item_put(item)	shim_config_item_put(item)

static inline void shim_config_item_put(struct config_item *item)
{
	free(item->ci_name);
	item->ci_type->ct_item_ops->release(item);
}

/* <linux/kstrtox.h>, <linux/inet.h>, <net/ipv6.h>, %pISpc */
int kstrtou16(const char *s, unsigned int base, u16 *to);
int in4_pton(const char *src, int srclen, u8 *dst, int delim, const char **end);
int in6_pton(const char *src, int srclen, u8 *dst, int delim, const char **end);
int shim_print_addr(char *buf, size_t size, const char *fmt, ...);

#define snprintf(buf, size, ...)	shim_print_addr(buf, size, __VA_ARGS__)

static inline bool ipv6_addr_v4mapped(const struct in6_addr *a)
{
	return !a->s6_addr32[0] && !a->s6_addr32[1] && a->s6_addr32[2] == htonl(0xffff);
}

static inline bool ipv6_addr_is_multicast(const struct in6_addr *a)
{
	return a->s6_addr[0] == 0xff;
}

static inline bool ipv4_is_multicast(u32 a) { return (a & htonl(0xf0000000)) == htonl(0xe0000000); }
static inline bool ipv4_is_lbcast(u32 a) { return a == htonl(0xffffffff); }

/* <linux/netdevice.h> */
static inline bool dev_valid_name(const char *name)
{
	return *name && strlen(name) < IFNAMSIZ && strcmp(name, ".") && strcmp(name, "..") &&
	       !strpbrk(name, "/: \t\n\v\f\r\xa0");
}

static inline bool ipv6_addr_any(const struct in6_addr *a)
{
	return !memcmp(a, &in6addr_any, sizeof(*a));
}

static inline bool ipv6_addr_equal(const struct in6_addr *a, const struct in6_addr *b)
{
	return !memcmp(a, b, sizeof(*a));
}

/* <net/inet_connection_sock.h>, <linux/net.h> */
#define inet_csk(sk)		(sk)

struct socket *sockfd_lookup(int fd, int *err);
void sockfd_put(struct socket *sock);

/* <net/netlink.h> */
enum { NLA_UNSPEC, NLA_U8, NLA_U16, NLA_U32, NLA_NUL_STRING, NLA_BINARY, SHIM_NLA_EXACT };

#define NLA_POLICY_EXACT_LEN(l)	{ .type = SHIM_NLA_EXACT, .len = (l) }
#define NLM_F_MULTI		2
#define NLMSG_GOODSIZE		3776	/* a page without the skb's own part */
#define NLMSG_DEFAULT_SIZE	(NLMSG_GOODSIZE - 16)
#define NETLINK_CB(skb)		((struct { int portid; }) { 1 })
#define GENL_ADMIN_PERM		1
#define GENL_SET_ERR_MSG(info, msg)	do { } while (0)

struct nla_policy { u8 type; u16 len; };
struct nlattr { u16 len; void *data; };
struct nlmsghdr { u32 nlmsg_seq; };
struct genlmsghdr { u8 cmd; };
struct genl_info { struct nlattr **attrs; const struct genlmsghdr *genlhdr; u32 snd_portid; };

/* <linux/netlink.h>, <linux/notifier.h> */
#define NETLINK_GENERIC		16
#define NETLINK_URELEASE	1
#define NOTIFY_DONE		0
#define net_eq(a, b)		((a) == (b))

struct net { int unused; };
struct netlink_notify { struct net *net; u32 portid; int protocol; };

struct notifier_block {
	int (*notifier_call)(struct notifier_block *nb, unsigned long event, void *data);
};

extern struct net init_net;
int netlink_register_notifier(struct notifier_block *nb);
#define netlink_unregister_notifier(nb)	do { } while (0)

struct netlink_callback {
	struct sk_buff		*skb;
	const struct nlmsghdr	*nlh;
	struct nlattr		**attrs;
	long			args[6];
};

struct genl_ops {
	u8	cmd;
	u8	flags;
	int (*doit)(struct sk_buff *skb, struct genl_info *info);
	int (*start)(struct netlink_callback *cb);
	int (*dumpit)(struct sk_buff *skb, struct netlink_callback *cb);
	int (*done)(struct netlink_callback *cb);
};

struct genl_multicast_group { const char *name; };

struct genl_family {
	const char				*name;
	unsigned int				version;
	unsigned int				maxattr;
	const struct nla_policy			*policy;
	struct module				*module;
	bool					parallel_ops;
	const struct genl_ops			*ops;
	unsigned int				n_ops;
	const struct genl_multicast_group	*mcgrps;
	unsigned int				n_mcgrps;
};

static inline const void *nla_data(const struct nlattr *a) { return a->data; }
static inline int nla_len(const struct nlattr *a) { return a->len; }
static inline u8 nla_get_u8(const struct nlattr *a) { return *(u8 *)a->data; }
static inline u16 nla_get_u16(const struct nlattr *a) { return *(u16 *)a->data; }
static inline u32 nla_get_u32(const struct nlattr *a) { return *(u32 *)a->data; }
#define cst_genl_dump_attrs(cb)	((cb)->attrs)

struct sk_buff *genlmsg_new(size_t size, gfp_t gfp);
void nlmsg_free(struct sk_buff *msg);
void *genlmsg_put(struct sk_buff *msg, u32 portid, u32 seq, const struct genl_family *family,
		  int flags, u8 cmd);
void genlmsg_cancel(struct sk_buff *msg, void *hdr);
void genlmsg_end(struct sk_buff *msg, void *hdr);
int genlmsg_reply(struct sk_buff *msg, struct genl_info *info);
int nla_put(struct sk_buff *msg, int type, int len, const void *data);
int genl_register_family(struct genl_family *family);

#define genlmsg_put_reply(msg, info, family, flags, cmd) \
	genlmsg_put(msg, 1, 1, family, flags, cmd)
#define genlmsg_multicast(family, msg, portid, group, gfp)	nlmsg_free(msg)
#define genl_set_err(family, net, portid, group, code)	do { } while (0)
#define genl_unregister_family(family)	do { } while (0)

static inline int nla_put_u8(struct sk_buff *msg, int type, u8 v)
{
	return nla_put(msg, type, 1, &v);
}

static inline int nla_put_u16(struct sk_buff *msg, int type, u16 v)
{
	return nla_put(msg, type, 2, &v);
}

static inline int nla_put_u32(struct sk_buff *msg, int type, u32 v)
{
	return nla_put(msg, type, 4, &v);
}

static inline int nla_put_string(struct sk_buff *msg, int type, const char *s)
{
	return nla_put(msg, type, strlen(s) + 1, s);
}

#endif /* _CST_GENL_SHIM_H */
