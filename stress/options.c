/* SPDX-License-Identifier: MIT */
#include "stress/options.h"

#include <argp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "stress/mix.h"
#include "stress/trace.h"

#define SECONDS_MAX (366.0 * 86400)
#define PRIORITIES_MAX 0.5 /* far below the patience */

const char *argp_program_version = "pfnstorm-stress 0.1.0";
error_t argp_err_exit_status = EXIT_USAGE;

enum {
	KEY_MIX = 0x100,
	KEY_THREADS,
	KEY_TIME,
	KEY_ROUND,
	KEY_SEED,
	KEY_GEOMETRY,
	KEY_MACHINE,
	KEY_MEMORY,
	KEY_LIST_MIXES,
	KEY_SET,
	KEY_CRASH_DIR,
	KEY_PERTURB,
	KEY_PRIORITIES,
	KEY_FAULTS,
	KEY_FLIGHT,
	KEY_READ_FLIGHT,
	KEY_NO_RECORDER,
	KEY_CALM,
	KEY_PATIENCE,
	KEY_KEEP_GOING,
	KEY_JSON,
	KEY_QUIET
};

static const struct argp_option known_options[] = {
	{0, 0, 0, 0, "What to do:", 1},
	{"mix", KEY_MIX, "LIST", 0,
	 "Instead of a scenario: mixes by name (see --list-mixes) and operations to draw from, each with a weight. "
	 "Operations joined by '-' are done in a row on the same block and slot; 'all' is every operation with its "
	 "usual weight. Examples: walkers:2,churn:4,hotplug:1 and compact:4,walk:2,offline-remove:2,alloc-free:4",
	 1},
	{"list-mixes", KEY_LIST_MIXES, 0, 0, "Print the mixes with their operations and what they need, and end", 1},
	{"set", KEY_SET, "DESIGN=ALTERNATIVE", 0,
	 "Set a design or a bug switch, or era=6.1 (see pfnstorm designs, bugs)", 1},
	{"geometry", KEY_GEOMETRY, "NAME", 0, "tiny, small or x86-64; default: the scenario's, or tiny", 1},
	{"machine", KEY_MACHINE, "TEXT", 0,
	 "With --mix: the machine as a scenario says it; default: geometry=tiny cpus=2 blocks=8 online=0-3 normal=4 "
	 "movable=5-6, with the boot parameters, CPUs and nodes that the mixes need",
	 1},
	{"memory", KEY_MEMORY, "SIZE", 0,
	 "With --mix and without --machine: so much memory, up to 1TiB, the last of it hot-added; geometry x86-64 "
	 "unless "
	 "--geometry is given. 1 TiB takes half a minute to boot and 16 GiB",
	 1},
	{"threads", KEY_THREADS, "N", 0,
	 "Threads; tasks of a scenario are handed out in turn. Default: one per task, 4 with --mix", 1},
	{0, 0, 0, 0, "How long and how:", 2},
	{"time", KEY_TIME, "TIME", 0, "Stop after so long: 90, 90s, 5m, 2h. Default 60s", 2},
	{"round", KEY_ROUND, "TIME", 0,
	 "Let all tasks end, check every law, and boot a new machine so often. Default 5s", 2},
	{"seed", KEY_SEED, "N", 0, "Of the operations drawn and of the perturbation; default 1", 2},
	{"perturb", KEY_PERTURB, "N", 0,
	 "At each point of the code, wait a little with probability N/1024; default 48. Opens the windows of races", 2},
	{"priorities", KEY_PRIORITIES, "TIME", 0,
	 "Draw a priority for each thread so often, for example 20ms: a quarter of them gives way, and now and then "
	 "does "
	 "not run at all until the next draw. Finds what needs one thread to be left behind. Default: none",
	 2},
	{"faults", KEY_FAULTS, "N", 0, "Fail each allocation with probability N/65536; default 0", 2},
	{"calm", KEY_CALM, "WHEN", 0,
	 "When to demand that each block without unmovable pages goes offline and online again: after the laws are "
	 "checked at the end of a round (default), before, or never",
	 2},
	{"patience", KEY_PATIENCE, "TIME", 0,
	 "No task gets anywhere for so long: verdict deadlock; four times as long if they wake up and look again: "
	 "livelock. Default 5s",
	 2},
	{0, 0, 0, 0, "What comes out:", 3},
	{"flight", KEY_FLIGHT, "FILE", 0,
	 "Keep the flight recorder of all threads in FILE, which survives whatever happens to the processes", 3},
	{"read-flight", KEY_READ_FLIGHT, "FILE", 0, "Print the merged timeline that FILE holds, and end", 3},
	{"no-recorder", KEY_NO_RECORDER, 0, 0, "Keep none: faster by a few percent, and crashes have no timeline", 3},
	{"crash-dir", KEY_CRASH_DIR, "DIR", 0, "Where crash folders go; default crashes/found", 3},
	{"keep-going", KEY_KEEP_GOING, 0, 0, "Go on after a verdict until the time is up", 3},
	{"json", KEY_JSON, 0, 0, "One JSON object on standard output at the end", 3},
	{"quiet", KEY_QUIET, 0, 0, "No progress lines", 3},
	{0},
};

