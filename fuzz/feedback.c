/* SPDX-License-Identifier: MIT */
#include "fuzz/feedback.h"

#include <stdio.h>
#include <string.h>

#include "core/rt/name.h"
#include "core/rt/sched.h"

/* libFuzzer finds the array by its section; nobody else minds. */
u8 feedback_map[FEEDBACK_SIZE] __attribute__((section("__libfuzzer_extra_counters")));
u16 feedback_hits[FEEDBACK_HITS_MAX];
u32 feedback_nr_hits;
u32 feedback_wanted = FEEDBACK_ALL;

void feedback_begin(void)
{
	for (u32 i = 0; i < feedback_nr_hits; i++)
		feedback_map[feedback_hits[i]] = 0;
	feedback_nr_hits = 0;
}

int feedback_choose(const char *list, char *message, size_t size)
{
	static const char *const names[] = {"edges", "points", "reads", "phases"};
	u32 wanted = 0;

	for (const char *at = list; *at; at += *at == ',') {
		size_t len = strcspn(at, ",");
		u32 i = 0;

		while (i < ARRAY_SIZE(names) && (strlen(names[i]) != len || strncmp(names[i], at, len) != 0))
			i++;
		if (i == ARRAY_SIZE(names)) {
			snprintf(message, size, "'%.*s': expected edges, points, reads or phases", (int)len, at);
			return -EINVAL;
		}
		wanted |= BIT(i);
		at += len;
	}
	feedback_wanted = wanted;
	return 0;
}

/* ---- reads ----------------------------------------------------------------------------------------------------- */

static void note_read(const struct rt_read *read)
{
	feedback_add(FEEDBACK_READ, rt_name_number(read->addr) >> 6 ^ read->writer_semantic << 4, read->semantic);
}

void feedback_listen(bool on)
{
	rt_set_reads(on && feedback_wanted & FEEDBACK_READS ? note_read : NULL);
}

/* ---- phases ---------------------------------------------------------------------------------------------------- */

enum op_id {
#define OP(id, name, weight, syntax, help) OP_##name = id,
#define OP_ARG(op, name, type, min, max, def)
#include "core/ops.def"
#undef OP
#undef OP_ARG
};

bool feedback_is_hotplug(u32 op_id)
{
	static const u64 ops = BIT(OP_add) | BIT(OP_online) | BIT(OP_offline) | BIT(OP_remove) |
			       BIT(OP_offline_and_remove) | BIT(OP_plug) | BIT(OP_eject) | BIT(OP_virtio_resize) |
			       BIT(OP_memremap) | BIT(OP_memunmap);

	return ops >> op_id & 1;
}

static s32 block_of(const struct op *op)
{
	const struct op_info *info = op_info_by_id(op->id);

	for (u32 i = 0; i < info->nr_args; i++)
		if (info->arg[i].type == ARG_BLOCK)
			return op->arg[i];
	return -1;
}

void feedback_add_phase(u32 semantic, const struct op *hotplug, const struct op *other)
{
	s32 mine = block_of(hotplug), theirs = block_of(other), block = theirs >= 0 ? theirs : mine;
	u32 what = block >= 0 ? core_block_state((u64)block) : 4;

	what = what << 1 | (mine >= 0 && mine == theirs);
	feedback_add(FEEDBACK_PHASE, semantic, other->id << 4 | what);
}
