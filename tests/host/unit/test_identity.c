// SPDX-License-Identifier: GPL-2.0-only
#include "emu.h"
#include "identity.h"
#include "test.h"

/* The module parameter of identity.c. */
extern char *const shim_param_host_id;

static const char *uuid;
static u8 random_byte;

const char *dmi_get_system_info(int field)
{
	return uuid;
}

void get_random_bytes(void *buf, size_t len)
{
	memset(buf, random_byte, len);
}

static void ids_of(struct cst_device *dev, const char *handler, const char *name)
{
	static struct cst_handler_ops ops;

	memset(dev, 0, sizeof(*dev));
	ops.name = handler;
	dev->ops = &ops;
	cst_device_default_ids(dev, name);
}

static bool same_ids(const struct cst_device *a, const struct cst_device *b)
{
	bool usn = !strcmp(a->usn, b->usn);

	/* Two devices have either all identifiers in common, or none. */
	if (!strcmp(a->naa_id, b->naa_id) != usn ||
	    !strcmp(a->t10_dev_id, b->t10_dev_id) != usn)
		test_say(__FILE__, __LINE__, "some of the identifiers agree");
	return usn;
}

static void identifiers_follow_host_handler_and_name(void)
{
	static struct cst_device a, b;

	cst_setup_id_set("host one");
	ids_of(&a, "vdisk_fileio", "disk1");
	ids_of(&b, "vdisk_fileio", "disk1");
	CHECK(same_ids(&a, &b));
	ids_of(&b, "vdisk_fileio", "disk2");
	CHECK(!same_ids(&a, &b));
	ids_of(&b, "vdisk_nullio", "disk1");
	CHECK(!same_ids(&a, &b));
	cst_setup_id_set("host two");
	ids_of(&b, "vdisk_fileio", "disk1");
	CHECK(!same_ids(&a, &b));
}

static void identifiers_have_their_form(void)
{
	static struct cst_device dev;
	u8 naa[CST_NAA_SIZE], len = 0;
	char name[200];

	cst_setup_id_set("host");
	ids_of(&dev, "vdisk_fileio", "disk1");
	CHECK_EQ(strlen(dev.usn), 16);
	CHECK_EQ(strlen(dev.naa_id), 16);
	CHECK_EQ(dev.naa_id[0], '3');
	CHECK_EQ(cst_naa_parse(dev.naa_id, naa, &len), 0);
	CHECK_EQ(len, 8);
	CHECK_EQ(strlen(dev.t10_dev_id), 16 + 1 + 5);
	CHECK_STR(dev.t10_dev_id + 16, "-disk1");

	/* A long name is cut; the hash in front keeps it unique. */
	memset(name, 'n', sizeof(name));
	name[sizeof(name) - 1] = '\0';
	ids_of(&dev, "vdisk_fileio", name);
	CHECK_EQ(strlen(dev.t10_dev_id), sizeof(dev.t10_dev_id) - 1);
}

static void setup_id_is_the_firmwares_uuid(void)
{
	char id[CST_SETUP_ID_SIZE];

	cst_setup_id_set("");
	uuid = "4c4c4544-0051-3810-8054-b7c04f4e3533";
	cst_setup_id_get(id);
	CHECK_STR(id, uuid);
	/* The identifier does not change afterwards. */
	uuid = "11112222-0051-3810-8054-b7c04f4e3533";
	cst_setup_id_get(id);
	CHECK_STR(id, "4c4c4544-0051-3810-8054-b7c04f4e3533");
	cst_setup_id_set("mine");
	cst_setup_id_get(id);
	CHECK_STR(id, "mine");
}

static void a_uuid_that_many_have_is_not_used(void)
{
	static const char *const shared[] = {
		NULL, "", "Not Specified",
		"00000000-0000-0000-0000-000000000000",
		"ffffffff-ffff-ffff-ffff-ffffffffffff",
		"03000200-0400-0500-0006-000700080009",
		"4c4c4544-0051-3810-8054-b7c04f4e35",
		"4c4c4544-0051-3810-8054-b7c04f4e3533-11",
	};
	char id[CST_SETUP_ID_SIZE];
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(shared); i++) {
		cst_setup_id_set("");
		uuid = shared[i];
		random_byte = 0xa0 + i;
		cst_setup_id_get(id);
		CHECK_EQ(strlen(id), 32);
		CHECK(id[0] == 'a' && id[30] == 'a');

		/* Then the identifier that user space has kept takes precedence. */
		strcpy(shim_param_host_id, "kept");
		cst_setup_id_set("");
		cst_setup_id_get(id);
		CHECK_STR(id, "kept");
		*shim_param_host_id = '\0';
	}
	strcpy(shim_param_host_id, "kept");
	cst_setup_id_set("");
	uuid = "4c4c4544-0051-3810-8054-b7c04f4e3533";
	cst_setup_id_get(id);
	CHECK_STR(id, uuid);
	*shim_param_host_id = '\0';
}

static void naa_identifiers_are_checked(void)
{
	static const char *const wrong[] = {
		"3", "312345678901234", "31234567890123456",
		"3123456789abcdeg", "4123456789abcdef", "6123456789abcdef",
		"30123456789abcdef0123456789abcdef", " 123456789abcdef",
		"0x23456789abcdef", "31234567890123456789012345678901",
		"600144f0123456789abcdef01234567",
	};
	u8 naa[CST_NAA_SIZE] = {}, len = 99;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(wrong); i++)
		CHECK_EQ(cst_naa_parse(wrong[i], naa, &len), -EINVAL);
	CHECK_EQ(len, 99);
	CHECK_EQ(naa[0], 0);

	CHECK_EQ(cst_naa_parse("5000C5001234abCD", naa, &len), 0);
	CHECK_EQ(len, 8);
	CHECK_BYTES(naa, 0x50, 0x00, 0xc5, 0x00, 0x12, 0x34, 0xab, 0xcd, 0);
	CHECK_EQ(cst_naa_parse("600144f0123456789abcdef012345678", naa, &len), 0);
	CHECK_EQ(len, 16);
	CHECK_BYTES(naa, 0x60, 0x01, 0x44, 0xf0, 0x12, 0x34, 0x56, 0x78, 0x9a,
		    0xbc, 0xde, 0xf0, 0x12, 0x34, 0x56, 0x78);
	CHECK_EQ(cst_naa_parse("", naa, &len), 0);
	CHECK_EQ(len, 0);
}

TEST_MAIN(T(identifiers_follow_host_handler_and_name),
	  T(identifiers_have_their_form),
	  T(setup_id_is_the_firmwares_uuid),
	  T(a_uuid_that_many_have_is_not_used),
	  T(naa_identifiers_are_checked))
