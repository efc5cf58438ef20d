/* SPDX-License-Identifier: MIT */
/* Canonical text of a scenario. */
#include <stdio.h>
#include <string.h>

#include "fuzz/block_ranges.h"
#include "fuzz/scenario.h"

#define LINE_LEN 256

static void put_ranges(struct text_out *out, const char *key, const struct block_ranges *ranges)
{
	if (ranges->count == 0)
		return;
	text_put(out, " %s=", key);
	block_ranges_put(out, ranges);
}

static void put_machine(struct text_out *out, const struct machine_config *m)
{
	static const char *const geometries[] = {
#define GEOMETRY(id, text, ...) text,
#include "core/geometries.def"
#undef GEOMETRY
	};
	static const char *const topologies[] = {
#define TOPOLOGY(id, text, ...) text,
#include "core/topologies.def"
#undef TOPOLOGY
	};
	static const char *const boot_params[] = {
#define BOOT_PARAM(id, text, ...) text,
#include "core/boot_params.def"
#undef BOOT_PARAM
	};

	static const char *const models[] = {
#define MEMORY_MODEL(id, text, help) text,
#include "core/memory_models.def"
#undef MEMORY_MODEL
	};

	text_put(out, "machine  geometry=%s", geometries[m->geometry]);
	if (m->topology != TOPOLOGY_flat)
		text_put(out, " topology=%s", topologies[m->topology]);
	for (u32 i = 0; i < NR_BOOT_PARAMS; i++)
		if (m->boot_params & 1u << i)
			text_put(out, "%s%s", m->boot_params & ((1u << i) - 1) ? "," : " boot=", boot_params[i]);
	if (m->memory != RT_MEMORY_sc)
		text_put(out, " memory=%s", models[m->memory]);
	text_put(out, " cpus=%u nodes=%u blocks=%u", m->cpus, m->nodes, m->blocks);
	put_ranges(out, "online", &m->online);
	put_ranges(out, "normal", &m->normal);
	put_ranges(out, "movable", &m->movable);
	put_ranges(out, "offline", &m->offline);
	text_put(out, "\n");
}

static void put_switches(struct text_out *out, const struct switches *sw)
{
	for (u32 i = 0; i < NR_DESIGNS; i++) {
		if (sw->design[i] != design_infos[i].default_alternative)
			text_put(out, "design   %s=%s\n", design_infos[i].name, alternative_infos[sw->design[i]].name);
	}
	for (u32 i = 0; i < NR_BUGS; i++) {
		if (sw->bug[i])
			text_put(out, "bug      %s=on\n", bug_infos[i].name);
	}
}

/* As many to a line as are easy to read. */
static void put_laws(struct text_out *out, const struct law_set *laws)
{
	size_t column = 0;

	for (u32 law = 0; core_law_name(law); law++) {
		if (!laws_have(laws, law))
			continue;
		if (column == 0)
			text_put(out, "laws    ");
		text_put(out, " %s", core_law_name(law));
		column += strlen(core_law_name(law)) + 1;
		if (column < 80)
			continue;
		text_put(out, "\n");
		column = 0;
	}
	if (column)
		text_put(out, "\n");
}

/*
 * The parser gives names without a number the lowest free slot in order of appearance. Plays that over @op; true if
 * it ends where the scenario has them.
 */
static bool slots_follow(const struct scenario *s, const struct op *op, u32 n, bool *named)
{
	for (u32 i = 0; i < n; i++) {
		const struct op_info *info = op_info_by_id(op[i].id);

		for (u32 j = 0; j < info->nr_args; j++) {
			u32 slot = (u32)op[i].arg[j], lowest = 0;
			char number[8];

			if (info->arg[j].type != ARG_SLOT || named[slot])
				continue;
			while (named[lowest])
				lowest++;
			snprintf(number, sizeof(number), "s%u", slot);
			if (s->slot[slot][0] && strcmp(s->slot[slot], number) != 0 && lowest != slot)
				return false;
			named[slot] = true;
		}
	}
	return true;
}

static void mark_used(const struct op *op, u32 n, bool *used)
{
	for (u32 i = 0; i < n; i++) {
		const struct op_info *info = op_info_by_id(op[i].id);

		for (u32 j = 0; j < info->nr_args; j++) {
			if (info->arg[j].type == ARG_SLOT)
				used[op[i].arg[j]] = true;
		}
	}
}

static void put_slots(struct text_out *out, const struct scenario *s)
{
	bool named[OP_SLOTS + 1] = {false}, used[OP_SLOTS] = {false};
	bool follow = slots_follow(s, s->boot_op, s->nr_boot_ops, named);

	for (u32 i = 0; i < s->nr_tasks && follow; i++)
		follow = slots_follow(s, s->task[i].op, s->task[i].nr_ops, named);
	if (follow)
		return;
	mark_used(s->boot_op, s->nr_boot_ops, used);
	for (u32 i = 0; i < s->nr_tasks; i++)
		mark_used(s->task[i].op, s->task[i].nr_ops, used);
	text_put(out, "slots   ");
	for (u32 i = 0; i < OP_SLOTS; i++) {
		if (used[i] && s->slot[i][0])
			text_put(out, " %s=%u", s->slot[i], i);
	}
	text_put(out, "\n");
}

static void put_op(struct text_out *out, const char *before, const struct scenario *s, const struct op *op)
{
	char line[LINE_LEN];

	scenario_print_op(s, op, line, sizeof(line));
	text_put(out, "%s%s\n", before, line);
}

size_t scenario_print(const struct scenario *s, char *buf, size_t size)
{
	struct schedule_names names = scenario_task_names(s);
	struct text_out out = {buf, size, 0};
	char line[LINE_LEN];

	text_put(&out, "pfnstorm 1\n");
	if (s->from[0])
		text_put(&out, "# from: %s\n", s->from);
	if (s->name[0])
		text_put(&out, "name     %s\n", s->name);
	put_machine(&out, &s->machine);
	put_switches(&out, &s->machine.sw);
	put_laws(&out, &s->laws);
	if (s->seed)
		text_put(&out, "seed     %llu\n", (unsigned long long)s->seed);
	put_slots(&out, s);
	for (u32 i = 0; i < s->nr_boot_ops; i++)
		put_op(&out, "boot     ", s, &s->boot_op[i]);
	for (u32 i = 0; i < s->nr_tasks; i++) {
		text_put(&out, "task %s on cpu%u\n", s->task[i].name, s->task[i].cpu);
		for (u32 j = 0; j < s->task[i].nr_ops; j++)
			put_op(&out, "         ", s, &s->task[i].op[j]);
	}
	if (s->expect.set)
		text_put(&out, "expect   %s%s%s\n", verdict_name(s->expect.kind), s->expect.words[0] ? " " : "",
			 s->expect.words);
	for (u32 i = 0; i < s->schedule.count; i++) {
		schedule_print_entry(&s->schedule, i, &names, line, sizeof(line));
		text_put(&out, "schedule %s\n", line);
	}
	return out.len;
}
