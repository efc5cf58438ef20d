/* SPDX-License-Identifier: MIT */
#include "crashes/minimize.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crashes/attempt.h"
#include "crashes/reductions.h"
#include "crashes/settle.h"
#include "fuzz/record.h"
#include "fuzz/runner.h"

#define SEARCH_RUNS 1500
#define RUNS_MAX 1000000

struct minimizer {
	struct attempt attempt;
	const struct minimize_options *options;
	struct minimize_status *status;
	struct scenario *best, *candidate;
	bool search; /* look for another schedule where the old one does not do any more */
	bool check;  /* keep nothing, only tell in @less what could go */
	u32 tried;   /* single parts in this pass */
	struct text_out less;
};

static void describe(const struct scenario *s, struct minimize_status *status)
{
	status->tasks = s->nr_tasks;
	status->ops = scenario_nr_ops(s);
	status->boot_ops = s->nr_boot_ops;
	status->preemptions = schedule_preemptions(&s->schedule);
	status->entries = s->schedule.count;
	status->blocks = s->machine.blocks;
	status->cpus = s->machine.cpus;
}

static void report(struct minimizer *m, const char *doing)
{
	describe(m->best, m->status);
	m->status->doing = doing;
	m->status->runs = m->attempt.runs;
	if (m->options->progress)
		m->options->progress(m->status, m->options->progress_arg);
}

/* What counts as smaller: operations and schedule entries most, then boot, counts, machine. */
static u64 weight(const struct scenario *s)
{
	u64 w = 4000ULL * scenario_nr_ops(s) + 4000ULL * s->schedule.count + 2000ULL * s->nr_boot_ops +
		2000ULL * s->nr_tasks;

	return w + reductions_machine_weight(s);
}

/*
 * Tries the candidate, which is without part number @at of a kind, or without several of them; keeps it if it fails the
 * same way and is smaller.
 */
static bool keep(struct minimizer *m, const char *doing, u32 at, bool several, bool search)
{
	u32 bound = min(m->best->schedule.count, 2u);
	bool same;

	if (weight(m->candidate) >= weight(m->best) || scenario_error(m->candidate))
		return false;
	m->tried += !several;
	same = search ? attempt_search(&m->attempt, m->candidate, bound) : attempt_run(&m->attempt, m->candidate);

	if (!same || weight(m->candidate) >= weight(m->best))
		return false;
	if (m->check) {
		text_put(&m->less, "%s%s: number %u", m->less.len ? ", " : "", doing, at + 1);
		return false;
	}
	scenario_copy(m->best, m->candidate);
	m->status->steps++;
	report(m, doing);
	return true;
}

/* ddmin over schedule entries: halves, quarters, …, single entries. */
static bool reduce_schedule(struct minimizer *m)
{
	bool any = false;

	for (u32 chunk = max(m->best->schedule.count / 2, 1u); m->best->schedule.count; chunk /= 2) {
		for (u32 at = 0; at < m->best->schedule.count;) {
			scenario_copy(m->candidate, m->best);
			for (u32 i = 0; i < chunk && at < m->candidate->schedule.count; i++)
				schedule_remove(&m->candidate->schedule, at);
			if (keep(m, "preemptions", at, chunk > 1, false))
				any = true;
			else
				at += chunk;
		}
		if (chunk <= 1)
			break;
	}
	return any;
}

/* Is there a schedule with fewer deviations than the one that entries can be taken out of? */
static bool reduce_bound(struct minimizer *m)
{
	u32 entries = m->best->schedule.count;

	for (u32 bound = 0; bound < min(entries, 3u); bound++) {
		scenario_copy(m->candidate, m->best);
		schedule_init(&m->candidate->schedule);
		if (!attempt_search(&m->attempt, m->candidate, bound) || weight(m->candidate) >= weight(m->best))
			continue;
		if (m->check) {
			text_put(&m->less, "%spreemptions: %u will do", m->less.len ? ", " : "",
				 m->candidate->schedule.count);
			return false;
		}
		scenario_copy(m->best, m->candidate);
		m->status->steps++;
		report(m, "fewer preemptions");
		return true;
	}
	return false;
}

/* One pass over every reduction of a table row; each index is tried again as long as it can be taken. */
static bool reduce_by(struct minimizer *m, const struct reduction *r)
{
	bool any = false;

	for (u32 at = 0;;) {
		scenario_copy(m->candidate, m->best);
		if (!r->apply(m->candidate, at))
			return any;
		if (keep(m, r->name, at, r->several, m->search))
			any = true;
		else
			at++;
	}
}

