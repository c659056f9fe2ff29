// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_echo: a processor device (SPC-2 9) that keeps the last message sent to it and
 * gives it back.  It is the example of a handler that parses, executes and aborts
 * commands itself and has a device type of its own.  For a handler that reads and
 * writes blocks, copy nullio.c instead.  Vendor specific commands do what tests need to
 * see.
 *
 * Core calls in through echo_ops.  The type lists tables of core for INQUIRY, REPORT LUNS
 * and the like; core executes these.
 *
 * echo_dev.lock protects the message and the list of commands that wait.  echo_abort()
 * takes it with locks of core held, so it must not be held around cst_cmd_answer().
 */
#include <linux/dma-direction.h>
#include <linux/irq_work.h>
#include <linux/jiffies.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/uio.h>
#include <linux/unaligned.h>
#include <scsi/scsi_proto.h>

#include <cst/device.h>
#include <cst/handler.h>
#include <cst/spc.h>

#define ECHO_SIZE	4096	/* bytes of the longest message */

/* Operation codes; bytes 2 to 4 are the length of the data. */
#define ECHO_RECEIVE	0x08	/* data-in: the message */
#define ECHO_SEND	0x0a	/* data-out: the message */
#define ECHO_CDB	0x7f	/* data-in: the CDB itself, of 32 bytes */
#define ECHO_STATUS	0xc0	/* answers status byte 1; if byte 2 is 1, by cst_cmd_answer() */
#define ECHO_SENSE	0xc1	/* byte 1: bytes of sense; data-in: zeroes */
#define ECHO_SHORT	0xc2	/* byte 1: bytes that are missing; data-in: zeroes */
#define ECHO_LATER	0xc3	/* byte 1: hundredths of a second; answers in hard interrupt */
#define ECHO_NEVER	0xc4	/* answers when it has been aborted */
#define ECHO_BLOCK	0xc5	/* waits for a lock */

/**
 * struct echo_dev - a test_echo device
 * @dev: what core knows of it; first
 * @lock: protects @len, @text, @waiting
 * @len: bytes of the message
 * @text: the message, with room for ECHO_SIZE bytes
 * @waiting: commands that wait, by struct echo_cmd.node
 * @tick: starts @irq, as long as a command waits for its time
 * @irq: answers commands whose time has come, and those that have been aborted
 * @slow: a lock that ECHO_BLOCK waits for
 */
struct echo_dev {
	struct cst_device	dev;
	spinlock_t		lock;		/* len, text, waiting */
	u32			len;
	u8			*text;
	struct list_head	waiting;
	struct delayed_work	tick;
	struct irq_work		irq;
	struct mutex		slow;		/* protects nothing */
};

/* State of a command that waits, in cst_cmd_priv(). */
struct echo_cmd {
	struct list_head	node;
	struct cst_cmd		*cmd;
	unsigned long		due;		/* jiffies */
	bool			never;		/* @due does not apply */
	bool			aborted;
};

static_assert(sizeof(struct echo_cmd) <= CST_CMD_PRIV_SIZE);

static inline struct echo_dev *to_echo_dev(struct cst_device *dev)
{
	return container_of(dev, struct echo_dev, dev);
}

/* --- parsing: direction and length of the data, and fields that are invalid --- */

static cst_sense_t echo_invalid(struct cst_cmd *cmd, u16 byte)
{
	cmd->detail.field = byte;
	cmd->detail.field_valid = true;
	cmd->detail.field_in_cdb = true;
	return CST_SENSE(INVALID_FIELD_IN_CDB);
}

/*
 * Core has checked that the CDB is as long as its operation code says, and checks
 * cdb_xfer_len afterwards.
 */
