/* SPDX-License-Identifier: MIT */
#include "jobs/engine.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "crashes/file.h"
#include "crashes/process.h"
#include "fuzz/narrow.h"
#include "jobs/child.h"

#define PATIENCE 10.0        /* of one that was asked to stop */
#define BACKOFF_MAX 60.0     /* seconds */
#define LONG_LIFE 60.0       /* seconds after which deaths are counted anew */
#define LOG_MAX (16L << 20)  /* bytes; then a log begins anew */
#define LOG_TAIL (16L << 10) /* bytes that are looked through */

/* Exit status of libFuzzer that has kept an input: of a crash, a hang, too much memory; of an interrupt. */
enum { LIBFUZZER_HANG = 70, LIBFUZZER_MEMORY = 71, LIBFUZZER_INTERRUPT = 72, LIBFUZZER_CRASH = 77 };
/* Exit status of our targets if their environment is wrong: trying again does not help. */
enum { TARGET_REFUSES = 2 };

const char *engine_state_name(enum engine_state state)
{
	static const char *const names[] = {"waits", "runs", "stops", "given up"};

	return names[state];
}

int engine_init(struct engine *e, const struct engine_campaign *c, enum engine_kind kind, const char *target,
		u32 number, char *message, size_t size)
{
	*e = (struct engine){.campaign = c, .kind = kind, .target = target, .number = number, .stability = -1};
	snprintf(e->name, sizeof(e->name), "%s-%s-%u", target, engine_kind_name(kind), number);
	if (!engine_place(kind, target, c->engines, e->program, message, size))
		return -ENOENT;
	if (kind == ENGINE_AFL && !engine_in_path("afl-fuzz", c->path, e->helper)) {
		snprintf(message, size, "afl-fuzz was not found in PATH: ./dev setup, or apt-get install afl++");
		return -ENOENT;
	}
	snprintf(e->log, sizeof(e->log), "%s/logs/%s.log", c->dir, e->name);
	return 0;
}

/* ---- command lines --------------------------------------------------------------------------------------------- */

#define WORDS 48
struct words {
	u32 nr;
	const char *word[WORDS]; /* ends with NULL: never more than WORDS - 1 are added */
};

static void __attribute__((format(printf, 2, 3))) add(struct words *w, const char *fmt, ...)
{
	va_list args;
	char *text;

	if (w->nr == WORDS - 1)
		abort();
	va_start(args, fmt);
	if (vasprintf(&text, fmt, args) < 0)
		abort();
	va_end(args);
	w->word[w->nr++] = text;
}

static void free_words(struct words *w)
{
	for (u32 i = 0; i < w->nr; i++)
		free((char *)w->word[i]);
}

/* Is the input a scenario, which the mutators of the house change? Else text or bytes. */
static bool has_scenarios(const char *target)
{
	struct mutate_options options = {0};

	return strcmp(target, "race") == 0 || strcmp(target, "sequence") == 0 || narrow_target(target, &options);
}

static u64 seed_of(const struct engine *e)
{
	return (e->campaign->seed + e->number * 1000003 + e->starts * 7919 + (e->kind == ENGINE_AFL)) % 0x7fffffff + 1;
}

static void libfuzzer_command(const struct engine *e, struct words *argv)
{
	const struct engine_campaign *c = e->campaign;
	char dict[PATH_MAX];

	add(argv, "%s", e->program);
	add(argv, "-artifact_prefix=%s/artifacts/%s/", c->dir, e->target);
	add(argv, "-reload=1");
	add(argv, "-timeout=%u", c->run_timeout);
	add(argv, "-seed=%" PRIu64, seed_of(e));
	if (engine_dictionary(e->target, dict))
		add(argv, "-dict=%s", dict);
	add(argv, "%s/%s", c->corpus, e->target);
}

static void afl_command(const struct engine *e, struct words *argv)
{
	static const char *const schedules[] = {"fast", "explore", "coe", "rare", "exploit", "lin", "quad"};
	const struct engine_campaign *c = e->campaign;
	char dict[PATH_MAX];

	add(argv, "%s", e->helper);
	add(argv, "-i");
	add(argv, "%s/%s", c->corpus, e->target);
	add(argv, "-o");
	add(argv, "%s/afl/%s", c->dir, e->target);
	/* CmpLog: readers are compiled with its callbacks. Mutators of scenarios know every constant. */
	if (e->number == 1 && !has_scenarios(e->target)) {
		add(argv, "-c");
		add(argv, "0");
	}
	if (e->number == 0) {
		add(argv, "-M");
		add(argv, "main");
		add(argv, "-F");
		add(argv, "%s/%s", c->corpus, e->target);
	} else {
		add(argv, "-S");
		add(argv, "second%u", e->number);
	}
	add(argv, "-p");
	add(argv, "%s", schedules[e->number % ARRAY_SIZE(schedules)]);
	add(argv, "-m");
	add(argv, "none");
	/* "+": seeds that take longer are left out, not an error. */
	add(argv, "-t");
	add(argv, "%u000+", c->run_timeout);
	add(argv, "-s");
	add(argv, "%" PRIu64, seed_of(e));
	if (engine_dictionary(e->target, dict)) {
		add(argv, "-x");
		add(argv, "%s", dict);
	}
	add(argv, "--");
	add(argv, "%s", e->program);
}

