// SPDX-License-Identifier: GPL-2.0-only
/*
 * The attribute engine: show, store and `schema` from one declaration, the root's
 * last_error and generation, pinning.
 *
 * configfs calls in for every attribute file; core, handlers and fabrics call in to make
 * types and objects and to report errors.  A store holds the locks of the object and of its
 * governor.  Owns value_lock, which lets a show read whole values without waiting for a slow
 * store, and error_lock, which protects the text of last_error.
 */
#include <linux/atomic.h>
#include <linux/ctype.h>
#include <linux/err.h>
#include <linux/export.h>
#include <linux/fs.h>
#include <linux/limits.h>
#include <linux/log2.h>
#include <linux/overflow.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include <linux/timekeeping.h>

#include "cfs.h"

#define CST_PATH_SIZE	1024	/* more than the deepest path has */
#define CST_QUOTE_MAX	64	/* bytes of a refused value that are repeated */

/* A field of an object is written under the object's lock and this one. */
static DEFINE_SPINLOCK(value_lock);

/* --- last_error and generation --- */

static DEFINE_MUTEX(error_lock);
static char error_raw[CST_PATH_SIZE + 512];	/* error_lock */
static char error_text[2 * sizeof(error_raw)];	/* error_lock */
static time64_t error_time;			/* error_lock; seconds of UTC */
static atomic64_t errors_said;			/* written with error_lock */
static atomic64_t generation;

void cst_config_changed(void)
{
	atomic64_inc(&generation);
}
EXPORT_SYMBOL_GPL(cst_config_changed);

u64 cst_generation(void)
{
	return atomic64_read(&generation);
}

const char *cst_item_path(struct config_item *item, char *buf, size_t size)
{
	struct config_item *root = &cst_subsys.su_group.cg_item;
	char *p = buf + size - 1;

	if (item == root || item == &cst_root_object()->group.cg_item)
		return ".";
	*p = '\0';
	for (; item && item != root; item = item->ci_parent) {
		const char *name = config_item_name(item);
		size_t len = strlen(name);

		if (len + 1 > p - buf)
			break;
		if (*p)
			*--p = '/';
		p -= len;
		memcpy(p, name, len);
	}
	return p;
}

void cst_config_error(struct config_item *item, const char *what,
		      const char *fmt, ...)
{
	static char path[CST_PATH_SIZE];
	size_t len, i, out = 0;
	va_list args;

	mutex_lock(&error_lock);
	len = scnprintf(error_raw, sizeof(error_raw), "%s: ",
			cst_item_path(item, path, sizeof(path)));
	if (what)
		len += scnprintf(error_raw + len, sizeof(error_raw) - len,
				 "%s: ", what);
	va_start(args, fmt);
	len += vscnprintf(error_raw + len, sizeof(error_raw) - len, fmt, args);
	va_end(args);

	/* Names and values may have any bytes: make one printable line of them. */
	for (i = 0; i < len && out < sizeof(error_text) - sizeof("\\xNN"); i++) {
		u8 c = error_raw[i];

		if (c >= 0x20 && c < 0x7f)
			error_text[out++] = c;
		else
			out += scnprintf(error_text + out, sizeof(error_text) - out,
					 "\\x%02x", c);
	}
	error_text[out] = '\0';
	error_time = ktime_get_real_seconds();
	atomic64_inc(&errors_said);
	mutex_unlock(&error_lock);
}
EXPORT_SYMBOL_GPL(cst_config_error);

/*
 * The line begins with the number and the time of the error.  By these a reader can tell the
 * error that it waits for from an older error and from one that came in between.
 */
ssize_t cst_last_error_print(char *page)
{
	ssize_t len = 0;
	struct tm tm;

	mutex_lock(&error_lock);
	if (error_text[0]) {
		time64_to_tm(error_time, 0, &tm);
		len = scnprintf(page, CST_CFS_PAGE,
				"%lld %04ld-%02d-%02dT%02d:%02d:%02dZ %s\n",
				atomic64_read(&errors_said),
				tm.tm_year + 1900L, tm.tm_mon + 1, tm.tm_mday,
				tm.tm_hour, tm.tm_min, tm.tm_sec, error_text);
	}
	mutex_unlock(&error_lock);
	return len;
}

/* --- fields --- */

static struct cst_object *cst_item_object(struct config_item *item)
{
	/* The root's configfs_subsystem leaves no room for an object around it. */
	if (item == &cst_subsys.su_group.cg_item)
		return cst_root_object();
	return to_cst_object(item);
}

