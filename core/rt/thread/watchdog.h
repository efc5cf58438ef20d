/* SPDX-License-Identifier: MIT */
/* Watches the tasks from outside: cycles of waiters, and nobody getting anywhere. Both are verdict `deadlock`. */
#ifndef PFNSTORM_RT_THREAD_WATCHDOG_H
#define PFNSTORM_RT_THREAD_WATCHDOG_H

void watchdog_start(void);
void watchdog_stop(void);

#endif
