/* SPDX-License-Identifier: MIT */
#if PFNSTORM_PARTS
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/command.h"
#include "cli/fuzz_status.h"
#include "fuzz/laws.h"
#include "jobs/campaign.h"
#include "jobs/doctor.h"

enum {
	KEY_ENGINE = KEY_COMMAND,
	KEY_RESUME,
	KEY_DISTILL,
	KEY_DIR,
	KEY_CORPUS,
	KEY_CRASH_DIR,
	KEY_ENGINES,
	KEY_SEEDS,
	KEY_SEED,
	KEY_TOLERATE,
	KEY_BACKOFF,
	KEY_DEATHS,
	KEY_RESERVE,
	KEY_TIMEOUT,
};

static const struct argp_option options[] = {
	{"dir", KEY_DIR, "DIR", 0, "the campaign's folder: everything it has is in it", 0},
	{"time", 't', "TIME", 0, "how long, e.g. 30m or 8h (default: until interrupted)", 0},
	{"jobs", 'j', "N", 0, "engine processes at once (default: one for each CPU)", 0},
	{"engine", KEY_ENGINE, "NAME", 0, "libfuzzer, afl or both (default libfuzzer)", 0},
	{"resume", KEY_RESUME, NULL, 0, "go on with what DIR has: corpora, counters, crashes", 0},
	{"distill", KEY_DISTILL, NULL, 0, "at the end, leave of each corpus what has all its coverage", 0},
	{"set", KEY_SET, "SWITCH=VALUE", 0, "set a design or bug switch, or era=6.1; repeatable", 1},
	{"laws", KEY_LAWS, "NAME[,NAME]|all", 0, "check these laws at each step too", 1},
	{"tolerate", KEY_TOLERATE, "WORDS", 0, "verdicts or words of signatures that are no crash; repeatable", 1},
	{"seeds", KEY_SEEDS, "DIR", 0, "inputs to begin with, instead of those of the target; repeatable", 1},
	{"seed", KEY_SEED, "S", 0, "of the engines' randomness (default 1)", 1},
	{"corpus", KEY_CORPUS, "DIR", 0, "corpora, DIR/TARGET (default: corpus/ in --dir)", 2},
	{"crash-dir", KEY_CRASH_DIR, "DIR", 0, "crash store (default: crashes/ in --dir)", 2},
	{"engines", KEY_ENGINES, "DIR", 0, "where fuzz_TARGET and afl_TARGET are (default: beside this tool)", 2},
	{"reserve", KEY_RESERVE, "MIB", 0, "of disk that stay free: engines wait below it (default 64)", 3},
	{"timeout", KEY_TIMEOUT, "SECONDS", 0, "a run that takes longer hangs (default 60)", 3},
	{"backoff", KEY_BACKOFF, "TIME", 0,
	 "until an engine that died is started again, doubled each time, up to a minute (default 1s)", 3},
	{"deaths", KEY_DEATHS, "N", 0, "in a row, after which an engine is given up (default 8)", 3},
	{0},
};

struct fuzz_arguments {
	struct campaign_options options;
	u32 nr_seeds;
};

static void append(struct argp_state *state, const char *option, char *list, size_t size, const char *item)
{
	size_t len = strlen(list);

	if ((size_t)snprintf(list + len, size - len, "%s%s", len ? "," : "", item) >= size - len)
		argp_error(state, "%s: too long", option);
}

static void add_set(struct campaign_options *o, const char *arg, struct argp_state *state)
{
	struct switches sw;
	char message[256];

	switches_default(&sw);
	if (scenario_switches_from(arg, &sw, message, sizeof(message)))
		argp_error(state, "--set %s: %s", arg, message);
	append(state, "--set", o->set, sizeof(o->set), arg);
}

static void add_laws(struct campaign_options *o, const char *arg, struct argp_state *state)
{
	struct law_set laws = {0};
	char message[256];

	if (laws_from(arg, &laws, message, sizeof(message)))
		argp_error(state, "--laws %s: %s", arg, message);
	append(state, "--laws", o->laws, sizeof(o->laws), arg);
}

