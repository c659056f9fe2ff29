// SPDX-License-Identifier: GPL-2.0-only
//
// What is printed into a page or an array is bounded by its size.
@unbounded@
position p;
identifier f =~ "^(sprintf|vsprintf|strcpy|strcat|strncpy|strlcpy|strncat|strlcat)$";
@@
f@p(...)

@result@
position p;
identifier f =~ "^(snprintf|vsnprintf)$";
@@
return f@p(...);

@sum@
position p;
expression n;
identifier f =~ "^(snprintf|vsnprintf)$";
@@
n += f@p(...)

@script:python@
p << unbounded.p;
@@
for q in p:
	print("%s:%s: unbounded; sysfs_emit(), scnprintf() or strscpy()" % (q.file, q.line))

@script:python@
p << result.p;
@@
for q in p:
	print("%s:%s: tells what it would have printed; scnprintf()" % (q.file, q.line))

@script:python@
p << sum.p;
@@
for q in p:
	print("%s:%s: tells what it would have printed; scnprintf()" % (q.file, q.line))
