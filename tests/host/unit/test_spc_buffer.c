// SPDX-License-Identifier: GPL-2.0-only
#include "emu.h"
#include "test.h"

#define READ(_mode, _id, _offset, _len)					\
	EMU(0x3c, _mode, _id, 0, (_offset) >> 8, (_offset) & 0xff, 0, (_len) >> 8, (_len) & 0xff, 0)
#define WRITE(_mode, _id, _offset, _len)				\
	EMU(0x3b, _mode, _id, 0, (_offset) >> 8, (_offset) & 0xff, 0, (_len) >> 8, (_len) & 0xff, 0)

static u8 data[600];

static void start(void)
{
	unsigned int i;

	kfree(emu.itl.echo_buffer);
	kfree(emu.disk.dev.data_buffer);
	emu_reset();
	for (i = 0; i < sizeof(data); i++)
		data[i] = i * 5 + 1;
	emu_data_out(data, sizeof(data));
}

static void end(void)
{
	start();
	CHECK_EQ(shim_allocated, 0);
}

static void an_echo_is_what_the_nexus_has_written(void)
{
	start();
	CHECK_REASON(READ(0x0a, 0, 0, 512), CST_SENSE(COMMAND_SEQUENCE_ERROR));
	CHECK_REASON(WRITE(0x0a, 0, 0, 0), CST_OK);
	CHECK_REASON(READ(0x0a, 0, 0, 512), CST_SENSE(COMMAND_SEQUENCE_ERROR));
	CHECK_REASON(WRITE(0x0a, 0, 0, 300), CST_OK);
	CHECK_REASON(READ(0x0a, 0, 0, 512), CST_OK);
	CHECK_EQ(emu.cmd.data_len, 300);
	CHECK(!memcmp(emu.in, data, 300));
	CHECK_REASON(READ(0x0a, 0, 0, 10), CST_OK);
	CHECK_EQ(emu.cmd.data_len, 10);
	/* BUFFER ID and BUFFER OFFSET are ignored. */
	CHECK_REASON(WRITE(0x0a, 9, 511, 512), CST_OK);
	CHECK_REASON(READ(0x0a, 7, 600, 600), CST_OK);
	CHECK_EQ(emu.cmd.data_len, 512);
	CHECK(!memcmp(emu.in, data, 512));
	CHECK_INVALID(WRITE(0x0a, 0, 0, 513), 6, 7);
	CHECK_REASON(READ(0x0b, 0, 0, 600), CST_OK);
	CHECK_EQ(emu.cmd.data_len, 4);
	CHECK_BYTES(emu.in, 0x01, 0, 0x02, 0x00);
	end();
}

static void the_data_buffer(void)
{
	start();
	CHECK_REASON(READ(0x03, 0, 0, 600), CST_OK);
	CHECK_EQ(emu.cmd.data_len, 4);
	CHECK_BYTES(emu.in, 0, 0x00, 0x02, 0x00);
	CHECK_REASON(READ(0x03, 1, 0, 600), CST_OK);
	CHECK_BYTES(emu.in, 0, 0, 0, 0);
	CHECK_REASON(READ(0x02, 0, 500, 600), CST_OK);
	CHECK_EQ(emu.cmd.data_len, 12);
	CHECK_BYTES(emu.in, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
	CHECK_REASON(WRITE(0x02, 0, 100, 412), CST_OK);
	CHECK_REASON(READ(0x02, 0, 98, 600), CST_OK);
	CHECK_EQ(emu.cmd.data_len, 414);
	CHECK(!emu.in[0] && !emu.in[1] && !memcmp(emu.in + 2, data, 412));
	CHECK_REASON(READ(0x02, 0, 512, 600), CST_OK);
	CHECK_EQ(emu.cmd.data_len, 0);
	end();
}

static void what_is_refused(void)
{
	unsigned int mode;

	start();
	/* All modes that change firmware are among these. */
	for (mode = 0; mode < 0x20; mode++) {
		if (mode == 0x02 || mode == 0x0a)
			continue;
		CHECK_INVALID(WRITE(mode, 0, 0, 4), 1, 4);
		if (mode != 0x03 && mode != 0x0b)
			CHECK_INVALID(READ(mode, 0, 0, 4), 1, 4);
	}
	CHECK_INVALID(READ(0x22, 0, 0, 4), 1, 5);
	CHECK_INVALID(READ(0x02, 1, 0, 4), 2, 7);
	CHECK_INVALID(WRITE(0x02, 1, 0, 4), 2, 7);
	CHECK_INVALID(READ(0x02, 0, 513, 4), 3, 7);
	CHECK_INVALID(READ(0x03, 0, 1, 4), 3, 7);
	CHECK_INVALID(WRITE(0x02, 0, 513, 0), 3, 7);
	CHECK_INVALID(WRITE(0x02, 0, 1, 512), 6, 7);
	CHECK_INVALID(EMU(0x3b, 0x02, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0), 6, 7);
	CHECK_INVALID(EMU(0x3b, 0x02, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0), 3, 7);
	/* cut */
	CHECK_REASON(EMU_EXP(99, 0x3b, 0x0a, 0, 0, 0, 0, 0, 0, 100, 0),
		     CST_SENSE(INVALID_FIELD_IN_COMMAND_IU));
	CHECK_REASON(READ(0x0a, 0, 0, 512), CST_SENSE(COMMAND_SEQUENCE_ERROR));
	end();
}

static void without_memory(void)
{
	start();
	shim_fail_at = 1;
	CHECK_REASON(WRITE(0x0a, 0, 0, 4), CST_BUSY);
	CHECK_REASON(READ(0x0a, 0, 0, 512), CST_SENSE(COMMAND_SEQUENCE_ERROR));
	CHECK_REASON(WRITE(0x0a, 0, 0, 4), CST_OK);
	end();
}

TEST_MAIN(T(an_echo_is_what_the_nexus_has_written), T(the_data_buffer), T(what_is_refused),
	  T(without_memory))
