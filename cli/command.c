/* SPDX-License-Identifier: MIT */
#include "cli/command.h"

#include <errno.h>
#include <math.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "crashes/input.h"

static const struct argp_option input_options[] = {
	{"set", KEY_SET, "SWITCH=VALUE", 0, "set a design or bug switch, e.g. pfn_walk=rcu, or era=6.1; repeatable", 1},
	{"laws", KEY_LAWS, "NAME[,NAME]|all", 0, "check these laws at each step too, or all that can be", 1},
#if PFNSTORM_PARTS
	{"json", KEY_JSON, NULL, 0, "print the result as JSON", 1},
#endif
	{0},
};

static error_t parse_input(int key, char *arg, struct argp_state *state)
{
	struct command_input *input = state->input;

	switch (key) {
	case KEY_SET:
		if (input->nr_sets == COMMAND_SETS)
			argp_error(state, "more than %u times --set", COMMAND_SETS);
		input->set[input->nr_sets++] = arg;
		return 0;
	case KEY_LAWS:
		input->laws = arg;
		return 0;
	case KEY_JSON:
		input->json = true;
		return 0;
	case ARGP_KEY_ARG:
		if (input->source)
			argp_error(state, "unexpected argument '%s': expected one INPUT", arg);
		input->source = arg;
		return 0;
	case ARGP_KEY_END:
		if (!input->source)
			argp_error(state,
				   "expected INPUT: a scenario file, a crash folder, a token, or - for standard input");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

const struct argp command_input_argp = {.options = input_options, .parser = parse_input};

void command_parse(const struct argp *argp, int argc, char **argv, void *input)
{
	argp_err_exit_status = EXIT_USAGE;
	if (argp_parse(argp, argc, argv, 0, NULL, input))
		exit(EXIT_USAGE);
}

static error_t parse_listing(int key, char *arg, struct argp_state *state)
{
	bool *json = state->input;

	if (key == ARGP_KEY_ARG)
		argp_error(state, "unexpected argument '%s'", arg);
	if (key != KEY_JSON)
		return ARGP_ERR_UNKNOWN;
	*json = true;
	return 0;
}

bool command_parse_listing(const char *doc, int argc, char **argv)
{
	static const struct argp_option listing_options[] = {
#if PFNSTORM_PARTS
		{"json", KEY_JSON, NULL, 0, "print JSON", 0},
#endif
		{0},
	};
	struct argp argp = {.options = listing_options, .parser = parse_listing, .doc = doc};
	bool json = false;

	command_parse(&argp, argc, argv, &json);
	return json;
}

u64 command_number(struct argp_state *state, const char *option, const char *text, u64 min, u64 max)
{
	char *end;
	unsigned long long n;

	errno = 0;
	n = strtoull(text, &end, 0);
	if (errno || end == text || *end || text[0] == '-' || n < min || n > max)
		argp_error(state, "%s: expected a number from %llu to %llu, found '%s'", option,
			   (unsigned long long)min, (unsigned long long)max, text);
	return n;
}

double command_seconds(struct argp_state *state, const char *option, const char *text)
{
	char *end;
	double n = strtod(text, &end);
	double unit = *end == 'm' ? 60 : *end == 'h' ? 3600 : 1;

	if (end == text || !(n > 0) || !isfinite(n) || (*end && (!strchr("smh", *end) || end[1])))
		argp_error(state, "%s: expected a time like 90, 30s, 5m or 2h, found '%s'", option, text);
	return n * unit;
}

volatile int command_interrupted;

static void on_interrupt(int signal_number)
{
	command_interrupted = 1;
	signal(signal_number, SIG_DFL);
}

void command_catch_interrupts(void)
{
	signal(SIGINT, on_interrupt);
	signal(SIGTERM, on_interrupt);
}

int command_fail(enum exit_status status, const char *fmt, ...)
{
	va_list args;

	terminal_progress_end();
	fputs("pfnstorm: ", stderr);
	va_start(args, fmt);
	vfprintf(stderr, fmt, args);
	va_end(args);
	fputc('\n', stderr);
	return (int)status;
}

struct scenario *command_load(const struct command_input *input)
{
	static struct scenario scenario;
	char message[512];
	const char *wrong;

	if (input_load(input->source, &scenario, message, sizeof(message)))
		exit(command_fail(EXIT_USAGE, "%s", message));
	for (u32 i = 0; i < input->nr_sets; i++)
		if (scenario_switches_from(input->set[i], &scenario.machine.sw, message, sizeof(message)))
			exit(command_fail(EXIT_USAGE, "--set %s: %s", input->set[i], message));
	if (input->laws && laws_from(input->laws, &scenario.laws, message, sizeof(message)))
		exit(command_fail(EXIT_USAGE, "--laws %s: %s", input->laws, message));
	wrong = scenario_error(&scenario);
	if (wrong)
		exit(command_fail(EXIT_USAGE, "%s: %s", input->source, wrong));
	return &scenario;
}

enum exit_status command_status(const struct scenario *s, const struct rt_verdict *verdict)
{
	return scenario_expected(s, verdict) ? EXIT_HELD : EXIT_FOUND;
}
