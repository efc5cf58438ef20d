/* SPDX-License-Identifier: MIT */
#include "core/mm/page.h"

#include "core/mm/buddy.h"
#include "core/mm/hugetlb.h"
#include "core/mm/lru.h"
#include "core/mm/machine.h"
#include "core/mm/page_alloc.h"
#include "core/rt/cpu.h"
#include "core/rt/point.h"
#include "core/rt/report.h"

void (*page_access_hook)(const struct page *page);

/* ---- flags ----------------------------------------------------------------------------------------------------- */

void page_uninitialised(const struct page *page)
{
	rt_oops("uninitialised", (u64)&page->flags);
}

/* The page flag is about to change: is there an initialised page to change? */
static u64 *flags_to_change(struct page *page, enum pageflags flag)
{
	if (BIT(flag) & OWN_FLAGS)
		page_access_check(page);
	else
		page = compound_head(page);
	(void)page_flags(page);
	return &page->flags;
}

void page_set_flag(struct page *page, enum pageflags flag)
{
	set_bit(flag, flags_to_change(page, flag));
}

void page_clear_flag(struct page *page, enum pageflags flag)
{
	clear_bit(flag, flags_to_change(page, flag));
}

bool page_test_set_flag(struct page *page, enum pageflags flag)
{
	return test_and_set_bit(flag, flags_to_change(page, flag));
}

bool page_test_clear_flag(struct page *page, enum pageflags flag)
{
	return test_and_clear_bit(flag, flags_to_change(page, flag));
}

void page_change_flags(struct page *page, u64 clear, u64 set)
{
	u64 old = page_flags(page), found;

	if (bug(hwpoison_flag_lost)) {
		WRITE_ONCE(page->flags, (old & ~clear) | set);
		return;
	}
	while (((old & ~clear) | set) != old && (found = cmpxchg64(&page->flags, old, (old & ~clear) | set)) != old)
		old = found;
}

/* ---- page types ------------------------------------------------------------------------------------------------ */

/* Plain stores in the kernel, although lock-free readers exist: both sides are marked here. zone->lock held. */
void __SetPageBuddy(struct page *page)
{
	page_access_check(page);
	BUG_ON(atomic_read(&page->_mapcount) != -1);
	atomic_set(&page->_mapcount, (s32)~PG_TYPE_buddy);
}

void __ClearPageBuddy(struct page *page)
{
	BUG_ON(!PageBuddy(page));
	atomic_set(&page->_mapcount, -1);
}

void __SetPageOffline(struct page *page)
{
	page_access_check(page);
	BUG_ON(atomic_read(&page->_mapcount) != -1);
	atomic_set(&page->_mapcount, (s32)~PG_TYPE_offline);
}

void __ClearPageOffline(struct page *page)
{
	BUG_ON(!PageOffline(page));
	atomic_set(&page->_mapcount, -1);
}

bool page_has_type(const struct page *page)
{
	page_access_check(page);
	return atomic_read(&page->_mapcount) < -128;
}

/* ---- compound pages -------------------------------------------------------------------------------------------- */

u32 compound_order(const struct page *page)
{
	return PageHead(page) ? (u32)READ_ONCE(page[1].private) : 0;
}

void prep_compound_page(struct page *page, u32 order)
{
	BUG_ON(order == 0);
	SetPageHead(page);
	for (u64 i = 1; i < BIT(order); i++) {
		atomic_set(&page[i]._refcount, 0);
		WRITE_ONCE(page[i].lru.next, (struct list_head *)((u64)page | 1));
	}
	WRITE_ONCE(page[1].private, order);
	atomic_set(&page[1].compound_mapcount, -1);
}

void destroy_compound_page(struct page *page, u32 order)
{
	BUG_ON(compound_order(page) != order || atomic_read(&page[1].compound_mapcount) != -1);
	WRITE_ONCE(page[1].private, 0);
	atomic_set(&page[1].compound_mapcount, 0);
	for (u64 i = 1; i < BIT(order); i++) {
		BUG_ON(compound_head(&page[i]) != page);
		WRITE_ONCE(page[i].lru.next, NULL);
	}
	ClearPageHead(page);
}

/* ---- reference counts ------------------------------------------------------------------------------------------ */

s32 page_count(const struct page *page)
{
	return page_ref_count(compound_head(page));
}

void set_page_count(struct page *page, s32 v)
{
	page_access_check(page);
	atomic_set(&page->_refcount, v);
}

void get_page(struct page *page)
{
	page = compound_head(page);
	BUG_ON(page_ref_count(page) <= 0);
	atomic_inc(&page->_refcount);
}

bool get_page_unless_zero(struct page *page)
{
	page_access_check(page);
	point(page, get_unless_zero, page_to_pfn(page));
	return atomic_inc_not_zero(&page->_refcount);
}

bool put_page_testzero(struct page *page)
{
	BUG_ON(page_ref_count(page) == 0);
	return atomic_dec_and_test(&page->_refcount);
}

void put_page(struct page *page)
{
	page = compound_head(page);
	if (!put_page_testzero(page))
		return;
	point(page, put_last, page_to_pfn(page));
	if (PageHuge(page)) {
		free_huge_page(page);
		return;
	}
	lru_cache_del(page);
	free_unref_page(page, compound_order(page));
}

void page_ref_inc(struct page *page)
{
	page_access_check(page);
	atomic_inc(&page->_refcount);
}

