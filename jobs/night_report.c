/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "jobs/night.h"
#include "jobs/unit_process.h"

#define REPORT_SECONDS 300

bool night_report(const struct night *n, char *message, size_t size)
{
	char html[PATH_MAX + 16], junit[PATH_MAX + 16], text[PATH_MAX + 16];
	const char *const argv[] = {n->options->tool, "report", "--dir",   n->dir, "--night", n->id,
				    "--html",         html,     "--junit", junit,  NULL};
	struct unit_process p = {.dir = n->home, .argv = argv, .log = text, .lock = -1, .seconds_max = REPORT_SECONDS};
	int ret;

	snprintf(html, sizeof(html), "%s/report.html", n->path);
	snprintf(junit, sizeof(junit), "%s/junit.xml", n->path);
	snprintf(text, sizeof(text), "%s/report.txt", n->path);
	/* Of an earlier end of the same night. */
	unlink(text);
	ret = unit_process_run(&p);
	unit_process_free(&p);
	if (!ret && !p.exit)
		return true;
	snprintf(message, size, "the report could not be made: %s", ret ? strerror(-ret) : text);
	return false;
}
