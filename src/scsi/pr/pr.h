/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Reservations (SPC-5 5.14): persistent reservations, and RESERVE and RELEASE of SPC-2.
 *
 * Registrations belong to I_T nexuses, not to sessions: a registrant is an initiator port,
 * by its TransportID, together with a target port, by its relative identifier.  It outlives
 * the session, and a nexus that logs in again finds it.
 *
 * The gate (core/gate.c) only sees cst_itl.verdict, which this folder sets.
 */
#ifndef _CST_PR_H
#define _CST_PR_H

#include <scsi/scsi_proto.h>

#include <cst/device.h>
#include <cst/port.h>
#include <cst/session.h>
#include <cst/spc.h>

#include "../../core/cdb.h"
#include "../../core/core.h"

/* Limits: registrants of a unit, and of all units together */
#define CST_PR_MAX		16384U
#define CST_PR_MAX_ALL		262144

#define CST_PR_LIST		24	/* bytes of the parameter list without TransportIDs */
#define CST_PR_LIST_MAX		(64U << 10)
#define CST_PR_NODES_MAX	64	/* names of nodes in a list: each is looked for */

/* Service actions of PERSISTENT RESERVE OUT */
enum cst_pr_action {
	CST_PR_REGISTER,
	CST_PR_RESERVE,
	CST_PR_RELEASE,
	CST_PR_CLEAR,
	CST_PR_PREEMPT,
	CST_PR_PREEMPT_AND_ABORT,
	CST_PR_REGISTER_AND_IGNORE,
	CST_PR_REGISTER_AND_MOVE,
	CST_PR_REPLACE_LOST,
};

/* TYPE */
#define CST_PR_WRITE_EXCLUSIVE		1
#define CST_PR_EXCLUSIVE_ACCESS		3
#define CST_PR_WRITE_EXCLUSIVE_RO	5
#define CST_PR_EXCLUSIVE_ACCESS_RO	6
#define CST_PR_WRITE_EXCLUSIVE_AR	7
#define CST_PR_EXCLUSIVE_ACCESS_AR	8

/* --- type.c; pure --- */

bool cst_pr_type_exists(u8 type);
bool cst_pr_type_all(u8 type);		/* each registrant holds the reservation */
bool cst_pr_type_shared(u8 type);	/* registrants only, or all registrants */
enum cst_verdict cst_pr_type_verdict(u8 type, bool registered, bool holder);

/* --- list.c: the parameter list; pure --- */

/**
 * struct cst_pr_list - the parameter list of PERSISTENT RESERVE OUT
 * @key: RESERVATION KEY
 * @action_key: SERVICE ACTION RESERVATION KEY
 * @aptpl: APTPL
 * @all_ports: ALL_TG_PT
 * @unregister: UNREG
 * @port: RELATIVE TARGET PORT IDENTIFIER of REGISTER AND MOVE
 * @ids: the TransportIDs
 * @ids_len: bytes of them
 * @ids_at: where they are in the list, for field pointers
 */
struct cst_pr_list {
	u64		key;
	u64		action_key;
	bool		aptpl;
	bool		all_ports;
	bool		unregister;
	u16		port;
	const u8	*ids;
	u32		ids_len;
	u32		ids_at;
};

/**
 * cst_pr_list_parse() - decode a parameter list
 * @action: service action
 * @data: the list; @list refers to it
 * @len: bytes of @data, at least CST_PR_LIST
 * @list: filled in
 * @detail: set to the field that is wrong
 *
 * Every TransportID is whole and well formed when this answers CST_OK.
 */
cst_sense_t cst_pr_list_parse(enum cst_pr_action action, const u8 *data, u32 len,
			      struct cst_pr_list *list, struct cst_sense_detail *detail);

/* --- registrants.c --- */

/**
 * struct cst_registrant - a nexus that is registered, or is being registered
 * @node: node in pr->registrants
 * @hash: node in pr->table
 * @change: node in pr->changed; empty: nothing changes
 * @key: reservation key; 0: not registered; written with dev->itl_lock, too
 * @next_key: what @key will be; only of those on pr->changed
 * @port: relative target port identifier
 * @id_len: bytes of @id
 * @id: TransportID of the initiator port.  Names are in lower case, so TransportIDs of the
 *	same port have the same bytes
 */
struct cst_registrant {
	struct list_head	node;
	struct hlist_node	hash;
	struct list_head	change;
	u64			key;
	u64			next_key;
	u16			port;
	u16			id_len;
	u8			id[];
};

void cst_pr_init(struct cst_pr *pr);
void cst_pr_exit(struct cst_pr *pr);	/* no nexus of the device is left */

/* The TransportID of a port as registrants have it.  @id: CST_TRANSPORT_ID_MAX bytes. */
u16 cst_pr_port_id(const struct cst_port *port, u8 *id);
u16 cst_pr_session_id(const struct cst_session *sess, u8 *id);

/* pr->lock held.  Return: also one that is not registered yet; NULL: there is none. */
struct cst_registrant *cst_pr_find(struct cst_pr *pr, const u8 *id, u16 id_len, u16 port);
struct cst_registrant *cst_pr_find_session(struct cst_pr *pr, const struct cst_session *sess);

/*
 * Add a registrant with key 0.  pr->lock held; process context.  Return: NULL at a limit, or
 * without memory.
 */
struct cst_registrant *cst_pr_add(struct cst_pr *pr, const u8 *id, u16 id_len, u16 port);
/* pr->lock held; no nexus refers to it. */
void cst_pr_remove(struct cst_pr *pr, struct cst_registrant *reg);

/* What the key of a registrant will be.  The caller is the owner, or is alone. */
static inline u64 cst_pr_next_key(const struct cst_registrant *reg)
{
	return list_empty(&reg->change) ? reg->key : reg->next_key;
}

/* Does a registrant hold a reservation? */
static inline bool cst_pr_holds(const struct cst_pr_held *held, const struct cst_registrant *reg)
{
	return held->type && reg && (cst_pr_type_all(held->type) || held->holder == reg);
}

extern const struct cst_waitq_ops cst_pr_waitq_ops;	/* out.c */

/* --- nexus.c: what reservations are for the nexuses of a unit --- */

/* Set the verdict of each nexus.  dev->itl_lock held. */
void cst_pr_set_verdicts(struct cst_device *dev);
/* Let each nexus find its registration.  pr->lock held; process context. */
void cst_pr_find_nexuses(struct cst_device *dev);

/* --- record.c: APTPL, the record in the store --- */

/*
 * Save the state that will be when the owner succeeds, or take the record's contents away when
 * nothing is to be kept.  Context: process; waits for the file system of /var/lib.
 */
int cst_pr_save(struct cst_device *dev);
/* Does the owner's change need cst_pr_save()? */
bool cst_pr_needs_save(const struct cst_pr *pr);

/* pure, but for memory */
u32 cst_pr_record_size(const struct cst_pr *pr);
void cst_pr_record_pack(const struct cst_pr *pr, u8 *record);
/* Return: 0; -ENOMEM; -EBADMSG, with @pr as it was, when the contents make no sense. */
int cst_pr_record_unpack(struct cst_pr *pr, const u8 *record, u32 len);

#endif /* _CST_PR_H */
