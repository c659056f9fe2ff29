// SPDX-License-Identifier: GPL-2.0-only
/* log.c and notify.c: what arrives at the journal and at the service manager. */
#include "../notify.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "test.h"

TEST(log, lines)
{
	struct capture capture;
	char buf[4096];

	capture_begin(&capture, LOG_NOTICE, true);
	log_error("bad");
	log_info("not shown");
	log_notice("name \"%s\"", "a\nb\x1b[31m\x7f");
	capture_end(&capture, buf, sizeof(buf));
	CHECK_STR(buf, "<3>bad\n<5>name \"a?b?[31m?\"\n");
}

TEST(log, long_line)
{
	struct capture capture;
	char text[3000], buf[4096];
	size_t len;

	memset(text, 'x', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	capture_begin(&capture, LOG_NOTICE, false);
	log_notice("%s", text);
	len = capture_end(&capture, buf, sizeof(buf));
	CHECK(len > 500 && len <= 1024);
	CHECK_EQ(buf[len - 1], '\n');
}

TEST(log, peers_are_limited)
{
	struct capture capture;
	unsigned int lines = 0;
	char buf[8192];
	const char *p;
	int i;

	capture_begin(&capture, LOG_NOTICE, false);
	for (i = 0; i < 1000; i++)
		log_peer(LOG_NOTICE, "peer");
	log_notice("own");
	capture_end(&capture, buf, sizeof(buf));
	for (p = buf; (p = strstr(p, "peer\n")); p++)
		lines++;
	CHECK(lines >= 1 && lines <= 22);
	CHECK(strstr(buf, "own\n"));
}

TEST(log, service_manager)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	char name[64], buf[300];
	socklen_t len;
	ssize_t n;
	int fd;

	snprintf(name, sizeof(name), "@cst-iscsid-test-%d", (int)getpid());
	memcpy(addr.sun_path, name, strlen(name));
	addr.sun_path[0] = '\0';
	len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(name));
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	CHECK(!bind(fd, (struct sockaddr *)&addr, len));

	/* Without NOTIFY_SOCKET nothing is sent. */
	unsetenv("NOTIFY_SOCKET");
	notify_init();
	notify_send("READY=1");
	CHECK_EQ(notify_watchdog_ms(), 0);
	setenv("NOTIFY_SOCKET", name, 1);
	setenv("WATCHDOG_USEC", "5000000", 1);
	notify_init();
	CHECK_EQ(notify_watchdog_ms(), 5000);
	notify_send("STATUS=Listening on %u portals", 3);
	n = recv(fd, buf, sizeof(buf) - 1, MSG_DONTWAIT);
	buf[n > 0 ? n : 0] = '\0';
	CHECK_STR(buf, "STATUS=Listening on 3 portals");
	close(fd);
	/* If the service manager has gone, sending does no harm. */
	notify_send("READY=1");
	unsetenv("NOTIFY_SOCKET");
	unsetenv("WATCHDOG_USEC");
}
