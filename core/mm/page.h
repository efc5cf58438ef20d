/* SPDX-License-Identifier: MIT */
/*
 * struct page: one per page frame, in the memmap window of the arena; 64 bytes as on x86-64
 * (include/linux/mm_types.h, 6.1).
 *
 * pfn_to_page() is arithmetic and never fails; whether there is a memmap behind the pointer is the caller's problem,
 * and the reason this project exists.
 */
#ifndef PFNSTORM_MM_PAGE_H
#define PFNSTORM_MM_PAGE_H

#include "core/rt/access.h"
#include "core/rt/atomic.h"
#include "core/rt/list.h"
#include "core/rt/mem.h"
#include "core/rt/task.h"
#include "core/rt/types.h"
#include "core/rt/wait.h"

struct page {
	u64 flags;            /* PG_* bits; zone and node on top, valid once the memmap is initialised */
	struct list_head lru; /* free list, LRU list or a private list; tail pages: lru.next = head | 1 */
	u64 mapping;          /* anon area | PAGE_MAPPING_ANON, or movable-ops | PAGE_MAPPING_MOVABLE, or 0 */
	u64 index;            /* position in the anon area; migratetype while the page changes lists */
	u64 private;        /* buddy order while PageBuddy or isolated by compaction; first tail page: compound order */
	atomic_t _refcount; /* 0: free or frozen; fresh memmap: 1 */
	atomic_t _mapcount; /* -1: unmapped; shares its word with page_type */
	atomic_t compound_mapcount; /* first tail page: mappings of the compound page as a whole, less one */
	u32 compound_dtor;          /* first tail page: what the compound page is (hugetlb.h) */
};
_Static_assert(sizeof(struct page) == 64, "a memmap unit holds whole struct pages");

/* Bits of page->flags, in the kernel's meaning. Text by X-macro for reports. Append only. */
#define PAGE_FLAGS(F)                                                                                                  \
	F(locked)                                                                                                      \
	F(lru)                                                                                                         \
	F(active)                                                                                                      \
	F(unevictable)                                                                                                 \
	F(writeback)                                                                                                   \
	F(dirty)                                                                                                       \
	F(private)                                                                                                     \
	F(reserved)                                                                                                    \
	F(slab)                                                                                                        \
	F(head)                                                                                                        \
	F(hwpoison)                                                                                                    \
	F(isolated)                                                                                                    \
	F(reported)                                                                                                    \
	F(waiters)                                                                                                     \
	F(swapbacked)                                                                                                  \
	F(referenced)                                                                                                  \
	F(vmemmap_self_hosted)
enum pageflags {
#define PAGE_FLAG(name) PG_##name,
	PAGE_FLAGS(PAGE_FLAG)
#undef PAGE_FLAG
		NR_PAGEFLAGS
};
#define ZONES_PGSHIFT 56 /* 4 bits */
#define NODES_PGSHIFT 60 /* 4 bits */

/* page_type values: type bits are *cleared* in 0xf000ffff-like base when set (6.1 encoding). */
#define PAGE_TYPE_BASE 0xf0000000u
#define PG_TYPE_buddy 0x00000080u
#define PG_TYPE_offline 0x00000100u
#define PG_TYPE_table 0x00000200u
#define PG_TYPE_guard 0x00000400u

#define PAGE_MAPPING_ANON 1UL
#define PAGE_MAPPING_MOVABLE 2UL
#define PAGE_MAPPING_FLAGS 3UL

#define PAGE_POISON_PATTERN (~0ULL) /* what an uninitialised memmap holds (CONFIG_DEBUG_VM) */

static inline struct page *pfn_to_page(u64 pfn)
{
	return (struct page *)RT_MEMMAP_BASE + pfn;
}

static inline u64 page_to_pfn(const struct page *page)
{
	return (u64)(page - (struct page *)RT_MEMMAP_BASE);
}

/*
 * Who may look at a page is a law of its own (range/walk_law.h): every function below that touches a struct page, and
 * those on pageblock flags in section.h, call page_access_check() first. The private pointer of a task that the law
 * watches is the range of pages it may look at without being asked.
 */
struct page_cover {
	u64 start_pfn, end_pfn;
};
/* Asked about a page outside that range. */
extern void (*page_access_hook)(const struct page *page);
static inline void page_access_check(const struct page *page)
{
	const struct page_cover *cover = rt_task_private();

	if (unlikely(cover != NULL) &&
	    unlikely(page_to_pfn(page) - cover->start_pfn >= cover->end_pfn - cover->start_pfn))
		page_access_hook(page);
}

/*
 * A poisoned page claims to be the tail of a page at -2. What follows that pointer must get as far as the access, which
 * is the oops; UBSan would end the process before it.
 */
