/* SPDX-License-Identifier: MIT */
/* Threads of the runtime: start, end, perturbation, and failing from inside. */
#ifndef PFNSTORM_RT_THREAD_RUNTIME_H
#define PFNSTORM_RT_THREAD_RUNTIME_H

#include "core/rt/thread/self.h"

/* Runs @fn(@arg) on a new pthread as @task (initialised by self_init). Tool failure if the system refuses. */
void thread_start(struct task_struct *task, void (*fn)(void *arg), void *arg);
void thread_join(struct task_struct *task);

/* Ends the wait on a queue that @task is in, or the next if it has looked at its condition already. */
void wait_interrupt(struct task_struct *task);

/* A yield, a spin or a short sleep, if the generator of @me says so. */
void perturb(struct task_struct *me);
/* Of the generators of the threads published from now on, and of priorities. */
void perturb_seed(u64 seed);
extern u64 perturb_base;

/* Verdict `context`; @what is the state class of its signature. */
void __attribute__((noreturn, format(printf, 3, 4)))
context_fail(struct task_struct *me, const char *what, const char *fmt, ...);
/*
 * rt_fail() for whoever saw it from outside: the watchdog, the signal handler. @frame: frame record from which the
 * stack is told; NULL: there is none, or it is in the post-mortem already.
 */
void __attribute__((noreturn)) verdict_deliver(const struct rt_verdict *verdict, void *frame);
/* The tool itself cannot go on. */
void __attribute__((noreturn, format(printf, 1, 2))) tool_failure(const char *fmt, ...);

extern bool machine_booting;
extern bool machine_warn_continue;

#endif
