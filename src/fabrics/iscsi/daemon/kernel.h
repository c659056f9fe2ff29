/* SPDX-License-Identifier: GPL-2.0-only */
/* The interface to cst_iscsi.ko; see include/uapi/cst/iscsi.h. */
#ifndef ISCSID_KERNEL_H
#define ISCSID_KERNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "discovery.h"
#include "login.h"

struct kernel_settings {
	bool enabled;
	uint32_t login_timeout;		/* seconds */
	uint32_t max_per_portal;	/* 0: no limit */
	uint32_t max_per_source;	/* 0: no limit */
};

/* A connection at the end of its login. */
struct kernel_conn {
	int fd;
	const char *target;
	const char *initiator;
	const char *local;
	const char *remote;
	const uint8_t *isid;
	uint16_t tsih;
	uint16_t cid;
	uint32_t cmdsn;
	uint32_t statsn;
	const uint8_t *login_rsp;
	size_t login_rsp_len;
	const uint32_t *value;		/* by key_id */
	uint32_t xmit_dsl;
};

#define KERNEL_UNTOLD	(-1)

/* @told: what tell_portal() has said of @portal last, or KERNEL_UNTOLD. */
typedef int (*kernel_portal_fn)(void *arg, const char *portal, int told);

struct kernel;

/* Results of read_events, or-ed. */
#define KERNEL_CHANGED	0x1	/* read everything again */
#define KERNEL_GONE	0x2	/* close, and open again */

/**
 * struct kernel_ops - the interface, so that tests can be the kernel
 *
 * All functions are called from the daemon's only thread and return 0 or a
 * negative errno.
 *
 * @open: find the kernel module; -ENOENT if it is not loaded
 * @close: close what @open has opened
 * @event_fd: a descriptor that is readable when @read_events has something to say; it is
 *	valid, and the same, whether open or not
 * @read_events: returns KERNEL_* flags, 0 if there was no event after all
 * @tell_portal: tell the state of a portal: 0 if initiators can reach it; an errno, why
 *	not; KERNEL_UNTOLD to forget it.  Returns -EBUSY if the kernel listens to another
 *	daemon
 * @get_settings, @get_portals, @find_target, @list_targets, @new_conn: the
 *	commands of the same name
 */
struct kernel_ops {
	int (*open)(struct kernel *k);
	void (*close)(struct kernel *k);
	int (*event_fd)(struct kernel *k);
	int (*read_events)(struct kernel *k);
	int (*get_settings)(struct kernel *k, struct kernel_settings *settings);
	int (*get_portals)(struct kernel *k, kernel_portal_fn fn, void *arg);
	int (*tell_portal)(struct kernel *k, const char *portal, int err);
	int (*find_target)(struct kernel *k, const char *target, const char *initiator,
			   const char *local, struct target_info *info);
	int (*list_targets)(struct kernel *k, const char *initiator, const char *local,
			    const char *target, discovery_target_fn fn, void *arg);
	int (*new_conn)(struct kernel *k, const struct kernel_conn *conn);
};

struct kernel {
	const struct kernel_ops *ops;
};

/*
 * The real interface, over generic netlink.  @bus and @peer are NETLINK_GENERIC and 0.  A
 * test can name another protocol and the port of its own socket.
 */
struct kernel *kernel_netlink_create(int bus, uint32_t peer);
void kernel_netlink_destroy(struct kernel *k);

#endif /* ISCSID_KERNEL_H */
