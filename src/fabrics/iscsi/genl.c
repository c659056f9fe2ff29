// SPDX-License-Identifier: GPL-2.0-only
/*
 * The generic netlink family by which the daemon asks for the configuration, and hands
 * sockets over.
 *
 * Every command needs CAP_NET_ADMIN in the initial user namespace.  It runs in the
 * daemon's process, without a global lock of netlink.  What the daemon says about a
 * socket is checked again here, because the daemon parses what strangers send.  This file
 * takes cit_fabric.obj.lock or the obj.lock of a target, one at a time.
 */
#include <linux/slab.h>
#include <net/genetlink.h>
#include <net/inet_connection_sock.h>
#include <net/sock.h>

#include "cit.h"

static struct genl_family cit_genl;

static const struct nla_policy cit_policy[CST_ISCSI_A_MAX + 1] = {
	[CST_ISCSI_A_PORTAL]		= { .type = NLA_NUL_STRING, .len = CIT_ADDR_LEN },
	[CST_ISCSI_A_PORTAL_ERROR]	= { .type = NLA_U32 },
	[CST_ISCSI_A_TARGET_NAME]	= { .type = NLA_NUL_STRING, .len = CST_ISCSI_NAME_MAX },
	[CST_ISCSI_A_INITIATOR_NAME]	= { .type = NLA_NUL_STRING, .len = CST_ISCSI_NAME_MAX },
	[CST_ISCSI_A_LOCAL_ADDR]	= { .type = NLA_NUL_STRING, .len = CIT_ADDR_LEN },
	[CST_ISCSI_A_REMOTE_ADDR]	= { .type = NLA_NUL_STRING, .len = CIT_ADDR_LEN },
	[CST_ISCSI_A_FD]		= { .type = NLA_U32 },
	[CST_ISCSI_A_ISID]		= NLA_POLICY_EXACT_LEN(6),
	[CST_ISCSI_A_TSIH]		= { .type = NLA_U16 },
	[CST_ISCSI_A_CID]		= { .type = NLA_U16 },
	[CST_ISCSI_A_CMDSN]		= { .type = NLA_U32 },
	[CST_ISCSI_A_STATSN]		= { .type = NLA_U32 },
	[CST_ISCSI_A_LOGIN_RSP]		= { .type = NLA_BINARY, .len = CST_ISCSI_LOGIN_RSP_MAX },
	[CST_ISCSI_A_HEADER_DIGEST]	= { .type = NLA_U8 },
	[CST_ISCSI_A_DATA_DIGEST]	= { .type = NLA_U8 },
	[CST_ISCSI_A_MAX_CONNECTIONS]	= { .type = NLA_U32 },
	[CST_ISCSI_A_INITIAL_R2T]	= { .type = NLA_U8 },
	[CST_ISCSI_A_IMMEDIATE_DATA]	= { .type = NLA_U8 },
	[CST_ISCSI_A_MAX_RECV_DSL]	= { .type = NLA_U32 },
	[CST_ISCSI_A_MAX_XMIT_DSL]	= { .type = NLA_U32 },
	[CST_ISCSI_A_MAX_BURST]		= { .type = NLA_U32 },
	[CST_ISCSI_A_FIRST_BURST]	= { .type = NLA_U32 },
	[CST_ISCSI_A_TIME2WAIT]		= { .type = NLA_U32 },
	[CST_ISCSI_A_TIME2RETAIN]	= { .type = NLA_U32 },
	[CST_ISCSI_A_MAX_OUTSTANDING_R2T] = { .type = NLA_U32 },
	[CST_ISCSI_A_ERL]		= { .type = NLA_U8 },
};

/* --- answers --- */

static struct sk_buff *cit_reply_new(struct genl_info *info, void **hdr)
{
	struct sk_buff *msg = genlmsg_new(NLMSG_GOODSIZE, GFP_KERNEL);

	if (!msg)
		return NULL;
	*hdr = genlmsg_put_reply(msg, info, &cit_genl, 0, info->genlhdr->cmd);
	if (!*hdr) {
		nlmsg_free(msg);
		return NULL;
	}
	return msg;
}

