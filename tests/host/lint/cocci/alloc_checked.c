// SPDX-License-Identifier: GPL-2.0-only
// The rule of this name finds the lines marked bad, and no other.
int uses(struct thing **out)
{
	struct thing *t, *u, *v;
	u8 *page;

	t = kzalloc(sizeof(*t), GFP_KERNEL);
	t->n = 1;	/* bad */
	u = kzalloc(sizeof(*u), GFP_KERNEL);
	if (!u)
		return -ENOMEM;
	u->n = 1;
	page = kmalloc(16, GFP_KERNEL);
	page[3] = 0;	/* bad */
	v = kzalloc(sizeof(*v), GFP_KERNEL);
	if (!v || !u->n)
		return -ENOMEM;
	v->n = 1;
	*out = kmalloc(sizeof(*v), GFP_NOIO | __GFP_NOFAIL);
	(*out)->n = 1;
	return 0;
}