/* Named places become counts of this build, which survive what takes objects away or moves them. */
static int first_run(struct minimizer *m, char *error, size_t size)
{
	static struct replay replay;
	static struct recorder recorder;
	static struct schedule recorded;
	static struct runner_result result;

	replay_init(&replay, &m->best->schedule, false);
	recorder_init(&recorder, &replay.strategy, &recorded);
	runner_run(m->best, &recorder.strategy, 0, &result);
	if (runner_finish_replay(m->best, &replay, &result)) {
		snprintf(error, size, "the schedule drifts: %s", replay.drift.text);
		return -ESTALE;
	}
	if (result.rt.verdict.kind == VERDICT_ok) {
		snprintf(error, size, "nothing to minimise: the scenario ends ok under its schedule");
		return -ENOENT;
	}
	m->attempt.kind = result.rt.verdict.kind;
	snprintf(m->attempt.signature, sizeof(m->attempt.signature), "%s", result.rt.verdict.signature);
	m->attempt.last = result.rt;
	laws_keep_needed(&m->best->laws, &result.rt.verdict);
	if (!recorder.overflow)
		schedule_copy(&m->best->schedule, &recorded);
	return 0;
}

static int last_run(struct minimizer *m, struct minimize_result *result, char *error, size_t size)
{
	static struct replay replay;
	static struct runner_result run;
	int ret = runner_replay(m->best, &replay, 0, &run);

	if (ret || run.rt.verdict.kind != m->attempt.kind ||
	    strcmp(run.rt.verdict.signature, m->attempt.signature) != 0) {
		snprintf(error, size, "the smaller scenario does not replay: %s",
			 ret ? replay.drift.text : run.rt.verdict.signature);
		return -ESTALE;
	}
	result->verdict = run.rt.verdict;
	result->hash = run.rt.hash;
	return 0;
}

/* Tries to take away every part once; true if any could go. */
static bool pass(struct minimizer *m)
{
	bool any = reduce_schedule(m);

	for (u32 i = 0; i < nr_reductions; i++)
		any |= reduce_by(m, &reductions[i]);
	if (m->search)
		any |= reduce_bound(m);
	return any;
}

static bool budget_left(const struct minimizer *m)
{
	return m->attempt.runs < m->attempt.runs_max;
}

/*
 * Most of what can go leaves the schedule as it is: one run each. Only what is left then is worth searches. Schedules
 * that can be read come before the last pass, so that it proves the result itself to be minimal.
 */
static void reduce_all(struct minimizer *m)
{
	bool again;

	while (pass(m) && budget_left(m))
		;
	m->search = true;
	do {
		settle_schedule(m->best, m->candidate, &m->attempt);
		report(m, "semantic points");
		m->tried = 0;
		again = pass(m);
	} while (again && budget_left(m));
}

static int begin(struct minimizer *m, const struct scenario *s, const struct minimize_options *options,
		 struct minimize_result *result, char *error, size_t size)
{
	memset(result, 0, sizeof(*result));
	*m = (struct minimizer){.options = options,
				.status = &result->status,
				.best = malloc(sizeof(*m->best)),
				.candidate = malloc(sizeof(*m->candidate)),
				.less = {result->less, sizeof(result->less), 0}};
	m->attempt.search_runs = options->search_runs ? options->search_runs : SEARCH_RUNS;
	m->attempt.runs_max = options->runs_max ? options->runs_max : RUNS_MAX;
	if (!m->best || !m->candidate) {
		snprintf(error, size, "out of memory");
		return -ENOMEM;
	}
	scenario_copy(m->best, s);
	return first_run(m, error, size);
}

static void end(struct minimizer *m, struct minimize_result *result)
{
	result->status.tried = m->tried;
	result->minimal = budget_left(m) && !m->less.len;
	free(m->best);
	free(m->candidate);
}

int minimize(struct scenario *s, const struct minimize_options *options, struct minimize_result *result, char *error,
	     size_t size)
{
	struct minimizer m;
	int ret = begin(&m, s, options, result, error, size);

	if (!ret) {
		describe(m.best, &result->before);
		report(&m, "start");
		reduce_all(&m);
		record_name_places(m.best, 0);
		report(&m, "named places");
		ret = last_run(&m, result, error, size);
	}
	if (!ret)
		scenario_copy(s, m.best);
	end(&m, result);
	return ret;
}

int minimize_check(const struct scenario *s, const struct minimize_options *options, struct minimize_result *result,
		   char *error, size_t size)
{
	struct minimizer m;
	int ret = begin(&m, s, options, result, error, size);

	if (!ret) {
		m.check = m.search = true;
		describe(m.best, &result->before);
		/* What is tried must be able to fail: the whole under the recorded schedule does. */
		if (!attempt_run(&m.attempt, m.best)) {
			snprintf(error, size, "the recorded schedule does not repeat the failure");
			ret = -ESTALE;
		}
	}
	if (!ret) {
		result->verdict = m.attempt.last.verdict;
		result->hash = m.attempt.last.hash;
		pass(&m);
		describe(m.best, m.status);
		result->status.runs = m.attempt.runs;
	}
	end(&m, result);
	return ret;
}
