/* SPDX-License-Identifier: MIT */
/*
 * Random small programs: the pruned search must end in exactly the states that the unpruned one ends in, at each bound,
 * and so must one that several processes share.
 */
#include "fuzz/exhaustive.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <cmocka.h>

#include "core/rt/access.h"
#include "core/rt/cpu.h"
#include "core/rt/lock.h"
#include "core/rt/mem.h"
#include "core/rt/rcu.h"
#include "fuzz/explore_jobs.h"

#define TASKS 4
#define STEPS 7
#define VARIABLES 8 /* the last is stored to under a condition only: that it is shared may show late */
#define STATES 4096

enum step {
	STEP_NONE,
	STEP_LOAD,
	STEP_STORE,
	STEP_ADD,
	STEP_STORE_IF,
	STEP_LOCK,
	STEP_UNLOCK,
	STEP_TRYLOCK,
	STEP_READ_LOCK,
	STEP_READ_UNLOCK,
	STEP_SYNCHRONIZE,
	STEP_PREEMPT_OFF,
	STEP_PREEMPT_ON,
	NR_STEPS
};

struct program_step {
	u8 step, variable, value;
};

struct program {
	u32 tasks, steps, cpus, variables;
	u32 cpu[TASKS];
	struct program_step step[TASKS][STEPS];
};

static struct {
	u64 variable[VARIABLES];
	u64 seen[TASKS][STEPS];
	spinlock_t lock;
} * shared;

static struct program program;

/* Balanced sections: what is opened is closed, nothing sleeps inside, sections do not nest. */
static void make_task(struct rt_random *r, struct program_step *steps, u32 nr_steps, u32 variables)
{
	static const u8 openers[] = {STEP_LOCK, STEP_READ_LOCK, STEP_PREEMPT_OFF, STEP_TRYLOCK};
	static const u8 closers[] = {STEP_UNLOCK, STEP_READ_UNLOCK, STEP_PREEMPT_ON, STEP_UNLOCK};
	u8 close = STEP_NONE;

	for (u32 i = 0; i < nr_steps; i++) {
		u32 dice = rt_random_below(r, 10);
		struct program_step *s = &steps[i];

		s->variable = (u8)rt_random_below(r, variables);
		s->value = (u8)(1 + rt_random_below(r, 3));
		if (close && (i == nr_steps - 1 || dice < 3)) {
			s->step = close;
			close = STEP_NONE;
		} else if (!close && i < nr_steps - 1 && dice < 2) {
			u32 which = rt_random_below(r, ARRAY_SIZE(openers));

			s->step = openers[which];
			close = closers[which];
		} else if (!close && dice == 2) {
			s->step = STEP_SYNCHRONIZE;
		} else {
			s->step = dice < 5 ? STEP_LOAD : dice < 8 ? STEP_STORE : dice < 9 ? STEP_ADD : STEP_STORE_IF;
			if (s->step == STEP_LOAD && rt_random_below(r, 3) == 0)
				s->variable = VARIABLES - 1;
		}
	}
}

static void make_program(u64 seed, u32 tasks, u32 steps)
{
	struct rt_random r;

	rt_random_seed(&r, seed);
	memset(&program, 0, sizeof(program));
	program.tasks = tasks;
	program.steps = steps;
	program.cpus = 1 + rt_random_below(&r, tasks);
	program.variables = 2 + rt_random_below(&r, VARIABLES - 2);
	for (u32 t = 0; t < program.tasks; t++) {
		program.cpu[t] = rt_random_below(&r, program.cpus);
		make_task(&r, program.step[t], steps, program.variables);
	}
}

static bool take_step(u32 task, u32 i, bool locked)
{
	const struct program_step *s = &program.step[task][i];
	u64 *variable = &shared->variable[s->variable];

	switch (s->step) {
	case STEP_LOAD:
		WRITE_ONCE(shared->seen[task][i], READ_ONCE(*variable) + 1);
		break;
	case STEP_STORE:
		WRITE_ONCE(*variable, s->value);
		break;
	case STEP_ADD:
		WRITE_ONCE(*variable, READ_ONCE(*variable) + s->value);
		break;
	case STEP_STORE_IF:
		if (READ_ONCE(*variable) == s->value)
			WRITE_ONCE(shared->variable[VARIABLES - 1], s->value);
		break;
	case STEP_LOCK:
		spin_lock(&shared->lock);
		return true;
	case STEP_TRYLOCK:
		return spin_trylock(&shared->lock);
	case STEP_UNLOCK:
		if (locked)
			spin_unlock(&shared->lock);
		return false;
	case STEP_READ_LOCK:
		rcu_read_lock();
		break;
	case STEP_READ_UNLOCK:
		rcu_read_unlock();
		break;
	case STEP_SYNCHRONIZE:
		synchronize_rcu();
		break;
	case STEP_PREEMPT_OFF:
		preempt_disable();
		break;
	case STEP_PREEMPT_ON:
		preempt_enable();
		break;
	default:
		break;
	}
	return locked;
}

static void run_task(void *arg)
{
	u32 task = (u32)(u64)arg;
	bool locked = false;

	for (u32 i = 0; i < program.steps; i++)
		locked = take_step(task, i, locked);
}

static void boot(void *arg)
{
	(void)arg;
	shared = rt_kzalloc(sizeof(*shared), OBJ_test);
	rt_mark_permanent(shared);
	spin_lock_init(&shared->lock, LOCK_test_a);
}

