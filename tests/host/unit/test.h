/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A test program is a number of functions and TEST_MAIN(), which lists them.  It prints a
 * line for each test and exits with 0 when all have passed.
 */
#ifndef _CST_TEST_H
#define _CST_TEST_H

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

struct test {
	const char	*name;
	void (*run)(void);
};

extern bool test_failed;

void test_say(const char *file, int line, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
void test_bytes(const char *file, int line, const char *what, const void *got,
		const void *want, size_t len);
int test_main(const struct test *tests, size_t n);

#define CHECK(cond) do {						\
	if (!(cond))							\
		test_say(__FILE__, __LINE__, "not true: %s", #cond);	\
} while (0)

#define CHECK_EQ(got, want) do {					\
	unsigned long long _g = (unsigned long long)(got);		\
	unsigned long long _w = (unsigned long long)(want);		\
	if (_g != _w)							\
		test_say(__FILE__, __LINE__, "%s: 0x%llx, not 0x%llx",	\
			 #got, _g, _w);					\
} while (0)

#define CHECK_STR(got, want) do {					\
	if (strcmp(got, want))						\
		test_say(__FILE__, __LINE__, "%s: \"%s\", not \"%s\"",	\
			 #got, got, want);				\
} while (0)

/* CHECK_BYTES(pointer, 0x00, 0x01, ...) */
#define CHECK_BYTES(got, ...) do {					\
	const unsigned char _w[] = { __VA_ARGS__ };			\
	test_bytes(__FILE__, __LINE__, #got, got, _w, sizeof(_w));	\
} while (0)

#define T(_name)	{ #_name, _name }
#define TEST_MAIN(...)							\
int main(void)								\
{									\
	static const struct test tests[] = { __VA_ARGS__ };		\
									\
	return test_main(tests, sizeof(tests) / sizeof(tests[0]));	\
}

#endif /* _CST_TEST_H */
