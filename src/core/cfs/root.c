// SPDX-License-Identifier: GPL-2.0-only
/*
 * The root of the tree, /sys/kernel/config/cst: the subsystem, its global
 * attributes, the folders handlers/ and targets/.
 *
 * main.c calls in at load and unload; registry.c adds handlers and fabrics below
 * handlers/ and targets/.  The root's attributes belong to a separate object, because
 * a struct cst_object cannot be placed around the group in struct configfs_subsystem.
 */
#include <linux/module.h>

#include "cfs.h"
#include "../core.h"
#include "../identity.h"

struct cst_root {
	struct cst_object	obj;
	u32			cmd_mem_limit_mb;
	char			setup_id[CST_SETUP_ID_SIZE];
};

static struct cst_root cst_root;
static struct cst_item_type cst_root_type;

struct cst_object *cst_root_object(void)
{
	return &cst_root.obj;
}

static ssize_t cst_root_version_print(struct cst_object *obj, char *page)
{
	return sysfs_emit(page, "%s\n", CST_VERSION);
}

CST_ATTR(cst_root, version, 0444,
	 .type = CST_ATTR_STRING, .show = cst_root_version_print,
	 .help = "Version of cst.");

static ssize_t cst_root_features_print(struct cst_object *obj, char *page)
{
	return sysfs_emit(page, "%s\n",
			  "schema last_error generation ini_groups live_luns");
}

CST_ATTR(cst_root, features, 0444,
	 .type = CST_ATTR_STRING, .show = cst_root_features_print,
	 .help = "What this version can do, as words that stay.");

static ssize_t cst_root_generation_print(struct cst_object *obj, char *page)
{
	return sysfs_emit(page, "%llu\n", cst_generation());
}

CST_ATTR(cst_root, generation, 0444,
	 .type = CST_ATTR_UINT, .show = cst_root_generation_print,
	 .unit = "changes",
	 .help = "Grows with every change of the configuration.");

static ssize_t cst_root_last_error_print(struct cst_object *obj, char *page)
{
	return cst_last_error_print(page);
}

CST_ATTR(cst_root, last_error, 0444,
	 .type = CST_ATTR_STRING, .show = cst_root_last_error_print,
	 .help = "Why the last refused operation was refused; its number and time in front.");

static int cst_root_set_cmd_mem_limit(struct cst_object *obj,
				      union cst_attr_value val)
{
	/* The limit must have room for a few commands of the largest size. */
	if (val.num && val.num < CST_MEM_LIMIT_MIN_MB) {
		cst_config_error(&obj->group.cg_item, "cmd_mem_limit_mb",
				 "%llu is too little; 0, or %u and more",
				 val.num, CST_MEM_LIMIT_MIN_MB);
		return -EINVAL;
	}
	cst_buffer_set_limit_mb(val.num);
	return 0;
}

CST_ATTR(cst_root, cmd_mem_limit_mb, 0644,
	 CST_FIELD(cst_root, obj, cmd_mem_limit_mb),
	 .type = CST_ATTR_UINT, .max = 1U << 20, .unit = "MiB",
	 .apply = cst_root_set_cmd_mem_limit,
	 .help = "Memory for the data of commands; 0 = a quarter of all.");

static int cst_root_set_setup_id(struct cst_object *obj,
				 union cst_attr_value val)
{
	cst_setup_id_set(val.str);
	return 0;
}

CST_ATTR(cst_root, setup_id, 0644, CST_FIELD(cst_root, obj, setup_id),
	 .type = CST_ATTR_STRING, .flags = CST_ATTR_GENERATED, .min = 1,
	 .apply = cst_root_set_setup_id,
	 .help = "This host, in the generated identifiers of devices made from now on.");

static const struct cst_attr *const cst_root_attrs[] = {
	&cst_root_attr_version,
	&cst_root_attr_features,
	&cst_root_attr_generation,
	&cst_root_attr_last_error,
	&cst_root_attr_cmd_mem_limit_mb,
	&cst_root_attr_setup_id,
	NULL
};

/* Without make_group configfs refuses mkdir here: only modules add to these folders. */
static const struct config_item_type cst_folder_type = {
	.ct_owner = THIS_MODULE,
};

struct configfs_subsystem cst_subsys;
struct config_group cst_handlers_group;
struct config_group cst_targets_group;

int cst_cfs_init(void)
{
	static const struct cst_attr *const *const tables[] = {
		cst_root_attrs, NULL
	};
	int ret;

	ret = cst_item_type_init(&cst_root_type, THIS_MODULE, NULL, NULL,
				 tables);
	if (ret)
		return ret;
	ret = cst_cfs_device_init();
	if (ret)
		goto destroy_type;
	ret = cst_cfs_target_init();
	if (ret)
		goto exit_device;

	ret = cst_object_init(&cst_root.obj, "cst", &cst_root_type);
	if (ret)
		goto exit_target;
	cst_setup_id_get(cst_root.setup_id);

	mutex_init(&cst_subsys.su_mutex);
	config_group_init_type_name(&cst_subsys.su_group, "cst",
				    &cst_root_type.type);
	config_group_init_type_name(&cst_handlers_group, "handlers",
				    &cst_folder_type);
	config_group_init_type_name(&cst_targets_group, "targets",
				    &cst_folder_type);
	configfs_add_default_group(&cst_handlers_group, &cst_subsys.su_group);
	configfs_add_default_group(&cst_targets_group, &cst_subsys.su_group);
	ret = configfs_register_subsystem(&cst_subsys);
	if (ret)
		goto exit_target;
	return 0;

exit_target:
	cst_cfs_target_exit();
exit_device:
	cst_cfs_device_exit();
destroy_type:
	cst_item_type_destroy(&cst_root_type);
	return ret;
}

void cst_cfs_exit(void)
{
	configfs_unregister_subsystem(&cst_subsys);
	cst_cfs_target_exit();
	cst_cfs_device_exit();
	cst_item_type_destroy(&cst_root_type);
}
