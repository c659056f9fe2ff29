# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# What a script has started ends with the script.  Sourced on the host by those that run
# guests for long: a signal ends all that is below them, then them, and nothing is begun
# any more.  Who starts something long with `attend` or in the background minds it at once.

# descendants: the processes below this script, but for those that look
descendants() {
	local me=$BASHPID
	ps -e -o pid=,ppid=,stat= | awk -v top=$$ -v me="$me" '
		$3 !~ /^Z/ { parent[$1] = $2 }
		END {
			for (pid in parent) {
				for (p = pid; p in parent && p != top && p != me; p = parent[p]);
				if (p == top && pid != top)
					print pid
			}
		}' | sort -n
}

# living PID...: those of them that have not ended
living() {
	ps -o pid=,stat= -p "$(IFS=,; echo "$*")" | awk '$2 !~ /^Z/ { print $1 }'
}

# tell SIGNAL PID...: some may be gone, some are root's
tell() {
	kill -"$1" "${@:2}" 2>/dev/null
	[ "$(id -u)" = 0 ] || sudo -n kill -"$1" "${@:2}" 2>/dev/null
}

end_children() {
	local pids='' before left end
	trap '' HUP INT TERM
	# Who is stopped starts nothing: until nobody is new.
	while before=$pids; pids=$(descendants); [ "$pids" != "$before" ]; do
		# shellcheck disable=SC2086 # numbers
		tell STOP $pids
	done
	[ -n "$pids" ] || return 0
	# shellcheck disable=SC2086
	tell TERM $pids
	# shellcheck disable=SC2086
	tell CONT $pids
	# They end their guests themselves, and take away what they made.
	end=$((SECONDS + 20))
	# shellcheck disable=SC2086
	while left=$(living $pids); [ -n "$left" ]; do
		[ $SECONDS -lt $end ] || tell KILL $left
		[ $SECONDS -lt $((end + 10)) ] || { echo "${0##*/}: do not end:" $left >&2; return 1; }
		sleep 0.1
	done
}

# interrupted SIGNAL STATUS: what a signal does
interrupted() {
	trap '' HUP INT TERM
	echo "${0##*/}: ended by SIG$1" >&2
	exit "$2"
}

# attend COMMAND...: runs it; bash minds no signal while it waits for what is not in the
# background
attend() {
	"$@" &
	wait $!
}

trap end_children EXIT
trap 'interrupted HUP 129' HUP
trap 'interrupted INT 130' INT
trap 'interrupted TERM 143' TERM
