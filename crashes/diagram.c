/* SPDX-License-Identifier: MIT */
#include "crashes/diagram.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crashes/rows.h"

#define CELL 160
#define MIN_COLUMN 16u

struct diagram {
	const struct timeline *t;
	FILE *out;
	u32 columns, width;
	bool wraps;
	u32 column[RT_MAX_TASKS]; /* of a task; UINT32_MAX: it never ran */
};

/* ---- layout ---------------------------------------------------------------------------------------------------- */

static void row(struct diagram *d, u32 task, u32 indent, const char *text)
{
	u32 left = d->column[task] * (d->width + 2) + indent, room = d->wraps ? d->width - indent : UINT32_MAX;

	while (strlen(text) > room) {
		u32 fits = room;

		while (fits > room / 2 && text[fits] != ' ')
			fits--;
		if (text[fits] != ' ')
			fits = room;
		fprintf(d->out, "%*s%.*s\n", (int)left, "", (int)fits, text);
		text += fits + (text[fits] == ' ');
		if (room == d->width - indent) {
			left += 2;
			room -= 2;
		}
	}
	fprintf(d->out, "%*s%s\n", (int)left, "", text);
}

static void header(struct diagram *d)
{
	static const char dashes[] = "--------------------------------------------------------------------------------";

	for (u32 pass = 0; pass < 2; pass++) {
		for (u32 c = 0; c < d->columns; c++) {
			char cell[CELL] = "";

			for (u32 task = 0; task < d->t->tasks; task++)
				if (d->column[task] == c)
					snprintf(cell, sizeof(cell), "%s (CPU %u)", d->t->task[task].name,
						 d->t->task[task].cpu);
			if (pass)
				snprintf(cell, sizeof(cell), "%.*s", (int)d->width, dashes);
			fprintf(d->out, c + 1 < d->columns ? "%-*s  " : "%2$s", (int)d->width, cell);
		}
		fputc('\n', d->out);
	}
}

/* An arrow from the column of one task to that of another. */
static void arrow(struct diagram *d, u32 from, u32 to, const char *text)
{
	u32 a = d->column[from], b = d->column[to];
	u32 left = min(a, b) * (d->width + 2) + 4, right = max(a, b) * (d->width + 2);
	char line[RT_MAX_TASKS * 64];
	size_t len = strlen(text);

	if (a == b || right <= left + 2 || right >= sizeof(line))
		return;
	memset(line, '~', right - left);
	line[right - left] = '\0';
	if (len + 6 < right - left)
		memcpy(line + (a < b ? 1 : 2), text, len);
	if (a < b)
		line[right - left - 1] = '>';
	else
		line[0] = '<';
	fprintf(d->out, "%*s%s\n", (int)left, "", line);
}

/* @width: of a line, 0: any. */
static void choose_columns(struct diagram *d, u32 width)
{
	d->columns = 0;
	for (u32 i = 0; i < RT_MAX_TASKS; i++)
		d->column[i] = UINT32_MAX;
	for (u32 i = 0; i < d->t->tasks; i++)
		if (timeline_shows(d->t, i))
			d->column[i] = d->columns++;
	d->width = d->columns <= 2 ? 46 : d->columns == 3 ? 36 : 28;
	if (width) {
		d->wraps = true;
		d->width = width / (d->columns ? d->columns : 1);
		d->width = max(d->width, MIN_COLUMN + 2) - 2;
	}
}

/* ---- rows ------------------------------------------------------------------------------------------------------ */

static u32 indent_of(enum row_kind kind)
{
	switch (kind) {
	case ROW_POINT:
	case ROW_GAP:
		return 2;
	case ROW_ACCESS:
	case ROW_WAIT:
	case ROW_BEFORE:
	case ROW_HOLDS:
		return 4;
	default:
		return 0;
	}
}

static void print_row(const struct row *r, void *arg)
{
	struct diagram *d = arg;
	char text[CELL];

	if (r->kind == ROW_PREEMPTED) {
		arrow(d, r->task, r->other, " preempted ");
	} else if (r->kind == ROW_VERDICT) {
		snprintf(text, sizeof(text), "*** %s ***", r->text);
		if (r->task == UINT32_MAX)
			fprintf(d->out, "%s\n", text);
		else
			row(d, r->task, 0, text);
	} else {
		row(d, r->task, indent_of(r->kind), r->text);
	}
}

char *diagram_print(const struct timeline *t, bool all, u32 width)
{
	struct diagram d = {.t = t};
	char *text = NULL;
	size_t size = 0;
	int ret;

	d.out = open_memstream(&text, &size);
	if (!d.out)
		return NULL;
	choose_columns(&d, width);
	header(&d);
	ret = rows_visit(t, all, print_row, &d);
	if (fclose(d.out) || ret) {
		free(text);
		text = NULL;
	}
	return text;
}
