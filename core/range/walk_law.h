/* SPDX-License-Identifier: MIT */
/*
 * The law of walkers: a struct page that a task touches inside a walk is covered by the walk's current read section or
 * held by it; otherwise verdict `invariant`, "walk pointer outlived its read section", whether or not memory went away.
 *
 * It sees accesses through page_access_check() of core/mm/page.h. It holds for
 * all alternatives of design pfn_walk that keep struct pages there; under hotplug_lock the walk as a whole covers them.
 */
#ifndef PFNSTORM_RANGE_WALK_LAW_H
#define PFNSTORM_RANGE_WALK_LAW_H

#include "core/range/walk.h"

/* Boot, after machine_config is known: before tasks run. */
void walk_law_init(void);
/* The calling task enters or leaves walk @w; no effect during boot, which is single-threaded. */
void walk_law_enter(struct walk *w);
void walk_law_exit(struct walk *w);

#endif
