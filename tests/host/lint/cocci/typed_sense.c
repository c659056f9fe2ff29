// SPDX-License-Identifier: GPL-2.0-only
// The rule of this name finds the lines marked bad, and no other.
cst_sense_t executes(struct cst_cmd *cmd)
{
	if (cmd->len > 16)
		return -EINVAL;	/* bad */
	if (cmd->len > 8)
		return 0;	/* bad */
	if (cmd->len > 4)
		return CST_SENSE_INVALID_FIELD;
	return CST_OK;
}

int counts(struct cst_cmd *cmd)
{
	return cmd->len > 16 ? -EINVAL : 0;
}
