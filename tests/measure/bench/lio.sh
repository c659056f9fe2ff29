# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# Rows of the benchmark for the kernel's own target (LIO), made by configfs alone.  Each
# setup function leaves the disk's path in $disk; teardown removes everything.

lio=/sys/kernel/config/target
lio_iqn=iqn.2026-01.example:bench-lio
lio_naa=naa.5001405000000001
lio_port=3261

lio_device() {
	modprobe target_core_mod || return 1
	case $1 in
	nullio)
		lio_dev=$lio/core/rd_mcp_0/bench
		mkdir -p $lio_dev
		echo "rd_pages=$((disk_mib << 8)),rd_nullio=1" >$lio_dev/control
		;;
	fileio)
		modprobe target_core_file || return 1
		lio_dev=$lio/core/fileio_0/bench
		mkdir -p $lio_dev
		echo "fd_dev_name=$backing,fd_dev_size=$((disk_mib << 20)),fd_buffered_io=1" >$lio_dev/control
		;;
	blockio)
		modprobe target_core_iblock && nullblk_up || return 1
		lio_dev=$lio/core/iblock_0/bench
		mkdir -p $lio_dev
		echo udev_path=/dev/nullb0 >$lio_dev/control
		;;
	esac
	echo 1 >$lio_dev/enable
}

lio_loop_up() {
	local tpg=$lio/loopback/$lio_naa/tpgt_1 known
	lio_device "$1" && modprobe tcm_loop || return 1
	known=$(scsi_hosts tcm_loopback)
	mkdir -p $tpg/lun/lun_0
	ln -s $lio_dev $tpg/lun/lun_0/bench
	echo naa.5001405000000002 >$tpg/nexus
	lio_host=$(scsi_hosts tcm_loopback | grep -vxF "$known")
	# The LUN was linked before there was a nexus to find it by, so scan for it now.
	echo '- - -' >"/sys/class/scsi_host/$lio_host/scan"
	disk=$(host_disk "$lio_host" 0)
}

lio_loop_down() {
	local tpg=$lio/loopback/$lio_naa/tpgt_1
	rm $tpg/lun/lun_0/bench
	rmdir $tpg/lun/lun_0 $tpg $lio/loopback/$lio_naa $lio/loopback $lio_dev ${lio_dev%/*} && nullblk_down
}

lio_iscsi_up() {
	local tpg=$lio/iscsi/$lio_iqn/tpgt_1 ini acl
	ini=$(sed -n 's/^InitiatorName=//p' /etc/iscsi/initiatorname.iscsi)
	lio_device "$1" && modprobe iscsi_target_mod || return 1
	mkdir -p $tpg/lun/lun_0 $tpg/np/127.0.0.1:$lio_port
	ln -s $lio_dev $tpg/lun/lun_0/bench
	acl=$tpg/acls/$ini
	mkdir -p "$acl/lun_0"
	ln -s $tpg/lun/lun_0 "$acl/lun_0/bench"
	echo 0 >$tpg/attrib/authentication
	echo 262144 >$tpg/param/MaxRecvDataSegmentLength
	echo No >$tpg/param/InitialR2T
	echo 1 >$tpg/enable
	iscsi_login $lio_iqn 127.0.0.1:$lio_port
	disk=$(iscsi_disk $lio_iqn 0)
}

lio_iscsi_down() {
	local tpg=$lio/iscsi/$lio_iqn/tpgt_1 acl
	iscsi_logout $lio_iqn
	iscsi_forget $lio_iqn
	echo 0 >$tpg/enable
	for acl in $tpg/acls/*; do
		rm "$acl/lun_0/bench"
		rmdir "$acl/lun_0" "$acl"
	done
	rm $tpg/lun/lun_0/bench
	rmdir $tpg/lun/lun_0 $tpg/np/127.0.0.1:$lio_port $tpg $lio/iscsi/$lio_iqn $lio/iscsi \
		$lio_dev ${lio_dev%/*} && nullblk_down
}

# Lets every initiator log in and see the LUNs.
lio_open() {
	echo 1 >$lio/iscsi/$lio_iqn/tpgt_1/attrib/generate_node_acls
	echo 1 >$lio/iscsi/$lio_iqn/tpgt_1/attrib/cache_dynamic_acls
}
