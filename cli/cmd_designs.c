/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <string.h>

#include "cli/command.h"
#include "cli/json.h"
#include "crashes/trial.h"
#include "fuzz/exhaustive.h"

struct designs_arguments {
	const char *design; /* NULL: all */
	u32 bound;
	bool list;
	bool json;
};

enum { KEY_BOUND = 'b', KEY_LIST = 'l' };

static const struct argp_option options[] = {
	{"bound", KEY_BOUND, "B", 0, "search to B preemptions, 0 to 6 (default 1)", 0},
	{"list", KEY_LIST, NULL, 0, "only what there is to choose from", 0},
#if PFNSTORM_PARTS
	{"json", KEY_JSON, NULL, 0, "print JSON", 0},
#endif
	{0},
};

static bool design_named(const char *name)
{
	for (u32 d = 0; d < NR_DESIGNS; d++)
		if (strcmp(design_infos[d].name, name) == 0)
			return true;
	return false;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct designs_arguments *a = state->input;

	switch (key) {
	case KEY_BOUND:
		a->bound = (u32)command_number(state, "--bound", arg, 0, EXHAUSTIVE_BOUND_MAX);
		return 0;
	case KEY_LIST:
		a->list = true;
		return 0;
	case KEY_JSON:
		a->json = true;
		return 0;
	case ARGP_KEY_ARG:
		if (a->design || !design_named(arg))
			argp_error(state,
				   a->design ? "expected one design, found another: '%s'"
					     : "expected a design, found '%s'; --list shows them",
				   arg);
		a->design = arg;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static void print_alternative(const struct design_info *info, u32 a)
{
	printf("  %-20s %-7s %-3s  %s\n", alternative_infos[a].name, a == info->default_alternative ? "default" : "",
	       a == info->in_6_1 ? "6.1" : "", alternative_infos[a].text);
}

static void print_trial(const struct trial *t, u32 bound)
{
	if (t->by)
		printf("      broken by %s: %s: %s, after %" PRIu64 " runs\n      %s\n", t->by->name,
		       verdict_name(t->verdict.kind), t->verdict.signature, t->runs, t->token);
	else if (!t->scenarios)
		printf("      no known scenario\n");
	else
		printf("      holds: %u scenario%s, %s to bound %u, %" PRIu64 " runs\n", t->scenarios,
		       t->scenarios == 1 ? "" : "s", t->complete ? "complete" : "interrupted on the way", bound,
		       t->runs);
	fputs("      points:", stdout);
	for (u32 cost = 0; cost < NR_COSTS; cost++)
		printf("%s %s %" PRIu64, cost ? "," : "", trial_cost_text(cost), t->points[cost]);
	putchar('\n');
}

static int try_alternative(const struct designs_arguments *a, u32 design, u32 alternative)
{
	static struct trial trial;
	char error[256];

	terminal_progress("%s=%s", design_infos[design].name, alternative_infos[alternative].name);
	if (trial_run(alternative, a->bound, &command_interrupted, &trial, error, sizeof(error)))
		return command_fail(EXIT_BROKEN, "%s=%s: %s", design_infos[design].name,
				    alternative_infos[alternative].name, error);
	terminal_progress_end();
	if (a->json)
		json_add_trial(alternative, a->bound, &trial);
	else
		print_trial(&trial, a->bound);
	return EXIT_HELD;
}

static int show_design(const struct designs_arguments *a, u32 design)
{
	const struct design_info *info = &design_infos[design];
	int status = EXIT_HELD;

	if (!a->json)
		printf("%s: %s\n", info->name, info->question);
	for (u32 i = info->first; i < (u32)info->first + info->count && status == EXIT_HELD && !command_interrupted;
	     i++) {
		if (!a->json)
			print_alternative(info, i);
		if (!a->list)
			status = try_alternative(a, design, i);
		fflush(stdout);
	}
	return status;
}

int cmd_designs(int argc, char **argv)
{
	static const struct argp argp = {.options = options,
					 .parser = parse,
					 .args_doc = "[DESIGN]",
					 .doc = "The designs that --set chooses between. For each alternative: which "
						"known bug breaks it, with a token "
						"to replay, or to what bound its scenarios were searched without "
						"failure; and the scheduling points "
						"that operations take under it.\vThe searches are done now; bound 2 "
						"takes minutes. Exit status: 0."};
	struct designs_arguments a = {.bound = 1};
	int status = EXIT_HELD;

	command_parse(&argp, argc, argv, &a);
	command_catch_interrupts();
	if (a.json)
		json_designs_begin();
	for (u32 d = 0; d < NR_DESIGNS && status == EXIT_HELD && !command_interrupted; d++)
		if (!a.design || strcmp(design_infos[d].name, a.design) == 0)
			status = show_design(&a, d);
	if (a.json)
		json_designs_end(a.design);
	return status;
}
