/* SPDX-License-Identifier: MIT */
/* Offlining a memory block (mm/memory_hotplug.c, mm/page_alloc.c, drivers/base/memory.c, 6.1). */
#include "core/hotplug/memory_hotplug.h"
#include "core/hotplug/notifier.h"
#include "core/hotplug/poison.h"
#include "core/hotplug/resource.h"
#include "core/mm/anon.h"
#include "core/mm/buddy.h"
#include "core/mm/filemap.h"
#include "core/mm/hugetlb.h"
#include "core/mm/hwpoison.h"
#include "core/mm/lru.h"
#include "core/mm/machine.h"
#include "core/mm/pcp.h"
#include "core/mm/vmscan.h"
#include "core/range/compaction.h"
#include "core/range/isolation.h"
#include "core/range/migrate.h"
#include "core/range/pcp_isolation.h"
#include "core/rt/cpu.h"
#include "core/rt/point.h"
#include "core/rt/rcu.h"
#include "core/rt/task.h"

/* Node states that end if @nr_pages of @zone go away. */
static void node_states_check_changes_offline(u64 nr_pages, const struct zone *zone, struct memory_notify *arg)
{
	pg_data_t *pgdat = NODE_DATA(zone->node);
	u64 present = 0;

	arg->status_change_nid = -1;
	arg->status_change_nid_normal = -1;
	for (u32 idx = 0; idx <= ZONE_NORMAL; idx++)
		present += pgdat->node_zones[idx].present_pages;
	if (zone->idx <= ZONE_NORMAL && nr_pages >= present)
		arg->status_change_nid_normal = (s32)zone->node;
	present += pgdat->node_zones[ZONE_MOVABLE].present_pages;
	if (nr_pages >= present)
		arg->status_change_nid = (s32)zone->node;
}

static void node_states_clear_node(const struct memory_notify *arg)
{
	if (arg->status_change_nid_normal >= 0)
		node_clear_state((u32)arg->status_change_nid_normal, N_NORMAL_MEMORY);
	if (arg->status_change_nid >= 0)
		node_clear_state((u32)arg->status_change_nid, N_MEMORY);
}

/* ---- emptying the range ---------------------------------------------------------------------------------------- */

/* It never moves: its content is lost to whoever has it. The isolation's reference stays, unless there is one already.
 */
static void expel_poisoned_page(struct page *page)
{
	bool kept = READ_ONCE(page->private) == MAGIC_HWPOISON_USED;

	if (!get_page_unless_zero(page))
		return;
	if (isolate_lru_page(page)) {
		put_page(page);
		return;
	}
	lock_page(page);
	wait_on_page_writeback(page);
	ClearPageActive(page);
	ClearPageUnevictable(page);
	if (READ_ONCE(page->mapping) & PAGE_MAPPING_ANON)
		try_to_unmap_poison(page);
	else
		filemap_drop_page(page);
	SetPageHWPoisonUsed(page);
	unlock_page(page);
	if (kept)
		put_page(page);
	put_page(page);
}

/* Takes the movable pages of [start_pfn, end_pfn) off the LRU onto @source. */
static void isolate_movable_range(u64 start_pfn, u64 end_pfn, struct list_head *source)
{
	for (u64 pfn = start_pfn; pfn < end_pfn; pfn++) {
		struct page *page = pfn_to_page(pfn), *head;

		if (PageHuge(page)) {
			/* Not counted as failed: it may be free, or in other hands, as the next scan will see. */
			head = compound_head(page);
			pfn = max(pfn, page_to_pfn(head) + BIT(compound_order(head)) - 1);
			isolate_hugetlb(head, source);
			continue;
		}
		if (PageHead(page))
			pfn += BIT(compound_order(page)) - 1;
		if (PageHWPoison(page) && !PageCompound(page)) {
			expel_poisoned_page(page);
			continue;
		}
		if (!get_page_unless_zero(page))
			continue;
		/* Fails for a page somebody else has isolated, or that is not on the LRU yet: the next pass meets it.
		 */
		if (isolate_page_to_list(page, source))
			pr_warn("failed to isolate pfn %llu\n", (unsigned long long)page_to_pfn(page));
		put_page(page);
	}
}

