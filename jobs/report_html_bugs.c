/* SPDX-License-Identifier: MIT */
#include "jobs/report_html_bugs.h"

#include <string.h>

#include "crashes/record.h"
#include "jobs/markup.h"

static const char *const tones[] = {"good", "plain", "warn", "bad"};

/* How often it was met before, and what that says of a night without it. */
static void print_nights(FILE *out, const struct report_crash *c)
{
	double low, high;

	if (!c->nights)
		return;
	record_rate_interval(c->before, c->nights, &low, &high);
	fprintf(out, "<span>met in %u of %u nights before <span class=\"dim\">(%.0f–%.0f %%)</span></span>", c->before,
		c->nights, low * 100, high * 100);
}

static void print_facts(FILE *out, const struct report_crash *c)
{
	fputs("<p class=\"facts\">", out);
	if (c->crash.record[0]) {
		fputs("<span>record <code>", out);
		markup_text(out, c->crash.record);
		fputs("</code></span>", out);
	}
	fputs("<span>", out);
	markup_text(out, c->units);
	fputs("</span>", out);
	if (c->crash.quarantined)
		fputs("<span class=\"tag warn\">quarantined: seen on threads only</span>", out);
	if (c->status[0]) {
		fprintf(out, "<span>%s, %llu ×</span>", c->status, (unsigned long long)c->count);
		fputs("<span>cause <code>", out);
		markup_text(out, c->cause[0] ? c->cause : "not known");
		fputs("</code></span>", out);
	}
	print_nights(out, c);
	fputs("</p>\n", out);
}

static void print_card(FILE *out, const struct report_crash *c, const char *news, enum history_tone tone, bool open)
{
	fprintf(out, "<details class=\"card %s\"%s><summary><span class=\"tag %s\">", tones[tone], open ? " open" : "",
		tones[tone]);
	markup_text(out, news);
	fputs("</span><code class=\"signature\">", out);
	markup_text(out, c->crash.signature);
	fputs("</code></summary>\n", out);
	print_facts(out, c);
	if (c->diagram) {
		fputs("<pre class=\"diagram\" tabindex=\"0\">", out);
		markup_text(out, c->diagram);
		fputs("</pre>\n", out);
	}
	if (c->token) {
		fputs("<p class=\"command\"><code>pfnstorm replay ", out);
		markup_text(out, c->token);
		fputs("</code></p>\n", out);
	}
	if (!c->folder[0])
		fputs("<p class=\"note\">The crash store has no folder of it.</p>\n", out);
	fputs("</details>\n", out);
}

void report_print_bugs(FILE *out, const struct report *r)
{
	u32 known = report_news(r, "known");

	fputs("<section id=\"bugs\"><h2>Bugs</h2>\n", out);
	if (!r->crashes && !r->nr_gone)
		fputs("<p class=\"note\">No bug was met.</p>\n", out);
	for (u32 i = 0; i < r->crashes; i++) {
		const struct report_crash *c = &r->crash[i];
		enum history_tone tone = history_tone(history_news, c->crash.news);

		if (strcmp(c->crash.news, "known") != 0)
			print_card(out, c, c->crash.news, tone, tone >= TONE_WARN);
	}
	for (u32 i = 0; i < r->nr_gone; i++)
		print_card(out, &r->gone[i], "not met", TONE_PLAIN, false);
	if (known)
		fprintf(out, "<h3>Known <small>%u that were met before</small></h3>\n", known);
	for (u32 i = 0; i < r->crashes; i++)
		if (strcmp(r->crash[i].crash.news, "known") == 0)
			print_card(out, &r->crash[i], "known", TONE_PLAIN, false);
	fputs("</section>\n", out);
}
