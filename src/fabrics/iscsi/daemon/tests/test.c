// SPDX-License-Identifier: GPL-2.0-only
/*
 * Runs the registered tests, all or those of the suites named as arguments.  The
 * last line is "N passed, N failed"; the exit status is 1 if one failed.
 */
#include "test.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "../log.h"

static struct test *tests;
static struct test **tests_tail = &tests;
static unsigned int failed_checks;

void test_register(struct test *test)
{
	*tests_tail = test;
	tests_tail = &test->next;
}

bool test_check(bool ok, const char *file, int line, const char *fmt, ...)
{
	va_list ap;

	if (ok)
		return true;
	failed_checks++;
	printf("  %s:%d: ", file, line);
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	putchar('\n');
	return false;
}

static bool selected(const struct test *test, int argc, char **argv)
{
	int i;

	for (i = 1; i < argc; i++)
		if (!strcmp(argv[i], test->suite))
			return true;
	return argc < 2;
}

int main(int argc, char **argv)
{
	unsigned int passed = 0, failed = 0;
	const struct test *test;

	log_init(getenv("TEST_LOG") ? LOG_TRACE : LOG_ERROR, false);
	setvbuf(stdout, NULL, _IOLBF, 0);
	for (test = tests; test; test = test->next) {
		if (!selected(test, argc, argv))
			continue;
		failed_checks = 0;
		test->run();
		printf("%s %s: %s\n", failed_checks ? "FAIL" : "ok  ", test->suite, test->name);
		if (failed_checks)
			failed++;
		else
			passed++;
	}
	printf("%u passed, %u failed\n", passed, failed);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
