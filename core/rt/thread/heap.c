/* SPDX-License-Identifier: MIT */
/*
 * Typed objects. The first object is at RT_HEAP_BASE; descriptions are kept outside the arena, so that an object is
 * nothing but its bytes.
 *
 * Freed objects are filled with a pattern, poisoned under ASan, and made inaccessible if they have pages of their
 * own. Their room is taken again, oldest first, once HEAP_FRESH bytes have been handed out: a stress run frees
 * without end, and only its newest history can be kept.
 */
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "core/rt/names.h"
#include "core/rt/run.h"
#include "core/rt/thread/arena.h"
#include "core/rt/thread/runtime.h"
#include "core/rt/thread/sanitizer.h"

#define GRANULE 16UL
#define PAGE 4096UL
#define OBJECTS_MAX (1u << 24)
#define SIZES_MAX 64 /* different sizes whose room is taken again */
#define HEAP_FRESH (256UL << 20)
#define FREED_PATTERN 0x6b

enum object_state { OBJECT_LIVE = 1, OBJECT_PERMANENT, OBJECT_FREED };

struct object {
	u64 base;
	u32 size;
	u16 type;
	u16 state;
	u16 free_point, free_task;
	u32 next;    /* in the list of freed objects of its size */
	u64 removed; /* when kfree_rcu() was called; 0: not yet. Marked, as @state is */
};

struct freed {
	u32 size;
	u32 first, last; /* object numbers; 0: none */
};

static struct {
	struct word_lock guard; /* all of it */
	u64 cursor;
	u32 nr_objects; /* numbers start at 1 */
	u32 nr_sizes;
	struct freed freed[SIZES_MAX];
	struct object *object;
	u32 *at; /* number of the object that starts in a granule */
} heap;

static void *reserve(void *old, size_t size)
{
	void *map;

	if (old)
		munmap(old, size);
	map = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (map == MAP_FAILED)
		tool_failure("cannot map the heap's descriptions");
	return map;
}

void heap_reset(void)
{
	for (u32 i = 1; i <= heap.nr_objects; i++)
		asan_unpoison((void *)heap.object[i].base, heap.object[i].size + GRANULE);
	heap.object = reserve(heap.object, (OBJECTS_MAX + 1UL) * sizeof(*heap.object));
	heap.at = reserve(heap.at, RT_HEAP_SIZE / GRANULE * sizeof(*heap.at));
	heap.cursor = RT_HEAP_BASE;
	heap.nr_objects = 0;
	heap.nr_sizes = 0;
}

static bool own_pages(u64 size)
{
	return size >= PAGE;
}

static struct freed *freed_of(u32 size)
{
	u32 i = 0;

	while (i < heap.nr_sizes && heap.freed[i].size != size)
		i++;
	if (i == SIZES_MAX)
		return NULL;
	if (i == heap.nr_sizes) {
		heap.freed[i] = (struct freed){.size = size};
		heap.nr_sizes++;
	}
	return &heap.freed[i];
}

static u32 take_freed(u32 size)
{
	struct freed *list = freed_of(size);
	u32 number;

	if (!list || !list->first)
		return 0;
	number = list->first;
	list->first = heap.object[number].next;
	if (!list->first)
		list->last = 0;
	return number;
}

static u32 take_fresh(u32 size)
{
	u64 base = own_pages(size) ? ALIGN(heap.cursor, PAGE) : heap.cursor;
	u32 number = heap.nr_objects + 1;

	/* A granule between objects is never used: a small overrun meets ASan's poison or nobody. */
	if (base + size + GRANULE > RT_HEAP_BASE + RT_HEAP_SIZE || number > OBJECTS_MAX)
		return 0;
	heap.cursor = base + size + GRANULE;
	heap.nr_objects = number;
	heap.object[number] = (struct object){.base = base, .size = size};
	heap.at[(base - RT_HEAP_BASE) / GRANULE] = number;
	asan_poison((void *)(base + size), GRANULE);
	return number;
}

void *rt_kzalloc(size_t size, enum obj_type type)
{
	u32 number = 0, rounded;
	struct object *object;

	if (should_fail(kmalloc) || size > RT_HEAP_SIZE / 2)
		return NULL;
	rounded = (u32)ALIGN(max(size, (size_t)1), own_pages(size) ? PAGE : GRANULE);
	word_lock(&heap.guard);
	if (heap.cursor - RT_HEAP_BASE > HEAP_FRESH)
		number = take_freed(rounded);
	if (!number)
		number = take_fresh(rounded);
	if (!number)
		number = take_freed(rounded);
	object = &heap.object[number];
	if (number) {
		object->type = (u16)type;
		__atomic_store_n(&object->removed, 0, __ATOMIC_RELAXED);
		__atomic_store_n(&object->state, OBJECT_LIVE, __ATOMIC_RELAXED);
	}
	word_unlock(&heap.guard);
	if (!number)
		return NULL;
	if (own_pages(rounded))
		mprotect((void *)object->base, rounded, PROT_READ | PROT_WRITE);
	asan_unpoison((void *)object->base, rounded);
	return memset((void *)object->base, 0, rounded);
}

