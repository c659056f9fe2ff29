# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# File systems on the disk: ext4 and XFS, each made, mounted and filled.  stress-ng's
# filesystem stressors run on it with verification, for a number of operations.  Files of
# fio are read back after an unmount, and fsck must find nothing.  An item is FS.stressor,
# or FS.fio and FS.fsck.

# Pairs of a stressor's name and its number of operations, which take some seconds.  The
# stressors are those of stress-ng's class "filesystem" that reach the disk and do not only
# test the refusals of one system call.
stressors="
access 50 chattr 10 chown 50 dentry 1024 dir 512 dirdeep 256
fallocate 8 fcntl 500 fiemap 200 filename 50 flock 500 fstat 100 getdent 100
hdd 256 io 20 iomix 60 lease 50 locka 500 mknod 5 open 200 readahead 200
rename 500 revio 256 seek 500 sync-file 20 utime 500 xattr 1"

suite_filesystems() {
	local fs
	disk=$(unit_disk "$1" "$2" main)
	mnt=$TMP/mnt
	mkdir -p "$mnt"
	for fs in ext4 xfs; do
		filesystem $fs
	done
}

filesystem() {
	local fs=$1 args=() rc=0
	log=out/filesystems-$target-$fabric-$fs.log
	{
		case $fs in
		ext4) mkfs.ext4 -q -F "$disk" ;;
		xfs) mkfs.xfs -q -f "$disk" ;;
		esac && mount "$disk" "$mnt"
	} >"$log" 2>&1 || { result $fs.mkfs fail "$(tail -n 1 "$log")"; return; }
	result $fs.mkfs pass

	fio_file --rw=randwrite --do_verify=0 || result $fs.fio-write fail "$(tail -n 1 "$TMP/fio.log")"
	# shellcheck disable=SC2086 # pairs of words
	set -- $stressors
	while [ $# -gt 0 ]; do
		args+=("--$1" 1 "--$1-ops" "$2")
		shift 2
	done
	stress-ng --verify --temp-path "$mnt" --hdd-bytes 16m --fallocate-bytes 4m --sync-file-bytes 8m --readahead-bytes 8m \
		--iomix-bytes 8m --revio-bytes 8m --seek-punch --timeout 120 --metrics-brief "${args[@]}" >>"$log" 2>&1 || rc=$?
	stress_results $rc
	umount "$mnt"
	mount "$disk" "$mnt"
	if fio_file --rw=randread --verify_only; then
		result $fs.fio pass
	else
		result $fs.fio fail "$(tail -n 1 "$TMP/fio.log")"
	fi
	umount "$mnt"
	case $fs in
	ext4) fsck.ext4 -f -n "$disk" ;;
	xfs) xfs_repair -n "$disk" ;;
	esac >>"$log" 2>&1 && result $fs.fsck pass || result $fs.fsck fail "$(tail -n 1 "$log")"
}

fio_file() {
	fio --name=file --directory="$mnt" --direct=1 --ioengine=libaio --bs=8k --iodepth=8 --size=24m \
		--verify=crc32c --verify_fatal=1 --randseed=3 --output="$TMP/fio.log" "$@" 2>>"$log"
}

# stress_results STATUS: records a result for each stressor.  A stressor that ran has a line of
# figures in the log; one that failed, or that could not run, has a message there.
stress_results() {
	local name words
	# shellcheck disable=SC2086 # pairs of words
	set -- "$1" $stressors
	[ "$1" = 0 ] || result $fs.stress-ng fail "status $1: $(tail -n 1 "$log")"
	shift
	while [ $# -gt 0 ]; do
		name=$1
		shift 2
		if words=$(grep -m 1 -E "fail: +\[[0-9]+\] $name:" "$log"); then
			result "$fs.$name" fail "$words"
		elif words=$(grep -m 1 -E "\] $name: .*skipping stressor" "$log"); then
			result "$fs.$name" skip "$words"
		elif awk -v name="$name" '$4 == name && $5 > 0 { ran = 1 } END { exit !ran }' "$log"; then
			result "$fs.$name" pass
		else
			result "$fs.$name" fail "it did not run"
		fi
	done
}
