// SPDX-License-Identifier: GPL-2.0-only
/*
 * The disk as a device type: its tables of commands and pages, its attributes, and what
 * enabling and resizing it do.  Both take limits from the handler's backing, and
 * establish unit attentions when initiators know other values.
 *
 * core/device.c calls in through cst_disk_type; handlers call cst_disk_resize().
 * dev.obj.lock protects the attributes and all values that enabling sets.
 */
#include <linux/export.h>
#include <linux/kernel.h>
#include <linux/log2.h>
#include <linux/minmax.h>
#include <scsi/scsi_proto.h>

#include <cst/events.h>

#include "../copy/copy.h"
#include "../spc/spc.h"
#include "erasure.h"

static struct cst_disk *obj_to_disk(struct cst_object *obj)
{
	return container_of(obj, struct cst_disk, dev.obj);
}

/* --- enabling --- */

/*
 * An initiator that has been told that there is no write cache never flushes, and it does
 * not ask again when it logs in anew.  If the disk had a cache then, the initiator would
 * lose data at a power cut.  So enabling is refused while there is a nexus of such an
 * initiator.
 *
 * When an initiator turns the cache off and on again by MODE SELECT, others may have read in
 * between that there is none.  Until such an initiator reads the mode page again, its writes
 * are durable when they end (cst_sbc_write_flags()).
 */
static int cst_disk_check_cache(struct cst_disk *disk)
{
	unsigned int blind = 0;
	struct cst_itl *itl;

	if (cst_disk_no_cache(disk) || disk->nv_cache)
		return 0;
	spin_lock_irq(&disk->dev.itl_lock);
	list_for_each_entry(itl, &disk->dev.itls, dev_node)
		if (!percpu_ref_is_dying(&itl->ref) &&
		    !READ_ONCE(itl->knows_cache))
			blind++;
	spin_unlock_irq(&disk->dev.itl_lock);
	if (!blind)
		return 0;
	cst_config_error(&disk->dev.obj.group.cg_item, "enabled",
			 "%u sessions have not been told of a write cache and would never flush it; accepted: write_through 1, or enabling it when their initiators have logged out or read the mode pages anew",
			 blind);
	return -EBUSY;
}

/*
 * The optimal transfer length in bytes: the largest multiple of the backing's optimal I/O
 * size up to CST_OPT_XFER_BYTES, or that size itself if it is larger.  A size of the
 * backing that is no multiple of a physical block of @pb bytes is ignored.
 */
static u32 cst_disk_best_xfer(const struct cst_disk *disk, u32 pb)
{
	u32 opt = disk->backing_opt;

	if (!opt || opt > CST_MAX_XFER_BYTES || opt % 4096 || opt % pb)
		return CST_OPT_XFER_BYTES;
	return opt > CST_OPT_XFER_BYTES ? opt :
	       rounddown(CST_OPT_XFER_BYTES, opt);
}

/*
 * Is the disk thin?  Only a backing that can give space back makes it so.  With blocks that
 * are larger than what the backing unmaps, the disk is thin, too.
 */
static int cst_disk_set_thin(struct cst_disk *disk)
{
	bool can = disk->unmap_granularity;

	if (disk->thin_set == CST_THIN_ON && !can) {
		cst_config_error(&disk->dev.obj.group.cg_item, "thin_provisioned",
				 "is on, but the backing cannot give space back, or read_only is set; accepted: auto or off, or a file on a file system that punches holes, or a block device with discard and write zeroes");
		return -EOPNOTSUPP;
	}
	WRITE_ONCE(disk->thin, can && disk->thin_set != CST_THIN_OFF);
	return 0;
}

