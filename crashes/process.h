/* SPDX-License-Identifier: MIT */
/* Other programs: run to their end, what they printed kept, and ended themselves if somebody interrupts us. */
#ifndef PFNSTORM_CRASHES_PROCESS_H
#define PFNSTORM_CRASHES_PROCESS_H

#include <stdbool.h>
#include <stddef.h>

struct process {
	const char *dir;         /* where; NULL: here */
	const char *const *argv; /* ends with NULL; argv[0] is looked for in PATH */
	bool cleanup;            /* runs although there was an interrupt, and is not ended by another */
	int status;              /* its exit status; 128 + the signal that ended it; 127: it was not found */
	char *out, *err;         /* what it printed, terminated */
};

/*
 * From process_guard() to process_unguard() SIGINT, SIGTERM and SIGHUP do not end this process: they end the program
 * that is running, and process_run() returns -EINTR from then on. Our environment loses variables of git that say
 * where, and has LC_ALL=C.UTF-8 from then on. One thread, not nested.
 */
void process_guard(void);
void process_unguard(void);

/*
 * Runs @p with an empty standard input, in a process group of its own. 0 whatever its status; -EINTR; -ENOMEM. After 0
 * the caller calls process_free(). Between process_guard() and process_unguard().
 */
int process_run(struct process *p);
void process_free(struct process *p);

/* The first or last line of @text that is not blank, without the newline. */
void process_first_line(const char *text, char *buf, size_t size);
void process_last_line(const char *text, char *buf, size_t size);

#endif
