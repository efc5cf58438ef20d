/* SPDX-License-Identifier: MIT */
#include "fuzz/family.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

const struct family_info family_infos[] = {
#define FAMILY(id, params, topology, makers, users) {#id, params, TOPOLOGY_##topology, makers, users},
#include "fuzz/families.def"
#undef FAMILY
};
#define NR_FAMILIES ((u32)ARRAY_SIZE(family_infos))
const u32 nr_families = NR_FAMILIES;

static bool has_word(const char *words, const char *word)
{
	size_t len = strlen(word);

	for (const char *at = words; (at = strstr(at, word)); at += len)
		if ((at == words || at[-1] == ' ') && (at[len] == ' ' || !at[len]))
			return true;
	return false;
}

bool family_makes(u32 family, u32 op_id)
{
	return has_word(family_infos[family].makers, op_info_by_id(op_id)->name);
}

static u64 ops_of[NR_FAMILIES];

static void find_ops(void)
{
	u64 all = 0, placed = 0;

	for (u32 i = 0; i < nr_op_infos; i++)
		all |= BIT(op_infos[i].id);
	for (u32 family = 0; family < NR_FAMILIES; family++) {
		for (u32 i = 0; i < nr_op_infos; i++)
			if (has_word(family_infos[family].makers, op_infos[i].name) ||
			    has_word(family_infos[family].users, op_infos[i].name))
				ops_of[family] |= BIT(op_infos[i].id);
		placed |= ops_of[family];
	}
	ops_of[NR_FAMILIES - 1] |= all & ~placed;
}

u64 family_ops(u32 family)
{
	if (!ops_of[NR_FAMILIES - 1])
		find_ops();
	return ops_of[family];
}

/* NR_FAMILIES if there is none of that name. */
static u32 family_named(const char *name, size_t len)
{
	u32 family = 0;

	for (; family < NR_FAMILIES; family++)
		if (strlen(family_infos[family].name) == len && memcmp(family_infos[family].name, name, len) == 0)
			break;
	return family;
}

int families_from(const char *list, u64 *families, char *message, size_t size)
{
	size_t at;

	*families = 0;
	for (size_t len;; list += len + 1) {
		u32 family;

		len = strcspn(list, ", ");
		family = family_named(list, len);
		if (family == NR_FAMILIES)
			break;
		*families |= BIT(family);
		if (!list[len])
			return 0;
	}
	at = (size_t)snprintf(message, size, "expected families of operations, separated by commas, of");
	for (u32 family = 0; family < NR_FAMILIES && at < size; family++)
		at += (size_t)snprintf(message + at, size - at, " %s", family_infos[family].name);
	return -EINVAL;
}
