// SPDX-License-Identifier: GPL-2.0-only
/*
 * struct kernel_ops over generic netlink, see include/uapi/cst/iscsi.h.
 * server.c, listen.c and conn.c call in through the ops.  libmnl does the framing.
 *
 * There are two sockets.  Requests and their answers go over one socket that blocks, with
 * a time limit.  Notifications arrive on another socket, which the event loop watches
 * from the start.  That socket listens to the generic netlink controller, too, so that
 * the daemon notices at once when the module is loaded or unloaded.
 */
#include "kernel.h"

#include <errno.h>
#include <limits.h>
#include <libmnl/libmnl.h>
#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>

#include <cst/iscsi.h>

#include "log.h"

#define KNL_BUFFER_SIZE		65536
#define KNL_TIMEOUT_S		10
#define KNL_DUMP_TRIES		4
/* The kernel has fixed this: the controller's only group has the controller's number. */
#define KNL_CTRL_GROUP		GENL_ID_CTRL

/**
 * struct knl - the connection to the kernel
 *
 * @kernel: the part that other files know
 * @bus, @peer: netlink protocol and port of the kernel
 * @request: socket for requests, NULL while not open
 * @events: socket for notifications
 * @seq: sequence number of the last request
 * @family: number of the cst_iscsi family, 0 while unknown
 * @group: number of its multicast group
 * @buf: for sending and receiving
 */
struct knl {
	struct kernel kernel;
	int bus;
	uint32_t peer;
	struct mnl_socket *request;
	struct mnl_socket *events;
	uint32_t seq;
	uint16_t family;
	uint32_t group;
	char buf[KNL_BUFFER_SIZE];
};

typedef int (*knl_reply_fn)(const struct nlmsghdr *nlh, void *arg);

static struct knl *to_knl(struct kernel *k)
{
	return (struct knl *)(void *)k;
}

/* The attributes of the operational keys, and their size. */
static const struct {
	uint16_t attr;
	uint16_t key;
	bool u8;
} knl_keys[] = {
	{ CST_ISCSI_A_HEADER_DIGEST, KEY_HEADER_DIGEST, true },
	{ CST_ISCSI_A_DATA_DIGEST, KEY_DATA_DIGEST, true },
	{ CST_ISCSI_A_MAX_CONNECTIONS, KEY_MAX_CONNECTIONS, false },
	{ CST_ISCSI_A_INITIAL_R2T, KEY_INITIAL_R2T, true },
	{ CST_ISCSI_A_IMMEDIATE_DATA, KEY_IMMEDIATE_DATA, true },
	{ CST_ISCSI_A_MAX_RECV_DSL, KEY_MAX_RECV_DSL, false },
	{ CST_ISCSI_A_MAX_BURST, KEY_MAX_BURST, false },
	{ CST_ISCSI_A_FIRST_BURST, KEY_FIRST_BURST, false },
	{ CST_ISCSI_A_TIME2WAIT, KEY_TIME2WAIT, false },
	{ CST_ISCSI_A_TIME2RETAIN, KEY_TIME2RETAIN, false },
	{ CST_ISCSI_A_MAX_OUTSTANDING_R2T, KEY_MAX_OUTSTANDING_R2T, false },
	{ CST_ISCSI_A_ERL, KEY_ERL, true },
};

#define KNL_KEYS	(sizeof(knl_keys) / sizeof(knl_keys[0]))

/* Attributes by type; the last one of each type counts. */
struct knl_attrs {
	const struct nlattr *attr[CST_ISCSI_A_MAX + 1];
};

static int knl_attr(const struct nlattr *attr, void *data)
{
	struct knl_attrs *attrs = data;
	uint16_t type = mnl_attr_get_type(attr);

	if (type <= CST_ISCSI_A_MAX)
		attrs->attr[type] = attr;
	return MNL_CB_OK;
}

