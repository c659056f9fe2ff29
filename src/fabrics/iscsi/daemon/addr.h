/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ISCSID_ADDR_H
#define ISCSID_ADDR_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

/* "[" + IPv6 address + "%" + interface + "]:65535" */
#define ADDR_TEXT_SIZE	80

enum addr_kind {
	ADDR_IPV4,
	ADDR_IPV6,
	ADDR_LINK_LOCAL,	/* IPv6 */
};

/* The part of an address that tells one source from another, see addr_source(). */
struct addr_source {
	uint8_t bytes[8];
	enum addr_kind kind;
};

bool addr_parse(const char *text, struct sockaddr_storage *addr, socklen_t *len);
bool addr_find_zone(const char *text, struct sockaddr_storage *addr);
void addr_format(const struct sockaddr_storage *addr, char text[ADDR_TEXT_SIZE]);
void addr_source(const struct sockaddr_storage *addr, struct addr_source *source);
bool addr_is_link_local(const struct sockaddr_storage *addr);
bool addr_is_any(const struct sockaddr_storage *addr);
void addr_set_port(struct sockaddr_storage *addr, uint16_t port);
uint16_t addr_port(const struct sockaddr_storage *addr);

#endif /* ISCSID_ADDR_H */
