// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sense data for any reason and detail, written to a buffer of any size; and the small
 * parsers of names: patterns of initiator groups, NAA and EUI-64 identifiers,
 * LUNs.  Nothing is written or read out of bounds, and the results are consistent.
 */
#include "core.h"
#include "emu.h"
#include "identity.h"

#define MUST(cond)	do { if (!(cond)) abort(); } while (0)

static void sense(const u8 *data, size_t size)
{
	struct cst_sense_detail detail = {};
	unsigned int room, len;
	bool desc;
	u8 *buf;

	if (size < 4 + sizeof(detail))
		return;
	desc = data[0] & 1;
	memcpy(&detail, data + 4, sizeof(detail));
	/* A bool may only hold 0 or 1. */
	detail.info_valid = data[0] >> 1 & 1;
	detail.field_valid = data[0] >> 2 & 1;
	detail.field_in_cdb = data[0] >> 3 & 1;
	detail.bit_valid = data[0] >> 4 & 1;
	detail.progress_valid = data[0] >> 5 & 1;
	detail.deferred = data[0] >> 6 & 1;
	/* A buffer of any size: sense that does not fit is cut off. */
	room = data[3] % 40;
	buf = malloc(room);
	len = cst_sense_build(buf, room, desc, data[3] >> 3,
			      (__force cst_sense_t)(data[1] << 8 | data[2]), &detail);
	MUST(len <= room && len <= CST_SENSE_DESC_SIZE);
	if (room >= CST_SENSE_DESC_SIZE)
		MUST(len == buf[7] + 8u);
	if (len)
		MUST((buf[0] & 0x7f) == (desc ? 0x72 : 0x70) + detail.deferred);
	free(buf);
	MUST(strcmp(cst_sense_name(cst_sense_from_errno(-(int)data[1], data[2] & 1)), "?"));
}

/* Copy a text to memory of exactly its size, so that the sanitizer notices a byte too far. */
static char *text(const u8 *data, size_t size)
{
	char *s = malloc(size + 1);

	memcpy(s, data, size);
	s[size] = '\0';
	return s;
}

static void names(const u8 *data, size_t size)
{
	size_t cut = size ? data[0] % size : 0;
	u8 naa[CST_NAA_SIZE], len = 0;
	char *a, *b, *lower;
	size_t i;

	if (!size)
		return;
	data++;
	size--;
	cut = cut > size ? size : cut;
	a = text(data, cut);
	b = text(data + cut, size - cut);
	lower = text(data + cut, size - cut);
	for (i = 0; lower[i]; i++)
		lower[i] = tolower((u8)lower[i]);
	MUST(cst_pattern_match(a, b) == cst_pattern_match(a, lower));
	MUST(cst_pattern_match("*", b));
	if (!strpbrk(b, "*?!"))
		MUST(cst_pattern_match(b, b));
	memset(naa, 0xa5, sizeof(naa));
	if (!cst_naa_parse(a, naa, &len))
		MUST(len == strlen(a) / 2 && naa[sizeof(naa) - 1] == (len == 16 ?
			naa[sizeof(naa) - 1] : 0xa5));
	free(lower);
	free(b);
	free(a);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);
int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	u32 lun;

	if (!size)
		return 0;
	if (data[0] & 0x80)
		names(data + 1, size - 1);
	else
		sense(data, size);
	if (size >= 8 && !cst_lun_decode(data, &lun))
		MUST(lun <= CST_MAX_LUN);
	return 0;
}
