/* SPDX-License-Identifier: MIT */
/*
 * Runs the scenarios of corpus/ against mutants of core, many schedules of those that reach the mutant, and tells which
 * mutants a verdict gives away. Built in the mutated copy of the tree only (./dev mutate).
 *
 *   mutant_driver CORPUS SECONDS SEED SEEN < IDS
 *
 * For each id of standard input one line: id, how it ended (noticed, silent, unreached), runs, seconds, what was seen;
 * and SEEN/ID.pfn, the scenario that showed it.
 * Each mutant runs in a process of its own: it may crash or hang, and then is noticed too.
 */
#include <dirent.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "core/rt/mutant.h"
#include "fuzz/mixture.h"
#include "fuzz/mutate.h"
#include "fuzz/runner.h"
#include "fuzz/scenario.h"

#define SCENARIOS_MAX 2048
#define STEP_LIMIT 300000
#define PROBE_RUNS 8  /* of each scenario, to see which mutants it reaches */
#define FIRST_RUNS 8u /* of each scenario in the first round; each round has four times more */
#define RELATIVE_RUNS 8u
#define HANG_SECONDS 20

static struct subject {
	struct scenario s;
	bool sequence; /* made for one task after another */
	bool left_out; /* does not reach the mutant */
	bool noisy;    /* fails without a mutant, which only shows after many runs */
	unsigned char reach[MUTANTS_MAX];
} * subject;
static u32 nr_subjects;

static struct mixture mixture;
static struct runner_result result;
static double seconds_max, end; /* end: of the time for this mutant */
static const char *seen_folder;
static u64 runs;

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void fail(const char *what)
{
	fprintf(stderr, "mutant_driver: %s\n", what);
	exit(2);
}

static void make_strategies(u64 seed)
{
	const char *error = mixture_create(&mixture, seed);

	if (error)
		fail(error);
}

static bool run_once(const struct scenario *s, u32 number)
{
	runs++;
	return mixture_run(&mixture, number, s, NULL, &result);
}

static bool run_in_sequence(const struct scenario *s)
{
	runs++;
	runner_run(s, NULL, RUNNER_SEQUENCE, &result);
	return result.rt.verdict.kind == VERDICT_ok;
}

/* ---- scenarios ------------------------------------------------------------------------------------------------- */

static void probe(struct subject *p)
{
	unsigned char before[MUTANTS_MAX], *reached = mutants_reached();

	memcpy(before, reached, sizeof(before));
	memset(reached, 0, sizeof(before));
	runner_forget();
	run_in_sequence(&p->s);
	for (u32 i = 0; i < PROBE_RUNS && !p->sequence; i++)
		run_once(&p->s, i);
	memcpy(p->reach, reached, sizeof(p->reach));
	for (u32 i = 0; i < sizeof(before); i++)
		reached[i] |= before[i];
}

/*
 * Without bugs, and without the alternative that a file is named after: what a planted bug needs is where mutants are
 * likely to show.
 */
static void take_back_switches(struct switches *sw, const char *file)
{
	struct switches defaults;

	switches_default(&defaults);
	memcpy(sw->bug, defaults.bug, sizeof(sw->bug));
	if (strchr(file, '.') != strrchr(file, '.'))
		memcpy(sw->design, defaults.design, sizeof(sw->design));
}

static void load_folder(const char *corpus, const char *folder, bool sequence)
{
	char path[512], file[1024], message[512];
	struct dirent **entry;
	int nr;

	snprintf(path, sizeof(path), "%s/%s", corpus, folder);
	nr = scandir(path, &entry, NULL, alphasort);
	if (nr < 0)
		fail(path);
	for (int i = 0; i < nr; i++) {
		struct subject *p = &subject[nr_subjects];
		size_t len = strlen(entry[i]->d_name);

		if (len < 5 || strcmp(entry[i]->d_name + len - 4, ".pfn") != 0)
			continue;
		snprintf(file, sizeof(file), "%s/%s", path, entry[i]->d_name);
		if (nr_subjects == SCENARIOS_MAX)
			fail("too many scenarios");
		if (scenario_load(file, &p->s, message, sizeof(message)))
			fail(message);
		if (strcmp(folder, "planted") == 0)
			take_back_switches(&p->s.machine.sw, entry[i]->d_name);
		else
			switches_default(&p->s.machine.sw);
		snprintf(p->s.name, sizeof(p->s.name), "%s/%s", folder, entry[i]->d_name);
		p->sequence = sequence;
		nr_subjects++;
	}
	free(entry);
}

/* ---- a mutant -------------------------------------------------------------------------------------------------- */

static void tell(u32 id, const char *ended, double started, const char *what)
{
	const struct rt_verdict *v = &result.rt.verdict;

	printf("%u\t%s\t%" PRIu64 "\t%.1f\t%s", id, ended, runs, now() - started, what);
	if (*what && v->kind != VERDICT_ok)
		printf(": %s [%s]", verdict_name(v->kind), v->signature);
	putchar('\n');
	fflush(stdout);
}

/* For `PFNSTORM_MUTANT=ID pfnstorm explore`, which finds a schedule again. */
static void keep_scenario(const struct scenario *s, u32 id)
{
	static char text[SCENARIO_TEXT_MAX];
	char path[512];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%u.pfn", seen_folder, id);
	scenario_print(s, text, sizeof(text));
	file = fopen(path, "we");
	if (!file || fputs(text, file) < 0 || fclose(file))
		fail(path);
}

/*
 * Does the scenario fail without the mutant too, in thrice as many runs? Then the core has something to repair, and the
 * scenario tells nothing about this mutant.
 */
