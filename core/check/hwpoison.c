/* SPDX-License-Identifier: MIT */
/* The law of poisoned pages. */
#include "core/mm/hwpoison.h"
#include "core/check/census.h"
#include "core/check/laws.h"
#include "core/hotplug/memory_block.h"
#include "core/mm/hugetlb.h"
#include "core/mm/machine.h"

/* The head's flag stands for the broken pages, but where none is marked as such. */
static u64 count_in_huge_page(const struct page *head)
{
	u64 raw = 0, count = 0;

	for (u64 i = 0; i < BIT(machine.hstate.order); i++) {
		raw += (head[i].compound_dtor & RAW_HWPOISON) != 0;
		count += i && raw_page_flag(&head[i], PG_hwpoison);
	}
	return count + (raw ? raw : raw_page_flag(head, PG_hwpoison));
}

/* Sections are online as a whole; struct pages of a hole in one may never have been initialised. */
static bool there(u64 pfn)
{
	const struct page *page = pfn_to_page(pfn);

	return raw_pfn_online(pfn) && rt_memmap_live(page) && page->flags != PAGE_POISON_PATTERN;
}

/* Poisoned online pages of [start_pfn, end_pfn), whole subsections; of a huge page those of it that are broken. */
static u64 count_poisoned(u64 start_pfn, u64 end_pfn)
{
	u64 count = 0;

	for (u64 pfn = start_pfn; pfn < end_pfn; pfn++) {
		const struct page *page = pfn_to_page(pfn);

		if (pfn % PAGES_PER_SUBSECTION == 0 && !there(pfn)) {
			pfn += PAGES_PER_SUBSECTION - 1;
			continue;
		}
		if (!raw_page_huge(page)) {
			count += raw_page_flag(page, PG_hwpoison);
			continue;
		}
		count += count_in_huge_page(page);
		pfn += BIT(machine.hstate.order) - 1;
	}
	return count;
}

static bool is_mapped(u64 pfn)
{
	for (u32 slot = 0; slot < OP_SLOTS; slot++) {
		const struct area *area = &machine.areas[slot];

		for (u32 i = 0; area->used && i < area->size; i++)
			if ((area->pte[i] & PTE_PRESENT) && pfn >= pte_pfn(area->pte[i]) &&
			    pfn < pte_pfn(area->pte[i]) + BIT(pte_order(area->pte[i])))
				return true;
	}
	return false;
}

/* What is wrong with a poisoned page that is none of a huge page. */
static const char *page_broken(const struct page *page)
{
	u64 pfn = page_to_pfn(page);
	if (page->private == MAGIC_HWPOISON && (page->_refcount.counter < 1 || raw_page_buddy(page)))
		return broken("pfn %llu was taken off the free lists and has %d references", (unsigned long long)pfn,
			      page->_refcount.counter);
	if (page->private == MAGIC_HWPOISON && is_mapped(pfn))
		return broken("pfn %llu was taken off the free lists and is mapped", (unsigned long long)pfn);
	return NULL;
}

static const char *block_broken(u64 id, u64 *total)
{
	u64 start_pfn = block_id_to_pfn(id), end_pfn = block_id_to_pfn(id + 1), online, remembered;
	const struct memory_block *mem = machine.blocks[id];

	remembered = mem ? (u64)mem->nr_hwpoison.counter : 0;
	online = count_poisoned(start_pfn, end_pfn);
	for (u64 pfn = start_pfn; online && pfn < end_pfn; pfn++) {
		const struct page *page = pfn_to_page(pfn);
		const char *wrong = NULL;

		if (there(pfn) && raw_page_flag(page, PG_hwpoison) && !raw_page_flag(page, PG_head))
			wrong = page_broken(page);
		if (wrong)
			return wrong;
	}
	*total += mem && mem->state == BLOCK_ONLINE ? online : remembered;
	if (design(hwpoison_hotplug) == ALT_hwpoison_hotplug_forget || !mem || mem->state != BLOCK_ONLINE)
		return NULL;
	if (online != remembered)
		return broken("block %llu has %llu poisoned pages and counts %lld", (unsigned long long)id,
			      (unsigned long long)online, (long long)remembered);
	return NULL;
}

const char *law_hwpoison_pages(void)
{
	u64 total = 0;

	if (!machine.mf_calls)
		return NULL;
	for (u64 id = 0; id < machine_config.blocks; id++) {
		const char *wrong = block_broken(id, &total);

		if (wrong)
			return wrong;
	}
	if (total != (u64)machine.num_poisoned_pages.counter)
		return broken("%llu pages are poisoned, %lld are counted", (unsigned long long)total,
			      (long long)machine.num_poisoned_pages.counter);
	return NULL;
}
