# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# Rows of the benchmark that frame the others: null_blk is the block layer and
# fio alone, scsi_debug with fake I/O adds the initiator's SCSI stack (the floor
# of loop), nvmet over loop and TCP shows what a modern target costs, tgt what one
# in user space does.

nvmet=/sys/kernel/config/nvmet
nvme_nqn=nqn.2026-01.example:bench

# Without max_sectors it takes 127 KiB at once and splits what we measure.
nullblk_up() {
	modprobe null_blk nr_devices=1 gb=1 max_sectors=2048 && disk=/dev/nullb0
}

# Also for rows without it.
nullblk_down() {
	[ ! -d /sys/module/null_blk ] || rmmod null_blk
}

null_blk_none_up() {
	nullblk_up
}

null_blk_none_down() {
	nullblk_down
}

scsi_debug_loop_up() {
	modprobe scsi_debug fake_rw=1 delay=0 dev_size_mb="$disk_mib" || return 1
	disk=$(host_disk "$(scsi_hosts scsi_debug)" 0)
}

scsi_debug_loop_down() {
	rmmod scsi_debug
}

nvme_disk_now() {
	local sub n
	for sub in /sys/class/nvme-subsystem/*; do
		[ "$(cat "$sub/subsysnqn" 2>/dev/null)" = $nvme_nqn ] || continue
		for n in "$sub"/nvme*n*; do
			[ -b "/dev/${n##*/}" ] && echo "/dev/${n##*/}" && return
		done
	done
	return 1
}

# nvmet_port TRTYPE: the subsystem behind a port of this kind
nvmet_port() {
	local ns=$nvmet/subsystems/$nvme_nqn/namespaces/1 port=$nvmet/ports/1
	modprobe -a nvmet "$@" && nullblk_up || return 1
	mkdir $nvmet/subsystems/$nvme_nqn $ns $port
	echo 1 >$nvmet/subsystems/$nvme_nqn/attr_allow_any_host
	echo /dev/nullb0 >$ns/device_path
	echo 1 >$ns/enable
}

# nvmet_connect OPTIONS: connects by one write, as nvme-cli does
nvmet_connect() {
	ln -s $nvmet/subsystems/$nvme_nqn $nvmet/ports/1/subsystems/$nvme_nqn
	echo "$1,nqn=$nvme_nqn,hostnqn=nqn.2026-01.example:host" >/dev/nvme-fabrics
	wait_for 15 nvme_disk_now
	disk=$(nvme_disk_now)
}

nvmet_tcp_up() {
	local port=$nvmet/ports/1
	nvmet_port nvmet-tcp nvme-tcp || return 1
	echo tcp >$port/addr_trtype
	echo ipv4 >$port/addr_adrfam
	echo 127.0.0.1 >$port/addr_traddr
	echo 4420 >$port/addr_trsvcid
	nvmet_connect transport=tcp,traddr=127.0.0.1,trsvcid=4420
}

nvmet_loop_up() {
	nvmet_port nvme-fabrics || return 1
	# tests/measure/bench/nvme-loop
	insmod nvme-loop.ko || return 1
	echo loop >$nvmet/ports/1/addr_trtype
	nvmet_connect transport=loop
}

nvmet_down() {
	local c
	for c in /sys/class/nvme/nvme*; do
		[ "$(cat "$c/subsysnqn")" != $nvme_nqn ] || echo 1 >"$c/delete_controller"
	done
	rm $nvmet/ports/1/subsystems/$nvme_nqn
	rmdir $nvmet/ports/1 $nvmet/subsystems/$nvme_nqn/namespaces/1 $nvmet/subsystems/$nvme_nqn
	nullblk_down
}

nvmet_tcp_down() {
	nvmet_down
}

nvmet_loop_down() {
	nvmet_down
	rmmod nvme-loop
}

tgt_iqn=iqn.2026-01.example:bench-tgt
tgt_port=3262

tgt_answers() {
	tgtadm --lld iscsi --mode sys --op show
}

tgt_iscsi_up() {
	local store=(--backing-store "$backing")
	[ "$1" != nullio ] || store=(--bstype null --backing-store "$disk_mib")
	mkdir -p /run/tgtd
	tgtd --iscsi portal=127.0.0.1:$tgt_port >/dev/null 2>&1 || return 1
	wait_for 10 tgt_answers
	tgtadm --lld iscsi --mode target --op new --tid 1 --targetname $tgt_iqn || return 1
	tgtadm --lld iscsi --mode logicalunit --op new --tid 1 --lun 1 "${store[@]}" || return 1
	tgtadm --lld iscsi --mode target --op bind --tid 1 --initiator-address ALL || return 1
	iscsi_login $tgt_iqn 127.0.0.1:$tgt_port
	disk=$(iscsi_disk $tgt_iqn 1)
}

tgt_iscsi_down() {
	iscsi_logout $tgt_iqn
	iscsi_forget $tgt_iqn
	tgtadm --lld iscsi --mode target --op delete --force --tid 1 &&
		tgtadm --mode sys --op delete
}
