/* SPDX-License-Identifier: MIT */
#include "jobs/night_unit.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "crashes/file.h"
#include "crashes/utc.h"
#include "fuzz/token.h"
#include "jobs/unit_crashes.h"
#include "jobs/unit_process.h"

#define ATTEMPTS_MAX 2 /* of one process: a unit that a signal ended runs once more */
#define IMPORT_SECONDS 60

/* Where the files of a unit are. */
struct places {
	struct unit_places unit;
	struct harvest harvest;
	char log[PATH_MAX], found[PATH_MAX], keep[PATH_MAX], corpus[PATH_MAX];
};

struct ticking {
	struct night *n;
	struct unit *u;
};

static void say(const struct night *n, const struct unit *u, const char *what)
{
	char text[UNIT_MESSAGE_MAX + UNIT_NAME_MAX + 8];

	snprintf(text, sizeof(text), "%s: %s", u->name, what);
	n->options->say(text, n->options->arg);
}

static int find_places(const struct night *n, const struct unit *u, struct places *p)
{
	char stem[UNIT_NAME_MAX + 16];

	unit_stem(u, stem);
	if (snprintf(p->log, PATH_MAX, "%s/units/%s.log", n->path, stem) >= PATH_MAX ||
	    snprintf(p->keep, PATH_MAX, "%s/units/%s.campaign", n->path, stem) >= PATH_MAX ||
	    snprintf(p->corpus, PATH_MAX, "%s/corpus", n->dir) >= PATH_MAX ||
	    snprintf(p->found, PATH_MAX, "%s/units/%s.found", n->path, stem) >= PATH_MAX)
		return -ENAMETOOLONG;
	p->unit = (struct unit_places){
		.tool = n->options->tool, .store = n->store, .found = p->found, .keep = p->keep, .corpus = p->corpus};
	p->harvest = (struct harvest){.night = n->path,
				      .store = n->store,
				      .found = p->found,
				      .quarantine = job_number(n->settings, JOB_KEY_night_quarantine)};
	return 0;
}

/* ---- children --------------------------------------------------------------------------------------------------- */

static void tick(double seconds, void *arg)
{
	const struct ticking *t = arg;

	if (t->n->options->progress)
		t->n->options->progress(t->n, t->u, seconds, t->n->options->arg);
}

/* 0 or -errno; the caller frees p->out. */
static int run_child(struct night *n, struct unit *u, const char *const *argv, const struct places *places,
		     double seconds, struct unit_process *p)
{
	struct ticking t = {n, u};
	int ret;

	*p = (struct unit_process){.dir = n->home,
				   .argv = argv,
				   .log = places->log,
				   .lock = n->shard_lock >= 0 ? n->shard_lock : n->lock,
				   .seconds_max = seconds,
				   .tick = tick,
				   .arg = &t};
	ret = unit_process_run(p);
	u->result.seconds += p->seconds;
	u->result.cpu += p->cpu;
	n->interrupted |= p->interrupted;
	return ret;
}

/* What threads have found becomes a schedule, if one is found in time: then it is no matter of chance. */
static void lift_crashes(struct night *n, struct unit *u, const struct places *places)
{
	char **folder = unit_inexact_crashes(places->found), seconds[32];
	double limit = job_seconds(u->section, JOB_KEY_stress_lift);
	struct unit_process p;

	snprintf(seconds, sizeof(seconds), "%.3f", limit);
	for (u32 i = 0; folder && folder[i]; i++) {
		const char *const argv[] = {n->options->tool, "lift",        folder[i],    "--time", seconds,
					    "--crash-dir",    places->found, "--minimize", NULL};

		if (!n->interrupted && run_child(n, u, argv, places, limit * 2 + 30, &p) == 0)
			unit_process_free(&p);
		free(folder[i]);
	}
	free(folder);
}

/* A hunt names what fails without its switch: nobody planted that. */
static void import_others(struct night *n, struct unit *u, const struct places *places, const char *out)
{
	static const char words[] = "without the switch: ";
	static char token[TOKEN_MAX];
	struct unit_process p;

	for (const char *at = strstr(out, words); at; at = strstr(at + 1, words)) {
		const char *start = strstr(at, TOKEN_PREFIX);
		const char *const argv[] = {n->options->tool, "crashes", "import", "--store",
					    places->found,    token,     NULL};

		if (!start || strcspn(start, " \n") >= sizeof(token))
			return;
		snprintf(token, sizeof(token), "%.*s", (int)strcspn(start, " \n"), start);
		if (file_make_dirs(places->found) || run_child(n, u, argv, places, IMPORT_SECONDS, &p))
			return;
		unit_process_free(&p);
	}
}

