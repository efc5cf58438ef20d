/* SPDX-License-Identifier: MIT */
#include "core/mm/area.h"

#include "core/mm/machine.h"
#include "core/rt/mem.h"
#include "core/rt/report.h"

/* ---- content --------------------------------------------------------------------------------------------------- */

static u64 *page_content(u64 pfn)
{
	return (u64 *)RT_CONTENT_BASE + pfn;
}

/* Marked: loads and stores of user space are not for the race detector; what they lose, the stamps tell. */
u64 page_content_read(u64 pfn)
{
	return READ_ONCE(*page_content(pfn));
}

void page_content_write(u64 pfn, u64 stamp)
{
	WRITE_ONCE(*page_content(pfn), stamp);
}

/* ---- areas ----------------------------------------------------------------------------------------------------- */

struct area *area_of_slot(u32 slot)
{
	BUG_ON(slot >= OP_SLOTS);
	return &machine.areas[slot];
}

static void set_table(struct area *area, u32 size)
{
	u64 *table = rt_kzalloc(3UL * size * sizeof(u64), OBJ_area_table);

	BUG_ON(!table);
	rt_mark_permanent(table);
	area->size = size;
	area->pte = table;
	area->stamp = table + size;
	area->pins = table + 2UL * size;
}

void areas_init(void)
{
	for (u32 slot = 0; slot < OP_SLOTS; slot++) {
		struct area *area = area_of_slot(slot);

		mutex_init(&area->lock, LOCK_mmap);
		spin_lock_init(&area->ptl, LOCK_ptl);
		area->id = slot;
		set_table(area, AREA_ENTRIES);
	}
}

int area_resize(struct area *area, u32 size)
{
	int ret = -EINVAL;

	mutex_lock(&area->lock);
	if (!area->used && !area->pinned && size >= AREA_ENTRIES) {
		set_table(area, size);
		ret = 0;
	}
	mutex_unlock(&area->lock);
	return ret;
}

int area_set_kind(struct area *area, enum area_kind kind)
{
	u32 used;

	spin_lock(&area->ptl);
	used = area->used;
	spin_unlock(&area->ptl);
	if (used && area->kind != (u32)kind)
		return -EINVAL;
	WRITE_ONCE(area->kind, (u32)kind);
	return 0;
}

u32 area_free_entry(const struct area *area, u32 from)
{
	u32 index = from;

	while (index < area->size && area->pte[index])
		index++;
	return index;
}

u32 area_room(struct area *area)
{
	u32 used;

	spin_lock(&area->ptl);
	used = area->used;
	spin_unlock(&area->ptl);
	return area->size - used;
}

u64 area_next_stamp(struct area *area)
{
	area->last_stamp += BIT(16);
	return (u64)(area->id + 1) << 56 | area->last_stamp;
}

void area_write(struct area *area, u32 index, u64 pte, u64 stamp)
{
	for (u64 k = 0; k < BIT(pte_order(pte)); k++)
		page_content_write(pte_pfn(pte) + k, stamp + k);
	area->stamp[index] = stamp;
}

void area_verify(const struct area *area, u32 index, u64 pte)
{
	for (u64 k = 0; k < BIT(pte_order(pte)); k++) {
		u64 pfn = pte_pfn(pte) + k, found = page_content_read(pfn), want = area->stamp[index] + k;

		if (unlikely(found != want))
			rt_fail(VERDICT_invariant, "page content lost",
				"slot %u entry %u: pfn %llu holds %#llx, its user wrote %#llx", area->id, index,
				(unsigned long long)pfn, (unsigned long long)found, (unsigned long long)want);
	}
}

struct area *page_area(const struct page *page)
{
	u64 mapping = READ_ONCE(page->mapping);

	BUG_ON(!mapping || (mapping & PAGE_MAPPING_MOVABLE));
	return (struct area *)(mapping & ~PAGE_MAPPING_FLAGS);
}
