// SPDX-License-Identifier: GPL-2.0-only
/*
 * kernel.c: the netlink messages themselves.  A thread plays the kernel on
 * another netlink protocol, where user processes may talk to each other.  It parses
 * requests with its own code, and answers in the kernel's manner: several
 * messages to a dump, acknowledgements, extended errors, late and lost answers.
 */
#include "../kernel.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cst/iscsi.h>

#include "test.h"

#define FAMILY	0x1d
#define GROUP	5
#define DUMPED	3

struct kernel_side {
	struct mnl_socket *nl;
	pthread_t thread;
	uint32_t peer;
	int stop[2];
	/* how the thread is to answer */
	bool absent;
	int error;
	unsigned int interrupted_dumps;
	bool stale_answer_first;
	/* what the thread has received */
	char request[20000];
	unsigned int requests;
	char buf[32768];
};

static struct nlmsghdr *prepare(char *buf, uint32_t seq, uint16_t type, uint8_t cmd)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct genlmsghdr *genl;

	nlh->nlmsg_type = type;
	nlh->nlmsg_seq = seq;
	genl = mnl_nlmsg_put_extra_header(nlh, sizeof(*genl));
	genl->cmd = cmd;
	genl->version = 1;
	return nlh;
}

static struct nlmsghdr *answer(struct kernel_side *ks, const struct nlmsghdr *req,
			       uint16_t type, uint8_t cmd)
{
	return prepare(ks->buf, req->nlmsg_seq, type, cmd);
}

static void post(struct kernel_side *ks, const struct nlmsghdr *nlh)
{
	const struct sockaddr_nl to = { .nl_family = AF_NETLINK, .nl_pid = ks->peer };

	CHECK_EQ(sendto(mnl_socket_get_fd(ks->nl), nlh, nlh->nlmsg_len, 0,
			(const struct sockaddr *)&to, sizeof(to)), nlh->nlmsg_len);
}

static void post_error(struct kernel_side *ks, const struct nlmsghdr *req, int error)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(ks->buf);
	struct nlmsgerr *err = mnl_nlmsg_put_extra_header(nlh, sizeof(*err));

	nlh->nlmsg_type = NLMSG_ERROR;
	nlh->nlmsg_flags = NLM_F_CAPPED;
	nlh->nlmsg_seq = req->nlmsg_seq;
	err->error = error;
	err->msg = *req;
	if (error) {
		nlh->nlmsg_flags |= NLM_F_ACK_TLVS;
		mnl_attr_put_strz(nlh, NLMSGERR_ATTR_MSG, "a reason");
	}
	post(ks, nlh);
}

static void post_done(struct kernel_side *ks, const struct nlmsghdr *req, int error)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(ks->buf);
	int *code = mnl_nlmsg_put_extra_header(nlh, sizeof(*code));

	nlh->nlmsg_type = NLMSG_DONE;
	nlh->nlmsg_flags = NLM_F_MULTI;
	nlh->nlmsg_seq = req->nlmsg_seq;
	*code = error;
	post(ks, nlh);
}

static void reply_family(struct kernel_side *ks, const struct nlmsghdr *req)
{
	struct nlmsghdr *nlh = answer(ks, req, GENL_ID_CTRL, CTRL_CMD_NEWFAMILY);
	struct nlattr *groups, *group;

	mnl_attr_put_strz(nlh, CTRL_ATTR_FAMILY_NAME, CST_ISCSI_GENL_NAME);
	mnl_attr_put_u16(nlh, CTRL_ATTR_FAMILY_ID, FAMILY);
	groups = mnl_attr_nest_start(nlh, CTRL_ATTR_MCAST_GROUPS);
	group = mnl_attr_nest_start(nlh, 1);
	mnl_attr_put_u32(nlh, CTRL_ATTR_MCAST_GRP_ID, 31);
	mnl_attr_put_strz(nlh, CTRL_ATTR_MCAST_GRP_NAME, "other");
	mnl_attr_nest_end(nlh, group);
	group = mnl_attr_nest_start(nlh, 2);
	mnl_attr_put_u32(nlh, CTRL_ATTR_MCAST_GRP_ID, GROUP);
	mnl_attr_put_strz(nlh, CTRL_ATTR_MCAST_GRP_NAME, CST_ISCSI_GENL_MCGRP);
	mnl_attr_nest_end(nlh, group);
	mnl_attr_nest_end(nlh, groups);
	post(ks, nlh);
}

