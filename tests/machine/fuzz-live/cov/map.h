/* SPDX-License-Identifier: GPL-2.0-only */
/* The map that cst_fuzz_cov and daemon_cov write and the fuzzer reads. */
#ifndef FUZZ_MAP_H
#define FUZZ_MAP_H

#define FUZZ_EDGE_BITS	16
#define FUZZ_BLOCK_BITS	18
#define FUZZ_EDGES	(1 << FUZZ_EDGE_BITS)
#define FUZZ_BLOCKS	(1 << FUZZ_BLOCK_BITS)
#define FUZZ_MAP	(FUZZ_EDGES + FUZZ_BLOCKS)

#endif /* FUZZ_MAP_H */
