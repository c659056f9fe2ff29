// SPDX-License-Identifier: GPL-2.0-only
/*
 * libFuzzer target: messages of the kernel, through kernel.c.  This file plays the
 * sockets: a datagram is the next piece of the input, with a message header that is
 * made to fit unless the input says otherwise.  Whatever comes, every call must end,
 * and what it passes on must be terminated and in range.
 */
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/genetlink.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cst/iscsi.h>

#include "../kernel.h"
#include "../log.h"
#include "input.h"

#define ENSURE(cond) do {						\
	if (!(cond)) {							\
		fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #cond); \
		abort();						\
	}								\
} while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint32_t last_seq;
static uint16_t last_type;

/* --- libmnl's sockets --- */

struct mnl_socket {
	int unused;
};

struct mnl_socket *mnl_socket_open2(int bus, int flags)
{
	(void)bus;
	(void)flags;
	return calloc(1, sizeof(struct mnl_socket));
}

int mnl_socket_close(struct mnl_socket *nl)
{
	free(nl);
	return 0;
}

int mnl_socket_bind(struct mnl_socket *nl, unsigned int groups, pid_t pid)
{
	(void)nl;
	(void)groups;
	(void)pid;
	return 0;
}

/*
 * There is no descriptor, so kernel.c's own calls for socket options and sending would
 * fail.  The linker puts the two functions below in their place.
 */
int mnl_socket_get_fd(const struct mnl_socket *nl)
{
	(void)nl;
	return -1;
}

int mnl_socket_setsockopt(const struct mnl_socket *nl, int type, void *buf, socklen_t len)
{
	(void)nl;
	(void)type;
	(void)buf;
	(void)len;
	return 0;
}

/* In place of those of the C library, see above. */
int setsockopt(int fd, int level, int name, const void *value, socklen_t len)
{
	(void)fd;
	(void)level;
	(void)name;
	(void)value;
	(void)len;
	return 0;
}

ssize_t sendto(int fd, const void *buf, size_t len, int flags, const struct sockaddr *to,
	       socklen_t to_len)
{
	const struct nlmsghdr *nlh = buf;

	(void)fd;
	(void)flags;
	(void)to;
	(void)to_len;
	ENSURE(len >= sizeof(*nlh) && nlh->nlmsg_len == len);
	last_seq = nlh->nlmsg_seq;
	last_type = nlh->nlmsg_type;
	return (ssize_t)len;
}

/* Writes up to @want attributes, of types that the daemon knows or of others. */
static size_t put_attrs(uint8_t *to, size_t room, size_t want)
{
	size_t at = 0;

	while (at + 4 + 256 < room && want-- && in_left) {
		struct nlattr attr = { .nla_type = (uint16_t)(take(1) & 0x3f) };
		size_t len = take(1), i;

		attr.nla_len = (uint16_t)(4 + len);
		memcpy(to + at, &attr, sizeof(attr));
		for (i = 0; i < len; i++)
			to[at + 4 + i] = (uint8_t)take(1);
		/* Now and then the length does not fit. */
		if (len == 255)
			memcpy(to + at, &(uint16_t){ (uint16_t)take(2) }, 2);
		at += NLA_ALIGN(4 + len);
	}
	return at;
}