static int cit_reply_send(struct sk_buff *msg, void *hdr, struct genl_info *info,
			  bool complete)
{
	if (!complete) {
		nlmsg_free(msg);
		return -EMSGSIZE;
	}
	genlmsg_end(msg, hdr);
	return genlmsg_reply(msg, info);
}

static bool cit_has(struct genl_info *info, const u16 *attrs, unsigned int nr)
{
	unsigned int i;

	for (i = 0; i < nr; i++) {
		if (!info->attrs[attrs[i]]) {
			GENL_SET_ERR_MSG(info, "an attribute is missing");
			return false;
		}
	}
	return true;
}

/* The target that a request names, referenced; or NULL. */
static struct cit_target *cit_genl_target(struct genl_info *info)
{
	const char *name = nla_data(info->attrs[CST_ISCSI_A_TARGET_NAME]);
	struct cst_target *tgt = cst_fabric_find_target(&cit_ops, name);

	return tgt ? to_cit_target(tgt) : NULL;
}

/* --- GET_SETTINGS --- */

static int cit_get_settings(struct sk_buff *skb, struct genl_info *info)
{
	struct sk_buff *msg;
	bool complete;
	void *hdr;

	msg = cit_reply_new(info, &hdr);
	if (!msg)
		return -ENOMEM;
	mutex_lock(&cit_fabric.obj.lock);
	complete = !nla_put_u8(msg, CST_ISCSI_A_ENABLED, cit_fabric.enabled) &&
		   !nla_put_u32(msg, CST_ISCSI_A_LOGIN_TIMEOUT,
				cit_fabric.login_timeout) &&
		   !nla_put_u32(msg, CST_ISCSI_A_MAX_LOGINS_PER_PORTAL,
				cit_fabric.max_logins_per_portal) &&
		   !nla_put_u32(msg, CST_ISCSI_A_MAX_LOGINS_PER_SOURCE,
				cit_fabric.max_logins_per_source);
	mutex_unlock(&cit_fabric.obj.lock);
	return cit_reply_send(msg, hdr, info, complete);
}

/* --- GET_PORTALS --- */

/* The distinct addresses of a dump, collected when it starts. */
struct cit_portal_dump {
	unsigned int		next;
	unsigned int		nr;
	unsigned int		size;
	struct cit_addr		*addrs;
};

static int cit_portal_dump_add(struct cit_portal_dump *dump,
			       const struct cit_addr *addr)
{
	struct cit_addr *addrs;
	unsigned int i;

	for (i = 0; i < dump->nr; i++)
		if (!memcmp(&dump->addrs[i], addr, sizeof(*addr)))
			return 0;
	if (dump->nr == dump->size) {
		addrs = kvmalloc_array(dump->size * 2 + 16, sizeof(*addrs),
				       GFP_KERNEL);
		if (!addrs)
			return -ENOMEM;
		memcpy(addrs, dump->addrs, dump->nr * sizeof(*addrs));
		kvfree(dump->addrs);
		dump->addrs = addrs;
		dump->size = dump->size * 2 + 16;
	}
	dump->addrs[dump->nr++] = *addr;
	return 0;
}

static int cit_portal_dump_target(struct cst_target *tgt, void *arg)
{
	struct cit_target *target = to_cit_target(tgt);
	struct cit_portal_dump *dump = arg;
	struct cit_portal *portal;
	struct cit_addr all;
	int ret = 0;

	mutex_lock(&tgt->obj.lock);
	if (tgt->obj.enabled && !tgt->closing) {
		list_for_each_entry(portal, &target->portals, node) {
			ret = cit_portal_dump_add(dump, &portal->addr);
			if (ret)
				break;
		}
		if (list_empty(&target->portals)) {
			cit_addr_all(&all);
			ret = cit_portal_dump_add(dump, &all);
		}
	}
	mutex_unlock(&tgt->obj.lock);
	return ret;
}

static bool cit_fabric_enabled(void)
{
	bool enabled;

	mutex_lock(&cit_fabric.obj.lock);
	enabled = cit_fabric.enabled;
	mutex_unlock(&cit_fabric.obj.lock);
	return enabled;
}

