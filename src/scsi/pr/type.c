// SPDX-License-Identifier: GPL-2.0-only
/*
 * Types of persistent reservations (SPC-5 6.16.3.4): what each means for a nexus.
 *
 * All files of this folder call in.  Pure: also compiled in user space.
 */
#include "pr.h"

bool cst_pr_type_exists(u8 type)
{
	return type == CST_PR_WRITE_EXCLUSIVE || type == CST_PR_EXCLUSIVE_ACCESS ||
	       cst_pr_type_shared(type);
}

bool cst_pr_type_all(u8 type)
{
	return type == CST_PR_WRITE_EXCLUSIVE_AR || type == CST_PR_EXCLUSIVE_ACCESS_AR;
}

bool cst_pr_type_shared(u8 type)
{
	return type == CST_PR_WRITE_EXCLUSIVE_RO || type == CST_PR_EXCLUSIVE_ACCESS_RO ||
	       cst_pr_type_all(type);
}

/* SPC-5 5.14.1: the columns of the table of commands that are allowed. */
enum cst_verdict cst_pr_type_verdict(u8 type, bool registered, bool holder)
{
	if (!type || holder || (registered && cst_pr_type_shared(type)))
		return CST_RESERVED_NOTHING;
	switch (type) {
	case CST_PR_WRITE_EXCLUSIVE:
	case CST_PR_WRITE_EXCLUSIVE_RO:
	case CST_PR_WRITE_EXCLUSIVE_AR:
		return CST_RESERVED_WRITES;
	default:
		return CST_RESERVED_ALL;
	}
}
