// SPDX-License-Identifier: GPL-2.0-only
/*
 * portals/<address>:<port> of a target, addresses in their text form, and what the
 * daemon says about them.
 *
 * configfs, genl.c, session.c and text.c call in.  The daemon does the listening.  This
 * file only keeps the list of portals, under target->tgt.obj.lock, and tells the daemon
 * when the list has changed.
 *
 * The daemon says of each address whether it listens there, and if not, why.  This is
 * kept by address and not by portal, since many targets may share an address.  The list
 * is cit_listeners, and cit_listeners_lock protects it.  That lock is taken last.  Only
 * one daemon is listened to, and what it has said is forgotten when its netlink socket is
 * closed.  A target's list of portals changes only under both locks.  So the attribute
 * `state`, which must not wait for target->tgt.obj.lock, reads the list under
 * cit_listeners_lock.
 */
#include <linux/ctype.h>
#include <linux/inet.h>
#include <linux/netdevice.h>
#include <linux/slab.h>
#include <net/ipv6.h>
#include <net/net_namespace.h>

#include "cit.h"

/* The daemon opens no more than 1024. */
#define CIT_LISTENERS_MAX	4096

struct cit_listener {
	struct list_head	node;
	struct cit_addr		addr;
	int			err;	/* positive errno; 0: the daemon listens */
};

static LIST_HEAD(cit_listeners);
static DEFINE_SPINLOCK(cit_listeners_lock);
static u32 cit_listeners_portid;	/* netlink socket of the daemon, 0: no daemon */
static unsigned int cit_nr_listeners;

static struct cst_item_type cit_portals_type;
static struct cst_item_type cit_portal_type;

#define CIT_ADDR_FORMS \
	"<IPv4 address>:<port>, [<IPv6 address>]:<port> or [<link-local address>%<interface>]:<port>"

static bool cit_port_parse(const char *text, u16 *port)
{
	/* Only the canonical form is accepted: no sign, no leading zero. */
	return isdigit(text[0]) && text[0] != '0' && !kstrtou16(text, 10, port);
}

/* Read "2001:db8::1" or "fe80::1%eth0" up to @end.  Return: what is wrong, or NULL. */
static const char *cit_ip6_parse(const char *text, const char *end,
				 struct cit_addr *addr)
{
	struct in6_addr *ip = &((struct sockaddr_in6 *)&addr->ss)->sin6_addr;
	const char *zone = memchr(text, '%', end - text), *stop;
	const char *ip_end = zone ?: end;

	if (!in6_pton(text, ip_end - text, ip->s6_addr, -1, &stop) ||
	    stop != ip_end)
		return "not an address; accepted: " CIT_ADDR_FORMS;
	addr->ss.ss_family = AF_INET6;
	if (!zone)
		return NULL;
	zone++;
	if (!cit_addr_is_link_local(&addr->ss))
		return "only a link-local address has an interface; accepted: " CIT_ADDR_FORMS;
	if (end - zone >= IFNAMSIZ)
		return "not the name of an interface; accepted: " CIT_ADDR_FORMS;
	memcpy(addr->zone, zone, end - zone);
	if (!dev_valid_name(addr->zone))
		return "not the name of an interface; accepted: " CIT_ADDR_FORMS;
	return NULL;
}

static const char *cit_ip4_parse(const char *text, const char *end,
				 struct cit_addr *addr)
{
	struct sockaddr_in *in = (struct sockaddr_in *)&addr->ss;
	const char *stop;

	if (!in4_pton(text, end - text, (u8 *)&in->sin_addr, -1, &stop) ||
	    stop != end)
		return "not an address; accepted: " CIT_ADDR_FORMS;
	in->sin_family = AF_INET;
	return NULL;
}

