// SPDX-License-Identifier: GPL-2.0-only
/* FORMAT UNIT and SANITIZE: format.c, sanitize.c, erasure.c. */
#include <linux/unaligned.h>

#include "../../../src/scsi/sbc/erasure.h"
#include "emu.h"
#include "store.h"
#include "test.h"

#define FORMAT(_flags)		EMU(0x04, _flags, 0, 0, 0, 0)
#define TUR()			EMU(0, 0, 0, 0, 0, 0)
#define READ1()			EMU(0x28, 0, 0, 0, 0, 0, 0, 0, 1, 0)
#define SANITIZE(_flags, _len)	\
	EMU(0x48, _flags, 0, 0, 0, 0, 0, (u8)((_len) >> 8), (u8)(_len), 0)
#define IMMED			0x80
#define AUSE			0x20
#define OVERWRITE		0x01
#define ERASE			0x02
#define EXIT			0x1f

/* The store: one record. */
static struct {
	u8		record[8192];
	u32		len;		/* 0: there is none */
	int		error;
	unsigned int	saves;
	unsigned int	unsure;		/* so many saves succeed, but answer an error */
} store;

int cst_store_save(const char *kind, const char *name, u16 version, const void *data, u32 len)
{
	CHECK_STR(kind, "erasure");
	CHECK_STR(name, "0123-disk1");
	store.saves++;
	if (store.error)
		return store.error;
	CHECK(len <= sizeof(store.record));
	memcpy(store.record, data, len);
	store.len = len;
	if (!store.unsure)
		return 0;
	store.unsure--;
	return -EIO;
}

int cst_store_load(const char *kind, const char *name, u16 version, void *data, u32 size)
{
	if (store.error)
		return store.error;
	if (!store.len)
		return -ENOENT;
	CHECK(store.len <= size);
	memcpy(data, store.record, store.len);
	return store.len;
}

static struct emu_io ios[64];
static unsigned int nr_ios;
static u8 first[64][8];		/* what the medium began with before each I/O */
static unsigned int fails_at;	/* the I/O that fails; 0: none */
static int fails_with;

static void notes_io(void)
{
	emu.io_error = 0;
	if (nr_ios < ARRAY_SIZE(ios)) {
		ios[nr_ios] = emu.io;
		memcpy(first[nr_ios], emu.medium, sizeof(first[0]));
	}
	if (++nr_ios == fails_at)
		emu.io_error = fails_with;
}

static void start(void)
{
	emu_reset();
	memset(&store, 0, sizeof(store));
	nr_ios = 0;
	fails_at = 0;
	emu.on_io = notes_io;
}

static void goes_on(void)
{
	while (emu_work())
		;
}

static bool without_memory;	/* ... the target starts anew */

/* The target starts anew; the store and the medium stay. */
static void restart(void)
{
	static u8 medium[sizeof(emu.medium)];
	u64 nblocks = emu.disk.nblocks;

	memcpy(medium, emu.medium, sizeof(medium));
	goes_on();
	cst_erasure_closed(&emu.disk.dev);
	emu_reset();
	memcpy(emu.medium, medium, sizeof(medium));
	emu.disk.nblocks = nblocks;
	emu.on_io = notes_io;
	emu.no_pages = without_memory;
	nr_ios = 0;
	fails_at = 0;
	emu.disk.dev.obj.lock.held = true;
	CHECK_EQ(cst_erasure_load(&emu.disk), 0);
	cst_erasure_opened(&emu.disk.dev);
	emu.disk.dev.obj.lock.held = false;
}

/* Disabling begins, and is over. */
static void disable(void)
{
	emu.disk.dev.io_ref.dying = true;
	goes_on();
	CHECK_EQ(emu.disk.dev.io_ref.count, 1);
	emu.disk.dev.io_ref.dying = false;
}

static bool all_zero(void)
{
	static const u8 zero[EMU_BLOCKS * 512];

	return !memcmp(emu.medium, zero, sizeof(zero));
}

static void a_large_disk(void)
{
	start();
	emu.disk.can_zero = true;
	emu.disk.nblocks = 1 << 20;	/* 32 I/Os of 16 MiB */
}