/* The live object at @ptr, or a verdict. Guard held. */
static struct object *object_at(const void *ptr, const char *function)
{
	u64 addr = (u64)ptr;
	struct object *object = NULL;

	if (in_heap(addr) && IS_ALIGNED(addr, GRANULE) && heap.at[(addr - RT_HEAP_BASE) / GRANULE])
		object = &heap.object[heap.at[(addr - RT_HEAP_BASE) / GRANULE]];
	if (object && object->state != OBJECT_FREED)
		return object;
	word_unlock(&heap.guard);
	if (!object)
		rt_bug(function, "the pointer is no object");
	rt_bug(function, "the object is free already");
}

static void put_freed(struct object *object)
{
	struct freed *list = freed_of(object->size);
	u32 number = (u32)(object - heap.object);

	object->next = 0;
	if (!list)
		return;
	if (list->last)
		heap.object[list->last].next = number;
	else
		list->first = number;
	list->last = number;
}

void kfree(void *ptr)
{
	const struct task_struct *me = self();
	struct object *object;

	if (!ptr)
		return;
	word_lock(&heap.guard);
	object = object_at(ptr, __func__);
	object->free_point = (u16)me->point;
	object->free_task = (u16)(me->ring ? me->ring - rt_thread_postmortem()->ring : 0);
	/* A reader that has reached it may look at any time: who freed it is told above. */
	__atomic_store_n(&object->state, OBJECT_FREED, __ATOMIC_RELEASE);
	memset(ptr, FREED_PATTERN, object->size);
	asan_poison(ptr, object->size);
	if (own_pages(object->size)) {
		madvise(ptr, object->size, MADV_DONTNEED);
		mprotect(ptr, object->size, PROT_NONE);
	}
	put_freed(object);
	word_unlock(&heap.guard);
}

void rt_mark_permanent(void *ptr)
{
	word_lock(&heap.guard);
	object_at(ptr, __func__)->state = OBJECT_PERMANENT;
	word_unlock(&heap.guard);
}

void rt_for_each_object(void (*fn)(void *ptr, size_t size, int obj_type, void *arg), void *arg)
{
	for (u32 i = 1; i <= heap.nr_objects; i++) {
		const struct object *object = &heap.object[i];

		if (object->state == OBJECT_LIVE)
			fn((void *)object->base, object->size, object->type, arg);
	}
}

/* The object that starts last before @addr. Without the guard: an oops or a name must not wait for it. */
static const struct object *object_before(u64 addr)
{
	u64 granule = (addr - RT_HEAP_BASE) / GRANULE;

	if (!in_heap(addr))
		return NULL;
	while (granule && !heap.at[granule])
		granule--;
	return heap.at[granule] ? &heap.object[heap.at[granule]] : NULL;
}

static const struct object *object_around(u64 addr)
{
	const struct object *object = object_before(addr);

	return object && addr < object->base + object->size ? object : NULL;
}

const char *heap_overrun_of(u64 addr)
{
	const struct object *object = object_before(addr);

	if (!object || addr < object->base + object->size || addr >= object->base + object->size + GRANULE)
		return NULL;
	return obj_type_name(object->type);
}

struct arena_death heap_death_of(u64 addr)
{
	const struct object *object = object_around(addr);
	struct arena_death death = {0};

	if (!object)
		return death;
	death.known = __atomic_load_n(&object->state, __ATOMIC_ACQUIRE) == OBJECT_FREED;
	death.point = object->free_point;
	death.task = object->free_task;
	snprintf(death.what, sizeof(death.what), "%s", obj_type_name(object->type));
	return death;
}

void heap_remove(const void *ptr, u64 stamp)
{
	word_lock(&heap.guard);
	__atomic_store_n(&object_at(ptr, __func__)->removed, stamp, __ATOMIC_RELAXED);
	word_unlock(&heap.guard);
}

u64 heap_removed_at(u64 addr)
{
	u32 number = in_heap(addr) ? heap.at[(addr - RT_HEAP_BASE) / GRANULE] : 0;

	return number ? __atomic_load_n(&heap.object[number].removed, __ATOMIC_RELAXED) : 0;
}

bool rt_object_at(u64 addr, u64 *base, size_t *size, enum obj_type *type)
{
	const struct object *object = object_around(addr);

	if (!object)
		return false;
	*base = object->base;
	*size = object->size;
	*type = object->type;
	return true;
}
