// SPDX-License-Identifier: GPL-2.0-only
// The rule of this name finds the lines marked bad, and no other.
void ends(struct thing *t)
{
	if (t->name)
		kfree(t->name);	/* bad */
	if (t->table) {
		vfree(t->table);	/* bad */
		t->table = NULL;
	}
	kfree(t->list);
	if (t->own)
		kfree(t->list);
}