static void zeroes_by_every_way(void)
{
	start();
	emu.disk.thin = true;
	emu.disk.unmap_zeroes = true;
	emu.disk.can_zero = true;
	CHECK_REASON(FORMAT(0), CST_OK);
	CHECK_EQ(nr_ios, 2);
	CHECK_EQ(ios[0].op, CST_IO_UNMAP);
	CHECK_EQ(ios[0].pos, 0);
	CHECK_EQ(ios[0].len, EMU_BLOCKS * 512);
	CHECK_EQ(ios[1].op, CST_IO_FLUSH);
	CHECK_EQ(ios[1].len, 0);
	CHECK(all_zero());
	CHECK_EQ(store.saves, 2);
	CHECK_EQ(store.record[0], CST_ERASURE_NONE);
	CHECK_REASON(READ1(), CST_OK);

	start();
	emu.disk.can_zero = true;
	CHECK_REASON(FORMAT(0), CST_OK);
	CHECK_EQ(ios[0].op, CST_IO_ZERO);
	CHECK(!(ios[0].flags & CST_IO_RELEASE));
	CHECK(all_zero());

	start();
	CHECK_REASON(FORMAT(0), CST_OK);
	CHECK_EQ(ios[0].op, CST_IO_WRITE);
	CHECK(all_zero());

	/* The backing cannot unmap after all, and then it cannot make zeroes either. */
	start();
	emu.disk.thin = true;
	emu.disk.unmap_zeroes = true;
	fails_at = 1;
	fails_with = -EOPNOTSUPP;
	CHECK_REASON(FORMAT(0), CST_OK);
	CHECK(!emu.disk.thin);
	CHECK_EQ(ios[1].op, CST_IO_WRITE);
	CHECK(all_zero());
	start();
	emu.disk.can_zero = true;
	fails_at = 1;
	CHECK_REASON(FORMAT(0), CST_OK);
	CHECK_EQ(ios[1].op, CST_IO_WRITE);
	CHECK(all_zero());
}

#define CHECK_LIST_INVALID(got, _byte, _bit) do {			\
	CHECK_REASON(got, CST_SENSE(INVALID_FIELD_IN_PARAMETER_LIST));	\
	CHECK(emu.cmd.detail.field_valid && !emu.cmd.detail.field_in_cdb); \
	CHECK_EQ(emu.cmd.detail.field, _byte);				\
	CHECK_EQ(emu.cmd.detail.bit, _bit);				\
} while (0)

#define LIST(_cdb1, ...) ({						\
	const u8 _list[] = { __VA_ARGS__ };				\
	emu_data_out(_list, sizeof(_list));				\
	FORMAT(_cdb1); })

static void what_format_unit_refuses(void)
{
	unsigned int i;

	start();
	CHECK_INVALID(FORMAT(0x80), 1, 7);		/* FMTPINFO */
	CHECK_INVALID(FORMAT(0x50), 1, 6);
	CHECK_INVALID(FORMAT(0x01), 1, 2);		/* DEFECT LIST FORMAT, no FMTDATA */
	CHECK_INVALID(FORMAT(0x16), 1, 2);
	CHECK_INVALID(FORMAT(0x17), 1, 2);
	CHECK_INVALID(EMU(0x04, 0, 1, 0, 0, 0), 2, 0);	/* vendor specific */
	CHECK_INVALID(EMU(0x04, 0, 0, 0, 1, 0), 4, 0);	/* FFMT */
	CHECK_LIST_INVALID(LIST(0x10, 0x01, 0, 0, 0), 0, 2);	/* PROTECTION FIELD USAGE */
	CHECK_LIST_INVALID(LIST(0x10, 0x08, 0, 0, 0), 0, 3);
	CHECK_LIST_INVALID(LIST(0x10, 0, 0x40, 0, 0), 1, 6);	/* options without FOV */
	CHECK_LIST_INVALID(LIST(0x10, 0, 0x10, 0, 0), 1, 4);
	CHECK_LIST_INVALID(LIST(0x10, 0, 0x88, 0, 0), 1, 3);	/* IP */
	CHECK_LIST_INVALID(LIST(0x10, 0, 0x04, 0, 0), 1, 2);
	CHECK_LIST_INVALID(LIST(0x10, 0, 0x01, 0, 0), 1, 0);
	CHECK_LIST_INVALID(LIST(0x10, 0, 0, 0x01, 0), 2, 7);	/* DEFECT LIST LENGTH */
	CHECK_LIST_INVALID(LIST(0x10, 0, 0, 0, 4), 2, 7);
	CHECK_LIST_INVALID(LIST(0x30, 0, 0, 0x10, 0, 0, 0, 0, 0), 2, 4);
	CHECK_LIST_INVALID(LIST(0x30, 0, 0, 0, 0x10, 0, 0, 0, 0), 3, 7);
	CHECK_LIST_INVALID(LIST(0x30, 0, 0, 0, 0x01, 0, 0, 0, 0), 3, 3);
	CHECK_LIST_INVALID(LIST(0x30, 0, 0, 0, 0, 1, 0, 0, 0), 4, 7);
	CHECK_LIST_INVALID(LIST(0x30, 0, 0, 0, 0, 0, 0, 0, 8), 4, 7);
	/* a list that is cut off */
	for (i = 0; i < 4; i++)
		CHECK_REASON(EMU_EXP(i, 0x04, 0x10, 0, 0, 0, 0),
			     CST_SENSE(INVALID_FIELD_IN_COMMAND_IU));
	for (i = 0; i < 8; i++)
		CHECK_REASON(EMU_EXP(i, 0x04, 0x30, 0, 0, 0, 0),
			     CST_SENSE(INVALID_FIELD_IN_COMMAND_IU));
	emu.disk.dev.read_only = true;
	CHECK_REASON(FORMAT(0), CST_SENSE(WRITE_PROTECTED));
	emu.disk.dev.read_only = false;
	CHECK_EQ(nr_ios, 0);
	CHECK_EQ(store.saves, 0);
	CHECK_REASON(READ1(), CST_OK);
}

