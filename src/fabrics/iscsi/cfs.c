// SPDX-License-Identifier: GPL-2.0-only
/*
 * The fabric's part of the configfs tree, but for params/ and portals/: attributes
 * of targets/iscsi, names of targets, sessions and their connections.
 *
 * Configfs calls in.  cit_fabric.obj.lock protects the members of cit_fabric.  What a
 * session shows needs no lock: it is constant, or a single value that is read as a whole.
 */
#include <linux/ctype.h>
#include <linux/hashtable.h>
#include <linux/sched/mm.h>

#include "cit.h"

static struct cst_item_type cit_conns_type;
static struct cst_item_type cit_conn_type;

/* targets/iscsi */

static int cit_fabric_changed(struct cst_object *obj, union cst_attr_value val)
{
	cit_config_notify();
	return 0;
}

CST_ATTR(cit_fabric, enabled, 0644,
	 CST_FIELD(cit_fabric, obj, enabled),
	 .type = CST_ATTR_BOOL, .dflt = 1, .apply = cit_fabric_changed,
	 .help = "Whether initiators may log in; sessions go on when it is cleared.");
CST_ATTR(cit_fabric, login_timeout, 0644,
	 CST_FIELD(cit_fabric, obj, login_timeout),
	 .type = CST_ATTR_UINT, .min = 1, .max = 300, .dflt = 15, .unit = "s",
	 .apply = cit_fabric_changed,
	 .help = "How long the login of a connection may take.");
CST_ATTR(cit_fabric, max_logins_per_portal, 0644,
	 CST_FIELD(cit_fabric, obj, max_logins_per_portal),
	 .type = CST_ATTR_UINT, .min = 1, .max = 65536, .dflt = 256,
	 .unit = "connections", .apply = cit_fabric_changed,
	 .help = "Connections that may be in login at one address; the longest silent goes first.");
CST_ATTR(cit_fabric, max_logins_per_source, 0644,
	 CST_FIELD(cit_fabric, obj, max_logins_per_source),
	 .type = CST_ATTR_UINT, .min = 1, .max = 65536, .dflt = 64,
	 .unit = "connections", .apply = cit_fabric_changed,
	 .help = "Connections from one address that may be in login.");

const struct cst_attr *const cit_fabric_attrs[] = {
	&cit_fabric_attr_enabled,
	&cit_fabric_attr_login_timeout,
	&cit_fabric_attr_max_logins_per_portal,
	&cit_fabric_attr_max_logins_per_source,
	NULL
};

/* targets/iscsi/<target> */

/*
 * Does @p begin like "2026-01.com.example"?  The naming authority must give a month in
 * which it owned the domain, RFC 7143 4.2.7.4.
 */
static bool cit_name_has_authority(const char *p)
{
	static const char form[] = "dddd-dd.";
	unsigned int i, month;

	for (i = 0; form[i]; i++)
		if (form[i] == 'd' ? !isdigit(p[i]) : p[i] != form[i])
			return false;
	month = (p[5] - '0') * 10 + p[6] - '0';
	return month >= 1 && month <= 12 && p[i] && p[i] != '.' && p[i] != ':';
}

/* What is wrong with a target's name, or NULL (RFC 7143 4.2.7, RFC 3722). */
static const char *cit_name_fault(const char *name)
{
	const char *p;

	if (strncmp(name, "iqn.", 4) && strncmp(name, "eui.", 4) &&
	    strncmp(name, "naa.", 4))
		return "does not begin with iqn., eui. or naa.";
	if (!name[4])
		return "has nothing behind its type";
	if (strlen(name) > CST_ISCSI_NAME_MAX)
		return "is longer than 223 bytes";
	if (name[0] == 'i' && !cit_name_has_authority(name + 4))
		return "has no year, month and domain behind its type";
	for (p = name; *p; p++) {
		/* Characters beyond ASCII are UTF-8.  They are only passed on. */
		if ((u8)*p >= 0x80 || islower(*p) || isdigit(*p) || *p == '-' ||
		    *p == '.' || *p == ':')
			continue;
		return isupper(*p) ? "has upper case letters" :
				     "has characters other than letters, digits, '-', '.' and ':'";
	}
	if (name[0] == 'i')
		return NULL;
	for (p = name + 4; *p; p++)
		if (!isxdigit(*p))
			return "has other than hexadecimal digits behind its type";
	if (p - name != 4 + 16 && !(name[0] == 'n' && p - name == 4 + 32))
		return "has the wrong number of hexadecimal digits";
	return NULL;
}

