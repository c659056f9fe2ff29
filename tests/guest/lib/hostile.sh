# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# A target under attack beside a session that must not notice.
#
# The well-behaved session is open-iscsi's, in an initiator group of its own: LUN 0
# is a disk that fio writes and verifies all the time, LUN 1 the disk that
# attackers, whom no group matches, find at their LUN 0.
#
#   hostile_up [PARAMETER=VALUE...]
#   attack SCRIPT [ARGUMENT...]    tests/guest/hostile/SCRIPT; any number of times
#   hostile_down
#
# What each attack must leave behind is in attack(); hostile_down unloads the
# modules, so that nothing is left that refers to them, and compares memory.

hostile_iqn=iqn.2026-01.example:t1
hostile_target=$cst/targets/iscsi/$hostile_iqn

# A kernel with checkers is slow: fewer rounds, more patience.
if grep -q ' kasan_report$' /proc/kallsyms 2>/dev/null; then
	export CST_SLOW=${CST_SLOW:-8}
fi
export CST_SLOW=${CST_SLOW:-1}
# There the well-behaved session leaves the CPUs to the attackers.
hostile_load=()
[ "$CST_SLOW" = 1 ] || hostile_load=(--rate_iops=$((400 / CST_SLOW)))

hostile_requires() {
	need_module cst_vdisk cst_iscsi iscsi_tcp && need_cmd cst-iscsid fio python3 "$@"
}

# meminfo FIELD: KiB
meminfo() {
	awk -v f="$1:" '$1 == f { print $2 }' /proc/meminfo
}

memory_settle() {
	sync
	echo 3 >/proc/sys/vm/drop_caches
	echo 3 >/proc/sys/vm/drop_caches
}

# memory_back: what the modules took has been given back, but for the page caches'
# and per-CPU lists' noise
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

# Nobody but the well-behaved session is left.
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
