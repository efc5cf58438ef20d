/* SPDX-License-Identifier: MIT */
#include "jobs/report_html_changes.h"

#include "jobs/markup.h"
#include "jobs/report_number.h"

/* Of the drawing of an interval, in pixels and decades. */
#define AXIS_WIDTH 180
#define AXIS_HEIGHT 18
#define AXIS_REACH 1.0 /* to a tenth and to ten times */

static const struct {
	const char *tone, *text;
} verdicts[] = {
	[CHANGE_WORSE] = {"bad", "worse"},
	[CHANGE_BETTER] = {"good", "better"},
	[CHANGE_UNKNOWN] = {"warn", "unknown"},
	[CHANGE_NOISE] = {"plain", "noise"},
};

static double axis_x(double ratio)
{
	return AXIS_WIDTH / 2.0 * (1 + clamp(log10(ratio) / AXIS_REACH, -0.97, 0.97));
}

/* The ratio and its interval on a logarithmic axis; the line in the middle is 1. */
static void print_interval(FILE *out, const struct report_change *c)
{
	fprintf(out,
		"<svg class=\"interval %s\" viewBox=\"0 0 %d %d\" width=\"%d\" height=\"%d\" aria-hidden=\"true\">",
		verdicts[c->verdict].tone, AXIS_WIDTH, AXIS_HEIGHT, AXIS_WIDTH, AXIS_HEIGHT);
	for (int decade = -2; decade <= 2; decade++)
		fprintf(out, "<line class=\"%s\" x1=\"%.1f\" x2=\"%.1f\" y1=\"0\" y2=\"%d\"/>", decade ? "tick" : "one",
			axis_x(pow(10, decade * 0.5)), axis_x(pow(10, decade * 0.5)), AXIS_HEIGHT);
	if (history_is(c->low))
		fprintf(out, "<line class=\"range\" x1=\"%.1f\" x2=\"%.1f\" y1=\"%d\" y2=\"%d\"/>", axis_x(c->low),
			max(axis_x(c->high), axis_x(c->low) + 1), AXIS_HEIGHT / 2, AXIS_HEIGHT / 2);
	fprintf(out, "<circle cx=\"%.1f\" cy=\"%d\" r=\"3.5\"/></svg>", axis_x(c->now / c->before), AXIS_HEIGHT / 2);
}

static void print_change(FILE *out, const struct report_change *c)
{
	char text[NUMBER_LEN], label[128];

	fprintf(out, "<tr><td data-l=\"\"><span class=\"tag %s\">%s</span></td><th scope=\"row\">",
		verdicts[c->verdict].tone, verdicts[c->verdict].text);
	markup_text(out, c->unit);
	fputs("</th><td data-l=\"number\">", out);
	markup_text(out, report_change_label(c, label, sizeof(label)));
	fputs("</td>", out);
	fprintf(out, "<td class=\"n\" data-l=\"before\">%s</td>", number_change(c, c->before, text));
	fprintf(out, "<td class=\"n\" data-l=\"now\">%s</td>", number_change(c, c->now, text));
	fprintf(out, "<td class=\"n\" data-l=\"change\"><b>%s</b></td><td class=\"wide\" data-l=\"÷10 … ×10\">",
		number_ratio(c->now / c->before, text));
	print_interval(out, c);
	fputs("</td><td class=\"n dim wide\" data-l=\"interval\">", out);
	if (history_is(c->low)) {
		fprintf(out, "%s … ", number_ratio(c->low, text));
		fputs(number_ratio(c->high, text), out);
	} else {
		fputs("too few nights", out);
	}
	fputs("</td></tr>\n", out);
}

static void print_changes(FILE *out, const struct report *r, enum report_verdict first, enum report_verdict last)
{
	fputs("<div class=\"scroll\"><table class=\"cards\"><thead><tr><th></th><th>unit</th><th>number</th>"
	      "<th class=\"n\">before</th><th class=\"n\">now</th><th class=\"n\">change</th>"
	      "<th><span class=\"axis\"><span>÷10</span><span>1</span><span>×10</span></span></th>"
	      "<th class=\"n\">interval</th></tr></thead><tbody>\n",
	      out);
	for (u32 i = 0; i < r->changes; i++)
		if (r->change[i].verdict >= first && r->change[i].verdict <= last)
			print_change(out, &r->change[i]);
	fputs("</tbody></table></div>\n", out);
}

static void print_turns(FILE *out, const struct report *r)
{
	fputs("<ul class=\"turns\">\n", out);
	for (u32 i = 0; i < r->turns; i++) {
		const struct report_turn *t = &r->turn[i];

		fprintf(out, "<li><span class=\"tag %s\">%s</span> <b>", verdicts[t->verdict].tone,
			t->verdict == CHANGE_UNKNOWN ? "changed" : verdicts[t->verdict].text);
		markup_text(out, (t->now ? t->now : t->before)->name);
		fputs("</b> ", out);
		markup_text(out, t->before ? t->before->outcome : "not there");
		fputs(" → ", out);
		markup_text(out, t->now ? t->now->outcome : "not there");
		fputs("</li>\n", out);
	}
	fputs("</ul>\n", out);
}

void report_print_changes(FILE *out, const struct report *r)
{
	u32 clear = 0, rest;

	if (!r->compared)
		return;
	for (u32 i = 0; i < r->changes; i++)
		clear += r->change[i].verdict == CHANGE_WORSE || r->change[i].verdict == CHANGE_BETTER;
	rest = r->changes - clear;
	fputs("<section id=\"changes\"><h2>Compared <small>with ", out);
	markup_text(out, r->against.night.id);
	fputs("</small></h2>\n", out);
	if (r->turns)
		print_turns(out, r);
	if (clear)
		print_changes(out, r, CHANGE_WORSE, CHANGE_BETTER);
	else
		fputs("<p class=\"note\">No number has changed beyond noise.</p>\n", out);
	if (rest) {
		fprintf(out,
			"<details><summary>%u numbers that tell nothing: within noise, or too few nights to know"
			"</summary>\n",
			rest);
		print_changes(out, r, CHANGE_UNKNOWN, CHANGE_NOISE);
		fputs("</details>\n", out);
	}
	fputs("<p class=\"note\">With 95 % confidence all intervals are right at once. Waiting times (found after) "
	      "vary by"
	      " their count alone, so one find tells little from one other; other numbers as they did in the nights"
	      " before.</p></section>\n",
	      out);
}
