// SPDX-License-Identifier: GPL-2.0-only
/*
 * Bookkeeping of connections per portal, per source and in all, and the choice
 * of the connection to drop at a limit.  conn.c calls in.  Every operation is O(1), walks
 * one hash bucket or looks at a fixed number of connections, so that a flood
 * costs no more than accepting it.
 *
 * The rule.  A connection rests since it came, or since its last valid request.  It may
 * rest for SERVER_GRACE_MS: the first request of an honest peer takes a round trip, and
 * more if a segment is lost.
 *
 * 1. If connections have rested for longer than that, one of them is dropped: first the
 *    silent ones, the oldest of them first, then those that have begun a login and not
 *    gone on.  So a peer cannot keep its place by beginning a login, at the expense of a
 *    newcomer that is still in its first round trip.
 * 2. If no connection has rested for longer, it is a flood.  The source with the most
 *    connections loses one, a silent one if it has any.  Of sources with equally many,
 *    the source whose connection has rested for longest loses that one, whether it is
 *    silent or not.  So an honest host with one connection stays as long as any source
 *    has two.  If an attacker has an address for each of its connections, the honest host
 *    stays as long as its round trip is shorter than the time in which the attacker
 *    reaches the limit.
 *
 * The limit of a source is applied before those of the portal and of all connections.  It
 * drops connections of the same source, so a source that is at its limit displaces no
 * other source.  Newcomers are not refused instead.  If they were, an attacker could shut
 * everybody out with as many connections as the limit in each SERVER_GRACE_MS.  A
 * connection that is dropped later has had time for its request.
 */
#include "limits.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

/* How many connections of each list are looked at in a flood. */
#define SCOPE_LOOKS	64

void scope_init(struct scope *scope)
{
	list_init(&scope->silent);
	list_init(&scope->active);
	scope->count = 0;
}

void scope_join(struct scope *scope, struct scope_link *link, struct conn *conn,
		const struct source *source, uint64_t now)
{
	link->scope = scope;
	link->conn = conn;
	link->source = source;
	link->since = now;
	list_add_tail(&scope->silent, &link->node);
	scope->count++;
}

void scope_progress(struct scope_link *link, uint64_t now)
{
	link->since = now;
	list_move_tail(&link->scope->active, &link->node);
}

void scope_leave(struct scope_link *link)
{
	list_del(&link->node);
	link->scope->count--;
	link->scope = NULL;
}

/* The first connection of a list, which is the one that has rested for longest. */
static const struct scope_link *scope_first(const struct list *head)
{
	return list_empty(head) ? NULL : list_entry(head->next, struct scope_link, node);
}

/* Rule 1: a connection that has rested since before @before, or NULL. */
static struct conn *scope_resting(const struct scope *scope, uint64_t before)
{
	const struct scope_link *link = scope_first(&scope->silent);

	if (!link || link->since >= before)
		link = scope_first(&scope->active);
	return link && link->since < before ? link->conn : NULL;
}

/*
 * Rule 2: the best victim among @best and the first connections of a list.  Of two
 * connections of the same source, the one that was found first is chosen.
 */
static const struct scope_link *scope_heaviest(const struct list *head,
					       const struct scope_link *best)
{
	const struct list *node = head->next;
	unsigned int looks = SCOPE_LOOKS;

	for (; node != head && looks--; node = node->next) {
		const struct scope_link *link = list_entry(node, struct scope_link, node);
		const unsigned int count = link->source->scope.count;

		if (!best || count > best->source->scope.count ||
		    (count == best->source->scope.count && link->source != best->source &&
		     link->since < best->since))
			best = link;
	}
	return best;
}

/*
 * The connection that @scope can best do without; NULL if @scope is empty.  A connection
 * that rests since @before or later has not rested for too long.
 */
struct conn *scope_victim(const struct scope *scope, uint64_t before)
{
	struct conn *conn = scope_resting(scope, before);
	const struct scope_link *link = NULL;

	if (conn)
		return conn;
	link = scope_heaviest(&scope->silent, link);
	link = scope_heaviest(&scope->active, link);
	return link ? link->conn : NULL;
}

void source_table_init(struct source_table *table)
{
	memset(table, 0, sizeof(*table));
	/* Without randomness the table still works; it is only predictable. */
	if (getrandom(&table->seed, sizeof(table->seed), GRND_NONBLOCK) < 0)
		table->seed = 0;
}

static struct source **source_bucket(struct source_table *table,
				     const struct addr_source *key)
{
	uint32_t hash = table->seed ^ 2166136261u;
	size_t i;

	for (i = 0; i < sizeof(key->bytes); i++)
		hash = (hash ^ key->bytes[i]) * 16777619u;
	return &table->bucket[(hash ^ hash >> 16) % SOURCE_BUCKETS];
}

static bool source_is(const struct source *source, const struct addr_source *key)
{
	return source->key.kind == key->kind &&
	       !memcmp(source->key.bytes, key->bytes, sizeof(key->bytes));
}

struct source *source_find(struct source_table *table, const struct addr_source *key)
{
	struct source *source = *source_bucket(table, key);

	while (source && !source_is(source, key))
		source = source->next;
	return source;
}

/* Finds or makes the source of @key.  NULL if there is no memory. */
struct source *source_get(struct source_table *table, const struct addr_source *key)
{
	struct source **bucket = source_bucket(table, key);
	struct source *source = source_find(table, key);

	if (source)
		return source;
	source = calloc(1, sizeof(*source));
	if (!source)
		return NULL;
	source->key = *key;
	scope_init(&source->scope);
	source->next = *bucket;
	*bucket = source;
	return source;
}

/* Frees the source if it has no connections. */
void source_put(struct source_table *table, struct source *source)
{
	struct source **p = source_bucket(table, &source->key);

	if (source->scope.count)
		return;
	while (*p != source)
		p = &(*p)->next;
	*p = source->next;
	free(source);
}
