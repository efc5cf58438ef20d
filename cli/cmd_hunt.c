/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <string.h>

#include "cli/command.h"
#include "crashes/save.h"
#include "fuzz/family.h"
#include "fuzz/hunt.h"

#define PREY_MAX 64

struct hunt_arguments {
	struct hunt_options options;
	struct hunt_prey prey[PREY_MAX];
	u32 nr_prey;
	bool planted;
	const char *crash_dir; /* NULL: nothing is filed */
};

enum { KEY_TIME = 't', KEY_RUNS = 'n', KEY_SEED = KEY_COMMAND, KEY_PLANTED, KEY_CRASH_DIR, KEY_FAMILIES };

static const struct argp_option options[] = {
	{"time", KEY_TIME, "TIME", 0, "for each switch (default 60s)", 0},
	{"runs", KEY_RUNS, "N", 0, "for each switch, at most", 0},
	{"seed", KEY_SEED, "S", 0, "seed of all randomness (default 1)", 0},
	{"crash-dir", KEY_CRASH_DIR, "DIR", 0, "write crash folders of what is found below DIR (default: none)", 0},
	{"families", KEY_FAMILIES, "NAME[,NAME]", 0,
	 "scenarios about these operations, beside blocks that come and go; a wrong name prints all (default: any)", 0},
	{"planted", KEY_PLANTED, NULL, 0, "planted bugs too, if no switch is named", 0},
	{0},
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct hunt_arguments *a = state->input;
	char message[400];

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
	case KEY_CRASH_DIR:
		a->crash_dir = arg;
		return 0;
	case KEY_FAMILIES:
		if (families_from(arg, &a->options.families, message, sizeof(message)))
			argp_error(state, "--families: '%s': %s", arg, message);
		return 0;
	case KEY_PLANTED:
		a->planted = true;
		return 0;
	case ARGP_KEY_ARG:
		if (a->nr_prey == PREY_MAX)
			argp_error(state, "expected at most %d switches", PREY_MAX);
		if (!hunt_prey_named(arg, &a->prey[a->nr_prey++]))
			argp_error(state, "expected a bug, or DESIGN.ALTERNATIVE that is not the default, found '%s'",
				   arg);
		return 0;
	case ARGP_KEY_END:
		if (!a->options.runs_max && a->options.seconds_max <= 0)
			a->options.seconds_max = 60;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

/* "of 3 in a million": what was not seen in @runs runs comes in fewer, with a confidence of 95 %. */
static void print_result(const struct hunt_prey *prey, const struct hunt_result *r)
{
	printf("%-32s %-3s %8" PRIu64 " %7.1f  ", prey->name, r->found ? "yes" : "no", r->runs, r->seconds);
	if (r->found) {
		printf("%-18s ", r->member);
		terminal_verdict(stdout, &r->verdict);
		printf("  %s\n", r->token);
	} else if (r->runs) {
		printf("in a run of this kind with probability < %.1e\n", 3.0 / (double)r->runs);
	} else {
		printf("not looked for\n");
	}
	if (r->other_token[0]) {
		printf("  without the switch: ");
		terminal_verdict(stdout, &r->other);
		printf("  %s\n", r->other_token);
	}
	fflush(stdout);
}

/* Exit status of filing what was found. */
static int file_result(const char *dir, const struct hunt_prey *prey, const struct hunt_result *r)
{
	static struct scenario s;
	struct text_error where;
	char found_by[160], path[4096], message[512];
	const struct save_source source = {.found_by = found_by, .hits = 1, .runs = r->runs};

	if (!r->found || !dir)
		return EXIT_HELD;
	snprintf(found_by, sizeof(found_by), "hunt %s", prey->name);
	if (token_decode(r->token, &s, &where))
		return command_fail(EXIT_BROKEN, "%s: %s", prey->name, where.message);
	if (save_found(&s, dir, &source, path, sizeof(path), message, sizeof(message)))
		return command_fail(EXIT_BROKEN, "%s: %s", prey->name, message);
	printf("  %s\n", path);
	return EXIT_HELD;
}

static u32 nr_wanted(const struct hunt_arguments *a)
{
	struct hunt_prey prey;
	u32 nr = 0;

	while (!a->nr_prey && hunt_prey_at(nr, a->planted, &prey))
		nr++;
	return a->nr_prey ? a->nr_prey : nr;
}

/* The time that is left at most: most are found long before theirs is over. */
static void show_progress(const struct hunt_arguments *a, const struct hunt_prey *prey, u32 hunted, u32 wanted)
{
	char text[24];

	if (a->options.seconds_max > 0)
		terminal_progress("%s, %u of %u, %s of one core left at most", prey->name, hunted + 1, wanted,
				  terminal_seconds((wanted - hunted) * a->options.seconds_max, text));
	else
		terminal_progress("%s, %u of %u", prey->name, hunted + 1, wanted);
}

int cmd_hunt(int argc, char **argv)
{
	static const struct argp argp = {
		.options = options,
		.parser = parse,
		.args_doc = "[SWITCH...]",
		.doc = "Find known bugs from random scenarios, as somebody would who does not know them.\v"
		       "SWITCH: a bug of `pfnstorm bugs`, or DESIGN.ALTERNATIVE; none: all but planted ones. Found is "
		       "what fails with the switch on, not with it off, and not in many runs with it off. Exit status: "
		       "0 all were found, 1 some were not.",
	};
	static struct hunt_arguments a = {.options = {.seed = 1, .interrupted = &command_interrupted}};
	static struct hunt_result result;
	struct hunt_prey prey;
	u32 found = 0, hunted = 0, wanted = 0;
	int ret = EXIT_HELD;

	command_parse(&argp, argc, argv, &a);
	command_catch_interrupts();
	wanted = nr_wanted(&a);
	printf("%-32s %-3s %8s %7s  %-18s verdict\n", "switch", "", "runs", "seconds", "strategy");
	for (u32 i = 0; !command_interrupted; i++) {
		if (a.nr_prey ? i == a.nr_prey : !hunt_prey_at(i, a.planted, &prey))
			break;
		if (a.nr_prey)
			prey = a.prey[i];
		show_progress(&a, &prey, hunted, wanted);
		hunt(&prey, &a.options, &result);
		terminal_progress_end();
		hunted++;
		found += result.found;
		print_result(&prey, &result);
		ret |= file_result(a.crash_dir, &prey, &result);
	}
	printf("%u of %u found%s\n", found, hunted, command_interrupted ? ", interrupted" : "");
	if (ret)
		return ret;
	return found == hunted && !command_interrupted ? EXIT_HELD : EXIT_FOUND;
}
