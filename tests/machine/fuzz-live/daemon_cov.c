// SPDX-License-Identifier: GPL-2.0-only
/*
 * Records the coverage of cst-iscsid for the live fuzzer.  The daemon is compiled with
 * -fsanitize-coverage=trace-pc and linked with this file, which has the function that the
 * compiler calls at each basic block.  The function writes to the file that CST_FUZZ_MAP
 * names; cov/map.h describes the layout.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "cov/map.h"

void __sanitizer_cov_trace_pc(void);

static uint8_t cov_nowhere[FUZZ_MAP];
static uint8_t *cov_map = cov_nowhere;
static uintptr_t cov_last;

static uint32_t cov_hash(uintptr_t value, int bits)
{
	return (uint32_t)((uint64_t)value * 0x61c8864680b583ebULL >> (64 - bits));
}

void __sanitizer_cov_trace_pc(void)
{
	uintptr_t pc = (uintptr_t)__builtin_return_address(0);
	uint8_t *count = &cov_map[cov_hash(pc ^ cov_last << 1, FUZZ_EDGE_BITS)];

	cov_last = pc;
	if (*count != UINT8_MAX)
		++*count;
	cov_map[FUZZ_EDGES + cov_hash(pc, FUZZ_BLOCK_BITS)] = 1;
}

static void __attribute__((constructor)) cov_open(void)
{
	const char *path = getenv("CST_FUZZ_MAP");
	int fd = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
	void *map;

	if (fd < 0)
		return;
	map = mmap(NULL, FUZZ_MAP, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	if (map != MAP_FAILED)
		cov_map = map;
}
