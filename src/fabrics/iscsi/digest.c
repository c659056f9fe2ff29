// SPDX-License-Identifier: GPL-2.0-only
/*
 * CRC32C digests, RFC 7143 13.1, by the kernel's accelerated function.
 *
 * rx.c and tx.c call in, once for each byte.  Pure.
 */
#include <linux/crc32c.h>
#include <linux/unaligned.h>

#include "cit.h"

/* Go on with a digest that began with CIT_CRC_START. */
u32 cit_crc(u32 crc, const void *data, size_t len)
{
	return crc32c(crc, data, len);
}

/* Write a digest as it stands on the wire. */
void cit_crc_put(u32 crc, void *to)
{
	put_unaligned_le32(~crc, to);
}

bool cit_crc_matches(u32 crc, const void *from)
{
	return get_unaligned_le32(from) == (u32)~crc;
}
