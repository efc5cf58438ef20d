/* SPDX-License-Identifier: MIT */
#include "core/mm/section.h"

#include "core/mm/altmap.h"
#include "core/mm/machine.h"
#include "core/mm/pagemap.h"
#include "core/rt/point.h"
#include "core/rt/report.h"
#include "core/rt/task.h"

/* ---- look-up --------------------------------------------------------------------------------------------------- */

struct mem_section *__nr_to_section(u64 nr)
{
	struct mem_section *root;

	if (nr / SECTIONS_PER_ROOT >= SECTION_ROOTS_MAX)
		return NULL;
	/* Pairs with the release in sparse_index_init(): who sees a root sees it zeroed. */
	root = smp_load_acquire(&machine.section_roots[nr / SECTIONS_PER_ROOT]);
	return root ? &root[nr % SECTIONS_PER_ROOT] : NULL;
}

struct mem_section *__pfn_to_section(u64 pfn)
{
	return __nr_to_section(pfn_to_section_nr(pfn));
}

/*
 * Pairs with the release in section_word_set(): who sees a section online sees the struct pages that were initialised
 * before. The kernel has no barrier here and lives on the locks in between.
 */
static u64 section_word(const struct mem_section *ms)
{
	return smp_load_acquire(&ms->section_mem_map);
}

bool present_section(const struct mem_section *ms)
{
	return ms && (section_word(ms) & SECTION_MARKED_PRESENT);
}

bool valid_section(const struct mem_section *ms)
{
	return ms && (section_word(ms) & SECTION_HAS_MEM_MAP);
}

bool online_section(const struct mem_section *ms)
{
	return ms && (section_word(ms) & SECTION_IS_ONLINE);
}

bool early_section(const struct mem_section *ms)
{
	return ms && (section_word(ms) & SECTION_IS_EARLY);
}

bool online_device_section(const struct mem_section *ms)
{
	u64 both = SECTION_IS_ONLINE | SECTION_TAINT_ZONE_DEVICE;

	return ms && (section_word(ms) & both) == both;
}

static u32 subsection_index(u64 pfn)
{
	return (u32)(pfn & (PAGES_PER_SECTION - 1)) / PAGES_PER_SUBSECTION;
}

/* UBSan is off so that a null pointer, in kernels that do not look, gets as far as the access, which is the oops. */
__attribute__((no_sanitize("undefined"))) bool pfn_section_valid(const struct mem_section *ms, u64 pfn)
{
	/* One load: removal may clear the pointer at any time. Pairs with the release in section_activate(). */
	struct mem_section_usage *usage = smp_load_acquire(&ms->usage);

	rt_rcu_reached(usage);
	if (!usage && !bug(usage_not_tested) && !bug(section_flag_cleared_last))
		return false;
	return test_bit(subsection_index(pfn), &usage->subsection_map);
}

bool section_is_whole(const struct mem_section *ms)
{
	const struct mem_section_usage *usage = smp_load_acquire(&ms->usage);

	return usage && READ_ONCE(usage->subsection_map) == ~0ULL >> (64 - geometry.subsections_per_section) &&
	       !online_device_section(ms);
}

bool pfn_valid(u64 pfn)
{
	struct mem_section *ms;
	bool valid;
	u64 word;

	if (pfn >= geometry.max_pfn)
		return false;
	ms = __pfn_to_section(pfn);
	if (!ms)
		return false;
	/* Keeps section_deactivate() from freeing the usage while its bitmap is read. */
	rcu_read_lock_sched();
	word = section_word(ms);
	valid = word & SECTION_HAS_MEM_MAP && (word & SECTION_IS_EARLY || pfn_section_valid(ms, pfn));
	rcu_read_unlock_sched();
	return valid;
}

/*
 * Does the page of a section that memory shares with a device belong to the device? Being in its mapping tells, whether
 * that is to last or not: 6.1 asks for a reference, which a mapping that is about to end does not give.
 */
static bool pfn_of_device(u64 pfn)
{
	struct dev_pagemap *pgmap;

	point(sparse, mixed_section, pfn);
	if (!bug(pagemap_dying_online))
		return pfn_in_pagemap(pfn);
	pgmap = get_dev_pagemap(pfn);
	put_dev_pagemap(pgmap);
	return pgmap != NULL;
}

struct page *pfn_to_online_page(u64 pfn)
{
	struct mem_section *ms;

	if (pfn >= geometry.max_pfn)
		return NULL;
	ms = __pfn_to_section(pfn);
	if (!online_section(ms))
		return NULL;
	point(sparse, online_page, pfn);
	if (!pfn_section_valid(ms, pfn))
		return NULL;
	/* Asked after the subsection: who sees that of a device there sees the section marked, and the mapping. */
	return online_device_section(ms) && pfn_of_device(pfn) ? NULL : pfn_to_page(pfn);
}

