// SPDX-License-Identifier: GPL-2.0-only
#include "emu.h"
#include "store.h"
#include "test.h"

#define REPORT(_type, _len)						\
	EMU(0xa3, 0x05, 0, 0, 0, 0, 0, 0, (_len) >> 8, (_len) & 0xff, (_type) << 1, 0)
#define SET(_type, _len)						\
	EMU(0xa4, 0x06, 0, 0, 0, 0, 0, 0, (_len) >> 8, (_len) & 0xff, (_type) << 1, 0)

/* The store: one record. */
static struct {
	u8		record[512];
	u32		len;		/* 0: there is none */
	char		name[80];
	int		error;
	unsigned int	loads, saves;
} store;

int cst_store_save(const char *kind, const char *name, u16 version, const void *data, u32 len)
{
	CHECK_STR(kind, "ident");
	CHECK(emu.disk.dev.obj.lock.held);
	store.saves++;
	if (store.error)
		return store.error;
	CHECK(len <= sizeof(store.record));
	memcpy(store.record, data, len);
	store.len = len;
	strscpy(store.name, name, sizeof(store.name));
	return 0;
}

int cst_store_load(const char *kind, const char *name, u16 version, void *data, u32 size)
{
	CHECK(emu.disk.dev.obj.lock.held);
	store.loads++;
	if (store.error)
		return store.error;
	if (!store.len || strcmp(name, store.name))
		return -ENOENT;
	CHECK(store.len <= size);
	memcpy(data, store.record, store.len);
	return store.len;
}

static void start(void)
{
	emu_reset();
	memset(&store, 0, sizeof(store));
}

/* The target starts anew; the store stays. */
static void restart(void)
{
	emu_reset();
	store.loads = 0;
}

static void what_there_may_be(void)
{
	start();
	CHECK_REASON(REPORT(0x7f, 255), CST_OK);
	CHECK_EQ(emu.cmd.data_len, 12);
	CHECK_BYTES(emu.in, 0, 0, 0, 8, 0x00, 0, 0, 64, 0x04, 0, 1, 0);
	CHECK_REASON(REPORT(0, 255), CST_OK);
	CHECK_EQ(emu.cmd.data_len, 4);
	CHECK_BYTES(emu.in, 0, 0, 0, 0);
	CHECK_REASON(REPORT(2, 255), CST_OK);
	CHECK_BYTES(emu.in, 0, 0, 0, 0);
	CHECK_EQ(store.loads, 1);
}

static void it_is_kept(void)
{
	static const u8 text[] = "rack 7, \xc3\xa4";
	struct cst_session other = {};
	struct cst_itl itl;

	start();
	emu_itl_init(&itl, &other, &emu.disk.dev, 0);
	emu_data_out("\0\1\2\3", 4);
	CHECK_REASON(SET(0, 4), CST_OK);
	CHECK_REASON(cst_ua_peek(&itl), CST_SENSE(DEVICE_IDENTIFIER_CHANGED));
	CHECK_REASON(cst_ua_peek(&emu.itl), CST_OK);
	emu_data_out(text, sizeof(text));
	CHECK_REASON(SET(2, sizeof(text)), CST_OK);
	CHECK_EQ(store.saves, 2);
	list_del(&itl.dev_node);

	restart();
	CHECK_REASON(REPORT(0, 600), CST_OK);
	CHECK_BYTES(emu.in, 0, 0, 0, 4, 0, 1, 2, 3);
	CHECK_REASON(REPORT(2, 600), CST_OK);
	CHECK_EQ(emu.cmd.data_len, 4 + sizeof(text));
	CHECK(!memcmp(emu.in + 4, text, sizeof(text)));
	CHECK_REASON(REPORT(2, 6), CST_OK);
	CHECK_EQ(emu.cmd.data_len, 6);
	CHECK_EQ(emu.in[3], sizeof(text));
	CHECK_EQ(store.loads, 1);

	/* No list takes the information away; the other kind stays. */
	CHECK_REASON(SET(2, 0), CST_OK);
	restart();
	CHECK_REASON(REPORT(2, 255), CST_OK);
	CHECK_EQ(emu.cmd.data_len, 4);
	CHECK_REASON(REPORT(0, 255), CST_OK);
	CHECK_EQ(emu.cmd.data_len, 8);

	/* Another identifier makes it another unit. */
	strscpy(emu.disk.dev.t10_dev_id, "another", sizeof(emu.disk.dev.t10_dev_id));
	CHECK_REASON(REPORT(0, 255), CST_OK);
	CHECK_EQ(emu.cmd.data_len, 4);
	CHECK(!emu.disk.dev.obj.lock.held);
}

