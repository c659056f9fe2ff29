# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# Ends what a script has started together with the script.  Sourced on the host by scripts
# that run guests for long.  On a signal such a script ends all its descendants, then itself,
# and starts nothing more.  A script that starts a long command with `attend`, or in the
# background, reacts to a signal at once.

# descendants TOP: prints the processes below TOP, without those of this function
descendants() {
	local me=$BASHPID
	ps -e -o pid=,ppid=,stat= | awk -v top="$1" -v me="$me" '
		$3 !~ /^Z/ { parent[$1] = $2 }
		END {
			for (pid in parent) {
				for (p = pid; p in parent && p != top && p != me; p = parent[p]);
				if (p == top && pid != top)
					print pid
			}
		}' | sort -n
}

# living PID...: prints those of the processes that have not ended
living() {
	ps -o pid=,stat= -p "$(IFS=,; echo "$*")" | awk '$2 !~ /^Z/ { print $1 }'
}

# tell SIGNAL PID...: sends a signal to processes; some may be gone, some belong to root
tell() {
	kill -"$1" "${@:2}" 2>/dev/null
	[ "$(id -u)" = 0 ] || sudo -n kill -"$1" "${@:2}" 2>/dev/null
}

# end_below TOP [PID]: ends all processes below TOP, and the process PID
end_below() {
	local pids='' before left end
	# A stopped process starts no other; repeat until no new process is found.
	while before=$pids; pids="$(descendants "$1") ${2:-}"; [ "$pids" != "$before" ]; do
		# shellcheck disable=SC2086 # numbers
		tell STOP $pids
	done
	[ -n "${pids// /}" ] || return 0
	# shellcheck disable=SC2086
	tell TERM $pids
	# shellcheck disable=SC2086
	tell CONT $pids
	# Leave them 20 seconds to end their guests and to remove their files themselves.
	end=$((SECONDS + 20))
	# shellcheck disable=SC2086
	while left=$(living $pids); [ -n "$left" ]; do
		[ $SECONDS -lt $end ] || tell KILL $left
		[ $SECONDS -lt $((end + 10)) ] || { echo "${0##*/}: do not end:" $left >&2; return 1; }
		sleep 0.1
	done
}

end_children() {
	trap '' HUP INT TERM
	end_below $$
}

# interrupted SIGNAL STATUS: the trap of a signal; exits with STATUS
interrupted() {
	trap '' HUP INT TERM
	echo "${0##*/}: ended by SIG$1" >&2
	exit "$2"
}

# attend COMMAND...: runs a command in the background and waits for it; bash runs no trap
# while it waits for a foreground command
attend() {
	"$@" &
	wait $!
}

# cpu_below PID: prints the seconds of CPU time that PID and its descendants have used
cpu_below() {
	cat /proc/[0-9]*/stat 2>/dev/null | awk -v top="$1" -v hz="$(getconf CLK_TCK)" '
		{
			pid = $1
			# The name of a process may have blanks.
			sub(/^.*\) /, "")
			parent[pid] = $2
			# Time of the process itself, and of its children that have ended.
			ticks[pid] = $12 + $13 + $14 + $15
		}
		END {
			for (pid in parent) {
				for (p = pid; p in parent && p != top; p = parent[p]);
				if (p == top)
					sum += ticks[pid]
			}
			printf "%d\n", sum / hz
		}'
}

# watch SECONDS PID NAME: ends PID when it has used SECONDS of CPU time, or when it hangs.  A
# process hangs that used less than a hundredth of a CPU for $within_idle seconds; a process
# on a busy machine takes long, but gets more than that.
within_poll=10 within_idle=1200
watch() {
	local limit=$1 pid=$2 name=$3 used before=0 since=$SECONDS why=
	while [ -z "$why" ]; do
		# sleep must not hold the caller's pipes open: their readers would wait for it.
		sleep $within_poll >/dev/null 2>&1
		used=$(cpu_below "$pid")
		if [ "$used" -ge "$limit" ]; then
			why="more than $limit s of CPU time"
		elif [ $(((used - before) * 100)) -ge $within_idle ] || [ "$used" -lt "$before" ]; then
			before=$used since=$SECONDS
		elif [ $((SECONDS - since)) -ge $within_idle ]; then
			why="nothing done for $within_idle s"
		fi
	done
	trap '' TERM
	echo "FAIL $name  $why"
	end_below "$pid" "$pid"
}

# within SECONDS COMMAND...: runs a command, and ends it after SECONDS of CPU time, times
# CST_ROUNDS, or when it hangs.  The time that passes does not count: it depends on what
# else the machine does.
within() {
	local limit=$(($1 * ${CST_ROUNDS:-1})) pid watch status
	shift
	"$@" &
	pid=$!
	watch $limit $pid "${1##*/}" &
	watch=$!
	wait $pid
	status=$?
	# A watch that is just ending the command ignores TERM and finishes that first.
	kill $watch 2>/dev/null
	wait $watch 2>/dev/null
	return $status
}

trap end_children EXIT
trap 'interrupted HUP 129' HUP
trap 'interrupted INT 130' INT
trap 'interrupted TERM 143' TERM
