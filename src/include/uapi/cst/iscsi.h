/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * Generic netlink interface between cst_iscsi.ko and cst-iscsid.
 *
 * The daemon owns the listening sockets, discovery sessions and the login
 * phase; the kernel owns configuration, access control and the full feature
 * phase.  The daemon keeps no configuration of its own: it asks the kernel and
 * listens to the multicast group for changes.
 *
 * All commands need CAP_NET_ADMIN in the initial user namespace.  Integers are in
 * host byte order, strings are NUL terminated.  Addresses are written as
 * "192.0.2.1:3260" or "[2001:db8::1]:3260".  A link-local address has the name of its
 * interface: "[fe80::1%eth0]:3260".
 */
#ifndef _UAPI_CST_ISCSI_H
#define _UAPI_CST_ISCSI_H

#define CST_ISCSI_GENL_NAME		"cst_iscsi"
#define CST_ISCSI_GENL_VERSION		1
/* Multicast group to which CST_ISCSI_CMD_CONFIG_CHANGED is sent */
#define CST_ISCSI_GENL_MCGRP		"config"

#define CST_ISCSI_NAME_MAX		223	/* RFC 7143 4.2.7.1, bytes */
#define CST_ISCSI_LOGIN_RSP_MAX		(48 + 8192)

/**
 * enum cst_iscsi_genl_cmd - commands
 *
 * @CST_ISCSI_CMD_UNSPEC: none
 * @CST_ISCSI_CMD_GET_SETTINGS: doit, no input.  Reply: ENABLED, LOGIN_TIMEOUT,
 *	MAX_LOGINS_PER_PORTAL, MAX_LOGINS_PER_SOURCE.
 * @CST_ISCSI_CMD_GET_PORTALS: dump, no input.  One message per distinct address
 *	to listen on (PORTAL): the union over the enabled targets.  PORTAL_ERROR is
 *	the last state that PORTAL_STATE has reported for the address, if any.  A
 *	target without portals contributes "[::]:3260", which means every IPv6 and
 *	IPv4 address.  Empty while the fabric or every target is disabled.
 * @CST_ISCSI_CMD_FIND_TARGET: doit.  In: TARGET_NAME, INITIATOR_NAME,
 *	LOCAL_ADDR.  Reply: TARGET_NAME, TARGET_ALIAS (may be empty), TPGT and
 *	the target's configured values of every operational key.
 *	-ENOENT: no such target at that address.  -EACCES: this initiator has no
 *	access.  -ENODEV: the target has no LUNs yet, but does not refuse the
 *	initiator.  -ESHUTDOWN: the target is disabled.
 * @CST_ISCSI_CMD_LIST_TARGETS: dump.  In: INITIATOR_NAME, LOCAL_ADDR and
 *	optionally TARGET_NAME (list only that target).  One message per target that
 *	the initiator may use: TARGET_NAME, TPGT, and a PORTAL for each address that
 *	listens and that the initiator can use as it is written.  Without a PORTAL the
 *	target is reached at the address that the initiator is connected to.
 * @CST_ISCSI_CMD_NEW_CONN: doit.  Hands a socket over at the end of the login
 *	phase.  In: FD, TARGET_NAME, INITIATOR_NAME, LOCAL_ADDR, REMOTE_ADDR,
 *	ISID, TSIH, CID, CMDSN, STATSN, LOGIN_RSP and the negotiated value of
 *	every operational key.  The kernel takes its own reference to the
 *	socket, performs session reinstatement, writes the new TSIH into bytes
 *	14-15 and ExpCmdSN and MaxCmdSN into bytes 28-35 of LOGIN_RSP, and sends
 *	LOGIN_RSP as the first PDU.  Reply: TSIH.  After success the daemon closes
 *	its descriptor and does not touch the connection again.  On error the daemon
 *	still owns the socket and answers the login itself: -ENOENT, -EACCES, -ENODEV,
 *	-ESHUTDOWN as above.  -ESRCH: TSIH names no session.  -EMLINK: no more
 *	connections or sessions.  -ENOMEM.  -EINVAL: a value is out of range.
 *	-ENOTCONN: the peer has closed the connection.
 * @CST_ISCSI_CMD_CONFIG_CHANGED: notification without attributes: settings,
 *	portals or targets may have changed.
 * @CST_ISCSI_CMD_PORTAL_STATE: doit.  In: PORTAL and PORTAL_ERROR.  PORTAL_ERROR 0:
 *	the daemon listens at that address.  Another value is the errno for which it
 *	does not.  Without PORTAL_ERROR the state of the address is forgotten.  All
 *	states are forgotten when the socket that has reported them is closed; until
 *	then other sockets get -EBUSY.  -ENOSPC: too many addresses.
 * @__CST_ISCSI_CMD_AFTER_LAST: none
 * @CST_ISCSI_CMD_MAX: the highest
 */