/* ---- the states a search ends in ----------------------------------------------------------------------------------
 */

struct states {
	u64 state[STATES];
	u32 count;
	u32 busy; /* several processes add to it */
	u64 runs;
};

static u64 end_state(const struct rt_result *result)
{
	u64 hash = 1 + result->verdict.kind;

	for (u32 i = 0; i < VARIABLES; i++)
		hash = (hash ^ shared->variable[i]) * 0x9e3779b97f4a7c15ULL;
	for (u32 i = 0; i < TASKS * STEPS; i++)
		hash = (hash ^ shared->seen[i / STEPS][i % STEPS]) * 0x9e3779b97f4a7c15ULL;
	return hash;
}

static bool has_state(const struct states *s, u64 state)
{
	for (u32 i = 0; i < s->count; i++)
		if (s->state[i] == state)
			return true;
	return false;
}

static void add_state(struct states *s, u64 state)
{
	while (__atomic_exchange_n(&s->busy, 1, __ATOMIC_ACQUIRE))
		;
	if (!has_state(s, state)) {
		assert_true(s->count < STATES);
		s->state[s->count++] = state;
	}
	s->runs++;
	__atomic_store_n(&s->busy, 0, __ATOMIC_RELEASE);
}

static void run(void *arg, struct rt_strategy *strategy, struct rt_result *result)
{
	struct states *s = arg;

	for (u32 t = 0; t < program.tasks; t++)
		rt_task_create("task", program.cpu[t], run_task, (void *)(u64)t);
	rt_set_strategy(strategy);
	rt_run(result);
	add_state(s, end_state(result));
	rt_reset();
}

static void search(struct states *s, u32 bound, bool prune, u32 jobs)
{
	static struct explore_result result;
	struct rt_config config = {.cpus = program.cpus, .race_detector = true};
	struct explore_subject subject = {.run = run, .arg = s};
	struct explore_options options = {.strategy = strategy_by_name("exhaustive"),
					  .strategy_options = STRATEGY_OPTIONS_DEFAULT,
					  .keep_going = true};

	memset(s, 0, sizeof(*s));
	rt_boot(&config, boot, NULL);
	options.strategy_options.bound = bound;
	options.strategy_options.prune = prune;
	assert_int_equal(explore_jobs(&subject, &options, jobs, &result), 0);
	assert_true(result.status.report.complete);
}

static void expect_equal(const struct states *a, const char *a_name, const struct states *b, const char *b_name,
			 u64 seed, u32 bound)
{
	for (u32 i = 0; i < b->count; i++)
		if (!has_state(a, b->state[i]))
			fail_msg("program %llu, bound %u: the %s search misses a state (%u found, %u exist)",
				 (unsigned long long)seed, bound, a_name, a->count, b->count);
	for (u32 i = 0; i < a->count; i++)
		if (!has_state(b, a->state[i]))
			fail_msg("program %llu, bound %u: the %s search misses a state", (unsigned long long)seed,
				 bound, b_name);
}

struct sizes {
	u32 tasks, steps, bound;
	u64 programs;
};

static void compare(const struct sizes *sizes, u64 seed, u64 *runs_pruned, u64 *runs_full)
{
	static struct states pruned, full;

	make_program(seed, sizes->tasks, sizes->steps);
	search(&pruned, sizes->bound, true, 1);
	search(&full, sizes->bound, false, 1);
	*runs_pruned += pruned.runs;
	*runs_full += full.runs;
	expect_equal(&pruned, "pruned", &full, "unpruned", seed, sizes->bound);
}

static void pruned_and_unpruned_agree(void **state)
{
	static const struct sizes all[] = {
		{2, 7, 1, 60}, {3, 7, 1, 60}, {4, 7, 1, 30}, {2, 7, 2, 40}, {3, 7, 2, 16},
		{4, 5, 2, 8},  {2, 7, 3, 4},  {3, 4, 3, 8},  {4, 3, 3, 3},  {3, 3, 4, 2},
	};

	(void)state;
	for (u32 i = 0; i < ARRAY_SIZE(all); i++) {
		u64 pruned = 0, full = 0;

		for (u64 seed = 1; seed <= all[i].programs; seed++)
			compare(&all[i], seed, &pruned, &full);
		print_message("%u tasks of %u steps, bound %u: %llu runs pruned, %llu without, over %llu programs\n",
			      all[i].tasks, all[i].steps, all[i].bound, (unsigned long long)pruned,
			      (unsigned long long)full, (unsigned long long)all[i].programs);
		assert_true(pruned < full);
	}
}

#if !__has_feature(thread_sanitizer)
static void processes_agree(void **state)
{
	static struct states one;
	struct states *many = mmap(NULL, sizeof(*many), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	(void)state;
	assert_true(many != MAP_FAILED);
	for (u64 seed = 1; seed <= 20; seed++) {
		make_program(seed, 2 + seed % 3, 5);
		search(&one, 2, true, 1);
		search(many, 2, true, 3);
		expect_equal(many, "shared", &one, "lone", seed, 2);
	}
	munmap(many, sizeof(*many));
}
#endif

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pruned_and_unpruned_agree),
#if !__has_feature(thread_sanitizer) /* TSan does not follow a process with fibers into its children */
		cmocka_unit_test(processes_agree),
#endif
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
