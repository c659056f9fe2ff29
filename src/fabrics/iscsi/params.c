// SPDX-License-Identifier: GPL-2.0-only
/*
 * params/ of a target: what the target offers in negotiations, and its limits.
 *
 * configfs stores values here.  The daemon asks for the values at each login (genl.c), so
 * a change holds for sessions that log in after it.  target->tgt.obj.lock protects all of
 * params/.
 */
#include "cit.h"

static struct cst_item_type cit_params_type;

static const char *const cit_digest_names[] = {
	[CST_ISCSI_DIGEST_NONE]		= "None",
	[CST_ISCSI_DIGEST_CRC32C]	= "CRC32C",
	[CST_ISCSI_DIGEST_NONE_CRC32C]	= "None,CRC32C",
	[CST_ISCSI_DIGEST_CRC32C_NONE]	= "CRC32C,None",
	NULL
};

/* Name, mode, field of struct cit_params, description */
#define CIT_PARAM(_name, _field, ...)					\
	CST_ATTR(cit_params, _name, 0644,				\
		 CST_FIELD(cit_params, obj, _field), __VA_ARGS__)

CIT_PARAM(HeaderDigest, keys.header_digest,
	  .type = CST_ATTR_ENUM, .names = cit_digest_names,
	  .dflt = CST_ISCSI_DIGEST_NONE_CRC32C,
	  .help = "Digests of PDU headers that are accepted, preferred one first.");
CIT_PARAM(DataDigest, keys.data_digest,
	  .type = CST_ATTR_ENUM, .names = cit_digest_names,
	  .dflt = CST_ISCSI_DIGEST_NONE_CRC32C,
	  .help = "Digests of PDU data that are accepted, preferred one first.");
CIT_PARAM(InitialR2T, keys.initial_r2t,
	  .type = CST_ATTR_BOOL, .dflt = 0,
	  .help = "Initiators must wait for R2T before data that is not immediate.");
CIT_PARAM(ImmediateData, keys.immediate_data,
	  .type = CST_ATTR_BOOL, .dflt = 1,
	  .help = "Write commands may carry data.");
CIT_PARAM(MaxRecvDataSegmentLength, keys.max_recv_dsl,
	  .type = CST_ATTR_UINT, .min = CIT_DSL_MIN, .max = CIT_DSL_MAX,
	  .dflt = 1 << 20, .unit = "bytes",
	  .help = "Longest data segment that initiators may send.");
CIT_PARAM(MaxXmitDataSegmentLength, keys.max_xmit_dsl,
	  .type = CST_ATTR_UINT, .min = CIT_DSL_MIN, .max = CIT_DSL_MAX,
	  .dflt = 1 << 20, .unit = "bytes",
	  .help = "Longest data segment that is sent even if the initiator takes longer ones.");
CIT_PARAM(MaxBurstLength, keys.max_burst,
	  .type = CST_ATTR_UINT, .min = CIT_DSL_MIN, .max = CIT_DSL_MAX,
	  .dflt = 1 << 20, .unit = "bytes",
	  .help = "Longest sequence of data PDUs.");
CIT_PARAM(FirstBurstLength, keys.first_burst,
	  .type = CST_ATTR_UINT, .min = CIT_DSL_MIN, .max = CIT_DSL_MAX,
	  .dflt = 256 << 10, .unit = "bytes",
	  .help = "Most data of a command that may come without R2T; MaxBurstLength limits it.");
CIT_PARAM(MaxOutstandingR2T, keys.max_outstanding_r2t,
	  .type = CST_ATTR_UINT, .min = 1, .max = 64, .dflt = 8,
	  .help = "R2Ts of one command that may be outstanding.");
CIT_PARAM(DefaultTime2Wait, keys.time2wait,
	  .type = CST_ATTR_UINT, .min = 0, .max = 3600, .dflt = 2, .unit = "s",
	  .help = "How long an initiator waits before it logs in again.");
CIT_PARAM(DefaultTime2Retain, keys.time2retain,
	  .type = CST_ATTR_UINT, .min = 0, .max = 3600, .dflt = 0, .unit = "s",
	  .help = "Offered for the time that tasks survive their connection; at recovery level 0 none do.");
CIT_PARAM(QueuedCommands, queued_commands,
	  .type = CST_ATTR_UINT, .min = 1, .max = CIT_QUEUE_MAX, .dflt = 128,
	  .unit = "commands", .help = "Commands that a session may have under way.");
CIT_PARAM(NopInInterval, nop_interval,
	  .type = CST_ATTR_UINT, .min = 0, .max = 3600, .dflt = 30, .unit = "s",
	  .help = "Silence after which an initiator is asked whether it is there; 0 never asks.");
