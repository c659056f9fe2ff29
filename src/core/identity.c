// SPDX-License-Identifier: GPL-2.0-only
/*
 * Default identifiers of devices and ports.  An identifier is the same whenever a device or
 * port of the same name is made on a host, and different from those of every other host.
 *
 * An identifier is a hash of setup_id and of two names: the handler's and the device's, or
 * the owner's and the port's.  setup_id is the machine's UUID as reported by the firmware.
 * When the firmware reports none, setup_id is the parameter host_id, which user space keeps
 * from one load to the next (tools/boot/host-id).  Without host_id, setup_id is a random
 * number until the module is unloaded.  The attribute `setup_id` can change it.  A saved
 * configuration has the identifiers themselves.
 * cst_setup_id_lock protects setup_id.
 */
#include <linux/ctype.h>
#include <linux/dmi.h>
#include <linux/errno.h>
#include <linux/export.h>
#include <linux/hex.h>
#include <linux/kernel.h>
#include <linux/moduleparam.h>
#include <linux/printk.h>
#include <linux/random.h>
#include <linux/siphash.h>
#include <linux/spinlock.h>
#include <linux/string.h>

#include "core.h"
#include "identity.h"

#define CST_NAA_LOCAL		0x3
#define CST_KEY_PORT		0x10

static char cst_setup_id[CST_SETUP_ID_SIZE];
static DEFINE_SPINLOCK(cst_setup_id_lock);

static char cst_host_id[CST_SETUP_ID_SIZE];
module_param_string(host_id, cst_host_id, sizeof(cst_host_id), 0444);
MODULE_PARM_DESC(host_id,
		 "What identifies this host when its firmware has no UUID");

/* Firmware that was never given a UUID reports one that many machines share. */
static bool cst_uuid_usable(const char *uuid)
{
	static const char *const shared[] = {
		"03000200-0400-0500-0006-000700080009",
		"12345678-1234-5678-90ab-cddeefaabbcc",
		"fefefefe-fefe-fefe-fefe-fefefefefefe",
	};
	unsigned int i, digits = 0;
	char first = 0;
	bool differ = false;

	if (!uuid)
		return false;
	for (i = 0; uuid[i]; i++) {
		if (uuid[i] == '-')
			continue;
		if (!isxdigit(uuid[i]))
			return false;
		if (!digits++)
			first = uuid[i];
		else if (uuid[i] != first)
			differ = true;
	}
	if (digits != 32 || !differ)
		return false;
	for (i = 0; i < ARRAY_SIZE(shared); i++)
		if (!strcasecmp(uuid, shared[i]))
			return false;
	return true;
}

/* The caller holds cst_setup_id_lock. */
static void cst_setup_id_default(void)
{
	const char *uuid = dmi_get_system_info(DMI_PRODUCT_UUID);
	u8 random[16];

	if (cst_uuid_usable(uuid)) {
		strscpy(cst_setup_id, uuid, sizeof(cst_setup_id));
		return;
	}
	if (cst_host_id[0]) {
		strscpy(cst_setup_id, cst_host_id, sizeof(cst_setup_id));
		return;
	}
	pr_warn("cst: neither the firmware nor host_id identifies this host: generated identifiers will be others when the module is loaded again\n");
	get_random_bytes(random, sizeof(random));
	*bin2hex(cst_setup_id, random, sizeof(random)) = '\0';
}

void cst_setup_id_get(char id[CST_SETUP_ID_SIZE])
{
	spin_lock(&cst_setup_id_lock);
	if (!cst_setup_id[0])
		cst_setup_id_default();
	strscpy(id, cst_setup_id, CST_SETUP_ID_SIZE);
	spin_unlock(&cst_setup_id_lock);
}

void cst_setup_id_set(const char *id)
{
	spin_lock(&cst_setup_id_lock);
	strscpy(cst_setup_id, id, sizeof(cst_setup_id));
	spin_unlock(&cst_setup_id_lock);
}

/* A hash of setup_id, @owner and @name; a different one for each @key. */
static u64 cst_identity_hash(const char *owner, const char *name, u64 key)
{
	const siphash_key_t siphash_key = { { 0x6373742d64657669ULL, key } };
	char text[CST_SETUP_ID_SIZE];
	u64 hash;

	cst_setup_id_get(text);
	hash = siphash(text, strlen(text), &siphash_key);
	hash = siphash_2u64(hash, siphash(owner, strlen(owner), &siphash_key),
			    &siphash_key);
	return siphash_2u64(hash, siphash(name, strlen(name), &siphash_key),
			    &siphash_key);
}

/**
 * cst_naa_parse() - binary form of an NAA identifier
 * @text: 16 hexadecimal digits that begin with 2, 3 or 5, or 32 that begin with
 *	6 (SPC-4 7.8.6.6), or nothing
 * @naa: room for CST_NAA_SIZE bytes
 * @len: set to 8, 16 or 0.  When @text is refused @len and @naa are not touched
 *
 * Return: 0 or -EINVAL.
 */
int cst_naa_parse(const char *text, u8 naa[CST_NAA_SIZE], u8 *len)
{
	size_t digits = strlen(text);
	u8 bin[CST_NAA_SIZE];

	if (!digits) {
		*len = 0;
		return 0;
	}
	switch (text[0]) {
	case '2':
	case '3':
	case '5':
		if (digits != 16)
			return -EINVAL;
		break;
	case '6':
		if (digits != 32)
			return -EINVAL;
		break;
	default:
		return -EINVAL;
	}
	if (hex2bin(bin, text, digits / 2))
		return -EINVAL;
	memcpy(naa, bin, digits / 2);
	*len = digits / 2;
	return 0;
}

static u64 cst_naa_local(u64 hash)
{
	return (hash & ~(0xfULL << 60)) | ((u64)CST_NAA_LOCAL << 60);
}

u64 cst_local_address(const char *owner, const char *name)
{
	return cst_naa_local(cst_identity_hash(owner, name, CST_KEY_PORT));
}
EXPORT_SYMBOL_GPL(cst_local_address);

/**
 * cst_device_default_ids() - set t10_dev_id, usn and naa_id of a new device
 * @dev: not yet visible; ops is set
 * @name: name of its directory
 *
 * naa_id has the locally assigned form, because cst has no IEEE company identifier.
 *
 * Context: process.
 */
void cst_device_default_ids(struct cst_device *dev, const char *name)
{
	u64 naa = cst_identity_hash(dev->ops->name, name, CST_NAA_LOCAL);
	u64 serial = cst_identity_hash(dev->ops->name, name, 0);

	snprintf(dev->naa_id, sizeof(dev->naa_id), "%016llx", cst_naa_local(naa));

	snprintf(dev->usn, sizeof(dev->usn), "%016llx", serial);
	snprintf(dev->t10_dev_id, sizeof(dev->t10_dev_id), "%016llx-%s", serial,
		 name);
}
