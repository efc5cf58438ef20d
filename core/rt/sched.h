/* SPDX-License-Identifier: MIT */
/*
 * The fiber scheduler's side for strategies: who runs next is their decision, at the points they ask for.
 *
 * A point is one of the kinds below, reached by the running task *before* the action takes effect. Points of shared
 * memory are inserted by the compiler; the rest are calls. A strategy is asked
 *   - at every point while rt_ask_after(0),
 *   - at the n-th point from now after rt_ask_after(n), once,
 *   - at all points of the kinds in rt_ask_kinds(mask),
 *   - at semantic points where its passes() says so,
 *   - at accesses to addresses marked by rt_ask_conflicts(),
 *   - always when the running task cannot go on (kind RT_BLOCK or RT_EXIT) and more than one other can,
 *   - always at a choice.
 * Asking less is what makes a run fast: an unasked point costs about a nanosecond.
 */
#ifndef PFNSTORM_RT_SCHED_H
#define PFNSTORM_RT_SCHED_H

#include "core/rt/point.h"
#include "core/rt/run.h"
#include "core/rt/types.h"

enum rt_kind {
	RT_LOAD = BIT(0), /* plain */
	RT_STORE = BIT(1),
	RT_READ_ONCE = BIT(2), /* marked */
	RT_WRITE_ONCE = BIT(3),
	RT_RMW = BIT(4),
	RT_LOCK = BIT(5), /* before an acquisition of any lock, RCU read lock included */
	RT_UNLOCK = BIT(6),
	RT_SEMANTIC = BIT(7),
	RT_RESCHED = BIT(8), /* cond_resched, cpu_relax, enabling of preemption or interrupts */
	RT_BLOCK = BIT(9),   /* the task waits */
	RT_EXIT = BIT(10),   /* the task is over */
	RT_WAKE = BIT(11),   /* before waking others */
};
#define RT_ACCESS (RT_LOAD | RT_STORE | RT_READ_ONCE | RT_WRITE_ONCE | RT_RMW)

/* Where a task is. Everything in it is the same in every preset and build but @pc, and @since for plain accesses. */
struct rt_place {
	u32 task;
	u32 kind; /* one bit of enum rt_kind */
	u64 addr; /* RT_ACCESS, locks: object; RT_SEMANTIC: its argument */
	u32 size;
	u32 semantic;   /* enum point_id of the latest semantic point of this task, this one included */
	u32 occurrence; /* how often this task has reached that semantic point, from 1 */
	u32 since;      /* points of this task after that semantic point, this one included; 0 at it */
	u64 step;       /* points of all tasks before this one */
	u64 own;        /* points of this task before this one: names the place however the others run */
	void *pc;
};

/*
 * What is runnable: whoever waits for nothing and whose CPU no other task holds (preemption or interrupts off, RCU read
 * section) and no interrupt occupies. A waiter for a lock is runnable while it could take it, a task in
 * synchronize_rcu() once its readers are gone: to choose it ends the grace period. An interrupt context is runnable
 * while one is pending and interrupts are on there; the RCU daemon while a callback is ready. A task in cpu_relax() is
 * not, until somebody stores.
 */
struct rt_strategy;

/* Kinds of choices other than who runs. 0 is always the default answer and means the tame one. */
enum rt_choice {
	RT_CHOOSE_FAULT,    /* n = 2; @what = enum rt_fault: inject? */
	RT_CHOOSE_CALLBACK, /* which of n ready RCU callbacks runs first */
	RT_CHOOSE_WORK,     /* which of n items queued on a CPU its worker takes, in order of queueing */
	RT_CHOOSE_TIMER,    /* everybody waits: which of n deadlines, earliest first, time passes to */
	RT_CHOOSE_DRAIN,    /* n = 2; @what = enum rt_drain: other than usual? Never with memory model sc */
	NR_RT_CHOICES
};
#define RT_CHOICE_SUBJECTS 16 /* @what is below this */

/* Choices about stores that have not reached memory. */
enum rt_drain {
	RT_DRAIN_SWITCH, /* the running CPU is left: its stores leave the buffer; 1: they stay */
	RT_DRAIN_LOAD,   /* a load where another CPU's store waits: sees the old value; 1: that store leaves first */
	RT_DRAIN_STORE,  /* the same for a store or atomic operation: that store leaves first; 1: it stays */
	NR_DRAINS
};
/* Does the machine's memory model let stores wait? */
bool rt_memory_is_weak(void);

