/* SPDX-License-Identifier: MIT */
/* LRU lists of a node (mm/swap.c, mm/vmscan.c, 6.1), without per-CPU batches. */
#ifndef PFNSTORM_MM_LRU_H
#define PFNSTORM_MM_LRU_H

#include "core/mm/zone.h"

void lruvec_init(struct lruvec *lruvec);
/* The caller holds a reference; takes lru_lock. */
void lru_cache_add(struct page *page);
/* Before the last reference goes (from put_page). */
void lru_cache_del(struct page *page);
/* isolate_lru_page(): clears PG_lru, takes a reference, unlinks; 0 or -EBUSY. The caller bumps NR_ISOLATED. */
int isolate_lru_page(struct page *page);
/* putback_lru_page(): back on its list, drops the reference isolate took. */
void putback_lru_page(struct page *page);
void mod_node_isolated(u32 nid, s64 delta);
/* Unlinks a page whose PG_lru the caller has cleared, with a reference held; lru_lock held. (lruvec_del_folio(), 6.1)
 */
void lruvec_del_page(struct lruvec *lruvec, struct page *page);
/* Base pages on its lists; lock-free, for heuristics. */
s64 lruvec_nr_pages(const struct lruvec *lruvec);

#endif
