/* SPDX-License-Identifier: MIT */
#include "core/rt/fiber/testing.h"

#include "core/rt/random_walk.h"

#define DEPTH_MAX 4096

static struct {
	struct rt_strategy strategy;
	const char *script, *answers;
	struct {
		u32 index, count;
	} choice[DEPTH_MAX]; /* all interleavings: the path of the present run */
	u32 depth, length;
} state;

static void (*boot_more)(void);

static void boot(void *arg)
{
	(void)arg;
	rt_mark_permanent(rt_kzalloc(sizeof(shared), OBJ_test));
	spin_lock_init(&shared.a, LOCK_test_a);
	spin_lock_init(&shared.b, LOCK_test_b);
	mutex_init(&shared.m, LOCK_test_m);
	mutex_init(&shared.n, LOCK_test_n);
	init_rwsem(&shared.rw, LOCK_test_rw);
	percpu_init_rwsem(&shared.percpu, LOCK_test_percpu);
	seqcount_init(&shared.seq);
	init_waitqueue_head(&shared.wq, LOCK_waitqueue);
	init_completion(&shared.done);
	if (boot_more)
		boot_more();
}

void testing_boot(u32 cpus, bool race_detector, void (*more)(void))
{
	struct rt_config config = {.cpus = cpus, .race_detector = race_detector};

	boot_more = more;
	rt_set_strategy(NULL);
	rt_set_trace(NULL, NULL);
	rt_set_quiescence_check(NULL);
	rt_set_start_check(NULL);
	rt_boot(&config, boot, NULL);
}

const struct rt_result *testing_run(const struct testing_task tasks[4])
{
	static const char *const names[] = {"a", "b", "c", "d"};
	static struct rt_result result;

	for (u32 i = 0; i < 4 && tasks[i].fn; i++)
		rt_task_create(names[i], tasks[i].cpu, tasks[i].fn, tasks[i].arg);
	rt_run(&result);
	rt_reset();
	return &result;
}

void testing_expect(const struct rt_result *result, enum verdict_kind kind, const char *signature)
{
	if (result->verdict.kind != kind || strcmp(result->verdict.signature, signature))
		print_error("verdict %s: %s\n%s\n", verdict_name(result->verdict.kind), result->verdict.signature,
			    result->verdict.detail);
	assert_string_equal(result->verdict.signature, signature);
	assert_int_equal(result->verdict.kind, kind);
}

static u32 lowest(u64 runnable)
{
	return (u32)__builtin_ctzll(runnable);
}

static u32 choose(struct rt_strategy *s, enum rt_choice kind, u32 what, u32 n)
{
	u32 answer;

	(void)s, (void)kind, (void)what;
	if (!state.answers || !*state.answers)
		return 0;
	answer = (u32)(*state.answers++ - '0');
	return min(answer, n - 1);
}

/* ---- script ------------------------------------------------------------------------------------------------------ */

static u32 scripted(u32 running, u64 runnable)
{
	u32 next = running;

	if (*state.script)
		next = (u32)(*state.script++ - 'a');
	if (runnable >> next & 1)
		return next;
	return running < 32 && runnable >> running & 1 ? running : lowest(runnable);
}

static const char *script_start, *answers_start;

static u32 script_begin(struct rt_strategy *s, u64 runnable)
{
	(void)s;
	state.script = script_start;
	state.answers = answers_start;
	rt_ask_after(0);
	return scripted(lowest(runnable), runnable);
}

static u32 script_next(struct rt_strategy *s, const struct rt_place *place, u64 runnable)
{
	(void)s;
	return scripted(place->task, runnable);
}

static const struct rt_strategy_ops script_ops = {
	.name = "script", .begin = script_begin, .next = script_next, .choose = choose};

void testing_script(const char *script)
{
	script_start = script;
	state.strategy.ops = &script_ops;
	rt_set_strategy(&state.strategy);
}

void testing_choices(const char *answers)
{
	answers_start = answers;
	testing_script("");
}

void testing_walk(u64 seed)
{
	static const struct rt_strategy_ops ops = RT_RANDOM_WALK_OPS;
	static struct rt_random_walk walk = {.strategy = {&ops}, .longest = 8};

	rt_random_walk_start(&walk, seed);
}

/* ---- all interleavings --------------------------------------------------------------------------------------------
 */

static u32 branch(u64 runnable)
{
	u32 skip;

	assert_true(state.depth < DEPTH_MAX);
	if (state.depth == state.length) {
		state.choice[state.length].index = 0;
		state.choice[state.length++].count = (u32)__builtin_popcountll(runnable);
	}
	for (skip = state.choice[state.depth++].index; skip; skip--)
		runnable &= runnable - 1;
	return lowest(runnable);
}

static u32 all_begin(struct rt_strategy *s, u64 runnable)
{
	(void)s;
	state.depth = 0;
	rt_ask_after(0);
	return branch(runnable);
}

static u32 all_next(struct rt_strategy *s, const struct rt_place *place, u64 runnable)
{
	(void)s, (void)place;
	return branch(runnable);
}

static u32 all_choose(struct rt_strategy *s, enum rt_choice kind, u32 what, u32 n)
{
	(void)s, (void)what;
	return kind == RT_CHOOSE_FAULT ? 0 : branch(BIT(n) - 1);
}

static const struct rt_strategy_ops all_ops = {
	.name = "all", .begin = all_begin, .next = all_next, .choose = all_choose};

static bool next_path(void)
{
	while (state.length) {
		if (++state.choice[state.length - 1].index < state.choice[state.length - 1].count)
			return true;
		state.length--;
	}
	return false;
}

struct testing_tally testing_all(const struct testing_task tasks[4], u64 limit)
{
	struct testing_tally tally = {.complete = true};

	state.length = 0;
	state.strategy.ops = &all_ops;
	rt_set_strategy(&state.strategy);
	do {
		const struct rt_result *result = testing_run(tasks);

		tally.runs++;
		tally.verdicts[result->verdict.kind]++;
		if (result->verdict.kind != VERDICT_ok)
			memcpy(tally.signature, result->verdict.signature, sizeof(tally.signature));
		if (tally.runs == limit) {
			tally.complete = false;
			break;
		}
	} while (next_path());
	return tally;
}
