# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# A process that is stuck while it reads a folder, and so keeps the folder locked.

# held_up FOLDER: holds the folder from now on, until held_down.  When the test fails, a trap
# lets the process go.
held_up() {
	truncate -s 16M "$TMP/held.img"
	mkfs.ext4 -q "$TMP/held.img"
	mkdir "$TMP/held"
	mount -o loop "$TMP/held.img" "$TMP/held"
	truncate -s 4096 "$TMP/held/page"
	sync -f "$TMP/held"
	fsfreeze -f "$TMP/held"
	trap 'fsfreeze -u "$TMP/held" 2>/dev/null || :' EXIT
	python3 tests/guest/lib/holder.py "$1" "$TMP/held/page" &
	held_by=$!
	wait_for 20 grep -q '^State:.*D' /proc/$held_by/status
}

held_down() {
	fsfreeze -u "$TMP/held"
	trap - EXIT
	wait $held_by || fail "the reader"
	umount "$TMP/held"
}
