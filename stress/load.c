/* SPDX-License-Identifier: MIT */
#include "stress/load.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "core/rt/task.h"
#include "core/rt/thread.h"
#include "stress/undo.h"

#define PUBLISH_NS 100000000L

static struct {
	const struct scenario *scenario;
	struct load_state *state;
	u64 end_ns; /* rt_now_ns() */
	u32 stop;
	u32 ended; /* rt_run() has returned */
	u64 passes;
} load;

static bool stopping(void)
{
	return __atomic_load_n(&load.stop, __ATOMIC_RELAXED);
}

static void perform(struct undo *undo, const struct op *op)
{
	if (core_run_op(op) >= 0)
		undo_note(undo, op);
}

/* A listener's veto, a signal or a page in use can make a step back fail: it is tried again in the passes to come. */
static void go_back(struct undo *undo)
{
	struct op op;

	for (u32 at = 0; undo_debt(undo, at, &op);)
		at += undo_tried(undo, at, core_run_op(&op) >= 0);
	while (undo_next(undo, &op)) {
		if (core_run_op(&op) < 0)
			undo_owe(undo, &op);
	}
}

static void repeat(void *arg)
{
	const struct scenario_task *task = arg;
	struct undo undo;

	undo_init(&undo, load.scenario);
	while (!stopping()) {
		for (u32 i = 0; i < task->nr_ops && !stopping(); i++)
			perform(&undo, &task->op[i]);
		go_back(&undo);
		__atomic_fetch_add(&load.passes, 1, __ATOMIC_RELAXED);
		if (!task->nr_ops)
			msleep(10);
	}
}

static void boot_ops(void *arg)
{
	const struct scenario *s = load.scenario;

	(void)arg;
	for (u32 i = 0; i < s->nr_boot_ops; i++) {
		s64 value = core_run_op(&s->boot_op[i]);

		if (value >= 0 || load.state->failed_boot_op)
			continue;
		load.state->failed_boot_value = value;
		load.state->failed_boot_op = i + 1;
	}
}

static void publish(void)
{
	load.state->passes = __atomic_load_n(&load.passes, __ATOMIC_RELAXED);
	load.state->points = rt_thread_points();
	for (u32 id = 0; id < LOAD_OP_IDS; id++) {
		const struct op_stats *from = core_op_stats(id);
		struct op_stats *to = &load.state->op[id];

		to->attempts = __atomic_load_n(&from->attempts, __ATOMIC_RELAXED);
		to->successes = __atomic_load_n(&from->successes, __ATOMIC_RELAXED);
		for (u32 i = 0; i < OP_STATS_ERRNOS; i++) {
			to->errnos[i].err = __atomic_load_n(&from->errnos[i].err, __ATOMIC_RELAXED);
			to->errnos[i].count = __atomic_load_n(&from->errnos[i].count, __ATOMIC_RELAXED);
		}
	}
}

/*
 * Tells the parent how it goes, and the tasks when to stop. An offline that waits for a pinned page ends at a signal
 * only, and so may the one that a task begins after it.
 */
static void *clock_main(void *arg)
{
	const struct timespec tick = {.tv_nsec = PUBLISH_NS};

	(void)arg;
	while (!__atomic_load_n(&load.ended, __ATOMIC_ACQUIRE)) {
		publish();
		if (rt_now_ns() >= load.end_ns)
			__atomic_store_n(&load.stop, 1, __ATOMIC_RELAXED);
		if (stopping())
			rt_thread_interrupt();
		nanosleep(&tick, NULL);
	}
	return NULL;
}

/* In the failing process, for the crash folder. */
static void last_words(const struct rt_verdict *verdict, char *buf, size_t size)
{
	size_t used = 0;

	publish();
	if (verdict->addr) {
		core_describe_address(verdict->addr, buf, size / 2);
		used = strlen(buf);
		used += (size_t)snprintf(buf + used, size - used, "\n\n");
	}
	core_describe_machine(buf + used, size - used);
}

static void create_tasks(const struct scenario *s, u32 threads)
{
	char name[RT_TASK_NAME_MAX];

	for (u32 i = 0; i < threads; i++) {
		const struct scenario_task *task = &s->task[i % s->nr_tasks];

		if (i < s->nr_tasks)
			snprintf(name, sizeof(name), "%s", task->name);
		else
			snprintf(name, sizeof(name), "%.18s/%u", task->name, i / s->nr_tasks);
		rt_task_create(name, (task->cpu + i / s->nr_tasks) % s->machine.cpus, repeat, (void *)task);
	}
}

void load_run(const struct scenario *s, const struct options *o, u64 seed, double seconds, struct load_state *state)
{
	struct rt_config config = {.cpus = s->machine.cpus, .seed = seed};
	struct rt_result result;
	pthread_t clock;

	load.scenario = s;
	load.state = state;
	rt_thread_quiet();
	rt_thread_last_words(last_words);
	rt_thread_patience((u64)(o->patience * 1e9));
	core_boot(&s->machine, &config, boot_ops, NULL);
	core_op_stats_reset();
	rt_thread_perturb(o->perturb);
	rt_thread_faults(o->faults);
	create_tasks(s, o->threads ? o->threads : s->nr_tasks);
	state->boot_ns = rt_now_ns();
	load.end_ns = state->boot_ns + (u64)(seconds * 1e9);
	__atomic_store_n(&state->booted, 1, __ATOMIC_RELEASE);
	if (pthread_create(&clock, NULL, clock_main, NULL))
		rt_fail(VERDICT_crash, "crash no-thread", "cannot start the clock's thread");
	rt_run(&result);
	__atomic_store_n(&load.ended, 1, __ATOMIC_RELEASE);
	pthread_join(clock, NULL);
	publish();
}
