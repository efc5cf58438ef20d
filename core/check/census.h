/* SPDX-License-Identifier: MIT */
/*
 * The census: one pass over all free lists and all online pages, from which the laws take their numbers.
 *
 * Kept outside the arena: it is nobody's shared state.
 */
#ifndef PFNSTORM_CHECK_CENSUS_H
#define PFNSTORM_CHECK_CENSUS_H

#include "core/mm/machine.h"
#include "core/mm/zone.h"
#include "core/rt/mem.h"

struct zone_census {
	/* From the free lists. */
	u64 listed[NR_PAGE_ORDERS_MAX]; /* blocks */
	u64 listed_pages;
	u64 isolated_pages; /* of them on ISOLATE lists */
	u64 cma_pages;      /* of them on CMA lists */
	/* From the pages of online sections. */
	u64 online_pages;
	u64 early_pages;
	u64 first_pfn, last_pfn;         /* online pages of the zone; first > last: none */
	u64 buddies[NR_PAGE_ORDERS_MAX]; /* blocks */
	u64 buddy_pages;
	u64 pcp_pages; /* on per-CPU lists */
	u64 used_pages;
	u64 logically_offline_pages; /* PageOffline, in an area or not */
	u64 unplugged_pages;         /* of them those of a virtio-mem device, which are in no area */
	u64 pool_pages;              /* of free huge pages */
	u64 poisoned_pages;          /* neither free nor in use, because they are broken */
	u64 reserved_pages;
	u64 isolated_pageblocks;
};

struct census {
	struct zone_census zone[MAX_NODES][MAX_NR_ZONES];
	u64 lru_pages[MAX_NODES];  /* heads with PG_lru */
	u64 huge_pages[MAX_NODES]; /* of the hugetlb pool */
	u64 huge_free[MAX_NODES];
	u64 slab_pages;
	/* The first contradiction met on the way, for the law it belongs to; empty: none. */
	char bad_list[160];  /* free lists */
	char bad_page[160];  /* page states */
	char bad_pcp[160];   /* per-CPU lists */
	char bad_link[160];  /* zone and node of pages */
	char bad_type[160];  /* pageblock types against lists */
	char bad_cma[160];   /* CMA pageblocks against CMA lists */
	char bad_block[160]; /* pageblock types within a free block */
	char isolated[160];  /* pageblocks of a type that none has at rest */
	char lost_page[160]; /* neither free nor in use nor reserved */
	char bad_tail[160];  /* tails of compound pages */
	char unmerged[160];  /* free blocks that could be one */
	char bad_mt[160];    /* pageblocks of no type */
};
extern struct census census;

/* Logarithms of the numbers of pages: divisions would be what laws cost. */
struct census_shifts {
	u32 section, pageblock;
};
extern struct census_shifts census_shifts;

/* With no operation under way. */
void census_take(void);
/* What the raw views need, once the machine's geometry is known. */
void census_shifts_init(void);

/* Is the page at @pfn on a per-CPU list, as the first of its block? Its order then goes to *@order. */
bool census_pcp_page(u64 pfn, u32 *order);
/* Does op pin hold the page that an entry is for? */
static inline bool area_pins_page(const struct area *area, u32 entry)
{
	return area->pinned && area->pins[entry] == pte_pfn(area->pte[entry]) + 1;
}
/* References that an entry of an area accounts for: its mapping or cache, and a pin. */
static inline s32 area_references(const struct area *area, u32 entry)
{
	u64 pte = area->pte[entry];
	s32 references = pte & PTE_MAPPED ? (s32)BIT(pte_order(pte)) : 1;

	return references + area_pins_page(area, entry);
}
/* Early memory of a range: whole pages, and bytes. */
u64 early_memory_pages(u64 start_pfn, u64 end_pfn);
u64 early_memory_bytes(u64 start, u64 end);
/* Is the block there since boot? */
bool block_is_early(u64 block_id);
/* Bit per subsection of the section that is a device's. (devices.c) */
u64 device_subsections(u64 section_nr);
/* How many LRU batches hold the page. */
u32 census_batch_references(const struct page *page);
/* The value of a counter with what the CPUs keep to themselves. */
s64 raw_zone_stat(const struct zone *zone, u32 item);
s64 raw_node_stat(const pg_data_t *pgdat, u32 item);

/* ---- raw views -------------------------------------------------------------------------------------------------- */

static inline struct mem_section *raw_section(u64 nr)
{
	struct mem_section *root =
		nr / SECTIONS_PER_ROOT < SECTION_ROOTS_MAX ? machine.section_roots[nr / SECTIONS_PER_ROOT] : NULL;

	return root ? &root[nr % SECTIONS_PER_ROOT] : NULL;
}

/* Is @pfn in a section that is online? Its struct page may be read then. */
static inline bool raw_pfn_online(u64 pfn)
{
	const struct mem_section *ms = raw_section(pfn >> census_shifts.section);

	return ms && (ms->section_mem_map & SECTION_IS_ONLINE);
}

/* @pfn is in a valid section. */
static inline enum migratetype raw_pageblock_type(u64 pfn)
{
	const struct mem_section *ms = raw_section(pfn >> census_shifts.section);
	u64 bit = (pfn & (BIT(census_shifts.section) - 1)) >> census_shifts.pageblock << 2;

	return (enum migratetype)(ms->usage->pageblock_flags[bit / 64] >> bit % 64 & (BIT(PB_SKIP) - 1));
}
_Static_assert(PB_BITS == 1 << 2, "raw_pageblock_type() shifts");

/* Is @page a struct page of an online section with live memory behind it? */
static inline bool raw_page_live(const struct page *page)
{
	u64 offset = (u64)page - RT_MEMMAP_BASE;

	return offset < RT_MEMMAP_SIZE && offset % sizeof(struct page) == 0 && raw_pfn_online(page_to_pfn(page)) &&
	       rt_memmap_live(page);
}

/* Of a struct page whose memmap is live. */
static inline bool raw_page_buddy(const struct page *page)
{
	return ((u32)page->_mapcount.counter & (PAGE_TYPE_BASE | PG_TYPE_buddy)) == PAGE_TYPE_BASE;
}

static inline bool raw_page_offline(const struct page *page)
{
	return ((u32)page->_mapcount.counter & (PAGE_TYPE_BASE | PG_TYPE_offline)) == PAGE_TYPE_BASE;
}

static inline bool raw_page_flag(const struct page *page, enum pageflags flag)
{
	return page->flags >> flag & 1;
}

/* Is it the head of a huge page of the pool? Its pages are in one section. */
static inline bool raw_page_huge(const struct page *page)
{
	return raw_page_flag(page, PG_head) && (page[1].compound_dtor & ~RAW_HWPOISON) == HUGETLB_PAGE_DTOR;
}

static inline u32 raw_page_zonenum(const struct page *page)
{
	return (u32)(page->flags >> ZONES_PGSHIFT & 0xf);
}

static inline u32 raw_page_nid(const struct page *page)
{
	return (u32)(page->flags >> NODES_PGSHIFT & 0xf);
}

#endif
