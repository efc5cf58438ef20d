/* SPDX-License-Identifier: MIT */
#include "stress/collect.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crashes/store.h"
#include "crashes/symbol.h"
#include "fuzz/text.h"
#include "stress/trace.h"

#define DIAGRAM_ROWS 24    /* at least, if there are */
#define DIAGRAM_FAILING 12 /* of them, of the failing thread */
#define DIAGRAM_ROWS_MAX 160
#define DIAGRAM_COLUMNS 4
#define COLUMN_WIDTH 44
#define TEXT_MAX (2UL << 20)

/* Innermost frame outside the runtime. */
static void where_of(const struct rt_postmortem *pm, char *buf, size_t size)
{
	buf[0] = '\0';
	for (u32 i = 0; i < pm->nr_frames; i++) {
		symbol_describe(pm->frame[i], buf, size);
		if (buf[0] && !strstr(buf, "core/rt/"))
			return;
	}
	buf[0] = '\0';
}

/* Consecutive points of one thread at one place: a row. */
struct row {
	const struct rt_flight *first, *last;
	u32 count;
};

static size_t fold_rows(const struct rt_flight *entry, size_t count, struct row *row)
{
	size_t rows = 0;

	for (size_t i = 0; i < count; i++) {
		if (rows && row[rows - 1].last->task == entry[i].task && row[rows - 1].last->point == entry[i].point) {
			row[rows - 1].last = &entry[i];
			row[rows - 1].count++;
			continue;
		}
		row[rows++] = (struct row){&entry[i], &entry[i], 1};
	}
	return rows;
}

/* The failing thread, then those that acted last. */
static u32 choose_columns(const struct rt_postmortem *pm, const struct row *row, size_t rows, u32 *threads)
{
	u32 found = 0;

	threads[found++] = pm->fail_ring;
	for (size_t i = rows; i-- > 0 && found < DIAGRAM_COLUMNS;) {
		u32 at = 0;

		while (at < found && threads[at] != row[i].last->task)
			at++;
		if (at == found)
			threads[found++] = row[i].last->task;
	}
	return found;
}

/* Far enough back to see what the failing thread was about, within limits. */
static size_t first_row(const struct rt_postmortem *pm, const struct row *row, size_t rows)
{
	size_t at = rows, seen = 0;

	while (at > 0 && rows - at < DIAGRAM_ROWS_MAX && (rows - at < DIAGRAM_ROWS || seen < DIAGRAM_FAILING)) {
		at--;
		seen += row[at].last->task == pm->fail_ring;
	}
	return at;
}

static void put_cell(struct text_out *out, const struct row *row)
{
	char cell[128] = "";
	struct text_out text = {cell, sizeof(cell), 0};

	if (row) {
		text_put(&text, "%s", point_name(row->last->point));
		trace_argument(&text, row->last->arg);
		if (row->count > 1)
			text_put(&text, " x%u", row->count);
	}
	text_put(out, " | %-*.*s", COLUMN_WIDTH, COLUMN_WIDTH, cell);
}

static void put_diagram_head(struct text_out *out, const struct rt_postmortem *pm, const u32 *threads, u32 columns)
{
	text_put(out, "Real threads: times are before the verdict; the order of points closer than a microsecond is a "
		      "guess.\n\n");
	text_put(out, "%15s", "");
	for (u32 c = 0; c < columns; c++) {
		char name[64];

		snprintf(name, sizeof(name), "%s on cpu%u", pm->ring[threads[c]].name, pm->ring[threads[c]].cpu);
		text_put(out, " | %-*s", COLUMN_WIDTH, name);
	}
	text_put(out, "\n");
}

static void put_stack(struct text_out *out, void *const *frame, u32 count)
{
	for (u32 i = 0; i < count && i < RT_STACK_MAX; i++) {
		char where[256];

		symbol_describe(frame[i], where, sizeof(where));
		text_put(out, "  #%-2u %s\n", i, where[0] ? where : "?");
	}
}

