# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# What a script has started ends with the script.  Sourced on the host by those that run
# guests for long: a signal ends all that is below them, then them, and nothing is begun
# any more.  Who starts something long with `attend` or in the background minds it at once.

# descendants TOP: the processes below it, but for those that look
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

# living PID...: those of them that have not ended
living() {
	ps -o pid=,stat= -p "$(IFS=,; echo "$*")" | awk '$2 !~ /^Z/ { print $1 }'
}

# tell SIGNAL PID...: some may be gone, some are root's
tell() {
	kill -"$1" "${@:2}" 2>/dev/null
	[ "$(id -u)" = 0 ] || sudo -n kill -"$1" "${@:2}" 2>/dev/null
}

# end_below TOP [PID]: ends what is below it, and that process
end_below() {
	local pids='' before left end
	# Who is stopped starts nothing: until nobody is new.
	while before=$pids; pids="$(descendants "$1") ${2:-}"; [ "$pids" != "$before" ]; do
		# shellcheck disable=SC2086 # numbers
		tell STOP $pids
	done
	[ -n "${pids// /}" ] || return 0
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

end_children() {
	trap '' HUP INT TERM
	end_below $$
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

# cpu_below PID: the seconds of CPU time that it and what it began have used
cpu_below() {
	cat /proc/[0-9]*/stat 2>/dev/null | awk -v top="$1" -v hz="$(getconf CLK_TCK)" '
		{
			pid = $1
			# A name may have blanks.
			sub(/^.*\) /, "")
			parent[pid] = $2
			# Its own, and that of children that have ended.
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

# watch SECONDS PID NAME: ends it when it has used so much CPU time, and when it hangs: for
# $within_idle seconds it had less than a hundredth of a CPU.  What runs on a busy machine
# takes long, but has its share.
within_poll=10 within_idle=1200
watch() {
	local limit=$1 pid=$2 name=$3 used before=0 since=$SECONDS why=
	while [ -z "$why" ]; do
		# Nobody shall wait for it to end.
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

# within SECONDS COMMAND...: runs it and ends it after that much CPU time, which is for one
# round, or when it hangs.  How long it takes is no matter: that depends on the machine.
within() {
	local limit=$(($1 * ${CST_ROUNDS:-1})) pid watch status
	shift
	"$@" &
	pid=$!
	watch $limit $pid "${1##*/}" &
	watch=$!
	wait $pid
	status=$?
	# Unless it is at work, which it goes on with.
	kill $watch 2>/dev/null
	wait $watch 2>/dev/null
	return $status
}

trap end_children EXIT
trap 'interrupted HUP 129' HUP
trap 'interrupted INT 130' INT
trap 'interrupted TERM 143' TERM
