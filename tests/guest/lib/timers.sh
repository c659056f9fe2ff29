# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# Functions for tests of timers: an iSCSI target, a target whose backing does not finish, and
# a check how long a command took.

timers_iqn=iqn.2026-01.example:t1
timers_target=$cst/targets/iscsi/$timers_iqn

timing() {
	python3 tests/guest/timers/timing.py "$@"
}

timers_up() {
	make_device vdisk_nullio null size=16M
	make_target iscsi $timers_iqn
	make_lun iscsi/$timers_iqn 0 vdisk_nullio/null
	daemon_start
	put $timers_target/enabled 1
	wait_for 10 listens 3260
}

# Makes a target whose disk is a file on a file system.  frozen freezes the file system,
# thawed lets it go on; it is frozen at the start.
frozen_up() {
	truncate -s 64M "$TMP/fs.img"
	mkfs.ext4 -q "$TMP/fs.img"
	mkdir "$TMP/mnt"
	mount -o loop "$TMP/fs.img" "$TMP/mnt"
	make_device vdisk_fileio slow "filename=$TMP/mnt/slow.img" size=16M make_file=1
	make_target iscsi $timers_iqn
	make_lun iscsi/$timers_iqn 0 vdisk_fileio/slow
	set_all $timers_target/params NopInInterval=0
	daemon_start
	put $timers_target/enabled 1
	wait_for 10 listens 3260
	frozen
}

frozen() {
	fsfreeze -f "$TMP/mnt"
}

thawed() {
	fsfreeze -u "$TMP/mnt"
}

frozen_down() {
	wait_for 15 no_sessions iscsi/$timers_iqn
	put $timers_target/enabled 0
	put $cst/handlers/vdisk_fileio/slow/enabled 0
	umount "$TMP/mnt"
}

# took SECONDS COMMAND...: the command must take SECONDS, a second more or less; its output
# and its exit status do not matter
took() {
	local want=$1 begin=${EPOCHREALTIME/./} ms
	shift
	"$@" >"$TMP/took.out" 2>&1 || true
	ms=$(((${EPOCHREALTIME/./} - begin) / 1000))
	echo "$*: configured $want s, measured $ms ms"
	[ $ms -ge $((want * 1000 - 1000)) ] && [ $ms -le $((want * 1000 + 1000)) ] ||
		fail "$* took $ms ms, configured $want s: $(cat "$TMP/took.out")"
}
