// SPDX-License-Identifier: GPL-2.0-only
//
// A function that takes a lock gives it back on every way out.  Not looked at:
// those that take back what their callers hold, and locks under a condition.
@conditional@
position p;
expression e, l;
@@
if (e) mutex_lock@p(l);

@callers exists@
position p;
identifier f;
expression l;
@@
f(...)
{
	... when any
	lockdep_assert_held(l);
	... when any
	mutex_lock@p(l)
	... when any
}

@mutex exists@
position taken != { conditional.p, callers.p };
position p;
expression l;
@@
mutex_lock@taken(l)
... when != mutex_unlock(l)
return@p ...;

@spin exists@
position p;
expression l;
@@
(
spin_lock(l)
|
spin_lock_bh(l)
|
spin_lock_irq(l)
)
... when != spin_unlock(l)
    when != spin_unlock_bh(l)
    when != spin_unlock_irq(l)
return@p ...;

@rcu exists@
position p;
@@
rcu_read_lock()
... when != rcu_read_unlock()
return@p ...;

@script:python@
p << mutex.p;
@@
for q in p:
	print("%s:%s: returns with the mutex held" % (q.file, q.line))

@script:python@
p << spin.p;
@@
for q in p:
	print("%s:%s: returns with the spinlock held" % (q.file, q.line))

@script:python@
p << rcu.p;
@@
for q in p:
	print("%s:%s: returns in the RCU read-side section" % (q.file, q.line))
