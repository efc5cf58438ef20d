/* SPDX-License-Identifier: MIT */
#include "stress/mix.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WEIGHT_MAX 100000

static const struct mix_named rows[] = {
#define MIX(id, list, boot_params, nr_cpus, nr_nodes, help)                                                            \
	{.name = #id, .items = list, .text = help, .boot = boot_params, .cpus = nr_cpus, .nodes = nr_nodes},
#include "stress/mixes.def"
#undef MIX
};
_Static_assert(ARRAY_SIZE(rows) <= MIX_NAMED, "there is room for every row of mixes.def");

static int fail(const char *text, const char *at, char *error, size_t size, const char *expected)
{
	snprintf(error, size, "--mix, character %zu: expected %s, found '%.12s'", (size_t)(at - text) + 1, expected,
		 at);
	return -EINVAL;
}

static const struct op_info *op_of(const char *start, size_t length)
{
	for (u32 i = 0; i < nr_op_infos; i++) {
		if (strlen(op_infos[i].name) == length && !strncmp(op_infos[i].name, start, length))
			return &op_infos[i];
	}
	return NULL;
}

/* 1 + index, 0: there is no such mix. */
static u32 named_of(const char *start, size_t length)
{
	for (u32 i = 0; i < ARRAY_SIZE(rows); i++) {
		if (strlen(rows[i].name) == length && !strncmp(rows[i].name, start, length))
			return i + 1;
	}
	return 0;
}

/* One "a-b-c:weight" from @at; returns where it ends, or NULL with the place of the error in @bad. */
static const char *parse_item(const char *at, struct mix_item *item, const char **bad, const char **expected)
{
	char *end;

	for (;;) {
		size_t length = strcspn(at, "-:,");
		const struct op_info *info = op_of(at, length);

		*bad = at;
		*expected = "an operation (pfnstorm run --help lists them), a mix (--list-mixes) or all";
		if (!item->count) {
			/* "contig" alone is the mix, "contig-free" the operation. */
			item->named = at[length] == '-' ? 0 : named_of(at, length);
			if (item->named || (length == 3 && !strncmp(at, "all", 3))) {
				at += length;
				break;
			}
		}
		if (!info || item->count == MIX_CHAIN)
			return NULL;
		item->op[item->count++] = info->id;
		at += length;
		if (*at != '-')
			break;
		at++;
	}
	item->weight = 1;
	if (*at != ':')
		return at;
	*bad = at + 1;
	*expected = "a weight from 1 to 100000";
	item->weight = (u32)strtoul(at + 1, &end, 10);
	return at[1] >= '0' && at[1] <= '9' && item->weight && item->weight <= WEIGHT_MAX ? end : NULL;
}

/* @item, or every operation if it names none. False: there is no room for that. */
static bool add_item(struct mix *mix, const struct mix_item *item)
{
	u32 count = item->count || item->named ? 1 : nr_op_infos;

	if (mix->count + count > MIX_ITEMS)
		return false;
	if (item->named && !rows[item->named - 1].items[0]) {
		mix->readers += item->weight;
		return true;
	}
	for (u32 i = 0; i < count; i++) {
		struct mix_item *to = &mix->item[mix->count++];

		*to = *item;
		if (!item->count && !item->named) {
			to->op[to->count++] = op_infos[i].id;
			to->weight *= op_infos[i].weight;
		}
		mix->weights += to->weight;
	}
	return true;
}

/* The items of a row: they are ours, so they can be parsed (mix_test.c). */
static void parse_named(struct mix_named *named)
{
	const char *at = named->items, *bad, *expected;

	while (*at) {
		struct mix_item item = {0};

		at = parse_item(at, &item, &bad, &expected);
		BUG_ON(!at || item.named || named->count == MIX_NAMED_ITEMS);
		named->item[named->count++] = item;
		named->weights += item.weight;
		at += *at == ',';
	}
}

int mix_parse(const char *text, struct mix *mix, char *error, size_t size)
{
	const char *at = text, *bad, *expected;

	memset(mix, 0, sizeof(*mix));
	for (u32 i = 0; i < ARRAY_SIZE(rows); i++) {
		mix->named[i] = rows[i];
		parse_named(&mix->named[i]);
	}
	for (;;) {
		struct mix_item item = {0};
		const char *start = at;

		at = parse_item(at, &item, &bad, &expected);
		if (!at)
			return fail(text, bad, error, size, expected);
		if (!add_item(mix, &item))
			return fail(text, start, error, size, "at most 160 operations and chains of them");
		if (!*at)
			return 0;
		if (*at != ',')
			return fail(text, at, error, size, "',' or ':' and a weight");
		at++;
	}
}

/* ---- what they need --------------------------------------------------------------------------------------------- */

u32 mix_cpus(const struct mix *mix)
{
	u32 cpus = 1;

	for (u32 i = 0; i < mix->count; i++) {
		if (mix->item[i].named)
			cpus = max(cpus, mix->named[mix->item[i].named - 1].cpus);
	}
	return cpus;
}

u32 mix_nodes(const struct mix *mix)
{
	u32 nodes = 1;

	for (u32 i = 0; i < mix->count; i++) {
		if (mix->item[i].named)
			nodes = max(nodes, mix->named[mix->item[i].named - 1].nodes);
	}
	return nodes;
}

const char *mix_fit(const struct mix *mix, struct machine_config *machine)
{
	static char text[128];

	for (u32 i = 0; i < mix->count; i++) {
		const struct mix_named *named = mix->item[i].named ? &mix->named[mix->item[i].named - 1] : NULL;

		if (!named)
			continue;
		machine->boot_params |= named->boot;
		snprintf(text, sizeof(text), "mix %s needs cpus=%u nodes=%u or more, the machine has cpus=%u nodes=%u",
			 named->name, named->cpus, named->nodes, machine->cpus, machine->nodes);
		if (machine->cpus < named->cpus || machine->nodes < named->nodes)
			return text;
	}
	return NULL;
}

u32 mix_readers(const struct mix *mix, u32 threads)
{
	u32 all = mix->weights + mix->readers, readers;

	if (!mix->readers || threads < 2)
		return 0;
	if (!mix->weights)
		return threads - 1;
	readers = (u32)((u64)threads * mix->readers / all);
	readers = max(readers, 1U);
	return min(readers, threads - 1);
}

static void print_need(const char *text, bool *first)
{
	printf("%s%s", *first ? "  (" : ", ", text);
	*first = false;
}

void mix_list(void)
{
	static const char *const boot[] = {
#define BOOT_PARAM(id, text, help) text,
#include "core/boot_params.def"
#undef BOOT_PARAM
	};

	for (u32 i = 0; i < ARRAY_SIZE(rows); i++) {
		bool first = true;

		printf("%-11s %s", rows[i].name, rows[i].text);
		for (u32 k = 0; k < NR_BOOT_PARAMS; k++) {
			if (rows[i].boot & BIT(k))
				print_need(boot[k], &first);
		}
		if (rows[i].cpus > 1)
			print_need("2 CPUs", &first);
		if (rows[i].nodes > 1)
			print_need("2 nodes", &first);
		printf("%s\n", first ? "" : ")");
		printf("%-11s %s\n", "", rows[i].items[0] ? rows[i].items : "threads of their own");
	}
}
