// SPDX-License-Identifier: GPL-2.0-only
/*
 * Generic netlink family `cst`: events, and counters without configfs.
 *
 * Objects call in when something has happened.  No message is built while nobody listens.
 * cst_devices_lock protects the list of devices that the dump of counters walks.
 */
#include <linux/export.h>
#include <linux/percpu.h>
#include <net/genetlink.h>

#include <cst/events.h>

#include "core.h"

static LIST_HEAD(cst_devices);
static DEFINE_MUTEX(cst_devices_lock);

static struct genl_family cst_genl_family;

static const struct genl_multicast_group cst_genl_mcgrps[] = {
	{ .name = CST_GENL_MCGRP_EVENTS },
};

/* handlers/<handler>/<device>, targets/<fabric>/<target> */
static int cst_put_object(struct sk_buff *msg, const char *kind,
			  const char *parent, const char *name)
{
	struct nlattr *attr;
	size_t len = strlen(kind) + strlen(parent) + strlen(name) + 3;

	attr = nla_reserve(msg, CST_A_OBJECT, len);
	if (!attr)
		return -EMSGSIZE;
	snprintf(nla_data(attr), len, "%s/%s/%s", kind, parent, name);
	return 0;
}

static int cst_put_device(struct sk_buff *msg, struct cst_device *dev)
{
	return cst_put_object(msg, "handlers", dev->ops->name,
			      cst_device_name(dev));
}

static int cst_put_target(struct sk_buff *msg, struct cst_target *target)
{
	return cst_put_object(msg, "targets", target->ops->name,
			      cst_target_name(target));
}

/* No memory for the event: the readers get the same error as when they are too slow. */
static void cst_event_lost(struct sk_buff *msg)
{
	nlmsg_free(msg);
	genl_set_err(&cst_genl_family, &init_net, 0, 0, -ENOBUFS);
}

static struct sk_buff *cst_event_start_gfp(u8 cmd, void **hdr, gfp_t gfp)
{
	struct sk_buff *msg;

	if (!genl_has_listeners(&cst_genl_family, &init_net, 0))
		return NULL;
	msg = genlmsg_new(NLMSG_GOODSIZE, gfp);
	*hdr = msg ? genlmsg_put(msg, 0, 0, &cst_genl_family, 0, cmd) : NULL;
	if (!*hdr) {
		cst_event_lost(msg);
		return NULL;
	}
	return msg;
}

static struct sk_buff *cst_event_start(u8 cmd, void **hdr)
{
	return cst_event_start_gfp(cmd, hdr, GFP_KERNEL);
}

static void cst_event_end_gfp(struct sk_buff *msg, void *hdr, int ret, gfp_t gfp)
{
	if (ret) {
		cst_event_lost(msg);
		return;
	}
	genlmsg_end(msg, hdr);
	genlmsg_multicast(&cst_genl_family, msg, 0, 0, gfp);
}

static void cst_event_end(struct sk_buff *msg, void *hdr, int ret)
{
	cst_event_end_gfp(msg, hdr, ret, GFP_KERNEL);
}

/**
 * cst_event_device() - a device was enabled, disabled or resized
 * @dev: the device
 * @cmd: CST_EVENT_*
 *
 * Context: process, may sleep; so for all functions here but cst_device_data_lost().
 */
void cst_event_device(struct cst_device *dev, u8 cmd)
{
	void *hdr;
	struct sk_buff *msg = cst_event_start(cmd, &hdr);

	if (msg)
		cst_event_end(msg, hdr,
			      cst_put_device(msg, dev) ?:
			      nla_put_u64_64bit(msg, CST_A_BLOCKS,
						cst_device_capacity(dev),
						CST_A_PAD));
}

void cst_device_data_lost(struct cst_device *dev)
{
	void *hdr;
	struct sk_buff *msg = cst_event_start_gfp(CST_EVENT_DATA_LOST, &hdr,
						  GFP_ATOMIC);

	if (msg)
		cst_event_end_gfp(msg, hdr, cst_put_device(msg, dev), GFP_ATOMIC);
}
EXPORT_SYMBOL_GPL(cst_device_data_lost);

void cst_event_target(struct cst_target *target, u8 cmd)
{
	void *hdr;
	struct sk_buff *msg = cst_event_start(cmd, &hdr);

	if (msg)
		cst_event_end(msg, hdr, cst_put_target(msg, target));
}