static void what_format_unit_accepts(void)
{
	start();
	CHECK_REASON(LIST(0x10, 0, 0, 0, 0), CST_OK);
	CHECK_REASON(LIST(0x1d, 0, 0xf0, 0, 0), CST_OK);	/* FOV, DPRY, DCRT, STPF */
	CHECK_REASON(LIST(0x30, 0, 0xa0, 0, 0, 0, 0, 0, 0), CST_OK);
	CHECK_REASON(FORMAT(0x28), CST_OK);	/* LONGLIST, CMPLST: ignored */
}

static void progress_is_told(void)
{
	unsigned int i;

	a_large_disk();
	CHECK_REASON(LIST(0x10, 0, 0x02, 0, 0), CST_OK);	/* IMMED */
	CHECK_EQ(nr_ios, 0);
	CHECK_REASON(TUR(), CST_SENSE(FORMAT_IN_PROGRESS));
	CHECK_BYTES(emu.cmd.sense + 15, 0x80, 0, 0);
	for (i = 0; i < 8; i++)
		while (nr_ios == i && emu_work())
			;
	emu_work();
	CHECK_REASON(TUR(), CST_SENSE(FORMAT_IN_PROGRESS));
	CHECK_BYTES(emu.cmd.sense + 15, 0x80, 0x40, 0x00);
	CHECK(!strcmp(cst_erasure_name(&emu.disk), "formatting"));
	CHECK_EQ(cst_erasure_percent(&emu.disk), 25);
	CHECK_REASON(READ1(), CST_SENSE(FORMAT_IN_PROGRESS));
	CHECK_REASON(EMU(0x25, 0, 0, 0, 0, 0, 0, 0, 0, 0), CST_SENSE(FORMAT_IN_PROGRESS));
	CHECK_REASON(EMU(0x1a, 0, 0x08, 0, 192, 0), CST_SENSE(FORMAT_IN_PROGRESS));
	CHECK_REASON(FORMAT(0), CST_SENSE(FORMAT_IN_PROGRESS));
	CHECK_REASON(SANITIZE(ERASE, 0), CST_SENSE(FORMAT_IN_PROGRESS));
	CHECK_REASON(EMU(0x12, 0, 0, 0, 96, 0), CST_OK);
	CHECK_REASON(EMU(0xa0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0), CST_OK);
	CHECK_REASON(EMU(0x03, 0, 0, 0, 18, 0), CST_OK);
	CHECK_BYTES(emu.in, 0x70, 0, 0x02);
	CHECK_BYTES(emu.in + 12, 0x04, 0x04, 0, 0x80, 0x40, 0x00);
	CHECK_REASON(EMU(0x03, 1, 0, 0, 18, 0), CST_OK);
	CHECK_BYTES(emu.in, 0x72, 0x02, 0x04, 0x04);
	goes_on();
	CHECK_EQ(nr_ios, 33);
	CHECK(!strcmp(cst_erasure_name(&emu.disk), "none"));
	CHECK_EQ(cst_erasure_percent(&emu.disk), 0);
	CHECK_REASON(TUR(), CST_OK);
	CHECK_REASON(EMU(0x03, 0, 0, 0, 18, 0), CST_OK);
	CHECK_EQ(emu.in[2], 0);
}