static void *cst_attr_field(struct cst_object *obj, const struct cst_attr *attr)
{
	return (char *)obj + attr->offset;
}

static u64 cst_attr_type_max(const struct cst_attr *attr)
{
	if (attr->type == CST_ATTR_BOOL)
		return 1;
	return attr->size ? U64_MAX >> (64 - 8 * attr->size) : U64_MAX;
}

static u64 cst_attr_max(const struct cst_attr *attr)
{
	if (attr->type == CST_ATTR_STRING)
		return attr->size - 1;
	return attr->max ?: cst_attr_type_max(attr);
}

static u64 cst_attr_get_num(struct cst_object *obj, const struct cst_attr *attr)
{
	void *field = cst_attr_field(obj, attr);
	u64 num;

	spin_lock(&value_lock);
	switch (attr->size) {
	case 1:
		num = *(u8 *)field;
		break;
	case 2:
		num = *(u16 *)field;
		break;
	case 4:
		num = *(u32 *)field;
		break;
	default:
		num = *(u64 *)field;
		break;
	}
	spin_unlock(&value_lock);
	return num;
}

static void cst_attr_set_num(struct cst_object *obj, const struct cst_attr *attr,
			     u64 num)
{
	void *field = cst_attr_field(obj, attr);

	/* The data path may read it meanwhile: WRITE_ONCE. */
	spin_lock(&value_lock);
	switch (attr->size) {
	case 1:
		WRITE_ONCE(*(u8 *)field, num);
		break;
	case 2:
		WRITE_ONCE(*(u16 *)field, num);
		break;
	case 4:
		WRITE_ONCE(*(u32 *)field, num);
		break;
	default:
		WRITE_ONCE(*(u64 *)field, num);
		break;
	}
	spin_unlock(&value_lock);
}

void cst_attr_set_string(char *field, size_t size, const char *value)
{
	spin_lock(&value_lock);
	strscpy(field, value, size);
	spin_unlock(&value_lock);
}

static void cst_attr_set(struct cst_object *obj, const struct cst_attr *attr,
			 union cst_attr_value val)
{
	if (attr->type == CST_ATTR_STRING)
		cst_attr_set_string(cst_attr_field(obj, attr), attr->size,
				    val.str);
	else
		cst_attr_set_num(obj, attr, val.num);
}

static bool cst_attr_equal(struct cst_object *obj, const struct cst_attr *attr,
			   union cst_attr_value val)
{
	/* The caller holds obj->lock, so the field does not change. */
	if (attr->type == CST_ATTR_STRING)
		return !strcmp(cst_attr_field(obj, attr), val.str);
	return cst_attr_get_num(obj, attr) == val.num;
}

/* --- show --- */

/**
 * cst_attr_show() - print an attribute for configfs
 * @item: item of a struct cst_object
 * @attr: the attribute
 * @page: filled in
 *
 * Return: number of bytes.
 */
ssize_t cst_attr_show(struct config_item *item, const struct cst_attr *attr,
		      char *page)
{
	struct cst_object *obj = cst_item_object(item);
	size_t len;

	if (attr->show)
		return attr->show(obj, page);

	switch (attr->type) {
	case CST_ATTR_STRING:
		spin_lock(&value_lock);
		len = strlen(cst_attr_field(obj, attr));
		memcpy(page, cst_attr_field(obj, attr), len);
		spin_unlock(&value_lock);
		page[len] = '\n';
		return len + 1;
	case CST_ATTR_ENUM:
		return sysfs_emit(page, "%s\n",
				  attr->names[cst_attr_get_num(obj, attr)]);
	default:
		return sysfs_emit(page, "%llu\n", cst_attr_get_num(obj, attr));
	}
}
EXPORT_SYMBOL_GPL(cst_attr_show);

/* --- schema --- */

static int cst_attr_print_range(const struct cst_attr *attr, char *buf,
				size_t size)
{
	int i, len = 0;

	switch (attr->type) {
	case CST_ATTR_BOOL:
		break;
	case CST_ATTR_ENUM:
		for (i = 0; attr->names[i]; i++)
			len += scnprintf(buf + len, size - len, "%s%s",
					 i ? "|" : "", attr->names[i]);
		break;
	default:
		len = scnprintf(buf, size, "%llu..%llu%s", attr->min,
				cst_attr_max(attr),
				attr->flags & CST_ATTR_POWER_OF_TWO ?
				" power of two" : "");
		break;
	}
	return len;
}

