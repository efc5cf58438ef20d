/* SPDX-License-Identifier: MIT */
/* What TSan finds becomes a verdict, as every other detector's finding does. */
#include "core/rt/thread/tsan.h"

void tsan_link(void)
{
}

#ifdef RT_TSAN
#include <stdio.h>
#include <string.h>

#include "core/rt/name.h"
#include "core/rt/thread/arena.h"
#include "core/rt/thread/oops.h"
#include "core/rt/thread/runtime.h"

#define ACCESSES 2

int __tsan_get_report_data(void *report, const char **description, int *count, int *stack_count, int *mop_count,
			   int *loc_count, int *mutex_count, int *thread_count, int *unique_tid_count,
			   void **sleep_trace, unsigned long trace_size);
int __tsan_get_report_mop(void *report, unsigned long idx, int *tid, void **addr, int *size, int *write, int *atomic,
			  void **trace, unsigned long trace_size);
const char *__tsan_default_options(void);
void __tsan_on_report(void *report);

/*
 * Runs end by _exit with threads alive; there is nothing to wait for. Symbols are found later, from the post-mortem,
 * and by a process that has time.
 */
const char *__tsan_default_options(void)
{
	return "atexit_sleep_ms=0:report_signal_unsafe=0:history_size=4:symbolize=0";
}

static void note_trace(void *const *trace, void **frame, u32 *count)
{
	for (*count = 0; *count < RT_STACK_MAX && trace[*count]; ++*count)
		frame[*count] = trace[*count];
}

static void describe(struct rt_verdict *verdict, void *report, int count)
{
	struct rt_postmortem *pm = rt_thread_postmortem();
	size_t used = strlen(verdict->detail);

	for (int i = 0; i < count && i < ACCESSES; i++) {
		void *addr, *trace[RT_STACK_MAX] = {NULL};
		int tid, size, write, atomic;
		char name[96];

		__tsan_get_report_mop(report, (unsigned long)i, &tid, &addr, &size, &write, &atomic, trace,
				      RT_STACK_MAX);
		rt_name((u64)addr, true, name, sizeof(name));
		used += (size_t)snprintf(verdict->detail + used, sizeof(verdict->detail) - used,
					 "%s%s%s of %s, %d bytes", i ? "\n" : "", atomic ? "marked " : "",
					 write ? "write" : "read", name, size);
		if (i) {
			note_trace(trace, pm->other_frame, &pm->nr_other_frames);
			continue;
		}
		note_trace(trace, pm->frame, &pm->nr_frames);
		verdict->addr = (u64)addr;
		verdict->pc = trace[0];
	}
}

/*
 * Taking memory away counts as a write, so TSan may see a stale access before the processor does: that is an oops.
 * For the rest, TSan knows code, not points: the signature has the reporter's point only.
 */
void __tsan_on_report(void *report)
{
	struct rt_verdict verdict = {.kind = VERDICT_race, .task = self()->id};
	int duplicates, stacks, mops = 0, locs, mutexes, threads, tids;
	const char *what = "race";
	char name[96];
	void *sleep[1];

	/* A second report from in here would wait for the first. */
	AnnotateIgnoreReadsBegin(__FILE__, __LINE__);
	AnnotateIgnoreWritesBegin(__FILE__, __LINE__);
	__tsan_get_report_data(report, &what, &duplicates, &stacks, &mops, &locs, &mutexes, &threads, &tids, sleep, 1);
	describe(&verdict, report, mops);
	if (arena_dead(verdict.addr))
		oops_at(verdict.addr, verdict.pc, __builtin_frame_address(0), false);
	rt_name(verdict.addr, false, name, sizeof(name));
	snprintf(verdict.signature, sizeof(verdict.signature), "race %s {%s}", name, point_name(self()->point));
	verdict_deliver(&verdict, NULL);
}
#endif
