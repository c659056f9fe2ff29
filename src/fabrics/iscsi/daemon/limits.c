// SPDX-License-Identifier: GPL-2.0-only
/*
 * Bookkeeping of connections per portal, per source and in all, and the choice
 * of the one to drop at a limit.  conn.c calls in.  Every operation is O(1), walks
 * one hash bucket or looks at a fixed number of connections, so that a flood
 * costs no more than accepting it.
 *
 * The rule.  A connection rests from when it came, or from its last valid request,
 * and may do so for a moment (SERVER_GRACE_MS): the first request of an honest
 * peer is a round trip away, and a lost segment more.
 *
 * 1. Who has rested for longer goes: first the silent, the oldest of them first,
 *    then those that began a login and left it.  So a login that was begun buys no
 *    place that a newcomer in his first round trip would pay for.
 * 2. If nobody has, it is a flood.  The source that has most of them gives one, a
 *    silent one if it can; of equal sources the one whose connection has rested for
 *    longest, whether it has said something or not.  An honest host with one
 *    connection stays as long as anybody has two, and against an attacker with an
 *    address for each of his connections as long as its round trip is shorter than
 *    the time that fills the limit.
 *
 * The limit of a source comes before those of the portal and of all, and makes room
 * among its own: a source that is at its limit displaces nobody else.  Newcomers are
 * not refused instead: then a limit's worth of connections each moment would shut
 * everybody out, where one that is replaced still has a moment for its request.
 */
#include "limits.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

/* How many of each list are looked at in a flood. */
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

/* The first of a list is the one that has rested for longest. */
static const struct scope_link *scope_first(const struct list *head)
{
	return list_empty(head) ? NULL : list_entry(head->next, struct scope_link, node);
}

/* Rule 1: who has rested since before @before, or NULL. */
static struct conn *scope_resting(const struct scope *scope, uint64_t before)
{
	const struct scope_link *link = scope_first(&scope->silent);

	if (!link || link->since >= before)
		link = scope_first(&scope->active);
	return link && link->since < before ? link->conn : NULL;
}

/*
 * The better victim of @best and the first connections of a list, by rule 2.  What is
 * found first stays among those of one source.
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
 * Who can best be done without; NULL if the scope is empty.  Who rests since @before
 * or later has not done so for long.
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

/* Finds or makes the source; NULL without memory. */
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