static int cst_attr_print_default(const struct cst_attr *attr, char *buf,
				  size_t size)
{
	switch (attr->type) {
	case CST_ATTR_STRING:
		return scnprintf(buf, size, "%s", attr->dflt_str ?: "");
	case CST_ATTR_ENUM:
		return scnprintf(buf, size, "%s", attr->names[attr->dflt]);
	default:
		return scnprintf(buf, size, "%llu", attr->dflt);
	}
}

/* One line: name, type, access, when, default, range, unit, help. */
static int cst_attr_print_schema(const struct cst_attr *attr, char *buf,
				 size_t size)
{
	static const char *const types[] = {
		[CST_ATTR_BOOL] = "bool",
		[CST_ATTR_UINT] = "uint",
		[CST_ATTR_ENUM] = "enum",
		[CST_ATTR_STRING] = "string",
	};
	bool readable = attr->ca.ca_mode & 0444;
	bool writable = attr->ca.ca_mode & 0222;
	int len;

	len = scnprintf(buf, size, "%s\t%s\t%s\t%s\t", attr->ca.ca_name,
			types[attr->type],
			!writable ? "ro" : readable ? "rw" : "wo",
			!writable ? "-" :
			attr->when == CST_WHEN_DISABLED ? "disabled" : "always");
	if (readable && writable && !(attr->flags & CST_ATTR_GENERATED))
		len += cst_attr_print_default(attr, buf + len, size - len);
	len += scnprintf(buf + len, size - len, "\t");
	if (writable)
		len += cst_attr_print_range(attr, buf + len, size - len);
	len += scnprintf(buf + len, size - len, "\t%s\t%s\n", attr->unit ?: "",
			 attr->help ?: "");
	return len;
}

/* Return: number of bytes, or -E2BIG. */
ssize_t cst_schema_print(const struct cst_attr *const *attrs, char *page)
{
	size_t len = 0;

	for (; *attrs; attrs++)
		len += cst_attr_print_schema(*attrs, page + len,
					     CST_CFS_PAGE - len);
	/* A length of CST_CFS_PAGE - 1 may mean that scnprintf() has cut the text. */
	return len < CST_CFS_PAGE - 1 ? len : -E2BIG;
}

static ssize_t cst_schema_show(struct config_item *item, char *page)
{
	return cst_schema_print(cst_item_object(item)->attrs, page);
}

static struct configfs_attribute cst_attr_schema = {
	.ca_name = "schema",
	.ca_owner = THIS_MODULE,
	.ca_mode = 0444,
	.show = cst_schema_show,
};

/* --- store --- */

static void cst_attr_refuse(struct config_item *item, const struct cst_attr *attr,
			    const char *text, const char *why)
{
	char range[128];

	cst_attr_print_range(attr, range, sizeof(range));
	cst_config_error(item, attr->ca.ca_name,
			 "\"%.*s%s\" %s%s%s%s%s", CST_QUOTE_MAX, text,
			 strlen(text) > CST_QUOTE_MAX ? "..." : "", why,
			 *range ? "; accepted: " : "", range,
			 *range && attr->unit ? " " : "",
			 *range && attr->unit ? attr->unit : "");
}

static int cst_parse_bool(struct config_item *item, const struct cst_attr *attr,
			  const char *text, u64 *num)
{
	if ((text[0] != '0' && text[0] != '1') || text[1]) {
		cst_attr_refuse(item, attr, text, "is neither 0 nor 1");
		return -EINVAL;
	}
	*num = text[0] - '0';
	return 0;
}

static int cst_parse_uint(struct config_item *item, const struct cst_attr *attr,
			  const char *text, u64 *num)
{
	static const char suffixes[] = "KMGT";
	bool bytes = attr->unit && !strcmp(attr->unit, "bytes");
	const char *p = text, *suffix;
	bool overflow = false;
	u64 val = 0;

	if (!isdigit(*p))
		goto syntax;
	for (; isdigit(*p); p++)
		if (check_mul_overflow(val, (u64)10, &val) ||
		    check_add_overflow(val, (u64)(*p - '0'), &val))
			overflow = true;
	if (*p && bytes) {
		unsigned int shift;

		suffix = strchr(suffixes, toupper(*p));
		if (!suffix)
			goto syntax;
		p++;
		shift = 10 * (suffix - suffixes + 1);
		if (val > U64_MAX >> shift)
			overflow = true;
		val <<= shift;
	}
	if (*p)
		goto syntax;

	if (overflow || val < attr->min || val > cst_attr_max(attr)) {
		cst_attr_refuse(item, attr, text, "is out of range");
		return -ERANGE;
	}
	if (attr->flags & CST_ATTR_POWER_OF_TWO && !is_power_of_2(val)) {
		cst_attr_refuse(item, attr, text, "is not a power of two");
		return -EINVAL;
	}
	*num = val;
	return 0;

syntax:
	cst_attr_refuse(item, attr, text, bytes ?
			"is not a decimal number with an optional K, M, G or T" :
			"is not a decimal number");
	return -EINVAL;
}