/* Make an IPv4 address of an IPv4-mapped IPv6 address. */
static void cit_addr_unmap(struct cit_addr *addr)
{
	struct in6_addr *ip = &((struct sockaddr_in6 *)&addr->ss)->sin6_addr;
	struct sockaddr_in *in = (struct sockaddr_in *)&addr->ss;
	__be32 ip4 = ip->s6_addr32[3];

	if (addr->ss.ss_family != AF_INET6 || !ipv6_addr_v4mapped(ip))
		return;
	memset(addr, 0, sizeof(*addr));
	in->sin_family = AF_INET;
	in->sin_addr.s_addr = ip4;
}

/**
 * cit_addr_parse() - read "192.0.2.1:3260", "[2001:db8::1]:3260" or "[fe80::1%eth0]:3260"
 * @text: NUL terminated
 * @addr: result; an IPv4-mapped IPv6 address becomes an IPv4 address
 *
 * Return: what is wrong and what would be accepted, or NULL.
 */
const char *cit_addr_parse(const char *text, struct cit_addr *addr)
{
	const char *fault, *end;
	u16 port;

	memset(addr, 0, sizeof(*addr));
	if (text[0] == '[') {
		end = strchr(text, ']');
		if (!end)
			return "not an address; accepted: " CIT_ADDR_FORMS;
		fault = cit_ip6_parse(text + 1, end++, addr);
	} else {
		end = strrchr(text, ':') ?: text + strlen(text);
		fault = cit_ip4_parse(text, end, addr);
	}
	if (fault)
		return fault;
	if (*end++ != ':')
		return "has no port behind the address; accepted: " CIT_ADDR_FORMS;
	if (!cit_port_parse(end, &port))
		return "not a port behind the address; accepted: 1..65535, no leading zeros";
	cit_addr_unmap(addr);
	/* Both families have the port in the same place. */
	((struct sockaddr_in *)&addr->ss)->sin_port = htons(port);
	return NULL;
}

/* Why nobody can ever listen at an address, or NULL. */
static const char *cit_addr_fault(const struct cit_addr *addr)
{
	const struct in6_addr *ip = &((struct sockaddr_in6 *)&addr->ss)->sin6_addr;
	__be32 ip4 = ((struct sockaddr_in *)&addr->ss)->sin_addr.s_addr;

	if (addr->ss.ss_family == AF_INET) {
		if (ipv4_is_multicast(ip4) || ipv4_is_lbcast(ip4))
			return "nobody can listen at that address; accepted: one of this host";
		return NULL;
	}
	if (ipv6_addr_is_multicast(ip))
		return "nobody can listen at that address; accepted: one of this host";
	if (cit_addr_is_link_local(&addr->ss) && !addr->zone[0])
		return "a link-local address needs its interface; accepted: "
		       CIT_ADDR_FORMS;
	return NULL;
}

/* Write an address in its canonical form.  @buf has CIT_ADDR_LEN bytes. */
void cit_addr_print(const struct sockaddr_storage *addr, char *buf)
{
	snprintf(buf, CIT_ADDR_LEN, "%pISpc", addr);
}

/* Write the address of a portal in its canonical form, with its zone if it has one. */
void cit_portal_print(const struct cit_addr *addr, char *buf)
{
	const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)&addr->ss;

	if (addr->zone[0])
		snprintf(buf, CIT_ADDR_LEN, "[%pI6c%%%s]:%u", &in6->sin6_addr,
			 addr->zone, ntohs(in6->sin6_port));
	else
		cit_addr_print(&addr->ss, buf);
}

/* Is it the wildcard address of its family? */
static bool cit_addr_is_any(const struct sockaddr_storage *addr)
{
	if (addr->ss_family == AF_INET)
		return ((struct sockaddr_in *)addr)->sin_addr.s_addr ==
		       htonl(INADDR_ANY);
	return ipv6_addr_any(&((struct sockaddr_in6 *)addr)->sin6_addr);
}

/* Is it a link-local IPv6 address, which may mean another host on another link? */
bool cit_addr_is_link_local(const struct sockaddr_storage *addr)
{
	const struct in6_addr *ip = &((struct sockaddr_in6 *)addr)->sin6_addr;

	return addr->ss_family == AF_INET6 &&
	       (ip->s6_addr32[0] & htonl(0xffc00000)) == htonl(0xfe800000);
}