static void add_target(struct campaign_options *o, const char *arg, struct argp_state *state)
{
	char all[256] = "";
	const char *name;

	for (u32 i = 0; (name = campaign_target_name(i)); i++) {
		if (strcmp(name, arg) == 0)
			break;
		append(state, "TARGET", all, sizeof(all), name);
	}
	if (!name)
		argp_error(state, "unknown target '%s', expected one of %s", arg, all);
	for (u32 i = 0; i < o->nr_targets; i++)
		if (strcmp(o->target[i], arg) == 0)
			argp_error(state, "target %s is named twice", arg);
	if (o->nr_targets == CAMPAIGN_TARGETS)
		argp_error(state, "more than %d targets", CAMPAIGN_TARGETS);
	snprintf(o->target[o->nr_targets++], sizeof(o->target[0]), "%s", arg);
}

static u32 engines_named(const char *arg, struct argp_state *state)
{
	if (strcmp(arg, "both") == 0)
		return BIT(ENGINE_LIBFUZZER) | BIT(ENGINE_AFL);
	for (u32 i = 0; i < NR_ENGINE_KINDS; i++)
		if (strcmp(arg, engine_kind_name(i)) == 0)
			return BIT(i);
	argp_error(state, "--engine: expected libfuzzer, afl or both, found '%s'", arg);
	return 0;
}

