// SPDX-License-Identifier: GPL-2.0-only
/*
 * The store: reading and writing records below /var/lib/cst.
 *
 * A record is written to <name>.new, which is made durable and renamed to <name>; then the
 * folder is made durable.  So <name> is always the whole old record or the whole new one.  A
 * <name>.new that a power cut or a full disk has left is written over by the next save.  A
 * record that cannot be used is renamed to <name>.bad, where the administrator can look at
 * it.
 *
 * /var/lib/cst is what init sees there.  Saves come from workers, which see the same.  A load
 * may come from whoever enables a device, in a container or with another root for example, so
 * a worker reads the record for it.
 *
 * The state of devices (mode pages, for example) is saved and loaded by calls to this file.
 * It has no lock: store.h says who keeps two calls apart.
 */
#include <linux/err.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/kernel.h>
#include <linux/namei.h>
#include <linux/printk.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/workqueue.h>

#include "core.h"
#include "store.h"

#define CST_STORE_ROOT	"/var/lib/cst"
#define CST_STORE_PATH	(sizeof(CST_STORE_ROOT) + 32 + CST_STORE_NAME + 4)

/* A path is too long for the stack of a worker. */
struct cst_store_names {
	char	folder[sizeof(CST_STORE_ROOT) + 32];
	char	file[CST_STORE_NAME];
	char	fresh[CST_STORE_NAME + 4];	/* .new */
	char	bad[CST_STORE_NAME + 4];	/* .bad */
	char	path[CST_STORE_PATH];		/* of fresh or file */
	u8	header[CST_STORE_HEADER];
};

static struct cst_store_names *cst_store_names(const char *kind, const char *name)
{
	struct cst_store_names *n = kmalloc(sizeof(*n), GFP_KERNEL);
	int ret;

	if (!n)
		return ERR_PTR(-ENOMEM);
	ret = cst_record_name(n->file, name);
	if (ret) {
		kfree(n);
		return ERR_PTR(ret);
	}
	snprintf(n->folder, sizeof(n->folder), CST_STORE_ROOT "/%s", kind);
	snprintf(n->fresh, sizeof(n->fresh), "%s.new", n->file);
	snprintf(n->bad, sizeof(n->bad), "%s.bad", n->file);
	return n;
}

static const char *cst_store_path(struct cst_store_names *n, const char *file)
{
	snprintf(n->path, sizeof(n->path), "%s/%s", n->folder, file);
	return n->path;
}

static struct file *cst_store_open_folder(const struct cst_store_names *n)
{
	struct file *folder = filp_open(n->folder, O_RDONLY | O_DIRECTORY, 0);
	int ret;

	if (folder != ERR_PTR(-ENOENT))
		return folder;
	ret = cst_make_folder(CST_STORE_ROOT, 0755);
	if (!ret)
		ret = cst_make_folder(n->folder, 0700);
	return ret ? ERR_PTR(ret) : filp_open(n->folder, O_RDONLY | O_DIRECTORY, 0);
}

static int cst_store_write_all(struct file *file, const void *data, u32 len, loff_t *pos)
{
	ssize_t n;

	for (; len; data += n, len -= n) {
		n = kernel_write(file, data, len, pos);
		if (n <= 0)
			return n ?: -EIO;
	}
	return 0;
}

/* Write <name>.new and make it durable. */
static int cst_store_write(struct cst_store_names *n, const void *data, u32 len)
{
	struct file *file = filp_open(cst_store_path(n, n->fresh),
				      O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_LARGEFILE,
				      0600);
	loff_t pos = 0;
	int ret;

	if (IS_ERR(file))
		return PTR_ERR(file);
	ret = cst_store_write_all(file, n->header, sizeof(n->header), &pos);
	if (!ret)
		ret = cst_store_write_all(file, data, len, &pos);
	if (!ret)
		ret = vfs_fsync(file, 0);
	fput(file);
	return ret;
}

int cst_store_save(const char *kind, const char *name, u16 version, const void *data,
		   u32 len)
{
	struct cst_store_names *n;
	struct file *folder;
	int ret;

	if (len > CST_STORE_MAX)
		return -EFBIG;
	n = cst_store_names(kind, name);
	if (IS_ERR(n))
		return PTR_ERR(n);
	cst_record_pack(n->header, version, data, len);
	folder = cst_store_open_folder(n);
	ret = PTR_ERR_OR_ZERO(folder);
	if (ret)
		goto say;
	ret = cst_store_write(n, data, len);
	if (!ret)
		ret = cst_rename_in(&folder->f_path, n->fresh, n->file);
	if (!ret)
		ret = vfs_fsync(folder, 0);
	fput(folder);
say:
	if (ret)
		pr_err_ratelimited("cst: %s/%s cannot be saved: %pe\n", n->folder, n->file,
				   ERR_PTR(ret));
	kfree(n);
	return ret;
}

