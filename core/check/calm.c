/* SPDX-License-Identifier: MIT */
/*
 * The calm after a run: nobody else does anything, nothing is pinned, nothing fails. Then every block without unmovable
 * pages, whose other pages have room elsewhere, goes offline.
 */
#include "core/check/census.h"
#include "core/hotplug/memory_block.h"
#include "core/mm/hwpoison.h"
#include "core/mm/machine.h"
#include "core/mm/section.h"
#include "core/rt/report.h"
#include "core/rt/task.h"

#define KEPT_SLOT 0 /* what it holds has to move */

static s64 do_op(const char *name, s32 a, s32 b)
{
	const struct op_info *info = op_info_by_name(name);
	const struct op op = {.id = info->id, .arg = {a, b}};

	return core_run_op(&op);
}

/* The entry of a page that broke outlives it: its block may be gone. */
static bool kernel_memory(const struct area *area)
{
	for (u32 i = 0; i < area->size; i++)
		if (area->pte[i] && !(area->pte[i] & PTE_HWPOISON) && !pfn_to_page(pte_pfn(area->pte[i]))->mapping)
			return true;
	return false;
}

/* Nothing is pinned or the kernel's; what is left is one slot, which has room elsewhere. */
static void let_go(void)
{
	for (s32 slot = 0; slot < OP_SLOTS; slot++) {
		do_op("unpin", slot, 0);
		do_op("deflate", AREA_ENTRIES, slot);
		do_op("cma_release", slot, 0);
		if (slot != KEPT_SLOT || kernel_memory(&machine.areas[slot]))
			do_op("free", slot, 0);
	}
}

/* Free huge pages that may be dissolved: the others are promised to who has reserved them. */
static u64 spare_huge_pages(void)
{
	const struct hstate *h = &machine.hstate;

	return h->free_huge_pages > h->resv_huge_pages ? h->free_huge_pages - h->resv_huge_pages : 0;
}

/* Pages of a block that are in use, or UINT64_MAX if one of them cannot be moved, or only to a free huge page. */
static u64 movable_pages(u64 block)
{
	u64 start_pfn = block_id_to_pfn(block), used = 0, huge = 0;

	for (u64 pfn = start_pfn; pfn < start_pfn + geometry.pages_per_block; pfn++) {
		const struct page *page = pfn_to_page(pfn);

		/* Lent to movable pages only: an offline does not isolate it. */
		if (pageblock_aligned(pfn) && get_pageblock_migratetype(page) == MIGRATE_CMA)
			return UINT64_MAX;
		if (raw_page_flag(page, PG_reserved) || raw_page_flag(page, PG_slab) ||
		    (page->_refcount.counter > 0 && (!page->mapping || raw_page_huge(page))))
			return UINT64_MAX;
		huge += raw_page_huge(page);
		/* Broken, and not a process's or a file's: nobody can take it from who has it. */
		if (page->_refcount.counter > 0 && raw_page_flag(page, PG_hwpoison) && !raw_page_flag(page, PG_lru) &&
		    (page->_refcount.counter > 1 ||
		     (page->private != MAGIC_HWPOISON && page->private != MAGIC_HWPOISON_USED)))
			return UINT64_MAX;
		/* Parts of a compound page have no reference of their own, and need room like it. */
		used += page->_refcount.counter > 0 || (u64)page->lru.next & 1;
	}
	return huge <= spare_huge_pages() ? used : UINT64_MAX;
}

/*
 * Free pages above the marks outside of @block, of zones where its pages may go: to ZONE_MOVABLE only from there, and
 * to their own node only if no other has memory (do_migrate_range(), 6.1).
 */
static u64 room_without(u64 block)
{
	u32 own = machine.blocks[block]->zone->node;
	u64 room = 0, others = node_states_mask(N_MEMORY) & ~BIT(own), nodes = others ? others : BIT(own);

	for (u32 nid = 0; nid < machine_config.nodes; nid++)
		for (u32 idx = 0; idx < MAX_NR_ZONES; idx++) {
			const struct zone *zone = &machine.nodes[nid].node_zones[idx];
			s64 free = raw_zone_stat(zone, NR_FREE_PAGES), kept = (s64)zone->_watermark[WMARK_HIGH] * 2;

			if (!(nodes & BIT(nid)))
				continue;
			if (idx == ZONE_MOVABLE && machine.blocks[block]->zone->idx != ZONE_MOVABLE)
				continue;
			if (zone == machine.blocks[block]->zone)
				free -= (s64)geometry.pages_per_block;
			room += free > kept ? (u64)(free - kept) : 0;
		}
	return room;
}

static bool may_go(u64 id)
{
	const struct memory_block *mem = machine.blocks[id];
	u64 used;

	if (!mem || mem->state != BLOCK_ONLINE || !mem->zone || mem->nr_vmemmap_pages)
		return false;
	if (block_is_early(id) &&
	    early_memory_pages(block_id_to_pfn(id), block_id_to_pfn(id + 1)) != geometry.pages_per_block)
		return false;
	used = movable_pages(id);
	return used != UINT64_MAX && (!used || room_without(id) >= used);
}

/*
 * Up to @attempts times. A veto that was armed before is the last failure there is, one for each direction. What it did
 * last.
 */
static s64 insist(const char *name, u64 id, s32 type, u32 attempts, struct core_calm *calm)
{
	bool vetoed = false;
	s64 ret;

	for (u32 i = 1; i <= attempts;) {
		ret = do_op(name, (s32)id, type);
		if (ret == -EPERM && !vetoed) {
			vetoed = true;
			continue;
		}
		if (ret >= 0) {
			calm->attempts = max(calm->attempts, i);
			return ret;
		}
		i++;
	}
	return ret;
}

static void cycle(u64 id, u32 attempts, struct core_calm *calm)
{
	s32 type = machine.blocks[id]->zone->idx == ZONE_MOVABLE ? 2 : 1;
	u64 used = movable_pages(id), began = rt_now_ns();
	s64 ret = insist("offline", id, 0, attempts, calm);

	if (ret < 0)
		rt_fail(VERDICT_invariant, "progress",
			"block %llu with %llu movable pages in use does not go offline: %lld", (unsigned long long)id,
			(unsigned long long)used, (long long)ret);
	calm->longest_ns = max(calm->longest_ns, rt_now_ns() - began);
	calm->blocks++;
	ret = insist("online", id, type, attempts, calm);
	/* Broken pages keep it offline, as may memory that is short. */
	if (ret < 0 && ret != -EHWPOISON && ret != -ENOMEM)
		rt_fail(VERDICT_invariant, "progress", "block %llu went offline and does not come back online: %lld",
			(unsigned long long)id, (long long)ret);
}

void core_calm(u32 attempts, struct core_calm *calm)
{
	calm->blocks = calm->kept = calm->longest_ns = 0;
	calm->attempts = 0;
	let_go();
	for (u64 id = 0; id < machine_config.blocks; id++) {
		if (!machine.blocks[id] || machine.blocks[id]->state != BLOCK_ONLINE)
			continue;
		if (may_go(id))
			cycle(id, attempts, calm);
		else
			calm->kept++;
	}
}