bool page_ref_freeze(struct page *page, s32 count)
{
	page_access_check(page);
	return atomic_cmpxchg(&page->_refcount, count, 0) == count;
}

void page_ref_unfreeze(struct page *page, s32 count)
{
	BUG_ON(page_ref_count(page) != 0 || count == 0);
	/* What the freezer wrote comes before the count that lets others in. */
	smp_mb();
	atomic_set(&page->_refcount, count);
}

/* ---- page lock ------------------------------------------------------------------------------------------------- */

wait_queue_head_t *page_waitqueue(const struct page *page)
{
	return &machine.page_wait_table[page_to_pfn(page) % PAGE_WAIT_TABLE_SIZE];
}

bool trylock_page(struct page *page)
{
	return !test_and_set_bit_lock(PG_locked, flags_to_change(page, PG_locked));
}

/* unlock_page() clears both bits in one step: it either sees the announcement, or has left before it. */
static bool trylock_page_or_announce(struct page *page)
{
	page_test_set_flag(page, PG_waiters);
	return trylock_page(page);
}

void lock_page(struct page *page)
{
	page = compound_head(page);
	if (trylock_page(page))
		return;
	point(page, lock_wait, page_to_pfn(page));
	wait_event(page_waitqueue(page), trylock_page_or_announce(page));
}

void unlock_page(struct page *page)
{
	u64 *flags, old, found;

	page = compound_head(page);
	flags = flags_to_change(page, PG_locked);
	old = READ_ONCE(*flags);
	BUG_ON(!(old & BIT(PG_locked)));
	/* One step for both bits: once the lock is free, the page may be anybody's, or gone. */
	while ((found = cmpxchg64(flags, old, old & ~(BIT(PG_locked) | BIT(PG_waiters)))) != old)
		old = found;
	if (old & BIT(PG_waiters))
		wake_up_all(page_waitqueue(page));
}

/* ---- zone and node --------------------------------------------------------------------------------------------- */

struct zone *page_zone(const struct page *page)
{
	u32 id = page_zone_id(page);

	return node_zone(id >> (NODES_PGSHIFT - ZONES_PGSHIFT), id & 0xf);
}

static u64 page_links(u32 zone, u32 nid)
{
	return (u64)zone << ZONES_PGSHIFT | (u64)nid << NODES_PGSHIFT;
}

void set_page_links(struct page *page, u32 zone, u32 nid, u64 pfn)
{
	(void)pfn; /* with a virtual memmap the section needs no room in the flags */
	page_access_check(page);
	page->flags = (page->flags & (BIT(ZONES_PGSHIFT) - 1)) | page_links(zone, nid);
}

/* Plain stores of each word once: nobody else may know the page, and a memmap holds many of them. */
static inline void init_page(struct page *page, u64 flags)
{
	page->flags = flags;
	page->lru.next = &page->lru;
	page->lru.prev = &page->lru;
	page->mapping = 0;
	page->index = 0;
	page->private = 0;
	page->_refcount.counter = 1;
	page->_mapcount.counter = -1;
	page->compound_mapcount.counter = 0;
	page->compound_dtor = 0;
}

void __init_single_page(struct page *page, u64 pfn, u32 zone, u32 nid)
{
	(void)pfn;
	page_access_check(page);
	init_page(page, page_links(zone, nid) | BIT(PG_reserved));
}

void memmap_init_range(u64 start_pfn, u64 nr_pages, u32 zone, u32 nid, u32 mt)
{
	const u64 flags = page_links(zone, nid) | BIT(PG_reserved);
	u64 end_pfn = start_pfn + nr_pages, block_end;

	for (u64 pfn = start_pfn; pfn < end_pfn; pfn = block_end) {
		struct page *page = pfn_to_page(pfn), *end;

		block_end = min(pageblock_end_pfn(pfn), end_pfn);
		end = pfn_to_page(block_end);
		init_page(page, flags);
		if (pageblock_aligned(pfn)) {
			set_pageblock_migratetype(page, mt);
			cond_resched();
		}
		while (++page < end)
			init_page(page, flags);
	}
}

/*
 * A debugging aid (CONFIG_DEBUG_VM): makes a struct page that outlived its memory tell so. Not for the race detector:
 * a walker that still looks is caught by what it reads, as an access to uninitialised memmap, and that is the finding.
 */
void page_init_poison(u64 start_pfn, u64 nr_pages)
{
	(void)data_race(({
				mem_fill(pfn_to_page(start_pfn), PAGE_POISON_PATTERN, nr_pages * sizeof(struct page),
					 sizeof(struct page));
				0;
			}),
			"poison is there to be read by those who should not read");
}

void memmap_init_reserved_range(u64 start_pfn, u64 nr_pages, u32 zone, u32 nid)
{
	for (u64 pfn = start_pfn; pfn < start_pfn + nr_pages; pfn++)
		init_page(pfn_to_page(pfn), page_links(zone, nid) | BIT(PG_reserved));
}

void memmap_init_free_range(u64 start_pfn, u64 nr_pages, u32 zone, u32 nid)
{
	struct page init = {.flags = page_links(zone, nid), ._mapcount = {-1}};

	for (u64 pfn = start_pfn; pfn < start_pfn + nr_pages; pfn++) {
		struct page *page = pfn_to_page(pfn);

		init.lru.next = init.lru.prev = &page->lru;
		mem_copy(page, &init, sizeof(init), sizeof(init));
	}
}
