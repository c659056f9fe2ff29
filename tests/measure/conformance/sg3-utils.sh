# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# Runs the tools of sg3_utils on the disk and its sg node, over every fabric.  An item is a
# tool, or a tool with certain options.  A tool's only verdict is its exit status, so each
# item also checks the effect: the data that came back, or another tool's output.
#
# smartctl, sdparm and lsblk read the same pages, and are judged like the tools of sg3_utils.
#
# Exit status 9 of a tool (INVALID COMMAND OPERATION CODE) is a skip.  So is 5 (ILLEGAL
# REQUEST) where a service action may be missing.  Every other unexpected status is a
# failure.  libiscsi's suite covers removable and read-only units and second initiators;
# sg_rdac, sg_ses, sg_safte, sg_emc_trespass and the SATA and zone tools are for devices of
# other kinds.

# item [-a] NAME COMMAND...: runs an item and records its result; -a: a service action may be
# missing
item() {
	local name rc=0 missing=9
	[ "$1" != -a ] || { missing=5; shift; }
	name=$1
	shift
	("$@") >"$TMP/item" 2>&1 </dev/null || rc=$?
	{ echo "== $name: status $rc"; cat "$TMP/item"; } >>"$log"
	case $rc in
	0) result "$name" pass ;;
	9 | "$missing") result "$name" skip "$(sg3_words)" ;;
	*) result "$name" fail "status $rc: $(sg3_words)" ;;
	esac
}

# Prints the last words of the tool, in one line.
sg3_words() {
	grep -v '^ *$' "$TMP/item" | tail -n 2 | xargs -d '\n' | cut -c1-160
}

# same GOT WANTED: prints a difference, and fails.
same() {
	[ "$1" = "$2" ] || { echo "got '$1', expected '$2'"; return 1; }
}

# --- items with more than one step; status 9 of a step is the item's ---

sg3_inq() {
	sg_inq "$disk" >"$TMP/inq" || return
	same "$(sed -n 's/.*Vendor identification: *//p' "$TMP/inq" | sed 's/ *$//')" \
		"$(sed 's/ *$//' "$device/vendor")"
}

sg3_vpd_all() {
	local page
	sg_vpd -H -p 0 "$disk" >"$TMP/vpd" || return
	for page in $(sed -n 's/^ 00 *//p' "$TMP/vpd" | cut -c1-50 | cut -d' ' -f5-); do
		sg_vpd -p "0x$page" "$disk" || { echo "page $page"; return 1; }
	done
}

# Status 25 is CONDITION MET: all of the blocks fit into the cache.
sg3_prefetch() {
	local rc=0
	sg_seek -p -l 0 -c 8 "$disk" || rc=$?
	[ $rc = 25 ] || return $rc
}

# The kernel keeps the page that it has read at discovery.
sg3_vpd_id() {
	sg_vpd -p di -r "$disk" >"$TMP/di" || return
	cmp "$TMP/di" "$device/vpd_pg83" || return 1
	sg_vpd -p di "$disk" | grep -E 'NAA|T10 vendor|EUI'
}

sg3_luns() {
	local n
	sg_luns "$disk" >"$TMP/luns" || return
	n=$(grep -cE '^ +[0-9a-f]{16}' "$TMP/luns")
	same "$n" "$(find "$device/../" -maxdepth 1 -name '*:*:*:*' | wc -l)"
}

sg3_readcap() {
	local bytes count size
	bytes=$(sg_readcap "$@" -b "$disk") || return
	read -r count size <<<"$bytes"
	same $((count * size)) "$(blockdev --getsize64 "$disk")"
}

sg3_modes() {
	sg_modes "$@" "$disk" >"$TMP/modes" || return
	grep -q 'Caching' "$TMP/modes" && grep -q 'Control' "$TMP/modes"
}