static __be16 cit_addr_port(const struct sockaddr_storage *addr)
{
	return addr->ss_family == AF_INET ?
		((struct sockaddr_in *)addr)->sin_port :
		((struct sockaddr_in6 *)addr)->sin6_port;
}

/* Are the addresses the same, whatever their ports? */
bool cit_addr_same_host(const struct sockaddr_storage *a,
			const struct sockaddr_storage *b)
{
	if (a->ss_family != b->ss_family)
		return false;
	if (a->ss_family == AF_INET)
		return ((struct sockaddr_in *)a)->sin_addr.s_addr ==
		       ((struct sockaddr_in *)b)->sin_addr.s_addr;
	return ipv6_addr_equal(&((struct sockaddr_in6 *)a)->sin6_addr,
			       &((struct sockaddr_in6 *)b)->sin6_addr);
}

static bool cit_addr_matches(const struct sockaddr_storage *portal,
			     const struct sockaddr_storage *local)
{
	if (cit_addr_port(portal) != cit_addr_port(local))
		return false;
	if (cit_addr_is_any(portal))
		/* A socket on [::] takes IPv4 connections as well. */
		return portal->ss_family == local->ss_family ||
		       portal->ss_family == AF_INET6;
	return cit_addr_same_host(portal, local);
}

/* The zones are compared only if the portal has one. */
static bool cit_portal_matches(const struct cit_portal *portal,
			       const struct cit_addr *local)
{
	return cit_addr_matches(&portal->addr.ss, &local->ss) &&
	       (!portal->addr.zone[0] ||
		!strcmp(portal->addr.zone, local->zone));
}

/**
 * cit_portal_serves() - can a target be reached at a local address?
 * @target: target; the caller holds target->tgt.obj.lock
 * @local: the local address of a connection
 */
bool cit_portal_serves(struct cit_target *target, const struct cit_addr *local)
{
	struct cit_portal *portal;

	lockdep_assert_held(&target->tgt.obj.lock);

	if (list_empty(&target->portals))
		return cit_addr_port(&local->ss) == htons(ISCSI_PORT);
	list_for_each_entry(portal, &target->portals, node)
		if (cit_portal_matches(portal, local))
			return true;
	return false;
}

/**
 * cit_portals_tell() - list the addresses that an initiator is told
 * @target: target; the caller holds target->tgt.obj.lock
 * @local: the local address that the initiator is connected to
 * @tell: called with each address; the list ends when it returns false
 * @arg: for @tell
 *
 * The list has the portals at which the daemon listens, and the one that has the address
 * @local.  In place of a portal with a wildcard address it has @local.  Link-local
 * addresses are never listed, because they are usable only with a zone, and each host
 * has names of its own for its zones.  If @local itself is link-local, the list is
 * empty: the initiator may be unable to reach any other address, and an empty list means
 * the address in use (RFC 7143, Appendix C).
 *
 * Return: false if @tell has returned false.
 */
bool cit_portals_tell(struct cit_target *target,
		      const struct sockaddr_storage *local,
		      bool (*tell)(void *arg, const struct sockaddr_storage *addr),
		      void *arg)
{
	struct cit_portal *portal;
	bool own = false, wild = false;

	lockdep_assert_held(&target->tgt.obj.lock);

	if (cit_addr_is_link_local(local))
		return true;
	list_for_each_entry(portal, &target->portals, node) {
		bool here = cit_addr_matches(&portal->addr.ss, local);

		if (cit_addr_is_any(&portal->addr.ss)) {
			wild |= here;
			continue;
		}
		if (portal->addr.zone[0] ||
		    (!here && cit_listener_error(&portal->addr)))
			continue;
		own |= here;
		if (!tell(arg, &portal->addr.ss))
			return false;
	}
	return !wild || own || tell(arg, local);
}