/* ---- a unit ----------------------------------------------------------------------------------------------------- */

/* Its numbers are of the last attempt; what earlier ones found is not forgotten. */
static void begin_attempt(struct unit *u, double budget)
{
	struct unit_result *r = &u->result, old = *r;

	r->ops = NULL;
	r->crash = NULL;
	r->fixed = NULL;
	unit_result_clear(r);
	free(old.ops);
	free(old.fixed);
	r->crash = old.crash;
	r->nr_crashes = old.nr_crashes;
	r->attempt = old.attempt + 1;
	r->budget = budget;
	r->started = utc_now();
	r->outcome = UNIT_running;
}

static void fail_unit(struct unit *u, const char *what, enum unit_outcome outcome)
{
	snprintf(u->result.message, sizeof(u->result.message), "%s", what);
	u->result.outcome = outcome;
}

static void file_crashes(struct night *n, struct unit *u, const struct places *places, const struct unit_process *p)
{
	char message[UNIT_MESSAGE_MAX - 128], what[UNIT_MESSAGE_MAX];
	int ret;

	if (u->kind == JOB_stress)
		lift_crashes(n, u, places);
	if (u->kind == JOB_hunt)
		import_others(n, u, places, p->out);
	if (u->kind == JOB_bisect || u->kind == JOB_canary)
		ret = 0;
	else if (u->kind == JOB_verify)
		ret = unit_verify_end(u, &places->harvest, message, sizeof(message));
	else
		ret = unit_harvest(u, &places->harvest, message, sizeof(message));
	unit_judge(u, p->timed_out, p->interrupted);
	if (!ret)
		return;
	snprintf(what, sizeof(what), "%s%s%s", message,
		 u->kind == JOB_verify ? "" : "; the next night files what is in ",
		 u->kind == JOB_verify ? "" : places->found);
	fail_unit(u, what, UNIT_broken);
}

/* False: it did not come to an end by itself, and may be tried again. */
static bool run_once(struct night *n, struct unit *u, const struct places *places, double budget)
{
	char message[UNIT_MESSAGE_MAX];
	struct unit_process p;
	int ret;

	begin_attempt(u, budget);
	unit_command(u, &places->unit, budget);
	ret = unit_write(u, n->path);
	if (ret) {
		snprintf(n->stop, sizeof(n->stop), "units/%s.json: %s: make room, then --resume", u->name,
			 strerror(-ret));
		fail_unit(u, n->stop, UNIT_skipped);
		return true;
	}
	/* What a killed attempt left. */
	if (u->kind != JOB_verify && unit_harvest(u, &places->harvest, message, sizeof(message)))
		say(n, u, message);
	if (u->kind == JOB_verify && unit_verify_begin(u, &places->harvest, message, sizeof(message))) {
		fail_unit(u, message, UNIT_broken);
		return true;
	}
	ret = run_child(n, u, (const char *const *)u->word, places, night_timeout(u, budget), &p);
	if (ret) {
		fail_unit(u, strerror(-ret), UNIT_broken);
		return true;
	}
	u->result.exit = p.exit;
	u->result.signal = p.signal;
	unit_take_result(u, p.out, places->log, places->keep);
	file_crashes(n, u, places, &p);
	unit_process_free(&p);
	if (u->result.outcome != UNIT_broken || !u->result.signal)
		return true;
	snprintf(u->result.message, sizeof(u->result.message), "ended by signal %d", u->result.signal);
	return false;
}

static void write_unit(struct night *n, struct unit *u)
{
	char text[PATH_MAX + 128];
	int ret = unit_write(u, n->path);

	if (!ret)
		return;
	snprintf(text, sizeof(text), "its outcome cannot be written: %s; make room, then --resume", strerror(-ret));
	say(n, u, text);
	snprintf(n->stop, sizeof(n->stop), "%.200s", text);
}

void night_run_unit(struct night *n, struct unit *u)
{
	struct places places;
	double budget = night_budget(n, u);
	int ret = find_places(n, u, &places);

	if (ret) {
		fail_unit(u, strerror(-ret), UNIT_broken);
	} else if (n->stop[0] || !night_make_room(n)) {
		fail_unit(u, n->stop, UNIT_skipped);
	} else if (budget < 1 || night_left(n) < 1) {
		fail_unit(u, "the night's time was used up before it", UNIT_skipped);
	} else {
		for (u32 i = 0; i < ATTEMPTS_MAX && !n->interrupted; i++)
			if (run_once(n, u, &places, budget))
				break;
	}
	write_unit(n, u);
	if (n->options->ended)
		n->options->ended(n, u, n->options->arg);
}