ssize_t mnl_socket_recvfrom(const struct mnl_socket *nl, void *buf, size_t room)
{
	uint8_t *to = buf;
	size_t at = 0;
	uint8_t kind;

	(void)nl;
	if (!in_left) {
		errno = EAGAIN;
		return -1;
	}
	kind = (uint8_t)take(1);
	if (kind == 0xff) {
		errno = (int)take(1) % 40;
		errno = errno ? errno : EINTR;
		return -1;
	}
	memset(buf, 0, room < 65536 ? room : 65536);
	do {
		struct nlmsghdr nlh = {
			.nlmsg_type = last_type, .nlmsg_seq = last_seq,
			.nlmsg_flags = kind & 1 ? NLM_F_MULTI : 0,
		};
		struct genlmsghdr genl = { .cmd = (uint8_t)take(1), .version = 1 };
		size_t body = sizeof(genl);
		int err = -(int)take(1);

		if (room - at < 8192)
			break;
		switch (kind >> 1 & 7) {
		case 0:
			nlh.nlmsg_type = NLMSG_ERROR;
			body = sizeof(struct nlmsgerr);
			nlh.nlmsg_flags = (uint16_t)take(2);
			memcpy(to + at + NLMSG_HDRLEN, &err, sizeof(err));
			break;
		case 1:
			nlh.nlmsg_type = NLMSG_DONE;
			memcpy(to + at + NLMSG_HDRLEN, &err, sizeof(err));
			break;
		case 2:
			nlh.nlmsg_type = (uint16_t)take(2);
			nlh.nlmsg_seq = take(4);
			break;
		default:
			memcpy(to + at + NLMSG_HDRLEN, &genl, sizeof(genl));
		}
		body += put_attrs(to + at + NLMSG_HDRLEN + body, 4096, kind >> 4);
		nlh.nlmsg_len = (uint32_t)(NLMSG_HDRLEN + body);
		if (kind & 0x80 && take(1) & 1)
			nlh.nlmsg_len = take(2);
		memcpy(to + at, &nlh, sizeof(nlh));
		at += NLMSG_ALIGN(NLMSG_HDRLEN + body);
	} while (in_left && take(1) & 1);
	return (ssize_t)at;
}

/* --- what kernel.c calls in other files --- */

static void format(const char *fmt, va_list args)
{
	char line[4096];

	vsnprintf(line, sizeof(line), fmt, args);
}

void log_peer(enum log_level level, const char *fmt, ...)
{
	va_list args;

	(void)level;
	va_start(args, fmt);
	format(fmt, args);
	va_end(args);
}

void log_print(enum log_level level, const char *fmt, ...)
{
	va_list args;

	(void)level;
	va_start(args, fmt);
	format(fmt, args);
	va_end(args);
}

static int portal(void *arg, const char *text, int told)
{
	(void)arg;
	ENSURE(told >= 0 || told == KERNEL_UNTOLD);
	ENSURE(strlen(text) < 65536);
	return 0;
}

static int listed(void *arg, const struct discovery_target *target)
{
	(void)arg;
	ENSURE(strlen(target->name) < 65536);
	ENSURE(!target->portals_len || !target->portals[target->portals_len - 1]);
	return 0;
}

static void check_target(const struct target_info *info)
{
	ENSURE(strnlen(info->name, sizeof(info->name)) < sizeof(info->name));
	ENSURE(strnlen(info->alias, sizeof(info->alias)) < sizeof(info->alias));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t isid[6], rsp[48];
	struct kernel_settings settings;
	struct target_info info;
	struct kernel *k;
	struct kernel_conn conn = {
		.target = "iqn.2026-01.example:t", .initiator = "iqn.2026-01.example:i",
		.local = "127.0.0.1:3260", .remote = "127.0.0.1:9", .isid = isid,
		.login_rsp = rsp, .login_rsp_len = sizeof(rsp),
	};
	uint32_t value[KEY_OP_COUNT] = {};

	in = data;
	in_left = size;
	conn.value = value;
	k = kernel_netlink_create(NETLINK_GENERIC, 0);
	ENSURE(k);
	k->ops->open(k);
	while (in_left) {
		switch (take(1) & 7) {
		case 0:
			k->ops->get_settings(k, &settings);
			break;
		case 1:
			k->ops->get_portals(k, portal, NULL);
			break;
		case 2:
			memset(&info, 0xa5, sizeof(info));
			if (!k->ops->find_target(k, conn.target, conn.initiator, conn.local,
						 &info))
				check_target(&info);
			break;
		case 3:
			k->ops->list_targets(k, conn.initiator, conn.local, NULL, listed, NULL);
			break;
		case 4:
			k->ops->new_conn(k, &conn);
			break;
		case 5:
			k->ops->read_events(k);
			break;
		case 6:
			k->ops->tell_portal(k, conn.local, (int)take(1) - 1);
			k->ops->close(k);
			k->ops->open(k);
			break;
		default:
			k->ops->open(k);
		}
	}
	k->ops->close(k);
	kernel_netlink_destroy(k);
	return 0;
}
