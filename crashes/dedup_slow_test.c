/* SPDX-License-Identifier: MIT */
/*
 * One record per bug: crashes of every planted and known bug, from random schedules of its scenario in corpus/planted/
 * and from random scenarios with its switch on, are filed, and each bug must have one record, each record one bug.
 *
 * What is a crash of a bug: it does not fail alike with the switch off. A quarter of them comes with four other bugs
 * switched on that are not enough for it, as in a campaign that does not know what it looks for. The store is told of
 * nothing but the crash. A first argument is the number of crashes; the table is printed.
 */
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>
#include <sys/wait.h>
#include <unistd.h>

#include "crashes/cause.h"
#include "crashes/store.h"
#include "crashes/testing.h"
#include "fuzz/generate.h"
#include "fuzz/hunt.h"
#include "fuzz/mixture.h"
#include "fuzz/record.h"

#define BUGS_MAX 256
#define CRASHES 130      /* by default */
#define RUNS_MAX 3000    /* in vain, until the next bug */
#define RUNS_A_CRASH 20  /* and so many for each crash wanted: one that comes seldom leaves its crashes to the next */
#define STEPS_MAX 100000 /* of a run, as in a hunt */
#define NOISE 4          /* other switches */
#define DOUBT_RUNS 8     /* the scenarios are known to be silent without their switch */
#define BATCH 1000       /* crashes for which the store is opened once */
#define RECORDS_MAX 8    /* of one bug: more are as wrong as many */

static struct bug {
	char name[64], path[768];
	u64 crashes, noisy;
	u32 nr_records, nr_signatures;
	char record[RECORDS_MAX][RECORD_ID_LEN + 1];
	char (*signature)[192];
} bugs[BUGS_MAX];
static u32 nr_bugs;
static u64 wanted = CRASHES;

/* ---- crashes, made in a process for each bug: with some, not every machine boots
 * -------------------------------------- */

struct maker {
	const struct bug *bug;
	u32 number;
	int fd;
	u64 quota, runs_in_vain, runs_left;
	struct hunt_prey prey;
	struct rt_random random;
	struct scenario s, with_noise;
	struct runner_result run;
};

/* The schedule as far as it fits, which becomes what happened. */
static bool fails_alike(struct maker *m, struct scenario *s, const struct rt_verdict *verdict)
{
	static struct replay replay;
	static struct recorder recorder;
	static struct schedule recorded;

	replay_init(&replay, &s->schedule, true);
	recorder_init(&recorder, &replay.strategy, &recorded);
	runner_run(s, &recorder.strategy, 0, &m->run);
	if (recorder.overflow || !cause_alike(&m->run.rt.verdict, verdict))
		return false;
	schedule_copy(&s->schedule, &recorded);
	return true;
}

static bool needs_switch(struct maker *m, const struct rt_verdict *verdict)
{
	scenario_copy(&m->with_noise, &m->s);
	m->with_noise.machine.sw = m->prey.off;
	return !fails_alike(m, &m->with_noise, verdict);
}

/* Not others that are enough to fail alike by themselves: that would be another bug. */
static bool add_noise(struct maker *m, const struct rt_verdict *verdict)
{
	u32 noise[NOISE];

	for (u32 i = 0; i < NOISE; i++)
		noise[i] = (u32)rt_random_below(&m->random, NR_BUGS);
	for (u32 with = 0; with < 2; with++) {
		scenario_copy(&m->with_noise, &m->s);
		m->with_noise.machine.sw = with ? m->prey.on : m->prey.off;
		for (u32 i = 0; i < NOISE; i++)
			m->with_noise.machine.sw.bug[noise[i]] = 1;
		if (fails_alike(m, &m->with_noise, verdict) != with)
			return false;
	}
	return strcmp(m->run.rt.verdict.signature, verdict->signature) == 0;
}

