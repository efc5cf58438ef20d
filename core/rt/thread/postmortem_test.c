/* SPDX-License-Identifier: MIT */
/* What a dead process leaves behind, and the verdicts only this runtime gives: partial deadlock, faults of all kinds.
 */
#include "core/rt/rt_test.h"

#include <signal.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "core/rt/cpu.h"
#include "core/rt/lock.h"
#include "core/rt/rcu.h"
#include "core/rt/task.h"
#include "core/rt/thread/sanitizer.h"
#include "core/rt/wait.h"

struct shared {
	struct mutex m, n;
	u64 met, gone;
	u64 *object;
};
#define shared RT_TEST_SHARED(struct shared)

static void boot(void)
{
	mutex_init(&shared.m, LOCK_test_m);
	mutex_init(&shared.n, LOCK_test_m);
	BUG_ON(rt_memmap_map((void *)RT_MEMMAP_BASE, 4 * RT_MEMMAP_UNIT, ~0UL));
}

static void walks(void *arg)
{
	(void)arg;
	for (u64 i = 0;; i++) {
		point(op, begin, i);
		WRITE_ONCE(shared.met, *(volatile u64 *)(RT_MEMMAP_BASE + i % 512 * 8));
	}
}

static void removes(void *arg)
{
	(void)arg;
	pr_info("removing %d", 7);
	msleep(5);
	point(op, end, 3);
	rt_memmap_unmap((void *)RT_MEMMAP_BASE, RT_MEMMAP_UNIT);
}

static void speaks(const struct rt_verdict *verdict, char *buf, size_t size)
{
	snprintf(buf, size, "last words about %s", verdict_name(verdict->kind));
}

static void faults_while_speaking(const struct rt_verdict *verdict, char *buf, size_t size)
{
	(void)verdict;
	snprintf(buf, size, "unfinished");
	*(volatile u64 *)RT_MEMMAP_BASE = 1;
}

static struct rt_test removal(void)
{
	return (struct rt_test){.cpus = 2,
				.rounds = 1,
				.boot = boot,
				.task = {{"walker", 0, walks, NULL}, {"remover", 1, removes, NULL}}};
}

static void test_timeline(void **state)
{
	static struct rt_flight timeline[2 * RT_RING_ENTRIES];
	struct rt_test test = removal();
	const struct rt_postmortem *pm;
	bool killer_seen = false;
	char log[64];
	size_t count;

	(void)state;
	rt_thread_last_words(speaks);
	rt_test_expect(&test, VERDICT_oops, "oops use-after-free memmap {op.begin, op.end}");
	pm = rt_thread_postmortem();
	count = rt_thread_timeline(pm, timeline, ARRAY_SIZE(timeline));
	assert_in_range(count, 10, ARRAY_SIZE(timeline));
	for (size_t i = 0; i < count; i++) {
		if (i)
			assert_true(timeline[i - 1].ns <= timeline[i].ns);
		assert_true(timeline[i].ns <= pm->fail_ns);
		killer_seen |= timeline[i].point == POINT_op_end && timeline[i].arg == 3;
	}
	assert_true(killer_seen);
	assert_string_equal(pm->ring[pm->fail_ring].name, "walker");
	assert_string_equal(pm->words, "last words about oops");
	rt_thread_log(pm, log, sizeof(log));
	assert_string_equal(log, "removing 7\n");
}

static void test_fault_in_last_words(void **state)
{
	struct rt_test test = removal();

	(void)state;
	rt_thread_last_words(faults_while_speaking);
	rt_test_expect(&test, VERDICT_oops, "oops use-after-free memmap {op.begin, op.end}");
	/* TSan may be amid a report of its own, out of which no jump leads: then the time is up. */
#ifdef RT_TSAN
	assert_memory_equal(rt_thread_postmortem()->words, "unfinished", 10);
#else
	assert_string_equal(rt_thread_postmortem()->words, "unfinished\n(describing it faulted)\n");
#endif
	rt_thread_last_words(NULL);
}

static void boot_in(void *arg)
{
	(void)arg;
	boot();
}

static void passes_points(void *arg)
{
	(void)arg;
	for (u64 i = 0;; i++)
		point(op, begin, i);
}

static bool has_passed(const struct rt_postmortem *pm, u64 points)
{
	for (u32 i = 0; i < RT_RINGS; i++)
		if (__atomic_load_n(&pm->ring[i].head, __ATOMIC_ACQUIRE) >= points)
			return true;
	return false;
}

/* A process that is killed amid a livelock has said nothing: its driver closes the mapping, and sees what it did. */
static void test_timeline_of_the_killed(void **state)
{
	static struct rt_flight timeline[64];
	const struct rt_config config = {.cpus = 1};
	const struct timespec tick = {.tv_nsec = 1000000};
	struct rt_postmortem *pm;
	size_t count;
	pid_t pid;

	(void)state;
	assert_int_equal(rt_thread_record(NULL), 0);
	pm = rt_thread_postmortem();
	pid = fork();
	if (!pid) {
		struct rt_result result;

		rt_boot(&config, boot_in, NULL);
		rt_task_create("endless", 0, passes_points, NULL);
		rt_run(&result);
		_exit(1);
	}
	assert_true(pid > 0);
	while (!has_passed(pm, 100))
		nanosleep(&tick, NULL);
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	rt_thread_postmortem_close(pm);
	count = rt_thread_timeline(pm, timeline, ARRAY_SIZE(timeline));
	assert_int_equal(count, ARRAY_SIZE(timeline));
	for (size_t i = 0; i < count; i++)
		assert_true(timeline[i].point == POINT_op_begin && timeline[i].ns <= pm->fail_ns);
}

