# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# The names of the benchmark's workloads.

# workload NAME: prints fio's options.  NAME is the kind, the block size and the queue depth:
# rr4k-q1 is a random read of 4 KiB at depth 1; s means sequential, mix means 70 % reads.
workload() {
	local kind=${1%%[0-9]*} size depth
	size=${1#"$kind"} depth=${1#*-q}
	size=${size%-q*}
	case $kind in
	rr) kind=randread ;;
	rw) kind=randwrite ;;
	mix) kind="randrw --rwmixread=70" ;;
	sr) kind="read" ;;
	sw) kind="write" ;;
	*) fail "unknown workload $1" ;;
	esac
	echo "--rw=$kind --bs=$size --iodepth=$depth"
}
