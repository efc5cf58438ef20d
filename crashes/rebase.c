/* SPDX-License-Identifier: MIT */
#include "crashes/rebase.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crashes/neighbours.h"
#include "fuzz/record.h"
#include "fuzz/runner.h"

/* A schedule on its way: where each entry comes from in the old one. */
struct draft {
	struct schedule schedule;
	u16 origin[SCHEDULE_MAX];
};

struct rebaser {
	const struct rebase_options *options;
	const struct schedule *old;
	struct scenario *scenario; /* what is run; its schedule is a copy of the draft's */
	struct draft draft[REBASE_RADIUS + 1];
	struct draft repaired, found;
	struct neighbours near[REBASE_RADIUS + 1]; /* of each draft that is displaced; the last: of repairs */
	struct runner_result run;
	struct replay replay;
	u64 runs, runs_max;
	u32 radius, width; /* entries displaced at once; multiple of the limits below */
	bool limited;      /* not every place was tried */
	bool out_of_memory;
};

/* How many places of each nearness are tried at first, by how many entries are displaced at once. */
static const u32 limits[REBASE_RADIUS + 1][NR_NEARNESS] = {
	{0},
	{128, 64, 64, 128, 256},
	{16, 8, 8, 24, 0},
	{6, 2, 2, 4, 0},
};

static bool spent(const struct rebaser *r)
{
	return r->runs >= r->runs_max || r->out_of_memory;
}

static void copy_draft(struct draft *to, const struct draft *from)
{
	schedule_copy(&to->schedule, &from->schedule);
	memcpy(to->origin, from->origin, from->schedule.count * sizeof(from->origin[0]));
}

static void drop(struct draft *d, u32 index)
{
	schedule_remove(&d->schedule, index);
	memmove(&d->origin[index], &d->origin[index + 1], (d->schedule.count - index) * sizeof(d->origin[0]));
}

static bool wanted(const struct rebaser *r, const struct rt_verdict *v)
{
	if (v->kind == VERDICT_ok)
		return false;
	return r->options->signature ? strcmp(v->signature, r->options->signature) == 0
				     : scenario_expected(r->scenario, v);
}

/* Where entry @index of the draft could be instead, near to what the old schedule says of it. */
static void look_around(struct rebaser *r, const struct draft *d, u32 index, struct neighbours *near)
{
	const struct schedule_entry *old = &r->old->entry[d->origin[index]];

	schedule_copy(&r->scenario->schedule, &d->schedule);
	r->runs++;
	if (neighbours_find(r->scenario, index, old, schedule_object_name(r->old, old), near))
		r->out_of_memory = true;
}

/* ---- runs ------------------------------------------------------------------------------------------------------ */

/* Runs the draft; true if it fails as wanted: then it is what was found, without what was not needed for it. */
static bool fails(struct rebaser *r, struct draft *d, u32 *drifted)
{
	schedule_copy(&r->scenario->schedule, &d->schedule);
	r->runs++;
	*drifted = runner_replay(r->scenario, &r->replay, 0, &r->run) ? r->replay.drift.entry : UINT32_MAX;
	if (!wanted(r, &r->run.rt.verdict))
		return false;
	copy_draft(&r->found, d);
	for (u32 i = r->found.schedule.count; i--;)
		if (!r->replay.done[i])
			drop(&r->found, i);
	return true;
}

/*
 * Runs the draft, and as long as an entry from @fixed on does not fit moves it to the nearest place, or leaves it out
 * if there is none. True if the failure came.
 */
static bool fails_when_repaired(struct rebaser *r, struct draft *d, u32 fixed)
{
	struct neighbours *near = &r->near[REBASE_RADIUS];
	u32 drifted;

	while (!spent(r)) {
		if (fails(r, d, &drifted))
			return true;
		if (drifted == UINT32_MAX || drifted < fixed)
			return false;
		look_around(r, d, drifted, near);
		if (near->count) {
			d->schedule.entry[drifted] = near->list[0].entry;
			fixed = drifted + 1;
		} else {
			drop(d, drifted);
			fixed = drifted;
		}
	}
	return false;
}

/* ---- on purpose ------------------------------------------------------------------------------------------------ */

static bool same_place(const struct schedule_entry *a, const struct schedule_entry *b)
{
	return a->form == b->form && a->task == b->task && a->target == b->target && a->anchor == b->anchor &&
	       a->occurrence == b->occurrence && a->count == b->count;
}

