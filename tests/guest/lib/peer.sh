# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# Other guests of a test.  A test that says PEERS=N runs in guest 0; guests 1 to N do what
# it tells them.  All are on one private network, the interface `wire`.  Guest 0 speaks
# with each of the others over a serial line of its own, which a cut network does not cut.
# The guests are started by tests/env/vm/run and tests/env/uml/run with --peers N.

# peer_address N: guest N's on the private network
peer_address() {
	echo 198.51.100.$(($1 + 1))
}

# peer N COMMAND...: runs it in guest N, in a shell that has the helpers of tests/guest/lib and
# lives as long as the test: variables and what runs in the background stay.  One argument
# is a line for bash, several are a command and its arguments.  Prints what it printed, at
# its end.  A command that fails ends that shell, as it ends this test.
peer() {
	peer_ask "$1" run "$(peer_line "${@:2}")"
}

# peer_try N COMMAND...: the same as a condition, in a subshell: nothing stays, and it may
# fail (wait_for 10 peer_try 1 iscsi_disk_now $iqn 0)
peer_try() {
	peer_ask "$1" try "$(peer_line "${@:2}")"
}

peer_line() {
	if [ $# = 1 ]; then
		echo "$1"
	else
		printf '%q ' "$@"
	fi
}

# wire_up: this guest's interface, with its address
wire_up() {
	local dev
	if [ ! -e /sys/class/net/wire ]; then
		# User-Mode Linux has it built in; in QEMU it is virtio's.
		[ -e /sys/class/net/vec0 ] || modprobe virtio_net || return
		for dev in vec0 eth0; do
			[ ! -e /sys/class/net/$dev ] || ip link set $dev name wire
		done
	fi
	ip address replace "$(peer_address "$CST_GUEST")/24" dev wire && ip link set wire up
}

# peer_line_of N: guest 0's serial line to guest N, whose end of it is its /dev/ttyS2
peer_line_of() {
	echo "/dev/ttyS$(($1 + 1))"
}

# peer_lines: opens them in guest 0 for good: what is opened for the first time forgets
# what has arrived
peer_lines() {
	local n fd
	for ((n = 1; n <= ${CST_PEERS:-0}; n++)); do
		exec {fd}<>"$(peer_line_of $n)" && stty raw -echo <&$fd || return
	done
}

# peer_ask N WHAT [TEXT]: a request and its answer, both of one line: a token by which they
# belong together, and texts in base64
peer_ask() {
	local n=$1 limit=$((120 * ${CST_SCALE:-1})) end line rc=0
	[ "$n" -le "${CST_PEERS:-0}" ] || fail "there is no guest $n"
	[ ! -e "/run/peer-$n.gone" ] || fail "guest $n has died"
	exec {line}<>"$(peer_line_of "$n")"
	flock -w $limit $line || fail "guest $n is busy"
	# It may not have come up yet, and then hears nothing.
	end=$((SECONDS + limit))
	until [ -e "/run/peer-$n" ]; do
		if [ $SECONDS -ge $end ] || [ -e "/run/peer-$n.gone" ]; then
			fail "guest $n does not come up"
		fi
		! peer_exchange 1 hello || : >"/run/peer-$n"
	done
	peer_exchange $limit "$2" "${3:-}" || rc=$?
	exec {line}>&-
	[ $rc != 255 ] || fail "guest $n does not answer"
	return $rc
}

# peer_exchange SECONDS WHAT [TEXT]: on $line; 255 when there is no answer within the time
peer_exchange() {
	# $n and $line are the caller's.
	local token=$RANDOM$RANDOM id status out err
	printf '%s %s %s\n' "$2" $token "$(base64 -w 0 <<<"${3:-}")" >&"$line"
	while read -r -t "$1" -u "$line" id status out err; do
		# Its run has ended, on the host, which says so once.
		[ "$id" != gone ] || { : >"/run/peer-$n.gone"; return 255; }
		[ "$id" = $token ] || continue
		base64 -d <<<"${out#-}"
		base64 -d <<<"${err#-}" >&2
		return "$status"
	done
	return 255
}

# peers_end: takes down what the test left in the other guests
peers_end() {
	local n rc=0
	[ "${CST_PEERS:-0}" = 0 ] || wire_up || rc=1
	for ((n = 1; n <= ${CST_PEERS:-0}; n++)); do
		[ ! -e "/run/peer-$n" ] || (peer_ask $n end) || { echo "guest $n cannot be taken down"; rc=1; }
	done
	return $rc
}

# peers_quit: they end, and prove their health
peers_quit() {
	local n rc=0
	for ((n = 1; n <= ${CST_PEERS:-0}; n++)); do
		(peer_ask $n quit) || rc=1
	done
	return $rc
}

# --- in the other guests ---

# peer_answer TOKEN STATUS: with what is in $TMP/.out and $TMP/.err, the ends of it
peer_answer() {
	local name texts=()
	for name in out err; do
		texts+=("-$(tail -c 60000 "${TMP:-/none}/.$name" 2>/dev/null | base64 -w 0)")
	done
	echo "$1 $2 ${texts[*]}" >"$CST_LINE"
}

# peer_serve LINE: does what guest 0 asks for, until that says quit
peer_serve() {
	local line to='' what token text session='' rc
	export CST_LINE=$1
	exec {line}<>"$CST_LINE"
	stty raw -echo <&"$line"
	# Initiators are told apart by their names.
	echo "InitiatorName=iqn.2026-01.example:guest$CST_GUEST" >/etc/iscsi/initiatorname.iscsi
	hostname "guest$CST_GUEST"
	while read -r what token text <&"$line"; do
		case $what in
		hello)
			peer_answer "$token" 0
			;;
		run | try)
			if [ -z "$session" ]; then
				TMP=$(mktemp -d /tmp/cst-test.XXXXXX)
				export TMP
				mkfifo "$TMP/.commands"
				exec {to}<>"$TMP/.commands"
				# A session of its own: no signal of this terminal reaches it.
				setsid "$tests/run" --session <"$TMP/.commands" {to}>&- {line}>&- &
				session=$!
			fi
			if process_gone "$session"; then
				echo "what was run there before has failed" >"$TMP/.err"
				peer_answer "$token" 1
			else
				echo "$what $token $text" >&"$to"
			fi
			;;
		end)
			rc=0
			if [ -n "$session" ]; then
				wire_up || rc=1
				kill_left
				(clean_up) >"$TMP/.out" 2>&1 || rc=1
				: >"$TMP/.err"
				umount_below "$TMP" -l
				exec {to}>&-
				session=
			fi
			peer_answer "$token" $rc
			rm -rf "${TMP:-/none}"
			unset TMP
			;;
		quit)
			peer_answer "$token" 0
			return
			;;
		esac
	done
}

# peer_session: the shell of one test; commands are on its standard input
peer_session() {
	# Names that a command does not happen to use, and that outlive this function: what ends
	# the shell is answered from its trap.
	peer_what='' peer_token='' peer_text='' peer_status=0
	set -euo pipefail
	trap 'peer_status=$?; [ -z "$peer_token" ] || peer_answer "$peer_token" $peer_status' EXIT
	while read -r peer_what peer_token peer_text; do
		peer_text=$(base64 -d <<<"$peer_text")
		peer_status=0
		if [ "$peer_what" = run ]; then
			eval "$peer_text" </dev/null >"$TMP/.out" 2>"$TMP/.err"
		else
			set +e
			(set -e; eval "$peer_text") </dev/null >"$TMP/.out" 2>"$TMP/.err"
			peer_status=$?
			set -e
		fi
		peer_answer "$peer_token" $peer_status
		peer_token=
	done
}
