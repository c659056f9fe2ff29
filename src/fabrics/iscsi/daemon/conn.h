/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ISCSID_CONN_H
#define ISCSID_CONN_H

#include <sys/socket.h>

#include "server.h"

struct conn;

void conn_open(struct server *srv, struct scope *portal, int fd,
	       const struct sockaddr_storage *peer);
bool conn_drop_one(struct server *srv, struct scope *scope);
void conn_expire(struct server *srv);
uint64_t conn_next_deadline(const struct server *srv);
void conn_reap(struct server *srv);

#endif /* ISCSID_CONN_H */