static const char doc[] =
	"Run the operations of a scenario, or a mix of operations, on real threads until something breaks."
	"\vThe tasks of SCENARIO (a file, a token, or - for standard input) repeat their operations for the whole "
	"time; "
	"after each pass a task undoes what it changed: what it offlined comes back online, what it removed is added "
	"again. Errors such as -EBUSY are results, not failures.\n"
	"\n"
	"A round has two phases. In the first the threads do what they can. Then it is calm: delays, failures, vetoes "
	"and pins end, and each block without unmovable pages has to go offline and online again within 3 attempts; "
	"else the verdict is 'progress'.\n"
	"\n"
	"A verdict (an oops, a deadlock, a law that does not hold at the end of a round, a race under TSan) ends the "
	"run, unless the scenario expects another one. "
	"The crash folder then holds the scenario, the verdict and the last moments of every thread in one timeline. "
	"Threads cannot be replayed exactly: a folder fixes the inputs only. Search the same scenario on fibers "
	"(pfnstorm explore) to get a schedule that can.\n"
	"\n"
	"Exit status: 0 nothing found, or what the scenario expects occurred; 1 a verdict, or the expected one did not "
	"occur; 2 bad usage or input; 4 the tool itself failed.\n"
	"\n"
	"Examples:\n"
	"  pfnstorm-stress --time 60s corpus/race/compaction-remove.pfn\n"
	"  pfnstorm-stress --set pfn_walk=unsynchronised --mix compact:4,walk:2,offline-remove:2,alloc-free:4\n"
	"  pfnstorm-stress --threads 6 --time 10m --mix all,offline-remove:20\n"
	"  pfnstorm-stress --time 5m --mix walkers:2,churn:4,hotplug:2,cpus:1,sysfs:1\n"
	"  pfnstorm-stress --memory 16GiB --threads 16 --time 5m --mix hotplug:2,compaction:1,virtio:1\n"
	"  pfnstorm-stress --threads 8 --geometry x86-64 --time 8h --keep-going --mix offline-online:1,alloc-free:3";

int complain(enum exit_status status, const char *fmt, ...)
{
	va_list args;

	fputs("pfnstorm-stress: ", stderr);
	va_start(args, fmt);
	vfprintf(stderr, fmt, args);
	va_end(args);
	fputc('\n', stderr);
	return (int)status;
}

static double seconds(struct argp_state *state, const char *option, const char *text)
{
	char *end;
	double value = strtod(text, &end);

	if (!strcmp(end, "m"))
		value *= 60;
	else if (!strcmp(end, "h"))
		value *= 3600;
	else if (!strcmp(end, "ms"))
		value /= 1000;
	else if (*end && strcmp(end, "s"))
		end = (char *)text;
	if (end == text || !(value > 0) || value > SECONDS_MAX)
		argp_error(state, "--%s %s: expected a time such as 20ms, 90s, 5m or 2h", option, text);
	return value;
}

