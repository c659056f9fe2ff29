# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# Reads other suites of the Debian archives that this machine uses.  apt keeps its state in a
# folder of the caller's, so that nothing changes in this machine's own apt.  Sourced after
# tests/env/vm/lib.sh.

# sources SUITE: prints lines for sources.list, the archives that this machine uses with SUITE
# in place of its own suite.
sources() {
	local own base=${1%-backports}
	own=$(debian_suite)
	debian_sources | awk -v own="$own" -v suite="$base" -v backports="$1" '
		$4 == own || $4 == own "-security" {
			sub("^" own, suite, $4)
			# Unstable has no updates beside it.
			if (suite != "sid" || $4 == suite)
				print
			if ($4 == suite && backports != suite) {
				$4 = backports
				print
			}
		}'
}

# apt_at DIR COMMAND...: runs apt with its state, its lists and its sources in DIR.
apt_at() {
	local dir=$1 cmd=$2
	shift 2
	"$cmd" -q -o Dir::State="$dir" -o Dir::State::status=/dev/null -o Dir::Cache="$dir" \
		-o Dir::Etc::sourcelist="$dir/sources.list" -o Dir::Etc::sourceparts=/dev/null \
		-o Dir::Etc::preferences=/dev/null -o Dir::Etc::preferencesparts=/dev/null \
		-o APT::Sandbox::User=root "$@"
}

# read_lists DIR SUITE: reads a suite's lists; fails when the archive answers that it has no
# such suite.  Exits when an archive does not answer, because its suites are unknown then.
read_lists() {
	local dir=$1
	rm -rf "$dir"
	mkdir -p "$dir/lists/partial" "$dir/archives/partial"
	sources "$2" >"$dir/sources.list"
	[ -s "$dir/sources.list" ] || die "apt on this machine has no Debian archive; run tests/env/vm/deps"
	# By default apt only warns about a list that it cannot fetch.
	if ! LC_ALL=C apt_at "$dir" apt-get update -o APT::Update::Error-Mode=any >"$dir/update.log" 2>&1; then
		not_found "$dir/update.log" && return 1
		tail -n 20 "$dir/update.log" >&2
		die "cannot read the lists of $2"
	fi
	apt_at "$dir" apt-cache pkgnames linux- >"$dir/names" && grep -q ^linux-headers- "$dir/names" ||
		die "the lists of $2 have no kernel at all"
}

# not_found LOG: whether apt's only complaint is that the archive has no such suite
not_found() {
	awk '/^E: / && !/ does not have a Release file\.$/ { other = 1 }
		err && !/^ +(404 |File not found)/ { other = 1 }
		{ err = /^Err:/; some = some || err }
		END { exit other || !some }' "$1"
}
