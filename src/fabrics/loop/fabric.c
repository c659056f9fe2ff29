// SPDX-License-Identifier: GPL-2.0-only
/*
 * What core sees of the loop fabric: its attributes and its operations.  The operations
 * are in session.c (configuration), cmd.c (commands) and eh.c (task management).  This
 * file takes no lock.
 */
#include <linux/ctype.h>

#include "loop.h"

CST_ATTR(loop_target, queue_depth, 0644,
	 CST_FIELD(loop_target, tgt.obj, queue_depth),
	 .type = CST_ATTR_UINT, .when = CST_WHEN_DISABLED,
	 .min = 1, .max = 1024, .dflt = 256, .unit = "commands",
	 .help = "Depth of each hardware queue of this target's SCSI hosts.");

static const struct cst_attr *const loop_target_attrs[] = {
	&loop_target_attr_queue_depth,
	NULL
};

static ssize_t loop_host_no_show(struct cst_object *obj, char *page)
{
	struct cst_session *sess = container_of(obj, struct cst_session, obj);
	int host_no = READ_ONCE(to_loop_session(sess)->host_no);

	return host_no < 0 ? sysfs_emit(page, "\n") :
			     sysfs_emit(page, "%d\n", host_no);
}

CST_ATTR(loop_session, host_no, 0444,
	 .type = CST_ATTR_UINT, .max = INT_MAX, .show = loop_host_no_show,
	 .help = "Number of the SCSI host (/sys/class/scsi_host/host<n>); empty while there is none.");

static const struct cst_attr *const loop_session_attrs[] = {
	&loop_session_attr_host_no,
	NULL
};

static int loop_check_name(struct config_item *parent, const char *name)
{
	const char *c;

	for (c = name; *c; c++) {
		if (isascii(*c) && (isalnum(*c) || strchr("._:-", *c)))
			continue;
		cst_config_error(parent, name,
				 "a target's name here consists of letters, digits and . _ : -");
		return -EINVAL;
	}
	return 0;
}

/* Core never calls this: every command is CST_CMD_FABRIC_BUF, and has its data. */
static void loop_get_data(struct cst_cmd *cmd)
{
	cst_cmd_data_received(cmd);
}

static void loop_target_port(const struct cst_target *target, struct cst_port *port)
{
	port->address = container_of(target, struct loop_target, tgt)->address;
}

static void loop_initiator_port(const struct cst_session *sess, struct cst_port *port)
{
	port->address = container_of(sess, struct loop_session, sess)->address;
}

static struct cst_object loop_object;

const struct cst_fabric_ops loop_fabric_ops = {
	.owner			= THIS_MODULE,
	.name			= "loop",
	.protocol_id		= CST_PROTOCOL_SAS,
	.limits.max_cdb		= LOOP_MAX_CDB,
	.target_size		= sizeof(struct loop_target),
	.session_size		= sizeof(struct loop_session),
	.fabric_obj		= &loop_object,
	.target_attrs		= loop_target_attrs,
	.session_attrs		= loop_session_attrs,

	.target_port		= loop_target_port,
	.initiator_port		= loop_initiator_port,

	.target_check_name	= loop_check_name,
	.target_init		= loop_target_init,
	.target_enable		= loop_target_enable,
	.target_disable		= loop_target_disable,
	.session_enable		= loop_session_enable,
	.session_disable	= loop_session_disable,
	.session_close		= loop_session_close,
	.session_free		= loop_session_free,
	.notify			= loop_notify,

	.get_data		= loop_get_data,
	.send_response		= loop_send_response,
	.drop			= loop_drop,
	.tmf_done		= loop_tmf_done,
};
