/* SPDX-License-Identifier: MIT */
#include "stress/load.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "core/rt/task.h"
#include "core/rt/thread.h"
#include "stress/readers.h"
#include "stress/undo.h"

#define PUBLISH_NS 100000000L
#define CALM_ATTEMPTS 3
#define CALM_PATIENCE_NS 1000000000UL /* of each of them, if pages do not move */

static struct {
	const struct scenario *scenario;
	struct load_state *state;
	struct latencies *latencies;
	u64 end_ns; /* rt_now_ns() */
	u32 stop;
	u32 ended; /* rt_run() has returned */
	u64 passes;
	struct {
		u64 read, failed;
	} reader[THREADS_MAX];
} load;

static bool stopping(void)
{
	return __atomic_load_n(&load.stop, __ATOMIC_RELAXED);
}

/* What a thread repeats, and where it notes what it is about to do. */
struct performer {
	struct load_task *task;
	u64 pass;
	struct undo undo;
};

/* The parent reads after the death of this process, which may come in the middle of the operation. */
static s64 perform(struct performer *p, const struct op *op)
{
	struct load_task *task = p->task;
	u64 at = task->begun % LOAD_RECENT, began = rt_now_ns();
	s64 value;

	task->recent[at].op = *op;
	task->recent[at].pass = p->pass;
	task->recent[at].ns = began;
	__atomic_store_n(&task->begun, task->begun + 1, __ATOMIC_RELEASE);
	value = core_run_op(op);
	histogram_record(&load.latencies->of[task - load.state->task][op->id], rt_now_ns() - began);
	return value;
}

/* A listener's veto, a signal or a page in use can make a step back fail: it is tried again in the passes to come. */
static void go_back(struct performer *p)
{
	struct op op;

	for (u32 at = 0; undo_debt(&p->undo, at, &op);)
		at += undo_tried(&p->undo, at, perform(p, &op) >= 0);
	while (undo_next(&p->undo, &op)) {
		if (perform(p, &op) < 0)
			undo_owe(&p->undo, &op);
	}
}

static void repeat(void *arg)
{
	struct performer p = {.task = arg};
	const struct scenario_task *task = &load.scenario->task[p.task->scenario_task];

	undo_init(&p.undo, load.scenario);
	for (; !stopping(); p.pass++) {
		for (u32 i = 0; i < task->nr_ops && !stopping(); i++) {
			if (perform(&p, &task->op[i]) >= 0)
				undo_note(&p.undo, &task->op[i]);
		}
		go_back(&p);
		__atomic_fetch_add(&load.passes, 1, __ATOMIC_RELAXED);
		if (!task->nr_ops)
			msleep(10);
	}
}