static void file(struct maker *m, const struct scenario *s, const struct rt_verdict *verdict)
{
	static char token[TOKEN_MAX];
	struct crash_facts facts = {.exact = true, .seen = 1000000 + m->number, .hits = 1, .runs = m->runs_in_vain};

	snprintf(facts.kind, sizeof(facts.kind), "%s", verdict_name(verdict->kind));
	snprintf(facts.signature, sizeof(facts.signature), "%s", verdict->signature);
	facts.token = (u32)max(token_encode(s, token, sizeof(token)), (ssize_t)0);
	cause_search(s, verdict, DOUBT_RUNS, facts.cause);
	if (!facts.cause[0] && getenv("PFNSTORM_DEDUP_SHOW"))
		fprintf(stderr, "no cause: %s\n", token);
	if (write(m->fd, &facts, sizeof(facts)) != sizeof(facts))
		_exit(1);
	m->quota--;
	m->runs_in_vain = 0;
}

/* A run that did not end ok. */
static void consider(struct maker *m)
{
	const struct rt_verdict verdict = m->run.rt.verdict;

	if (!needs_switch(m, &verdict))
		return;
	if (m->quota % 4 == 0 && add_noise(m, &verdict))
		file(m, &m->with_noise, &verdict);
	else if (fails_alike(m, &m->s, &verdict))
		file(m, &m->s, &verdict);
}

static bool wants_more(const struct maker *m)
{
	return m->quota && m->runs_left && m->runs_in_vain < RUNS_MAX;
}

static void run_schedules(struct maker *m, u32 runs)
{
	struct mixture mixture;

	if (mixture_create(&mixture, rt_random_u64(&m->random)))
		_exit(1);
	for (u32 i = 0; i < runs && wants_more(m); i++) {
		m->runs_in_vain++;
		m->runs_left--;
		if (!mixture_run(&mixture, i, &m->s, &m->s.schedule, &m->run))
			consider(m);
	}
	mixture_destroy(&mixture);
}

static void make(struct maker *m)
{
	static struct scenario planted;
	static struct generator generator;
	char message[512];

	if (scenario_load(m->bug->path, &planted, message, sizeof(message)))
		_exit(1);
	m->prey.on = planted.machine.sw;
	generator_init(&generator, m->number, 0);
	rt_random_seed(&m->random, m->number);
	runner_set_step_limit(STEPS_MAX);
	m->runs_left = RUNS_MAX + RUNS_A_CRASH * m->quota;
	while (wants_more(m)) {
		scenario_copy(&m->s, &planted);
		m->s.machine.sw = m->prey.on;
		m->s.expect.set = 0;
		run_schedules(m, 64);
		generate_machine(&generator, &m->s);
		generate_tasks(&generator, &m->s);
		run_schedules(m, 4);
	}
}

/* ---- filing ----------------------------------------------------------------------------------------------------- */

static void note(struct bug *b, const struct crash_facts *facts, const char *id)
{
	u32 i = 0;

	b->crashes++;
	while (i < b->nr_records && strcmp(b->record[i], id) != 0)
		i++;
	if (i == b->nr_records && i < RECORDS_MAX) {
		snprintf(b->record[b->nr_records++], sizeof(b->record[0]), "%s", id);
		if (i)
			printf("%s has another record: %s, %s\n", b->name, facts->cause, facts->signature);
	}
	for (i = 0; i < b->nr_signatures; i++)
		if (strcmp(b->signature[i], facts->signature) == 0)
			return;
	b->signature = realloc(b->signature, (b->nr_signatures + 1) * sizeof(*b->signature));
	assert_non_null(b->signature);
	snprintf(b->signature[b->nr_signatures++], sizeof(*b->signature), "%s", facts->signature);
}

