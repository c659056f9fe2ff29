# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# Functions for the initiator's side: open-iscsi, SCSI devices, fio; and for cst-iscsid.

systemd_runs() {
	[ -d /run/systemd/system ]
}

listens() {
	[ -n "$(ss -Hltn "sport = :${1:-3260}")" ]
}

# daemon_start [OPTION...]: starts cst-iscsid in the background, and does not wait for it.
# cst-iscsid listens once a target is enabled (wait_for 10 listens).
daemon_start() {
	cst-iscsid "$@" >>"${TMP:-/tmp}/cst-iscsid.log" 2>&1 &
	echo $! >/run/cst-iscsid.test.pid
}

daemon_pid() {
	cat /run/cst-iscsid.test.pid 2>/dev/null
}

daemon_stop() {
	local pid
	pid=$(daemon_pid)
	rm -f /run/cst-iscsid.test.pid
	if [ -n "$pid" ] && [ -d "/proc/$pid" ]; then
		kill "${1:--TERM}" "$pid"
		wait_for 10 process_gone "$pid"
	fi
}

process_gone() {
	[ ! -d "/proc/$1" ] || grep -q '^State:.*Z' "/proc/$1/status"
}

# Starts open-iscsi's daemon; under systemd its socket starts it.
initiator_start() {
	modprobe -q iscsi_tcp || fail "no iscsi_tcp"
	systemd_runs && return 0
	if ! pidof iscsid >/dev/null; then
		mkdir -p /run/lock/iscsi
		setsid iscsid -f >/tmp/iscsid.log 2>&1 &
		wait_for 10 grep -q ISCSIADM_ABSTRACT_NAMESPACE /proc/net/unix
	fi
}

# iscsi_discover [PORTAL]: prints "portal,tpgt iqn" lines
iscsi_discover() {
	initiator_start
	iscsiadm -m discovery -t sendtargets -p "${1:-127.0.0.1:3260}"
}

# iscsi_login IQN [PORTAL] [KEY=VALUE...]: logs in to the target with a new session; the keys
# are open-iscsi's, as node.session.iscsi.InitialR2T=No
iscsi_login() {
	local iqn=$1 portal=127.0.0.1:3260 kv
	shift
	case ${1:-} in
	*=* | "") ;;
	*) portal=$1; shift ;;
	esac
	initiator_start
	# A discovery may have made the record already.
	iscsiadm -m node -T "$iqn" -p "$portal" >/dev/null 2>&1 ||
		iscsiadm -m node -T "$iqn" -p "$portal" -o new >/dev/null
	# When the target goes away, I/O must fail soon and not block the test.
	for kv in node.session.timeo.replacement_timeout=5 node.startup=manual "$@"; do
		iscsiadm -m node -T "$iqn" -p "$portal" -o update -n "${kv%%=*}" -v "${kv#*=}"
	done
	iscsiadm -m node -T "$iqn" -p "$portal" --login >/dev/null
}

# Prevents a warning of the kernel (6.1 at least).  The initiator removes a SCSI target in a
# workqueue that is for memory reclaim.  There it waits for work of runtime power management
# in a workqueue that is not for reclaim; when that work is slow, the kernel warns.  A device
# that may not go idle queues no such work.
iscsi_stay_awake() {
	local f
	for f in /sys/class/iscsi_session/session*/device/target*/power/control; do
		[ ! -e "$f" ] || echo on >"$f" 2>/dev/null || true
	done
}

iscsi_logout() {
	iscsi_stay_awake
	iscsiadm -m node -T "$1" --logout >/dev/null
}

iscsi_forget() {
	iscsiadm -m node -T "$1" -o delete >/dev/null
}

# iscsi_session IQN: prints the newest session's folder in /sys/class/iscsi_session
iscsi_session() {
	local s found=
	for s in $(ls -dv /sys/class/iscsi_session/session* 2>/dev/null); do
		[ "$(cat "$s/targetname" 2>/dev/null)" != "$1" ] || found=$s
	done
	[ -n "$found" ] && echo "$found"
}

# iscsi_peer IQN: prints address and port of the initiator's connection, as the target has it
iscsi_peer() {
	cat "$cst/targets/iscsi/$1"/sessions/*/connections/*/initiator_address 2>/dev/null
}

# iscsi_peer_is_new IQN PEER: whether the initiator is logged in again, with another
# connection than PEER, and PEER is gone
iscsi_peer_is_new() {
	local now
	now=$(iscsi_peer "$1") && [ -n "$now" ] && ! grep -qxF "$2" <<<"$now"
}

# no_sessions TARGET: whether configfs has no session of this target any more
no_sessions() {
	[ -z "$(find "$cst/targets/$1/sessions" -mindepth 1 -maxdepth 1 -type d)" ]
}