static void the_longest(void)
{
	u8 text[256];

	start();
	memset(text, 'x', sizeof(text));
	emu_data_out(text, sizeof(text));
	CHECK_REASON(SET(0, 64), CST_OK);
	CHECK_INVALID(SET(0, 65), 6, 7);
	text[255] = 0;
	emu_data_out(text, sizeof(text));
	CHECK_REASON(SET(2, 256), CST_OK);
	CHECK_INVALID(SET(2, 257), 6, 7);
	CHECK_INVALID(EMU(0xa4, 0x06, 0, 0, 0, 0, 0xff, 0, 0, 0, 0, 0), 6, 7);
	restart();
	CHECK_REASON(REPORT(2, 600), CST_OK);
	CHECK_EQ(emu.cmd.data_len, 260);
	CHECK(!memcmp(emu.in + 4, text, 256));
}

static void what_is_refused(void)
{
	unsigned int type;

	start();
	for (type = 0; type < 0x80; type++) {
		if (type != 0 && type != 2) {
			CHECK_INVALID(SET(type, 4), 10, 7);
			if (type != 0x7f)
				CHECK_INVALID(REPORT(type, 4), 10, 7);
		}
	}
	CHECK_INVALID(EMU(0xa3, 0x05, 0, 0, 0, 0, 0, 0, 0, 4, 1, 0), 10, 0);
	/* cut, text without its end, and with an end in between */
	CHECK_REASON(EMU_EXP(3, 0xa4, 0x06, 0, 0, 0, 0, 0, 0, 0, 4, 0, 0),
		     CST_SENSE(INVALID_FIELD_IN_COMMAND_IU));
	emu_data_out("abcd", 4);
	CHECK_REASON(SET(2, 4), CST_SENSE(INVALID_FIELD_IN_PARAMETER_LIST));
	emu_data_out("a\0c", 4);
	CHECK_REASON(SET(2, 4), CST_SENSE(INVALID_FIELD_IN_PARAMETER_LIST));
	CHECK_EQ(store.saves, 0);
	CHECK_REASON(REPORT(2, 255), CST_OK);
	CHECK_EQ(emu.cmd.data_len, 4);
}

static void when_the_store_fails(void)
{
	start();
	emu_data_out("abcd", 4);
	store.error = -EIO;
	CHECK_REASON(REPORT(0, 255), CST_SENSE(INTERNAL_TARGET_FAILURE));
	CHECK_REASON(SET(0, 4), CST_SENSE(INTERNAL_TARGET_FAILURE));
	CHECK_EQ(store.saves, 0);
	/* A record that is damaged is set aside. */
	store.error = -EBADMSG;
	CHECK_REASON(REPORT(0, 255), CST_OK);
	CHECK_EQ(emu.cmd.data_len, 4);
	store.error = -ENOSPC;
	CHECK_REASON(SET(0, 4), CST_SENSE(INTERNAL_TARGET_FAILURE));
	CHECK_EQ(store.saves, 1);
	CHECK_REASON(REPORT(0, 255), CST_OK);
	CHECK_EQ(emu.cmd.data_len, 4);
	store.error = 0;
	CHECK_REASON(SET(0, 4), CST_OK);
	/* The lengths in the record are checked. */
	restart();
	store.record[1] = 65;
	CHECK_REASON(REPORT(0, 255), CST_OK);
	CHECK_EQ(emu.cmd.data_len, 4);
}

static void while_the_device_is_configured(void)
{
	start();
	emu_data_out("abcd", 4);
	emu.disk.dev.obj.lock.held = true;
	CHECK_REASON(REPORT(0, 255), CST_BUSY);
	CHECK_REASON(SET(0, 4), CST_BUSY);
	CHECK_EQ(store.loads + store.saves, 0);
	emu.disk.dev.obj.lock.held = false;
	CHECK_REASON(SET(0, 4), CST_OK);
}

TEST_MAIN(T(what_there_may_be), T(it_is_kept), T(the_longest), T(what_is_refused),
	  T(when_the_store_fails), T(while_the_device_is_configured))
