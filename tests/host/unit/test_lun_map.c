// SPDX-License-Identifier: GPL-2.0-only
/*
 * lun_map.c: what live sessions see when a LUN map changes, which unit attentions they get,
 * and that a change without memory is not half done.
 */
#include "nexus.h"

#define NR_SESSIONS	2

/* Two maps of one target, and one map of another target. */
static struct cst_target target, other_target;
static struct cst_lun_map map, group_map, other_map;
static struct cst_lun luns[8];
static struct cst_fabric_ops ops;
static unsigned int notices;

static struct nexus *seer;	/* the first session */

static void count_notice(struct cst_session *sess, enum cst_notice notice)
{
	CHECK_EQ(notice, CST_NOTICE_LUNS);
	notices++;
}

static void map_init(struct cst_lun_map *m, struct cst_target *t)
{
	memset(m, 0, sizeof(*m));
	cst_lun_map_init(m, t);
}

static struct cst_lun *lun_of(struct cst_lun_map *m, unsigned int i, u32 number)
{
	luns[i] = (struct cst_lun){ .map = m, .lun = number };
	return &luns[i];
}

/* Start @nr sessions that use `map`, which is empty. */
static void start(unsigned int nr)
{
	unsigned int i;

	nexuses_start(nr);
	ops = emu_fabric_ops;
	ops.notify = count_notice;
	notices = 0;
	emu.regrouped = 0;
	shim_fail_at = 0;
	memset(&target, 0, sizeof(target));
	memset(&other_target, 0, sizeof(other_target));
	target.obj.lock.held = true;
	other_target.obj.lock.held = true;
	INIT_LIST_HEAD(&target.sessions);
	INIT_LIST_HEAD(&other_target.sessions);
	map_init(&map, &target);
	map_init(&group_map, &target);
	map_init(&other_map, &other_target);
	for (i = 0; i < nr; i++) {
		struct nexus *n = nexuses[i];

		nexus_map(n, 0, NULL);
		nexus_map(n, 1, NULL);
		xa_init(&n->sess.itls);
		n->sess.target = &target;
		n->sess.ops = &ops;
		n->sess.map = &map;
		list_add_tail(&n->sess.target_node, &target.sessions);
	}
	for (i = 0; i < NR_DEVS; i++)
		INIT_LIST_HEAD(&devs[i].itls);
	seer = nr ? nexuses[0] : NULL;
}

static struct cst_itl *itl_at(const struct nexus *n, u32 lun)
{
	return xa_load(&n->sess.itls, lun);
}

static unsigned int length(const struct list_head *list)
{
	const struct list_head *p;
	unsigned int n = 0;

	for (p = list->next; p != list; p = p->next)
		n++;
	return n;
}

/* Check that the nexus has these @nr unit attentions, and no others. */
static void told(const struct cst_itl *itl, unsigned int nr, ...)
{
	va_list args;
	unsigned int i;

	CHECK_EQ(itl->ua_count, nr);
	va_start(args, nr);
	for (i = 0; i < nr; i++)
		CHECK_REASON(itl->ua[i], (cst_sense_t)va_arg(args, int));
	va_end(args);
}

static void forget_ua(struct cst_itl *itl)
{
	itl->ua_count = 0;
	itl->ua_pending = false;
}

/* End all sessions; each nexus must go, with its reference to the device and its memory. */
static void finish_all(void)
{
	unsigned int i;

	for (i = 0; i < nr_nexuses; i++) {
		CHECK_EQ(cst_session_map_set(&nexuses[i]->sess, NULL), 0);
		CHECK(xa_empty(&nexuses[i]->sess.itls));
		CHECK(!nexuses[i]->sess.map);
	}
	end_all();
	for (i = 0; i < nr_nexuses; i++)
		CHECK_EQ(nexuses[i]->sess.nr_itls.counter, 1);
	for (i = 0; i < NR_DEVS; i++)
		CHECK(list_empty(&devs[i].itls));
	nexuses_end();
}

/* --- link and unlink --- */

