/* SPDX-License-Identifier: MIT */
#include "core/mm/altmap.h"

#include "core/rt/report.h"

bool vmem_altmap_alloc(struct vmem_altmap *altmap, u64 nr)
{
	u64 pfn = altmap->base_pfn + altmap->reserve + altmap->alloc + altmap->align;
	u64 align = ALIGN(pfn, nr & -nr) - pfn;

	if (altmap->free < altmap->alloc + altmap->align + nr + align)
		return false;
	altmap->alloc += nr;
	altmap->align += align;
	return true;
}

void vmem_altmap_free(struct vmem_altmap *altmap, u64 nr)
{
	BUG_ON(altmap->alloc < nr);
	altmap->alloc -= nr;
}
