/* SPDX-License-Identifier: MIT */
/*
 * Harness of the tests that both runtimes must pass: a scenario of a few tasks is run many times in a child process,
 * on fibers under random walks, on threads with perturbation; its first verdict other than ok comes back.
 *
 * Tasks check with BUG_ON(): cmocka's assertions work in the test function only. Shared state is the first object of
 * the heap, zeroed at each boot.
 */
#ifndef PFNSTORM_RT_TEST_H
#define PFNSTORM_RT_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/rt/access.h"
#include "core/rt/atomic.h"
#include "core/rt/mem.h"
#include "core/rt/point.h"
#include "core/rt/random.h"
#include "core/rt/run.h"
#ifdef RT_RUNTIME_THREAD
#include "core/rt/thread.h"
#else
#include "core/rt/random_walk.h"
#endif

#define RT_TEST_TASKS 6
#define RT_TEST_SHARED_SIZE 4096

/* A type of the test's own, in the arena. */
#define RT_TEST_SHARED(type) (*(type *)RT_HEAP_BASE)

struct rt_test {
	u32 cpus;
	u32 rounds; /* runs at most, each with another seed */
	void (*boot)(void);
	void (*after)(void); /* at quiescence */
	bool warn_continue;
	struct {
		const char *name;
		u32 cpu;
		void (*fn)(void *arg);
		void *arg;
	} task[RT_TEST_TASKS];
};

static inline void rt_test_boot(void *arg)
{
	const struct rt_test *test = arg;

	rt_mark_permanent(rt_kzalloc(RT_TEST_SHARED_SIZE, OBJ_test));
	if (test->boot)
		test->boot();
}

#ifdef RT_RUNTIME_THREAD
static inline void rt_test_prepare(u64 seed)
{
	rt_thread_perturb(seed ? 128 : 0);
	rt_thread_patience(300000000UL);
	rt_thread_quiet();
}
#else
/* Seed 0 is the default strategy: each task until it blocks. */
static inline void rt_test_prepare(u64 seed)
{
	static const struct rt_strategy_ops ops = RT_RANDOM_WALK_OPS;
	static struct rt_random_walk walk = {.strategy = {&ops}, .longest = 8};

	if (seed)
		rt_random_walk_start(&walk, seed);
	else
		rt_set_strategy(NULL);
}
#endif

static inline struct rt_verdict rt_test_round(const struct rt_test *test, u64 seed)
{
	struct rt_config config = {
		.cpus = test->cpus, .race_detector = true, .warn_continue = test->warn_continue, .seed = seed};
	struct rt_result result;

	rt_test_prepare(seed);
	rt_boot(&config, rt_test_boot, (void *)(uintptr_t)test);
	rt_set_quiescence_check(test->after);
	for (u32 i = 0; i < RT_TEST_TASKS && test->task[i].fn; i++)
		rt_task_create(test->task[i].name, test->task[i].cpu, test->task[i].fn, test->task[i].arg);
	rt_run(&result);
	return result.verdict;
}

/* In a coverage build: what a process has executed that ends by _exit() is written only on demand. */
int __llvm_profile_write_file(void) __attribute__((weak));

static inline void rt_test_child(const struct rt_test *test, struct rt_verdict *verdict)
{
	u64 seed = 0;

	do
		*verdict = rt_test_round(test, seed++);
	while (verdict->kind == VERDICT_ok && seed < test->rounds);
}

/* The verdict of the runs. A child that dies otherwise fails the test. */
static inline struct rt_verdict rt_test_run(const struct rt_test *test)
{
	struct rt_verdict *shared =
		mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct rt_verdict verdict;
	int status;
	pid_t pid;

	assert_ptr_not_equal(shared, MAP_FAILED);
#ifdef RT_RUNTIME_THREAD
	assert_int_equal(rt_thread_record(NULL), 0);
#endif
	fflush(NULL);
	pid = fork();
	assert_int_not_equal(pid, -1);
	if (!pid) {
		rt_test_child(test, shared);
		if (__llvm_profile_write_file)
			__llvm_profile_write_file();
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
#ifdef RT_RUNTIME_THREAD
	if (WIFEXITED(status) && WEXITSTATUS(status) == RT_THREAD_EXIT_VERDICT) {
		*shared = rt_thread_postmortem()->verdict;
		status = 0;
	}
#endif
	if (status)
		print_error("the child died: %s %d\n", WIFEXITED(status) ? "exit status" : "signal",
			    WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status));
	assert_int_equal(status, 0);
	verdict = *shared;
	munmap(shared, sizeof(*shared));
	return verdict;
}

static inline void rt_test_expect_ok(const struct rt_test *test)
{
	struct rt_verdict verdict = rt_test_run(test);

	if (verdict.kind != VERDICT_ok)
		print_error("verdict %s: %s\n%s\n", verdict_name(verdict.kind), verdict.signature, verdict.detail);
	assert_int_equal(verdict.kind, VERDICT_ok);
}

/* The verdict is of @kind and says @text in its signature or its detail. */
static inline void rt_test_expect(const struct rt_test *test, enum verdict_kind kind, const char *text)
{
	struct rt_verdict verdict = rt_test_run(test);

	if (verdict.kind != kind || !(strstr(verdict.signature, text) || strstr(verdict.detail, text)))
		print_error("verdict %s: %s\n%s\nexpected %s with \"%s\"\n", verdict_name(verdict.kind),
			    verdict.signature, verdict.detail, verdict_name(kind), text);
	assert_int_equal(verdict.kind, kind);
	assert_true(strstr(verdict.signature, text) || strstr(verdict.detail, text));
}

#endif
