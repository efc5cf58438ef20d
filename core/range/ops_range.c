/* SPDX-License-Identifier: MIT */
#include "core/range/ops_range.h"

#include "core/mm/anon.h"
#include "core/mm/huge_memory.h"
#include "core/mm/hugetlb.h"
#include "core/mm/lru.h"
#include "core/mm/machine.h"
#include "core/range/compaction.h"
#include "core/range/demote.h"
#include "core/range/isolation.h"
#include "core/range/ksm.h"
#include "core/range/migrate.h"
#include "core/range/walk.h"
#include "core/rt/cpu.h"
#include "core/rt/point.h"

s64 op_compact(const struct op *op)
{
	static const u32 zones[] = {[0] = ZONE_NORMAL, [1] = ZONE_MOVABLE}; /* by value of enums.def ZONE */
	struct compact_control cc = {
		.zone = node_zone(0, zones[op->arg[0]]),
		.order = -1,
		.mode = MIGRATE_SYNC,
		.ignore_skip_hint = true,
		.whole_zone = true,
	};

	compact_zone(&cc);
	return (s64)cc.nr_migrated;
}

/* Bits of /proc/kpageflags (include/uapi/linux/kernel-page-flags.h, 6.1) as far as they are modelled. */
enum {
	KPF_LRU = 5,
	KPF_ACTIVE = 6,
	KPF_BUDDY = 10,
	KPF_ANON = 12,
	KPF_COMPOUND_HEAD = 15,
	KPF_COMPOUND_TAIL = 16,
	KPF_HWPOISON = 19,
	KPF_NOPAGE = 20,
	KPF_OFFLINE = 23,
	KPF_RESERVED = 32,
};

/* Seen without a reference: the page may be freed or allocated between any two of these. (fs/proc/page.c, 6.1) */
static u64 stable_page_flags(const struct page *page)
{
	const struct page *head = compound_head(page);
	u64 flags = 0;

	flags |= PageLRU(head) ? BIT(KPF_LRU) : 0;
	flags |= PageActive(head) ? BIT(KPF_ACTIVE) : 0;
	flags |= PageBuddy(page) ? BIT(KPF_BUDDY) : 0;
	flags |= READ_ONCE(head->mapping) & PAGE_MAPPING_ANON ? BIT(KPF_ANON) : 0;
	flags |= PageHead(page) ? BIT(KPF_COMPOUND_HEAD) : 0;
	flags |= PageTail(page) ? BIT(KPF_COMPOUND_TAIL) : 0;
	flags |= PageHWPoison(page) ? BIT(KPF_HWPOISON) : 0;
	flags |= PageOffline(page) ? BIT(KPF_OFFLINE) : 0;
	flags |= PageReserved(page) ? BIT(KPF_RESERVED) : 0;
	return flags;
}

s64 op_walk(const struct op *op)
{
	u64 start_pfn = (u64)op->arg[0] * geometry.pages_per_block;
	u64 end_pfn = min(start_pfn + (u64)op->arg[1] * geometry.pages_per_block, geometry.max_pfn);
	struct walk w;
	s64 seen = 0;

	walk_begin(&w, NULL);
	for (u64 pfn = start_pfn; pfn < end_pfn; pfn++) {
		u64 flags = BIT(KPF_NOPAGE);
		struct page *page;

		if (pfn % WALK_CLUSTER == 0) {
			walk_leave(&w);
			cond_resched();
		}
		page = walk_page(&w, pfn);
		point(walk, page, pfn);
		if (bug(walk_stale_pointer))
			walk_leave(&w);
		if (page)
			flags = stable_page_flags(page);
		seen += !(flags & BIT(KPF_NOPAGE));
	}
	walk_leave(&w);
	walk_end(&w);
	return seen;
}

s64 op_isolate(const struct op *op)
{
	u64 start_pfn = (u64)op->arg[0] * geometry.pages_per_block, end_pfn = start_pfn + geometry.pages_per_block;
	int ret = start_isolate_page_range(start_pfn, end_pfn, MIGRATE_MOVABLE, 0);

	if (ret)
		return ret;
	ret = test_pages_isolated(start_pfn, end_pfn, 0);
	undo_isolate_page_range(start_pfn, end_pfn, MIGRATE_MOVABLE);
	return ret;
}