static int cit_portals_start(struct netlink_callback *cb)
{
	struct cit_portal_dump *dump = kzalloc(sizeof(*dump), GFP_KERNEL);
	int ret = 0;

	if (!dump)
		return -ENOMEM;
	if (cit_fabric_enabled())
		ret = cst_fabric_for_each_target(&cit_ops, cit_portal_dump_target,
						 dump);
	if (ret) {
		kvfree(dump->addrs);
		kfree(dump);
		return ret;
	}
	cb->args[0] = (long)dump;
	return 0;
}

static int cit_portals_dump(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct cit_portal_dump *dump = (void *)cb->args[0];
	char addr[CIT_ADDR_LEN];
	void *hdr;
	int err;

	for (; dump->next < dump->nr; dump->next++) {
		hdr = genlmsg_put(skb, NETLINK_CB(cb->skb).portid,
				  cb->nlh->nlmsg_seq, &cit_genl, NLM_F_MULTI,
				  CST_ISCSI_CMD_GET_PORTALS);
		if (!hdr)
			break;
		cit_portal_print(&dump->addrs[dump->next], addr);
		err = cit_listener_error(&dump->addrs[dump->next]);
		if (nla_put_string(skb, CST_ISCSI_A_PORTAL, addr) ||
		    (err >= 0 &&
		     nla_put_u32(skb, CST_ISCSI_A_PORTAL_ERROR, err))) {
			genlmsg_cancel(skb, hdr);
			break;
		}
		genlmsg_end(skb, hdr);
	}
	return skb->len;
}

static int cit_portals_done(struct netlink_callback *cb)
{
	struct cit_portal_dump *dump = (void *)cb->args[0];

	kvfree(dump->addrs);
	kfree(dump);
	return 0;
}

/* --- PORTAL_STATE --- */

static int cit_portal_state(struct sk_buff *skb, struct genl_info *info)
{
	struct nlattr **a = info->attrs;
	struct cit_addr addr;
	int err = -1;

	if (!a[CST_ISCSI_A_PORTAL] ||
	    cit_addr_parse(nla_data(a[CST_ISCSI_A_PORTAL]), &addr))
		return -EINVAL;
	if (a[CST_ISCSI_A_PORTAL_ERROR]) {
		err = nla_get_u32(a[CST_ISCSI_A_PORTAL_ERROR]);
		if (err < 0 || err > MAX_ERRNO)
			return -EINVAL;
	}
	return cit_listener_tell(info->snd_portid, &addr, err);
}

/*
 * A netlink socket has been closed.  If it was the daemon's, forget what the daemon has
 * said, and notify: a daemon that is still there with another socket then says everything
 * again.
 */
static int cit_netlink_event(struct notifier_block *nb, unsigned long event,
			     void *data)
{
	const struct netlink_notify *notify = data;

	if (event == NETLINK_URELEASE && notify->protocol == NETLINK_GENERIC &&
	    net_eq(notify->net, &init_net) &&
	    cit_listeners_forget(notify->portid))
		cit_config_notify();
	return NOTIFY_DONE;
}

static struct notifier_block cit_netlink_notifier = {
	.notifier_call = cit_netlink_event,
};

/* --- FIND_TARGET --- */

/* May the initiator log in at @local?  The caller holds target->tgt.obj.lock. */
static int cit_target_access(struct cit_target *target, const char *initiator,
			     const struct cit_addr *local)
{
	if (!cit_portal_serves(target, local))
		return -ENOENT;
	return cst_target_access(&target->tgt, initiator);
}

