// SPDX-License-Identifier: GPL-2.0-only
/*
 * Surface "wire": PDUs on a session that is logged in, which the modules handle.
 *
 * After each input an immediate NOP-Out is sent; its answer shows that everything
 * before it was processed.  A connection that the target has closed, as it should
 * after many inputs, is made anew.  A target that does not accept a login any more, or
 * does not answer the first NOP-Out of a session, is broken.
 */
#include <string.h>
#include <unistd.h>

#include "fuzz.h"

#define MARK		0xfedc0000u	/* the tags of these NOP-Outs */
#define SESSION_INPUTS	256		/* then a new session, without old state */

static int fd = -1;
static uint32_t cmdsn, maxcmdsn, itt, ttt, mark, inputs;

static void drop(void)
{
	if (fd >= 0)
		close(fd);
	fd = -1;
}

/* 1: the NOP-In with our tag has come, 0: not in time, -1: the connection was closed. */
static int answers(uint32_t until, int ms)
{
	uint8_t bhs[BHS];
	int ret;

	for (;;) {
		ret = pdu_read(fd, bhs, ms);
		if (ret <= 0)
			return ret;
		maxcmdsn = get32(bhs + 32);
		if ((bhs[0] & 0x3f) == 0x31) {
			ttt = get32(bhs + 20);
			if (until == NONE)
				return 1;
		}
		if (until != NONE && (bhs[0] & 0x3f) == 0x20 && get32(bhs + 16) == until)
			return 1;
	}
}

static int settled(int ms)
{
	uint8_t nop[BHS] = { 0x40, 0x80 };

	put32(nop + 16, MARK | (++mark & 0xffff));
	put32(nop + 20, NONE);
	put32(nop + 24, cmdsn);
	if (!tcp_write(fd, nop, sizeof(nop)))
		return -1;
	return answers(MARK | (mark & 0xffff), ms);
}

static bool up(void)
{
	int tries;

	/* Try again: the target may take a moment to replace the old session. */
	for (tries = 0; fd < 0 && tries < 3; tries++) {
		fd = login("iqn.2026-01.example:fuzz", &cmdsn);
		inputs = 0;
		if (fd >= 0 && settled(5000) != 1)
			drop();
	}
	return fd >= 0;
}

static bool transmit(const struct record *r)
{
	uint8_t pdu[RECORD_MAX + BHS + 4];
	size_t len = r->len;
	uint8_t opcode;

	memcpy(pdu, r->data, len);
	if (r->flags & FIX_LENGTH)
		len = pdu_fix_length(pdu, len);
	if (len >= BHS) {
		opcode = pdu[0] & 0x3f;
		if (r->flags & FIX_CMDSN) {
			put32(pdu + 24, cmdsn);
			if (!(pdu[0] & 0x40) && opcode != 5 && opcode != 0x10)
				cmdsn++;
		}
		if (r->flags & FIX_ITT)
			put32(pdu + 16, opcode == 5 ? itt : ++itt);
		if (r->flags & FIX_TTT) {
			answers(NONE, 20);
			put32(pdu + 20, ttt);
		}
	}
	sent++;
	return tcp_write(fd, pdu, len);
}

static enum outcome wire_run(const struct input *in)
{
	unsigned int i;
	int ret;

	/* With a closed command window the target would ignore all commands. */
	if (fd >= 0 && (++inputs > SESSION_INPUTS || (int32_t)(maxcmdsn - cmdsn) < RECORDS_MAX))
		drop();
	if (fd < 0 && !up())
		return BROKEN;
	for (i = 0; i < in->count; i++)
		if (!transmit(&in->rec[i])) {
			drop();
			return RAN;
		}
	ret = settled(50);
	if (ret < 1)
		drop();
	return ret ? RAN : STALLED;
}

static bool wire_alive(void)
{
	drop();
	return up();
}

const struct surface wire_surface = {
	.name = "wire",
	.pdus = true,
	.map = "/sys/kernel/debug/cst_fuzz/map",
	.run = wire_run,
	.alive = wire_alive,
};
