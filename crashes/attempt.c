/* SPDX-License-Identifier: MIT */
#include "crashes/attempt.h"

#include <stdlib.h>
#include <string.h>

#include "fuzz/explore.h"
#include "fuzz/record.h"
#include "fuzz/runner.h"

/* "oops CLASS OBJECT {place, place}": the same but for the places, and each place of @some among those of @all. */
static bool has_places(const char *all, const char *some)
{
	const char *in_all = strchr(all, '{'), *in_some = strchr(some, '{');

	if (!in_all || !in_some || in_all - all != in_some - some || strncmp(all, some, (size_t)(in_some - some)) != 0)
		return false;
	for (in_some++; *in_some && *in_some != '}';) {
		size_t length = strcspn(in_some, ",}");
		const char *place = in_all + 1;

		while (strcspn(place, ",}") != length || strncmp(place, in_some, length) != 0) {
			place += strcspn(place, ",}");
			if (*place != ',')
				return false;
			place += strspn(place, ", ");
		}
		in_some += length;
		in_some += strspn(in_some, ", ");
	}
	return true;
}

static bool same_failure(const struct attempt *a, const struct rt_verdict *verdict)
{
	if (verdict->kind != a->kind)
		return false;
	return strcmp(verdict->signature, a->signature) == 0 ||
	       (a->fewer_places && has_places(verdict->signature, a->signature));
}

bool attempt_run(struct attempt *a, struct scenario *s)
{
	static struct replay replay;
	static struct recorder recorder;
	static struct schedule recorded;
	static struct runner_result result;

	if (scenario_error(s) || a->runs >= a->runs_max)
		return false;
	a->runs++;
	replay_init(&replay, &s->schedule, true);
	recorder_init(&recorder, &replay.strategy, &recorded);
	runner_run(s, &recorder.strategy, 0, &result);
	if (recorder.overflow || !same_failure(a, &result.rt.verdict))
		return false;
	a->last = result.rt;
	schedule_copy(&s->schedule, &recorded);
	return true;
}

static bool wants_same(void *arg, const struct rt_verdict *verdict)
{
	return same_failure(arg, verdict);
}

/* The subject of a search is an attempt and its scenario. */
struct search {
	struct attempt *attempt;
	struct explore_scenario scenario;
};

static void search_run(void *arg, struct rt_strategy *strategy, struct rt_result *result)
{
	struct search *s = arg;
	struct explore_subject inner = explore_subject_of(&s->scenario);

	inner.run(inner.arg, strategy, result);
	s->attempt->runs++;
}

static bool search_wants(void *arg, const struct rt_verdict *verdict)
{
	return wants_same(((struct search *)arg)->attempt, verdict);
}

bool attempt_explore(struct attempt *a, struct scenario *s, const char *strategy,
		     const struct strategy_options *strategy_options, double seconds_max,
		     const volatile int *interrupted)
{
	struct search search = {.attempt = a, .scenario = {.scenario = s}};
	struct explore_subject subject = {.run = search_run, .wanted = search_wants, .arg = &search};
	struct explore_options options = {.strategy = strategy_by_name(strategy),
					  .strategy_options = *strategy_options,
					  .runs_max = min(a->search_runs, a->runs_max - a->runs),
					  .seconds_max = seconds_max,
					  .interrupted = interrupted};
	struct explore_result *result;
	bool found = false;

	if (!options.runs_max)
		return false;
	result = malloc(sizeof(*result));
	if (!result)
		return false;
	if (explore(&subject, &options, result) == 0 && result->wanted) {
		for (u32 i = 0; i < result->status.findings && !found; i++) {
			const struct explore_finding *f = &result->finding[i];

			if (!same_failure(a, &f->verdict) || f->overflow)
				continue;
			found = true;
			a->last = (struct rt_result){.verdict = f->verdict, .hash = f->hash};
			schedule_copy(&s->schedule, &f->schedule);
		}
	}
	free(result);
	return found;
}

bool attempt_search(struct attempt *a, struct scenario *s, u32 bound)
{
	struct strategy_options options = STRATEGY_OPTIONS_DEFAULT;

	if (scenario_error(s))
		return false;
	if (attempt_run(a, s))
		return true;
	/* Fewest preemptions first; PCT then reaches further than the budget of the exhaustive search may. */
	options.bound = bound;
	if (attempt_explore(a, s, "exhaustive", &options, 0, NULL))
		return true;
	options.depth = min(bound + 1, 5u);
	return bound && attempt_explore(a, s, "pct", &options, 0, NULL);
}
