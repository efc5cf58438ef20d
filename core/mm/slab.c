/* SPDX-License-Identifier: MIT */
/* Objects and slabs (mm/slub.c, 6.1). */
#include "core/mm/slab.h"

#include "core/mm/area.h"
#include "core/mm/machine.h"
#include "core/mm/page_alloc.h"
#include "core/rt/point.h"
#include "core/rt/report.h"

static struct kmem_cache_node *get_node(const struct kmem_cache *s, u32 nid)
{
	return smp_load_acquire(&s->node[nid]);
}

/* What a slab's page holds as long as it is one. */
static u64 slab_stamp(const struct kmem_cache *s, u64 pfn)
{
	return (u64)(s->id + 1) << 56 | pfn;
}

/* ---- pages ------------------------------------------------------------------------------------------------------ */

/* A fresh slab, all of it free, that belongs to the caller; NULL. */
static struct page *new_slab(struct kmem_cache *s, gfp_t gfp)
{
	struct page *page = alloc_pages(gfp, 0);
	struct kmem_cache_node *n;

	if (!page)
		return NULL;
	WRITE_ONCE(page->private, SLAB_FREE_MASK | SLAB_FROZEN);
	WRITE_ONCE(page->mapping, (u64)s);
	SetPageSlab(page);
	page_content_write(page_to_pfn(page), slab_stamp(s, page_to_pfn(page)));
	n = get_node(s, page_to_nid(page));
	if (n)
		atomic_long_inc(&n->nr_slabs);
	point(slab, new_slab, page_to_pfn(page));
	return page;
}

static void free_slab(struct page *page)
{
	point(slab, discard, page_to_pfn(page));
	WRITE_ONCE(page->mapping, 0);
	WRITE_ONCE(page->private, 0);
	ClearPageSlab(page);
	__free_pages(page, 0);
}

/* Nothing of it is in use, and it is on no list. */
static void discard_slab(struct kmem_cache *s, struct page *page)
{
	atomic_long_dec(&get_node(s, page_to_nid(page))->nr_slabs);
	free_slab(page);
}

/* ---- partial lists: list_lock held ------------------------------------------------------------------------------ */

static void add_partial(struct kmem_cache_node *n, struct page *page, bool tail)
{
	if (tail)
		list_add_tail(&page->lru, &n->partial);
	else
		list_add(&page->lru, &n->partial);
	WRITE_ONCE(n->nr_partial, n->nr_partial + 1);
}

static void remove_partial(struct kmem_cache_node *n, struct page *page)
{
	list_del_init(&page->lru);
	WRITE_ONCE(n->nr_partial, n->nr_partial - 1);
}

/* Sets or clears SLAB_FROZEN; the bits of free objects at that moment. */
static u64 change_frozen(struct page *page, bool frozen)
{
	u64 old, new;

	do {
		old = READ_ONCE(page->private);
		new = frozen ? old | SLAB_FROZEN : old & ~SLAB_FROZEN;
	} while (cmpxchg64(&page->private, old, new) != old);
	return old & SLAB_FREE_MASK;
}

/* ---- slabs of CPUs ---------------------------------------------------------------------------------------------- */

/* A slab that a CPU had: from now on it is its node's, where whoever frees an object finds it. */
static void deactivate_slab(struct kmem_cache *s, struct page *page)
{
	struct kmem_cache_node *n = get_node(s, page_to_nid(page));
	unsigned long flags;
	bool discard;
	u64 free;

	/* Who frees the first object of a full slab, or its last, waits here until it is known where the slab is. */
	spin_lock_irqsave(&n->list_lock, flags);
	free = change_frozen(page, false);
	discard = free == SLAB_FREE_MASK && n->nr_partial >= SLAB_MIN_PARTIAL;
	if (free && !discard)
		add_partial(n, page, false);
	spin_unlock_irqrestore(&n->list_lock, flags);
	if (discard)
		discard_slab(s, page);
}

void slab_flush_cpu(struct kmem_cache *s, unsigned int cpu)
{
	struct kmem_cache_cpu *c = per_cpu_ptr(s->cpu_slab, cpu);
	struct page *page = c->slab;

	if (!page)
		return;
	WRITE_ONCE(c->slab, NULL);
	deactivate_slab(s, page);
}

static void flush_cpu_slab(struct work_struct *work)
{
	struct kmem_cache *s = container_of(work, struct slab_flush_work, work)->cache;
	unsigned long flags;

	local_irq_save(flags);
	slab_flush_cpu(s, smp_processor_id());
	local_irq_restore(flags);
}

void slab_flush_all_cpus(struct kmem_cache *s)
{
	unsigned int cpu;
	u32 busy = 0;

	mutex_lock(&machine.slab->flush_lock);
	for_each_online_cpu (cpu) {
		struct slab_flush_work *flush = per_cpu_ptr(machine.slab->flush_works, cpu);

		if (!READ_ONCE(per_cpu_ptr(s->cpu_slab, cpu)->slab))
			continue;
		flush->cache = s;
		init_work(&flush->work, flush_cpu_slab);
		schedule_work_on(cpu, &flush->work);
		busy |= (u32)BIT(cpu);
	}
	for_each_possible_cpu (cpu)
		if (busy & BIT(cpu))
			flush_work(&per_cpu_ptr(machine.slab->flush_works, cpu)->work);
	mutex_unlock(&machine.slab->flush_lock);
}

/* ---- alloc ------------------------------------------------------------------------------------------------------ */

/* An object of a slab that belongs to the caller; false if none is free. */
static bool take_object(struct page *page, u64 *object)
{
	u64 old;

	do {
		old = READ_ONCE(page->private);
		if (!(old & SLAB_FREE_MASK))
			return false;
	} while (cmpxchg64(&page->private, old, old & (old - 1)) != old);
	*object = slab_object(page_to_pfn(page), (u64)__builtin_ctzll(old));
	return true;
}

