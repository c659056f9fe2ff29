// SPDX-License-Identifier: GPL-2.0-only
#include "emu.h"
#include "test.h"

static void patterns(void)
{
	static const struct {
		const char *pattern, *name;
		bool match;
	} map[] = {
		{ "iqn.2026-01.example:h1", "iqn.2026-01.example:h1", true },
		{ "iqn.2026-01.example:h1", "iqn.2026-01.example:h12", false },
		{ "iqn.2026-01.example:h12", "iqn.2026-01.example:h1", false },
		{ "IQN.2026-01.Example:H1", "iqn.2026-01.example:h1", true },
		{ "iqn.*", "iqn.2026-01.example:h1", true },
		{ "*", "", true },
		{ "*", "anything", true },
		{ "", "", true },
		{ "", "x", false },
		{ "?", "", false },
		{ "?", "x", true },
		{ "h?", "h1", true },
		{ "h?", "h12", false },
		{ "*:h?", "iqn:h1:h2", true },
		{ "*:h?", "iqn:h1:h23", false },
		{ "a*b*c", "aXbYc", true },
		{ "a*b*c", "abbbcbc", true },
		{ "a*b*c", "aXbY", false },
		{ "*ab", "aab", true },
		{ "**", "x", true },
		{ "a**", "a", true },
		{ "!h1", "h1", false },
		{ "!h1", "h2", true },
		{ "!*", "h1", false },
		{ "!", "", false },
		{ "!", "x", true },
		{ "!!h1", "h1", true },		/* inverts once: any name but "!h1" */
		{ "!!h1", "!h1", false },
		{ "a!b", "a!b", true },		/* "!" inverts only at the start */
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(map); i++)
		if (cst_pattern_match(map[i].pattern, map[i].name) !=
		    map[i].match)
			test_say(__FILE__, __LINE__, "\"%s\" and \"%s\"",
				 map[i].pattern, map[i].name);
}

/* A pattern with as many stars as a name is long: a naive match would take years. */
static void time_is_bounded(void)
{
	char pattern[200], name[CST_NAME_MAX + 1];
	unsigned int i;

	for (i = 0; i < 198; i += 2)
		memcpy(pattern + i, "*a", 2);
	memcpy(pattern + 198, "b", 2);
	memset(name, 'a', CST_NAME_MAX);
	name[CST_NAME_MAX] = '\0';
	CHECK(!cst_pattern_match(pattern, name));
}

TEST_MAIN(T(patterns), T(time_is_bounded))
