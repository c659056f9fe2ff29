// SPDX-License-Identifier: GPL-2.0-only
/*
 * The kernel's side of the netlink family, and addresses as text.  Requests with any
 * attributes that the policy lets through go to targets with any portals.  A request is
 * refused, or the values that it hands over are in range.  References are put back.  A dump
 * names every target once and ends.  An address reads back as it is printed.
 *
 * The input makes targets and portals; the rest of it is a list of requests (request()).
 * Core, configfs and netlink are emulated here.
 */
#include "cit.h"
#include "input.h"
#include <net/genetlink.h>
#include <linux/inet.h>

#define MUST(cond) do { if (!(cond)) { fprintf(stderr, "%s:%d: %s\n", __FILE__, \
	__LINE__, #cond); abort(); } } while (0)

#define NR_TARGETS	3
#define NR_ATTRS	(CST_ISCSI_A_MAX + 1)

struct cit_fabric cit_fabric;
const struct cst_fabric_ops cit_ops;
struct workqueue_struct *cit_close_wq;
struct workqueue_struct *system_wq;
struct task_struct shim_task;
unsigned long jiffies;

static const struct genl_family *family;
static const struct configfs_group_operations *portal_ops;
static struct cit_target targets[NR_TARGETS];
static unsigned int nr_targets;
static const char *const target_names[NR_TARGETS] = { "iqn.a", "iqn.b", "iqn.c" };
static int target_refs;

/* --- memory --- */

static unsigned int fail_after;	/* 0: never */

bool shim_no_memory(void)
{
	return fail_after && !--fail_after;
}

/* --- text --- */

int kstrtou16(const char *s, unsigned int base, u16 *to)
{
	unsigned long v = 0;
	const char *c;

	/* Like the kernel's, this allows one newline at the end. */
	for (c = s; isdigit((u8)*c) && v < 100000; c++)
		v = v * 10 + *c - '0';
	if (c == s || (*c == '\n' ? c[1] : *c) || v > 65535)
		return -EINVAL;
	*to = v;
	return 0;
}

int in4_pton(const char *src, int srclen, u8 *dst, int delim, const char **end)
{
	const char *stop = src + srclen;
	int i, v, digits;

	/* The kernel's in4_pton() takes leading zeros, too. */
	for (i = 0; i < 4; i++) {
		v = 0;
		for (digits = 0; src < stop && isdigit((u8)*src) && v < 256; digits++)
			v = v * 10 + *src++ - '0';
		if (!digits || v > 255 || (i < 3 && (src >= stop || *src++ != '.')))
			return 0;
		dst[i] = v;
	}
	*end = src;
	return src == stop;
}

int in6_pton(const char *src, int srclen, u8 *dst, int delim, const char **end)
{
	char *copy = strndup(src, srclen);
	int ret = inet_pton(AF_INET6, copy, dst);

	free(copy);
	*end = src + srclen;
	return ret == 1;
}

#undef snprintf
int shim_print_addr(char *buf, size_t size, const char *fmt, ...)
{
	const struct sockaddr_storage *addr;
	const struct sockaddr_in6 *in6;
	const struct sockaddr_in *in4;
	char text[INET6_ADDRSTRLEN];
	const char *zone;
	va_list args;
	int len;

	va_start(args, fmt);
	if (!strstr(fmt, "%pI")) {
		len = vsnprintf(buf, size, fmt, args);
		va_end(args);
		return len;
	}
	in6 = va_arg(args, const void *);
	in4 = (const void *)in6;
	addr = (const void *)in6;
	if (!strcmp(fmt, "[%pI6c%%%s]:%u")) {
		inet_ntop(AF_INET6, in6, text, sizeof(text));
		zone = va_arg(args, const char *);
		len = snprintf(buf, size, "[%s%%%s]:%u", text, zone, va_arg(args, unsigned int));
		va_end(args);
		MUST((size_t)len < size);
		return len;
	}
	va_end(args);
	MUST(!strcmp(fmt, "%pISpc"));
	if (addr->ss_family == AF_INET) {
		inet_ntop(AF_INET, &in4->sin_addr, text, sizeof(text));
		len = snprintf(buf, size, "%s:%u", text, ntohs(in4->sin_port));
	} else {
		MUST(addr->ss_family == AF_INET6);
		inet_ntop(AF_INET6, &in6->sin6_addr, text, sizeof(text));
		len = snprintf(buf, size, "[%s]:%u", text, ntohs(in6->sin6_port));
	}
	MUST((size_t)len < size);
	return len;
}

