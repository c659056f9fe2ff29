// SPDX-License-Identifier: GPL-2.0-only
/*
 * Socket addresses as text and back, in the form of the kernel interface:
 * "192.0.2.1:3260", "[2001:db8::1]:3260", "[fe80::1%eth0]:3260".  listen.c and conn.c
 * call in.  This file keeps no state.  An IPv4 address that arrived on an IPv6 socket
 * counts as IPv4 everywhere.  A link-local address has a zone, which is the name of an
 * interface.  The number of the interface is no use: it changes when the interface goes
 * and comes again.
 */
#include "addr.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "text.h"

static struct sockaddr_in6 *to_ipv6(struct sockaddr_storage *addr)
{
	return (struct sockaddr_in6 *)(void *)addr;
}

/* Reads @text.  If @text names a zone, addr_find_zone() must complete the address. */
bool addr_parse(const char *text, struct sockaddr_storage *addr, socklen_t *len)
{
	const struct addrinfo hints = {
		.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV,
		.ai_socktype = SOCK_STREAM,
	};
	char host[ADDR_TEXT_SIZE], *percent;
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
	percent = strchr(host, '%');
	if (percent)
		*percent++ = '\0';
	if (percent && (!*percent || strlen(percent) >= IF_NAMESIZE))
		return false;
	if (getaddrinfo(host, colon + 1, &hints, &info))
		return false;
	memset(addr, 0, sizeof(*addr));
	memcpy(addr, info->ai_addr, info->ai_addrlen);
	*len = info->ai_addrlen;
	freeaddrinfo(info);
	return !percent || addr_is_link_local(addr);
}

/*
 * If @text names an interface, puts the number of the interface into @addr.  @addr has
 * been read from @text.  Returns false if there is no such interface now.
 */
bool addr_find_zone(const char *text, struct sockaddr_storage *addr)
{
	const char *percent = strchr(text, '%'), *end = strchr(text, ']');
	char zone[IF_NAMESIZE];
	unsigned int index;

	if (!percent)
		return true;
	snprintf(zone, sizeof(zone), "%.*s", (int)(end - percent - 1), percent + 1);
	index = if_nametoindex(zone);
	if (index)
		to_ipv6(addr)->sin6_scope_id = index;
	return index;
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

void addr_set_port(struct sockaddr_storage *addr, uint16_t port)
{
	/* Both families have the port in the same place. */
	to_ipv6(addr)->sin6_port = htons(port);
}

void addr_format(const struct sockaddr_storage *addr, char text[ADDR_TEXT_SIZE])
{
	const uint8_t *v4 = ipv4_bytes(addr);
	char host[INET6_ADDRSTRLEN], zone[IF_NAMESIZE];

	if (v4) {
		inet_ntop(AF_INET, v4, host, sizeof(host));
		snprintf(text, ADDR_TEXT_SIZE, "%s:%u", host, addr_port(addr));
		return;
	}
	inet_ntop(AF_INET6, &as_ipv6(addr)->sin6_addr, host, sizeof(host));
	/* An interface that has gone already has no name. */
	if (addr_is_link_local(addr) && if_indextoname(as_ipv6(addr)->sin6_scope_id, zone))
		snprintf(text, ADDR_TEXT_SIZE, "[%s%%%s]:%u", host, zone, addr_port(addr));
	else
		snprintf(text, ADDR_TEXT_SIZE, "[%s]:%u", host, addr_port(addr));
}

/*
 * The source of a peer, for the limits.  An IPv6 host usually owns its whole /64, so the
 * /64 counts as one source: a limit on single addresses would limit nothing.  But all
 * hosts on a link share the /64 of link-local addresses: there the other half counts.
 */
void addr_source(const struct sockaddr_storage *addr, struct addr_source *source)
{
	const uint8_t *v4 = ipv4_bytes(addr);

	memset(source, 0, sizeof(*source));
	if (v4) {
		source->kind = ADDR_IPV4;
		memcpy(source->bytes, v4, 4);
	} else if (addr_is_link_local(addr)) {
		source->kind = ADDR_LINK_LOCAL;
		memcpy(source->bytes, as_ipv6(addr)->sin6_addr.s6_addr + 8, 8);
	} else {
		source->kind = ADDR_IPV6;
		memcpy(source->bytes, as_ipv6(addr)->sin6_addr.s6_addr, 8);
	}
}

bool addr_is_link_local(const struct sockaddr_storage *addr)
{
	return addr->ss_family == AF_INET6 &&
	       IN6_IS_ADDR_LINKLOCAL(&as_ipv6(addr)->sin6_addr);
}

bool addr_is_any(const struct sockaddr_storage *addr)
{
	if (addr->ss_family == AF_INET)
		return as_ipv4(addr)->sin_addr.s_addr == htonl(INADDR_ANY);
	return IN6_IS_ADDR_UNSPECIFIED(&as_ipv6(addr)->sin6_addr);
}