static void put_diagram(struct text_out *out, const struct rt_postmortem *pm, const struct rt_flight *entry,
			size_t count, struct row *row, const struct rt_verdict *verdict)
{
	size_t rows = fold_rows(entry, count, row);
	u32 threads[DIAGRAM_COLUMNS], columns = choose_columns(pm, row, rows, threads);

	put_diagram_head(out, pm, threads, columns);
	for (size_t i = first_row(pm, row, rows); i < rows; i++) {
		u32 column = 0;

		while (column < columns && threads[column] != row[i].last->task)
			column++;
		if (column == columns)
			continue;
		text_put(out, "%12.3f us", trace_before(pm, row[i].last));
		for (u32 c = 0; c < columns; c++)
			put_cell(out, c == column ? &row[i] : NULL);
		text_put(out, "\n");
	}
	text_put(out, "%12s   ", "0");
	text_put(out, " | %s\n\n", verdict->signature);
	put_stack(out, pm->frame, pm->nr_frames);
	if (pm->nr_other_frames)
		text_put(out, "\nthe other access:\n");
	put_stack(out, pm->other_frame, pm->nr_other_frames);
	text_put(out, "\n%s\n\n%s\n", verdict->detail, pm->words);
}

static char *all_log(const struct rt_postmortem *pm, const char *output)
{
	size_t size = RT_LOG_MAX + 1 + strlen(output) + 64;
	char *log = malloc(size);
	size_t used;

	if (!log)
		return NULL;
	used = rt_thread_log(pm, log, RT_LOG_MAX + 1);
	if (output[0])
		snprintf(log + used, size - used, "\n---- standard error of the process ----\n%s", output);
	return log;
}

struct texts {
	struct rt_flight *flight;
	struct row *row;
	char *trace, *diagram, *log;
};

static void texts_free(struct texts *t)
{
	free(t->flight);
	free(t->row);
	free(t->trace);
	free(t->diagram);
	free(t->log);
}

static bool texts_make(struct texts *t, const struct round *r)
{
	const struct rt_postmortem *pm = rt_thread_postmortem();
	struct text_out trace = {0}, diagram = {0};
	size_t count;

	t->flight = calloc(TRACE_MAX, sizeof(*t->flight));
	t->row = calloc(TRACE_MAX, sizeof(*t->row));
	t->trace = trace.buf = malloc(TEXT_MAX);
	t->diagram = diagram.buf = malloc(TEXT_MAX);
	t->log = all_log(pm, r->output);
	if (!t->flight || !t->row || !t->trace || !t->diagram || !t->log)
		return false;
	trace.size = diagram.size = TEXT_MAX;
	count = rt_thread_timeline(pm, t->flight, TRACE_MAX);
	trace_put(&trace, pm, t->flight, count);
	put_diagram(&diagram, pm, t->flight, count, t->row, &r->verdict);
	return true;
}

int collect_crash(const struct round *r, const struct scenario *s, const char *dir, const char *command, char *path,
		  size_t path_size, char *message, size_t message_size)
{
	static struct scenario recent, earlier;
	const struct rt_postmortem *pm = rt_thread_postmortem();
	struct texts texts = {0};
	struct crash crash = {.scenario = s, .verdict = &r->verdict, .found_by = command, .exact = false};
	char where[256] = "";
	int ret = -ENOMEM;

	where_of(pm, where, sizeof(where));
	load_recent(s, r->state, pm->ring[pm->fail_ring].name, 1, &recent);
	if (!scenario_error(&recent))
		crash.recent = &recent;
	/* What is under way on one thread may have begun before the last pass of another. */
	load_recent(s, r->state, pm->ring[pm->fail_ring].name, 2, &earlier);
	if (!scenario_error(&earlier) && !scenario_equal(&earlier, &recent))
		crash.earlier = &earlier;
	crash.steps = r->verdict.step;
	crash.where = where[0] ? where : NULL;
	if (texts_make(&texts, r)) {
		crash.diagram = texts.diagram;
		crash.trace = texts.trace;
		crash.log = texts.log;
		ret = store_add(dir, &crash, path, path_size, message, message_size);
	} else {
		snprintf(message, message_size, "no memory for the crash folder");
	}
	texts_free(&texts);
	return ret;
}
