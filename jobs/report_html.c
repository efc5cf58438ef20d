/* SPDX-License-Identifier: MIT */
#include "jobs/report_html.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crashes/utc.h"
#include "jobs/markup.h"
#include "jobs/report_html_bugs.h"
#include "jobs/report_html_changes.h"
#include "jobs/report_html_operations.h"
#include "jobs/report_number.h"
#include "jobs/report_trends.h"

static const char style[] =
#include "jobs/report_css.def"
	;

#define UNITS_OPEN 12 /* good ones of a kind that are shown at once */
#define REASONS_MAX 6 /* units that are named at the top */

static const char *const tones[] = {"good", "plain", "warn", "bad"};
static const char *const signs[] = {"✓", "–", "!", "✗"};

/* ---- head -------------------------------------------------------------------------------------------------------- */

static void print_fact(FILE *out, const char *name, const char *value)
{
	if (!value[0])
		return;
	fprintf(out, "<div><dt>%s</dt><dd>", name);
	markup_text(out, value);
	fputs("</dd></div>", out);
}

static void print_meta(FILE *out, const struct history_night *n)
{
	char text[NUMBER_LEN];

	fputs("<dl class=\"meta\">", out);
	print_fact(out, "started", number_time(n->started, text));
	print_fact(out, "took", n->ended ? number_duration((double)n->ended - (double)n->started, text) : "not ended");
	print_fact(out, "of", number_duration(n->budget, text));
	print_fact(out, "revision", n->revision);
	print_fact(out, "host", n->host);
	print_fact(out, "seed", n->seed);
	if (n->shards > 1) {
		snprintf(text, sizeof(text), "%u", n->shards);
		print_fact(out, "shards", text);
	}
	fputs("</dl>\n", out);
}

/* What made the night red and is no crash: units that could not run, did not end, or were silent. */
static void print_reasons(FILE *out, const struct report_night *n)
{
	u32 count = 0;

	for (u32 i = 0; i < n->units; i++) {
		const struct history_unit *u = &n->unit[i];

		if (history_tone(history_unit_outcomes, u->outcome) < TONE_WARN || strcmp(u->outcome, "found") == 0 ||
		    count++ >= REASONS_MAX)
			continue;
		fputs(count == 1 ? "<ul class=\"reasons\"><li><b>" : "<li><b>", out);
		markup_text(out, u->name);
		fputs("</b> ", out);
		markup_text(out, u->outcome);
		fputs(u->message[0] ? ": " : "", out);
		markup_text(out, u->message);
		fputs("</li>\n", out);
	}
	if (count > REASONS_MAX)
		fprintf(out, "<li>and %u more</li>", count - REASONS_MAX);
	fputs(count ? "</ul>\n" : "", out);
}

static void print_head(FILE *out, const struct report *r)
{
	const struct report_night *n = report_last(r);
	enum history_tone tone = history_tone(history_night_outcomes, n->night.outcome);

	fprintf(out, "<header class=\"%s\"><div class=\"verdict\"><span class=\"sign\">%s</span><div><h1>", tones[tone],
		signs[tone]);
	markup_text(out, n->night.outcome);
	fputs("</h1><p>", out);
	markup_text(out, report_meaning(n));
	fputs("</p></div></div><p class=\"which\"><b>", out);
	markup_text(out, n->night.job);
	fputs("</b> <code>", out);
	markup_text(out, n->night.id);
	fputs("</code></p>", out);
	print_meta(out, &n->night);
	print_reasons(out, n);
	fputs("</header>\n", out);
}

static void print_tile(FILE *out, enum history_tone tone, const char *number, const char *of, const char *text)
{
	fprintf(out, "<div class=\"tile %s\"><b>%s<small>%s</small></b><span>%s</span></div>\n", tones[tone], number,
		of, text);
}

