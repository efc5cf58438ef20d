/* SPDX-License-Identifier: MIT */
/*
 * How per-CPU lists are kept from holding pages of a range that is being isolated: the alternatives of design
 * pcp_isolation.
 *
 * A freer reads the type of its page's pageblock without a lock, is delayed, and puts the page on its CPU's list after
 * the pageblock was isolated and the lists drained: then the page is neither movable nor free, and an offline that
 * waits for it waits for ever.
 *
 *   none                  one drain after isolation (5.9 and before)
 *   redrain               another one whenever the range turns out not to be empty (5.9 to 5.10)
 *   disable_in_isolation  the lists of a zone are off while anybody isolates in it: a counter, and an rwsem against
 * those who set their length (proposed in September 2020) disable_by_offline    offline switches the lists off around
 * all it does (since 5.11)
 */
#ifndef PFNSTORM_RANGE_PCP_ISOLATION_H
#define PFNSTORM_RANGE_PCP_ISOLATION_H

#include "core/mm/node.h"

/* Offline: before isolation; may sleep, and takes what pcp_offline_end() drops. mem_hotplug_lock write. */
void pcp_offline_begin(struct zone *zone);
/* Offline: the range is isolated; or it turned out not to be empty. May sleep. */
void pcp_isolated(struct zone *zone);
void pcp_not_empty(struct zone *zone);
/*
 * Offline is done with the lists; @committed: the range is gone and its isolation is never undone. Before watermarks
 * are computed anew: those change the lists' length.
 */
void pcp_offline_end(struct zone *zone, bool committed);

/* Isolation itself: around the time from the first pageblock to undo. May sleep. */
void pcp_isolation_begin(struct zone *zone);
void pcp_isolation_end(struct zone *zone);

#endif
