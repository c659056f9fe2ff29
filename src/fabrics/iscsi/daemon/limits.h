/* SPDX-License-Identifier: GPL-2.0-only */
/* Which connection is dropped when there are too many. */
#ifndef ISCSID_LIMITS_H
#define ISCSID_LIMITS_H

#include <stddef.h>

#include "addr.h"
#include "list.h"

/**
 * struct scope - connections that are counted together
 *
 * @silent: connections that have made no valid request, the oldest first
 * @active: the other connections, the one that has made no progress for longest first
 * @count: number of connections in both lists
 */
struct scope {
	struct list silent;
	struct list active;
	unsigned int count;
};

struct conn;
struct source;

/**
 * struct scope_link - a connection's place in a scope
 *
 * @node: in one of the scope's lists
 * @scope: the scope
 * @conn: the connection
 * @source: source of the connection
 * @since: when it came or made progress last, monotonic milliseconds
 */
struct scope_link {
	struct list node;
	struct scope *scope;
	struct conn *conn;
	const struct source *source;
	uint64_t since;
};

void scope_init(struct scope *scope);
void scope_join(struct scope *scope, struct scope_link *link, struct conn *conn,
		const struct source *source, uint64_t now);
void scope_progress(struct scope_link *link, uint64_t now);
void scope_leave(struct scope_link *link);
struct conn *scope_victim(const struct scope *scope, uint64_t before);

/**
 * struct source - the connections from one source, see addr_source()
 *
 * @next: next source in the same bucket of the table
 * @key: the part of the address that names the source
 * @scope: its connections; the source is freed with the last one
 */
struct source {
	struct source *next;
	struct addr_source key;
	struct scope scope;
};

#define SOURCE_BUCKETS	256

struct source_table {
	struct source *bucket[SOURCE_BUCKETS];
	uint32_t seed;
};

void source_table_init(struct source_table *table);
struct source *source_find(struct source_table *table, const struct addr_source *key);
struct source *source_get(struct source_table *table, const struct addr_source *key);
void source_put(struct source_table *table, struct source *source);

#endif /* ISCSID_LIMITS_H */