static u64 number(struct argp_state *state, const char *option, const char *text, u64 min, u64 max)
{
	char *end;
	unsigned long long value;

	errno = 0;
	value = strtoull(text, &end, 0);
	if (end == text || *end || errno || text[0] == '-' || value < min || value > max)
		argp_error(state, "--%s %s: expected a number from %llu to %llu", option, text, (unsigned long long)min,
			   (unsigned long long)max);
	return value;
}

static enum calm calm(struct argp_state *state, const char *text)
{
	static const char *const names[] = {"after", "before", "never"};

	for (u32 i = 0; i < ARRAY_SIZE(names); i++) {
		if (!strcmp(text, names[i]))
			return i;
	}
	argp_error(state, "--calm %s: expected after, before or never", text);
	return CALM_NEVER;
}

static bool parse_amount(int key, const char *arg, struct argp_state *state, struct options *o)
{
	switch (key) {
	case KEY_THREADS:
		o->threads = (u32)number(state, "threads", arg, 1, THREADS_MAX);
		return true;
	case KEY_TIME:
		o->seconds = seconds(state, "time", arg);
		return true;
	case KEY_ROUND:
		o->round = seconds(state, "round", arg);
		return true;
	case KEY_PATIENCE:
		o->patience = seconds(state, "patience", arg);
		return true;
	case KEY_SEED:
		o->seed = number(state, "seed", arg, 0, UINT64_MAX);
		return true;
	case KEY_PERTURB:
		o->perturb = (u32)number(state, "perturb", arg, 0, 1024);
		return true;
	case KEY_PRIORITIES:
		o->priorities = seconds(state, "priorities", arg);
		if (o->priorities > PRIORITIES_MAX)
			argp_error(state, "--priorities %s: at most 500ms", arg);
		return true;
	case KEY_FAULTS:
		o->faults = (u32)number(state, "faults", arg, 0, 65536);
		return true;
	default:
		return false;
	}
}

static bool parse_choice(int key, const char *arg, struct argp_state *state, struct options *o)
{
	switch (key) {
	case KEY_MIX:
		o->mix = arg;
		return true;
	case KEY_SET:
		if (o->nr_sets == OPTIONS_SETS)
			argp_error(state, "more than %d --set", OPTIONS_SETS);
		o->set[o->nr_sets++] = arg;
		return true;
	case KEY_GEOMETRY:
		o->geometry = arg;
		return true;
	case KEY_MACHINE:
		o->machine = arg;
		return true;
	case KEY_MEMORY:
		o->memory = arg;
		return true;
	case KEY_FLIGHT:
		o->flight = arg;
		return true;
	case KEY_NO_RECORDER:
		return o->unrecorded = true;
	case KEY_CALM:
		o->calm = calm(state, arg);
		return true;
	case KEY_CRASH_DIR:
		o->crash_dir = arg;
		return true;
	case KEY_KEEP_GOING:
		return o->keep_going = true;
	case KEY_JSON:
		return o->json = true;
	case KEY_QUIET:
		return o->quiet = true;
	default:
		return false;
	}
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct options *o = state->input;

	if (parse_amount(key, arg, state, o) || parse_choice(key, arg, state, o))
		return 0;
	switch (key) {
	case KEY_READ_FLIGHT:
		exit(trace_print_flight(arg));
	case KEY_LIST_MIXES:
		mix_list();
		exit(EXIT_HELD);
	case ARGP_KEY_ARG:
		if (o->source)
			argp_error(state, "unexpected argument '%s': one scenario is enough", arg);
		o->source = arg;
		return 0;
	case ARGP_KEY_END:
		if (!o->source == !o->mix)
			argp_error(state, "expected either a SCENARIO or --mix");
		if ((o->machine || o->memory) && !o->mix)
			argp_error(state, "--machine and --memory are for --mix: a scenario has its machine");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

void options_parse(int argc, char **argv, struct options *o)
{
	static const struct argp argp = {known_options, parse, "SCENARIO\n--mix=LIST", doc, NULL, NULL, NULL};

	*o = (struct options){.seconds = 60,
			      .round = 5,
			      .seed = 1,
			      .perturb = 48,
			      .patience = 5,
			      .calm = CALM_AFTER_LAWS,
			      .crash_dir = "crashes/found"};
	argp_parse(&argp, argc, argv, 0, NULL, o);
}