/* --- what the daemon says --- */

static struct cit_listener *cit_listener_find(const struct cit_addr *addr)
{
	struct cit_listener *listener;

	lockdep_assert_held(&cit_listeners_lock);

	list_for_each_entry(listener, &cit_listeners, node)
		if (!memcmp(&listener->addr, addr, sizeof(*addr)))
			return listener;
	return NULL;
}

static void cit_listener_del(struct cit_listener *listener)
{
	list_del(&listener->node);
	kfree(listener);
	cit_nr_listeners--;
}

static int cit_listener_set(struct cit_listener **new,
			    const struct cit_addr *addr, int err)
{
	struct cit_listener *listener = cit_listener_find(addr);

	if (err < 0) {
		if (listener)
			cit_listener_del(listener);
		return 0;
	}
	if (!listener) {
		if (cit_nr_listeners == CIT_LISTENERS_MAX)
			return -ENOSPC;
		listener = *new;
		*new = NULL;
		listener->addr = *addr;
		list_add(&listener->node, &cit_listeners);
		cit_nr_listeners++;
	}
	listener->err = err;
	return 0;
}

/**
 * cit_listener_tell() - the daemon says whether it listens at an address
 * @portid: the daemon's netlink socket
 * @addr: the address
 * @err: 0: it listens; a positive errno: why not; negative: forget the address
 *
 * Context: process.
 * Return: 0; -EBUSY when another socket is that of the daemon; -ENOSPC or -ENOMEM.
 */
int cit_listener_tell(u32 portid, const struct cit_addr *addr, int err)
{
	struct cit_listener *new = kzalloc(sizeof(*new), GFP_KERNEL);
	int ret = -EBUSY;

	if (!new)
		return -ENOMEM;
	spin_lock(&cit_listeners_lock);
	if (!cit_listeners_portid || cit_listeners_portid == portid) {
		cit_listeners_portid = portid;
		ret = cit_listener_set(&new, addr, err);
	}
	spin_unlock(&cit_listeners_lock);
	kfree(new);
	return ret;
}

static int __cit_listener_error(const struct cit_addr *addr)
{
	struct cit_listener *listener = cit_listener_find(addr);

	if (listener)
		return listener->err;
	return cit_listeners_portid ? -1 : -ENOENT;
}

/**
 * cit_listener_error() - what the daemon has said of an address
 * @addr: the address
 *
 * Return: 0: the daemon listens there; a positive errno: why it does not; -1: it has not
 * said anything yet; -ENOENT: there is no daemon.
 */
int cit_listener_error(const struct cit_addr *addr)
{
	int err;

	spin_lock(&cit_listeners_lock);
	err = __cit_listener_error(addr);
	spin_unlock(&cit_listeners_lock);
	return err;
}

/**
 * cit_listeners_forget() - a netlink socket has been closed, perhaps the daemon's
 * @portid: the socket
 *
 * If it was the daemon's, what the daemon has said is forgotten.
 *
 * Return: true if it was the daemon's.
 */
bool cit_listeners_forget(u32 portid)
{
	struct cit_listener *listener, *next;
	bool daemon;

	spin_lock(&cit_listeners_lock);
	daemon = portid && cit_listeners_portid == portid;
	if (daemon) {
		list_for_each_entry_safe(listener, next, &cit_listeners, node)
			cit_listener_del(listener);
		cit_listeners_portid = 0;
	}
	spin_unlock(&cit_listeners_lock);
	return daemon;
}

/* The module is unloaded, and the daemon cannot say anything any more: free the list. */
void cit_listeners_drop(void)
{
	cit_listeners_forget(READ_ONCE(cit_listeners_portid));
}

static const char *cit_listener_why(int err)
{
	switch (err) {
	case EADDRNOTAVAIL:
		return "the address is not there";
	case ENODEV:
		return "the interface is not there";
	case EADDRINUSE:
		return "the port is in use";
	case EACCES:
	case EPERM:
		return "cst-iscsid may not use the port";
	case EAFNOSUPPORT:
		return "the host has no IPv6";
	case EMFILE:
	case ENFILE:
		return "cst-iscsid has too many files open";
	default:
		return NULL;
	}
}

