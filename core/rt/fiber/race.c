/* SPDX-License-Identifier: MIT */
/*
 * Happens-before race detector: FastTrack cells per 4-byte granule, with vectors for everything that may legally be
 * concurrent (readers, and marked writers), so that no access is forgotten before it is ordered.
 */
#include "core/rt/fiber/fiber.h"

#include <stdio.h>
#include <sys/mman.h>

#include "core/rt/name.h"

RT_UNINSTRUMENTED_BEGIN

struct access {
	u64 addr;
	u32 size, kind;
	void *pc;
};

static struct race_cell *cell_at(u64 addr)
{
	return (struct race_cell *)(RT_SHADOW_BASE + (arena_offset(addr) & ~3UL) * 4);
}

u32 *sync_at(u64 addr)
{
	return (u32 *)(RT_SYNC_BASE + (arena_offset(addr) & ~3UL));
}

static const char *access_text(bool write, bool marked)
{
	return write ? marked ? "marked write" : "write" : marked ? "marked read" : "read";
}

static void __attribute__((noreturn))
report(const struct access *a, u64 granule, u32 other, bool other_write, bool other_marked)
{
	bool write = a->kind & (RT_STORE | RT_WRITE_ONCE | RT_RMW), marked = !(a->kind & (RT_LOAD | RT_STORE));
	u32 slot = other >> RT_CLOCK_BITS, semantic = clock_semantic(slot, other & RT_CLOCK_MAX);
	const struct task_struct *them = &rt_tasks[rt.slot_id[slot]];
	struct rt_verdict *verdict = verdict_now();
	char name[64], exact[96], pair[120], signature[192];

	rt_name(granule, false, name, sizeof(name));
	rt_name(granule, true, exact, sizeof(exact));
	pair_format(pair, sizeof(pair), point_name(rt_cur->semantic), point_name(semantic));
	snprintf(signature, sizeof(signature), "race %s %s", name, pair);
	verdict->addr = a->addr;
	verdict->pc = a->pc;
	rt_fail(VERDICT_race, signature,
		"%s (%#lx, %u bytes): %s by %s on cpu%u after %s, not ordered with the %s by %s on cpu%u after %s",
		exact, a->addr, a->size, access_text(write, marked), task_label(rt_cur->id), rt_cur->cpu,
		point_name(rt_cur->semantic), access_text(other_write, other_marked), task_label(them->id), them->cpu,
		point_name(semantic));
}

/* An unordered epoch in @value (an epoch or a vector), or 0. */
static u32 unordered(u32 value)
{
	const struct vclock *vector;

	if (likely(value < RT_VECTOR_TAG))
		return vc_covers(rt_cur, value) ? 0 : value;
	if (!vc_valid(value & RT_CLOCK_MAX))
		return 0;
	vector = vc_at(value & RT_CLOCK_MAX);
	for (u32 slot = 0; slot < rt.nr_slots; slot++)
		if (vector->c[slot] > rt_cur->vc.c[slot])
			return slot << RT_CLOCK_BITS | vector->c[slot];
	return 0;
}

/* Adds the running task to @value, which other tasks may concurrently be in. */
static void add_concurrent(u32 *value)
{
	u32 now = rt_cur->epoch, old = *value, index;
	struct vclock *vector;

	if (old == now)
		return;
	if (old >= RT_VECTOR_TAG) {
		if (vc_valid(old & RT_CLOCK_MAX)) {
			vc_at(old & RT_CLOCK_MAX)->c[rt_cur->slot] = now & RT_CLOCK_MAX;
			return;
		}
		*value = now;
		return;
	}
	if (vc_covers(rt_cur, old)) {
		*value = now;
		return;
	}
	index = vc_alloc();
	vector = vc_at(index);
	for (u32 slot = 0; slot < 32; slot++)
		vector->c[slot] = 0;
	vector->c[old >> RT_CLOCK_BITS] = old & RT_CLOCK_MAX;
	vector->c[rt_cur->slot] = now & RT_CLOCK_MAX;
	*value = RT_VECTOR_TAG | index;
}

static void forget_ordered(u32 *value)
{
	if (*value >= RT_VECTOR_TAG)
		*value = 0;
}

static void check_granule(struct race_cell *cell, const struct access *a, u64 granule)
{
	u32 other = unordered(cell->plain_write);

	if (unlikely(other))
		report(a, granule, other, true, false);
	switch (a->kind) {
	case RT_LOAD:
		other = unordered(cell->marked_write);
		if (unlikely(other))
			report(a, granule, other, true, true);
		add_concurrent(&cell->plain_read);
		break;
	case RT_READ_ONCE:
		add_concurrent(&cell->marked_read);
		break;
	case RT_STORE:
		other = unordered(cell->marked_write);
		if (unlikely(other))
			report(a, granule, other, true, true);
		other = unordered(cell->plain_read);
		if (unlikely(other))
			report(a, granule, other, false, false);
		other = unordered(cell->marked_read);
		if (unlikely(other))
			report(a, granule, other, false, true);
		/* everything before is ordered before this write: later accesses need be compared with it only */
		forget_ordered(&cell->marked_write);
		forget_ordered(&cell->plain_read);
		forget_ordered(&cell->marked_read);
		cell->plain_write = rt_cur->epoch;
		break;
	default:
		other = unordered(cell->plain_read);
		if (unlikely(other))
			report(a, granule, other, false, false);
		forget_ordered(&cell->plain_read);
		add_concurrent(&cell->marked_write);
		break;
	}
}

void race_check(u64 addr, u32 size, u32 kind, void *pc)
{
	struct access a = {.addr = addr, .size = size, .kind = kind, .pc = pc};
	u64 first = addr & ~3UL, last = (addr + size - 1) & ~3UL;

	for (u64 granule = first; granule <= last; granule += 4)
		check_granule(cell_at(granule), &a, granule);
}

/* Epoch of the last write to the granule of @addr, plain before marked; 0 if none is known. */
u32 race_last_write(u64 addr)
{
	const struct race_cell *cell = cell_at(addr);

	return cell->plain_write ? cell->plain_write : cell->marked_write < RT_VECTOR_TAG ? cell->marked_write : 0;
}

void race_forget(u64 addr, u64 size)
{
	u64 *cells = (u64 *)cell_at(addr), *syncs = (u64 *)sync_at(addr);

	for (u64 i = 0; i < size / 4 * 2; i++)
		cells[i] = 0;
	for (u64 i = 0; i < size / 8; i++)
		syncs[i] = 0;
}

void race_clear(void)
{
	madvise((void *)RT_SHADOW_BASE, 4 * RT_ARENA_SIZE, MADV_DONTNEED);
	madvise((void *)RT_SYNC_BASE, RT_ARENA_SIZE, MADV_DONTNEED);
}

RT_UNINSTRUMENTED_END
