/* SPDX-License-Identifier: MIT */
/*
 * Each detector is proved by a planted bug, each known bug is found without its seed: corpus/planted/ has a small
 * scenario for every switch. With the switch, random schedules of it end in exactly the verdict it expects; without,
 * as many schedules all end ok.
 */
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fuzz/mixture.h"
#include "fuzz/scenario.h"

#define RUNS_MAX 20000    /* until a bug must have shown itself */
#define RUNS_SILENT 300   /* at least so many without it */
#define STEP_LIMIT 300000 /* a livelock needs no more to be one */
#define SCENARIOS_MAX 256

static struct scenario s;
static struct runner_result result;

/* ---- the scenarios --------------------------------------------------------------------------------------------- */

static struct planted {
	char path[768];
	char name[64];
} planted[SCENARIOS_MAX];
static u32 nr_planted;

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct planted *)a)->name, ((const struct planted *)b)->name);
}

static void find_scenarios(const char *root)
{
	char folder[512];
	struct dirent *entry;
	DIR *dir;

	snprintf(folder, sizeof(folder), "%s/corpus/planted", root);
	dir = opendir(folder);
	while (dir && (entry = readdir(dir))) {
		size_t len = strlen(entry->d_name);
		struct planted *p = &planted[nr_planted];

		if (len < 5 || len - 4 >= sizeof(p->name) || strcmp(entry->d_name + len - 4, ".pfn") != 0)
			continue;
		snprintf(p->name, sizeof(p->name), "%.*s", (int)(len - 4), entry->d_name);
		snprintf(p->path, sizeof(p->path), "%s/%s", folder, entry->d_name);
		if (++nr_planted == SCENARIOS_MAX)
			break;
	}
	if (dir)
		closedir(dir);
	qsort(planted, nr_planted, sizeof(*planted), by_name);
}

/* Takes the switch that the file is named after back. False: the scenario does not have it. */
static bool switch_off(const char *name, struct switches *sw)
{
	for (u32 bug = 0; bug < NR_BUGS; bug++) {
		bool on = sw->bug[bug];

		if (strcmp(bug_infos[bug].name, name) != 0)
			continue;
		sw->bug[bug] = 0;
		return on;
	}
	for (u32 design = 0; design < NR_DESIGNS; design++) {
		const struct alternative_info *alternative = &alternative_infos[sw->design[design]];
		char wanted[96];

		snprintf(wanted, sizeof(wanted), "%s.%s", design_infos[design].name, alternative->name);
		if (strcmp(wanted, name) != 0)
			continue;
		sw->design[design] = design_infos[design].default_alternative;
		return true;
	}
	return false;
}

/* ---- runs ------------------------------------------------------------------------------------------------------ */

/* Until a run does not end ok; number of runs, @limit + 1 if all did. */
static u32 run_until_verdict(u64 seed, u32 limit)
{
	struct mixture mixture;
	u32 run = 1;

	assert_null(mixture_create(&mixture, seed));
	while (run <= limit && mixture_run(&mixture, run, &s, NULL, &result))
		run++;
	mixture_destroy(&mixture);
	return run;
}

/*
 * Some bugs are seen in two ways, and which comes first depends on the number of plain accesses, which presets differ
 * in: a comment "# or: KIND WORDS" names the other one.
 */
static bool otherwise_expected(const char *path, const struct rt_verdict *verdict)
{
	char line[256], *word, *rest = NULL;
	bool found = false;
	FILE *f = fopen(path, "r");

	assert_non_null(f);
	while (!found && fgets(line, sizeof(line), f)) {
		if (strncmp(line, "# or: ", 6) != 0)
			continue;
		word = strtok_r(line + 6, " \n", &rest);
		found = word && strcmp(word, verdict_name(verdict->kind)) == 0;
		while (found && (word = strtok_r(NULL, " \n", &rest)))
			found = strstr(verdict->signature, word) != NULL;
	}
	fclose(f);
	return found;
}

