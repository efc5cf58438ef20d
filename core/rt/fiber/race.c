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

static struct race_pair *pair_at(u64 addr)
{
	return (struct race_pair *)(RT_SHADOW_BASE + (arena_offset(addr) & ~7UL) * 4);
}

static const char *access_text(bool write, bool marked)
{
	return write ? marked ? "marked write" : "write" : marked ? "marked read" : "read";
}

static void __attribute__((noreturn))
report(const struct access *a, u64 granule, u32 other, bool other_write, bool other_marked)
{
	bool write = a->kind & (RT_STORE | RT_WRITE_ONCE | RT_RMW), marked = !(a->kind & (RT_LOAD | RT_STORE));
	u32 slot = epoch_slot(other), semantic = clock_semantic(slot, epoch_clock(other));
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

static struct vclock *vector_of(u32 value)
{
	u32 index = value & ~RT_VECTOR;

	return vc_valid(index) ? vc_at(index) : NULL;
}

/* An unordered epoch in @value (an epoch or a vector), or 0. */
static u32 unordered(u32 value)
{
	const struct vclock *vector;

	if (likely(!(value & RT_VECTOR)))
		return covers(value) ? 0 : value;
	vector = vector_of(value);
	for (u32 slot = 0; vector && slot < rt.nr_slots; slot++)
		if (vector->c[slot] > rt_cur->vc.c[slot])
			return vector->c[slot] << RT_SLOT_BITS | slot;
	return 0;
}

/* Adds the running task to @value, which other tasks may concurrently be in. */
static void add_concurrent(u32 *value)
{
	u32 now = rt_cur->epoch, old = *value, index;
	struct vclock *vector = old & RT_VECTOR ? vector_of(old) : NULL;

	if (vector) {
		vector->c[rt_cur->slot] = epoch_clock(now);
		return;
	}
	if (old & RT_VECTOR || covers(old)) {
		*value = now;
		return;
	}
	index = vc_alloc();
	vector = vc_at(index);
	for (u32 slot = 0; slot < RT_SLOTS; slot++)
		vector->c[slot] = 0;
	vector->c[epoch_slot(old)] = epoch_clock(old);
	vector->c[rt_cur->slot] = epoch_clock(now);
	*value = RT_VECTOR | index;
}

static void forget_ordered(u32 *value)
{
	if (*value & RT_VECTOR)
		*value = 0;
}

static void check_half(struct race_pair *pair, u32 half, const struct access *a, u64 granule)
{
	u32 other = unordered(pair->plain_write[half]);

	if (unlikely(other))
		report(a, granule, other, true, false);
	switch (a->kind) {
	case RT_LOAD:
		other = unordered(pair->marked_write[half]);
		if (unlikely(other))
			report(a, granule, other, true, true);
		add_concurrent(&pair->plain_read[half]);
		break;
	case RT_READ_ONCE:
		add_concurrent(&pair->marked_read[half]);
		break;
	case RT_STORE:
		other = unordered(pair->marked_write[half]);
		if (unlikely(other))
			report(a, granule, other, true, true);
		other = unordered(pair->plain_read[half]);
		if (unlikely(other))
			report(a, granule, other, false, false);
		other = unordered(pair->marked_read[half]);
		if (unlikely(other))
			report(a, granule, other, false, true);
		/* everything before is ordered before this write: later accesses need be compared with it only */
		forget_ordered(&pair->marked_write[half]);
		forget_ordered(&pair->plain_read[half]);
		forget_ordered(&pair->marked_read[half]);
		pair->plain_write[half] = rt_cur->epoch;
		break;
	default:
		other = unordered(pair->plain_read[half]);
		if (unlikely(other))
			report(a, granule, other, false, false);
		forget_ordered(&pair->plain_read[half]);
		add_concurrent(&pair->marked_write[half]);
		break;
	}
}

void race_check(u64 addr, u32 size, u32 kind, void *pc)
{
	struct access a = {.addr = addr, .size = size, .kind = kind, .pc = pc};
	u64 first = addr & ~3UL, last = (addr + size - 1) & ~3UL;

	for (u64 granule = first; granule <= last; granule += 4)
		check_half(pair_at(granule), granule >> 2 & 1, &a, granule);
}

/* Epoch of the last write to the granule of @addr, plain before marked; 0 if none is known. */
u32 race_last_write(u64 addr)
{
	const struct race_pair *pair = pair_at(addr);
	u32 half = addr >> 2 & 1, marked = pair->marked_write[half];

	return pair->plain_write[half] ? pair->plain_write[half] : marked & RT_VECTOR ? 0 : marked;
}

/* ---- who reads from whom ----------------------------------------------------------------------------------------- */

void (*rt_reads_sink)(const struct rt_read *read);

void rt_set_reads(void (*sink)(const struct rt_read *read))
{
	rt_reads_sink = sink;
}

/* The epoch of the latest write of this run, or less. There is one clock for all tasks. */
static u32 latest_write(const struct race_pair *pair, u32 half)
{
	u32 plain = pair->plain_write[half], marked = pair->marked_write[half], latest = 0;
	const struct vclock *vector;

	if (!(marked & RT_VECTOR))
		return max(plain, marked);
	vector = vector_of(marked);
	for (u32 slot = 0; vector && slot < rt.nr_slots; slot++)
		latest = max(latest, vector->c[slot] << RT_SLOT_BITS | slot);
	return max(plain, latest);
}

void race_note_read(u64 addr, u32 size)
{
	struct rt_read read = {.addr = addr, .semantic = rt_cur->semantic};
	u32 write = 0;

	for (u64 granule = addr & ~3UL; granule < addr + size && granule < (addr & ~3UL) + 16; granule += 4)
		write = max(write, latest_write(pair_at(granule), granule >> 2 & 1));
	if (epoch_clock(write) < rt_clock_base || epoch_slot(write) == rt_cur->slot)
		return;
	read.writer_semantic = clock_semantic(epoch_slot(write), epoch_clock(write));
	san_outside_begin();
	rt_reads_sink(&read);
	san_outside_end();
}

/* Both are multiples of 8. */
void race_forget(u64 addr, u64 size)
{
	u64 *cells = (u64 *)pair_at(addr), *syncs = (u64 *)sync_at(addr);

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
