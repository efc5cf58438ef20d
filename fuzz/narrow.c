/* SPDX-License-Identifier: MIT */
#include "fuzz/narrow.h"

#include <string.h>

#include "fuzz/family.h"
#include "fuzz/text.h"

const struct narrow_info narrow_infos[] = {
#define TARGET(name, base, families, machines, failures, planted, help)                                                \
	{#name, #base, families, planted, help, machines, failures},
#include "fuzz/targets.def"
#undef TARGET
};
const u32 nr_narrow = ARRAY_SIZE(narrow_infos);

static u64 ops_of(const char *list)
{
	char message[400];
	u64 families, ops = 0;

	if (families_from(list, &families, message, sizeof(message)))
		__builtin_trap(); /* the table is wrong: a test shows it */
	for (u32 family = 0; family < nr_families; family++)
		if (families & BIT(family))
			ops |= family_ops(family);
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
