/* SPDX-License-Identifier: MIT */
/* What memory_failure(), soft_offline_page() and unpoison_memory() share (mm/memory-failure.c, 6.1). Not for others. */
#ifndef PFNSTORM_HOTPLUG_POISON_H
#define PFNSTORM_HOTPLUG_POISON_H

#include "core/mm/page.h"
#include "core/rt/types.h"

struct memory_block;

/* One more poisoned page, or @count fewer: of the machine, and of the block of @pfn. */
void num_poisoned_pages_inc(u64 pfn);
void num_poisoned_pages_sub(u64 pfn, u64 count);

/*
 * Of a range of one block that is about to lose its struct pages, and of a block that gets new ones: up to 6.1 only the
 * flags of the pages tell at removal which of them are poisoned. (clear_hwpoisoned_pages(), 6.1, which finds them in
 * the memmap of an offline block; here poison overwrites them.) device_hotplug_lock held.
 */
void remember_hwpoison_flags(u64 start_pfn, u64 nr_pages);
void forget_hwpoison_flags(struct memory_block *mem);

/* mf_mutex, and what keeps the memmap of online pages there. */
void memory_failure_begin(void);
void memory_failure_end(void);

/*
 * Takes a reference on the page if something can be done about it. 1: taken; 0: it is free, or a part of a larger
 * allocation; -EIO: nobody knows how to handle it; -EBUSY: it changes hands all the time. With per-CPU lists of its
 * zone off, so that a free page is in the buddy lists. @flags: MF_*. (get_hwpoison_page(), 6.1)
 */
int get_hwpoison_page(struct page *page, u32 flags);
/* The same for unpoisoning: 1, 0, -EBUSY, or -EHWPOISON: it was taken off the buddy lists. */
int get_unpoison_page(struct page *page);
/* Pages in batches, waiting for what would make them known. (shake_page(), 6.1) */
void shake_page(void);
/*
 * Dissolves the huge page that the page is part of, if it is, and takes the page off the buddy lists. > 0: done; 0:
 * somebody else took it meanwhile; < 0: cannot be dissolved. (__page_handle_poison(), 6.1)
 */
int dissolve_and_take_off(struct page *page);
/* Did it? */
bool page_taken_off(int dissolved);
/* Splits the compound page; the reference moves to @page, or is dropped and false returned. (try_to_split_thp_page(),
 * 6.1) */
bool try_to_split_thp_page(struct page *page);

#endif