/* ---- add ------------------------------------------------------------------------------------------------------- */

static void section_word_set(struct mem_section *ms, u64 word)
{
	smp_store_release(&ms->section_mem_map, word);
}

/* The word holds the memmap minus the section's first pfn: with one virtual memmap the same number everywhere. */
static u64 encode_mem_map(u64 section_nr)
{
	return (u64)(pfn_to_page(section_nr_to_pfn(section_nr)) - section_nr_to_pfn(section_nr));
}

static int sparse_index_init(u64 section_nr)
{
	struct mem_section **root = &machine.section_roots[section_nr / SECTIONS_PER_ROOT];
	struct mem_section *sections;

	if (READ_ONCE(*root))
		return 0;
	sections = rt_kzalloc(sizeof(*sections) * SECTIONS_PER_ROOT, OBJ_mem_section_root);
	if (!sections)
		return -ENOMEM;
	rt_mark_permanent(sections);
	smp_store_release(root, sections);
	return 0;
}

/* Bits of the subsections that [pfn, pfn + nr) touches; the range lies in one section. */
static u64 subsection_mask(u64 pfn, u64 nr)
{
	u32 first = subsection_index(pfn), last = subsection_index(pfn + nr - 1);

	return nr ? (~0ULL >> (63 - (last - first))) << first : 0;
}

static u32 pageblock_flag_words(void)
{
	return (geometry.pageblocks_per_section * PB_BITS + BITS_PER_LONG - 1) / BITS_PER_LONG;
}

static struct mem_section_usage *usage_alloc(void)
{
	struct mem_section_usage *usage;

	return rt_kzalloc(sizeof(*usage) + pageblock_flag_words() * sizeof(usage->pageblock_flags[0]),
			  OBJ_mem_section_usage);
}

/*
 * Does any subsection of @map have a struct page in the memmap unit at @addr? Units are smaller than a section's
 * memmap, but may be larger than a subsection's.
 */
static bool memmap_unit_in_use(u64 section_nr, u64 map, const char *addr)
{
	u64 first_pfn = page_to_pfn((const struct page *)addr);
	u64 nr = RT_MEMMAP_UNIT / sizeof(struct page);

	BUG_ON(pfn_to_section_nr(first_pfn) != section_nr);
	return map & subsection_mask(first_pfn, nr);
}

/* A whole section's memmap out of the range itself, or whatever else @altmap stands for. */
static int populate_from_altmap(struct mem_section_usage *usage, struct vmem_altmap *altmap)
{
	/* Which pages they are does not matter, pfn 0 may be among them. */
	if (!vmem_altmap_alloc(altmap, geometry.memmap_pages))
		return -ENOMEM;
	usage->altmap_pages = geometry.memmap_pages;
	return 0;
}

/* Whole sections in one piece; parts unit by unit, sparing units that another subsection brought along. */
static int populate_section_memmap(u64 pfn, u64 nr)
{
	char *start = (char *)pfn_to_page(pfn), *end = (char *)pfn_to_page(pfn + nr);
	char *unit;
	int ret = 0;

	if (nr == PAGES_PER_SECTION)
		return rt_memmap_map(start, (size_t)(end - start), PAGE_POISON_PATTERN);
	for (unit = (char *)ALIGN_DOWN((u64)start, RT_MEMMAP_UNIT); unit < end && !ret; unit += RT_MEMMAP_UNIT)
		if (!rt_memmap_live(unit))
			ret = rt_memmap_map(unit, RT_MEMMAP_UNIT, PAGE_POISON_PATTERN);
	return ret;
}

/* Pages that came from an altmap go back there; the page allocator never had them. */
static void depopulate_to_altmap(struct mem_section_usage *usage, struct vmem_altmap *altmap)
{
	if (!usage->altmap_pages)
		return;
	BUG_ON(!altmap);
	vmem_altmap_free(altmap, usage->altmap_pages);
	usage->altmap_pages = 0;
}

/* @map: the subsections that stay. */
static void depopulate_section_memmap(u64 pfn, u64 nr, u64 map)
{
	char *start = (char *)pfn_to_page(pfn), *end = (char *)pfn_to_page(pfn + nr);
	char *unit;

	if (nr == PAGES_PER_SECTION) {
		/* Not there when it could not be populated. */
		if (rt_memmap_live(start))
			rt_memmap_unmap(start, (size_t)(end - start));
		return;
	}
	for (unit = (char *)ALIGN_DOWN((u64)start, RT_MEMMAP_UNIT); unit < end; unit += RT_MEMMAP_UNIT)
		if (rt_memmap_live(unit) && !memmap_unit_in_use(pfn_to_section_nr(pfn), map, unit))
			rt_memmap_unmap(unit, RT_MEMMAP_UNIT);
}

