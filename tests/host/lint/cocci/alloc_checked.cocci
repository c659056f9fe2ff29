// SPDX-License-Identifier: GPL-2.0-only
//
// Memory that may not be there is not used before that is known.
@never_fails@
position taken;
identifier alloc;
expression flags;
@@
(
alloc@taken(..., flags | __GFP_NOFAIL)
|
alloc@taken(..., flags | __GFP_NOFAIL, ...)
)

@unchecked exists@
position taken != never_fails.taken;
position p;
expression x;
identifier member;
expression n, y, z;
identifier alloc =~ "^(kmalloc|kzalloc|kcalloc|kmalloc_array|kmemdup|kstrdup|kasprintf|kmem_cache_alloc|kmem_cache_zalloc|alloc_page|alloc_pages|kvmalloc|kvzalloc|kvcalloc|vmalloc|vzalloc|alloc_workqueue|alloc_percpu|genlmsg_new|nlmsg_new|krealloc|kzalloc_node|kmalloc_node)$";
statement S1, S2;
@@
x = alloc@taken(...)
... when != if (x) S1 else S2
    when != if (!x) S1 else S2
    when != if (x == NULL) S1 else S2
    when != \( !x || ... \)
    when != \( x && ... \)
    when != x ? y : z
    when != while (x) S1
    when != return x;
    when != x = n
(
x->member@p
|
x[n]@p
|
memcpy@p(x, ...)
|
memset@p(x, ...)
)

@script:python@
p << unchecked.p;
@@
for q in p:
	print("%s:%s: used before it is known that the allocation worked" % (q.file, q.line))
