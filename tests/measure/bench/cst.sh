# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# Rows of the benchmark for cst, made with the functions of tests/guest/lib.

cst_iqn=iqn.2026-01.example:bench-cst

cst_device() {
	modprobe cst_vdisk || return 1
	case $1 in
	nullio) make_device vdisk_nullio bench "size=$((disk_mib << 20))" ;;
	fileio) make_device vdisk_fileio bench "filename=$backing" ;;
	blockio) nullblk_up && make_device vdisk_blockio bench filename=/dev/nullb0 ;;
	esac
}

cst_loop_up() {
	modprobe cst_loop && cst_device "$1" || return 1
	make_target loop bench
	make_lun loop/bench 0 "vdisk_$1/bench"
	put $cst/targets/loop/bench/enabled 1
	mkdir $cst/targets/loop/bench/sessions/ini || return 1
	disk=$(loop_disk 0)
}

cst_loop_down() {
	rmdir $cst/targets/loop/bench/sessions/ini && cst_teardown && nullblk_down
}

cst_iscsi_up() {
	modprobe cst_iscsi && cst_device "$1" || return 1
	daemon_start
	make_target iscsi $cst_iqn
	make_lun iscsi/$cst_iqn 0 "vdisk_$1/bench"
	put $cst/targets/iscsi/$cst_iqn/enabled 1
	wait_for 10 listens 3260
	iscsi_login $cst_iqn
	disk=$(iscsi_disk $cst_iqn 0)
}

cst_iscsi_down() {
	iscsi_logout $cst_iqn
	iscsi_forget $cst_iqn
	cst_teardown && daemon_stop && nullblk_down
}
