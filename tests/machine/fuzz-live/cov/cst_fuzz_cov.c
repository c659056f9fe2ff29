// SPDX-License-Identifier: GPL-2.0-only
/*
 * Records the coverage of our modules for the live fuzzer, in every context.
 *
 * KCOV follows one task, but a target handles a PDU in softirqs and workers.  So for
 * fuzzing our modules are compiled with -fsanitize-coverage=trace-pc, and this module
 * has the function that the compiler calls at each basic block.  The kernel must be one
 * without KCOV, which has a function of the same name.  The function writes to one map,
 * debugfs cst_fuzz/map, which the fuzzer maps, clears and reads.
 *
 * The map has FUZZ_EDGES counters, one for each hash of a block and its predecessor
 * in the same context, then FUZZ_BLOCKS flags, one for each hash of a block.
 * Increments are not atomic: the guest has one CPU, and it does not matter when an
 * interrupt makes an increment get lost.
 */
#include <linux/debugfs.h>
#include <linux/hash.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/preempt.h>
#include <linux/sched.h>
#include <linux/vmalloc.h>

#include "map.h"

#define COV_CONTEXT_BITS	8

static u8 *cov_map;
static struct dentry *cov_dir;
/* The last block of each task, by the low bits of its PID, and the last block of interrupts. */
static unsigned long cov_last[(1 << COV_CONTEXT_BITS) + 1];

void __sanitizer_cov_trace_pc(void);

void notrace __sanitizer_cov_trace_pc(void)
{
	unsigned long pc = _RET_IP_;
	unsigned int context = 1 << COV_CONTEXT_BITS;
	u32 edge;

	if (in_task())
		context = current->pid & (context - 1);
	edge = hash_long(pc ^ (cov_last[context] << 1), FUZZ_EDGE_BITS);
	cov_last[context] = pc;
	if (cov_map[edge] != U8_MAX)
		cov_map[edge]++;
	cov_map[FUZZ_EDGES + hash_long(pc, FUZZ_BLOCK_BITS)] = 1;
}
EXPORT_SYMBOL_GPL(__sanitizer_cov_trace_pc);

static int cov_mmap(struct file *file, struct vm_area_struct *vma)
{
	return remap_vmalloc_range(vma, cov_map, vma->vm_pgoff);
}

static const struct file_operations cov_fops = {
	.owner = THIS_MODULE,
	.mmap = cov_mmap,
};

static int __init cov_init(void)
{
	cov_map = vmalloc_user(FUZZ_MAP);
	if (!cov_map)
		return -ENOMEM;
	cov_dir = debugfs_create_dir("cst_fuzz", NULL);
	debugfs_create_file_unsafe("map", 0600, cov_dir, NULL, &cov_fops);
	return 0;
}

/* This module is unloaded after the modules that call it. */
static void __exit cov_exit(void)
{
	debugfs_remove(cov_dir);
	vfree(cov_map);
}

module_init(cov_init);
module_exit(cov_exit);
MODULE_DESCRIPTION("coverage of cst's modules for its live fuzzer");
MODULE_LICENSE("GPL");