static void fires_only_when_on(void **state)
{
	const struct planted *p = *state;
	const struct rt_verdict *verdict = &result.rt.verdict;
	char message[512];
	u32 runs, silent;

	if (scenario_load(p->path, &s, message, sizeof(message)))
		fail_msg("%s", message);
	assert_true(s.expect.set);
	runs = run_until_verdict(1, RUNS_MAX);
	printf("%s: %s [%s] after %u runs\n", p->name, verdict_name(verdict->kind), verdict->signature, runs);
	if (!scenario_expected(&s, verdict) && !otherwise_expected(p->path, verdict))
		fail_msg("expected %s %s; got %s [%s] %s", verdict_name(s.expect.kind), s.expect.words,
			 verdict_name(verdict->kind), verdict->signature, verdict->detail);
	if (!switch_off(p->name, &s.machine.sw))
		fail_msg("%s: expected the switch that the file is named after", p->path);
	silent = runs > RUNS_SILENT ? runs : RUNS_SILENT;
	runs = run_until_verdict(2, silent);
	if (runs <= silent)
		fail_msg("off, run %u: %s [%s] %s", runs, verdict_name(verdict->kind), verdict->signature,
			 verdict->detail);
}

/* ---- completeness ---------------------------------------------------------------------------------------------- */

static bool is_planted(const char *name)
{
	for (u32 i = 0; i < nr_planted; i++)
		if (strcmp(planted[i].name, name) == 0)
			return true;
	return false;
}

/* Switches whose effect is no verdict, and the test that shows it. */
static const char *const shown_elsewhere[] = {
	"auto_movable_scanned_pfn",    /* core/hotplug/policy_test.c */
	"nr_hugepages_counts_surplus", /* core/range/hugetlb_test.c */
	"hugetlb_reuses_isolated",     /* core/range/hugetlb_test.c */
	"poison_misses_pcp_page",      /* core/range/hwpoison_test.c */
};

static void every_bug_is_planted(void **state)
{
	(void)state;
	for (u32 bug = 0; bug < NR_BUGS; bug++) {
		bool shown = is_planted(bug_infos[bug].name);

		for (u32 i = 0; i < ARRAY_SIZE(shown_elsewhere); i++)
			shown |= strcmp(shown_elsewhere[i], bug_infos[bug].name) == 0;
		if (!shown)
			fail_msg("nothing proves %s", bug_infos[bug].name);
	}
}

/* Verdicts that no bug of the core can raise. */
static bool raised_elsewhere(u32 kind)
{
	return kind == VERDICT_ok || kind == VERDICT_warning /* core/rt/task_test.c */ ||
	       kind == VERDICT_crash /* of the tool */;
}

static void every_verdict_is_raised(void **state)
{
	bool raised[NR_VERDICTS] = {false};
	char message[512];

	(void)state;
	for (u32 i = 0; i < nr_planted; i++) {
		if (scenario_load(planted[i].path, &s, message, sizeof(message)))
			fail_msg("%s", message);
		raised[s.expect.kind] = true;
	}
	for (u32 kind = 0; kind < NR_VERDICTS; kind++)
		if (!raised[kind] && !raised_elsewhere(kind))
			fail_msg("nothing raises %s", verdict_name(kind));
}

int main(int argc, char **argv)
{
	static struct CMUnitTest tests[SCENARIOS_MAX + 2];
	const char *root = getenv("PFNSTORM_SOURCE_DIR");
	size_t nr = 0;

	if (!root)
		return 77;
	find_scenarios(root);
	runner_set_step_limit(STEP_LIMIT);
	if (argc == 1) {
		tests[nr++] = (struct CMUnitTest)cmocka_unit_test(every_bug_is_planted);
		tests[nr++] = (struct CMUnitTest)cmocka_unit_test(every_verdict_is_raised);
	}
	/* With arguments: those bugs alone. */
	for (u32 i = 0; i < nr_planted; i++)
		for (int j = argc > 1; j < argc; j++)
			if (j == 0 || strcmp(argv[j], planted[i].name) == 0)
				tests[nr++] = (struct CMUnitTest){.name = planted[i].name,
								  .test_func = fires_only_when_on,
								  .initial_state = &planted[i]};
	return _cmocka_run_group_tests("planted", tests, nr, NULL, NULL);
}
