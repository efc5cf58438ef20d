/* SPDX-License-Identifier: MIT */
#include "crashes/trial.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "fuzz/explore.h"
#include "fuzz/runner.h"

static const struct {
	const char *text, *op;
} costs[NR_COSTS] = {
#define COST(id, text, op) {text, op},
#include "crashes/costs.def"
#undef COST
};

const char *trial_cost_text(enum trial_cost cost)
{
	return costs[cost].text;
}

/* Is an alternative of @design, and nothing else, blamed in @s? */
static bool blames(const struct scenario *s, u32 design)
{
	for (u32 bug = 0; bug < NR_BUGS; bug++)
		if (s->machine.sw.bug[bug])
			return false;
	return s->machine.sw.design[design] != design_infos[design].default_alternative;
}

static void set_alternative(struct switches *sw, u32 alternative)
{
	switches_default(sw);
	sw->design[alternative_infos[alternative].design] = (u16)alternative;
}

static int broken_by(const struct known_bug *bug, struct scenario *s, const struct explore_finding *finding,
		     struct trial *trial)
{
	trial->by = bug;
	trial->verdict = finding->verdict;
	schedule_copy(&s->schedule, &finding->schedule);
	return token_encode(s, trial->token, sizeof(trial->token)) < 0 ? -EIO : 0;
}

/* The run of the known bug that blames just this alternative: there is nothing to search for. */
static int replay_known(const struct known_bug *bug, struct scenario *s, struct trial *trial, char *error, size_t size)
{
	static struct runner_result result;
	static struct replay replay;

	if (runner_replay(s, &replay, 0, &result) || result.rt.verdict.kind == VERDICT_ok) {
		snprintf(error, size, "%s: its token does not give its verdict in this build", bug->name);
		return -EIO;
	}
	trial->by = bug;
	trial->runs++;
	trial->scenarios++;
	trial->verdict = result.rt.verdict;
	snprintf(trial->token, sizeof(trial->token), "%s", bug->token);
	return 0;
}

/* Searches the scenario of @bug, decoded in @s. */
static int search(const struct known_bug *bug, struct scenario *s, u32 bound, const volatile int *interrupted,
		  struct trial *trial, char *error, size_t size)
{
	struct explore_scenario what = {.scenario = s};
	struct explore_subject subject = explore_subject_of(&what);
	struct explore_options options = {.strategy = strategy_by_name("exhaustive"),
					  .strategy_options = STRATEGY_OPTIONS_DEFAULT,
					  .interrupted = interrupted};
	static struct explore_result result;
	int ret;

	options.strategy_options.bound = bound;
	s->expect.set = 0;
	schedule_init(&s->schedule);
	ret = explore(&subject, &options, &result);
	if (ret) {
		snprintf(error, size, "%s: %s", bug->name, result.error);
		return -EIO;
	}
	trial->scenarios++;
	trial->runs += result.status.runs;
	trial->complete = trial->complete && result.status.report.complete;
	return result.status.findings ? broken_by(bug, s, &result.finding[0], trial) : 0;
}

static int measure(u32 alternative, struct trial *trial, char *error, size_t size)
{
	static const char machine[] =
		"pfnstorm 1\n"
		"machine geometry=tiny cpus=2 nodes=1 blocks=5 online=0-1 normal=2 movable=4 offline=3\n"
		"boot alloc movable order=0 count=40 as s0\n"
		"task a on cpu0\n";
	static struct runner_result result;
	static struct scenario s;
	struct text_error where;
	char text[512];

	for (u32 cost = 0; cost < NR_COSTS; cost++) {
		snprintf(text, sizeof(text), "%s %s\n", machine, costs[cost].op);
		if (scenario_parse(text, strlen(text), &s, &where)) {
			snprintf(error, size, "%s: %s", costs[cost].op, where.message);
			return -EIO;
		}
		set_alternative(&s.machine.sw, alternative);
		runner_run(&s, NULL, 0, &result);
		if (result.rt.verdict.kind != VERDICT_ok || result.op[0][0].value < 0) {
			snprintf(error, size, "%s: %s, returned %lld", costs[cost].op,
				 verdict_name(result.rt.verdict.kind), (long long)result.op[0][0].value);
			return -EIO;
		}
		trial->points[cost] = result.rt.steps;
	}
	return 0;
}

/* One pass over the scenarios of the design: replays those that blame @alternative itself, or searches the others. */
static int pass(u32 alternative, bool replays, u32 bound, const volatile int *interrupted, struct trial *trial,
		char *error, size_t size)
{
	u32 design = alternative_infos[alternative].design;
	static struct scenario s;
	struct text_error where;
	int ret = 0;

	for (u32 i = 0; i < nr_known_bugs && !ret && !trial->by && !(interrupted && *interrupted); i++) {
		if (token_decode(known_bugs[i].token, &s, &where)) {
			snprintf(error, size, "%s: %s", known_bugs[i].name, where.message);
			return -EIO;
		}
		if (!blames(&s, design) || replays != (s.machine.sw.design[design] == alternative))
			continue;
		if (replays) {
			ret = replay_known(&known_bugs[i], &s, trial, error, size);
			continue;
		}
		set_alternative(&s.machine.sw, alternative);
		ret = search(&known_bugs[i], &s, bound, interrupted, trial, error, size);
	}
	return ret;
}

int trial_run(u32 alternative, u32 bound, const volatile int *interrupted, struct trial *trial, char *error,
	      size_t size)
{
	int ret;

	memset(trial, 0, sizeof(*trial));
	trial->complete = true;
	ret = pass(alternative, true, bound, interrupted, trial, error, size);
	if (!ret && !trial->by)
		ret = pass(alternative, false, bound, interrupted, trial, error, size);
	return ret ? ret : measure(alternative, trial, error, size);
}
