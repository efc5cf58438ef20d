/* SPDX-License-Identifier: MIT */
#include <json-c/json.h>

#include "oracle/hold.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PAGE_SIZE 4096
#define HUGE_ORDER 9

static const struct kind {
	const char *name;
	u32 order;
	bool movable, pinned, locked;
	bool pool; /* huge pages of it */
} kinds[] = {
	{"anon", .movable = true},
	{"shm", .movable = true},
	{"mlock", .movable = true, .locked = true},
	{"thp", .order = HUGE_ORDER, .movable = true},
	{"vmsplice", .movable = true, .pinned = true},
	{"pipe", .movable = false},
	{"hugetlb", .order = HUGE_ORDER, .pool = true},
};

static s64 slot_op(const char *name, u32 slot)
{
	struct op op = {.id = op_info_by_name(name)->id, .arg = {(s32)slot}};

	return core_run_op(&op);
}

static struct hold *unused(struct hold *holds)
{
	for (u32 i = 0; i < HOLDS_MAX; i++) {
		if (holds[i].id[0])
			continue;
		holds[i].slot = i;
		return &holds[i];
	}
	return NULL;
}

struct hold *hold_of(struct hold *holds, const char *id)
{
	for (u32 i = 0; i < HOLDS_MAX; i++)
		if (strcmp(holds[i].id, id) == 0)
			return &holds[i];
	return NULL;
}

static s64 allocate(const struct hold *hold, const struct kind *kind, u32 count, s32 nid)
{
	if (kind->pool)
		return core_slot_alloc_huge(hold->slot, count, nid);
	return core_slot_alloc(hold->slot, kind->movable, kind->order, count, nid);
}

bool hold_begin(struct hold *holds, const char *id, const char *name, u64 bytes, s32 nid)
{
	struct hold *hold = unused(holds);
	const struct kind *kind = NULL;
	u32 count;

	for (u32 i = 0; i < ARRAY_SIZE(kinds); i++)
		if (strcmp(kinds[i].name, name) == 0)
			kind = &kinds[i];
	if (!kind || !hold)
		return false;
	count = (u32)(bytes / PAGE_SIZE >> kind->order);
	if (allocate(hold, kind, count, nid) != (s64)count) {
		slot_op("free", hold->slot);
		return false;
	}
	snprintf(hold->id, sizeof(hold->id), "%s", id);
	hold->pinned = kind->pinned;
	if (kind->pinned)
		slot_op("pin", hold->slot);
	if (kind->locked)
		slot_op("mlock", hold->slot);
	return true;
}

void hold_end(struct hold *hold)
{
	if (hold->pinned)
		slot_op("unpin", hold->slot);
	slot_op("free", hold->slot);
	hold->id[0] = '\0';
}

bool hold_lost(const struct hold *hold)
{
	return core_slot_lost(hold->slot) > 0;
}

void hold_verify(const struct hold *hold)
{
	slot_op("verify", hold->slot);
}

void hold_compare(struct comparison *c, const struct hold *hold, struct json_object *pages_in)
{
	s64 kernel[CORE_NODES_MAX] = {0};
	char field[64];

	if (!pages_in)
		return;
	json_object_object_foreach(pages_in, block, pages)
	{
		s32 nid = core_block_node(strtoull(block + strlen("memory"), NULL, 10));

		if (nid >= 0)
			kernel[nid] += json_object_get_int64(pages);
	}
	for (u32 nid = 0; nid < CORE_NODES_MAX; nid++) {
		s64 model = (s64)core_slot_pages_on(hold->slot, nid);

		if (!kernel[nid] && !model)
			continue;
		snprintf(field, sizeof(field), "hold.%s.node%u", hold->id, nid);
		compare_number(c, field, kernel[nid], model);
	}
}
