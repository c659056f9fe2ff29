// SPDX-License-Identifier: GPL-2.0-only
/*
 * A command's way from the SCSI mid-layer to core and back.
 *
 * blk-mq calls loop_queuecommand().  Core calls loop_send_response() or loop_drop(),
 * often from within cst_cmd_submit().  The command of core is part of the mid-layer's
 * command, and the data stays in the initiator's own pages.  So nothing is copied, and
 * only a long list of data pages may have to be allocated.  No lock is taken.
 */
#include <linux/blk-mq.h>
#include <linux/mm.h>
#include <linux/rcupdate.h>
#include <linux/sched/mm.h>
#include <scsi/scsi_device.h>

#include "loop.h"

/* Called once per tag, so that the mid-layer need not clear the data for each command. */
int loop_init_cmd_priv(struct Scsi_Host *shost, struct scsi_cmnd *sc)
{
	memset(scsi_cmd_priv(sc), 0, sizeof(struct loop_cmd));
	return 0;
}

/*
 * The bvec list of a request that is one whole bio, or NULL.  The error handler uses a
 * request for data of its own, so make sure that the bio and the scatterlist are about
 * the same data.
 */
static struct bio_vec *loop_bio_bvecs(struct scsi_cmnd *sc, u16 *nr)
{
	struct request *rq = scsi_cmd_to_rq(sc);
	struct bio *bio = rq->bio;
	struct scatterlist *sg = scsi_sglist(sc);
	struct bio_vec *bv;

	if (!bio || bio->bi_next || (rq->rq_flags & RQF_SPECIAL_PAYLOAD) ||
	    bio->bi_iter.bi_size != scsi_bufflen(sc) ||
	    bio->bi_iter.bi_bvec_done)
		return NULL;
	bv = &bio->bi_io_vec[bio->bi_iter.bi_idx];
	if (bv->bv_page != sg_page(sg) || bv->bv_offset != sg->offset)
		return NULL;
	*nr = bio->bi_vcnt - bio->bi_iter.bi_idx;
	/*
	 * A cloned bio (bi_vcnt is 0) shares another bio's list and does not know its
	 * length.
	 */
	return bio->bi_vcnt ? bv : NULL;
}

static struct bio_vec *loop_alloc_bvecs(struct loop_host *lh, struct loop_cmd *lc,
					unsigned int nr)
{
	/* Do not wait for reclaim: when memory is short, the reserve is used. */
	lc->allocated = kmalloc_array(nr, sizeof(*lc->allocated),
				      GFP_NOWAIT | __GFP_NOWARN);
	if (!lc->allocated && !test_and_set_bit_lock(0, &lh->reserve_used))
		lc->allocated = lh->reserve;
	return lc->allocated;
}

static void loop_free_bvecs(struct loop_host *lh, struct loop_cmd *lc)
{
	if (lc->allocated == lh->reserve)
		clear_bit_unlock(0, &lh->reserve_used);
	else
		kfree(lc->allocated);
	lc->allocated = NULL;
}

/* Make a bvec list of the scatterlist.  Return: false if there is no memory for it. */
static bool loop_map_data(struct loop_host *lh, struct loop_cmd *lc,
			  struct scsi_cmnd *sc)
{
	struct cst_cmd *cmd = &lc->cmd;
	unsigned int i, nr = scsi_sg_count(sc);
	struct bio_vec *bv = lc->bvec;
	struct scatterlist *sg;

	if (unlikely(nr > LOOP_INLINE_BVECS)) {
		bv = loop_bio_bvecs(sc, &cmd->nr_bvec);
		if (bv) {
			cmd->bvec = bv;
			return true;
		}
		bv = loop_alloc_bvecs(lh, lc, nr);
		if (!bv)
			return false;
	}
	cmd->bvec = bv;
	cmd->nr_bvec = nr;
	scsi_for_each_sg(sc, sg, nr, i) {
		bv[i].bv_page = sg_page(sg);
		bv[i].bv_len = sg->length;
		bv[i].bv_offset = sg->offset;
	}
	return true;
}

