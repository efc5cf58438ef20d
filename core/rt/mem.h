/* SPDX-License-Identifier: MIT */
/*
 * The arena: all shared memory of a machine, at fixed addresses, with liveness that every access is checked against.
 *
 * Three windows. Addresses are the same in every preset and run, so they may appear in traces:
 *
 *   heap     machine, typed objects       live while allocated
 *   content  8 bytes per pfn              always live: physical memory does not go away when its memmap does
 *   memmap   sizeof(struct page) per pfn  live where rt_memmap_map() made it so, in units of 4 KiB
 *
 * Touching a dead address is verdict `oops` (use-after-free, or never allocated), decoded to object and offset.
 */
#ifndef PFNSTORM_RT_MEM_H
#define PFNSTORM_RT_MEM_H

#include "core/rt/types.h"

#define RT_HEAP_BASE 0x550000000000UL
#define RT_HEAP_SIZE (8UL << 30)
#define RT_CONTENT_BASE (RT_HEAP_BASE + RT_HEAP_SIZE)
#define RT_CONTENT_SIZE (8UL << 30)
#define RT_MEMMAP_BASE (RT_CONTENT_BASE + RT_CONTENT_SIZE)
#define RT_MEMMAP_SIZE (32UL << 30)
#define RT_ARENA_SIZE (RT_HEAP_SIZE + RT_CONTENT_SIZE + RT_MEMMAP_SIZE)
#define RT_MEMMAP_UNIT 4096UL

enum obj_type {
#define OBJ(id, text) OBJ_##id,
#include "core/objects.def"
#undef OBJ
	NR_OBJ_TYPES
};

const char *obj_type_name(enum obj_type type);

/*
 * Zeroed object of @size bytes (rounded up to 16); NULL when injection says so. Freed memory is not handed out again
 * before the heap has used all other room. Any context.
 */
void *rt_kzalloc(size_t size, enum obj_type type);
#define kzalloc_obj(ctype, otype) ((ctype *)rt_kzalloc(sizeof(ctype), otype))
/* NULL is fine; a double free or a foreign pointer is verdict `bug`. */
void kfree(void *ptr);
/* Objects that live as long as the machine (boot allocations) are exempt from the leak check. */
void rt_mark_permanent(void *ptr);

/*
 * Makes [addr, addr+size) of the memmap window live, filled with @pattern (the poison of a memmap that nobody has
 * initialised), or dead. Both ends are multiples of RT_MEMMAP_UNIT. map: 0, or -ENOMEM by injection. Under MSan the
 * fresh range is uninitialised. unmap remembers who did it, for the oops report. mm/sparse-vmemmap.c, 6.1.
 */
int rt_memmap_map(void *addr, size_t size, u64 pattern);
void rt_memmap_unmap(void *addr, size_t size);
bool rt_memmap_live(const void *addr);

#endif
