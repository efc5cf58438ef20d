/* SPDX-License-Identifier: MIT */
/* What the fiber runtime keeps, and where: types only (see fiber.h for who owns what). */
#ifndef PFNSTORM_FIBER_STATE_H
#define PFNSTORM_FIBER_STATE_H

#include "core/rt/cpu.h"
#include "core/rt/fiber/sanitizer.h"
#include "core/rt/lock.h"
#include "core/rt/lockorder.h"
#include "core/rt/mem.h"
#include "core/rt/point.h"
#include "core/rt/rcu.h"
#include "core/rt/run.h"
#include "core/rt/sched.h"
#include "core/rt/task.h"

RT_UNINSTRUMENTED_BEGIN

/* ---- address space: one reservation from the arena on ------------------------------------------------------------ */

#define RT_TABLES_BASE (RT_HEAP_BASE + RT_ARENA_SIZE)
#define RT_DIRTY_MAP ((u8 *)RT_TABLES_BASE)                               /* a byte per 256 bytes of arena */
#define RT_LIVE ((u8 *)(RT_TABLES_BASE + (12UL << 30)))                   /* a byte per 16 bytes, 1: may be touched */
#define RT_MEMMAP_STATE ((u8 *)(RT_TABLES_BASE + (768UL << 20)))          /* a byte per RT_MEMMAP_UNIT */
#define RT_DIRTY_LIST ((u32 *)(RT_TABLES_BASE + (1UL << 30)))             /* granules changed since the image */
#define RT_VCLOCKS ((struct vclock *)(RT_TABLES_BASE + (2UL << 30)))      /* pool of vector clocks of a run */
#define RT_OBJECTS ((struct heap_object *)(RT_TABLES_BASE + (4UL << 30))) /* by address */
#define RT_POINT_LOG ((struct point_log *)(RT_TABLES_BASE + (5UL << 30))) /* per slot: clock -> semantic point */
#define RT_IMAGE_LIST ((u32 *)(RT_TABLES_BASE + (6UL << 30)))             /* granules the image differs from zero in */
#define RT_OBJECT_LOG ((struct object_log *)(RT_TABLES_BASE + (7UL << 30))) /* changes of objects since the image */
#define RT_UNMAP_LOG ((struct unmap_log *)(RT_TABLES_BASE + (8UL << 30)))   /* changes of the memmap since the image */
#define RT_SYNC_BASE (RT_TABLES_BASE + (16UL << 30))                        /* a u32 per 4 bytes: vector clock index */
#define RT_SHADOW_BASE (RT_SYNC_BASE + (64UL << 30))                        /* struct race_pair per 8 bytes */
#define RT_RESERVATION (RT_SHADOW_BASE + 4 * RT_ARENA_SIZE - RT_HEAP_BASE)

#define RT_GRANULE 256UL
#define RT_POINT_LOG_MAX (1UL << 20)
#define RT_VCLOCKS_MAX ((2UL << 30) / sizeof(struct vclock))

static inline u64 arena_offset(u64 addr)
{
	return addr - RT_HEAP_BASE;
}

static inline bool in_arena(u64 addr)
{
	return arena_offset(addr) < RT_ARENA_SIZE;
}

/* ---- clocks ------------------------------------------------------------------------------------------------------ */

/*
 * An epoch is clock << 5 | slot: which task, and when. Slots are given to tasks in order of creation within a run.
 * There is one clock for all tasks and runs; it ticks when the running task must be told from what it was before: at
 * releases, at semantic points, and when it is switched to. So an epoch below rt_fast.base is of an earlier run, which
 * every task knows all about, and one from rt_fast.slice on is of the running task since it was switched to.
 *
 * A cell may hold a vector clock's index instead, with the top bit set: several tasks, concurrently.
 */
#define RT_SLOTS 31
#define RT_SLOT_BITS 5
#define RT_CLOCK_MAX ((1u << 26) - 1)
#define RT_VECTOR (1u << 31)
#define RT_NO_TASK 64u
#define RT_NO_SLOT 64u
#define RT_NO_CPU 64u

struct vclock {
	u32 whole; /* published: the epoch whose owner knew just this; RT_VECTOR: there is none */
	u32 c[RT_SLOTS];
} __attribute__((aligned(64)));
#define RT_FEW_SLOTS 7 /* with no more, a vclock is its first 32 bytes */

