// SPDX-License-Identifier: GPL-2.0-only
/* text.c: the format of key=value text, numbers, lists, names, and the bounds. */
#include "../text.h"

#include <stdlib.h>

#include "test.h"

/* Parses @bytes.  A copy of the exact size lets the sanitizer see any overrun. */
static int parse(const char *bytes, size_t len, char *joined, size_t size)
{
	struct text_in in = { .buf = malloc(len ? len : 1), .len = len, .cap = len };
	struct text_pair pair;
	size_t pos = 0, used = 0;
	int ret;

	memcpy(in.buf, bytes, len);
	joined[0] = '\0';
	while ((ret = text_next(&in, &pos, &pair)) > 0) {
		if (used + pair.key_len + pair.value_len + 3 > size)
			break;
		memcpy(joined + used, pair.key, pair.key_len);
		used += pair.key_len;
		joined[used++] = '=';
		memcpy(joined + used, pair.value, pair.value_len);
		used += pair.value_len;
		joined[used++] = ';';
		joined[used] = '\0';
	}
	text_in_free(&in);
	return ret;
}

#define PARSE(literal, joined) parse(literal, sizeof(literal) - 1, joined, sizeof(joined))

TEST(text, pairs)
{
	char joined[256];

	CHECK_EQ(PARSE("", joined), 0);
	CHECK_STR(joined, "");
	CHECK_EQ(PARSE("A=b\0C=d\0", joined), 0);
	CHECK_STR(joined, "A=b;C=d;");
	CHECK_EQ(PARSE("\0\0A=b\0\0\0C=d\0\0", joined), 0);
	CHECK_STR(joined, "A=b;C=d;");
	CHECK_EQ(PARSE("\0\0\0\0", joined), 0);
	CHECK_STR(joined, "");
	CHECK_EQ(PARSE("A=\0", joined), 0);
	CHECK_STR(joined, "A=;");
	CHECK_EQ(PARSE("A=b=c\0", joined), 0);
	CHECK_STR(joined, "A=b=c;");
	CHECK_EQ(PARSE("X#Y.z-1+2@3_4=v\0iSCSIProtocolLevel=1\0", joined), 0);
	CHECK_STR(joined, "X#Y.z-1+2@3_4=v;iSCSIProtocolLevel=1;");
}

TEST(text, malformed)
{
	char joined[256];

	CHECK_EQ(PARSE("A=b", joined), -1);
	CHECK_EQ(PARSE("A=b\0C=d", joined), -1);
	CHECK_STR(joined, "A=b;");
	CHECK_EQ(PARSE("A\0", joined), -1);
	CHECK_EQ(PARSE("=b\0", joined), -1);
	CHECK_EQ(PARSE("=\0", joined), -1);
	CHECK_EQ(PARSE("1A=b\0", joined), -1);
	CHECK_EQ(PARSE("A B=c\0", joined), -1);
	CHECK_EQ(PARSE("A\n=c\0", joined), -1);
	CHECK_EQ(PARSE("A\x80=c\0", joined), -1);
	CHECK_EQ(PARSE("A", joined), -1);
}

TEST(text, key_length)
{
	char text[TEXT_KEY_MAX + 8], joined[256];

	memset(text, 'K', sizeof(text));
	memcpy(text + TEXT_KEY_MAX, "=v", 3);
	CHECK_EQ(parse(text, TEXT_KEY_MAX + 3, joined, sizeof(joined)), 0);
	memset(text, 'K', sizeof(text));
	memcpy(text + TEXT_KEY_MAX + 1, "=v", 3);
	CHECK_EQ(parse(text, TEXT_KEY_MAX + 4, joined, sizeof(joined)), -1);
}

TEST(text, input_is_bounded)
{
	struct text_in in = { 0 };

	CHECK(text_in_reserve(&in, TEXT_IN_MAX));
	in.len = TEXT_IN_MAX;
	CHECK(!text_in_reserve(&in, 1));
	CHECK(text_in_reserve(&in, 0));
	in.len = TEXT_IN_MAX - 5;
	CHECK(text_in_reserve(&in, 5));
	CHECK(!text_in_reserve(&in, 6));
	in.len = 0;
	CHECK(!text_in_reserve(&in, TEXT_IN_MAX + 1));
	CHECK(!text_in_reserve(&in, (size_t)-1));
	text_in_free(&in);
}

TEST(text, input_has_room_for_padding)
{
	struct text_in in = { 0 };
	size_t len;

	for (len = 1; len < 64; len++) {
		in.len = 0;
		memset(text_in_reserve(&in, len), 0, (len + 3) / 4 * 4);
		in.len = len;
		memset(text_in_reserve(&in, len), 0, (len + 3) / 4 * 4);
		text_in_free(&in);
	}
}

