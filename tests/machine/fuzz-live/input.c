// SPDX-License-Identifier: GPL-2.0-only
/*
 * Inputs of the live fuzzer: their form in a file, and their mutation.  A file has for each
 * record its flags, its length in two bytes, little endian, and its bytes.
 */
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "fuzz.h"

size_t input_pack(const struct input *in, uint8_t *buf)
{
	uint8_t *p = buf;
	unsigned int i;

	for (i = 0; i < in->count; i++) {
		const struct record *r = &in->rec[i];

		*p++ = r->flags;
		*p++ = (uint8_t)r->len;
		*p++ = (uint8_t)(r->len >> 8);
		memcpy(p, r->data, r->len);
		p += r->len;
	}
	return (size_t)(p - buf);
}

bool input_unpack(struct input *in, const uint8_t *buf, size_t len)
{
	in->count = 0;
	while (len >= 3 && in->count < RECORDS_MAX) {
		struct record *r = &in->rec[in->count];

		r->flags = buf[0];
		r->len = (uint16_t)(buf[1] | buf[2] << 8);
		if (r->len > RECORD_MAX || r->len > len - 3)
			return false;
		memcpy(r->data, buf + 3, r->len);
		buf += 3 + r->len;
		len -= 3 + (size_t)r->len;
		in->count++;
	}
	return in->count > 0;
}

bool input_load(struct input *in, const char *path)
{
	static uint8_t buf[INPUT_PACKED_MAX];
	int fd = open(path, O_RDONLY);
	ssize_t n;

	if (fd < 0)
		return false;
	n = read(fd, buf, sizeof(buf));
	close(fd);
	return n > 0 && input_unpack(in, buf, (size_t)n);
}

/* Values at which the results of comparisons change, as numbers of 1, 2 and 4 bytes. */
static const uint32_t tipping[] = {
	0, 1, 2, 3, 4, 7, 8, 15, 16, 31, 32, 63, 64, 127, 128, 255, 256, 511, 512, 1023, 1024,
	4095, 4096, 8191, 8192, 32767, 32768, 65535, 65536, 262144, 0xffffff, 0x1000000,
	0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff,
};

static void put_be(uint8_t *p, unsigned int size, uint32_t v)
{
	while (size--) {
		p[size] = (uint8_t)v;
		v >>= 8;
	}
}

static uint32_t get_be(const uint8_t *p, unsigned int size)
{
	uint32_t v = 0;

	while (size--)
		v = v << 8 | *p++;
	return v;
}

/* Choose a place to mutate; most fields that matter are in the header. */
static unsigned int place(const struct record *r, bool pdus, unsigned int size)
{
	unsigned int end = r->len;

	if (pdus && end > BHS && below(4))
		end = BHS;
	return end > size ? below(end - size + 1) : 0;
}

static void mutate_number(struct record *r, bool pdus)
{
	static const uint8_t sizes[] = { 1, 2, 3, 4 };
	unsigned int size = sizes[below(4)], at;
	uint32_t v;

	if (r->len < size)
		return;
	at = place(r, pdus, size);
	v = get_be(r->data + at, size);
	switch (below(4)) {
	case 0:
		v = tipping[below(sizeof(tipping) / sizeof(*tipping))];
		break;
	case 1:
		v += 1 + below(16);
		break;
	case 2:
		v -= 1 + below(16);
		break;
	default:
		v = (uint32_t)rnd();
		break;
	}
	put_be(r->data + at, size, v);
}

static void mutate_chunk(struct record *r, const struct record *from, bool pdus)
{
	unsigned int n, at, src;

	if (!r->len || !from->len)
		return;
	n = 1 + below(r->len < from->len ? r->len : from->len);
	if (n > 64)
		n = 1 + below(64);
	/* Copy from the same offset of another PDU, or from anywhere. */
	at = place(r, pdus, n);
	src = below(2) && at + n <= from->len ? at : below(from->len - n + 1);
	memcpy(r->data + at, from->data + src, n);
}

static void mutate_length(struct record *r)
{
	unsigned int n = 1 + below(below(8) ? 64 : 1024);

	if (below(2)) {
		r->len = (uint16_t)(r->len > n ? r->len - n : 0);
		return;
	}
	while (n-- && r->len < RECORD_MAX) {
		r->data[r->len] = r->len ? r->data[below(r->len)] : (uint8_t)rnd();
		r->len++;
	}
}

static void mutate_order(struct input *in, const struct input *other)
{
	unsigned int at = below(in->count), i;
	struct record spare;

	switch (below(4)) {
	case 0:		/* remove a record */
		if (in->count == 1)
			return;
		in->count--;
		for (i = at; i < in->count; i++)
			in->rec[i] = in->rec[i + 1];
		return;
	case 1:		/* repeat a record */
		if (in->count < RECORDS_MAX)
			in->rec[in->count++] = in->rec[at];
		return;
	case 2:		/* add a record of another input */
		if (in->count < RECORDS_MAX)
			in->rec[in->count++] = other->rec[below(other->count)];
		return;
	default:
		i = below(in->count);
		spare = in->rec[at];
		in->rec[at] = in->rec[i];
		in->rec[i] = spare;
		return;
	}
}

static void mutate_record(struct record *r, bool pdus, const struct input *other)
{
	unsigned int at;

	switch (below(8)) {
	case 0:
	case 1:
	case 2:
		mutate_number(r, pdus);
		return;
	case 3:
	case 4:
		mutate_chunk(r, &other->rec[below(other->count)], pdus);
		return;
	case 5:
		mutate_length(r);
		return;
	case 6:
		if (!below(4))
			r->flags ^= (uint8_t)(1 << below(4));
		return;
	default:
		if (!r->len)
			return;
		at = place(r, pdus, 1);
		r->data[at] ^= (uint8_t)(1 << below(8));
		return;
	}
}

void input_mutate(struct input *in, bool pdus, const struct input *other)
{
	unsigned int rounds = 1 << below(5);

	while (rounds--) {
		if (!below(6))
			mutate_order(in, other);
		else
			mutate_record(&in->rec[below(in->count)], pdus, other);
	}
}