static void reply_settings(struct kernel_side *ks, const struct nlmsghdr *req)
{
	struct nlmsghdr *nlh = answer(ks, req, FAMILY, CST_ISCSI_CMD_GET_SETTINGS);

	mnl_attr_put_u8(nlh, CST_ISCSI_A_ENABLED, 1);
	mnl_attr_put_u32(nlh, CST_ISCSI_A_LOGIN_TIMEOUT, 15);
	mnl_attr_put_u32(nlh, CST_ISCSI_A_MAX_LOGINS_PER_PORTAL, 256);
	mnl_attr_put_u32(nlh, CST_ISCSI_A_MAX_LOGINS_PER_SOURCE, 64);
	/* A later kernel might add an unknown attribute. */
	mnl_attr_put_u32(nlh, CST_ISCSI_A_MAX + 7, 1);
	post(ks, nlh);
}

static void reply_target(struct kernel_side *ks, const struct nlmsghdr *req)
{
	struct nlmsghdr *nlh = answer(ks, req, FAMILY, CST_ISCSI_CMD_FIND_TARGET);

	mnl_attr_put_strz(nlh, CST_ISCSI_A_TARGET_NAME, "iqn.a:Target");
	mnl_attr_put_strz(nlh, CST_ISCSI_A_TARGET_ALIAS, "the alias");
	mnl_attr_put_u16(nlh, CST_ISCSI_A_TPGT, 300);
	mnl_attr_put_u8(nlh, CST_ISCSI_A_HEADER_DIGEST, CST_ISCSI_DIGEST_CRC32C_NONE);
	mnl_attr_put_u8(nlh, CST_ISCSI_A_DATA_DIGEST, CST_ISCSI_DIGEST_NONE);
	mnl_attr_put_u32(nlh, CST_ISCSI_A_MAX_CONNECTIONS, 1);
	mnl_attr_put_u8(nlh, CST_ISCSI_A_INITIAL_R2T, 0);
	mnl_attr_put_u8(nlh, CST_ISCSI_A_IMMEDIATE_DATA, 1);
	mnl_attr_put_u32(nlh, CST_ISCSI_A_MAX_RECV_DSL, 262144);
	mnl_attr_put_u32(nlh, CST_ISCSI_A_MAX_XMIT_DSL, 131072);
	mnl_attr_put_u32(nlh, CST_ISCSI_A_MAX_BURST, 1048576);
	mnl_attr_put_u32(nlh, CST_ISCSI_A_FIRST_BURST, 65536);
	mnl_attr_put_u32(nlh, CST_ISCSI_A_TIME2WAIT, 3);
	mnl_attr_put_u32(nlh, CST_ISCSI_A_TIME2RETAIN, 4);
	mnl_attr_put_u32(nlh, CST_ISCSI_A_MAX_OUTSTANDING_R2T, 5);
	mnl_attr_put_u8(nlh, CST_ISCSI_A_ERL, 0);
	post(ks, nlh);
}

