// SPDX-License-Identifier: GPL-2.0-only
/*
 * The format of the store's records, and the names of their files.
 *
 * store.c calls in.  Pure: also compiled in user space.
 *
 * A file has a header of 24 bytes, all of them big-endian, and the contents behind it:
 *	0  8 bytes "cst-rec\n"
 *	8  version of this format, 1
 *	10 version of the contents
 *	12 number of bytes of the contents
 *	16 zero
 *	20 CRC32C of bytes 0 to 19 and of the contents
 */
#include <linux/crc32c.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/string.h>
#include <linux/unaligned.h>

#include "store.h"

#define CST_RECORD_MAGIC	"cst-rec\n"
#define CST_RECORD_FORMAT	1

static bool cst_record_is_plain(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '-' || c == '_';
}

int cst_record_name(char file[CST_STORE_NAME], const char *name)
{
	static const char hex[] = "0123456789ABCDEF";
	char *to = file, *end = file + CST_STORE_NAME;

	for (; *name; name++) {
		if (end - to < 4)
			return -ENAMETOOLONG;
		if (cst_record_is_plain(*name)) {
			*to++ = *name;
			continue;
		}
		*to++ = '%';
		*to++ = hex[(u8)*name >> 4];
		*to++ = hex[(u8)*name & 15];
	}
	*to = '\0';
	return to == file ? -EINVAL : 0;
}

static u32 cst_record_sum(const u8 *header, const void *data, u32 len)
{
	return ~crc32c(crc32c(~0U, header, 20), data, len);
}

void cst_record_pack(u8 *header, u16 version, const void *data, u32 len)
{
	memset(header, 0, CST_STORE_HEADER);
	memcpy(header, CST_RECORD_MAGIC, 8);
	put_unaligned_be16(CST_RECORD_FORMAT, header + 8);
	put_unaligned_be16(version, header + 10);
	put_unaligned_be32(len, header + 12);
	put_unaligned_be32(cst_record_sum(header, data, len), header + 20);
}

int cst_record_unpack(const u8 *header, u64 bytes, u16 version)
{
	u32 len;

	if (bytes < CST_STORE_HEADER || memcmp(header, CST_RECORD_MAGIC, 8))
		return -EBADMSG;
	if (get_unaligned_be16(header + 8) > CST_RECORD_FORMAT ||
	    get_unaligned_be16(header + 10) > version)
		return -EPROTONOSUPPORT;
	len = get_unaligned_be32(header + 12);
	if (len > CST_STORE_MAX || bytes != CST_STORE_HEADER + (u64)len)
		return -EBADMSG;
	return len;
}

bool cst_record_is_whole(const u8 *header, const void *data, u32 len)
{
	return get_unaligned_be32(header + 20) == cst_record_sum(header, data, len);
}