# Turns the write cache off and on again, by MODE SELECT.
sg3_wr_mode() {
	local rc=0
	sg_modes -p 8 -c 1 -H "$disk" | grep -q ' 88 12 04' || { echo "WCE cannot be changed"; return 9; }
	sg_wr_mode -p 8 -c 8,12,0 -m 0,0,4 "$disk" || rc=$?
	[ $rc = 0 ] || return $rc
	sg_modes -p 8 -H "$disk" | grep -q '88 12 00' || rc=1
	sg_wr_mode -p 8 -c 8,12,4 -m 0,0,4 "$disk" || rc=1
	return $rc
}

# The table must have certain rows, and be right about a command that exists and one that does not.
sg3_opcodes() {
	local op
	sg_opcodes -u "$disk" >"$TMP/opcodes" || return
	for op in 00 03 12 25 28 2a 35 88 8a a0; do
		grep -qi "^ *$op " "$TMP/opcodes" || { echo "$op is missing"; return 1; }
	done
	sg_opcodes -o 0x28 "$disk" | grep -q 'is supported' || { echo "one: READ(10)"; return 1; }
	sg_opcodes -o 0xf0 "$disk" | grep -q 'NOT supported' || { echo "one: F0h"; return 1; }
}

# Copies a file to the disk and back with TOOL, in a size that is no multiple of its buffers.
sg3_copy() {
	local tool=$1 bs=512 n=3001
	shift
	dd if=/dev/urandom of="$TMP/a" bs=$bs count=$n status=none
	"$tool" if="$TMP/a" of="$sg" bs=$bs seek=1000 count=$n "$@" || return
	"$tool" if="$sg" of="$TMP/b" bs=$bs skip=1000 count=$n "$@" || return
	cmp "$TMP/a" "$TMP/b" || return 1
	blockdev --flushbufs "$disk"
	dd if="$disk" bs=$bs skip=1000 count=$n status=none | cmp - "$TMP/a"
}

# blocks FROM COUNT: prints blocks of the disk, not of the page cache.
blocks() {
	dd if="$disk" bs=512 skip="$1" count="$2" iflag=direct status=none
}

zeroes() {
	head -c $(($1 * 512)) /dev/zero
}

noise() {
	dd if=/dev/urandom of="$disk" bs=512 seek="$1" count="$2" oflag=direct status=none
}

sg3_write_same() {
	noise 0 64
	blocks 0 64 >"$TMP/before"
	zeroes 1 >"$TMP/zero"
	sg_write_same "$@" -i "$TMP/zero" -l 8 -n 16 "$disk" || return
	zeroes 16 | cmp - <(blocks 8 16) || { echo "not zero"; return 1; }
	cmp -n 4096 "$TMP/before" <(blocks 0 8) || { echo "before it"; return 1; }
	cmp <(tail -c +12289 "$TMP/before") <(blocks 24 40) || { echo "after it"; return 1; }
}

sg3_unmap() {
	noise 0 128
	blocks 0 8 >"$TMP/before"
	sg_unmap -f -l 64 -n 64 "$disk" || return
	cmp "$TMP/before" <(blocks 0 8) || { echo "more than asked"; return 1; }
	# With LBPRZ, unmapped blocks read as zeroes.
	! sg_readcap -l "$disk" | grep -q 'lbprz=1' || zeroes 64 | cmp - <(blocks 64 64)
}

sg3_get_lba_status() {
	sg_get_lba_status -l 0 "$disk" >"$TMP/status" || return
	grep -qE 'blocks|LBA' "$TMP/status"
}

sg3_compare_and_write() {
	noise 0 1
	blocks 0 1 >"$TMP/old"
	dd if=/dev/urandom of="$TMP/new" bs=512 count=1 status=none
	cat "$TMP/old" "$TMP/new" >"$TMP/caw"
	sg_compare_and_write -i "$TMP/caw" -l 0 -n 1 -x 1024 "$disk" || return
	cmp "$TMP/new" <(blocks 0 1) || { echo "not written"; return 1; }
	# The block differs from the data to compare with: MISCOMPARE (14), nothing is written.
	local rc=0
	sg_compare_and_write -i "$TMP/caw" -l 0 -n 1 -x 1024 "$disk" || rc=$?
	same $rc 14 && cmp "$TMP/new" <(blocks 0 1)
}