static void dump(struct kernel_side *ks, const struct nlmsghdr *req, uint8_t cmd)
{
	unsigned int i;
	char text[64];

	for (i = 0; i < DUMPED; i++) {
		struct nlmsghdr *nlh = answer(ks, req, FAMILY, cmd);

		nlh->nlmsg_flags = NLM_F_MULTI;
		if (i == 1 && ks->interrupted_dumps) {
			ks->interrupted_dumps--;
			nlh->nlmsg_flags |= NLM_F_DUMP_INTR;
		}
		if (cmd == CST_ISCSI_CMD_GET_PORTALS) {
			snprintf(text, sizeof(text), "10.0.0.%u:3260", i);
			mnl_attr_put_strz(nlh, CST_ISCSI_A_PORTAL, text);
		} else {
			snprintf(text, sizeof(text), "iqn.a:t%u", i);
			mnl_attr_put_strz(nlh, CST_ISCSI_A_TARGET_NAME, text);
			mnl_attr_put_u16(nlh, CST_ISCSI_A_TPGT, (uint16_t)(i + 1));
			if (i) {
				mnl_attr_put_strz(nlh, CST_ISCSI_A_PORTAL, "10.0.0.1:3260");
				mnl_attr_put_strz(nlh, CST_ISCSI_A_PORTAL, "[fd00::1]:3260");
			}
		}
		post(ks, nlh);
	}
	post_done(ks, req, ks->error);
}

static void serve(struct kernel_side *ks, const struct nlmsghdr *req)
{
	const struct genlmsghdr *genl = mnl_nlmsg_get_payload(req);
	struct nlmsghdr old = *req;

	ks->requests++;
	memcpy(ks->request, req, req->nlmsg_len);
	if (ks->stale_answer_first) {
		old.nlmsg_seq--;
		post_error(ks, &old, -EPERM);
	}
	if (req->nlmsg_type == GENL_ID_CTRL) {
		if (!ks->absent)
			reply_family(ks, req);
		post_error(ks, req, ks->absent ? -ENOENT : 0);
		return;
	}
	CHECK_EQ(req->nlmsg_type, FAMILY);
	CHECK_EQ(genl->version, CST_ISCSI_GENL_VERSION);
	if (req->nlmsg_flags & NLM_F_DUMP) {
		dump(ks, req, genl->cmd);
		return;
	}
	if (!ks->error && genl->cmd == CST_ISCSI_CMD_GET_SETTINGS)
		reply_settings(ks, req);
	if (!ks->error && genl->cmd == CST_ISCSI_CMD_FIND_TARGET)
		reply_target(ks, req);
	post_error(ks, req, ks->error);
}

static void *kernel_thread(void *arg)
{
	struct kernel_side *ks = arg;
	struct pollfd pfd[2] = {
		{ .fd = mnl_socket_get_fd(ks->nl), .events = POLLIN },
		{ .fd = ks->stop[0], .events = POLLIN },
	};
	struct sockaddr_nl from;
	socklen_t len;
	char buf[20000];
	ssize_t n;

	while (poll(pfd, 2, -1) > 0 && !pfd[1].revents) {
		len = sizeof(from);
		n = recvfrom(pfd[0].fd, buf, sizeof(buf), 0, (struct sockaddr *)&from, &len);
		if (n < (ssize_t)sizeof(struct nlmsghdr))
			continue;
		ks->peer = from.nl_pid;
		serve(ks, (const struct nlmsghdr *)(const void *)buf);
	}
	return NULL;
}

static struct kernel_side *kernel_side_new(struct kernel **k)
{
	struct kernel_side *ks = calloc(1, sizeof(*ks));

	ks->nl = mnl_socket_open2(NETLINK_USERSOCK, SOCK_CLOEXEC);
	CHECK(ks->nl && !mnl_socket_bind(ks->nl, 0, MNL_SOCKET_AUTOPID));
	CHECK(!pipe(ks->stop));
	CHECK(!pthread_create(&ks->thread, NULL, kernel_thread, ks));
	*k = kernel_netlink_create(NETLINK_USERSOCK, mnl_socket_get_portid(ks->nl));
	CHECK(*k);
	return ks;
}

static void kernel_side_free(struct kernel_side *ks, struct kernel *k)
{
	CHECK_EQ(write(ks->stop[1], "", 1), 1);
	pthread_join(ks->thread, NULL);
	close(ks->stop[0]);
	close(ks->stop[1]);
	mnl_socket_close(ks->nl);
	kernel_netlink_destroy(k);
	free(ks);
}