static void a_link_shows_a_device_to_all_who_use_the_map(void)
{
	struct cst_lun *lun;
	unsigned int i;

	start(3);
	nexuses[2]->sess.map = &group_map;
	lun = lun_of(&map, 0, 5);
	lun->read_only = true;
	CHECK_EQ(cst_lun_map_link(lun, &devs[0]), 0);
	CHECK(xa_load(&map.luns, 5) == lun);
	CHECK(lun->dev == &devs[0]);
	CHECK_EQ(length(&devs[0].luns), 1);
	for (i = 0; i < 2; i++) {
		struct cst_itl *itl = itl_at(nexuses[i], 5);

		CHECK(itl->dev == &devs[0] && itl->sess == &nexuses[i]->sess);
		CHECK_EQ(itl->lun, 5);
		CHECK(itl->read_only);
		CHECK_EQ(itl->ref.count, 1);
		told(itl, 3, CST_SENSE(POWER_ON_OCCURRED), CST_SENSE(INQUIRY_DATA_CHANGED),
		     CST_SENSE(REPORTED_LUNS_DATA_CHANGED));
		CHECK_EQ(nexuses[i]->sess.luns_seq, 1);
		CHECK_EQ(nexuses[i]->sess.nr_itls.counter, 2);
	}
	CHECK(!itl_at(nexuses[2], 5));
	CHECK_EQ(nexuses[2]->sess.luns_seq, 0);
	CHECK_EQ(length(&devs[0].itls), 2);
	/* Each nexus keeps the device. */
	CHECK_EQ(devs[0].obj.group.cg_item.ci_refs, 2);
	CHECK_EQ(notices, 2);
	/* The map is no longer empty: sessions that had no map may now have this one. */
	CHECK_EQ(emu.regrouped, 1);

	/* The logical unit that was there before tells that the list of LUNs has changed. */
	forget_ua(itl_at(seer, 5));
	CHECK_EQ(cst_lun_map_link(lun_of(&map, 1, 6), &devs[1]), 0);
	told(itl_at(seer, 5), 1, CST_SENSE(REPORTED_LUNS_DATA_CHANGED));
	cst_lun_map_unlink(&luns[1]);
	cst_lun_map_unlink(lun);
	finish_all();
}

static void a_session_that_closes_sees_no_change(void)
{
	start(2);
	nexuses[1]->sess.closing = true;
	CHECK_EQ(cst_lun_map_link(lun_of(&map, 0, 0), &devs[0]), 0);
	CHECK(itl_at(seer, 0) && !itl_at(nexuses[1], 0));
	cst_lun_map_unlink(&luns[0]);
	finish_all();
}

static void an_unlinked_device_is_left_when_its_commands_have_ended(void)
{
	struct task *running, *later;
	struct cst_itl *itl;

	start(2);
	CHECK_EQ(cst_lun_map_link(lun_of(&map, 0, 0), &devs[0]), 0);
	CHECK_EQ(cst_lun_map_link(lun_of(&map, 1, 1), &devs[1]), 0);
	running = submit(seer, 0, 1);
	CHECK(running->runs);
	itl = itl_at(seer, 0);
	itl->prevents_removal = true;
	forget_ua(itl_at(seer, 1));
	cst_lun_map_unlink(&luns[0]);
	CHECK(!luns[0].dev);
	CHECK(list_empty(&devs[0].luns));
	CHECK(!xa_load(&map.luns, 0));
	CHECK(!itl_at(seer, 0) && !itl_at(nexuses[1], 0));
	/* The nexus no longer prevents removal, although its command is still under way. */
	CHECK(!itl->prevents_removal);
	told(itl_at(seer, 1), 1, CST_SENSE(REPORTED_LUNS_DATA_CHANGED));
	/* New commands are refused at once. */
	later = submit(seer, 0, 2);
	CHECK_REASON(emu_answer(later), CST_SENSE(LU_NOT_SUPPORTED));
	run_works();
	/* The other nexus has gone; this one stays while it has a command. */
	CHECK_EQ(length(&devs[0].itls), 1);
	CHECK_EQ(devs[0].obj.group.cg_item.ci_refs, 1);
	CHECK_EQ(seer->sess.nr_itls.counter, 3);
	CHECK_EQ(nexuses[1]->sess.nr_itls.counter, 2);
	finish(running);
	CHECK_REASON(emu_answer(running), CST_OK);
	run_works();
	CHECK_EQ(length(&devs[0].itls), 1);
	/* The nexus stays until the fabric releases the command. */
	release(running);
	run_works();
	CHECK(list_empty(&devs[0].itls));
	CHECK_EQ(devs[0].obj.group.cg_item.ci_refs, 0);
	CHECK_EQ(seer->sess.nr_itls.counter, 2);
	cst_lun_map_unlink(&luns[1]);
	finish_all();
}