static void knl_parse(const struct nlmsghdr *nlh, struct knl_attrs *attrs)
{
	memset(attrs, 0, sizeof(*attrs));
	mnl_attr_parse(nlh, sizeof(struct genlmsghdr), knl_attr, attrs);
}

static bool knl_number(const struct knl_attrs *attrs, uint16_t type, uint32_t *value)
{
	const struct nlattr *attr = attrs->attr[type];

	if (!attr)
		return false;
	switch (mnl_attr_get_payload_len(attr)) {
	case 1:
		*value = mnl_attr_get_u8(attr);
		return true;
	case 2:
		*value = mnl_attr_get_u16(attr);
		return true;
	case 4:
		*value = mnl_attr_get_u32(attr);
		return true;
	}
	return false;
}

static const char *knl_string(const struct nlattr *attr)
{
	return attr && mnl_attr_validate(attr, MNL_TYPE_NUL_STRING) >= 0 ?
		mnl_attr_get_str(attr) : NULL;
}

/*
 * Is there a whole message?  The second test is needed because libmnl takes a length
 * beyond INT_MAX for a short one.
 */
static bool knl_ok(const struct nlmsghdr *nlh, int len)
{
	return mnl_nlmsg_ok(nlh, len) && nlh->nlmsg_len <= (uint32_t)len;
}

static struct nlmsghdr *knl_prepare(struct knl *k, uint16_t type, uint8_t cmd,
				    uint8_t version, uint16_t flags)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(k->buf);
	struct genlmsghdr *genl;

	nlh->nlmsg_type = type;
	nlh->nlmsg_flags = NLM_F_REQUEST | flags;
	nlh->nlmsg_seq = ++k->seq;
	genl = mnl_nlmsg_put_extra_header(nlh, sizeof(*genl));
	genl->cmd = cmd;
	genl->version = version;
	return nlh;
}

static struct nlmsghdr *knl_command(struct knl *k, uint8_t cmd, uint16_t flags)
{
	return knl_prepare(k, k->family, cmd, CST_ISCSI_GENL_VERSION, flags);
}

static int knl_extack(const struct nlattr *attr, void *data)
{
	const char **msg = data;

	if (mnl_attr_get_type(attr) == NLMSGERR_ATTR_MSG)
		*msg = knl_string(attr);
	return MNL_CB_OK;
}

/* The errno of an NLMSG_ERROR.  The errno 0 acknowledges success. */
static int knl_error(const struct nlmsghdr *nlh)
{
	const struct nlmsgerr *err = mnl_nlmsg_get_payload(nlh);
	const char *msg = NULL;
	size_t skip = sizeof(*err);

	if (nlh->nlmsg_len < mnl_nlmsg_size(sizeof(*err)))
		return -EBADMSG;
	if (err->error && (nlh->nlmsg_flags & NLM_F_ACK_TLVS)) {
		if (!(nlh->nlmsg_flags & NLM_F_CAPPED))
			skip += NLMSG_ALIGN((size_t)err->msg.nlmsg_len) - sizeof(err->msg);
		if (mnl_nlmsg_get_payload_len(nlh) >= skip)
			mnl_attr_parse(nlh, (unsigned int)skip, knl_extack, &msg);
	}
	if (msg)
		log_peer(LOG_NOTICE, "kernel: %s", msg);
	return err->error;
}

/* The errno at the end of a dump. */
static int knl_done(const struct nlmsghdr *nlh)
{
	int err;

	if (mnl_nlmsg_get_payload_len(nlh) < sizeof(err))
		return 0;
	memcpy(&err, mnl_nlmsg_get_payload(nlh), sizeof(err));
	return err < 0 ? err : 0;
}

/*
 * Handles one message of an answer.  Returns 1 if the answer goes on, else the result of
 * the answer.  An error of @fn is kept in *@err, and the rest of the answer is still read
 * from the socket.
 */
