// SPDX-License-Identifier: GPL-2.0-only
#include <linux/unaligned.h>

#include "emu.h"
#include "test.h"

#define VPD(_page)	EMU(0x12, 0x01, _page, 0xff, 0xff, 0)

static void page_00_lists_the_others(void)
{
	unsigned int i;
	u8 pages[16], n;

	emu_reset();
	CHECK_REASON(VPD(0x00), CST_OK);
	CHECK_EQ(emu.cmd.data_len, 15);
	CHECK_BYTES(emu.in, 0x00, 0x00, 0x00, 0x0b,
		    0x00, 0x80, 0x83, 0x86, 0x87, 0x88, 0x8a, 0x8f, 0xb0, 0xb1, 0xb2);

	n = emu.in[3];
	memcpy(pages, emu.in + 4, n);
	for (i = 0; i < n; i++) {
		CHECK_REASON(VPD(pages[i]), CST_OK);
		CHECK_EQ(emu.in[1], pages[i]);
		CHECK_EQ(get_unaligned_be16(emu.in + 2) + 4, emu.cmd.data_len);
	}
	for (i = 0; i < 256; i++)
		if (!memchr(pages, i, n))
			CHECK_INVALID(VPD(i), 2, 7);
}

static void page_80_is_the_serial_number(void)
{
	emu_reset();
	CHECK_REASON(VPD(0x80), CST_OK);
	CHECK_EQ(emu.cmd.data_len, 12);
	CHECK_BYTES(emu.in, 0x00, 0x80, 0x00, 0x08,
		    'S', 'E', 'R', 'I', 'A', 'L', '1', '2');

	memset(emu.disk.dev.usn, 'x', sizeof(emu.disk.dev.usn) - 1);
	CHECK_REASON(VPD(0x80), CST_OK);
	CHECK_EQ(emu.cmd.data_len, 68);
	CHECK_EQ(emu.in[3], 64);

	emu.disk.dev.usn[0] = '\0';
	CHECK_REASON(VPD(0x80), CST_OK);
	CHECK_BYTES(emu.in, 0x00, 0x80, 0x00, 0x08,
		    ' ', ' ', ' ', ' ', ' ', ' ', ' ', ' ');
}

static void page_83_over_iscsi(void)
{
	emu_reset();
	CHECK_REASON(VPD(0x83), CST_OK);
	CHECK_EQ(emu.cmd.data_len, 4 + 22 + 12 + 8 + 36 + 28);
	CHECK_BYTES(emu.in,
		    0x00, 0x83, 0x00, 106,
		    /* T10 vendor identification of the logical unit */
		    0x02, 0x01, 0x00, 18,
		    'C', 'S', 'T', ' ', ' ', ' ', ' ', ' ',
		    '0', '1', '2', '3', '-', 'd', 'i', 's', 'k', '1',
		    /* NAA of the logical unit */
		    0x01, 0x03, 0x00, 8,
		    0x31, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef,
		    /* relative target port */
		    0x51, 0x94, 0x00, 4, 0x00, 0x00, 0x12, 0x34,
		    /* name of the target port */
		    0x53, 0x98, 0x00, 32,
		    'i', 'q', 'n', '.', '2', '0', '2', '6', '-', '0', '1', '.',
		    'e', 'x', 'a', 'm', 'p', 'l', 'e', ':', 't', '1',
		    ',', 't', ',', '0', 'x', '0', '0', '0', '1', 0,
		    /* name of the target device */
		    0x53, 0xa8, 0x00, 24,
		    'i', 'q', 'n', '.', '2', '0', '2', '6', '-', '0', '1', '.',
		    'e', 'x', 'a', 'm', 'p', 'l', 'e', ':', 't', '1', 0, 0);
}

static void shorter(void)
{
	strscpy(emu.disk.dev.t10_dev_id, "x", sizeof(emu.disk.dev.t10_dev_id));
	emu.disk.dev.naa_id[0] = '\0';
}

static void longer(void)
{
	memset(emu.disk.dev.t10_dev_id, 'y', sizeof(emu.disk.dev.t10_dev_id) - 1);
	strscpy(emu.disk.dev.naa_id, "6123456789abcdef0123456789abcdef",
		sizeof(emu.disk.dev.naa_id));
}

/* A page is built from one state of the names, and fills the buffer that was measured for it. */
static void page_83_while_the_names_change(void)
{
	void (*const changes[])(void) = { shorter, longer };
	u8 before[256];
	unsigned int i;
	u32 len;

	for (i = 0; i < ARRAY_SIZE(changes); i++) {
		emu_reset();
		CHECK_REASON(VPD(0x83), CST_OK);
		len = emu.cmd.data_len;
		memcpy(before, emu.in, len);
		emu.meanwhile = changes[i];
		CHECK_REASON(VPD(0x83), CST_OK);
		CHECK_EQ(emu.cmd.data_len, len);
		CHECK(!memcmp(emu.in, before, len));
	}
}

