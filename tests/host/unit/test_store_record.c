// SPDX-License-Identifier: GPL-2.0-only
/* store_record.c: names of files, and what is taken for a whole record. */
#include <linux/unaligned.h>

#include "emu.h"
#include "store.h"
#include "test.h"

static void names_are_safe(void)
{
	char file[CST_STORE_NAME], longest[65], twice[80];

	CHECK_EQ(cst_record_name(file, "aZ09-_"), 0);
	CHECK(!strcmp(file, "aZ09-_"));
	/* No name can leave the folder, or be that of a record that is set aside. */
	CHECK_EQ(cst_record_name(file, "../a b"), 0);
	CHECK(!strcmp(file, "%2E%2E%2Fa%20b"));
	CHECK_EQ(cst_record_name(file, "a.new"), 0);
	CHECK(!strcmp(file, "a%2Enew"));
	CHECK_EQ(cst_record_name(file, "%41"), 0);
	CHECK(!strcmp(file, "%2541"));
	CHECK_EQ(cst_record_name(file, "\xff"), 0);
	CHECK(!strcmp(file, "%FF"));
	CHECK_EQ(cst_record_name(file, ""), -EINVAL);
	/* The longest identifier of a device fits, also when every byte takes three. */
	memset(longest, '/', sizeof(longest));
	longest[64] = '\0';
	CHECK_EQ(cst_record_name(file, longest), 0);
	CHECK_EQ(strlen(file), 192);
	memset(twice, '/', sizeof(twice));
	twice[79] = '\0';
	CHECK_EQ(cst_record_name(file, twice), -ENAMETOOLONG);
}

static void the_format_is_fixed(void)
{
	u8 header[CST_STORE_HEADER];

	cst_record_pack(header, 0x0102, "123456789", 9);
	CHECK_BYTES(header, 'c', 's', 't', '-', 'r', 'e', 'c', '\n',
		    0, 1, 1, 2, 0, 0, 0, 9, 0, 0, 0, 0);
	CHECK_EQ(cst_record_unpack(header, sizeof(header) + 9, 0x0102), 9);
	CHECK(cst_record_is_whole(header, "123456789", 9));
	cst_record_pack(header, 1, NULL, 0);
	CHECK_EQ(cst_record_unpack(header, sizeof(header), 1), 0);
	CHECK(cst_record_is_whole(header, NULL, 0));
}

static void what_is_no_record(void)
{
	u8 header[CST_STORE_HEADER], data[40] = "what has been saved", copy[40];
	unsigned int bit;
	u64 bytes = sizeof(header) + sizeof(data);

	cst_record_pack(header, 3, data, sizeof(data));
	/* a newer one, an older one */
	CHECK_EQ(cst_record_unpack(header, bytes, 2), -EPROTONOSUPPORT);
	CHECK_EQ(cst_record_unpack(header, bytes, 4), sizeof(data));
	/* cut, and with something behind it */
	CHECK_EQ(cst_record_unpack(header, bytes - 1, 3), -EBADMSG);
	CHECK_EQ(cst_record_unpack(header, bytes + 1, 3), -EBADMSG);
	CHECK_EQ(cst_record_unpack(header, sizeof(header) - 1, 3), -EBADMSG);
	/* any bit that is wrong */
	for (bit = 0; bit < 8 * sizeof(data); bit++) {
		memcpy(copy, data, sizeof(copy));
		copy[bit / 8] ^= 1 << bit % 8;
		CHECK(!cst_record_is_whole(header, copy, sizeof(copy)));
	}
	for (bit = 0; bit < 8 * sizeof(header); bit++) {
		header[bit / 8] ^= 1 << bit % 8;
		CHECK(cst_record_unpack(header, bytes, 3) != sizeof(data) ||
		      !cst_record_is_whole(header, data, sizeof(data)));
		header[bit / 8] ^= 1 << bit % 8;
	}
	/* a length that is not to be believed */
	put_unaligned_be32(CST_STORE_MAX + 1, header + 12);
	CHECK_EQ(cst_record_unpack(header, sizeof(header) + CST_STORE_MAX + 1ULL, 3), -EBADMSG);
	put_unaligned_be32(~0U, header + 12);
	CHECK_EQ(cst_record_unpack(header, sizeof(header) + (u64)~0U, 3), -EBADMSG);
}

TEST_MAIN(T(names_are_safe), T(the_format_is_fixed), T(what_is_no_record))