static error_t parse_rare(int key, char *arg, struct argp_state *state)
{
	struct fuzz_arguments *a = state->input;
	struct campaign_options *o = &a->options;

	switch (key) {
	case KEY_CORPUS:
		o->corpus_dir = arg;
		return 0;
	case KEY_CRASH_DIR:
		o->crash_dir = arg;
		return 0;
	case KEY_ENGINES:
		o->engines_dir = arg;
		return 0;
	case KEY_TOLERATE:
		append(state, "--tolerate", o->tolerate, sizeof(o->tolerate), arg);
		return 0;
	case KEY_SEEDS:
		if (a->nr_seeds == CAMPAIGN_SEEDS)
			argp_error(state, "more than %d times --seeds", CAMPAIGN_SEEDS);
		o->seeds[a->nr_seeds++] = arg;
		return 0;
	case KEY_SEED:
		o->seed = command_number(state, "--seed", arg, 0, UINT64_MAX);
		return 0;
	case KEY_RESERVE:
		o->reserve = command_number(state, "--reserve", arg, 0, UINT32_MAX) << 20;
		return 0;
	case KEY_TIMEOUT:
		o->run_timeout = (u32)command_number(state, "--timeout", arg, 1, 3600);
		return 0;
	case KEY_BACKOFF:
		o->backoff = command_seconds(state, "--backoff", arg);
		return 0;
	case KEY_DEATHS:
		o->deaths_max = (u32)command_number(state, "--deaths", arg, 1, 1000);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct fuzz_arguments *a = state->input;
	struct campaign_options *o = &a->options;

	switch (key) {
	case KEY_DIR:
		o->dir = arg;
		return 0;
	case 't':
		o->seconds = command_seconds(state, "--time", arg);
		return 0;
	case 'j':
		o->jobs = (u32)command_number(state, "--jobs", arg, 1, CAMPAIGN_ENGINES);
		return 0;
	case KEY_ENGINE:
		o->engines = engines_named(arg, state);
		return 0;
	case KEY_RESUME:
		o->resume = true;
		return 0;
	case KEY_DISTILL:
		o->distill = true;
		return 0;
	case KEY_SET:
		add_set(o, arg, state);
		return 0;
	case KEY_LAWS:
		add_laws(o, arg, state);
		return 0;
	case ARGP_KEY_ARG:
		add_target(o, arg, state);
		return 0;
	case ARGP_KEY_END:
		if (!o->dir)
			argp_error(state, "expected --dir DIR: where corpora, counters and crashes are kept");
		if (!o->nr_targets && !o->resume)
			argp_error(state, "expected a TARGET");
		return 0;
	default:
		return parse_rare(key, arg, state);
	}
}

static const char doc[] =
	"Fuzz targets for hours: starts engines, looks after them, keeps what they find.\v"
	"TARGET: race (operations and interleavings), sequence (operations one after another); isolation, compaction, "
	"contig, pcp, nodes, faults (race, narrowed), differential (sequence against the reference model); blocks "
	"(files of sysfs), scenario, token, jobfile (readers of text).\n\n"
	"Engines that die are started again; a crash does not end a campaign. Everything is in DIR, complete after any "
	"kill: `pfnstorm fuzz --resume --dir DIR` goes on. Crashes: `pfnstorm crashes list DIR/crashes`. For programs: "
	"DIR/stats.json. Is the machine ready? `pfnstorm doctor`.\n\n"
	"Examples:\n"
	"  pfnstorm fuzz race --dir night --time 8h --distill\n"
	"  pfnstorm fuzz race isolation pcp --engine both --jobs 8 --dir week\n"
	"  pfnstorm fuzz race --set pfn_walk=unsynchronised --dir try --time 1m\n\n"
	"Exit status: 0 nothing new was found (in any session), 1 something was, 2 bad usage, a missing engine, or a "
	"folder that cannot "
	"be "
	"used, 4 no engine could be kept alive.";

/* The command line in one line, for whoever finds the campaign running. */
static const char *words_of(int argc, char **argv)
{
	static char words[512];
	size_t len = 0;

	for (int i = 0; i < argc && len < sizeof(words); i++)
		len += (size_t)snprintf(words + len, sizeof(words) - len, "%s%s", i ? " " : "", argv[i]);
	return words;
}

/* What is bad about the machine, in a line each; engines that are missing are said better by who needs them. */
static void warn_of_machine(const struct campaign_options *o)
{
	const struct doctor_options look = {.root = "", .dir = o->dir, .engines = o->engines_dir, .path = o->path};
	static struct doctor_report report;

	doctor_look(&look, &report);
	for (u32 i = 0; i < report.nr; i++) {
		const struct doctor_line *line = &report.line[i];

		if (line->level == DOCTOR_BAD && strcmp(line->what, "engines") != 0 && strcmp(line->what, "disk") != 0)
			fprintf(stderr, "pfnstorm doctor: %s: %s: %s\n", line->what, line->found, line->advice);
	}
}

static int status_of(int ret, const char *message)
{
	return ret ? command_fail(ret == -ECHILD ? EXIT_BROKEN : EXIT_USAGE, "%s", message) : EXIT_HELD;
}

int cmd_fuzz(int argc, char **argv)
{
	static const struct argp argp = {
		.options = options, .parser = parse, .args_doc = "TARGET... --dir DIR", .doc = doc};
	static struct fuzz_arguments a;
	static struct campaign_status status;
	static char self[PATH_MAX];
	char message[1024] = "";
	ssize_t len = readlink("/proc/self/exe", self, sizeof(self) - 1);
	int ret;

	campaign_options_default(&a.options);
	a.options.seed = 1;
	a.options.words = words_of(argc, argv);
	command_parse(&argp, argc, argv, &a);
	if (len < 0)
		return command_fail(EXIT_BROKEN, "/proc/self/exe: %s", strerror(errno));
	a.options.self = self;
	a.options.report = fuzz_status_show;
	warn_of_machine(&a.options);
	ret = campaign_run(&a.options, &status, message, sizeof(message));
	terminal_progress_end();
	if (status.phase == CAMPAIGN_DONE)
		fuzz_status_sum_up(&status);
	if (ret)
		return status_of(ret, message);
	for (u32 i = 0; i < status.nr_found; i++)
		if (strcmp(status.found[i].news, "known") != 0)
			return EXIT_FOUND;
	return EXIT_HELD;
}
#endif