/* The values of the attributes; where these are not set, those of the backing. */
static int cst_disk_set_limits(struct cst_disk *disk)
{
	u32 exp = 0, pb;

	if (disk->lb_per_pb_set)
		exp = disk->lb_per_pb_set - 1;
	else if (disk->backing_block > disk->block_size &&
		 is_power_of_2(disk->backing_block))
		exp = min_t(u32, ilog2(disk->backing_block) - disk->block_shift,
			    CST_MAX_LB_PER_PB_EXP);
	pb = disk->block_size << exp;
	if (disk->opt_trans_set % pb) {
		cst_config_error(&disk->dev.obj.group.cg_item, "opt_trans_len",
				 "%u is not a multiple of the physical block, %u bytes by lb_per_pb_exp %u",
				 disk->opt_trans_set, pb, exp);
		return -EINVAL;
	}
	disk->lb_per_pb_exp = exp;
	disk->rotational = disk->rotational_set ? disk->rotational_set - 1 :
						  disk->backing_rotational;
	disk->opt_trans_len = disk->opt_trans_set ?: cst_disk_best_xfer(disk, pb);
	return cst_disk_set_thin(disk);
}

static void cst_disk_init(struct cst_device *dev)
{
	struct cst_disk *disk = to_cst_disk(dev);

	/* VPD page B0h has this value also before the disk is first enabled. */
	disk->opt_trans_len = CST_OPT_XFER_BYTES;
	disk->known_opt_trans_len = disk->opt_trans_len;
}

static int cst_disk_enable(struct cst_device *dev)
{
	struct cst_disk *disk = to_cst_disk(dev);
	u64 nblocks = disk->nblocks;
	int ret;

	ret = cst_disk_check_cache(disk);
	if (ret)
		return ret;
	disk->block_shift = ilog2(disk->block_size);
	disk->backing_block = 0;
	disk->backing_opt = 0;
	disk->backing_rotational = false;
	disk->unmap_granularity = 0;
	disk->unmap_alignment = 0;
	disk->unmap_zeroes = false;
	WRITE_ONCE(disk->atomic_max, 0);
	disk->can_zero = false;
	disk->can_prefetch = false;
	WRITE_ONCE(disk->space_total, 0);
	WRITE_ONCE(disk->space_low, false);
	disk->copy_unit = 0;
	ret = dev->ops->enable(dev);
	if (ret)
		goto restore;
	ret = cst_disk_set_limits(disk) ?: cst_erasure_load(disk);
	if (ret)
		goto disable;
	return 0;

disable:
	dev->ops->disable(dev);
restore:
	/* Initiators still know the capacity from before. */
	WRITE_ONCE(disk->nblocks, nblocks);
	return ret;
}

static void cst_disk_enabled(struct cst_device *dev)
{
	struct cst_disk *disk = to_cst_disk(dev);
	bool other_exp = disk->lb_per_pb_exp != disk->known_lb_per_pb_exp;
	u32 granularity = disk->thin ? disk->unmap_granularity : 0;
	u32 alignment = disk->thin ? disk->unmap_alignment : 0;
	bool zeroes = disk->thin && disk->unmap_zeroes;
	bool other_thin = !granularity != !disk->known_unmap_granularity ||
			  zeroes != disk->known_unmap_zeroes;
	u8 exponent = cst_space_exponent(disk);
	bool erase = cst_erasure_can_erase(disk);
	bool other_limits = other_thin || granularity != disk->known_unmap_granularity ||
			    alignment != disk->known_unmap_alignment ||
			    exponent != disk->known_space_exponent || erase != disk->known_erase ||
			    disk->atomic_max != disk->known_atomic_max ||
			    (disk->atomic_max && disk->atomic_unit != disk->known_atomic_unit);

	/*
	 * The administrator has set it for the disk as it was; what is enabled now may be
	 * another one.
	 */
	WRITE_ONCE(disk->allow_shrink, false);
	if (disk->nblocks != disk->known_nblocks || other_exp || other_thin)
		cst_ua_add_device(dev, NULL, CST_SENSE(CAPACITY_DATA_CHANGED));
	if (disk->opt_trans_len != disk->known_opt_trans_len || other_exp || other_limits ||
	    disk->rotational != disk->known_rotational)
		cst_ua_add_device(dev, NULL, CST_SENSE(INQUIRY_DATA_CHANGED));
	disk->known_nblocks = disk->nblocks;
	disk->known_lb_per_pb_exp = disk->lb_per_pb_exp;
	disk->known_opt_trans_len = disk->opt_trans_len;
	disk->known_unmap_granularity = granularity;
	disk->known_unmap_alignment = alignment;
	disk->known_unmap_zeroes = zeroes;
	WRITE_ONCE(disk->known_space_exponent, exponent);
	disk->known_erase = erase;
	disk->known_atomic_max = disk->atomic_max;
	disk->known_atomic_unit = disk->atomic_unit;
	disk->known_rotational = disk->rotational;
	/*
	 * With nv_cache, cst_disk_check_cache() lets a cache be enabled that initiators
	 * have not been told of.  They still do not know of it.
	 */
	WRITE_ONCE(disk->told_no_cache, cst_disk_no_cache(disk) ||
		   (disk->told_no_cache && disk->nv_cache));
	cst_space_check(disk);
}

