/* SPDX-License-Identifier: MIT */
/* The same inputs in every engine's binary: equal hashes show that presets, compilers and engines run alike. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz/engine/engine.h"

#define MUTATIONS 6

static const char seed_text[] = "pfnstorm 1\n"
				"machine  geometry=tiny cpus=2 nodes=1 blocks=8 online=0-3 movable=4-5 offline=6\n"
				"boot     alloc movable order=0 count=12 as s1\n"
				"task t0 on cpu0\n"
				"         offline block=4\n"
				"         remove block=4\n"
				"task t1 on cpu1\n"
				"         compact zone=Movable\n"
				"         walk block=3 blocks=3\n";

/*
 * Preemptions go to semantic places of the first run. Not in between: how many plain accesses lie there may differ from
 * compiler to compiler, and strategies count them. For the same reason a run that is cut off at the step limit has no
 * hash to compare.
 */
static struct places places;

static void keep_places(void)
{
	places = places_seen;
	for (u32 i = 0; i < places.count; i++)
		places.place[i].length = 0;
}

static void run_one(u32 number)
{
	struct mutate_options options = *engine_mutations();
	static struct scenario s;
	u8 data[SCENARIO_BYTES_MAX];
	const struct rt_result *result = &fuzz_target.result->rt;
	struct text_error error;
	ssize_t size;

	options.searches = false;
	if (scenario_parse(seed_text, sizeof(seed_text) - 1, &s, &error))
		abort();
	size = scenario_encode(&s, data, sizeof(data), NULL, 0);
	for (u32 i = 0; number && i < MUTATIONS; i++)
		size = (ssize_t)mutate_scenario(data, (size_t)size, sizeof(data), number * MUTATIONS + i, &options,
						&places);
	fuzz_target.run(data, (size_t)size);
	if (number == 0)
		keep_places();
	printf("%u %016llx %s\n", number,
	       result->verdict.kind == VERDICT_livelock ? 0 : (unsigned long long)result->hash,
	       verdict_name(result->verdict.kind));
}

bool engine_self_test(void)
{
	const char *wanted = getenv("PFNSTORM_SELF_TEST");
	u32 n = wanted ? (u32)strtoul(wanted, NULL, 10) : 0;

	if (!fuzz_target.scenarios || n == 0)
		return false;
	for (u32 i = 0; i < n; i++)
		run_one(i);
	return true;
}
