# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# libiscsi's conformance tests (iscsi-test-cu), over iSCSI.  An item is
# Suite.Test.  A test that passes after it printed SKIPPED counts as skipped: it has
# not checked everything that it is for.

# cu_parse LOG: derives verdicts from CUnit's output.  Text after a test's verdict, on the same
# line or on later ones, comes from the suite's teardown.  Sanitize.Reset is left out: it wants a
# SANITIZE to take more than three seconds.
cu_parse() {
	awk '
	function out(verdict, why) {
		if (name != "" && suite "." name != "Sanitize.Reset")
			print suite "." name "\t" verdict "\t" why
		name = ""
	}
	function words() { gsub(/.*\[(SKIPPED|FAILED)\] */, ""); return $0 }
	/^Suite: / { out("fail", "no verdict"); suite = $2 }
	/^  Test: / { out("fail", "no verdict"); name = $2; skipped = broke = "" }
	/^Run Summary/ { out("fail", "no verdict"); whole = 1 }
	name == "" { next }
	/(^|\.\.\.)passed/ { out(skipped == "" ? "pass" : "skip", skipped); next }
	/(^|\.\.\.)FAILED/ { out("fail", broke != "" ? broke : "an assertion"); next }
	/\[SKIPPED\]/ && skipped == "" { skipped = words() }
	/\[FAILED\]/ && broke == "" { broke = words() }
	END {
		out("fail", "no verdict")
		if (!whole) {
			name = "the-end"
			out("fail", "it ended early")
		}
	}' "$1"
}

# Records the results of a file of cu_parse.
cu_results() {
	local item verdict why
	while IFS=$'\t' read -r item verdict why; do
		result "$item" "$verdict" "$why"
	done <"$1"
}

# Runs all tests on the main unit, and those that need another kind of unit on such a unit.
# Then runs all tests on the block device, the others excepted.
suite_libiscsi() {
	local target=$1 main url part log=out/libiscsi-$1.log
	main=$(unit_url "$target" main)
	iscsi-test-cu --dataloss --allow-sanitize --test=ALL "$main" "$main" >"$log" 2>&1
	cu_parse "$log" >"$TMP/cu.tsv"
	for part in removable:StartStopUnit removable:PreventAllow removable:NoMedia readonly:ReadOnly; do
		url=$(unit_url "$target" ${part%:*}) || continue
		log=out/libiscsi-$target-${part#*:}.log
		iscsi-test-cu --dataloss "--test=ALL.${part#*:}" "$url" >"$log" 2>&1
		sed -i "/^${part#*:}\./d" "$TMP/cu.tsv"
		cu_parse "$log" >>"$TMP/cu.tsv"
	done
	cu_results "$TMP/cu.tsv"
	url=$(unit_url "$target" blockio) || return 0
	log=out/libiscsi-$target-blockio.log
	iscsi-test-cu --dataloss --allow-sanitize --test=ALL "$url" "$url" >"$log" 2>&1
	cu_parse "$log" | grep -vE '^(StartStopUnit|PreventAllow|NoMedia|ReadOnly)\.' >"$TMP/cu.tsv"
	# shellcheck disable=SC2034 # result() reads it
	local fabric=blockio
	cu_results "$TMP/cu.tsv"
}
