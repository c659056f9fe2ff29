// SPDX-License-Identifier: GPL-2.0-only
#include <linux/unaligned.h>

#include "emu.h"
#include "test.h"

#define PORTS(...)	EMU(0x12, 0x01, 0x88, __VA_ARGS__, 0)

#define MANY	3000

static struct cst_fabric_ops sas;
static struct cst_target targets[MANY];
static struct cst_lun_map maps[MANY];
static struct cst_lun luns[MANY];

static void sas_port(const struct cst_target *target, struct cst_port *port)
{
	port->address = 0x3000000000000000ULL + target->rel_tgt_id;
}

/* Link the device in another target's map, too. */
static void add_target(unsigned int i, struct cst_target *target)
{
	maps[i].target = target;
	luns[i].map = &maps[i];
	list_add_tail(&luns[i].dev_node, &emu.disk.dev.luns);
}

static void add_sas(unsigned int i, u16 rel)
{
	sas.protocol_id = 0x6;
	sas.target_port = sas_port;
	targets[i].ops = &sas;
	targets[i].rel_tgt_id = rel;
	add_target(i, &targets[i]);
}

static void the_port_that_is_asked(void)
{
	emu_reset();
	CHECK_REASON(PORTS(0xff, 0xff), CST_OK);
	CHECK_EQ(emu.cmd.data_len, 4 + 12 + 36);
	CHECK_BYTES(emu.in, 0x00, 0x88, 0x00, 48,
		    0, 0, 0x12, 0x34,	/* RELATIVE PORT IDENTIFIER */
		    0, 0, 0, 0,		/* no TransportID */
		    0, 0, 0, 36,
		    0x53, 0x98, 0x00, 32,
		    'i', 'q', 'n', '.', '2', '0', '2', '6', '-', '0', '1', '.',
		    'e', 'x', 'a', 'm', 'p', 'l', 'e', ':', 't', '1',
		    ',', 't', ',', '0', 'x', '0', '0', '0', '1', 0);
}

static void every_other_port_once(void)
{
	emu_reset();
	add_sas(0, 7);
	add_target(1, &targets[0]);
	add_target(2, &emu.target);
	add_target(3, &emu.target);
	add_sas(4, 9);
	CHECK_REASON(PORTS(0xff, 0xff), CST_OK);
	CHECK_EQ(emu.cmd.data_len, 4 + 48 + 2 * 24);
	CHECK_EQ(emu.in[3], 48 + 2 * 24);
	CHECK_BYTES(emu.in + 4, 0, 0, 0x12, 0x34);
	CHECK_BYTES(emu.in + 52,
		    0, 0, 0, 7, 0, 0, 0, 0, 0, 0, 0, 12,
		    0x61, 0x93, 0, 8, 0x30, 0, 0, 0, 0, 0, 0, 7,
		    0, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0, 12,
		    0x61, 0x93, 0, 8, 0x30, 0, 0, 0, 0, 0, 0, 9);

	/* A short allocation length cuts the page off, and does not change PAGE LENGTH. */
	CHECK_REASON(PORTS(0x00, 10), CST_OK);
	CHECK_EQ(emu.cmd.data_len, 10);
	CHECK_EQ(emu.in[3], 48 + 2 * 24);
}

static void no_more_than_a_page_holds(void)
{
	unsigned int i;
	u32 size;

	emu_reset();
	for (i = 0; i < MANY; i++)
		add_sas(i, i + 1);
	CHECK_REASON(PORTS(0xff, 0xff), CST_OK);
	size = get_unaligned_be16(emu.in + 2);
	/* at most 65535 bytes: the first port, and as many whole ports as there is room for */
	CHECK_EQ(size, 48 + (65535 - 48) / 24 * 24);
	CHECK_EQ(emu.cmd.data_len, min(size + 4, 0xffffu));
}

static void one_goes(void)
{
	list_del(&luns[1].dev_node);
}

static void one_comes(void)
{
	add_sas(2, 3);
}

/* The page fits the buffer that was measured for it, and no byte is sent that was not written. */
static void ports_come_and_go_meanwhile(void)
{
	emu_reset();
	add_sas(0, 1);
	add_sas(1, 2);
	emu.meanwhile = one_goes;
	CHECK_REASON(PORTS(0xff, 0xff), CST_OK);
	CHECK_EQ(emu.cmd.data_len, 4 + 48 + 24);
	CHECK_EQ(emu.in[3], 48 + 24);

	emu_reset();
	add_sas(0, 1);
	add_sas(1, 2);
	emu.meanwhile = one_comes;
	CHECK_REASON(PORTS(0xff, 0xff), CST_OK);
	CHECK_EQ(emu.cmd.data_len, 4 + 48 + 2 * 24);
	CHECK_EQ(emu.in[3], 48 + 2 * 24);
	CHECK_EQ(emu.in[4 + 48 + 24 + 3], 2);
}

TEST_MAIN(T(the_port_that_is_asked), T(every_other_port_once),
	  T(no_more_than_a_page_holds), T(ports_come_and_go_meanwhile))
