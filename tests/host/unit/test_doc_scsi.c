// SPDX-License-Identifier: GPL-2.0-only
/*
 * The tables of doc/scsi.md are those of the code.  `make -C tests/host/unit document` writes
 * them.
 */
#include "emu.h"
#include "test.h"

#define DOC		"../../../doc/scsi.md"
#define DOC_MAX		(256 << 10)

/* The document as it is, and as it should be. */
static char doc[DOC_MAX];
static char table[DOC_MAX];
static size_t table_len;

static void row(const char *fmt, ...)
	__attribute__((format(printf, 1, 2)));
static void row(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	table_len += vsnprintf(table + table_len, sizeof(table) - table_len, fmt, args);
	va_end(args);
	shim_must(table_len < sizeof(table));
}

static void doc_read(void)
{
	FILE *f = fopen(DOC, "r");
	size_t n;

	shim_must(f);
	n = fread(doc, 1, sizeof(doc) - 1, f);
	shim_must(n < sizeof(doc) - 1);
	doc[n] = '\0';
	fclose(f);
}

/* Replace the part of the document that begins at @at and has @len bytes. */
static void doc_write(char *at, size_t len)
{
	FILE *f = fopen(DOC, "w");

	shim_must(f);
	fwrite(doc, 1, at - doc, f);
	fwrite(table, 1, table_len, f);
	fputs(at + len, f);
	fclose(f);
}

/* Compare the table with what stands between "<!-- NAME -->" and the next empty line. */
static void compare(const char *name)
{
	char mark[64], *at, *end;

	doc_read();
	snprintf(mark, sizeof(mark), "<!-- %s -->\n", name);
	at = strstr(doc, mark);
	CHECK(at);
	if (!at)
		return;
	at += strlen(mark);
	end = strstr(at, "\n\n");
	end = end ? end + 1 : at + strlen(at);
	if ((size_t)(end - at) == table_len && !memcmp(at, table, table_len))
		return;
	if (getenv("CST_DOCUMENT"))
		doc_write(at, end - at);
	else
		test_say(__FILE__, __LINE__, "%s: `make document` would write %s:\n%s", DOC,
			 name, table);
}

static const char *reservation(const struct cst_op *op)
{
	if (op->resv == CST_RESV_ANY)
		return "none";
	if (op->resv == CST_RESV_UNIT)
		return "RESERVE";
	if (op->resv == CST_RESV_READ)
		return "exclusive access";
	return op->resv_exempt ? "any, but for some CDBs" : "any";
}

static const char *port_states(const struct cst_op *op)
{
	switch (op->ports) {
	case 0:
		return "";
	case CST_PORTS_STANDBY:
		return "standby";
	case CST_PORTS_ECHO:
		return "standby, unavailable";
	default:
		shim_must(op->ports == CST_PORTS_ALL);
		return "all";
	}
}

static void commands(void)
{
	unsigned int i;

	emu_reset();
	table_len = 0;
	row("| Code | Command | CDB | Timeout | ");
	row("Conflicts with a reservation | Also in port states |\n");
	row("| --- | --- | --- | --- | --- | --- |\n");
	for (i = 0; i < cst_disk_type.index->nr_ops; i++) {
		const struct cst_op *op = cst_disk_type.index->ops[i];
		char code[16];

		if (op->flags & CST_OP_ACTION)
			snprintf(code, sizeof(code), "%02Xh/%02Xh", op->opcode,
				 op->service_action);
		else
			snprintf(code, sizeof(code), "%02Xh", op->opcode);
		row("| %s | %s | %u | %u s | %s | %s |\n", code, op->name, op->cdb_len,
		    op->timeout ?: CST_OP_TIMEOUT, reservation(op), port_states(op));
	}
	compare("commands");
}

/* The names that SPC-5 and SBC-4 give to pages; the code does not need them. */
struct name {
	u8		code;
	u8		subpage;
	const char	*name;
};

static const struct name mode_names[] = {
	{ 0x01, 0x00, "Read-Write Error Recovery" },
	{ 0x02, 0x00, "Disconnect-Reconnect" },
	{ 0x03, 0x00, "Format Device (obsolete)" },
	{ 0x04, 0x00, "Rigid Disk Geometry (obsolete)" },
	{ 0x08, 0x00, "Caching" },
	{ 0x0a, 0x00, "Control" },
	{ 0x0a, 0x01, "Control Extension" },
	{ 0x0a, 0x02, "Application Tag" },
	{ 0x1a, 0x00, "Power Condition" },
	{ 0x1c, 0x00, "Informational Exceptions Control" },
	{ 0x1c, 0x02, "Logical Block Provisioning" },
	{}
};

