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

backing_up() {
	# What a test that failed has left.
	if lsmod | grep -q '^brd '; then
		dmsetup remove_all
		rmmod brd
	fi
	modprobe brd rd_nr=1 rd_size=$((sectors / 2))
	modprobe dm_mod
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
