/* SPDX-License-Identifier: MIT */
/* The private pointer of a task under fiber: a call, since a load in core would be a callback (core/rt/task.h). */
#ifndef PFNSTORM_RT_IMPL_TASK_H
#define PFNSTORM_RT_IMPL_TASK_H

void *rt_task_private(void);

#endif
