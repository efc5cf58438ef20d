/* SPDX-License-Identifier: MIT */
/*
 * Our race detector against TSan: on the same schedules both must say the same. TSan reports a race once per process,
 * so each schedule runs in a child of its own, with our detector off; under other presets only ours is checked.
 */
#include "core/rt/fiber/testing.h"

#include <sys/wait.h>
#include <unistd.h>

static void plain_write(void *arg)
{
	shared.x = (u64)arg;
}

static void plain_read(void *arg)
{
	(void)arg;
	(void)*(volatile u64 *)&shared.x;
}

static void marked_write(void *arg)
{
	WRITE_ONCE(shared.x, (u64)arg);
}

static void marked_read(void *arg)
{
	(void)arg;
	(void)READ_ONCE(shared.x);
}

static void exempt_read(void *arg)
{
	(void)arg;
	(void)data_race(*(volatile u64 *)&shared.x, "a statistic");
}

static void locked(void *arg)
{
	(void)arg;
	spin_lock(&shared.a);
	shared.x++;
	spin_unlock(&shared.a);
}

static void sem_writer(void *arg)
{
	(void)arg;
	down_write(&shared.rw);
	shared.x++;
	up_write(&shared.rw);
}

static void sem_reader(void *arg)
{
	(void)arg;
	down_read(&shared.rw);
	(void)*(volatile u64 *)&shared.x;
	up_read(&shared.rw);
}

static void publish(void *arg)
{
	(void)arg;
	shared.x = 1;
	smp_store_release(&shared.flag, 1);
}

static void consume(void *arg)
{
	(void)arg;
	if (smp_load_acquire(&shared.flag))
		shared.y = shared.x;
}

static void completes(void *arg)
{
	(void)arg;
	shared.x = 1;
	complete(&shared.done);
}

static void awaits(void *arg)
{
	(void)arg;
	wait_for_completion(&shared.done);
	shared.x = 2;
}

static void rcu_reader(void *arg)
{
	(void)arg;
	rcu_read_lock();
	(void)*(volatile u64 *)&shared.x;
	rcu_read_unlock();
}

static void rcu_writer(void *arg)
{
	if (arg)
		synchronize_rcu();
	shared.x = 3;
}

static void fills(void *arg)
{
	mem_fill(shared.array, (u64)arg, 64, 64);
}

static void work_fn(struct work_struct *work)
{
	(void)work;
	shared.x++;
}

static void works(void *arg)
{
	init_work(&shared.work, work_fn);
	shared.x = 5;
	schedule_work_on(1, &shared.work);
	if (arg)
		flush_work(&shared.work);
	shared.x = 6;
}

static const struct {
	const char *what;
	struct testing_task tasks[2];
	const char *script;
	bool race;
} rows[] = {
	{"two writers", {{plain_write, 0, (void *)1}, {plain_write, 1, (void *)2}}, "", true},
	{"writer, reader", {{plain_write, 0, (void *)1}, {plain_read, 1, NULL}}, "", true},
	{"reader, writer", {{plain_write, 0, (void *)1}, {plain_read, 1, NULL}}, "b", true},
	{"readers", {{plain_read, 0, NULL}, {plain_read, 1, NULL}}, "", false},
	{"marked", {{marked_write, 0, (void *)1}, {marked_read, 1, NULL}}, "", false},
	{"marked and plain", {{marked_write, 0, (void *)1}, {plain_read, 1, NULL}}, "", true},
	{"plain and marked", {{plain_write, 0, (void *)1}, {marked_read, 1, NULL}}, "", true},
	{"exempt", {{plain_write, 0, (void *)1}, {exempt_read, 1, NULL}}, "", false},
	{"locked", {{locked, 0, NULL}, {locked, 1, NULL}}, "aabb", false},
	{"half locked", {{locked, 0, NULL}, {plain_read, 1, NULL}}, "", true},
	{"rwsem", {{sem_writer, 0, NULL}, {sem_reader, 1, NULL}}, "", false},
	{"rwsem, reader first", {{sem_writer, 0, NULL}, {sem_reader, 1, NULL}}, "b", false},
	{"rwsem, two readers", {{sem_reader, 0, NULL}, {sem_reader, 1, NULL}}, "ab", false},
	{"release, acquire", {{publish, 0, NULL}, {consume, 1, NULL}}, "", false},
	{"completion", {{completes, 0, NULL}, {awaits, 1, NULL}}, "b", false},
	{"grace period", {{rcu_reader, 0, NULL}, {rcu_writer, 1, (void *)1}}, "aabbbb", false},
	{"no grace period", {{rcu_reader, 0, NULL}, {rcu_writer, 1, NULL}}, "", true},
	{"fill and fill", {{fills, 0, (void *)1}, {fills, 1, (void *)2}}, "", true},
	{"work flushed", {{works, 0, (void *)1}, {NULL, 0, NULL}}, "", false},
	{"work not flushed", {{works, 0, NULL}, {NULL, 0, NULL}}, "", true},
};

static const struct rt_result *run_row(u32 i, bool race_detector)
{
	const struct testing_task tasks[4] = {rows[i].tasks[0], rows[i].tasks[1]};

	testing_boot(2, race_detector, NULL);
	testing_script(rows[i].script);
	return testing_run(tasks);
}

static void test_ours(void **state)
{
	(void)state;
	for (u32 i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct rt_result *result = run_row(i, true);

		if ((result->verdict.kind == VERDICT_race) != rows[i].race)
			print_error("%s: %s\n", rows[i].what, result->verdict.signature);
		assert_int_equal(result->verdict.kind, rows[i].race ? VERDICT_race : VERDICT_ok);
	}
}

#if __has_feature(thread_sanitizer)
#define TSAN_EXIT 66

static void test_tsan_agrees(void **state)
{
	(void)state;
	for (u32 i = 0; i < ARRAY_SIZE(rows); i++) {
		int status;
		pid_t pid = fork();

		assert_int_not_equal(pid, -1);
		if (!pid) {
			if (!freopen("/dev/null", "w", stderr))
				_exit(1);
			run_row(i, false);
			exit(0);
		}
		assert_int_equal(waitpid(pid, &status, 0), pid);
		if (!WIFEXITED(status) || WEXITSTATUS(status) != (rows[i].race ? TSAN_EXIT : 0))
			print_error("%s: TSan's child ended with %#x\n", rows[i].what, (unsigned int)status);
		assert_true(WIFEXITED(status));
		assert_int_equal(WEXITSTATUS(status), rows[i].race ? TSAN_EXIT : 0);
	}
}
#endif

int main(void)
{
	const struct CMUnitTest tests[] = {
#if __has_feature(thread_sanitizer)
		cmocka_unit_test(test_tsan_agrees), /* first: TSan is deaf in children of a process with fibers */
#endif
		cmocka_unit_test(test_ours),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
