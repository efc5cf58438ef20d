/* SPDX-License-Identifier: MIT */
#include "crashes/recording.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/rt/point.h"
#include "crashes/file.h"

#define ENTRIES_MAX 16384
#define FINE 40   /* last switches, wherever they were */
#define COARSE 20 /* earlier ones where an operation begins */

struct passed {
	u8 task;
	u16 point;
	u32 occurrence;
};

struct recording {
	const struct scenario *recent;
	struct passed *passed;
	u32 count;
};

static u32 task_of(const struct scenario *s, const char *name, size_t length)
{
	u32 task = 0;

	while (task < s->nr_tasks &&
	       (strlen(s->task[task].name) != length || strncmp(s->task[task].name, name, length)))
		task++;
	return task;
}

static u32 point_of(const char *name, size_t length)
{
	u32 point = 0;

	while (point < NR_POINTS && (strlen(point_name(point)) != length || strncmp(point_name(point), name, length)))
		point++;
	return point;
}

/* "-104.518 us  remover            cpu1   sparse.online_page(288)". False with what was expected at @at. */
static bool read_line(struct recording *r, const char *line, const char **at, const char **expected)
{
	char *number;
	size_t length;
	u32 task, point;

	*at = line + strspn(line, " ");
	*expected = "a time in us";
	strtod(*at, &number);
	if (number == *at || strncmp(number, " us ", 4) != 0)
		return false;
	*at = number + 3 + strspn(number + 3, " ");
	length = strcspn(*at, " ");
	*expected = "the name of a thread";
	if (!length)
		return false;
	task = task_of(r->recent, *at, length);
	*at += length;
	*at += strspn(*at, " ");
	*expected = "'cpu' and a number";
	if (strncmp(*at, "cpu", 3) != 0)
		return false;
	*at += strcspn(*at, " ");
	*at += strspn(*at, " ");
	*expected = "a semantic point and its argument";
	length = strcspn(*at, "(");
	point = point_of(*at, length);
	if (!(*at)[length] || point == NR_POINTS)
		return false;
	/* Kernel threads and those there was no room for are not in the scenario. */
	if (task < r->recent->nr_tasks && r->count < ENTRIES_MAX)
		r->passed[r->count++] = (struct passed){.task = (u8)task, .point = (u16)point};
	return true;
}

static int read_lines(struct recording *r, char *text, const char *path, char *message, size_t size)
{
	char *save = NULL;
	u32 number = 1;

	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save), number++) {
		const char *at, *expected;

		if (*line == '#' || read_line(r, line, &at, &expected))
			continue;
		snprintf(message, size, "%s:%u:%td: expected %s", path, number, at - line + 1, expected);
		return -EINVAL;
	}
	return 0;
}

/*
 * Counts occurrences from where each task's recent operations began; what is older is forgotten. False if that is
 * before the recording.
 */
static bool count_occurrences(struct recording *r)
{
	static u32 seen[SCENARIO_TASKS][NR_POINTS];
	u32 skip[SCENARIO_TASKS] = {0}, kept = 0;

	for (u32 i = 0; i < r->count; i++)
		skip[r->passed[i].task] += r->passed[i].point == POINT_op_begin;
	for (u32 t = 0; t < r->recent->nr_tasks; t++) {
		if (skip[t] < r->recent->task[t].nr_ops)
			return false;
		skip[t] -= r->recent->task[t].nr_ops;
	}
	memset(seen, 0, sizeof(seen));
	for (u32 i = 0; i < r->count; i++) {
		struct passed p = r->passed[i];

		if (p.point == POINT_op_begin && skip[p.task]) {
			skip[p.task]--;
			continue;
		}
		if (skip[p.task] || (!seen[p.task][POINT_op_begin] && p.point != POINT_op_begin))
			continue;
		p.occurrence = ++seen[p.task][p.point];
		r->passed[kept++] = p;
	}
	r->count = kept;
	return true;
}

static void add_switch(struct schedule *hints, const struct passed *from, const struct passed *to)
{
	const struct schedule_entry entry = {.form = SCHEDULE_SEMANTIC,
					     .task = from->task,
					     .target = to->task,
					     .object = SCHEDULE_NO_OBJECT,
					     .anchor = from->point,
					     .occurrence = from->occurrence};

	schedule_add(hints, &entry);
}

static void make_schedule(const struct recording *r, struct schedule *hints)
{
	u32 switches = 0, coarse = 0, at = 0, begins = 0;

	for (u32 i = 1; i < r->count; i++) {
		if (r->passed[i].task == r->passed[i - 1].task)
			continue;
		switches++;
		coarse += r->passed[i].point == POINT_op_begin || r->passed[i - 1].point == POINT_op_begin;
	}
	if (r->count) {
		const struct schedule_entry start = {
			.form = SCHEDULE_START, .target = r->passed[0].task, .object = SCHEDULE_NO_OBJECT};

		schedule_add(hints, &start);
	}
	for (u32 i = 1; i < r->count; i++) {
		const struct passed *from = &r->passed[i - 1], *to = &r->passed[i];
		bool begin = from->point == POINT_op_begin || to->point == POINT_op_begin;

		if (from->task == to->task)
			continue;
		at++;
		begins += begin;
		if (at + FINE > switches || (begin && begins + COARSE > coarse))
			add_switch(hints, from, to);
		if (hints->count == SCHEDULE_FUZZ_MAX)
			return;
	}
}

int recording_read(const char *folder, const struct scenario *recent, struct schedule *hints, char *message,
		   size_t size)
{
	struct recording r = {.recent = recent};
	char path[PATH_MAX], *text = NULL;
	int ret = 0;

	schedule_init(hints);
	if ((size_t)snprintf(path, sizeof(path), "%s/trace.txt", folder) >= sizeof(path))
		ret = -ENAMETOOLONG;
	else if (!(text = file_read(path, NULL)))
		ret = -errno;
	else if (!(r.passed = calloc(ENTRIES_MAX, sizeof(*r.passed))))
		ret = -ENOMEM;
	if (ret)
		snprintf(message, size, "%s: %s", path, strerror(-ret));
	else
		ret = read_lines(&r, text, path, message, size);
	if (!ret && count_occurrences(&r))
		make_schedule(&r, hints);
	free(r.passed);
	free(text);
	return ret;
}
