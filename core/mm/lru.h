/* SPDX-License-Identifier: MIT */
/*
 * LRU lists of a node, and the per-CPU batches in front of them (mm/swap.c, mm/vmscan.c, 6.1).
 *
 * A page that is added waits in its CPU's batch, which holds a reference, until the batch is full or drained. Until
 * then it is on no list and PG_lru is clear: to migration and isolation it looks like any page in use.
 */
#ifndef PFNSTORM_MM_LRU_H
#define PFNSTORM_MM_LRU_H

#include "core/mm/node.h"

/* Largest batch; geometry.lru_batch of it is used. (PAGEVEC_SIZE, 6.1: 15) */
#define LRU_BATCH_MAX 15

/* Pages on their way to the lists; its own CPU's, with preemption off. */
struct lru_batch {
	u32 nr;
	u32 pad;
	struct page *page[LRU_BATCH_MAX];
};

void lruvec_init(struct lruvec *lruvec);
/* Boot: batches, the mutex of draining. */
void lru_batches_init(void);

/* ---- adding and removing ---------------------------------------------------------------------------------------- */

/* The caller holds a reference; its list follows from its flags. Any context that may take lru_lock. (6.1) */
void lru_cache_add(struct page *page);
/* Before the last reference goes (from put_page). */
void lru_cache_del(struct page *page);
/* isolate_lru_page(): clears PG_lru, takes a reference, unlinks; 0 or -EBUSY. The caller bumps NR_ISOLATED. */
int isolate_lru_page(struct page *page);
/* putback_lru_page(): back to its list, drops the reference isolate took. */
void putback_lru_page(struct page *page);
/* Unlinks a page whose PG_lru the caller has cleared, with a reference held; lru_lock held. (lruvec_del_folio(), 6.1)
 */
void lruvec_del_page(struct lruvec *lruvec, struct page *page);
/* Links a page; lru_lock held. (lruvec_add_folio(), 6.1) */
void lruvec_add_page(struct lruvec *lruvec, struct page *page);
/* The page's node's. */
struct lruvec *page_lruvec(const struct page *page);
/* Which list the page's flags put it on. (folio_lru_list(), 6.1) */
enum lru_list page_lru(const struct page *page);
/* Page cache, and not swap-backed memory. (folio_is_file_lru(), 6.1) */
bool page_is_file_lru(const struct page *page);
/* From the inactive list to the active one, for who uses it again; nothing if it is on none. (mark_page_accessed, 6.1)
 */
void mark_page_accessed(struct page *page);

/* NR_ISOLATED_ANON or _FILE of the page's node += @sign times its pages. */
void mod_page_isolated(const struct page *page, s64 sign);
/* Isolated by anybody: more than half of what is on the node's evictable lists? (too_many_isolated(), compaction, 6.1)
 */
bool too_many_isolated(const pg_data_t *pgdat);

/* ---- batches ----------------------------------------------------------------------------------------------------- */

/* The calling CPU's batch to the lists. */
void lru_add_drain(void);
/* A CPU that is gone, or the calling one. */
void lru_add_drain_cpu(unsigned int cpu);
/* All online CPUs' batches, by a work item on each that has something. Task context. (lru_add_drain_all, 6.1) */
void lru_add_drain_all(void);
/*
 * From return until lru_cache_enable() no page rests in a batch: counts up, waits for adders that saw the old count,
 * then drains. Nests. Task context. (6.1, since 5.13)
 */
void lru_cache_disable(void);
void lru_cache_enable(void);
bool lru_cache_disabled(void);

#endif