/* Who accessed 8 bytes of arena last, by kind; a cell for each half. */
struct race_pair {
	u32 plain_write[2], marked_write[2], plain_read[2], marked_read[2];
} __attribute__((aligned(32)));

struct point_log {
	u32 clock;
	u32 semantic;
};

/* ---- tasks ------------------------------------------------------------------------------------------------------- */

enum wait_kind {
	WAIT_NONE,
	WAIT_EXCLUSIVE, /* for a lock, to own it */
	WAIT_SHARED,    /* for a rwsem, to read */
	WAIT_QUEUE,
	WAIT_TIME,
	WAIT_GRACE_PERIOD,
	WAIT_BARRIER, /* rcu_barrier */
	WAIT_TASK,    /* kthread_stop */
	WAIT_WORK,    /* flush_work */
	WAIT_IPI,
	WAIT_STOP, /* until no CPU is held */
	WAIT_IDLE, /* a context without work */
};

struct held_lock {
	struct rt_lock *lock;
	u32 class;
	bool shared;
};

#define RT_HELD_MAX 32

struct task_struct {
	u32 id, slot, cpu;
	u32 home; /* a daemon's CPU: where it returns when that comes up again; of other tasks RT_NO_CPU */
	bool daemon, done, started, interrupt;
	u32 epoch;
	u32 atomic; /* preempt_count + irqs_off + rcu_depth: holds its CPU while > 0 */
	u32 preempt_count, irqs_off, rcu_depth;
	u32 preempt_disables; /* of preempt_count, calls of preempt_disable(); the rest are locks */
	u32 exempt;           /* depth of data_race() */
	u32 semantic, occurrence;
	u64 since; /* points after the semantic point, as of the last time it was switched out */
	u64 own;   /* all its points, as of then; while it runs, both are steps of others */
	enum wait_kind wait_kind;
	bool woken, should_stop, signal, fatal_signal;
	enum rt_sleep sleep; /* while it waits: which signals end that */
	const void *wait_on;
	u64 wait_arg;
	u64 deadline; /* 0: none */
	int exit_code;
	u32 sync; /* what its creator, its stopper and its end publish */
	u32 grace_seen;
	u32 log_length;
	u32 nr_held;
	const struct rt_lock *draining; /* the active reference whose holders it waits for */
	u32 rescheds;                   /* calls of cond_resched() since it yielded */
	void (*fn)(void *arg);
	int (*thread_fn)(void *arg);
	void *arg;
	void *private; /* rt_task_private() */
	u64 words[RT_TASK_WORDS];
	char name[RT_TASK_NAME_MAX];
	struct held_lock held[RT_HELD_MAX];
	u32 seen[NR_POINTS];
	struct vclock vc;
};

struct heap_object {
	u64 addr;
	u32 size, room;
	u16 type;
	bool alive, permanent;
	u32 free_task, free_semantic; /* who freed it, and after which of its semantic points */
};

struct object_log {
	u32 index;
	struct heap_object before;
};

enum { UNIT_NEVER, UNIT_LIVE, UNIT_DEAD };

struct unmap_log {
	u32 unit;
	u16 nr;
	u8 before, after;
	u32 task, semantic;
};

/* ---- CPUs, RCU --------------------------------------------------------------------------------------------------- */

#define RT_IPI_QUEUE 64
#define RT_CALLBACKS_MAX 4096

struct rt_cpu {
	u32 tasks;     /* bits of tasks bound to it, interrupt context excluded */
	u32 holder;    /* bit of the task that keeps others off, or 0 */
	u32 interrupt; /* bit of its interrupt context, or 0 */
	bool in_interrupt;
	u32 ipi_head, ipi_tail;
	u32 task_sync;    /* released where preemption goes on, acquired where it goes off */
	u32 irq_sync;     /* released where interrupts go on, acquired by a handler */
	u32 handler_sync; /* released by a handler, acquired where interrupts go off */
	u32 worker_sync;
	u32 worker;                /* bit, or 0 */
	struct work_struct *first; /* pending work */
	struct work_struct *last;
	struct work_struct *running;
	u32 works; /* pending */
};

