// SPDX-License-Identifier: GPL-2.0-only
/*
 * portals/<address>:<port> of a target, and addresses in their text form.
 *
 * configfs calls in; genl.c, session.c and text.c ask.  The daemon listens, so all
 * that is done here is to keep the list, under target->tgt.obj.lock, and to tell
 * the daemon that it has changed.
 */
#include <linux/ctype.h>
#include <linux/inet.h>
#include <linux/slab.h>
#include <net/ipv6.h>
#include <net/net_namespace.h>

#include "cit.h"

static struct cst_item_type cit_portals_type;

static bool cit_port_parse(const char *text, u16 *port)
{
	/* Canonical, too: no sign, no leading zero. */
	return isdigit(text[0]) && text[0] != '0' && !kstrtou16(text, 10, port);
}

/**
 * cit_addr_parse() - read "192.0.2.1:3260" or "[2001:db8::1]:3260"
 * @text: NUL terminated
 * @addr: an IPv4-mapped IPv6 address becomes IPv4
 *
 * Return: 0 or -EINVAL.
 */
int cit_addr_parse(const char *text, struct sockaddr_storage *addr)
{
	const char *colon = strrchr(text, ':');
	u16 port;

	memset(addr, 0, sizeof(*addr));
	if (!colon || !cit_port_parse(colon + 1, &port))
		return -EINVAL;
	if (text[0] == '[') {
		struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)addr;
		struct in6_addr *ip = &in6->sin6_addr;
		const char *end;

		if (colon[-1] != ']' ||
		    !in6_pton(text + 1, colon - text - 2, ip->s6_addr, -1, &end) ||
		    end != colon - 1)
			return -EINVAL;
		if (!ipv6_addr_v4mapped(ip)) {
			in6->sin6_family = AF_INET6;
			in6->sin6_port = htons(port);
		} else {
			struct sockaddr_in *in = (struct sockaddr_in *)addr;
			__be32 ip4 = ip->s6_addr32[3];

			memset(addr, 0, sizeof(*addr));
			in->sin_addr.s_addr = ip4;
			in->sin_family = AF_INET;
			in->sin_port = htons(port);
		}
	} else {
		struct sockaddr_in *in = (struct sockaddr_in *)addr;
		const char *end;

		if (!in4_pton(text, colon - text, (u8 *)&in->sin_addr, -1, &end) ||
		    end != colon)
			return -EINVAL;
		in->sin_family = AF_INET;
		in->sin_port = htons(port);
	}
	return 0;
}

/* Write it in its canonical form; @buf has CIT_ADDR_LEN bytes. */
void cit_addr_print(const struct sockaddr_storage *addr, char *buf)
{
	snprintf(buf, CIT_ADDR_LEN, "%pISpc", addr);
}

/* Is it the address that stands for all of its family? */
bool cit_addr_is_any(const struct sockaddr_storage *addr)
{
	if (addr->ss_family == AF_INET)
		return ((struct sockaddr_in *)addr)->sin_addr.s_addr ==
		       htonl(INADDR_ANY);
	return ipv6_addr_any(&((struct sockaddr_in6 *)addr)->sin6_addr);
}

static __be16 cit_addr_port(const struct sockaddr_storage *addr)
{
	return addr->ss_family == AF_INET ?
		((struct sockaddr_in *)addr)->sin_port :
		((struct sockaddr_in6 *)addr)->sin6_port;
}

/* Is it the same host, whatever the port? */
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
		/* [::] takes IPv4 as well */
		return portal->ss_family == local->ss_family ||
		       portal->ss_family == AF_INET6;
	return cit_addr_same_host(portal, local);
}

/**
 * cit_portal_serves() - can a target be reached at a local address?
 * @target: target->tgt.obj.lock held
 * @local: of a connection
 */
bool cit_portal_serves(struct cit_target *target,
		       const struct sockaddr_storage *local)
{
	struct cit_portal *portal;

	lockdep_assert_held(&target->tgt.obj.lock);

	if (list_empty(&target->portals))
		return cit_addr_port(local) == htons(ISCSI_PORT);
	list_for_each_entry(portal, &target->portals, node)
		if (cit_addr_matches(&portal->addr, local))
			return true;
	return false;
}

static struct cit_target *portals_to_target(struct config_item *item)
{
	return container_of(to_cst_object(item), struct cit_target, portals_obj);
}

static struct cit_portal *to_cit_portal(struct config_item *item)
{
	return container_of(item, struct cit_portal, item);
}

static void cit_portal_release(struct config_item *item)
{
	kfree(to_cit_portal(item));
}

static struct configfs_item_operations cit_portal_item_ops = {
	.release	= cit_portal_release,
};

static const struct config_item_type cit_portal_type = {
	.ct_item_ops	= &cit_portal_item_ops,
	.ct_owner	= THIS_MODULE,
};

static struct config_item *cit_portal_make(struct config_group *group,
					   const char *name)
{
	struct cit_target *target = portals_to_target(&group->cg_item);
	char canonical[CIT_ADDR_LEN];
	struct cit_portal *portal;

	portal = kzalloc(sizeof(*portal), GFP_KERNEL);
	if (!portal)
		return ERR_PTR(-ENOMEM);
	if (cit_addr_parse(name, &portal->addr)) {
		cst_config_error(&group->cg_item, name,
				 "not an address; accepted: <IPv4 address>:<port> or [<IPv6 address>]:<port>");
		goto invalid;
	}
	/* Two names for one address would be two portals. */
	cit_addr_print(&portal->addr, canonical);
	if (strcmp(name, canonical)) {
		cst_config_error(&group->cg_item, name,
				 "not the canonical form; accepted: %s",
				 canonical);
		goto invalid;
	}

	mutex_lock(&target->tgt.obj.lock);
	if (target->nr_portals == CIT_PORTALS_MAX) {
		mutex_unlock(&target->tgt.obj.lock);
		cst_config_error(&group->cg_item, name,
				 "there are %d portals already", CIT_PORTALS_MAX);
		kfree(portal);
		return ERR_PTR(-ENOSPC);
	}
	config_item_init_type_name(&portal->item, name, &cit_portal_type);
	if (!config_item_name(&portal->item)) {
		mutex_unlock(&target->tgt.obj.lock);
		kfree(portal);
		return ERR_PTR(-ENOMEM);
	}
	list_add_tail(&portal->node, &target->portals);
	target->nr_portals++;
	mutex_unlock(&target->tgt.obj.lock);
	cst_config_changed();
	cit_config_notify();
	return &portal->item;

invalid:
	kfree(portal);
	return ERR_PTR(-EINVAL);
}

static void cit_portal_drop(struct config_group *group, struct config_item *item)
{
	struct cit_target *target = portals_to_target(&group->cg_item);
	struct cit_portal *portal = to_cit_portal(item);

	cst_item_linger(group, item);
	mutex_lock(&target->tgt.obj.lock);
	list_del(&portal->node);
	target->nr_portals--;
	mutex_unlock(&target->tgt.obj.lock);
	config_item_put(item);
	cst_config_changed();
	cit_config_notify();
}

static struct configfs_group_operations cit_portals_group_ops = {
	.make_item	= cit_portal_make,
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
	static const struct cst_attr *const *const tables[] = { NULL };

	return cst_item_type_init(&cit_portals_type, THIS_MODULE, NULL,
				  &cit_portals_group_ops, tables);
}

void cit_portals_type_destroy(void)
{
	cst_item_type_destroy(&cit_portals_type);
}