static int cst_store_read_all(struct file *file, void *data, u32 len, loff_t *pos)
{
	ssize_t n;

	for (; len; data += n, len -= n) {
		n = kernel_read(file, data, len, pos);
		if (n <= 0)
			return n ?: -EBADMSG;	/* shorter than its size */
	}
	return 0;
}

/*
 * Read the contents to *data, which has room for @size bytes, or, when *data is NULL, is
 * allocated.
 */
static int cst_store_read(struct cst_store_names *n, struct file *file, u16 version,
			  void **data, u32 size)
{
	loff_t pos = 0, bytes = i_size_read(file_inode(file));
	int len, ret;

	if (!S_ISREG(file_inode(file)->i_mode) || bytes < CST_STORE_HEADER)
		return -EBADMSG;
	ret = cst_store_read_all(file, n->header, sizeof(n->header), &pos);
	if (ret)
		return ret;
	len = cst_record_unpack(n->header, bytes, version);
	if (len < 0)
		return len;
	if (len > size)
		return -EBADMSG;
	if (!*data)
		*data = kvmalloc(max(len, 1), GFP_KERNEL);
	if (!*data)
		return -ENOMEM;
	ret = cst_store_read_all(file, *data, len, &pos);
	if (ret)
		return ret;
	return cst_record_is_whole(n->header, *data, len) ? len : -EBADMSG;
}

/* Keep a record that cannot be used, under another name. */
static int cst_store_set_aside(const struct cst_store_names *n, int error)
{
	struct file *folder = filp_open(n->folder, O_RDONLY | O_DIRECTORY, 0);
	int ret = PTR_ERR_OR_ZERO(folder);

	if (!ret) {
		ret = cst_rename_in(&folder->f_path, n->file, n->bad);
		fput(folder);
	}
	pr_err_ratelimited("cst: %s/%s is %s and is not used; it is kept as %s\n",
			   n->folder, n->file,
			   error == -EPROTONOSUPPORT ? "of a newer version" : "damaged",
			   ret ? n->file : n->bad);
	return ret ?: -EBADMSG;
}

/* A call of store.h that a worker executes. */
struct cst_store_call {
	struct work_struct	work;
	int (*fn)(struct cst_store_call *call);
	const char		*kind;
	const char		*name;
	u16			version;
	void			*data;		/* NULL: cst_store_read() allocates it */
	u32			size;
	int			ret;
};

static void cst_store_call_work(struct work_struct *work)
{
	struct cst_store_call *call = container_of(work, struct cst_store_call, work);

	call->ret = call->fn(call);
}

static int cst_store_run(struct cst_store_call *call)
{
	if (current->flags & PF_KTHREAD)
		return call->fn(call);
	INIT_WORK_ONSTACK(&call->work, cst_store_call_work);
	queue_work(cst_linger_wq, &call->work);
	flush_work(&call->work);
	destroy_work_on_stack(&call->work);
	return call->ret;
}

static int cst_store_get(struct cst_store_call *call)
{
	struct cst_store_names *n = cst_store_names(call->kind, call->name);
	struct file *file;
	int ret;

	if (IS_ERR(n))
		return PTR_ERR(n);
	/* O_NONBLOCK: to open a FIFO must not block. */
	file = filp_open(cst_store_path(n, n->file),
			 O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_LARGEFILE, 0);
	ret = PTR_ERR_OR_ZERO(file);
	if (!ret) {
		ret = cst_store_read(n, file, call->version, &call->data, call->size);
		fput(file);
	}
	if (ret == -EBADMSG || ret == -EPROTONOSUPPORT)
		ret = cst_store_set_aside(n, ret);
	else if (ret < 0 && ret != -ENOENT)
		pr_err_ratelimited("cst: %s/%s cannot be read: %pe\n", n->folder, n->file,
				   ERR_PTR(ret));
	kfree(n);
	return ret;
}

int cst_store_load(const char *kind, const char *name, u16 version, void *data, u32 size)
{
	struct cst_store_call call = {
		.fn = cst_store_get, .kind = kind, .name = name, .version = version,
		.data = data, .size = size,
	};

	return cst_store_run(&call);
}

int cst_store_load_any(const char *kind, const char *name, u16 version, void **data, u32 max)
{
	struct cst_store_call call = {
		.fn = cst_store_get, .kind = kind, .name = name, .version = version,
		.size = max,
	};
	int ret = cst_store_run(&call);

	if (ret < 0) {
		kvfree(call.data);
		call.data = NULL;
	}
	*data = call.data;
	return ret;
}

static int cst_store_refuse_here(struct cst_store_call *call)
{
	struct cst_store_names *n = cst_store_names(call->kind, call->name);

	if (IS_ERR(n))
		return PTR_ERR(n);
	cst_store_set_aside(n, -EBADMSG);
	kfree(n);
	return 0;
}

void cst_store_refuse(const char *kind, const char *name)
{
	struct cst_store_call call = {
		.fn = cst_store_refuse_here, .kind = kind, .name = name,
	};

	cst_store_run(&call);
}
