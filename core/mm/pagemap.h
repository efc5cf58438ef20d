/* SPDX-License-Identifier: MIT */
/*
 * Device mappings: which pfns are pages of a device, ZONE_DEVICE (include/linux/memremap.h, mm/memremap.c, 6.1).
 *
 * The kernel keeps them in an xarray; here it is an array of ranges that is replaced when it grows. Look-ups take no
 * lock and may be made at any time. A mapping that was found outlives the read section it was found in, as memory; that
 * its pages do, only a reference says.
 */
#ifndef PFNSTORM_MM_PAGEMAP_H
#define PFNSTORM_MM_PAGEMAP_H

#include "core/mm/altmap.h"
#include "core/mm/page.h"
#include "core/mm/zone.h"
#include "core/rt/percpu_ref.h"
#include "core/rt/wait.h"

#define PGMAP_ALTMAP_VALID BIT(0) /* flags: the mapping holds its own memmap */

/* MEMORY_DEVICE_GENERIC: its pages have a reference of their own while they are idle. One range each. */
struct dev_pagemap {
	struct vmem_altmap altmap;
	struct percpu_ref ref;  /* alive while there are users; kept by those who look at pages */
	struct completion done; /* the last user has gone */
	u64 flags;
	u64 start_pfn, end_pfn;
	u64 nr_range; /* 1 once the range is mapped */
};

struct pagemap_range {
	u64 start_pfn, end_pfn;
	struct dev_pagemap *pgmap; /* NULL: mapped no more. Marked accesses */
};

/* Never changes but for mappings that end; replaced when there is a new one. */
struct pagemap_ranges {
	struct rcu_head rcu;
	u64 nr;
	struct pagemap_range range[];
};

/* The mapping's altmap, NULL if its memmap comes from elsewhere. */
static inline struct vmem_altmap *pgmap_altmap(struct dev_pagemap *pgmap)
{
	return pgmap->flags & PGMAP_ALTMAP_VALID ? &pgmap->altmap : NULL;
}

/* First page that is initialised: those before it are the driver's and the memmap. */
static inline u64 pfn_first(struct dev_pagemap *pgmap)
{
	return pgmap->start_pfn + vmem_altmap_offset(pgmap_altmap(pgmap));
}

/* Number of pages from there on. */
static inline u64 pfn_len(struct dev_pagemap *pgmap)
{
	return pgmap->end_pfn > pfn_first(pgmap) ? pgmap->end_pfn - pfn_first(pgmap) : 0;
}

/* Boot: no mapping. */
void pagemaps_init(void);
/* [start_pfn, end_pfn) is @pgmap's from now on: 0 or -ENOMEM. Does not look for conflicts. May sleep. */
int pgmap_array_store(u64 start_pfn, u64 end_pfn, struct dev_pagemap *pgmap);
/* And no more. Never fails; may sleep, but does not wait for those who look. */
void pgmap_array_erase(u64 start_pfn, u64 end_pfn);

/* Is there a mapping with that pfn, whatever its state? Any context. */
bool pfn_in_pagemap(u64 pfn);
/* A reference on the mapping of @pfn if there is one and nobody is about to end it, else NULL. Any context. (6.1) */
struct dev_pagemap *get_dev_pagemap(u64 pfn);
/* NULL is fine. */
void put_dev_pagemap(struct dev_pagemap *pgmap);

/* Of an initialised page, without knowing more of it. */
static inline bool is_zone_device_page(const struct page *page)
{
	return page_zonenum(page) == ZONE_DEVICE;
}
/* The mapping that an initialised device page belongs to. */
struct dev_pagemap *page_pgmap(const struct page *page);
/*
 * Struct pages of a mapping, once their zone is known: reserved, one reference each, no lock of hotplug held. Others
 * may meanwhile peek at them as neighbours of their own. (memmap_init_zone_device, 6.1)
 */
void memmap_init_zone_device(u32 nid, struct dev_pagemap *pgmap);

#endif