/*
 * The backing has refused to unmap blocks (EOPNOTSUPP), although it seemed to be able to.
 * LBPME, and the pages B0h and B2h change; initiators are told.
 */
void cst_disk_stop_thin(struct cst_disk *disk)
{
	if (!READ_ONCE(disk->thin))
		return;
	pr_warn("%s: the backing cannot give space back after all; initiators are told that the disk is not thin\n",
		cst_device_name(&disk->dev));
	WRITE_ONCE(disk->thin, false);
	/* Enabling, which compares these, waits for the command that has called this. */
	WRITE_ONCE(disk->known_unmap_granularity, 0);
	WRITE_ONCE(disk->known_unmap_alignment, 0);
	WRITE_ONCE(disk->known_unmap_zeroes, false);
	cst_ua_add_device(&disk->dev, NULL, CST_SENSE(CAPACITY_DATA_CHANGED));
	cst_ua_add_device(&disk->dev, NULL, CST_SENSE(INQUIRY_DATA_CHANGED));
}

/* --- capacity --- */

static u64 cst_disk_capacity(const struct cst_device *dev)
{
	return cst_disk_nblocks(container_of(dev, struct cst_disk, dev));
}

int cst_disk_resize(struct cst_disk *disk, const char *attr, u64 nblocks)
{
	lockdep_assert_held(&disk->dev.obj.lock);

	if (nblocks == disk->nblocks)
		return 0;
	if (nblocks < disk->nblocks) {
		if (!disk->allow_shrink) {
			cst_config_error(&disk->dev.obj.group.cg_item, attr,
					 "would shrink the disk from %llu to %llu blocks, and initiators lose what lies behind; 1 in allow_shrink allows it once",
					 disk->nblocks, nblocks);
			return -EPERM;
		}
		WRITE_ONCE(disk->allow_shrink, false);
	}
	WRITE_ONCE(disk->nblocks, nblocks);
	disk->known_nblocks = nblocks;
	cst_ua_add_device(&disk->dev, NULL, CST_SENSE(CAPACITY_DATA_CHANGED));
	cst_space_check(disk);
	cst_device_changed(&disk->dev);
	cst_event_device(&disk->dev, CST_EVENT_RESIZED);
	return 0;
}
EXPORT_SYMBOL_GPL(cst_disk_resize);

static void cst_disk_itl_init(struct cst_itl *itl)
{
	itl->knows_cache = !READ_ONCE(to_cst_disk(itl->dev)->told_no_cache);
}

/* --- attributes --- */

static int cst_disk_set_resync_size(struct cst_object *obj,
				    union cst_attr_value val)
{
	struct cst_disk *disk = obj_to_disk(obj);
	u64 nblocks;
	int ret;

	if (!cst_device_is_open(&disk->dev)) {
		cst_config_error(&obj->group.cg_item, "resync_size",
				 "the backing is not open: opening it picks up the size");
		return -ENODEV;
	}
	ret = disk->dev.ops->block->resync_size(&disk->dev, &nblocks);
	return ret ?: cst_disk_resize(disk, "resync_size", nblocks);
}

