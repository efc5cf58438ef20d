/* SPDX-License-Identifier: MIT */
#include "fuzz/runner.h"

#include <stdio.h>
#include <string.h>

#include "core/rt/access.h"

#include "fuzz/record.h"

/* What the booted machine was booted with. */
static struct {
	bool booted, clean;
	u32 boot_flags;
	u64 step_limit;
	struct machine_config machine;
	u32 nr_boot_ops;
	struct op boot_op[SCENARIO_BOOT_OPS];
	u32 failed_boot_op;
	s64 failed_boot_value;
	u64 boots, runs;
} state;

#define BOOT_FLAGS (RUNNER_NO_RACES | RUNNER_WARN_CONTINUE)

/* The run under way. */
static struct {
	const struct scenario *s;
	struct runner_result *r;
	const struct op *in_op[SCENARIO_TASKS]; /* the operation each task is in, NULL: none */
	u32 index[SCENARIO_TASKS];              /* argument of the task functions */
} running;

void runner_set_step_limit(u64 steps)
{
	state.step_limit = steps;
	state.booted = false;
}

u64 runner_boots(void)
{
	return state.boots;
}

u64 runner_runs(void)
{
	return state.runs;
}

void runner_forget(void)
{
	state.booted = false;
}

const struct op *runner_op_of(u32 task)
{
	return running.in_op[task];
}

void runner_reset(void)
{
	if (state.booted && !state.clean)
		rt_reset();
	state.clean = true;
}

/* ---- booting --------------------------------------------------------------------------------------------------- */

static void run_boot_ops(void *arg)
{
	const struct scenario *s = arg;

	for (u32 i = 0; i < s->nr_boot_ops; i++) {
		s64 value = core_run_op(&s->boot_op[i]);

		if (value >= 0 || state.failed_boot_op)
			continue;
		state.failed_boot_op = i + 1;
		state.failed_boot_value = value;
	}
}

static bool is_booted(const struct scenario *s, u32 flags)
{
	return state.booted && state.boot_flags == (flags & BOOT_FLAGS) && state.nr_boot_ops == s->nr_boot_ops &&
	       memcmp(&state.machine, &s->machine, sizeof(state.machine)) == 0 &&
	       memcmp(state.boot_op, s->boot_op, s->nr_boot_ops * sizeof(s->boot_op[0])) == 0;
}

/* The limit is meant for tiny; machines with larger blocks need more steps for the same operations. */
static u64 step_limit(const struct machine_config *machine)
{
	static const u32 pages_per_block[] = {
#define GEOMETRY(id, text, page_shift, pageblock_order, max_order, subsection, section, block, ...)                    \
	(1u << (pageblock_order)) * (section) * (block),
#include "core/geometries.def"
#undef GEOMETRY
	};

	return state.step_limit * pages_per_block[machine->geometry] / pages_per_block[GEOMETRY_tiny];
}

static void boot(const struct scenario *s, u32 flags)
{
	const struct rt_config config = {
		.cpus = s->machine.cpus,
		.step_limit = step_limit(&s->machine),
		.race_detector = !(flags & RUNNER_NO_RACES),
		.warn_continue = flags & RUNNER_WARN_CONTINUE,
	};

	state.booted = false;
	state.failed_boot_op = 0;
	state.failed_boot_value = 0;
	rt_set_strategy(NULL);
	core_boot(&s->machine, &config, run_boot_ops, (void *)s);
	memcpy(&state.machine, &s->machine, sizeof(state.machine));
	memcpy(state.boot_op, s->boot_op, sizeof(state.boot_op));
	state.nr_boot_ops = s->nr_boot_ops;
	state.boot_flags = flags & BOOT_FLAGS;
	state.booted = state.clean = true;
	state.boots++;
}

/* ---- tasks ----------------------------------------------------------------------------------------------------- */

/* The books of the runner are no part of the modelled kernel: its tasks share them without order. */
UNOBSERVED_BEGIN

static void note_overlap(u32 task, u32 id)
{
	for (u32 i = 0; i < running.s->nr_tasks; i++) {
		if (i == task || !running.in_op[i])
			continue;
		running.r->overlapped[id] |= BIT(running.in_op[i]->id);
		running.r->overlapped[running.in_op[i]->id] |= BIT(id);
	}
}

static void run_op(u32 task, u32 index)
{
	const struct op *op = &running.s->task[task].op[index];
	struct runner_op_result *result = &running.r->op[task][index];

	result->state = RUNNER_OP_RUNNING;
	running.in_op[task] = op;
	note_overlap(task, op->id);
	result->value = core_run_op(op);
	result->state = RUNNER_OP_DONE;
	running.in_op[task] = NULL;
}

UNOBSERVED_END

static void run_task(void *arg)
{
	u32 task = *(const u32 *)arg;

	for (u32 i = 0; i < running.s->task[task].nr_ops; i++)
		run_op(task, i);
}

