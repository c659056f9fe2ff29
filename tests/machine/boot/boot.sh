# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# Functions for the cases of tests/machine/boot.  $kept is a folder that stays from boot to boot.

kept=/var/lib/cst-boot
data=/srv/data			# the file system on the second disk, in fstab with nofail
iqn=iqn.2026-01.example:boot

# tell_host WORDS: sends a request (plug, unplug) to tests/machine/boot/run
tell_host() {
	echo "host: $*" >/dev/ttyS1
}

unit_is() {
	[ "$(systemctl show -P ActiveState "$1")" = "$2" ]
}

# journal [-1]: prints the journal of this boot, or of the boot before
journal() {
	journalctl --no-pager -o short-monotonic -b "$@"
}

# ids HANDLER/DEVICE: prints the identifiers of a device
ids() {
	cat "$cst/handlers/$1"/{t10_dev_id,usn,naa_id}
}

# line_of LOG PATTERN: prints the number of the first line that matches; nothing if none does
line_of() {
	grep -nE -m 1 "$2" <<<"$1" | cut -d: -f1 || true
}

# went_down MOUNT...: the boot before must have taken the targets down before it unmounted any
# of these mounts
went_down() {
	local log mount unit down gone
	log=$(journal -1) || fail "no journal of the boot before"
	log=$(sed -n '/systemd-logind.*The system will power off now/,$p' <<<"$log")
	printf '%s\n' "$log" | grep -vE ' kernel: ' | tail -n 120
	! grep -E "Failed unmounting|Failed to unmount|target is busy|Mount process exited.*$data" <<<"$log" ||
		fail "something stayed mounted"
	! grep -E "cst-(down|clear).service: .*(Failed|exited|timed out)" <<<"$log" || fail "the take-down failed"
	down=$(line_of "$log" 'systemd\[1\]: Stopped cst-down.service')
	[ -n "$down" ] || fail "cst-down.service did not stop"
	for mount; do
		unit=$(systemd-escape -p --suffix=mount "$mount")
		gone=$(line_of "$log" "systemd\[1\]: (Unmounting )?$unit( |:)")
		[ -n "$gone" ] || fail "$mount was not unmounted"
		[ "$gone" -gt "$down" ] || fail "$mount went before the targets"
	done
}

# lun_sg LUN: prints the SCSI generic node of a LUN of the loop session; there may be no disk
lun_sg() {
	wait_for 20 lun_sg_now "$1"
	lun_sg_now "$1"
}

lun_sg_now() {
	local node
	for node in /sys/devices/cst_loop/host*/target*/*:"$1"/scsi_generic/*; do
		[ -d "$node" ] && echo "/dev/${node##*/}" && return
	done
	return 1
}
