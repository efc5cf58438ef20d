/* SPDX-License-Identifier: MIT */
/* Which revision brought a failure, or ended it: the same schedule replayed by the tools of revisions that git bisect
 * chooses. */
#ifndef PFNSTORM_CRASHES_BISECT_H
#define PFNSTORM_CRASHES_BISECT_H

#include "crashes/git.h"
#include "crashes/revision.h"

#define BISECT_BUILD                                                                                                   \
	"if command -v ccache >/dev/null; then\n"                                                                      \
	"export CMAKE_C_COMPILER_LAUNCHER=\"${CMAKE_C_COMPILER_LAUNCHER-ccache}\" CCACHE_BASEDIR=\"$PWD\" "            \
	"CCACHE_NOHASHDIR=1\n"                                                                                         \
	"fi\n"                                                                                                         \
	"cmake --preset release && cmake --build --preset release --target pfnstorm"
#define BISECT_TOOL "build/release/bin/pfnstorm"

struct bisect_options {
	const char *repo; /* any folder of the git tree; NULL: the current one */
	const char *good, *bad;
	const char *build, *tool; /* as in struct question; NULL: those above */
	bool near, drift_is_good; /* as there */
	/* Before each revision: how many may still be the first bad one, and how many steps that takes at least. */
	void (*asking)(const struct revision *r, u32 left, u32 steps, double seconds_each, void *arg);
	void (*asked)(const struct revision *r, void *arg);
	void *arg;
};

struct bisect_result {
	u32 asked, skipped;
	bool fixed;                            /* bad came first: what is looked for is the first good one */
	u32 suspects;                          /* 1: it is found; more: nobody could tell between them */
	struct revision suspect[GIT_SUSPECTS]; /* id and subject of the first of them */
	char wanted[REVISION_WHAT];            /* the failure */
};

/*
 * 0, with at least one suspect; -EINTR: @result->suspects revisions are left, none of which is named; -EINVAL with a
 * message in @error: not a git tree, no such revision, good fails, bad does not; other -errno. Its worktree is gone
 * afterwards, whatever it returns.
 */
int bisect(const struct scenario *s, const struct bisect_options *options, struct bisect_result *result, char *error,
	   size_t size);

#endif
