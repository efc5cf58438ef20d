/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/command.h"
#include "crashes/file.h"

#if PFNSTORM_PARTS
#include "cli/nightly_cluster.h"

struct nightly_arguments {
	struct night_options options;
	bool dry_run, json;
	struct cluster_arguments cluster;
};

enum {
	KEY_TIME = 't',
	KEY_DIR = KEY_COMMAND,
	KEY_RESUME,
	KEY_ONLY,
	KEY_DRY_RUN,
	KEY_SEED,
	KEY_SHARD,
	KEY_NIGHT,
	KEY_MERGE,
	KEY_SLURM,
	KEY_SHARDS,
	KEY_SLURM_OPTION,
	KEY_PRINT,
};

static const struct argp_option options[] = {
	{"dir", KEY_DIR, "DIR", 0, "the folder of all nights: their results, the crash store, what campaigns keep", 0},
	{"resume", KEY_RESUME, NULL, 0, "go on with the last night: what has not ended runs (again)", 0},
	{"time", KEY_TIME, "TIME", 0, "the night's time instead of that of the job file: 90, 30s, 5m, 8h", 0},
	{"only", KEY_ONLY, "UNIT", 0, "these units only: a name, or how names begin: verify, fuzz, explore-x", 0},
	{"dry-run", KEY_DRY_RUN, NULL, 0, "print the plan: units, seconds, runs, seeds, shards; nothing is started", 0},
	{"seed", KEY_SEED, "S", 0, "the night's seed instead of that of the job file, or of a random one", 0},
	{"shard", KEY_SHARD, "K/N", 0, "every Nth unit, from the Kth on (0 to N-1); the others are others' work", 0},
	{"night", KEY_NIGHT, "ID", 0, "name of the night, the same for all its shards (default: time and seed)", 0},
	{"json", KEY_JSON, NULL, 0, "print the result, or the plan, as JSON", 0},
	{"merge", KEY_MERGE, NULL, 0, "make one night of shards, whose folders are named instead of JOBFILE", 1},
	{"slurm", KEY_SLURM, NULL, 0, "submit the night: a job array over --shards, and a job that merges them", 1},
	{"shards", KEY_SHARDS, "N", 0, "how many of them", 1},
	{"slurm-option", KEY_SLURM_OPTION, "WORD", 0, "a word more for sbatch: --partition=long; repeatable", 1},
	{"print", KEY_PRINT, NULL, 0, "with --slurm: print the scripts, submit nothing", 1},
	{0},
};

static void parse_shard(struct nightly_arguments *a, const char *text, struct argp_state *state)
{
	char *end;
	unsigned long k, n;

	k = strtoul(text, &end, 10);
	n = *end == '/' ? strtoul(end + 1, &end, 10) : 0;
	if (*end || text[0] == '-' || n < 1 || n > NIGHT_SHARDS_MAX || k >= n)
		argp_error(state, "--shard: expected K/N with K from 0 to N-1, N at most %d, found '%s'",
			   NIGHT_SHARDS_MAX, text);
	a->options.shard = (u32)k;
	a->options.shards = (u32)n;
}

