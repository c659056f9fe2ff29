# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# The targets that are compared: cst, the kernel's own (LIO) and tgt.  Each exports the
# same three units, made as its documentation says:
#
#   main       512 MiB, write back, physical blocks of 4 KiB where it can say so,
#              thin where it can
#   removable  64 MiB, where the target has such units
#   readonly   main once more, write-protected
#   blockio    256 MiB on a block device, which is thin; of cst over iSCSI only
#
# X_up makes the units, X_down removes them.  X_fabrics lists the target's fabrics.  X_lun ROLE
# prints the LUN of the unit, or fails when the target has no such unit.

libiscsi_name=iqn.2007-10.com.github:sahlberg:libiscsi:iscsi-test
main_size=512M

make_backing() {
	truncate -s $main_size "$TMP/main.img"
	truncate -s 64M "$TMP/removable.img"
}

# --- cst ---

cst_iqn=iqn.2026-01.example:t1
cst_portal=127.0.0.1:3260
cst_fabrics="loop iscsi"

cst_lun() {
	case $1 in main) echo 0 ;; removable) echo 1 ;; readonly) echo 2 ;; blockio) echo 3 ;; esac
}

cst_up() {
	local fabric target
	make_backing
	truncate -s 256M "$TMP/block.img"
	modprobe loop
	losetup -f "$TMP/block.img"
	modprobe cst_vdisk
	make_device vdisk_fileio main "filename=$TMP/main.img" lb_per_pb_exp=3
	make_device vdisk_fileio removable "filename=$TMP/removable.img" removable=1
	make_device vdisk_blockio block "filename=$(cst_block)" lb_per_pb_exp=3
	for fabric in $cst_fabrics; do
		target=$(fabric_target "$fabric")
		fabric_up "$fabric"
		make_lun "$target" 0 vdisk_fileio/main
		make_lun "$target" 1 vdisk_fileio/removable
		make_lun "$target" 2 vdisk_fileio/main read_only=1
		# A suite closes all sessions by a cold reset, to see what a new session finds.
		[ "$fabric" != iscsi ] || put "$cst/targets/$target/params/AllowColdReset" 1
		[ "$fabric" != iscsi ] || make_lun "$target" 3 vdisk_blockio/block
		put "$cst/targets/$target/enabled" 1
	done
	wait_for 10 listens 3260
}

cst_block() {
	losetup -n -O NAME -j "$TMP/block.img"
}

# A session of loop is a SCSI host; the newest host is this session's.
cst_loop_login() {
	mkdir $cst/targets/loop/t1/sessions/host1
	wait_for 10 scsi_hosts_found cst_loop
	host=$(scsi_hosts cst_loop | tail -n 1)
}

cst_loop_logout() {
	rmdir $cst/targets/loop/t1/sessions/host1
	wait_for 15 no_hosts
}

cst_resize() {
	truncate -s "$1" "$TMP/main.img"
	echo 1 >$cst/handlers/vdisk_fileio/main/resync_size
}

cst_down() {
	daemon_stop
	cst_teardown
	cst_unload
	losetup -d "$(cst_block)"
}

# --- LIO ---

lio=/sys/kernel/config/target
lio_iqn=iqn.2026-01.example:lio
lio_naa=naa.5001405000000001
lio_portal=127.0.0.1:3261
lio_fabrics="loop iscsi"

# LIO has no removable disks.
lio_lun() {
	case $1 in main) echo 0 ;; readonly) echo 2 ;; *) return 1 ;; esac
}

lio_up() {
	local dev=$lio/core/fileio_0/main tpg name acl
	make_backing
	modprobe -a target_core_mod target_core_file tcm_loop iscsi_target_mod || return 1
	mkdir -p $dev
	echo "fd_dev_name=$TMP/main.img,fd_dev_size=$(stat -c %s "$TMP/main.img"),fd_buffered_io=1" >$dev/control
	echo 1 >$dev/enable
	echo 1 >$dev/attrib/emulate_tpu
	echo 1 >$dev/attrib/emulate_tpws

	tpg=$lio/iscsi/$lio_iqn/tpgt_1
	mkdir -p $tpg/lun/lun_0 $tpg/np/$lio_portal
	ln -s $dev $tpg/lun/lun_0/main
	# LIO's reservations work only for explicit initiators.
	for name in $libiscsi_name $libiscsi_name-2 \
		"$(sed -n 's/^InitiatorName=//p' /etc/iscsi/initiatorname.iscsi)"; do
		acl=$tpg/acls/$name
		mkdir -p "$acl/lun_0" "$acl/lun_2"
		ln -s $tpg/lun/lun_0 "$acl/lun_0/main"
		ln -s $tpg/lun/lun_0 "$acl/lun_2/main"
		echo 1 >"$acl/lun_2/write_protect"
	done
	echo 0 >$tpg/attrib/authentication
	echo 1 >$tpg/enable

	tpg=$lio/loopback/$lio_naa/tpgt_1
	mkdir -p $tpg/lun/lun_0
	ln -s $dev $tpg/lun/lun_0/main
}

