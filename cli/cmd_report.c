/* SPDX-License-Identifier: MIT */
/* pfnstorm report: what a night has come to, for people and programs. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli/command.h"
#include "crashes/file.h"

#if PFNSTORM_PARTS
#include "jobs/junit.h"
#include "jobs/markup.h"
#include "jobs/prometheus.h"
#include "jobs/report_html.h"
#include "jobs/report_json.h"
#include "jobs/report_text.h"

enum { KEY_DIR = KEY_COMMAND, KEY_NIGHT, KEY_AGAINST, KEY_HTML, KEY_JUNIT, KEY_PROMETHEUS };

struct report_arguments {
	struct report_options options;
	const char *html, *junit, *prometheus;
	bool json;
};

static const struct argp_option options[] = {
	{"dir", KEY_DIR, "D", 0, "the directory of the nightly", 0},
	{"night", KEY_NIGHT, "ID|last", 0, "which night: the beginning of an id is enough (default last)", 0},
	{"against", KEY_AGAINST, "ID|none", 0, "the night to compare with (default the one of that job before)", 0},
	{"html", KEY_HTML, "FILE", 0, "write a page that needs nothing else", 0},
	{"junit", KEY_JUNIT, "FILE", 0, "write JUnit XML", 0},
	{"prometheus", KEY_PROMETHEUS, "FILE", 0, "write metrics for node_exporter's textfile collector", 0},
	{"json", KEY_JSON, NULL, 0, "print JSON", 0},
	{0},
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct report_arguments *a = state->input;

	switch (key) {
	case KEY_DIR:
		a->options.dir = arg;
		return 0;
	case KEY_NIGHT:
		a->options.night = arg;
		return 0;
	case KEY_AGAINST:
		a->options.against = arg;
		return 0;
	case KEY_HTML:
		a->html = arg;
		return 0;
	case KEY_JUNIT:
		a->junit = arg;
		return 0;
	case KEY_PROMETHEUS:
		a->prometheus = arg;
		return 0;
	case KEY_JSON:
		a->json = true;
		return 0;
	case ARGP_KEY_ARG:
		argp_error(state, "unexpected argument '%s'", arg);
		return 0;
	case ARGP_KEY_END:
		if (!a->options.dir)
			argp_error(state, "expected --dir D, the directory of `pfnstorm nightly`");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

/* @text, which it frees, becomes file @path; NULL: nobody wants it. */
static int write_out(const char *path, char *text)
{
	int ret = path ? file_replace(path, text) : 0;

	free(text);
	return ret ? command_fail(EXIT_BROKEN, "%s: %s", path, strerror(-ret)) : EXIT_HELD;
}

static int write_all(const struct report *r, const struct report_arguments *a)
{
	int ret = EXIT_HELD;

	if (a->html)
		ret = write_out(a->html, report_to_html(r));
	if (a->junit && !ret)
		ret = write_out(a->junit, junit_print(r));
	if (a->prometheus && !ret)
		ret = write_out(a->prometheus, prometheus_print(r));
	if (a->json && !ret) {
		char *text = report_to_json(r);

		puts(text);
		free(text);
	} else if (!ret) {
		report_print(stdout, r);
	}
	return ret;
}

int cmd_report(int argc, char **argv)
{
	static const struct argp argp = {
		.options = options,
		.parser = parse,
		.doc = "What a night has come to, beside the nights before it.\vA night is a folder of D/nights; "
		       "D/history.sqlite remembers all of them and is made anew if it is lost.",
	};
	struct report_arguments a = {0};
	char message[PATH_MAX + 512];
	struct report r;
	int ret;

	command_parse(&argp, argc, argv, &a);
	ret = report_make(&r, &a.options, message, sizeof(message));
	if (ret)
		return command_fail(ret == -EIO ? EXIT_BROKEN : EXIT_USAGE, "%s", message);
	for (u32 i = 0; i < r.complaints; i++) {
		char *clean = markup_clean(r.complaint[i]);

		command_fail(EXIT_HELD, "%s", clean);
		free(clean);
	}
	ret = write_all(&r, &a);
	report_free(&r);
	return ret;
}
#endif