static void print_tiles(FILE *out, const struct report *r)
{
	const struct report_night *n = report_last(r);
	u32 canaries = report_count(n, "canary", NULL), fired = report_count(n, "canary", "held");
	char number[NUMBER_LEN], of[NUMBER_LEN];
	u32 held = report_count(n, NULL, "held");

	fputs("<div class=\"tiles\">\n", out);
	for (const struct history_word *w = history_news; w->word; w++) {
		u32 count = report_news(r, w->word);

		snprintf(number, sizeof(number), "%u", count);
		print_tile(out, count ? w->tone : TONE_PLAIN, number, "", w->word);
	}
	snprintf(number, sizeof(number), "%u", fired);
	snprintf(of, sizeof(of), " of %u", canaries);
	print_tile(out, fired < canaries ? TONE_BAD : canaries ? TONE_GOOD : TONE_PLAIN, number, of, "canaries fired");
	snprintf(number, sizeof(number), "%u", held);
	snprintf(of, sizeof(of), " of %u", n->units);
	print_tile(out, held < n->units ? TONE_WARN : TONE_GOOD, number, of, "units held");
	number_count(report_total(n, VALUE_executions), number);
	print_tile(out, TONE_PLAIN, number[0] ? number : "–", "", "executions");
	number_duration(report_total(n, VALUE_cpu), number);
	print_tile(out, TONE_PLAIN, number[0] ? number : "–", "", "processor time");
	fputs("</div>\n", out);
}

/* A square for each night, the last one at the right. */
static void print_strip(FILE *out, const struct report *r)
{
	char time[NUMBER_LEN];

	fputs("<ol class=\"strip\" aria-label=\"nights, oldest first\">", out);
	for (u32 i = 0; i < r->nights; i++) {
		const struct history_night *n = &r->night[i].night;
		enum history_tone tone = history_tone(history_night_outcomes, n->outcome);

		fprintf(out, "<li class=\"%s\" title=\"%s ", tones[tone], number_time(n->started, time));
		markup_attribute(out, n->outcome);
		fprintf(out, "\"><span>%s</span></li>", signs[tone]);
	}
	fputs("</ol>\n", out);
}

/* ---- units ------------------------------------------------------------------------------------------------------- */

static void print_cell(FILE *out, const struct history_unit *u, enum history_value value)
{
	char text[NUMBER_LEN];

	number_value(value, u->value[value], text);
	fprintf(out, "<td class=\"n\" data-l=\"%s\">%s</td>", history_values[value].label, text);
}

/* Time as a part of the budget. */
static void print_time(FILE *out, const struct history_unit *u)
{
	double seconds = u->value[VALUE_seconds], budget = u->value[VALUE_budget];
	char text[NUMBER_LEN];

	fprintf(out, "<td class=\"n time\" data-l=\"time\">%s", number_duration(seconds, text));
	if (history_is(seconds) && budget > 0)
		fprintf(out, "<span class=\"bar\" title=\"of %s\"><i style=\"width:%.0f%%\"></i></span>",
			number_duration(budget, text), min(seconds / budget, 1.0) * 100);
	fputs("</td>", out);
}

static bool is_empty(const struct report_night *n, const char *kind, enum history_value value)
{
	for (u32 i = 0; i < n->units; i++)
		if (strcmp(n->unit[i].kind, kind) == 0 && history_is(n->unit[i].value[value]))
			return false;
	return true;
}

static bool is_column(const struct report_night *n, const char *kind, u32 value)
{
	return value != VALUE_seconds && value != VALUE_budget && !is_empty(n, kind, value);
}

static void print_unit(FILE *out, const struct report_night *n, const struct history_unit *u)
{
	enum history_tone tone = history_tone(history_unit_outcomes, u->outcome);

	fprintf(out, "<tr><td data-l=\"\"><span class=\"tag %s\">", tones[tone]);
	markup_text(out, u->outcome);
	fputs("</span></td><th scope=\"row\">", out);
	markup_text(out, u->name);
	if (u->shards > 1)
		fprintf(out, " <small>%u shards</small>", u->shards);
	if (u->attempt > 1)
		fprintf(out, " <small>attempt %u</small>", u->attempt);
	if (u->message[0]) {
		fputs("<span class=\"message\">", out);
		markup_text(out, u->message);
		fputs("</span>", out);
	}
	fputs("</th>", out);
	print_time(out, u);
	for (u32 value = 0; value < NR_HISTORY_VALUES; value++)
		if (is_column(n, u->kind, value))
			print_cell(out, u, value);
	fputs("</tr>\n", out);
}

