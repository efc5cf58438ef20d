/* SPDX-License-Identifier: MIT */
#include "crashes/explain.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/rt/point.h"
#include "crashes/diagram.h"
#include "crashes/matters.h"
#include "crashes/ordering.h"
#include "crashes/swimlanes.h"
#include "crashes/symbol.h"
#include "crashes/trace_json.h"

#define MAIL_WIDTH 72

static void print_operations(FILE *out, const struct timeline *t)
{
	char line[256];

	fprintf(out, "\noperations\n");
	for (u32 task = 0; task < t->scenario->nr_tasks; task++) {
		for (u32 op = 0; op < t->scenario->task[task].nr_ops; op++) {
			runner_print_op(t->scenario, &t->result, task, op, line, sizeof(line));
			fprintf(out, "  %s\n", line);
		}
	}
}

static void print_schedule(FILE *out, const struct scenario *s)
{
	struct schedule_names names = scenario_task_names(s);
	char line[512];

	fprintf(out, "\nschedule%s\n", s->schedule.count ? "" : ": the default order");
	for (u32 i = 0; i < s->schedule.count; i++) {
		schedule_print_entry(&s->schedule, i, &names, line, sizeof(line));
		fprintf(out, "  %s\n", line);
	}
}

static void print_indented(FILE *out, const char *title, const char *text)
{
	if (!text[0])
		return;
	fprintf(out, "\n%s\n", title);
	while (*text) {
		size_t len = strcspn(text, "\n");

		fprintf(out, "  %.*s\n", (int)len, text);
		text += len + (text[len] == '\n');
	}
}

static char *print_verdict(const struct timeline *t, const char *where)
{
	const struct rt_verdict *v = &t->result.rt.verdict;
	char *text = NULL, *matters = matters_print(t), *ordering = ordering_print(t);
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	if (!out || !matters || !ordering) {
		free(matters);
		free(ordering);
		return NULL;
	}
	fprintf(out, "%s: %s\n", verdict_name(v->kind), v->signature[0] ? v->signature : "every law held");
	print_indented(out, "what happened", v->detail);
	if (where[0])
		fprintf(out, "\ncode\n  %s\n", where);
	print_indented(out, "what was touched", t->address);
	print_indented(out, "what orders the two accesses", ordering);
	print_indented(out, "when the failure comes", matters);
	print_operations(out, t);
	print_schedule(out, t->scenario);
	print_indented(out, "machine at the end", t->machine);
	fprintf(out, "\n%" PRIu64 " steps, %" PRIu64 " switches, %" PRIu64 " preemptions, hash %016" PRIx64 "\n",
		t->result.rt.steps, t->result.rt.switches, t->result.rt.preemptions, t->result.rt.hash);
	free(matters);
	free(ordering);
	if (fclose(out)) {
		free(text);
		return NULL;
	}
	return text;
}

/* Words of a paragraph on lines of a mail. */
static void print_wrapped(FILE *out, const char *text)
{
	size_t column = 0;

	while (*text) {
		size_t len = strcspn(text, " \n");

		if (column && column + 1 + len > MAIL_WIDTH) {
			fputc('\n', out);
			column = 0;
		}
		fprintf(out, "%s%.*s", column ? " " : "", (int)len, text);
		column += len + (column != 0);
		text += len;
		while (*text == ' ' || *text == '\n')
			text++;
	}
	fputc('\n', out);
}

/* What a patch description would quote: the diagram, and what happened. */
static char *print_mail(const struct timeline *t, bool all, const char *where)
{
	const struct rt_verdict *v = &t->result.rt.verdict;
	char *diagram = diagram_print(t, all, MAIL_WIDTH - 2), *text = NULL, line[640];
	size_t size = 0;
	FILE *out = diagram ? open_memstream(&text, &size) : NULL;

	if (out) {
		for (char *save = NULL, *row = strtok_r(diagram, "\n", &save); row; row = strtok_r(NULL, "\n", &save))
			fprintf(out, "  %s\n", row);
		snprintf(line, sizeof(line), "%s: %s", verdict_name(v->kind), v->signature[0] ? v->signature : "none");
		fputc('\n', out);
		print_wrapped(out, line);
		if (v->detail[0]) {
			fputc('\n', out);
			print_wrapped(out, v->detail);
		}
		if (where[0]) {
			snprintf(line, sizeof(line), "Where: %s", where);
			print_wrapped(out, line);
		}
		if (fclose(out)) {
			free(text);
			text = NULL;
		}
	}
	free(diagram);
	return text;
}

static char *print_page(const struct timeline *t, bool all, enum explain_as as, const struct explanation *e)
{
	char *text = NULL, *page;

	switch (as) {
	case EXPLAIN_HTML:
		if (asprintf(&text, "%s\n%s", e->diagram, e->verdict) < 0)
			return NULL;
		page = swimlanes_html(t, text, all);
		free(text);
		return page;
	case EXPLAIN_TRACE:
		return trace_json(t);
	case EXPLAIN_MAIL:
		return print_mail(t, all, e->where);
	default:
		return NULL;
	}
}

int explain(const struct scenario *s, bool all, enum explain_as as, struct explanation *e, char *error, size_t size)
{
	struct timeline t;
	int ret = timeline_record(&t, s, error, size);

	memset(e, 0, sizeof(*e));
	if (ret)
		return ret;
	/* Out of memory is told below: what is missing then is missing there too. */
	matters_find(&t);
	e->result = t.result.rt.verdict;
	e->hash = t.result.rt.hash;
	e->steps = t.result.rt.steps;
	symbol_describe(t.result.rt.verdict.pc, e->where, sizeof(e->where));
	e->diagram = diagram_print(&t, all, 0);
	e->trace = timeline_print(&t);
	e->verdict = print_verdict(&t, e->where);
	e->log = t.log;
	t.log = NULL;
	if (e->diagram && e->verdict)
		e->page = print_page(&t, all, as, e);
	timeline_free(&t);
	if (e->diagram && e->trace && e->verdict && (e->page || as == EXPLAIN_TEXT))
		return 0;
	ret = as == EXPLAIN_TRACE && !PFNSTORM_PARTS ? -ENOSYS : -ENOMEM;
	explanation_free(e);
	snprintf(error, size, "%s", ret == -ENOSYS ? "this build has no JSON library" : "out of memory");
	return ret;
}

void explanation_free(struct explanation *e)
{
	free(e->diagram);
	free(e->verdict);
	free(e->trace);
	free(e->page);
	free(e->log);
	memset(e, 0, sizeof(*e));
}
