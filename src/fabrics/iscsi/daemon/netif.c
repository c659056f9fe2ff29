// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tells when addresses and interfaces come and go.  server.c opens the descriptor once.
 * This file does not read what has changed: listen.c looks at what it needs.
 */
#include "netif.h"

#include <errno.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>
#include <unistd.h>

/* Returns a descriptor that is readable after a change, or -errno. */
int netif_open(void)
{
	const struct sockaddr_nl addr = {
		.nl_family = AF_NETLINK,
		.nl_groups = RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR,
	};
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, NETLINK_ROUTE);
	int err;

	if (fd < 0)
		return -errno;
	if (bind(fd, (const struct sockaddr *)(const void *)&addr, sizeof(addr)) < 0) {
		err = -errno;
		close(fd);
		return err;
	}
	return fd;
}

/* Throws all messages away.  A message that was lost (ENOBUFS) is a change as well. */
void netif_drain(int fd)
{
	char buf[4096];

	while (recv(fd, buf, sizeof(buf), 0) >= 0 || errno == ENOBUFS || errno == EINTR)
		;
}