/**
 * cst_event_reservation() - an initiator has changed registrations or the reservation
 * @sess: its session
 * @dev: the unit
 * @action: what it has done, as in the standard
 */
void cst_event_reservation(struct cst_session *sess, struct cst_device *dev, const char *action)
{
	void *hdr;
	struct sk_buff *msg = cst_event_start_gfp(CST_EVENT_RESERVATION, &hdr, GFP_NOIO);

	if (msg)
		cst_event_end_gfp(msg, hdr,
				  cst_put_device(msg, dev) ?:
				  nla_put_string(msg, CST_A_INITIATOR, sess->initiator_name) ?:
				  nla_put_string(msg, CST_A_FUNCTION, action),
				  GFP_NOIO);
}

void cst_event_session(struct cst_session *sess, u8 cmd)
{
	void *hdr;
	struct sk_buff *msg = cst_event_start(cmd, &hdr);

	if (msg)
		cst_event_end(msg, hdr,
			      cst_put_target(msg, sess->target) ?:
			      nla_put_string(msg, CST_A_INITIATOR,
					     sess->initiator_name));
}

void cst_event_replaced(struct cst_target *target, const char *initiator_name,
			const char *address, const char *old_address)
{
	void *hdr;
	struct sk_buff *msg = cst_event_start(CST_EVENT_REPLACED, &hdr);

	if (msg)
		cst_event_end(msg, hdr,
			      cst_put_target(msg, target) ?:
			      nla_put_string(msg, CST_A_INITIATOR,
					     initiator_name) ?:
			      nla_put_string(msg, CST_A_ADDRESS, address) ?:
			      nla_put_string(msg, CST_A_OLD_ADDRESS,
					     old_address));
}
EXPORT_SYMBOL_GPL(cst_event_replaced);

/*
 * The event is sent before the function is answered.  Reclaim may wait for that answer, so
 * the allocation must not wait for reclaim: a lost event is better than a late answer.
 */
void cst_event_tmf(const struct cst_tmf *tmf)
{
	const gfp_t gfp = GFP_NOIO | __GFP_NORETRY | __GFP_NOWARN;
	static const char *const functions[] = {
		[CST_TMF_ABORT_TASK] = "ABORT TASK",
		[CST_TMF_ABORT_TASK_SET] = "ABORT TASK SET",
		[CST_TMF_CLEAR_TASK_SET] = "CLEAR TASK SET",
		[CST_TMF_LUN_RESET] = "LOGICAL UNIT RESET",
		[CST_TMF_TARGET_RESET] = "TARGET RESET",
		[CST_TMF_NEXUS_LOSS] = "I_T NEXUS RESET",
	};
	static const char *const responses[] = {
		[CST_TMF_COMPLETE] = "FUNCTION COMPLETE",
		[CST_TMF_TASK_DOES_NOT_EXIST] = "TASK DOES NOT EXIST",
		[CST_TMF_LUN_DOES_NOT_EXIST] = "INCORRECT LOGICAL UNIT NUMBER",
		[CST_TMF_NOT_SUPPORTED] = "FUNCTION NOT SUPPORTED",
		[CST_TMF_REJECTED] = "FUNCTION REJECTED",
	};
	void *hdr;
	struct sk_buff *msg;

	if (tmf->function >= ARRAY_SIZE(functions))
		return;
	msg = cst_event_start_gfp(CST_EVENT_TMF, &hdr, gfp);
	if (msg)
		cst_event_end_gfp(msg, hdr,
				  cst_put_target(msg, tmf->sess->target) ?:
				  nla_put_string(msg, CST_A_INITIATOR,
						 tmf->sess->initiator_name) ?:
				  nla_put_string(msg, CST_A_FUNCTION,
						 functions[tmf->function]) ?:
				  nla_put_string(msg, CST_A_RESPONSE,
						 responses[tmf->response]),
				  gfp);
}

/**
 * cst_device_stats() - sum up a device's counters over the CPUs
 * @dev: the device
 * @sum: filled in
 */