/* False if something did not move: the next scan finds it again. */
static bool do_migrate_range(u64 start_pfn, u64 end_pfn)
{
	nodemask_t nodes;
	struct migration_target_control mtc = {
		.nodemask = &nodes,
		.gfp = GFP_USER | __GFP_MOVABLE | __GFP_RETRY_MAYFAIL,
	};
	struct list_head source;
	int ret;

	INIT_LIST_HEAD(&source);
	isolate_movable_range(start_pfn, end_pfn, &source);
	if (list_empty(&source))
		return false;

	/* Other nodes if there are any: the memory of this one may be about to go, block after block. */
	mtc.nid = page_to_nid(list_first_entry(&source, struct page, lru));
	nodes = node_states_mask(N_MEMORY) & ~BIT(mtc.nid);
	if (!nodes)
		nodes = BIT(mtc.nid);
	ret = migrate_pages(&source, alloc_migration_target, NULL, &mtc, MIGRATE_SYNC, NULL);
	if (ret) {
		pr_warn("migrating from pfn %llu failed ret:%d\n", (unsigned long long)start_pfn, ret);
		putback_movable_pages(&source);
	}
	return !ret;
}

const struct offline_law *offline_law;

/*
 * What a pass that did not get on costs the kernel, said as time: others run meanwhile, and the writer's patience ends.
 * Longer from pass to pass, so that a short wait is short and a hopeless one takes few passes.
 */
static void retry_later(u32 *ms)
{
	msleep(*ms);
	*ms = min(*ms * 4, 1024u);
}

/* A signal, or the one that `timeout` sends to a writer of the state file. */
static bool writer_interrupted(void)
{
	return signal_pending() || rt_now_ns() >= machine.state_write_deadline;
}

/* Until the isolated range holds nothing but free pages; only a signal or an unmovable page ends it early. */
static int empty_isolated_range(struct zone *zone, u64 start_pfn, u64 end_pfn, const char **reason)
{
	u32 pause_ms = 1;
	int ret;

	if (offline_law)
		offline_law->begins();
	do {
		u64 pfn = start_pfn;

		for (;;) {
			if (!bug(planted_no_signal_check) && writer_interrupted()) {
				*reason = "signal backoff";
				return -EINTR;
			}
			cond_resched();
			point(offline, scan, pfn);
			ret = scan_movable_pages(pfn, end_pfn, &pfn);
			if (ret)
				break;
			point(offline, migrate, pfn);
			if (!do_migrate_range(pfn, end_pfn))
				retry_later(&pause_ms);
		}
		if (ret != -ENOENT) {
			*reason = "unmovable page";
			return ret;
		}
		/* What the pool has not lent goes back to the buddy allocator; what it may not give ends it all. */
		point(offline, dissolve, start_pfn);
		ret = dissolve_free_huge_pages(start_pfn, end_pfn);
		if (ret) {
			*reason = "failure to dissolve huge pages";
			return ret;
		}
		ret = test_pages_isolated(start_pfn, end_pfn, MEMORY_OFFLINE);
		point(offline, tested, ret);
		if (ret) {
			if (offline_law)
				offline_law->range_not_empty(zone, start_pfn, end_pfn);
			pcp_not_empty(zone);
			retry_later(&pause_ms);
		}
	} while (ret);
	return 0;
}

/* ---- commit ---------------------------------------------------------------------------------------------------- */

/* Takes the free blocks of the range off the buddy lists for good; they are isolated, so nobody else may have. */
static void remove_free_blocks(struct zone *zone, u64 start_pfn, u64 end_pfn)
{
	unsigned long flags;

	spin_lock_irqsave(&zone->lock, flags);
	if (bug(planted_grace_period_in_lock))
		synchronize_rcu();
	for (u64 pfn = start_pfn; pfn < end_pfn;) {
		struct page *page = pfn_to_page(pfn);
		u32 order;

		if (!PageBuddy(page)) {
			/* Hwpoisoned, or logically offline without users: test_pages_isolated() let nothing else pass.
			 */
			BUG_ON(!PageHWPoison(page) && (!PageOffline(page) || page_count(page)));
			pfn++;
			continue;
		}
		BUG_ON(page_count(page));
		BUG_ON(get_pageblock_migratetype(page) != MIGRATE_ISOLATE);
		order = buddy_order(page);
		del_page_from_free_list(page, zone, order);
		pfn += BIT(order);
	}
	spin_unlock_irqrestore(&zone->lock, flags);
}

/*
 * The point of no return. Under pfn_walk=rcu a walker that saw the section online, or the zone contiguous, has left its
 * read section before anything below it changes: both are cleared first, then a grace period passes.
 */
