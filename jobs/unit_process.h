/* SPDX-License-Identifier: MIT */
/*
 * A child that may hang, be killed or be told to go: its own process group, a deadline, a log, what it used. Between
 * unit_signals_block() and unit_signals_restore() SIGINT, SIGTERM and SIGHUP end the child, not us.
 */
#ifndef PFNSTORM_JOBS_UNIT_PROCESS_H
#define PFNSTORM_JOBS_UNIT_PROCESS_H

#include "core/rt/types.h"

#define UNIT_PATIENCE_SECONDS 10 /* from SIGTERM to SIGKILL */
#define UNIT_OUT_MAX (16 << 20)  /* of what it prints so much is kept in memory */

struct unit_process {
	const char *dir;         /* where; NULL: here */
	const char *const *argv; /* ends with NULL; argv[0] is looked for in PATH */
	const char *log;         /* gets what it prints, standard output last; NULL: nothing does */
	const char *const *set;  /* NAME=VALUE beside our environment, ends with NULL; NULL: none */
	double seconds_max;      /* then it is told to end, and counts as timed out */
	int lock;                /* a descriptor that it keeps open; others are closed. -1: none */
	/* About every second; NULL: never. */
	void (*tick)(double seconds, void *arg);
	void *arg;
	/* Results. */
	int exit, signal; /* its status, and the signal that ended it or 0; 127: it could not be started */
	bool timed_out, interrupted;
	double seconds, cpu; /* wall clock; processor, of all children that were waited for */
	char *out;           /* standard output, terminated */
};

void unit_signals_block(void);
void unit_signals_restore(void);
/* Has one of the three come since unit_signals_block()? */
bool unit_signals_came(void);

/*
 * Runs it to its end, whatever that is: when we are killed it gets SIGTERM. 0, then the caller calls
 * unit_process_free(); -errno if there was no process, nor a log. Between block and restore.
 */
int unit_process_run(struct unit_process *p);
void unit_process_free(struct unit_process *p);

#endif