#define MAY_BE_WILD __attribute__((no_sanitize("undefined")))

/* In the kernel PF_POISONED_CHECK is a BUG. */
void page_uninitialised(const struct page *page) __attribute__((noreturn, cold));

/* The flags of an initialised page: of one that was poisoned and not initialised since, verdict `oops`. */
static inline MAY_BE_WILD u64 page_flags(const struct page *page)
{
	u64 flags = READ_ONCE(page->flags);

	if (unlikely(flags == PAGE_POISON_PATTERN))
		page_uninitialised(page);
	return flags;
}

/*
 * The word that marks a tail is the list link of pages that are none. Links are even, so bit 0 tells; but whoever
 * peeks without a reference may do so while the page moves between lists.
 */
static inline u64 compound_word(const struct page *page)
{
	page_access_check(page);
	return (u64)data_race(READ_ONCE(page->lru.next), "bit 0 is clear in whichever list link a peek without a "
							 "reference meets");
}

/* Compound pages. compound_head() of a poisoned tail dereferences a wild pointer, as in the kernel: verdict `oops`. */
static inline bool PageTail(const struct page *page)
{
	return compound_word(page) & 1;
}

static inline struct page *compound_head(const struct page *page)
{
	u64 word = compound_word(page);

	return word & 1 ? (struct page *)(word - 1) : (struct page *)page;
}

/* Flags that belong to a compound page as a whole are kept in its head; these are each struct page's own. */
#define OWN_FLAGS                                                                                                      \
	(BIT(PG_reserved) | BIT(PG_head) | BIT(PG_hwpoison) | BIT(PG_isolated) | BIT(PG_reported) |                    \
	 BIT(PG_vmemmap_self_hosted))

/*
 * PageXxx() tests, SetPageXxx(), ClearPageXxx(), TestSet/TestClear for each PAGE_FLAGS row: test is a marked load,
 * set/clear are atomic bit operations. Like the kernel with DEBUG_VM_PGFLAGS, a test on a poisoned page (flags all
 * ones) is verdict `oops`, class "uninitialised", since in the kernel it is a BUG on a page nobody initialised.
 */
static inline bool page_test_flag(const struct page *page, enum pageflags flag)
{
	if (BIT(flag) & OWN_FLAGS)
		page_access_check(page);
	else
		page = compound_head(page);
	return page_flags(page) & BIT(flag);
}

void page_set_flag(struct page *page, enum pageflags flag);
void page_clear_flag(struct page *page, enum pageflags flag);
bool page_test_set_flag(struct page *page, enum pageflags flag);
bool page_test_clear_flag(struct page *page, enum pageflags flag);
/*
 * Changes many flags of a page that nobody else uses, and leaves alone the others: memory_failure() may set its flag at
 * any time. (6.1 does it without an atomic operation.)
 */
