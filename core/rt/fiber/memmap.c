/* SPDX-License-Identifier: MIT */
/* The memmap window: which units of it are there, who took away the others; and oopses of all windows. */
#include <stdio.h>

#include "core/rt/fiber/fiber.h"
#include "core/rt/fiber/storebuf.h"
#include "core/rt/mem.h"
#include "core/rt/name.h"

RT_UNINSTRUMENTED_BEGIN

static u32 image_unmaps; /* entries of the log that made the image */

static u32 unit_of(u64 addr)
{
	return (u32)((addr - RT_MEMMAP_BASE) / RT_MEMMAP_UNIT);
}

/* One log entry per call and state: what the units were before, so that a reset can undo it. */
static void change(u32 first, u32 nr, u8 to)
{
	volatile u8 *state = RT_MEMMAP_STATE;

	for (u32 unit = first; unit < first + nr;) {
		u8 before = state[unit];
		u32 count = 0;

		for (; unit < first + nr && state[unit] == before && count < UINT16_MAX; unit++, count++)
			state[unit] = to;
		rt_set_live(RT_MEMMAP_BASE + (unit - count) * RT_MEMMAP_UNIT, count * RT_MEMMAP_UNIT, to == UNIT_LIVE);
		RT_UNMAP_LOG[rt.nr_unmaps++] = (struct unmap_log){.unit = unit - count,
								  .nr = (u16)count,
								  .before = before,
								  .after = to,
								  .task = rt_cur->id,
								  .semantic = rt_cur->semantic};
	}
}

/* A fill inside data_race() leaves no trace in the race detector's cells; an oops on it names who filled. */
void memmap_filled(u64 addr, u64 size)
{
	u32 first = unit_of(addr);

	change(first, unit_of(addr + size - 1) - first + 1, UNIT_LIVE);
}

static void check_range(const void *addr, size_t size)
{
	u64 start = (u64)addr;

	BUG_ON(start < RT_MEMMAP_BASE || start + size > RT_MEMMAP_BASE + RT_MEMMAP_SIZE);
	BUG_ON(start % RT_MEMMAP_UNIT || size % RT_MEMMAP_UNIT);
}

int rt_memmap_map(void *addr, size_t size, u64 pattern)
{
	u32 first = unit_of((u64)addr), nr = (u32)(size / RT_MEMMAP_UNIT);

	check_range(addr, size);
	if (should_fail(memmap))
		return -ENOMEM;
	rt_step(RT_STORE, (u64)addr, size, RT_PC());
	for (u32 unit = first; unit < first + nr; unit++) {
		u64 start = RT_MEMMAP_BASE + unit * RT_MEMMAP_UNIT;

		BUG_ON(RT_MEMMAP_STATE[unit] == UNIT_LIVE);
		if (RT_MEMMAP_STATE[unit] == UNIT_DEAD)
			race_forget(start, RT_MEMMAP_UNIT);
		san_unpoison((void *)start, RT_MEMMAP_UNIT);
		for (u64 at = start; at < start + RT_MEMMAP_UNIT; at += RT_GRANULE)
			dirty_mark(arena_offset(at));
		for (volatile u64 *word = (u64 *)start; (u64)word < start + RT_MEMMAP_UNIT; word++)
			*word = pattern;
		san_uninitialised((void *)start, RT_MEMMAP_UNIT);
	}
	change(first, nr, UNIT_LIVE);
	return 0;
}

void rt_memmap_unmap(void *addr, size_t size)
{
	u32 first = unit_of((u64)addr), nr = (u32)(size / RT_MEMMAP_UNIT);

	check_range(addr, size);
	rt_step(RT_STORE, (u64)addr, size, RT_PC());
	for (u32 unit = first; unit < first + nr; unit++)
		BUG_ON(RT_MEMMAP_STATE[unit] != UNIT_LIVE);
	weak_drain_range((u64)addr, size);
	change(first, nr, UNIT_DEAD);
	san_poison(addr, size);
	heap_kill_epochs();
}

bool rt_memmap_live(const void *addr)
{
	u64 at = (u64)addr;

	return at >= RT_MEMMAP_BASE && at < RT_MEMMAP_BASE + RT_MEMMAP_SIZE &&
	       RT_MEMMAP_STATE[unit_of(at)] == UNIT_LIVE;
}

/* Who unmapped @addr last, and after which of its semantic points. */
bool memmap_killer(u64 addr, u32 *task, u32 *semantic)
{
	u32 unit = unit_of(addr);

	for (u32 i = rt.nr_unmaps; i-- > 0;) {
		const struct unmap_log *log = &RT_UNMAP_LOG[i];

		if (unit < log->unit || unit >= log->unit + log->nr || log->after != UNIT_DEAD)
			continue;
		*task = log->task;
		*semantic = log->semantic;
		return true;
	}
	return false;
}

void memmap_seal(void)
{
	image_unmaps = rt.nr_unmaps;
}

static void undo(u32 down_to)
{
	volatile u8 *state = RT_MEMMAP_STATE;

	while (rt.nr_unmaps > down_to) {
		const struct unmap_log *log = &RT_UNMAP_LOG[--rt.nr_unmaps];
		const void *start = (const void *)(RT_MEMMAP_BASE + log->unit * RT_MEMMAP_UNIT);

		for (u32 i = 0; i < log->nr; i++)
			state[log->unit + i] = log->before;
		rt_set_live((u64)start, log->nr * RT_MEMMAP_UNIT, log->before == UNIT_LIVE);
		if (log->before == UNIT_DEAD)
			san_poison(start, log->nr * RT_MEMMAP_UNIT);
		else
			san_unpoison(start, log->nr * RT_MEMMAP_UNIT);
	}
}

/* Before `rt` itself is restored. */
void memmap_reset(void)
{
	undo(image_unmaps);
}

