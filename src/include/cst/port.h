/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The identity of a SCSI port, and the forms that the standards give it: TransportID
 * (SPC-5 7.6.4) of an initiator port, designator (SPC-5 7.7.6) of a target port.
 */
#ifndef _CST_PORT_H
#define _CST_PORT_H

#include <linux/types.h>

/* PROTOCOL IDENTIFIER, SPC-5 7.6.1 */
#define CST_PROTOCOL_FCP	0x0
#define CST_PROTOCOL_ISCSI	0x5
#define CST_PROTOCOL_SAS	0x6

#define CST_NAME_MAX	223	/* bytes of an initiator's or a target's name */

/* Header; name, ",i,0x", twelve digits and NUL, padded to four bytes */
#define CST_TRANSPORT_ID_MAX	(4 + 244)
/* Header; name, ",t,0x", four digits and NUL, padded to four bytes */
#define CST_PORT_DESIGNATOR_MAX	(4 + 236)
/* The text with its NUL */
#define CST_PORT_TEXT_MAX	(CST_NAME_MAX + 5 + 12 + 1)

/**
 * struct cst_port - an initiator or a target port
 * @protocol_id: CST_PROTOCOL_*, which says what of the rest counts
 * @has_isid: iSCSI: @isid counts.  An initiator without stands for all of its ports:
 *	TransportIDs come in both forms
 * @isid: iSCSI: initiator session identifier
 * @tpgt: iSCSI: target portal group tag of a target port
 * @address: SAS: its address
 * @name: iSCSI: name of the node, NUL terminated
 */
struct cst_port {
	u8	protocol_id;
	bool	has_isid;
	u8	isid[6];
	u16	tpgt;
	u64	address;
	char	name[CST_NAME_MAX + 1];
};

/* port.c; all of it is pure */

/**
 * cst_transport_id_build() - TransportID of an initiator port
 * @port: initiator port
 * @id: room for CST_TRANSPORT_ID_MAX bytes
 *
 * Return: bytes; 0 for a protocol that is not built in.
 */
u32 cst_transport_id_build(const struct cst_port *port, u8 *id);

/**
 * cst_transport_id_parse() - the port that a TransportID names
 * @id: whatever an initiator has sent
 * @len: bytes of it, of which the TransportID may be the first ones
 * @port: where it goes; undefined when it is refused
 *
 * Return: bytes of the TransportID, or -EINVAL when there is none that is well formed,
 * or none of a protocol that we know.
 */
int cst_transport_id_parse(const u8 *id, u32 len, struct cst_port *port);

/**
 * cst_port_is() - does a TransportID name this initiator port?
 * @named: by a TransportID, perhaps of all ports of a node
 * @port: a port; one that stands for a whole node is named by a name without ISID alone
 *
 * Names are compared without regard to the case of ASCII letters, as everywhere here.
 */
bool cst_port_is(const struct cst_port *named, const struct cst_port *port);

/**
 * cst_port_designator() - designation descriptor with a target port's name
 * @port: target port
 * @d: room for CST_PORT_DESIGNATOR_MAX bytes
 *
 * Return: bytes with the header; 0 for a protocol that is not built in.
 */
u32 cst_port_designator(const struct cst_port *port, u8 *d);

/**
 * cst_port_print() - the name of an initiator port for people
 * @port: initiator port
 * @text: room for CST_PORT_TEXT_MAX bytes, NUL terminated afterwards
 */
void cst_port_print(const struct cst_port *port, char *text);

#endif /* _CST_PORT_H */
