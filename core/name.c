/* SPDX-License-Identifier: MIT */
#include "core/name.h"

#include <stdarg.h>
#include <stdio.h>

#include "core/hotplug/hotplug_state.h"
#include "core/hotplug/kcore.h"
#include "core/hotplug/memory_block.h"
#include "core/hotplug/notifier.h"
#include "core/hotplug/resource.h"
#include "core/hotplug/virtio_mem.h"
#include "core/mm/lru.h"
#include "core/mm/machine.h"
#include "core/mm/memory_tiers.h"
#include "core/mm/page_ext.h"
#include "core/mm/pcp.h"
#include "core/mm/slab.h"
#include "core/range/cma.h"
#include "core/range/ksm.h"
#include "core/range/walk.h"
#include "core/rt/access.h"
#include "core/rt/cpu.h"
#include "core/rt/name.h"
#include "core/rt/names.h"

/* Names are asked for amid verdicts: looking at the machine for an index must not be an access that counts. */
UNOBSERVED_BEGIN

#define LAYOUT(id, type, root) typedef type type_of_##id;
#define FIELD(layout, member)
#define FIELD_IN(layout, member, inner)
#define ARRAY(layout, member)
#define ARRAY_IN(layout, member, inner)
#include "core/fields.def"
#undef LAYOUT
#undef FIELD
#undef FIELD_IN
#undef ARRAY
#undef ARRAY_IN

static const struct layout {
	const char *root;
	size_t size;
} layouts[NR_LAYOUTS] = {
#define LAYOUT(id, type, root) [LAYOUT_##id] = {root, sizeof(type)},
#define FIELD(layout, member)
#define FIELD_IN(layout, member, inner)
#define ARRAY(layout, member)
#define ARRAY_IN(layout, member, inner)
#include "core/fields.def"
#undef LAYOUT
#undef FIELD
#undef FIELD_IN
#undef ARRAY
#undef ARRAY_IN
};

#define SIZE_OF(layout, member) sizeof(((type_of_##layout *)NULL)->member)
#define ROW(layout, member, inner, element)                                                                            \
	{                                                                                                              \
#member, LAYOUT_##layout, inner, offsetof(type_of_##layout, member), SIZE_OF(layout, member), element  \
	}

static const struct field {
	const char *name;
	u32 layout, inner; /* inner: NR_LAYOUTS for plain values */
	size_t offset, size;
	size_t element; /* 0: not an array */
} fields[] = {
#define LAYOUT(id, type, root)
#define FIELD(layout, member) ROW(layout, member, NR_LAYOUTS, 0),
#define FIELD_IN(layout, member, inner) ROW(layout, member, LAYOUT_##inner, 0),
#define ARRAY(layout, member) ROW(layout, member, NR_LAYOUTS, SIZE_OF(layout, member[0])),
#define ARRAY_IN(layout, member, inner) ROW(layout, member, LAYOUT_##inner, SIZE_OF(layout, member[0])),
#include "core/fields.def"
#undef LAYOUT
#undef FIELD
#undef FIELD_IN
#undef ARRAY
#undef ARRAY_IN
};

size_t layout_size(enum layout_id layout)
{
	return layouts[layout].size;
}

/* ---- putting a name together ----------------------------------------------------------------------------------- */

struct name {
	char *buf;
	size_t size, length;
	bool with_index;
	s64 node; /* met on the way */
};

static void __attribute__((format(printf, 2, 3))) add(struct name *name, const char *fmt, ...)
{
	va_list args;
	int more;

	va_start(args, fmt);
	more = vsnprintf(name->buf + name->length, name->size - name->length, fmt, args);
	va_end(args);
	if (more > 0)
		name->length = min(name->length + (size_t)more, name->size - 1);
}