lio_loop_login() {
	local tpg=$lio/loopback/$lio_naa/tpgt_1
	echo naa.5001405000000002 >$tpg/nexus
	host=$(scsi_hosts tcm_loopback | tail -n 1)
	# The unit was linked before there was a nexus to find it by, so scan for it now.
	echo '- - -' >"/sys/class/scsi_host/$host/scan"
}

lio_loop_logout() {
	echo NULL >$lio/loopback/$lio_naa/tpgt_1/nexus
}

lio_down() {
	local tpg=$lio/iscsi/$lio_iqn/tpgt_1 acl
	echo 0 >$tpg/enable
	for acl in $tpg/acls/*; do
		rm "$acl"/lun_*/main
		rmdir "$acl"/lun_* "$acl"
	done
	rm $tpg/lun/lun_0/main
	rmdir $tpg/lun/lun_0 $tpg/np/$lio_portal $tpg $lio/iscsi/$lio_iqn $lio/iscsi
	tpg=$lio/loopback/$lio_naa/tpgt_1
	rm $tpg/lun/lun_0/main
	rmdir $tpg/lun/lun_0 $tpg $lio/loopback/$lio_naa $lio/loopback
	rmdir $lio/core/fileio_0/main $lio/core/fileio_0
}

# --- tgt ---

tgt_iqn=iqn.2026-01.example:tgt
tgt_portal=127.0.0.1:3262
tgt_fabrics="iscsi"

# LUN 0 of tgt is a controller.
tgt_lun() {
	case $1 in main) echo 1 ;; removable) echo 2 ;; readonly) echo 3 ;; *) return 1 ;; esac
}

tgt_answers() {
	tgtadm --op show --mode system
}

tgt_unit() {
	tgtadm --lld iscsi --op new --mode logicalunit --tid 1 --lun "$1" -b "$2" &&
	tgtadm --lld iscsi --op update --mode logicalunit --tid 1 --lun "$1" --params "$3"
}

tgt_up() {
	make_backing
	tgtd -f --iscsi portal=$tgt_portal >"$TMP/tgtd.log" 2>&1 &
	echo $! >"$TMP/tgtd.pid"
	wait_for 10 tgt_answers
	tgtadm --lld iscsi --op new --mode target --tid 1 -T $tgt_iqn &&
	tgt_unit 1 "$TMP/main.img" lbppbe=3,thin_provisioning=1 &&
	tgt_unit 2 "$TMP/removable.img" removable=1 &&
	tgt_unit 3 "$TMP/main.img" readonly=1 &&
	tgtadm --lld iscsi --op bind --mode target --tid 1 -I ALL
}

tgt_down() {
	local pid
	pid=$(cat "$TMP/tgtd.pid")
	tgtadm --op delete --mode target --tid 1 --force || true
	# tgtd does not end on SIGTERM.
	tgtadm --op delete --mode system
	wait_for 10 process_gone "$pid"
}

# --- for all targets ---

# unit_url TARGET ROLE: prints the unit's URL for libiscsi
unit_url() {
	local iqn=$1_iqn portal=$1_portal lun
	lun=$("$1_lun" "$2") || return 1
	echo "iscsi://${!portal}/${!iqn}/$lun"
}

# target_login TARGET FABRIC, target_logout TARGET FABRIC: opens and closes a session
target_login() {
	local iqn=$1_iqn portal=$1_portal
	if [ "$2" = loop ]; then
		"$1_loop_login"
	else
		iscsi_login "${!iqn}" "${!portal}"
	fi
}

target_logout() {
	local iqn=$1_iqn
	if [ "$2" = loop ]; then
		"$1_loop_logout"
	else
		iscsi_logout "${!iqn}"
		iscsi_forget "${!iqn}"
	fi
}

# unit_disk TARGET FABRIC ROLE: prints /dev/sdX of the unit in the current session
unit_disk() {
	local iqn=$1_iqn lun
	lun=$("$1_lun" "$3") || return 1
	if [ "$2" = loop ]; then
		# LIO protects a unit in an initiator's map, which its loop fabric does not have.
		[ "$1 $3" != "lio readonly" ] || return 1
		host_disk "$host" "$lun"
	else
		iscsi_disk "${!iqn}" "$lun"
	fi
}
