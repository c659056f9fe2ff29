// SPDX-License-Identifier: GPL-2.0-only
// The rule of this name finds the lines marked bad, and no other.
int opens(struct thing *t)
{
	int ret;

	t->file = filp_open(t->name, 0, 0);
	if (IS_ERR(t->file))
		return -EINVAL;	/* bad */
	t->other = filp_open(t->name, 0, 0);
	if (IS_ERR(t->other)) {
		t->other = NULL;
		return 0;	/* bad */
	}
	t->third = filp_open(t->name, 0, 0);
	if (IS_ERR(t->third))
		return PTR_ERR(t->third);
	ret = vfs_fsync(t->file, 0);
	if (ret < 0)
		return 0;	/* bad */
	ret = vfs_fsync(t->third, 0);
	if (ret < 0)
		return ret;
	return 0;
}
