/* SPDX-License-Identifier: MIT */
/*
 * Memory set aside for a memmap inside the range it describes (include/linux/memremap.h, mm/sparse-vmemmap.c, 6.1).
 *
 * A bump allocator of pages: next is base + reserve + alloc + align. Nobody shares one.
 */
#ifndef PFNSTORM_MM_ALTMAP_H
#define PFNSTORM_MM_ALTMAP_H

#include "core/rt/types.h"

struct vmem_altmap {
	u64 base_pfn; /* first page of the range */
	u64 end_pfn;  /* excluded; 0: not known */
	u64 reserve;  /* leading pages that are neither memmap nor data: the driver's */
	u64 free;     /* pages that the memmap may take */
	u64 align;    /* of them, lost to alignment */
	u64 alloc;    /* of them, taken */
};

/* Leading pages of the range that are not for data. (vmem_altmap_offset, 6.1) */
static inline u64 vmem_altmap_offset(const struct vmem_altmap *altmap)
{
	return altmap ? altmap->reserve + altmap->free : 0;
}

/* Takes @nr pages, aligned to the lowest set bit of @nr. False: they do not fit. (6.1) */
bool vmem_altmap_alloc(struct vmem_altmap *altmap, u64 nr);
/* Gives @nr pages back; what was lost to alignment stays lost. (vmem_altmap_free, 6.1) */
void vmem_altmap_free(struct vmem_altmap *altmap, u64 nr);

#endif
