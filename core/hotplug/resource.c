/* SPDX-License-Identifier: MIT */
#include "core/hotplug/resource.h"

#include "core/mm/events.h"
#include "core/mm/machine.h"
#include "core/rt/cpu.h"
#include "core/rt/mem.h"

static u64 iomem_limit(void)
{
	return geometry.max_pfn << geometry.page_shift;
}

/* First region that ends at or behind @start. resource_lock held. */
static struct resource **first_not_below(u64 start)
{
	struct resource **link = &machine.iomem;

	while (*link && (*link)->end < start)
		link = &(*link)->next;
	return link;
}

/* A new region; -EBUSY: it overlaps another. */
static struct resource *request_region(u64 start, u64 size, const char *name, u64 flags)
{
	struct resource *res, **link;
	u64 end = start + size - 1;
	bool conflict;

	if (!size || end < start || end >= iomem_limit())
		return ERR_PTR(-E2BIG);
	res = kzalloc_obj(struct resource, OBJ_resource);
	if (!res)
		return ERR_PTR(-ENOMEM);
	res->start = start;
	res->end = end;
	res->name = name;
	res->flags = flags;

	spin_lock(&machine.resource_lock);
	link = first_not_below(start);
	conflict = *link && (*link)->start <= end;
	if (!conflict) {
		res->next = *link;
		*link = res;
	} else {
		core_event(EVENT_conflict, start, (s64)size);
	}
	spin_unlock(&machine.resource_lock);

	if (conflict) {
		kfree(res);
		return ERR_PTR(-EBUSY);
	}
	return res;
}

struct resource *register_memory_resource(u64 start, u64 size, const char *name)
{
	struct resource *res = request_region(start, size, name, IORESOURCE_SYSTEM_RAM);

	return IS_ERR(res) && PTR_ERR(res) != -E2BIG ? ERR_PTR(-EEXIST) : res;
}

struct resource *request_device_region(u64 start, u64 size)
{
	return request_region(start, size, DEVICE_REGION, 0);
}

void release_memory_resource(struct resource *res)
{
	struct resource **link;

	if (!res)
		return;
	spin_lock(&machine.resource_lock);
	link = first_not_below(res->start);
	BUG_ON(*link != res);
	*link = res->next;
	spin_unlock(&machine.resource_lock);
	kfree(res);
}

/* Absorbs the region behind it if it begins where this one ends; returns that one, to be freed. resource_lock held. */
static struct resource *absorb_next(struct resource *res)
{
	struct resource *next = res->next;

	if (!next || next->start != res->end + 1 || next->name != res->name || !res->mergeable || !next->mergeable)
		return NULL;
	res->end = next->end;
	res->next = next->next;
	return next;
}

void merge_system_ram_resource(struct resource *res)
{
	struct resource *absorbed[2] = {NULL, NULL}, *before = NULL;

	spin_lock(&machine.resource_lock);
	res->mergeable = 1;
	for (struct resource *r = machine.iomem; r && r != res; r = r->next)
		before = r;
	absorbed[0] = absorb_next(res);
	if (before)
		absorbed[1] = absorb_next(before);
	spin_unlock(&machine.resource_lock);
	kfree(absorbed[0]);
	kfree(absorbed[1]);
}

/* Room for the upper part of a split must exist before the lock: the removal may not fail any more. */
static struct resource *resource_alloc_nofail(void)
{
	struct resource *res;

	while (!(res = kzalloc_obj(struct resource, OBJ_resource)))
		cond_resched();
	return res;
}

void release_mem_region_adjustable(u64 start, u64 size)
{
	struct resource *upper = resource_alloc_nofail(), *res, **link, *unused = upper;
	u64 end = start + size - 1;

	spin_lock(&machine.resource_lock);
	link = first_not_below(start);
	res = *link;
	if (!res || !(res->flags & IORESOURCE_SYSTEM_RAM) || res->start > start || res->end < end) {
		/* No region holds the range: memory that was never registered as busy System RAM. */
	} else if (res->start == start && res->end == end) {
		*link = res->next;
		spin_unlock(&machine.resource_lock);
		kfree(res);
		kfree(unused);
		return;
	} else if (res->start == start) {
		res->start = end + 1;
	} else if (res->end == end) {
		res->end = start - 1;
	} else {
		upper->start = end + 1;
		upper->end = res->end;
		upper->name = res->name;
		upper->flags = res->flags;
		upper->mergeable = res->mergeable;
		upper->next = res->next;
		res->end = start - 1;
		res->next = upper;
		unused = NULL;
	}
	spin_unlock(&machine.resource_lock);
	kfree(unused);
}

int walk_system_ram_range(u64 start_pfn, u64 nr_pages, void *arg, int (*func)(u64 pfn, u64 nr, void *arg))
{
	u64 start = start_pfn << geometry.page_shift, limit = (start_pfn + nr_pages) << geometry.page_shift;
	int ret = -EINVAL;

	while (start < limit) {
		struct resource *res;
		u64 from = 0, to = 0;

		spin_lock(&machine.resource_lock);
		res = *first_not_below(start);
		while (res && !(res->flags & IORESOURCE_SYSTEM_RAM))
			res = res->next;
		if (res) {
			from = max(res->start, start);
			to = min(res->end + 1, limit);
		}
		spin_unlock(&machine.resource_lock);

		if (from >= to)
			break;
		ret = func(from >> geometry.page_shift, (to - from) >> geometry.page_shift, arg);
		if (ret)
			break;
		start = to;
	}
	return ret;
}