static void numbers_of_progress(void)
{
	CHECK_EQ(cst_erasure_progress(0, 1, 0, 100), 0);
	CHECK_EQ(cst_erasure_progress(0, 1, 50, 100), 0x8000);
	CHECK_EQ(cst_erasure_progress(0, 1, 100, 100), 0xffff);
	CHECK_EQ(cst_erasure_progress(0, 1, 200, 100), 0xffff);	/* it has become smaller */
	CHECK_EQ(cst_erasure_progress(1, 2, 0, 100), 0x8000);
	CHECK_EQ(cst_erasure_progress(30, 31, 0, 100), (30 << 16) / 31);
	CHECK_EQ(cst_erasure_progress(1, 4, 1ULL << 62, 1ULL << 63), 0x6000);
	CHECK_EQ(cst_erasure_progress(0, 1, ~0ULL, ~0ULL), 0xffff);
	CHECK_EQ(cst_erasure_progress(0, 1, 0, 0), 0);
	CHECK_EQ(cst_erasure_progress(0, 0, 0, 1), 0xffff);
	CHECK_EQ(cst_erasure_progress(3, 3, 0, 1), 0xffff);
}

static void corrupt(void)
{
	CHECK_REASON(TUR(), CST_SENSE(MEDIUM_FORMAT_CORRUPTED));
	CHECK_REASON(READ1(), CST_SENSE(MEDIUM_FORMAT_CORRUPTED));
	CHECK_REASON(EMU(0x25, 0, 0, 0, 0, 0, 0, 0, 0, 0), CST_OK);
	CHECK_REASON(EMU(0x1a, 0, 0x3f, 0, 192, 0), CST_OK);
	CHECK_REASON(EMU(0x03, 0, 0, 0, 18, 0), CST_OK);
	CHECK_EQ(emu.in[12], 0x31);
}

static unsigned int abort_at;

static void is_aborted(void)
{
	notes_io();
	if (nr_ios == abort_at)
		cst_session_abort_all(emu.sess);
}

static void a_format_that_is_broken_off(void)
{
	a_large_disk();
	emu.on_io = is_aborted;
	abort_at = 3;
	CHECK_REASON(FORMAT(0), CST_PENDING);	/* dropped */
	CHECK_EQ(nr_ios, 3);
	emu.on_io = notes_io;
	corrupt();
	/* It survives a restart. */
	restart();
	corrupt();
	nr_ios = 0;
	CHECK_REASON(FORMAT(0), CST_OK);
	CHECK_REASON(READ1(), CST_OK);
	restart();
	CHECK_REASON(TUR(), CST_OK);

	/* by an error */
	a_large_disk();
	fails_at = 2;
	fails_with = -EIO;
	CHECK_REASON(FORMAT(0), CST_SENSE(FORMAT_COMMAND_FAILED));
	corrupt();
	/* by disabling the device */
	a_large_disk();
	CHECK_REASON(LIST(0x10, 0, 0x02, 0, 0), CST_OK);
	disable();
	corrupt();
	/* A record that cannot be written: nothing has happened. */
	a_large_disk();
	store.error = -EIO;
	CHECK_REASON(FORMAT(0), CST_SENSE(INTERNAL_TARGET_FAILURE));
	CHECK_EQ(nr_ios, 0);
	CHECK_REASON(READ1(), CST_OK);
}

static void the_store_fails(void)
{
	notes_io();
	store.error = -ENOSPC;
}

/* A record that may be there would have the medium erased at the next enabling. */
static void a_beginning_that_may_be_saved(void)
{
	a_large_disk();
	store.unsure = 1;
	CHECK_REASON(SANITIZE(ERASE, 0), CST_SENSE(INTERNAL_TARGET_FAILURE));
	CHECK_EQ(nr_ios, 0);
	CHECK_EQ(store.record[0], CST_ERASURE_NONE);
	CHECK_REASON(TUR(), CST_OK);
	/* It cannot be taken back: nobody may write what would be erased. */
	store.unsure = 2;
	store.len = 0;
	CHECK_REASON(SANITIZE(AUSE | ERASE, 0), CST_SENSE(INTERNAL_TARGET_FAILURE));
	CHECK_REASON(TUR(), CST_SENSE(SANITIZE_COMMAND_FAILED));
	CHECK_REASON(SANITIZE(EXIT, 0), CST_OK);
	CHECK_REASON(TUR(), CST_OK);
	/* A store that takes nothing has no record. */
	store.error = -ENOSPC;
	CHECK_REASON(FORMAT(0), CST_SENSE(INTERNAL_TARGET_FAILURE));
	CHECK_REASON(TUR(), CST_OK);
	CHECK_EQ(nr_ios, 0);
}

/* What the store does not know would be done again, to data that is written later. */
static void an_end_that_is_not_saved(void)
{
	start();
	emu.on_io = the_store_fails;
	CHECK_REASON(FORMAT(0), CST_SENSE(FORMAT_COMMAND_FAILED));
	corrupt();
	start();
	emu.on_io = the_store_fails;
	emu.disk.can_zero = true;
	CHECK_REASON(SANITIZE(ERASE, 0), CST_SENSE(SANITIZE_COMMAND_FAILED));
	CHECK_EQ(store.record[0], CST_ERASURE_SANITIZES);
	CHECK_REASON(READ1(), CST_SENSE(SANITIZE_COMMAND_FAILED));
}

