/* SPDX-License-Identifier: MIT */
/* Tasks and kthreads of the machine as rt_run() drives them. */
#ifndef PFNSTORM_RT_THREAD_TASK_H
#define PFNSTORM_RT_THREAD_TASK_H

#include "core/rt/thread/self.h"

/* A new task of the machine with the next id; NULL if no room is left. */
struct task_struct *task_new(enum self_kind kind, const char *name, u32 cpu);
/* The tasks created since the last run start together at tasks_run(), which returns when all of them are over. */
void tasks_run(void);
/* All CPUs are stopped. Moves the tasks of a CPU that went down, or back the kthreads of one that came up. */
void tasks_leave_cpu(u32 cpu, u32 to);
void tasks_return_to_cpu(u32 cpu);
/* Every kthread sleeps. */
bool kthreads_idle(void);
/* Waits for the kthreads, which leave because of machine_teardown, and forgets all tasks. */
void tasks_clear(void);
/* rt_now_ns() is 0 now. */
void time_start(void);

#endif
