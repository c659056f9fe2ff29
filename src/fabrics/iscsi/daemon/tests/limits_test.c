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

/*
 * A connection that is in one scope and in that of its source.  The clock is set by hand.
 */
struct fake {
	struct scope_link link[2];
};

static uint64_t now;

static void join(struct scope *scope, struct fake *f, struct source *source, unsigned int n)
{
	scope_join(scope, &f->link[0], fake_conn(n), source, now);
	scope_join(&source->scope, &f->link[1], fake_conn(n), source, now);
}

static void progress(struct fake *f)
{
	scope_progress(&f->link[0], now);
	scope_progress(&f->link[1], now);
}

static void leave(struct fake *f)
{
	scope_leave(&f->link[0]);
	scope_leave(&f->link[1]);
}

#define GRACE 1000

static struct conn *victim(const struct scope *scope)
{
	return scope_victim(scope, now - GRACE);
}

TEST(limits, victims_that_rest)
{
	struct source source = { 0 };
	struct scope scope;
	struct fake f[4];
	unsigned int i;

	now = 10 * GRACE;
	scope_init(&scope);
	scope_init(&source.scope);
	CHECK(!victim(&scope));
	for (i = 0; i < 4; i++)
		join(&scope, &f[i], &source, i);
	CHECK_EQ(scope.count, 4);
	now += GRACE + 1;
	CHECK(victim(&scope) == fake_conn(0));
	progress(&f[0]);
	CHECK(victim(&scope) == fake_conn(1));
	leave(&f[1]);
	progress(&f[3]);
	CHECK(victim(&scope) == fake_conn(2));
	progress(&f[2]);
	CHECK(victim(&scope) == fake_conn(0));
	progress(&f[0]);
	CHECK(victim(&scope) == fake_conn(3));
	leave(&f[3]);
	leave(&f[2]);
	leave(&f[0]);
	CHECK_EQ(scope.count, 0);
	CHECK(!victim(&scope));
}

/*
 * Logins that were begun and left are dropped before a connection in its first round
 * trip.
 */
TEST(limits, newcomer_stays_while_others_rest)
{
	struct source attacker = { 0 }, honest = { 0 };
	struct fake began[4], silent, guest;
	struct scope scope;
	unsigned int i;

	now = 10 * GRACE;
	scope_init(&scope);
	scope_init(&attacker.scope);
	scope_init(&honest.scope);
	for (i = 0; i < 4; i++) {
		join(&scope, &began[i], &attacker, i);
		progress(&began[i]);
	}
	now += GRACE + 1;
	join(&scope, &guest, &honest, 9);
	for (i = 0; i < 4; i++) {
		CHECK(victim(&scope) == fake_conn(i));
		progress(&began[i]);
	}
	/*
	 * No connection has rested for too long.  The attacker has the most connections.
	 */
	CHECK(victim(&scope) == fake_conn(0));
	now += GRACE;
	CHECK(victim(&scope) == fake_conn(0));
	/* Now the guest has been silent for too long, and the others have been busy. */
	for (i = 0; i < 4; i++)
		progress(&began[i]);
	now += 1;
	CHECK(victim(&scope) == fake_conn(9));
	/* An older silent connection is dropped before a guest that has just come. */
	leave(&guest);
	join(&scope, &silent, &attacker, 5);
	now += GRACE + 1;
	join(&scope, &guest, &honest, 9);
	CHECK(victim(&scope) == fake_conn(5));
}

/*
 * All connections come at once.  The source with the most loses one; of equals the
 * oldest.
 */
TEST(limits, flood)
{
	struct source one = { 0 }, two = { 0 }, honest = { 0 }, single[8] = { { 0 } };
	struct scope scope;
	struct fake f[64], guest;
	unsigned int i;

	now = 10 * GRACE;
	scope_init(&scope);
	scope_init(&one.scope);
	scope_init(&two.scope);
	scope_init(&honest.scope);
	join(&scope, &guest, &honest, 99);
	for (i = 0; i < 20; i++)
		join(&scope, &f[i], i & 1 ? &one : &two, i);
	join(&scope, &f[20], &one, 20);
	for (i = 0; i < 19; i++) {
		/*
		 * The source with more loses one, and never the guest, although it came
		 * first.
		 */
		CHECK(victim(&scope) == fake_conn(i ^ 1));
		leave(&f[i ^ 1]);
	}
	/*
	 * Each source has one: the one that has rested for longest is dropped, silent or
	 * not.
	 */
	leave(&f[18]);
	progress(&f[20]);
	CHECK(victim(&scope) == fake_conn(99));
	leave(&f[20]);
	leave(&guest);
	for (i = 0; i < 8; i++) {
		scope_init(&single[i].scope);
		join(&scope, &f[i], &single[i], i);
		progress(&f[i]);
		now++;
	}
	join(&scope, &guest, &honest, 99);
	CHECK(victim(&scope) == fake_conn(0));
	for (i = 0; i < 8; i++)
		leave(&f[i]);
	CHECK(victim(&scope) == fake_conn(99));
	leave(&guest);
	CHECK(!victim(&scope));
}

#define SOURCES (SOURCE_BUCKETS * 8)

TEST(limits, sources)
{
	struct addr_source key = { 0 }, same_bytes = { .kind = ADDR_IPV6 };
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
	/* A source with a connection is not freed. */
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