/* The first partial slab of the node, which is the caller's then; NULL. */
static struct page *get_partial_node(struct kmem_cache_node *n)
{
	struct page *page = NULL;
	unsigned long flags;

	if (!n || !READ_ONCE(n->nr_partial))
		return NULL;
	spin_lock_irqsave(&n->list_lock, flags);
	if (!list_empty(&n->partial)) {
		page = list_first_entry(&n->partial, struct page, lru);
		remove_partial(n, page);
		change_frozen(page, true);
	}
	spin_unlock_irqrestore(&n->list_lock, flags);
	return page;
}

/* Without a look at the page allocator. Interrupts off. */
static bool alloc_from_cpu(struct kmem_cache *s, u64 *object)
{
	struct kmem_cache_cpu *c = this_cpu_ptr(s->cpu_slab);

	for (;;) {
		struct page *page = c->slab;

		if (page && take_object(page, object))
			return true;
		slab_flush_cpu(s, smp_processor_id());
		page = get_partial_node(get_node(s, cpu_to_node(smp_processor_id())));
		if (!page)
			return false;
		WRITE_ONCE(c->slab, page);
	}
}

u64 kmem_cache_alloc(struct kmem_cache *s, gfp_t gfp)
{
	struct page *page;
	unsigned long flags;
	u64 object = 0;

	local_irq_save(flags);
	if (!alloc_from_cpu(s, &object)) {
		local_irq_restore(flags);
		page = new_slab(s, gfp);
		local_irq_save(flags);
		if (page) {
			/* Somebody of this CPU, or of another where we are now, may have been faster. */
			slab_flush_cpu(s, smp_processor_id());
			WRITE_ONCE(this_cpu_ptr(s->cpu_slab)->slab, page);
			take_object(page, &object);
		}
	}
	local_irq_restore(flags);
	return object;
}

/* ---- free ------------------------------------------------------------------------------------------------------- */

/* An object of a slab that no CPU has was freed; list_lock held, dropped. */
static void slab_freed(struct kmem_cache *s, struct kmem_cache_node *n, struct page *page, u64 old, u64 new,
		       unsigned long flags)
{
	bool was_full = !(old & SLAB_FREE_MASK), frozen = old & SLAB_FROZEN;
	bool discard = !frozen && (new &SLAB_FREE_MASK) == SLAB_FREE_MASK && n->nr_partial >= SLAB_MIN_PARTIAL;

	if (discard && !was_full)
		remove_partial(n, page);
	else if (!discard && !frozen && was_full)
		add_partial(n, page, true);
	spin_unlock_irqrestore(&n->list_lock, flags);
	if (discard)
		discard_slab(s, page);
}

void kmem_cache_free(struct kmem_cache *s, u64 object)
{
	u64 old, new, pfn = slab_object_pfn(object), bit = slab_object_bit(object);
	struct page *page = pfn_to_page(pfn);
	struct kmem_cache_node *n = NULL;
	unsigned long flags = 0;

	BUG_ON(!PageSlab(page) || READ_ONCE(page->mapping) != (u64)s);
	if (page_content_read(pfn) != slab_stamp(s, pfn))
		rt_fail(VERDICT_invariant, "page content lost", "the slab at pfn %llu is not what it was",
			(unsigned long long)pfn);
	for (;;) {
		old = READ_ONCE(page->private);
		new = old | bit;
		BUG_ON(old & bit);
		/* It comes to the list, or may leave it: nobody else may move it meanwhile. */
		if (!n && !(old & SLAB_FROZEN) &&
		    (!(old & SLAB_FREE_MASK) || (new &SLAB_FREE_MASK) == SLAB_FREE_MASK)) {
			n = get_node(s, page_to_nid(page));
			spin_lock_irqsave(&n->list_lock, flags);
			continue;
		}
		if (cmpxchg64(&page->private, old, new) == old)
			break;
	}
	if (n)
		slab_freed(s, n, page, old, new, flags);
}

/* ---- shrink ----------------------------------------------------------------------------------------------------- */

/*
 * A node's empty slabs, to @discard. They no longer count: who destroys the cache shall not take those for slabs in use
 * that somebody else is about to free.
 */
static void take_empty_slabs(struct kmem_cache_node *n, struct list_head *discard)
{
	struct list_head *entry, *next;
	unsigned long flags;

	spin_lock_irqsave(&n->list_lock, flags);
	for (entry = n->partial.next; entry != &n->partial; entry = next) {
		struct page *page = container_of(entry, struct page, lru);

		next = entry->next;
		if ((READ_ONCE(page->private) & SLAB_FREE_MASK) != SLAB_FREE_MASK)
			continue;
		remove_partial(n, page);
		list_add(&page->lru, discard);
		if (!bug(slab_shrink_counts_late))
			atomic_long_dec(&n->nr_slabs);
	}
	spin_unlock_irqrestore(&n->list_lock, flags);
}

bool slab_free_empty(struct kmem_cache *s)
{
	bool gone = true;
	u32 nid;

	for_each_node(nid)
	{
		struct kmem_cache_node *n = get_node(s, nid);
		struct list_head discard;

		if (!n)
			continue;
		INIT_LIST_HEAD(&discard);
		take_empty_slabs(n, &discard);
		while (!list_empty(&discard)) {
			struct page *page = list_first_entry(&discard, struct page, lru);

			list_del_init(&page->lru);
			if (bug(slab_shrink_counts_late))
				discard_slab(s, page);
			else
				free_slab(page);
		}
		gone &= atomic_long_read(&n->nr_slabs) == 0;
	}
	return gone;
}
