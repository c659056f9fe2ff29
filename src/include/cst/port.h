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
 * @protocol_id: CST_PROTOCOL_*; decides which of the other members are used
 * @has_isid: iSCSI: @isid is valid.  An initiator without an ISID stands for all ports of
 *	the initiator.  TransportIDs have both forms
 * @isid: iSCSI: initiator session identifier
 * @tpgt: iSCSI: target portal group tag of a target port
 * @address: SAS: address of the port
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
 * cst_transport_id_build() - make the TransportID of an initiator port
 * @port: initiator port
 * @id: room for CST_TRANSPORT_ID_MAX bytes
 *
 * Return: number of bytes; 0 for a protocol that is not supported.
 */
u32 cst_transport_id_build(const struct cst_port *port, u8 *id);

/**
 * cst_transport_id_parse() - get the port that a TransportID names
 * @id: bytes that an initiator has sent; any content
 * @len: number of bytes at @id; more data may follow the TransportID
 * @port: filled in; undefined when the TransportID is refused
 *
 * Return: bytes of the TransportID, or -EINVAL when it is not well formed, or when its
 * protocol is not supported.
 */
int cst_transport_id_parse(const u8 *id, u32 len, struct cst_port *port);

/**
 * cst_port_is() - does a TransportID name this initiator port?
 * @named: the port, or all ports of a node, that the TransportID names
 * @port: the initiator port.  A port that stands for a whole node is only named by a
 *	TransportID without ISID
 *
 * Names are compared without regard to the case of ASCII letters, as everywhere in cst.
 */
bool cst_port_is(const struct cst_port *named, const struct cst_port *port);

/**
 * cst_port_designator() - make the designation descriptor with a target port's name
 * @port: target port
 * @d: room for CST_PORT_DESIGNATOR_MAX bytes
 *
 * Return: number of bytes with the header; 0 for a protocol that is not supported.
 */
u32 cst_port_designator(const struct cst_port *port, u8 *d);

/**
 * cst_port_print() - print the name of an initiator port for people
 * @port: initiator port
 * @text: room for CST_PORT_TEXT_MAX bytes; NUL terminated by this function
 */
void cst_port_print(const struct cst_port *port, char *text);

#endif /* _CST_PORT_H */
