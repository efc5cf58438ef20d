/* SPDX-License-Identifier: MIT */
/* The private pointer of a task under thread: a thread-local variable (core/rt/task.h). */
#ifndef PFNSTORM_RT_IMPL_TASK_H
#define PFNSTORM_RT_IMPL_TASK_H

extern __thread void *rt_task_private_pointer;

static inline void *rt_task_private(void)
{
	return rt_task_private_pointer;
}

#endif
