/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The store: what must survive a restart of the target, in /var/lib/cst/<kind>/<name>.
 *
 * A record is a file of its own.  @kind says what it is: "mode", for example.  @name says
 * whose it is: an identifier that stays, such as the T10 identifier of a device.  The
 * contents are the caller's; they are bytes in an order that does not depend on the machine.
 * @version is the caller's, too: a record of a newer version is not read.
 *
 * Two calls for the same record must not run at the same time; a device's obj.lock serves.
 */
#ifndef _CST_STORE_H
#define _CST_STORE_H

#include <linux/types.h>

#define CST_STORE_MAX		(8U << 20)	/* bytes of a record */
#define CST_STORE_HEADER	24		/* bytes before them in the file */
#define CST_STORE_NAME		200		/* bytes of a file name, with its NUL */

/**
 * cst_store_save() - make a record durable
 * @kind: a word of lower-case letters
 * @name: printable, not empty
 * @version: version of the contents
 * @data: contents
 * @len: bytes of @data, at most CST_STORE_MAX
 *
 * When this answers 0, a power cut does not take the record away.  When it fails, the record
 * is still the old one.  The log says why it failed.
 *
 * Context: process.  Waits for the file system of /var/lib, so a command calls this from
 * cst_cmd_continue_slowly() only.  Return: 0 or a negative errno.
 */
int cst_store_save(const char *kind, const char *name, u16 version, const void *data,
		   u32 len);

/**
 * cst_store_load() - read a record
 * @kind: as in cst_store_save()
 * @name: as in cst_store_save()
 * @version: newest version that the caller knows
 * @data: filled in; undefined after a failure
 * @size: bytes of @data
 *
 * A record that is damaged, newer, or larger than @size is renamed to <name>.bad, and the log
 * says so.  It then does not exist any more.
 *
 * Context: process; waits for the file system of /var/lib.  Return: bytes of the record;
 * -ENOENT: there is none; -EBADMSG: there was one that cannot be used; another errno: it could
 * not be read, and is still there.
 */
int cst_store_load(const char *kind, const char *name, u16 version, void *data, u32 size);

/**
 * cst_store_load_any() - read a record whose size is not known
 * @kind: as in cst_store_save()
 * @name: as in cst_store_save()
 * @version: as in cst_store_load()
 * @data: set to the contents, which the caller frees by kvfree(); NULL after a failure
 * @max: most bytes that a record may have
 *
 * Context and return value: as of cst_store_load(); also -ENOMEM.
 */
int cst_store_load_any(const char *kind, const char *name, u16 version, void **data, u32 max);

/**
 * cst_store_refuse() - set a record aside whose contents make no sense
 * @kind: as in cst_store_save()
 * @name: as in cst_store_save()
 *
 * As for a record that is damaged.  Context: as of cst_store_load().
 */
void cst_store_refuse(const char *kind, const char *name);

/* store_record.c, pure: the format of a record */

/*
 * Make a file name of @name: letters, digits, '-' and '_' stay, and any other byte, also a
 * dot, becomes %XX.  So no name is that of another folder, or one of the store's own suffixes.
 * Return: 0, or -ENAMETOOLONG.
 */
int cst_record_name(char file[CST_STORE_NAME], const char *name);
/* Write the header of a record: CST_STORE_HEADER bytes. */
void cst_record_pack(u8 *header, u16 version, const void *data, u32 len);
/*
 * Check a header.  @bytes: size of the file.  Return: number of bytes that follow, or a
 * negative errno: -EBADMSG, or -EPROTONOSUPPORT when the record is newer than @version.
 */
int cst_record_unpack(const u8 *header, u64 bytes, u16 version);
/* Are the contents those that the header, already checked, was written for? */
bool cst_record_is_whole(const u8 *header, const void *data, u32 len);

#endif /* _CST_STORE_H */
