/* SPDX-License-Identifier: MIT */
#include "core/hotplug/listeners.h"

#include "core/hotplug/kcore.h"
#include "core/mm/machine.h"
#include "core/mm/memory_tiers.h"
#include "core/mm/page_ext.h"
#include "core/mm/slab.h"
#include "core/range/ksm.h"
#include "core/range/walk.h"
#include "core/rt/mem.h"
#include "core/rt/report.h"

void listener_add(int (*call)(struct notifier_block *nb, unsigned long action, void *data), s32 priority)
{
	struct notifier_block *nb = kzalloc_obj(struct notifier_block, OBJ_notifier);

	BUG_ON(!nb);
	nb->notifier_call = call;
	nb->priority = priority;
	rt_mark_permanent(nb);
	register_memory_notifier(nb);
}

/* ---- slab ------------------------------------------------------------------------------------------------------- */

static int slab_memory_callback(struct notifier_block *nb, unsigned long action, void *data)
{
	const struct memory_notify *arg = data;
	int ret = 0;

	(void)nb;
	switch (action) {
	case MEM_GOING_ONLINE:
		ret = slab_mem_going_online(arg->status_change_nid_normal);
		break;
	case MEM_GOING_OFFLINE:
		slab_mem_going_offline();
		break;
	case MEM_OFFLINE:
	case MEM_CANCEL_ONLINE:
		slab_mem_offline(arg->status_change_nid_normal);
		break;
	default:
		break;
	}
	return notifier_from_errno(ret);
}

void slab_listener_init(void)
{
	listener_add(slab_memory_callback, SLAB_CALLBACK_PRI);
}

/* ---- walkers ---------------------------------------------------------------------------------------------------- */

/* CANCEL comes even if somebody refused before us: nobody is kept out then. */
static int walkers_callback(struct notifier_block *nb, unsigned long action, void *data)
{
	(void)nb;
	(void)data;
	if (action == MEM_GOING_OFFLINE)
		walkers_pause();
	else if (action == MEM_OFFLINE || action == MEM_CANCEL_OFFLINE)
		walkers_resume();
	return NOTIFY_OK;
}

void walkers_listener_init(void)
{
	if (design(pfn_walk) == ALT_pfn_walk_notifier_pause)
		listener_add(walkers_callback, WALKERS_CALLBACK_PRI);
}

/* ---- page_ext --------------------------------------------------------------------------------------------------- */

static int page_ext_callback(struct notifier_block *nb, unsigned long action, void *data)
{
	const struct memory_notify *arg = data;
	int ret = 0;

	(void)nb;
	if (action == MEM_GOING_ONLINE)
		ret = online_page_ext(arg->start_pfn, arg->nr_pages);
	else if (action == MEM_OFFLINE || action == MEM_CANCEL_ONLINE)
		offline_page_ext(arg->start_pfn, arg->nr_pages);
	return notifier_from_errno(ret);
}

void page_ext_listener_init(void)
{
	if (boot_param(page_owner))
		listener_add(page_ext_callback, DEFAULT_CALLBACK_PRI);
}

/* ---- kcore ------------------------------------------------------------------------------------------------------ */

static int kcore_callback(struct notifier_block *nb, unsigned long action, void *data)
{
	(void)nb;
	(void)data;
	if (action == MEM_ONLINE || action == MEM_OFFLINE)
		kcore_memory_changed();
	return NOTIFY_OK;
}

void kcore_listener_init(void)
{
	listener_add(kcore_callback, DEFAULT_CALLBACK_PRI);
}

/* ---- ksm -------------------------------------------------------------------------------------------------------- */

static int ksm_memory_callback(struct notifier_block *nb, unsigned long action, void *data)
{
	const struct memory_notify *arg = data;

	(void)nb;
	switch (action) {
	case MEM_GOING_OFFLINE:
		ksm_going_offline();
		break;
	case MEM_OFFLINE:
		ksm_offline_ended(arg->start_pfn, arg->nr_pages);
		break;
	case MEM_CANCEL_OFFLINE:
		ksm_offline_ended(arg->start_pfn, 0);
		break;
	default:
		break;
	}
	return NOTIFY_OK;
}

void ksm_listener_init(void)
{
	listener_add(ksm_memory_callback, KSM_CALLBACK_PRI);
}

/* ---- memory tiers ----------------------------------------------------------------------------------------------- */

/* Only the first and the last memory of a node changes anything. */
static int memtier_hotplug_callback(struct notifier_block *nb, unsigned long action, void *data)
{
	const struct memory_notify *arg = data;

	(void)nb;
	if (arg->status_change_nid < 0)
		return NOTIFY_OK;
	if (action == MEM_ONLINE)
		memory_tiers_node_online((u32)arg->status_change_nid);
	else if (action == MEM_OFFLINE)
		memory_tiers_node_offline((u32)arg->status_change_nid);
	return NOTIFY_OK;
}

void memory_tiers_listener_init(void)
{
	if (boot_param(memory_tiers))
		listener_add(memtier_hotplug_callback, MEMTIER_HOTPLUG_PRI);
}
