/* SPDX-License-Identifier: MIT */
/*
 * State of the fiber runtime, private to core/rt/fiber/.
 *
 * One OS thread. Everything that a run changes is in `rt` (small, copied whole by rt_reset), `rt_tasks` (copied for
 * tasks of the image, built anew for the others), the arena (256-byte granules, restored where dirty) and a few
 * tables that undo themselves by a log. `rt_fast` is what an access callback looks at.
 */
#ifndef PFNSTORM_FIBER_H
#define PFNSTORM_FIBER_H

#include "core/rt/cpu.h"
#include "core/rt/fiber/sanitizer.h"
#include "core/rt/fiber/switch.h"
#include "core/rt/lock.h"
#include "core/rt/lockorder.h"
#include "core/rt/mem.h"
#include "core/rt/point.h"
#include "core/rt/rcu.h"
#include "core/rt/run.h"
#include "core/rt/sched.h"
#include "core/rt/task.h"

RT_UNINSTRUMENTED_BEGIN
#pragma GCC visibility push(hidden) /* direct accesses in position-independent code */

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
	struct lockorder lockorder;
	struct rt_cpu cpu[RT_MAX_CPUS + 1]; /* one more, nowhere: RCU callbacks */
};

typedef s32 cell_vector __attribute__((vector_size(16)));

/*
 * A cell that is at least `slice` needs no look: the running task made the same kind of access since it was switched
 * to, found it in order, and nobody was there in between. A cell below `base` (as unsigned) is of an earlier run. While
 * nothing is detected both are out of reach, and for stores while somebody waits for one.
 */
struct rt_fast {
	cell_vector base_lanes; /* base_store in each, top bits flipped */
	u64 ask;                /* points until the slow path must look; 1: each */
	u64 armed;              /* what ask was at rt.steps_base */
	u64 now;                /* epoch of the running task, in both halves */
	s32 slice, slice_store;
	u32 base, base_store;
	u32 kinds;    /* kinds of calls that take the slow path; all outside of runs */
	bool detects; /* races, that is */
	u64 hash_tag; /* the running task's part of what is hashed */
};

enum rt_phase { PHASE_NONE, PHASE_BOOT, PHASE_IDLE, PHASE_RUN, PHASE_CHECK };

extern struct rt_fast rt_fast;
extern struct rt_state rt;
extern struct task_struct rt_tasks[32];
extern struct task_struct rt_boot_task; /* stands for whoever calls outside of runs */
extern struct task_struct *rt_cur;
extern struct fiber rt_fibers[33]; /* one per id; the last one runs the quiescence check */
extern struct fiber rt_main_fiber;
extern struct rt_footprint *rt_footprint;
extern void (*rt_trace_sink)(const struct rt_trace_entry *entry, void *arg);
extern enum rt_phase rt_phase;
extern struct rt_config rt_config;
extern u32 rt_clock;      /* never goes back */
extern u32 rt_clock_base; /* of this run */
extern u32 rt_vc_base;
extern u64 rt_heap_limit;          /* end of the heap; tests lower it */
#define RT_TICK_NS 1000            /* virtual time that a call takes: sleeps overlap with the work of others */
#define RT_ASK_OUTSIDE (1UL << 62) /* rt_fast.ask while nothing runs: never over */
extern struct grace_period rt_grace[RT_CALLBACKS_MAX];

static inline u64 sched_steps(void)
{
	return rt.steps_base + (rt_fast.armed - rt_fast.ask);
}

#define RT_OUT_OF_REACH INT32_MAX

static inline void sched_load_now(void)
{
	rt_fast.now = rt_cur->epoch * 0x100000001UL;
}

/* After a change of the running task, of rt.slice, of rt.relaxed, or of what is detected. */
static inline void sched_load_epoch(void)
{
	bool detects = rt_phase == PHASE_RUN && rt_config.race_detector && !rt_cur->exempt;
	s32 flipped;

	rt_fast.detects = detects;
	rt_fast.slice = detects ? (s32)rt.slice : RT_OUT_OF_REACH;
	rt_fast.base = detects ? rt_clock_base << RT_SLOT_BITS : 0;
	rt_fast.slice_store = rt.relaxed ? RT_OUT_OF_REACH : rt_fast.slice;
	rt_fast.base_store = rt.relaxed ? 0 : rt_fast.base;
	flipped = (s32)(rt_fast.base_store ^ RT_VECTOR);
	rt_fast.base_lanes = (cell_vector){flipped, flipped, flipped, flipped};
	rt_fast.hash_tag = (u64)rt_cur->id << 59;
	sched_load_now();
}

static inline u32 task_bit(const struct task_struct *t)
{
	return 1u << t->id;
}

static inline bool trace_on(void)
{
	return rt_trace_sink != NULL;
}