/* What adds visits of a point before one entry adds them before all that count the same: later ones move as far. */
static bool shift_alike(struct draft *d, u32 index, u32 before)
{
	const struct schedule_entry *e = &d->schedule.entry[index];
	bool any = false;

	for (u32 i = index + 1; i < d->schedule.count; i++) {
		struct schedule_entry *later = &d->schedule.entry[i];

		if (later->form == SCHEDULE_START || later->form == SCHEDULE_CHOICE || later->task != e->task ||
		    later->anchor != e->anchor || later->occurrence + e->occurrence <= before)
			continue;
		later->occurrence += e->occurrence - before;
		any = true;
	}
	return any && e->occurrence != before;
}

static bool displace(struct rebaser *r, u32 depth, u32 from);

/* Draft @depth with entry @index at @place, alone or together with those that count alike. */
static bool try_place(struct rebaser *r, u32 depth, u32 index, const struct neighbour *place)
{
	u32 before = r->draft[depth].schedule.entry[index].occurrence;

	for (u32 alike = place->nearness == NEAR_SAME ? 1 : 0; !spent(r); alike--) {
		struct draft *trial = &r->draft[depth + 1];

		copy_draft(trial, &r->draft[depth]);
		trial->schedule.entry[index] = place->entry;
		if ((!alike || shift_alike(trial, index, before)) &&
		    (fails_when_repaired(r, trial, index + 1) ||
		     (depth + 1 < r->radius && displace(r, depth + 1, index + 1))))
			return true;
		if (!alike)
			break;
	}
	return false;
}

/* Displaces one more entry of draft @depth, from @from on. */
static bool displace(struct rebaser *r, u32 depth, u32 from)
{
	for (u32 i = from; i < r->draft[depth].schedule.count && !spent(r); i++) {
		struct neighbours *near = &r->near[depth];
		u32 tried[NR_NEARNESS] = {0};

		look_around(r, &r->draft[depth], i, near);
		for (u32 c = 0; c < near->count && !spent(r); c++) {
			const struct neighbour *place = &near->list[c];

			if (same_place(&place->entry, &r->draft[depth].schedule.entry[i]))
				continue;
			if (tried[place->nearness]++ >= r->width * limits[r->radius][place->nearness]) {
				r->limited = true;
				continue;
			}
			if (try_place(r, depth, i, place))
				return true;
		}
		if (spent(r))
			return false;
		copy_draft(&r->draft[depth + 1], &r->draft[depth]);
		drop(&r->draft[depth + 1], i);
		if (fails_when_repaired(r, &r->draft[depth + 1], i))
			return true;
	}
	return false;
}

static bool search(struct rebaser *r)
{
	for (u32 i = 0; i < r->old->count; i++)
		r->repaired.origin[i] = (u16)i;
	schedule_copy(&r->repaired.schedule, r->old);
	if (fails_when_repaired(r, &r->repaired, 0))
		return true;
	for (r->width = 1; !spent(r); r->width *= 4) {
		r->limited = false;
		for (r->radius = 1; r->radius <= min((u32)REBASE_RADIUS, r->repaired.schedule.count); r->radius++) {
			copy_draft(&r->draft[0], &r->repaired);
			if (displace(r, 0, 0))
				return true;
		}
		if (!r->limited)
			break;
	}
	return false;
}

/* ---- what moved ------------------------------------------------------------------------------------------------ */

static const char *const words[] = {
	[SCHEDULE_START] = "start",    [SCHEDULE_SEMANTIC] = "preemption", [SCHEDULE_OBJECT] = "preemption",
	[SCHEDULE_RAW] = "preemption", [SCHEDULE_CHOICE] = "choice",
};

/* The whole entry if its tasks have changed too, else its place. */
static void print_half(const struct schedule *s, u32 index, bool whole, const struct schedule_names *names, char *buf,
		       size_t size)
{
	if (whole)
		schedule_print_entry(s, index, names, buf, size);
	else
		schedule_print_place(s, index, buf, size);
}

/* Of two places that differ in their last number only, the second is that number. */
static void number_only(const char *from, char *to)
{
	const char *a = strrchr(from, '#'), *b = strrchr(to, '#');

	if (!a || !b || a - from != b - to || strncmp(from, to, (size_t)(a - from)) != 0 ||
	    strspn(a + 1, "0123456789") != strlen(a + 1) || strspn(b + 1, "0123456789") != strlen(b + 1))
		return;
	memmove(to, b, strlen(b) + 1);
}