sg3_verify() {
	local rc=0
	noise 0 16
	blocks 0 16 >"$TMP/blocks"
	sg_verify "$@" -n 8192 -c 16 -i "$TMP/blocks" "$disk" || return
	noise 15 1
	sg_verify "$@" -n 8192 -c 16 -i "$TMP/blocks" "$disk" || rc=$?
	same $rc 14
}

sg3_write_verify() {
	dd if=/dev/urandom of="$TMP/wv" bs=512 count=8 status=none
	sg_write_verify "$@" -i "$TMP/wv" -l 32 -n 8 "$disk" || return
	cmp "$TMP/wv" <(blocks 32 8)
}

sg3_write_x() {
	dd if=/dev/urandom of="$TMP/wx" bs=512 count=8 status=none
	sg_write_x "$@" -i "$TMP/wx" -l 40 -n 8 "$disk" || return
	cmp "$TMP/wx" <(blocks 40 8)
}

sg3_xcopy() {
	noise 0 64
	noise 128 64
	sg_xcopy if="$sg" of="$sg" bs=512 count=64 seek=128 || {
		local rc=$?
		# A tool may report a missing command only in words.
		grep -qiE 'not supported|invalid command' "$TMP/item" && return 9
		return $rc
	}
	cmp <(blocks 0 64) <(blocks 128 64)
}

# Registers a key, reserves, releases and unregisters with it.
sg3_persist() {
	sg_persist -o -G -S 0x1234 "$disk" || return
	sg_persist -i -k "$disk" | grep -q 0x1234 || { echo "no key"; return 1; }
	sg_persist -o -R -K 0x1234 -T 5 "$disk" || return
	sg_persist -i -r "$disk" | grep -qi 'Write Exclusive, registrants only' || { echo "not reserved"; return 1; }
	sg_persist -o -L -K 0x1234 -T 5 "$disk" || return
	sg_persist -o -G -K 0x1234 -S 0 "$disk" || return
	sg_persist -i -k "$disk" | grep -qi 'no registered' || { echo "the key stays"; return 1; }
}

# What a tool says when it does not understand an answer.
complaints='(error:|[Ff]ail(ed|s)?:|[Ii]llegal|[Ii]nvalid|[Uu]nable to|unrecogni|unexpected|malformed|truncated|too (short|small)|>>>|\?\?\?|bad |aborted)'

# clean COMMAND...: the command succeeds, and finds nothing to complain about in what it shows
clean() {
	"$@" >"$TMP/clean" 2>&1 || {
		local rc=$?
		cat "$TMP/clean"
		return $rc
	}
	cat "$TMP/clean"
	! grep -E "$complaints" "$TMP/clean"
}

# The bits of smartctl's status that tell of a failure: no command line, open, command or disk.
sg3_smartctl() {
	local rc=0
	clean smartctl "$@" "$disk" || rc=$?
	[ $rc = 0 ] && grep -qE 'SMART Health Status: +OK' "$TMP/clean" && grep -q '^Vendor:' "$TMP/clean"
}

# sdparm asks for all pages that it knows; 5 is its status when the last of them does not exist.
sg3_sdparm() {
	local rc=0
	clean sdparm -a "$disk" || rc=$?
	[ $rc = 0 ] || [ $rc = 5 ] || return $rc
	grep -q 'WCE  *[01]  *\[cha: y' "$TMP/clean" && ! grep -qE "$complaints" "$TMP/clean"
}

# lsblk shows what the kernel has read: the sizes and what unmapping can do.
sg3_lsblk() {
	local thin=0
	sg_vpd -p lbpv "$disk" | grep -q 'Unmap command supported (LBPU): 1' && thin=1
	clean lsblk -D -t "$disk" || return
	same "$(lsblk -bdno PHY-SEC "$disk" | xargs)" "$(blockdev --getpbsz "$disk")" || return
	same "$(($(lsblk -bdno DISC-MAX "$disk") > 0))" $thin
}