static error_t parse_cluster(struct cluster_arguments *c, int key, char *arg, struct argp_state *state)
{
	switch (key) {
	case KEY_MERGE:
		c->merge = true;
		return 0;
	case KEY_SLURM:
		c->slurm = true;
		return 0;
	case KEY_SHARDS:
		c->shards = (u32)command_number(state, "--shards", arg, 1, NIGHT_SHARDS_MAX);
		return 0;
	case KEY_SLURM_OPTION:
		if (c->nr_options == CLUSTER_OPTIONS_MAX)
			argp_error(state, "more than %u times --slurm-option", CLUSTER_OPTIONS_MAX);
		c->option[c->nr_options++] = arg;
		return 0;
	case KEY_PRINT:
		c->print = true;
		return 0;
	case ARGP_KEY_ARG:
		if (c->nr_words == CLUSTER_WORDS_MAX)
			argp_error(state, "more than %u folders", CLUSTER_WORDS_MAX);
		c->word[c->nr_words++] = arg;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static void check_arguments(struct nightly_arguments *a, struct argp_state *state)
{
	const struct cluster_arguments *c = &a->cluster;

	if (!c->merge && c->nr_words > 1)
		argp_error(state, "unexpected argument '%s': expected one JOBFILE", c->word[1]);
	if (!c->merge && !c->nr_words)
		argp_error(state, "expected JOBFILE; docs/NIGHTLY.md describes it");
	if (c->merge && !c->nr_words && !a->options.id)
		argp_error(state, "--merge: expected folders of shards, or --night ID of one that no shard has begun");
	if (!a->options.dir && !a->dry_run)
		argp_error(state, "expected --dir DIR");
	if (c->slurm != (c->shards > 0))
		argp_error(state, "expected --slurm and --shards N together");
	if (c->slurm + c->merge + (a->options.resume || a->options.shards > 1) > 1)
		argp_error(state, "expected --slurm, --merge, or --resume and --shard");
	a->options.jobfile = c->word[0];
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct nightly_arguments *a = state->input;

	switch (key) {
	case KEY_DIR:
		a->options.dir = arg;
		return 0;
	case KEY_RESUME:
		a->options.resume = true;
		return 0;
	case KEY_TIME:
		a->options.time = command_seconds(state, "--time", arg);
		return 0;
	case KEY_ONLY:
		a->options.only = arg;
		return 0;
	case KEY_DRY_RUN:
		a->dry_run = true;
		return 0;
	case KEY_SEED:
		a->options.seed = command_number(state, "--seed", arg, 0, UINT64_MAX);
		a->options.seed_given = true;
		return 0;
	case KEY_SHARD:
		parse_shard(a, arg, state);
		return 0;
	case KEY_NIGHT:
		a->options.id = arg;
		return 0;
	case KEY_JSON:
		a->json = true;
		return 0;
	case ARGP_KEY_END:
		check_arguments(a, state);
		return 0;
	default:
		return parse_cluster(&a->cluster, key, arg, state);
	}
}

/* ---- the plan --------------------------------------------------------------------------------------------------- */

static void print_plan(const struct night *n)
{
	char time[24], budget[24], runs[24];

	printf("%s, %s, seed 0x%llx, %u of %u units\n", job_text(n->settings, JOB_KEY_night_name),
	       terminal_seconds(n->budget, time), (unsigned long long)n->seed, n->nr_units, n->nr_planned);
	printf("%-40s %5s %10s %10s %18s\n", "unit", "shard", "at most", "runs", "seed");
	for (u32 i = 0; i < n->nr_units; i++) {
		const struct unit *u = &n->unit[i];

		if (u->runs)
			snprintf(runs, sizeof(runs), "%llu", (unsigned long long)u->runs);
		printf("%-40s %5u %10s %10s %#18llx\n", u->name, u->shard, terminal_seconds(night_budget(n, u), budget),
		       u->runs ? runs : "", (unsigned long long)u->seed);
	}
	if (!jobfile_section(&n->job, JOB_canary))
		puts("no [canary]: nothing will show that the detectors work");
}

/* Names and numbers need no escapes. */
static void print_plan_json(const struct night *n)
{
	printf("{\"seed\":\"0x%llx\",\"budget_s\":%.3f,\"planned\":%u,\"units\":[", (unsigned long long)n->seed,
	       n->budget, n->nr_planned);
	for (u32 i = 0; i < n->nr_units; i++) {
		const struct unit *u = &n->unit[i];

		printf("%s\n{\"unit\":\"%s\",\"kind\":\"%s\",\"shard\":%u,\"budget_s\":%.3f,\"runs\":%llu,\"seed\":"
		       "\"0x%llx\"}",
		       i ? "," : "", u->name, job_kinds[u->kind].name, u->shard, night_budget(n, u),
		       (unsigned long long)u->runs, (unsigned long long)u->seed);
	}
	puts("\n]}");
}

/* ---- the night -------------------------------------------------------------------------------------------------- */

static void show_progress(const struct night *n, const struct unit *u, double seconds, void *arg)
{
	char at[24], budget[24], left[24];
	u32 done = 0;

	(void)arg;
	for (u32 i = 0; i < n->nr_units; i++)
		done += unit_outcome_ended(n->unit[i].result.outcome);
	terminal_progress("%u of %u units, %s: %s of at most %s; the night has %s left at most", done, n->nr_units,
			  u->name, terminal_seconds(seconds, at), terminal_seconds(u->result.budget, budget),
			  terminal_seconds(night_left(n), left));
}

static void show_ended(const struct night *n, const struct unit *u, void *arg)
{
	const struct nightly_arguments *a = arg;
	char time[24];

	(void)n;
	terminal_progress_end();
	if (a->json)
		return;
	printf("%-11s %-32s %9s  %s\n", unit_outcome_text(u->result.outcome), u->name,
	       terminal_seconds(u->result.seconds, time), u->result.message);
	for (u32 i = 0; i < u->result.nr_crashes; i++) {
		const struct unit_crash *c = &u->result.crash[i];

		printf("  %-9s %s %s%s\n", c->news, c->record, c->signature,
		       c->quarantined ? " (in quarantine: seen on threads only)" : "");
	}
	fflush(stdout);
}

static void show_text(const char *text, void *arg)
{
	(void)arg;
	terminal_progress_end();
	fprintf(stderr, "pfnstorm: nightly: %s\n", text);
}

static void print_file(const char *path)
{
	char *text = file_read(path, NULL);

	fputs(text ? text : "null", stdout);
	free(text);
}

/* The files of the night, as they are. */
static void print_json(const struct night *n)
{
	char path[PATH_MAX + UNIT_NAME_MAX + 32], stem[UNIT_NAME_MAX + 16];

	fputs("{\"night\":", stdout);
	snprintf(path, sizeof(path), "%s/night.json", n->path);
	print_file(path);
	printf(",\n\"exit\":%d,\"units\":[", n->exit);
	for (u32 i = 0; i < n->nr_units; i++) {
		unit_stem(&n->unit[i], stem);
		snprintf(path, sizeof(path), "%s/units/%s.json", n->path, stem);
		fputs(i ? ",\n" : "\n", stdout);
		print_file(path);
	}
	puts("]}");
}

static void print_result(const struct night *n)
{
	char summary[512];

	night_summary(n, summary, sizeof(summary));
	printf("night %s %s\n%s\n", n->id, summary, n->path);
}

static int run(struct nightly_arguments *a, struct night *n)
{
	char message[1024];
	int ret = night_prepare(n, &a->options, message, sizeof(message));

	if (ret)
		return command_fail(EXIT_USAGE, "%s", message);
	if (a->dry_run) {
		if (a->json)
			print_plan_json(n);
		else
			print_plan(n);
		return EXIT_HELD;
	}
	ret = night_run(n, message, sizeof(message));
	terminal_progress_end();
	if (ret)
		return command_fail(ret == -EINVAL || ret == -ENOENT
					    ? EXIT_USAGE
					    : (enum exit_status)night_outcome_exit(NIGHT_infrastructure),
				    "%s", message);
	if (a->json)
		print_json(n);
	else
		print_result(n);
	return n->exit;
}

int cmd_nightly(int argc, char **argv)
{
	static const struct argp argp = {
		.options = options,
		.parser = parse,
		.args_doc = "JOBFILE\n--merge FOLDER...",
		.doc = "Run the campaigns, explorations, stress runs, canaries and verification that a job file "
		       "names.\v"
		       "Exit status: 0 green, 1 a new failure or a unit that did not end in time, 2 bad usage or job "
		       "file, 5 a "
		       "canary did not fire, 6 something that was fixed is back, 7 something could not run.",
	};
	static struct night night;
	static char tool[PATH_MAX];
	struct nightly_arguments a = {.options = {.shards = 1,
						  .version = PFNSTORM_VERSION,
						  .tool = tool,
						  .progress = show_progress,
						  .ended = show_ended,
						  .say = show_text,
						  .arg = &a}};
	ssize_t len = readlink("/proc/self/exe", tool, sizeof(tool) - 1);
	int ret;

	command_parse(&argp, argc, argv, &a);
	if (len < 0)
		return command_fail(EXIT_BROKEN, "/proc/self/exe: %s", strerror(errno));
	tool[len] = 0;
	if (a.cluster.merge)
		return cluster_merge(&a.cluster, &a.options, a.json);
	if (a.cluster.slurm)
		return cluster_submit(&a.cluster, &a.options);
	ret = run(&a, &night);
	night_free(&night);
	return ret;
}
#endif
