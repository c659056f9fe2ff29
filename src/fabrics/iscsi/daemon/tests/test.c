// SPDX-License-Identifier: GPL-2.0-only
/*
 * Runs the registered tests, all or those of the suites named as arguments.  The
 * last line is "N passed, N failed"; the exit status is 1 if one failed.
 */
#include "test.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

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

static void log_as_usual(void)
{
	log_init(getenv("TEST_LOG") ? LOG_TRACE : LOG_ERROR, false);
}

void capture_begin(struct capture *capture, enum log_level level, bool prefix)
{
	int fds[2];

	CHECK(!pipe(fds));
	capture->stderr_fd = dup(STDERR_FILENO);
	capture->read_fd = fds[0];
	dup2(fds[1], STDERR_FILENO);
	close(fds[1]);
	log_init(level, prefix);
}

size_t capture_end(struct capture *capture, char *buf, size_t size)
{
	ssize_t n;

	dup2(capture->stderr_fd, STDERR_FILENO);
	close(capture->stderr_fd);
	n = read(capture->read_fd, buf, size - 1);
	close(capture->read_fd);
	log_as_usual();
	buf[n > 0 ? n : 0] = '\0';
	return strlen(buf);
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

	log_as_usual();
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
