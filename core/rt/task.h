/* SPDX-License-Identifier: MIT */
/* Tasks: threads of the modelled kernel, bound to a virtual CPU, with names, signals and sleep. */
#ifndef PFNSTORM_RT_TASK_H
#define PFNSTORM_RT_TASK_H

#include "core/rt/types.h"
#include "core/rt/wait.h"
#include "rt_impl/task.h"

#define RT_TASK_NAME_MAX 24

struct task_struct; /* opaque; owned by the runtime */

/* The calling task; NULL while the machine boots. */
struct task_struct *rt_current(void);
#define current rt_current()
const char *task_name(const struct task_struct *task);
/*
 * Small, stable number of a task in its run: order of creation, from 0. Daemons (kthreads, workers, interrupt contexts,
 * the RCU callbacks) have numbers of their own, so that a scenario's ids do not depend on them: under fiber from
 * RT_MAX_TASKS - 1 down, those of kthread_run_waiting() from RT_WAITING_FIRST up; under thread from RT_MAX_TASKS up.
 */
#define RT_WAITING_FIRST 12
unsigned int task_id(const struct task_struct *task);
unsigned int task_cpu(const struct task_struct *task);
/* The task of that number, NULL if there is none or it is over. From tasks. */
struct task_struct *rt_task_by_id(unsigned int id);

/*
 * Starts a kernel thread on @cpu. It ends when @fn returns; its return value is kthread_stop()'s. A daemon (all
 * kthreads) does not keep the run going. NULL if no task is left (-ENOMEM to the caller). May sleep.
 */
struct task_struct *kthread_run(int (*fn)(void *data), void *data, unsigned int cpu, const char *name);
/*
 * The same, asleep on @wq as if it had run already to the wait_event() at the top of its loop: @fn starts when @wq is
 * woken or the thread is stopped, and finds its condition by itself. Until then nothing of it runs, no schedule sees
 * it, and it costs a run next to nothing, so a machine may have such threads in every run (kswapd and kcompactd of each
 * node). Signals pass it by meanwhile. Callable while the machine boots, too. @wq outlives that sleep.
 */
struct task_struct *kthread_run_waiting(int (*fn)(void *data), void *data, unsigned int cpu, const char *name,
					wait_queue_head_t *wq);
/*
 * Asks it to stop, wakes it and waits until it has returned. May sleep. While the machine boots no thread runs: there
 * it is over before it began, and the result is -EINTR (as the kernel's for a thread that was never woken).
 */
int kthread_stop(struct task_struct *task);
bool kthread_should_stop(void);

/*
 * One pointer of each task for the floors above, NULL when the task starts; the boot thread has none: NULL, and what it
 * sets is forgotten. Asked at each look at a struct page, and not an access to shared memory: see rt_impl/task.h.
 *
 *   void *rt_task_private(void);
 */
void rt_task_set_private(void *private);

/* A few words of each task for the floors above, zero when it starts: what the kernel keeps in its task_struct. */
#define RT_TASK_WORDS 2
u64 *rt_task_words(void);

/* Signals: any signal interrupts, a fatal one also ends killable waits. Set by other tasks or by the scenario. */
bool signal_pending(void);
bool fatal_signal_pending(void);
void rt_send_signal(struct task_struct *task, bool fatal);
void rt_clear_signals(void);

/*
 * Virtual time in nanoseconds. Fiber: 1000 for each point made by a call (plain accesses take none, since their number
 * depends on the compiler), jumping when everybody sleeps; never the wall clock.
 */
u64 rt_now_ns(void);
/* May sleep. */
void msleep(unsigned int ms);
/* The same, ended by any signal; returns the milliseconds left, 0 if none. */
unsigned int msleep_interruptible(unsigned int ms);

#endif