# Sets a text, reads it, and clears it again.
sg3_ident_set() {
	printf 'conformance' | sg_ident -S "$disk" || return
	sg_ident -A "$disk" | grep -q conformance || { echo "not kept"; return 1; }
	sg_ident -C "$disk" || return
	! sg_ident -A "$disk" | grep -q conformance
}

sg3_timestamp_set() {
	sg_timestamp --milliseconds=1600000000000 "$disk" || return
	sg_timestamp "$disk" | grep -qE '2020|16000000' || { sg_timestamp "$disk"; return 1; }
}

sg3_opcodes_all() {
	clean sg_opcodes -a -R -m "$disk" || return
	# Every line has a name: the tool knows each command that the disk claims to have.
	! grep -iE 'opcode|service action' "$TMP/clean" | grep -iE '(reserved|vendor|unknown)'
}

sg3_reset() {
	# Not every driver has every kind of reset.
	sg_reset "$1" "$sg" || {
		! grep -q 'may not be available' "$TMP/item" || return 9
		return 1
	}
	# There may be unit attentions, one for each event.
	sg_turs -n 3 "$disk" || true
	sg_turs "$disk" && dd if="$disk" of=/dev/null bs=1M count=4 iflag=direct status=none
}

# Resets the unit while reads and writes are under way.
sg3_reset_busy() {
	local i
	fio --name=load --filename="$disk" --direct=1 --ioengine=libaio --rw=randrw --bs=4k --iodepth=16 \
		--verify=crc32c --verify_fatal=1 --do_verify=1 --verify_backlog=64 --size=8m --loops=4 --offset=64m &
	for i in 1 2 3 4 5; do
		sg_reset -d "$sg" || return 1
	done
	wait $! || { echo "fio: $?"; return 1; }
}

sg3_start() {
	sg_start --stop "$disk" && sg_start --start "$disk" && sg_turs "$disk"
}

sg3_raw_bad_opcode() {
	# The command must be refused with INVALID COMMAND OPERATION CODE.
	local rc=0
	sg_raw "$disk" f0 00 00 00 00 00 || rc=$?
	same $rc 9
}
sg3_sanitize() {
	sg_sanitize --overwrite --zero --count=1 --wait --quick "$disk"
}

sg3_format() {
	sg_format --format --mode=10 --quick --wait "$disk"
}

