// SPDX-License-Identifier: GPL-2.0-only
// The rule of this name finds the lines marked bad, and no other.
void makes(struct thing *t, size_t n)
{
	t->a = kmalloc(n * sizeof(u32), GFP_KERNEL);	/* bad */
	t->b = kzalloc(sizeof(*t->b) * n, GFP_KERNEL);	/* bad */
	t->c = kcalloc(n, sizeof(u32), GFP_KERNEL);
	t->d = kmalloc(sizeof(u32), GFP_KERNEL);
}
