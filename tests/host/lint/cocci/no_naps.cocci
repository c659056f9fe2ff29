// SPDX-License-Identifier: GPL-2.0-only
//
// Nothing waits for time to pass where it could wait for what it needs.
@naps@
position p;
identifier f =~ "^(msleep|msleep_interruptible|ssleep|mdelay|udelay|ndelay|usleep_range|fsleep|schedule_timeout|schedule_timeout_interruptible|schedule_timeout_uninterruptible|schedule_timeout_killable|yield)$";
@@
f@p(...)

@script:python@
p << naps.p;
@@
for q in p:
	print("%s:%s: waits for time instead of for a condition" % (q.file, q.line))
