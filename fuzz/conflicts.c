/* SPDX-License-Identifier: MIT */
#include "fuzz/conflicts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define CONFLICTS_LOG ((u32)RT_GRANULES)

void *conflicts_map(size_t size)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	return p == MAP_FAILED ? NULL : p;
}

void conflicts_unmap(void *p, size_t size)
{
	if (p)
		munmap(p, size);
}

int conflicts_init(struct conflicts *c)
{
	struct rt_footprint *f = &c->footprint;

	memset(c, 0, sizeof(*c));
	f->granules = conflicts_map(RT_GRANULES * sizeof(f->granules[0]));
	f->conflicts = conflicts_map(RT_GRANULES / 8);
	f->log = conflicts_map(CONFLICTS_LOG * sizeof(f->log[0]));
	f->log_capacity = CONFLICTS_LOG;
	c->order = conflicts_map(RT_GRANULES * sizeof(c->order[0]));
	if (!f->granules || !f->conflicts || !f->log || !c->order) {
		conflicts_exit(c);
		return -ENOMEM;
	}
	rt_set_footprint(f);
	return 0;
}

void conflicts_exit(struct conflicts *c)
{
	struct rt_footprint *f = &c->footprint;

	rt_set_footprint(NULL);
	conflicts_unmap(f->granules, RT_GRANULES * sizeof(f->granules[0]));
	conflicts_unmap(f->conflicts, RT_GRANULES / 8);
	conflicts_unmap(f->log, CONFLICTS_LOG * sizeof(f->log[0]));
	conflicts_unmap(c->order, RT_GRANULES * sizeof(c->order[0]));
	memset(c, 0, sizeof(*c));
}

bool conflicts_add(struct conflicts *c, const u64 *bitmap)
{
	struct rt_footprint *f = &c->footprint;
	bool added = false;

	for (u32 i = 0; i < RT_GRANULES / 64; i++) {
		for (u64 more = bitmap[i] & ~f->conflicts[i]; more; more &= more - 1) {
			f->conflicts[i] |= more & -more;
			f->log[f->log_count++] = i * 64 + (u32)__builtin_ctzll(more);
			added = true;
		}
	}
	return added;
}

u32 conflicts_update(struct conflicts *c)
{
	for (; c->known < c->footprint.log_count; c->known++)
		c->order[c->footprint.log[c->known]] = c->known + 1;
	return c->known;
}

void conflicts_of_place(const struct conflicts *c, const struct rt_place *place, u32 limit, struct conflict_span *span)
{
	u64 first = place->addr ? rt_granule(place->addr) : UINT64_MAX;
	u64 last;

	memset(span, 0, sizeof(*span));
	if (first == UINT64_MAX)
		return;
	last = rt_granule(place->addr + (place->size ? place->size - 1 : 0));
	if (last == UINT64_MAX)
		last = first;
	span->first_granule = (u32)first;
	span->granules = (u32)(last - first + 1);
	for (u64 g = first; g <= last; g++) {
		u32 order = c->order[g];

		if (!order || order > limit)
			continue;
		if (!span->order_min || order < span->order_min)
			span->order_min = order;
		span->order_max = max(span->order_max, order);
	}
}

bool conflicts_kind_writes(u32 kind)
{
	return !(kind & (RT_LOAD | RT_READ_ONCE));
}
