/* SPDX-License-Identifier: MIT */
/*
 * Is what was found still there? Every reproducer of a store is run again on this build, and statuses follow.
 *
 * A reproducer fires if its schedule ends in a signature of its record. If none of a record does, schedules near its
 * smallest one are searched (rebase.h) for that one's signature. Runs are made in a process of its own: a machine that
 * does not boot any more ends that one, and the reproducer is broken. The store is open before and after, not
 * meanwhile.
 */
#ifndef PFNSTORM_CRASHES_VERIFY_H
#define PFNSTORM_CRASHES_VERIFY_H

#include "crashes/record.h"

#define VERIFY_NEAR_RUNS 400 /* near a smallest reproducer, by default */

enum verify_outcome {
	VERIFY_FIRES,
	VERIFY_NEAR,   /* not under its schedule, but under one near it */
	VERIFY_SILENT, /* neither */
	VERIFY_BROKEN, /* it cannot be read, or ends the process */
	NR_VERIFY_OUTCOMES,
};

struct verify_options {
	u64 near_runs; /* 0: no search near it */
	/* After each reproducer; NULL: never. */
	void (*progress)(u32 done, u32 total, void *arg);
	/* For each record whose status changes. */
	void (*changed)(const struct record *r, enum record_status before, void *arg);
	void *arg;
	const volatile int *interrupted; /* NULL, or non-zero ends it: what was run so far counts */
};

struct verify_result {
	u32 reproducers, done;
	u32 outcomes[NR_VERIFY_OUTCOMES];
	u32 fixed, regressed; /* records that became so */
};

/* 0, or -errno with a message. */
int verify_store(const char *dir, const struct verify_options *options, struct verify_result *result, char *message,
		 size_t size);
/* The status of a record that was in @status, after its reproducers were run. @exact: one of them can be replayed. */
enum record_status verify_status(enum record_status status, bool fires, bool broken, bool exact);

#endif
