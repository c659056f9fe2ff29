// SPDX-License-Identifier: GPL-2.0-only
/*
 * Surface "login": PDUs of login, discovery and text on new connections, which the
 * daemon reads, and connections that it hands to the kernel.  The coverage is the daemon's.
 *
 * A FIN tells the target that the input has ended.  The target has processed the input when
 * it closes the connection.
 */
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fuzz.h"

static enum outcome login_run(const struct input *in)
{
	uint8_t pdu[RECORD_MAX + BHS + 4], bhs[BHS];
	enum outcome outcome = RAN;
	unsigned int i;
	int fd, ret;

	fd = tcp_connect();
	if (fd < 0)
		return BROKEN;
	for (i = 0; i < in->count; i++) {
		const struct record *r = &in->rec[i];
		size_t len = r->len;

		memcpy(pdu, r->data, len);
		if (r->flags & FIX_LENGTH)
			len = pdu_fix_length(pdu, len);
		sent++;
		if (!tcp_write(fd, pdu, len))
			break;
		/* A login is a dialogue, but a target must also take requests that come at once. */
		if ((r->flags & FIX_ITT) && pdu_read(fd, bhs, 20) < 0)
			break;
	}
	shutdown(fd, SHUT_WR);
	do {
		ret = pdu_read(fd, bhs, 2000);
	} while (ret > 0);
	if (!ret)
		outcome = STALLED;
	close(fd);
	return outcome;
}

static bool login_alive(void)
{
	uint32_t cmdsn;
	int fd = login("iqn.2026-01.example:alive", &cmdsn);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

const struct surface login_surface = {
	.name = "login",
	.pdus = true,
	.map = "/dev/shm/cst-fuzz-map",
	.run = login_run,
	.alive = login_alive,
};
