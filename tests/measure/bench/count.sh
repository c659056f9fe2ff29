# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# Counts events of 4k reads at queue depth 32 for the row that is set up: wake-ups, packets,
# allocations.  The counters are histogram triggers on tracepoints, and nft counters.  The
# load is stopped while the counters are armed and read, so that they and the number of I/Os
# cover exactly the same commands.

tracing=/sys/kernel/tracing/events

target_port() {
	case $1 in
	cst/iscsi/*) echo 3260 ;;
	lio/iscsi/*) echo $lio_port ;;
	nvmet/*) echo 4420 ;;
	*) echo 0 ;;
	esac
}

# Whether the stopped load has no I/O under way.
load_paused() {
	local inflight
	read -r -a inflight <"/sys/block/${disk#/dev/}/inflight"
	[ "${inflight[*]}" = "0 0" ]
}

load_pause() {
	kill -STOP "$load"
	wait_for 10 load_paused
}

completed() {
	local stat
	read -r -a stat <"/sys/block/${disk#/dev/}/stat"
	echo $((stat[0] + stat[4]))
}

# Prints the context switches of the whole machine: initiator, network and target.
switches() {
	sed -n 's/^ctxt //p' /proc/stat
}

# count_pass EVENT:KEYS...: lets the load run for a while, with these events counted
count_pass() {
	local ek before switched
	for ek; do
		echo "hist:keys=${ek#*:}:size=8192" >$tracing/${ek%%:*}/trigger || return 1
	done
	nft reset counters table inet bench >/dev/null
	before=$(completed)
	switched=$(switches)
	kill -CONT "$load"
	sleep 0.5
	load_pause
	echo "pass"
	echo "ios $(($(completed) - before))"
	echo "switches $(($(switches) - switched))"
	nft list counters table inet bench | awk '
		$1 == "counter" { name = $2 }
		$1 == "packets" { print "packets", name, $2 }'
	for ek; do
		echo "event ${ek%%:*}"
		cat $tracing/${ek%%:*}/hist
		echo "!hist:keys=${ek#*:}:size=8192" >>$tracing/${ek%%:*}/trigger
	done
}

count() {
	local port
	port=$(target_port "$row")
	load_start rr4k-q32 || return 1
	load_pause
	# The length tells a pure acknowledgement: an IP and a TCP header with time stamps.
	nft -f - <<-END || return 1
		table inet bench {
			counter data { }
			counter ack { }
			chain out {
				type filter hook output priority 0
				tcp sport $port meta length <= 60 counter name ack
				tcp sport $port meta length > 60 counter name data
			}
		}
	END
	{
		# Packets are counted without tracing, and wake-ups without stack traces, in
		# passes of their own: slower work arrives in larger batches, which changes
		# the counts.
		count_pass
		count_pass sched/sched_wakeup:comm
		count_pass sched/sched_wakeup:comm,stacktrace
		count_pass kmem/kmalloc:stacktrace kmem/kmem_cache_alloc:stacktrace kmem/mm_page_alloc:stacktrace
	} >"out/count-${row//\//-}" || return 1
	nft delete table inet bench
	kill -CONT "$load"
	load_stop
}
