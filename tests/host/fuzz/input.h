/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The input of a fuzzer as a stream of choices; after its end the stream is zeros.
 */
#ifndef CST_FUZZ_INPUT_H
#define CST_FUZZ_INPUT_H

#include <stddef.h>
#include <stdint.h>

static const uint8_t *in;
static size_t in_left;

/* The next @n bytes, at most four, as a number. */
static inline uint32_t take(unsigned int n)
{
	uint32_t v = 0;

	while (n--) {
		v = v << 8 | (in_left ? *in : 0);
		if (in_left) {
			in++;
			in_left--;
		}
	}
	return v;
}

#endif
