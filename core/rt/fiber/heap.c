/* SPDX-License-Identifier: MIT */
/*
 * Typed objects of the heap window: a bump allocator, so that freed memory stays dead for as long as there is other
 * room; then the object freed longest ago (lowest address first) is taken again. Objects are kept in order of address.
 */
#include <stdio.h>

#include "core/rt/fiber/fiber.h"
#include "core/rt/fiber/storebuf.h"
#include "core/rt/mem.h"
#include "core/rt/names.h"

RT_UNINSTRUMENTED_BEGIN

#define RED_ZONE 16UL
#define OBJECTS_MAX ((1UL << 30) / sizeof(struct heap_object))

u64 rt_heap_limit = RT_HEAP_SIZE;

static u32 image_objects; /* objects that exist in the image */

/* Before @o changes: how it was. */
static void log_change(const struct heap_object *o)
{
	if (rt_phase != PHASE_BOOT)
		RT_OBJECT_LOG[rt.nr_object_changes++] =
			(struct object_log){.index = (u32)(o - RT_OBJECTS), .before = *o};
}

void rt_set_live(u64 addr, u64 size, bool live)
{
	volatile u8 *bytes = RT_LIVE + arena_offset(addr) / 16;

	for (u64 i = 0; i < size / 16; i++)
		bytes[i] = live;
}

/* The running task's next accesses go through the liveness check again; others' do when they are switched to. */
void heap_kill_epochs(void)
{
	if (rt_running())
		hb_begin_slice();
}

static struct heap_object *reuse(u64 size)
{
	for (u32 looked = 0; looked < rt.nr_objects; looked++) {
		struct heap_object *o = &RT_OBJECTS[rt.reuse_cursor];

		rt.reuse_cursor = (rt.reuse_cursor + 1) % rt.nr_objects;
		if (o->alive || o->room < size)
			continue;
		log_change(o);
		rt_set_live(o->addr, o->room, false);
		san_unpoison((void *)o->addr, o->room);
		for (u64 at = 0; at < o->room; at += 8) {
			dirty_mark(arena_offset(o->addr + at));
			*(volatile u64 *)(o->addr + at) = 0;
		}
		race_forget(o->addr, o->room);
		return o;
	}
	return NULL;
}

static struct heap_object *bump(u64 size)
{
	u64 align = size >= 64 ? 64 : 16, start = ALIGN(rt.heap_cursor, align);
	struct heap_object *o;

	if (start + size + RED_ZONE > rt_heap_limit || rt.nr_objects == OBJECTS_MAX)
		return NULL;
	rt.heap_cursor = start + size + RED_ZONE;
	o = &RT_OBJECTS[rt.nr_objects++];
	o->addr = RT_HEAP_BASE + start;
	o->room = (u32)size;
	return o;
}

void *heap_alloc(u64 size, u32 type)
{
	u64 rounded = ALIGN(max(size, 1UL), 16UL);
	struct heap_object *o;

	BUG_ON(rounded > UINT32_MAX);
	o = bump(rounded);
	if (!o)
		o = reuse(rounded);
	if (!o)
		rt_fail(VERDICT_crash, "crash heap exhausted", "no room for %lu bytes of %s", rounded,
			obj_type_name(type));
	o->size = (u32)rounded;
	o->type = (u16)type;
	o->alive = true;
	o->permanent = false;
	rt_set_live(o->addr, rounded, true);
	return (void *)o->addr;
}

void *rt_kzalloc(size_t size, enum obj_type type)
{
	return should_fail(kmalloc) ? NULL : heap_alloc(size, type);
}

/* The object at or before @addr, with its red zone; NULL if @addr is before all or past the last. */
struct heap_object *heap_find(u64 addr)
{
	u32 low = 0, high = rt.nr_objects;

	while (low < high) {
		u32 middle = low + (high - low) / 2;

		if (RT_OBJECTS[middle].addr <= addr)
			low = middle + 1;
		else
			high = middle;
	}
	if (!low || addr >= RT_OBJECTS[low - 1].addr + RT_OBJECTS[low - 1].room + RED_ZONE)
		return NULL;
	return &RT_OBJECTS[low - 1];
}

bool rt_object_at(u64 addr, u64 *base, size_t *size, enum obj_type *type)
{
	const struct heap_object *o = heap_find(addr);

	if (!o || addr >= o->addr + o->size)
		return false;
	*base = o->addr;
	*size = o->size;
	*type = (enum obj_type)o->type;
	return true;
}

static void __attribute__((noreturn)) double_free(const struct heap_object *o)
{
	char pair[120], signature[192];

	pair_format(pair, sizeof(pair), point_name(rt_cur->semantic), point_name(o->free_semantic));
	snprintf(signature, sizeof(signature), "bug kfree: double free of %s %s", obj_type_name(o->type), pair);
	rt_fail(VERDICT_bug, signature, "%s frees a %s that %s freed after %s", task_label(rt_cur->id),
		obj_type_name(o->type), task_label(o->free_task), point_name(o->free_semantic));
}

void kfree(void *ptr)
{
	struct heap_object *o;

	if (!ptr)
		return;
	o = heap_find((u64)ptr);
	if (!o || o->addr != (u64)ptr)
		rt_fail(VERDICT_bug, "bug kfree: not an object", "kfree(%p): no object begins there", ptr);
	rt_step(RT_STORE, o->addr, o->size, RT_PC());
	if (!o->alive)
		double_free(o);
	weak_drain_range(o->addr, o->room);
	log_change(o);
	o->alive = false;
	o->free_task = rt_cur->id;
	o->free_semantic = rt_cur->semantic;
	rt_set_live(o->addr, o->size, false);
	san_poison(ptr, o->size);
	heap_kill_epochs();
}

void rt_mark_permanent(void *ptr)
{
	struct heap_object *o = heap_find((u64)ptr);

	BUG_ON(!o || o->addr != (u64)ptr || !o->alive);
	o->permanent = true;
}

void rt_for_each_object(void (*fn)(void *ptr, size_t size, int obj_type, void *arg), void *arg)
{
	for (u32 i = 0; i < rt.nr_objects; i++) {
		const struct heap_object *o = &RT_OBJECTS[i];

		if (o->alive && !o->permanent)
			fn((void *)o->addr, o->size, o->type, arg);
	}
}

/* ---- image ------------------------------------------------------------------------------------------------------ */

/* What boot freed is gone for good; its memory is not used again before the heap is full. */
void heap_seal(void)
{
	image_objects = rt.nr_objects;
	rt.nr_object_changes = 0;
}

static void restore(const struct object_log *change)
{
	struct heap_object *o = &RT_OBJECTS[change->index];

	if (change->index >= image_objects)
		return;
	rt_set_live(o->addr, o->room, false);
	*o = change->before;
	rt_set_live(o->addr, o->size, o->alive);
	if (o->alive)
		san_unpoison((void *)o->addr, o->room);
	else
		san_poison((void *)o->addr, o->room);
}

static void forget(u32 first)
{
	for (u32 i = first; i < rt.nr_objects; i++) {
		san_unpoison((void *)RT_OBJECTS[i].addr, RT_OBJECTS[i].room);
		rt_set_live(RT_OBJECTS[i].addr, RT_OBJECTS[i].room, false);
	}
}

/* Before `rt` itself is restored. */
void heap_reset(void)
{
	for (u32 i = rt.nr_object_changes; i-- > 0;)
		restore(&RT_OBJECT_LOG[i]);
	forget(image_objects);
}

/* Before another boot: nothing was ever allocated. */
void heap_clear(void)
{
	forget(0);
	image_objects = 0;
}

RT_UNINSTRUMENTED_END
