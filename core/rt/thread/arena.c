/* SPDX-License-Identifier: MIT */
#include "core/rt/thread/arena.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "core/rt/access.h"
#include "core/rt/run.h"
#include "core/rt/thread/runtime.h"

#define UNITS (RT_MEMMAP_SIZE / RT_MEMMAP_UNIT)
#define HUGE_PAGE (2UL << 20)

#define UNIT_LIVE 0x80000000u
#define UNIT_DEAD 0x40000000u /* was live once: the rest says who ended that last, also if it is live again */

/* Per unit: state, killer's point (low 16 bits) and recorder (8 bits above). 32 MiB, touched where units live. */
static u32 *units;

bool in_heap(u64 addr)
{
	return addr >= RT_HEAP_BASE && addr < RT_HEAP_BASE + RT_HEAP_SIZE;
}

bool in_content(u64 addr)
{
	return addr >= RT_CONTENT_BASE && addr < RT_CONTENT_BASE + RT_CONTENT_SIZE;
}

bool in_memmap(u64 addr)
{
	return addr >= RT_MEMMAP_BASE && addr < RT_MEMMAP_BASE + RT_MEMMAP_SIZE;
}

static void map_window(u64 base, u64 size, int prot, int how)
{
	void *map = mmap((void *)base, size, prot, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | how, -1, 0);

	if (map != (void *)base)
		tool_failure("cannot map the arena at %#lx: %s", (unsigned long)base, strerror(errno));
}

void arena_map(void)
{
	int how = units ? MAP_FIXED : MAP_FIXED_NOREPLACE;

	map_window(RT_HEAP_BASE, RT_HEAP_SIZE, PROT_READ | PROT_WRITE, how);
	map_window(RT_CONTENT_BASE, RT_CONTENT_SIZE, PROT_READ | PROT_WRITE, how);
	map_window(RT_MEMMAP_BASE, RT_MEMMAP_SIZE, PROT_NONE, how);
	if (units)
		munmap(units, UNITS * sizeof(*units));
	units = mmap(NULL, UNITS * sizeof(*units), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
		     -1, 0);
	if (units == MAP_FAILED)
		tool_failure("cannot map the memmap's states: %s", strerror(errno));
}

static u64 unit_of(const void *addr)
{
	return ((u64)addr - RT_MEMMAP_BASE) / RT_MEMMAP_UNIT;
}

static void set_units(const void *addr, size_t size, u32 state)
{
	u64 first = unit_of(addr), count = size / RT_MEMMAP_UNIT;

	for (u64 i = 0; i < count; i++)
		__atomic_store_n(&units[first + i], state, __ATOMIC_RELAXED);
}

/*
 * Who took them away last is remembered: somebody may have touched them while they were gone, and not have asked yet.
 *
 *	walker                             remover, then adder
 *	faults: no access
 *	                                   rt_memmap_map(): live
 *	handler: arena_death_of() ?
 */
static void revive_units(const void *addr, size_t size)
{
	u64 first = unit_of(addr), count = size / RT_MEMMAP_UNIT;

	for (u64 i = 0; i < count; i++)
		__atomic_fetch_or(&units[first + i], UNIT_LIVE, __ATOMIC_RELAXED);
}

static void check_range(const void *addr, size_t size)
{
	BUG_ON(!in_memmap((u64)addr) || !size || !in_memmap((u64)addr + size - 1));
	BUG_ON(!IS_ALIGNED((u64)addr, RT_MEMMAP_UNIT) || !IS_ALIGNED(size, RT_MEMMAP_UNIT));
}

int rt_memmap_map(void *addr, size_t size, u64 pattern)
{
	check_range(addr, size);
	if (should_fail(memmap))
		return -ENOMEM;
	map_window((u64)addr, size, PROT_READ | PROT_WRITE, MAP_FIXED);
	if (size >= HUGE_PAGE)
		madvise(addr, size, MADV_HUGEPAGE);
	mem_fill(addr, pattern, size, 64);
	revive_units(addr, size);
	return 0;
}

void rt_memmap_unmap(void *addr, size_t size)
{
	struct task_struct *me = self();
	u32 ring = me->ring ? (u32)(me->ring - rt_thread_postmortem()->ring) : 0;

	check_range(addr, size);
	/* States first: whoever faults on the mapping finds them. */
	set_units(addr, size, UNIT_DEAD | ring << 16 | me->point);
	map_window((u64)addr, size, PROT_NONE, MAP_FIXED);
}

bool rt_memmap_live(const void *addr)
{
	return in_memmap((u64)addr) && __atomic_load_n(&units[unit_of(addr)], __ATOMIC_RELAXED) & UNIT_LIVE;
}

struct arena_death arena_death_of(u64 addr)
{
	struct arena_death death = {0};
	u32 state;

	if (in_heap(addr))
		return heap_death_of(addr);
	if (!in_memmap(addr))
		return death;
	state = __atomic_load_n(&units[unit_of((void *)addr)], __ATOMIC_RELAXED);
	death.known = state & UNIT_DEAD;
	death.over = state & UNIT_LIVE;
	death.point = state & 0xffff;
	death.task = state >> 16 & 0xff;
	snprintf(death.what, sizeof(death.what), "memmap");
	return death;
}

bool arena_dead(u64 addr)
{
	struct arena_death death = arena_death_of(addr);

	return death.known && !death.over;
}

void mem_fill(void *dst, u64 pattern, size_t size, size_t stride)
{
	u64 *word = dst;

	(void)stride;
	if (pattern == (pattern & 0xff) * 0x0101010101010101UL) {
		memset(dst, (int)(pattern & 0xff), size);
		return;
	}
	for (size_t i = 0; i < size / sizeof(*word); i++)
		word[i] = pattern;
}

void mem_copy(void *dst, const void *src, size_t size, size_t stride)
{
	(void)stride;
	memcpy(dst, src, size);
}