static int cst_disk_set_opt_trans_len(struct cst_object *obj,
				      union cst_attr_value val)
{
	if (val.num % 4096) {
		cst_config_error(&obj->group.cg_item, "opt_trans_len",
				 "%llu is not a multiple of 4096", val.num);
		return -EINVAL;
	}
	return 0;
}

/* READ CAPACITY data changes, and so do the limits in VPD page B0h, counted in blocks. */
static void cst_disk_blocks_changed(struct cst_object *obj)
{
	cst_device_inquiry_changed(obj);
	cst_ua_add_device(&obj_to_disk(obj)->dev, NULL,
			  CST_SENSE(CAPACITY_DATA_CHANGED));
}

static ssize_t cst_disk_nblocks_print(struct cst_object *obj, char *page)
{
	struct cst_disk *disk = obj_to_disk(obj);

	return sysfs_emit(page, "%llu\n", cst_device_is_open(&disk->dev) ?
			  cst_disk_nblocks(disk) : 0);
}

static ssize_t cst_disk_erasure_print(struct cst_object *obj, char *page)
{
	return sysfs_emit(page, "%s\n", cst_erasure_name(obj_to_disk(obj)));
}

static ssize_t cst_disk_erasure_percent_print(struct cst_object *obj, char *page)
{
	return sysfs_emit(page, "%u\n", cst_erasure_percent(obj_to_disk(obj)));
}

/* By the exponent + 1, as cst_disk.lb_per_pb_set. */
static const char *const cst_disk_pb_names[] = {
	"auto", "0", "1", "2", "3", "4", "5", "6", "7", "8", NULL
};

static const char *const cst_disk_thin_names[] = {
	[CST_THIN_AUTO] = "auto", [CST_THIN_ON] = "on", [CST_THIN_OFF] = "off", NULL
};

/* By cst_disk.rotational_set. */
static const char *const cst_disk_rotational_names[] = { "auto", "0", "1", NULL };

static_assert(ARRAY_SIZE(cst_disk_pb_names) == CST_MAX_LB_PER_PB_EXP + 3);

CST_ATTR(cst_disk, blocksize, 0644, CST_FIELD(cst_disk, dev.obj, block_size),
	 .type = CST_ATTR_UINT, .when = CST_WHEN_DISABLED,
	 .flags = CST_ATTR_POWER_OF_TWO, .min = 512, .max = 4096, .dflt = 512,
	 .unit = "bytes",
	 .changed = cst_disk_blocks_changed,
	 .help = "Logical block size.");
CST_ATTR(cst_disk, lb_per_pb_exp, 0644,
	 CST_FIELD(cst_disk, dev.obj, lb_per_pb_set),
	 .type = CST_ATTR_ENUM, .when = CST_WHEN_DISABLED,
	 .names = cst_disk_pb_names,
	 .changed = cst_disk_blocks_changed,
	 .help = "A physical block has 2 to this power logical ones; auto = as the backing.");
CST_ATTR(cst_disk, opt_trans_len, 0644,
	 CST_FIELD(cst_disk, dev.obj, opt_trans_set),
	 .type = CST_ATTR_UINT, .when = CST_WHEN_DISABLED,
	 .max = CST_MAX_XFER_BYTES,
	 .unit = "bytes", .apply = cst_disk_set_opt_trans_len,
	 .changed = cst_device_inquiry_changed,
	 .help = "Optimal transfer length, a multiple of 4096 and of a physical block; 0 = as the backing.");
CST_ATTR(cst_disk, write_through, 0644,
	 CST_FIELD(cst_disk, dev.obj, write_through),
	 .type = CST_ATTR_BOOL, .when = CST_WHEN_DISABLED,
	 .changed = cst_device_mode_changed,
	 .help = "No write cache: a finished write is on stable storage.");
CST_ATTR(cst_disk, nv_cache, 0644, CST_FIELD(cst_disk, dev.obj, nv_cache),
	 .type = CST_ATTR_BOOL, .when = CST_WHEN_DISABLED,
	 .changed = cst_device_inquiry_changed,
	 .help = "The cache survives a power cut: flushes and FUA do nothing.");
