/* SPDX-License-Identifier: MIT */
/* From a failing schedule on fibers to a complete crash folder in a store. */
#ifndef PFNSTORM_CRASHES_SAVE_H
#define PFNSTORM_CRASHES_SAVE_H

#include "fuzz/scenario.h"

/* Where a crash comes from. */
struct save_source {
	const char *found_by; /* for people */
	u64 hits, runs, seen; /* as in struct crash; 0: not known, now */
	bool once;            /* as in struct crash */
};

/*
 * Replays @s with its schedule, names the schedule's places, explains the run, looks for its cause, writes a crash
 * folder below @dir and files it (store.h). @s gets the named schedule and, if it expected nothing or something else,
 * expects what happened. 0 with the path in @path; -ESTALE if the schedule drifts, -ENOENT if the run is ok, other
 * -errno; then with a message in @error and nothing written.
 */
int save_found(struct scenario *s, const char *dir, const struct save_source *source, char *path, size_t path_size,
	       char *error, size_t size);
/* The same, of which nothing is known but who found it. */
int save_crash(struct scenario *s, const char *dir, const char *found_by, char *path, size_t path_size, char *error,
	       size_t size);

/*
 * Puts the schedule of @s where that of @source was: a scenario file or a crash folder, all files of it. A token or
 * standard input is left alone. 0, or -errno with a message; then the scenario file is what it was.
 */
int save_schedule(const struct scenario *s, const char *source, char *error, size_t size);

/* Sets the expectation of @s to this verdict: its kind and the stable words of its signature. */
void save_expect(struct scenario *s, const struct rt_verdict *verdict);

#endif