/* Before another boot: nothing was ever mapped. */
void memmap_clear(void)
{
	undo(0);
	image_unmaps = 0;
}

/* ---- oopses ------------------------------------------------------------------------------------------------------ */

static void __attribute__((noreturn, noinline, cold))
oops(const char *what, const char *type, u64 addr, void *pc, bool killed, u32 killer, u32 killer_semantic)
{
	char signature[192], places[120], name[96];
	struct rt_verdict *verdict = verdict_now();

	verdict->addr = addr;
	verdict->pc = pc;
	rt_name(addr, true, name, sizeof(name));
	if (killed)
		pair_format(places, sizeof(places), point_name(rt_cur->semantic), point_name(killer_semantic));
	else
		snprintf(places, sizeof(places), "{%s}", point_name(rt_cur->semantic));
	snprintf(signature, sizeof(signature), "oops %s %s %s", what, type, places);
	if (killed)
		rt_fail(VERDICT_oops, signature,
			"%s: %s (%#lx) touched by %s on cpu%u after %s; taken away by %s after %s", what, name, addr,
			task_label(rt_cur->id), rt_cur->cpu, point_name(rt_cur->semantic), task_label(killer),
			point_name(killer_semantic));
	rt_fail(VERDICT_oops, signature, "%s: %s (%#lx) touched by %s on cpu%u after %s", what, name, addr,
		task_label(rt_cur->id), rt_cur->cpu, point_name(rt_cur->semantic));
}

static void __attribute__((noinline, cold)) heap_oops(u64 addr, void *pc)
{
	const struct heap_object *o = heap_find(addr);

	if (!o)
		oops("never-allocated", "heap", addr, pc, false, 0, 0);
	if (addr >= o->addr + o->size)
		oops("out-of-bounds", obj_type_name(o->type), addr, pc, false, 0, 0);
	oops("use-after-free", obj_type_name(o->type), addr, pc, true, o->free_task, o->free_semantic);
}

static void __attribute__((noinline, cold)) memmap_oops(u64 addr, void *pc)
{
	u32 killer = RT_NO_TASK, semantic = 0;

	if (memmap_killer(addr, &killer, &semantic))
		oops("use-after-free", obj_type_name(OBJ_memmap), addr, pc, true, killer, semantic);
	oops("never-allocated", obj_type_name(OBJ_memmap), addr, pc, false, 0, 0);
}

/* The latest change of @addr's unit in this run; @fills: only by memmap_filled(). */
static const struct unmap_log *last_change(u64 addr, bool fills)
{
	u32 unit = unit_of(addr);

	for (u32 i = rt.nr_unmaps; i-- > image_unmaps;) {
		const struct unmap_log *log = &RT_UNMAP_LOG[i];

		if (unit >= log->unit && unit < log->unit + log->nr && (!fills || log->before == log->after))
			return log;
	}
	return NULL;
}

/*
 * Who gave the memory at @addr the content it has, as far as this run knows: a fill that the race detector was not to
 * see, else the last write it saw, else the mapping.
 */
static bool last_writer(u64 addr, u32 *task, u32 *semantic)
{
	bool memmap = addr - RT_MEMMAP_BASE < RT_MEMMAP_SIZE;
	const struct unmap_log *log = memmap ? last_change(addr, true) : NULL;
	u32 epoch = rt_running() && in_arena(addr) ? race_last_write(addr) : 0;

	if (!log && epoch_clock(epoch) >= rt_clock_base) {
		*task = rt.slot_id[epoch_slot(epoch)];
		*semantic = clock_semantic(epoch_slot(epoch), epoch_clock(epoch));
		return true;
	}
	if (!log && memmap)
		log = last_change(addr, false);
	if (!log)
		return false;
	*task = log->task;
	*semantic = log->semantic;
	return true;
}

void rt_oops(const char *class, u64 addr)
{
	char name[96], places[120], signature[192];
	struct rt_verdict *verdict = verdict_now();
	u32 writer, semantic;

	verdict->addr = addr;
	verdict->pc = RT_PC();
	rt_name(addr, false, name, sizeof(name));
	if (!last_writer(addr, &writer, &semantic)) {
		snprintf(signature, sizeof(signature), "oops %s %s {%s}", class, name, point_name(rt_cur->semantic));
		rt_name(addr, true, name, sizeof(name));
		rt_fail(VERDICT_oops, signature, "%s: %s (%#lx) used by %s on cpu%u after %s", class, name, addr,
			task_label(rt_cur->id), rt_cur->cpu, point_name(rt_cur->semantic));
	}
	pair_format(places, sizeof(places), point_name(rt_cur->semantic), point_name(semantic));
	snprintf(signature, sizeof(signature), "oops %s %s %s", class, name, places);
	rt_name(addr, true, name, sizeof(name));
	rt_fail(VERDICT_oops, signature, "%s: %s (%#lx) used by %s on cpu%u after %s; last written by %s after %s",
		class, name, addr, task_label(rt_cur->id), rt_cur->cpu, point_name(rt_cur->semantic),
		task_label(writer), point_name(semantic));
}

/* The content window is live as a whole and has no bytes in the table: nothing is said about it. */
void __attribute__((noinline, cold)) oops_report(u64 addr, void *pc)
{
	u64 offset = arena_offset(addr);

	if (offset < RT_HEAP_SIZE)
		heap_oops(addr, pc);
	else if (addr - RT_MEMMAP_BASE < RT_MEMMAP_SIZE)
		memmap_oops(addr, pc);
	else if (offset >= RT_ARENA_SIZE)
		oops(addr < 4096 ? "null-pointer" : "wild-pointer", "(nowhere)", addr, pc, false, 0, 0);
}

RT_UNINSTRUMENTED_END