TEST(text, output_is_bounded)
{
	char *buf = malloc(8);
	struct text_out out = { .buf = buf, .size = 8 };

	text_put(&out, "Ab", "cdef");
	CHECK_EQ(out.len, 8);
	CHECK(!out.overflow);
	CHECK(!memcmp(buf, "Ab=cdef", 8));
	text_put(&out, "A", "");
	CHECK(out.overflow);
	CHECK_EQ(out.len, 8);

	out = (struct text_out){ .buf = buf, .size = 8 };
	text_put(&out, "Ab", "cdefg");
	CHECK(out.overflow);
	CHECK_EQ(out.len, 0);
	/* After an overflow nothing more is added: the text must not have a gap. */
	text_put(&out, "A", "b");
	CHECK_EQ(out.len, 0);
	free(buf);
}

TEST(text, numbers)
{
	static const struct {
		const char *text;
		bool ok;
		uint32_t value;
	} cases[] = {
		{ "0", true, 0 }, { "1", true, 1 }, { "262144", true, 262144 },
		{ "4294967295", true, 4294967295u }, { "4294967296", false, 0 },
		{ "99999999999999999999999999", false, 0 },
		{ "0x10", true, 16 }, { "0X1aF", true, 0x1af }, { "0x0", true, 0 },
		{ "0xffffffff", true, 0xffffffffu }, { "0x100000000", false, 0 },
		{ "", false, 0 }, { "0x", false, 0 }, { "-1", false, 0 }, { "+1", false, 0 },
		{ " 1", false, 0 }, { "1 ", false, 0 }, { "010", false, 0 },
		{ "1.5", false, 0 }, { "12a", false, 0 }, { "0x1g", false, 0 },
		{ "1~2", false, 0 }, { "Yes", false, 0 },
	};
	uint32_t value;
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		bool ok = text_number(cases[i].text, &value);

		test_check(ok == cases[i].ok && (!ok || value == cases[i].value),
			   __FILE__, __LINE__, "number \"%s\"", cases[i].text);
	}
}

TEST(text, booleans)
{
	bool yes;

	CHECK(text_boolean("Yes", &yes) && yes);
	CHECK(text_boolean("No", &yes) && !yes);
	CHECK(!text_boolean("yes", &yes));
	CHECK(!text_boolean("YES", &yes));
	CHECK(!text_boolean("", &yes));
	CHECK(!text_boolean("Yes,No", &yes));
	CHECK(!text_boolean("1", &yes));
}

TEST(text, lists)
{
	const char *list = "a,,bc", *item;
	size_t len;

	CHECK(text_list_next(&list, &item, &len) && text_item_is(item, len, "a"));
	CHECK(text_list_next(&list, &item, &len) && text_item_is(item, len, ""));
	CHECK(text_list_next(&list, &item, &len) && text_item_is(item, len, "bc"));
	CHECK(!text_list_next(&list, &item, &len));
	/* A prefix is no match, in either direction. */
	CHECK(!text_item_is("CRC32CX", 7, "CRC32C"));
	CHECK(!text_item_is("CRC", 3, "CRC32C"));
}

TEST(text, names)
{
	char name[TEXT_NAME_SIZE], longest[TEXT_NAME_MAX + 2];

	CHECK(text_iscsi_name("iqn.2026-01.example:disk-1.a", name));
	CHECK_STR(name, "iqn.2026-01.example:disk-1.a");
	CHECK(text_iscsi_name("IQN.2026-01.Example:Disk", name));
	CHECK_STR(name, "iqn.2026-01.example:disk");
	CHECK(text_iscsi_name("iqn.2026-01.example:gr\xc3\xb6\xc3\x9f" "e", name));
	CHECK_STR(name, "iqn.2026-01.example:gr\xc3\xb6\xc3\x9f" "e");
	CHECK(!text_iscsi_name("", name));
	CHECK(!text_iscsi_name("iqn.a b", name));
	CHECK(!text_iscsi_name("iqn.a/b", name));
	CHECK(!text_iscsi_name("iqn.a_b", name));
	CHECK(!text_iscsi_name("iqn.a\n", name));
	CHECK(!text_iscsi_name("iqn.a%n", name));
	memset(longest, 'a', sizeof(longest));
	longest[TEXT_NAME_MAX] = '\0';
	CHECK(text_iscsi_name(longest, name));
	CHECK_EQ(strlen(name), TEXT_NAME_MAX);
	longest[TEXT_NAME_MAX] = 'a';
	longest[TEXT_NAME_MAX + 1] = '\0';
	CHECK(!text_iscsi_name(longest, name));
}