static void check_host(const struct sockaddr_storage *addr)
{
	static const struct sockaddr_storage zero;
	const struct sockaddr_in6 *in6 = (const void *)addr;

	MUST(addr->ss_family == AF_INET ||
	     (addr->ss_family == AF_INET6 && !ipv6_addr_v4mapped(&in6->sin6_addr)));
	/* The padding must be zero, because addresses are compared as memory. */
	MUST(addr->ss_family != AF_INET ||
	     !memcmp((u8 *)addr + sizeof(struct sockaddr_in), &zero,
		     sizeof(zero) - sizeof(struct sockaddr_in)));
	MUST(in6->sin6_port);
}

static void check_addr(const struct cit_addr *addr)
{
	struct cit_addr again;
	char text[CIT_ADDR_LEN];

	check_host(&addr->ss);
	MUST(!addr->zone[0] || cit_addr_is_link_local(&addr->ss));
	cit_portal_print(addr, text);
	MUST(!cit_addr_parse(text, &again) && !memcmp(addr, &again, sizeof(again)));
}

/* Check that a text which was accepted as an address has the right brackets, and a port. */
static void check_text(const char *text)
{
	const char *end = text + strspn(text, "0123456789.");
	struct cit_addr addr;

	if (cit_addr_parse(text, &addr))
		return;
	check_addr(&addr);
	if (text[0] == '[') {
		end = text + 1 + strspn(text + 1, "0123456789abcdefABCDEF:.");
		if (*end == '%')
			end += strcspn(end, "]:/ ");
		MUST(*end++ == ']');
	}
	MUST(*end++ == ':' && strspn(end, "0123456789") >= 1);
	end += strspn(end, "0123456789");
	MUST(!*end || !strcmp(end, "\n"));
}

/* --- core and configfs --- */

int cst_item_type_init(struct cst_item_type *it, struct module *owner,
		       struct configfs_item_operations *item_ops,
		       struct configfs_group_operations *group_ops,
		       const struct cst_attr *const *const *tables)
{
	it->type.ct_item_ops = item_ops;
	if (group_ops)
		portal_ops = group_ops;
	return 0;
}

void cst_item_type_destroy(struct cst_item_type *it) { }
void cst_object_embed(struct cst_object *obj, struct cst_object *parent) { }
void cst_config_changed(void) { }
void cst_item_linger(struct config_group *parent, struct config_item *item) { }

int cst_object_init(struct cst_object *obj, const char *name, const struct cst_item_type *it)
{
	/* This is no portal but a part of a target. */
	if (!it->type.ct_item_ops)
		return 0;
	obj->group.cg_item.ci_name = shim_no_memory() ? NULL : strdup(name);
	obj->group.cg_item.ci_type = &it->type;
	return obj->group.cg_item.ci_name ? 0 : -ENOMEM;
}

struct net init_net;
static struct notifier_block *notifier;

int netlink_register_notifier(struct notifier_block *nb)
{
	notifier = nb;
	return 0;
}

void cst_config_error(struct config_item *item, const char *what, const char *fmt, ...) { }

ssize_t cst_attr_show(struct config_item *item, const struct cst_attr *attr, char *page)
{
	abort();
}

ssize_t cst_attr_store(struct config_item *item, const struct cst_attr *attr, const char *page,
		       size_t count)
{
	abort();
}

void cst_target_put(struct cst_target *tgt)
{
	MUST(target_refs-- > 0);
}

struct cst_target *cst_fabric_find_target(const struct cst_fabric_ops *ops, const char *name)
{
	unsigned int i;

	for (i = 0; i < nr_targets; i++) {
		if (strcmp(name, target_names[i]))
			continue;
		target_refs++;
		return &targets[i].tgt;
	}
	return NULL;
}

int cst_fabric_for_each_target(const struct cst_fabric_ops *ops,
			       int (*fn)(struct cst_target *tgt, void *arg), void *arg)
{
	unsigned int i;
	int ret = 0;

	for (i = 0; i < nr_targets && !ret; i++)
		ret = fn(&targets[i].tgt, arg);
	return ret;
}