static cst_sense_t echo_parse(struct cst_cmd *cmd)
{
	const u8 *cdb = cmd->cdb;

	switch (cdb[0]) {
	case ECHO_SEND:
		cmd->dir = DMA_TO_DEVICE;
		cmd->cdb_xfer_len = get_unaligned_be24(cdb + 2);
		return cmd->cdb_xfer_len > ECHO_SIZE ? echo_invalid(cmd, 2) : CST_OK;
	case ECHO_SENSE:
		if (!cdb[1] || cdb[1] > CST_SENSE_MAX)
			return echo_invalid(cmd, 1);
		fallthrough;
	case ECHO_RECEIVE:
	case ECHO_SHORT:
		cmd->dir = DMA_FROM_DEVICE;
		cmd->cdb_xfer_len = get_unaligned_be24(cdb + 2);
		return CST_OK;
	case ECHO_CDB:
		cmd->dir = DMA_FROM_DEVICE;
		cmd->cdb_xfer_len = 8 + cdb[7];
		return cdb[7] == 24 ? CST_OK : echo_invalid(cmd, 7);
	case ECHO_STATUS:
	case ECHO_LATER:
	case ECHO_NEVER:
	case ECHO_BLOCK:
		return CST_OK;
	default:
		echo_invalid(cmd, 0);
		return CST_SENSE(INVALID_COMMAND_OPERATION_CODE);
	}
}

/* --- execution --- */

/* Answer GOOD for @moved bytes of data.  CST_OK would say that all bytes have moved. */
static cst_sense_t echo_moved(struct cst_cmd *cmd, u32 moved)
{
	const struct cst_answer answer = { .status = SAM_STAT_GOOD, .moved = moved };

	cst_cmd_answer(cmd, &answer);
	return CST_PENDING;
}

static cst_sense_t echo_send(struct echo_dev *echo, struct cst_cmd *cmd)
{
	struct iov_iter iter;
	unsigned long flags;

	iov_iter_bvec(&iter, ITER_SOURCE, cmd->bvec, cmd->nr_bvec, cmd->data_len);
	spin_lock_irqsave(&echo->lock, flags);
	echo->len = copy_from_iter(echo->text, cmd->data_len, &iter);
	spin_unlock_irqrestore(&echo->lock, flags);
	return CST_OK;
}

static cst_sense_t echo_receive(struct echo_dev *echo, struct cst_cmd *cmd)
{
	struct iov_iter iter;
	unsigned long flags;
	u32 moved;

	iov_iter_bvec(&iter, ITER_DEST, cmd->bvec, cmd->nr_bvec, cmd->data_len);
	spin_lock_irqsave(&echo->lock, flags);
	moved = copy_to_iter(echo->text, min(echo->len, cmd->data_len), &iter);
	spin_unlock_irqrestore(&echo->lock, flags);
	return echo_moved(cmd, moved);
}

/*
 * Fill data-in with zeroes.  The buffer still has data of an earlier command, which must
 * not be sent.
 */
static u32 echo_zero(struct cst_cmd *cmd, u32 len)
{
	struct iov_iter iter;

	iov_iter_bvec(&iter, ITER_DEST, cmd->bvec, cmd->nr_bvec, cmd->data_len);
	return iov_iter_zero(len, &iter);
}

static cst_sense_t echo_cdb(struct cst_cmd *cmd)
{
	struct iov_iter iter;

	iov_iter_bvec(&iter, ITER_DEST, cmd->bvec, cmd->nr_bvec, cmd->data_len);
	return echo_moved(cmd, copy_to_iter(cmd->cdb, cmd->data_len, &iter));
}

static cst_sense_t echo_status(struct cst_cmd *cmd)
{
	static const struct {
		u8		status;
		cst_sense_t	reason;
	} known[] = {
		{ SAM_STAT_GOOD, CST_OK },
		{ SAM_STAT_CONDITION_MET, CST_CONDITION_MET },
		{ SAM_STAT_BUSY, CST_BUSY },
		{ SAM_STAT_RESERVATION_CONFLICT, CST_RESERVATION_CONFLICT },
		{ SAM_STAT_TASK_SET_FULL, CST_TASK_SET_FULL },
		{ SAM_STAT_ACA_ACTIVE, CST_ACA_ACTIVE },
		{ SAM_STAT_TASK_ABORTED, CST_SENSE(COMMAND_ABORTED) },
	};
	struct cst_answer answer = { .status = cmd->cdb[1] };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(known); i++) {
		if (known[i].status != answer.status)
			continue;
		if (!cmd->cdb[2])
			return known[i].reason;
		cst_cmd_answer(cmd, &answer);
		return CST_PENDING;
	}
	return echo_invalid(cmd, 1);
}

