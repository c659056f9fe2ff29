// SPDX-License-Identifier: GPL-2.0-only
/*
 * Identities of ports, and conversion between their forms: struct cst_port as fabrics fill
 * it in, and TransportIDs and designators as they are on the wire.  Pure: no lock, no
 * allocation; also compiled in user space.
 *
 * scsi/spc/vpd.c, vpd_ports.c and the attributes of sessions call in.
 */
#include <linux/errno.h>
#include <linux/hex.h>
#include <linux/kernel.h>
#include <linux/string.h>
#include <linux/unaligned.h>

#include <cst/port.h>

/* TransportID byte 0: FORMAT CODE and PROTOCOL IDENTIFIER; the bits between are reserved */
#define CST_TID_FORMAT		0xc0
#define CST_TID_PROTOCOL	0x0f
#define CST_TID_DEVICE		0x00
#define CST_TID_PORT		0x40

#define CST_TID_HEADER		4	/* of iSCSI's */
#define CST_TID_NAME_MIN	20	/* least ADDITIONAL LENGTH of iSCSI's */
#define CST_TID_SAS_SIZE	24
#define CST_TID_SAS_ADDRESS	4

#define CST_ISID_SEPARATOR	",i,0x"
#define CST_TPGT_SEPARATOR	",t,0x"
#define CST_ISID_DIGITS		12

/* Designator header: PROTOCOL IDENTIFIER and CODE SET; PIV, ASSOCIATION and TYPE */
#define CST_CODE_SET_BINARY	0x1
#define CST_CODE_SET_UTF8	0x3
#define CST_PIV_TARGET_PORT	0x90
#define CST_DESIGNATOR_NAA	0x3
#define CST_DESIGNATOR_NAME	0x8

/*
 * End a name or text of @len bytes with NUL, and pad it with NULs to a multiple of four.
 * Return: its length with the padding.
 */
static u32 cst_pad(u8 *field, u32 len)
{
	u32 padded = ALIGN(len + 1, 4);

	memset(field + len, 0, padded - len);
	return padded;
}

void cst_port_print(const struct cst_port *port, char *text)
{
	u32 len;

	if (port->protocol_id == CST_PROTOCOL_SAS) {
		snprintf(text, CST_PORT_TEXT_MAX, "naa.%016llx", port->address);
		return;
	}
	len = strnlen(port->name, CST_NAME_MAX);
	memcpy(text, port->name, len);
	text[len] = '\0';
	if (!port->has_isid)
		return;
	strscpy(text + len, CST_ISID_SEPARATOR, CST_PORT_TEXT_MAX - len);
	len += strlen(CST_ISID_SEPARATOR);
	*bin2hex(text + len, port->isid, sizeof(port->isid)) = '\0';
}

static u32 cst_tid_iscsi_build(const struct cst_port *port, u8 *id)
{
	char text[CST_PORT_TEXT_MAX];
	u32 len, padded;

	cst_port_print(port, text);
	len = strlen(text);
	memset(id, 0, CST_TID_HEADER + CST_TID_NAME_MIN);
	memcpy(id + CST_TID_HEADER, text, len);
	padded = max_t(u32, cst_pad(id + CST_TID_HEADER, len), CST_TID_NAME_MIN);
	id[0] = CST_PROTOCOL_ISCSI | (port->has_isid ? CST_TID_PORT : CST_TID_DEVICE);
	put_unaligned_be16(padded, id + 2);
	return CST_TID_HEADER + padded;
}

u32 cst_transport_id_build(const struct cst_port *port, u8 *id)
{
	switch (port->protocol_id) {
	case CST_PROTOCOL_ISCSI:
		return cst_tid_iscsi_build(port, id);
	case CST_PROTOCOL_SAS:
		memset(id, 0, CST_TID_SAS_SIZE);
		id[0] = CST_PROTOCOL_SAS;
		put_unaligned_be64(port->address, id + CST_TID_SAS_ADDRESS);
		return CST_TID_SAS_SIZE;
	default:
		return 0;
	}
}

/*
 * Check the UTF-8 character at @p; there are @left bytes.  Return: number of its bytes, or 0
 * when it is not well formed or may not be in a name.  Not well formed are a form that is
 * longer than needed, half of a surrogate pair, and a code point beyond the last (RFC
 * 3629).  A name has no control character (RFC 3722) and no comma, which is a separator.
 */
static u32 cst_utf8_char(const u8 *p, u32 left)
{
	static const u32 least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	u32 i, n, c = p[0];

	if (c < 0x80)
		return c >= 0x20 && c != 0x7f && c != ',';
	n = c >= 0xf0 ? 4 : c >= 0xe0 ? 3 : 2;
	if (c < 0xc0 || c >= 0xf8 || n > left)
		return 0;
	c &= 0x7f >> n;
	for (i = 1; i < n; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (p[i] & 0x3f);
	}
	if (c < least[n] || c > 0x10ffff || (c >= 0xd800 && c < 0xe000) ||
	    (c >= 0x80 && c < 0xa0))
		return 0;
	return n;
}