static bool cit_put_keys(struct sk_buff *msg, const struct cit_keys *keys)
{
	return !nla_put_u8(msg, CST_ISCSI_A_HEADER_DIGEST, keys->header_digest) &&
	       !nla_put_u8(msg, CST_ISCSI_A_DATA_DIGEST, keys->data_digest) &&
	       !nla_put_u32(msg, CST_ISCSI_A_MAX_CONNECTIONS, 1) &&
	       !nla_put_u8(msg, CST_ISCSI_A_INITIAL_R2T, keys->initial_r2t) &&
	       !nla_put_u8(msg, CST_ISCSI_A_IMMEDIATE_DATA, keys->immediate_data) &&
	       !nla_put_u32(msg, CST_ISCSI_A_MAX_RECV_DSL, keys->max_recv_dsl) &&
	       !nla_put_u32(msg, CST_ISCSI_A_MAX_XMIT_DSL, keys->max_xmit_dsl) &&
	       !nla_put_u32(msg, CST_ISCSI_A_MAX_BURST, keys->max_burst) &&
	       !nla_put_u32(msg, CST_ISCSI_A_FIRST_BURST, keys->first_burst) &&
	       !nla_put_u32(msg, CST_ISCSI_A_TIME2WAIT, keys->time2wait) &&
	       !nla_put_u32(msg, CST_ISCSI_A_TIME2RETAIN, keys->time2retain) &&
	       !nla_put_u32(msg, CST_ISCSI_A_MAX_OUTSTANDING_R2T,
			    keys->max_outstanding_r2t) &&
	       !nla_put_u8(msg, CST_ISCSI_A_ERL, 0);
}

static int cit_find_target(struct sk_buff *skb, struct genl_info *info)
{
	static const u16 needed[] = {
		CST_ISCSI_A_TARGET_NAME, CST_ISCSI_A_INITIATOR_NAME,
		CST_ISCSI_A_LOCAL_ADDR,
	};
	struct cit_addr local;
	struct cit_target *target;
	struct sk_buff *msg;
	bool complete;
	void *hdr;
	int ret;

	if (!cit_has(info, needed, ARRAY_SIZE(needed)) ||
	    cit_addr_parse(nla_data(info->attrs[CST_ISCSI_A_LOCAL_ADDR]), &local))
		return -EINVAL;
	if (!cit_fabric_enabled())
		return -ESHUTDOWN;
	msg = cit_reply_new(info, &hdr);
	if (!msg)
		return -ENOMEM;
	target = cit_genl_target(info);
	if (!target) {
		nlmsg_free(msg);
		return -ENOENT;
	}

	mutex_lock(&target->tgt.obj.lock);
	ret = cit_target_access(target,
				nla_data(info->attrs[CST_ISCSI_A_INITIATOR_NAME]),
				&local);
	complete = !nla_put_string(msg, CST_ISCSI_A_TARGET_NAME,
				   cst_target_name(&target->tgt)) &&
		   !nla_put_string(msg, CST_ISCSI_A_TARGET_ALIAS,
				   target->params.alias) &&
		   !nla_put_u16(msg, CST_ISCSI_A_TPGT, CIT_TPGT) &&
		   cit_put_keys(msg, &target->params.keys);
	mutex_unlock(&target->tgt.obj.lock);
	cst_target_put(&target->tgt);
	if (ret) {
		nlmsg_free(msg);
		return ret;
	}
	return cit_reply_send(msg, hdr, info, complete);
}

/* --- LIST_TARGETS --- */

/*
 * One step of a dump: the targets from number cb->args[0] on, until the packet is full.
 */
struct cit_list_step {
	struct sk_buff		*skb;
	struct netlink_callback	*cb;
	const char		*initiator;
	const char		*name;
	struct cit_addr		local;
	long			skip;
};

static bool cit_put_portal(void *skb, const struct sockaddr_storage *ss)
{
	char addr[CIT_ADDR_LEN];

	cit_addr_print(ss, addr);
	return !nla_put_string(skb, CST_ISCSI_A_PORTAL, addr);
}

