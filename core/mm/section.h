/* SPDX-License-Identifier: MIT */
/*
 * Sparse sections with vmemmap: which pfns have a struct page, and which are online (mm/sparse.c,
 * include/linux/mmzone.h, 6.1).
 *
 * Writers hold mem_hotplug_lock for writing. Readers hold nothing: see each predicate for what it promises.
 */
#ifndef PFNSTORM_MM_SECTION_H
#define PFNSTORM_MM_SECTION_H

#include "core/mm/geometry.h"
#include "core/mm/page.h"
#include "core/rt/rcu.h"
#include "core/rt/types.h"

/* Low bits of section_mem_map. */
#define SECTION_MARKED_PRESENT BIT(0)
#define SECTION_HAS_MEM_MAP BIT(1)
#define SECTION_IS_ONLINE BIT(2)
#define SECTION_IS_EARLY BIT(3)
#define SECTION_TAINT_ZONE_DEVICE BIT(4)

struct mem_section_usage {
	struct rcu_head rcu;
	u64 subsection_map;    /* a bit per subsection that was added */
	u64 boot;              /* 1: boot memory, never freed */
	u64 altmap_pages;      /* pages that the section's memmap took from an altmap */
	u64 pageblock_flags[]; /* PB_BITS per pageblock */
};

struct page_ext;

struct mem_section {
	u64 section_mem_map; /* encoded memmap | flags; 0: absent. Marked accesses only */
	struct mem_section_usage *usage;
	struct page_ext *page_ext; /* PAGE_EXT_INVALID: it goes away; NULL: none. Marked accesses */
	u64 pad;                   /* a power of two */
};

#define SECTIONS_PER_ROOT 256u

static inline u64 pfn_to_section_nr(u64 pfn)
{
	return pfn >> PFN_SECTION_SHIFT;
}

static inline u64 section_nr_to_pfn(u64 nr)
{
	return nr << PFN_SECTION_SHIFT;
}

/* NULL when its root does not exist or @nr is out of range. Roots are never freed. */
struct mem_section *__nr_to_section(u64 nr);
struct mem_section *__pfn_to_section(u64 pfn);

bool present_section(const struct mem_section *ms);
bool valid_section(const struct mem_section *ms);
bool online_section(const struct mem_section *ms);
bool early_section(const struct mem_section *ms);
/* Online, but some of it may be a device's. */
bool online_device_section(const struct mem_section *ms);
/* All its subsections are there, and none is a device's. RCU read section. */
bool section_is_whole(const struct mem_section *ms);
/* One load of the usage pointer; the caller is in an RCU read section or holds mem_hotplug_lock. */
bool pfn_section_valid(const struct mem_section *ms, u64 pfn);
/* Takes rcu_read_lock_sched() itself. True for all pfns of a valid early section, holes included. Any context. */
bool pfn_valid(u64 pfn);
/*
 * The page if its section is online now and it is no device's, else NULL. Gives no lifetime guarantee by itself: under
 * design pfn_walk=rcu the caller is inside rcu_read_lock() and the pointer is dead after rcu_read_unlock(), unless a
 * reference was taken and the section checked again after taking it (range/walk.h has that step).
 */
struct page *pfn_to_online_page(u64 pfn);

struct vmem_altmap;
struct dev_pagemap;
/*
 * Adds the memmap of [pfn, pfn + nr) (within one section, subsection aligned). 0, -ENOMEM, -EEXIST (some subsection
 * is there already), -EINVAL (empty). mem_hotplug_lock held for writing, or boot. Pages poisoned, section not online.
 * @altmap, unless NULL, is where the pages for the memmap of a whole section come from; @pgmap, unless NULL, the device
 * mapping that the pages will belong to.
 */
int sparse_add_section(u32 nid, u64 pfn, u64 nr, struct vmem_altmap *altmap, struct dev_pagemap *pgmap);
/*
 * Takes it away: HAS_MEM_MAP cleared first, usage freed after a grace period, memmap unmapped. @map_offset: leading
 * pages of the range that never had a struct page of data. mem_hotplug_lock write.
 */
void sparse_remove_section(u64 pfn, u64 nr, u64 map_offset, struct vmem_altmap *altmap);
/* SECTION_TAINT_ZONE_DEVICE for the section of @pfn: a device has a part of it. mem_hotplug_lock write. */
void section_taint_zone_device(u64 pfn);
/* SECTION_IS_ONLINE for all sections of the range. mem_hotplug_lock write. */
void online_mem_sections(u64 start_pfn, u64 end_pfn);
void offline_mem_sections(u64 start_pfn, u64 end_pfn);
/* Boot only: present, valid, online, early, with boot usage and poisoned memmap. */
void sparse_init_early(u64 pfn, u64 nr, u32 nid);

/* ---- pageblock flags: live in the section's usage ------------------------------------------------------------- */

enum migratetype {
	MIGRATE_UNMOVABLE,
	MIGRATE_MOVABLE,
	MIGRATE_RECLAIMABLE,
	MIGRATE_PCPTYPES,
	MIGRATE_HIGHATOMIC = MIGRATE_PCPTYPES,
	MIGRATE_CMA,
	MIGRATE_ISOLATE,
	MIGRATE_TYPES
};
#define PB_BITS 4 /* 3 of migratetype, 1 skip */
#define PB_SKIP 3

/* Lock-free word read; authoritative only under zone->lock. As in the kernel it reads through the usage pointer without
 * RCU. */
enum migratetype get_pageblock_migratetype(const struct page *page);
enum migratetype get_pfnblock_migratetype(u64 pfn);
/* cmpxchg loop; zone->lock held, or nobody else can know the pages. */
void set_pageblock_migratetype(struct page *page, enum migratetype mt);
bool get_pageblock_skip(const struct page *page);
void set_pageblock_skip(struct page *page);
void clear_pageblock_skip(struct page *page);
#define is_migrate_isolate(mt) ((mt) == MIGRATE_ISOLATE)
#define is_migrate_isolate_page(page) is_migrate_isolate(get_pageblock_migratetype(page))
#define migratetype_is_mergeable(mt) ((mt) < MIGRATE_PCPTYPES)

#endif
