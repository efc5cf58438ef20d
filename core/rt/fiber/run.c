/* SPDX-License-Identifier: MIT */
/* Boot once, run and reset many times: the image and the way back to it. */
#include "core/rt/run.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "core/rt/cpuhp.h"
#include "core/rt/fiber/fiber.h"
#include "core/rt/fiber/storebuf.h"

#ifndef MAP_FIXED_NOREPLACE
#define MAP_FIXED_NOREPLACE 0x100000
#endif

RT_UNINSTRUMENTED_BEGIN

#define STEP_LIMIT_DEFAULT 1000000UL

struct rt_state rt;
enum rt_phase rt_phase;
struct rt_config rt_config;

static struct rt_state image;
static struct task_struct image_tasks[32];
static char *image_arena; /* the arena as boot left it; zero where never written */
static u32 nr_dirty, nr_image;
static void (*quiescence_check)(void), (*start_check)(void);
void (*rt_step_check)(void);

/* ---- arena ------------------------------------------------------------------------------------------------------ */

static void reserve(void)
{
	int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
	void *want = (void *)RT_HEAP_BASE;

	if (image_arena)
		return;
	if (mmap(want, RT_RESERVATION, PROT_READ | PROT_WRITE, flags | MAP_FIXED_NOREPLACE, -1, 0) != want) {
		perror("pfnstorm: cannot reserve the arena at its fixed address");
		exit(4);
	}
	image_arena = mmap(NULL, RT_ARENA_SIZE, PROT_READ | PROT_WRITE, flags, -1, 0);
	if (image_arena == MAP_FAILED) {
		perror("pfnstorm: cannot reserve the boot image");
		exit(4);
	}
	madvise(want, RT_RESERVATION, MADV_DONTDUMP);
}

void dirty_slow(u64 granule)
{
	RT_DIRTY_MAP[granule] = 1;
	RT_DIRTY_LIST[nr_dirty++] = (u32)granule;
}

static void copy_granule(char *to, const char *from, u32 granule)
{
	san_copy_granule(to + granule * RT_GRANULE, from + granule * RT_GRANULE);
}

static void restore_arena(void)
{
	for (u32 i = 0; i < nr_dirty; i++) {
		copy_granule((char *)RT_HEAP_BASE, image_arena, RT_DIRTY_LIST[i]);
		RT_DIRTY_MAP[RT_DIRTY_LIST[i]] = 0;
	}
	nr_dirty = 0;
}

static void seal_arena(void)
{
	for (u32 i = 0; i < nr_dirty; i++) {
		copy_granule(image_arena, (char *)RT_HEAP_BASE, RT_DIRTY_LIST[i]);
		RT_DIRTY_MAP[RT_DIRTY_LIST[i]] = 0;
		RT_IMAGE_LIST[nr_image++] = RT_DIRTY_LIST[i];
	}
	nr_dirty = 0;
}

/* Back to an arena of zeroes: an image of zeroes, then restored like any other. */
static void clear_arena(void)
{
	static const char zeroes[RT_GRANULE] __attribute__((aligned(64)));

	restore_arena();
	for (u32 i = 0; i < nr_image; i++) {
		san_copy_granule(image_arena + RT_IMAGE_LIST[i] * RT_GRANULE, zeroes);
		copy_granule((char *)RT_HEAP_BASE, image_arena, RT_IMAGE_LIST[i]);
	}
	nr_image = 0;
}

/* ---- boot ------------------------------------------------------------------------------------------------------- */

static void clear_state(void)
{
	volatile u64 *words = (volatile u64 *)&rt;

	_Static_assert(sizeof(rt) % 8 == 0, "cleared word by word");
	for (size_t i = 0; i < sizeof(rt) / 8; i++)
		words[i] = 0;
	rt_boot_task = (struct task_struct){.id = RT_NO_TASK, .name = "boot", .semantic = POINT_task_start};
	rt_cur = &rt_boot_task;
}

static void seal(void)
{
	if (rt_boot_task.nr_held || rt_boot_task.atomic)
		rt_fail(VERDICT_context, "context boot",
			"boot returned with a lock held or preemption, interrupts or RCU state changed");
	rt.steps_base = 0;
	seal_arena();
	heap_seal();
	memmap_seal();
	rt.undisturbed = rt.dormant;
	image = rt;
	for (u32 m = rt.used; m; m &= m - 1) {
		u32 id = (u32)__builtin_ctz(m);

		image_tasks[id] = rt_tasks[id];
	}
}

void rt_boot(const struct rt_config *config, void (*boot)(void *arg), void *arg)
{
	if (!config->cpus || config->cpus > RT_MAX_CPUS) {
		fprintf(stderr, "pfnstorm: rt_boot: %u cpus, expected 1 to %u\n", config->cpus, RT_MAX_CPUS);
		abort();
	}
	reserve();
	if (rt_phase != PHASE_NONE)
		rt_reset();
	heap_clear();
	memmap_clear();
	clear_arena();
	clear_state();
	rt_config = *config;
	if (!rt_config.step_limit)
		rt_config.step_limit = STEP_LIMIT_DEFAULT;
	rt.vc_next = rt_vc_base;
	rt.next_deadline = UINT64_MAX;
	rt_phase = PHASE_BOOT;
	sched_reset();
	verdict_clear();
	cpuhp_clear();
	boot(arg);
	rcu_run_at_boot();
	seal();
	rt_phase = PHASE_IDLE;
}

