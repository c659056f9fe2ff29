# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
#
# What a kernel log must not have, used in the guest after each test and on the
# host for the console log.  Each pattern is what the checker prints when it found
# something; what it prints when it starts must not match.

# the kernel's own checks
dmesg_bad='WARNING: |BUG: |BUG [^ ]+ \(.*\): |kernel BUG at|Oops: |general protection fault|Kernel panic'
dmesg_bad="$dmesg_bad"'|refcount_t: |(list_add|list_del) corruption|Bad page state|page allocation failure'
dmesg_bad="$dmesg_bad"'|objects remaining|sysfs: cannot create duplicate|debugfs: .* already present'
dmesg_bad="$dmesg_bad"'|scheduling while atomic|sleeping function called|Call Trace:'
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

# dmesg_check FILE: prints the bad lines with what follows each; fails when any.
dmesg_check() {
	if grep -E -q "$dmesg_bad" "$1"; then
		grep -E -A 25 "$dmesg_bad" "$1" | head -n "${2:-60}"
		return 1
	fi
	return 0
}
