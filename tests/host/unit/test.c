// SPDX-License-Identifier: GPL-2.0-only
/* Runs the tests of one program and reports. */
#include <stdarg.h>

#include "test.h"

bool test_failed;

void test_say(const char *file, int line, const char *fmt, ...)
{
	va_list args;

	test_failed = true;
	printf("    %s:%d: ", file, line);
	va_start(args, fmt);
	vprintf(fmt, args);
	va_end(args);
	putchar('\n');
}

void test_bytes(const char *file, int line, const char *what, const void *got,
		const void *want, size_t len)
{
	const unsigned char *g = got, *w = want;
	size_t i;

	for (i = 0; i < len; i++)
		if (g[i] != w[i])
			test_say(file, line, "%s: byte %zu is %02x, not %02x",
				 what, i, g[i], w[i]);
}

int test_main(const struct test *tests, size_t n)
{
	int failed = 0;
	size_t i;

	for (i = 0; i < n; i++) {
		test_failed = false;
		tests[i].run();
		printf("%s %s\n", test_failed ? "FAIL" : "ok  ", tests[i].name);
		fflush(stdout);
		failed |= test_failed;
	}
	return failed;
}
