/* SPDX-License-Identifier: MIT */
#include "fuzz/mixture.h"

#include "fuzz/record.h"

#define FAULT_ONE_IN 16

const char *mixture_create(struct mixture *m, u64 seed)
{
	static char error[160];

	for (u32 i = 0; i < MIXTURE_STRATEGIES; i++) {
		struct strategy_options options = STRATEGY_OPTIONS_DEFAULT;

		options.seed = seed;
		options.fault_one_in = i & 2 ? FAULT_ONE_IN : 0;
		m->strategy[i] = strategy_by_name(i & 1 ? "pct" : "random")->construct(&options, error, sizeof(error));
		if (!m->strategy[i])
			return error;
	}
	return NULL;
}

void mixture_destroy(struct mixture *m)
{
	for (u32 i = 0; i < MIXTURE_STRATEGIES; i++)
		m->strategy[i]->ops->destroy(m->strategy[i]);
}

bool mixture_run(struct mixture *m, u32 number, const struct scenario *s, struct schedule *schedule,
		 struct runner_result *result)
{
	struct strategy *strategy = m->strategy[number % MIXTURE_STRATEGIES];
	struct recorder recorder;

	/* Neither of them ever has no more runs. */
	strategy->ops->prepare(strategy);
	if (schedule)
		recorder_init(&recorder, &strategy->rt, schedule);
	runner_run(s, schedule ? &recorder.strategy : &strategy->rt, 0, result);
	strategy->ops->finish(strategy, &result->rt);
	return result->rt.verdict.kind == VERDICT_ok;
}
