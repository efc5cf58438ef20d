/* SPDX-License-Identifier: MIT */
/*
 * Every way an operation can fail by itself, one after the other: its first chance to fail is taken, its second, its
 * third, until it meets no more; then from each chance on many of them; then a signal arrives at each of its steps.
 * Each time every law holds afterwards, what was not to change has not, and the operation succeeds when asked again.
 */
#include "core/check/laws.h"
#include "core/check/test_scenario.h"
#include "core/rt/sched.h"

#define OPS_MAX 4
#define FAILURES_MAX 64 /* in a row: what must not fail (__GFP_NOFAIL) tries again and again */

struct failing {
	const char *name;
	struct op_words {
		const char *name;
		s32 arg[OP_ARGS_MAX];
	} before[OPS_MAX], op; /* @before are done at boot */
	bool unchanged;        /* if it fails, the machine is exactly as before: equal hashes */
	u32 geometry, nodes, boot_params;
	bool again; /* it returns what it would have without the failure when asked again */
};

#define DO(name, ...)                                                                                                  \
	{                                                                                                              \
		name,                                                                                                  \
		{                                                                                                      \
			__VA_ARGS__                                                                                    \
		}                                                                                                      \
	}
static const struct failing cases[] = {
	{"add", .op = DO("add", 3), .unchanged = true, .again = true},
	{"add of two sections", .op = DO("add", 3), .unchanged = true, .again = true, .geometry = GEOMETRY_small},
	{"add to a new node", .op = DO("add", 3), .unchanged = true, .again = true, .nodes = 2},
	{"add with its memmap", .op = DO("add", 3), .unchanged = true, .again = true, .geometry = GEOMETRY_small,
	 .boot_params = BIT(BOOT_PARAM_memmap_on_memory)},
	{"online", .before = {DO("add", 3)}, .op = DO("online", 3, 1), .unchanged = true, .again = true},
	{"online of a new zone", .before = {DO("add", 3)}, .op = DO("online", 3, 2), .unchanged = true, .again = true},
	{"online of a new node", .before = {DO("add", 3)}, .op = DO("online", 3, 2), .unchanged = true, .again = true,
	 .nodes = 2},
	{"online with its memmap", .before = {DO("add", 3)}, .op = DO("online", 3, 2), .unchanged = true, .again = true,
	 .geometry = GEOMETRY_small, .boot_params = BIT(BOOT_PARAM_memmap_on_memory)},
	{"add and online", .before = {DO("sysctl", 7, 3)}, .op = DO("add", 3), .again = false},
	{"offline of free pages", .op = DO("offline", 2), .again = true},
	{"offline of a zone", .before = {DO("add", 3), DO("online", 3, 2)}, .op = DO("offline", 3), .again = true},
	{"offline of pages in use", .before = {DO("offline", 1), DO("alloc", 1, 0, 60, 0), DO("online", 1, 0)},
	 .op = DO("offline", 0), .again = true},
	{"offline of huge pages", .before = {DO("offline", 1), DO("alloc", 1, 3, 4, 0), DO("online", 1, 0)},
	 .op = DO("offline", 0), .again = true},
	{"offline and remove", .before = {DO("alloc", 1, 0, 30, 0)}, .op = DO("offline_and_remove", 2), .again = true},
	{"remove", .before = {DO("offline", 2)}, .op = DO("remove", 2), .unchanged = true, .again = true},
	{"isolate", .op = DO("isolate", 2), .unchanged = true, .again = true},
	{"alloc", .op = DO("alloc", 1, 0, 3, 0), .again = false},
	{"read", .op = DO("read", 5, 0), .again = false},
	{"compact", .before = {DO("alloc", 1, 0, 60, 0), DO("alloc", 1, 0, 30, 1), DO("free", 0)},
	 .op = DO("compact", 0), .again = false},
	{"migrate", .before = {DO("alloc", 1, 0, 10, 0)}, .op = DO("migrate", 0), .again = false},
	{"stat_refresh", .op = DO("stat_refresh", 0), .unchanged = true, .again = true},
	{"cpu_down", .op = DO("cpu_down", 1, 0), .again = true},
	{"cpu_up", {DO("cpu_down", 1, 0)}, .op = DO("cpu_up", 1, 0), .again = true},
};

/* ---- schedules ------------------------------------------------------------------------------------------------- */

/* The first task runs as long as it can; chances to fail are counted while its first operation is under way. */
static struct {
	struct rt_strategy base;
	u32 chance, wanted;  /* counted; taken, from 1, 0: none */
	bool all;            /* those behind it too */
	u32 taken;           /* bit per enum rt_fault */
	u32 step, signal_at; /* semantic points of the operation; at which the other task runs, from 1, 0: at none */
	bool under_way;
} plan;

static u32 first_of(u64 runnable)
{
	return (u32)__builtin_ctzll(runnable);
}

static u32 plan_begin(struct rt_strategy *s, u64 runnable)
{
	(void)s;
	rt_ask_kinds(RT_SEMANTIC);
	return first_of(runnable);
}

static u32 plan_next(struct rt_strategy *s, const struct rt_place *place, u64 runnable)
{
	(void)s;
	if (place->task == 0 && place->kind == RT_SEMANTIC && plan.under_way && ++plan.step == plan.signal_at &&
	    runnable & BIT(1))
		return 1;
	/* Whoever signals has nothing else to do, and is done before the other goes on. */
	if (runnable & BIT(place->task))
		return place->task;
	return first_of(plan.signal_at && plan.step < plan.signal_at && runnable != BIT(1) ? runnable & ~BIT(1)
											   : runnable);
}