static int knl_message(const struct knl *k, const struct nlmsghdr *nlh, knl_reply_fn fn,
		       void *arg, int *err)
{
	if (nlh->nlmsg_seq != k->seq)
		return 1;
	if (nlh->nlmsg_flags & NLM_F_DUMP_INTR && !*err)
		*err = -EAGAIN;
	switch (nlh->nlmsg_type) {
	case NLMSG_ERROR:
		return knl_error(nlh);
	case NLMSG_DONE:
		return knl_done(nlh);
	case NLMSG_NOOP:
	case NLMSG_OVERRUN:
		return 1;
	}
	if (fn && !*err && mnl_nlmsg_get_payload_len(nlh) >= sizeof(struct genlmsghdr))
		*err = fn(nlh, arg);
	return 1;
}

/* Sends the request in k->buf and gives each message of the answer to @fn. */
static int knl_transact(struct knl *k, const struct nlmsghdr *request, knl_reply_fn fn,
			void *arg)
{
	const struct sockaddr_nl peer = { .nl_family = AF_NETLINK, .nl_pid = k->peer };
	int fd = mnl_socket_get_fd(k->request), err = 0, ret = 1;
	const struct nlmsghdr *nlh;
	ssize_t n;
	int len;

	if (sendto(fd, request, request->nlmsg_len, 0,
		   (const struct sockaddr *)(const void *)&peer, sizeof(peer)) < 0)
		return -errno;
	while (ret == 1) {
		n = mnl_socket_recvfrom(k->request, k->buf, sizeof(k->buf));
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno == EAGAIN ? -ETIMEDOUT : -errno;
		len = (int)n;
		for (nlh = (const struct nlmsghdr *)(const void *)k->buf;
		     ret == 1 && knl_ok(nlh, len); nlh = mnl_nlmsg_next(nlh, &len))
			ret = knl_message(k, nlh, fn, arg, &err);
	}
	return ret ? ret : err;
}

/* Is a dump to be tried again, because a change has made it incomplete? */
static bool knl_dump_again(int tries, int err)
{
	return err == -EAGAIN && tries < KNL_DUMP_TRIES;
}

static struct mnl_socket *knl_socket(const struct knl *k, int flags)
{
	struct mnl_socket *nl = mnl_socket_open2(k->bus, SOCK_CLOEXEC | flags);

	if (nl && mnl_socket_bind(nl, 0, MNL_SOCKET_AUTOPID) < 0) {
		mnl_socket_close(nl);
		nl = NULL;
	}
	return nl;
}

static int knl_open_request(struct knl *k)
{
	const struct timeval timeout = { .tv_sec = KNL_TIMEOUT_S };
	int on = 1, fd;

	k->request = knl_socket(k, 0);
	if (!k->request)
		return -errno;
	fd = mnl_socket_get_fd(k->request);
	if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout)) < 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout)) < 0)
		return -errno;
	/* A failure does not matter: these two only make messages better. */
	mnl_socket_setsockopt(k->request, NETLINK_EXT_ACK, &on, sizeof(on));
	mnl_socket_setsockopt(k->request, NETLINK_CAP_ACK, &on, sizeof(on));
	return 0;
}

static void knl_close_request(struct knl *k)
{
	if (k->request)
		mnl_socket_close(k->request);
	k->request = NULL;
}

/*
 * Opens the socket if need be, and calls knl_transact().  After a failure of the
 * transport the socket is closed, so that a late answer cannot be mistaken for that of a
 * later request.
 */
static int knl_ask(struct knl *k, const struct nlmsghdr *request, knl_reply_fn fn, void *arg)
{
	int err;

	if (!k->request) {
		err = knl_open_request(k);
		if (err) {
			knl_close_request(k);
			return err;
		}
	}
	err = knl_transact(k, request, fn, arg);
	if (err == -ETIMEDOUT || err == -ENOBUFS || err == -ENOSPC)
		knl_close_request(k);
	return err;
}

