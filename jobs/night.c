/* SPDX-License-Identifier: MIT */
#include "jobs/night.h"

#include <errno.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "crashes/file.h"
#include "crashes/utc.h"
#include "fuzz/seconds.h"
#include "jobs/hook.h"
#include "jobs/night_unit.h"
#include "jobs/unit_process.h"

#define GIT_SECONDS 30

static const struct {
	const char *text;
	int exit;
} outcomes[] = {
#define NIGHT_OUTCOME_WORD(id, exit, help) {#id, exit},
#include "jobs/night_outcomes.def"
#undef NIGHT_OUTCOME_WORD
};

const char *night_outcome_text(enum night_outcome outcome)
{
	return outcomes[outcome].text;
}

int night_outcome_exit(enum night_outcome outcome)
{
	return outcomes[outcome].exit;
}

/* ---- what it came to -------------------------------------------------------------------------------------------- */

static bool has_regressed(const struct unit_result *r)
{
	for (u32 i = 0; i < r->nr_crashes; i++)
		if (strcmp(r->crash[i].news, "regressed") == 0)
			return true;
	return false;
}

enum night_outcome night_judge(const struct unit *unit, u32 count, bool interrupted)
{
	bool regression = false, canary = false, found = false, broken = false, open = interrupted, ran = false;

	for (u32 i = 0; i < count; i++) {
		const struct unit_result *r = &unit[i].result;

		/* What led to a regression is worth knowing; that it could not be found out makes nothing worse. */
		if (unit[i].kind == JOB_bisect)
			continue;
		regression |= has_regressed(r);
		canary |= r->outcome == UNIT_silent || (unit[i].kind == JOB_canary && r->outcome == UNIT_timeout);
		found |= r->outcome == UNIT_found || r->outcome == UNIT_timeout;
		broken |= r->outcome == UNIT_broken || r->outcome == UNIT_skipped;
		open |= r->outcome == UNIT_running || r->outcome == UNIT_interrupted;
		ran |= r->outcome != UNIT_broken && r->outcome != UNIT_skipped;
	}
	if (count && !ran && !interrupted)
		return NIGHT_infrastructure;
	if (regression)
		return NIGHT_regression;
	if (canary)
		return NIGHT_canary;
	if (found)
		return NIGHT_found;
	if (open)
		return NIGHT_interrupted;
	return broken ? NIGHT_infrastructure : NIGHT_green;
}

void night_summary(const struct night *n, char *buf, size_t size)
{
	struct text_out out = {buf, size, 0};
	const char *between = "";

	text_put(&out, "%s: %u units: ", night_outcome_text(n->outcome), n->nr_units);
	for (u32 o = 0; o < NR_UNIT_OUTCOMES; o++) {
		u32 count = 0;

		for (u32 i = 0; i < n->nr_units; i++)
			count += n->unit[i].result.outcome == o && (o != UNIT_running || n->unit[i].result.attempt);
		if (!count)
			continue;
		text_put(&out, "%s%u %s", between, count, unit_outcome_text((enum unit_outcome)o));
		between = ", ";
	}
}

/* ---- time ------------------------------------------------------------------------------------------------------- */

double night_left(const struct night *n)
{
	return n->budget - n->spent - (seconds_now() - n->began);
}

/* What is not given a fixed time gets its share of what is left when it begins, so no time is lost that another saved.
 */
double night_budget(const struct night *n, const struct unit *u)
{
	double left = night_left(n), reserved = 0;
	u64 weights = 0;

	if (u->time > 0 || u->limit > 0 || !u->weight)
		return u->time > 0 ? u->time : u->limit > 0 ? u->limit : left;
	for (u32 i = 0; i < n->nr_units; i++) {
		const struct unit *other = &n->unit[i];

		if (unit_outcome_ended(other->result.outcome))
			continue;
		reserved += other->time;
		weights += other->weight;
	}
	return (left - reserved) * (double)u->weight / (double)max(weights, (u64)1);
}

double night_timeout(const struct unit *u, double budget)
{
	if (u->timeout > 0)
		return u->timeout;
	/* What has a limit ends by itself before; what is told a time gets some more to finish. */
	return u->limit > 0 || u->runs ? budget : budget * 1.25 + 30;
}

/* ---- preparing -------------------------------------------------------------------------------------------------- */

static int read_job(struct night *n, char *message, size_t size)
{
	const char *path = n->options->jobfile;
	struct text_error error = {0};
	char *copy = realpath(path, NULL);
	size_t len;

	n->job_text = copy ? file_read(copy, &len) : NULL;
	if (!n->job_text) {
		snprintf(message, size, "%s: %s", path, strerror(errno));
		free(copy);
		return -EINVAL;
	}
	snprintf(n->home, sizeof(n->home), "%s", dirname(copy));
	free(copy);
	if (jobfile_parse(n->job_text, len, &n->job, &error)) {
		snprintf(message, size, "%s:%u:%u: %s", path, error.line, error.column, error.message);
		return -EINVAL;
	}
	n->settings = jobfile_section(&n->job, JOB_night);
	return 0;
}

static u64 some_seed(void)
{
	u64 seed = 0;
	FILE *f = fopen("/dev/urandom", "re");

	if (!f || fread(&seed, sizeof(seed), 1, f) != 1)
		seed = utc_now() ^ (u64)getpid() << 40;
	if (f)
		fclose(f);
	return seed >> 32 ?: 1;
}