static const struct nlattr *sent(const struct kernel_side *ks, uint16_t type)
{
	const struct nlmsghdr *nlh = (const struct nlmsghdr *)(const void *)ks->request;
	const struct nlattr *attr, *found = NULL;

	mnl_attr_for_each(attr, nlh, sizeof(struct genlmsghdr))
		if (mnl_attr_get_type(attr) == type)
			found = attr;
	CHECK(found);
	return found;
}

static const char *sent_string(const struct kernel_side *ks, uint16_t type)
{
	const struct nlattr *attr = sent(ks, type);

	CHECK(mnl_attr_validate(attr, MNL_TYPE_NUL_STRING) == 0);
	return mnl_attr_get_str(attr);
}

TEST(kernel, open)
{
	struct kernel *k;
	struct kernel_side *ks = kernel_side_new(&k);

	ks->absent = true;
	CHECK_EQ(k->ops->open(k), -ENOENT);
	CHECK_STR(sent_string(ks, CTRL_ATTR_FAMILY_NAME), CST_ISCSI_GENL_NAME);
	ks->absent = false;
	CHECK_EQ(k->ops->open(k), 0);
	k->ops->close(k);
	CHECK_EQ(k->ops->open(k), 0);
	kernel_side_free(ks, k);
}

TEST(kernel, settings)
{
	struct kernel_settings settings = { 0 };
	struct kernel *k;
	struct kernel_side *ks = kernel_side_new(&k);

	CHECK_EQ(k->ops->open(k), 0);
	ks->stale_answer_first = true;
	CHECK_EQ(k->ops->get_settings(k, &settings), 0);
	CHECK(settings.enabled);
	CHECK_EQ(settings.login_timeout, 15);
	CHECK_EQ(settings.max_per_portal, 256);
	CHECK_EQ(settings.max_per_source, 64);
	ks->error = -EPERM;
	CHECK_EQ(k->ops->get_settings(k, &settings), -EPERM);
	kernel_side_free(ks, k);
}

static int count_portal(void *arg, const char *portal)
{
	unsigned int *count = arg;
	char expected[64];

	snprintf(expected, sizeof(expected), "10.0.0.%u:3260", *count % DUMPED);
	CHECK_STR(portal, expected);
	++*count;
	return 0;
}

static int refuse_portal(void *arg, const char *portal)
{
	unsigned int *count = arg;

	(void)portal;
	++*count;
	return -ENOMEM;
}

TEST(kernel, portals)
{
	unsigned int count = 0;
	struct kernel *k;
	struct kernel_side *ks = kernel_side_new(&k);

	CHECK_EQ(k->ops->open(k), 0);
	CHECK_EQ(k->ops->get_portals(k, count_portal, &count), 0);
	CHECK_EQ(count, DUMPED);
	/* After a failed callback the rest of the dump is still read from the socket. */
	count = 0;
	CHECK_EQ(k->ops->get_portals(k, refuse_portal, &count), -ENOMEM);
	CHECK_EQ(count, 1);
	count = 0;
	CHECK_EQ(k->ops->get_portals(k, count_portal, &count), 0);
	CHECK_EQ(count, DUMPED);
	/* The kernel ends a dump with an error. */
	ks->error = -ENODEV;
	CHECK_EQ(k->ops->get_portals(k, count_portal, &count), -ENODEV);
	kernel_side_free(ks, k);
}

static int any_portal(void *arg, const char *portal)
{
	(void)portal;
	++*(unsigned int *)arg;
	return 0;
}

TEST(kernel, interrupted_dump)
{
	unsigned int count = 0, requests;
	struct kernel *k;
	struct kernel_side *ks = kernel_side_new(&k);

	CHECK_EQ(k->ops->open(k), 0);
	requests = ks->requests;
	ks->interrupted_dumps = 2;
	CHECK_EQ(k->ops->get_portals(k, any_portal, &count), 0);
	CHECK_EQ(ks->requests, requests + 3);
	ks->interrupted_dumps = 100;
	CHECK_EQ(k->ops->get_portals(k, any_portal, &count), -EAGAIN);
	kernel_side_free(ks, k);
}

