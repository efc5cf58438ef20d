/* SPDX-License-Identifier: MIT */
#include "core/mm/watermark.h"

#include "core/mm/buddy.h"
#include "core/mm/machine.h"
#include "core/mm/page_alloc.h"
#include "core/mm/pcp.h"
#include "core/rt/cpu.h"
#include "core/rt/point.h"

#define MIN_FREE_KBYTES_LEAST 128
#define MIN_FREE_KBYTES_MOST 262144

void vm_sysctl_init(void)
{
	static const u32 ratios[] = {256, 256, 32, 0};

	machine.vm.user_min_free_kbytes = -1;
	machine.vm.min_free_kbytes = 1024;
	machine.vm.watermark_scale_factor = 10;
	machine.vm.watermark_boost_factor = 15000;
	machine.vm.compaction_proactiveness = 20;
	for (u32 i = 0; i < ARRAY_SIZE(ratios); i++)
		machine.vm.lowmem_reserve_ratio[i] = ratios[i];
	spin_lock_init(&machine.wmark_lock, LOCK_wmark);
}

/* ---- min_free_kbytes ------------------------------------------------------------------------------------------- */

static u64 int_sqrt(u64 x)
{
	u64 root = 0;

	for (u64 bit = BIT(62); bit; bit >>= 2) {
		if (x >= root + bit) {
			x -= root + bit;
			root = (root >> 1) + bit;
		} else {
			root >>= 1;
		}
	}
	return root;
}

u64 nr_free_zone_pages(u32 highest)
{
	struct zonelist *list = node_zonelist(cpu_to_node(raw_smp_processor_id()), GFP_KERNEL);
	struct zoneref *z = first_zones_zonelist(list, highest, NULL);
	u64 sum = 0;

	for (struct zone *zone; (zone = zonelist_zone(z)) != NULL; z = next_zones_zonelist(z + 1, highest, NULL)) {
		u64 size = zone_managed_pages(zone), high = high_wmark_pages(zone);

		if (size > high)
			sum += size - high;
	}
	return sum;
}

/* More memory needs more free pages at hand, but less than in proportion. */
static void calculate_min_free_kbytes(void)
{
	u64 lowmem_kbytes = nr_free_zone_pages(gfp_zone(GFP_USER)) << geometry.page_shift >> 10;
	s64 new_min_free_kbytes = (s64)int_sqrt(lowmem_kbytes * 16);

	/* What the administrator asked for stays, unless it is too little. */
	if (new_min_free_kbytes <= READ_ONCE(machine.vm.user_min_free_kbytes))
		return;
	WRITE_ONCE(machine.vm.min_free_kbytes,
		   (u32)clamp(new_min_free_kbytes, MIN_FREE_KBYTES_LEAST, MIN_FREE_KBYTES_MOST));
}

/* ---- marks ----------------------------------------------------------------------------------------------------- */

/* With 64 bits, no zone is high memory; movable zones have marks like any other. */
static u64 lowmem_pages(void)
{
	struct zone *zone;
	u64 sum = 0;

	for_each_zone (zone)
		sum += zone_managed_pages(zone);
	return sum;
}

/* Under zone->lock, so that an allocation that holds it sees the marks of one computation. */
static void set_zone_wmarks(struct zone *zone, u64 pages_min, u64 total)
{
	u64 managed = zone_managed_pages(zone), distance;
	unsigned long flags;

	spin_lock_irqsave(&zone->lock, flags);
	WRITE_ONCE(zone->_watermark[WMARK_MIN], total ? pages_min * managed / total : 0);
	distance = max(zone->_watermark[WMARK_MIN] / 4, managed * READ_ONCE(machine.vm.watermark_scale_factor) / 10000);
	WRITE_ONCE(zone->watermark_boost, 0);
	for (u32 mark = WMARK_LOW; mark < NR_WMARK; mark++)
		WRITE_ONCE(zone->_watermark[mark], zone->_watermark[mark - 1] + distance);
	if (zone_scarcer_hook)
		zone_scarcer_hook(zone, NULL);
	spin_unlock_irqrestore(&zone->lock, flags);
}

/* What each zone can not give to those that may use all zones below. Marked: computed under different locks. */
static void calculate_totalreserve_pages(void)
{
	u64 reserve = 0;
	u32 nid;

	for_each_node_state (nid, N_ONLINE) {
		pg_data_t *pgdat = NODE_DATA(nid);
		u64 node_reserve = 0;

		for (u32 i = 0; i < MAX_NR_ZONES; i++) {
			struct zone *zone = &pgdat->node_zones[i];
			u64 most = 0;

			for (u32 j = i; j < MAX_NR_ZONES; j++)
				most = max(most, READ_ONCE(zone->lowmem_reserve[j]));
			node_reserve += min(most + high_wmark_pages(zone), zone_managed_pages(zone));
		}
		WRITE_ONCE(pgdat->totalreserve_pages, node_reserve);
		reserve += node_reserve;
	}
	WRITE_ONCE(machine.totalreserve_pages, reserve);
}

