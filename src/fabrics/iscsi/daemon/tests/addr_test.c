// SPDX-License-Identifier: GPL-2.0-only
/* addr.c: text to address and back, and which addresses count as one source. */
#include "../addr.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include "test.h"

TEST(addr, round_trip)
{
	static const char *const texts[] = {
		"192.0.2.1:3260", "0.0.0.0:1", "[2001:db8::1]:3260", "[::]:65535", "[::1]:860",
	};
	struct sockaddr_storage addr;
	char text[ADDR_TEXT_SIZE];
	socklen_t len;
	size_t i;

	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		CHECK(addr_parse(texts[i], &addr, &len));
		addr_format(&addr, text);
		CHECK_STR(text, texts[i]);
	}
}

TEST(addr, malformed)
{
	static const char *const texts[] = {
		"", ":", "192.0.2.1", "192.0.2.1:", "192.0.2.1:0", "192.0.2.1:65536",
		"192.0.2.1:03260", "192.0.2.1:http", ":3260", "[]:3260", "[::1:3260", "::1:3260",
		"2001:db8::1:3260", "[192.0.2.1:3260", "host.example:3260", "192.0.2.256:3260",
		"[gg::1]:3260", "192.0.2.1:3260 ",
		"[1111:1111:1111:1111:1111:1111:1111:1111:1111:1111:1111:1111:1111:1111:1111:1111]:1",
	};
	struct sockaddr_storage addr;
	socklen_t len;
	size_t i;

	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		test_check(!addr_parse(texts[i], &addr, &len), __FILE__, __LINE__,
			   "\"%s\" is taken for an address", texts[i]);
}

TEST(addr, mapped_ipv4_is_ipv4)
{
	struct addr_source a, b;
	struct sockaddr_storage mapped, plain;
	char text[ADDR_TEXT_SIZE];
	socklen_t len;

	CHECK(addr_parse("[::ffff:192.0.2.1]:3260", &mapped, &len));
	CHECK(addr_parse("192.0.2.1:99", &plain, &len));
	addr_format(&mapped, text);
	CHECK_STR(text, "192.0.2.1:3260");
	addr_source(&mapped, &a);
	addr_source(&plain, &b);
	CHECK(!memcmp(&a, &b, sizeof(a)));
	CHECK_EQ(a.kind, ADDR_IPV4);
}

TEST(addr, ipv6_network_is_one_source)
{
	struct sockaddr_storage one, two, other;
	struct addr_source a, b, c;
	socklen_t len;

	CHECK(addr_parse("[2001:db8:0:1::1]:1", &one, &len));
	CHECK(addr_parse("[2001:db8:0:1:ffff::2]:2", &two, &len));
	CHECK(addr_parse("[2001:db8:0:2::1]:1", &other, &len));
	addr_source(&one, &a);
	addr_source(&two, &b);
	addr_source(&other, &c);
	CHECK(!memcmp(&a, &b, sizeof(a)));
	CHECK(memcmp(&a, &c, sizeof(a)));
}

TEST(addr, zone)
{
	static const char *const bad[] = {
		"[2001:db8::1%lo]:1", "[fe80::1%]:1", "[fe80::1%a-name-too-long-for-it]:1",
		"192.0.2.1%lo:1", "[%lo]:1",
	};
	struct sockaddr_storage addr;
	char text[ADDR_TEXT_SIZE];
	socklen_t len;
	size_t i;

	CHECK(addr_parse("[fe80::1%lo]:3260", &addr, &len));
	CHECK(addr_find_zone("[fe80::1%lo]:3260", &addr));
	addr_format(&addr, text);
	CHECK_STR(text, "[fe80::1%lo]:3260");
	CHECK(addr_is_link_local(&addr));
	/*
	 * An address is accepted even if its interface is not there: it may still come.
	 */
	CHECK(addr_parse("[fe80::1%nothere]:3260", &addr, &len));
	CHECK(!addr_find_zone("[fe80::1%nothere]:3260", &addr));
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		test_check(!addr_parse(bad[i], &addr, &len), __FILE__, __LINE__,
			   "\"%s\" is taken for an address", bad[i]);
	CHECK(addr_parse("[2001:db8::1]:1", &addr, &len) && !addr_is_link_local(&addr));
	CHECK(addr_find_zone("[2001:db8::1]:1", &addr));
}

TEST(addr, link_local_hosts_are_many_sources)
{
	struct sockaddr_storage one, two, global;
	struct addr_source a, b, c;
	socklen_t len;

	CHECK(addr_parse("[fe80::2001:db8:0:1]:1", &one, &len));
	CHECK(addr_parse("[fe80::2001:db8:0:2]:1", &two, &len));
	CHECK(addr_parse("[2001:db8:0:1::9]:1", &global, &len));
	addr_source(&one, &a);
	addr_source(&two, &b);
	addr_source(&global, &c);
	CHECK(memcmp(&a, &b, sizeof(a)));
	CHECK(memcmp(&a, &c, sizeof(a)));
}

TEST(addr, any)
{
	struct sockaddr_storage addr;
	socklen_t len;

	CHECK(addr_parse("[::]:1", &addr, &len) && addr_is_any(&addr));
	CHECK(addr_parse("0.0.0.0:1", &addr, &len) && addr_is_any(&addr));
	CHECK(addr_parse("[::1]:1", &addr, &len) && !addr_is_any(&addr));
	CHECK(addr_parse("127.0.0.1:77", &addr, &len) && !addr_is_any(&addr));
	CHECK_EQ(addr_port(&addr), 77);
}
