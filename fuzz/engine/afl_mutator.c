/* SPDX-License-Identifier: MIT */
/*
 * AFL++'s custom mutator: the structure-keeping mutators in a shared library, named by AFL_CUSTOM_MUTATOR_LIBRARY.
 *
 * It lives in afl-fuzz, where no scenario runs: places for preemptions come from the table of points instead of runs.
 * AFL_CUSTOM_MUTATOR_ONLY=1 keeps its byte-wise stages from spending time on inputs they mostly turn into nothing.
 */
#include <stdlib.h>
#include <string.h>

#include "core/rt/random.h"
#include "fuzz/mutate.h"
#include "fuzz/narrow.h"
#include "fuzz/scenario.h"

struct afl_state;

struct mutator {
	struct rt_random random;
	struct mutate_options options;
	struct places places; /* stays empty */
	u8 out[SCENARIO_BYTES_MAX];
};

void *afl_custom_init(struct afl_state *afl, unsigned int seed);
size_t afl_custom_fuzz(void *data, u8 *buf, size_t size, u8 **out, u8 *other, size_t other_size, size_t max_size);
void afl_custom_deinit(void *data);

void *afl_custom_init(struct afl_state *afl, unsigned int seed)
{
	struct mutator *m = calloc(1, sizeof(*m));
	const char *target = getenv("PFNSTORM_MUTATE");

	(void)afl;
	if (!m)
		return NULL;
	rt_random_seed(&m->random, seed);
	m->options.mode = target && strcmp(target, "sequence") == 0 ? MUTATE_SEQUENCE : MUTATE_RACE;
	m->options.searches = m->options.mode == MUTATE_RACE;
	if (target)
		narrow_target(target, &m->options);
	return m;
}

/* Text becomes bytes; anything else is bytes already. */
static size_t to_bytes(const u8 *data, size_t size, u8 *out, size_t max_size)
{
	static struct scenario s;
	struct text_error error;
	ssize_t len;

	if (size > 3 && memcmp(data, "pfn", 3) == 0 && scenario_parse((const char *)data, size, &s, &error) == 0) {
		len = scenario_encode(&s, out, max_size, NULL, 0);
		if (len > 0)
			return (size_t)len;
	}
	size = min(size, max_size);
	memcpy(out, data, size);
	return size;
}

size_t afl_custom_fuzz(void *data, u8 *buf, size_t size, u8 **out, u8 *other, size_t other_size, size_t max_size)
{
	struct mutator *m = data;
	u8 mine[SCENARIO_BYTES_MAX], theirs[SCENARIO_BYTES_MAX];
	u64 seed = rt_random_u64(&m->random);
	size_t limit = min(max_size, sizeof(m->out)), len;

	len = to_bytes(buf, size, mine, sizeof(mine));
	if (other && other_size && rt_random_below(&m->random, 8) == 0) {
		size_t their_len = to_bytes(other, other_size, theirs, sizeof(theirs));

		len = mutate_crossover(mine, len, theirs, their_len, m->out, limit, seed);
	} else {
		len = min(len, limit);
		memcpy(m->out, mine, len);
		len = mutate_scenario(m->out, len, limit, seed, &m->options, &m->places);
	}
	*out = m->out;
	return len;
}

void afl_custom_deinit(void *data)
{
	free(data);
}