int cst_target_access(struct cst_target *tgt, const char *initiator)
{
	MUST(tgt->obj.lock.held && strlen(initiator) <= CST_NAME_MAX);
	if (!tgt->obj.enabled || tgt->closing)
		return -ESHUTDOWN;
	return initiator[0] == 'x' ? -EACCES : initiator[0] == 'y' ? -ENODEV : 0;
}

/* --- sockets --- */

static struct sock sks[7] = {
	{ AF_INET, IPPROTO_TCP, TCP_ESTABLISHED, NULL },
	{ AF_INET6, IPPROTO_TCP, TCP_ESTABLISHED, NULL },
	{ AF_INET, IPPROTO_TCP, TCP_LISTEN, NULL },
	{ AF_INET, IPPROTO_TCP, TCP_ESTABLISHED, sks },
	{ AF_UNIX, IPPROTO_TCP, TCP_ESTABLISHED, NULL },
	{ AF_INET, IPPROTO_SCTP, TCP_ESTABLISHED, NULL },
	{ AF_INET, IPPROTO_UDP, TCP_ESTABLISHED, NULL },
};

static struct socket socks[ARRAY_SIZE(sks)];
static int sock_refs;

struct socket *sockfd_lookup(int fd, int *err)
{
	if (fd < 0 || (unsigned int)fd >= ARRAY_SIZE(socks)) {
		*err = -EBADF;
		return NULL;
	}
	socks[fd].sk = &sks[fd];
	socks[fd].type = sks[fd].sk_protocol == IPPROTO_UDP ? SOCK_DGRAM : SOCK_STREAM;
	sock_refs++;
	return &socks[fd];
}

void sockfd_put(struct socket *sock)
{
	MUST(sock_refs-- > 0);
}

/* --- sessions --- */

static int login_result;
static unsigned int logins;

int cit_session_login(struct cit_target *target, struct socket *sock,
		      const struct cit_login *login, u16 *tsih)
{
	const struct cit_keys *keys = &login->keys;
	u32 sum = 0;
	size_t i;

	MUST(sock == &socks[0] || sock == &socks[1]);
	MUST(*login->initiator && strlen(login->initiator) <= CST_NAME_MAX);
	MUST(login->rsp_len >= 48 && login->rsp_len <= CST_ISCSI_LOGIN_RSP_MAX &&
	     !(login->rsp_len % 4));
	/* Read every byte, so that the sanitizer checks that the memory is that long. */
	for (i = 0; i < login->rsp_len; i++)
		sum += ((const u8 *)login->rsp)[i];
	for (i = 0; i < sizeof(((struct cit_session *)0)->isid); i++)
		sum += login->isid[i];
	MUST(sum != ~0U);
	check_host(&login->local);
	check_host(&login->peer);
	MUST(keys->header_digest <= CST_ISCSI_DIGEST_CRC32C &&
	     keys->data_digest <= CST_ISCSI_DIGEST_CRC32C);
	MUST(keys->max_recv_dsl >= 512 && keys->max_recv_dsl < 1 << 24);
	MUST(keys->max_xmit_dsl >= 512 && keys->max_xmit_dsl < 1 << 24);
	MUST(keys->max_burst >= 512 && keys->max_burst < 1 << 24);
	MUST(keys->first_burst >= 512 && keys->first_burst < 1 << 24);
	MUST(keys->max_outstanding_r2t >= 1 && keys->max_outstanding_r2t <= 65535);
	if (login_result)
		return login_result;
	logins++;
	*tsih = 7;
	/* The session now owns both references, and ends here. */
	sockfd_put(sock);
	cst_target_put(&target->tgt);
	return 0;
}

/* --- messages --- */

static unsigned int msgs, replies, ended;
static unsigned int listed[NR_TARGETS];
static int last_name;

struct sk_buff *genlmsg_new(size_t size, gfp_t gfp)
{
	struct sk_buff *msg = kzalloc(sizeof(*msg), gfp);

	msgs += !!msg;
	return msg;
}

void nlmsg_free(struct sk_buff *msg)
{
	MUST(msgs-- > 0);
	free(msg);
}

