// SPDX-License-Identifier: GPL-2.0-only
// The rule of this name finds the lines marked bad, and no other.
void waits(struct thing *t)
{
	msleep(100);	/* bad */
	schedule_timeout_uninterruptible(HZ);	/* bad */
	wait_event_timeout(t->wait, t->done, HZ);
}
