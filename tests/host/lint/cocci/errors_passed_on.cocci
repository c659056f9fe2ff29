// SPDX-License-Identifier: GPL-2.0-only
//
// An error that was told to us is passed on as it is.
@invented@
position p;
expression x;
constant c;
@@
if (IS_ERR(x)) {
	...
	return@p -c;
}

@swallowed@
position p;
expression x;
@@
if (IS_ERR(x)) {
	...
	return@p 0;
}

@ignored@
position p;
local idexpression int ret;
identifier f;
@@
ret = f(...);
if (ret < 0) {
	... when != ret
	return@p 0;
}

@script:python@
p << invented.p;
@@
for q in p:
	print("%s:%s: another error than the one that happened" % (q.file, q.line))

@script:python@
p << swallowed.p;
@@
for q in p:
	print("%s:%s: the error is lost" % (q.file, q.line))

@script:python@
p << ignored.p;
@@
for q in p:
	print("%s:%s: the error is lost" % (q.file, q.line))
