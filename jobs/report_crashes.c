/* SPDX-License-Identifier: MIT */
#include "jobs/report_crashes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "crashes/file.h"
#include "crashes/grow.h"
#include "crashes/store.h"

static bool is_same(const struct history_crash *a, const struct history_crash *b)
{
	return a->record[0] || b->record[0] ? strcmp(a->record, b->record) == 0
					    : strcmp(a->signature, b->signature) == 0;
}

static struct report_crash *find(struct report_crash *list, u32 count, const struct history_crash *c)
{
	for (u32 i = 0; i < count; i++)
		if (is_same(&list[i].crash, c))
			return &list[i];
	return NULL;
}

static void add_unit(struct report_crash *c, const char *unit)
{
	char *units = NULL;

	if (asprintf(&units, "%s%s%s", c->units ? c->units : "", c->units ? ", " : "", unit) < 0)
		abort();
	free(c->units);
	c->units = units;
}

/* One of a unit: the most important news wins, units are named once. */
static void collect(struct report_crash **list, u32 *count, const struct history_crash *crash, const char *unit)
{
	struct report_crash *c = find(*list, *count, crash);
	const char *last;

	if (!c) {
		*list = grow_array(*list, *count, sizeof(**list));
		c = &(*list)[(*count)++];
		memset(c, 0, sizeof(*c));
		c->crash = *crash;
	} else if (history_rank(history_news, crash->news) < history_rank(history_news, c->crash.news)) {
		c->crash = *crash;
	}
	/* Units come one after the other. */
	last = c->units ? strrchr(c->units, ' ') : NULL;
	last = last ? last + 1 : c->units;
	if (!last || strcmp(last, unit) != 0)
		add_unit(c, unit);
}

static void collect_night(struct report_crash **list, u32 *count, const struct report_night *n)
{
	for (u32 i = 0; i < n->units; i++)
		for (u32 k = 0; k < n->unit[i].nr_crashes; k++)
			collect(list, count, &n->unit[i].crash[k], n->unit[i].name);
}

/* "fixed" says that it was not met. */
static bool is_met(const struct report_night *n, const struct history_crash *crash)
{
	for (u32 i = 0; i < n->units; i++)
		for (u32 k = 0; k < n->unit[i].nr_crashes; k++)
			if (is_same(&n->unit[i].crash[k], crash) && strcmp(n->unit[i].crash[k].news, "fixed") != 0)
				return true;
	return false;
}

static void count_before(const struct report *r, struct report_crash *c)
{
	c->nights = r->nights - 1;
	for (u32 i = 0; i < c->nights; i++)
		c->before += is_met(&r->night[i], &c->crash);
}

static int compare_crashes(const void *a, const void *b)
{
	const struct report_crash *c = a, *d = b;
	u32 news = history_rank(history_news, c->crash.news), other = history_rank(history_news, d->crash.news);

	if (news != other)
		return news < other ? -1 : 1;
	return strcmp(c->crash.signature, d->crash.signature);
}

/* ---- what the store knows ---------------------------------------------------------------------------------------- */

static char *read_file(const char *folder, const char *name)
{
	char path[PATH_MAX + 32];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	return access(path, R_OK) ? NULL : file_read(path, NULL);
}

static void look_up(struct store *s, struct report_crash *c)
{
	const char *name = c->crash.record[0] ? c->crash.record : c->crash.signature;
	const struct crash_facts *facts;
	const struct record *record;
	char message[1024];

	record = name[0] ? store_find(s, name, message, sizeof(message)) : NULL;
	if (!record)
		return;
	snprintf(c->status, sizeof(c->status), "%s", record_status_text(record->status));
	snprintf(c->cause, sizeof(c->cause), "%s", record->key[0].cause);
	c->count = record->count;
	facts = store_smallest(s, record);
	if (!facts ||
	    (size_t)snprintf(c->folder, sizeof(c->folder), "%s/%s", s->dir, facts->folder) >= sizeof(c->folder))
		return;
	c->token = read_file(c->folder, "token");
	if (c->token)
		c->token[strcspn(c->token, "\n")] = '\0';
	c->diagram = read_file(c->folder, "diagram.txt");
	c->verdict = read_file(c->folder, "verdict.txt");
}

static void look_up_all(struct report *r)
{
	static struct store s;
	char dir[PATH_MAX], message[512];

	if (!r->crashes && !r->nr_gone)
		return;
	if ((size_t)snprintf(dir, sizeof(dir), "%s/crashes", r->dir) >= sizeof(dir) || access(dir, F_OK))
		return;
	if (store_open(&s, dir, message, sizeof(message))) {
		r->complaint = grow_array(r->complaint, r->complaints, sizeof(*r->complaint));
		r->complaint[r->complaints++] = strdup(message);
		return;
	}
	for (u32 i = 0; i < r->crashes; i++)
		look_up(&s, &r->crash[i]);
	for (u32 i = 0; i < r->nr_gone; i++)
		look_up(&s, &r->gone[i]);
	store_close(&s, message, sizeof(message));
}

void report_collect_crashes(struct report *r)
{
	struct report_crash *other = NULL;
	u32 count = 0;

	collect_night(&r->crash, &r->crashes, report_last(r));
	if (r->compared)
		collect_night(&other, &count, &r->against);
	for (u32 i = 0; i < count; i++) {
		if (find(r->crash, r->crashes, &other[i].crash) || strcmp(other[i].crash.news, "fixed") == 0) {
			free(other[i].units);
			continue;
		}
		r->gone = grow_array(r->gone, r->nr_gone, sizeof(*r->gone));
		r->gone[r->nr_gone++] = other[i];
	}
	free(other);
	for (u32 i = 0; i < r->crashes; i++)
		count_before(r, &r->crash[i]);
	for (u32 i = 0; i < r->nr_gone; i++)
		count_before(r, &r->gone[i]);
	if (r->crashes)
		qsort(r->crash, r->crashes, sizeof(*r->crash), compare_crashes);
	if (r->nr_gone)
		qsort(r->gone, r->nr_gone, sizeof(*r->gone), compare_crashes);
	look_up_all(r);
}

static void free_list(struct report_crash *list, u32 count)
{
	for (u32 i = 0; i < count; i++) {
		free(list[i].units);
		free(list[i].token);
		free(list[i].diagram);
		free(list[i].verdict);
	}
	free(list);
}

void report_crashes_free(struct report *r)
{
	free_list(r->crash, r->crashes);
	free_list(r->gone, r->nr_gone);
}
