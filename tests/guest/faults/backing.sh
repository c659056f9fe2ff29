# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# Block devices that fail on demand, and checks of the sense that initiators get.

sectors=131072			# the size of /dev/ram0: 64 MiB

# need_backing MODULE...: the modules must exist; they are loaded later, with parameters
need_backing() {
	local m
	need_cmd dmsetup || return
	for m in brd dm_mod "$@"; do
		modinfo "$m" >/dev/null 2>&1 || { echo "no module $m"; return 1; }
	done
}

# Removes what a failed test leaves: users of the devices, the devices, and what is below them.
backing_clear() {
	[ -z "${fio_pid:-}" ] || kill "$fio_pid" 2>/dev/null || :
	initiator_cleanup || :
	cst_teardown || :
	backing_gone
}

backing_gone() {
	local rc=0
	umount_below "$TMP" || rc=1
	[ ! -e /sys/module/dm_mod ] || dmsetup remove_all || rc=1
	[ ! -e /sys/module/brd ] || (wait_for 10 rmmod brd) || rc=1
	[ ! -e /sys/module/scsi_debug ] || (scsi_debug_unload) || rc=1
	return $rc
}

backing_up() {
	backing_gone
	trap backing_clear EXIT
	modprobe brd rd_nr=1 rd_size=$((sectors / 2))
	modprobe dm_mod
}

# Makes a SCSI disk of 32 MiB and sets $scsi_disk to its name.  At the end of the test,
# scsi_debug_unload.
scsi_disk_up() {
	backing_gone
	trap backing_clear EXIT
	modprobe scsi_debug dev_size_mb=32 delay=0 opts=0
	scsi_disk=$(host_disk "$(scsi_hosts scsi_debug)" 0)
}

# backing_down NAME: removes the device mapper's device and the RAM disk below it.
backing_down() {
	dmsetup remove --retry "$1"
	wait_for 10 rmmod brd
}

# dm_load NAME TABLE: makes a device of the device mapper, or replaces its table under I/O
dm_load() {
	if dmsetup info "$1" >/dev/null 2>&1; then
		dmsetup load "$1" --table "$2"
		dmsetup resume --noflush "$1"
	else
		dmsetup create "$1" --table "$2"
	fi
}

# dm_path NAME: prints the node of a device; without udev there is no /dev/mapper/NAME
dm_path() {
	echo "/dev/dm-$(dmsetup info -c --noheadings -o minor "$1")"
}

table_whole() {
	echo "0 $sectors linear /dev/ram0 0"
}

# table_hole SECTOR COUNT: prints a table in which every access to these sectors fails
table_hole() {
	printf '%s\n' "0 $1 linear /dev/ram0 0" "$1 $2 error" \
		"$(($1 + $2)) $((sectors - $1 - $2)) linear /dev/ram0 $(($1 + $2))"
}

sgio() {
	python3 "$here/lib/sgio.py" "$@"
}

# sense_is WANT DISK COMMAND...: checks the answer to a command of sgio.py; WANT is a shell
# pattern
sense_is() {
	local want=$1 got
	shift
	got=$(sgio "$@")
	# shellcheck disable=SC2053 # a pattern, on purpose
	[[ $got == $want ]] || fail "the answer to '$*' is '$got', expected '$want'"
}
