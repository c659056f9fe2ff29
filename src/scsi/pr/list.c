// SPDX-License-Identifier: GPL-2.0-only
/*
 * The parameter list of PERSISTENT RESERVE OUT (SPC-4 6.16.3, 6.16.4).
 *
 * out.c calls in.  Pure: also compiled in user space.
 */
#include <linux/unaligned.h>

#include "pr.h"

/* Byte 20 of the basic list */
#define CST_PR_SPEC_I_PT	0x08
#define CST_PR_ALL_TG_PT	0x04
#define CST_PR_APTPL		0x01
/* Byte 17 of the list of REGISTER AND MOVE */
#define CST_PR_UNREG		0x02
#define CST_PR_MOVE_APTPL	0x01

#define CST_PR_IDS_AT		28	/* TransportIDs of the basic list */
#define CST_PR_MOVE_ID_MIN	24	/* bytes of the TransportID of REGISTER AND MOVE */

static cst_sense_t cst_pr_parse_basic(enum cst_pr_action action, const u8 *data, u32 len,
				      struct cst_pr_list *list, struct cst_sense_detail *detail)
{
	struct cst_port port;
	u32 at;
	int n;

	list->aptpl = data[20] & CST_PR_APTPL;
	list->all_ports = data[20] & CST_PR_ALL_TG_PT;
	if (action == CST_PR_REPLACE_LOST && list->all_ports)
		return cst_list_invalid(detail, 20, 2);
	if (!(data[20] & CST_PR_SPEC_I_PT))
		return len == CST_PR_LIST ? CST_OK : CST_SENSE(PARAMETER_LIST_LENGTH_ERROR);
	if (action != CST_PR_REGISTER)
		return cst_list_invalid(detail, 20, 3);
	if (len < CST_PR_IDS_AT)
		return CST_SENSE(PARAMETER_LIST_LENGTH_ERROR);
	/* TRANSPORTID PARAMETER DATA LENGTH: a list that is cut off, or has more, is refused. */
	list->ids_len = get_unaligned_be32(data + 24);
	if (list->ids_len != len - CST_PR_IDS_AT)
		return CST_SENSE(PARAMETER_LIST_LENGTH_ERROR);
	list->ids = data + CST_PR_IDS_AT;
	list->ids_at = CST_PR_IDS_AT;
	for (at = 0; at < list->ids_len; at += n) {
		n = cst_transport_id_parse(list->ids + at, list->ids_len - at, &port);
		if (n < 0)
			return cst_list_invalid(detail, CST_PR_IDS_AT + at, 7);
	}
	return CST_OK;
}

static cst_sense_t cst_pr_parse_move(const u8 *data, u32 len, struct cst_pr_list *list,
				     struct cst_sense_detail *detail)
{
	struct cst_port port;

	list->unregister = data[17] & CST_PR_UNREG;
	list->aptpl = data[17] & CST_PR_MOVE_APTPL;
	list->port = get_unaligned_be16(data + 18);
	list->ids_len = get_unaligned_be32(data + 20);
	if (list->ids_len != len - CST_PR_LIST)
		return CST_SENSE(PARAMETER_LIST_LENGTH_ERROR);
	if (list->ids_len < CST_PR_MOVE_ID_MIN || list->ids_len % 4)
		return cst_list_invalid(detail, 20, 7);
	list->ids = data + CST_PR_LIST;
	list->ids_at = CST_PR_LIST;
	/* There is one TransportID, and nothing else. */
	if (cst_transport_id_parse(list->ids, list->ids_len, &port) != list->ids_len)
		return cst_list_invalid(detail, CST_PR_LIST, 7);
	return CST_OK;
}

cst_sense_t cst_pr_list_parse(enum cst_pr_action action, const u8 *data, u32 len,
			      struct cst_pr_list *list, struct cst_sense_detail *detail)
{
	*list = (struct cst_pr_list){
		.key = get_unaligned_be64(data),
		.action_key = get_unaligned_be64(data + 8),
	};
	if (action == CST_PR_REGISTER_AND_MOVE)
		return cst_pr_parse_move(data, len, list, detail);
	return cst_pr_parse_basic(action, data, len, list, detail);
}
