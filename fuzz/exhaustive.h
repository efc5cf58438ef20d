/* SPDX-License-Identifier: MIT */
/*
 * Exhaustive search, bounded by deviations from the default schedule.
 *
 * Every schedule with at most B deviations is run, where a deviation is a preemption, another choice of who goes on
 * when a task blocks or ends, or another answer to a choice (callback order, and with faults: an injected failure).
 * Who starts is free. Preemptions are tried before these points only (unless !prune, which tries all):
 *
 *   - accesses and lock operations that touch the conflict set (fuzz/conflicts.h),
 *   - where it changes who may run: RCU read sections, preemption and interrupts on or off.
 *
 * The conflict set grows with every run; schedules already extended are reopened for the points that are new, until
 * nothing changes. Schedules are skipped that only move a preemption across accesses the other tasks' steps do not
 * conflict with: they are the same partial order (Mazurkiewicz trace). Of the last preemption that is known from the
 * run of a neighbour (fuzz/exhaustive_successors.c), of those before it from the run that is gone on from
 * (fuzz/exhaustive_moves.c) and from runs at the bound (fuzz/exhaustive_facts.c).
 *
 * Several searches can share the work (fuzz/explore_jobs.h): each goes on from its share of the first deviations only.
 *
 * "Complete" is meant modulo virtual time: a preemption moved across independent accesses shifts rt_now_ns().
 */
#ifndef PFNSTORM_FUZZ_EXHAUSTIVE_H
#define PFNSTORM_FUZZ_EXHAUSTIVE_H

#include "fuzz/strategy.h"

#define EXHAUSTIVE_BOUND_MAX 6

#endif
