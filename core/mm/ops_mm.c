/* SPDX-License-Identifier: MIT */
#include "core/mm/ops_mm.h"

#include "core/mm/anon.h"
#include "core/mm/filemap.h"
#include "core/mm/geometry.h"
#include "core/mm/hugetlb.h"
#include "core/mm/machine.h"
#include "core/mm/page_alloc.h"
#include "core/mm/vmscan.h"
#include "core/rt/cpu.h"
#include "core/rt/rcu.h"

s64 op_alloc(const struct op *op)
{
	static const gfp_t gfp[] = {
		[MIGRATE_UNMOVABLE] = GFP_KERNEL,
		[MIGRATE_MOVABLE] = GFP_HIGHUSER_MOVABLE,
		[MIGRATE_RECLAIMABLE] = GFP_KERNEL | __GFP_RECLAIMABLE,
	};
	u32 mt = (u32)op->arg[0], order = (u32)op->arg[1], count = (u32)op->arg[2], slot = (u32)op->arg[3];

	if (order > geometry.max_order)
		return -ENOMEM;
	return area_alloc(area_of_slot(slot), gfp[mt], order, count);
}

s64 op_free(const struct op *op)
{
	return area_free(area_of_slot((u32)op->arg[0]));
}

s64 op_pin(const struct op *op)
{
	return area_pin(area_of_slot((u32)op->arg[0]));
}

s64 op_unpin(const struct op *op)
{
	return area_unpin(area_of_slot((u32)op->arg[0]));
}

s64 op_verify(const struct op *op)
{
	return area_verify_all(area_of_slot((u32)op->arg[0]));
}

s64 op_synchronize(const struct op *op)
{
	(void)op;
	synchronize_rcu();
	return 0;
}

/* ---- memory of processes and files ------------------------------------------------------------------------------ */

s64 op_touch(const struct op *op)
{
	return area_touch(area_of_slot((u32)op->arg[0]));
}

s64 op_mlock(const struct op *op)
{
	return area_mlock(area_of_slot((u32)op->arg[0]), true);
}

s64 op_munlock(const struct op *op)
{
	return area_mlock(area_of_slot((u32)op->arg[0]), false);
}

s64 op_read(const struct op *op)
{
	return filemap_read(area_of_slot((u32)op->arg[1]), (u32)op->arg[0]);
}

s64 op_write(const struct op *op)
{
	return filemap_write(area_of_slot((u32)op->arg[0]));
}

s64 op_writeback(const struct op *op)
{
	return filemap_writeback(area_of_slot((u32)op->arg[0]));
}

/* ---- the administrator ------------------------------------------------------------------------------------------ */

s64 op_stat_refresh(const struct op *op)
{
	(void)op;
	return vmstat_refresh();
}

/* As a write to a root memory.reclaim does: node by node, harder from round to round. */
s64 op_reclaim(const struct op *op)
{
	struct scan_control sc = {
		.nr_to_reclaim = (u64)op->arg[0],
		.priority = DEF_PRIORITY,
		.reclaim_idx = MAX_NR_ZONES - 1,
	};
	u64 flags = current_flags;
	u32 nid;

	current_flags = flags | PF_MEMALLOC;
	for (; sc.nr_reclaimed < sc.nr_to_reclaim; sc.priority--) {
		for_each_node_state (nid, N_MEMORY)
			shrink_node(NODE_DATA(nid), &sc);
		if (!sc.priority)
			break;
	}
	current_flags = flags;
	return (s64)sc.nr_reclaimed;
}

/* ---- huge pages ------------------------------------------------------------------------------------------------- */

s64 op_hugepages(const struct op *op)
{
	return set_nr_hugepages((u64)op->arg[1], op->arg[0]);
}

s64 op_hugetlb(const struct op *op)
{
	return area_alloc_huge(area_of_slot((u32)op->arg[2]), (u32)op->arg[0], (u32)op->arg[1], NULL);
}

/* ---- interrupts ------------------------------------------------------------------------------------------------- */

static void receive_packet(void *info)
{
	u32 order = *(const u32 *)info;
	struct page *page = alloc_pages(GFP_ATOMIC, order);

	if (page)
		__free_pages(page, order);
}

s64 op_interrupt(const struct op *op)
{
	u32 order = (u32)op->arg[1];

	if (order > geometry.max_order)
		return -EINVAL;
	return smp_call_function_single((unsigned int)op->arg[0], receive_packet, &order, true);
}