static void page_83_elsewhere(void)
{
	emu_reset();
	emu.fabric.protocol_id = 0x6;
	strscpy(emu.disk.dev.naa_id, "600144f0123456789abcdef012345678",
		sizeof(emu.disk.dev.naa_id));
	CHECK_REASON(VPD(0x83), CST_OK);
	CHECK_EQ(emu.cmd.data_len, 4 + 22 + 20 + 8 + 12);
	CHECK_BYTES(emu.in + 26, 0x01, 0x03, 0x00, 16,
		    0x60, 0x01, 0x44, 0xf0, 0x12, 0x34, 0x56, 0x78,
		    0x9a, 0xbc, 0xde, 0xf0, 0x12, 0x34, 0x56, 0x78,
		    0x61, 0x94, 0x00, 4, 0x00, 0x00, 0x12, 0x34,
		    0x61, 0x93, 0x00, 8,
		    0x30, 0x00, 0x00, 0x00, 0x00, 0x00, 0x12, 0x34);

	/* Without a NAA identifier its designator is left out. */
	emu.disk.dev.naa_id[0] = '\0';
	CHECK_REASON(VPD(0x83), CST_OK);
	CHECK_EQ(emu.cmd.data_len, 4 + 22 + 8 + 12);
}

static void page_83_at_its_longest(void)
{
	static char name[CST_NAME_MAX + 1];
	unsigned int at, padded = 4 + 236;

	emu_reset();
	memset(name, 'n', CST_NAME_MAX);
	memset(emu.disk.dev.t10_dev_id, 'd', sizeof(emu.disk.dev.t10_dev_id) - 1);
	emu.target.obj.group.cg_item.ci_name = name;
	CHECK_REASON(VPD(0x83), CST_OK);
	/* 223 + ",t,0x0001" + NUL = 233, padded 236; 223 + NUL = 224 */
	CHECK_EQ(emu.cmd.data_len, 4 + 76 + 12 + 8 + padded + 228);
	CHECK_EQ(get_unaligned_be16(emu.in + 2), emu.cmd.data_len - 4);
	at = 4 + 76 + 12 + 8;
	CHECK_BYTES(emu.in + at, 0x53, 0x98, 0, 236);
	CHECK_BYTES(emu.in + at + 4 + 223, ',', 't', ',', '0', 'x', '0', '0',
		    '0', '1', 0, 0, 0, 0);
	CHECK_EQ(emu.in[emu.cmd.data_len - 1], 0);
	CHECK_EQ(emu.in[emu.cmd.data_len - 2], 'n');

	/* A short allocation length cuts the page off, and does not change PAGE LENGTH. */
	CHECK_REASON(EMU(0x12, 0x01, 0x83, 0x00, 200, 0), CST_OK);
	CHECK_EQ(emu.cmd.data_len, 200);
	CHECK_EQ(get_unaligned_be16(emu.in + 2), 76 + 12 + 8 + padded + 228);
}

/* The identifier is read while it is being set: half an identifier is left out. */
static void page_83_with_half_a_name(void)
{
	u32 with;

	emu_reset();
	CHECK_REASON(VPD(0x83), CST_OK);
	with = emu.cmd.data_len;
	strscpy(emu.disk.dev.naa_id, "3123456789abc", sizeof(emu.disk.dev.naa_id));
	CHECK_REASON(VPD(0x83), CST_OK);
	CHECK_EQ(emu.cmd.data_len, with - 4 - 8);
}

static void page_86(void)
{
	static const u8 zero[50];

	emu_reset();
	CHECK_REASON(VPD(0x86), CST_OK);
	CHECK_EQ(emu.cmd.data_len, 64);
	CHECK_BYTES(emu.in, 0x00, 0x86, 0x00, 0x3c, 0x00, 0x07, 0x01, 0x01,
		    0x08, 0, 0, 0, 0, CST_SENSE_DESC_SIZE);
	CHECK(!memcmp(emu.in + 14, zero, 50));
	emu.disk.nv_cache = true;
	CHECK_REASON(VPD(0x86), CST_OK);
	CHECK_EQ(emu.in[6], 0x02);
}

