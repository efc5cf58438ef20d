/* SPDX-License-Identifier: MIT */
/* Per-CPU batches in front of the LRU lists (mm/swap.c, 6.1). */
#include "core/mm/lru.h"
#include "core/mm/machine.h"
#include "core/rt/cpu.h"
#include "core/rt/mem.h"
#include "core/rt/point.h"
#include "core/rt/rcu.h"
#include "core/rt/report.h"

void lru_batches_init(void)
{
	unsigned int cpu;

	machine.lru_batches = alloc_percpu(struct lru_batch, OBJ_lru_batch);
	machine.lru_drain_works = alloc_percpu(struct work_struct, OBJ_work);
	BUG_ON(!machine.lru_batches || !machine.lru_drain_works);
	rt_mark_permanent(machine.lru_batches);
	rt_mark_permanent(machine.lru_drain_works);
	for_each_possible_cpu (cpu)
		init_work(per_cpu_ptr(machine.lru_drain_works, cpu), NULL);
	mutex_init(&machine.lru_drain_mutex, LOCK_lru_drain);
}

bool lru_cache_disabled(void)
{
	return atomic_read(&machine.lru_disable_count) != 0;
}

/* One page from a batch to its list. lru_lock held. */
static void lru_add_one(struct lruvec *lruvec, struct page *page)
{
	BUG_ON(PageLRU(page));
	SetPageLRU(page);
	lruvec_add_page(lruvec, page);
}

/* Empties the batch; its references go once the locks are dropped: the last one frees a page. */
static void move_to_lru(struct lru_batch *batch)
{
	struct lruvec *locked = NULL;
	unsigned long flags = 0;
	struct page *page[LRU_BATCH_MAX];
	u32 nr = batch->nr;

	for (u32 i = 0; i < nr; i++) {
		struct lruvec *lruvec = page_lruvec(batch->page[i]);

		page[i] = batch->page[i];
		if (lruvec != locked) {
			if (locked)
				spin_unlock_irqrestore(&locked->lru_lock, flags);
			spin_lock_irqsave(&lruvec->lru_lock, flags);
			locked = lruvec;
		}
		lru_add_one(lruvec, page[i]);
	}
	if (locked)
		spin_unlock_irqrestore(&locked->lru_lock, flags);
	batch->nr = 0;
	for (u32 i = 0; i < nr; i++) {
		point(lru, added, page_to_pfn(page[i]));
		put_page(page[i]);
	}
}

void lru_cache_add(struct page *page)
{
	struct lru_batch *batch;

	get_page(page);
	/* Excludes others of this CPU, and is what lru_cache_disable() waits for. */
	rcu_read_lock_sched();
	batch = this_cpu_ptr(machine.lru_batches);
	batch->page[batch->nr++] = page;
	if (batch->nr == geometry.lru_batch || PageHead(page) || lru_cache_disabled())
		move_to_lru(batch);
	rcu_read_unlock_sched();
}

void lru_add_drain_cpu(unsigned int cpu)
{
	struct lru_batch *batch = per_cpu_ptr(machine.lru_batches, cpu);

	if (batch->nr)
		move_to_lru(batch);
}

void lru_add_drain(void)
{
	rcu_read_lock_sched();
	lru_add_drain_cpu(smp_processor_id());
	rcu_read_unlock_sched();
}

/* ---- all CPUs -------------------------------------------------------------------------------------------------- */

static void lru_add_drain_per_cpu(struct work_struct *work)
{
	(void)work;
	lru_add_drain();
}

static bool cpu_needs_drain(unsigned int cpu)
{
	return data_race(per_cpu_ptr(machine.lru_batches, cpu)->nr,
			 "a page on its way into a batch is missed, as is one that comes right after") != 0;
}

/*
 * Who finds that somebody began a drain after it was called needs none of its own: unless @force, which must not rely
 * on what a CPU looked like when the other one asked it.
 */
static void __lru_add_drain_all(bool force)
{
	u32 this_gen = smp_load_acquire(&machine.lru_drain_gen), busy = 0;
	unsigned int cpu;

	mutex_lock(&machine.lru_drain_mutex);
	if (this_gen != READ_ONCE(machine.lru_drain_gen) && !force)
		goto done;
	/* Before the looks at the batches: who reads the new number was here before them and shares what comes. */
	WRITE_ONCE(machine.lru_drain_gen, READ_ONCE(machine.lru_drain_gen) + 1);
	smp_mb();
	for_each_online_cpu (cpu) {
		struct work_struct *work = per_cpu_ptr(machine.lru_drain_works, cpu);

		if (!cpu_needs_drain(cpu))
			continue;
		init_work(work, lru_add_drain_per_cpu);
		schedule_work_on(cpu, work);
		busy |= (u32)BIT(cpu);
	}
	for_each_possible_cpu (cpu)
		if (busy & BIT(cpu))
			flush_work(per_cpu_ptr(machine.lru_drain_works, cpu));
done:
	mutex_unlock(&machine.lru_drain_mutex);
}

void lru_add_drain_all(void)
{
	__lru_add_drain_all(false);
}

/*
 * A CPU that still saw a count of zero adds its page inside a read section: once those are over, a drain meets it.
 */
void lru_cache_disable(void)
{
	atomic_inc(&machine.lru_disable_count);
	synchronize_rcu();
	__lru_add_drain_all(true);
	point(lru, disabled, 0);
}

void lru_cache_enable(void)
{
	atomic_dec(&machine.lru_disable_count);
}