static const struct name log_names[] = {
	{ 0x02, 0x00, "Write Error Counters" },
	{ 0x03, 0x00, "Read Error Counters" },
	{ 0x05, 0x00, "Verify Error Counters" },
	{ 0x06, 0x00, "Non-Medium Error" },
	{ 0x0c, 0x00, "Logical Block Provisioning" },
	{ 0x0d, 0x00, "Temperature" },
	{ 0x0e, 0x00, "Start-Stop Cycle Counter" },
	{ 0x10, 0x00, "Self-Test Results" },
	{ 0x15, 0x00, "Background Scan" },
	{ 0x19, 0x00, "General Statistics and Performance" },
	{ 0x2f, 0x00, "Informational Exceptions" },
	{}
};

static const struct name vpd_names[] = {
	{ 0x00, 0x00, "Supported VPD Pages" },
	{ 0x80, 0x00, "Unit Serial Number" },
	{ 0x83, 0x00, "Device Identification" },
	{ 0x86, 0x00, "Extended INQUIRY Data" },
	{ 0x87, 0x00, "Mode Page Policy" },
	{ 0x88, 0x00, "SCSI Ports" },
	{ 0x8a, 0x00, "Power Condition" },
	{ 0x8f, 0x00, "Third-Party Copy" },
	{ 0xb0, 0x00, "Block Limits" },
	{ 0xb1, 0x00, "Block Device Characteristics" },
	{ 0xb2, 0x00, "Logical Block Provisioning" },
	{ 0xb7, 0x00, "Block Limits Extension" },
	{}
};

static void page_name(const struct name *names, u8 code, u8 subpage)
{
	while (names->name && (names->code != code || names->subpage != subpage))
		names++;
	CHECK(names->name);
	if (subpage)
		row("| %02Xh/%02Xh | %s |", code, subpage, names->name ?: "");
	else
		row("| %02Xh | %s |", code, names->name ?: "");
}

/* Print the bytes of a mode page that are not zero, behind its header. */
static void mode_bytes(const struct cst_mode_page *page, const u8 *bytes)
{
	const char *comma = " ";
	unsigned int i;

	for (i = page->subpage ? 4 : 2; i < page->size; i++) {
		if (!bytes[i])
			continue;
		row("%s%u: %02Xh", comma, i, bytes[i]);
		comma = ", ";
	}
	row(" |");
}

static void mode_pages(void)
{
	const struct cst_mode_page *page;

	emu_reset();
	table_len = 0;
	row("| Page | Name | Bytes | Default values | Can be changed and saved |\n");
	row("| --- | --- | --- | --- | --- |\n");
	for (page = cst_disk_type.mode_pages; page->fill; page++) {
		u8 values[CST_MODE_PAGE_MAX] = {}, mask[CST_MODE_PAGE_MAX] = {};

		page->fill(&emu.disk.dev, values);
		if (page->mask)
			page->mask(&emu.disk.dev, mask);
		page_name(mode_names, page->code, page->subpage);
		row(" %u |", page->size);
		mode_bytes(page, values);
		mode_bytes(page, mask);
		row("\n");
	}
	compare("mode pages");
}

static void log_pages(void)
{
	const struct cst_type_index *index = cst_disk_type.index;
	unsigned int i;

	emu_reset();
	table_len = 0;
	row("| Page | Name | Counters that LOG SELECT sets back |\n| --- | --- | --- |\n");
	for (i = 0; i < index->nr_logs; i++) {
		page_name(log_names, index->logs[i]->code, index->logs[i]->subpage);
		row(" %s |\n", index->logs[i]->counts ? "yes" : "");
	}
	compare("log pages");
}

static void vpd_pages(void)
{
	const struct cst_type_index *index = cst_disk_type.index;
	unsigned int i;

	emu_reset();
	table_len = 0;
	row("| Page | Name |\n| --- | --- |\n");
	for (i = 0; i < index->nr_vpd; i++) {
		page_name(vpd_names, index->vpd[i]->code, 0);
		row("\n");
	}
	compare("VPD pages");
}

TEST_MAIN(T(commands), T(mode_pages), T(log_pages), T(vpd_pages))