/* The page of an entry, with a reference, if it is there and not on the move. (follow_page() with FOLL_GET) */
static struct page *get_area_page(struct area *area, u32 entry)
{
	struct page *page = NULL;
	u64 pte;

	spin_lock(&area->ptl);
	pte = area->pte[entry];
	if (pte & PTE_PRESENT) {
		page = pfn_to_page(pte >> 8);
		get_page(page);
	}
	spin_unlock(&area->ptl);
	return page;
}

s64 op_migrate(const struct op *op)
{
	struct area *area = area_of_slot((u32)op->arg[0]);
	struct migration_target_control mtc = {.gfp = GFP_HIGHUSER_MOVABLE};
	u32 nr_succeeded = 0, isolated = 0;
	struct list_head pages;
	int ret;

	INIT_LIST_HEAD(&pages);
	/* Pages in batches could not be isolated. (do_pages_move, 6.1) */
	lru_cache_disable();
	mutex_lock(&area->lock);
	for (u32 i = 0; i < area->size; i++) {
		struct page *page = get_area_page(area, i);

		if (!page)
			continue;
		if (isolate_page_to_list(page, &pages) == 0 && isolated++ == 0)
			mtc.nid = page_to_nid(page);
		put_page(page);
	}
	mutex_unlock(&area->lock);
	if (isolated == 0) {
		lru_cache_enable();
		return 0;
	}
	ret = migrate_pages(&pages, alloc_migration_target, NULL, &mtc, MIGRATE_SYNC, &nr_succeeded);
	if (ret)
		putback_movable_pages(&pages);
	lru_cache_enable();
	return ret == -ENOMEM && nr_succeeded == 0 ? ret : (s64)nr_succeeded;
}

/* Isolated, a compound page is off the LRU lists, where its length counts. (split_huge_page) */
static bool split_entry(struct area *area, u32 entry)
{
	struct page *page = get_area_page(area, entry);
	struct list_head pieces;
	int ret = -EBUSY;

	if (!page)
		return false;
	INIT_LIST_HEAD(&pieces);
	if (PageHead(page) && !PageHuge(page) && isolate_page_to_list(page, &pieces) == 0) {
		put_page(page);
		lock_page(page);
		ret = split_huge_page_to_list(page, &pieces);
		unlock_page(page);
		putback_movable_pages(&pieces);
	} else {
		put_page(page);
	}
	return !ret;
}

s64 op_split(const struct op *op)
{
	struct area *area = area_of_slot((u32)op->arg[0]);
	s64 split = 0;

	lru_add_drain_all();
	mutex_lock(&area->lock);
	for (u32 i = 0; i < area->size; i++)
		split += split_entry(area, i);
	mutex_unlock(&area->lock);
	return split;
}

s64 op_split_pmd(const struct op *op)
{
	struct area *area = area_of_slot((u32)op->arg[0]);
	s64 split = 0;

	mutex_lock(&area->lock);
	for (u32 i = 0; i < area->size; i++) {
		struct page *page = get_area_page(area, i);

		if (!page)
			continue;
		/* Kernel memory and files are mapped in no such way. */
		if (READ_ONCE(page->mapping) & PAGE_MAPPING_ANON && PageHead(page))
			split += split_huge_pmd(page) != 0;
		put_page(page);
	}
	mutex_unlock(&area->lock);
	return split;
}

s64 op_ksm(const struct op *op)
{
	return ksm_scan(area_of_slot((u32)op->arg[0]));
}

/* ---- demotion --------------------------------------------------------------------------------------------------- */

s64 op_demote(const struct op *op)
{
	u32 nid = (u32)op->arg[0];

	if (nid >= machine_config.nodes)
		return -ENOENT;
	return demote_pages(nid, (u32)op->arg[1]);
}