/* The name begins anew with a structure that stands for itself. */
static void add_root(struct name *name, u32 layout, s64 index)
{
	name->length = 0;
	add(name, "%s", layouts[layout].root);
	if (layout == LAYOUT_pgdat)
		name->node = index;
	if (layout == LAYOUT_zone && index >= 0) {
		/* Which zone is part of what a bug is; which node is not. */
		add(name, "[%s", zone_type_name((u32)index));
		if (name->with_index && name->node > 0)
			add(name, ",node%lld", (long long)name->node);
		add(name, "]");
	} else if (name->with_index && index >= 0) {
		add(name, "[%lld]", (long long)index);
	}
}

static const struct field *field_at(u32 layout, u64 offset)
{
	for (u32 i = 0; i < ARRAY_SIZE(fields); i++)
		if (fields[i].layout == layout && offset >= fields[i].offset &&
		    offset < fields[i].offset + fields[i].size)
			return &fields[i];
	return NULL;
}

bool layout_name(enum layout_id layout, s64 index, u64 offset, bool with_index, char *buf, size_t size)
{
	struct name name = {.buf = buf, .size = size, .with_index = with_index};
	u32 at = layout;

	add_root(&name, layout, index);
	while (at != NR_LAYOUTS) {
		const struct field *field = field_at(at, offset);
		s64 element = -1;

		if (!field)
			return false;
		offset -= field->offset;
		if (field->element) {
			element = (s64)(offset / field->element);
			offset %= field->element;
		}
		if (field->inner != NR_LAYOUTS && layouts[field->inner].root) {
			add_root(&name, field->inner, element);
		} else {
			add(&name, ".%s", field->name);
			if (with_index && element >= 0)
				add(&name, "[%lld]", (long long)element);
		}
		at = field->inner;
	}
	return true;
}

/* ---- which structure an address is in -------------------------------------------------------------------------- */

static s64 section_root_index(const void *root)
{
	for (u32 i = 0; i < SECTION_ROOTS_MAX; i++)
		if (machine.section_roots[i] == root)
			return i;
	return -1;
}

/* The section that has @usage now; -1 if none has, because it was removed. */
static s64 usage_section(const void *usage)
{
	for (u64 nr = 0; nr <= machine.highest_present_section_nr; nr++) {
		const struct mem_section *root = machine.section_roots[nr / SECTIONS_PER_ROOT];

		if (root && root[nr % SECTIONS_PER_ROOT].usage == usage)
			return (s64)nr;
	}
	return -1;
}

static s64 block_index(const void *block)
{
	for (u32 id = 0; id < machine_config.blocks; id++)
		if (machine.blocks[id] == block)
			return id;
	return -1;
}

/* One of an array of structures. */
static bool element_name(enum layout_id layout, s64 first, u64 offset, bool with_index, char *buf, size_t size)
{
	return layout_name(layout, first + (s64)(offset / layouts[layout].size), offset % layouts[layout].size,
			   with_index, buf, size);
}

static bool usage_name(u64 base, u64 offset, bool with_index, char *buf, size_t size)
{
	s64 section = usage_section((const void *)base);

	if (offset < sizeof(struct mem_section_usage))
		return layout_name(LAYOUT_mem_section_usage, section, offset, with_index, buf, size);
	if (with_index && section >= 0)
		snprintf(buf, size, "usage[%lld].pageblock_flags[%llu]", (long long)section,
			 (unsigned long long)((offset - sizeof(struct mem_section_usage)) / sizeof(u64)));
	else
		snprintf(buf, size, "usage.pageblock_flags");
	return true;
}

/* A structure of each CPU, in steps of cache lines. */
static bool percpu_name(enum layout_id layout, u64 offset, bool with_index, char *buf, size_t size)
{
	size_t step = ALIGN(layouts[layout].size, RT_PERCPU_ALIGN);

	return layout_name(layout, (s64)(offset / step), offset % step, with_index, buf, size);
}

