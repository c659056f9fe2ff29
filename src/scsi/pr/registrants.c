// SPDX-License-Identifier: GPL-2.0-only
/*
 * The registrants of a logical unit, on a list and in a hash table.
 *
 * The other files of this folder call in, with pr->lock held.  The number of registrants of
 * all units is limited, too, because an initiator can register others by their TransportIDs.
 */
#include <linux/atomic.h>
#include <linux/ctype.h>
#include <linux/random.h>
#include <linux/slab.h>
#include <linux/string.h>

#include <cst/fabric.h>

#include "pr.h"

#define CST_PR_TABLE_BITS	4
#define CST_PR_CHAIN		4	/* registrants of a head, on average, before it grows */

static atomic_t cst_pr_all;	/* registrants of all units */

void cst_pr_init(struct cst_pr *pr)
{
	mutex_init(&pr->lock);
	INIT_LIST_HEAD(&pr->registrants);
	INIT_LIST_HEAD(&pr->changed);
	cst_waitq_init(&pr->waiting, &cst_pr_waitq_ops);
	get_random_bytes(&pr->hash_key, sizeof(pr->hash_key));
}

void cst_pr_exit(struct cst_pr *pr)
{
	struct cst_registrant *reg, *next;

	list_for_each_entry_safe(reg, next, &pr->registrants, node)
		cst_pr_remove(pr, reg);
	kvfree(pr->table);
	pr->table = NULL;
}

u16 cst_pr_port_id(const struct cst_port *port, u8 *id)
{
	struct cst_port lower = *port;
	char *p;

	/* RFC 7143 4.2.7.2: names are compared in lower case. */
	for (p = lower.name; *p; p++)
		*p = tolower(*p);
	return cst_transport_id_build(&lower, id);
}

u16 cst_pr_session_id(const struct cst_session *sess, u8 *id)
{
	struct cst_port port;

	cst_session_initiator_port(sess, &port);
	return cst_pr_port_id(&port, id);
}

static struct hlist_head *cst_pr_head(const struct cst_pr *pr, const u8 *id, u16 id_len,
				      u16 port)
{
	u64 hash = siphash(id, id_len, &pr->hash_key) + port;

	return &pr->table[hash & (BIT(pr->table_bits) - 1)];
}

struct cst_registrant *cst_pr_find(struct cst_pr *pr, const u8 *id, u16 id_len, u16 port)
{
	struct cst_registrant *reg;

	lockdep_assert_held(&pr->lock);

	if (!pr->table)
		return NULL;
	hlist_for_each_entry(reg, cst_pr_head(pr, id, id_len, port), hash)
		if (reg->port == port && reg->id_len == id_len && !memcmp(reg->id, id, id_len))
			return reg;
	return NULL;
}

struct cst_registrant *cst_pr_find_session(struct cst_pr *pr, const struct cst_session *sess)
{
	u8 id[CST_TRANSPORT_ID_MAX];
	u16 len;

	if (!pr->nr)
		return NULL;
	len = cst_pr_session_id(sess, id);
	return cst_pr_find(pr, id, len, READ_ONCE(sess->target->rel_tgt_id));
}

static void cst_pr_list_in_table(struct cst_pr *pr, struct cst_registrant *reg)
{
	hlist_add_head(&reg->hash, cst_pr_head(pr, reg->id, reg->id_len, reg->port));
}

/* Make the table large enough for one registrant more.  Return: whether there is a table. */
static bool cst_pr_grow(struct cst_pr *pr)
{
	unsigned int bits = pr->table ? pr->table_bits + 2 : CST_PR_TABLE_BITS;
	struct cst_registrant *reg;
	struct hlist_head *table;

	if (pr->table && pr->nr < CST_PR_CHAIN << pr->table_bits)
		return true;
	table = kvzalloc(sizeof(*table) << bits, GFP_KERNEL);
	if (!table)
		return pr->table;	/* the chains get longer */
	kvfree(pr->table);
	pr->table = table;
	pr->table_bits = bits;
	list_for_each_entry(reg, &pr->registrants, node)
		cst_pr_list_in_table(pr, reg);
	return true;
}

struct cst_registrant *cst_pr_add(struct cst_pr *pr, const u8 *id, u16 id_len, u16 port)
{
	struct cst_registrant *reg;

	lockdep_assert_held(&pr->lock);

	if (!id_len || pr->nr >= CST_PR_MAX || !cst_pr_grow(pr))
		return NULL;
	if (atomic_inc_return(&cst_pr_all) > CST_PR_MAX_ALL)
		goto uncount;
	reg = kzalloc(struct_size(reg, id, id_len), GFP_KERNEL);
	if (!reg)
		goto uncount;
	INIT_LIST_HEAD(&reg->change);
	reg->port = port;
	reg->id_len = id_len;
	memcpy(reg->id, id, id_len);
	list_add_tail(&reg->node, &pr->registrants);
	cst_pr_list_in_table(pr, reg);
	pr->nr++;
	return reg;

uncount:
	atomic_dec(&cst_pr_all);
	return NULL;
}

void cst_pr_remove(struct cst_pr *pr, struct cst_registrant *reg)
{
	list_del(&reg->node);
	list_del(&reg->change);
	hlist_del(&reg->hash);
	kfree(reg);
	pr->nr--;
	atomic_dec(&cst_pr_all);
}