struct grace_period {
	u32 readers; /* sections that began before it and are not over */
	u32 sync;    /* their ends */
	u64 seq;
	struct rcu_head *head; /* NULL: somebody sleeps in synchronize_rcu() */
	void *object;          /* kfree_rcu: to free instead of calling */
	u32 waiter;
};

/* ---- the state --------------------------------------------------------------------------------------------------- */

struct rt_state {
	u64 steps_base; /* steps when rt_fast.ask was armed last */
	u64 ticks;      /* points made by calls: the same in every build, unlike the number of plain accesses */
	u64 time_base;  /* nanoseconds jumped over; the time is this plus ticks */
	u64 hash;
	u64 switches, preemptions;
	u32 ready;                /* bits of tasks that wait for nothing */
	u32 relaxed;              /* of them, in cpu_relax() until somebody stores */
	u32 sleepers;             /* waiting with a deadline */
	u64 next_deadline;        /* the earliest of theirs; UINT64_MAX without sleepers */
	u32 used, alive, daemons; /* bits of ids */
	u32 dormant;              /* threads of kthread_run_waiting() that nobody has woken: no clock, no stack */
	u32 undisturbed;          /* of them, those that are dormant since the image */
	u32 held_cpus, irq_cpus;  /* CPUs with a holder; with an interrupt pending or running */
	u32 stoppers;             /* tasks that wait for no CPU to be held, WAIT_STOP */
	bool stopped;             /* one has */
	u64 *online;              /* cpu_online_mask, in the arena; NULL: all, for ever */
	u32 nr_slots;
	u8 slot_id[32];
	u32 slice; /* epoch of the running task when it was switched to */
	u32 vc_next;
	u32 readers;  /* tasks inside an RCU read section */
	u32 rcu_task; /* bit, or 0 */
	u32 nr_grace;
	u32 grace_readers; /* union of the pending grace periods' readers */
	u32 grace_start_sync, callbacks_sync;
	u32 readers_sync; /* ends of all read sections */
	u32 grace_count;
	u64 callback_seq;
	u64 callback_running;
	u64 heap_cursor;
	u32 nr_objects, reuse_cursor;
	u32 nr_object_changes;
	u32 nr_unmaps;
	u32 log_length;
	u32 faults; /* bit per enum rt_fault: injected in this run */
	u32 nr_faults;
	struct lockorder lockorder;
	struct rt_cpu cpu[RT_MAX_CPUS + 1]; /* one more, nowhere: RCU callbacks */
};

typedef s32 cell_vector __attribute__((vector_size(16)));

/*
 * How cells look to the running task. One that is at least `slice` needs no look: the task made the same kind of access
 * since it was switched to, found it in order, and nobody was there in between. One below `base` (as unsigned) is of an
 * earlier run. While nothing is detected both are out of reach, and for stores while somebody waits for one.
 */
struct rt_view {
	cell_vector base_lanes; /* base_store in each, top bits flipped */
	s32 slice, slice_store;
	u32 base, base_store; /* base 0: nothing is detected */
	u32 base_foreign;     /* for marked reads of what was written marked, which matter to rt_reads_sink only */
};
#define RT_OUT_OF_REACH INT32_MAX
#define RT_VIEW_NOTHING                                                                                                \
	{                                                                                                              \
		{INT32_MIN, INT32_MIN, INT32_MIN, INT32_MIN}, RT_OUT_OF_REACH, RT_OUT_OF_REACH, 0, 0, 0                \
	}

struct rt_fast {
	struct rt_view view;
	u64 ask;      /* points until the slow path must look; 1: each */
	u64 armed;    /* what ask was at rt.steps_base */
	u64 now;      /* epoch of the running task, in both halves */
	u64 hash_tag; /* the running task's part of what is hashed; of marked accesses, with their kind */
	u64 hash_read, hash_write, hash_rmw;
	u32 kinds;   /* kinds of calls that take the slow path; all outside of runs */
	u32 watched; /* kinds of accesses that are never quick */
	bool weak;   /* in a run with store buffers */
	/* What the strategy wants to be told at semantic points where it is not asked; or NULL. */
	bool (*passes)(struct rt_strategy *s, u32 task, u32 semantic, u32 occurrence, u64 step, u64 runnable);
	struct rt_strategy *strategy;
	struct rt_view usual; /* outside of data_race() */
};

RT_UNINSTRUMENTED_END

#endif