/* Sets the bits; -EINVAL none, -EEXIST some are set already (fill_subsection_map). */
static int fill_subsection_map(struct mem_section_usage *usage, u64 mask)
{
	u64 map = READ_ONCE(usage->subsection_map);

	if (!mask)
		return -EINVAL;
	if (map & mask)
		return -EEXIST;
	/* Pairs with pfn_section_valid(): who sees a device's subsection there sees the section marked. */
	if (bug(planted_subsection_unordered))
		WRITE_ONCE(usage->subsection_map, map | mask);
	else
		smp_store_release(&usage->subsection_map, map | mask);
	return 0;
}

static void section_deactivate(struct mem_section *ms, u64 pfn, u64 nr, struct vmem_altmap *altmap);

static int section_activate(struct mem_section *ms, u64 pfn, u64 nr, struct vmem_altmap *altmap)
{
	struct mem_section_usage *usage = NULL;
	int ret;

	point(sparse, section_activate, pfn_to_section_nr(pfn));
	if (!READ_ONCE(ms->usage)) {
		usage = usage_alloc();
		if (!usage)
			return -ENOMEM;
		smp_store_release(&ms->usage, usage);
	}
	ret = fill_subsection_map(READ_ONCE(ms->usage), subsection_mask(pfn, nr));
	if (ret) {
		if (usage)
			WRITE_ONCE(ms->usage, NULL);
		kfree(usage);
		return ret;
	}
	/* The memmap of boot memory covers its whole section, holes included. */
	if (nr < PAGES_PER_SECTION && early_section(ms))
		return 0;
	ret = altmap && nr == PAGES_PER_SECTION ? populate_from_altmap(READ_ONCE(ms->usage), altmap) : 0;
	if (!ret)
		ret = populate_section_memmap(pfn, nr);
	if (ret)
		section_deactivate(ms, pfn, nr, altmap);
	return ret;
}

void section_taint_zone_device(u64 pfn)
{
	struct mem_section *ms = __pfn_to_section(pfn);

	assert_mem_hotplug_writer();
	section_word_set(ms, READ_ONCE(ms->section_mem_map) | SECTION_TAINT_ZONE_DEVICE);
}

int sparse_add_section(u32 nid, u64 pfn, u64 nr, struct vmem_altmap *altmap, struct dev_pagemap *pgmap)
{
	u64 section_nr = pfn_to_section_nr(pfn);
	struct mem_section *ms;
	int ret;

	(void)nid; /* the kernel needs it for where to take the memmap from */
	assert_mem_hotplug_writer();
	BUG_ON(!IS_ALIGNED(pfn, (u64)PAGES_PER_SUBSECTION) || !IS_ALIGNED(nr, (u64)PAGES_PER_SUBSECTION));
	BUG_ON(nr && pfn_to_section_nr(pfn + nr - 1) != section_nr);
	ret = sparse_index_init(section_nr);
	if (ret)
		return ret;
	ms = __nr_to_section(section_nr);
	/* Before its subsections can be found, else they would pass for online memory for a while, as in 6.1. */
	if (pgmap && online_section(ms) && !bug(taint_after_add) && !bug(section_not_tainted))
		section_taint_zone_device(pfn);
	ret = section_activate(ms, pfn, nr, altmap);
	if (ret)
		return ret;
	/* rt_memmap_map() has poisoned fresh memmap; in a section that was there already it may be anything. */
	if (nr < PAGES_PER_SECTION)
		page_init_poison(pfn, nr);
	if (section_nr > machine.highest_present_section_nr)
		machine.highest_present_section_nr = section_nr;
	section_word_set(ms, (READ_ONCE(ms->section_mem_map) &
			      (SECTION_IS_ONLINE | SECTION_IS_EARLY | SECTION_TAINT_ZONE_DEVICE)) |
				     encode_mem_map(section_nr) | SECTION_MARKED_PRESENT | SECTION_HAS_MEM_MAP);
	point(sparse, section_added, section_nr);
	return 0;
}

/* ---- remove ---------------------------------------------------------------------------------------------------- */

/*
 * HAS_MEM_MAP goes first, so that pfn_valid() turns false before the usage it would read is freed, and the usage is
 * freed after a grace period, for those inside pfn_valid() already (since 6.8; 6.1 has it from stable).
 */