static void tell_entry(const struct rebaser *r, u32 origin, u32 number, const struct schedule_names *names,
		       struct text_out *out, u32 *moved)
{
	const struct schedule_entry *old = &r->old->entry[origin];
	const struct schedule *now = &r->scenario->schedule;
	char from[200], to[200] = "not needed";
	bool whole = old->form == SCHEDULE_START || old->form == SCHEDULE_CHOICE;

	for (u32 i = 0; i < now->count; i++) {
		if (r->found.origin[i] != origin)
			continue;
		whole |= now->entry[i].task != old->task || now->entry[i].target != old->target;
		print_half(now, i, whole, names, to, sizeof(to));
	}
	print_half(r->old, origin, whole, names, from, sizeof(from));
	if (strcmp(from, to) == 0)
		return;
	number_only(from, to);
	text_put(out, "%s %u: %s -> %s\n", words[old->form], number, from, to);
	(*moved)++;
}

static void tell_what_moved(const struct rebaser *r, struct rebase_result *result)
{
	struct schedule_names names = scenario_task_names(r->scenario);
	struct text_out out = {result->what, sizeof(result->what), 0};
	u32 count[3] = {0};

	for (u32 i = 0; i < r->old->count; i++) {
		u32 form = r->old->entry[i].form;
		u32 *number = &count[form == SCHEDULE_START ? 0 : form == SCHEDULE_CHOICE ? 1 : 2];

		tell_entry(r, i, ++*number, &names, &out, &result->moved);
	}
}

/* ---- one rebase ------------------------------------------------------------------------------------------------ */

/* Gives what was found names that last, and makes sure that it replays. What fits as it is stays as it is. */
static int settle_found(struct rebaser *r, struct rebase_result *result, char *error, size_t size)
{
	struct scenario *s = r->scenario;

	schedule_copy(&s->schedule, &r->found.schedule);
	result->verdict = r->run.rt.verdict;
	result->hash = r->run.rt.hash;
	result->exact = r->runs == 1 && s->schedule.count == r->old->count;
	if (result->exact)
		return 0;
	for (u32 i = 0; i < s->schedule.count; i++)
		if (s->schedule.entry[i].form == SCHEDULE_RAW)
			s->schedule.entry[i].build = schedule_fingerprint();
	if (record_name_places(s, 0) < 0 || runner_replay(s, &r->replay, 0, &r->run) ||
	    !wanted(r, &r->run.rt.verdict)) {
		snprintf(error, size, "found again, but it does not replay: %s",
			 r->replay.drift.set ? r->replay.drift.text : r->run.rt.verdict.signature);
		return -EIO;
	}
	result->verdict = r->run.rt.verdict;
	result->hash = r->run.rt.hash;
	tell_what_moved(r, result);
	return 0;
}

static int run(struct rebaser *r, struct scenario *s, struct rebase_result *result, char *error, size_t size)
{
	int ret;

	if (!r->options->signature && (!s->expect.set || s->expect.kind == VERDICT_ok)) {
		snprintf(error, size, "nothing says which failure to find again: the scenario has no 'expect'");
		return -EINVAL;
	}
	if (!search(r)) {
		result->runs = r->runs;
		snprintf(error, size, "%s", r->out_of_memory ? "out of memory" : "not found again near the schedule");
		return r->out_of_memory ? -ENOMEM : -ENOENT;
	}
	result->runs = r->runs;
	result->radius = r->radius;
	ret = settle_found(r, result, error, size);
	if (!ret)
		schedule_copy(&s->schedule, &r->scenario->schedule);
	return ret;
}

int rebase(struct scenario *s, const struct rebase_options *options, struct rebase_result *result, char *error,
	   size_t size)
{
	struct rebaser *r = calloc(1, sizeof(*r));
	struct schedule *old = malloc(sizeof(*old));
	int ret = -ENOMEM;

	memset(result, 0, sizeof(*result));
	if (r)
		r->scenario = malloc(sizeof(*r->scenario));
	if (!r || !old || !r->scenario) {
		snprintf(error, size, "out of memory");
	} else {
		scenario_copy(r->scenario, s);
		schedule_copy(old, &s->schedule);
		r->old = old;
		r->options = options;
		r->runs_max = options->runs_max ? options->runs_max : REBASE_RUNS;
		ret = run(r, s, result, error, size);
	}
	for (u32 i = 0; r && i <= REBASE_RADIUS; i++)
		neighbours_free(&r->near[i]);
	if (r)
		free(r->scenario);
	free(old);
	free(r);
	return ret;
}
