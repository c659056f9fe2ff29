// SPDX-License-Identifier: GPL-2.0-only
// The rule of this name finds the lines marked bad, and no other.
static ssize_t thing_store(struct config_item *item, const char *page, size_t count)
{
	if (!count)
		return 0;	/* bad */
	if (count > 16)
		return -EINVAL;
	return count;
}

static ssize_t thing_show(struct config_item *item, char *page)
{
	return 0;
}
