/* SPDX-License-Identifier: MIT */
/* The windows of core/rt/mem.h as mappings, and what is remembered about them for an oops. */
#ifndef PFNSTORM_RT_THREAD_ARENA_H
#define PFNSTORM_RT_THREAD_ARENA_H

#include "core/rt/mem.h"

/* What happened to a unit of memmap or an object last: where its task was. */
struct arena_death {
	bool known;    /* it was alive once, and died */
	bool over;     /* it is alive again: who faulted on it has done so before */
	u32 point;     /* enum point_id of the killer's latest semantic point */
	u32 task;      /* its recorder */
	char what[64]; /* "memmap", or the type of the object */
};

/* Empty windows: memory of an earlier machine is gone. */
void arena_map(void);
/* Of @addr in the memmap or heap window. */
struct arena_death arena_death_of(u64 addr);
/* Is what was at @addr gone, and nothing there since? */
bool arena_dead(u64 addr);
bool in_memmap(u64 addr);
bool in_heap(u64 addr);
bool in_content(u64 addr);

/* heap.c */
void heap_reset(void);
struct arena_death heap_death_of(u64 addr);
/* kfree_rcu() of an object that begins at @ptr: @stamp, not 0. heap_removed_at(): it, or 0; at any address. */
void heap_remove(const void *ptr, u64 stamp);
u64 heap_removed_at(u64 addr);
/* Type of the object that ends just before @addr, or NULL. */
const char *heap_overrun_of(u64 addr);

#endif
