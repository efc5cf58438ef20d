/* SPDX-License-Identifier: MIT */
/* The reader of job files: what it accepts prints canonically and reads back equal; what it does not has a place. */
#include "jobs/jobfile.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz/engine/engine.h"

static void require(bool condition, const char *what)
{
	if (condition)
		return;
	fprintf(stderr, "jobfile: %s\n", what);
	abort();
}

static void run(const u8 *data, size_t size)
{
	static struct jobfile a, b;
	static char text[2 * JOB_FILE_MAX], again[2 * JOB_FILE_MAX];
	struct text_error error = {0};
	size_t len;

	if (jobfile_parse((const char *)data, size, &a, &error)) {
		require(error.line && error.message[0], "an error has no line or no text");
		return;
	}
	len = jobfile_print(&a, text, sizeof(text));
	require(len < sizeof(text), "a printed job file is too long");
	if (jobfile_parse(text, len, &b, &error)) {
		fprintf(stderr, "%u:%u: %s in:\n%s", error.line, error.column, error.message, text);
		require(false, "printed text is not accepted");
	}
	require(jobfile_equal(&a, &b), "text does not read back equal");
	require(jobfile_print(&b, again, sizeof(again)) == len && memcmp(text, again, len) == 0,
		"printed text is not canonical");
	jobfile_free(&a);
	jobfile_free(&b);
}

const struct fuzz_target fuzz_target = {
	.name = "jobfile",
	.help = "reads text as the job file of a night",
	.run = run,
};