static int knl_group_attr(const struct nlattr *attr, void *data)
{
	const struct nlattr **group = data;

	switch (mnl_attr_get_type(attr)) {
	case CTRL_ATTR_MCAST_GRP_NAME:
		group[0] = attr;
		break;
	case CTRL_ATTR_MCAST_GRP_ID:
		group[1] = attr;
		break;
	}
	return MNL_CB_OK;
}

static int knl_family_attr(const struct nlattr *attr, void *data)
{
	struct knl *k = data;
	struct nlattr *group;

	switch (mnl_attr_get_type(attr)) {
	case CTRL_ATTR_FAMILY_ID:
		if (mnl_attr_validate(attr, MNL_TYPE_U16) < 0)
			return MNL_CB_ERROR;
		k->family = mnl_attr_get_u16(attr);
		break;
	case CTRL_ATTR_MCAST_GROUPS:
		mnl_attr_for_each_nested(group, attr) {
			const struct nlattr *found[2] = { NULL, NULL };
			const char *name;

			mnl_attr_parse_nested(group, knl_group_attr, found);
			name = knl_string(found[0]);
			if (name && !strcmp(name, CST_ISCSI_GENL_MCGRP) && found[1] &&
			    mnl_attr_validate(found[1], MNL_TYPE_U32) >= 0)
				k->group = mnl_attr_get_u32(found[1]);
		}
		break;
	}
	return MNL_CB_OK;
}

static int knl_family(const struct nlmsghdr *nlh, void *arg)
{
	mnl_attr_parse(nlh, sizeof(struct genlmsghdr), knl_family_attr, arg);
	return 0;
}

static void knl_close(struct kernel *kernel)
{
	struct knl *k = to_knl(kernel);

	knl_close_request(k);
	k->family = 0;
	k->group = 0;
}

static int knl_open(struct kernel *kernel)
{
	struct knl *k = to_knl(kernel);
	struct nlmsghdr *nlh;
	int err;

	k->family = 0;
	k->group = 0;
	nlh = knl_prepare(k, GENL_ID_CTRL, CTRL_CMD_GETFAMILY, 1, NLM_F_ACK);
	mnl_attr_put_strz(nlh, CTRL_ATTR_FAMILY_NAME, CST_ISCSI_GENL_NAME);
	err = knl_ask(k, nlh, knl_family, k);
	if (!err && (!k->family || !k->group))
		err = -EPROTO;
	if (!err && mnl_socket_setsockopt(k->events, NETLINK_ADD_MEMBERSHIP, &k->group,
					  sizeof(k->group)) < 0)
		err = -errno;
	if (err)
		knl_close(kernel);
	return err;
}

static int knl_event_fd(struct kernel *kernel)
{
	return mnl_socket_get_fd(to_knl(kernel)->events);
}

static int knl_ctrl_attr(const struct nlattr *attr, void *data)
{
	const char **name = data;

	if (mnl_attr_get_type(attr) == CTRL_ATTR_FAMILY_NAME)
		*name = knl_string(attr);
	return MNL_CB_OK;
}

static int knl_event(const struct knl *k, const struct nlmsghdr *nlh)
{
	const struct genlmsghdr *genl = mnl_nlmsg_get_payload(nlh);
	const char *name = NULL;

	if (mnl_nlmsg_get_payload_len(nlh) < sizeof(*genl))
		return 0;
	if (k->family && nlh->nlmsg_type == k->family)
		return KERNEL_CHANGED;
	if (nlh->nlmsg_type != GENL_ID_CTRL)
		return 0;
	mnl_attr_parse(nlh, sizeof(*genl), knl_ctrl_attr, &name);
	if (!name || strcmp(name, CST_ISCSI_GENL_NAME))
		return 0;
	switch (genl->cmd) {
	case CTRL_CMD_NEWFAMILY:
		return KERNEL_CHANGED;
	case CTRL_CMD_DELFAMILY:
		return KERNEL_GONE | KERNEL_CHANGED;
	}
	return 0;
}