static bool read_facts(int fd, struct crash_facts *facts)
{
	size_t len = 0;

	while (len < sizeof(*facts)) {
		ssize_t n = read(fd, (char *)facts + len, sizeof(*facts) - len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		len += (size_t)n;
	}
	return true;
}

static void file_all(struct bug *b, const char *dir, int fd)
{
	static struct store s;
	struct crash_facts facts;
	char message[512];

	while (read_facts(fd, &facts)) {
		u32 batch = 0;

		assert_int_equal(store_open(&s, dir, message, sizeof(message)), 0);
		do
			note(b, &facts, store_count(&s, &facts)->id);
		while (++batch < BATCH && read_facts(fd, &facts));
		assert_int_equal(store_close(&s, message, sizeof(message)), 0);
	}
}

static void crashes_of(struct bug *b, const char *dir, u64 quota)
{
	static struct maker m;
	int fd[2], status;
	pid_t pid;

	m.bug = b;
	m.number = (u32)(b - bugs);
	m.quota = quota;
	if (!hunt_prey_named(b->name, &m.prey))
		return;
	assert_int_equal(pipe(fd), 0);
	fflush(NULL);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		close(fd[0]);
		m.fd = fd[1];
		make(&m);
		_exit(0);
	}
	close(fd[1]);
	file_all(b, dir, fd[0]);
	close(fd[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
}

/* ---- the table -------------------------------------------------------------------------------------------------- */

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct bug *)a)->name, ((const struct bug *)b)->name);
}

static void find_bugs(const char *root)
{
	char folder[512];
	DIR *d;

	snprintf(folder, sizeof(folder), "%s/corpus/planted", root);
	d = opendir(folder);
	assert_non_null(d);
	for (struct dirent *entry = readdir(d); entry; entry = readdir(d)) {
		size_t len = strlen(entry->d_name);
		struct bug *b = &bugs[nr_bugs];

		if (len < 5 || len - 4 >= sizeof(b->name) || strcmp(entry->d_name + len - 4, ".pfn") != 0)
			continue;
		assert_true(nr_bugs < BUGS_MAX - 1);
		snprintf(b->name, sizeof(b->name), "%.*s", (int)(len - 4), entry->d_name);
		snprintf(b->path, sizeof(b->path), "%s/%s", folder, entry->d_name);
		nr_bugs++;
	}
	closedir(d);
	qsort(bugs, nr_bugs, sizeof(*bugs), by_name);
}

/* How many of the bugs before @b have one of its records. */
static u32 merged(const struct bug *b)
{
	u32 count = 0;

	for (const struct bug *other = bugs; other < b; other++)
		for (u32 i = 0; i < b->nr_records; i++)
			for (u32 j = 0; j < other->nr_records; j++)
				if (strcmp(b->record[i], other->record[j]) == 0) {
					printf("%s and %s share %s\n", b->name, other->name, b->record[i]);
					count++;
				}
	return count;
}

static void one_record_per_bug(void **state)
{
	u64 crashes = 0, records = 0, signatures = 0, split = 0, shared = 0, silent = 0;
	char dir[256];

	(void)state;
	testing_make_dir(dir, sizeof(dir));
	for (u32 i = 0; i < nr_bugs; i++) {
		u64 left = wanted - min(crashes, wanted);

		/* What one could not make, the next ones do. */
		crashes_of(&bugs[i], dir, max(left / (nr_bugs - i), (u64)1));
		crashes += bugs[i].crashes;
	}
	printf("%-40s %8s %8s %10s\n", "bug", "crashes", "records", "signatures");
	for (u32 i = 0; i < nr_bugs; i++) {
		const struct bug *b = &bugs[i];

		printf("%-40s %8llu %8u %10u\n", b->name, (unsigned long long)b->crashes, b->nr_records,
		       b->nr_signatures);
		records += b->nr_records;
		signatures += b->nr_signatures;
		split += b->nr_records > 1;
		silent += !b->crashes;
		shared += merged(b);
	}
	printf("%u bugs (%llu without a crash), %llu crashes, %llu records, %llu signatures; %llu split, %llu shared\n",
	       nr_bugs, (unsigned long long)silent, (unsigned long long)crashes, (unsigned long long)records,
	       (unsigned long long)signatures, (unsigned long long)split, (unsigned long long)shared);
	testing_remove(dir);
	assert_true(crashes > 0);
	assert_int_equal(split, 0);
	assert_int_equal(shared, 0);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(one_record_per_bug)};
	const char *root = getenv("PFNSTORM_SOURCE_DIR");

	if (!root) {
		fputs("PFNSTORM_SOURCE_DIR is not set\n", stderr);
		return 2;
	}
	if (argc > 1)
		wanted = strtoull(argv[1], NULL, 10);
	find_bugs(root);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
