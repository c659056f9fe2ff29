// SPDX-License-Identifier: GPL-2.0-only
/*
 * Messages to the service manager, sd_notify(3) without its library: datagrams
 * to the socket that NOTIFY_SOCKET names.  main.c and server.c call in.  Without
 * a service manager nothing is sent.
 */
#include "notify.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static int notify_fd = -1;
static struct sockaddr_un notify_addr;
static socklen_t notify_addr_len;
static uint64_t watchdog_ms;

void notify_init(void)
{
	const char *path = getenv("NOTIFY_SOCKET");
	const char *usec = getenv("WATCHDOG_USEC");
	size_t len = path ? strlen(path) : 0;

	if (len < 2 || len >= sizeof(notify_addr.sun_path))
		return;
	notify_addr.sun_family = AF_UNIX;
	memcpy(notify_addr.sun_path, path, len);
	/* "@" stands for the NUL at the beginning of an abstract name. */
	if (path[0] == '@')
		notify_addr.sun_path[0] = '\0';
	notify_addr_len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len);
	notify_fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (notify_fd >= 0 && usec)
		watchdog_ms = strtoull(usec, NULL, 10) / 1000;
}

void notify_send(const char *fmt, ...)
{
	char text[256];
	va_list ap;
	int len;

	if (notify_fd < 0)
		return;
	va_start(ap, fmt);
	len = vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (len < 0 || (size_t)len >= sizeof(text))
		return;
	/* Go on if the service manager does not listen. */
	if (sendto(notify_fd, text, (size_t)len, MSG_NOSIGNAL,
		   (const struct sockaddr *)(const void *)&notify_addr, notify_addr_len) < 0)
		return;
}

/* How long the service manager waits for "WATCHDOG=1", 0 if it does not wait for it. */
uint64_t notify_watchdog_ms(void)
{
	return watchdog_ms;
}
