// SPDX-License-Identifier: GPL-2.0-only
/*
 * Surface "scsi": commands through SG_IO to a disk of loop.
 *
 * A record is the direction (0 none, 1 out, 2 in; modulo 3), the length of
 * the CDB, the transfer length in three bytes, big endian, the CDB in 16 bytes,
 * and the data, which is repeated as often as needed.
 */
#include <errno.h>
#include <fcntl.h>
#include <scsi/sg.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "fuzz.h"

#define HEAD		5
#define CDB		16
#define TRANSFER_MAX	(256 * 1024)

static int fd = -1;
static uint8_t buf[TRANSFER_MAX];

static void scsi_open(void)
{
	fd = open(options.disk, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		die(options.disk);
}

static int command(int direction, const uint8_t *cdb, uint8_t cdb_len, unsigned int len)
{
	uint8_t sense[96];
	struct sg_io_hdr io = {
		.interface_id = 'S',
		.dxfer_direction = direction,
		.cmd_len = cdb_len,
		.mx_sb_len = sizeof(sense),
		.dxfer_len = len,
		.dxferp = buf,
		.cmdp = (uint8_t *)cdb,
		.sbp = sense,
		.timeout = 20000,
	};

	if (ioctl(fd, SG_IO, &io) < 0)
		return -errno;
	/* host_status 3 is DID_TIME_OUT: the command was not answered. */
	return io.host_status == 3 ? -ETIME : io.status;
}

static enum outcome scsi_run(const struct input *in)
{
	static const int directions[] = { SG_DXFER_NONE, SG_DXFER_TO_DEV, SG_DXFER_FROM_DEV };
	unsigned int i, at, n, len, data;

	for (i = 0; i < in->count; i++) {
		const struct record *r = &in->rec[i];
		uint8_t head[HEAD + CDB] = { 0 };

		memcpy(head, r->data, r->len < sizeof(head) ? r->len : sizeof(head));
		len = (unsigned int)(head[2] << 16 | head[3] << 8 | head[4]) % (TRANSFER_MAX + 1);
		data = r->len > sizeof(head) ? r->len - (unsigned int)sizeof(head) : 0;
		for (at = 0; at < len; at += n) {
			n = data && data < len - at ? data : len - at;
			if (data)
				memcpy(buf + at, r->data + sizeof(head), n);
			else
				memset(buf + at, 0, n);
		}
		sent++;
		if (command(directions[head[0] % 3], head + HEAD,
			    (uint8_t)(6 + head[1] % (CDB - 5)), len) == -ETIME)
			return BROKEN;
	}
	return RAN;
}

static bool scsi_alive(void)
{
	static const uint8_t inquiry[6] = { 0x12, 0, 0, 0, 96 };

	return command(SG_DXFER_FROM_DEV, inquiry, sizeof(inquiry), 96) == 0;
}

const struct surface scsi_surface = {
	.name = "scsi",
	.map = "/sys/kernel/debug/cst_fuzz/map",
	.open = scsi_open,
	.run = scsi_run,
	.alive = scsi_alive,
};