struct rt_strategy_ops {
	const char *name;
	/* Start of a run: all tasks exist, none has run; returns the first to run, one of the bits in @runnable. */
	u32 (*begin)(struct rt_strategy *s, u64 runnable);
	/*
	 * The running task is at @place. Returns who goes on: place->task (if its bit is in @runnable) or another
	 * bit of @runnable. At RT_BLOCK and RT_EXIT place->task is not in it.
	 */
	u32 (*next)(struct rt_strategy *s, const struct rt_place *place, u64 runnable);
	/*
	 * The running task passes semantic point @semantic for the @occurrence-th time, @step points after the start,
	 * and next() would not be asked there. To look at such points this costs less than to ask for RT_SEMANTIC.
	 * True: next() is asked after all. It must ask for nothing. May be NULL.
	 */
	bool (*passes)(struct rt_strategy *s, u32 task, u32 semantic, u32 occurrence, u64 step, u64 runnable);
	/* One of 0 .. n-1. */
	u32 (*choose)(struct rt_strategy *s, enum rt_choice kind, u32 what, u32 n);
	/* End of the run, with its result. May be NULL. */
	void (*end)(struct rt_strategy *s, const struct rt_result *result);
};

struct rt_strategy {
	const struct rt_strategy_ops *ops;
};

/* The strategy of the following runs; NULL: run each task until it blocks, then the next id (round robin). */
void rt_set_strategy(struct rt_strategy *s);

/* To be called from begin(), next() and choose(): */
void rt_ask_after(u64 points); /* UINT64_MAX: never */
void rt_ask_kinds(u32 mask);   /* stays set until changed; 0 at the start of a run */
/*
 * Bitmap of the arena's 4-byte granules at which to ask, or NULL. Granule index from rt_granule(). The caller may add
 * bits during a run.
 */
void rt_ask_conflicts(const u64 *bitmap);
u64 rt_granule(u64 addr); /* < RT_GRANULES; the first 16 MiB of heap and memmap, 2 MiB of content; UINT64_MAX outside */
#define RT_GRANULES ((34UL << 20) / 4)

/* Who runs on which CPU, what a task waits for: for diagrams and reports; valid inside begin/next/choose and after a
 * run. */
bool rt_task_exists(u32 task); /* has been created in this run and its id not been given to another */
const char *rt_task_name_of(u32 task);
u32 rt_task_cpu_of(u32 task);
bool rt_task_is_daemon(u32 task);
u32 rt_nr_tasks(void);
bool rt_machine_stopped(void); /* a CPU went down or came up in this run, for which all others had to let go */

/*
 * Tracing: every point and event of the following runs is handed to @sink until it is set to NULL. Costs; used to
 * explain, never to search. The trace hash of two runs of one schedule is equal, traced or not.
 */
struct rt_trace_entry {
	struct rt_place place;
	u64 value; /* of a load: what was read; of a store: 0; semantic: argument; lock: class */
	u64 runnable;
	u32 preempt_count, irqs_off, rcu_depth;
	u64 locks_held[8]; /* addresses, innermost first, 0-terminated if fewer */
	bool switched_to;  /* true for the pseudo entry that marks the task being switched in */
};
void rt_set_trace(void (*sink)(const struct rt_trace_entry *entry, void *arg), void *arg);

/*
 * Footprint: which tasks touched which granules, over all runs since the caller zeroed it. A search needs it to know
 * where preemptions matter. The runtime sets bits and never clears any; with @log full it still sets bits. A write is
 * a store, an atomic operation, the acquisition of a lock (its address), a free (the whole object), and a mapping or
 * unmapping of memmap (the whole range). Boot does not count. NULL: off. The memory belongs to the caller.
 */
struct rt_footprint_granule {
	u32 readers, writers; /* bit per task */
};
struct rt_footprint {
	struct rt_footprint_granule *granules; /* RT_GRANULES of them */
	u64 *conflicts;                        /* bitmap of RT_GRANULES bits: two tasks or more, at least one writing */
	u32 *log;                              /* granules in the order in which they became conflicts */
	u32 log_count, log_capacity;
	u64 outside; /* accesses to shared memory that has no granule number: conflicts there are not seen */
};
void rt_set_footprint(struct rt_footprint *footprint);

/*
 * Reads-from: @sink hears of loads and atomic operations of the following runs that read what another task of the run
 * wrote last. It hears of a word at least once for each reader after each switch, and not of accesses that the race
 * detector has seen since: so it costs nothing on their way, and there must be a race detector. Coverage, in other
 * words: which store a load saw is what tells two interleavings apart (Wolff et al., "Greybox Fuzzing for Concurrency
 * Testing", ASPLOS 2024). NULL: off.
 */
struct rt_read {
	u64 addr;
	u32 semantic;        /* enum point_id: the reader's latest semantic point */
	u32 writer_semantic; /* the writer's, when it wrote */
};
void rt_set_reads(void (*sink)(const struct rt_read *read));

#endif
