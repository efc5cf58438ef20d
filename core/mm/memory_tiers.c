/* SPDX-License-Identifier: MIT */
#include "core/mm/memory_tiers.h"

#include "core/mm/machine.h"
#include "core/rt/cpu.h"
#include "core/rt/mem.h"
#include "core/rt/point.h"
#include "core/rt/rcu.h"
#include "core/rt/report.h"

enum memory_dev_kind memory_dev_kind(u32 nid)
{
	u32 from_end = machine_config.nodes - 1 - nid;

	return from_end < MEMORY_SLOWEST ? MEMORY_SLOWEST - from_end : MEMORY_DRAM;
}

/* ---- targets: lock held ----------------------------------------------------------------------------------------- */

/* Readers see no target until all are right again: old and new ones together could send pages in a circle. */
static void disable_all_demotion_targets(struct memory_tiers *tiers)
{
	u32 nid;

	for_each_node_state (nid, N_MEMORY) {
		WRITE_ONCE(tiers->preferred[nid], 0);
		if (tiers->node_tier[nid])
			WRITE_ONCE(tiers->node_tier[nid]->lower_tier_mask, 0);
	}
	/* Whoever still reads an old target has read it before a new one is written. */
	synchronize_rcu();
	point(memtier, disabled, 0);
}

/* Of the nodes @among, those that are nearest to @nid. */
static nodemask_t nearest(u32 nid, nodemask_t among)
{
	nodemask_t found = 0;
	u32 best = UINT32_MAX, other;

	for_each_node(other)
	{
		if (!(among & BIT(other)) || node_distance(nid, other) > best)
			continue;
		if (node_distance(nid, other) < best)
			found = 0;
		best = node_distance(nid, other);
		found |= BIT(other);
	}
	return found;
}

/* The nodes of the next tier below. */
static nodemask_t next_tier(const struct memory_tiers *tiers, enum memory_dev_kind kind)
{
	while (++kind < NR_MEMORY_DEV_KINDS)
		if (tiers->nodes[kind])
			return tiers->nodes[kind];
	return 0;
}

static void establish_demotion_targets(struct memory_tiers *tiers)
{
	nodemask_t lower = node_states_mask(N_MEMORY);
	u32 nid;

	disable_all_demotion_targets(tiers);
	for_each_node_state (nid, N_MEMORY)
		if (tiers->node_tier[nid])
			WRITE_ONCE(tiers->preferred[nid], nearest(nid, next_tier(tiers, memory_dev_kind(nid))));
	for (u32 kind = 0; kind < NR_MEMORY_DEV_KINDS; kind++) {
		lower &= ~tiers->nodes[kind];
		if (tiers->tier[kind])
			WRITE_ONCE(tiers->tier[kind]->lower_tier_mask, lower);
	}
	point(memtier, established, 0);
}

/* ---- nodes: lock held ------------------------------------------------------------------------------------------- */

static bool set_node_memory_tier(struct memory_tiers *tiers, u32 nid)
{
	enum memory_dev_kind kind = memory_dev_kind(nid);

	if (!node_state(nid, N_MEMORY))
		return false;
	if (!tiers->tier[kind])
		tiers->tier[kind] = kzalloc_obj(struct memory_tier, OBJ_memory_tier);
	if (!tiers->tier[kind]) {
		tiers->without |= BIT(nid);
		return false;
	}
	tiers->nodes[kind] |= BIT(nid);
	rcu_assign_pointer(tiers->node_tier[nid], tiers->tier[kind]);
	return true;
}

/* The last node takes its tier away: who has found that is no longer in his read section by then. */
static bool clear_node_memory_tier(struct memory_tiers *tiers, u32 nid)
{
	enum memory_dev_kind kind = memory_dev_kind(nid);

	tiers->without &= ~BIT(nid);
	if (!tiers->node_tier[nid])
		return false;
	rcu_assign_pointer(tiers->node_tier[nid], NULL);
	if (!bug(planted_tier_freed_in_use))
		synchronize_rcu();
	tiers->nodes[kind] &= ~BIT(nid);
	if (!tiers->nodes[kind]) {
		kfree(tiers->tier[kind]);
		tiers->tier[kind] = NULL;
	}
	point(memtier, cleared, nid);
	return true;
}

void memory_tiers_node_online(u32 nid)
{
	struct memory_tiers *tiers = machine.memory_tiers;

	mutex_lock(&tiers->lock);
	if (set_node_memory_tier(tiers, nid))
		establish_demotion_targets(tiers);
	mutex_unlock(&tiers->lock);
}

void memory_tiers_node_offline(u32 nid)
{
	struct memory_tiers *tiers = machine.memory_tiers;

	mutex_lock(&tiers->lock);
	if (clear_node_memory_tier(tiers, nid) && !bug(planted_targets_kept))
		establish_demotion_targets(tiers);
	mutex_unlock(&tiers->lock);
}

void memory_tiers_init(void)
{
	struct memory_tiers *tiers;
	u32 nid;

	if (!boot_param(memory_tiers))
		return;
	tiers = kzalloc_obj(struct memory_tiers, OBJ_memory_tiers);
	BUG_ON(!tiers);
	rt_mark_permanent(tiers);
	mutex_init(&tiers->lock, LOCK_memory_tier);
	machine.memory_tiers = tiers;
	for_each_node_state (nid, N_MEMORY)
		memory_tiers_node_online(nid);
}

/* ---- readers ---------------------------------------------------------------------------------------------------- */

s32 next_demotion_node(u32 nid)
{
	nodemask_t preferred;

	if (!machine.memory_tiers)
		return -1;
	/* Pairs with the grace period between old targets and new ones. */
	rcu_read_lock();
	preferred = READ_ONCE(machine.memory_tiers->preferred[nid]);
	rcu_read_unlock();
	point(memtier, target_read, nid);
	return preferred ? __builtin_ctzll(preferred) : -1;
}

nodemask_t node_get_allowed_targets(u32 nid)
{
	const struct memory_tier *tier;
	nodemask_t allowed = 0;

	if (!machine.memory_tiers)
		return 0;
	rcu_read_lock();
	tier = rcu_dereference(machine.memory_tiers->node_tier[nid]);
	point(memtier, tier_found, nid);
	if (tier)
		allowed = READ_ONCE(tier->lower_tier_mask);
	rcu_read_unlock();
	return allowed;
}
