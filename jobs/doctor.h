/* SPDX-License-Identifier: MIT */
/* Is this machine ready for a long campaign? What the kernel, the limits and the disk say, and what to do about it. */
#ifndef PFNSTORM_JOBS_DOCTOR_H
#define PFNSTORM_JOBS_DOCTOR_H

#include "core/rt/types.h"

/* Bad: engines will not run, or what they find would be lost. Warn: they run worse than they could. */
enum doctor_level { DOCTOR_OK, DOCTOR_WARN, DOCTOR_BAD };

struct doctor_line {
	enum doctor_level level;
	const char *what;
	char found[192], advice[256]; /* no advice where all is well */
};

#define DOCTOR_LINES 24
struct doctor_report {
	u32 nr;
	struct doctor_line line[DOCTOR_LINES];
};

struct doctor_options {
	const char *root;    /* before /proc, /sys and /dev: "" is this machine, a test has its own */
	const char *dir;     /* where a campaign would write; its disk is looked at */
	const char *engines; /* as engine_place() has it */
	const char *path;    /* where afl-fuzz is looked for, like PATH */
};

/* Fills @report and returns its worst level. Runs `afl-fuzz` for its version; takes about 50 ms. */
enum doctor_level doctor_look(const struct doctor_options *options, struct doctor_report *report);
const char *doctor_level_name(enum doctor_level level);
/* The report as JSON text; the caller frees it. NULL: no memory. */
char *doctor_json(const struct doctor_report *report);

#endif
