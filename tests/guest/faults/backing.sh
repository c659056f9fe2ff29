# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# Block devices that fail on demand, and the sense that initiators get to see.

sectors=131072			# of /dev/ram0: 64 MiB

# need_backing MODULE...: they exist; loaded with their parameters later
need_backing() {
	local m
	need_cmd dmsetup || return
	for m in brd dm_mod "$@"; do
		modinfo "$m" >/dev/null 2>&1 || { echo "no module $m"; return 1; }
	done
}

# What a test leaves that fails: users of our devices, our devices, what is below them.
backing_clear() {
	[ -z "${fio_pid:-}" ] || kill "$fio_pid" 2>/dev/null || :
	initiator_cleanup || :
	cst_teardown || :
	backing_gone
}

backing_gone() {
	local m rc=0
	umount_below "$TMP" || rc=1
	[ ! -e /sys/module/dm_mod ] || dmsetup remove_all || rc=1
	for m in brd scsi_debug; do
		[ ! -e /sys/module/$m ] || (wait_for 10 rmmod $m) || rc=1
	done
	return $rc
}

backing_up() {
	backing_gone
	trap backing_clear EXIT
	modprobe brd rd_nr=1 rd_size=$((sectors / 2))
	modprobe dm_mod
}

# A SCSI disk of 32 MiB; its name is in $scsi_disk.  After it, wait_for 10 rmmod scsi_debug.
scsi_disk_up() {
	backing_gone
	trap backing_clear EXIT
	modprobe scsi_debug dev_size_mb=32 delay=0 opts=0
	scsi_disk=$(host_disk "$(scsi_hosts scsi_debug)" 0)
}

# The device mapper's device and the memory behind it; whole again at once.
backing_down() {
	dmsetup remove --retry "$1"
	wait_for 10 rmmod brd
}

# dm_load NAME TABLE: makes it, or replaces its table under I/O
dm_load() {
	if dmsetup info "$1" >/dev/null 2>&1; then
		dmsetup load "$1" --table "$2"
		dmsetup resume --noflush "$1"
	else
		dmsetup create "$1" --table "$2"
	fi
}

# dm_path NAME: without udev there is no /dev/mapper/NAME
dm_path() {
	echo "/dev/dm-$(dmsetup info -c --noheadings -o minor "$1")"
}

table_whole() {
	echo "0 $sectors linear /dev/ram0 0"
}

# table_hole SECTOR COUNT: every access to these fails
table_hole() {
	printf '%s\n' "0 $1 linear /dev/ram0 0" "$1 $2 error" \
		"$(($1 + $2)) $((sectors - $1 - $2)) linear /dev/ram0 $(($1 + $2))"
}

sgio() {
	python3 "$here/lib/sgio.py" "$@"
}

# sense_is WANT DISK COMMAND...: WANT is a shell pattern
sense_is() {
	local want=$1 got
	shift
	got=$(sgio "$@")
	# shellcheck disable=SC2053 # a pattern, on purpose
	[[ $got == $want ]] || fail "the answer to '$*' is '$got', expected '$want'"
}
