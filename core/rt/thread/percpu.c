/* SPDX-License-Identifier: MIT */
/* Per-CPU areas: one object, a cache-line sized step per possible CPU. */
#include "core/rt/cpu.h"
#include "core/rt/mem.h"
#include "core/rt/run.h"

#define CACHE_LINE 64UL

void *rt_alloc_percpu(size_t size, unsigned int object)
{
	if (should_fail(percpu))
		return NULL;
	return rt_kzalloc(ALIGN(size, CACHE_LINE) * nr_cpu_ids(), (enum obj_type)object);
}

void free_percpu(void *base)
{
	kfree(base);
}

void *rt_per_cpu_ptr(void *base, size_t size, unsigned int cpu)
{
	BUG_ON(cpu >= nr_cpu_ids());
	return (void *)((u64)base + ALIGN(size, CACHE_LINE) * cpu);
}