static inline bool footprint_on(void)
{
	return rt_footprint != NULL;
}

static inline bool rt_running(void)
{
	return rt_phase == PHASE_RUN;
}

#define RT_PC() __builtin_return_address(0)

/* ---- sched.c ----------------------------------------------------------------------------------------------------- */

/* Slow part of a point: countdown over, or kind asked for. */
void sched_point_slow(u32 kind, u64 addr, u64 size, void *pc);
/* The running task waits (its ready bit is off, or it is done): runs others until it is chosen again. */
void sched_leave(u32 kind, u64 addr, void *pc);
void sched_arm(void);
void sched_begin(void);
void sched_reset(void);
u32 sched_eligible(void);
void sched_stop(void) __attribute__((noreturn)); /* back to rt_run(), abandoning the task */
u32 sched_choose(enum rt_choice kind, u32 what, u32 n);
void sched_end(const struct rt_result *result);
/* For a footprint in use: the running task touches [addr, addr + size) with an access of @kind. */
void footprint_add(u32 kind, u64 addr, u64 size);
void sched_stored(void); /* ends the wait of all tasks in cpu_relax() */

static inline void rt_hash(u64 value)
{
	u64 h = (rt.hash ^ value) * 0x9e3779b97f4a7c15ULL;

	rt.hash = h ^ (h >> 29);
}

/* @addr outside the arena counts as 0: it may differ from process to process. */
static inline void rt_hash_point(u32 kind, u64 addr)
{
	rt_hash((in_arena(addr) ? addr : 0) ^ (u64)kind << 47 ^ rt_fast.hash_tag);
}

/* A point made by a call: locks, marked accesses, semantic points … Does nothing outside of runs. */
static inline void rt_step(u32 kind, u64 addr, u64 size, void *pc)
{
	rt.ticks++;
	if (unlikely(--rt_fast.ask == 0) || unlikely(rt_fast.kinds & kind))
		sched_point_slow(kind, addr, size, pc);
	rt_hash_point(kind, addr);
}

/* ---- wait and block ---------------------------------------------------------------------------------------------- */

/*
 * Blocks the running task until somebody calls task_wake() on it or its deadline passes; task_sleep(): or, waiting for
 * a lock, on a queue, or for time to pass, a signal that ends such a @sleep comes.
 */
void task_block(enum wait_kind kind, const void *on, u64 deadline);
void task_sleep(enum wait_kind kind, const void *on, u64 deadline, enum rt_sleep sleep);
/* Is a signal pending that ends a @sleep of the running task? */
bool task_interrupted(enum rt_sleep sleep);
void task_wake(struct task_struct *t);
/* All tasks that wait with @kind on @on. */
void task_wake_all(enum wait_kind kind, const void *on);
bool task_wake_sleepers(bool jump);
void task_sleepers_changed(void);

/* ---- task.c ------------------------------------------------------------------------------------------------------ */

enum task_sort { TASK_SCENARIO, TASK_DAEMON, TASK_DORMANT };
struct task_struct *task_create(const char *name, u32 cpu, enum task_sort sort);
void task_prepare(struct task_struct *t); /* its fiber, for the first switch into it */
void task_exit(void) __attribute__((noreturn));
void task_atomic_enter(void);
void task_atomic_leave(void);
void task_set_semantic(struct task_struct *t, u32 id);
void task_check_returned(const char *what);

/* ---- cpu.c, work.c ------------------------------------------------------------------------------------------------
 */

unsigned long cpu_irq_off(void);
void cpu_irq_on(unsigned long flags);
/* The context of @cpu in which func(arg) of a daemon runs; RT crash verdict if no task is left. */
struct task_struct *daemon_create(const char *prefix, u32 cpu, void (*fn)(void *arg));

/* ---- cpu_hotplug.c ----------------------------------------------------------------------------------------------- */

/* Of rt.stoppers, those whose wait is over. */
u32 stoppers_ready(void);

/* Looked at by the runtime: no access, no point. */
static inline bool cpu_is_up(u32 cpu)
{
	return !rt.online || *(volatile u64 *)rt.online >> cpu & 1;
}

/* ---- clock.c ----------------------------------------------------------------------------------------------------- */

void hb_advance(struct task_struct *t);
/* The running task was switched to, or something died: what it accessed before needs another look. */
void hb_begin_slice(void);
void hb_learn(const u32 *sync);
/* release: adds to what is there; publish: replaces it (the caller knows all of it, or nobody may see it any more). */
void hb_release(u32 *sync);
void hb_publish(u32 *sync);
/* All that any task did so far happens before all that any does from now on. */
void hb_stop_machine(void);
u32 vc_alloc(void);
/* More than RT_FEW_SLOTS are in use from now on. */
void vc_widen(void);
static inline bool vc_valid(u32 index)
{
	return index >= rt_vc_base && index;
}

