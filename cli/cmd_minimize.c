/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cli/command.h"
#include "crashes/file.h"
#include "crashes/minimize.h"
#include "crashes/save.h"

struct minimize_arguments {
	struct command_input input;
	struct minimize_options options;
	const char *output, *crash_dir;
	bool check;
};

enum { KEY_OUTPUT = 'o', KEY_RUNS = 'n', KEY_SEARCH = KEY_COMMAND, KEY_CRASH_DIR, KEY_CHECK };

static const struct argp_option options[] = {
	{"output", KEY_OUTPUT, "FILE", 0, "write the scenario here (default: standard output)", 0},
	{"crash-dir", KEY_CRASH_DIR, "DIR", 0, "write a crash folder of the result below DIR", 0},
	{"runs", KEY_RUNS, "N", 0, "at most N runs in all (default 1000000)", 0},
	{"search-runs", KEY_SEARCH, "N", 0, "at most N runs to find a schedule again after a reduction (default 1500)",
	 0},
	{"check", KEY_CHECK, NULL, 0, "change nothing: can any single part be left out?", 0},
	{0},
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct minimize_arguments *a = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &a->input;
		return 0;
	case KEY_OUTPUT:
		a->output = arg;
		return 0;
	case KEY_CRASH_DIR:
		a->crash_dir = arg;
		return 0;
	case KEY_RUNS:
		a->options.runs_max = command_number(state, "--runs", arg, 1, UINT64_MAX);
		return 0;
	case KEY_SEARCH:
		a->options.search_runs = command_number(state, "--search-runs", arg, 1, UINT64_MAX);
		return 0;
	case KEY_CHECK:
		a->check = true;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static void show_progress(const struct minimize_status *s, void *arg)
{
	char runs[16];

	(void)arg;
	terminal_progress("%s runs, %u steps: %u operations, %u boot operations, %u preemptions, %u blocks (%s)",
			  terminal_count((double)s->runs, runs), s->steps, s->ops, s->boot_ops, s->preemptions,
			  s->blocks, s->doing);
}

static int write_scenario(const struct scenario *s, const char *output)
{
	char *text = malloc(SCENARIO_TEXT_MAX);
	int ret;

	if (!text)
		return command_fail(EXIT_BROKEN, "out of memory");
	scenario_print(s, text, SCENARIO_TEXT_MAX);
	if (output) {
		ret = file_replace(output, text);
		if (ret)
			ret = command_fail(EXIT_BROKEN, "%s: %s", output, strerror(-ret));
	} else {
		ret = fputs(text, stdout) < 0 ? EXIT_BROKEN : 0;
	}
	free(text);
	return ret;
}

static int fail(const struct minimize_arguments *a, int ret, const char *message)
{
	enum exit_status status = ret == -ESTALE ? EXIT_DRIFT : ret == -ENOENT ? EXIT_USAGE : EXIT_BROKEN;

	return command_fail(status, "%s: %s", a->input.source, message);
}

static int check(const struct minimize_arguments *a, const struct scenario *s)
{
	static struct minimize_result result;
	char message[512];
	int ret = minimize_check(s, &a->options, &result, message, sizeof(message));

	terminal_progress_end();
	if (ret)
		return fail(a, ret, message);
	printf("%" PRIu64 " runs, %u single parts tried: %s%s\n", result.status.runs, result.status.tried,
	       result.less[0]   ? "not minimal: without "
	       : result.minimal ? "none can be left out"
				: "budget used up, none found that can be left out",
	       result.less);
	terminal_verdict(stdout, &result.verdict);
	return result.minimal ? EXIT_HELD : EXIT_FOUND;
}

static void print_end(const struct minimize_result *result)
{
	const struct minimize_status *now = &result->status, *before = &result->before;

	fprintf(stderr,
		"%" PRIu64 " runs: tasks %u -> %u, operations %u -> %u, boot operations %u -> %u, preemptions %u -> %u",
		now->runs, before->tasks, now->tasks, before->ops, now->ops, before->boot_ops, now->boot_ops,
		before->preemptions, now->preemptions);
	if (result->minimal)
		fprintf(stderr, "; of %u single parts left none can be left out\n", now->tried);
	else
		fprintf(stderr, " (budget used up: may not be minimal)\n");
}

int cmd_minimize(int argc, char **argv)
{
	static const struct argp_child children[] = {{&command_input_argp, 0, NULL, 0}, {0}};
	static const struct argp argp = {
		.options = options,
		.parser = parse,
		.children = children,
		.args_doc = "INPUT",
		.doc = "Make a failing scenario small: operations, preemptions, counts and machine, as long as the "
		       "failure's signature stays.\vExit status: 0 if done, 2 if nothing fails, 3 if the schedule does "
		       "not "
		       "fit this build. With --check: 0 if no single part can be left out, 1 otherwise.",
	};
	static struct minimize_result result;
	struct minimize_arguments a = {.options = {.progress = show_progress}};
	char message[512], path[4096];
	struct scenario *s;
	int ret;

	command_parse(&argp, argc, argv, &a);
	if (a.input.json)
		return command_fail(EXIT_USAGE, "minimize prints a scenario, not JSON");
	s = command_load(&a.input);
	if (a.check)
		return check(&a, s);
	ret = minimize(s, &a.options, &result, message, sizeof(message));
	terminal_progress_end();
	if (ret)
		return fail(&a, ret, message);
	save_expect(s, &result.verdict);
	if (a.crash_dir && save_crash(s, a.crash_dir, "minimize", path, sizeof(path), message, sizeof(message)))
		return command_fail(EXIT_BROKEN, "%s: %s", a.crash_dir, message);
	ret = write_scenario(s, a.output);
	if (ret)
		return ret;
	print_end(&result);
	terminal_verdict(stderr, &result.verdict);
	if (a.crash_dir)
		fprintf(stderr, "%s\n", path);
	return EXIT_HELD;
}
