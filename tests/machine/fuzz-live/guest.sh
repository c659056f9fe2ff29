# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# What the jobs of live fuzzing share, in the guest: the target.
set -euo pipefail
. tests/guest/lib/dmesg.sh
. tests/guest/lib/cst.sh
. tests/guest/lib/initiator.sh

iqn=iqn.2026-01.example:fuzz
TMP=$(mktemp -d)

# A file that the fuzzer may overwrite as it likes, and a disk without contents.
target_up() {
	modprobe -a cst_vdisk cst_iscsi cst_loop
	make_fileio disk1 32M
	make_device vdisk_nullio disk2 size=1G
	make_target iscsi $iqn
	make_lun iscsi/$iqn 0 vdisk_fileio/disk1
	make_lun iscsi/$iqn 1 vdisk_nullio/disk2
	make_target loop fuzz
	make_lun loop/fuzz 0 vdisk_fileio/disk1
	put $cst/targets/iscsi/$iqn/enabled 1
	put $cst/targets/loop/fuzz/enabled 1
}
