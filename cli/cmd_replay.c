/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>

#include "cli/command.h"
#include "cli/json.h"
#include "crashes/folder.h"
#include "fuzz/runner.h"

struct replay_options {
	struct command_input input;
	u64 times;
};

enum { KEY_TIMES = 'n' };

static const struct argp_option options[] = {
	{"times", KEY_TIMES, "N", 0, "replay N times and compare (default 2)", 0},
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
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

/* Was this what is to be reproduced: the folder's signature, else the expectation, else any failure? */
static bool reproduced(const char *source, const struct scenario *s, const struct rt_verdict *v)
{
	struct folder_verdict recorded;
	char message[256];
	struct stat st;

	if (v->kind == VERDICT_ok)
		return false;
	if (stat(source, &st) == 0 && S_ISDIR(st.st_mode) &&
	    folder_read_verdict(source, &recorded, message, sizeof(message)) == 0)
		return strcmp(recorded.signature, v->signature) == 0;
	return !s->expect.set || s->expect.kind == VERDICT_ok || scenario_expected(s, v);
}

int cmd_replay(int argc, char **argv)
{
	static const struct argp_child children[] = {{&command_input_argp, 0, NULL, 0}, {0}};
	static const struct argp argp = {
		.options = options,
		.parser = parse,
		.children = children,
		.args_doc = "INPUT",
		.doc = "Repeat a failure exactly.\vExit status: 1 if the failure was reproduced, 0 if not, 3 if the "
		       "schedule does not fit this build, 4 if the runs differ.",
	};
	static struct runner_result result;
	static struct replay replay;
	struct replay_options o = {.times = 2};
	struct rt_result first;
	struct scenario *s;
	u64 identical = 0;

	command_parse(&argp, argc, argv, &o);
	s = command_load(&o.input);
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
