// SPDX-License-Identifier: GPL-2.0-only
#include <cst/port.h>
#include <linux/string.h>
#include <linux/unaligned.h>

#include "test.h"

static struct cst_port iscsi(const char *name, bool has_isid)
{
	struct cst_port port = { .protocol_id = 0x5, .has_isid = has_isid,
				 .isid = { 0x40, 0x00, 0x01, 0x37, 0xab, 0x0c }, .tpgt = 1 };

	strscpy(port.name, name, sizeof(port.name));
	return port;
}

/* Build a TransportID on the heap, so that the sanitizer notices a write beyond its end. */
static u32 build(const struct cst_port *port, u8 **id)
{
	u8 buf[CST_TRANSPORT_ID_MAX];
	u32 len;

	memset(buf, 0xee, sizeof(buf));
	len = cst_transport_id_build(port, buf);
	*id = malloc(len);
	memcpy(*id, buf, len);
	return len;
}

static int parse(const void *id, u32 len, struct cst_port *port)
{
	u8 *copy = malloc(len ? len : 1);
	int ret;

	memcpy(copy, id, len);
	ret = cst_transport_id_parse(copy, len, port);
	free(copy);
	return ret;
}

static void an_iscsi_initiator_port(void)
{
	struct cst_port port = iscsi("iqn.2026-01.example:i", true), back;
	u8 *id;

	CHECK_EQ(build(&port, &id), 4 + 40);
	CHECK_BYTES(id, 0x45, 0x00, 0x00, 40,
		    'i', 'q', 'n', '.', '2', '0', '2', '6', '-', '0', '1', '.', 'e', 'x', 'a',
		    'm', 'p', 'l', 'e', ':', 'i', ',', 'i', ',', '0', 'x',
		    '4', '0', '0', '0', '0', '1', '3', '7', 'a', 'b', '0', 'c', 0, 0);
	CHECK_EQ(parse(id, 44, &back), 44);
	CHECK_STR(back.name, port.name);
	CHECK(back.has_isid && !memcmp(back.isid, port.isid, 6));
	CHECK(cst_port_is(&back, &port));
	free(id);
}

static void an_iscsi_initiator_is_all_of_its_ports(void)
{
	struct cst_port port = iscsi("iqn.2026-01.example:i", true);
	struct cst_port all = iscsi("IQN.2026-01.example:I", false), back;
	u8 *id;

	CHECK_EQ(build(&all, &id), 4 + 24);
	CHECK_BYTES(id, 0x05, 0x00, 0x00, 24, 'I', 'Q', 'N', '.');
	CHECK_BYTES(id + 24, 'I', 0, 0, 0);
	CHECK_EQ(parse(id, 28, &back), 28);
	CHECK(!back.has_isid);
	CHECK(cst_port_is(&back, &port));
	CHECK(!cst_port_is(&port, &back));
	free(id);

	/* ADDITIONAL LENGTH is 20 at least. */
	all = iscsi("eui.1", false);
	CHECK_EQ(build(&all, &id), 24);
	CHECK_BYTES(id, 0x05, 0, 0, 20, 'e', 'u', 'i', '.', '1', 0, 0, 0, 0, 0, 0, 0,
		    0, 0, 0, 0, 0, 0, 0, 0);
	free(id);
}