cst_qc_status_t loop_queuecommand(struct Scsi_Host *shost, struct scsi_cmnd *sc)
{
	struct loop_host *lh = shost_priv(shost);
	struct loop_cmd *lc = scsi_cmd_priv(sc);
	struct request *rq = scsi_cmd_to_rq(sc);
	struct cst_cmd *cmd = &lc->cmd;
	unsigned int noio;

	cst_cmd_init(cmd, &lh->ls->sess);
	if (unlikely(!loop_map_data(lh, lc, sc)))
		return SCSI_MLQUEUE_HOST_BUSY;

	cmd->tag = blk_mq_unique_tag(rq);
	int_to_scsilun(sc->device->lun, (struct scsi_lun *)cmd->lun);
	cmd->cdb = sc->cmnd;
	cmd->cdb_len = sc->cmd_len;
	cmd->task_attr = CST_TASK_SIMPLE;
	cmd->exp_dir = sc->sc_data_direction;
	cmd->exp_len = scsi_bufflen(sc);
	__set_bit(CST_CMD_FABRIC_BUF, &cmd->flags);
	/* A queue without this flag calls within an RCU read-side section. */
	if (rq->mq_hctx->flags & BLK_MQ_F_BLOCKING)
		__set_bit(CST_CMD_MAY_SLEEP, &cmd->flags);
	WRITE_ONCE(lc->busy, true);

	/* An allocation must not wait for I/O to this very disk. */
	noio = memalloc_noio_save();
	cst_cmd_submit(cmd);
	memalloc_noio_restore(noio);
	return 0;
}

/*
 * End a command.
 *
 * The error handler may reuse a command that has timed out as soon as core has let go of
 * the command, see eh.c.  eh.c waits for an RCU grace period first.  So the release to
 * core and everything else that touches the command are in one RCU read-side section.
 * The mid-layer ignores the completion of a command that has timed out.
 */
static void loop_finish(struct cst_cmd *cmd, int result)
{
	struct loop_cmd *lc = container_of(cmd, struct loop_cmd, cmd);
	struct scsi_cmnd *sc = loop_cmd_to_scsi(lc);

	rcu_read_lock();
	sc->result = result;
	if (unlikely(lc->allocated))
		loop_free_bvecs(shost_priv(sc->device->host), lc);
	WRITE_ONCE(lc->busy, false);
	cst_cmd_release(cmd);
	/*
	 * scsi_done_direct() needs interrupts on; scsi_done() leaves the end to a
	 * softirq.
	 */
	if (unlikely(hardirq_count() || irqs_disabled()))
		scsi_done(sc);
	else
		scsi_done_direct(sc);
	rcu_read_unlock();
}

void loop_send_response(struct cst_cmd *cmd)
{
	struct loop_cmd *lc = container_of(cmd, struct loop_cmd, cmd);
	struct scsi_cmnd *sc = loop_cmd_to_scsi(lc);

	if (unlikely(cmd->status == SAM_STAT_CHECK_CONDITION))
		memcpy(sc->sense_buffer, cmd->sense,
		       min_t(unsigned int, cmd->sense_len,
			     SCSI_SENSE_BUFFERSIZE));
	/*
	 * Do not use exp_len: core makes it 0 if the direction is not that of the
	 * command.
	 */
	scsi_set_resid(sc, scsi_bufflen(sc) - cmd->data_len);
	loop_finish(cmd, cmd->status);
}

/*
 * The command was aborted, and by the rules of SCSI its initiator is not told.  If this
 * host has aborted it, the error handler ignores the completion.  If another initiator
 * has aborted it, DID_RESET makes the mid-layer try again.
 */
void loop_drop(struct cst_cmd *cmd)
{
	loop_finish(cmd, DID_RESET << 16);
}