/* Each holds its own before either asks for the other's. */
static void embrace(struct mutex *own, struct mutex *other)
{
	mutex_lock(own);
	atomic_long_add(1, (atomic_long_t *)&shared.met);
	while (READ_ONCE(shared.met) < 2)
		cond_resched();
	mutex_lock(other);
}

static void embraces_mn(void *arg)
{
	(void)arg;
	embrace(&shared.m, &shared.n);
}

static void embraces_nm(void *arg)
{
	(void)arg;
	embrace(&shared.n, &shared.m);
}

static void lives_on(void *arg)
{
	(void)arg;
	for (;;)
		cond_resched();
}

/* Two tasks are stuck while a third goes on for ever. */
static void test_partial_deadlock(void **state)
{
	struct rt_test test = {
		.cpus = 2,
		.rounds = 1,
		.boot = boot,
		.task = {{"mn", 0, embraces_mn, NULL}, {"nm", 1, embraces_nm, NULL}, {"other", 1, lives_on, NULL}}};
	struct rt_verdict verdict = rt_test_run(&test);

	(void)state;
	assert_int_equal(verdict.kind, VERDICT_deadlock);
	assert_non_null(strstr(verdict.detail, "mn on cpu0"));
	assert_non_null(strstr(verdict.detail, "nm on cpu1"));
	assert_null(strstr(verdict.detail, "other"));
}

static void reader_waits_for_itself(void *arg)
{
	(void)arg;
	mutex_lock(&shared.m);
	WRITE_ONCE(shared.met, 1);
	synchronize_rcu();
	mutex_unlock(&shared.m);
}

static void frees_big(void *arg)
{
	volatile u64 *object = rt_kzalloc(8192, OBJ_content);

	(void)arg;
	object[600] = 1;
	point(op, end, 0);
	kfree((void *)object);
	point(op, begin, 0);
	WRITE_ONCE(shared.met, object[600]);
}

static void frees_small(void *arg)
{
	volatile u64 *object = rt_kzalloc(48, OBJ_test);

	(void)arg;
	point(op, end, 0);
	kfree((void *)object);
	point(op, begin, 0);
	WRITE_ONCE(shared.met, object[3]);
}

static void overruns(void *arg)
{
	volatile u64 *object = rt_kzalloc(48, OBJ_test);

	(void)arg;
	WRITE_ONCE(shared.met, object[6]);
}

static void null_pointer(void *arg)
{
	(void)arg;
	WRITE_ONCE(shared.met, *(volatile u64 *)(8 + (u64)shared.object));
}

static void wild_pointer(void *arg)
{
	(void)arg;
	WRITE_ONCE(shared.met, *(volatile u64 *)(~0UL - 15 - (u64)shared.object));
}

static void test_other_faults(void **state)
{
	struct rt_test fine = {.cpus = 1, .rounds = 3, .boot = boot, .task = {{"t", 0, reader_waits_for_itself, NULL}}};
	struct rt_test freed = {.cpus = 1, .rounds = 1, .boot = boot, .task = {{"t", 0, frees_big, NULL}}};
	struct rt_test null = {.cpus = 1, .rounds = 1, .boot = boot, .task = {{"t", 0, null_pointer, NULL}}};
	struct rt_test wild = {.cpus = 1, .rounds = 1, .boot = boot, .task = {{"t", 0, wild_pointer, NULL}}};

	(void)state;
	rt_test_expect_ok(&fine);
	rt_test_expect(&freed, VERDICT_oops, "oops use-after-free page content {op.begin, op.end}");
	rt_test_expect(&null, VERDICT_oops, "oops null-pointer (nowhere) {task.start}");
	rt_test_expect(&wild, VERDICT_oops, "oops wild-pointer (nowhere) {task.start}");
}

/* Objects smaller than a page have no mapping of their own: here ASan's poison is what tells. */
static void test_small_objects(void **state)
{
	struct rt_test freed = {.cpus = 1, .rounds = 1, .boot = boot, .task = {{"t", 0, frees_small, NULL}}};
	struct rt_test overrun = {.cpus = 1, .rounds = 1, .boot = boot, .task = {{"t", 0, overruns, NULL}}};

	(void)state;
#ifndef RT_ASAN
	skip();
#endif
	rt_test_expect(&freed, VERDICT_oops, "oops use-after-free test object {op.begin, op.end}");
	rt_test_expect(&overrun, VERDICT_oops, "oops out-of-bounds test object {task.start}");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_timeline),         cmocka_unit_test(test_fault_in_last_words),
		cmocka_unit_test(test_partial_deadlock), cmocka_unit_test(test_other_faults),
		cmocka_unit_test(test_small_objects),    cmocka_unit_test(test_timeline_of_the_killed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
