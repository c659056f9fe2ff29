// SPDX-License-Identifier: GPL-2.0-only
/*
 * Socket addresses as text and back, in the form of the kernel interface:
 * "192.0.2.1:3260", "[2001:db8::1]:3260".  Pure functions; listen.c and conn.c
 * call in.  An IPv4 address that arrived on an IPv6 socket is IPv4 everywhere.
 */
#include "addr.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "text.h"

bool addr_parse(const char *text, struct sockaddr_storage *addr, socklen_t *len)
{
	const struct addrinfo hints = {
		.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV,
		.ai_socktype = SOCK_STREAM,
	};
	char host[ADDR_TEXT_SIZE];
	struct addrinfo *info;
	const char *colon = strrchr(text, ':');
	size_t host_len;
	uint32_t port;

	if (!colon || !text_number(colon + 1, &port) || !port || port > 65535)
		return false;
	host_len = (size_t)(colon - text);
	if (text[0] == '[') {
		if (host_len < 3 || text[host_len - 1] != ']')
			return false;
		text++;
		host_len -= 2;
	} else if (memchr(text, ':', host_len)) {
		return false;
	}
	if (!host_len || host_len >= sizeof(host))
		return false;
	memcpy(host, text, host_len);
	host[host_len] = '\0';
	if (getaddrinfo(host, colon + 1, &hints, &info))
		return false;
	memset(addr, 0, sizeof(*addr));
	memcpy(addr, info->ai_addr, info->ai_addrlen);
	*len = info->ai_addrlen;
	freeaddrinfo(info);
	return true;
}

static const struct sockaddr_in *as_ipv4(const struct sockaddr_storage *addr)
{
	return (const struct sockaddr_in *)(const void *)addr;
}

static const struct sockaddr_in6 *as_ipv6(const struct sockaddr_storage *addr)
{
	return (const struct sockaddr_in6 *)(const void *)addr;
}

/* The four bytes of an IPv4 address in either form, or NULL. */
static const uint8_t *ipv4_bytes(const struct sockaddr_storage *addr)
{
	if (addr->ss_family == AF_INET)
		return (const uint8_t *)&as_ipv4(addr)->sin_addr;
	if (IN6_IS_ADDR_V4MAPPED(&as_ipv6(addr)->sin6_addr))
		return as_ipv6(addr)->sin6_addr.s6_addr + 12;
	return NULL;
}

uint16_t addr_port(const struct sockaddr_storage *addr)
{
	return ntohs(addr->ss_family == AF_INET ? as_ipv4(addr)->sin_port :
		     as_ipv6(addr)->sin6_port);
}

void addr_format(const struct sockaddr_storage *addr, char text[ADDR_TEXT_SIZE])
{
	const uint8_t *v4 = ipv4_bytes(addr);
	char host[INET6_ADDRSTRLEN];

	if (v4) {
		inet_ntop(AF_INET, v4, host, sizeof(host));
		snprintf(text, ADDR_TEXT_SIZE, "%s:%u", host, addr_port(addr));
	} else {
		inet_ntop(AF_INET6, &as_ipv6(addr)->sin6_addr, host, sizeof(host));
		snprintf(text, ADDR_TEXT_SIZE, "[%s]:%u", host, addr_port(addr));
	}
}

/*
 * An IPv6 host usually owns its whole /64, so that is what counts as one
 * source: a limit on single addresses would limit nothing.
 */
void addr_source(const struct sockaddr_storage *addr, struct addr_source *source)
{
	const uint8_t *v4 = ipv4_bytes(addr);

	memset(source, 0, sizeof(*source));
	source->ipv6 = !v4;
	if (v4)
		memcpy(source->bytes, v4, 4);
	else
		memcpy(source->bytes, as_ipv6(addr)->sin6_addr.s6_addr, 8);
}

bool addr_is_any(const struct sockaddr_storage *addr)
{
	if (addr->ss_family == AF_INET)
		return as_ipv4(addr)->sin_addr.s_addr == htonl(INADDR_ANY);
	return IN6_IS_ADDR_UNSPECIFIED(&as_ipv6(addr)->sin6_addr);
}
