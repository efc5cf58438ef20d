/* SPDX-License-Identifier: MIT */
#include "core/range/pcp_isolation.h"

#include "core/mm/machine.h"
#include "core/mm/pcp.h"
#include "core/rt/point.h"

static bool alternative(u32 alt)
{
	return design(pcp_isolation) == alt;
}

/* ---- offline --------------------------------------------------------------------------------------------------- */

void pcp_offline_begin(struct zone *zone)
{
	if (alternative(ALT_pcp_isolation_disable_by_offline))
		zone_pcp_disable(zone);
}

void pcp_isolated(struct zone *zone)
{
	if (alternative(ALT_pcp_isolation_none) || alternative(ALT_pcp_isolation_redrain))
		drain_all_pages(zone);
}

void pcp_not_empty(struct zone *zone)
{
	if (alternative(ALT_pcp_isolation_redrain))
		drain_all_pages(zone);
}

void pcp_offline_end(struct zone *zone, bool committed)
{
	if (alternative(ALT_pcp_isolation_disable_by_offline))
		zone_pcp_enable(zone);
	/* Who undoes an isolation ends this itself. */
	else if (committed)
		pcp_isolation_end(zone);
}

/* ---- any isolation --------------------------------------------------------------------------------------------- */

/*
 * The second to come drains too: the first may have counted itself but not be done with its drain.
 *
 *   first:   ++ high:=0 ............ drain
 *   second:             ++ isolate        <- pages freed before are still on lists
 */
void pcp_isolation_begin(struct zone *zone)
{
	if (!alternative(ALT_pcp_isolation_disable_in_isolation))
		return;
	down_read(&machine.pcp_isolation_rwsem);
	if (atomic_inc_return(&zone->pcp_isolators) == 1)
		zone_pcp_set_high_and_batch(zone, 0, 1);
	drain_all_cpus(zone, true);
	point(pcp, disabled, zone->idx);
}

void pcp_isolation_end(struct zone *zone)
{
	if (!alternative(ALT_pcp_isolation_disable_in_isolation))
		return;
	if (atomic_dec_return(&zone->pcp_isolators) == 0)
		zone_pcp_set_high_and_batch(zone, zone->pageset_high, zone->pageset_batch);
	up_read(&machine.pcp_isolation_rwsem);
	point(pcp, enabled, zone->idx);
}