static int cst_parse_enum(struct config_item *item, const struct cst_attr *attr,
			  const char *text, u64 *num)
{
	int i;

	for (i = 0; attr->names[i]; i++) {
		if (!strcmp(attr->names[i], text)) {
			*num = i;
			return 0;
		}
	}
	cst_attr_refuse(item, attr, text, "is unknown");
	return -EINVAL;
}

static int cst_parse_string(struct config_item *item, const struct cst_attr *attr,
			    const char *text, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++) {
		u8 c = text[i];

		if (c >= 0x20 && c != 0x7f)
			continue;
		cst_config_error(item, attr->ca.ca_name,
				 "byte 0x%02x at offset %zu is not accepted: no control characters",
				 c, i);
		return -EINVAL;
	}
	if (len < attr->min || len > cst_attr_max(attr)) {
		cst_config_error(item, attr->ca.ca_name,
				 "is %zu bytes long; accepted: %llu..%llu bytes",
				 len, attr->min, cst_attr_max(attr));
		return -ERANGE;
	}
	return 0;
}

static int cst_attr_parse(struct config_item *item, const struct cst_attr *attr,
			  const char *text, size_t len,
			  union cst_attr_value *val)
{
	if (attr->type == CST_ATTR_STRING) {
		val->str = text;
		return cst_parse_string(item, attr, text, len);
	}
	if (strlen(text) != len) {
		cst_attr_refuse(item, attr, text, "is followed by a NUL byte");
		return -EINVAL;
	}
	switch (attr->type) {
	case CST_ATTR_BOOL:
		return cst_parse_bool(item, attr, text, &val->num);
	case CST_ATTR_ENUM:
		return cst_parse_enum(item, attr, text, &val->num);
	default:
		return cst_parse_uint(item, attr, text, &val->num);
	}
}

/* The locks of the object and of its governor are held. */
static int cst_attr_change(struct config_item *item, struct cst_object *obj,
			   const struct cst_attr *attr, union cst_attr_value val)
{
	struct cst_object *governor = obj->governor ?: obj;
	bool same = attr->size && cst_attr_equal(obj, attr, val);
	s64 said;
	int ret;

	if (same && !(attr->flags & CST_ATTR_EFFECT))
		return 0;

	if (attr->when == CST_WHEN_DISABLED && governor->enabled && !same) {
		cst_config_error(item, attr->ca.ca_name,
				 "cannot be changed while %s is enabled",
				 config_item_name(&governor->group.cg_item));
		return -EBUSY;
	}
	if (attr->apply) {
		said = atomic64_read(&errors_said);
		ret = attr->apply(obj, val);
		if (ret) {
			/* Else a reader would take an older line for this refusal. */
			if (said == atomic64_read(&errors_said))
				cst_config_error(item, attr->ca.ca_name,
						 "refused: %pe", ERR_PTR(ret));
			return ret;
		}
	}
	if (attr->size && !same) {
		cst_attr_set(obj, attr, val);
		cst_config_changed();
		if (attr->changed)
			attr->changed(obj);
	}
	return 0;
}

/**
 * cst_attr_store() - store the text that configfs has received for an attribute
 * @item: item of a struct cst_object
 * @attr: the attribute
 * @page: the text
 * @count: bytes of the text
 *
 * Return: @count or errno, with last_error said.
 */