/* A command that has passed the gate is refused, because its nexus has changed. */
static void one_that_waits_for_its_data_is_refused(void)
{
	struct task *t;

	start(1);
	CHECK_EQ(cst_lun_map_link(lun_of(&map, 0, 0), &devs[0]), 0);
	forget_ua(itl_at(seer, 0));
	play_ops[0].flags = CST_OP_MEDIUM;
	play.dir = DMA_TO_DEVICE;
	play.len = 8;
	emu.data_later = true;
	t = new_task(seer, 0, 1);
	t->cmd.exp_dir = DMA_TO_DEVICE;
	t->cmd.exp_len = 8;
	cst_cmd_submit(&t->cmd);
	cst_lun_map_unlink(&luns[0]);
	emu_data_comes(t);
	CHECK_REASON(emu_answer(t), CST_SENSE(LU_NOT_SUPPORTED));
	finish_all();
}

/* --- another map --- */

static void the_same_device_keeps_its_nexus(void)
{
	struct cst_itl *same, *changes, *goes;
	struct task *running;

	start(1);
	CHECK_EQ(cst_lun_map_link(lun_of(&map, 0, 0), &devs[0]), 0);
	CHECK_EQ(cst_lun_map_link(lun_of(&map, 1, 1), &devs[1]), 0);
	CHECK_EQ(cst_lun_map_link(lun_of(&map, 2, 2), &devs[2]), 0);
	/* The same LUN, the same device read-only, a LUN less, and a LUN more. */
	CHECK_EQ(cst_lun_map_link(lun_of(&group_map, 3, 0), &devs[0]), 0);
	lun_of(&group_map, 4, 1)->read_only = true;
	CHECK_EQ(cst_lun_map_link(&luns[4], &devs[1]), 0);
	CHECK_EQ(cst_lun_map_link(lun_of(&group_map, 5, 3), &devs[2]), 0);
	same = itl_at(seer, 0);
	changes = itl_at(seer, 1);
	goes = itl_at(seer, 2);
	forget_ua(same);
	running = submit(seer, 0, 1);
	notices = 0;

	CHECK_EQ(cst_session_map_set(&seer->sess, &group_map), 0);
	CHECK(seer->sess.map == &group_map);
	/* I/O of the same nexus goes on; a unit attention tells that the list has changed. */
	CHECK(itl_at(seer, 0) == same);
	CHECK(!same->ref.dying);
	CHECK_EQ(running->fate, UNDER_WAY);
	told(same, 1, CST_SENSE(REPORTED_LUNS_DATA_CHANGED));
	CHECK(itl_at(seer, 1) != changes && itl_at(seer, 1)->read_only);
	CHECK(changes->ref.dying && goes->ref.dying);
	CHECK(!itl_at(seer, 2));
	told(itl_at(seer, 3), 3, CST_SENSE(POWER_ON_OCCURRED),
	     CST_SENSE(INQUIRY_DATA_CHANGED), CST_SENSE(REPORTED_LUNS_DATA_CHANGED));
	CHECK_EQ(notices, 1);

	/* The same map again: nothing changes, and nobody is told. */
	forget_ua(same);
	CHECK_EQ(cst_session_map_set(&seer->sess, &group_map), 0);
	told(same, 0);
	CHECK_EQ(notices, 1);
	end(running);
	finish_all();
}

static void the_first_map_is_all_new(void)
{
	u32 seq;

	start(1);
	seer->sess.map = NULL;
	CHECK_EQ(cst_lun_map_link(lun_of(&map, 0, 0), &devs[0]), 0);
	CHECK_EQ(cst_lun_map_link(lun_of(&map, 1, 7), &devs[1]), 0);
	/* A directory without a link is no logical unit. */
	xa_store(&map.luns, 8, lun_of(&map, 2, 8), GFP_KERNEL);
	CHECK(!itl_at(seer, 0));
	seq = seer->sess.luns_seq;
	CHECK_EQ(cst_session_map_set(&seer->sess, &map), 0);
	/* A new nexus has POWER ON OCCURRED, which covers other unit attentions. */
	told(itl_at(seer, 0), 1, CST_SENSE(POWER_ON_OCCURRED));
	told(itl_at(seer, 7), 1, CST_SENSE(POWER_ON_OCCURRED));
	CHECK(!itl_at(seer, 8));
	CHECK_EQ(seer->sess.luns_seq, seq);
	CHECK_EQ(notices, 1);
	finish_all();
}