# block_of SCSI-DEVICE-FOLDER: prints the name of the device's disk node, as /dev/sda
block_of() {
	local b
	for b in "$1"/block/*; do
		disk_is_added "/dev/${b##*/}" && echo "/dev/${b##*/}" && return
	done
	return 1
}

# disk_is_added NODE: whether the kernel has added the disk.  Its node is there a little
# earlier; until then it answers to open with ENXIO.
disk_is_added() {
	local err
	[ -b "$1" ] || return 1
	err=$({ : <"$1"; } 2>&1) || [[ $err != *"No such device or address"* ]]
}

iscsi_disk_now() {
	local s d
	s=$(iscsi_session "$1") || return 1
	for d in "$s"/device/target*/*:"$2"; do
		[ -d "$d" ] && block_of "$d" && return
	done
	return 1
}

# iscsi_disk IQN LUN: waits for the disk and prints /dev/sdX
iscsi_disk() {
	wait_for 15 iscsi_disk_now "$1" "$2"
	iscsi_disk_now "$1" "$2"
}

# scsi_hosts PROC_NAME: prints the SCSI hosts of a driver, oldest first
scsi_hosts() {
	local h
	for h in $(ls -dv /sys/class/scsi_host/host* 2>/dev/null); do
		[ "$(cat "$h/proc_name" 2>/dev/null)" != "$1" ] || echo "${h##*/}"
	done
}

# scsi_debug_unload: removes scsi_debug's host and the module.  Linux frees its targets in an
# async function, for which unloading the module does not wait (seen on 7.2: a warning about
# their folders in debugfs, and the guest stops).
scsi_debug_unload() {
	wait_for 10 scsi_debug_unused
	echo -1 >/sys/bus/pseudo/drivers/scsi_debug/add_host
	wait_for 10 scsi_debug_has_no_target
	wait_for 10 rmmod scsi_debug
}

scsi_debug_unused() {
	[ "$(cat /sys/module/scsi_debug/refcnt)" = 0 ]
}

scsi_debug_has_no_target() {
	# The folder of the target that was looked for behind the last one stays.
	! ls -d /sys/kernel/debug/scsi_debug/target*:0:0 >/dev/null 2>&1
}

host_disk_now() {
	local d
	for d in /sys/class/scsi_host/"$1"/device/target*/*:"$2"; do
		[ -d "$d" ] && block_of "$d" && return
	done
	return 1
}

# host_disk HOST LUN: waits for a disk of HOST, as host3, and prints /dev/sdX
host_disk() {
	wait_for 15 host_disk_now "$1" "$2"
	host_disk_now "$1" "$2"
}

# loop_disk [N] LUN: waits for the disk of the Nth (last) loop session and prints /dev/sdX
loop_disk() {
	local host
	[ $# -gt 1 ] || set -- '$' "$1"
	wait_for 10 scsi_hosts_found cst_loop
	host=$(scsi_hosts cst_loop | sed -n "$1p")
	host_disk "$host" "$2"
}

scsi_hosts_found() {
	[ -n "$(scsi_hosts "$1")" ]
}

# fio_verify DEVICE [FIO-OPTION...]: writes, reads back and compares.  The size is scaled;
# it needs a suffix k or m, to stay a multiple of the block size.
fio_verify() {
	local dev=$1 arg args=()
	shift
	for arg in --size=16m "$@"; do
		case $arg in
		--size=*) arg=--size=$(scaled "${arg#--size=}") ;;
		esac
		args+=("$arg")
	done
	set -- "${args[@]}"
	fio --name=verify --filename="$dev" --direct=1 --ioengine=libaio --rw=randwrite \
		--verify=crc32c --verify_fatal=1 --do_verify=1 --bs=4k --iodepth=16 \
		--randseed=1 --output="$TMP/fio.log" "$@" || {
		cat "$TMP/fio.log" >&2
		fail "fio verification on $dev"
	}
}

initiator_cleanup() {
	if [ -n "$(ls /sys/class/iscsi_session 2>/dev/null)" ]; then
		iscsi_stay_awake
		timeout 30 iscsiadm -m node -u >/dev/null 2>&1 ||
			timeout 30 iscsiadm -m session -u >/dev/null 2>&1
	fi
	[ -z "$(ls /sys/class/iscsi_session 2>/dev/null)" ] ||
		{ echo "an iSCSI session does not go"; return 1; }
	rm -rf /etc/iscsi/nodes/* /etc/iscsi/send_targets/* \
		/var/lib/iscsi/nodes/* /var/lib/iscsi/send_targets/*
}
