// SPDX-License-Identifier: GPL-2.0-only
/*
 * Times WRITE(16) and COMPARE AND WRITE of 4 KiB, one command at a time, by SG_IO: fio has no
 * COMPARE AND WRITE.  Each command finds what the one before has written.
 *
 * Usage: compare_write DISK COUNT		the disk has blocks of 512 bytes
 *
 * Prints the commands per second of each.
 */
#include <fcntl.h>
#include <scsi/sg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>

#define BYTES	4096
#define BLOCKS	(BYTES / 512)

static unsigned char data[2 * BYTES] __attribute__((aligned(4096)));

static void command(int fd, unsigned char opcode, unsigned int len)
{
	/* WRITE(16) has the number of blocks in bytes 10 to 13, COMPARE AND WRITE in byte 13 */
	unsigned char cdb[16] = { [0] = opcode, [13] = BLOCKS }, sense[32];
	sg_io_hdr_t io = {
		.interface_id = 'S', .dxfer_direction = SG_DXFER_TO_DEV,
		.cmd_len = sizeof(cdb), .cmdp = cdb, .mx_sb_len = sizeof(sense), .sbp = sense,
		.dxferp = data, .dxfer_len = len, .timeout = 20000,
	};

	if (ioctl(fd, SG_IO, &io) || (io.info & SG_INFO_OK_MASK) != SG_INFO_OK) {
		fprintf(stderr, "opcode %02xh: status %02xh, sense key %xh\n", opcode, io.status,
			io.sb_len_wr > 2 ? sense[2] & 0xf : 0);
		exit(1);
	}
}

static double per_second(int fd, unsigned char opcode, unsigned int len, int count)
{
	struct timespec begin, end;
	int i;

	for (i = -100; i < count; i++) {
		if (!i)
			clock_gettime(CLOCK_MONOTONIC, &begin);
		command(fd, opcode, len);
	}
	clock_gettime(CLOCK_MONOTONIC, &end);
	return count / (end.tv_sec - begin.tv_sec + (end.tv_nsec - begin.tv_nsec) / 1e9);
}

int main(int argc, char **argv)
{
	int fd = argc == 3 ? open(argv[1], O_RDWR) : -1;
	int count = argc == 3 ? atoi(argv[2]) : 0;

	if (fd < 0 || count < 1)
		return 2;
	memset(data, 0xa5, sizeof(data));
	printf("write %.3f\n", per_second(fd, 0x8a, BYTES, count));
	printf("compare %.3f\n", per_second(fd, 0x89, 2 * BYTES, count));
	return 0;
}