static void page_87_and_8a(void)
{
	emu_reset();
	CHECK_REASON(VPD(0x87), CST_OK);
	CHECK_EQ(emu.cmd.data_len, 8);
	CHECK_BYTES(emu.in, 0x00, 0x87, 0x00, 0x04, 0x3f, 0xff, 0x00, 0x00);
	CHECK_REASON(VPD(0x8a), CST_OK);
	CHECK_EQ(emu.cmd.data_len, 18);
	CHECK_BYTES(emu.in, 0x00, 0x8a, 0x00, 0x0e, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
}

static void page_b0(void)
{
	static const u8 zero[48];

	emu_reset();
	CHECK_REASON(VPD(0xb0), CST_OK);
	CHECK_EQ(emu.cmd.data_len, 64);
	CHECK_BYTES(emu.in, 0x00, 0xb0, 0x00, 0x3c, 0x01, 0xff, 0x00, 0x00,
		    0x00, 0x00, 0x40, 0x00,	/* 8 MiB */
		    0x00, 0x00, 0x08, 0x00,	/* 1 MiB */
		    0x00, 0x00, 0x20, 0x00);	/* 4 MiB */
	CHECK(!memcmp(emu.in + 20, zero, 16));
	CHECK_EQ(get_unaligned_be64(emu.in + 36), (64 << 20) / 512);
	CHECK(!memcmp(emu.in + 44, zero, 20));

	emu.disk.block_size = 4096;
	emu.disk.block_shift = 12;
	emu.disk.lb_per_pb_exp = 3;
	emu.disk.opt_trans_len = 64 << 20;
	CHECK_REASON(VPD(0xb0), CST_OK);
	CHECK_BYTES(emu.in + 4, 0x01, 0xff, 0x00, 0x08,
		    0x00, 0x00, 0x08, 0x00,
		    0x00, 0x00, 0x08, 0x00);	/* not more than the maximum */

	/* limited by what the fabric can carry */
	emu.sess->max_xfer = 256 << 10;
	CHECK_REASON(VPD(0xb0), CST_OK);
	CHECK_BYTES(emu.in + 8, 0x00, 0x00, 0x00, 0x40, 0x00, 0x00, 0x00, 0x40);
	CHECK_EQ(emu.in[5], 32);
	CHECK_EQ(get_unaligned_be64(emu.in + 36), (64 << 20) / 4096);
}

static void page_b1(void)
{
	static const u8 zero[58];

	emu_reset();
	CHECK_REASON(VPD(0xb1), CST_OK);
	CHECK_EQ(emu.cmd.data_len, 64);
	CHECK_BYTES(emu.in, 0x00, 0xb1, 0x00, 0x3c, 0x00, 0x01, 0x00, 0x00, 0x02);
	CHECK(!memcmp(emu.in + 9, zero, 55));
	emu.disk.rotational = true;
	CHECK_REASON(VPD(0xb1), CST_OK);
	CHECK_BYTES(emu.in + 4, 0x1c, 0x20);
}

static void page_b2(void)
{
	emu_reset();
	CHECK_REASON(VPD(0xb2), CST_OK);
	CHECK_EQ(emu.cmd.data_len, 8);
	CHECK_BYTES(emu.in, 0x00, 0xb2, 0x00, 0x04, 0, 0, 0, 0);
	emu.disk.thin = true;
	CHECK_REASON(VPD(0xb2), CST_OK);
	CHECK_BYTES(emu.in, 0x00, 0xb2, 0x00, 0x04, 0, 0x80, 0x02, 0);
	emu.disk.unmap_zeroes = true;
	CHECK_REASON(VPD(0xb2), CST_OK);
	CHECK_BYTES(emu.in, 0x00, 0xb2, 0x00, 0x04, 0, 0xe4, 0x02, 0);
	emu.disk.thin = false;
	CHECK_REASON(VPD(0xb2), CST_OK);
	CHECK_BYTES(emu.in, 0x00, 0xb2, 0x00, 0x04, 0, 0, 0, 0);
}

static void page_b0_of_a_thin_disk(void)
{
	emu_reset();
	emu.disk.thin = true;
	emu.disk.unmap_granularity = 65536;
	emu.disk.unmap_alignment = 4096;
	CHECK_REASON(VPD(0xb0), CST_OK);
	CHECK_BYTES(emu.in + 20, 0x00, 0x10, 0x00, 0x00,	/* 512 MiB */
		    0, 0, 0, 255, 0, 0, 0, 128, 0x80, 0, 0, 8);
	emu.disk.block_size = 4096;
	emu.disk.block_shift = 12;
	emu.disk.unmap_granularity = 512;
	emu.disk.unmap_alignment = 0;
	CHECK_REASON(VPD(0xb0), CST_OK);
	CHECK_BYTES(emu.in + 20, 0x00, 0x04, 0x00, 0x00,	/* 1 GiB */
		    0, 0, 0, 255, 0, 0, 0, 1, 0x80, 0, 0, 0);
}

static void without_a_logical_unit_there_is_page_00(void)
{
	unsigned int i;

	emu_reset();
	emu_no_lun();
	CHECK_REASON(VPD(0x00), CST_OK);
	CHECK_EQ(emu.cmd.data_len, 5);
	CHECK_BYTES(emu.in, 0x7f, 0x00, 0x00, 0x01, 0x00);
	for (i = 1; i < 256; i++)
		CHECK_INVALID(VPD(i), 2, 7);
}

TEST_MAIN(T(page_00_lists_the_others), T(page_80_is_the_serial_number),
	  T(page_83_over_iscsi), T(page_83_while_the_names_change),
	  T(page_83_with_half_a_name),
	  T(page_83_elsewhere), T(page_83_at_its_longest),
	  T(page_86), T(page_87_and_8a), T(page_b0), T(page_b1), T(page_b2),
	  T(page_b0_of_a_thin_disk),
	  T(without_a_logical_unit_there_is_page_00))