static void afl_environment(const struct engine *e, struct words *env)
{
	static const char *const always[] = {
		"AFL_AUTORESUME=1", "AFL_NO_UI=1", "AFL_SKIP_CPUFREQ=1", "AFL_NO_AFFINITY=1",
		/* Verdicts are kept before the process ends, so a slow core pattern loses nothing. */
		"AFL_I_DONT_CARE_ABOUT_MISSING_CRASHES=1", "AFL_IMPORT_FIRST=1",
		/* What others set for sanitizers makes afl-fuzz refuse to begin. */
		"ASAN_OPTIONS", "UBSAN_OPTIONS", "MSAN_OPTIONS", "LSAN_OPTIONS"};
	char mutator[PATH_MAX];

	for (u32 i = 0; i < ARRAY_SIZE(always); i++)
		add(env, "%s", always[i]);
	if (!has_scenarios(e->target) || !engine_mutator_place(e->program, mutator))
		return;
	add(env, "AFL_CUSTOM_MUTATOR_LIBRARY=%s", mutator);
	add(env, "AFL_CUSTOM_MUTATOR_ONLY=1");
	add(env, "PFNSTORM_MUTATE=%s", e->target);
}

static void environment(const struct engine *e, struct words *env)
{
	const struct engine_campaign *c = e->campaign;

	add(env, "PFNSTORM_SET=%s", c->set);
	add(env, c->laws[0] ? "PFNSTORM_LAWS=%s" : "PFNSTORM_LAWS%s", c->laws);
	add(env, "PFNSTORM_TOLERATE=%s", c->tolerate);
	add(env, "PFNSTORM_CRASH_DIR=%s/tokens", c->dir);
	add(env, "PFNSTORM_STATS_FILE=%s-%%p", e->stats);
	add(env, "PFNSTORM_GO_ON=1");
	add(env, "PFNSTORM_SELF_TEST");
	if (e->kind == ENGINE_AFL)
		afl_environment(e, env);
}

/* ---- life and death -------------------------------------------------------------------------------------------- */

static void shorten_log(const char *path)
{
	char old[PATH_MAX];
	struct stat st;

	if (stat(path, &st) || st.st_size < LOG_MAX ||
	    (size_t)snprintf(old, sizeof(old), "%s.old", path) >= sizeof(old))
		return;
	if (rename(path, old))
		unlink(path);
}

static void note_death(struct engine *e, double now)
{
	double wait = e->campaign->backoff;

	e->deaths++;
	e->row = now - e->started >= LONG_LIFE ? 1 : e->row + 1;
	for (u32 i = 1; i < e->row && wait < BACKOFF_MAX; i++)
		wait *= 2;
	e->not_before = now + min(wait, BACKOFF_MAX);
	e->state = e->row >= e->campaign->deaths_max ? ENGINE_GIVEN_UP : ENGINE_WAITS;
}

int engine_start(struct engine *e, const char *stats, double now)
{
	struct words argv = {0}, env = {0};
	const struct child_options options = {.argv = argv.word, .env = env.word, .out = e->log};
	pid_t pid;

	snprintf(e->stats, sizeof(e->stats), "%s", stats);
	shorten_log(e->log);
	if (e->kind == ENGINE_LIBFUZZER)
		libfuzzer_command(e, &argv);
	else
		afl_command(e, &argv);
	environment(e, &env);
	e->started = now;
	e->starts++;
	pid = child_start(&options);
	free_words(&argv);
	free_words(&env);
	if (pid < 0) {
		snprintf(e->last_words, sizeof(e->last_words), "%.100s: %s", e->program, strerror(-pid));
		note_death(e, now);
		return pid;
	}
	e->pid = pid;
	e->state = ENGINE_RUNS;
	return 0;
}

void engine_stop(struct engine *e, double now)
{
	if (e->state != ENGINE_RUNS)
		return;
	kill(e->pid, SIGTERM);
	e->asked = now;
	e->state = ENGINE_STOPS;
}