static int cit_list_target(struct cst_target *tgt, void *arg)
{
	struct cit_target *target = to_cit_target(tgt);
	struct cit_list_step *step = arg;
	struct netlink_callback *cb = step->cb;
	bool wanted, complete = false;
	void *hdr;

	if (step->skip) {
		step->skip--;
		return 0;
	}
	mutex_lock(&tgt->obj.lock);
	wanted = (!step->name || !strcmp(step->name, cst_target_name(tgt))) &&
		 !cit_target_access(target, step->initiator, &step->local);
	if (wanted) {
		hdr = genlmsg_put(step->skb, NETLINK_CB(cb->skb).portid,
				  cb->nlh->nlmsg_seq, &cit_genl, NLM_F_MULTI,
				  CST_ISCSI_CMD_LIST_TARGETS);
		complete = hdr &&
			   !nla_put_string(step->skb, CST_ISCSI_A_TARGET_NAME,
					   cst_target_name(tgt)) &&
			   !nla_put_u16(step->skb, CST_ISCSI_A_TPGT, CIT_TPGT) &&
			   cit_portals_tell(target, &step->local.ss,
					    cit_put_portal, step->skb);
		if (complete)
			genlmsg_end(step->skb, hdr);
		else if (hdr)
			genlmsg_cancel(step->skb, hdr);
	}
	mutex_unlock(&tgt->obj.lock);
	if (wanted && !complete)
		return -EMSGSIZE;
	cb->args[0]++;
	return 0;
}

static int cit_targets_dump(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct nlattr **attrs = cst_genl_dump_attrs(cb);
	struct cit_list_step step = {
		.skb = skb,
		.cb = cb,
		.skip = cb->args[0],
	};

	if (!attrs[CST_ISCSI_A_INITIATOR_NAME] || !attrs[CST_ISCSI_A_LOCAL_ADDR] ||
	    cit_addr_parse(nla_data(attrs[CST_ISCSI_A_LOCAL_ADDR]), &step.local))
		return -EINVAL;
	step.initiator = nla_data(attrs[CST_ISCSI_A_INITIATOR_NAME]);
	if (attrs[CST_ISCSI_A_TARGET_NAME])
		step.name = nla_data(attrs[CST_ISCSI_A_TARGET_NAME]);
	if (!cit_fabric_enabled())
		return 0;
	if (cst_fabric_for_each_target(&cit_ops, cit_list_target, &step) &&
	    !skb->len)
		return -EMSGSIZE;
	return skb->len;
}

/* --- NEW_CONN --- */

static int cit_login_keys(struct genl_info *info, struct cit_keys *keys)
{
	struct nlattr **a = info->attrs;

	keys->header_digest = nla_get_u8(a[CST_ISCSI_A_HEADER_DIGEST]);
	keys->data_digest = nla_get_u8(a[CST_ISCSI_A_DATA_DIGEST]);
	keys->initial_r2t = nla_get_u8(a[CST_ISCSI_A_INITIAL_R2T]);
	keys->immediate_data = nla_get_u8(a[CST_ISCSI_A_IMMEDIATE_DATA]);
	keys->max_recv_dsl = nla_get_u32(a[CST_ISCSI_A_MAX_RECV_DSL]);
	keys->max_xmit_dsl = nla_get_u32(a[CST_ISCSI_A_MAX_XMIT_DSL]);
	keys->max_burst = nla_get_u32(a[CST_ISCSI_A_MAX_BURST]);
	keys->first_burst = nla_get_u32(a[CST_ISCSI_A_FIRST_BURST]);
	keys->time2wait = nla_get_u32(a[CST_ISCSI_A_TIME2WAIT]);
	keys->time2retain = nla_get_u32(a[CST_ISCSI_A_TIME2RETAIN]);
	keys->max_outstanding_r2t =
		nla_get_u32(a[CST_ISCSI_A_MAX_OUTSTANDING_R2T]);
	if (nla_get_u32(a[CST_ISCSI_A_MAX_CONNECTIONS]) != 1 ||
	    nla_get_u8(a[CST_ISCSI_A_ERL]))
		return -EINVAL;
	return cit_keys_check(keys);
}

static int cit_login_fill(struct genl_info *info, struct cit_login *login)
{
	struct nlattr **a = info->attrs;
	struct cit_addr local, peer;

	login->initiator = nla_data(a[CST_ISCSI_A_INITIATOR_NAME]);
	login->isid = nla_data(a[CST_ISCSI_A_ISID]);
	login->tsih = nla_get_u16(a[CST_ISCSI_A_TSIH]);
	login->cid = nla_get_u16(a[CST_ISCSI_A_CID]);
	login->cmdsn = nla_get_u32(a[CST_ISCSI_A_CMDSN]);
	login->statsn = nla_get_u32(a[CST_ISCSI_A_STATSN]);
	login->rsp = nla_data(a[CST_ISCSI_A_LOGIN_RSP]);
	login->rsp_len = nla_len(a[CST_ISCSI_A_LOGIN_RSP]);
	if (!*login->initiator || login->rsp_len < ISCSI_BHS_LEN ||
	    login->rsp_len % 4 ||
	    cit_addr_parse(nla_data(a[CST_ISCSI_A_LOCAL_ADDR]), &local) ||
	    cit_addr_parse(nla_data(a[CST_ISCSI_A_REMOTE_ADDR]), &peer))
		return -EINVAL;
	login->local = local.ss;
	login->peer = peer.ss;
	return cit_login_keys(info, &login->keys);
}

