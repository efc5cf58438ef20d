/* SPDX-License-Identifier: MIT */
/* A git tree, and a second one of it that is thrown away: what bisecting needs of git(1). */
#ifndef PFNSTORM_CRASHES_GIT_H
#define PFNSTORM_CRASHES_GIT_H

#include <stddef.h>

#include "core/rt/types.h"

#define GIT_ID 48 /* room for the name of a commit */

struct git {
	const char *repo;    /* any folder of the tree */
	char worktree[4096]; /* the second tree; "" if there is none */
};

/*
 * All functions return 0, -EINTR, or -errno with a message in @error; -EINVAL: git refuses, and its message is the
 * message. Neither the tree, its branches nor its own bisection are touched.
 */

/* A new worktree in a temporary folder, with @revision checked out. */
int git_add_worktree(struct git *g, const char *revision, char *error, size_t size);
/* Removes it with all that was built in it, also after an interrupt. */
void git_remove_worktree(struct git *g);

/* -EINVAL also if @repo is no git tree, or has no such commit. */
int git_commit(const struct git *g, const char *revision, char id[GIT_ID], char *error, size_t size);
int git_subject(const struct git *g, const char *id, char *subject, size_t subject_size, char *error, size_t size);
/* @yes: is every commit of @older among those of @newer? */
int git_is_ancestor(const struct git *g, const char *older, const char *newer, bool *yes, char *error, size_t size);
/* Commits that @newer has and @older has not. */
int git_count(const struct git *g, const char *older, const char *newer, u32 *count, char *error, size_t size);
int git_checkout(const struct git *g, const char *id, char *error, size_t size);

/* ---- git bisect, in the worktree ------------------------------------------------------------------------------- */

#define GIT_SUSPECTS 16
struct git_bisection {
	u32 left;          /* commits that may be the first bad one */
	char next[GIT_ID]; /* what is checked out now, to be judged; "" at the end */
	u32 suspects;      /* at the end: 1, the first bad one, or more, if those between were skipped */
	char suspect[GIT_SUSPECTS][GIT_ID]; /* the first of them */
};

int git_bisect_start(const struct git *g, const char *bad, const char *good, struct git_bisection *b, char *error,
		     size_t size);
/* @term: "good", "bad" or "skip" of what is checked out. */
int git_bisect_mark(const struct git *g, const char *term, struct git_bisection *b, char *error, size_t size);

#endif