/* --- SANITIZE --- */

static u8 list[4 + 512 + 1];

static cst_sense_t overwrite(u8 flags, u8 byte0, u16 len)
{
	list[0] = byte0;
	put_unaligned_be16(len, list + 2);
	emu_data_out(list, 4 + len);
	return SANITIZE(flags | OVERWRITE, 4 + len);
}

static void what_overwrite_refuses(void)
{
	unsigned int i;

	start();
	memset(list, 0, sizeof(list));
	for (i = 0; i < 5; i++)
		CHECK_INVALID(SANITIZE(OVERWRITE, i), 7, 7);
	CHECK_INVALID(SANITIZE(OVERWRITE, 517), 7, 7);
	CHECK_LIST_INVALID(overwrite(0, 0x00, 4), 0, 4);	/* OVERWRITE COUNT */
	CHECK_LIST_INVALID(overwrite(0, 0x21, 4), 0, 6);	/* TEST */
	CHECK_LIST_INVALID(overwrite(0, 0x41, 4), 0, 6);
	list[1] = 1;
	CHECK_LIST_INVALID(overwrite(0, 0x01, 4), 1, 7);
	list[1] = 0;
	/* INITIALIZATION PATTERN LENGTH: none, more than a block, other than the list's */
	for (i = 0; i < 1000; i++) {
		list[0] = 1;
		put_unaligned_be16(i, list + 2);
		emu_data_out(list, 8);
		if (!i || i > 512)
			CHECK_LIST_INVALID(SANITIZE(OVERWRITE, 8), 2, 7);
		else if (i != 4)
			CHECK_REASON(SANITIZE(OVERWRITE, 8),
				     CST_SENSE(PARAMETER_LIST_LENGTH_ERROR));
	}
	/* a list that is cut off */
	for (i = 0; i < 8; i++)
		CHECK_REASON(EMU_EXP(i, 0x48, 1, 0, 0, 0, 0, 0, 0, 8, 0),
			     CST_SENSE(INVALID_FIELD_IN_COMMAND_IU));
	/* reserved bytes, other service actions */
	CHECK_INVALID(EMU(0x48, 1, 1, 0, 0, 0, 0, 0, 8, 0), 2, 0);
	CHECK_INVALID(SANITIZE(0x03, 0), 1, 4);
	CHECK_INVALID(SANITIZE(EXIT, 8), 8, 3);
	/* BLOCK ERASE, on a disk that has to be sent zeroes */
	CHECK_INVALID(SANITIZE(ERASE, 0), 1, 4);
	emu.disk.can_zero = true;
	CHECK_INVALID(SANITIZE(ERASE, 8), 8, 3);
	emu.disk.dev.read_only = true;
	CHECK_REASON(SANITIZE(ERASE, 0), CST_SENSE(WRITE_PROTECTED));
	emu.disk.dev.read_only = false;
	CHECK_EQ(nr_ios, 0);
	CHECK_EQ(store.saves, 0);
	CHECK_REASON(SANITIZE(EXIT, 0), CST_OK);
}

/* Does each block begin with the pattern, and repeat it? */
static bool is_pattern(const u8 *pattern, unsigned int len, u8 flip)
{
	unsigned int i;

	for (i = 0; i < EMU_BLOCKS * 512; i++)
		if (emu.medium[i] != (u8)(pattern[i % 512 % len] ^ flip))
			return false;
	return true;
}

static void the_pattern_is_written(void)
{
	unsigned int i;

	start();
	for (i = 0; i < 512; i++)
		list[4 + i] = i * 5 + 1;
	CHECK_REASON(overwrite(0, 1, 1), CST_OK);
	CHECK(is_pattern(list + 4, 1, 0));
	CHECK_REASON(overwrite(0, 1, 7), CST_OK);
	CHECK(is_pattern(list + 4, 7, 0));
	CHECK_REASON(overwrite(IMMED, 1, 512), CST_OK);
	goes_on();
	CHECK(is_pattern(list + 4, 512, 0));

	/* Zeroes are written, too. */
	start();
	emu.disk.can_zero = true;
	memset(list, 0, sizeof(list));
	CHECK_REASON(overwrite(0, 1, 4), CST_OK);
	CHECK_EQ(ios[0].op, CST_IO_WRITE);
	CHECK(all_zero());

	/* INVERT: the last pass writes the pattern as it is; each pass is flushed. */
	for (i = 2; i < 5; i++) {
		unsigned int pass;

		start();
		list[4] = 0x5a;
		CHECK_REASON(overwrite(0, 0x80 | i, 1), CST_OK);
		CHECK(is_pattern(list + 4, 1, 0));
		CHECK_EQ(nr_ios, 2 * i);
		for (pass = 0; pass < i; pass++) {
			CHECK_EQ(ios[2 * pass].op, CST_IO_WRITE);
			CHECK_EQ(ios[2 * pass + 1].op, CST_IO_FLUSH);
			CHECK_EQ(first[2 * pass + 1][0], (i - pass) % 2 ? 0x5a : 0xa5);
		}
		CHECK_EQ(store.saves, 1 + (i - 1) + 1);
	}
	start();
	CHECK_REASON(overwrite(0, 31, 1), CST_OK);
	CHECK_EQ(nr_ios, 62);
}