static int knl_read_events(struct kernel *kernel)
{
	struct knl *k = to_knl(kernel);
	const struct nlmsghdr *nlh;
	int flags = 0, len;
	ssize_t n;

	for (;;) {
		n = mnl_socket_recvfrom(k->events, k->buf, sizeof(k->buf));
		if (n < 0) {
			if (errno == EINTR)
				continue;
			if (errno == EAGAIN)
				return flags;
			/*
			 * ENOBUFS: notifications have been lost, so read everything
			 * again.
			 */
			flags |= KERNEL_CHANGED;
			if (errno == ENOBUFS || errno == ENOSPC)
				continue;
			return flags;
		}
		len = (int)n;
		for (nlh = (const struct nlmsghdr *)(const void *)k->buf;
		     knl_ok(nlh, len); nlh = mnl_nlmsg_next(nlh, &len))
			flags |= knl_event(k, nlh);
	}
}

static int knl_settings(const struct nlmsghdr *nlh, void *arg)
{
	struct kernel_settings *settings = arg;
	struct knl_attrs attrs;
	uint32_t enabled;

	knl_parse(nlh, &attrs);
	if (!knl_number(&attrs, CST_ISCSI_A_ENABLED, &enabled) ||
	    !knl_number(&attrs, CST_ISCSI_A_LOGIN_TIMEOUT, &settings->login_timeout) ||
	    !knl_number(&attrs, CST_ISCSI_A_MAX_LOGINS_PER_PORTAL,
			&settings->max_per_portal) ||
	    !knl_number(&attrs, CST_ISCSI_A_MAX_LOGINS_PER_SOURCE,
			&settings->max_per_source))
		return -EPROTO;
	settings->enabled = enabled;
	return 0;
}

static int knl_get_settings(struct kernel *kernel, struct kernel_settings *settings)
{
	struct knl *k = to_knl(kernel);

	return knl_ask(k, knl_command(k, CST_ISCSI_CMD_GET_SETTINGS, NLM_F_ACK),
		       knl_settings, settings);
}

struct knl_portals {
	kernel_portal_fn fn;
	void *arg;
};

static int knl_portal(const struct nlmsghdr *nlh, void *arg)
{
	const struct knl_portals *portals = arg;
	struct knl_attrs attrs;
	const char *portal;
	uint32_t told;

	knl_parse(nlh, &attrs);
	portal = knl_string(attrs.attr[CST_ISCSI_A_PORTAL]);
	if (!portal)
		return -EPROTO;
	if (!knl_number(&attrs, CST_ISCSI_A_PORTAL_ERROR, &told) || told > INT_MAX)
		return portals->fn(portals->arg, portal, KERNEL_UNTOLD);
	return portals->fn(portals->arg, portal, (int)told);
}

static int knl_get_portals(struct kernel *kernel, kernel_portal_fn fn, void *arg)
{
	struct knl *k = to_knl(kernel);
	struct knl_portals portals = { .fn = fn, .arg = arg };
	int tries = 0, err;

	/*
	 * A dump that starts again may give @fn the same portal twice.  @fn must allow
	 * that.
	 */
	do {
		err = knl_ask(k, knl_command(k, CST_ISCSI_CMD_GET_PORTALS, NLM_F_DUMP),
			      knl_portal, &portals);
	} while (knl_dump_again(++tries, err));
	return err;
}

static int knl_tell_portal(struct kernel *kernel, const char *portal, int err)
{
	struct knl *k = to_knl(kernel);
	struct nlmsghdr *nlh = knl_command(k, CST_ISCSI_CMD_PORTAL_STATE, NLM_F_ACK);

	mnl_attr_put_strz(nlh, CST_ISCSI_A_PORTAL, portal);
	if (err != KERNEL_UNTOLD)
		mnl_attr_put_u32(nlh, CST_ISCSI_A_PORTAL_ERROR, (uint32_t)err);
	return knl_ask(k, nlh, NULL, NULL);
}

