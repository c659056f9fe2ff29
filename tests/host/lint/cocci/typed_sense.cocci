// SPDX-License-Identifier: GPL-2.0-only
//
// Sense comes from the tables: an errno is not one.
@number@
typedef cst_sense_t;
position p;
identifier f;
constant c;
@@
cst_sense_t f(...)
{
	<+...
(
	return@p -c;
|
	return@p c;
)
	...+>
}

@script:python@
p << number.p;
c << number.c;
@@
for q in p:
	if c.isdigit() or c.lstrip("-").startswith("E"):
		print("%s:%s: an errno or a number as sense" % (q.file, q.line))
