/* SPDX-License-Identifier: MIT */
#include "jobs/report_text.h"

#include <string.h>

#include "jobs/markup.h"
#include "jobs/report_number.h"

static void print_head(FILE *out, const struct report_night *n)
{
	char started[NUMBER_LEN], length[NUMBER_LEN];
	const struct history_night *night = &n->night;

	fputs("night      ", out);
	markup_line(out, night->id);
	fputs("\njob        ", out);
	markup_line(out, night->job);
	fputs(", revision ", out);
	markup_line(out, night->revision);
	fputs(", on ", out);
	markup_line(out, night->host);
	fprintf(out, "\ntime       %s", number_time(night->started, started));
	if (night->ended)
		fprintf(out, ", %s", number_duration((double)night->ended - (double)night->started, length));
	fputs("\noutcome    ", out);
	markup_line(out, night->outcome);
	fprintf(out, ": %s\n", report_meaning(n));
}

static void print_units(FILE *out, const struct report_night *n)
{
	char executions[NUMBER_LEN];
	u32 canaries = report_count(n, "canary", NULL);
	const char *separator = " ";

	fprintf(out, "units      %u:", n->units);
	for (const struct history_word *w = history_unit_outcomes; w->word; w++) {
		u32 count = report_count(n, NULL, w->word);

		if (count)
			fprintf(out, "%s%u %s", separator, count, w->word);
		separator = count ? ", " : separator;
	}
	if (canaries)
		fprintf(out, "; canaries: %u of %u fired", report_count(n, "canary", "held"), canaries);
	if (history_is(report_total(n, VALUE_executions)))
		fprintf(out, "; %s executions", number_count(report_total(n, VALUE_executions), executions));
	fputc('\n', out);
	for (u32 i = 0; i < n->units; i++) {
		const struct history_unit *u = &n->unit[i];

		if (history_tone(history_unit_outcomes, u->outcome) < TONE_WARN)
			continue;
		fputs("           ", out);
		markup_line(out, u->outcome);
		fprintf(out, "%*s", max(1, 13 - (int)strlen(u->outcome)), "");
		markup_line(out, u->name);
		fputs(u->message[0] ? ": " : "", out);
		markup_line(out, u->message);
		fputc('\n', out);
	}
}

static void print_crash(FILE *out, const struct report_crash *c, const char *news)
{
	fprintf(out, "%-10s ", news);
	markup_line(out, c->crash.record);
	fputs(c->crash.record[0] ? "  " : "", out);
	markup_line(out, c->crash.signature);
	fputs(" (", out);
	markup_line(out, c->units);
	fputs(")\n", out);
}

static void print_crashes(FILE *out, const struct report *r)
{
	u32 known = report_news(r, "known");

	for (u32 i = 0; i < r->crashes; i++)
		if (strcmp(r->crash[i].crash.news, "known") != 0) {
			char news[2 * HISTORY_WORD] = "";
			FILE *f = fmemopen(news, sizeof(news), "w");

			markup_line(f, r->crash[i].crash.news);
			fclose(f);
			print_crash(out, &r->crash[i], news);
		}
	for (u32 i = 0; i < r->nr_gone; i++)
		print_crash(out, &r->gone[i], "not met");
	if (known)
		fprintf(out, "known      %u more\n", known);
}

static void print_change(FILE *out, const struct report_change *c)
{
	char before[NUMBER_LEN], now[NUMBER_LEN], ratio[NUMBER_LEN], low[NUMBER_LEN], high[NUMBER_LEN], label[128];

	fprintf(out, "%-10s ", c->verdict == CHANGE_WORSE ? "worse" : "better");
	markup_line(out, c->unit);
	fputc(' ', out);
	markup_line(out, report_change_label(c, label, sizeof(label)));
	fprintf(out, ": %s -> %s, %s (%s … %s)\n", number_change(c, c->before, before), number_change(c, c->now, now),
		number_ratio(c->now / c->before, ratio), number_ratio(c->low, low), number_ratio(c->high, high));
}

static void print_turn(FILE *out, const struct report_turn *t)
{
	fprintf(out, "%-10s ",
		t->verdict == CHANGE_WORSE    ? "worse"
		: t->verdict == CHANGE_BETTER ? "better"
					      : "changed");
	markup_line(out, (t->now ? t->now : t->before)->name);
	fputs(": ", out);
	markup_line(out, t->before ? t->before->outcome : "not there");
	fputs(" -> ", out);
	markup_line(out, t->now ? t->now->outcome : "not there");
	fputc('\n', out);
}

static void print_comparison(FILE *out, const struct report *r)
{
	u32 noise = 0, unknown = 0;

	fputs("against    ", out);
	markup_line(out, r->against.night.id);
	fputc('\n', out);
	for (u32 i = 0; i < r->turns; i++)
		print_turn(out, &r->turn[i]);
	for (u32 i = 0; i < r->changes; i++) {
		if (r->change[i].verdict == CHANGE_WORSE || r->change[i].verdict == CHANGE_BETTER)
			print_change(out, &r->change[i]);
		noise += r->change[i].verdict == CHANGE_NOISE;
		unknown += r->change[i].verdict == CHANGE_UNKNOWN;
	}
	if (noise)
		fprintf(out, "           %u numbers changed no more than they do from night to night\n", noise);
	if (unknown)
		fprintf(out, "           %u numbers have too few nights before to tell a change from noise\n", unknown);
}

void report_print(FILE *out, const struct report *r)
{
	const struct report_night *n = report_last(r);

	print_head(out, n);
	print_units(out, n);
	print_crashes(out, r);
	if (r->compared)
		print_comparison(out, r);
}