static int knl_target(const struct nlmsghdr *nlh, void *arg)
{
	struct target_info *info = arg;
	struct knl_attrs attrs;
	const char *name, *alias;
	uint32_t tpgt;
	size_t i;

	knl_parse(nlh, &attrs);
	name = knl_string(attrs.attr[CST_ISCSI_A_TARGET_NAME]);
	alias = knl_string(attrs.attr[CST_ISCSI_A_TARGET_ALIAS]);
	if (!name || strlen(name) >= sizeof(info->name) ||
	    !knl_number(&attrs, CST_ISCSI_A_TPGT, &tpgt) || tpgt > UINT16_MAX)
		return -EPROTO;
	memset(info, 0, sizeof(*info));
	strcpy(info->name, name);
	if (alias)
		strncpy(info->alias, alias, sizeof(info->alias) - 1);
	info->tpgt = (uint16_t)tpgt;

	key_values_default(&info->values);
	for (i = 0; i < KNL_KEYS; i++)
		if (!knl_number(&attrs, knl_keys[i].attr, &info->values.value[knl_keys[i].key]))
			return -EPROTO;
	if (info->values.value[KEY_HEADER_DIGEST] > CST_ISCSI_DIGEST_CRC32C_NONE ||
	    info->values.value[KEY_DATA_DIGEST] > CST_ISCSI_DIGEST_CRC32C_NONE ||
	    !knl_number(&attrs, CST_ISCSI_A_MAX_XMIT_DSL, &info->values.xmit_dsl_max))
		return -EPROTO;
	return 0;
}

static int knl_find_target(struct kernel *kernel, const char *target, const char *initiator,
			   const char *local, struct target_info *info)
{
	struct knl *k = to_knl(kernel);
	struct nlmsghdr *nlh = knl_command(k, CST_ISCSI_CMD_FIND_TARGET, NLM_F_ACK);
	int err;

	mnl_attr_put_strz(nlh, CST_ISCSI_A_TARGET_NAME, target);
	mnl_attr_put_strz(nlh, CST_ISCSI_A_INITIATOR_NAME, initiator);
	mnl_attr_put_strz(nlh, CST_ISCSI_A_LOCAL_ADDR, local);
	info->name[0] = '\0';
	err = knl_ask(k, nlh, knl_target, info);
	return !err && !info->name[0] ? -EPROTO : err;
}

struct knl_listing {
	discovery_target_fn fn;
	void *arg;
};

static int knl_listed_target(const struct nlmsghdr *nlh, void *arg)
{
	const struct knl_listing *listing = arg;
	struct discovery_target target = { 0 };
	const struct nlattr *attr;
	const char *portal;
	struct knl_attrs attrs;
	char portals[16384];
	uint32_t tpgt;
	size_t len;

	knl_parse(nlh, &attrs);
	target.name = knl_string(attrs.attr[CST_ISCSI_A_TARGET_NAME]);
	if (!target.name || !knl_number(&attrs, CST_ISCSI_A_TPGT, &tpgt) ||
	    tpgt > UINT16_MAX)
		return -EPROTO;
	target.tpgt = (uint16_t)tpgt;
	target.portals = portals;
	mnl_attr_for_each(attr, nlh, sizeof(struct genlmsghdr)) {
		if (mnl_attr_get_type(attr) != CST_ISCSI_A_PORTAL)
			continue;
		portal = knl_string(attr);
		if (!portal)
			return -EPROTO;
		len = strlen(portal) + 1;
		if (len > sizeof(portals) - target.portals_len)
			return -EMSGSIZE;
		memcpy(portals + target.portals_len, portal, len);
		target.portals_len += len;
	}
	return listing->fn(listing->arg, &target);
}