static void read_files(void *arg)
{
	u32 number = (u32)((struct load_task *)arg - load.state->task);

	readers_main(&load.scenario->machine, number, stopping, &load.reader[number].read, &load.reader[number].failed);
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
	load.state->files_read = load.state->files_failed = 0;
	for (u32 i = 0; i < THREADS_MAX; i++) {
		load.state->files_read += __atomic_load_n(&load.reader[i].read, __ATOMIC_RELAXED);
		load.state->files_failed += __atomic_load_n(&load.reader[i].failed, __ATOMIC_RELAXED);
	}
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
		rt_thread_beat();
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

/* The last @readers of @threads read files. */
static void create_tasks(const struct scenario *s, u32 threads, u32 readers)
{
	for (u32 i = 0; i < threads; i++) {
		const struct scenario_task *task = &s->task[i % s->nr_tasks];
		struct load_task *to = &load.state->task[i];
		bool reads = i + readers >= threads;

		if (reads)
			snprintf(to->name, sizeof(to->name), "sysfs%u", i + readers - threads);
		else if (i < s->nr_tasks)
			snprintf(to->name, sizeof(to->name), "%s", task->name);
		else
			snprintf(to->name, sizeof(to->name), "%.18s.%u", task->name, i / s->nr_tasks);
		to->scenario_task = i % s->nr_tasks;
		to->cpu = (task->cpu + i / s->nr_tasks) % s->machine.cpus;
		rt_task_create(to->name, to->cpu, reads ? read_files : repeat, to);
	}
	load.state->nr_tasks = threads;
}

/* The operations of @task's last @passes, oldest first. */
static void recent_ops(const struct load_task *task, u32 passes, struct scenario_task *to)
{
	u64 begun = task->begun, from = begun;

	while (from > 0 && begun - from < (u64)min(SCENARIO_OPS, LOAD_RECENT) &&
	       task->recent[(from - 1) % LOAD_RECENT].pass + passes > task->recent[(begun - 1) % LOAD_RECENT].pass)
		from--;
	to->nr_ops = 0;
	for (; from < begun; from++)
		to->op[to->nr_ops++] = task->recent[from % LOAD_RECENT].op;
}

void load_recent(const struct scenario *s, const struct load_state *state, const char *failing, u32 passes,
		 struct scenario *recent)
{
	u32 last = state->nr_tasks ? state->nr_tasks - 1 : 0;

	scenario_copy(recent, s);
	recent->nr_tasks = min(state->nr_tasks, (u32)SCENARIO_TASKS);
	/* The failing thread is among those for which there is room. */
	for (u32 i = recent->nr_tasks; i < state->nr_tasks; i++) {
		if (strcmp(state->task[i].name, failing) == 0)
			last = i;
	}
	for (u32 i = 0; i < recent->nr_tasks; i++) {
		const struct load_task *task = &state->task[i + 1 == SCENARIO_TASKS ? last : i];

		snprintf(recent->task[i].name, sizeof(recent->task[i].name), "%s", task->name);
		recent->task[i].cpu = task->cpu;
		recent_ops(task, passes, &recent->task[i]);
	}
}

/* Of all threads of this process. */
static u64 cpu_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return (u64)ts.tv_sec * 1000000000UL + (u64)ts.tv_nsec;
}

static void calm(void *arg)
{
	(void)arg;
	core_set_write_patience(CALM_PATIENCE_NS);
	core_calm(CALM_ATTEMPTS, &load.state->progress);
}

/* Nothing keeps a block from going offline any more: who still cannot has been forgotten by somebody. */
static void calm_phase(void)
{
	struct rt_result result;

	rt_thread_perturb(0);
	rt_thread_priorities(0);
	rt_thread_faults(0);
	__atomic_store_n(&load.state->calm, 1, __ATOMIC_RELEASE);
	rt_task_create("calm", 0, calm, NULL);
	rt_run(&result);
}

void load_run(const struct scenario *s, const struct options *o, u64 seed, double seconds, struct load_state *state,
	      struct latencies *latencies)
{
	struct rt_config config = {.cpus = s->machine.cpus, .seed = seed};
	struct rt_result result;
	pthread_t clock;
	u64 cpu_at_boot;

	load.scenario = s;
	load.state = state;
	load.latencies = latencies;
	rt_thread_quiet();
	rt_thread_last_words(last_words);
	rt_thread_patience((u64)(o->patience * 1e9));
	rt_thread_recorder(!o->unrecorded);
	core_boot(&s->machine, &config, boot_ops, NULL);
	core_op_stats_reset();
	rt_thread_perturb(o->perturb);
	rt_thread_priorities((u64)(o->priorities * 1e9));
	rt_thread_faults(o->faults);
	create_tasks(s, o->threads ? o->threads : s->nr_tasks + o->readers, o->readers);
	state->boot_ns = rt_now_ns();
	cpu_at_boot = cpu_ns();
	load.end_ns = state->boot_ns + (u64)(seconds * 1e9);
	__atomic_store_n(&state->booted, 1, __ATOMIC_RELEASE);
	if (pthread_create(&clock, NULL, clock_main, NULL))
		rt_fail(VERDICT_crash, "crash no-thread", "cannot start the clock's thread");
	core_check_at_quiescence(o->calm != CALM_BEFORE_LAWS);
	rt_run(&result);
	core_check_at_quiescence(true);
	__atomic_store_n(&load.ended, 1, __ATOMIC_RELEASE);
	pthread_join(clock, NULL);
	state->load_ns = rt_now_ns() - state->boot_ns;
	state->cpu_ns = cpu_ns() - cpu_at_boot;
	publish();
	if (o->calm != CALM_NEVER)
		calm_phase();
}