/* Is it an established TCP connection, without an upper layer protocol such as TLS? */
static int cit_sock_check(struct socket *sock)
{
	struct sock *sk = sock->sk;

	if (sock->type != SOCK_STREAM || sk->sk_protocol != IPPROTO_TCP ||
	    (sk->sk_family != AF_INET && sk->sk_family != AF_INET6) ||
	    inet_csk(sk)->icsk_ulp_ops)
		return -EINVAL;
	return sk->sk_state == TCP_ESTABLISHED ? 0 : -ENOTCONN;
}

static int cit_new_conn_reply(struct genl_info *info, struct sk_buff *msg,
			      void *hdr, u16 tsih)
{
	return cit_reply_send(msg, hdr, info,
			      !nla_put_u16(msg, CST_ISCSI_A_TSIH, tsih));
}

static int cit_new_conn(struct sk_buff *skb, struct genl_info *info)
{
	static const u16 needed[] = {
		CST_ISCSI_A_FD, CST_ISCSI_A_TARGET_NAME,
		CST_ISCSI_A_INITIATOR_NAME, CST_ISCSI_A_LOCAL_ADDR,
		CST_ISCSI_A_REMOTE_ADDR, CST_ISCSI_A_ISID, CST_ISCSI_A_TSIH,
		CST_ISCSI_A_CID, CST_ISCSI_A_CMDSN, CST_ISCSI_A_STATSN,
		CST_ISCSI_A_LOGIN_RSP, CST_ISCSI_A_HEADER_DIGEST,
		CST_ISCSI_A_DATA_DIGEST, CST_ISCSI_A_MAX_CONNECTIONS,
		CST_ISCSI_A_INITIAL_R2T, CST_ISCSI_A_IMMEDIATE_DATA,
		CST_ISCSI_A_MAX_RECV_DSL, CST_ISCSI_A_MAX_XMIT_DSL,
		CST_ISCSI_A_MAX_BURST, CST_ISCSI_A_FIRST_BURST,
		CST_ISCSI_A_TIME2WAIT, CST_ISCSI_A_TIME2RETAIN,
		CST_ISCSI_A_MAX_OUTSTANDING_R2T, CST_ISCSI_A_ERL,
	};
	struct cit_login login = {};
	struct cit_target *target;
	struct socket *sock;
	struct sk_buff *msg;
	u16 tsih;
	void *hdr;
	int ret;

	if (!cit_has(info, needed, ARRAY_SIZE(needed)))
		return -EINVAL;
	ret = cit_login_fill(info, &login);
	if (ret)
		return ret;
	if (!cit_fabric_enabled())
		return -ESHUTDOWN;
	/*
	 * Allocate the answer first: once the login has succeeded, the daemon must hear
	 * it.
	 */
	msg = cit_reply_new(info, &hdr);
	if (!msg)
		return -ENOMEM;
	sock = sockfd_lookup(nla_get_u32(info->attrs[CST_ISCSI_A_FD]), &ret);
	if (!sock)
		goto free_msg;
	ret = cit_sock_check(sock);
	if (ret)
		goto put_sock;
	ret = -ENOENT;
	target = cit_genl_target(info);
	if (!target)
		goto put_sock;
	ret = cit_session_login(target, sock, &login, &tsih);
	if (ret)
		goto put_target;
	return cit_new_conn_reply(info, msg, hdr, tsih);

put_target:
	cst_target_put(&target->tgt);
put_sock:
	sockfd_put(sock);
free_msg:
	nlmsg_free(msg);
	return ret;
}

