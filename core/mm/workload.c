/* SPDX-License-Identifier: MIT */
/* Memory that a workload has, without the workload: where somebody says. */
#include "core/core.h"

#include "core/mm/anon.h"
#include "core/mm/buddy.h"
#include "core/mm/machine.h"
#include "core/mm/page_alloc.h"
#include "core/mm/pcp.h"
#include "core/rt/cpu.h"

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

s64 core_slot_alloc(u32 slot, bool movable, u32 order, u32 count, s32 nid)
{
	struct area *area = area_of_slot(slot);
	gfp_t gfp = movable ? GFP_HIGHUSER_MOVABLE : GFP_KERNEL;
	nodemask_t nodes = nid < 0 ? node_states_mask(N_MEMORY) : BIT(nid);
	int ret = 0;

	if (order > geometry.max_order || nid >= (s32)machine_config.nodes)
		return -EINVAL;
	if (count > area->size)
		ret = area_resize(area, count);
	if (ret)
		return ret;
	return area_alloc_on(area, gfp, order, count, nid < 0 ? cpu_to_node(raw_smp_processor_id()) : (u32)nid, &nodes);
}

s64 core_slot_alloc_huge(u32 slot, u32 count, s32 nid)
{
	nodemask_t nodes = nid < 0 ? node_states_mask(N_MEMORY) : BIT(nid);

	if (nid >= (s32)machine_config.nodes)
		return -EINVAL;
	return area_alloc_huge(area_of_slot(slot), count, 0, &nodes);
}

u64 core_slot_pages_on(u32 slot, u32 nid)
{
	const struct area *area = area_of_slot(slot);
	u64 pages = 0;

	for (u32 i = 0; i < area->size; i++) {
		u64 pte = READ_ONCE(area->pte[i]);

		if (pte && !(pte & PTE_HWPOISON) && page_to_nid(pfn_to_page(pte_pfn(pte))) == nid)
			pages += BIT(pte_order(pte));
	}
	return pages;
}

u64 core_slot_lost(u32 slot)
{
	const struct area *area = area_of_slot(slot);
	u64 lost = 0;

	for (u32 i = 0; i < area->size; i++)
		lost += (READ_ONCE(area->pte[i]) & PTE_HWPOISON) != 0;
	return lost;
}

s64 core_slot_pfn(u32 slot, u64 page)
{
	const struct area *area = area_of_slot(slot);

	for (u32 i = 0; i < area->size; i++) {
		u64 pte = READ_ONCE(area->pte[i]);

		if (!pte || (pte & PTE_HWPOISON))
			continue;
		if (page < BIT(pte_order(pte)))
			return (s64)(pte_pfn(pte) + page);
		page -= BIT(pte_order(pte));
	}
	return -ENOENT;
}