void *genlmsg_put(struct sk_buff *msg, u32 portid, u32 seq, const struct genl_family *f,
		  int flags, u8 cmd)
{
	size_t before = msg->len;

	MUST(f == family);
	last_name = -1;
	if (before + 20 > NLMSG_GOODSIZE)
		return NULL;
	msg->len += 20;
	return (void *)(before + 1);
}

void genlmsg_cancel(struct sk_buff *msg, void *hdr)
{
	msg->len = (size_t)hdr - 1;
}

void genlmsg_end(struct sk_buff *msg, void *hdr)
{
	ended++;
	if (last_name >= 0)
		listed[last_name]++;
}

int genlmsg_reply(struct sk_buff *msg, struct genl_info *info)
{
	replies++;
	nlmsg_free(msg);
	return 0;
}

int nla_put(struct sk_buff *msg, int type, int len, const void *data)
{
	unsigned int i;

	if (msg->len + ALIGN(4 + len, 4) > NLMSG_GOODSIZE)
		return -EMSGSIZE;
	msg->len += ALIGN(4 + len, 4);
	for (i = 0; type == CST_ISCSI_A_TARGET_NAME && i < nr_targets; i++)
		if (!strcmp(data, target_names[i]))
			last_name = i;
	return 0;
}

int genl_register_family(struct genl_family *f)
{
	family = f;
	return 0;
}

/* --- requests --- */

static void set_attr(struct nlattr *a, const void *data, size_t len)
{
	free(a->data);
	a->data = malloc(len);
	a->len = len;
	if (len)
		memcpy(a->data, data, len);
}

/* The checks of NL_VALIDATE_STRICT. */
static bool policy_allows(int type, const struct nlattr *a)
{
	const struct nla_policy *p = &family->policy[type];
	size_t len = a->len;

	switch (p->type) {
	case NLA_U8:
		return len == 1;
	case NLA_U16:
		return len == 2;
	case NLA_U32:
		return len == 4;
	case NLA_BINARY:
		return len <= p->len;
	case SHIM_NLA_EXACT:
		return len == p->len;
	case NLA_NUL_STRING:
		if (!len || !memchr(a->data, '\0', min_t(size_t, len, p->len + 1)))
			return false;
		return len - !((u8 *)a->data)[len - 1] <= p->len;
	default:
		return false;
	}
}

static const char *const addrs[] = {
	"192.0.2.1:3260", "0.0.0.0:3260", "[::]:3260", "[2001:db8::1]:3260",
	"[::ffff:192.0.2.1]:3260", "[2001:db8:1111:2222:3333:4444:5555:6666]:65535",
	"[fe80::1%eth0]:3260", "[fe80:1111:2222:3333:4444:5555:6666:7777%a-long-iface-15]:65535",
};

static void good_attrs(struct nlattr *a)
{
	static const u32 numbers[NR_ATTRS] = {
		[CST_ISCSI_A_FD] = 0, [CST_ISCSI_A_MAX_CONNECTIONS] = 1,
		[CST_ISCSI_A_MAX_RECV_DSL] = 8192, [CST_ISCSI_A_MAX_XMIT_DSL] = 8192,
		[CST_ISCSI_A_MAX_BURST] = 65536, [CST_ISCSI_A_FIRST_BURST] = 65536,
		[CST_ISCSI_A_MAX_OUTSTANDING_R2T] = 1,
	};
	static const u8 zeros[48];
	unsigned int type;

	for (type = 0; type < NR_ATTRS; type++) {
		switch (family->policy[type].type) {
		case NLA_U8:
			set_attr(&a[type], zeros, 1);
			break;
		case NLA_U16:
			set_attr(&a[type], zeros, 2);
			break;
		case NLA_U32:
			set_attr(&a[type], &numbers[type], 4);
			break;
		case SHIM_NLA_EXACT:
			set_attr(&a[type], zeros, 6);
			break;
		case NLA_BINARY:
			set_attr(&a[type], zeros, sizeof(zeros));
			break;
		case NLA_NUL_STRING:
			set_attr(&a[type], addrs[0], strlen(addrs[0]) + 1);
			break;
		}
	}
	set_attr(&a[CST_ISCSI_A_TARGET_NAME], target_names[0], 6);
	set_attr(&a[CST_ISCSI_A_INITIATOR_NAME], "iqn.i", 6);
}

