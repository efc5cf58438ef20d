/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cli/command.h"
#include "cli/json.h"
#include "crashes/save.h"
#include "fuzz/exhaustive.h"
#include "fuzz/explore_jobs.h"

struct explore_arguments {
	struct command_input input;
	struct explore_options options;
	u32 jobs;
	const char *crash_dir;
	bool no_crash_dir;
};

enum {
	KEY_STRATEGY = 's',
	KEY_BOUND = 'b',
	KEY_DEPTH = 'd',
	KEY_RUNS = 'n',
	KEY_TIME = 't',
	KEY_KEEP_GOING = 'k',
	KEY_JOBS = 'j',
	KEY_SEED = KEY_COMMAND,
	KEY_SWITCH_ONE_IN,
	KEY_FAULTS,
	KEY_SELECT,
	KEY_NO_PRUNE,
	KEY_CRASH_DIR,
	KEY_NO_CRASH_DIR,
};

static const struct argp_option options[] = {
	{"strategy", KEY_STRATEGY, "NAME", 0, "exhaustive (default), random, pct, pos, surw or portfolio", 0},
	{"bound", KEY_BOUND, "B", 0, "exhaustive: at most B preemptions, 0 to 6 (default 2)", 0},
	{"no-prune", KEY_NO_PRUNE, NULL, 0, "exhaustive, pos: preempt at every point, not only where it matters", 0},
	{"depth", KEY_DEPTH, "D", 0, "pct: bugs of depth D, 1 to 5 (default 3)", 0},
	{"switch-one-in", KEY_SWITCH_ONE_IN, "N", 0,
	 "random: switch at one point in N (default: varies from run to run)", 0},
	{"select", KEY_SELECT, "WHAT", 0,
	 "surw: accesses, points, or how names of points begin (default: accesses and points in turn)", 0},
	{"jobs", KEY_JOBS, "N", 0, "exhaustive: share the search between N processes, 1 to 64 (default 1)", 0},
	{"runs", KEY_RUNS, "N", 0, "stop after N runs", 0},
	{"time", KEY_TIME, "TIME", 0, "stop after this time: 30s, 5m, 2h", 0},
	{"seed", KEY_SEED, "S", 0, "seed of all randomness (default 1)", 0},
	{"faults", KEY_FAULTS, NULL, 0, "inject failures too", 0},
	{"keep-going", KEY_KEEP_GOING, NULL, 0, "collect different failures instead of stopping at the first", 0},
	{"crash-dir", KEY_CRASH_DIR, "DIR", 0, "where crash folders go (default crashes/found)", 0},
	{"no-crash-dir", KEY_NO_CRASH_DIR, NULL, 0, "write none", 0},
	{0},
};

static void parse_strategy(struct explore_arguments *a, const char *name, struct argp_state *state)
{
	char names[256];
	int len = 0;

	a->options.strategy = strategy_by_name(name);
	if (a->options.strategy)
		return;
	for (u32 i = 0; i < nr_strategies; i++)
		len += snprintf(names + len, sizeof(names) - (size_t)len, "%s%s",
				!i                      ? ""
				: i + 1 < nr_strategies ? ", "
							: " or ",
				strategy_infos[i].name);
	argp_error(state, "--strategy: expected %s, found '%s'", names, name);
}

