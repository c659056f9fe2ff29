# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# Functions for a test that runs over every fabric: a target, an initiator and its disks.

# fabrics: prints the fabrics whose modules exist
fabrics() {
	echo loop
	! modinfo cst_iscsi >/dev/null 2>&1 || ! modinfo iscsi_tcp >/dev/null 2>&1 || echo iscsi
}

# fabric_target FABRIC: prints the path below targets/ of the fabric's target
fabric_target() {
	case $1 in
	loop) echo loop/t1 ;;
	iscsi) echo iscsi/iqn.2026-01.example:t1 ;;
	esac
}

# fabric_up FABRIC: makes the fabric's target, not enabled; add LUNs, then fabric_login
fabric_up() {
	local target
	target=$(fabric_target "$1")
	modprobe "cst_$1"
	make_target "${target%%/*}" "${target#*/}"
	[ "$1" != iscsi ] || daemon_start
}

# fabric_login FABRIC: enables the target and logs in
fabric_login() {
	local target
	target=$(fabric_target "$1")
	put "$cst/targets/$target/enabled" 1
	case $1 in
	loop)
		mkdir "$cst/targets/$target/sessions/host1"
		;;
	iscsi)
		wait_for 10 listens 3260
		iscsi_login "${target#*/}"
		;;
	esac
}

# fabric_disk FABRIC LUN: waits for the disk and prints /dev/sdX
fabric_disk() {
	local target
	target=$(fabric_target "$1")
	case $1 in
	loop) loop_disk "$2" ;;
	iscsi) iscsi_disk "${target#*/}" "$2" ;;
	esac
}

# fabric_rescan FABRIC: scans for LUNs, as an administrator does after a change; loop notices
# a change itself
fabric_rescan() {
	local target
	target=$(fabric_target "$1")
	[ "$1" != iscsi ] || iscsiadm -m node -T "${target#*/}" -R >/dev/null
}

fabric_logout() {
	local target
	target=$(fabric_target "$1")
	case $1 in
	loop)
		rmdir "$cst/targets/$target/sessions/host1"
		wait_for 15 no_hosts
		;;
	iscsi)
		iscsi_logout "${target#*/}"
		wait_for 15 no_sessions "$target"
		;;
	esac
}

no_hosts() {
	[ -z "$(scsi_hosts cst_loop)" ]
}

# fabric_down FABRIC: the opposite of fabric_up, after fabric_logout
fabric_down() {
	[ "$1" != iscsi ] || { iscsi_forget "$(basename "$(fabric_target iscsi)")"; daemon_stop; }
	cst_teardown
}

# ios DEVICE: prints the number of reads and writes that have ended since the disk was made
ios() {
	awk '{ print $1 + $5 }' "/sys/block/${1##*/}/stat"
}

# fio_load DEVICE [FIO-OPTION...]: starts random reads and writes in the background, until
# fio_load_stop.  fio's errors and its end show what the initiator saw.  fio opens the disk
# again and again, and must not make a file of the same name when the disk is gone.
fio_load() {
	local dev=$1 before
	shift
	before=$(ios "$dev")
	fio --name=load --filename="$dev" --direct=1 --ioengine=libaio --rw=randrw --bs=4k \
		--iodepth=16 --time_based --runtime=36000 --size=16m --randseed=2 \
		--allow_file_create=0 --output="$TMP/load.log" "$@" &
	fio_pid=$!
	fio_load_reaches "$dev" $((before + 200))
}

# fio_load_verified DEVICE [FIO-OPTION...]: as fio_load, with writes only, which fio reads
# back and compares soon after
fio_load_verified() {
	fio_load "$1" --rw=randwrite --verify=crc32c --verify_fatal=1 --verify_backlog=64 "${@:2}"
}

# fio_load_goes_on DEVICE: waits until the load has done more I/O than was under way
fio_load_goes_on() {
	fio_load_reaches "$1" $(($(ios "$1") + 50))
}

fio_load_reaches() {
	wait_for 60 load_reached "$@"
	! process_gone "$fio_pid" || { cat "$TMP/load.log"; fail "the load has ended"; }
}

load_reached() {
	process_gone "$fio_pid" || [ "$(ios "$1")" -ge "$2" ]
}

# fio_load_fails TEXT: the load must end by itself, with an error that matches TEXT
fio_load_fails() {
	wait_for 60 process_gone "$fio_pid"
	! wait "$fio_pid" || fail "the load went on without an error"
	grep -qE "$1" "$TMP/load.log" || { cat "$TMP/load.log"; fail "the load did not end with '$1'"; }
}

fio_load_stop() {
	kill "$fio_pid"
	wait "$fio_pid" || true
	! grep -qE 'err= *[1-9]' "$TMP/load.log" || { cat "$TMP/load.log"; fail "the load saw an error"; }
}

# sessions_idle: whether no session has a command under way
sessions_idle() {
	local f
	for f in "$cst"/targets/*/*/sessions/*/active_commands; do
		[ ! -e "$f" ] || [ "$(cat "$f")" = 0 ] || return 1
	done
}
