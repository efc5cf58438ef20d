/* SPDX-License-Identifier: MIT */
#include <inttypes.h>

#include "cli/command.h"
#include "cli/json.h"
#include "fuzz/runner.h"

static error_t parse(int key, char *arg, struct argp_state *state)
{
	(void)arg;
	if (key != ARGP_KEY_INIT)
		return ARGP_ERR_UNKNOWN;
	state->child_inputs[0] = state->input;
	return 0;
}

static void print_text(const struct scenario *s, const struct runner_result *r)
{
	char line[256];

	terminal_token(stdout, s);
	if (r->failed_boot_op)
		printf("boot operation %u failed: %" PRId64 "\n", r->failed_boot_op, r->failed_boot_value);
	for (u32 t = 0; t < s->nr_tasks; t++) {
		for (u32 i = 0; i < s->task[t].nr_ops; i++) {
			runner_print_op(s, r, t, i, line, sizeof(line));
			puts(line);
		}
	}
	printf("%" PRIu64 " steps, %" PRIu64 " switches, hash %016" PRIx64 "\n", r->rt.steps, r->rt.switches,
	       r->rt.hash);
	terminal_verdict(stdout, &r->rt.verdict);
	if (r->rt.verdict.detail[0])
		puts(r->rt.verdict.detail);
}

int cmd_run(int argc, char **argv)
{
	static const struct argp_child children[] = {{&command_input_argp, 0, NULL, 0}, {0}};
	static const struct argp argp = {
		.parser = parse,
		.children = children,
		.args_doc = "INPUT",
		.doc = "Run a scenario once, under its schedule or, if it has none, the default one.",
	};
	static struct runner_result result;
	static struct replay replay;
	struct command_input input = {0};
	struct scenario *s;

	command_parse(&argp, argc, argv, &input);
	s = command_load(&input);
	if (runner_replay(s, &replay, 0, &result))
		return command_fail(EXIT_DRIFT, "%s: drift: %s", input.source, replay.drift.text);
	if (input.json)
		json_print_run(s, &result.rt, 1, 1);
	else
		print_text(s, &result);
	if (!scenario_expected(s, &result.rt.verdict) && s->expect.set)
		fprintf(stderr, "pfnstorm: expected %s %s\n", verdict_name(s->expect.kind), s->expect.words);
	return (int)command_status(s, &result.rt.verdict);
}