static void a_sas_port(void)
{
	struct cst_port port = { .protocol_id = 0x6, .address = 0x3123456789abcdefULL };
	struct cst_port back;
	u8 *id, d[CST_PORT_DESIGNATOR_MAX];
	char text[CST_PORT_TEXT_MAX];
	u32 i;

	CHECK_EQ(build(&port, &id), 24);
	CHECK_BYTES(id, 0x06, 0, 0, 0, 0x31, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef,
		    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
	CHECK_EQ(parse(id, 24, &back), 24);
	CHECK(cst_port_is(&back, &port));
	back.address++;
	CHECK(!cst_port_is(&back, &port));
	for (i = 0; i < 24; i++)
		CHECK_EQ(parse(id, i, &back), -EINVAL);
	id[0] = 0x46;
	CHECK_EQ(parse(id, 24, &back), -EINVAL);
	free(id);

	CHECK_EQ(cst_port_designator(&port, d), 12);
	CHECK_BYTES(d, 0x61, 0x93, 0, 8, 0x31, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef);
	cst_port_print(&port, text);
	CHECK_STR(text, "naa.3123456789abcdef");
}

static void an_iscsi_target_port(void)
{
	struct cst_port port = iscsi("iqn.2026-01.example:t1", false);
	u8 d[CST_PORT_DESIGNATOR_MAX];
	u8 *id;

	CHECK_EQ(cst_port_designator(&port, d), 36);
	CHECK_BYTES(d, 0x53, 0x98, 0x00, 32,
		    'i', 'q', 'n', '.', '2', '0', '2', '6', '-', '0', '1', '.',
		    'e', 'x', 'a', 'm', 'p', 'l', 'e', ':', 't', '1',
		    ',', 't', ',', '0', 'x', '0', '0', '0', '1', 0);
	memset(port.name, 'n', CST_NAME_MAX);
	port.tpgt = 0xffff;
	/* 223 + ",t,0xffff" + NUL = 233 */
	CHECK_EQ(cst_port_designator(&port, d), 4 + 236);
	CHECK_BYTES(d + 4 + 223, ',', 't', ',', '0', 'x', 'f', 'f', 'f', 'f', 0, 0, 0, 0);

	port.protocol_id = 0;
	CHECK_EQ(cst_port_designator(&port, d), 0);
	CHECK_EQ(build(&port, &id), 0);
	free(id);
}

static void the_text(void)
{
	struct cst_port port = iscsi("iqn.2026-01.example:i", true);
	char text[CST_PORT_TEXT_MAX];

	cst_port_print(&port, text);
	CHECK_STR(text, "iqn.2026-01.example:i,i,0x40000137ab0c");
	port.has_isid = false;
	cst_port_print(&port, text);
	CHECK_STR(text, "iqn.2026-01.example:i");
}

static void other_ports_are_others(void)
{
	struct cst_port a = iscsi("iqn.2026-01.example:i", true), b = a;

	CHECK(cst_port_is(&a, &b));
	b.isid[5]++;
	CHECK(!cst_port_is(&a, &b));
	b = iscsi("iqn.2026-01.example:j", true);
	CHECK(!cst_port_is(&a, &b));
	b = a;
	b.protocol_id = 0x6;
	CHECK(!cst_port_is(&a, &b));
}

/*
 * Parse a TransportID with @text, @size as its ADDITIONAL LENGTH, and @room bytes behind its
 * header.
 */
static int parse_text(u8 byte0, const char *text, u32 size, u32 room)
{
	static u8 id[70000];
	struct cst_port port;
	int ret;

	memset(id, 0, sizeof(id));
	id[0] = byte0;
	put_unaligned_be16(size, id + 2);
	memcpy(id + 4, text, strlen(text));
	ret = parse(id, 4 + room, &port);
	if (ret > 0 && (strlen(port.name) > CST_NAME_MAX || !port.name[0]))
		abort();
	return ret;
}

static void names_at_their_longest(void)
{
	struct cst_port port, back;
	u8 *id;

	memset(&port, 0, sizeof(port));
	port = iscsi("", true);
	memset(port.name, 'x', CST_NAME_MAX);
	CHECK_EQ(build(&port, &id), CST_TRANSPORT_ID_MAX);
	CHECK_EQ(parse(id, CST_TRANSPORT_ID_MAX, &back), CST_TRANSPORT_ID_MAX);
	CHECK(cst_port_is(&back, &port));
	/* The name is a byte longer, in a text of the same length. */
	memcpy(id + 4 + CST_NAME_MAX, "x,i,0x1", 8);
	memset(id + 4 + CST_NAME_MAX + 8, 0, 13);
	CHECK_EQ(parse(id, CST_TRANSPORT_ID_MAX, &back), -EINVAL);
	free(id);

	port.has_isid = false;
	CHECK_EQ(build(&port, &id), 4 + 224);
	CHECK_EQ(parse(id, 4 + 224, &back), 4 + 224);
	free(id);
}

static void whatever_an_initiator_sends(void)
{
	static const char *const bad_names[] = {
		"", "a,b", "a\x01", "a\x7f", "\x80", "a\xc3", "\xc0\x80", "\xe0\x80\x80",
		"\xed\xa0\x80", "\xf4\x90\x80\x80", "\xf8\x88\x80\x80", "\xc2\x85",
		"iqn.a,i,0x000000000001",
	};
	static const char *const bad_ports[] = {
		"", "a", ",", "i,0x1", ",i,0x1", "a,i,0x", "a,i,0x1234567890abc",
		"a,i,0xg", "a,i,0x-1", "a,t,0x1", "a,i,0X1", "a,i,1", "a,i,0x1 ", "a,b,i,0x1",
		"a,i,0x1,i,0x2", "\xff,i,0x1",
	};
	struct cst_port port;
	unsigned int i;
	u8 id[64] = { 0x05, 0, 0, 20, 'a' };

	/* Well formed; further TransportIDs may follow. */
	CHECK_EQ(parse_text(0x05, "iqn.a", 20, 20), 24);
	CHECK_EQ(parse_text(0x05, "iqn.a", 20, 400), 24);
	CHECK_EQ(parse_text(0x05, "iqn.\xc3\xa9\xe2\x82\xac\xf0\x9f\x92\xbe", 20, 20), 24);
	CHECK_EQ(parse_text(0x45, "iqn.a,i,0x1", 20, 20), 24);
	CHECK_EQ(parse_text(0x45, "iqn.a,i,0xABCDEF", 65532, 65532), 65536);

	for (i = 0; i < ARRAY_SIZE(bad_names); i++)
		if (parse_text(0x05, bad_names[i], 24, 24) != -EINVAL)
			test_say(__FILE__, __LINE__, "taken: name %u", i);
	for (i = 0; i < ARRAY_SIZE(bad_ports); i++)
		if (parse_text(0x45, bad_ports[i], 24, 24) != -EINVAL)
			test_say(__FILE__, __LINE__, "taken: port %u", i);

	/* lengths: too short, no multiple of four, more than there is, text without an end */
	CHECK_EQ(parse_text(0x05, "a", 16, 100), -EINVAL);
	CHECK_EQ(parse_text(0x05, "a", 21, 100), -EINVAL);
	CHECK_EQ(parse_text(0x05, "a", 24, 23), -EINVAL);
	CHECK_EQ(parse_text(0x05, "a", 65532, 100), -EINVAL);
	CHECK_EQ(parse_text(0x05, "aaaaaaaaaaaaaaaaaaaa", 20, 100), -EINVAL);
	/* reserved formats, unknown protocols */
	CHECK_EQ(parse_text(0x85, "a", 20, 20), -EINVAL);
	CHECK_EQ(parse_text(0xc5, "a", 20, 20), -EINVAL);
	for (i = 0; i < 16; i++)
		if (i != 5 && i != 6)
			CHECK_EQ(parse_text(i, "a", 20, 20), -EINVAL);
	/* a byte that is not 0 behind the end of the name */
	CHECK_EQ(parse(id, 24, &port), 24);
	id[23] = 'x';
	CHECK_EQ(parse(id, 24, &port), -EINVAL);
	id[23] = 0;
	/* a TransportID that is cut off, at any length */
	for (i = 0; i < 24; i++)
		CHECK_EQ(parse(id, i, &port), -EINVAL);
}

TEST_MAIN(T(an_iscsi_initiator_port), T(an_iscsi_initiator_is_all_of_its_ports),
	  T(a_sas_port), T(an_iscsi_target_port), T(the_text), T(other_ports_are_others),
	  T(names_at_their_longest), T(whatever_an_initiator_sends))
