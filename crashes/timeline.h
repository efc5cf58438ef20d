/* SPDX-License-Identifier: MIT */
/* Everything that happened in one replayed run, in order. */
#ifndef PFNSTORM_CRASHES_TIMELINE_H
#define PFNSTORM_CRASHES_TIMELINE_H

#include "core/rt/sched.h"
#include "fuzz/runner.h"
#include "fuzz/scenario.h"

#define TIMELINE_DESCRIPTION 4096

struct timeline_task {
	char name[RT_TASK_NAME_MAX];
	u32 cpu;
	bool daemon;
	u64 points; /* passed in this run */
};

/* Of each entry, see matters.h. */
enum timeline_matters { MATTERS_UNKNOWN, MATTERS_NO, MATTERS_YES };

/*
 * Where, in the doing of @task, @next may go on for the failure to come: the semantic points before and after each
 * edge, as numbers of entries, UINT32_MAX: there is none.
 */
struct timeline_window {
	u32 task, next;
	u32 too_early, earliest, latest, too_late;
	bool judged; /* false: the budget ended before */
};

struct timeline {
	const struct scenario *scenario;
	struct rt_trace_entry *entry;
	u32 count, capacity;
	u8 *matters; /* enum timeline_matters; NULL: nobody has looked */
	struct timeline_window *window;
	u32 windows, tasks;
	struct timeline_task task[RT_MAX_TASKS];
	struct runner_result result;
	char *log;
	char address[TIMELINE_DESCRIPTION]; /* what verdict.addr was, in words; "" without an address */
	char machine[TIMELINE_DESCRIPTION]; /* the machine's state at the end */
};

/*
 * Replays @s with tracing. 0, or with a message in @error: -ESTALE (drift), -ENOMEM. @t holds nothing to free then.
 * @s must outlive @t.
 */
int timeline_record(struct timeline *t, const struct scenario *s, char *error, size_t size);
void timeline_free(struct timeline *t);
/* Does the task deserve a column: has it done more than start and wait, or is it the scenario's? */
bool timeline_shows(const struct timeline *t, u32 task);
/* Does the entry end with its task not going on by its own will: is the next entry another task's? */
bool timeline_preempted(const struct timeline *t, u32 index);
/* One line of trace.txt, without newline. */
void timeline_print_entry(const struct timeline *t, u32 index, char *buf, size_t size);
/* All of trace.txt; the caller frees it. NULL if memory is short. */
char *timeline_print(const struct timeline *t);

#endif
