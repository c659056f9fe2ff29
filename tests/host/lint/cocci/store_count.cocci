// SPDX-License-Identifier: GPL-2.0-only
//
// A store takes all that was written, or says why not: 0 makes the writer try
// for ever.
@store@
position p;
identifier f, item, page, count;
constant c;
@@
ssize_t f(struct config_item *item, const char *page, size_t count)
{
	<+...
	return@p c;
	...+>
}

@script:python@
p << store.p;
c << store.c;
@@
for q in p:
	if c.isdigit():
		print("%s:%s: a store returns count or an error" % (q.file, q.line))
