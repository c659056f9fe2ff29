// SPDX-License-Identifier: GPL-2.0-only
/* The initiator's side of login and discovery.  Calls block, with time limits. */
#include "client.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "../addr.h"

#define CLIENT_TIMEOUT_S	10

bool client_connect_from(struct client *c, const char *from, const char *addr)
{
	const struct timeval timeout = { .tv_sec = CLIENT_TIMEOUT_S };
	struct sockaddr_storage to, own;
	socklen_t len, own_len;

	memset(c, 0, sizeof(*c));
	c->cmdsn = 1;
	c->fd = -1;
	if (!addr_parse(addr, &to, &len))
		return false;
	c->fd = socket(to.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	setsockopt(c->fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
	setsockopt(c->fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout));
	if (from && (!addr_parse(from, &own, &own_len) ||
		     bind(c->fd, (const struct sockaddr *)&own, own_len) < 0)) {
		client_close(c);
		return false;
	}
	if (connect(c->fd, (const struct sockaddr *)&to, len) < 0) {
		client_close(c);
		return false;
	}
	return true;
}

bool client_connect(struct client *c, const char *addr)
{
	return client_connect_from(c, NULL, addr);
}

void client_close(struct client *c)
{
	if (c->fd >= 0)
		close(c->fd);
	c->fd = -1;
	free(c->data);
	c->data = NULL;
}

void client_login_bhs(uint8_t *bhs, uint8_t flags, size_t len)
{
	memset(bhs, 0, PDU_BHS_LEN);
	bhs[0] = PDU_IMMEDIATE | PDU_LOGIN_REQUEST;
	bhs[1] = flags;
	pdu_set_data_len(bhs, len);
	memcpy(bhs + 8, "\x40\x01\x02\x03\x04\x05", 6);
	put_be32(bhs + 16, 0x10);
	put_be16(bhs + 20, 1);
	put_be32(bhs + 24, 1);
}

bool client_send(struct client *c, uint8_t *bhs, const void *data, size_t len)
{
	size_t total = PDU_BHS_LEN + len + pdu_pad(len);
	uint8_t *pdu = calloc(1, total);
	ssize_t n;

	pdu_set_data_len(bhs, len);
	memcpy(pdu, bhs, PDU_BHS_LEN);
	if (len)
		memcpy(pdu + PDU_BHS_LEN, data, len);
	n = send(c->fd, pdu, total, MSG_NOSIGNAL);
	free(pdu);
	return n == (ssize_t)total;
}

static bool read_exactly(int fd, void *buf, size_t len)
{
	return !len || recv(fd, buf, len, MSG_WAITALL) == (ssize_t)len;
}

bool client_receive(struct client *c)
{
	if (!read_exactly(c->fd, c->bhs, PDU_BHS_LEN))
		return false;
	c->len = pdu_data_len(c->bhs);
	if (c->len > CLIENT_DATA_MAX)
		return false;
	free(c->data);
	c->data = calloc(1, c->len + 4);
	return read_exactly(c->fd, c->data, c->len + pdu_pad(c->len));
}

bool client_login(struct client *c, uint8_t flags, const void *text, size_t len)
{
	uint8_t bhs[PDU_BHS_LEN];

	client_login_bhs(bhs, flags, len);
	return client_send(c, bhs, text, len) && client_receive(c) &&
	       c->bhs[0] == PDU_LOGIN_RESPONSE;
}

bool client_text(struct client *c, uint32_t ttt, const void *text, size_t len)
{
	uint8_t bhs[PDU_BHS_LEN] = { PDU_TEXT_REQUEST, PDU_FINAL };

	put_be32(bhs + 16, 0x20);
	put_be32(bhs + 20, ttt);
	put_be32(bhs + 24, c->cmdsn++);
	return client_send(c, bhs, text, len) && client_receive(c);
}

bool client_eof(struct client *c)
{
	char byte;

	return recv(c->fd, &byte, 1, 0) == 0;
}

bool client_gone(struct client *c, int ms)
{
	struct pollfd pfd = { .fd = c->fd, .events = POLLIN };
	char byte;
	ssize_t n;

	if (poll(&pfd, 1, ms) <= 0)
		return false;
	n = recv(c->fd, &byte, 1, MSG_DONTWAIT);
	return n == 0 || (n < 0 && errno != EAGAIN);
}

unsigned int client_status(const struct client *c)
{
	return get_be16(c->bhs + 36);
}

const char *client_answer(const struct client *c, const char *key)
{
	size_t pos = 0, n = strlen(key);
	const char *text = (const char *)c->data;

	while (pos < c->len) {
		if (!strncmp(text + pos, key, n) && text[pos + n] == '=')
			return text + pos + n + 1;
		pos += strlen(text + pos) + 1;
	}
	return NULL;
}
