/* SPDX-License-Identifier: MIT */
/*
 * What the runtime knows of one thread: a task, or one of its own (a CPU's interrupt server and worker, liburcu's
 * callback thread, whoever boots the machine).
 *
 * Fields are written by the thread they describe; the watchdog and the post-mortem read some of them at any time,
 * so those are stored with __atomic.
 */
#ifndef PFNSTORM_RT_THREAD_SELF_H
#define PFNSTORM_RT_THREAD_SELF_H

#include <pthread.h>
#include <setjmp.h>

#include "core/rt/lock.h"
#include "core/rt/point.h"
#include "core/rt/random.h"
#include "core/rt/task.h"
#include "core/rt/thread.h"
#include "core/rt/thread/futex.h"

#define HELD_MAX 24
#define RCU_REACHED_MAX 16

struct held_lock {
	const struct rt_lock *lock;
	u32 class;
	bool write;
};

enum blocked_on {
	RUNNING,
	ON_VCPU, /* the CPU's ownership; what = struct vcpu */
	ON_LOCK, /* what = struct rt_lock, shared */
	ON_LOCK_WRITE,
	ON_LOCK_SIGNAL, /* the same, but a signal ends it, so it is no deadlock yet */
	ON_WAIT,        /* what = wait_queue_head_t */
	ON_GRACE,
	ON_CALLBACKS, /* rcu_barrier() */
	ON_TASK,      /* what = the task whose end is awaited */
	ON_WORK,      /* what = struct work_struct */
	ON_IPI,       /* what = the target's struct vcpu */
	ON_TIME,      /* wakes by itself */
	IDLE,         /* a server without work */
};

#define PASSED_HASHES 512 /* of the latest points; of two in one place, the older is forgotten */

enum self_kind { SELF_TASK, SELF_KTHREAD, SELF_WORKER, SELF_IRQ, SELF_CALLBACK, SELF_BOOT };

struct task_struct {
	enum self_kind kind;
	u32 id;
	u32 cpu;  /* changes while all CPUs are stopped, for a task that owns none */
	u32 home; /* of a kthread or worker: where it returns when that CPU comes up again */
	char name[RT_TASK_NAME_MAX];
	void (*fn)(void *arg);
	int (*kthread_fn)(void *arg);
	void *arg;
	pthread_t thread;
	bool started;
	u32 exited; /* futex */
	int exit_value;
	u32 should_stop;
	u32 woken;                     /* by kthread_stop(), whatever it waits for */
	wait_queue_head_t *first_wait; /* what a thread of kthread_run_waiting() sleeps on before it begins */
	u64 first_ticket;
	u32 signals; /* SIGNAL_ANY | SIGNAL_FATAL */

	u32 own_depth;     /* reasons to own the CPU: preemption, interrupts, spinlocks, RCU */
	u32 preempt_count; /* of them, those that forbid sleeping */
	u32 irqs_off;
	u32 irq_depth; /* inside an interrupt handler */
	u32 rcu_depth;

	u32 nr_reached; /* objects in this read section; of more than there is room for, the newest */
	u64 reached[RCU_REACHED_MAX];
	u64 graces; /* grace periods that had ended when it began */

	u32 nr_held;
	struct held_lock held[HELD_MAX];
	const struct rt_lock *draining; /* the active reference whose holders it waits for */

	u32 blocked; /* enum blocked_on */
	const void *blocked_what;
	u64 blocked_deadline; /* 0: none */

	u64 progress; /* points passed and waits ended */
	u64 ends;     /* operations */
	u64 news;     /* points passed with an argument that it has not passed them with in this operation, about */
	u32 passed[PASSED_HASHES];
	u32 point; /* latest semantic point: enum point_id */
	u64 point_arg;
	struct rt_ring *ring;
	struct rt_random perturb;
	bool in_oops;
	sigjmp_buf abandon;
};

#define SIGNAL_ANY 1u
#define SIGNAL_FATAL 2u

/* Is a signal pending for @me that ends a @sleep? */
static inline bool self_interrupted(const struct task_struct *me, enum rt_sleep sleep)
{
	u32 signals = __atomic_load_n(&me->signals, __ATOMIC_ACQUIRE);

	return sleep == RT_INTERRUPTIBLE ? signals != 0 : sleep == RT_KILLABLE ? signals & SIGNAL_FATAL : false;
}

/* The CPU of @task, at any time and from anywhere. */
static inline u32 self_cpu(const struct task_struct *task)
{
	return __atomic_load_n(&task->cpu, __ATOMIC_RELAXED);
}

/* Never NULL: a thread nobody introduced becomes the boot thread. rt_current() hides the boot thread. */
struct task_struct *self(void);
void self_set(struct task_struct *task);
/* Blank, with a name. */
void self_init(struct task_struct *task, enum self_kind kind, const char *name, u32 cpu);

/* Around a wait: what the watchdog shows, and the place where threads of a machine being taken down leave. */
void self_block(struct task_struct *me, enum blocked_on on, const void *what, u64 deadline);
void self_unblock(struct task_struct *me);
/* Leaves the thread if the machine is being taken down. To be called in every loop that waits. */
void self_check_teardown(struct task_struct *me);

/* Shows @task to watchdog and post-mortem and gives it a flight recorder; false if all recorders are taken. */
bool self_publish(struct task_struct *task);
/* Before its memory goes. */
void self_unpublish(struct task_struct *task);

/* All threads that tasks run on, the runtime's own included; NULL where none is. Read and written under the guard. */
#define SELVES_MAX RT_RINGS
extern struct task_struct *selves[SELVES_MAX];
extern struct word_lock selves_guard;
extern u64 retired_points;              /* of recorders that were given to somebody else */
extern struct task_struct softirq_self; /* who runs RCU callbacks */

extern u32 machine_teardown; /* set while rt_boot() or rt_reset() ends the threads of the old machine */

#endif
