/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Interface between core and device handlers.  A handler of disks also includes disk.h.
 */
#ifndef _CST_HANDLER_H
#define _CST_HANDLER_H

#include <linux/module.h>
#include <linux/types.h>

#include <cst/attr.h>
#include <cst/command.h>
#include <cst/dev_type.h>
#include <cst/io.h>

struct cst_device;

/**
 * struct cst_handler_ops - a device handler
 * @owner: THIS_MODULE
 * @name: directory under handlers/
 * @type: device type of its devices
 * @prod_id: default of the attribute prod_id, at most 16 bytes
 * @may_block: submit or execute may wait for the backing in a worker.  Each device gets
 *	workers of its own while it is enabled.  Without this flag neither function ever
 *	waits for I/O
 * @dev_size: bytes of the handler's device structure, which begins with the type's
 *	(struct cst_disk) and so with struct cst_device.  Core allocates it zeroed.
 * @attrs: the handler's own attributes (NULL terminated); their fields are
 *	given with CST_FIELD(my_device, disk.dev.obj, field)
 * @init: optional; sets up whatever a new device, whose attributes have their defaults,
 *	also needs while it is disabled.  Process context, may sleep.  Answers 0 or an
 *	errno; after an errno it has left nothing behind, and the device is not made.
 * @destroy: optional; undoes init when the device is about to be freed.  Called only after
 *	init has succeeded, or when there is no init.  Process context, may sleep.
 * @enable: opens the backing, and sets what the type needs to know of it.  Process
 *	context, may sleep, dev->obj.lock held.  Answers 0, or an errno with
 *	cst_config_error() said.
 * @disable: closes the backing.  No I/O and no command is under way.  Process context, may
 *	sleep, dev->obj.lock held.
 * @block: for a type that emulates commands on top of blocks (struct cst_disk)
 * @commands: for a type that leaves commands to its handler (cst_dev_type.any)
 */
struct cst_handler_ops {
	struct module			*owner;
	const char			*name;
	const struct cst_dev_type	*type;
	const char			*prod_id;
	bool				may_block;
	size_t				dev_size;
	const struct cst_attr *const	*attrs;
	int (*init)(struct cst_device *dev);
	void (*destroy)(struct cst_device *dev);
	int (*enable)(struct cst_device *dev);
	void (*disable)(struct cst_device *dev);
	const struct cst_block_ops	*block;
	const struct cst_command_ops	*commands;
};

/**
 * cst_handler_register() - make a handler known and show handlers/<name>
 * @ops: static
 *
 * Context: module init, may sleep.  Return: 0 or errno; -EINVAL when the type leaves
 * commands to the handler and @ops has none.
 */
int cst_handler_register(const struct cst_handler_ops *ops);

/**
 * cst_handler_unregister() - take handlers/<name> away
 * @ops: as registered; no device of the handler exists (each pins the handler's module)
 */
void cst_handler_unregister(const struct cst_handler_ops *ops);

#endif /* _CST_HANDLER_H */
