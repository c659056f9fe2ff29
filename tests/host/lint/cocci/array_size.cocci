// SPDX-License-Identifier: GPL-2.0-only
//
// Sizes of arrays are computed where an overflow is noticed.
@product@
position p;
expression n, m;
type T;
identifier alloc =~ "^(kmalloc|kzalloc|kvmalloc|kvzalloc|vmalloc|vzalloc)$";
@@
(
alloc@p(sizeof(T) * n, ...)
|
alloc@p(n * sizeof(T), ...)
|
alloc@p(sizeof(n) * m, ...)
|
alloc@p(m * sizeof(n), ...)
)

@script:python@
p << product.p;
@@
for q in p:
	print("%s:%s: use kcalloc() or array_size()" % (q.file, q.line))
