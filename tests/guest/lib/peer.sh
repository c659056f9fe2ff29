# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# Other guests of a test.  A test that says PEERS=N runs in guest 0 and sends commands to the
# guests 1 to N.  All are on one private network, the interface `wire`.  Guest 0 has a serial
# line to each of the others, which still works when a test cuts the network.
# tests/env/vm/run and tests/env/uml/run start the guests, with --peers N.

# peer_address N: prints the address of guest N on the private network
peer_address() {
	echo 198.51.100.$(($1 + 1))
}

# peer N COMMAND...: runs a command in guest N, in a shell that has the functions of
# tests/guest/lib.  The shell lives as long as the test, so that variables and background
# processes stay.  One argument is a line for bash, several are a command and its arguments.
# Prints the command's output when the command has ended.  A command that fails ends the
# shell in guest N, as it ends this test.
peer() {
	peer_ask "$1" run "$(peer_line "${@:2}")"
}

# peer_try N COMMAND...: as peer, but in a subshell of that shell: variables do not stay, and
# the command may fail (wait_for 10 peer_try 1 iscsi_disk_now $iqn 0)
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

# wire_up: names this guest's interface `wire`, gives it its address and brings it up
wire_up() {
	local dev
	if [ ! -e /sys/class/net/wire ]; then
		# User-Mode Linux has its driver built in; QEMU's needs a module.
		[ -e /sys/class/net/vec0 ] || modprobe virtio_net || return
		for dev in vec0 eth0; do
			[ ! -e /sys/class/net/$dev ] || ip link set $dev name wire
		done
	fi
	ip address replace "$(peer_address "$CST_GUEST")/24" dev wire && ip link set wire up
}

# peer_line_of N: prints guest 0's serial line to guest N; in guest N the line is /dev/ttyS2
peer_line_of() {
	echo "/dev/ttyS$(($1 + 1))"
}

# peer_lines: opens the serial lines in guest 0 and keeps them open.  The first open of a line
# discards what has arrived before.
peer_lines() {
	local n fd
	for ((n = 1; n <= ${CST_PEERS:-0}; n++)); do
		exec {fd}<>"$(peer_line_of $n)" && stty raw -echo <&$fd || return
	done
}

# peer_ask N WHAT [TEXT]: sends a request to guest N and waits for the answer.  Each is one
# line.  Both have the same token; texts are in base64.
peer_ask() {
	local n=$1 limit=$((120 * ${CST_SCALE:-1})) end line rc=0
	[ "$n" -le "${CST_PEERS:-0}" ] || fail "there is no guest $n"
	[ ! -e "/run/peer-$n.gone" ] || fail "guest $n has died"
	exec {line}<>"$(peer_line_of "$n")"
	flock -w $limit $line || fail "guest $n is busy"
	# A guest that has not come up yet does not receive the request, so repeat it.
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

# peer_exchange SECONDS WHAT [TEXT]: sends a request on $line and reads the answer; returns
# 255 when there is no answer within the time
peer_exchange() {
	# $n and $line are the caller's.
	local token=$RANDOM$RANDOM id status out err
	printf '%s %s %s\n' "$2" $token "$(base64 -w 0 <<<"${3:-}")" >&"$line"
	while read -r -t "$1" -u "$line" id status out err; do
		# peer_gone on the host sends this once, when the other guest's run has ended.
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

# peers_quit: ends the other guests; each then checks its own health
peers_quit() {
	local n rc=0
	for ((n = 1; n <= ${CST_PEERS:-0}; n++)); do
		(peer_ask $n quit) || rc=1
	done
	return $rc
}

# --- in the other guests ---

# peer_answer TOKEN STATUS: sends an answer with the last 60000 bytes of $TMP/.out and of
# $TMP/.err
peer_answer() {
	local name texts=()
	for name in out err; do
		texts+=("-$(tail -c 60000 "${TMP:-/none}/.$name" 2>/dev/null | base64 -w 0)")
	done
	echo "$1 $2 ${texts[*]}" >"$CST_LINE"
}

# peer_serve LINE: serves the requests of guest 0, until the request quit
peer_serve() {
	local line to='' what token text session='' rc
	export CST_LINE=$1
	exec {line}<>"$CST_LINE"
	stty raw -echo <&"$line"
	# Each initiator needs a name of its own.
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
				# In a session of its own: no signal of this terminal reaches it.
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

# peer_session: the shell of one test; reads commands from its standard input
peer_session() {
	# These are global variables, because the trap at the shell's end answers a command that
	# ended the shell.  The prefix keeps them apart from the variables of the commands.
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
