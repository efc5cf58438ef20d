/* SPDX-License-Identifier: MIT */
#include "core/hotplug/hotplug_state.h"

#include "core/hotplug/memory_block.h"
#include "core/hotplug/policy.h"
#include "core/rt/mem.h"
#include "core/rt/report.h"

void hotplug_state_init(void)
{
	struct hotplug_state *state = kzalloc_obj(struct hotplug_state, OBJ_hotplug_state);

	BUG_ON(!state);
	rt_mark_permanent(state);
	state->online_policy = ONLINE_POLICY_CONTIG_ZONES;
	state->auto_movable_ratio = 301;
	state->auto_movable_numa_aware = 1;
	state->default_online_type = MMOP_OFFLINE;
	mutex_init(&state->online_page_callback_lock, LOCK_online_page_callback);
	machine.hotplug = state;
	device_memory_init();
}
