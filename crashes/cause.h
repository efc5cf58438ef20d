/* SPDX-License-Identifier: MIT */
/*
 * Why did it fail: the switches without which it would not. Each switch of the scenario that is not at its default is
 * put back, in halves, quarters and one by one; it stays so as long as the run, or one of a few random ones, still
 * fails alike. What is left is minimal: put back one more, and the failure is not seen. First only the run itself is
 * asked, so that of two bugs, each of which is enough, it is the one that this run met.
 *
 * Text: "usage_not_tested=on,pfn_walk=unsynchronised", in the order of the tables, as --set takes it; "none": it fails
 * with every switch at its default.
 */
#ifndef PFNSTORM_CRASHES_CAUSE_H
#define PFNSTORM_CRASHES_CAUSE_H

#include "core/rt/report.h"
#include "crashes/folder.h"

#define CAUSE_DOUBT_RUNS 64 /* random ones before a switch is blamed, by default */

/* Do the two fail alike: the same verdict and signature, wherever it was seen? */
bool cause_alike(const struct rt_verdict *a, const struct rt_verdict *b);
/*
 * @s with its schedule ends in @verdict. Writes the cause to @cause; "" if it does not fail alike again, or it is
 * longer than fits. Uses the runner, and ends the process where a machine with fewer switches fails at boot.
 */
void cause_search(const struct scenario *s, const struct rt_verdict *verdict, u64 doubt_runs,
		  char cause[FOLDER_CAUSE_MAX]);
/* The same in a process of its own, so that what the runner has booted stays; "" if that ends unexpectedly. */
void cause_find(const struct scenario *s, const struct rt_verdict *verdict, char cause[FOLDER_CAUSE_MAX]);

#endif
