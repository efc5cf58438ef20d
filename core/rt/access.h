/* SPDX-License-Identifier: MIT */
/*
 * Marked accesses, ordering, and bulk access to shared memory.
 *
 * Plain loads and stores in core need no annotation: in core-fiber the compiler inserts a callback before each one
 * that touches the arena, which makes it a scheduling point, checks liveness and feeds the race detector. A race is
 * two concurrent accesses to overlapping bytes, at least one a write and at least one *plain*; the macros here mark
 * an access as intended to be lockless, as the kernel's marking rules do (Documentation/dev-tools/lkmm, 6.1).
 *
 * The macros themselves differ per runtime and come from rt_impl/access.h; their contract:
 *
 *   READ_ONCE(x), WRITE_ONCE(x, v)      one marked access of 1, 2, 4 or 8 bytes; no ordering
 *   smp_load_acquire(&x)                marked load; later accesses stay behind it
 *   smp_store_release(&x, v)            marked store; earlier accesses stay before it
 *   smp_mb(), smp_rmb(), smp_wmb()      ordering between marked accesses around it
 *   data_race(expr)                     evaluates expr; its accesses are exempt from the race detector.
 *                                       Used as data_race(expr, "why this is harmless"); the reason is mandatory.
 *   rt_rcu_reached(p)                   p was found by an RCU reader, which may use it until its read section ends:
 *                                       threads look there whether it is still there; under fiber nothing
 *   ASSERT_EXCLUSIVE_ACCESS(x)          race detector treats this as a plain write: any concurrent access is a race
 *
 * Shared fields are 4 or 8 bytes wide and naturally aligned: the race detector works on 4-byte granules.
 * Atomic read-modify-write operations are in atomic.h: the compiler emits no callback for them.
 */
#ifndef PFNSTORM_RT_ACCESS_H
#define PFNSTORM_RT_ACCESS_H

#include "core/rt/types.h"
#include "rt_impl/access.h"

/*
 * Fill or copy shared memory; @size in bytes, a multiple of 8, both pointers 8-aligned. Builtin memset/memcpy and
 * assignment of whole structs emit no callback and are banned on shared objects; these are their replacement. Each
 * @stride bytes (a multiple of 8, ≤ 64: one struct page) count as one plain access for scheduling, liveness and races.
 */
void mem_fill(void *dst, u64 pattern, size_t size, size_t stride);
void mem_copy(void *dst, const void *src, size_t size, size_t stride);

/*
 * Functions between these look at shared memory without being part of the run: no scheduling point, no liveness check,
 * no race. For names and views, which are asked for amid verdicts or between runs.
 */
#define UNOBSERVED_BEGIN                                                                                               \
	_Pragma("clang attribute push(__attribute__((no_sanitize(\"coverage\", \"thread\"))), apply_to = function)")
#define UNOBSERVED_END _Pragma("clang attribute pop")

#endif
