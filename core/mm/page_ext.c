/* SPDX-License-Identifier: MIT */
#include "core/mm/page_ext.h"

#include "core/mm/machine.h"
#include "core/rt/mem.h"
#include "core/rt/point.h"
#include "core/rt/rcu.h"
#include "core/rt/report.h"

static bool page_ext_invalid(const struct page_ext *base)
{
	return !base || (u64)base & PAGE_EXT_INVALID;
}

/* ---- look-up ---------------------------------------------------------------------------------------------------- */

struct page_ext *page_ext_get(const struct page *page)
{
	u64 pfn = page_to_pfn(page);
	const struct mem_section *ms = __pfn_to_section(pfn);
	struct page_ext *base;

	rcu_read_lock();
	/* Pairs with the release in init_section_page_ext(): who sees an array sees it zeroed. */
	base = ms ? smp_load_acquire(&ms->page_ext) : NULL;
	if (page_ext_invalid(base)) {
		rcu_read_unlock();
		return NULL;
	}
	if (bug(page_ext_freed_in_use))
		rcu_read_unlock();
	rt_rcu_reached(base);
	point(page_ext, found, pfn);
	return base + pfn % PAGES_PER_SECTION;
}

void page_ext_put(struct page_ext *page_ext)
{
	if (page_ext && !bug(page_ext_freed_in_use))
		rcu_read_unlock();
}

/* ---- sections --------------------------------------------------------------------------------------------------- */

static int init_section_page_ext(struct mem_section *ms)
{
	struct page_ext *base;

	if (READ_ONCE(ms->page_ext))
		return 0;
	base = rt_kzalloc(PAGES_PER_SECTION * sizeof(*base), OBJ_page_ext);
	if (!base)
		return -ENOMEM;
	smp_store_release(&ms->page_ext, base);
	return 0;
}

/* Valid still if the others of the range could not be had. */
static void __free_page_ext(struct mem_section *ms)
{
	u64 base = (u64)READ_ONCE(ms->page_ext);

	WRITE_ONCE(ms->page_ext, NULL);
	kfree((void *)(base & ~PAGE_EXT_INVALID));
}

static void __invalidate_page_ext(struct mem_section *ms)
{
	if (READ_ONCE(ms->page_ext))
		WRITE_ONCE(ms->page_ext, (struct page_ext *)((u64)READ_ONCE(ms->page_ext) | PAGE_EXT_INVALID));
}

static u64 first_section(u64 start_pfn)
{
	return pfn_to_section_nr(start_pfn);
}

static u64 end_section(u64 start_pfn, u64 nr_pages)
{
	return pfn_to_section_nr(start_pfn + nr_pages - 1) + 1;
}

int online_page_ext(u64 start_pfn, u64 nr_pages)
{
	u64 first = first_section(start_pfn), end = end_section(start_pfn, nr_pages);
	int ret = 0;

	if (!boot_param(page_owner))
		return 0;
	for (u64 nr = first; nr < end && !ret; nr++)
		ret = init_section_page_ext(__nr_to_section(nr));
	for (u64 nr = first; nr < end && ret; nr++)
		__free_page_ext(__nr_to_section(nr));
	return ret;
}

void offline_page_ext(u64 start_pfn, u64 nr_pages)
{
	u64 first = first_section(start_pfn), end = end_section(start_pfn, nr_pages);

	if (!boot_param(page_owner))
		return;
	if (!bug(page_ext_freed_in_use)) {
		for (u64 nr = first; nr < end; nr++)
			__invalidate_page_ext(__nr_to_section(nr));
		point(page_ext, invalid, start_pfn);
		synchronize_rcu();
	}
	for (u64 nr = first; nr < end; nr++)
		__free_page_ext(__nr_to_section(nr));
	point(page_ext, freed, start_pfn);
}

void page_ext_init(void)
{
	if (!boot_param(page_owner))
		return;
	for (u64 nr = 0; nr <= machine.highest_present_section_nr; nr++)
		if (online_section(__nr_to_section(nr)))
			BUG_ON(init_section_page_ext(__nr_to_section(nr)));
}

/* ---- page_owner ------------------------------------------------------------------------------------------------- */

void set_page_owner(const struct page *page, u32 order, gfp_t gfp)
{
	struct page_ext *page_ext;

	if (!boot_param(page_owner))
		return;
	page_ext = page_ext_get(page);
	if (!page_ext)
		return;
	for (u64 i = 0; i < BIT(order); i++) {
		WRITE_ONCE(page_ext[i].order, order);
		WRITE_ONCE(page_ext[i].gfp, gfp);
		set_bit(PAGE_EXT_OWNER, &page_ext[i].flags);
		set_bit(PAGE_EXT_OWNER_ALLOCATED, &page_ext[i].flags);
	}
	page_ext_put(page_ext);
}

void reset_page_owner(const struct page *page, u32 order)
{
	struct page_ext *page_ext;

	if (!boot_param(page_owner))
		return;
	page_ext = page_ext_get(page);
	if (!page_ext)
		return;
	for (u64 i = 0; i < BIT(order); i++)
		clear_bit(PAGE_EXT_OWNER_ALLOCATED, &page_ext[i].flags);
	page_ext_put(page_ext);
}
