/* SPDX-License-Identifier: MIT */
/*
 * Lock-order graph over lock classes, used by both runtimes (kernel/locking/lockdep.c, 6.1, classes only).
 *
 * An edge A -> B says: somebody acquired B, waiting if need be, while holding A. A cycle means that two tasks can wait
 * for each other. Readers count like writers, since a waiting writer blocks them. Who holds an active reference came by
 * it without waiting; who drains one acquires it. Nesting within one class is not ordered. Safe for concurrent use:
 * edges are only ever added, with atomic operations.
 */
#ifndef PFNSTORM_RT_LOCKORDER_H
#define PFNSTORM_RT_LOCKORDER_H

#include "core/rt/lock.h"
#include "core/rt/types.h"

#define LOCKORDER_WORDS ((NR_LOCK_CLASSES + 63) / 64)

struct lockorder {
	u64 after[NR_LOCK_CLASSES][LOCKORDER_WORDS]; /* bit B of row A: edge A -> B */
};

/* Is the edge @held -> @class there? */
static inline bool lockorder_has(const struct lockorder *graph, u32 held, u32 class)
{
	return __atomic_load_n(&graph->after[held][class / 64], __ATOMIC_RELAXED) >> (class % 64) & 1;
}

/* Forgets all edges. */
void lockorder_init(struct lockorder *graph);
/*
 * @class is about to be acquired while @held is held. Adds the edge; returns false if it closes a cycle, then @chain
 * (always terminated) reads "a -> b -> a". LOCK_none and @held == @class add nothing.
 */
bool lockorder_add(struct lockorder *graph, enum lock_class held, enum lock_class class, char *chain, size_t size);

#endif
