/* SPDX-License-Identifier: MIT */
/* Places and the trace: what a point looks like from outside. */
#include "core/rt/fiber/fiber.h"

RT_UNINSTRUMENTED_BEGIN

void (*rt_trace_sink)(const struct rt_trace_entry *entry, void *arg);
static void *sink_arg;

void rt_set_trace(void (*sink)(const struct rt_trace_entry *entry, void *arg), void *arg)
{
	rt_trace_sink = sink;
	sink_arg = arg;
}

void place_fill(struct rt_place *place, u32 kind, u64 addr, u64 size, void *pc)
{
	u64 steps = sched_steps(), here = kind & (RT_BLOCK | RT_EXIT) || !kind ? 0 : 1;

	*place = (struct rt_place){
		.task = rt_cur->id,
		.kind = kind,
		.addr = in_arena(addr) || kind == RT_SEMANTIC ? addr : 0,
		.size = (u32)min(size, (u64)UINT32_MAX),
		.semantic = rt_cur->semantic,
		.occurrence = rt_cur->occurrence,
		.since = (u32)(steps - rt_cur->since),
		.step = steps - here,
		.own = steps - rt_cur->own - here,
		.pc = pc,
	};
}

static void fill_context(struct rt_trace_entry *entry, u64 runnable)
{
	entry->runnable = runnable;
	entry->preempt_count = rt_cur->preempt_count;
	entry->irqs_off = rt_cur->irqs_off;
	entry->rcu_depth = rt_cur->rcu_depth;
	for (u32 i = 0; i < ARRAY_SIZE(entry->locks_held) && i < rt_cur->nr_held; i++)
		entry->locks_held[i] = (u64)rt_cur->held[rt_cur->nr_held - 1 - i].lock;
}

static u64 value_at(const struct rt_place *place)
{
	const void *p = (const void *)place->addr;

	if (place->kind == RT_SEMANTIC)
		return place->addr;
	if (place->kind & (RT_LOCK | RT_UNLOCK))
		return place->addr && in_arena(place->addr) ? ((const struct rt_lock *)p)->class : 0;
	if (!(place->kind & (RT_LOAD | RT_READ_ONCE | RT_RMW)))
		return 0;
	switch (place->size) {
	case 1:
		return *(const u8 *)p;
	case 2:
		return *(const u16 *)p;
	case 4:
		return *(const u32 *)p;
	default:
		return *(const u64 *)p;
	}
}

void trace_point(const struct rt_place *place, u64 runnable)
{
	struct rt_trace_entry entry = {.place = *place, .value = value_at(place)};

	fill_context(&entry, runnable);
	san_outside_begin();
	rt_trace_sink(&entry, sink_arg);
	san_outside_end();
}

void trace_switched(u64 runnable)
{
	struct rt_trace_entry entry = {.switched_to = true};

	place_fill(&entry.place, 0, 0, 0, NULL);
	fill_context(&entry, runnable);
	san_outside_begin();
	rt_trace_sink(&entry, sink_arg);
	san_outside_end();
}

RT_UNINSTRUMENTED_END
