# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
#
# What a kernel log must not have, used in the guest after each test and on the
# host for the console log.

dmesg_bad='WARNING: |BUG: |BUG |kernel BUG|Oops|general protection fault|Kernel panic'
dmesg_bad="$dmesg_bad"'|KASAN|UBSAN|KCSAN|KFENCE|kmemleak: [1-9]|locking dependency|recursive locking'
dmesg_bad="$dmesg_bad"'|inconsistent lock state|suspicious RCU|held lock freed|lock held when returning'
dmesg_bad="$dmesg_bad"'|sleeping function called|scheduling while atomic|bad unlock balance'
dmesg_bad="$dmesg_bad"'|INFO: task .* blocked|hung task|soft lockup|hard LOCKUP|detected (expedited )?stalls?|self-detected stall'
dmesg_bad="$dmesg_bad"'|refcount_t|(list_add|list_del) corruption|use-after-free|double free'
dmesg_bad="$dmesg_bad"'|page allocation failure|Bad page state|still has objects|objects remaining'
dmesg_bad="$dmesg_bad"'|sysfs: cannot create duplicate|debugfs: .* already present|Call Trace'

# dmesg_check FILE: prints the bad lines with what follows each; fails when any.
dmesg_check() {
	if grep -E -q "$dmesg_bad" "$1"; then
		grep -E -A 25 "$dmesg_bad" "$1" | head -n "${2:-60}"
		return 1
	fi
	return 0
}
