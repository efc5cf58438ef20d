/* SPDX-License-Identifier: MIT */
/* Kernel memory at a place that somebody names: what a workload has, without the workload. */
#include "core/core.h"

#include "core/mm/buddy.h"
#include "core/mm/machine.h"
#include "core/mm/page_alloc.h"
#include "core/mm/pcp.h"

/* zone->lock held. The free block that @pfn is part of, as single pages that belong to the caller; 0: it is not free.
 */
static struct page *isolate_block_of(u64 pfn, u32 *order)
{
	for (*order = 0; *order <= geometry.max_order; (*order)++) {
		struct page *head = pfn_to_page(ALIGN_DOWN(pfn, BIT(*order)));

		if (PageBuddy(head) && buddy_order(head) == *order)
			return __isolate_free_page(head, *order) ? head : NULL;
	}
	return NULL;
}

int core_hold_kernel_page(u64 pfn)
{
	struct page *page = pfn_to_online_page(pfn), *head;
	unsigned long flags;
	struct zone *zone;
	u32 order;

	if (!page)
		return -EBUSY;
	zone = page_zone(page);
	drain_all_pages(zone);
	spin_lock_irqsave(&zone->lock, flags);
	head = isolate_block_of(pfn, &order);
	spin_unlock_irqrestore(&zone->lock, flags);
	if (!head)
		return -EBUSY;
	split_map_isolated_page(head, order);
	for (u64 i = 0; i < BIT(order); i++)
		if (head + i != page)
			__free_pages(head + i, 0);
	return 0;
}

void core_release_kernel_page(u64 pfn)
{
	__free_pages(pfn_to_page(pfn), 0);
}
