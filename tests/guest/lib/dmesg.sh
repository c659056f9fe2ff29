# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# What a kernel log must not have, used in the guest after each test and on the
# host for the console log.  Each pattern is what the checker prints when it found
# something; what it prints when it starts must not match.

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

# What the kernel reports of its own code, for things that are none of ours: the iSCSI
# initiator removes disks on a work queue meant for memory reclaim, whereby it may find
# the runtime PM's request of a disk just added still under way.
dmesg_known='workqueue: WQ_MEM_RECLAIM iscsi_ctrl_[0-9:]+:__iscsi_unbind_session .*is flushing !WQ_MEM_RECLAIM pm:'

# Who finds no memory where a test has taken it all: a thread's stack, a page of the test's own.
dmesg_known="$dmesg_known"'|kthreadd: page allocation failure|python3: page allocation stall'

# dmesg_unknown FILE: the log without the reports of what is known.  A report is what
# is between two cuts, or from the allocator's complaint to the end of its inventory.
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

# dmesg_check FILE [LINES]: prints the bad lines with what follows each; fails when any.
dmesg_check() {
	local bad
	bad=$(dmesg_unknown "$1" | grep -E -A 25 "$dmesg_bad" | head -n "${2:-60}") || true
	[ -n "$bad" ] || return 0
	printf '%s\n' "$bad"
	return 1
}