int cit_target_check_name(struct config_item *parent, const char *name)
{
	const char *fault = cit_name_fault(name);

	if (!fault)
		return 0;
	cst_config_error(parent, name,
			 "%s; accepted: iqn.<yyyy-mm>.<reversed domain>[:<name>], eui.<16 digits> or naa.<16 or 32 digits>, in lower case",
			 fault);
	return -EINVAL;
}

int cit_target_init(struct cst_target *tgt)
{
	struct cit_target *target = to_cit_target(tgt);
	int ret;

	mutex_init(&target->sessions_lock);
	/* Tell lockdep that reclaim may depend on this lock: io_work takes it. */
	fs_reclaim_acquire(GFP_KERNEL);
	might_lock(&target->sessions_lock);
	fs_reclaim_release(GFP_KERNEL);
	INIT_LIST_HEAD(&target->sessions);
	hash_init(target->ports);
	ret = cit_params_init(target);
	if (!ret)
		ret = cit_portals_init(target);
	return ret;
}

/* sessions/<initiator> */

static struct cit_session *obj_to_cit_session(struct cst_object *obj)
{
	return container_of(obj, struct cit_session, sess.obj);
}

static ssize_t cit_session_isid_print(struct cst_object *obj, char *page)
{
	return sysfs_emit(page, "%*phN\n", 6, obj_to_cit_session(obj)->isid);
}

static const char *const cit_digest_names[] = { "None", "CRC32C", NULL };

#define CIT_SESSION_KEY(_name, _field, ...)				\
	CST_ATTR(cit_session, _name, 0444,				\
		 CST_FIELD(cit_session, sess.obj, conn.keys._field),	\
		 __VA_ARGS__)

CST_ATTR(cit_session, isid, 0444,
	 .type = CST_ATTR_STRING, .show = cit_session_isid_print,
	 .help = "The initiator's part of the session identifier, hexadecimal.");
CST_ATTR(cit_session, tsih, 0444,
	 CST_FIELD(cit_session, sess.obj, tsih),
	 .type = CST_ATTR_UINT, .help = "The target's part of the session identifier.");
CIT_SESSION_KEY(HeaderDigest, header_digest,
		.type = CST_ATTR_ENUM, .names = cit_digest_names,
		.help = "Digest of PDU headers.");
CIT_SESSION_KEY(DataDigest, data_digest,
		.type = CST_ATTR_ENUM, .names = cit_digest_names,
		.help = "Digest of PDU data.");
CIT_SESSION_KEY(InitialR2T, initial_r2t, .type = CST_ATTR_BOOL,
		.help = "As negotiated.");
CIT_SESSION_KEY(ImmediateData, immediate_data, .type = CST_ATTR_BOOL,
		.help = "As negotiated.");
CIT_SESSION_KEY(MaxRecvDataSegmentLength, max_recv_dsl,
		.type = CST_ATTR_UINT, .unit = "bytes",
		.help = "Longest data segment that the initiator sends.");
CIT_SESSION_KEY(MaxXmitDataSegmentLength, max_xmit_dsl,
		.type = CST_ATTR_UINT, .unit = "bytes",
		.help = "Longest data segment that the target sends.");
CIT_SESSION_KEY(MaxBurstLength, max_burst,
		.type = CST_ATTR_UINT, .unit = "bytes", .help = "As negotiated.");
CIT_SESSION_KEY(FirstBurstLength, first_burst,
		.type = CST_ATTR_UINT, .unit = "bytes", .help = "As negotiated.");
CIT_SESSION_KEY(MaxOutstandingR2T, max_outstanding_r2t,
		.type = CST_ATTR_UINT, .help = "As negotiated.");