static bool is_good(const struct history_unit *u)
{
	return history_tone(history_unit_outcomes, u->outcome) == TONE_GOOD;
}

/* Those of @kind that are good, or those that are not; @all: both. */
static void print_table(FILE *out, const struct report_night *n, const char *kind, bool good, bool all)
{
	fputs("<div class=\"scroll\"><table class=\"cards\"><thead><tr><th></th><th>unit</th><th class=\"n\">time</th>",
	      out);
	for (u32 value = 0; value < NR_HISTORY_VALUES; value++)
		if (is_column(n, kind, value))
			fprintf(out, "<th class=\"n\">%s</th>", history_values[value].label);
	fputs("</tr></thead><tbody>\n", out);
	for (u32 i = 0; i < n->units; i++)
		if (strcmp(n->unit[i].kind, kind) == 0 && (all || is_good(&n->unit[i]) == good))
			print_unit(out, n, &n->unit[i]);
	fputs("</tbody></table></div>\n", out);
}

/* Many good ones are behind a line. */
static void print_kind(FILE *out, const struct report_night *n, const char *kind, const char *title)
{
	u32 count = report_count(n, kind, NULL), good = 0;

	for (u32 i = 0; i < n->units; i++)
		good += strcmp(n->unit[i].kind, kind) == 0 && is_good(&n->unit[i]);
	fputs("<h3>", out);
	markup_text(out, title);
	fprintf(out, " <small>%u</small></h3>", count);
	if (good <= UNITS_OPEN) {
		print_table(out, n, kind, true, true);
		return;
	}
	if (good < count)
		print_table(out, n, kind, false, false);
	fprintf(out, "<details><summary><span class=\"tag good\">✓ %u of %u</span> did what was expected</summary>\n",
		good, count);
	print_table(out, n, kind, true, false);
	fputs("</details>\n", out);
}

/* Units come sorted by kind. */
static void print_units(FILE *out, const struct report_night *n)
{
	fputs("<section id=\"units\"><h2>Units</h2>\n", out);
	if (!n->units)
		fputs("<p class=\"note\">No unit has begun.</p>\n", out);
	for (u32 i = 0; i < n->units; i++) {
		const char *kind = n->unit[i].kind, *text = history_kinds[history_rank(history_kinds, kind)].text;

		if (i == 0 || strcmp(kind, n->unit[i - 1].kind) != 0)
			print_kind(out, n, kind, text ? text : kind);
	}
	fputs("</section>\n", out);
}

/* ---- the page ---------------------------------------------------------------------------------------------------- */

static void print_complaints(FILE *out, const struct report *r)
{
	if (!r->complaints)
		return;
	fputs("<section id=\"complaints\"><h2>What could not be read</h2><ul>\n", out);
	for (u32 i = 0; i < r->complaints; i++) {
		fputs("<li><code>", out);
		markup_text(out, r->complaint[i]);
		fputs("</code></li>\n", out);
	}
	fputs("</ul></section>\n", out);
}

char *report_to_html(const struct report *r)
{
	const struct report_night *n = report_last(r);
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		abort();
	fputs("<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
	      "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n"
	      "<meta name=\"color-scheme\" content=\"light dark\">\n<title>",
	      out);
	markup_text(out, n->night.outcome);
	fputs(": ", out);
	markup_text(out, n->night.job);
	fputs(" ", out);
	markup_text(out, n->night.id);
	fprintf(out, "</title>\n<style>\n%s</style></head><body><main>\n", style);
	print_head(out, r);
	print_strip(out, r);
	print_tiles(out, r);
	report_print_bugs(out, r);
	report_print_changes(out, r);
	print_units(out, n);
	report_print_operations(out, r);
	report_print_trends(out, r);
	print_complaints(out, r);
	fputs("<footer>pfnstorm " PFNSTORM_VERSION "</footer></main></body></html>\n", out);
	fclose(out);
	return text;
}