void setup_per_zone_wmarks(void)
{
	u64 pages_min, total;
	struct zone *zone;

	/* One computation at a time: writers of the tunables and hotplug meet here. */
	spin_lock(&machine.wmark_lock);
	pages_min = READ_ONCE(machine.vm.min_free_kbytes) >> (geometry.page_shift - 10);
	total = lowmem_pages();
	for_each_zone (zone)
		set_zone_wmarks(zone, pages_min, total);
	calculate_totalreserve_pages();
	spin_unlock(&machine.wmark_lock);
	point(wmark, set, pages_min);
	for_each_zone (zone)
		zone_pcp_update(zone, false);
}

/* A zone keeps a part of the size of the zones above it from requests that could have gone there. */
static void set_zone_lowmem_reserve(pg_data_t *pgdat, u32 idx)
{
	struct zone *zone = &pgdat->node_zones[idx];
	u32 ratio = READ_ONCE(machine.vm.lowmem_reserve_ratio[idx]);
	bool clear = !ratio || !zone_managed_pages(zone);
	u64 managed = 0;

	for (u32 j = idx + 1; j < MAX_NR_ZONES; j++) {
		managed += zone_managed_pages(&pgdat->node_zones[j]);
		WRITE_ONCE(zone->lowmem_reserve[j], clear ? 0 : managed / ratio);
	}
	if (zone_scarcer_hook)
		zone_scarcer_hook(zone, NULL);
}

void setup_per_zone_lowmem_reserve(void)
{
	u32 nid;

	/* Else a writer of the ratio that has read how much memory there was may be the last to store. */
	if (!bug(lowmem_reserve_unlocked))
		spin_lock(&machine.wmark_lock);
	for_each_node_state (nid, N_ONLINE)
		for (u32 idx = 0; idx < MAX_NR_ZONES - 1; idx++)
			set_zone_lowmem_reserve(NODE_DATA(nid), idx);
	calculate_totalreserve_pages();
	if (!bug(lowmem_reserve_unlocked))
		spin_unlock(&machine.wmark_lock);
}

/*
 * Under khugepaged: two free pageblocks of each zone below ZONE_MOVABLE, and so many for each pair of types that may
 * steal from each other, but no more than a twentieth of memory. Only ever raises it. (set_recommended_min_free_kbytes)
 */
static void khugepaged_min_free_kbytes_update(void)
{
	u64 nr_zones = 0, recommended;
	struct zone *zone;

	for_each_populated_zone (zone)
		nr_zones += zone->idx <= gfp_zone(GFP_USER);
	recommended = pageblock_nr_pages * nr_zones * (2 + MIGRATE_PCPTYPES * MIGRATE_PCPTYPES);
	recommended = min(recommended, nr_free_zone_pages(gfp_zone(GFP_USER)) / 20);
	recommended <<= geometry.page_shift - 10;
	if (recommended > READ_ONCE(machine.vm.min_free_kbytes))
		WRITE_ONCE(machine.vm.min_free_kbytes, (u32)recommended);
	setup_per_zone_wmarks();
}

void init_per_zone_wmark_min(void)
{
	calculate_min_free_kbytes();
	setup_per_zone_wmarks();
	refresh_zone_stat_thresholds();
	setup_per_zone_lowmem_reserve();
	if (boot_param(khugepaged))
		khugepaged_min_free_kbytes_update();
	point(wmark, initialised, READ_ONCE(machine.vm.min_free_kbytes));
}

/* ---- the files ------------------------------------------------------------------------------------------------- */

int min_free_kbytes_set(s64 kbytes)
{
	if (kbytes < 0 || kbytes > INT32_MAX)
		return -EINVAL;
	WRITE_ONCE(machine.vm.min_free_kbytes, (u32)kbytes);
	WRITE_ONCE(machine.vm.user_min_free_kbytes, (s32)kbytes);
	setup_per_zone_wmarks();
	return 0;
}

int watermark_scale_factor_set(s64 factor)
{
	if (factor < 1 || factor > 3000)
		return -EINVAL;
	WRITE_ONCE(machine.vm.watermark_scale_factor, (u32)factor);
	setup_per_zone_wmarks();
	return 0;
}

int lowmem_reserve_ratio_set(u32 zone, u32 ratio)
{
	if (zone >= ARRAY_SIZE(machine.vm.lowmem_reserve_ratio))
		return -EINVAL;
	WRITE_ONCE(machine.vm.lowmem_reserve_ratio[zone], ratio);
	setup_per_zone_lowmem_reserve();
	return 0;
}
