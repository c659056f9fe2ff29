// SPDX-License-Identifier: GPL-2.0-only
// The rule of this name finds the lines marked bad, and no other.
void stops(struct thing *t)
{
	BUG_ON(!t);	/* bad */
	if (t->n)
		BUG();	/* bad */
	BUILD_BUG_ON(sizeof(*t) > 64);
	WARN_ON(!list_empty(&t->list));
}
