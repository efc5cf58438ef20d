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

/* The first run fills the reservoir of places; later mutations preempt there. */
static void run_one(u32 number)
{
	static struct scenario s;
	u8 data[SCENARIO_BYTES_MAX];
	struct text_error error;
	ssize_t size;

	if (scenario_parse(seed_text, sizeof(seed_text) - 1, &s, &error))
		abort();
	size = scenario_encode(&s, data, sizeof(data), NULL, 0);
	for (u32 i = 0; number && i < MUTATIONS; i++)
		size = (ssize_t)mutate_scenario(data, (size_t)size, sizeof(data), number * MUTATIONS + i,
						fuzz_target.mode, &places_seen);
	fuzz_target.run(data, (size_t)size);
	printf("%u %016llx %s\n", number, (unsigned long long)fuzz_target.result->rt.hash,
	       verdict_name(fuzz_target.result->rt.verdict.kind));
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