static bool cst_is_name(const u8 *name, u32 len)
{
	u32 at, n;

	if (!len || len > CST_NAME_MAX)
		return false;
	for (at = 0; at < len; at += n) {
		n = cst_utf8_char(name + at, len - at);
		if (!n)
			return false;
	}
	return true;
}

/* Parse an ISID of @len hexadecimal digits; leading zeros may be missing. */
static bool cst_isid_parse(const char *digits, u32 len, u8 isid[6])
{
	char text[CST_ISID_DIGITS];

	if (!len || len > CST_ISID_DIGITS)
		return false;
	memset(text, '0', sizeof(text));
	memcpy(text + sizeof(text) - len, digits, len);
	return !hex2bin(isid, text, 6);
}

/*
 * Split a text at the separator before the ISID.  The last comma of the text is the second
 * comma of the separator, because digits have none.  *len becomes the length of the name.
 */
static int cst_tid_port_split(const char *text, u32 *len, u8 isid[6])
{
	const u32 size = strlen(CST_ISID_SEPARATOR);
	const char *comma = strrchr(text, ',');
	u32 at;

	if (!comma || comma - text < 2)
		return -EINVAL;
	at = comma - text - 2;
	if (strncmp(text + at, CST_ISID_SEPARATOR, size) ||
	    !cst_isid_parse(text + at + size, *len - at - size, isid))
		return -EINVAL;
	*len = at;
	return 0;
}

static int cst_tid_iscsi_parse(const u8 *id, u32 len, struct cst_port *port)
{
	u8 format = id[0] & CST_TID_FORMAT;
	const char *text = (const char *)id + CST_TID_HEADER;
	u32 size, text_len, name_len, i;

	if (len < CST_TID_HEADER || (format != CST_TID_DEVICE && format != CST_TID_PORT))
		return -EINVAL;
	size = get_unaligned_be16(id + 2);
	if (size < CST_TID_NAME_MIN || size % 4 || size > len - CST_TID_HEADER)
		return -EINVAL;
	text_len = strnlen(text, size);
	/* The text must end with NUL, and only NULs may follow. */
	if (text_len == size)
		return -EINVAL;
	for (i = text_len; i < size; i++)
		if (text[i])
			return -EINVAL;
	name_len = text_len;
	if (format == CST_TID_PORT) {
		if (cst_tid_port_split(text, &name_len, port->isid))
			return -EINVAL;
		port->has_isid = true;
	}
	if (!cst_is_name(id + CST_TID_HEADER, name_len))
		return -EINVAL;
	memcpy(port->name, text, name_len);
	return CST_TID_HEADER + size;
}

int cst_transport_id_parse(const u8 *id, u32 len, struct cst_port *port)
{
	memset(port, 0, sizeof(*port));
	if (!len)
		return -EINVAL;
	port->protocol_id = id[0] & CST_TID_PROTOCOL;
	switch (port->protocol_id) {
	case CST_PROTOCOL_ISCSI:
		return cst_tid_iscsi_parse(id, len, port);
	case CST_PROTOCOL_SAS:
		if (len < CST_TID_SAS_SIZE || (id[0] & CST_TID_FORMAT))
			return -EINVAL;
		port->address = get_unaligned_be64(id + CST_TID_SAS_ADDRESS);
		return CST_TID_SAS_SIZE;
	default:
		return -EINVAL;
	}
}

bool cst_port_is(const struct cst_port *named, const struct cst_port *port)
{
	if (named->protocol_id != port->protocol_id)
		return false;
	if (named->protocol_id == CST_PROTOCOL_SAS)
		return named->address == port->address;
	if (strcasecmp(named->name, port->name))
		return false;
	return !named->has_isid ||
	       (port->has_isid && !memcmp(named->isid, port->isid, sizeof(port->isid)));
}

/* Designator of type SCSI name string (RFC 7143 4.2.7, SPC-5 7.7.6.11). */
static u32 cst_port_designator_iscsi(const struct cst_port *port, u8 *d)
{
	u32 len = strnlen(port->name, CST_NAME_MAX);
	char tag[sizeof(CST_TPGT_SEPARATOR "1234")];

	snprintf(tag, sizeof(tag), CST_TPGT_SEPARATOR "%04x", port->tpgt);
	memcpy(d + 4, port->name, len);
	memcpy(d + 4 + len, tag, strlen(tag));
	d[0] = CST_PROTOCOL_ISCSI << 4 | CST_CODE_SET_UTF8;
	d[1] = CST_PIV_TARGET_PORT | CST_DESIGNATOR_NAME;
	d[2] = 0;
	d[3] = cst_pad(d + 4, len + strlen(tag));
	return 4 + d[3];
}

u32 cst_port_designator(const struct cst_port *port, u8 *d)
{
	switch (port->protocol_id) {
	case CST_PROTOCOL_ISCSI:
		return cst_port_designator_iscsi(port, d);
	case CST_PROTOCOL_SAS:
		d[0] = CST_PROTOCOL_SAS << 4 | CST_CODE_SET_BINARY;
		d[1] = CST_PIV_TARGET_PORT | CST_DESIGNATOR_NAA;
		d[2] = 0;
		d[3] = sizeof(port->address);
		put_unaligned_be64(port->address, d + 4);
		return 4 + d[3];
	default:
		return 0;
	}
}