CST_ATTR(cst_disk, rotational, 0644,
	 CST_FIELD(cst_disk, dev.obj, rotational_set),
	 .type = CST_ATTR_ENUM, .when = CST_WHEN_DISABLED,
	 .names = cst_disk_rotational_names,
	 .changed = cst_device_inquiry_changed,
	 .help = "The medium is called rotating; auto = as the block device, a file is not.");
CST_ATTR(cst_disk, thin_provisioned, 0644,
	 CST_FIELD(cst_disk, dev.obj, thin_set),
	 .type = CST_ATTR_ENUM, .when = CST_WHEN_DISABLED,
	 .names = cst_disk_thin_names,
	 .help = "Initiators may give back the space of blocks; auto = if the backing can.");
CST_ATTR(cst_disk, nblocks, 0444,
	 .type = CST_ATTR_UINT, .show = cst_disk_nblocks_print,
	 .unit = "blocks", .help = "Capacity while the backing is open, else 0.");
CST_ATTR(cst_disk, erasure, 0444,
	 .type = CST_ATTR_STRING, .show = cst_disk_erasure_print,
	 .help = "What FORMAT UNIT or SANITIZE does, or has left behind; read when the backing is opened.");
CST_ATTR(cst_disk, erasure_percent, 0444,
	 .type = CST_ATTR_UINT, .show = cst_disk_erasure_percent_print,
	 .unit = "%", .help = "How much of formatting or sanitizing is done.");
CST_ATTR(cst_disk, allow_shrink, 0644,
	 CST_FIELD(cst_disk, dev.obj, allow_shrink), .type = CST_ATTR_BOOL,
	 .help = "Lets the next resize make it smaller; cleared by that, and by enabling.");

static const struct cst_attr *const cst_disk_attrs[] = {
	&cst_disk_attr_blocksize,
	&cst_disk_attr_lb_per_pb_exp,
	&cst_disk_attr_opt_trans_len,
	&cst_disk_attr_write_through,
	&cst_disk_attr_nv_cache,
	&cst_disk_attr_rotational,
	&cst_disk_attr_thin_provisioned,
	&cst_disk_attr_nblocks,
	&cst_disk_attr_erasure,
	&cst_disk_attr_erasure_percent,
	&cst_disk_attr_allow_shrink,
	NULL
};

CST_ATTR(cst_disk, resync_size, 0200,
	 .type = CST_ATTR_UINT, .min = 1, .max = 1,
	 .apply = cst_disk_set_resync_size,
	 .help = "Picks up a new size of the backing.");

static const struct cst_attr *const cst_disk_resync_attrs[] = {
	&cst_disk_attr_resync_size,
	NULL
};

static int cst_disk_set_threshold(struct cst_object *obj, union cst_attr_value val)
{
	/* If the new threshold has been reached, initiators are told of it. */
	WRITE_ONCE(obj_to_disk(obj)->space_low, false);
	return 0;
}

CST_ATTR(cst_disk, threshold_percent, 0644,
	 CST_FIELD(cst_disk, dev.obj, threshold_percent),
	 .type = CST_ATTR_UINT, .max = 99, .unit = "%",
	 .apply = cst_disk_set_threshold, .changed = cst_device_mode_changed,
	 .help = "Initiators of a thin disk are told when less of the file system is left; 0 = never.");
CST_ATTR(cst_disk, threshold_bytes, 0644,
	 CST_FIELD(cst_disk, dev.obj, threshold_bytes),
	 .type = CST_ATTR_UINT, .max = S64_MAX, .unit = "bytes",
	 .apply = cst_disk_set_threshold, .changed = cst_device_mode_changed,
	 .help = "The same in bytes, in whole MiB rounded up; the larger one of the two holds.");

/* A handler that knows the space left also knows the size. */
static const struct cst_attr *const cst_disk_space_attrs[] = {
	&cst_disk_attr_resync_size,
	&cst_disk_attr_threshold_percent,
	&cst_disk_attr_threshold_bytes,
	NULL
};

