/* SPDX-License-Identifier: MIT */
#include "jobs/junit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crashes/utc.h"
#include "jobs/markup.h"

enum result { PASSED, FAILED, ERRED, SKIPPED };

static bool is_bad_news(const char *news)
{
	return history_tone(history_news, news) >= TONE_WARN;
}

static bool is(const struct history_unit *u, const char *outcome)
{
	return strcmp(u->outcome, outcome) == 0;
}

static enum result result_of(const struct history_unit *u)
{
	if (is(u, "held"))
		return PASSED;
	if (is(u, "skipped"))
		return SKIPPED;
	if (is(u, "silent") || is(u, "timeout"))
		return FAILED;
	if (!is(u, "found"))
		return ERRED;
	for (u32 i = 0; i < u->nr_crashes; i++)
		if (is_bad_news(u->crash[i].news))
			return FAILED;
	/* Only what is known, unless nobody says what it was. */
	return u->nr_crashes ? PASSED : FAILED;
}

static u32 count(const struct report_night *n, enum result result)
{
	u32 found = 0;

	for (u32 i = 0; i < n->units; i++)
		found += result_of(&n->unit[i]) == result;
	return found;
}

static void attribute(FILE *out, const char *name, const char *value)
{
	fprintf(out, " %s=\"", name);
	markup_attribute(out, value);
	fputc('"', out);
}

static const struct report_crash *details(const struct report *r, const struct history_crash *c)
{
	for (u32 i = 0; i < r->crashes; i++)
		if (strcmp(r->crash[i].crash.record, c->record) == 0 &&
		    (c->record[0] || strcmp(r->crash[i].crash.signature, c->signature) == 0))
			return &r->crash[i];
	return NULL;
}

static void print_crash(FILE *out, const struct report *r, const struct history_crash *c)
{
	const struct report_crash *more = details(r, c);

	markup_text(out, c->news);
	fputs(": ", out);
	markup_text(out, c->signature);
	fputc('\n', out);
	if (c->record[0]) {
		fputs("record ", out);
		markup_text(out, c->record);
		fputc('\n', out);
	}
	if (more && more->token) {
		fputs("token ", out);
		markup_text(out, more->token);
		fputc('\n', out);
	}
	if (more && more->verdict)
		markup_text(out, more->verdict);
}

static void print_body(FILE *out, const struct report *r, const struct history_unit *u)
{
	if (u->message[0]) {
		markup_text(out, u->message);
		fputc('\n', out);
	}
	for (u32 i = 0; i < u->nr_crashes; i++)
		print_crash(out, r, &u->crash[i]);
	if (u->command) {
		fputs("command ", out);
		markup_text(out, u->command);
		fputc('\n', out);
	}
	if (u->log[0]) {
		fputs("log ", out);
		markup_text(out, u->log);
		fputc('\n', out);
	}
}

/* The first thing to read of a failure. */
static const char *headline(const struct history_unit *u)
{
	for (u32 i = 0; i < u->nr_crashes; i++)
		if (is_bad_news(u->crash[i].news))
			return u->crash[i].signature;
	return u->message[0] ? u->message : history_unit_outcomes[history_rank(history_unit_outcomes, u->outcome)].text;
}

static void print_case(FILE *out, const struct report *r, const struct history_unit *u)
{
	enum result result = result_of(u);
	const char *element = result == FAILED ? "failure" : result == ERRED ? "error" : "skipped";

	fputs("    <testcase", out);
	attribute(out, "classname", u->kind);
	attribute(out, "name", u->name);
	fprintf(out, " time=\"%.3f\">\n", history_is(u->value[VALUE_seconds]) ? u->value[VALUE_seconds] : 0.0);
	if (result != PASSED) {
		fprintf(out, "      <%s", element);
		attribute(out, "message", headline(u) ? headline(u) : u->outcome);
		if (result != SKIPPED)
			attribute(out, "type", u->outcome);
		fputc('>', out);
		print_body(out, r, u);
		fprintf(out, "</%s>\n", element);
	} else if (u->nr_crashes || u->message[0]) {
		fputs("      <system-out>", out);
		print_body(out, r, u);
		fputs("</system-out>\n", out);
	}
	fputs("    </testcase>\n", out);
}

static void print_counts(FILE *out, const struct report_night *n)
{
	double seconds = report_total(n, VALUE_seconds);

	fprintf(out, " tests=\"%u\" failures=\"%u\" errors=\"%u\" skipped=\"%u\" time=\"%.3f\"", n->units,
		count(n, FAILED), count(n, ERRED), count(n, SKIPPED), history_is(seconds) ? seconds : 0.0);
}

static void property(FILE *out, const char *name, const char *value)
{
	fputs("      <property", out);
	attribute(out, "name", name);
	attribute(out, "value", value);
	fputs("/>\n", out);
}

char *junit_print(const struct report *r)
{
	const struct report_night *n = report_last(r);
	char *text = NULL, started[UTC_LEN];
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		abort();
	utc_print(n->night.started, started);
	/* The schema of Jenkins and Ant has times without a zone. */
	started[strcspn(started, "Z")] = '\0';
	fputs("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"pfnstorm\"", out);
	print_counts(out, n);
	fputs(">\n  <testsuite", out);
	attribute(out, "name", n->night.job);
	attribute(out, "id", n->night.id);
	attribute(out, "timestamp", started);
	attribute(out, "hostname", n->night.host);
	print_counts(out, n);
	fputs(">\n    <properties>\n", out);
	property(out, "night", n->night.id);
	property(out, "outcome", n->night.outcome);
	property(out, "revision", n->night.revision);
	property(out, "seed", n->night.seed);
	fputs("    </properties>\n", out);
	for (u32 i = 0; i < n->units; i++)
		print_case(out, r, &n->unit[i]);
	fputs("  </testsuite>\n</testsuites>\n", out);
	fclose(out);
	return text;
}
