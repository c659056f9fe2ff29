/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ISCSID_NETIF_H
#define ISCSID_NETIF_H

int netif_open(void);
void netif_drain(int fd);

#endif /* ISCSID_NETIF_H */
