# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# A target is attacked while another session, which must not notice, works.
#
# The well-behaved session is open-iscsi's, in an initiator group of its own.  Its LUN 0
# is a disk that fio writes and verifies all the time.  Its LUN 1 is the victim disk.
# Attackers match no group, and find the victim disk at their LUN 0.
#
#   hostile_up [PARAMETER=VALUE...]
#   attack SCRIPT [ARGUMENT...]    tests/guest/hostile/SCRIPT; any number of times
#   hostile_down
#
# attack() checks after each attack that the well-behaved session and the daemon still work.
# hostile_down unloads the modules, which shows that nothing refers to them any more, and
# compares memory with that before hostile_up.

hostile_iqn=iqn.2026-01.example:t1
hostile_target=$cst/targets/iscsi/$hostile_iqn

# A kernel with checkers is slow: attacks have fewer rounds and longer time limits.
if grep -q ' kasan_report$' /proc/kallsyms 2>/dev/null; then
	export CST_SLOW=${CST_SLOW:-8}
fi
export CST_SLOW=${CST_SLOW:-1}
# On a slow kernel the well-behaved session is limited, to leave CPU time to the attackers.
hostile_load=()
[ "$CST_SLOW" = 1 ] || hostile_load=(--rate_iops=$((400 / CST_SLOW)))

hostile_requires() {
	need_module cst_vdisk cst_iscsi iscsi_tcp && need_cmd cst-iscsid fio python3 "$@"
}

# meminfo FIELD: prints a field of /proc/meminfo, in KiB
meminfo() {
	awk -v f="$1:" '$1 == f { print $2 }' /proc/meminfo
}

memory_settle() {
	sync
	echo 3 >/proc/sys/vm/drop_caches
	echo 3 >/proc/sys/vm/drop_caches
}

# memory_back: whether the modules have given their memory back.  The limit allows for the
# noise of page caches and per-CPU lists.
memory_back() {
	local slab
	memory_settle
	slab=$(($(meminfo SUnreclaim) - hostile_slab))
	echo "unreclaimable slab: $slab KiB more than before" >&2
	[ $slab -lt $((8192 * CST_SLOW)) ]
}

good_session() {
	local d
	for d in "$hostile_target/sessions/$hostile_name"*/; do
		cat "$d/tsih"
	done
}

# Whether the well-behaved session is the only one left.
only_good() {
	[ "$(find "$hostile_target/sessions" -mindepth 1 -maxdepth 1 -type d | wc -l)" = 1 ]
}

good_went_on() {
	[ "$(ios "$hostile_disk")" -gt $(($1 + 50)) ]
}

hostile_up() {
	memory_settle
	hostile_slab=$(meminfo SUnreclaim)
	hostile_name=$(sed -n 's/^InitiatorName=//p' /etc/iscsi/initiatorname.iscsi)
	modprobe -a cst_vdisk cst_iscsi
	make_fileio good 32M
	make_fileio victim 32M
	make_target iscsi $hostile_iqn
	[ $# = 0 ] || set_all "$hostile_target/params" "$@"
	make_ini_group iscsi/$hostile_iqn good "$hostile_name"
	make_lun iscsi/$hostile_iqn/ini_groups/good 0 vdisk_fileio/good
	make_lun iscsi/$hostile_iqn/ini_groups/good 1 vdisk_fileio/victim
	make_lun iscsi/$hostile_iqn 0 vdisk_fileio/victim
	daemon_start
	put "$hostile_target/enabled" 1
	wait_for 10 listens 3260
	iscsi_login $hostile_iqn
	hostile_disk=$(iscsi_disk $hostile_iqn 0)
	hostile_tsih=$(good_session)
	fio_load_verified "$hostile_disk" --iodepth=8 --size=8m "${hostile_load[@]}"
}

attack() {
	local script=$1 before
	shift
	before=$(ios "$hostile_disk")
	python3 "tests/guest/hostile/$script" "$@" ||
		{ tail -n 20 "$TMP/cst-iscsid.log" >&2; fail "$script $*"; }
	wait_for $((40 * CST_SLOW)) only_good
	equal "$(good_session)" "$hostile_tsih" "TSIH of the other session"
	wait_for $((20 * CST_SLOW)) good_went_on "$before"
	! process_gone "$fio_pid" || { cat "$TMP/load.log"; fail "the other session's load has ended"; }
	! process_gone "$(daemon_pid)" || fail "cst-iscsid has ended"
}

hostile_down() {
	fio_load_stop
	iscsi_logout $hostile_iqn
	wait_for 15 no_sessions iscsi/$hostile_iqn
	iscsi_forget $hostile_iqn
	daemon_stop
	cst_teardown
	rm -f "$TMP"/*.img
	cst_unload
	wait_for $((10 * CST_SLOW)) memory_back
}
