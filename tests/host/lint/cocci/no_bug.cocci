// SPDX-License-Identifier: GPL-2.0-only
//
// Nothing stops the machine.
@stops@
position p;
@@
(
BUG@p()
|
BUG_ON@p(...)
|
panic@p(...)
|
VM_BUG_ON@p(...)
)

@script:python@
p << stops.p;
@@
for q in p:
	print("%s:%s: stops the machine; refuse, or WARN_ON what cannot be" % (q.file, q.line))
