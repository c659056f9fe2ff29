# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# Reads and adds up what runners of tests print: a line for each test, `ok NAME`, `FAIL NAME`
# or `skip NAME`, and the last line `N passed, N failed` or `N passed, N failed, N
# skipped`.  Sourced on the host, with $top set to the root of the tree.

skip_reasons=$top/tests/env/vm/kernels/skips
passed=0 failed=0 skipped=0

# count_results FILE STATUS: sets p, f and s (passed, failed, skipped) from a runner's output
# and exit status.  When the runner failed without a line for a failed test, sets wrong to the
# reason and f to 1.
count_results() {
	local last='^([0-9]+) passed, ([0-9]+) failed(, ([0-9]+) skipped)?'
	wrong=
	if [[ $(grep -E "$last" "$1" | tail -n 1) =~ $last ]]; then
		p=${BASH_REMATCH[1]} f=${BASH_REMATCH[2]} s=${BASH_REMATCH[4]:-0}
		[ $((p + f + s)) -gt 0 ] || wrong="nothing ran"
	else
		p=$(grep -c '^ok ' "$1") f=$(grep -c '^FAIL ' "$1") s=$(grep -c '^skip ' "$1")
		wrong="did not come to its end"
	fi
	[ "$2" = 0 ] || wrong="exit status $2 without a failed test"
	[ "$f" = 0 ] || wrong=
	[ -z "$wrong" ] || f=1
}

# add_results WHAT FILE STATUS: adds a runner's results to passed, failed and skipped
add_results() {
	local p f s wrong
	count_results "$2" "$3"
	[ -z "$wrong" ] || echo "FAIL $1  $wrong"
	passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
}

# print_results: prints the last line; fails when a test failed, or when none passed
print_results() {
	echo "$passed passed, $failed failed, $skipped skipped"
	[ "$failed" = 0 ] && [ "$passed" -gt 0 ]
}

# skip_reason KERNEL TEST: whether $skip_reasons has a reason for this test to skip
skip_reason() {
	grep -qE "^($1|all)[[:space:]]+$2([[:space:]]|\$)" "$skip_reasons"
}

# judge_skips KERNEL: copies the output of tests/run.  A test that skips without a reason
# becomes a failure, and so does one that runs although there is a reason to skip it.
judge_skips() {
	local kernel=$1 line test rest p=0 f=0 s=0
	while IFS= read -r line || [ -n "$line" ]; do
		read -r _ test rest <<<"$line"
		case $line in
		'ok '*)
			p=$((p + 1))
			if skip_reason "$kernel" "$test"; then
				f=$((f + 1))
				line+=$'\n'"FAIL $test  runs, but ${skip_reasons#"$top"/} says that it skips"
			fi
			;;
		'skip '*)
			if skip_reason "$kernel" "$test"; then
				s=$((s + 1))
			else
				f=$((f + 1))
				line="FAIL $test $rest  (skipped without a reason)"
			fi
			;;
		'FAIL '*) f=$((f + 1)) ;;
		[0-9]*' passed, '[0-9]*) line="$p passed, $f failed, $s skipped" ;;
		esac
		printf '%s\n' "$line"
	done
}

# judge_reasons KERNEL: adds a failure for each reason whose test does not exist
judge_reasons() {
	local test
	while read -r _ test _; do
		[ ! -e "$top/tests/guest/$test" ] || continue
		failed=$((failed + 1))
		echo "FAIL $test  has a reason to skip, but is not there"
	done < <(grep -E "^($1|all)[[:space:]]" "$skip_reasons")
}
