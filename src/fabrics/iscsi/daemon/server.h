/* SPDX-License-Identifier: GPL-2.0-only */
/* The event loop, and the state that all connections share. */
#ifndef ISCSID_SERVER_H
#define ISCSID_SERVER_H

#include <stdbool.h>
#include <stdint.h>

#include "kernel.h"
#include "limits.h"
#include "list.h"

/* Embedded in each object that has a descriptor in the event loop. */
struct watch {
	void (*ready)(struct watch *watch, uint32_t events);
};

/*
 * Each connection waits for a deadline on one of these queues.  All connections of a
 * queue have the same time to live, so appending keeps the queue in order of deadlines.
 */
enum deadline {
	DEADLINE_LOGIN,		/* for the whole login phase */
	DEADLINE_IDLE,		/* for the next request of a discovery session */
	DEADLINE_CLOSE,		/* for the peer to take the last response */
	DEADLINE_COUNT,
};

/**
 * struct server - the daemon
 *
 * @kernel: the interface to the kernel module
 * @kernel_watch: for events of the kernel module
 * @stop_watch: for server_stop()
 * @netif_watch: for changes of addresses and interfaces
 * @settings: the settings that the kernel gave last
 * @connected: the kernel module is there
 * @kernel_ready: the kernel has events, which are read between two rounds
 * @netif_changed: addresses have come or gone; handled between two rounds
 * @unheard: the kernel listens to another daemon, and the log says so
 * @listeners: see listen.c
 * @all: all connections
 * @sources: all connections, by source
 * @queue: all connections, by deadline
 * @dead: connections to be freed after the current round of events
 * @max_conns: most connections, as the limit on descriptors allows
 * @grace_ms: how long a connection may rest before it is the first to be dropped at a
 *	limit
 * @now: monotonic milliseconds at the start of the current round
 * @retry_at: when to try again what has failed, 0 for nothing
 * @listening: how many portals are open
 * @next_tsih: the last TSIH that was given to a connection, for discovery sessions
 * @stopping: leave the loop
 * @epoll_fd: descriptor of the event loop
 * @stop_fd: descriptor of @stop_watch
 * @netif_fd: descriptor of @netif_watch, -1 if there is none
 */
struct server {
	struct kernel *kernel;
	struct watch kernel_watch;
	struct watch stop_watch;
	struct watch netif_watch;
	struct kernel_settings settings;
	bool connected;
	bool kernel_ready;
	bool netif_changed;
	bool unheard;
	struct list listeners;
	struct scope all;
	struct source_table sources;
	struct list queue[DEADLINE_COUNT];
	struct list dead;
	unsigned int max_conns;
	unsigned int grace_ms;
	uint64_t now;
	uint64_t retry_at;
	unsigned int listening;
	uint16_t next_tsih;
	bool stopping;
	int epoll_fd;
	int stop_fd;
	int netif_fd;
};

int server_init(struct server *srv, struct kernel *kernel);
void server_run(struct server *srv);
void server_stop(struct server *srv);
void server_free(struct server *srv);

int server_watch(struct server *srv, int fd, uint32_t events, struct watch *watch);
int server_rewatch(struct server *srv, int fd, uint32_t events, struct watch *watch);
void server_unwatch(struct server *srv, int fd);
void server_retry(struct server *srv);

#endif /* ISCSID_SERVER_H */
