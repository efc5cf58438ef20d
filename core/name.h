/* SPDX-License-Identifier: MIT */
/* Addresses of the core's structures as names, from the table fields.def; the core's half of core/rt/name.h. */
#ifndef PFNSTORM_NAME_H
#define PFNSTORM_NAME_H

#include "core/rt/types.h"

enum layout_id {
#define LAYOUT(id, type, root) LAYOUT_##id,
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
	NR_LAYOUTS
};

/* Boot: tells the runtime who knows the core's addresses. */
void names_init(void);
size_t layout_size(enum layout_id layout);
/*
 * Name of byte @offset of a structure, such as "zone[Normal].free_area[3].nr_free"; @index says which of its kind the
 * structure is (negative: unknown, and left out). Without indices, zones keep theirs: "zone[Normal].free_area.nr_free".
 * False if no row of the table covers the byte. Touches no shared memory; callable anywhere.
 */
bool layout_name(enum layout_id layout, s64 index, u64 offset, bool with_index, char *buf, size_t size);

#endif