/* INVALID FIELD IN CDB in descriptor format, with a vendor specific descriptor */
static cst_sense_t echo_sense(struct cst_cmd *cmd)
{
	u8 sense[CST_SENSE_MAX] = { 0x72, 0x05, 0x24, 0x00 };
	unsigned int i, len = cmd->cdb[1];
	struct cst_answer answer = {
		.status		= SAM_STAT_CHECK_CONDITION,
		.sense		= sense,
		.sense_len	= len,
		.moved		= echo_zero(cmd, cmd->data_len),
	};

	if (len >= 10) {
		sense[7] = len - 8;
		sense[8] = 0x80;
		sense[9] = len - 10;
	}
	for (i = 10; i < len; i++)
		sense[i] = i;
	cst_cmd_answer(cmd, &answer);
	return CST_PENDING;
}

/*
 * Once the command is on the list, echo_irq() may answer it at any time.  Even then core
 * keeps it valid until execute has returned.
 */
static cst_sense_t echo_wait(struct echo_dev *echo, struct cst_cmd *cmd)
{
	struct echo_cmd *ec = cst_cmd_priv(cmd);
	unsigned long flags;

	*ec = (struct echo_cmd){
		.cmd	= cmd,
		.never	= cmd->cdb[0] == ECHO_NEVER,
		.due	= jiffies + cmd->cdb[1] * HZ / 100,
	};
	spin_lock_irqsave(&echo->lock, flags);
	list_add_tail(&ec->node, &echo->waiting);
	if (!ec->never)
		schedule_delayed_work(&echo->tick, 1);
	spin_unlock_irqrestore(&echo->lock, flags);
	return CST_PENDING;
}

/* After CST_WOULD_BLOCK core calls again in a worker of the device, which may wait. */
static cst_sense_t echo_block(struct echo_dev *echo, struct cst_cmd *cmd)
{
	if (!cst_cmd_may_sleep(cmd))
		return CST_WOULD_BLOCK;
	mutex_lock(&echo->slow);
	mutex_unlock(&echo->slow);
	return CST_OK;
}

static cst_sense_t echo_execute(struct cst_cmd *cmd)
{
	struct echo_dev *echo = to_echo_dev(cmd->dev);

	switch (cmd->cdb[0]) {
	case ECHO_SEND:
		return echo_send(echo, cmd);
	case ECHO_RECEIVE:
		return echo_receive(echo, cmd);
	case ECHO_CDB:
		return echo_cdb(cmd);
	case ECHO_STATUS:
		return echo_status(cmd);
	case ECHO_SENSE:
		return echo_sense(cmd);
	case ECHO_SHORT:
		return echo_moved(cmd, echo_zero(cmd, cmd->data_len -
						 min_t(u32, cmd->cdb[1], cmd->data_len)));
	case ECHO_BLOCK:
		return echo_block(echo, cmd);
	default:
		return echo_wait(echo, cmd);
	}
}

/* --- what ends later --- */

/* Hard interrupt.  A command is not touched after its cst_cmd_answer(). */
static void echo_irq(struct irq_work *work)
{
	struct echo_dev *echo = container_of(work, struct echo_dev, irq);
	struct cst_answer answer = {};
	struct echo_cmd *ec, *next;
	unsigned long flags;
	LIST_HEAD(ended);

	WARN_ON_ONCE(!hardirq_count());
	spin_lock_irqsave(&echo->lock, flags);
	list_for_each_entry_safe(ec, next, &echo->waiting, node) {
		if (ec->aborted || (!ec->never && time_after_eq(jiffies, ec->due)))
			list_move_tail(&ec->node, &ended);
		else if (!ec->never)
			schedule_delayed_work(&echo->tick, 1);
	}
	spin_unlock_irqrestore(&echo->lock, flags);

	list_for_each_entry_safe(ec, next, &ended, node) {
		answer.status = ec->aborted ? SAM_STAT_TASK_ABORTED : SAM_STAT_GOOD;
		cst_cmd_answer(ec->cmd, &answer);
	}
}