/*
 * Change an attribute: remove it, or set it to a known text, almost such a text, a number, zeros
 * or any bytes.
 */
static void change(struct nlattr *a)
{
	static const u8 zeros[CST_ISCSI_LOGIN_RSP_MAX + 64];
	static const u32 edges[] = {
		0, 1, 2, 3, 511, 512, 3600, 3601, 65535, 65536, 0xffffff, 0x1000000, ~0U,
	};
	unsigned int type = take(1) % NR_ATTRS, how = take(1);
	char text[CIT_ADDR_LEN];
	size_t len;

	if (how == 0) {
		free(a[type].data);
		a[type].data = NULL;
	} else if (how < 4) {
		set_attr(&a[type], target_names[how % NR_TARGETS], strlen(target_names[0]) + 1);
	} else if (how < 16) {
		strcpy(text, addrs[how % ARRAY_SIZE(addrs)]);
		len = strlen(text);
		if (how >= 10)
			text[take(1) % len] = take(1);
		set_attr(&a[type], text, len + 1);
	} else if (how < 24) {
		set_attr(&a[type], &edges[take(1) % ARRAY_SIZE(edges)], how % 8 ? 4 : 1);
	} else if (how < 32) {
		set_attr(&a[type], zeros, take(2) % sizeof(zeros));
	} else {
		len = min_t(size_t, how - 32, in_left);
		set_attr(&a[type], in, len);
		in += len;
		in_left -= len;
	}
}

static void dump(const struct genl_ops *op, struct nlattr **attrs)
{
	static const struct nlmsghdr nlh;
	struct sk_buff skb = {};
	struct netlink_callback cb = { .skb = &skb, .nlh = &nlh, .attrs = attrs };
	unsigned int i, rounds = 0;
	int ret = op->start ? op->start(&cb) : 0;

	if (ret) {
		MUST(ret == -ENOMEM);
		return;
	}
	do {
		skb.len = 0;
		ret = op->dumpit(&skb, &cb);
		/* All portals that a target may have fit into one message. */
		MUST(ret == (int)skb.len || ret == -EINVAL);
		MUST(++rounds <= NR_TARGETS * CIT_PORTALS_MAX + 2);
	} while (ret > 0);
	if (op->done)
		op->done(&cb);
	for (i = 0; i < nr_targets; i++)
		MUST(listed[i] <= 1);
	if (op->cmd == CST_ISCSI_CMD_LIST_TARGETS && !ret && cit_fabric.enabled &&
	    !attrs[CST_ISCSI_A_TARGET_NAME]) {
		struct cit_addr local;
		const char *initiator;
		struct cit_target *t;

		MUST(!cit_addr_parse(attrs[CST_ISCSI_A_LOCAL_ADDR]->data, &local));
		check_addr(&local);
		initiator = attrs[CST_ISCSI_A_INITIATOR_NAME]->data;
		for (i = 0; i < nr_targets; i++) {
			t = &targets[i];
			MUST(listed[i] == (t->tgt.obj.enabled && !t->tgt.closing &&
					   cit_portal_serves(t, &local) && *initiator != 'x'));
		}
	}
}

static void request(void)
{
	struct nlattr a[NR_ATTRS] = {}, *attrs[NR_ATTRS] = {};
	const struct genl_ops *op = &family->ops[take(1) % family->n_ops];
	struct genlmsghdr hdr = { .cmd = op->cmd };
	struct genl_info info = { .attrs = attrs, .genlhdr = &hdr, .snd_portid = 1 };
	unsigned int i, memory, answer, changes = take(1) % 5;
	bool allowed = true;
	int ret;

	good_attrs(a);
	while (changes--)
		change(a);
	login_result = take(1) & 1 ? -EMLINK : 0;
	cit_fabric.enabled = !(take(1) & 1);
	memory = take(1);
	for (i = 0; i < NR_ATTRS; i++) {
		if (!a[i].data)
			continue;
		attrs[i] = &a[i];
		allowed &= policy_allows(i, &a[i]);
	}
	if (allowed) {
		if (attrs[CST_ISCSI_A_LOCAL_ADDR])
			check_text(attrs[CST_ISCSI_A_LOCAL_ADDR]->data);
		fail_after = memory;
		logins = 0;
		replies = 0;
		ended = 0;
		memset(listed, 0, sizeof(listed));
		MUST(op->flags & GENL_ADMIN_PERM);
		if (op->dumpit) {
			dump(op, attrs);
		} else {
			ret = op->doit(NULL, &info);
			answer = !ret && op->cmd != CST_ISCSI_CMD_PORTAL_STATE;
			MUST(ret <= 0 && replies == answer && ended == answer);
			MUST(logins == (op->cmd == CST_ISCSI_CMD_NEW_CONN && !ret));
		}
		fail_after = 0;
		MUST(!msgs && !target_refs && !sock_refs && !cit_fabric.obj.lock.held);
		for (i = 0; i < nr_targets; i++)
			MUST(!targets[i].tgt.obj.lock.held);
	}
	for (i = 0; i < NR_ATTRS; i++)
		free(a[i].data);
}

