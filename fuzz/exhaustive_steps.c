/* SPDX-License-Identifier: MIT */
/* What the others did in a stretch of a run, and whether a place of the task they displaced conflicts with it. */
#include <stdlib.h>
#include <string.h>

#include "fuzz/exhaustive_state.h"

static bool grow(struct steps *s, u32 limit)
{
	u32 *read = s->read, *write = s->write;
	u32 want = limit + 1024;

	if (s->capacity >= limit)
		return true;
	read = realloc(read, want * sizeof(*read));
	if (read)
		s->read = read;
	write = realloc(write, want * sizeof(*write));
	if (write)
		s->write = write;
	if (!read || !write)
		return false;
	memset(read + s->capacity, 0, (want - s->capacity) * sizeof(*read));
	memset(write + s->capacity, 0, (want - s->capacity) * sizeof(*write));
	s->capacity = want;
	return true;
}

bool steps_begin(struct steps *s, u32 limit)
{
	s->stamp++;
	s->cpus = 0;
	return grow(s, limit);
}

u32 steps_cpus(u64 tasks)
{
	u32 cpus = 0;

	for (; tasks; tasks &= tasks - 1)
		cpus |= (u32)BIT(rt_task_cpu_of((u32)__builtin_ctzll(tasks)));
	return cpus;
}

void steps_add(const struct exhaustive *e, struct steps *s, const struct rt_place *place)
{
	struct conflict_span span;
	u32 *stamps = conflicts_kind_writes(place->kind) ? s->write : s->read;

	conflicts_of_place(&e->conflicts, place, e->limit, &span);
	if (!span.order_max)
		return;
	for (u32 g = span.first_granule; g < span.first_granule + span.granules; g++) {
		u32 order = e->conflicts.order[g];

		if (order && order <= e->limit)
			stamps[order - 1] = s->stamp;
	}
}

bool steps_conflict(const struct exhaustive *e, const struct steps *s, const struct place_seen *p)
{
	if (p->special == SPECIAL_ALL || (p->special == SPECIAL_CPU && s->cpus >> p->cpu & 1))
		return true;
	for (u32 g = p->span.first_granule; g < p->span.first_granule + p->span.granules; g++) {
		u32 order = e->conflicts.order[g];

		if (!order || order > s->capacity)
			continue;
		if (s->write[order - 1] == s->stamp || (p->writes && s->read[order - 1] == s->stamp))
			return true;
	}
	return false;
}

void steps_free(struct steps *s)
{
	free(s->read);
	free(s->write);
}