TEST(kernel, find_target)
{
	struct target_info info = { 0 };
	struct kernel *k;
	struct kernel_side *ks = kernel_side_new(&k);

	CHECK_EQ(k->ops->open(k), 0);
	CHECK_EQ(k->ops->find_target(k, "iqn.a:target", "iqn.b:host", "[fd00::1]:3260", &info),
		 0);
	CHECK_STR(sent_string(ks, CST_ISCSI_A_TARGET_NAME), "iqn.a:target");
	CHECK_STR(sent_string(ks, CST_ISCSI_A_INITIATOR_NAME), "iqn.b:host");
	CHECK_STR(sent_string(ks, CST_ISCSI_A_LOCAL_ADDR), "[fd00::1]:3260");
	CHECK_STR(info.name, "iqn.a:Target");
	CHECK_STR(info.alias, "the alias");
	CHECK_EQ(info.tpgt, 300);
	CHECK_EQ(info.values.value[KEY_HEADER_DIGEST], CST_ISCSI_DIGEST_CRC32C_NONE);
	CHECK_EQ(info.values.value[KEY_INITIAL_R2T], 0);
	CHECK_EQ(info.values.value[KEY_MAX_RECV_DSL], 262144);
	CHECK_EQ(info.values.value[KEY_TIME2WAIT], 3);
	CHECK_EQ(info.values.value[KEY_TIME2RETAIN], 4);
	CHECK_EQ(info.values.value[KEY_MAX_OUTSTANDING_R2T], 5);
	CHECK_EQ(info.values.value[KEY_DATA_PDU_IN_ORDER], 1);
	CHECK_EQ(info.values.xmit_dsl_max, 131072);
	ks->error = -EACCES;
	CHECK_EQ(k->ops->find_target(k, "a", "b", "c", &info), -EACCES);
	kernel_side_free(ks, k);
}

static int check_target(void *arg, const struct discovery_target *target)
{
	unsigned int *count = arg;
	char name[64];

	snprintf(name, sizeof(name), "iqn.a:t%u", *count);
	CHECK_STR(target->name, name);
	CHECK_EQ(target->tpgt, *count + 1);
	if (!*count) {
		CHECK_EQ(target->portals_len, 0);
	} else {
		CHECK_EQ(target->portals_len, sizeof("10.0.0.1:3260\0[fd00::1]:3260"));
		CHECK_STR(target->portals, "10.0.0.1:3260");
		CHECK_STR(target->portals + 14, "[fd00::1]:3260");
	}
	++*count;
	return 0;
}

TEST(kernel, list_targets)
{
	unsigned int count = 0;
	struct kernel *k;
	struct kernel_side *ks = kernel_side_new(&k);

	CHECK_EQ(k->ops->open(k), 0);
	CHECK_EQ(k->ops->list_targets(k, "iqn.b:host", "10.0.0.1:3260", NULL, check_target,
				      &count), 0);
	CHECK_EQ(count, DUMPED);
	CHECK_STR(sent_string(ks, CST_ISCSI_A_INITIATOR_NAME), "iqn.b:host");
	CHECK_STR(sent_string(ks, CST_ISCSI_A_LOCAL_ADDR), "10.0.0.1:3260");
	count = 0;
	CHECK_EQ(k->ops->list_targets(k, "iqn.b:host", "10.0.0.1:3260", "iqn.a:t1",
				      check_target, &count), 0);
	CHECK_STR(sent_string(ks, CST_ISCSI_A_TARGET_NAME), "iqn.a:t1");
	kernel_side_free(ks, k);
}