/* --- CONFIG_CHANGED --- */

static const struct genl_multicast_group cit_mcgrps[] = {
	{ .name = CST_ISCSI_GENL_MCGRP },
};

static void cit_notify_work(struct work_struct *work)
{
	struct sk_buff *msg;
	void *hdr;

	/*
	 * The store that has asked for this may still be setting its value: wait for it.
	 */
	mutex_lock(&cit_fabric.obj.lock);
	mutex_unlock(&cit_fabric.obj.lock);

	msg = genlmsg_new(NLMSG_DEFAULT_SIZE, GFP_KERNEL);
	hdr = msg ? genlmsg_put(msg, 0, 0, &cit_genl, 0,
				CST_ISCSI_CMD_CONFIG_CHANGED) : NULL;
	if (!hdr) {
		nlmsg_free(msg);
		/*
		 * The daemon would not ask again by itself.  The error makes it ask, and
		 * takes no memory.
		 */
		genl_set_err(&cit_genl, &init_net, 0, 0, -ENOBUFS);
		return;
	}
	genlmsg_end(msg, hdr);
	genlmsg_multicast(&cit_genl, msg, 0, 0, GFP_KERNEL);
}

static DECLARE_WORK(cit_notify, cit_notify_work);

/**
 * cit_config_notify() - tell the daemon that it should ask for the configuration again
 *
 * The caller may still hold the lock of what it changes: the answer to the daemon waits
 * for the same lock.
 *
 * Context: any.
 */
void cit_config_notify(void)
{
	queue_work(cit_close_wq, &cit_notify);
}

static const struct genl_ops cit_genl_ops[] = {
	{
		.cmd	= CST_ISCSI_CMD_GET_SETTINGS,
		.flags	= GENL_ADMIN_PERM,
		.doit	= cit_get_settings,
	}, {
		.cmd	= CST_ISCSI_CMD_GET_PORTALS,
		.flags	= GENL_ADMIN_PERM,
		.start	= cit_portals_start,
		.dumpit	= cit_portals_dump,
		.done	= cit_portals_done,
	}, {
		.cmd	= CST_ISCSI_CMD_PORTAL_STATE,
		.flags	= GENL_ADMIN_PERM,
		.doit	= cit_portal_state,
	}, {
		.cmd	= CST_ISCSI_CMD_FIND_TARGET,
		.flags	= GENL_ADMIN_PERM,
		.doit	= cit_find_target,
	}, {
		.cmd	= CST_ISCSI_CMD_LIST_TARGETS,
		.flags	= GENL_ADMIN_PERM,
		.dumpit	= cit_targets_dump,
	}, {
		.cmd	= CST_ISCSI_CMD_NEW_CONN,
		.flags	= GENL_ADMIN_PERM,
		.doit	= cit_new_conn,
	},
};

static struct genl_family cit_genl __ro_after_init = {
	.name		= CST_ISCSI_GENL_NAME,
	.version	= CST_ISCSI_GENL_VERSION,
	.maxattr	= CST_ISCSI_A_MAX,
	.policy		= cit_policy,
	.module		= THIS_MODULE,
	.parallel_ops	= true,
	.ops		= cit_genl_ops,
	.n_ops		= ARRAY_SIZE(cit_genl_ops),
	.mcgrps		= cit_mcgrps,
	.n_mcgrps	= ARRAY_SIZE(cit_mcgrps),
};

int __init cit_genl_init(void)
{
	int ret;

	/*
	 * Register this before the first command can come: no socket's end may be missed.
	 */
	ret = netlink_register_notifier(&cit_netlink_notifier);
	if (ret)
		return ret;
	ret = genl_register_family(&cit_genl);
	if (ret)
		netlink_unregister_notifier(&cit_netlink_notifier);
	return ret;
}

/*
 * First the daemon cannot say anything any more.  Then nothing is left that could queue
 * cit_notify.
 */
void cit_genl_exit(void)
{
	genl_unregister_family(&cit_genl);
	netlink_unregister_notifier(&cit_netlink_notifier);
	cit_listeners_drop();
	cancel_work_sync(&cit_notify);
}
