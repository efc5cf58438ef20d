/* SPDX-License-Identifier: MIT */
#include "cli/command.h"
#include "crashes/explain.h"

struct explain_options {
	struct command_input input;
	bool all, points;
	enum explain_as as;
};

enum { KEY_ALL = 'a', KEY_POINTS = KEY_COMMAND, KEY_MAIL, KEY_HTML, KEY_TRACE };

static const struct argp_option options[] = {
	{"all", KEY_ALL, NULL, 0, "every point in the diagram", 0},
	{"points", KEY_POINTS, NULL, 0, "print every point of the run, one a line, instead", 0},
	{"mail", KEY_MAIL, NULL, 0, "72 columns wide, as a patch description wants it", 0},
	{"html", KEY_HTML, NULL, 0, "a page for a browser instead: a lane per task", 0},
	{"trace", KEY_TRACE, NULL, 0, "JSON for Perfetto or chrome://tracing instead", 0},
	{0},
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct explain_options *o = state->input;

	(void)arg;
	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &o->input;
		return 0;
	case KEY_ALL:
		o->all = true;
		return 0;
	case KEY_POINTS:
		o->points = true;
		return 0;
	case KEY_MAIL:
		o->as = EXPLAIN_MAIL;
		return 0;
	case KEY_HTML:
		o->as = EXPLAIN_HTML;
		return 0;
	case KEY_TRACE:
		o->as = EXPLAIN_TRACE;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

int cmd_explain(int argc, char **argv)
{
	static const struct argp_child children[] = {{&command_input_argp, 0, NULL, 0}, {0}};
	static const struct argp argp = {
		.options = options,
		.parser = parse,
		.children = children,
		.args_doc = "INPUT",
		.doc = "Replay a run, draw its interleaving, a column per task, and decode its verdict.",
	};
	struct explain_options o = {0};
	struct explanation e;
	struct scenario *s;
	char message[512];
	int ret;

	command_parse(&argp, argc, argv, &o);
	if (o.input.json)
		return command_fail(EXIT_USAGE, "explain has no --json; --trace is JSON for trace viewers");
	s = command_load(&o.input);
	ret = explain(s, o.all, o.as, &e, message, sizeof(message));
	if (ret)
		return command_fail(ret == -ESTALE ? EXIT_DRIFT : EXIT_BROKEN, "%s: %s", o.input.source, message);
	if (o.points)
		fputs(e.trace, stdout);
	else if (e.page)
		fputs(e.page, stdout);
	else
		printf("%s\n%s", e.diagram, e.verdict);
	ret = (int)command_status(s, &e.result);
	explanation_free(&e);
	return ret;
}