TEST(kernel, new_conn)
{
	static const struct {
		uint16_t attr;
		uint16_t size;
		uint32_t value;
	} numbers[] = {
		{ CST_ISCSI_A_FD, 4, 9 },
		{ CST_ISCSI_A_TSIH, 2, 0x1122 },
		{ CST_ISCSI_A_CID, 2, 0x3344 },
		{ CST_ISCSI_A_CMDSN, 4, 0x55667788 },
		{ CST_ISCSI_A_STATSN, 4, 0x99aabbcc },
		{ CST_ISCSI_A_HEADER_DIGEST, 1, CST_ISCSI_DIGEST_CRC32C },
		{ CST_ISCSI_A_DATA_DIGEST, 1, CST_ISCSI_DIGEST_NONE },
		{ CST_ISCSI_A_MAX_CONNECTIONS, 4, 1 },
		{ CST_ISCSI_A_INITIAL_R2T, 1, 1 },
		{ CST_ISCSI_A_IMMEDIATE_DATA, 1, 1 },
		{ CST_ISCSI_A_MAX_RECV_DSL, 4, 8192 },
		{ CST_ISCSI_A_MAX_XMIT_DSL, 4, 131072 },
		{ CST_ISCSI_A_MAX_BURST, 4, 262144 },
		{ CST_ISCSI_A_FIRST_BURST, 4, 65536 },
		{ CST_ISCSI_A_TIME2WAIT, 4, 2 },
		{ CST_ISCSI_A_TIME2RETAIN, 4, 20 },
		{ CST_ISCSI_A_MAX_OUTSTANDING_R2T, 4, 1 },
		{ CST_ISCSI_A_ERL, 1, 0 },
	};
	uint8_t rsp[CST_ISCSI_LOGIN_RSP_MAX];
	struct key_values values;
	struct kernel_conn kc = {
		.fd = 9, .target = "iqn.a:target", .initiator = "iqn.b:host",
		.local = "10.0.0.1:3260", .remote = "10.0.0.2:40000",
		.isid = (const uint8_t *)"\1\2\3\4\5\6", .tsih = 0x1122, .cid = 0x3344,
		.cmdsn = 0x55667788, .statsn = 0x99aabbcc, .login_rsp = rsp,
		.login_rsp_len = sizeof(rsp), .xmit_dsl = 131072,
	};
	struct kernel *k;
	struct kernel_side *ks = kernel_side_new(&k);
	const struct nlattr *attr;
	size_t i;

	for (i = 0; i < sizeof(rsp); i++)
		rsp[i] = (uint8_t)(i * 7);
	key_values_default(&values);
	values.value[KEY_HEADER_DIGEST] = CST_ISCSI_DIGEST_CRC32C;
	kc.value = values.value;
	CHECK_EQ(k->ops->open(k), 0);
	CHECK_EQ(k->ops->new_conn(k, &kc), 0);
	for (i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		uint32_t value = 0;

		attr = sent(ks, numbers[i].attr);
		CHECK_EQ(mnl_attr_get_payload_len(attr), numbers[i].size);
		if (numbers[i].size == 1)
			value = mnl_attr_get_u8(attr);
		else if (numbers[i].size == 2)
			value = mnl_attr_get_u16(attr);
		else
			value = mnl_attr_get_u32(attr);
		CHECK_EQ(value, numbers[i].value);
	}
	CHECK_STR(sent_string(ks, CST_ISCSI_A_TARGET_NAME), "iqn.a:target");
	CHECK_STR(sent_string(ks, CST_ISCSI_A_INITIATOR_NAME), "iqn.b:host");
	CHECK_STR(sent_string(ks, CST_ISCSI_A_LOCAL_ADDR), "10.0.0.1:3260");
	CHECK_STR(sent_string(ks, CST_ISCSI_A_REMOTE_ADDR), "10.0.0.2:40000");
	attr = sent(ks, CST_ISCSI_A_ISID);
	CHECK_EQ(mnl_attr_get_payload_len(attr), 6);
	CHECK(!memcmp(mnl_attr_get_payload(attr), kc.isid, 6));
	attr = sent(ks, CST_ISCSI_A_LOGIN_RSP);
	CHECK_EQ(mnl_attr_get_payload_len(attr), sizeof(rsp));
	CHECK(!memcmp(mnl_attr_get_payload(attr), rsp, sizeof(rsp)));

	ks->error = -EMLINK;
	CHECK_EQ(k->ops->new_conn(k, &kc), -EMLINK);
	kernel_side_free(ks, k);
}

