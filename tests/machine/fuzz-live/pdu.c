// SPDX-License-Identifier: GPL-2.0-only
/*
 * Functions for the two surfaces that speak iSCSI: a connection, whole PDUs, and the
 * login of a correct initiator.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fuzz.h"

void put32(uint8_t *p, uint32_t v)
{
	v = htonl(v);
	memcpy(p, &v, 4);
}

uint32_t get32(const uint8_t *p)
{
	uint32_t v;

	memcpy(&v, p, 4);
	return ntohl(v);
}

int tcp_connect(void)
{
	struct sockaddr_in sin = {
		.sin_family = AF_INET,
		.sin_port = htons(options.port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	/* Close with a reset, so that no port stays in TIME-WAIT. */
	const struct linger linger = { .l_onoff = 1 };
	const int one = 1;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		die("socket");
	if (connect(fd, (struct sockaddr *)&sin, sizeof(sin)) < 0) {
		close(fd);
		return -1;
	}
	setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	return fd;
}

bool tcp_wait(int fd, int ms)
{
	struct pollfd pfd = { .fd = fd, .events = POLLIN };

	return poll(&pfd, 1, ms) > 0;
}

/* Write with a time limit: the peer may not read. */
bool tcp_write(int fd, const void *buf, size_t len)
{
	struct pollfd pfd = { .fd = fd, .events = POLLOUT };
	const char *p = buf;
	ssize_t n;

	while (len) {
		n = send(fd, p, len, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (n < 0 && errno == EAGAIN && poll(&pfd, 1, 1000) > 0)
			continue;
		if (n < 0)
			return false;
		p += n;
		len -= (size_t)n;
	}
	return true;
}

static int tcp_read(int fd, uint8_t *buf, size_t len, int ms)
{
	ssize_t n;

	while (len) {
		if (!tcp_wait(fd, ms))
			return 0;
		n = recv(fd, buf, len, 0);
		if (n <= 0)
			return -1;
		buf += n;
		len -= (size_t)n;
	}
	return 1;
}

int pdu_read(int fd, uint8_t *bhs, int ms)
{
	static uint8_t data[0x1000000];
	uint32_t len;
	int ret;

	ret = tcp_read(fd, bhs, BHS, ms);
	if (ret <= 0)
		return ret;
	len = ((get32(bhs + 4) & 0xffffff) + 3) & ~3u;
	return len ? tcp_read(fd, data, len, ms) : 1;
}

size_t pdu_fix_length(uint8_t *pdu, size_t len)
{
	size_t ahs;

	if (len < BHS) {
		memset(pdu + len, 0, BHS - len);
		len = BHS;
	}
	ahs = (size_t)pdu[4] * 4;
	if (BHS + ahs > len) {
		pdu[4] = 0;
		ahs = 0;
	}
	len -= BHS + ahs;
	pdu[5] = (uint8_t)(len >> 16);
	pdu[6] = (uint8_t)(len >> 8);
	pdu[7] = (uint8_t)len;
	memset(pdu + BHS + ahs + len, 0, -len & 3);
	return BHS + ahs + ((len + 3) & ~(size_t)3);
}

/* Return a connection in the full feature phase, or -1. */
int login(const char *name, uint32_t *cmdsn)
{
	uint8_t pdu[1024] = { 0x43, 0x87, [13] = 1 }, rsp[BHS];
	char *text = (char *)pdu + BHS;
	int fd = tcp_connect(), n;

	if (fd < 0)
		return -1;
	n = snprintf(text, sizeof(pdu) - BHS - 4,
		     "InitiatorName=%s%cTargetName=%s%cSessionType=Normal%c%s%c%s%c",
		     name, 0, options.target, 0, 0, "InitialR2T=Yes", 0, "ImmediateData=Yes", 0);
	put32(pdu + 16, 1);
	put32(pdu + 24, 1);
	if (!tcp_write(fd, pdu, pdu_fix_length(pdu, BHS + (size_t)n)) ||
	    pdu_read(fd, rsp, 5000) != 1 || (rsp[0] & 0x3f) != 0x23 ||
	    (rsp[1] & 0x83) != 0x83 || rsp[36]) {
		close(fd);
		return -1;
	}
	*cmdsn = get32(rsp + 28);
	return fd;
}
