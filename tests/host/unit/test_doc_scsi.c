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

TEST_MAIN(T(commands))