/* The revision of the tree that the tool is built from, if the job file says where that is. */
static void find_revision(struct night *n)
{
	const struct job_section *s = jobfile_section(&n->job, JOB_bisect);
	const char *const argv[] = {"git", "rev-parse", "--verify", "HEAD", NULL};
	char repo[PATH_MAX];
	struct unit_process p = {.dir = repo, .argv = argv, .lock = -1, .seconds_max = GIT_SECONDS};

	snprintf(n->revision, sizeof(n->revision), "%s", n->options->version);
	if (!s ||
	    snprintf(repo, sizeof(repo), "%s%s%s", *job_text(s, JOB_KEY_bisect_repo) == '/' ? "" : n->home,
		     *job_text(s, JOB_KEY_bisect_repo) == '/' ? "" : "/", job_text(s, JOB_KEY_bisect_repo)) >= PATH_MAX)
		return;
	unit_signals_block();
	if (unit_process_run(&p) == 0 && p.exit == 0)
		snprintf(n->revision, sizeof(n->revision), "%.*s", (int)strcspn(p.out, "\n"), p.out);
	unit_process_free(&p);
	unit_signals_restore();
}

static void drop_units(struct night *n)
{
	for (u32 i = 0; i < n->nr_units; i++)
		unit_free(&n->unit[i]);
	free(n->unit);
	n->unit = NULL;
	n->nr_units = 0;
}

int night_prepare(struct night *n, const struct night_options *options, char *message, size_t size)
{
	int ret;

	*n = (struct night){.options = options, .lock = -1, .shard_lock = -1};
	n->began = seconds_now();
	snprintf(n->only, sizeof(n->only), "%s", options->only ? options->only : "");
	gethostname(n->host, sizeof(n->host) - 1);
	ret = read_job(n, message, size);
	if (ret)
		return ret;
	n->seed = options->seed_given                        ? options->seed
		  : job_has(n->settings, JOB_KEY_night_seed) ? job_number(n->settings, JOB_KEY_night_seed)
							     : some_seed();
	n->budget = options->time > 0 ? options->time : job_seconds(n->settings, JOB_KEY_night_time);
	return night_plan(n, message, size);
}

void night_free(struct night *n)
{
	drop_units(n);
	night_unlock(n);
	jobfile_free(&n->job);
	free(n->job_text);
	n->job_text = NULL;
}

/* ---- running ---------------------------------------------------------------------------------------------------- */

/* What units of an earlier process, or of an earlier start of this shard, have come to. */
static void read_units(struct night *n)
{
	char text[UNIT_NAME_MAX + 64];

	for (u32 i = 0; i < n->nr_units; i++) {
		enum job_kind kind = n->unit[i].kind;

		if (unit_read(&n->unit[i], n->path) == -EINVAL) {
			snprintf(text, sizeof(text), "units/%s.json cannot be read: set aside, the unit runs again",
				 n->unit[i].name);
			n->options->say(text, n->options->arg);
		}
		n->unit[i].kind = kind;
		n->spent += n->unit[i].result.seconds;
	}
}

static int begin(struct night *n, char *message, size_t size)
{
	char path[PATH_MAX];
	bool joins = n->options->id &&
		     snprintf(path, sizeof(path), "%s/nights/%s", n->dir, n->options->id) < PATH_MAX &&
		     access(path, F_OK) == 0;
	int ret;

	if (!n->options->resume && !joins) {
		find_revision(n);
		return night_create(n, message, size);
	}
	drop_units(n);
	snprintf(n->revision, sizeof(n->revision), "%s", n->options->version);
	ret = night_reopen(n, message, size);
	if (!ret)
		ret = night_plan(n, message, size);
	if (!ret)
		read_units(n);
	return ret;
}

static void run_units(struct night *n)
{
	for (u32 i = 0; i < n->nr_units && !(n->interrupted |= unit_signals_came()); i++)
		if (!unit_outcome_ended(n->unit[i].result.outcome))
			night_run_unit(n, &n->unit[i]);
	if (!n->interrupted)
		night_bisect(n);
}

static void end(struct night *n)
{
	char message[512];
	enum night_outcome own = night_judge(n->unit, n->nr_units, n->interrupted);
	int ret = night_write(n, !n->interrupted);

	if (ret) {
		snprintf(message, sizeof(message), "%s/night.json: %s; make room, then --resume", n->path,
			 strerror(-ret));
		n->options->say(message, n->options->arg);
	}
	/* Of its own units: another shard has its own status. */
	n->outcome = own;
	n->exit = night_outcome_exit(own);
	night_drop_logs(n, job_number(n->settings, JOB_KEY_night_keep));
	if (n->ended && strcmp(job_text(n->settings, JOB_KEY_night_report), "yes") == 0 &&
	    !night_report(n, message, sizeof(message)))
		n->options->say(message, n->options->arg);
	if (hooks_run(n, message, sizeof(message)))
		n->options->say(message, n->options->arg);
}

static bool all_ended(const struct night *n)
{
	for (u32 i = 0; i < n->nr_units; i++)
		if (!unit_outcome_ended(n->unit[i].result.outcome))
			return false;
	return true;
}

int night_run(struct night *n, char *message, size_t size)
{
	char text[NIGHT_ID_MAX + 64];
	int ret = night_lock(n, message, size);

	if (ret)
		return ret;
	ret = begin(n, message, size);
	if (ret)
		return ret;
	n->outcome = n->options->shards == 1 ? night_judge_folder(n) : night_judge(n->unit, n->nr_units, false);
	n->exit = night_outcome_exit(n->outcome);
	if (n->options->resume && n->ended && all_ended(n)) {
		snprintf(text, sizeof(text), "night %s has ended: nothing to go on with", n->id);
		n->options->say(text, n->options->arg);
		return 0;
	}
	n->ended = 0;
	unit_signals_block();
	if (n->options->shards == 1)
		night_adopt(n);
	run_units(n);
	end(n);
	unit_signals_restore();
	return 0;
}
