/* SPDX-License-Identifier: MIT */
/* Mapping device memory: struct pages for it, in ZONE_DEVICE (mm/memremap.c, 6.1). */
#ifndef PFNSTORM_HOTPLUG_MEMREMAP_H
#define PFNSTORM_HOTPLUG_MEMREMAP_H

#include "core/mm/pagemap.h"

/*
 * Gives [pgmap->start_pfn, pgmap->end_pfn), whole subsections, struct pages on node @nid. 0; -ENOMEM, also (and a
 * warning) if another mapping has its first or last pfn; -ENXIO and a warning if some of it is System RAM; -EEXIST some
 * of it has a memmap already; -EINVAL not whole subsections (with a warning), or an altmap that does not fit. On
 * failure nothing is left and @pgmap is as before. Takes mem_hotplug_lock. May sleep. (memremap_pages, 6.1, which
 * returns an address of the direct map)
 */
int memremap_pages(struct dev_pagemap *pgmap, u32 nid);
/*
 * Waits for all references on the mapping to go, then takes its struct pages away. Nobody may look for new ones.
 * Afterwards nobody knows @pgmap any more. May sleep, as long as they are held. (memunmap_pages, 6.1)
 */
void memunmap_pages(struct dev_pagemap *pgmap);

#endif