static void __offline_isolated_pages(struct zone *zone, u64 start_pfn, u64 end_pfn)
{
	bool rcu = design(pfn_walk) == ALT_pfn_walk_rcu;

	if (rcu)
		clear_zone_contiguous(zone);
	offline_mem_sections(start_pfn, end_pfn);
	point(offline, sections_offline, start_pfn);
	if (rcu) {
		synchronize_rcu();
		point(offline, grace_period, start_pfn);
	}
	remove_free_blocks(zone, start_pfn, end_pfn);
	point(offline, buddies_removed, start_pfn);
}

/* The pageblocks keep their type ISOLATE, but no longer count: they are not online. */
static void forget_isolated_pageblocks(struct zone *zone, u64 nr_pages)
{
	unsigned long flags;

	if (bug(planted_isolate_count_unlocked)) {
		zone->nr_isolate_pageblock -= nr_pages / pageblock_nr_pages;
		return;
	}
	spin_lock_irqsave(&zone->lock, flags);
	zone->nr_isolate_pageblock -= nr_pages / pageblock_nr_pages;
	spin_unlock_irqrestore(&zone->lock, flags);
}

/* Nothing of the zone is left to allocate: whoever looks for zones must not find it, and then its lists can go. */
static void zone_lost_memory(struct zone *zone)
{
	if (zone_pcp_reset_after_zonelists()) {
		build_all_zonelists(NULL);
		zone_pcp_reset(zone);
	} else {
		zone_pcp_reset(zone);
		build_all_zonelists(NULL);
	}
}

/* kcompactd first: it looks at kswapd. */
static void node_lost_memory(u32 nid)
{
	if (bug(kswapd_stopped_first))
		kswapd_stop(nid);
	kcompactd_stop(nid);
	if (!bug(kswapd_stopped_first))
		kswapd_stop(nid);
}

/* What is left to do once the pages are gone: per-CPU lists work again, so the marks can be computed. */
static void finish_offline(struct zone *zone, u64 start_pfn, u64 nr_pages, struct memory_group *group,
			   struct memory_notify *arg)
{
	/* Hwpoisoned and logically offline pages too: whose they are has given them back in MEM_GOING_OFFLINE. */
	adjust_managed_page_count(zone, -(s64)nr_pages);
	adjust_present_page_count(zone, group, start_pfn, -(s64)nr_pages);
	point(offline, counted, start_pfn);
	init_per_zone_wmark_min();
	if (!populated_zone(zone))
		zone_lost_memory(zone);
	node_states_clear_node(arg);
	point(offline, node_states, start_pfn);
	if (arg->status_change_nid >= 0)
		node_lost_memory((u32)arg->status_change_nid);

	if (!bug(planted_told_offline_late))
		memory_notify(MEM_OFFLINE, arg);
	remember_hwpoison_flags(start_pfn, nr_pages);
	remove_pfn_range_from_zone(zone, start_pfn, nr_pages);
	if (bug(planted_told_offline_late))
		memory_notify(MEM_OFFLINE, arg);
	point(offline, done, start_pfn);
}

/* ---- offline_pages --------------------------------------------------------------------------------------------- */

static int count_system_ram_pages_cb(u64 pfn, u64 nr_pages, void *arg)
{
	(void)pfn;
	*(u64 *)arg += nr_pages;
	return 0;
}

/* Why the range can not be offlined at all; NULL if it can. */
static const char *offline_obstacle(u64 start_pfn, u64 nr_pages, const struct zone *zone)
{
	u64 system_ram_pages = 0;

	walk_system_ram_range(start_pfn, nr_pages, &system_ram_pages, count_system_ram_pages_cb);
	if (system_ram_pages != nr_pages)
		return "memory holes";
	if (page_zone(pfn_to_page(start_pfn)) != zone || page_zone(pfn_to_page(start_pfn + nr_pages - 1)) != zone)
		return "multizone range";
	return NULL;
}

static int tell_going_offline(u64 nr_pages, const struct zone *zone, struct memory_notify *arg)
{
	node_states_check_changes_offline(nr_pages, zone, arg);
	return notifier_to_errno(memory_notify(MEM_GOING_OFFLINE, arg));
}