static const struct cst_attr *const *
cst_disk_optional_attrs(const struct cst_handler_ops *ops)
{
	if (ops->block->tells_space)
		return cst_disk_space_attrs;
	return ops->block->resync_size ? cst_disk_resync_attrs : NULL;
}

/* --- the type --- */

/* 86h */
static void cst_disk_extended_inquiry(const struct cst_cmd *cmd, u8 *page)
{
	page[6] = to_cst_disk(cmd->dev)->nv_cache ? 0x02 : 0x01;	/* NV_SUP or V_SUP */
}

/* Version descriptors without a particular revision, SPC-4 table 142 */
static const u16 cst_disk_versions[] = { 0x04c0 /* SBC-3 */, 0 };

static const struct cst_op *const cst_disk_ops[] = {
	cst_spc_buffer_ops,
	cst_spc_diagnostic_ops,
	cst_spc_identify_ops,
	cst_spc_inquiry_ops,
	cst_spc_log_ops,
	cst_spc_luns_ops,
	cst_spc_mode_ops,
	cst_spc_opcodes_ops,
	cst_spc_prevent_allow_ops,
	cst_spc_request_sense_ops,
	cst_spc_timestamp_ops,
	cst_spc_tmfs_ops,
	cst_spc_unit_ops,
	cst_pr_in_ops,
	cst_pr_out_ops,
	cst_pr_reserve_ops,
	cst_copy_limits_ops,
	cst_copy_ops,
	cst_copy_status_ops,
	cst_sbc_cache_ops,
	cst_sbc_capacity_ops,
	cst_sbc_compare_write_ops,
	cst_sbc_defects_ops,
	cst_sbc_format_ops,
	cst_sbc_orwrite_ops,
	cst_sbc_prefetch_ops,
	cst_sbc_lba_status_ops,
	cst_sbc_rw_ops,
	cst_sbc_sanitize_ops,
	cst_sbc_start_stop_ops,
	cst_sbc_unmap_ops,
	cst_sbc_verify_ops,
	cst_sbc_write_atomic_ops,
	cst_sbc_write_same_ops,
	cst_sbc_write_verify_ops,
	NULL
};

static const struct cst_vpd_page *const cst_disk_vpd[] = {
	cst_spc_vpd_list_pages,
	cst_spc_vpd_id_pages,
	cst_spc_vpd_mode_pages,
	cst_spc_vpd_pages,
	cst_spc_vpd_ports_pages,
	cst_copy_vpd_pages,
	cst_sbc_vpd_pages,
	NULL
};

static const struct cst_log_page *const cst_disk_log[] = {
	cst_sbc_log_pages,
	cst_spc_log_pages,
	NULL
};

static struct cst_type_index cst_disk_index;

const struct cst_dev_type cst_disk_type = {
	.name			= "disk",
	.peripheral		= TYPE_DISK,
	.unknown_op		= CST_SENSE(INVALID_COMMAND_OPERATION_CODE),
	.versions		= cst_disk_versions,
	.ops			= cst_disk_ops,
	.vpd			= cst_disk_vpd,
	.log_pages		= cst_disk_log,
	.mode_pages		= cst_sbc_mode_pages,
	.mode_specific		= CST_MODE_DPOFUA,
	.mode_block		= cst_sbc_mode_block,
	.mode_block_bad		= cst_sbc_mode_block_bad,
	.settle			= cst_sbc_flush_then,
	.probe			= cst_sbc_probe,
	.extended_inquiry	= cst_disk_extended_inquiry,
	.attrs			= cst_disk_attrs,
	.optional_attrs		= cst_disk_optional_attrs,
	.init			= cst_disk_init,
	.itl_init		= cst_disk_itl_init,
	.itl_exit		= cst_copy_itl_exit,
	.enable			= cst_disk_enable,
	.enabled		= cst_disk_enabled,
	.opened			= cst_erasure_opened,
	.closed			= cst_erasure_closed,
	.unfit			= cst_erasure_unfit,
	.capacity		= cst_disk_capacity,
	.index			= &cst_disk_index,
};
EXPORT_SYMBOL_GPL(cst_disk_type);