const struct cst_attr *const cit_session_attrs[] = {
	&cit_session_attr_isid,
	&cit_session_attr_tsih,
	&cit_session_attr_HeaderDigest,
	&cit_session_attr_DataDigest,
	&cit_session_attr_InitialR2T,
	&cit_session_attr_ImmediateData,
	&cit_session_attr_MaxRecvDataSegmentLength,
	&cit_session_attr_MaxXmitDataSegmentLength,
	&cit_session_attr_MaxBurstLength,
	&cit_session_attr_FirstBurstLength,
	&cit_session_attr_MaxOutstandingR2T,
	NULL
};

/* sessions/<initiator>/connections/<cid> */

static struct cit_conn *obj_to_cit_conn(struct cst_object *obj)
{
	return container_of(obj, struct cit_conn, obj);
}

static ssize_t cit_conn_peer_print(struct cst_object *obj, char *page)
{
	return sysfs_emit(page, "%pISpc\n", &obj_to_cit_conn(obj)->peer);
}

static ssize_t cit_conn_local_print(struct cst_object *obj, char *page)
{
	return sysfs_emit(page, "%pISpc\n", &obj_to_cit_conn(obj)->local);
}

static ssize_t cit_conn_state_print(struct cst_object *obj, char *page)
{
	const struct cit_conn *conn = obj_to_cit_conn(obj);

	return sysfs_emit(page, "%s\n",
			  cit_conn_closing(conn) ? "closing" :
			  cit_conn_state(conn) == CIT_CONN_LIVE ? "logged_in" :
								  "starting");
}

CST_ATTR(cit_conn, cid, 0444, CST_FIELD(cit_conn, obj, cid),
	 .type = CST_ATTR_UINT, .help = "The initiator's identifier of the connection.");
CST_ATTR(cit_conn, initiator_address, 0444,
	 .type = CST_ATTR_STRING, .show = cit_conn_peer_print,
	 .help = "Where the initiator is.");
CST_ATTR(cit_conn, target_address, 0444,
	 .type = CST_ATTR_STRING, .show = cit_conn_local_print,
	 .help = "Where it has reached the target.");
CST_ATTR(cit_conn, cpu, 0444, CST_FIELD(cit_conn, obj, cpu),
	 .type = CST_ATTR_UINT, .help = "CPU that has served it last.");
CST_ATTR(cit_conn, state, 0444,
	 .type = CST_ATTR_STRING, .show = cit_conn_state_print,
	 .help = "starting, logged_in or closing.");

static const struct cst_attr *const cit_conn_attrs[] = {
	&cit_conn_attr_cid,
	&cit_conn_attr_initiator_address,
	&cit_conn_attr_target_address,
	&cit_conn_attr_cpu,
	&cit_conn_attr_state,
	NULL
};

/* Core calls this when it makes the session's directory. */
int cit_session_dir_init(struct cst_session *sess)
{
	struct cit_session *cs = to_cit_session(sess);
	char name[8];
	int ret, err;

	ret = cst_object_init(&cs->conns_obj, "connections", &cit_conns_type);
	cst_object_embed(&cs->conns_obj, &sess->obj);
	snprintf(name, sizeof(name), "%u", cs->conn.cid);
	err = cst_object_init(&cs->conn.obj, name, &cit_conn_type);
	cst_object_embed(&cs->conn.obj, &cs->conns_obj);
	return ret ?: err;
}

int cit_cfs_init(void)
{
	static const struct cst_attr *const *const none[] = { NULL };
	static const struct cst_attr *const *const conn[] = {
		cit_conn_attrs, NULL
	};
	int ret;

	ret = cit_params_type_init();
	if (ret)
		return ret;
	ret = cit_portals_type_init();
	if (ret)
		goto destroy_params;
	ret = cst_item_type_init(&cit_conns_type, THIS_MODULE, NULL, NULL, none);
	if (ret)
		goto destroy_portals;
	ret = cst_item_type_init(&cit_conn_type, THIS_MODULE, NULL, NULL, conn);
	if (ret)
		goto destroy_conns;
	return 0;

destroy_conns:
	cst_item_type_destroy(&cit_conns_type);
destroy_portals:
	cit_portals_type_destroy();
destroy_params:
	cit_params_type_destroy();
	return ret;
}

void cit_cfs_exit(void)
{
	cst_item_type_destroy(&cit_conn_type);
	cst_item_type_destroy(&cit_conns_type);
	cit_portals_type_destroy();
	cit_params_type_destroy();
}
