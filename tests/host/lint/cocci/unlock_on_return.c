// SPDX-License-Identifier: GPL-2.0-only
// The rule of this name finds the lines marked bad, and no other.
int forgets(struct thing *t)
{
	mutex_lock(&t->mutex);
	if (t->gone)
		return -ENOENT;	/* bad */
	mutex_unlock(&t->mutex);
	return 0;
}

int remembers(struct thing *t)
{
	int ret = 0;

	mutex_lock(&t->mutex);
	if (t->gone) {
		mutex_unlock(&t->mutex);
		return -ENOENT;
	}
	if (t->busy)
		ret = -EBUSY;
	mutex_unlock(&t->mutex);
	return ret;
}

int reads(struct thing *t)
{
	int n;

	rcu_read_lock();
	n = t->n;
	if (n)
		return n;	/* bad */
	rcu_read_unlock();
	return 0;
}

int called_with_it(struct thing *t)
{
	lockdep_assert_held(&t->mutex);
	mutex_unlock(&t->mutex);
	waits(t);
	mutex_lock(&t->mutex);
	if (t->gone)
		return -ENOENT;
	return 0;
}

int takes_two(struct thing *t)
{
	mutex_lock(&t->mutex);
	spin_lock(&t->lock);
	if (t->gone) {
		mutex_unlock(&t->mutex);
		return -ENOENT;	/* bad */
	}
	spin_unlock(&t->lock);
	mutex_unlock(&t->mutex);
	return 0;
}
