/* SPDX-License-Identifier: MIT */
#include "jobs/report.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "crashes/grow.h"
#include "jobs/history_read.h"
#include "jobs/report_compare.h"
#include "jobs/report_crashes.h"

const struct history_unit *report_unit(const struct report_night *n, const char *name)
{
	for (u32 i = 0; i < n->units; i++)
		if (strcmp(n->unit[i].name, name) == 0)
			return &n->unit[i];
	return NULL;
}

u32 report_count(const struct report_night *n, const char *kind, const char *outcome)
{
	u32 count = 0;

	for (u32 i = 0; i < n->units; i++)
		count += (!kind || strcmp(n->unit[i].kind, kind) == 0) &&
			 (!outcome || strcmp(n->unit[i].outcome, outcome) == 0);
	return count;
}

u32 report_news(const struct report *r, const char *news)
{
	u32 count = 0;

	for (u32 i = 0; i < r->crashes; i++)
		count += strcmp(r->crash[i].crash.news, news) == 0;
	return count;
}

double report_total(const struct report_night *n, enum history_value value)
{
	double sum = NAN;

	for (u32 i = 0; i < n->units; i++)
		if (history_is(n->unit[i].value[value]))
			sum = (history_is(sum) ? sum : 0) + n->unit[i].value[value];
	return sum;
}

const char *report_meaning(const struct report_night *n)
{
	const char *text = history_night_outcomes[history_rank(history_night_outcomes, n->night.outcome)].text;

	return text ? text : "this pfnstorm does not know what that is";
}

bool report_matters(const struct history_unit *u, enum history_value value)
{
	return value != VALUE_rate || (strcmp(u->kind, "canary") != 0 && strcmp(u->kind, "hunt") != 0);
}

const char *report_change_label(const struct report_change *c, char *buf, size_t size)
{
	if (c->operation)
		snprintf(buf, size, "p99 of %s", c->operation);
	else
		snprintf(buf, size, "%s", history_values[c->value].label);
	return buf;
}

bool report_change_less_is_better(const struct report_change *c)
{
	return c->operation || history_values[c->value].better == BETTER_LESS;
}

double report_change_value(const struct history_unit *u, const struct report_change *c)
{
	const struct history_operation *o = c->operation ? history_operation(u, c->operation) : NULL;

	return !c->operation ? u->value[c->value] : o ? o->p99 : NAN;
}

/* ---- choosing nights --------------------------------------------------------------------------------------------- */

/* The only night whose id begins so. -1 with a message. */
static int find_night(const struct history_night *nights, u32 count, const char *option, const char *id, char *message,
		      size_t size)
{
	int found = -1;

	for (u32 i = 0; i < count; i++) {
		if (strcmp(nights[i].id, id) == 0)
			return (int)i;
		if (strncmp(nights[i].id, id, strlen(id)) != 0)
			continue;
		if (found >= 0) {
			snprintf(message, size, "%s %s: expected one night, found %s and %s", option, id,
				 nights[found].id, nights[i].id);
			return -1;
		}
		found = (int)i;
	}
	if (found < 0)
		snprintf(message, size, "%s: found no night '%s', expected one of %u, the last of which is %s", option,
			 id, count, nights[count - 1].id);
	return found;
}

/* The last one before @index that has come to an end, or else the last one. -1: there is none. */
static int night_before(const struct history_night *nights, u32 index)
{
	int found = -1;

	for (u32 i = index; i-- > 0;) {
		if (strcmp(nights[i].job, nights[index].job) != 0)
			continue;
		if (found < 0)
			found = (int)i;
		if (nights[i].ended)
			return (int)i;
	}
	return found;
}

/* A night that somebody asks for has to be right; of others it is said what is wrong. */
static int check_night(const struct report_options *o, const struct history_night *n, char *message, size_t size)
{
	struct history_night again;

	return n->folder ? history_read_night(o->dir, n->id, &again, message, size) : 0;
}

