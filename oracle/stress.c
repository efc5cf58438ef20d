/* SPDX-License-Identifier: MIT */
#include <json-c/json.h>

#include "oracle/stress.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "oracle/blocks.h"

#define STRESS_BLOCKS_MAX 8
#define KINDS_MAX 8

/* How often a write ended how: "offline:EBUSY". */
struct stress_counts {
	struct {
		char name[32];
		u32 count;
	} kind[KINDS_MAX];
	u32 nr;
};

static u32 *count_of(struct stress_counts *counts, const char *name)
{
	for (u32 i = 0; i < counts->nr; i++)
		if (strcmp(counts->kind[i].name, name) == 0)
			return &counts->kind[i].count;
	if (counts->nr == KINDS_MAX)
		return NULL;
	snprintf(counts->kind[counts->nr].name, sizeof(counts->kind[0].name), "%s", name);
	return &counts->kind[counts->nr++].count;
}

static void write_and_count(struct stress_counts *counts, u64 block, const char *type)
{
	s64 ret = block_write_state(block, type);
	char name[32];
	u32 *count;

	snprintf(name, sizeof(name), "%s:%s", type, ret < 0 ? strerrorname_np((int)-ret) : "OK");
	count = count_of(counts, name);
	if (count)
		++*count;
}

/* "memory32,memory33" */
static u32 parse_blocks(const char *list, u64 *blocks)
{
	u32 nr = 0;

	for (const char *at = list; at && nr < STRESS_BLOCKS_MAX; at = strchr(at, ',')) {
		at += *at == ',';
		if (strncmp(at, "memory", strlen("memory")) != 0)
			return 0;
		blocks[nr++] = strtoull(at + strlen("memory"), NULL, 10);
	}
	return nr;
}

static void compare_counts(struct oracle_state *s, struct stress_counts *counts)
{
	struct json_object *results = json_at(s->recording->step, "result", "results", NULL);
	char field[64];

	json_object_object_foreach(results, name, value)
	{
		u32 *count = count_of(counts, name);

		snprintf(field, sizeof(field), "result.%s", name);
		compare_number(s->comparison, field,
			       share_of(s->share, strtol(json_object_get_string(value), NULL, 10)), count ? *count : 0);
	}
	compare_number(s->comparison, "result.kinds", json_object_object_length(results), counts->nr);
}

enum step_effect stress_step(struct oracle_state *s, const char *args)
{
	s64 iterations = json_number(json_at(s->recording->step, "result", NULL), "iterations", -1);
	struct stress_counts counts = {.nr = 0};
	u64 blocks[STRESS_BLOCKS_MAX];
	char list[128], type[32];
	u32 nr;

	if (iterations < 1 || sscanf(args, "%*u %127s %31s", list, type) != 2)
		return STEP_UNKNOWN;
	nr = parse_blocks(list, blocks);
	if (!nr)
		return STEP_UNKNOWN;
	for (u32 i = 0; i < nr; i++)
		kernel_pages_set(&s->kernel_pages, s->recording->step, blocks[i], blocks[i]);
	s->share = (struct share){min(iterations, (s64)STRESS_MOST), iterations};
	for (s64 i = 0; i < s->share.done; i++) {
		write_and_count(&counts, blocks[i % nr], "offline");
		write_and_count(&counts, blocks[i % nr], type);
	}
	compare_counts(s, &counts);
	return STEP_CHANGES;
}