enum cst_iscsi_genl_cmd {
	CST_ISCSI_CMD_UNSPEC,
	CST_ISCSI_CMD_GET_SETTINGS,
	CST_ISCSI_CMD_GET_PORTALS,
	CST_ISCSI_CMD_FIND_TARGET,
	CST_ISCSI_CMD_LIST_TARGETS,
	CST_ISCSI_CMD_NEW_CONN,
	CST_ISCSI_CMD_CONFIG_CHANGED,
	CST_ISCSI_CMD_PORTAL_STATE,
	__CST_ISCSI_CMD_AFTER_LAST,
	CST_ISCSI_CMD_MAX = __CST_ISCSI_CMD_AFTER_LAST - 1,
};

/* Values of HEADER_DIGEST and DATA_DIGEST.  A negotiated value is one of the first two. */
enum cst_iscsi_digest {
	CST_ISCSI_DIGEST_NONE,			/* "None" */
	CST_ISCSI_DIGEST_CRC32C,		/* "CRC32C" */
	CST_ISCSI_DIGEST_NONE_CRC32C,		/* "None,CRC32C": None preferred */
	CST_ISCSI_DIGEST_CRC32C_NONE,		/* "CRC32C,None": CRC32C preferred */
};

enum cst_iscsi_genl_attr {
	CST_ISCSI_A_UNSPEC,
	CST_ISCSI_A_PAD,
	/* settings */
	CST_ISCSI_A_ENABLED,			/* u8 */
	CST_ISCSI_A_LOGIN_TIMEOUT,		/* u32, seconds */
	CST_ISCSI_A_MAX_LOGINS_PER_PORTAL,	/* u32, connections in login */
	CST_ISCSI_A_MAX_LOGINS_PER_SOURCE,	/* u32, connections in login */
	/* names and addresses */
	CST_ISCSI_A_PORTAL,			/* string */
	CST_ISCSI_A_TARGET_NAME,		/* string */
	CST_ISCSI_A_TARGET_ALIAS,		/* string */
	CST_ISCSI_A_TPGT,			/* u16 */
	CST_ISCSI_A_INITIATOR_NAME,		/* string */
	CST_ISCSI_A_LOCAL_ADDR,			/* string */
	CST_ISCSI_A_REMOTE_ADDR,		/* string */
	/* the new connection */
	CST_ISCSI_A_FD,				/* u32 */
	CST_ISCSI_A_ISID,			/* binary, 6 bytes as on the wire */
	CST_ISCSI_A_TSIH,			/* u16, 0 = new session */
	CST_ISCSI_A_CID,			/* u16 */
	CST_ISCSI_A_CMDSN,			/* u32, CmdSN of the login requests */
	CST_ISCSI_A_STATSN,			/* u32, StatSN of LOGIN_RSP */
	CST_ISCSI_A_LOGIN_RSP,			/* binary, BHS and padded text */
	/* operational keys, RFC 7143 13 */
	CST_ISCSI_A_HEADER_DIGEST,		/* u8, enum cst_iscsi_digest */
	CST_ISCSI_A_DATA_DIGEST,		/* u8, enum cst_iscsi_digest */
	CST_ISCSI_A_MAX_CONNECTIONS,		/* u32 */
	CST_ISCSI_A_INITIAL_R2T,		/* u8 */
	CST_ISCSI_A_IMMEDIATE_DATA,		/* u8 */
	CST_ISCSI_A_MAX_RECV_DSL,		/* u32, bytes: what the target declares */
	/* u32, bytes: what the initiator declared, or the target's own cap */
	CST_ISCSI_A_MAX_XMIT_DSL,
	CST_ISCSI_A_MAX_BURST,			/* u32, bytes */
	CST_ISCSI_A_FIRST_BURST,		/* u32, bytes */
	CST_ISCSI_A_TIME2WAIT,			/* u32, seconds */
	CST_ISCSI_A_TIME2RETAIN,		/* u32, seconds */
	CST_ISCSI_A_MAX_OUTSTANDING_R2T,	/* u32 */
	CST_ISCSI_A_ERL,			/* u8 */
	/* state of a portal */
	CST_ISCSI_A_PORTAL_ERROR,		/* u32, errno, 0 = listens */
	__CST_ISCSI_A_AFTER_LAST,
	CST_ISCSI_A_MAX = __CST_ISCSI_A_AFTER_LAST - 1,
};

#endif /* _UAPI_CST_ISCSI_H */
