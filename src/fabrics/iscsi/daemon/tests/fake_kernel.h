/* SPDX-License-Identifier: GPL-2.0-only */
/* A stand-in for cst_iscsi.ko behind struct kernel_ops. */
#ifndef ISCSID_FAKE_KERNEL_H
#define ISCSID_FAKE_KERNEL_H

#include <pthread.h>

#include "../addr.h"
#include "../kernel.h"

#define FAKE_PORTALS	8
#define FAKE_CONNS	512
#define FAKE_TARGET	"iqn.2026-01.example:disk"
#define FAKE_TPGT	7

/* A connection that the daemon handed over. */
struct fake_conn {
	int fd;
	char target[TEXT_NAME_SIZE];
	char initiator[TEXT_NAME_SIZE];
	char local[ADDR_TEXT_SIZE];
	char remote[ADDR_TEXT_SIZE];
	uint8_t isid[6];
	uint16_t cid;
	uint32_t cmdsn;
	uint32_t statsn;
	uint32_t value[KEY_OP_COUNT];
	uint32_t xmit_dsl;
};

/*
 * All members may be changed before the daemon starts, or between fake_lock() and
 * fake_unlock().  fake_changed() makes the daemon read them.
 */
struct fake_kernel {
	struct kernel kernel;
	pthread_mutex_t lock;
	int event_fd;
	int pending;
	bool present;
	struct kernel_settings settings;
	char portal[FAKE_PORTALS][ADDR_TEXT_SIZE];
	int told[FAKE_PORTALS];
	unsigned int tells;
	unsigned int portals;
	unsigned int targets;
	int new_conn_error;
	struct fake_conn conn[FAKE_CONNS];
	unsigned int conns;
	unsigned int opens;
};

void fake_init(struct fake_kernel *fake);
void fake_free(struct fake_kernel *fake);
void fake_lock(struct fake_kernel *fake);
void fake_unlock(struct fake_kernel *fake);
int fake_told(struct fake_kernel *fake, unsigned int i);
void fake_changed(struct fake_kernel *fake, int flags);

#endif /* ISCSID_FAKE_KERNEL_H */
