/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>

#include "cli/command.h"
#include "cli/json.h"
#include "crashes/folder.h"
#include "crashes/rebase.h"
#include "crashes/save.h"
#include "fuzz/runner.h"

struct replay_options {
	struct command_input input;
	u64 times;
	bool rebase;
	u64 runs;
};

enum { KEY_TIMES = 'n', KEY_REBASE = KEY_COMMAND, KEY_RUNS };

static const struct argp_option options[] = {
	{"times", KEY_TIMES, "N", 0, "replay N times and compare (default 2)", 0},
	{"rebase", KEY_REBASE, NULL, 0,
	 "find the failure again near the old schedule, and rewrite INPUT to where it is now", 0},
	{"runs", KEY_RUNS, "N", 0, "with --rebase: at most N runs (default 20000)", 0},
	{0},
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct replay_options *o = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &o->input;
		return 0;
	case KEY_TIMES:
		o->times = command_number(state, "--times", arg, 1, 1000000000);
		return 0;
	case KEY_REBASE:
		o->rebase = true;
		return 0;
	case KEY_RUNS:
		o->runs = command_number(state, "--runs", arg, 1, UINT64_MAX);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

/* What is to be reproduced, if the source is a crash folder that says so: "" otherwise. */
static void recorded_signature(const char *source, char *signature, size_t size)
{
	struct folder_verdict recorded;
	char message[256];
	struct stat st;

	signature[0] = '\0';
	if (stat(source, &st) == 0 && S_ISDIR(st.st_mode) &&
	    folder_read_verdict(source, &recorded, message, sizeof(message)) == 0)
		snprintf(signature, size, "%s", recorded.signature);
}

/* Was this what is to be reproduced: the folder's signature, else the expectation, else any failure? */
static bool reproduced(const char *source, const struct scenario *s, const struct rt_verdict *v)
{
	char signature[192];

	if (v->kind == VERDICT_ok)
		return false;
	recorded_signature(source, signature, sizeof(signature));
	if (signature[0])
		return strcmp(signature, v->signature) == 0;
	return !s->expect.set || s->expect.kind == VERDICT_ok || scenario_expected(s, v);
}

/* Looks near the old schedule, and writes only what was found. */
static int rebase_input(const struct replay_options *o, struct scenario *s)
{
	static struct rebase_result result;
	char signature[192], message[512];
	struct rebase_options near = {.runs_max = o->runs};
	int ret;

	recorded_signature(o->input.source, signature, sizeof(signature));
	near.signature = signature[0] ? signature : NULL;
	ret = rebase(s, &near, &result, message, sizeof(message));
	if (ret == -ENOENT) {
		printf("not found again near the schedule in %" PRIu64 " runs; nothing was written\n", result.runs);
		return EXIT_FOUND;
	}
	if (!ret && !result.exact)
		ret = save_schedule(s, o->input.source, message, sizeof(message));
	if (ret)
		return command_fail(ret == -EINVAL ? EXIT_USAGE : EXIT_BROKEN, "%s: %s", o->input.source, message);
	terminal_token(stdout, s);
	terminal_verdict(stdout, &result.verdict);
	if (result.exact)
		printf("the schedule fits as it is, hash %016" PRIx64 "\n", result.hash);
	else
		printf("%sfound again in %" PRIu64 " runs, hash %016" PRIx64 "\n", result.what, result.runs,
		       result.hash);
	return EXIT_HELD;
}

int cmd_replay(int argc, char **argv)
{
	static const struct argp_child children[] = {{&command_input_argp, 0, NULL, 0}, {0}};
	static const struct argp argp = {
		.options = options,
		.parser = parse,
		.children = children,
		.args_doc = "INPUT",
		.doc = "Repeat a failure exactly, or find it again after the code has changed.\vExit status: 1 if the "
		       "failure was reproduced, 0 if not, 3 if the schedule does not fit this build, 4 if the runs "
		       "differ. With --rebase: 0 if the failure was found again (or the schedule still fits), 1 if not "
		       "within the budget; then nothing is written.",
	};
	static struct runner_result result;
	static struct replay replay;
	struct replay_options o = {.times = 2};
	struct rt_result first;
	struct scenario *s;
	u64 identical = 0;

	command_parse(&argp, argc, argv, &o);
	if (o.rebase && (o.input.json || o.input.nr_sets))
		return command_fail(EXIT_USAGE, "replay --rebase rewrites its input: it takes no --json and no --set");
	s = command_load(&o.input);
	if (o.rebase)
		return rebase_input(&o, s);
	if (!o.input.json)
		terminal_token(stdout, s);
	for (u64 i = 0; i < o.times; i++) {
		if (runner_replay(s, &replay, 0, &result))
			return command_fail(EXIT_DRIFT, "%s: drift: %s", o.input.source, replay.drift.text);
		if (i == 0)
			first = result.rt;
		identical += result.rt.hash == first.hash && result.rt.verdict.kind == first.verdict.kind &&
			     strcmp(result.rt.verdict.signature, first.verdict.signature) == 0;
	}
	if (o.input.json) {
		json_print_run(s, &first, o.times, identical);
	} else {
		terminal_verdict(stdout, &first.verdict);
		printf("hash %016" PRIx64 ", %" PRIu64 " of %" PRIu64 " identical\n", first.hash, identical, o.times);
	}
	if (identical != o.times)
		return command_fail(EXIT_BROKEN, "%s: the runs differ", o.input.source);
	return reproduced(o.input.source, s, &first.verdict) ? EXIT_FOUND : EXIT_HELD;
}
