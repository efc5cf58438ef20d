/* SPDX-License-Identifier: MIT */
#include "fuzz/explore.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz/record.h"
#include "fuzz/seconds.h"

struct explorer {
	const struct explore_subject *subject;
	const struct explore_options *options;
	struct explore_result *result;
	struct strategy *strategy;
	struct recorder recorder;
	struct schedule *schedule;
	double started, next_progress;
	u64 first_hash;
	bool differs; /* some run had another hash than the first */
};

static void update_status(struct explorer *e, double now)
{
	struct explore_status *s = &e->result->status;
	double by_runs = -1, by_time = -1;

	s->seconds = now - e->started;
	s->rate = s->seconds > 0 ? (double)s->runs / s->seconds : 0;
	s->same_hash = s->runs >= EXPLORE_SAME_RUNS && !e->differs;
	e->strategy->ops->report(e->strategy, &s->report);
	if (s->report.planned && s->report.done && s->seconds > 0)
		by_runs = (double)(s->report.planned - s->report.done) * s->seconds / (double)s->report.done;
	if (e->options->runs_max && s->rate > 0) {
		double left = (double)(e->options->runs_max - s->runs) / s->rate;

		by_runs = by_runs < 0 || left < by_runs ? left : by_runs;
	}
	if (e->options->seconds_max > 0)
		by_time = max(e->options->seconds_max - s->seconds, 0.0);
	s->eta_seconds = by_runs < 0 || (by_time >= 0 && by_time < by_runs) ? by_time : by_runs;
}

/* True if this verdict ends the search. */
static bool note_finding(struct explorer *e, const struct rt_result *rt)
{
	struct explore_result *r = e->result;
	struct explore_finding *f;
	bool wanted;

	if (rt->verdict.kind == VERDICT_ok)
		return false;
	wanted = !e->subject->wanted || e->subject->wanted(e->subject->arg, &rt->verdict);
	r->wanted |= wanted;
	for (u32 i = 0; i < r->status.findings; i++) {
		f = &r->finding[i];
		if (f->verdict.kind == rt->verdict.kind && strcmp(f->verdict.signature, rt->verdict.signature) == 0) {
			f->hits++;
			return wanted && !e->options->keep_going;
		}
	}
	if (r->status.findings == EXPLORE_FINDINGS) {
		r->other_findings++;
		return wanted && !e->options->keep_going;
	}
	f = &r->finding[r->status.findings++];
	e->strategy->ops->report(e->strategy, &r->status.report);
	snprintf(f->member, sizeof(f->member), "%s", r->status.report.member);
	f->verdict = rt->verdict;
	f->run = r->status.runs;
	f->hits = 1;
	f->hash = rt->hash;
	f->overflow = e->recorder.overflow;
	schedule_copy(&f->schedule, e->schedule);
	return wanted && !e->options->keep_going;
}

static bool budget_left(struct explorer *e)
{
	const struct explore_options *o = e->options;
	struct explore_status *s = &e->result->status;
	double now;

	if (o->interrupted && *o->interrupted)
		return false;
	if (o->runs_max && s->runs >= o->runs_max)
		return false;
	/* Reading the clock costs as much as a short run: look every 64 runs. */
	if (s->runs % 64)
		return true;
	now = seconds_now();
	if (o->seconds_max > 0 && now - e->started >= o->seconds_max)
		return false;
	if (o->progress && now >= e->next_progress) {
		update_status(e, now);
		o->progress(s, o->progress_arg);
		e->next_progress = now + 0.25;
	}
	return true;
}

static void explore_runs(struct explorer *e)
{
	struct explore_status *s = &e->result->status;
	struct rt_result rt;

	while (budget_left(e)) {
		if (!e->strategy->ops->prepare(e->strategy)) {
			if (e->options->exchange && e->options->exchange(e->strategy, e->options->exchange_arg))
				continue;
			break;
		}
		memset(&rt, 0, sizeof(rt));
		e->subject->run(e->subject->arg, &e->recorder.strategy, &rt);
		if (!s->runs++)
			e->first_hash = rt.hash;
		e->differs |= rt.hash != e->first_hash;
		s->steps += rt.steps;
		e->strategy->ops->finish(e->strategy, &rt);
		if (note_finding(e, &rt))
			break;
	}
}

int explore(const struct explore_subject *subject, const struct explore_options *options, struct explore_result *result)
{
	struct explorer e = {.subject = subject, .options = options, .result = result};
	int ret = 0;

	memset(result, 0, sizeof(*result));
	e.strategy = options->strategy->construct(&options->strategy_options, result->error, sizeof(result->error));
	if (!e.strategy)
		return -EINVAL;
	e.schedule = calloc(1, sizeof(*e.schedule));
	if (!e.schedule) {
		snprintf(result->error, sizeof(result->error), "out of memory");
		ret = -EINVAL;
		goto err_strategy;
	}
	recorder_init(&e.recorder, &e.strategy->rt, e.schedule);
	e.started = seconds_now();
	e.next_progress = e.started + 0.25;
	explore_runs(&e);
	update_status(&e, seconds_now());
	if (result->status.report.drifted) {
		snprintf(result->error, sizeof(result->error),
			 "a schedule did not repeat after %llu runs: the machine is not deterministic",
			 (unsigned long long)result->status.runs);
		ret = -EIO;
	}
	rt_set_strategy(NULL);
	free(e.schedule);
err_strategy:
	e.strategy->ops->destroy(e.strategy);
	return ret;
}