static error_t parse_search(int key, char *arg, struct argp_state *state)
{
	struct explore_arguments *a = state->input;
	struct strategy_options *s = &a->options.strategy_options;

	switch (key) {
	case KEY_STRATEGY:
		parse_strategy(a, arg, state);
		return 0;
	case KEY_BOUND:
		s->bound = (u32)command_number(state, "--bound", arg, 0, EXHAUSTIVE_BOUND_MAX);
		return 0;
	case KEY_DEPTH:
		s->depth = (u32)command_number(state, "--depth", arg, 1, 5);
		return 0;
	case KEY_SWITCH_ONE_IN:
		s->switch_one_in = (u32)command_number(state, "--switch-one-in", arg, 1, 1000000000);
		return 0;
	case KEY_SEED:
		s->seed = command_number(state, "--seed", arg, 0, UINT64_MAX);
		return 0;
	case KEY_SELECT:
		s->select = arg;
		return 0;
	case KEY_FAULTS:
		s->faults = true;
		s->fault_one_in = 8;
		return 0;
	case KEY_NO_PRUNE:
		s->prune = false;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct explore_arguments *a = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &a->input;
		return 0;
	case KEY_RUNS:
		a->options.runs_max = command_number(state, "--runs", arg, 1, UINT64_MAX);
		return 0;
	case KEY_TIME:
		a->options.seconds_max = command_seconds(state, "--time", arg);
		return 0;
	case KEY_JOBS:
		a->jobs = (u32)command_number(state, "--jobs", arg, 1, EXPLORE_JOBS_MAX);
		return 0;
	case KEY_KEEP_GOING:
		a->options.keep_going = true;
		return 0;
	case KEY_CRASH_DIR:
		a->crash_dir = arg;
		return 0;
	case KEY_NO_CRASH_DIR:
		a->no_crash_dir = true;
		return 0;
	case ARGP_KEY_END:
		if (strcmp(a->options.strategy->name, "exhaustive") != 0 && !a->options.runs_max &&
		    a->options.seconds_max <= 0)
			argp_error(state, "--strategy %s never ends: expected --runs or --time",
				   a->options.strategy->name);
		return 0;
	default:
		return parse_search(key, arg, state);
	}
}

static void show_progress(const struct explore_status *s, void *arg)
{
	char runs[16], skipped[16], rate[16], eta[24];

	(void)arg;
	if (s->report.planned)
		terminal_progress("%s runs, %s skipped, %s/s, bound %u, %u conflicts, about %.1f %%, %s left%s",
				  terminal_count((double)s->runs, runs),
				  terminal_count((double)s->report.skipped, skipped), terminal_count(s->rate, rate),
				  s->report.level, (u32)s->report.conflicts,
				  100.0 * (double)s->report.done / (double)s->report.planned,
				  terminal_seconds(s->eta_seconds, eta), s->findings ? ", failures" : "");
	else
		terminal_progress("%s runs, %s/s, %s left%s", terminal_count((double)s->runs, runs),
				  terminal_count(s->rate, rate), terminal_seconds(s->eta_seconds, eta),
				  s->findings ? ", failures" : "");
}

static void print_result(const struct explore_result *r, const char (*folders)[4096])
{
	const struct explore_status *s = &r->status;
	char rate[16], time[24];

	terminal_progress_end();
	printf("%" PRIu64 " runs in %s (%s/s), %" PRIu64 " points", s->runs, terminal_seconds(s->seconds, time),
	       terminal_count(s->rate, rate), s->report.points);
	if (s->report.conflicts)
		printf(", %" PRIu64 " conflicts, %" PRIu64 " places to preempt", s->report.conflicts,
		       s->report.candidates);
	if (s->report.conflicts && s->report.planned)
		printf(", %" PRIu64 " schedules skipped as equivalent", s->report.skipped);
	printf("\n%s%s\n", s->report.text, s->findings ? "" : ", no failure");
	if (s->report.single)
		puts("warning: there is one interleaving only, nothing to explore");
	else if (s->same_hash)
		printf("warning: all %" PRIu64 " runs were the same interleaving\n", s->runs);
	for (u32 i = 0; i < s->findings; i++) {
		terminal_verdict(stdout, &r->finding[i].verdict);
		printf("  in run %" PRIu64 "%s%s, %" PRIu64 " time%s, %u deviation%s\n", r->finding[i].run,
		       r->finding[i].member[0] ? " by " : "", r->finding[i].member, r->finding[i].hits,
		       r->finding[i].hits == 1 ? "" : "s", r->finding[i].schedule.count,
		       r->finding[i].schedule.count == 1 ? "" : "s");
		if (folders[i][0])
			printf("  %s\n", folders[i]);
	}
	if (r->other_findings)
		printf("%" PRIu64 " more failures with other signatures\n", r->other_findings);
}