/* --- portals --- */

static void make_portal(struct cit_target *t, const char *name)
{
	unsigned int before = t->nr_portals;
	struct config_group *group;
	struct cit_portal *portal;
	char text[CIT_ADDR_LEN];

	group = portal_ops->make_group(&t->portals_obj.group, name);
	MUST(!t->tgt.obj.lock.held && t->nr_portals <= CIT_PORTALS_MAX);
	MUST(t->nr_portals == before + !IS_ERR(group));
	if (IS_ERR(group))
		return;
	portal = container_of(group, struct cit_portal, obj.group);
	check_addr(&portal->addr);
	MUST(portal->target == t);
	/* A link-local address needs a zone. */
	MUST(portal->addr.zone[0] || !cit_addr_is_link_local(&portal->addr.ss));
	cit_portal_print(&portal->addr, text);
	MUST(!strcmp(text, name) && !strcmp(group->cg_item.ci_name, name));
}

static void make_portals(struct cit_target *t)
{
	unsigned int i, n = take(1);
	char name[256], *exact;

	if (n == 255) {
		/* The maximum number of portals, with names of the maximum length, and one more. */
		for (i = 0; i <= CIT_PORTALS_MAX; i++) {
			snprintf(name, sizeof(name), "[2001:db8:1111:2222:3333:4444:5555:6666]:%u",
				 10000 + i);
			make_portal(t, name);
		}
		MUST(t->nr_portals == CIT_PORTALS_MAX);
		return;
	}
	for (n %= 4; n; n--) {
		size_t len = take(1);

		if (len < 16) {
			make_portal(t, addrs[len % ARRAY_SIZE(addrs)]);
			continue;
		}
		len = min_t(size_t, len - 16, in_left);
		memcpy(name, in, len);
		name[len] = '\0';
		in += len;
		in_left -= len;
		/* A copy of exactly that size: the sanitizer notices an access beyond it. */
		exact = strdup(name);
		fail_after = take(1);
		make_portal(t, exact);
		fail_after = 0;
		free(exact);
	}
}

/* The daemon's socket is closed: no state that the daemon has set may be left. */
static void forget(void)
{
	struct netlink_notify gone = {
		.net = &init_net, .protocol = NETLINK_GENERIC, .portid = 1,
	};
	struct cit_addr all;

	notifier->notifier_call(notifier, NETLINK_URELEASE, &gone);
	cit_addr_all(&all);
	MUST(cit_listener_error(&all) == -ENOENT);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);
int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	unsigned int i, flags;
	struct cit_target *t;

	in = data;
	in_left = size;
	if (!family)
		MUST(!cit_genl_init() && !cit_portals_type_init());
	nr_targets = take(1) % (NR_TARGETS + 1);
	for (i = 0; i < nr_targets; i++) {
		t = &targets[i];
		flags = take(1);
		t->tgt.obj.group.cg_item.ci_name = (char *)target_names[i];
		t->tgt.obj.enabled = !(flags & 1);
		t->tgt.closing = flags & 2;
		t->nr_portals = 0;
		MUST(!cit_portals_init(t));
		make_portals(t);
	}
	while (in_left)
		request();
	for (i = 0; i < nr_targets; i++) {
		t = &targets[i];
		while (!list_empty(&t->portals))
			portal_ops->drop_item(&t->portals_obj.group,
					      &list_first_entry(&t->portals, struct cit_portal,
								node)->obj.group.cg_item);
		MUST(!t->nr_portals);
	}
	forget();
	return 0;
}