void page_change_flags(struct page *page, u64 clear, u64 set);
#define PAGE_FLAG_OPS(lname, Uname)                                                                                    \
	static inline bool Page##Uname(const struct page *page)                                                        \
	{                                                                                                              \
		return page_test_flag(page, PG_##lname);                                                               \
	}                                                                                                              \
	static inline void SetPage##Uname(struct page *page)                                                           \
	{                                                                                                              \
		page_set_flag(page, PG_##lname);                                                                       \
	}                                                                                                              \
	static inline void ClearPage##Uname(struct page *page)                                                         \
	{                                                                                                              \
		page_clear_flag(page, PG_##lname);                                                                     \
	}                                                                                                              \
	static inline bool TestSetPage##Uname(struct page *page)                                                       \
	{                                                                                                              \
		return page_test_set_flag(page, PG_##lname);                                                           \
	}                                                                                                              \
	static inline bool TestClearPage##Uname(struct page *page)                                                     \
	{                                                                                                              \
		return page_test_clear_flag(page, PG_##lname);                                                         \
	}
PAGE_FLAG_OPS(locked, Locked)
PAGE_FLAG_OPS(lru, LRU)
PAGE_FLAG_OPS(active, Active)
PAGE_FLAG_OPS(unevictable, Unevictable)
PAGE_FLAG_OPS(writeback, Writeback)
PAGE_FLAG_OPS(dirty, Dirty)
PAGE_FLAG_OPS(reserved, Reserved)
PAGE_FLAG_OPS(slab, Slab)
PAGE_FLAG_OPS(head, Head)
PAGE_FLAG_OPS(hwpoison, HWPoison)
PAGE_FLAG_OPS(isolated, Isolated)
PAGE_FLAG_OPS(waiters, Waiters)
PAGE_FLAG_OPS(swapbacked, SwapBacked)
PAGE_FLAG_OPS(referenced, Referenced)
PAGE_FLAG_OPS(vmemmap_self_hosted, VmemmapSelfHosted)

/* Page type states in the mapcount word. PageBuddy is read without a lock by many: a marked load. */
static inline bool page_is_type(const struct page *page, u32 type)
{
	page_access_check(page);
	/* A type is set when its bit is clear in a word that otherwise looks like a small negative mapcount. */
	return ((u32)READ_ONCE(page->_mapcount.counter) & (PAGE_TYPE_BASE | type)) == PAGE_TYPE_BASE;
}

static inline bool PageBuddy(const struct page *page)
{
	return page_is_type(page, PG_TYPE_buddy);
}

static inline bool PageOffline(const struct page *page)
{
	return page_is_type(page, PG_TYPE_offline);
}

void __SetPageBuddy(struct page *page);
void __ClearPageBuddy(struct page *page);
bool page_has_type(const struct page *page);
/* Logically offline: somebody else than the allocator looks after it. By the page's owner. */
void __SetPageOffline(struct page *page);
void __ClearPageOffline(struct page *page);

/*
 * Pages that are on no LRU list but can be migrated all the same, by their owner's functions (range/movable.h). Of an
 * owner that lets the page go the flag stays, so that who has it isolated finds out. Unlocked: a hint. (__PageMovable)
 */
static inline bool page_is_movable_ops(const struct page *page)
{
	page_access_check(page);
	return (READ_ONCE(page->mapping) & PAGE_MAPPING_FLAGS) == PAGE_MAPPING_MOVABLE;
}

static inline bool PageCompound(const struct page *page)
{
	return PageHead(page) || PageTail(page);
}

u32 compound_order(const struct page *page);
/* The caller owns all 2^order pages. */
void prep_compound_page(struct page *page, u32 order);
void destroy_compound_page(struct page *page, u32 order);

/* Reference counts (include/linux/page_ref.h, mm.h). get_page() needs a reference already held. */
static inline MAY_BE_WILD s32 page_ref_count(const struct page *page)
{
	page_access_check(page);
	return READ_ONCE(page->_refcount.counter);
}

s32 page_count(const struct page *page); /* of the head */
void set_page_count(struct page *page, s32 v);
void get_page(struct page *page);
bool get_page_unless_zero(struct page *page);
/* Drops one reference; the last one frees the page (buddy.h). Any context. */
void put_page(struct page *page);
bool put_page_testzero(struct page *page);
/* Whoever has the page to itself; @page may have none yet. */
void page_ref_inc(struct page *page);
bool page_ref_freeze(struct page *page, s32 count);
void page_ref_unfreeze(struct page *page, s32 count);

/* Page lock: a sleeping bit lock. trylock in any context. */
void lock_page(struct page *page);
bool trylock_page(struct page *page);
void unlock_page(struct page *page);
/* Where waiters for the lock of @page sleep; shared with other pages. Needs no look at the page. */
wait_queue_head_t *page_waitqueue(const struct page *page);

/* Zone and node stored in flags; meaningful only on an initialised memmap. */
static inline u32 page_zonenum(const struct page *page)
{
	page_access_check(page);
	return (u32)(page_flags(page) >> ZONES_PGSHIFT & 0xf);
}

static inline u32 page_to_nid(const struct page *page)
{
	page_access_check(page);
	return (u32)(page_flags(page) >> NODES_PGSHIFT & 0xf);
}

/* Both in one number: equal for pages of one zone. */
static inline u32 page_zone_id(const struct page *page)
{
	page_access_check(page);
	return (u32)(page_flags(page) >> ZONES_PGSHIFT);
}

struct zone *page_zone(const struct page *page);
void set_page_links(struct page *page, u32 zone, u32 nid, u64 pfn);

/*
 * One struct page as the online step leaves it: zeroed, links set, refcount 1, mapcount -1, PG_reserved
 * (__init_single_page plus memmap_init_range, 6.1).
 */
void __init_single_page(struct page *page, u64 pfn, u32 zone, u32 nid);
/* The same for [start_pfn, start_pfn + nr_pages); a cond_resched() per pageblock, whose type becomes @mt. */
void memmap_init_range(u64 start_pfn, u64 nr_pages, u32 zone, u32 nid, u32 mt);
/* As if nobody had ever initialised them. (page_init_poison, 6.1) */
void page_init_poison(u64 start_pfn, u64 nr_pages);
/*
 * Boot: the range as it is after the pages have been freed, but for the buddy lists (memmap_init_range plus the loop of
 * __free_pages_core, 6.1): no reference, not reserved.
 */
void memmap_init_free_range(u64 start_pfn, u64 nr_pages, u32 zone, u32 nid);
/* Boot: pages that are never freed: one reference, PG_reserved. */
void memmap_init_reserved_range(u64 start_pfn, u64 nr_pages, u32 zone, u32 nid);

#endif