ssize_t cst_attr_store(struct config_item *item, const struct cst_attr *attr,
		       const char *page, size_t count)
{
	struct cst_object *obj = cst_item_object(item);
	union cst_attr_value val = {};
	size_t len = count;
	char *text;
	int ret;

	if (count >= CST_CFS_PAGE - 1) {
		/* configfs may have cut the text, and would store the rest as another value. */
		cst_config_error(item, attr->ca.ca_name,
				 "is longer than %d bytes", CST_CFS_PAGE - 2);
		return -EINVAL;
	}
	if (len && page[len - 1] == '\n')
		len--;
	text = kmemdup_nul(page, len, GFP_KERNEL);
	if (!text)
		return -ENOMEM;

	ret = cst_attr_parse(item, attr, text, len, &val);
	if (ret)
		goto free_text;

	if (obj->governor)
		mutex_lock(&obj->governor->lock);
	mutex_lock(&obj->lock);
	ret = cst_attr_change(item, obj, attr, val);
	mutex_unlock(&obj->lock);
	if (obj->governor)
		mutex_unlock(&obj->governor->lock);

free_text:
	kfree(text);
	return ret ?: count;
}
EXPORT_SYMBOL_GPL(cst_attr_store);

/* --- types and objects --- */

/* Find a mistake in a declaration when its module is loaded.  Return: the mistake or NULL. */
static const char *cst_attr_mistake(const struct cst_attr *attr)
{
	bool writable = attr->ca.ca_mode & 0222;
	unsigned int names = 0;

	if (!attr->size && !attr->show && attr->ca.ca_mode & 0444)
		return "nothing to show";
	if (!attr->size && !attr->apply && writable)
		return "nothing to store";

	switch (attr->type) {
	case CST_ATTR_STRING:
		if (attr->size > CST_ATTR_STRING_SIZE)
			return "string too long";
		if (attr->dflt_str && attr->size &&
		    strlen(attr->dflt_str) >= attr->size)
			return "default too long";
		return NULL;
	case CST_ATTR_ENUM:
		if (!attr->names)
			return "no names";
		while (attr->names[names])
			names++;
		if (attr->dflt >= names)
			return "default out of range";
		fallthrough;
	default:
		if (attr->size && attr->size != 1 && attr->size != 2 &&
		    attr->size != 4 && attr->size != 8)
			return "odd size";
		if (attr->max > cst_attr_type_max(attr))
			return "maximum too big";
		return NULL;
	}
}

static int cst_item_type_check(struct cst_item_type *it)
{
	const struct cst_attr **a, **b;
	const char *mistake;
	ssize_t len;
	char *page;

	for (a = it->attrs; *a; a++) {
		mistake = cst_attr_mistake(*a);
		for (b = it->attrs; !mistake && b < a; b++)
			if (!strcmp((*a)->ca.ca_name, (*b)->ca.ca_name))
				mistake = "declared twice";
		if (mistake) {
			pr_err("attribute %s: %s\n", (*a)->ca.ca_name, mistake);
			return -EINVAL;
		}
	}

	page = (char *)__get_free_page(GFP_KERNEL);
	if (!page)
		return -ENOMEM;
	len = cst_schema_print(it->attrs, page);
	free_page((unsigned long)page);
	if (len < 0) {
		pr_err("schema of %s... does not fit into %d bytes\n",
		       it->attrs[0]->ca.ca_name, CST_CFS_PAGE);
		return -EINVAL;
	}
	return 0;
}

static void cst_embedded_release(struct config_item *item)
{
	struct cst_object *embedder = to_cst_object(item)->embedder;

	if (embedder)
		config_item_put(&embedder->group.cg_item);
}

static struct configfs_item_operations cst_embedded_item_ops = {
	.release = cst_embedded_release,
};

int cst_item_type_init(struct cst_item_type *it, struct module *owner,
		       struct configfs_item_operations *item_ops,
		       struct configfs_group_operations *group_ops,
		       const struct cst_attr *const *const *tables)
{
	const struct cst_attr *const *const *table;
	const struct cst_attr *const *attr;
	unsigned int n = 0;
	int ret = -ENOMEM;

	for (table = tables; *table; table++)
		for (attr = *table; *attr; attr++)
			n++;

	memset(it, 0, sizeof(*it));
	it->attrs = kcalloc(n + 1, sizeof(*it->attrs), GFP_KERNEL);
	it->ca = kcalloc(n + 2, sizeof(*it->ca), GFP_KERNEL);
	it->lock_key = kzalloc(sizeof(*it->lock_key), GFP_KERNEL);
	if (!it->attrs || !it->ca || !it->lock_key)
		goto free_arrays;

	n = 0;
	for (table = tables; *table; table++) {
		for (attr = *table; *attr; attr++) {
			it->attrs[n] = *attr;
			/* The cast drops const; configfs never writes to the attribute. */
			it->ca[n++] = (struct configfs_attribute *)&(*attr)->ca;
		}
	}
	if (n)
		it->ca[n] = &cst_attr_schema;

	ret = cst_item_type_check(it);
	if (ret)
		goto free_arrays;

	lockdep_register_key(it->lock_key);
	it->type.ct_owner = owner;
	it->type.ct_item_ops = item_ops ?: &cst_embedded_item_ops;
	it->type.ct_group_ops = group_ops;
	it->type.ct_attrs = (void *)it->ca;	/* newer kernels add const */
	return 0;

free_arrays:
	kfree(it->lock_key);
	kfree(it->ca);
	kfree(it->attrs);
	memset(it, 0, sizeof(*it));
	return ret;
}
EXPORT_SYMBOL_GPL(cst_item_type_init);

