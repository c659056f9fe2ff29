/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ISCSID_LISTEN_H
#define ISCSID_LISTEN_H

#include "server.h"

int listen_sync(struct server *srv);
void listen_check(struct server *srv);
void listen_retry(struct server *srv);
void listen_close_all(struct server *srv);

#endif /* ISCSID_LISTEN_H */
