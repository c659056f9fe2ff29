// SPDX-License-Identifier: GPL-2.0-only
/* limits.c: order of victims, and the table of sources beyond its buckets. */
#include "../limits.h"

#include <stdint.h>
#include <stdlib.h>

#include "test.h"

/* limits.c never looks into a connection. */
static struct conn *fake_conn(unsigned int n)
{
	return (struct conn *)(uintptr_t)(n + 1);
}

TEST(limits, victims)
{
	struct scope_link link[4];
	struct scope scope;
	unsigned int i;

	scope_init(&scope);
	CHECK(!scope_victim(&scope));
	for (i = 0; i < 4; i++)
		scope_join(&scope, &link[i], fake_conn(i));
	CHECK_EQ(scope.count, 4);
	CHECK(scope_victim(&scope) == fake_conn(0));
	scope_progress(&link[0]);
	CHECK(scope_victim(&scope) == fake_conn(1));
	scope_leave(&link[1]);
	scope_progress(&link[3]);
	CHECK(scope_victim(&scope) == fake_conn(2));
	scope_progress(&link[2]);
	CHECK(scope_victim(&scope) == fake_conn(0));
	scope_progress(&link[0]);
	CHECK(scope_victim(&scope) == fake_conn(3));
	scope_leave(&link[3]);
	scope_leave(&link[2]);
	scope_leave(&link[0]);
	CHECK_EQ(scope.count, 0);
	CHECK(!scope_victim(&scope));
}

#define SOURCES (SOURCE_BUCKETS * 8)

TEST(limits, sources)
{
	struct addr_source key = { 0 }, same_bytes = { .ipv6 = true };
	struct source **source = calloc(SOURCES, sizeof(*source));
	struct source_table *table = calloc(1, sizeof(*table));
	unsigned int i;

	source_table_init(table);
	for (i = 0; i < SOURCES; i++) {
		memcpy(key.bytes, &i, sizeof(i));
		CHECK(!source_find(table, &key));
		source[i] = source_get(table, &key);
		CHECK(source[i] && source_get(table, &key) == source[i]);
		CHECK(source_find(table, &key) == source[i]);
	}
	CHECK(!source_find(table, &same_bytes));
	/* In use, it stays. */
	source[7]->scope.count++;
	source_put(table, source[7]);
	source[7]->scope.count--;
	for (i = 0; i < SOURCES; i += 2) {
		memcpy(key.bytes, &i, sizeof(i));
		source_put(table, source[i]);
		CHECK(!source_find(table, &key));
	}
	for (i = 1; i < SOURCES; i += 2) {
		memcpy(key.bytes, &i, sizeof(i));
		CHECK(source_find(table, &key) == source[i]);
		source_put(table, source[i]);
	}
	for (i = 0; i < SOURCE_BUCKETS; i++)
		CHECK(!table->bucket[i]);
	free(source);
	free(table);
}