/**
 * cst_item_type_destroy() - free what cst_item_type_init() made
 * @it: initialised, or zeroed; no item of this type is left
 */
void cst_item_type_destroy(struct cst_item_type *it)
{
	if (!it->attrs)
		return;
	lockdep_unregister_key(it->lock_key);
	kfree(it->lock_key);
	kfree(it->ca);
	kfree(it->attrs);
	memset(it, 0, sizeof(*it));
}
EXPORT_SYMBOL_GPL(cst_item_type_destroy);

int cst_object_init(struct cst_object *obj, const char *name,
		    const struct cst_item_type *it)
{
	const struct cst_attr *const *attr;
	union cst_attr_value val;

	config_group_init_type_name(&obj->group, name, &it->type);
	mutex_init(&obj->lock);
	lockdep_set_class_and_name(&obj->lock, it->lock_key, "cst_object.lock");
	obj->attrs = it->attrs;

	for (attr = obj->attrs; *attr; attr++) {
		if (!(*attr)->size || !((*attr)->ca.ca_mode & 0222))
			continue;
		if ((*attr)->type == CST_ATTR_STRING)
			val.str = (*attr)->dflt_str ?: "";
		else
			val.num = (*attr)->dflt;
		cst_attr_set(obj, *attr, val);
	}
	return config_item_name(&obj->group.cg_item) ? 0 : -ENOMEM;
}
EXPORT_SYMBOL_GPL(cst_object_init);

void cst_object_embed(struct cst_object *obj, struct cst_object *parent)
{
	obj->embedder = parent;
	config_item_get(&parent->group.cg_item);
	configfs_add_default_group(&obj->group, &parent->group);
}
EXPORT_SYMBOL_GPL(cst_object_embed);

static void cst_remove_default_groups(struct config_group *group)
{
	struct config_group *child;

	list_for_each_entry(child, &group->default_groups, group_entry)
		cst_remove_default_groups(child);
	configfs_remove_default_groups(group);
}

void cst_group_drop(struct config_group *group)
{
	cst_remove_default_groups(group);
	config_group_put(group);
}
EXPORT_SYMBOL_GPL(cst_group_drop);

void cst_group_unregister(struct config_group *group)
{
	struct inode *inode = d_inode(group->cg_item.ci_dentry);

	/*
	 * As rmdir(2) does: operations in the directory end first, and no operation can begin
	 * afterwards.
	 */
	inode_lock(inode);
	inode->i_flags |= S_DEAD;
	inode_unlock(inode);

	configfs_unregister_group(group);
}
EXPORT_SYMBOL_GPL(cst_group_unregister);

/* May a text be a directory's name?  It may not have control characters. */
bool cst_name_is_printable(const char *name)
{
	for (; *name; name++)
		if ((u8)*name < 0x20 || *name == 0x7f)
			return false;
	return true;
}

/* --- pinning --- */

/*
 * Protects cst_object.pins.  configfs searches the whole tree for an item, so only the first
 * pin and the last unpin of an object call it.
 */
static DEFINE_MUTEX(pin_lock);

int cst_object_pin(struct cst_object *obj)
{
	int ret = 0;

	mutex_lock(&pin_lock);
	if (!obj->pins)
		ret = configfs_depend_item_unlocked(&cst_subsys,
						    &obj->group.cg_item);
	if (!ret)
		obj->pins++;
	mutex_unlock(&pin_lock);
	return ret;
}
EXPORT_SYMBOL_GPL(cst_object_pin);

void cst_object_unpin(struct cst_object *obj)
{
	mutex_lock(&pin_lock);
	/* Without pins the item may be freed when this returns. */
	if (!--obj->pins)
		configfs_undepend_item_unlocked(&obj->group.cg_item);
	mutex_unlock(&pin_lock);
}
EXPORT_SYMBOL_GPL(cst_object_unpin);