static void section_deactivate(struct mem_section *ms, u64 pfn, u64 nr, struct vmem_altmap *altmap)
{
	struct mem_section_usage *usage = READ_ONCE(ms->usage);
	u64 mask = subsection_mask(pfn, nr), map = usage ? READ_ONCE(usage->subsection_map) : 0;
	bool early = early_section(ms), empty;

	point(sparse, section_deactivate, pfn_to_section_nr(pfn));
	if (WARN_ON((map & mask) != mask))
		return;
	map &= ~mask;
	empty = !map;
	if (empty)
		depopulate_to_altmap(usage, altmap);
	WRITE_ONCE(usage->subsection_map, map);
	if (empty && bug(usage_free_no_rcu) && !usage->boot) {
		WRITE_ONCE(ms->usage, NULL);
		kfree(usage);
	} else if (empty) {
		if (!bug(section_flag_cleared_last))
			section_word_set(ms, READ_ONCE(ms->section_mem_map) & ~SECTION_HAS_MEM_MAP);
		point(sparse, mem_map_cleared, pfn_to_section_nr(pfn));
		/* Boot usage lies in reserved memory: kept, and used again when the section comes back. */
		if (!usage->boot) {
			WRITE_ONCE(ms->usage, NULL);
			kfree_rcu(usage, rcu);
			point(sparse, usage_freed, pfn_to_section_nr(pfn));
		}
	}
	if (!early) {
		depopulate_section_memmap(pfn, nr, map);
		point(sparse, memmap_unmapped, pfn);
	} else if (empty) {
		depopulate_section_memmap(section_nr_to_pfn(pfn_to_section_nr(pfn)), PAGES_PER_SECTION, 0);
		point(sparse, memmap_unmapped, pfn);
	}
	if (empty)
		section_word_set(ms, 0);
	else if (bug(planted_mark_forgotten))
		section_word_set(ms, READ_ONCE(ms->section_mem_map) & ~SECTION_TAINT_ZONE_DEVICE);
}

void sparse_remove_section(u64 pfn, u64 nr, u64 map_offset, struct vmem_altmap *altmap)
{
	struct mem_section *ms = __pfn_to_section(pfn);

	(void)map_offset;
	assert_mem_hotplug_writer();
	BUG_ON(!nr || pfn_to_section_nr(pfn + nr - 1) != pfn_to_section_nr(pfn));
	if (WARN_ON(!valid_section(ms)))
		return;
	section_deactivate(ms, pfn, nr, altmap);
}

/* ---- online and offline ---------------------------------------------------------------------------------------- */

static void change_online_bit(u64 start_pfn, u64 end_pfn, u64 clear, u64 set)
{
	assert_mem_hotplug_writer();
	for (u64 pfn = start_pfn; pfn < end_pfn; pfn += PAGES_PER_SECTION) {
		struct mem_section *ms = __pfn_to_section(pfn);

		if (WARN_ON(!valid_section(ms)))
			continue;
		section_word_set(ms, (READ_ONCE(ms->section_mem_map) & ~clear) | set);
	}
}

void online_mem_sections(u64 start_pfn, u64 end_pfn)
{
	change_online_bit(start_pfn, end_pfn, 0, SECTION_IS_ONLINE);
}

void offline_mem_sections(u64 start_pfn, u64 end_pfn)
{
	change_online_bit(start_pfn, end_pfn, SECTION_IS_ONLINE, 0);
}

void sparse_init_early(u64 pfn, u64 nr, u32 nid)
{
	u64 last = pfn_to_section_nr(pfn + nr - 1);

	(void)nid;
	for (u64 section_nr = pfn_to_section_nr(pfn); section_nr <= last; section_nr++) {
		u64 section_pfn = section_nr_to_pfn(section_nr);
		u64 first = max(pfn, section_pfn), end = min(pfn + nr, section_pfn + PAGES_PER_SECTION);
		struct mem_section *ms;

		BUG_ON(sparse_index_init(section_nr));
		ms = __nr_to_section(section_nr);
		if (!ms->usage) {
			ms->usage = usage_alloc();
			BUG_ON(!ms->usage);
			rt_mark_permanent(ms->usage);
			ms->usage->boot = 1;
			BUG_ON(populate_section_memmap(section_pfn, PAGES_PER_SECTION));
		}
		ms->usage->subsection_map |= subsection_mask(first, end - first);
		ms->section_mem_map = encode_mem_map(section_nr) | SECTION_MARKED_PRESENT | SECTION_HAS_MEM_MAP |
				      SECTION_IS_ONLINE | SECTION_IS_EARLY;
	}
	machine.highest_present_section_nr = max(machine.highest_present_section_nr, last);
}