static bool fails_anyway(const struct scenario *s, u32 id, u32 nr_runs)
{
	static struct runner_result seen;
	bool fails = false;

	memcpy(&seen, &result, sizeof(seen));
	mutant_choose(0);
	runner_forget();
	for (u32 run = 0; run < 3 * nr_runs + 100 && !fails; run++)
		fails = !run_once(s, run);
	if (fails)
		fprintf(stderr, "%s fails without a mutant: %s [%s]\n", s->name, verdict_name(result.rt.verdict.kind),
			result.rt.verdict.signature);
	mutant_choose(id);
	runner_forget();
	memcpy(&result, &seen, sizeof(seen));
	if (!fails)
		keep_scenario(s, id);
	return fails;
}

/* Relatives of a scenario that reaches the mutant, as a fuzzer makes them. A livelock may be a long run of theirs. */
static bool relatives_are_silent(const struct scenario *s, u32 id, struct rt_random *r)
{
	static u8 bytes[SCENARIO_BYTES_MAX];
	static struct scenario child;
	static const struct places none;
	ssize_t size = scenario_encode(s, bytes, sizeof(bytes), NULL, 0);

	if (size < 0)
		return true;
	for (u32 i = 1 + rt_random_below(r, 6); i; i--)
		size = (ssize_t)mutate_scenario(bytes, (size_t)size, sizeof(bytes), rt_random_u64(r),
						&(const struct mutate_options){.mode = MUTATE_RACE}, &none);
	scenario_decode(bytes, (size_t)size, &s->machine.sw, &child);
	child.schedule.count = 0;
	if (scenario_error(&child))
		return true;
	for (u32 i = 0; i < RELATIVE_RUNS; i++)
		if (!run_once(&child, i) && result.rt.verdict.kind != VERDICT_livelock)
			return fails_anyway(&child, id, RELATIVE_RUNS);
	return true;
}

/* @nr_runs schedules of the scenario, and some of its relatives. True if all were silent. */
static bool subject_is_silent(struct subject *p, u32 id, u32 nr_runs, struct rt_random *r)
{
	for (u32 run = 0; run < nr_runs && !p->noisy && now() < end; run++)
		if (!run_once(&p->s, run)) {
			p->noisy = fails_anyway(&p->s, id, nr_runs);
			if (!p->noisy)
				return false;
		}
	for (u32 run = 0; run < nr_runs / 16 + 1 && now() < end; run++)
		if (!relatives_are_silent(&p->s, id, r))
			return false;
	return true;
}

/* Runs scenarios until a verdict or the end of the time; the name of the scenario, NULL if all was silent. */
static const char *run_mutant(u32 id, u64 seed)
{
	static struct rt_random random;
	bool any = false;

	rt_random_seed(&random, seed);
	make_strategies(seed);
	for (u32 i = 0; i < nr_subjects; i++)
		any |= subject[i].reach[id];
	for (u32 i = 0; i < nr_subjects; i++) {
		subject[i].left_out = any && id && !subject[i].reach[id];
		if (!subject[i].left_out && !run_in_sequence(&subject[i].s))
			return subject[i].s.name;
	}
	for (u32 nr_runs = FIRST_RUNS; now() < end; nr_runs *= 4)
		for (u32 i = 0; i < nr_subjects; i++)
			if (!subject[i].left_out && !subject[i].sequence &&
			    !subject_is_silent(&subject[i], id, nr_runs, &random))
				return subject[i].s.name;
	return NULL;
}

static void in_child(u32 id, u64 seed)
{
	double started = now();
	const char *seen;

	alarm((unsigned int)seconds_max + HANG_SECONDS);
	runs = 0;
	mutant_choose(id);
	runner_forget();
	memset(&result, 0, sizeof(result));
	end = started + seconds_max;
	seen = run_mutant(id, seed);
	tell(id, seen ? "noticed" : mutants_reached()[id] || !id ? "silent" : "unreached", started, seen ? seen : "");
	_exit(0);
}

static void in_parent(u32 id, pid_t pid, double started)
{
	char what[64];
	int status;

	if (waitpid(pid, &status, 0) != pid)
		fail("a child was lost");
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return;
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM)
		snprintf(what, sizeof(what), "hang");
	else
		snprintf(what, sizeof(what), "crash, status %#x", (unsigned int)status);
	memset(&result, 0, sizeof(result));
	tell(id, "noticed", started, what);
}

int main(int argc, char **argv)
{
	char line[32];
	u64 seed;

	if (argc != 5)
		fail("usage: mutant_driver CORPUS SECONDS SEED SEEN < IDS");
	seen_folder = argv[4];
	seconds_max = strtod(argv[2], NULL);
	seed = strtoull(argv[3], NULL, 10);
	subject = calloc(SCENARIOS_MAX, sizeof(*subject));
	if (!subject)
		fail("no memory");
	runner_set_step_limit(STEP_LIMIT);
	mutant_choose(0);
	make_strategies(seed);
	load_folder(argv[1], "planted", false);
	load_folder(argv[1], "race", false);
	load_folder(argv[1], "bench", false);
	load_folder(argv[1], "sequence", true);
	for (u32 i = 0; i < nr_subjects; i++)
		probe(&subject[i]);
	while (fgets(line, sizeof(line), stdin)) {
		u32 id = (u32)strtoul(line, NULL, 10);
		double started = now();
		pid_t pid = id < MUTANTS_MAX ? fork() : -1;

		if (pid < 0)
			fail("no such mutant, or no process");
		if (pid == 0)
			in_child(id, seed);
		in_parent(id, pid, started);
	}
	return 0;
}
