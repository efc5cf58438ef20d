/* SPDX-License-Identifier: MIT */
#include "fuzz/narrow.h"

#include <string.h>

#include "fuzz/generate.h"
#include "fuzz/text.h"

const struct narrow_info narrow_infos[] = {
#define TARGET(name, base, families, machines, failures, planted, help)                                                \
	{#name, #base, families, planted, help, machines, failures},
#include "fuzz/targets.def"
#undef TARGET
};
const u32 nr_narrow = ARRAY_SIZE(narrow_infos);

static u64 ops_of(const char *families)
{
	u64 ops = 0;

	for (const char *at = families; *at; at += strspn(at, " ")) {
		size_t len = strcspn(at, " ");
		u32 family = 0;

		while (generate_family(family) &&
		       (strlen(generate_family(family)) != len || strncmp(generate_family(family), at, len) != 0))
			family++;
		if (!generate_family(family))
			__builtin_trap(); /* the table is wrong: a test shows it */
		for (u32 i = 0; i < nr_op_infos; i++)
			ops |= generate_family_has(family, op_infos[i].id) ? BIT(op_infos[i].id) : 0;
		at += len;
	}
	return ops;
}

const struct narrow_info *narrow_target(const char *name, struct mutate_options *options)
{
	for (u32 i = 0; i < nr_narrow; i++) {
		const struct narrow_info *info = &narrow_infos[i];

		if (strcmp(info->name, name) != 0)
			continue;
		options->mode = strcmp(info->base, "sequence") == 0 ? MUTATE_SEQUENCE : MUTATE_RACE;
		options->ops = ops_of(info->families);
		options->machines = info->machines;
		options->failures = info->failures;
		options->searches = options->mode == MUTATE_RACE;
		return info;
	}
	return NULL;
}
