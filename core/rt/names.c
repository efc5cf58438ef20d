/* SPDX-License-Identifier: MIT */
/* Name tables of both runtimes, and addresses as names. */
#include "core/rt/names.h"

#include <stdio.h>

#include "core/rt/access.h"
#include "core/rt/lock.h"
#include "core/rt/name.h"
#include "core/rt/point.h"
#include "core/rt/report.h"

static const char *const point_names[] = {
#define POINT(family, name, mirrors) #family "." #name,
#include "core/points.def"
#undef POINT
};

static const char *const point_mirror_names[] = {
#define POINT(family, name, mirrors) mirrors,
#include "core/points.def"
#undef POINT
};

static const char *const verdict_names[] = {
#define VERDICT(id, text, meaning) text,
#include "core/verdicts.def"
#undef VERDICT
};

static const char *const obj_type_names[] = {
#define OBJ(id, text) text,
#include "core/objects.def"
#undef OBJ
};

static const char *const lock_class_names[] = {
#define LOCK(id, text, kind) text,
#include "core/locks.def"
#undef LOCK
};

static bool (*core_namer)(u64 addr, bool with_index, char *buf, size_t size);
static size_t core_page_size = 8;

const char *point_name(enum point_id id)
{
	return (u32)id < NR_POINTS ? point_names[id] : "(no point)";
}

const char *point_mirrors(enum point_id id)
{
	return (u32)id < NR_POINTS ? point_mirror_names[id] : "-";
}

const char *verdict_name(enum verdict_kind kind)
{
	return (u32)kind < NR_VERDICTS ? verdict_names[kind] : "(no verdict)";
}

const char *obj_type_name(enum obj_type type)
{
	return (u32)type < NR_OBJ_TYPES ? obj_type_names[type] : "(no type)";
}

const char *lock_class_name(enum lock_class class)
{
	return (u32) class < NR_LOCK_CLASSES ? lock_class_names[class] : "(no lock class)";
}

void rt_set_namer(bool (*namer)(u64 addr, bool with_index, char *buf, size_t size), size_t page_size)
{
	core_namer = namer;
	core_page_size = page_size;
}

static size_t window_name(u64 addr, bool with_index, char *buf, size_t size)
{
	enum obj_type type;
	size_t object_size;
	u64 base;

	if (addr >= RT_MEMMAP_BASE && addr < RT_MEMMAP_BASE + RT_MEMMAP_SIZE)
		return (size_t)(with_index ? snprintf(buf, size, "memmap+%#lx", addr - RT_MEMMAP_BASE)
					   : snprintf(buf, size, "memmap"));
	if (addr >= RT_CONTENT_BASE && addr < RT_CONTENT_BASE + RT_CONTENT_SIZE)
		return (size_t)(with_index ? snprintf(buf, size, "content[%lu]", (addr - RT_CONTENT_BASE) / 8)
					   : snprintf(buf, size, "content"));
	if (rt_object_at(addr, &base, &object_size, &type))
		return (size_t)snprintf(buf, size, "%s+%lu", obj_type_name(type), addr - base);
	if (addr >= RT_HEAP_BASE && addr < RT_HEAP_BASE + RT_HEAP_SIZE)
		return (size_t)(with_index ? snprintf(buf, size, "heap+%#lx", addr - RT_HEAP_BASE)
					   : snprintf(buf, size, "heap"));
	return (size_t)(with_index ? snprintf(buf, size, "%#lx", addr) : snprintf(buf, size, "(outside)"));
}

size_t rt_name(u64 addr, bool with_index, char *buf, size_t size)
{
	size_t length;

	if (!size)
		return 0;
	buf[0] = '\0';
	if (core_namer && core_namer(addr, with_index, buf, size))
		for (length = 0; buf[length]; length++)
			;
	else
		length = window_name(addr, with_index, buf, size);
	return length < size ? length : size - 1;
}

/* ---- names as numbers ------------------------------------------------------------------------------------------ */

UNOBSERVED_BEGIN

#define NUMBERS 4096

static u32 number_of(const char *text)
{
	u32 h = 0x811c9dc5;

	for (; *text; text++)
		h = (h ^ (u8)*text) * 0x01000193;
	return h ? h : 1;
}

/* What a name depends on: where in which sort of object. */
static u64 key_of(u64 addr)
{
	enum obj_type type = OBJ_none;
	u64 base = addr; /* nobody's: the same name everywhere */
	size_t size = 0;

	if (addr - RT_MEMMAP_BASE < RT_MEMMAP_SIZE)
		base = addr - (addr - RT_MEMMAP_BASE) % core_page_size, type = OBJ_memmap;
	else if (addr - RT_CONTENT_BASE < RT_CONTENT_SIZE)
		type = OBJ_content;
	else if (!rt_object_at(addr, &base, &size, &type))
		base = addr;
	return (addr - base) / 4 << 32 | (u64)(u32)size << 8 | type;
}

u32 rt_name_number(u64 addr)
{
	static struct {
		u64 key;
		u32 number;
	} known[NUMBERS];
	u64 key = key_of(addr);
	u32 at = (u32)((key * 0x9e3779b97f4a7c15ULL) >> 52);
	char name[96];

	if (!known[at].number || known[at].key != key) {
		rt_name(addr & ~3UL, false, name, sizeof(name));
		known[at].key = key;
		known[at].number = number_of(name);
	}
	return known[at].number;
}

UNOBSERVED_END
