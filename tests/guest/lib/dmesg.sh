# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# The texts that a kernel log must not have.  Used in the guest after each test, and on the
# host for the console log.  Each pattern is what a checker prints when it found something;
# what a checker prints when it starts must not match.

# the kernel's own checks
dmesg_bad='WARNING: |BUG: |BUG [^ ]+ \(.*\): |kernel BUG at|Oops: |general protection fault|Kernel panic'
dmesg_bad="$dmesg_bad"'|refcount_t: |(list_add|list_del) corruption|Bad page state|page allocation failure'
dmesg_bad="$dmesg_bad"'|objects remaining|sysfs: cannot create duplicate|debugfs: .* already present'
dmesg_bad="$dmesg_bad"'|scheduling while atomic|sleeping function called|Call Trace:'
dmesg_bad="$dmesg_bad"'|workqueue: work func [^ ]+ \[cst[^]]*\] enqueued on deprecated workqueue'
# hangs
dmesg_bad="$dmesg_bad"'|INFO: task .* blocked for more than|soft lockup|hard LOCKUP|workqueue lockup'
dmesg_bad="$dmesg_bad"'|detected (expedited )?stalls|self-detected stall'
# memory, lifetime and data races
dmesg_bad="$dmesg_bad"'|KASAN: |KFENCE: |KCSAN: |UBSAN: |ODEBUG: (activate|free|init|deactivate|destroy|assert_init|Out of memory)'
dmesg_bad="$dmesg_bad"'|kmemleak: [0-9]+ new suspected|kmemleak: .*(disabled|Cannot|Out of memory)'
# locking
dmesg_bad="$dmesg_bad"'|possible .*(locking|dependency) detected|inconsistent lock state|suspicious RCU usage'
dmesg_bad="$dmesg_bad"'|held lock freed|lock held when returning|bad unlock balance|bad contention'
dmesg_bad="$dmesg_bad"'|trying to register non-static key|turning off the locking correctness validator'
dmesg_bad="$dmesg_bad"'|Invalid wait context|DEBUG_LOCKS_WARN_ON'

# Reports about the kernel's own code that no fault of cst causes.  The iSCSI initiator
# removes disks on a work queue meant for memory reclaim.  There it may wait for a request of
# runtime PM, of a disk just added, on a work queue that is not meant for reclaim.
dmesg_known='workqueue: WQ_MEM_RECLAIM iscsi_ctrl_[0-9:]+:__iscsi_unbind_session .*is flushing !WQ_MEM_RECLAIM pm:'

# Allocations that fail because a test has taken all memory: the stack of a new thread, a page
# of the test's own process, and packets of the iSCSI initiator, which waits and tries again.
dmesg_known="$dmesg_known"'|kthreadd: page allocation failure|python3: page allocation stall'
dmesg_known="$dmesg_known"'|kworker/[^ ]+: page allocation failure.* tcp_sendmsg.* iscsi_sw_tcp_xmit_segment'

# dmesg_unknown FILE: prints the log without the reports that $dmesg_known matches.  A report
# is the text from "cut here" to "end trace", or from the allocator's message to the end of
# its list of free memory.
dmesg_unknown() {
	awk -v known="$dmesg_known" '
		function flush() { if (text !~ known) printf "%s", text; text = ""; report = 0 }
		/-+\[ cut here \]-+/ { printf "%s", text; report = 1; text = "" }
		!report && /: page allocation (failure|stall)/ { report = 2 }
		!report { print; next }
		{ text = text $0 "\n" }
		report == 1 && /-+\[ end trace / { flush() }
		report == 2 && / pages reserved$/ { flush() }
		END { printf "%s", text }' "$1"
}

# dmesg_check FILE [LINES]: prints the bad lines, each with the lines that follow it, LINES
# (60) at most; fails when there is one.
dmesg_check() {
	local bad
	bad=$(dmesg_unknown "$1" | grep -E -A 25 "$dmesg_bad" | head -n "${2:-60}") || true
	[ -n "$bad" ] || return 0
	printf '%s\n' "$bad"
	return 1
}