void engine_press(struct engine *e, double now)
{
	if (e->state == ENGINE_STOPS && now - e->asked > PATIENCE)
		kill(-e->pid, SIGKILL);
}

void engine_kill(struct engine *e)
{
	if (e->state == ENGINE_RUNS || e->state == ENGINE_STOPS)
		kill(-e->pid, SIGKILL);
}

/* The end of its log, terminated; the caller frees it. */
static char *log_tail(const struct engine *e)
{
	int fd = open(e->log, O_RDONLY | O_CLOEXEC);
	char *text = malloc(LOG_TAIL + 1);
	struct stat st;
	ssize_t len = -1;

	if (text && fd >= 0 && fstat(fd, &st) == 0)
		len = pread(fd, text, LOG_TAIL, st.st_size > LOG_TAIL ? st.st_size - LOG_TAIL : 0);
	if (fd >= 0)
		close(fd);
	if (len < 0) {
		free(text);
		return NULL;
	}
	text[len] = '\0';
	return text;
}

static void take_last_words(struct engine *e)
{
	static const char *const signs[] = {"PROGRAM ABORT : ", "SUMMARY: ", "ERROR: "};
	char *text = log_tail(e), *at = NULL;

	e->last_words[0] = '\0';
	if (!text)
		return;
	for (u32 i = 0; i < ARRAY_SIZE(signs) && !at; i++)
		for (char *next = strstr(text, signs[i]); next; next = strstr(next + 1, signs[i]))
			at = next;
	if (at)
		process_first_line(at, e->last_words, sizeof(e->last_words));
	else
		process_last_line(text, e->last_words, sizeof(e->last_words));
	for (char *c = e->last_words; *c; c++)
		if ((unsigned char)*c < ' ')
			*c = ' ';
	free(text);
}

static bool kept_an_input(const struct engine *e, int status)
{
	int code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;

	return e->kind == ENGINE_LIBFUZZER &&
	       (code == LIBFUZZER_HANG || code == LIBFUZZER_MEMORY || code == LIBFUZZER_CRASH);
}

void engine_ended(struct engine *e, int status, double now, char *message, size_t size)
{
	bool asked = e->state == ENGINE_STOPS;
	char how[48];

	e->pid = 0;
	message[0] = '\0';
	if (asked) {
		e->state = ENGINE_WAITS;
		return;
	}
	take_last_words(e);
	if (kept_an_input(e, status)) {
		e->crashes++;
		e->state = ENGINE_WAITS;
		e->not_before = now + (now - e->started < 1 ? e->campaign->backoff : 0);
		snprintf(message, size, "%s ended with an input it kept: %s", e->name, e->last_words);
		return;
	}
	if (WIFSIGNALED(status))
		snprintf(how, sizeof(how), "was ended by SIG%s", sigabbrev_np(WTERMSIG(status)));
	else
		snprintf(how, sizeof(how), "ended with status %d", WEXITSTATUS(status));
	note_death(e, now);
	if (WIFEXITED(status) && WEXITSTATUS(status) == TARGET_REFUSES && now - e->started < 10)
		e->state = ENGINE_GIVEN_UP;
	snprintf(message, size, "%s %s%s (%s): %s", e->name, how, e->state == ENGINE_GIVEN_UP ? ", given up" : "",
		 e->log, e->last_words);
}

/* ---- what it says of itself ------------------------------------------------------------------------------------ */

/* The number after the last @words in @text; @otherwise if there is none. */
static double number_after(const char *text, const char *words, double otherwise)
{
	const char *last = NULL;

	for (const char *at = strstr(text, words); at; at = strstr(at + 1, words))
		last = at;
	return last ? strtod(last + strlen(words), NULL) : otherwise;
}

void engine_look(struct engine *e)
{
	char path[PATH_MAX];
	char *text;

	if (e->kind == ENGINE_LIBFUZZER) {
		text = log_tail(e);
		if (text)
			e->edges = (u64)number_after(text, " cov: ", (double)e->edges);
		free(text);
		return;
	}
	if (e->number)
		snprintf(path, sizeof(path), "%s/afl/%s/second%u/fuzzer_stats", e->campaign->dir, e->target, e->number);
	else
		snprintf(path, sizeof(path), "%s/afl/%s/main/fuzzer_stats", e->campaign->dir, e->target);
	text = file_read(path, NULL);
	if (!text)
		return;
	e->edges = (u64)number_after(text, "edges_found       : ", (double)e->edges);
	e->stability = number_after(text, "stability         : ", e->stability);
	free(text);
}