/* The path of each finding's crash folder, "" where none was written. */
static int save_findings(const struct explore_arguments *a, const struct scenario *s, const struct explore_result *r,
			 char (*folders)[4096])
{
	static struct scenario failing;
	char found_by[160], message[512];
	struct save_source source = {.found_by = found_by, .runs = r->status.runs};
	int ret = 0;

	snprintf(found_by, sizeof(found_by), "explore --strategy %s --seed %" PRIu64, a->options.strategy->name,
		 a->options.strategy_options.seed);
	for (u32 i = 0; i < r->status.findings && !a->no_crash_dir; i++) {
		scenario_copy(&failing, s);
		schedule_copy(&failing.schedule, &r->finding[i].schedule);
		laws_keep_needed(&failing.laws, &r->finding[i].verdict);
		failing.seed = a->options.strategy_options.seed;
		source.hits = r->finding[i].hits;
		if (r->finding[i].overflow || save_found(&failing, a->crash_dir, &source, folders[i],
							 sizeof(folders[i]), message, sizeof(message))) {
			ret = command_fail(EXIT_BROKEN, "%s: %s", r->finding[i].verdict.signature,
					   r->finding[i].overflow ? "the schedule has too many entries to be stored"
								  : message);
			folders[i][0] = '\0';
		}
	}
	return ret;
}

static enum exit_status status_of(const struct scenario *s, const struct explore_result *r)
{
	bool failure_expected = s->expect.set && s->expect.kind != VERDICT_ok;

	if (!r->status.findings)
		return failure_expected ? EXIT_FOUND : EXIT_HELD;
	return failure_expected && r->wanted ? EXIT_HELD : EXIT_FOUND;
}

int cmd_explore(int argc, char **argv)
{
	static const struct argp_child children[] = {{&command_input_argp, 0, NULL, 0}, {0}};
	static const struct argp argp = {
		.options = options,
		.parser = parse,
		.children = children,
		.args_doc = "INPUT",
		.doc = "Search the interleavings of a scenario for a verdict (its `expect`, else any).\v"
		       "A scenario's own schedule is not used. Exit status: 0 no failure, or the expected one was "
		       "found; 1 a failure, or the expected one was not found.",
	};
	static struct explore_result result;
	static char folders[EXPLORE_FINDINGS][4096];
	struct explore_arguments a = {
		.options = {.strategy = strategy_by_name("exhaustive"),
			    .strategy_options = STRATEGY_OPTIONS_DEFAULT,
			    .progress = show_progress,
			    .interrupted = &command_interrupted},
		.jobs = 1,
		.crash_dir = "crashes/found",
	};
	struct explore_scenario subject = {0};
	struct explore_subject s;
	struct scenario *scenario;
	int ret;

	command_parse(&argp, argc, argv, &a);
	scenario = command_load(&a.input);
	schedule_init(&scenario->schedule);
	subject.scenario = scenario;
	s = explore_subject_of(&subject);
	command_catch_interrupts();
	if (!a.input.json) {
		terminal_token(stdout, scenario);
		printf("strategy %s, seed %" PRIu64 "\n", a.options.strategy->name, a.options.strategy_options.seed);
		fflush(stdout);
	}
	ret = explore_jobs(&s, &a.options, a.jobs, &result);
	if (ret)
		return command_fail(ret == -EINVAL ? EXIT_USAGE : EXIT_BROKEN, "%s", result.error);
	ret = save_findings(&a, scenario, &result, folders);
	if (a.input.json)
		json_print_explore(scenario, a.options.strategy->name, &result, (const char(*)[4096])folders);
	else
		print_result(&result, (const char(*)[4096])folders);
	if (ret)
		return ret;
	return (int)status_of(scenario, &result);
}