static void what_goes_on_during_a_sanitize(void)
{
	a_large_disk();
	CHECK_REASON(SANITIZE(IMMED | ERASE, 0), CST_OK);
	CHECK_REASON(TUR(), CST_SENSE(SANITIZE_IN_PROGRESS));
	CHECK_BYTES(emu.cmd.sense + 15, 0x80, 0, 0);
	CHECK_REASON(READ1(), CST_SENSE(SANITIZE_IN_PROGRESS));
	CHECK_REASON(EMU(0x1b, 0, 0, 0, 1, 0), CST_SENSE(SANITIZE_IN_PROGRESS));
	CHECK_REASON(EMU(0x4d, 0, 0x40, 0, 0, 0, 0, 0, 64, 0), CST_SENSE(SANITIZE_IN_PROGRESS));
	CHECK_REASON(EMU(0x1a, 0, 0x3f, 0, 192, 0), CST_SENSE(SANITIZE_IN_PROGRESS));
	CHECK_REASON(SANITIZE(EXIT, 0), CST_SENSE(SANITIZE_IN_PROGRESS));
	CHECK_REASON(FORMAT(0), CST_SENSE(SANITIZE_IN_PROGRESS));
	CHECK_REASON(EMU(0x12, 0, 0, 0, 96, 0), CST_OK);
	CHECK_REASON(EMU(0x1a, 0, 0x08, 0, 192, 0), CST_OK);
	CHECK_REASON(EMU(0x5a, 0, 0x0a, 0, 0, 0, 0, 0, 192, 0), CST_OK);
	CHECK_REASON(EMU(0x25, 0, 0, 0, 0, 0, 0, 0, 0, 0), CST_OK);
	CHECK_REASON(EMU(0x9e, 0x10, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 32, 0, 0), CST_OK);
	CHECK_REASON(EMU(0xa3, 0x0c, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0), CST_OK);
	CHECK_REASON(EMU(0xa3, 0x0d, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0), CST_OK);
	CHECK_REASON(EMU(0xa3, 0x0f, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0),
		     CST_SENSE(SANITIZE_IN_PROGRESS));
	CHECK_REASON(EMU(0x03, 0, 0, 0, 18, 0), CST_OK);
	CHECK_BYTES(emu.in + 12, 0x04, 0x1b);
	goes_on();
	CHECK_REASON(TUR(), CST_OK);
}

static void it_survives(void)
{
	/* an abort */
	a_large_disk();
	emu.on_io = is_aborted;
	abort_at = 3;
	CHECK_REASON(SANITIZE(ERASE, 0), CST_PENDING);
	CHECK_EQ(nr_ios, 4);	/* it has gone on at once */
	CHECK_REASON(TUR(), CST_SENSE(SANITIZE_IN_PROGRESS));
	emu.on_io = notes_io;
	goes_on();
	CHECK_EQ(nr_ios, 33);
	CHECK_REASON(TUR(), CST_OK);

	/* The device could not be disabled in time after all. */
	a_large_disk();
	CHECK_REASON(SANITIZE(IMMED | ERASE, 0), CST_OK);
	disable();
	CHECK_REASON(TUR(), CST_SENSE(SANITIZE_IN_PROGRESS));
	cst_erasure_opened(&emu.disk.dev);
	goes_on();
	CHECK_REASON(TUR(), CST_OK);

	/* a restart, in the second of three passes */
	start();
	list[4] = 0x11;
	list[5] = 0x22;
	CHECK_REASON(overwrite(IMMED | AUSE, 0x83, 2), CST_OK);
	while (nr_ios < 3)
		emu_work();
	disable();
	restart();
	CHECK_REASON(TUR(), CST_SENSE(SANITIZE_IN_PROGRESS));
	CHECK_BYTES(emu.cmd.sense + 15, 0x80, 0x55, 0x55);
	CHECK_EQ(emu.disk.erasure.pass, 1);
	goes_on();
	CHECK_EQ(nr_ios, 4);
	CHECK_EQ(first[1][0], 0xee);
	CHECK(is_pattern(list + 4, 2, 0));
	CHECK_REASON(TUR(), CST_OK);
	restart();
	goes_on();
	CHECK_EQ(nr_ios, 0);
	CHECK_REASON(TUR(), CST_OK);
}

