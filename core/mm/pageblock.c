/* SPDX-License-Identifier: MIT */
/* Pageblock flags: four bits a pageblock in the usage of its section (mm/page_alloc.c, 6.1). */
#include "core/mm/machine.h"
#include "core/mm/section.h"

_Static_assert(PB_BITS == 1 << 2, "the bits of a pageblock are found by a shift");

/*
 * As in the kernel, nothing keeps the usage there: in a section that was removed the pointer is null, and one loaded
 * before leads into freed memory. UBSan is off so that a null pointer gets as far as the access, which is the oops.
 */
static __attribute__((no_sanitize("undefined"))) u64 *pageblock_word(u64 pfn, u32 *shift)
{
	const struct mem_section *ms = __pfn_to_section(pfn);
	struct mem_section_usage *usage = smp_load_acquire(&ms->usage);
	u32 bit = ((u32)pfn & (PAGES_PER_SECTION - 1)) >> pageblock_order << 2;

	*shift = bit % BITS_PER_LONG;
	return &usage->pageblock_flags[bit / BITS_PER_LONG];
}

static u64 get_pfnblock_flags(u64 pfn)
{
	u32 shift;
	u64 *word = pageblock_word(pfn, &shift);

	return READ_ONCE(*word) >> shift & (BIT(PB_BITS) - 1);
}

static void set_pfnblock_flags(u64 pfn, u64 flags, u64 mask)
{
	u32 shift;
	u64 *word = pageblock_word(pfn, &shift), old = READ_ONCE(*word), found;

	for (;;) {
		found = cmpxchg64(word, old, (old & ~(mask << shift)) | flags << shift);
		if (found == old)
			return;
		old = found;
	}
}

#define MIGRATETYPE_MASK (BIT(PB_SKIP) - 1)

enum migratetype get_pfnblock_migratetype(u64 pfn)
{
	return (enum migratetype)(get_pfnblock_flags(pfn) & MIGRATETYPE_MASK);
}

enum migratetype get_pageblock_migratetype(const struct page *page)
{
	page_access_check(page);
	return get_pfnblock_migratetype(page_to_pfn(page));
}

void set_pageblock_migratetype(struct page *page, enum migratetype mt)
{
	page_access_check(page);
	if (unlikely(READ_ONCE(machine.vm.page_group_by_mobility_disabled)) && mt < MIGRATE_PCPTYPES)
		mt = MIGRATE_UNMOVABLE;
	set_pfnblock_flags(page_to_pfn(page), mt, MIGRATETYPE_MASK);
}

bool get_pageblock_skip(const struct page *page)
{
	page_access_check(page);
	return get_pfnblock_flags(page_to_pfn(page)) & BIT(PB_SKIP);
}

void set_pageblock_skip(struct page *page)
{
	page_access_check(page);
	set_pfnblock_flags(page_to_pfn(page), BIT(PB_SKIP), BIT(PB_SKIP));
}

void clear_pageblock_skip(struct page *page)
{
	page_access_check(page);
	set_pfnblock_flags(page_to_pfn(page), 0, BIT(PB_SKIP));
}
