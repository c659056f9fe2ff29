// SPDX-License-Identifier: GPL-2.0-only
/*
 * The kernel's side of the interface, for tests.  Settings, portals and targets come from
 * a struct.  A connection that is taken over gets a descriptor of its own.
 */
#include "fake_kernel.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../pdu.h"

static struct fake_kernel *to_fake(struct kernel *k)
{
	return (struct fake_kernel *)(void *)k;
}

void fake_lock(struct fake_kernel *fake)
{
	pthread_mutex_lock(&fake->lock);
}

void fake_unlock(struct fake_kernel *fake)
{
	pthread_mutex_unlock(&fake->lock);
}

void fake_changed(struct fake_kernel *fake, int flags)
{
	const uint64_t one = 1;

	fake_lock(fake);
	fake->pending |= flags;
	fake_unlock(fake);
	if (write(fake->event_fd, &one, sizeof(one)) < 0)
		perror("fake kernel");
}

static int fake_open(struct kernel *k)
{
	struct fake_kernel *fake = to_fake(k);
	bool present;

	fake_lock(fake);
	present = fake->present;
	fake->opens += present;
	fake_unlock(fake);
	return present ? 0 : -ENOENT;
}

static void fake_close(struct kernel *k)
{
	(void)k;
}

static int fake_event_fd(struct kernel *k)
{
	return to_fake(k)->event_fd;
}

static int fake_read_events(struct kernel *k)
{
	struct fake_kernel *fake = to_fake(k);
	uint64_t count;
	int flags;

	if (read(fake->event_fd, &count, sizeof(count)) < 0)
		return 0;
	fake_lock(fake);
	flags = fake->pending;
	fake->pending = 0;
	fake_unlock(fake);
	return flags;
}

static int fake_get_settings(struct kernel *k, struct kernel_settings *settings)
{
	struct fake_kernel *fake = to_fake(k);

	fake_lock(fake);
	*settings = fake->settings;
	fake_unlock(fake);
	return fake->present ? 0 : -ENOENT;
}

static int fake_get_portals(struct kernel *k, kernel_portal_fn fn, void *arg)
{
	struct fake_kernel *fake = to_fake(k);
	unsigned int i;
	int err = 0;

	fake_lock(fake);
	for (i = 0; i < fake->portals && !err; i++)
		err = fn(arg, fake->portal[i], fake->told[i]);
	fake_unlock(fake);
	return err;
}

static int fake_tell_portal(struct kernel *k, const char *portal, int told)
{
	struct fake_kernel *fake = to_fake(k);
	unsigned int i;

	fake_lock(fake);
	for (i = 0; i < FAKE_PORTALS; i++)
		if (!strcmp(fake->portal[i], portal))
			fake->told[i] = told;
	fake->tells++;
	fake_unlock(fake);
	return 0;
}

int fake_told(struct fake_kernel *fake, unsigned int i)
{
	int told;

	fake_lock(fake);
	told = fake->told[i];
	fake_unlock(fake);
	return told;
}

static int fake_find_target(struct kernel *k, const char *target, const char *initiator,
			    const char *local, struct target_info *info)
{
	(void)k;
	(void)local;
	if (strcmp(target, FAKE_TARGET))
		return -ENOENT;
	if (strstr(initiator, "stranger"))
		return -EACCES;
	strcpy(info->name, target);
	strcpy(info->alias, "fake");
	info->tpgt = FAKE_TPGT;
	key_values_default(&info->values);
	info->values.value[KEY_MAX_RECV_DSL] = 65536;
	return 0;
}

static int fake_list_targets(struct kernel *k, const char *initiator, const char *local,
			     const char *name, discovery_target_fn fn, void *arg)
{
	struct fake_kernel *fake = to_fake(k);
	struct discovery_target target = { .tpgt = FAKE_TPGT };
	unsigned int i, count;
	char buf[TEXT_NAME_SIZE];
	int err = 0;

	(void)initiator;
	(void)local;
	fake_lock(fake);
	count = fake->targets;
	fake_unlock(fake);
	for (i = 0; i < count && !err; i++) {
		if (i)
			snprintf(buf, sizeof(buf), FAKE_TARGET "%u", i);
		else
			strcpy(buf, FAKE_TARGET);
		target.name = buf;
		if (!name || !strcmp(name, buf))
			err = fn(arg, &target);
	}
	return err;
}

static int fake_new_conn(struct kernel *k, const struct kernel_conn *kc)
{
	struct fake_kernel *fake = to_fake(k);
	uint8_t rsp[PDU_BHS_LEN + PDU_LOGIN_DATA_MAX];
	struct fake_conn *conn;
	int err;

	fake_lock(fake);
	err = fake->new_conn_error;
	if (!err && fake->conns == FAKE_CONNS)
		err = -EMLINK;
	if (!err && kc->login_rsp_len > sizeof(rsp))
		err = -EINVAL;
	if (err)
		goto out;

	conn = &fake->conn[fake->conns++];
	conn->fd = dup(kc->fd);
	strcpy(conn->target, kc->target);
	strcpy(conn->initiator, kc->initiator);
	strcpy(conn->local, kc->local);
	strcpy(conn->remote, kc->remote);
	memcpy(conn->isid, kc->isid, sizeof(conn->isid));
	conn->cid = kc->cid;
	conn->cmdsn = kc->cmdsn;
	conn->statsn = kc->statsn;
	memcpy(conn->value, kc->value, sizeof(conn->value));
	conn->xmit_dsl = kc->xmit_dsl;

	memcpy(rsp, kc->login_rsp, kc->login_rsp_len);
	put_be16(rsp + 14, (uint16_t)fake->conns);
	put_be32(rsp + 28, kc->cmdsn);
	put_be32(rsp + 32, kc->cmdsn + 31);
	if (send(conn->fd, rsp, kc->login_rsp_len, MSG_NOSIGNAL) != (ssize_t)kc->login_rsp_len) {
		close(conn->fd);
		fake->conns--;
		err = -ENOTCONN;
	}
out:
	fake_unlock(fake);
	return err;
}

static const struct kernel_ops fake_ops = {
	.open = fake_open,
	.close = fake_close,
	.event_fd = fake_event_fd,
	.read_events = fake_read_events,
	.get_settings = fake_get_settings,
	.get_portals = fake_get_portals,
	.tell_portal = fake_tell_portal,
	.find_target = fake_find_target,
	.list_targets = fake_list_targets,
	.new_conn = fake_new_conn,
};

void fake_init(struct fake_kernel *fake)
{
	memset(fake, 0, sizeof(*fake));
	fake->kernel.ops = &fake_ops;
	pthread_mutex_init(&fake->lock, NULL);
	fake->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	fake->present = true;
	memset(fake->told, 0xff, sizeof(fake->told));	/* KERNEL_UNTOLD */
	fake->targets = 1;
	fake->settings.enabled = true;
	fake->settings.login_timeout = 15;
	fake->settings.max_per_portal = 256;
	fake->settings.max_per_source = 64;
}

void fake_free(struct fake_kernel *fake)
{
	unsigned int i;

	for (i = 0; i < fake->conns; i++)
		if (fake->conn[i].fd >= 0)
			close(fake->conn[i].fd);
	close(fake->event_fd);
	pthread_mutex_destroy(&fake->lock);
}