/* No memory is no failure of the medium, so the run looks again and again. */
static void without_memory_it_waits(void)
{
	unsigned int saves, i;

	start();
	list[4] = 0x11;
	CHECK_REASON(overwrite(IMMED | AUSE, 0x01, 1), CST_OK);
	emu_work();
	disable();
	emu.no_pages = true;
	without_memory = true;
	restart();
	without_memory = false;
	saves = store.saves;
	for (i = 0; i < 3; i++) {
		goes_on();
		CHECK_EQ(nr_ios, 0);
		CHECK_REASON(TUR(), CST_SENSE(SANITIZE_IN_PROGRESS));
		shim_jiffies_64 += HZ;
	}
	/* It can be disabled meanwhile. */
	disable();
	CHECK_EQ(store.saves, saves);
	cst_erasure_opened(&emu.disk.dev);
	goes_on();
	CHECK_EQ(nr_ios, 0);
	emu.no_pages = false;
	goes_on();
	CHECK_EQ(nr_ios, 0);
	shim_jiffies_64 += HZ;
	goes_on();
	CHECK(is_pattern(list + 4, 1, 0));
	CHECK_REASON(TUR(), CST_OK);

	/* The backing cannot unmap after all, and zeroes have to be written. */
	a_large_disk();
	fails_at = 1;
	fails_with = -EOPNOTSUPP;
	emu.disk.thin = true;
	emu.disk.unmap_granularity = 4096;
	emu.disk.unmap_zeroes = true;
	emu.disk.can_zero = false;
	emu.no_pages = true;
	CHECK_REASON(SANITIZE(IMMED | ERASE, 0), CST_OK);
	goes_on();
	CHECK_EQ(nr_ios, 1);
	CHECK_REASON(TUR(), CST_SENSE(CAPACITY_DATA_CHANGED));
	CHECK_REASON(TUR(), CST_SENSE(INQUIRY_DATA_CHANGED));
	CHECK_REASON(TUR(), CST_SENSE(SANITIZE_IN_PROGRESS));
	emu.no_pages = false;
	shim_jiffies_64 += HZ;
	goes_on();
	CHECK_REASON(TUR(), CST_OK);

	/* A command is asked to come again. */
	start();
	emu.no_pages = true;
	CHECK_REASON(overwrite(IMMED, 0x01, 1), CST_BUSY);
	emu.no_pages = false;
	CHECK_REASON(TUR(), CST_OK);
}

static struct task writer;

static void the_write_ends(void)
{
	CHECK_EQ(nr_ios, 1);
	emu.io_later = false;
	emu_io_ends(0);
}

/* A write that has begun before must not end up behind the zeroes. */
static void writes_under_way_are_awaited(void)
{
	static u8 cdb[10] = { 0x2a, [5] = 60, [8] = 1 };
	static u8 data[512] = { 1 };

	start();
	emu.disk.can_zero = true;
	emu_data_out(data, sizeof(data));
	emu.io_later = true;
	emu_task_init(&writer, emu.sess, 0);
	writer.cmd.cdb = cdb;
	writer.cmd.cdb_len = sizeof(cdb);
	writer.cmd.exp_dir = DMA_TO_DEVICE;
	writer.cmd.exp_len = sizeof(data);
	cst_cmd_submit(&writer.cmd);
	CHECK(emu.pending);
	emu.at_last = the_write_ends;
	CHECK_REASON(FORMAT(0), CST_OK);
	CHECK_EQ(writer.fate, ANSWERED);
	CHECK(all_zero());
	emu_release(&writer);
}

static const char *backing_path;

static const char *backing(struct cst_device *dev)
{
	return backing_path;
}

static u64 backing_number;

static u64 backing_key(struct cst_device *dev)
{
	return backing_number;
}

static void enabling_is_refused(int error)
{
	unsigned int errors = emu.config_errors;

	CHECK_EQ(cst_erasure_load(&emu.disk), error);
	CHECK_EQ(emu.config_errors, errors + 1);
	CHECK(!emu.disk.erasure.run);
}