static void multicast(struct kernel_side *ks, struct nlmsghdr *nlh, uint32_t group)
{
	const struct sockaddr_nl to = { .nl_family = AF_NETLINK, .nl_groups = 1u << (group - 1) };

	/*
	 * The send fails in its unicast part, because this protocol has no kernel side.
	 * By then the members of the group have got the message.
	 */
	CHECK(sendto(mnl_socket_get_fd(ks->nl), nlh, nlh->nlmsg_len, 0,
		     (const struct sockaddr *)&to, sizeof(to)) < 0 && errno == ECONNREFUSED);
}

static int event_flags(struct kernel *k)
{
	struct pollfd pfd = { .fd = k->ops->event_fd(k), .events = POLLIN };

	return poll(&pfd, 1, 0) > 0 ? k->ops->read_events(k) : 0;
}

TEST(kernel, events)
{
	char buf[1024];
	struct nlmsghdr *nlh;
	struct kernel *k;
	struct kernel_side *ks = kernel_side_new(&k);
	int i;

	CHECK_EQ(k->ops->open(k), 0);
	CHECK_EQ(event_flags(k), 0);
	/* Several notifications are reported as one change. */
	for (i = 0; i < 3; i++)
		multicast(ks, prepare(buf, 0, FAMILY, CST_ISCSI_CMD_CONFIG_CHANGED), GROUP);
	CHECK_EQ(event_flags(k), KERNEL_CHANGED);
	CHECK_EQ(event_flags(k), 0);

	/* Other families are ignored. */
	nlh = prepare(buf, 0, GENL_ID_CTRL, CTRL_CMD_DELFAMILY);
	mnl_attr_put_strz(nlh, CTRL_ATTR_FAMILY_NAME, "cst_iscsi2");
	multicast(ks, nlh, GENL_ID_CTRL);
	CHECK_EQ(event_flags(k), 0);
	nlh = prepare(buf, 0, GENL_ID_CTRL, CTRL_CMD_DELFAMILY);
	mnl_attr_put_strz(nlh, CTRL_ATTR_FAMILY_NAME, CST_ISCSI_GENL_NAME);
	multicast(ks, nlh, GENL_ID_CTRL);
	CHECK_EQ(event_flags(k), KERNEL_GONE | KERNEL_CHANGED);
	k->ops->close(k);
	nlh = prepare(buf, 0, GENL_ID_CTRL, CTRL_CMD_NEWFAMILY);
	mnl_attr_put_strz(nlh, CTRL_ATTR_FAMILY_NAME, CST_ISCSI_GENL_NAME);
	multicast(ks, nlh, GENL_ID_CTRL);
	CHECK_EQ(event_flags(k), KERNEL_CHANGED);
	kernel_side_free(ks, k);
}

TEST(kernel, lost_events)
{
	char buf[1024];
	struct kernel *k;
	struct kernel_side *ks = kernel_side_new(&k);
	struct nlmsghdr *nlh;
	int i;

	CHECK_EQ(k->ops->open(k), 0);
	/*
	 * None of the messages is of interest, but some are lost: read everything again.
	 */
	for (i = 0; i < 4000; i++) {
		nlh = prepare(buf, 0, GENL_ID_CTRL, CTRL_CMD_DELFAMILY);
		mnl_attr_put_strz(nlh, CTRL_ATTR_FAMILY_NAME, "other");
		multicast(ks, nlh, GENL_ID_CTRL);
	}
	CHECK_EQ(event_flags(k), KERNEL_CHANGED);
	CHECK_EQ(event_flags(k), 0);
	kernel_side_free(ks, k);
}

/* The generic netlink of the machine itself, where the module is not loaded. */
TEST(kernel, real_controller)
{
	struct kernel *k;

	if (system("grep -qsw cst_iscsi /proc/modules") == 0) {
		printf("     skipped: the module is loaded\n");
		return;
	}
	k = kernel_netlink_create(NETLINK_GENERIC, 0);
	CHECK(k);
	CHECK_EQ(k->ops->open(k), -ENOENT);
	kernel_netlink_destroy(k);
}