static void echo_tick(struct work_struct *work)
{
	irq_work_queue(&container_of(to_delayed_work(work), struct echo_dev, tick)->irq);
}

/* Core calls this only for a command that has answered CST_PENDING, so it waits. */
static void echo_abort(struct cst_cmd *cmd)
{
	struct echo_dev *echo = to_echo_dev(cmd->dev);
	struct echo_cmd *ec = cst_cmd_priv(cmd);
	unsigned long flags;

	spin_lock_irqsave(&echo->lock, flags);
	ec->aborted = true;
	spin_unlock_irqrestore(&echo->lock, flags);
	irq_work_queue(&echo->irq);
}

/* --- life --- */

static int echo_init_dev(struct cst_device *dev)
{
	struct echo_dev *echo = to_echo_dev(dev);

	echo->text = kmalloc(ECHO_SIZE, GFP_KERNEL);
	if (!echo->text)
		return -ENOMEM;
	spin_lock_init(&echo->lock);
	INIT_LIST_HEAD(&echo->waiting);
	INIT_DELAYED_WORK(&echo->tick, echo_tick);
	init_irq_work(&echo->irq, echo_irq);
	mutex_init(&echo->slow);
	return 0;
}

static void echo_destroy(struct cst_device *dev)
{
	kfree(to_echo_dev(dev)->text);
}

static int echo_enable(struct cst_device *dev)
{
	return 0;
}

/* No command waits any more, so @tick and @irq do not start each other again. */
static void echo_disable(struct cst_device *dev)
{
	struct echo_dev *echo = to_echo_dev(dev);

	cancel_delayed_work_sync(&echo->tick);
	irq_work_sync(&echo->irq);
}

/* --- the type: the tables that core executes; the handler has all other commands --- */

static const struct cst_op *const echo_tables[] = {
	cst_spc_inquiry_ops,
	cst_spc_luns_ops,
	cst_spc_opcodes_ops,
	cst_spc_request_sense_ops,
	cst_spc_tmfs_ops,
	cst_spc_unit_ops,
	NULL
};

static const struct cst_vpd_page *const echo_vpd[] = {
	cst_spc_vpd_list_pages,
	cst_spc_vpd_id_pages,
	cst_spc_vpd_pages,
	NULL
};

/* Only SPC-2 has processor commands, and core's descriptors name a newer SPC. */
static const u16 echo_versions[] = { 0 };

static struct cst_type_index echo_index;

static const struct cst_dev_type echo_type = {
	.name		= "processor",
	.peripheral	= TYPE_PROCESSOR,
	.versions	= echo_versions,
	.ops		= echo_tables,
	.any		= &cst_any_op,
	.vpd		= echo_vpd,
	.index		= &echo_index,
};

static const struct cst_command_ops echo_commands = {
	.parse		= echo_parse,
	.execute	= echo_execute,
	.abort		= echo_abort,
};

static const struct cst_handler_ops echo_ops = {
	.owner		= THIS_MODULE,
	.name		= "test_echo",
	.type		= &echo_type,
	.prod_id	= "echo",
	.may_block	= true,
	.dev_size	= sizeof(struct echo_dev),
	.init		= echo_init_dev,
	.destroy	= echo_destroy,
	.enable		= echo_enable,
	.disable	= echo_disable,
	.commands	= &echo_commands,
};

static int __init echo_init(void)
{
	int ret = cst_dev_type_init(&echo_type);

	return ret ?: cst_handler_register(&echo_ops);
}

static void __exit echo_exit(void)
{
	cst_handler_unregister(&echo_ops);
}

module_init(echo_init);
module_exit(echo_exit);

MODULE_DESCRIPTION("ConfigFS SCSI Target processor device that echoes");
MODULE_LICENSE("GPL");
MODULE_VERSION(CST_VERSION);
