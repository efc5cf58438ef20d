/* SPDX-License-Identifier: MIT */
/*
 * Pages in use that are on no LRU list, but that their owner can move: struct movable_operations (mm/migrate.c,
 * include/linux/migrate.h, 6.1).
 *
 * Such a page's mapping is its area with PAGE_MAPPING_MOVABLE; its owner is found by the area's kind. Owners change the
 * mapping under the page lock, so whoever holds it, and finds the page not isolated, may isolate it.
 */
#ifndef PFNSTORM_RANGE_MOVABLE_H
#define PFNSTORM_RANGE_MOVABLE_H

#include "core/mm/area.h"
#include "core/range/migrate.h"

/* All called with the page (both pages) locked. */
struct movable_operations {
	/* The owner must not touch the page until one of the others is called. False: it will not let it go. */
	bool (*isolate_page)(struct page *page);
	/* @dst instead of the isolated @src, with a reference of the owner's; drops the one on @src. 0 or -EAGAIN. */
	int (*migrate_page)(struct page *dst, struct page *src, enum migrate_mode mode);
	/* The isolated page is back. */
	void (*putback_page)(struct page *page);
};

/* Owner's side: the page is theirs (its lock held), or no longer (the flag stays: see page_is_movable_ops()). */
void __SetPageMovable(struct page *page, struct area *area);
void __ClearPageMovable(struct page *page);
/* Page lock held: is there an owner who can move it? */
bool PageMovable(const struct page *page);

/* Takes a reference on it; 0, or -EBUSY: freed, locked, not movable or isolated already. Any page. (6.1) */
int isolate_movable_page(struct page *page);
/* The same for a page with a reference, which becomes the isolation's. False: it stays the caller's. */
bool isolate_referenced_movable(struct page *page);
/* Ends an isolation, with its reference. May sleep. (putback_movable_pages, 6.1) */
void putback_movable_page(struct page *page);
/* Both locked, @src isolated; 0: @src is nobody's any more, or was let go by its owner. (move_to_new_folio, 6.1) */
int migrate_movable_page(struct page *dst, struct page *src, enum migrate_mode mode);

#endif
