/* SPDX-License-Identifier: MIT */
#include "jobs/report_compare.h"

#include <stdlib.h>
#include <string.h>

#include "crashes/grow.h"

/* ---- noise ------------------------------------------------------------------------------------------------------- */

/* Of the logarithm of the mean of @n exponential waiting times. */
static double trigamma(u32 n)
{
	double sum = M_PI * M_PI / 6;

	for (u32 k = 1; k < n; k++)
		sum -= 1.0 / ((double)k * k);
	return sum;
}

/* The probability that Student's t with @freedom degrees (0: so many that it is normal) is within +-t. */
static double within(double t, u32 freedom)
{
	double angle = atan(t / sqrt(max(freedom, 1u))), c = cos(angle) * cos(angle), term, sum = 0;

	if (!freedom)
		return erf(t / M_SQRT2);
	/* A finite sum for whole degrees (Abramowitz and Stegun, 26.7.3 and 26.7.4). */
	term = freedom % 2 ? cos(angle) : 1;
	for (u32 k = freedom % 2 ? 3 : 2; k <= freedom; k += 2) {
		sum += term;
		term *= c * (k - 1) / k;
	}
	return freedom % 2 ? M_2_PI * (angle + sin(angle) * sum) : sin(angle) * sum;
}

/* The t within which @confidence of the distribution lies. */
static double quantile(double confidence, u32 freedom)
{
	double low = 0, high = 1;

	while (within(high, freedom) < confidence)
		high *= 2;
	for (u32 i = 0; i < 60; i++) {
		double middle = (low + high) / 2;

		if (within(middle, freedom) < confidence)
			low = middle;
		else
			high = middle;
	}
	return high;
}

double report_waiting_noise(u32 n, u32 m, double confidence)
{
	return n && m ? quantile(confidence, 0) * sqrt(trigamma(n) + trigamma(m)) : NAN;
}

double report_seen_noise(const double *seen, u32 count, double confidence)
{
	double mean = 0, squares = 0;

	if (count < REPORT_NOISE_NIGHTS)
		return NAN;
	for (u32 i = 0; i < count; i++)
		mean += log(seen[i]) / count;
	for (u32 i = 0; i < count; i++)
		squares += (log(seen[i]) - mean) * (log(seen[i]) - mean);
	return quantile(confidence, count - 1) * sqrt(2 * squares / (count - 1));
}

/* Of a number, as the nights before this one had it. */
static double noise_before(const struct report *r, const struct report_change *c, double confidence)
{
	double seen[REPORT_NIGHTS];
	u32 count = 0;

	for (u32 i = 0; i + 1 < r->nights; i++) {
		const struct history_unit *u = report_unit(&r->night[i], c->unit);
		double value = u ? report_change_value(u, c) : NAN;

		if (value > 0)
			seen[count++] = value;
	}
	return report_seen_noise(seen, count, confidence);
}

/* ---- numbers ----------------------------------------------------------------------------------------------------- */

static enum report_verdict judge(const struct report_change *c)
{
	if (!history_is(c->low))
		return CHANGE_UNKNOWN;
	if (c->low <= 1 && 1 <= c->high)
		return CHANGE_NOISE;
	return (c->now < c->before) == report_change_less_is_better(c) ? CHANGE_BETTER : CHANGE_WORSE;
}

static void compare_value(struct report *r, const struct history_unit *before, const struct history_unit *now,
			  enum history_value value, const char *operation)
{
	struct report_change c = {.unit = now->name, .value = value, .operation = operation};

	c.before = report_change_value(before, &c);
	c.now = report_change_value(now, &c);
	if (!(c.before > 0) || !(c.now > 0))
		return;
	c.counted = !operation && value == VALUE_found_after;
	c.samples[0] = before->found;
	c.samples[1] = now->found;
	r->change = grow_array(r->change, r->changes, sizeof(*r->change));
	r->change[r->changes++] = c;
}

static void compare_unit(struct report *r, const struct history_unit *before, const struct history_unit *now)
{
	for (u32 value = 0; value < NR_HISTORY_VALUES; value++)
		if (history_values[value].better != BETTER_NEITHER && report_matters(now, value))
			compare_value(r, before, now, value, NULL);
	for (u32 i = 0; i < now->nr_operations; i++)
		compare_value(r, before, now, NR_HISTORY_VALUES, now->operation[i].name);
}

/* All intervals together are right with 95 % confidence (Bonferroni): else one in twenty would cry each night. */
static void judge_changes(struct report *r)
{
	double confidence = 1 - 0.05 / max(r->changes, 1u);

	for (u32 i = 0; i < r->changes; i++) {
		struct report_change *c = &r->change[i];
		double noise = c->counted ? report_waiting_noise(c->samples[0], c->samples[1], confidence)
					  : noise_before(r, c, confidence);

		c->low = c->now / c->before * exp(-noise);
		c->high = c->now / c->before * exp(noise);
		c->verdict = judge(c);
	}
}

/* By what is to be looked at first, then by how much it has changed. */
static int compare_changes(const void *a, const void *b)
{
	const struct report_change *c = a, *d = b;
	double change = fabs(log(c->now / c->before)), other = fabs(log(d->now / d->before));

	if (c->verdict != d->verdict)
		return c->verdict < d->verdict ? -1 : 1;
	if (change != other)
		return change > other ? -1 : 1;
	if (c->value != d->value)
		return (int)c->value - (int)d->value;
	return c->operation && strcmp(c->operation, d->operation) != 0 ? strcmp(c->operation, d->operation)
								       : strcmp(c->unit, d->unit);
}

/* ---- outcomes ---------------------------------------------------------------------------------------------------- */

static void add_turn(struct report *r, const struct history_unit *before, const struct history_unit *now)
{
	u32 rank = before ? history_rank(history_unit_outcomes, before->outcome) : 0;
	u32 later = now ? history_rank(history_unit_outcomes, now->outcome) : 0;
	struct report_turn *t;

	if (before && now && strcmp(before->outcome, now->outcome) == 0)
		return;
	r->turn = grow_array(r->turn, r->turns, sizeof(*r->turn));
	t = &r->turn[r->turns++];
	t->before = before;
	t->now = now;
	t->verdict = !before || !now ? CHANGE_UNKNOWN : later < rank ? CHANGE_WORSE : CHANGE_BETTER;
}

static int compare_turns(const void *a, const void *b)
{
	const struct report_turn *t = a, *u = b;

	if (t->verdict != u->verdict)
		return t->verdict < u->verdict ? -1 : 1;
	return strcmp((t->now ? t->now : t->before)->name, (u->now ? u->now : u->before)->name);
}

void report_compare(struct report *r)
{
	const struct report_night *now = report_last(r);

	for (u32 i = 0; i < now->units; i++) {
		const struct history_unit *before = report_unit(&r->against, now->unit[i].name);

		add_turn(r, before, &now->unit[i]);
		if (before)
			compare_unit(r, before, &now->unit[i]);
	}
	for (u32 i = 0; i < r->against.units; i++)
		if (!report_unit(now, r->against.unit[i].name))
			add_turn(r, &r->against.unit[i], NULL);
	judge_changes(r);
	if (r->changes)
		qsort(r->change, r->changes, sizeof(*r->change), compare_changes);
	if (r->turns)
		qsort(r->turn, r->turns, sizeof(*r->turn), compare_turns);
}

void report_compare_free(struct report *r)
{
	free(r->change);
	free(r->turn);
}