static bool area_table_name(u64 base, u64 length, u64 offset, bool with_index, char *buf, size_t size)
{
	u64 entry = offset / sizeof(u64);

	if (!with_index) {
		snprintf(buf, size, "area.%s", entry >= length / sizeof(u64) / 3 ? "stamp" : "pte");
		return true;
	}
	for (u32 slot = 0; slot < OP_SLOTS; slot++) {
		const struct area *area = &machine.areas[slot];
		bool stamp = entry >= area->size;

		if ((u64)area->pte != base)
			continue;
		snprintf(buf, size, "area[%u].%s[%llu]", slot, stamp ? "stamp" : "pte",
			 (unsigned long long)(stamp ? entry - area->size : entry));
		return true;
	}
	return false;
}

static bool pagemaps_name(u64 offset, bool with_index, char *buf, size_t size)
{
	u64 first = sizeof(struct pagemap_ranges), step = sizeof(struct pagemap_range);
	const struct field *field;

	if (offset < first)
		return layout_name(LAYOUT_pagemap_ranges, -1, offset, with_index, buf, size);
	field = field_at(LAYOUT_pagemap_range, (offset - first) % step);
	if (with_index)
		snprintf(buf, size, "pagemaps.range[%llu].%s", (unsigned long long)((offset - first) / step),
			 field->name);
	else
		snprintf(buf, size, "pagemaps.range.%s", field->name);
	return true;
}

enum object_shape { NAMELESS, PLAIN, ELEMENTS, PERCPU };

static const struct {
	enum object_shape shape;
	enum layout_id layout;
} object_layouts[NR_OBJ_TYPES] = {
#define PLAIN(object, layout) [OBJ_##object] = {PLAIN, LAYOUT_##layout},
#define ELEMENTS(object, layout) [OBJ_##object] = {ELEMENTS, LAYOUT_##layout},
#define PERCPU(object, layout) [OBJ_##object] = {PERCPU, LAYOUT_##layout},
#include "core/object_layouts.def"
#undef PLAIN
#undef ELEMENTS
#undef PERCPU
};

static bool layout_of_object_name(enum obj_type type, u64 offset, bool with_index, char *buf, size_t size)
{
	enum layout_id layout = object_layouts[type].layout;

	switch (object_layouts[type].shape) {
	case PLAIN:
		return layout_name(layout, -1, offset, with_index, buf, size);
	case ELEMENTS:
		return element_name(layout, 0, offset, with_index, buf, size);
	case PERCPU:
		return percpu_name(layout, offset, with_index, buf, size);
	case NAMELESS:
		break;
	}
	return false;
}

static bool object_name(enum obj_type type, u64 base, u64 length, u64 offset, bool with_index, char *buf, size_t size)
{
	s64 root;

	switch (type) {
	case OBJ_mem_section_root:
		root = section_root_index((const void *)base);
		return element_name(LAYOUT_mem_section, max(root, 0L) * SECTIONS_PER_ROOT, offset, with_index, buf,
				    size);
	case OBJ_mem_section_usage:
		return usage_name(base, offset, with_index, buf, size);
	case OBJ_memory_block:
		return layout_name(LAYOUT_memory_block, block_index((const void *)base), offset, with_index, buf, size);
	case OBJ_notifier:
		return layout_name(length >= sizeof(struct memory_recorder) ? LAYOUT_recorder : LAYOUT_notifier_block,
				   -1, offset, with_index, buf, size);
	case OBJ_area_table:
		return area_table_name(base, length, offset, with_index, buf, size);
	case OBJ_pagemap_ranges:
		return pagemaps_name(offset, with_index, buf, size);
	default:
		return layout_of_object_name(type, offset, with_index, buf, size);
	}
}

static bool core_name(u64 addr, bool with_index, char *buf, size_t size)
{
	enum obj_type type;
	size_t length;
	u64 base;

	if (addr >= RT_MEMMAP_BASE && addr < RT_MEMMAP_BASE + RT_MEMMAP_SIZE)
		return element_name(LAYOUT_page, 0, addr - RT_MEMMAP_BASE, with_index, buf, size);
	if (!rt_object_at(addr, &base, &length, &type))
		return false;
	return object_name(type, base, length, addr - base, with_index, buf, size);
}

void names_init(void)
{
	rt_set_namer(core_name, layout_size(LAYOUT_page));
}

UNOBSERVED_END