static bool cit_target_is_served(const struct cit_target *target)
{
	return READ_ONCE(cit_fabric.enabled) &&
	       READ_ONCE(target->tgt.obj.enabled) &&
	       !READ_ONCE(target->tgt.closing);
}

static ssize_t cit_state_print(const struct cit_target *target,
			       const struct cit_addr *addr, char *page)
{
	int err = cit_listener_error(addr);
	const char *why;

	if (!cit_target_is_served(target))
		return sysfs_emit(page, "disabled\n");
	if (!err)
		return sysfs_emit(page, "listening\n");
	if (err == -ENOENT)
		return sysfs_emit(page, "no daemon\n");
	if (err < 0)
		return sysfs_emit(page, "waiting: cst-iscsid has not said yet\n");
	why = cit_listener_why(err);
	return why ? sysfs_emit(page, "waiting: %s\n", why) :
		     sysfs_emit(page, "waiting: error %d\n", err);
}

/* --- portals/<address> --- */

/* The address at which a target without portals is reached. */
void cit_addr_all(struct cit_addr *addr)
{
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)&addr->ss;

	memset(addr, 0, sizeof(*addr));
	in6->sin6_family = AF_INET6;
	in6->sin6_port = htons(ISCSI_PORT);
}

static struct cit_target *portals_to_target(struct config_item *item)
{
	return container_of(to_cst_object(item), struct cit_target, portals_obj);
}

static struct cit_portal *to_cit_portal(struct config_item *item)
{
	return container_of(to_cst_object(item), struct cit_portal, obj);
}

static ssize_t cit_portal_state_print(struct cst_object *obj, char *page)
{
	const struct cit_portal *portal = container_of(obj, struct cit_portal, obj);

	return cit_state_print(portal->target, &portal->addr, page);
}

CST_ATTR(cit_portal, state, 0444,
	 .type = CST_ATTR_STRING, .show = cit_portal_state_print,
	 .help = "listening, waiting: and why, no daemon, or disabled as the target is.");

static const struct cst_attr *const cit_portal_attrs[] = {
	&cit_portal_attr_state,
	NULL
};

static ssize_t cit_portals_state_print(struct cst_object *obj, char *page)
{
	struct cit_target *target = container_of(obj, struct cit_target, portals_obj);
	unsigned int nr, listen = 0;
	struct cit_portal *portal;
	struct cit_addr all;

	cit_addr_all(&all);
	spin_lock(&cit_listeners_lock);
	nr = target->nr_portals;
	list_for_each_entry(portal, &target->portals, node)
		listen += !__cit_listener_error(&portal->addr);
	spin_unlock(&cit_listeners_lock);
	if (!nr)
		return cit_state_print(target, &all, page);
	if (!cit_target_is_served(target))
		return sysfs_emit(page, "disabled\n");
	if (listen == nr)
		return sysfs_emit(page, "listening\n");
	if (cit_listener_error(&all) == -ENOENT)
		return sysfs_emit(page, "no daemon\n");
	return sysfs_emit(page, "waiting: %u of %u portals listen\n", listen, nr);
}

CST_ATTR(cit_portals, state, 0444,
	 .type = CST_ATTR_STRING, .show = cit_portals_state_print,
	 .help = "That of all portals, or of port 3260 when there is none.");

static const struct cst_attr *const cit_portals_attrs[] = {
	&cit_portals_attr_state,
	NULL
};

static void cit_portal_release(struct config_item *item)
{
	kfree(to_cit_portal(item));
}

static struct configfs_item_operations cit_portal_item_ops = {
	.release	= cit_portal_release,
};

/*
 * Parse @name.  Refuse an address at which nobody can listen, and a second name of one.
 */