/* A LUN gets another device: a command finds the old one or the new one, never none. */
static void another_device_takes_the_place(void)
{
	struct cst_itl *old;
	struct task *before, *after;

	start(1);
	CHECK_EQ(cst_lun_map_link(lun_of(&map, 0, 0), &devs[0]), 0);
	CHECK_EQ(cst_lun_map_link(lun_of(&group_map, 1, 0), &devs[1]), 0);
	old = itl_at(seer, 0);
	before = submit(seer, 0, 1);
	CHECK_EQ(cst_session_map_set(&seer->sess, &group_map), 0);
	CHECK(old->ref.dying);
	CHECK(itl_at(seer, 0)->dev == &devs[1]);
	after = submit(seer, 0, 2);
	CHECK(before->cmd.dev == &devs[0] && after->cmd.dev == &devs[1]);
	run_works();
	CHECK_EQ(length(&devs[0].itls), 1);
	end(before);
	run_works();
	CHECK_EQ(length(&devs[0].itls), 0);
	end(after);
	finish_all();
}

static void read_only_is_live(void)
{
	struct cst_itl *itl;
	unsigned long seq;

	start(1);
	CHECK_EQ(cst_lun_map_link(lun_of(&map, 0, 0), &devs[0]), 0);
	itl = itl_at(seer, 0);
	forget_ua(itl);
	seq = devs[0].gate_seq.counter;
	cst_lun_set_read_only(&luns[0], true);
	CHECK(itl->read_only);
	CHECK_EQ(devs[0].gate_seq.counter, seq + 1);
	told(itl, 1, CST_SENSE(MODE_PARAMETERS_CHANGED));
	forget_ua(itl);
	cst_lun_set_read_only(&luns[0], true);
	told(itl, 0);
	cst_lun_set_read_only(&luns[0], false);
	CHECK(!itl->read_only && itl == itl_at(seer, 0));
	finish_all();
}

/* --- no memory --- */

/* Let each allocation of a link fail in turn; nothing may have changed then. */
static void a_link_without_memory_changes_nothing(void)
{
	unsigned int at, kept;
	struct cst_lun *lun;

	for (at = 1; at < 100; at++) {
		start(NR_SESSIONS);
		CHECK_EQ(cst_lun_map_link(lun_of(&map, 0, 0), &devs[0]), 0);
		kept = itl_at(seer, 0)->ua_count;
		notices = 0;
		emu.regrouped = 0;
		lun = lun_of(&map, 1, 1);
		shim_fail_at = at;
		if (!cst_lun_map_link(lun, &devs[1])) {
			shim_fail_at = 0;
			break;
		}
		CHECK_EQ(shim_fail_at, 0);
		CHECK(!lun->dev);
		CHECK(!xa_load(&map.luns, 1));
		CHECK(list_empty(&devs[1].luns) && list_empty(&devs[1].itls));
		CHECK_EQ(devs[1].obj.group.cg_item.ci_refs, 0);
		CHECK_EQ(shim_allocated, NR_SESSIONS);
		CHECK(itl_at(seer, 0));
		/* No slot of the map is reserved either. */
		CHECK(!seer->sess.itls.slots[1] && !nexuses[1]->sess.itls.slots[1]);
		CHECK_EQ(itl_at(seer, 0)->ua_count, kept);
		CHECK_EQ(seer->sess.nr_itls.counter, 2);
		CHECK_EQ(notices, 0);
		CHECK_EQ(emu.regrouped, 0);
		/* The same link works later, also where a slot was reserved. */
		CHECK_EQ(cst_lun_map_link(lun, &devs[1]), 0);
		CHECK(itl_at(nexuses[1], 1));
		finish_all();
	}
	/* For each session the nexus, its reference and its slot; and two for the map. */
	CHECK_EQ(at, 3 * NR_SESSIONS + 2);
	finish_all();
}

/*
 * Without memory, a session loses the LUNs that the new map does not have, and gains none.  The
 * change can be repeated.
 */
