// SPDX-License-Identifier: GPL-2.0-only
// The rule of this name finds the lines marked bad, and no other.
ssize_t prints(struct thing *t, char *page)
{
	int len = 0;

	strcpy(t->name, page);	/* bad */
	len += snprintf(page, 16, "%d", t->n);	/* bad */
	len += scnprintf(page + len, 16 - len, "%d", t->n);
	if (t->n)
		return sprintf(page, "%d\n", t->n);	/* bad */
	if (t->m)
		return snprintf(page, 16, "%d\n", t->n);	/* bad */
	strscpy(t->name, page, sizeof(t->name));
	return sysfs_emit(page, "%d\n", t->n);
}
