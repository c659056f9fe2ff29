/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * Generic netlink family `cst`: events, and counters.
 *
 * Reading either takes no lock of configfs.  Events are multicast to the group `events`.
 * A receiver that is too slow loses some of them, gets ENOBUFS, and then reads the state
 * again.  Listening needs no privilege beyond that of generic netlink, because names of
 * initiators and targets are not secrets.
 */
#ifndef _UAPI_CST_EVENTS_H
#define _UAPI_CST_EVENTS_H

#define CST_GENL_NAME		"cst"
#define CST_GENL_VERSION	1
#define CST_GENL_MCGRP_EVENTS	"events"

/**
 * enum cst_genl_cmd - commands and events
 *
 * @CST_CMD_UNSPEC: none
 * @CST_CMD_GET_STATS: dump; one message per device: OBJECT and the counters.
 * @CST_EVENT_LOGIN: a session has been registered.  OBJECT (target), INITIATOR.
 * @CST_EVENT_LOGOUT: a session is gone.  OBJECT (target), INITIATOR.
 * @CST_EVENT_TMF: a task management function was answered.  OBJECT (target),
 *	INITIATOR, FUNCTION, RESPONSE.
 * @CST_EVENT_ENABLED: a device or target was enabled.  OBJECT; BLOCKS of a device.
 * @CST_EVENT_DISABLED: a device or target was disabled.  OBJECT; BLOCKS of a device.
 * @CST_EVENT_RESIZED: a device has another size.  OBJECT, BLOCKS.
 * @CST_EVENT_REPLACED: a login has ended the session of the same initiator port, which came
 *	from another address.  Perhaps two hosts use the same name.  OBJECT (target),
 *	INITIATOR, ADDRESS (new), OLD_ADDRESS.
 * @CST_EVENT_DATA_LOST: data that a device had answered GOOD cannot become durable.  Sent
 *	once until the device is enabled anew.  OBJECT.
 * @CST_EVENT_SPACE_LOW: the space of a thin device has fallen to its threshold.  Sent once
 *	until there has been more space again.  OBJECT, BLOCKS.
 * @CST_EVENT_RESERVATION: PERSISTENT RESERVE OUT has changed the registrations or the
 *	reservation of a device.  OBJECT, INITIATOR (that has sent it), FUNCTION (the service
 *	action).
 */
enum cst_genl_cmd {
	CST_CMD_UNSPEC,
	CST_CMD_GET_STATS,
	CST_EVENT_LOGIN,
	CST_EVENT_LOGOUT,
	CST_EVENT_TMF,
	CST_EVENT_ENABLED,
	CST_EVENT_DISABLED,
	CST_EVENT_RESIZED,
	CST_EVENT_REPLACED,
	CST_EVENT_DATA_LOST,
	CST_EVENT_SPACE_LOW,
	CST_EVENT_RESERVATION,
};

enum cst_genl_attr {
	CST_A_UNSPEC,
	CST_A_PAD,
	CST_A_OBJECT,		/* string, path relative to the configfs root */
	CST_A_INITIATOR,	/* string */
	CST_A_FUNCTION,		/* string: "ABORT TASK" ... */
	CST_A_RESPONSE,		/* string: "FUNCTION COMPLETE" ... */
	CST_A_BLOCKS,		/* u64 */
	CST_A_READ_COMMANDS,	/* u64, as the following down to CST_A_ABORTED */
	CST_A_WRITE_COMMANDS,
	CST_A_OTHER_COMMANDS,
	CST_A_READ_BYTES,
	CST_A_WRITE_BYTES,
	CST_A_ERRORS,
	CST_A_ABORTED,
	CST_A_ADDRESS,		/* string, such as "192.0.2.1:3260" */
	CST_A_OLD_ADDRESS,	/* string */
	__CST_A_AFTER_LAST,
	CST_A_MAX = __CST_A_AFTER_LAST - 1,
};

#endif /* _UAPI_CST_EVENTS_H */