static void a_map_without_memory_takes_away_only(void)
{
	struct cst_itl *same;
	unsigned int at;

	for (at = 1; at < 100; at++) {
		start(1);
		CHECK_EQ(cst_lun_map_link(lun_of(&map, 0, 0), &devs[0]), 0);
		CHECK_EQ(cst_lun_map_link(lun_of(&map, 1, 1), &devs[1]), 0);
		CHECK_EQ(cst_lun_map_link(lun_of(&map, 2, 2), &devs[2]), 0);
		/* The same LUN, another device at a LUN, a LUN less, and two more. */
		CHECK_EQ(cst_lun_map_link(lun_of(&group_map, 3, 0), &devs[0]), 0);
		CHECK_EQ(cst_lun_map_link(lun_of(&group_map, 4, 1), &devs[2]), 0);
		CHECK_EQ(cst_lun_map_link(lun_of(&group_map, 5, 3), &devs[1]), 0);
		CHECK_EQ(cst_lun_map_link(lun_of(&group_map, 6, 4), &devs[2]), 0);
		same = itl_at(seer, 0);
		forget_ua(same);
		shim_fail_at = at;
		if (!cst_session_map_set(&seer->sess, &group_map)) {
			shim_fail_at = 0;
			break;
		}
		CHECK_EQ(shim_fail_at, 0);
		CHECK(seer->sess.map == &group_map);
		CHECK(itl_at(seer, 0) == same);
		CHECK(!itl_at(seer, 1) && !itl_at(seer, 2));
		CHECK(!seer->sess.itls.slots[3] && !seer->sess.itls.slots[4]);
		told(same, 1, CST_SENSE(REPORTED_LUNS_DATA_CHANGED));
		run_works();
		CHECK_EQ(shim_allocated, 1);
		CHECK_EQ(seer->sess.nr_itls.counter, 2);

		CHECK_EQ(cst_session_map_set(&seer->sess, &group_map), 0);
		CHECK(itl_at(seer, 0) == same);
		CHECK(itl_at(seer, 1) && itl_at(seer, 3) && itl_at(seer, 4));
		finish_all();
	}
	/* Three nexuses, a reference for each, and a slot for two: the third has one already. */
	CHECK_EQ(at, 3 * 2 + 2 + 1);
	finish_all();
}

/* --- where a device is exported --- */

static void expect_luns(unsigned int nr, ...)
{
	struct cst_lun *lun;
	unsigned int i = 0;
	va_list args;

	va_start(args, nr);
	list_for_each_entry(lun, &devs[0].luns, dev_node) {
		CHECK(lun == &luns[va_arg(args, int)]);
		if (++i == nr)
			break;
	}
	va_end(args);
	CHECK_EQ(length(&devs[0].luns), nr);
}

/* The LUNs of a target stand together; targets and LUNs stand in the order of linking. */
static void what_is_exported_stands_in_the_order_of_linking(void)
{
	start(0);
	CHECK_EQ(cst_lun_map_link(lun_of(&map, 0, 9), &devs[0]), 0);
	expect_luns(1, 0);
	CHECK_EQ(cst_lun_map_link(lun_of(&other_map, 1, 0), &devs[0]), 0);
	expect_luns(2, 0, 1);
	/* Behind the target's LUNs, in whichever map these are, and before the other target's. */
	CHECK_EQ(cst_lun_map_link(lun_of(&group_map, 2, 3), &devs[0]), 0);
	expect_luns(3, 0, 2, 1);
	CHECK_EQ(cst_lun_map_link(lun_of(&map, 3, 1), &devs[0]), 0);
	expect_luns(4, 0, 2, 3, 1);
	CHECK_EQ(cst_lun_map_link(lun_of(&other_map, 4, 5), &devs[0]), 0);
	expect_luns(5, 0, 2, 3, 1, 4);
	/* LUNs of another device are not on the list. */
	CHECK_EQ(cst_lun_map_link(lun_of(&map, 5, 2), &devs[1]), 0);
	expect_luns(5, 0, 2, 3, 1, 4);
	/* A LUN that is linked again comes last of its target. */
	cst_lun_map_unlink(&luns[0]);
	expect_luns(4, 2, 3, 1, 4);
	CHECK_EQ(cst_lun_map_link(&luns[0], &devs[0]), 0);
	expect_luns(5, 2, 3, 0, 1, 4);
	/* A target that had no LUN left comes last of all targets. */
	cst_lun_map_unlink(&luns[2]);
	cst_lun_map_unlink(&luns[3]);
	cst_lun_map_unlink(&luns[0]);
	expect_luns(2, 1, 4);
	CHECK_EQ(cst_lun_map_link(&luns[3], &devs[0]), 0);
	expect_luns(3, 1, 4, 3);
	finish_all();
}

TEST_MAIN(T(a_link_shows_a_device_to_all_who_use_the_map),
	  T(a_session_that_closes_sees_no_change),
	  T(an_unlinked_device_is_left_when_its_commands_have_ended),
	  T(one_that_waits_for_its_data_is_refused), T(the_same_device_keeps_its_nexus),
	  T(the_first_map_is_all_new), T(another_device_takes_the_place),
	  T(read_only_is_live), T(a_link_without_memory_changes_nothing),
	  T(a_map_without_memory_takes_away_only),
	  T(what_is_exported_stands_in_the_order_of_linking))
