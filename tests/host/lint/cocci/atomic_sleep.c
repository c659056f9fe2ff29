// SPDX-License-Identifier: GPL-2.0-only
// The rule of this name finds the lines marked bad, and no other.
void under_spinlock(struct thing *t)
{
	spin_lock(&t->lock);
	t->a = kmalloc(8, GFP_KERNEL);	/* bad */
	t->b = kmalloc(8, GFP_ATOMIC);
	spin_unlock(&t->lock);
	t->c = kmalloc(8, GFP_KERNEL);
}

void under_rcu(struct thing *t)
{
	rcu_read_lock();
	mutex_lock(&t->mutex);	/* bad */
	rcu_read_unlock();
	mutex_lock(&t->mutex);
}

void in_turn(struct thing *t)
{
	spin_lock_irq(&t->lock);
	t->n++;
	spin_unlock_irq(&t->lock);
	if (t->n)
		flush_work(&t->work);
	spin_lock_irq(&t->lock);
	if (t->n)
		flush_work(&t->work);	/* bad */
	spin_unlock_irq(&t->lock);
}