static u32 plan_choose(struct rt_strategy *s, enum rt_choice kind, u32 what, u32 n)
{
	(void)s;
	(void)n;
	if (kind != RT_CHOOSE_FAULT || !plan.under_way || !plan.wanted)
		return 0;
	plan.chance++;
	if (plan.chance < plan.wanted || plan.chance >= plan.wanted + (plan.all ? FAILURES_MAX : 1))
		return 0;
	plan.taken |= BIT(what);
	return 1;
}

/* ---- runs ------------------------------------------------------------------------------------------------------ */

static const struct failing *now;
static s64 result, result_again;
static u64 hash_before, hash_after;
static u32 taken_at_all, runs, failures, interrupted;

static struct op words(const struct op_words *w)
{
	return test_op(w->name, w->arg[0], w->arg[1], w->arg[2], w->arg[3]);
}

static void fail_and_ask_again(void *arg)
{
	struct op op = words(&now->op);

	(void)arg;
	hash_before = core_state_hash();
	plan.under_way = true;
	result = core_run_op(&op);
	plan.under_way = false;
	hash_after = core_state_hash();
	result_again = result < 0 ? core_run_op(&op) : result;
}

static void send_signal(void *arg)
{
	struct op op = test_op("signal", 0, 0, 0, 0);

	(void)arg;
	core_run_op(&op);
}

static void boot(struct test_scenario *s)
{
	*s = test_scenario(4, 3);
	s->config.geometry = now->geometry;
	s->config.nodes = now->nodes ? now->nodes : 1;
	s->config.boot_params = now->boot_params;
	/* On two nodes the second has no memory at boot. */
	if (now->nodes == 2)
		s->config.online.range[0].last = 1;
	for (u32 i = 0; i < OPS_MAX && now->before[i].name; i++)
		s->boot.op[s->boot.nr_ops++] = words(&now->before[i]);
	test_boot(s);
}

static void run(bool with_signal, s64 expected)
{
	static const struct rt_strategy_ops ops = {
		.name = "plan", .begin = plan_begin, .next = plan_next, .choose = plan_choose};
	struct rt_result r;

	plan.base.ops = &ops;
	plan.chance = plan.taken = plan.step = 0;
	rt_task_create("a", 0, fail_and_ask_again, NULL);
	if (with_signal)
		rt_task_create("b", 0, send_signal, NULL);
	rt_set_strategy(&plan.base);
	rt_run(&r);
	rt_set_strategy(NULL);
	rt_reset();
	runs++;
	taken_at_all |= plan.taken;
	failures += result < 0 && plan.taken;
	if (r.verdict.kind != VERDICT_ok)
		fail_msg("%s, failure %u%s, signal at %u: %s [%s] %s", now->name, plan.wanted,
			 plan.all ? " and on" : "", plan.signal_at, verdict_name(r.verdict.kind), r.verdict.signature,
			 r.verdict.detail);
	if (now->unchanged && result < 0 && hash_before != hash_after)
		fail_msg("%s, failure %u%s: %lld, and the machine has changed", now->name, plan.wanted,
			 plan.all ? " and on" : "", (long long)result);
	if (now->again && result_again != expected)
		fail_msg("%s, failure %u%s, signal at %u: %lld, and %lld when asked again, not %lld", now->name,
			 plan.wanted, plan.all ? " and on" : "", plan.signal_at, (long long)result,
			 (long long)result_again, (long long)expected);
}

/* What it returns if nothing fails. */
static s64 run_without(void)
{
	plan.wanted = plan.signal_at = 0;
	run(false, 0);
	return result;
}

static void each_failure_is_undone(void **state)
{
	static const u32 wanted = BIT(FAULT_kmalloc) | BIT(FAULT_memmap) | BIT(FAULT_migrate) | BIT(FAULT_notifier) |
				  BIT(FAULT_percpu) | BIT(FAULT_page_alloc) | BIT(FAULT_kthread);

	(void)state;
	for (u32 i = 0; i < ARRAY_SIZE(cases); i++) {
		struct test_scenario s;
		s64 expected;

		now = &cases[i];
		boot(&s);
		expected = run_without();
		assert_true(expected >= 0);
		for (u32 all = 0; all < 2; all++) {
			plan.all = all;
			plan.wanted = 0;
			do {
				plan.wanted++;
				run(false, expected);
			} while (plan.taken);
		}
		plan.wanted = 0;
		plan.all = false;
	}
	printf("%u runs, %u operations failed\n", runs, failures);
	/* Each kind of failure, and most of them were told to the caller. */
	assert_int_equal(taken_at_all & wanted, wanted);
	assert_true(failures >= 20);
}

static void each_signal_is_obeyed(void **state)
{
	(void)state;
	for (u32 i = 0; i < ARRAY_SIZE(cases); i++) {
		struct test_scenario s;
		s64 expected;

		now = &cases[i];
		boot(&s);
		expected = run_without();
		plan.signal_at = 0;
		do {
			plan.signal_at++;
			run(true, expected);
			interrupted += result == -EINTR;
			if (result != expected && result != -EINTR && now->again)
				fail_msg("%s, signal at %u: %lld", now->name, plan.signal_at, (long long)result);
		} while (plan.step >= plan.signal_at);
		plan.signal_at = 0;
	}
	printf("%u were interrupted\n", interrupted);
	assert_true(interrupted >= 20);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_failure_is_undone),
		cmocka_unit_test(each_signal_is_obeyed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
