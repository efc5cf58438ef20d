/* SPDX-License-Identifier: MIT */
#include "fuzz/explore.h"
#include "fuzz/runner.h"

static void run_scenario(void *arg, struct rt_strategy *strategy, struct rt_result *result)
{
	const struct explore_scenario *s = arg;
	static struct runner_result r;

	runner_run(s->scenario, strategy, s->flags, &r);
	*result = r.rt;
}

static bool scenario_wants(void *arg, const struct rt_verdict *verdict)
{
	const struct explore_scenario *s = arg;

	if (!s->scenario->expect.set || s->scenario->expect.kind == VERDICT_ok)
		return true;
	return scenario_expected(s->scenario, verdict);
}

struct explore_subject explore_subject_of(struct explore_scenario *s)
{
	return (struct explore_subject){.run = run_scenario, .wanted = scenario_wants, .arg = s};
}
