// SPDX-License-Identifier: GPL-2.0-only
//
// What may sleep has no place under a spinlock or in an RCU read-side section.
@sleeps exists@
position p;
identifier alloc =~ "^(kmalloc|kzalloc|kcalloc|kmalloc_array|kmemdup|kstrdup|kasprintf|kmem_cache_alloc|kmem_cache_zalloc|mempool_alloc|alloc_page|alloc_pages|__get_free_page|get_zeroed_page|krealloc|kvmalloc|kvzalloc|xa_alloc|xa_store|genlmsg_new|nlmsg_new)$";
identifier sleep =~ "^(mutex_lock|mutex_lock_nested|down_read|down_write|msleep|ssleep|usleep_range|synchronize_rcu|flush_work|cancel_work_sync|cancel_delayed_work_sync|flush_workqueue|destroy_workqueue|wait_for_completion|wait_for_completion_timeout|wait_event|wait_event_timeout|vmalloc|vfree|kthread_stop|filp_close|schedule)$";
@@
(
spin_lock(...)
|
spin_lock_bh(...)
|
spin_lock_irq(...)
|
spin_lock_irqsave(...)
|
read_lock(...)
|
write_lock(...)
|
rcu_read_lock()
)
... when != spin_unlock(...)
    when != spin_unlock_bh(...)
    when != spin_unlock_irq(...)
    when != spin_unlock_irqrestore(...)
    when != read_unlock(...)
    when != write_unlock(...)
    when != rcu_read_unlock()
    when any
(
alloc@p(..., GFP_KERNEL, ...)
|
alloc@p(..., GFP_NOIO, ...)
|
alloc@p(..., GFP_NOFS, ...)
|
sleep@p(...)
)

@script:python@
p << sleeps.p;
@@
for q in p:
	print("%s:%s: may sleep, in a section that must not" % (q.file, q.line))