static int knl_list_targets(struct kernel *kernel, const char *initiator, const char *local,
			    const char *name, discovery_target_fn fn, void *arg)
{
	struct knl *k = to_knl(kernel);
	struct knl_listing listing = { .fn = fn, .arg = arg };
	struct nlmsghdr *nlh = knl_command(k, CST_ISCSI_CMD_LIST_TARGETS, NLM_F_DUMP);

	mnl_attr_put_strz(nlh, CST_ISCSI_A_INITIATOR_NAME, initiator);
	mnl_attr_put_strz(nlh, CST_ISCSI_A_LOCAL_ADDR, local);
	if (name)
		mnl_attr_put_strz(nlh, CST_ISCSI_A_TARGET_NAME, name);
	return knl_ask(k, nlh, knl_listed_target, &listing);
}

static int knl_new_conn(struct kernel *kernel, const struct kernel_conn *conn)
{
	struct knl *k = to_knl(kernel);
	struct nlmsghdr *nlh = knl_command(k, CST_ISCSI_CMD_NEW_CONN, NLM_F_ACK);
	size_t i;

	mnl_attr_put_u32(nlh, CST_ISCSI_A_FD, (uint32_t)conn->fd);
	mnl_attr_put_strz(nlh, CST_ISCSI_A_TARGET_NAME, conn->target);
	mnl_attr_put_strz(nlh, CST_ISCSI_A_INITIATOR_NAME, conn->initiator);
	mnl_attr_put_strz(nlh, CST_ISCSI_A_LOCAL_ADDR, conn->local);
	mnl_attr_put_strz(nlh, CST_ISCSI_A_REMOTE_ADDR, conn->remote);
	mnl_attr_put(nlh, CST_ISCSI_A_ISID, 6, conn->isid);
	mnl_attr_put_u16(nlh, CST_ISCSI_A_TSIH, conn->tsih);
	mnl_attr_put_u16(nlh, CST_ISCSI_A_CID, conn->cid);
	mnl_attr_put_u32(nlh, CST_ISCSI_A_CMDSN, conn->cmdsn);
	mnl_attr_put_u32(nlh, CST_ISCSI_A_STATSN, conn->statsn);
	mnl_attr_put(nlh, CST_ISCSI_A_LOGIN_RSP, conn->login_rsp_len, conn->login_rsp);
	mnl_attr_put_u32(nlh, CST_ISCSI_A_MAX_XMIT_DSL, conn->xmit_dsl);
	for (i = 0; i < KNL_KEYS; i++) {
		uint32_t value = conn->value[knl_keys[i].key];

		if (knl_keys[i].u8)
			mnl_attr_put_u8(nlh, knl_keys[i].attr, (uint8_t)value);
		else
			mnl_attr_put_u32(nlh, knl_keys[i].attr, value);
	}
	return knl_ask(k, nlh, NULL, NULL);
}

static const struct kernel_ops knl_ops = {
	.open = knl_open,
	.close = knl_close,
	.event_fd = knl_event_fd,
	.read_events = knl_read_events,
	.get_settings = knl_get_settings,
	.get_portals = knl_get_portals,
	.tell_portal = knl_tell_portal,
	.find_target = knl_find_target,
	.list_targets = knl_list_targets,
	.new_conn = knl_new_conn,
};

struct kernel *kernel_netlink_create(int bus, uint32_t peer)
{
	struct knl *k = calloc(1, sizeof(*k));
	const int group = KNL_CTRL_GROUP;

	if (!k)
		return NULL;
	k->kernel.ops = &knl_ops;
	k->bus = bus;
	k->peer = peer;
	k->seq = (uint32_t)time(NULL);
	k->events = knl_socket(k, SOCK_NONBLOCK);
	if (!k->events) {
		free(k);
		return NULL;
	}
	if (mnl_socket_setsockopt(k->events, NETLINK_ADD_MEMBERSHIP, (void *)(uintptr_t)&group,
				  sizeof(group)) < 0)
		log_trace("no news of modules, looking every now and then");
	return &k->kernel;
}

void kernel_netlink_destroy(struct kernel *kernel)
{
	struct knl *k = to_knl(kernel);

	knl_close_request(k);
	mnl_socket_close(k->events);
	free(k);
}
