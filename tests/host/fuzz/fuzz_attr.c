// SPDX-License-Identifier: GPL-2.0-only
/*
 * Writes any bytes to any kind of attribute file.  A refused value changes nothing and is
 * explained in one printable line.  An accepted value is in its range and reads back in
 * canonical form.  The canonical form can be written back and changes nothing.
 */
#include "attr_shim.h"

#include "../../../src/core/cfs/attr.c"

#define MUST(cond) do { if (!(cond)) { fprintf(stderr, "%s:%d: %s\n", __FILE__, \
	__LINE__, #cond); abort(); } } while (0)

struct configfs_subsystem cst_subsys;

bool shim_no_memory(void)
{
	return false;
}

struct cst_object *cst_root_object(void)
{
	static struct cst_object root;

	return &root;
}

/* One attribute of each kind. */
struct thing {
	struct cst_object	obj;
	bool			flag;
	u8			small;
	u16			medium;
	u32			size;
	u64			large;
	u32			power;
	u8			kind;
	char			name[32];
	char			text[CST_ATTR_STRING_SIZE];
	u32			applied;
};

static const char *const kinds[] = { "None", "CRC32C", "None,CRC32C", "", NULL };

static int thing_apply(struct cst_object *obj, union cst_attr_value val)
{
	/* Even values are refused; some of them without an explanation. */
	if (val.num & 1)
		return 0;
	if (val.num & 2)
		cst_config_error(&obj->group.cg_item, "applied", "%llu is even", val.num);
	return -EBUSY;
}

#define F(_field)	CST_FIELD(thing, obj, _field)
CST_ATTR(thing, flag, 0644, F(flag), .type = CST_ATTR_BOOL, .dflt = 1, .help = "A flag.");
CST_ATTR(thing, small, 0644, F(small), .type = CST_ATTR_UINT, .min = 1, .dflt = 7);
CST_ATTR(thing, medium, 0644, F(medium), .type = CST_ATTR_UINT, .max = 1000, .unit = "s");
CST_ATTR(thing, size, 0644, F(size), .type = CST_ATTR_UINT, .unit = "bytes",
	 .when = CST_WHEN_DISABLED);
CST_ATTR(thing, large, 0644, F(large), .type = CST_ATTR_UINT, .unit = "bytes");
CST_ATTR(thing, power, 0644, F(power), .type = CST_ATTR_UINT, .unit = "bytes",
	 .flags = CST_ATTR_POWER_OF_TWO, .min = 512, .max = 1 << 20, .dflt = 512);
CST_ATTR(thing, kind, 0644, F(kind), .type = CST_ATTR_ENUM, .names = kinds);
CST_ATTR(thing, name, 0644, F(name), .type = CST_ATTR_STRING, .min = 2, .dflt_str = "name");
CST_ATTR(thing, text, 0644, F(text), .type = CST_ATTR_STRING);
CST_ATTR(thing, applied, 0644, F(applied), .type = CST_ATTR_UINT, .apply = thing_apply,
	 .dflt = 1, .flags = CST_ATTR_EFFECT);

static const struct cst_attr *const thing_attrs[] = {
	&thing_attr_flag, &thing_attr_small, &thing_attr_medium, &thing_attr_size,
	&thing_attr_large, &thing_attr_power, &thing_attr_kind, &thing_attr_name,
	&thing_attr_text, &thing_attr_applied, NULL
};

static struct thing thing;

static void check_range(const struct cst_attr *attr)
{
	u64 num;

	if (attr->type == CST_ATTR_STRING) {
		const char *field = cst_attr_field(&thing.obj, attr);
		size_t len = strnlen(field, attr->size);

		MUST(len < attr->size && len >= attr->min);
		MUST(cst_name_is_printable(field));
		return;
	}
	num = cst_attr_get_num(&thing.obj, attr);
	MUST(num >= attr->min && (attr->type == CST_ATTR_ENUM || num <= cst_attr_max(attr)));
	if (attr->type == CST_ATTR_ENUM)
		MUST(num < ARRAY_SIZE(kinds) - 1);
	if (attr->flags & CST_ATTR_POWER_OF_TWO)
		MUST(!(num & (num - 1)));
}

static void check_last_error(void)
{
	char page[CST_CFS_PAGE];
	ssize_t i, len = cst_last_error_print(page);
	unsigned long long sequence;
	int end = 0;

	MUST(sscanf(page, "%llu 2026-09-12T08:00:00Z %n", &sequence, &end) == 1 && end);
	MUST(sequence == (unsigned long long)errors_said.counter);
	MUST(len > 0 && len < CST_CFS_PAGE && page[len - 1] == '\n');
	for (i = 0; i < len - 1; i++)
		MUST(page[i] >= 0x20 && page[i] < 0x7f);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);
int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	static const struct cst_attr *const *const tables[] = { thing_attrs, NULL };
	static struct cst_item_type type;
	static char before[CST_CFS_PAGE], after[CST_CFS_PAGE], again[CST_CFS_PAGE];
	ssize_t len_before, len_after, ret;
	const struct cst_attr *attr;
	u64 changes;
	char *page;
	s64 said;

	if (size < 2)
		return 0;
	if (!type.attrs)
		MUST(!cst_item_type_init(&type, NULL, NULL, NULL, tables));
	memset(&thing, 0, sizeof(thing));
	MUST(!cst_object_init(&thing.obj, "thing", &type));
	attr = thing_attrs[data[0] % (ARRAY_SIZE(thing_attrs) - 1)];
	thing.obj.enabled = data[0] & 0x80;
	data++;
	size--;
	size = min_t(size_t, size, CST_CFS_PAGE);
	/* configfs adds a NUL that the size does not count. */
	page = kmemdup_nul((const char *)data, size, 0);

	len_before = cst_attr_show(&thing.obj.group.cg_item, attr, before);
	changes = cst_generation();
	said = errors_said.counter;
	ret = attr->ca.store(&thing.obj.group.cg_item, page, size);
	free(page);
	len_after = cst_attr_show(&thing.obj.group.cg_item, attr, after);
	MUST(len_after > 0 && len_after < CST_CFS_PAGE);
	MUST(!memchr(after, '\0', len_after) && after[len_after - 1] == '\n');
	if (ret < 0) {
		MUST(len_after == len_before && !memcmp(after, before, len_after));
		MUST(cst_generation() == changes && errors_said.counter > said);
		check_last_error();
		return 0;
	}
	MUST((size_t)ret == size && errors_said.counter == said);
	/* A value with a NUL in it must be refused, since bytes behind the NUL would be ignored. */
	MUST(!memchr(data, '\0', size));
	check_range(attr);
	changes = cst_generation();
	MUST(attr->ca.store(&thing.obj.group.cg_item, after, len_after) == len_after);
	MUST(cst_generation() == changes);
	MUST(cst_attr_show(&thing.obj.group.cg_item, attr, again) == len_after);
	MUST(!memcmp(again, after, len_after));
	return 0;
}