static void not_on_another_medium(void)
{
	a_large_disk();
	backing_path = "/a";
	emu.block.backing = backing;
	emu.block.backing_key = backing_key;
	backing_number = 1;
	CHECK_REASON(SANITIZE(IMMED | ERASE, 0), CST_OK);
	disable();
	cst_erasure_closed(&emu.disk.dev);
	backing_path = "/b";
	enabling_is_refused(-EBUSY);
	backing_path = "/a";
	backing_number = 2;	/* another file that has the path now */
	enabling_is_refused(-EBUSY);
	backing_number = 1;
	emu.disk.dev.read_only = true;
	enabling_is_refused(-EROFS);
	emu.disk.dev.read_only = false;
	store.error = -EIO;
	enabling_is_refused(-EIO);
	store.error = -EBADMSG;
	enabling_is_refused(-EBADMSG);
	store.error = 0;
	store.record[3] = 200;
	enabling_is_refused(-EBADMSG);
	store.record[3] = 0;
	store.len--;
	enabling_is_refused(-EBADMSG);
	store.len++;
	CHECK_EQ(cst_erasure_load(&emu.disk), 0);
	cst_erasure_opened(&emu.disk.dev);
	goes_on();
	CHECK_REASON(TUR(), CST_OK);

	/* A failure is one of its medium. */
	fails_at = nr_ios + 1;
	fails_with = -EIO;
	CHECK_REASON(SANITIZE(ERASE, 0), CST_SENSE(SANITIZE_COMMAND_FAILED));
	backing_path = "/b";
	CHECK_EQ(cst_erasure_load(&emu.disk), 0);
	CHECK_REASON(TUR(), CST_OK);
	backing_path = "/a";
	CHECK_EQ(cst_erasure_load(&emu.disk), 0);
	CHECK_REASON(TUR(), CST_SENSE(SANITIZE_COMMAND_FAILED));
}

static void fails(u8 flags)
{
	a_large_disk();
	fails_at = 2;
	fails_with = -EIO;
	CHECK_REASON(SANITIZE(flags | ERASE, 0), CST_SENSE(SANITIZE_COMMAND_FAILED));
	CHECK_REASON(TUR(), CST_SENSE(SANITIZE_COMMAND_FAILED));
	restart();
	emu.disk.can_zero = true;
	CHECK_REASON(READ1(), CST_SENSE(SANITIZE_COMMAND_FAILED));
	CHECK_REASON(FORMAT(0), CST_SENSE(SANITIZE_COMMAND_FAILED));
	CHECK_REASON(EMU(0x25, 0, 0, 0, 0, 0, 0, 0, 0, 0), CST_OK);
	CHECK_EQ(nr_ios, 0);
}

static void the_ways_out_of_a_failure(void)
{
	/* restricted */
	fails(0);
	CHECK_INVALID(SANITIZE(EXIT, 0), 1, 4);
	CHECK_INVALID(SANITIZE(AUSE | ERASE, 0), 1, 5);
	CHECK_REASON(TUR(), CST_SENSE(SANITIZE_COMMAND_FAILED));
	CHECK_REASON(SANITIZE(ERASE, 0), CST_OK);
	CHECK_REASON(TUR(), CST_OK);
	/* unrestricted */
	fails(AUSE);
	store.error = -EIO;
	CHECK_REASON(SANITIZE(EXIT, 0), CST_SENSE(INTERNAL_TARGET_FAILURE));
	CHECK_REASON(TUR(), CST_SENSE(SANITIZE_COMMAND_FAILED));
	store.error = 0;
	CHECK_REASON(SANITIZE(EXIT, 0), CST_OK);
	CHECK_REASON(TUR(), CST_OK);
	restart();
	CHECK_REASON(TUR(), CST_OK);
	fails(AUSE);
	CHECK_REASON(SANITIZE(AUSE | ERASE, 0), CST_OK);
	CHECK_REASON(TUR(), CST_OK);
}

static void block_erase_is_told_of(void)
{
	start();
	CHECK_REASON(EMU(0x12, 1, 0xb1, 0, 64, 0), CST_OK);
	CHECK_EQ(emu.in[7], 0);
	emu.disk.can_zero = true;
	CHECK_REASON(EMU(0x12, 1, 0xb1, 0, 64, 0), CST_OK);
	CHECK_EQ(emu.in[7], 0x40);
}

TEST_MAIN(T(zeroes_by_every_way), T(what_format_unit_refuses), T(what_format_unit_accepts),
	  T(progress_is_told), T(numbers_of_progress), T(a_format_that_is_broken_off),
	  T(a_beginning_that_may_be_saved), T(an_end_that_is_not_saved),
	  T(what_overwrite_refuses), T(the_pattern_is_written),
	  T(what_goes_on_during_a_sanitize), T(it_survives), T(without_memory_it_waits),
	  T(writes_under_way_are_awaited), T(not_on_another_medium),
	  T(the_ways_out_of_a_failure), T(block_erase_is_told_of))
