/* SPDX-License-Identifier: MIT */
/*
 * A virtual CPU: an ownership that a task holds while preemption or interrupts are off, in RCU readers and under
 * spinlocks, so that no other task of that CPU runs then.
 *
 * An interrupt is served by the owner where it has interrupts on and passes a point, or, on a CPU nobody owns, by the
 * CPU's interrupt server. Work items run on the CPU's worker, an ordinary task.
 */
#ifndef PFNSTORM_RT_THREAD_VCPU_H
#define PFNSTORM_RT_THREAD_VCPU_H

#include "core/rt/cpu.h"
#include "core/rt/thread/self.h"

/* One more, one fewer reason to own the CPU. */
void vcpu_enter(struct task_struct *me);
void vcpu_leave(struct task_struct *me);
/* Runs the interrupts that wait, if the caller owns its CPU and has interrupts on. */
void vcpu_serve(struct task_struct *me);
/* Lets a thread that is being abandoned drop the CPU, however deep. */
void vcpu_abandon(struct task_struct *me);

/* Starts the servers of @cpus CPUs; their threads end at teardown. */
void vcpus_start(u32 cpus);
void vcpus_join(void);
/* No interrupt is pending, no work item is pending or running. */
bool vcpus_idle(void);

/*
 * Owns every CPU, the last interrupt of @cpu served: nobody has preemption or interrupts off, or is in a read section.
 * The caller owns none before.
 */
void vcpus_stop(struct task_struct *me, u32 cpu);
void vcpus_resume(void);
/* Stopped: moves the worker of @cpu. */
void vcpu_move_worker(u32 cpu, u32 to);

/* Is @cpu online? No more than a look. */
bool vcpu_is_up(u32 cpu);
/* Before a boot: all are. */
void vcpus_all_up(void);

/* The worker's side, in work.c. */
void work_reset(void);
void work_serve(struct task_struct *me, u32 cpu);
bool work_idle(void);

#endif
