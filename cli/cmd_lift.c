/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <string.h>

#include "cli/command.h"
#include "crashes/lift.h"
#include "crashes/minimize.h"
#include "crashes/save.h"

struct lift_arguments {
	const char *folder, *crash_dir;
	struct lift_options options;
	bool minimize;
};

enum { KEY_TIME = 't', KEY_RUNS = 'n', KEY_SEED = KEY_COMMAND, KEY_CRASH_DIR, KEY_MINIMIZE };

static const struct argp_option options[] = {
	{"time", KEY_TIME, "TIME", 0, "search for so long: 90, 90s, 5m (default 60s)", 0},
	{"runs", KEY_RUNS, "N", 0, "at most N runs; without --time the only limit, and the same each time", 0},
	{"seed", KEY_SEED, "N", 0, "of the search (default 1)", 0},
	{"minimize", KEY_MINIMIZE, NULL, 0, "make what was found small before it is written", 0},
	{"crash-dir", KEY_CRASH_DIR, "DIR", 0, "write the crash folder below DIR (default crashes/found)", 0},
	{0},
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct lift_arguments *a = state->input;

	switch (key) {
	case KEY_TIME:
		a->options.seconds_max = command_seconds(state, "--time", arg);
		return 0;
	case KEY_RUNS:
		a->options.runs_max = command_number(state, "--runs", arg, 1, UINT64_MAX);
		return 0;
	case KEY_SEED:
		a->options.seed = command_number(state, "--seed", arg, 0, UINT64_MAX);
		return 0;
	case KEY_MINIMIZE:
		a->minimize = true;
		return 0;
	case KEY_CRASH_DIR:
		a->crash_dir = arg;
		return 0;
	case ARGP_KEY_ARG:
		if (a->folder)
			argp_error(state, "unexpected argument '%s'", arg);
		a->folder = arg;
		return 0;
	case ARGP_KEY_END:
		if (!a->folder)
			argp_error(state, "expected the crash folder of a stress run");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static void show_progress(const struct lift_status *s, void *arg)
{
	const struct lift_arguments *a = arg;
	char runs[16], seconds[24], limit[24] = "";

	if (a->options.seconds_max)
		terminal_seconds(a->options.seconds_max, limit);
	terminal_progress("%s runs, %s%s%s: turn %u, %s", terminal_count((double)s->runs, runs),
			  terminal_seconds(s->seconds, seconds), *limit ? " of " : "", limit, s->turn, s->doing);
}

static int write_found(const struct lift_arguments *a, struct scenario *s, const struct lift_result *result)
{
	static struct minimize_result minimized;
	const struct minimize_options defaults = {0};
	char path[4096], message[512], found_by[160];

	if (a->minimize && minimize(s, &defaults, &minimized, message, sizeof(message)))
		return command_fail(EXIT_BROKEN, "minimize: %s", message);
	snprintf(found_by, sizeof(found_by), "lift --seed %" PRIu64 " %.120s", a->options.seed, a->folder);
	if (save_crash(s, a->crash_dir, found_by, path, sizeof(path), message, sizeof(message)))
		return command_fail(EXIT_BROKEN, "%s: %s", a->crash_dir, message);
	terminal_verdict(stdout, &result->verdict);
	terminal_token(stdout, s);
	printf("folder %s\n", path);
	return EXIT_HELD;
}

int cmd_lift(int argc, char **argv)
{
	static const struct argp argp = {
		.options = options,
		.parser = parse,
		.args_doc = "FOLDER",
		.doc = "Search fiber schedules for one that repeats a crash of real threads, and keep it as a crash "
		       "folder that replays. The search begins where the threads were: with what each did last, in the "
		       "order the flight recorder saw.\vExit status: 0 the same signature fired, 1 it did not within "
		       "the limits, 2 bad usage or folder.",
	};
	static struct scenario s;
	struct lift_arguments a = {.crash_dir = "crashes/found", .options = {.seed = 1}};
	struct lift_result result;
	char message[512], seconds[24];
	int ret;

	command_parse(&argp, argc, argv, &a);
	if (!a.options.seconds_max && !a.options.runs_max)
		a.options.seconds_max = 60;
	a.options.progress = show_progress;
	a.options.progress_arg = &a;
	a.options.interrupted = &command_interrupted;
	command_catch_interrupts();
	ret = lift(a.folder, &a.options, &s, &result, message, sizeof(message));
	terminal_progress_end();
	if (ret)
		return command_fail(ret == -ENOMEM ? EXIT_BROKEN : EXIT_USAGE, "%s", message);
	if (result.lifted)
		ret = write_found(&a, &s, &result);
	fprintf(stderr, "%s after %" PRIu64 " runs, %s; %u switches of the recorded order known\n",
		result.lifted ? "lifted" : "not lifted", result.status.runs,
		terminal_seconds(result.status.seconds, seconds), result.status.hints);
	return result.lifted ? ret : EXIT_FOUND;
}