static int cit_portal_parse(struct config_group *group, const char *name,
			    struct cit_addr *addr)
{
	char canonical[CIT_ADDR_LEN];
	const char *fault = cit_addr_parse(name, addr) ?: cit_addr_fault(addr);

	if (fault) {
		cst_config_error(&group->cg_item, name, "%s", fault);
		return -EINVAL;
	}
	/* Two names for one address would be two portals. */
	cit_portal_print(addr, canonical);
	if (strcmp(name, canonical)) {
		cst_config_error(&group->cg_item, name,
				 "not the canonical form; accepted: %s",
				 canonical);
		return -EINVAL;
	}
	return 0;
}

static struct config_group *cit_portal_make(struct config_group *group,
					    const char *name)
{
	struct cit_target *target = portals_to_target(&group->cg_item);
	struct cit_portal *portal;
	int ret;

	portal = kzalloc(sizeof(*portal), GFP_KERNEL);
	if (!portal)
		return ERR_PTR(-ENOMEM);
	portal->target = target;
	ret = cit_portal_parse(group, name, &portal->addr);
	if (ret) {
		kfree(portal);
		return ERR_PTR(ret);
	}
	ret = cst_object_init(&portal->obj, name, &cit_portal_type);
	if (ret)
		goto put;

	mutex_lock(&target->tgt.obj.lock);
	if (target->nr_portals == CIT_PORTALS_MAX) {
		mutex_unlock(&target->tgt.obj.lock);
		cst_config_error(&group->cg_item, name,
				 "there are %d portals already", CIT_PORTALS_MAX);
		ret = -ENOSPC;
		goto put;
	}
	spin_lock(&cit_listeners_lock);
	list_add_tail(&portal->node, &target->portals);
	target->nr_portals++;
	spin_unlock(&cit_listeners_lock);
	mutex_unlock(&target->tgt.obj.lock);
	cst_config_changed();
	cit_config_notify();
	return &portal->obj.group;

put:
	config_item_put(&portal->obj.group.cg_item);
	return ERR_PTR(ret);
}

static void cit_portal_drop(struct config_group *group, struct config_item *item)
{
	struct cit_target *target = portals_to_target(&group->cg_item);
	struct cit_portal *portal = to_cit_portal(item);

	cst_item_linger(group, item);
	mutex_lock(&target->tgt.obj.lock);
	spin_lock(&cit_listeners_lock);
	list_del(&portal->node);
	target->nr_portals--;
	spin_unlock(&cit_listeners_lock);
	mutex_unlock(&target->tgt.obj.lock);
	config_item_put(item);
	cst_config_changed();
	cit_config_notify();
}

static struct configfs_group_operations cit_portals_group_ops = {
	.make_group	= cit_portal_make,
	.drop_item	= cit_portal_drop,
};

int cit_portals_init(struct cit_target *target)
{
	int ret;

	INIT_LIST_HEAD(&target->portals);
	ret = cst_object_init(&target->portals_obj, "portals",
			      &cit_portals_type);
	target->portals_obj.governor = &target->tgt.obj;
	cst_object_embed(&target->portals_obj, &target->tgt.obj);
	return ret;
}

int cit_portals_type_init(void)
{
	static const struct cst_attr *const *const portals[] = {
		cit_portals_attrs, NULL
	};
	static const struct cst_attr *const *const portal[] = {
		cit_portal_attrs, NULL
	};
	int ret;

	ret = cst_item_type_init(&cit_portal_type, THIS_MODULE,
				 &cit_portal_item_ops, NULL, portal);
	if (ret)
		return ret;
	ret = cst_item_type_init(&cit_portals_type, THIS_MODULE, NULL,
				 &cit_portals_group_ops, portals);
	if (ret)
		cst_item_type_destroy(&cit_portal_type);
	return ret;
}

void cit_portals_type_destroy(void)
{
	cst_item_type_destroy(&cit_portals_type);
	cst_item_type_destroy(&cit_portal_type);
}
