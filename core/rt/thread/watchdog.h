/* SPDX-License-Identifier: MIT */
/*
 * Watches the tasks from outside: cycles of waiters, and nobody getting anywhere, are verdict `deadlock`; tasks that
 * sleep and look again, and pass nothing that they have not passed before, are verdict `livelock`.
 */
#ifndef PFNSTORM_RT_THREAD_WATCHDOG_H
#define PFNSTORM_RT_THREAD_WATCHDOG_H

void watchdog_start(void);
void watchdog_stop(void);

#endif
