/* SPDX-License-Identifier: GPL-2.0-only */
/* A test is a function that registers itself; a check that fails is counted. */
#ifndef ISCSID_TEST_H
#define ISCSID_TEST_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "../log.h"

struct test {
	const char *suite;
	const char *name;
	void (*run)(void);
	struct test *next;
};

void test_register(struct test *test);
bool test_check(bool ok, const char *file, int line, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

/*
 * What is logged between capture_begin() and capture_end(), up to @level, is put into
 * @buf and not written to stderr.
 */
struct capture {
	int stderr_fd;
	int read_fd;
};

void capture_begin(struct capture *capture, enum log_level level, bool prefix);
size_t capture_end(struct capture *capture, char *buf, size_t size);

#define TEST(_suite, _name)							\
	static void _suite##_##_name(void);					\
	__attribute__((constructor)) static void _suite##_##_name##_register(void) \
	{									\
		static struct test test = {					\
			.suite = #_suite, .name = #_name,			\
			.run = _suite##_##_name,				\
		};								\
		test_register(&test);						\
	}									\
	static void _suite##_##_name(void)

#define CHECK(cond) test_check(cond, __FILE__, __LINE__, "%s", #cond)

#define CHECK_EQ(a, b) do {							\
	unsigned long long _a = (unsigned long long)(a);			\
	unsigned long long _b = (unsigned long long)(b);			\
										\
	test_check(_a == _b, __FILE__, __LINE__, "%s is %llu (0x%llx), not %llu (%s)", \
		   #a, _a, _a, _b, #b);						\
} while (0)

#define CHECK_STR(a, b) do {							\
	const char *_a = (a), *_b = (b);					\
										\
	test_check(_a && _b ? !strcmp(_a, _b) : _a == _b, __FILE__, __LINE__,	\
		   "%s is \"%s\", not \"%s\"", #a, _a ? _a : "(none)",		\
		   _b ? _b : "(none)");						\
} while (0)

#endif /* ISCSID_TEST_H */
