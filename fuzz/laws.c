/* SPDX-License-Identifier: MIT */
#include "fuzz/laws.h"

#include <stdio.h>
#include <string.h>

static void add(struct law_set *set, u32 law)
{
	set->word[law / 64] |= BIT(law % 64);
}

bool laws_have(const struct law_set *set, u32 law)
{
	return set->word[law / 64] >> law % 64 & 1;
}

bool laws_equal(const struct law_set *a, const struct law_set *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

u32 laws_count(const struct law_set *set)
{
	u32 n = 0;

	for (u32 i = 0; i < ARRAY_SIZE(set->word); i++)
		n += (u32)__builtin_popcountll(set->word[i]);
	return n;
}

static int unknown(const struct text_word *name, char *message, size_t size)
{
	const char *names[CORE_LAWS_MAX + 1], *near;

	for (u32 law = 0; law <= CORE_LAWS_MAX; law++) {
		names[law] = core_law_name(law);
		if (!names[law])
			break;
	}
	near = text_nearest(name, names);
	snprintf(message, size, "expected a law of docs/LAWS.md or '%s', found '%.*s'%s%s%s", LAWS_ALL, (int)name->len,
		 name->start, near ? ", did you mean '" : "", near ? near : "", near ? "'?" : "");
	return -EINVAL;
}

int laws_add(struct law_set *set, const struct text_word *name, char *message, size_t size)
{
	bool all = text_is(name, LAWS_ALL);

	for (u32 law = 0; core_law_name(law); law++) {
		if (all && core_law_at_steps(law))
			add(set, law);
		if (all || !text_is(name, core_law_name(law)))
			continue;
		if (core_law_at_steps(law)) {
			add(set, law);
			return 0;
		}
		snprintf(message, size, "law %s holds at rest only: it cannot be asked in the middle of a run",
			 core_law_name(law));
		return -EINVAL;
	}
	return all ? 0 : unknown(name, message, size);
}

int laws_from(const char *names, struct law_set *set, char *message, size_t size)
{
	do {
		struct text_word name = {names, strcspn(names, ", ")};

		if (laws_add(set, &name, message, size))
			return -EINVAL;
		names += name.len;
	} while (*names++);
	return 0;
}

void laws_keep_needed(struct law_set *set, const struct rt_verdict *verdict)
{
	struct law_set needed = {{0}};

	for (u32 law = 0; verdict->kind == VERDICT_invariant && core_law_name(law); law++) {
		if (laws_have(set, law) && strncmp(verdict->signature, "law ", 4) == 0 &&
		    strcmp(verdict->signature + 4, core_law_name(law)) == 0)
			add(&needed, law);
	}
	*set = needed;
}
