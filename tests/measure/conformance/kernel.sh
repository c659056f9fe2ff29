# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# How the initiator's kernel handles the disk: see kernel.py.

suite_kernel() {
	local args=() role d
	for role in main removable readonly; do
		! d=$(unit_disk "$1" "$2" $role) || args+=("--$role" "$d")
	done
	python3 tests/measure/conformance/kernel.py "${args[@]}" >"$TMP/kernel.tsv" 2>"out/kernel-$1-$2.log" ||
		result the-end fail "$(tail -n 1 "out/kernel-$1-$2.log")"
	while IFS=$'\t' read -r item verdict why; do
		result "$item" "$verdict" "$why"
	done <"$TMP/kernel.tsv"
}