static int load_night(struct history *h, const struct history_night *night, struct report_night *n, char *message,
		      size_t size)
{
	n->night = *night;
	return history_units(h, night->id, &n->unit, &n->units, message, size);
}

/* Nights of the same job up to @last, no more than are shown. */
static int load_window(struct report *r, struct history *h, const struct history_night *nights, u32 last, char *message,
		       size_t size)
{
	u32 first = last, count = 1;
	int ret = 0;

	for (u32 i = last; i-- > 0 && count < REPORT_NIGHTS;)
		if (strcmp(nights[i].job, nights[last].job) == 0) {
			first = i;
			count++;
		}
	r->night = calloc(count, sizeof(*r->night));
	if (!r->night)
		abort();
	for (u32 i = first; i <= last && !ret; i++) {
		if (strcmp(nights[i].job, nights[last].job) != 0)
			continue;
		ret = load_night(h, &nights[i], &r->night[r->nights], message, size);
		r->nights += ret == 0;
	}
	return ret;
}

static int choose(struct report *r, struct history *h, const struct report_options *o,
		  const struct history_night *nights, u32 count, char *message, size_t size)
{
	const char *night = o->night ? o->night : "last";
	int this = (int)count - 1, other, ret;
	char files[PATH_MAX + 256];
	struct history_night wrong;

	if (!count) {
		snprintf(message, size, "%s/nights: found no night, expected what `pfnstorm nightly` writes", o->dir);
		return -ENOENT;
	}
	if (strcmp(night, "last") != 0)
		this = find_night(nights, count, "--night", night, message, size);
	/* What is wrong with its files is more than that there is none. */
	if (this < 0) {
		if (history_read_night(o->dir, night, &wrong, files, sizeof(files)) == -EINVAL)
			snprintf(message, size, "%s", files);
		return -ENOENT;
	}
	other = night_before(nights, (u32)this);
	if (o->against && strcmp(o->against, "none") == 0)
		other = -1;
	else if (o->against && strcmp(o->against, "last") == 0)
		other = (int)count - 1;
	else if (o->against && (other = find_night(nights, count, "--against", o->against, message, size)) < 0)
		return -ENOENT;
	ret = check_night(o, &nights[this], message, size);
	if (!ret && o->against && other >= 0)
		ret = check_night(o, &nights[other], message, size);
	if (!ret)
		ret = load_window(r, h, nights, (u32)this, message, size);
	if (!ret && other >= 0) {
		ret = load_night(h, &nights[other], &r->against, message, size);
		r->compared = !ret;
	}
	return ret;
}

int report_make(struct report *r, const struct report_options *o, char *message, size_t size)
{
	struct history_night *nights = NULL;
	struct history *h;
	u32 count = 0;
	int ret;

	memset(r, 0, sizeof(*r));
	ret = history_open(&h, o->dir, message, size);
	if (ret)
		return ret;
	snprintf(r->dir, sizeof(r->dir), "%s", o->dir);
	for (u32 i = 0; history_complaint(h, i); i++) {
		r->complaint = grow_array(r->complaint, r->complaints, sizeof(*r->complaint));
		r->complaint[r->complaints++] = strdup(history_complaint(h, i));
	}
	ret = history_nights(h, NULL, &nights, &count, message, size);
	if (!ret) {
		ret = choose(r, h, o, nights, count, message, size);
		free(nights);
	}
	history_close(h);
	if (ret) {
		report_free(r);
		return ret;
	}
	if (r->compared)
		report_compare(r);
	report_collect_crashes(r);
	return 0;
}

static void free_night(struct report_night *n)
{
	history_units_free(n->unit, n->units);
}

void report_free(struct report *r)
{
	for (u32 i = 0; i < r->nights; i++)
		free_night(&r->night[i]);
	free(r->night);
	free_night(&r->against);
	report_compare_free(r);
	report_crashes_free(r);
	for (u32 i = 0; i < r->complaints; i++)
		free(r->complaint[i]);
	free(r->complaint);
}
