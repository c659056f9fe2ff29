/* SPDX-License-Identifier: GPL-2.0-only */
/* A small iSCSI initiator for tests, over real TCP. */
#ifndef ISCSID_CLIENT_H
#define ISCSID_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../pdu.h"

#define CLIENT_DATA_MAX	(300 * 1024)

struct client {
	int fd;
	uint32_t cmdsn;
	uint8_t bhs[PDU_BHS_LEN];	/* header of the last response */
	uint8_t *data;			/* its data segment, with a NUL behind it */
	size_t len;
};

bool client_connect(struct client *c, const char *addr);
/* The same, but from the local address and port @from. */
bool client_connect_from(struct client *c, const char *from, const char *addr);
void client_close(struct client *c);

void client_login_bhs(uint8_t *bhs, uint8_t flags, size_t len);
bool client_send(struct client *c, uint8_t *bhs, const void *data, size_t len);
/* False if the connection has ended, in whatever way, or nothing has come for 10 s. */
bool client_receive(struct client *c);
bool client_login(struct client *c, uint8_t flags, const void *text, size_t len);
bool client_text(struct client *c, uint32_t ttt, const void *text, size_t len);
/* True if the peer closes the connection in an orderly way, within 10 s. */
bool client_eof(struct client *c);
/* True if the peer has closed the connection in any way, or does so within @ms. */
bool client_gone(struct client *c, int ms);

unsigned int client_status(const struct client *c);
const char *client_answer(const struct client *c, const char *key);

#define CLIENT_LOGIN(c, flags, literal) client_login(c, flags, literal, sizeof(literal) - 1)
#define CLIENT_TEXT(c, ttt, literal) client_text(c, ttt, literal, sizeof(literal) - 1)

#endif /* ISCSID_CLIENT_H */
