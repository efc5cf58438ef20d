/* SPDX-License-Identifier: MIT */
#include "crashes/lift.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "core/rt/random.h"
#include "crashes/attempt.h"
#include "crashes/folder.h"
#include "crashes/input.h"
#include "crashes/recording.h"
#include "fuzz/seconds.h"

#define FIRST_RUNS 400
#define LONGEST_RUNS 100000

struct search {
	const struct lift_options *options;
	struct lift_result *result;
	struct attempt attempt;
	struct scenario whole, recent, earlier;
	struct schedule hints;
	double start;
	struct rt_random random;
};

static double seconds_left(const struct search *s)
{
	return s->options->seconds_max ? s->options->seconds_max - (seconds_now() - s->start) : 1e9;
}

static bool is_over(const struct search *s)
{
	return s->attempt.runs >= s->attempt.runs_max || seconds_left(s) <= 0 ||
	       (s->options->interrupted && *s->options->interrupted);
}

static void tell(struct search *s, const char *doing)
{
	struct lift_status *status = &s->result->status;

	status->runs = s->attempt.runs;
	status->seconds = seconds_now() - s->start;
	status->doing = doing;
	if (s->options->progress)
		s->options->progress(status, s->options->progress_arg);
}

/* Leaves out some switches and moves some by one occurrence: the recorder's order is right to a microsecond only. */
static void vary_hints(struct search *s, struct schedule *variant)
{
	u32 dropped_one_in = 2 + rt_random_below(&s->random, 12), moved_one_in = 2 + rt_random_below(&s->random, 12);

	schedule_init(variant);
	for (u32 i = 0; i < s->hints.count; i++) {
		struct schedule_entry entry = s->hints.entry[i];

		if (rt_random_below(&s->random, dropped_one_in) == 0)
			continue;
		if (entry.form == SCHEDULE_SEMANTIC && rt_random_below(&s->random, moved_one_in) == 0)
			entry.occurrence = max(1u, entry.occurrence + rt_random_below(&s->random, 3) - 1);
		schedule_add(variant, &entry);
	}
}

static bool search_hints(struct search *s, u64 runs, struct scenario *found)
{
	tell(s, "variants of the recorded order");
	for (u64 i = 0; i < runs && !is_over(s); i++) {
		scenario_copy(found, &s->recent);
		vary_hints(s, &found->schedule);
		if (attempt_run(&s->attempt, found))
			return true;
	}
	return false;
}

static bool search_portfolio(struct search *s, const struct scenario *in, u64 runs, const char *doing,
			     struct scenario *found)
{
	struct strategy_options options = STRATEGY_OPTIONS_DEFAULT;

	if (is_over(s))
		return false;
	tell(s, doing);
	scenario_copy(found, in);
	options.seed = rt_random_u64(&s->random);
	s->attempt.search_runs = runs;
	return attempt_explore(&s->attempt, found, "portfolio", &options, seconds_left(s), s->options->interrupted);
}

static bool search_all(struct search *s, struct scenario *found)
{
	u64 runs = FIRST_RUNS;

	while (!is_over(s)) {
		s->result->status.turn++;
		if (s->hints.count && search_hints(s, runs / 2, found))
			return true;
		if (search_portfolio(s, &s->recent, runs, "what the threads did last", found))
			return true;
		if (!scenario_equal(&s->recent, &s->earlier) &&
		    search_portfolio(s, &s->earlier, runs, "what they did in two passes", found))
			return true;
		if (!scenario_equal(&s->recent, &s->whole) &&
		    search_portfolio(s, &s->whole, runs, "the whole scenario", found))
			return true;
		runs = min(runs * 2, (u64)LONGEST_RUNS);
	}
	return false;
}

/* A folder need not have it. */
static int load_earlier(struct search *s, const char *folder, char *error, size_t size)
{
	char path[PATH_MAX];
	struct stat st;

	if ((size_t)snprintf(path, sizeof(path), "%s/earlier.pfn", folder) < sizeof(path) && stat(path, &st) == 0)
		return scenario_load(path, &s->earlier, error, size);
	scenario_copy(&s->earlier, &s->recent);
	return 0;
}

static int load(struct search *s, const char *folder, char *error, size_t size)
{
	struct folder_verdict verdict;
	char path[PATH_MAX];
	struct stat st;
	int ret = folder_read_verdict(folder, &verdict, error, size);

	if (!ret)
		ret = input_load(folder, &s->whole, error, size);
	if (ret)
		return ret;
	schedule_init(&s->whole.schedule);
	s->attempt.kind = NR_VERDICTS;
	for (u32 kind = 0; kind < NR_VERDICTS; kind++) {
		if (strcmp(verdict_name(kind), verdict.kind) == 0)
			s->attempt.kind = kind;
	}
	if (s->attempt.kind == NR_VERDICTS) {
		snprintf(error, size, "%s/verdict.txt:1:1: expected a verdict, found '%s'", folder, verdict.kind);
		return -EINVAL;
	}
	snprintf(s->attempt.signature, sizeof(s->attempt.signature), "%s", verdict.signature);
	s->attempt.fewer_places = true;
	s->result->wanted.kind = s->attempt.kind;
	snprintf(s->result->wanted.signature, sizeof(s->result->wanted.signature), "%s", verdict.signature);
	if ((size_t)snprintf(path, sizeof(path), "%s/recent.pfn", folder) >= sizeof(path)) {
		snprintf(error, size, "%.64s…: path too long", folder);
		return -ENAMETOOLONG;
	}
	if (stat(path, &st)) {
		snprintf(
			error, size,
			"%s: expected the crash folder of a stress run, found none of recent.pfn (a schedule on fibers "
			"is replayed with pfnstorm replay)",
			folder);
		return -ENOENT;
	}
	ret = scenario_load(path, &s->recent, error, size);
	if (!ret)
		ret = load_earlier(s, folder, error, size);
	if (!ret)
		ret = recording_read(folder, &s->recent, &s->hints, error, size);
	return ret;
}

int lift(const char *folder, const struct lift_options *options, struct scenario *s, struct lift_result *result,
	 char *error, size_t size)
{
	struct search *search = calloc(1, sizeof(*search));
	int ret;

	memset(result, 0, sizeof(*result));
	if (!search) {
		snprintf(error, size, "no memory for a search");
		return -ENOMEM;
	}
	search->options = options;
	search->result = result;
	search->start = seconds_now();
	search->attempt.runs_max = options->runs_max ? options->runs_max : UINT64_MAX;
	rt_random_seed(&search->random, options->seed);
	ret = load(search, folder, error, size);
	if (!ret) {
		result->status.hints = search->hints.count;
		result->lifted = search_all(search, s);
		if (result->lifted)
			result->verdict = search->attempt.last.verdict;
		tell(search, "done");
	}
	free(search);
	return ret;
}