/* Isolated, emptied and taken off the free lists; *@reason says why not. Per-CPU lists and LRU batches are off. */
static int take_pages_offline(struct zone *zone, u64 start_pfn, u64 end_pfn, struct memory_notify *arg,
			      const char **reason)
{
	bool told = bug(planted_told_going_offline_early);
	int ret = 0;

	if (told)
		ret = tell_going_offline(end_pfn - start_pfn, zone, arg);
	*reason = "failure to isolate range";
	if (!ret)
		ret = start_isolate_page_range(start_pfn, end_pfn, MIGRATE_MOVABLE, MEMORY_OFFLINE | REPORT_FAILURE);
	if (ret && (told || bug(cancel_without_going)))
		memory_notify(MEM_CANCEL_OFFLINE, arg);
	if (ret)
		return ret;
	point(offline, isolated, start_pfn);
	pcp_isolated(zone);

	*reason = "notifier failure";
	if (!told)
		ret = tell_going_offline(end_pfn - start_pfn, zone, arg);
	if (ret)
		goto failed_removal_isolated;
	point(offline, going_offline, start_pfn);

	ret = empty_isolated_range(zone, start_pfn, end_pfn, reason);
	if (ret)
		goto failed_removal_isolated;
	check_range_isolated(start_pfn, end_pfn);
	__offline_isolated_pages(zone, start_pfn, end_pfn);
	forget_isolated_pageblocks(zone, end_pfn - start_pfn);
	return 0;

failed_removal_isolated:
	undo_isolate_page_range(start_pfn, end_pfn, MIGRATE_MOVABLE);
	if (!bug(planted_cancel_not_sent))
		memory_notify(MEM_CANCEL_OFFLINE, arg);
	return ret;
}

int offline_pages(u64 start_pfn, u64 nr_pages, struct zone *zone, struct memory_group *group)
{
	struct memory_notify arg = {.start_pfn = start_pfn, .nr_pages = nr_pages};
	u64 end_pfn = start_pfn + nr_pages;
	const char *reason;
	int ret;

	lockdep_assert_held_write(&machine.mem_hotplug_lock);
	/* The end is section aligned; where a block holds its own memmap, the start need not be. */
	if (!nr_pages || !pageblock_aligned(start_pfn) || !IS_ALIGNED(end_pfn, (u64)PAGES_PER_SECTION)) {
		WARN_ON(true);
		return -EINVAL;
	}
	point(offline, begin, start_pfn);
	reason = offline_obstacle(start_pfn, nr_pages, zone);
	if (reason) {
		ret = -EINVAL;
		goto failed;
	}

	/* Freed pages shall go where the range's are looked for, and references of batches shall not hold them. */
	pcp_offline_begin(zone);
	lru_cache_disable();
	ret = take_pages_offline(zone, start_pfn, end_pfn, &arg, &reason);
	if (!ret || !bug(lru_disable_leak))
		lru_cache_enable();
	pcp_offline_end(zone, ret == 0);
	if (ret)
		goto failed;
	finish_offline(zone, start_pfn, nr_pages, group, &arg);
	return 0;

failed:
	pr_debug("memory offlining [pfn %llu, %llu pages] failed due to %s\n", (unsigned long long)start_pfn,
		 (unsigned long long)nr_pages, reason);
	point(offline, cancelled, ret);
	return ret;
}

int memory_block_offline(struct memory_block *mem)
{
	u64 start_pfn = section_nr_to_pfn(mem->start_section_nr), nr_pages = geometry.pages_per_block;
	u64 nr_vmemmap_pages = mem->nr_vmemmap_pages;
	struct zone *zone = mem->zone;
	int ret;

	/* Boot memory of several zones or nodes in one block. */
	if (!zone)
		return -EINVAL;
	mem_hotplug_begin();
	failure_law_begins();
	core_event(EVENT_offline_begin, pfn_to_block_id(start_pfn), 0);
	/* The memmap's pages first: what is left decides whether the zone has lost its memory. */
	if (nr_vmemmap_pages)
		adjust_present_page_count(zone, mem->group, start_pfn, -(s64)nr_vmemmap_pages);
	ret = offline_pages(start_pfn + nr_vmemmap_pages, nr_pages - nr_vmemmap_pages, zone, mem->group);
	if (ret) {
		if (nr_vmemmap_pages)
			adjust_present_page_count(zone, mem->group, start_pfn, (s64)nr_vmemmap_pages);
		goto out;
	}
	if (nr_vmemmap_pages && bug(memmap_on_memory_unlocked)) {
		mem_hotplug_done();
		mhp_deinit_memmap_on_memory(start_pfn, nr_vmemmap_pages);
		mem_hotplug_begin();
	} else if (nr_vmemmap_pages) {
		mhp_deinit_memmap_on_memory(start_pfn, nr_vmemmap_pages);
	}
	/* Read by its file without a lock. */
	WRITE_ONCE(mem->zone, NULL);
out:
	failure_law_ends("offline", ret);
	core_event(ret ? EVENT_offline_undo : EVENT_offline_commit, pfn_to_block_id(start_pfn), 0);
	mem_hotplug_done();
	return ret;
}
