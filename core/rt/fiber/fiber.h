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

#include "core/rt/fiber/sanitizer.h"
#include "core/rt/fiber/state.h"
#include "core/rt/fiber/switch.h"

RT_UNINSTRUMENTED_BEGIN
#pragma GCC visibility push(hidden) /* direct accesses in position-independent code */

enum rt_phase { PHASE_NONE, PHASE_BOOT, PHASE_IDLE, PHASE_RUN, PHASE_CHECK };

extern struct rt_fast rt_fast;
extern struct rt_state rt;
extern struct task_struct rt_tasks[32];
extern struct task_struct rt_boot_task; /* stands for whoever calls outside of runs */
extern struct task_struct *rt_cur;
extern struct fiber rt_fibers[33]; /* one per id; the last one runs the quiescence check */
extern struct fiber rt_main_fiber;
extern struct rt_footprint *rt_footprint;
extern void (*rt_step_check)(void);
extern void (*rt_reads_sink)(const struct rt_read *read);
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

static inline u64 sched_now_ns(void)
{
	return rt.time_base + rt.ticks * RT_TICK_NS;
}

static inline void sched_load_now(void)
{
	rt_fast.now = rt_cur->epoch * 0x100000001UL;
}

/* After a change of the running task, of rt.slice, of rt.relaxed, or of what is detected. */
static inline void sched_load_epoch(void)
{
	bool detects = rt_phase == PHASE_RUN && rt_config.race_detector && !rt_fast.weak;
	s32 slice = detects ? (s32)rt.slice : RT_OUT_OF_REACH;
	u32 base = detects ? rt_clock_base << RT_SLOT_BITS : 0, base_store = rt.relaxed ? 0 : base;
	s32 flipped = (s32)(base_store ^ RT_VECTOR);
	const struct rt_view usual = {
		.base_lanes = {flipped, flipped, flipped, flipped},
		.slice = slice,
		.slice_store = rt.relaxed ? RT_OUT_OF_REACH : slice,
		.base = base,
		.base_store = base_store,
		.base_foreign = rt_reads_sink ? base : UINT32_MAX,
	};

	/* Not one from the other: a wide load of what narrow stores have just written waits for them. */
	rt_fast.usual = usual;
	rt_fast.view = rt_cur->exempt ? (struct rt_view)RT_VIEW_NOTHING : usual;
	/* An operation that reads and writes: whom it reads from must be asked before its own mark is there. */
	rt_fast.watched = rt_fast.weak ? RT_ACCESS : rt_reads_sink ? RT_RMW : 0;
	if (unlikely(rt.relaxed))
		rt_fast.watched |= RT_STORE | RT_WRITE_ONCE | RT_RMW;
	rt_fast.hash_tag = (u64)rt_cur->id << 59;
	rt_fast.hash_read = rt_fast.hash_tag ^ (u64)RT_READ_ONCE << 47;
	rt_fast.hash_write = rt_fast.hash_tag ^ (u64)RT_WRITE_ONCE << 47;
	rt_fast.hash_rmw = rt_fast.hash_tag ^ (u64)RT_RMW << 47;
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
/* Asks who goes on, at a semantic point. */
void sched_ask(u64 arg, void *pc);
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

/* The running task is at a semantic point; rt_fast.passes is set. */
static inline bool strategy_wants(u64 step)
{
	u64 runnable = rt.ready;
	bool wants;

	if (rt.held_cpus | rt.irq_cpus | rt.stoppers | rt.relaxed)
		runnable = sched_eligible() | task_bit(rt_cur);
	san_outside_begin();
	wants = rt_fast.passes(rt_fast.strategy, rt_cur->id, rt_cur->semantic, rt_cur->occurrence, step, runnable);
	san_outside_end();
	return wants;
}

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

/* For whoever looks at the machine in the middle of a run. */
static inline void check_step(void)
{
	if (likely(rt_step_check == NULL) || !rt_running())
		return;
	rt_data_race_begin();
	rt_step_check();
	rt_data_race_end();
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

/* One more, one fewer reason to hold the CPU. */
static inline void task_atomic_enter(void)
{
	struct task_struct *t = rt_cur;

	if (t->atomic++ || t->interrupt || t == &rt_boot_task)
		return;
	rt.cpu[t->cpu].holder = task_bit(t);
	rt.held_cpus |= 1u << t->cpu;
}

static inline void task_atomic_leave(void)
{
	struct task_struct *t = rt_cur;

	if (--t->atomic || t->interrupt || t == &rt_boot_task)
		return;
	rt.cpu[t->cpu].holder = 0;
	rt.held_cpus &= ~(1u << t->cpu);
}

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
/* For whoever stores it in a sync word later: what hb_publish() would publish now. */
u32 hb_publish_later(void);
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
/* rt_reads_sink is set and the running task reads @size bytes that another task of this run may have written. */
void race_note_read(u64 addr, u32 size);
void race_clear(void); /* all of it */

/* Of the word at @addr of the arena: where releases to it are published. */
static inline u32 *sync_at(u64 addr)
{
	return (u32 *)(RT_SYNC_BASE + (arena_offset(addr) & ~3UL));
}

/* Liveness, dirt, race detector for an access about to happen; access_slow(): and store buffers. */
void access_check(u64 addr, u32 size, u32 kind, void *pc);
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
void rest_rmw_4(u64 addr, void *pc);
void rest_rmw_8(u64 addr, void *pc);
void wild_access(u64 addr, u32 size, void *pc); /* outside of all memory */
void object_slow(u64 addr, u64 size, void *pc);

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

/* Before the runtime itself touches an object of the core: alive? and it will be restored. */
static inline void access_object(const void *obj, size_t size, void *pc)
{
	u64 first = arena_offset((u64)obj), last = first + size - 1;

	/* Small ones that are alive and dirty at both ends are quick. */
	if (unlikely(!in_arena((u64)obj)) || unlikely(size > RT_GRANULE) || unlikely(!RT_LIVE[first / 16]) ||
	    unlikely(!RT_LIVE[last / 16]) || unlikely(!RT_DIRTY_MAP[first / RT_GRANULE]) ||
	    unlikely(!RT_DIRTY_MAP[last / RT_GRANULE]))
		object_slow((u64)obj, size, pc);
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
