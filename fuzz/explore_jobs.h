/* SPDX-License-Identifier: MIT */
/*
 * One exhaustive search by several processes, with the answer that one would give: what is reachable to the bound, and
 * whether that is all. Each takes a share of the first deviations; who is through tells the others which conflicts it
 * has found and goes on with theirs, until nobody has news.
 *
 * Without keep_going the first wanted verdict of any process ends the search: another one than one process would find,
 * if there are several.
 */
#ifndef PFNSTORM_FUZZ_EXPLORE_JOBS_H
#define PFNSTORM_FUZZ_EXPLORE_JOBS_H

#include "fuzz/explore.h"

#define EXPLORE_JOBS_MAX 64

/*
 * As explore(), by @jobs processes, 1 .. EXPLORE_JOBS_MAX. The strategy must have tell() and hear(), else -EINVAL. What
 * runs leave in memory stays in those processes. -EIO also if one of them ends unexpectedly.
 */
int explore_jobs(const struct explore_subject *subject, const struct explore_options *options, u32 jobs,
		 struct explore_result *result);

#endif
