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

/* Tries the candidate; keeps it if it fails the same way and is smaller. */
static bool keep(struct minimizer *m, const char *doing, bool search)
{
	u32 bound = min(m->best->schedule.count, 2u);
	bool same;

	if (weight(m->candidate) >= weight(m->best))
		return false;
	same = search ? attempt_search(&m->attempt, m->candidate, bound) : attempt_run(&m->attempt, m->candidate);

	if (!same || weight(m->candidate) >= weight(m->best))
		return false;
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
			if (keep(m, "preemptions", false))
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
		if (keep(m, r->name, m->search))
			any = true;
		else
			at++;
	}
}

/* Named places become counts of this build, which survive what takes objects away or moves them. */
static int first_run(struct minimizer *m, char *error, size_t size)
{
	struct schedule_names names = scenario_task_names(m->best);
	static struct replay replay;
	static struct recorder recorder;
	static struct schedule recorded;
	static struct runner_result result;

	replay_init(&replay, &m->best->schedule, false);
	recorder_init(&recorder, &replay.strategy, &recorded);
	runner_run(m->best, &recorder.strategy, 0, &result);
	if (replay_finish(&replay, &names)) {
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

static void reduce_until_nothing_goes(struct minimizer *m)
{
	bool again;

	do {
		again = reduce_schedule(m);
		for (u32 i = 0; i < nr_reductions; i++)
			again |= reduce_by(m, &reductions[i]);
		if (m->search)
			again |= reduce_bound(m);
	} while (again && m->attempt.runs < m->attempt.runs_max);
}

/* Most of what can go leaves the schedule as it is: one run each. Only what is left then is worth searches. */
static void reduce_all(struct minimizer *m)
{
	reduce_until_nothing_goes(m);
	m->search = true;
	reduce_until_nothing_goes(m);
}

int minimize(struct scenario *s, const struct minimize_options *options, struct minimize_result *result, char *error,
	     size_t size)
{
	struct minimizer m = {.options = options,
			      .status = &result->status,
			      .best = malloc(sizeof(*m.best)),
			      .candidate = malloc(sizeof(*m.candidate))};
	int ret = -ENOMEM;

	memset(result, 0, sizeof(*result));
	m.attempt.search_runs = options->search_runs ? options->search_runs : SEARCH_RUNS;
	m.attempt.runs_max = options->runs_max ? options->runs_max : RUNS_MAX;
	if (!m.best || !m.candidate) {
		snprintf(error, size, "out of memory");
		goto out;
	}
	scenario_copy(m.best, s);
	ret = first_run(&m, error, size);
	if (ret)
		goto out;
	describe(m.best, &result->before);
	report(&m, "start");
	reduce_all(&m);
	settle_schedule(m.best, m.candidate, &m.attempt);
	report(&m, "named places");
	ret = last_run(&m, result, error, size);
	if (ret)
		goto out;
	result->minimal = m.attempt.runs < m.attempt.runs_max;
	scenario_copy(s, m.best);
out:
	free(m.best);
	free(m.candidate);
	return ret;
}