static inline struct vclock *vc_at(u32 index)
{
	return &RT_VCLOCKS[index - rt_vc_base];
}

/* The running task learns what was published at @sync. */
static inline void hb_acquire(const u32 *sync)
{
	if (unlikely(vc_valid(*sync)))
		hb_learn(sync);
}

static inline u32 epoch_clock(u32 epoch)
{
	return epoch >> RT_SLOT_BITS;
}

static inline u32 epoch_slot(u32 epoch)
{
	return epoch & (BIT(RT_SLOT_BITS) - 1);
}

/* Did everything of @epoch happen before what the running task does now? */
static inline bool covers(u32 epoch)
{
	return epoch_clock(epoch) <= rt_cur->vc.c[epoch_slot(epoch)];
}

u32 clock_semantic(u32 slot, u32 clock);
void clock_start_task(struct task_struct *t);
void clock_reset(void);

/* ---- race.c, access.c -------------------------------------------------------------------------------------------- */

void race_check(u64 addr, u32 size, u32 kind, void *pc);
void race_forget(u64 addr, u64 size); /* memory begins a new life */
u32 race_last_write(u64 addr);
void race_clear(void); /* all of it */

/* Of the word at @addr of the arena: where releases to it are published. */
static inline u32 *sync_at(u64 addr)
{
	return (u32 *)(RT_SYNC_BASE + (arena_offset(addr) & ~3UL));
}

/* Liveness, dirt, race detector for an access about to happen. */
void access_slow(u64 addr, u32 size, u32 kind, void *pc);
/* The same, quick where all is in order. */
void rest_read_once_1(u64 addr, void *pc);
void rest_read_once_2(u64 addr, void *pc);
void rest_read_once_4(u64 addr, void *pc);
void rest_read_once_8(u64 addr, void *pc);
void rest_write_once_1(u64 addr, void *pc);
void rest_write_once_2(u64 addr, void *pc);
void rest_write_once_4(u64 addr, void *pc);
void rest_write_once_8(u64 addr, void *pc);
void wild_access(u64 addr, u32 size, void *pc); /* outside of all memory */
/* Before the runtime itself touches an object of the core: alive? and it will be restored. */
void access_object(const void *obj, size_t size, void *pc);

/* ---- heap.c, memmap.c, reset.c ----------------------------------------------------------------------------------- */

void oops_report(u64 addr, void *pc); /* returns if the address is of the content window, which is always live */

/* Verdict unless [addr, addr + size) may be touched. */
static inline void oops_check(u64 addr, u64 size, void *pc)
{
	u64 first = arena_offset(addr), last = first + size - 1;

	if (unlikely(first >= RT_ARENA_SIZE || !RT_LIVE[first / 16]))
		oops_report(addr, pc);
	if (unlikely(last < RT_ARENA_SIZE && !RT_LIVE[last / 16]))
		oops_report(addr + size - 1, pc);
}

void rt_set_live(u64 addr, u64 size, bool live);
void *heap_alloc(u64 size, u32 type);
void heap_reset(void);
void heap_seal(void);
void heap_clear(void);
struct heap_object *heap_find(u64 addr);
void heap_kill_epochs(void);
bool memmap_killer(u64 addr, u32 *task, u32 *semantic);
void memmap_filled(u64 addr, u64 size);
void memmap_seal(void);
void memmap_reset(void);
void memmap_clear(void);
void dirty_slow(u64 granule);
void dirty_range(u64 addr, u64 size);

static inline void dirty_mark(u64 offset)
{
	u64 granule = offset / RT_GRANULE;

	if (unlikely(!RT_DIRTY_MAP[granule]))
		dirty_slow(granule);
}

/* ---- others ------------------------------------------------------------------------------------------------------ */

void lock_deadlock_check(void);
/* @t, which waits for a lock, does so no more. */
void lock_cancel_wait(const struct task_struct *t);
void sched_deadlock(void) __attribute__((noreturn));
void rcu_reset(void);
void rcu_run_at_boot(void);
bool rcu_pending(void);
void rcu_reader_gone(struct task_struct *t);
void context_fail(const char *what, const char *detail) __attribute__((noreturn));
void verdict_clear(void);
struct rt_verdict *verdict_now(void);
void trace_point(const struct rt_place *place, u64 runnable);
void trace_switched(u64 runnable);
void place_fill(struct rt_place *place, u32 kind, u64 addr, u64 size, void *pc);
const char *task_label(u32 id);
void log_reset(void);

/* "{a, b}" in alphabetical order, as signatures want it. */
void pair_format(char *buf, size_t size, const char *a, const char *b);

#pragma GCC visibility pop
RT_UNINSTRUMENTED_END

#endif