void cst_device_stats(struct cst_device *dev, struct cst_dev_stats *sum)
{
	unsigned int i;
	int cpu;

	memset(sum, 0, sizeof(*sum));
	for_each_possible_cpu(cpu) {
		const struct cst_dev_stats *s = per_cpu_ptr(dev->stats, cpu);

		sum->read_commands += READ_ONCE(s->read_commands);
		sum->write_commands += READ_ONCE(s->write_commands);
		sum->other_commands += READ_ONCE(s->other_commands);
		sum->read_bytes += READ_ONCE(s->read_bytes);
		sum->write_bytes += READ_ONCE(s->write_bytes);
		sum->errors += READ_ONCE(s->errors);
		sum->aborted += READ_ONCE(s->aborted);
		sum->read_errors += READ_ONCE(s->read_errors);
		sum->write_errors += READ_ONCE(s->write_errors);
		sum->verify_errors += READ_ONCE(s->verify_errors);
		sum->other_errors += READ_ONCE(s->other_errors);
		for (i = 0; i < CST_LATENCY_BUCKETS; i++)
			sum->latency[i] += READ_ONCE(s->latency[i]);
	}
}

static int cst_put_stats(struct sk_buff *msg, struct cst_device *dev)
{
	struct cst_dev_stats s;

	cst_device_stats(dev, &s);
	return cst_put_device(msg, dev) ?:
	       nla_put_u64_64bit(msg, CST_A_BLOCKS, cst_device_capacity(dev),
				 CST_A_PAD) ?:
	       nla_put_u64_64bit(msg, CST_A_READ_COMMANDS, s.read_commands,
				 CST_A_PAD) ?:
	       nla_put_u64_64bit(msg, CST_A_WRITE_COMMANDS, s.write_commands,
				 CST_A_PAD) ?:
	       nla_put_u64_64bit(msg, CST_A_OTHER_COMMANDS, s.other_commands,
				 CST_A_PAD) ?:
	       nla_put_u64_64bit(msg, CST_A_READ_BYTES, s.read_bytes,
				 CST_A_PAD) ?:
	       nla_put_u64_64bit(msg, CST_A_WRITE_BYTES, s.write_bytes,
				 CST_A_PAD) ?:
	       nla_put_u64_64bit(msg, CST_A_ERRORS, s.errors, CST_A_PAD) ?:
	       nla_put_u64_64bit(msg, CST_A_ABORTED, s.aborted, CST_A_PAD);
}

static int cst_get_stats_dump(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct cst_device *dev;
	long i = 0;
	void *hdr;

	mutex_lock(&cst_devices_lock);
	list_for_each_entry(dev, &cst_devices, all_node) {
		if (i++ < cb->args[0])
			continue;
		hdr = genlmsg_put(skb, NETLINK_CB(cb->skb).portid,
				  cb->nlh->nlmsg_seq, &cst_genl_family,
				  NLM_F_MULTI, CST_CMD_GET_STATS);
		if (!hdr)
			break;
		if (cst_put_stats(skb, dev)) {
			genlmsg_cancel(skb, hdr);
			break;
		}
		genlmsg_end(skb, hdr);
		cb->args[0] = i;
	}
	mutex_unlock(&cst_devices_lock);
	return skb->len;
}

static const struct genl_ops cst_genl_ops[] = {
	{
		.cmd = CST_CMD_GET_STATS,
		.dumpit = cst_get_stats_dump,
	},
};

static const struct nla_policy cst_genl_policy[CST_A_MAX + 1] = {
	[CST_A_OBJECT] = { .type = NLA_REJECT },
};

static struct genl_family cst_genl_family __ro_after_init = {
	.name = CST_GENL_NAME,
	.version = CST_GENL_VERSION,
	.maxattr = CST_A_MAX,
	.policy = cst_genl_policy,
	.module = THIS_MODULE,
	.ops = cst_genl_ops,
	.n_ops = ARRAY_SIZE(cst_genl_ops),
	.mcgrps = cst_genl_mcgrps,
	.n_mcgrps = ARRAY_SIZE(cst_genl_mcgrps),
};

void cst_events_add_device(struct cst_device *dev)
{
	mutex_lock(&cst_devices_lock);
	list_add_tail(&dev->all_node, &cst_devices);
	mutex_unlock(&cst_devices_lock);
}

void cst_events_del_device(struct cst_device *dev)
{
	mutex_lock(&cst_devices_lock);
	list_del_init(&dev->all_node);
	mutex_unlock(&cst_devices_lock);
}

int __init cst_events_init(void)
{
	return genl_register_family(&cst_genl_family);
}

void cst_events_exit(void)
{
	genl_unregister_family(&cst_genl_family);
}
