// SPDX-License-Identifier: GPL-2.0-only
/*
 * Patterns of initiator names.
 *
 * Called by target.c to find the group of an initiator.  Pure: also compiled in user
 * space.
 */
#include <linux/ctype.h>
#include <linux/export.h>

#include <cst/session.h>

/*
 * Case-insensitive match.  A `*` first matches the empty string, and one character more
 * each time the rest of the pattern does not match.  Only the last `*` needs to be
 * remembered, so the time is bounded by the product of the two lengths.
 */
static bool cst_glob_match(const char *pattern, const char *name)
{
	const char *star = NULL, *resume = NULL;

	while (*name) {
		if (*pattern == '*') {
			star = ++pattern;
			resume = name;
		} else if (*pattern == '?' ||
			   tolower(*pattern) == tolower(*name)) {
			pattern++;
			name++;
		} else if (star) {
			pattern = star;
			name = ++resume;
		} else {
			return false;
		}
	}
	while (*pattern == '*')
		pattern++;
	return !*pattern;
}

bool cst_pattern_match(const char *pattern, const char *name)
{
	if (*pattern == '!')
		return !cst_glob_match(pattern + 1, name);
	return cst_glob_match(pattern, name);
}
EXPORT_SYMBOL_GPL(cst_pattern_match);
