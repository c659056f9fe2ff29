// SPDX-License-Identifier: GPL-2.0-only
//
// The functions that free take NULL.
@test@
position p;
expression e;
identifier f =~ "^(kfree|kvfree|vfree|kfree_rcu|kmem_cache_destroy|mempool_destroy|free_percpu|kfree_sensitive|bitmap_free|put_device)$";
@@
(
if (e) { f@p(e); }
|
if (e) { f@p(e); e = NULL; }
|
if (e) { f@p(e, ...); }
)

@script:python@
p << test.p;
@@
for q in p:
	print("%s:%s: the test for NULL is not needed" % (q.file, q.line))