unsigned int rt_task_create(const char *name, unsigned int cpu, void (*fn)(void *arg), void *arg)
{
	struct task_struct *t;

	if (rt_phase != PHASE_IDLE || cpu >= rt_config.cpus || !(t = task_create(name, cpu, TASK_SCENARIO))) {
		fprintf(stderr, "pfnstorm: rt_task_create(%s, cpu%u): %s\n", name, cpu,
			rt_phase != PHASE_IDLE  ? "only between boot or reset and a run"
			: cpu >= rt_config.cpus ? "no such CPU"
						: "too many tasks");
		abort();
	}
	t->fn = fn;
	t->arg = arg;
	return t->id;
}

/* ---- run -------------------------------------------------------------------------------------------------------- */

static void check_main(void)
{
	fiber_entered();
	san_acquire(&rt_main_fiber);
	quiescence_check();
	sched_stop();
}

/* On a fiber of its own, so that a check that fails can be left for good. */
static void run_check(void)
{
	struct fiber *fiber = &rt_fibers[32];

	if (!quiescence_check || verdict_now()->kind != VERDICT_ok)
		return;
	rt_phase = PHASE_CHECK;
	fiber_prepare(fiber, check_main);
	san_release(&rt_main_fiber);
	fiber_switch(&rt_main_fiber, fiber);
	san_acquire(&rt_main_fiber);
}

static void finish(struct rt_result *result, u64 steps)
{
	const struct rt_verdict *v = verdict_now();

	rt_hash((u64)v->kind);
	for (u32 i = 0; v->signature[i]; i++)
		rt_hash((u64)v->signature[i]);
	if (v->kind == VERDICT_ok) {
		result->verdict.kind = VERDICT_ok;
		result->verdict.signature[0] = result->verdict.detail[0] = '\0';
		result->verdict.task = 0;
		result->verdict.addr = 0;
		result->verdict.pc = NULL;
	} else {
		result->verdict = *v;
	}
	result->verdict.step = steps;
	result->steps = steps;
	result->switches = rt.switches;
	result->preemptions = rt.preemptions;
	result->hash = rt.hash;
}

static void start_task(struct task_struct *t)
{
	if (rt.dormant & task_bit(t))
		return;
	clock_start_task(t);
	if (!t->done)
		task_prepare(t);
}

void rt_run(struct rt_result *result)
{
	u64 steps;

	if (rt_phase != PHASE_IDLE) {
		fprintf(stderr, "pfnstorm: rt_run() before rt_boot() or inside a run\n");
		abort();
	}
	verdict_clear();
	if (start_check)
		start_check();
	rt_phase = PHASE_RUN;
	rt_fast.weak = rt_config.memory != RT_MEMORY_sc;
	rt.vc_next = rt_vc_base;
	rt.hash = 0;
	rt.ticks = 0;
	sched_reset();
	for (u32 slot = 0; slot < rt.nr_slots; slot++)
		start_task(&rt_tasks[rt.slot_id[slot]]);
	storebuf_begin();
	sched_begin();
	steps = sched_steps();
	if (rt_fast.weak)
		storebuf_end();
	rt_fast.weak = false;
	rt_cur = &rt_boot_task;
	rt_phase = PHASE_IDLE;
	sched_reset();
	run_check();
	rt_phase = PHASE_IDLE;
	finish(result, steps);
	sched_end(result);
}

void rt_reset(void)
{
	u32 undisturbed = rt.undisturbed;

	for (u32 m = rt.used; m; m &= m - 1) {
		u32 id = (u32)__builtin_ctz(m);

		if (!rt_tasks[id].started || rt_tasks[id].done)
			continue;
		rt_fibers[id].abandoned = true;
		rt_fibers[id].ignores = rt_tasks[id].exempt;
	}
	clock_reset();
	heap_reset();
	memmap_reset();
	restore_arena();
	rt = image;
	for (u32 m = rt.used & ~undisturbed; m; m &= m - 1) {
		u32 id = (u32)__builtin_ctz(m);

		rt_tasks[id] = image_tasks[id];
	}
	rt_cur = &rt_boot_task;
	rt_boot_task.nr_held = rt_boot_task.atomic = rt_boot_task.preempt_count = 0;
	rt_boot_task.preempt_disables = 0;
	rt_boot_task.irqs_off = rt_boot_task.rcu_depth = rt_boot_task.exempt = 0;
	rt_phase = PHASE_IDLE;
	sched_reset();
}

bool rt_holds_still(void)
{
	return true;
}

void rt_set_quiescence_check(void (*check)(void))
{
	quiescence_check = check;
}

void rt_set_step_check(void (*check)(void))
{
	rt_step_check = check;
}

void rt_set_start_check(void (*check)(void))
{
	start_check = check;
}

RT_UNINSTRUMENTED_END