CIT_PARAM(NopInTimeout, nop_timeout,
	  .type = CST_ATTR_UINT, .min = 1, .max = 3600, .dflt = 30, .unit = "s",
	  .help = "How long an answer may take before the connection is closed.");
CIT_PARAM(DataOutTimeout, dataout_timeout,
	  .type = CST_ATTR_UINT, .min = 0, .max = 3600, .dflt = 60, .unit = "s",
	  .help = "How long a write may wait for its data, anew with every 64 KiB that come, before the connection is closed; 0 is for ever.");
CIT_PARAM(DataInTimeout, datain_timeout,
	  .type = CST_ATTR_UINT, .min = 0, .max = 3600, .dflt = 60, .unit = "s",
	  .help = "How long an initiator may take nothing of what is sent, anew with every 64 KiB that it takes, before the connection is closed; 0 is for ever.");
CIT_PARAM(CmdSNTimeout, cmdsn_timeout,
	  .type = CST_ATTR_UINT, .min = 0, .max = 3600, .dflt = 60, .unit = "s",
	  .help = "How long a request that was passed over (CmdSN) may be missing before the connection is closed; 0 is for ever.");
CIT_PARAM(MaxSessions, max_sessions,
	  .type = CST_ATTR_UINT, .min = 0, .max = 65535, .dflt = 1024,
	  .unit = "sessions", .help = "Sessions of this target at once; 0 is no limit.");
CIT_PARAM(AllowColdReset, cold_reset,
	  .type = CST_ATTR_BOOL, .dflt = 0,
	  .help = "Any initiator may close everybody's sessions by TARGET COLD RESET.");
CIT_PARAM(TargetAlias, alias,
	  .type = CST_ATTR_STRING,
	  .help = "Name for humans that initiators are told at login.");

static const struct cst_attr *const cit_params_attrs[] = {
	&cit_params_attr_HeaderDigest,
	&cit_params_attr_DataDigest,
	&cit_params_attr_InitialR2T,
	&cit_params_attr_ImmediateData,
	&cit_params_attr_MaxRecvDataSegmentLength,
	&cit_params_attr_MaxXmitDataSegmentLength,
	&cit_params_attr_MaxBurstLength,
	&cit_params_attr_FirstBurstLength,
	&cit_params_attr_MaxOutstandingR2T,
	&cit_params_attr_DefaultTime2Wait,
	&cit_params_attr_DefaultTime2Retain,
	&cit_params_attr_QueuedCommands,
	&cit_params_attr_NopInInterval,
	&cit_params_attr_NopInTimeout,
	&cit_params_attr_DataOutTimeout,
	&cit_params_attr_DataInTimeout,
	&cit_params_attr_CmdSNTimeout,
	&cit_params_attr_MaxSessions,
	&cit_params_attr_AllowColdReset,
	&cit_params_attr_TargetAlias,
	NULL
};

int cit_params_init(struct cit_target *target)
{
	struct cst_object *obj = &target->params.obj;
	int ret;

	ret = cst_object_init(obj, "params", &cit_params_type);
	obj->governor = &target->tgt.obj;
	cst_object_embed(obj, &target->tgt.obj);
	return ret;
}

/**
 * cit_keys_check() - are these keys possible results of a negotiation?
 * @keys: what the daemon says
 *
 * This checks everything that the data path relies on.
 *
 * Return: 0 or -EINVAL.
 */
int cit_keys_check(const struct cit_keys *keys)
{
	if (keys->header_digest > CST_ISCSI_DIGEST_CRC32C ||
	    keys->data_digest > CST_ISCSI_DIGEST_CRC32C)
		return -EINVAL;
	if (!cit_dsl_ok(keys->max_recv_dsl) || !cit_dsl_ok(keys->max_xmit_dsl) ||
	    !cit_dsl_ok(keys->max_burst) || !cit_dsl_ok(keys->first_burst))
		return -EINVAL;
	if (!keys->max_outstanding_r2t || keys->max_outstanding_r2t > U16_MAX)
		return -EINVAL;
	return keys->time2wait > 3600 || keys->time2retain > 3600 ? -EINVAL : 0;
}

int cit_params_type_init(void)
{
	static const struct cst_attr *const *const tables[] = {
		cit_params_attrs, NULL
	};

	return cst_item_type_init(&cit_params_type, THIS_MODULE, NULL, NULL,
				  tables);
}

void cit_params_type_destroy(void)
{
	cst_item_type_destroy(&cit_params_type);
}
