/* SPDX-License-Identifier: MIT */
/* The command line of pfnstorm-stress. */
#ifndef PFNSTORM_STRESS_OPTIONS_H
#define PFNSTORM_STRESS_OPTIONS_H

#include "fuzz/scenario.h"

enum exit_status {
	EXIT_HELD = 0,   /* nothing found; with `expect`: what was expected occurred */
	EXIT_FOUND = 1,  /* a verdict, or an expectation that was not met */
	EXIT_USAGE = 2,  /* bad usage or input */
	EXIT_BROKEN = 4, /* the tool itself failed */
};

#define OPTIONS_SETS 32

#define THREADS_MAX 64

/* The phase after the tasks of a round are done: laws are checked and then calm comes, or the other way round. */
enum calm { CALM_AFTER_LAWS, CALM_BEFORE_LAWS, CALM_NEVER };

struct options {
	const char *source; /* file, token or "-"; NULL: --mix */
	const char *mix;
	const char *set[OPTIONS_SETS];
	u32 nr_sets;
	const char *geometry; /* NULL: the scenario's, or tiny */
	const char *machine;  /* --mix: the line of a scenario, NULL: a default */
	const char *memory;   /* --mix: "1TiB", NULL: as the default machine has */
	u32 threads;          /* 0: one per task, or 4 under --mix */
	u32 readers;          /* of them, those of mix `sysfs`: not said, but computed */
	double seconds;
	double round; /* seconds until a machine is booted anew */
	u64 seed;
	u32 perturb;
	double priorities; /* seconds between draws; 0: no thread has one */
	u32 faults;
	double patience;    /* seconds without progress that are a deadlock */
	const char *flight; /* file of the flight recorder; NULL: memory */
	bool unrecorded;
	enum calm calm; /* when progress is demanded */
	const char *crash_dir;
	bool keep_going;
	bool json;
	bool quiet;
};

/* Exits with EXIT_USAGE and a message on bad usage; --help and --version exit with 0. */
void options_parse(int argc, char **argv, struct options *o);
/* "pfnstorm-stress: …" on standard error; returns @status. */
int __attribute__((format(printf, 2, 3))) complain(enum exit_status status, const char *fmt, ...);

#endif