suite_sg3_utils() {
	log=out/sg3-utils-$1-$2.log
	disk=$(unit_disk "$1" "$2" main)
	device=/sys/block/${disk#/dev/}/device
	sg=/dev/$(ls "$device/scsi_generic")
	# Consume the unit attentions of a new session.
	sg_turs -n 4 "$disk" >/dev/null 2>&1

	item sg_turs sg_turs -n 8 "$disk"
	item sg_inq sg3_inq
	item sg_inq-descriptors sg_inq -d "$disk"
	item sg_vpd-all sg3_vpd_all
	item sg_vpd-id sg3_vpd_id
	item sg_luns sg3_luns
	item sg_luns-well-known sg_luns -s 1 "$disk"
	item sg_luns-all sg_luns -s 2 "$disk"
	item sg_readcap-10 sg3_readcap
	item sg_readcap-16 sg3_readcap -l
	item sg_requests sg_requests "$disk"
	item sg_requests-desc sg_requests -d "$disk"
	item sg_modes-6 sg3_modes -6 -a
	item sg_modes-10 sg3_modes -a
	item sg_wr_mode sg3_wr_mode
	item sg_opcodes sg3_opcodes
	item sg_opcodes-timeouts sg_opcodes -R -u "$disk"
	item -a sg_opcodes-tmf sg_opcodes --tmf "$disk"
	item sg_opcodes-all sg3_opcodes_all
	item sg_logs sg_logs -l "$disk"
	item sg_logs-all clean sg_logs -a "$disk"
	item sg_logs-subpages clean sg_logs -A "$disk"
	item sg_vpd-clean clean sg_vpd -a "$disk"
	item sg_modes-clean clean sg_modes -a "$disk"
	item sg_modes-subpages clean sg_modes -a -a "$disk"
	item smartctl sg3_smartctl -a
	item smartctl-more sg3_smartctl -x
	item sdparm sg3_sdparm
	item sdparm-inquiry clean sdparm -i -a "$disk"
	item lsblk sg3_lsblk
	item lsscsi clean lsscsi -gsiw
	item -a sg_timestamp sg_timestamp "$disk"
	item sg_timestamp-set sg3_timestamp_set
	item -a sg_ident sg_ident "$disk"
	item sg_ident-set sg3_ident_set
	item sg_read_buffer sg_read_buffer -m desc "$disk"
	item sg_rbuf sg_rbuf -s 1 "$sg"
	item sg_test_rwbuf sg_test_rwbuf -s 4096 -q "$sg"
	item -a sg_rtpg sg_rtpg "$disk"
	item -a sg_referrals sg_referrals "$disk"
	item -a sg_rep_pip sg_rep_pip "$disk"
	item -a sg_stream_ctl sg_stream_ctl --get "$disk"
	item -a sg_get_elem_status sg_get_elem_status "$disk"
	item sg_senddiag sg_senddiag -t "$disk"
	item sg_senddiag-pages clean sg_senddiag -l "$disk"
	item -a sg_rmsn sg_rmsn "$disk"
	item -a sg_stpg sg_stpg --offline "$disk"
	item -a sg_bg_ctl sg_bg_ctl "$disk"
	item -a sg_read_attr sg_read_attr "$disk"
	item -a sg_rep_zones sg_rep_zones "$disk"
	item sg_start sg3_start
	item sg_prevent sg_prevent --allow "$sg"
	item sg_sync-10 sg_sync "$disk"
	item sg_sync-16 sg_sync --16 "$disk"
	item sg_seek-prefetch sg3_prefetch
	item sg_raw-bad-opcode sg3_raw_bad_opcode
	item sg_read sg_read if="$sg" bs=512 count=4096 bpt=64
	item sg_dd sg3_copy sg_dd blk_sgio=1
	item sg_dd-dio sg3_copy sg_dd blk_sgio=1 iflag=dio oflag=dio
	item sg_dd-cdb16 sg3_copy sg_dd blk_sgio=1 cdbsz=16 bpt=127
	item sg_dd-fua sg3_copy sg_dd blk_sgio=1 iflag=fua oflag=fua
	item sgp_dd sg3_copy sgp_dd thr=4 bpt=33
	item sgm_dd sg3_copy sgm_dd bpt=64
	item sg_verify-10 sg3_verify
	item sg_verify-16 sg3_verify -S
	item sg_write_verify-10 sg3_write_verify
	item sg_write_verify-16 sg3_write_verify -S
	item sg_write_same-10 sg3_write_same -R
	item sg_write_same-16 sg3_write_same -S
	item sg_write_same-unmap sg3_write_same -S -U
	item sg_unmap sg3_unmap
	item -a sg_get_lba_status sg3_get_lba_status
	item sg_compare_and_write sg3_compare_and_write
	item sg_write_x-normal sg3_write_x --normal
	item sg_write_x-or sg_write_x --or -i /dev/zero -l 40 -n 8 "$disk"
	item sg_write_x-atomic sg3_write_x --atomic=8
	item sg_read_long sg_read_long -x 520 -l 0 "$disk"
	item sg_write_long sg_write_long -x 520 -l 0 -c -w "$disk"
	item sg_reassign sg_reassign -g "$disk"
	item sg_xcopy sg3_xcopy
	item sg_copy_results sg_copy_results -p "$disk"
	item sg_persist sg3_persist
	item sg_persist-caps sg_persist -i -c "$disk"
	item sg_sanitize sg3_sanitize
	item sg_format sg3_format
	item sg_reset-device sg3_reset -d
	item sg_reset-target sg3_reset -t
	item sg_reset-bus sg3_reset -b
	item sg_reset-host sg3_reset -H
	item sg_reset-busy sg3_reset_busy
}
