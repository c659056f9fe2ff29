// SPDX-License-Identifier: GPL-2.0-only
/*
 * Bookkeeping of connections per portal, per source and in all, and the choice
 * of the one to drop at a limit.  conn.c calls in.  Every operation is O(1) or
 * walks one hash bucket, so that a flood of connections costs no more than
 * accepting them.
 */
#include "limits.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

void scope_init(struct scope *scope)
{
	list_init(&scope->silent);
	list_init(&scope->active);
	scope->count = 0;
}

void scope_join(struct scope *scope, struct scope_link *link, struct conn *conn)
{
	link->scope = scope;
	link->conn = conn;
	list_add_tail(&scope->silent, &link->node);
	scope->count++;
}

void scope_progress(struct scope_link *link)
{
	list_move_tail(&link->scope->active, &link->node);
}

void scope_leave(struct scope_link *link)
{
	list_del(&link->node);
	link->scope->count--;
	link->scope = NULL;
}

/* The oldest silent connection, else the one that rested for longest. */
struct conn *scope_victim(const struct scope *scope)
{
	const struct list *head = list_empty(&scope->silent) ? &scope->active : &scope->silent;

	return list_empty(head) ? NULL : list_entry(head->next, struct scope_link, node)->conn;
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
	return source->key.ipv6 == key->ipv6 &&
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
