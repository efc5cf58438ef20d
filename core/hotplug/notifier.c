/* SPDX-License-Identifier: MIT */
#include "core/hotplug/notifier.h"

#include "core/hotplug/hotplug_state.h"
#include "core/mm/events.h"
#include "core/mm/machine.h"
#include "core/rt/mem.h"
#include "core/rt/point.h"

#define RECORDERS 2

int register_memory_notifier(struct notifier_block *nb)
{
	struct notifier_block **link;
	int ret = 0;

	down_write(&machine.memory_chain_rwsem);
	for (link = &machine.memory_chain; *link; link = &(*link)->next) {
		if (*link == nb) {
			ret = -EEXIST;
			break;
		}
		if (nb->priority > (*link)->priority)
			break;
	}
	if (!ret) {
		nb->next = *link;
		*link = nb;
	}
	up_write(&machine.memory_chain_rwsem);
	return ret;
}

int unregister_memory_notifier(struct notifier_block *nb)
{
	struct notifier_block **link;
	int ret = -ENOENT;

	down_write(&machine.memory_chain_rwsem);
	for (link = &machine.memory_chain; *link; link = &(*link)->next) {
		if (*link == nb) {
			*link = nb->next;
			ret = 0;
			break;
		}
	}
	up_write(&machine.memory_chain_rwsem);
	return ret;
}

void (*memory_event_hook)(unsigned long val, const struct memory_notify *v);

int memory_notify(unsigned long val, struct memory_notify *v)
{
	struct notifier_block *nb;
	int ret = NOTIFY_DONE;

	point(notifier, call, val);
	if (memory_event_hook)
		memory_event_hook(val, v);
	down_read(&machine.memory_chain_rwsem);
	for (nb = machine.memory_chain; nb; nb = nb->next) {
		ret = nb->notifier_call(nb, val, v);
		if (ret & NOTIFY_STOP_MASK)
			break;
	}
	if (ret & NOTIFY_STOP_MASK)
		core_event(EVENT_veto, val, 0);
	up_read(&machine.memory_chain_rwsem);
	return ret;
}

/* ---- the vetoer ------------------------------------------------------------------------------------------------ */

void memory_veto_arm(u32 event)
{
	WRITE_ONCE(machine.veto_armed[event], 1);
}

static int veto_callback(struct notifier_block *nb, unsigned long action, void *data)
{
	u32 event = action == MEM_GOING_OFFLINE;
	s32 error;

	(void)nb;
	(void)data;
	if (action != MEM_GOING_ONLINE && action != MEM_GOING_OFFLINE)
		return NOTIFY_DONE;
	/* One event at a time is under way (mem_hotplug_lock); a veto armed between the two accesses is merely late. */
	if (READ_ONCE(machine.veto_armed[event])) {
		WRITE_ONCE(machine.veto_armed[event], 0);
		point(notifier, veto, action);
		return NOTIFY_BAD;
	}
	error = READ_ONCE(machine.hotplug->inject_error[event]);
	if (error) {
		point(notifier, veto, action);
		return notifier_from_errno(error);
	}
	if (should_fail(notifier)) {
		point(notifier, veto, action);
		return NOTIFY_BAD;
	}
	return NOTIFY_OK;
}

/* ---- the recorders --------------------------------------------------------------------------------------------- */

/* Where they are does not change while a machine lives: asking is no access to shared memory. */
static struct memory_recorder *recorders[RECORDERS];

static void record_break(struct memory_recorder *r, unsigned long action)
{
	if (r->broken)
		return;
	r->broken = (u32)action;
	r->broken_in = r->going;
}

/*
 * What may follow what, for one listener: GOING_X opens, X or CANCEL_X of the same range closes. A CANCEL_X without
 * GOING_X is right for a listener behind the vetoer.
 */
static int recorder_callback(struct notifier_block *nb, unsigned long action, void *data)
{
	struct memory_recorder *r = container_of(nb, struct memory_recorder, nb);
	const struct memory_notify *arg = data;
	bool same = r->start_pfn == arg->start_pfn && r->nr_pages == arg->nr_pages;
	u32 needs = action & (MEM_ONLINE | MEM_CANCEL_ONLINE) ? MEM_GOING_ONLINE : MEM_GOING_OFFLINE;
	bool cancel = action & (MEM_CANCEL_ONLINE | MEM_CANCEL_OFFLINE);

	r->events++;
	if (action & (MEM_GOING_ONLINE | MEM_GOING_OFFLINE)) {
		if (r->going)
			record_break(r, action);
		r->going = (u32)action;
		r->start_pfn = arg->start_pfn;
		r->nr_pages = arg->nr_pages;
		return NOTIFY_OK;
	}
	if (cancel && !r->going && nb->priority < 0)
		return NOTIFY_OK;
	if (r->going != needs || !same)
		record_break(r, action);
	r->going = 0;
	return NOTIFY_OK;
}

const struct memory_recorder *memory_recorder(unsigned int i)
{
	return recorders[i];
}

void memory_listeners_init(void)
{
	static const s32 priority[RECORDERS] = {100, -100};
	struct notifier_block *veto = kzalloc_obj(struct notifier_block, OBJ_notifier);

	BUG_ON(!veto);
	veto->notifier_call = veto_callback;
	rt_mark_permanent(veto);
	register_memory_notifier(veto);
	for (unsigned int i = 0; i < RECORDERS; i++) {
		struct memory_recorder *r = kzalloc_obj(struct memory_recorder, OBJ_notifier);

		BUG_ON(!r);
		r->nb.notifier_call = recorder_callback;
		r->nb.priority = priority[i];
		rt_mark_permanent(r);
		register_memory_notifier(&r->nb);
		recorders[i] = r;
	}
}

const char *memory_event_text(unsigned long val)
{
	static const char *const text[] = {"ONLINE",       "GOING_OFFLINE", "OFFLINE",
					   "GOING_ONLINE", "CANCEL_ONLINE", "CANCEL_OFFLINE"};

	for (u32 i = 0; i < ARRAY_SIZE(text); i++)
		if (val == BIT(i))
			return text[i];
	return "(none)";
}