static void run_all_tasks(void *arg)
{
	(void)arg;
	for (u32 i = 0; i < running.s->nr_tasks; i++)
		run_task(&running.index[i]);
}

static void create_tasks(const struct scenario *s, bool sequence)
{
	if (sequence) {
		rt_task_create("sequence", s->task[0].cpu, run_all_tasks, NULL);
		return;
	}
	for (u32 i = 0; i < s->nr_tasks; i++)
		rt_task_create(s->task[i].name, s->task[i].cpu, run_task, &running.index[i]);
}

static void prepare_result(const struct scenario *s, struct runner_result *r)
{
	memset(r->overlapped, 0, sizeof(r->overlapped));
	for (u32 i = 0; i < s->nr_tasks; i++) {
		memset(r->op[i], 0, s->task[i].nr_ops * sizeof(r->op[i][0]));
		running.in_op[i] = NULL;
		running.index[i] = i;
	}
	running.s = s;
	running.r = r;
}

bool runner_prepare(const struct scenario *s, u32 flags)
{
	bool needed = !is_booted(s, flags);

	if (needed)
		boot(s, flags);
	return needed;
}

static void run_once(const struct scenario *s, struct rt_strategy *strategy, u32 flags, struct runner_result *r)
{
	prepare_result(s, r);
	r->booted = runner_prepare(s, flags);
	runner_reset();
	r->failed_boot_op = state.failed_boot_op;
	r->failed_boot_value = state.failed_boot_value;
	core_check_after_each_op(flags & RUNNER_SEQUENCE);
	core_check_at_each_step(&s->laws);
	rt_set_strategy(flags & RUNNER_SEQUENCE ? NULL : strategy);
	create_tasks(s, flags & RUNNER_SEQUENCE);
	state.clean = false;
	state.runs++;
	rt_run(&r->rt);
}

/* The same decisions again must give the same run: anything else is a defect of the tool or of the core. */
static void check_repeats(const struct scenario *s, const struct schedule *schedule, u32 flags, struct runner_result *r)
{
	static struct runner_result again;
	static struct replay replay;
	u64 hash = r->rt.hash;

	replay_init(&replay, schedule, false);
	run_once(s, &replay.strategy, flags, &again);
	if (again.rt.hash == hash)
		return;
	r->rt.verdict.kind = VERDICT_crash;
	snprintf(r->rt.verdict.signature, sizeof(r->rt.verdict.signature), "crash: a run does not repeat");
	snprintf(r->rt.verdict.detail, sizeof(r->rt.verdict.detail),
		 "hash %016llx, then %016llx; %llu steps, then %llu", (unsigned long long)hash,
		 (unsigned long long)again.rt.hash, (unsigned long long)r->rt.steps,
		 (unsigned long long)again.rt.steps);
}

void runner_run(const struct scenario *s, struct rt_strategy *strategy, u32 flags, struct runner_result *r)
{
	static struct recorder recorder;
	static struct schedule schedule;

	if (!(flags & RUNNER_TWICE)) {
		run_once(s, strategy, flags, r);
		return;
	}
	recorder_init(&recorder, strategy, &schedule);
	run_once(s, &recorder.strategy, flags, r);
	if (!recorder.overflow)
		check_repeats(s, &schedule, flags, r);
}

/* Did a law that was asked for end the run at a step? Then the schedule may go on where the run did not. */
static bool ended_at_step(const struct scenario *s, const struct rt_verdict *verdict)
{
	struct law_set laws = s->laws;

	laws_keep_needed(&laws, verdict);
	return laws_count(&laws) && verdict->task < RT_MAX_TASKS;
}

int runner_finish_replay(const struct scenario *s, struct replay *replay, const struct runner_result *r)
{
	struct schedule_names names = scenario_task_names(s);

	if (!replay->drift.set && ended_at_step(s, &r->rt.verdict))
		return 0;
	return replay_finish(replay, &names);
}

int runner_replay(const struct scenario *s, struct replay *replay, u32 flags, struct runner_result *r)
{
	replay_init(replay, &s->schedule, false);
	runner_run(s, &replay->strategy, flags, r);
	return runner_finish_replay(s, replay, r);
}

size_t runner_print_op(const struct scenario *s, const struct runner_result *r, u32 task, u32 op, char *buf,
		       size_t size)
{
	const struct runner_op_result *result = &r->op[task][op];
	struct text_out out = {buf, size, 0};
	char text[160];

	scenario_print_op(s, &s->task[task].op[op], text, sizeof(text));
	text_put(&out, "%s: %s", s->task[task].name, text);
	if (result->state == RUNNER_OP_NOT_BEGUN)
		text_put(&out, ": not begun");
	else if (result->state == RUNNER_OP_RUNNING)
		text_put(&out, ": under way");
	else if (result->value < 0)
		text_put(&out, " -> -%s",
			 strerrorname_np((int)-result->value) ? strerrorname_np((int)-result->value) : "?");
	else
		text_put(&out, " -> %lld", (long long)result->value);
	return out.len;
}
