/* SPDX-License-Identifier: MIT */
#include "jobs/prometheus.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "jobs/markup.h"

struct metric {
	FILE *out;
	const struct report_night *n;
	const char *name;
	bool open; /* labels were begun */
};

static struct metric begin(FILE *out, const struct report_night *n, const char *name, const char *help)
{
	fprintf(out, "# HELP %s %s.\n# TYPE %s gauge\n", name, help, name);
	return (struct metric){out, n, name, false};
}

static void label(struct metric *m, const char *name, const char *value)
{
	if (!m->open) {
		fprintf(m->out, "%s{job=\"", m->name);
		markup_label(m->out, m->n->night.job);
		fputc('"', m->out);
		m->open = true;
	}
	fprintf(m->out, ",%s=\"", name);
	markup_label(m->out, value);
	fputc('"', m->out);
}

static void value(struct metric *m, double number)
{
	if (!m->open) {
		fprintf(m->out, "%s{job=\"", m->name);
		markup_label(m->out, m->n->night.job);
		fputc('"', m->out);
	}
	fprintf(m->out, "} %.15g\n", number);
	m->open = false;
}

static void print_night(FILE *out, const struct report_night *n)
{
	const struct history_night *night = &n->night;
	struct metric m = begin(out, n, "pfnstorm_night_info", "The last night");

	label(&m, "night", night->id);
	label(&m, "revision", night->revision);
	label(&m, "host", night->host);
	value(&m, 1);
	m = begin(out, n, "pfnstorm_night_start_timestamp_seconds", "When the last night began");
	value(&m, (double)night->started);
	if (night->ended) {
		m = begin(out, n, "pfnstorm_night_end_timestamp_seconds", "When the last night ended");
		value(&m, (double)night->ended);
	}
	if (night->exit >= 0) {
		m = begin(out, n, "pfnstorm_night_exit_status", "Exit status of pfnstorm nightly");
		value(&m, night->exit);
	}
	m = begin(out, n, "pfnstorm_night_outcome", "Whether the last night ended so");
	for (const struct history_word *w = history_night_outcomes; w->word; w++) {
		label(&m, "outcome", w->word);
		value(&m, strcmp(w->word, night->outcome) == 0);
	}
}

static void print_counts(FILE *out, const struct report *r)
{
	const struct report_night *n = report_last(r);
	struct metric m = begin(out, n, "pfnstorm_night_units", "Units that ended so");

	for (const struct history_word *w = history_unit_outcomes; w->word; w++) {
		label(&m, "outcome", w->word);
		value(&m, report_count(n, NULL, w->word));
	}
	m = begin(out, n, "pfnstorm_night_crashes", "Bugs that this is the news of");
	for (const struct history_word *w = history_news; w->word; w++) {
		label(&m, "news", w->word);
		value(&m, report_news(r, w->word));
	}
}

static void unit_labels(struct metric *m, const struct history_unit *u)
{
	label(m, "unit", u->name);
	label(m, "kind", u->kind);
}

static void print_units(FILE *out, const struct report_night *n)
{
	struct metric m = begin(out, n, "pfnstorm_unit_good", "1 if a unit did what was expected");

	for (u32 i = 0; i < n->units; i++) {
		unit_labels(&m, &n->unit[i]);
		label(&m, "outcome", n->unit[i].outcome);
		value(&m, history_tone(history_unit_outcomes, n->unit[i].outcome) == TONE_GOOD);
	}
}

/* Nothing at all is said of what no unit has. */
static void print_value(FILE *out, const struct report_night *n, enum history_value v)
{
	const struct history_value_facts *facts = &history_values[v];
	bool time = strcmp(facts->unit, "s") == 0;
	struct metric m;
	char name[64];

	if (!history_is(report_total(n, v)))
		return;
	snprintf(name, sizeof(name), "pfnstorm_unit_%s%s", facts->id,
		 v == VALUE_rate              ? "_per_second"
		 : time && v != VALUE_seconds ? "_seconds"
					      : "");
	m = begin(out, n, name, facts->help);
	for (u32 i = 0; i < n->units; i++) {
		if (!history_is(n->unit[i].value[v]))
			continue;
		unit_labels(&m, &n->unit[i]);
		value(&m, n->unit[i].value[v]);
	}
}

static void print_latencies(FILE *out, const struct report_night *n)
{
	static const char name[] = "pfnstorm_operation_latency_seconds";
	struct metric m = {0};

	for (u32 i = 0; i < n->units; i++)
		for (u32 k = 0; k < n->unit[i].nr_operations; k++) {
			const struct history_operation *o = &n->unit[i].operation[k];

			if (!history_is(o->p99))
				continue;
			if (!m.out)
				m = begin(out, n, name, "How long an operation took, 99 of 100 times at most");
			label(&m, "unit", n->unit[i].name);
			label(&m, "operation", o->name);
			label(&m, "quantile", "0.99");
			value(&m, o->p99 / 1e6);
		}
}

char *prometheus_print(const struct report *r)
{
	const struct report_night *n = report_last(r);
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		abort();
	print_night(out, n);
	print_counts(out, r);
	if (n->units)
		print_units(out, n);
	for (u32 v = 0; v < NR_HISTORY_VALUES; v++)
		print_value(out, n, v);
	print_latencies(out, n);
	fclose(out);
	return text;
}
