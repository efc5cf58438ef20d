/* SPDX-License-Identifier: MIT */
/* Hotplug one operation after the other: errno values, counters, spans, node states, and that failures undo everything.
 */
#include "core/check/test_schedule.h"
#include "core/hotplug/memory_block.h"
#include "core/hotplug/memory_hotplug.h"
#include "core/hotplug/node.h"
#include "core/hotplug/notifier.h"
#include "core/hotplug/resource.h"
#include "core/mm/machine.h"
#include "core/rt/task.h"

#define STEPS_MAX 32

/* What a test's only task does: operations, each with the result it must have. */
struct step {
	const char *name;
	s32 a, b, c, d;
	s64 expect;
	bool unchanged; /* the state hash before and after must be equal */
};

static struct script {
	const struct step *step;
	u32 nr;
	s64 result[STEPS_MAX];
	u64 before[STEPS_MAX], after[STEPS_MAX];
} script;

static void run_script(void *arg)
{
	(void)arg;
	for (u32 i = 0; i < script.nr; i++) {
		const struct step *step = &script.step[i];
		struct op op = test_op(step->name, step->a, step->b, step->c, step->d);

		script.before[i] = core_state_hash();
		script.result[i] = core_run_op(&op);
		script.after[i] = core_state_hash();
	}
}

/* Runs the steps on a machine; leaves it as they left it. */
static void run_steps(struct test_scenario *s, const struct step *step, u32 nr)
{
	struct rt_result result;

	assert_true(nr <= STEPS_MAX);
	script.step = step;
	script.nr = nr;
	test_boot(s);
	rt_task_create("a", 0, run_script, NULL);
	rt_set_strategy(NULL);
	rt_run(&result);
	if (result.verdict.kind != VERDICT_ok)
		fail_msg("%s [%s] %s", verdict_name(result.verdict.kind), result.verdict.signature,
			 result.verdict.detail);
	for (u32 i = 0; i < nr; i++) {
		if (script.result[i] != step[i].expect)
			fail_msg("step %u %s %d: %lld, expected %lld", i, step[i].name, step[i].a,
				 (long long)script.result[i], (long long)step[i].expect);
		if (step[i].unchanged && script.before[i] != script.after[i])
			fail_msg("step %u %s %d changed the machine", i, step[i].name, step[i].a);
	}
}

static const struct zone *zone_of(u32 nid, u32 idx)
{
	return &machine.nodes[nid].node_zones[idx];
}

static void assert_zone(u32 nid, u32 idx, u64 start, u64 spanned, u64 present)
{
	const struct zone *zone = zone_of(nid, idx);

	assert_int_equal(zone->zone_start_pfn, start);
	assert_int_equal(zone->spanned_pages, spanned);
	assert_int_equal(zone->present_pages, present);
	assert_int_equal(zone->managed_pages.counter, present);
}

#define BLOCK 64 /* pages of a block in tiny geometry */

/* ---- tests ----------------------------------------------------------------------------------------------------- */

static void life_of_a_block(void **state)
{
	static const struct step steps[] = {
		{"add", 3, .expect = 0},
		{"add", 3, .expect = -EEXIST, .unchanged = true},
		{"remove", 2, .expect = -EBUSY, .unchanged = true},
		{"online", 3, 2, .expect = 0},
		{"online", 3, 2, .expect = -EINVAL, .unchanged = true},
		{"offline", 3, .expect = 0},
		{"offline", 3, .expect = -EINVAL, .unchanged = true},
		{"remove", 3, .expect = 0},
		{"remove", 3, .expect = -ENODEV, .unchanged = true},
		{"online", 3, .expect = -ENODEV, .unchanged = true},
		{"add", 3, .expect = 0},
		{"online", 3, 0, .expect = 0},
	};
	struct test_scenario s = test_scenario(4, 3);

	(void)state;
	run_steps(&s, steps, ARRAY_SIZE(steps));
	/* Back as it was at the start of each: add and remove, online and offline cancel out. */
	assert_int_equal(script.before[0], script.after[7]);
	assert_int_equal(script.after[0], script.after[5]);
	assert_zone(0, ZONE_NORMAL, 0, 4 * BLOCK, 4 * BLOCK);
	assert_zone(0, ZONE_MOVABLE, 0, 0, 0);
	assert_string_equal(state_show(machine.blocks[3]), "online");
	rt_reset();
}

static void zones_by_policy(void **state)
{
	static const struct step steps[] = {
		{"add", 2, .expect = 0},     {"add", 3, .expect = 0},       {"add", 4, .expect = 0},
		{"add", 5, .expect = 0},     {"online", 3, 2, .expect = 0}, {"online", 5, 0, .expect = 0},
		{"offline", 5, .expect = 0}, {"online", 5, 2, .expect = 0}, {"online", 4, 0, .expect = 0},
		{"offline", 3, .expect = 0}, {"online", 3, 1, .expect = 0}, {"online", 2, 0, .expect = 0},
	};
	struct test_scenario s = test_scenario(6, 2);

	(void)state;
	run_steps(&s, steps, ARRAY_SIZE(steps));
	/* 5 alone is outside both spans: kernel zone. 4 lies inside Movable's span only. 2 lies inside Normal's. */
	assert_zone(0, ZONE_NORMAL, 0, 4 * BLOCK, 4 * BLOCK);
	assert_zone(0, ZONE_MOVABLE, 4 * BLOCK, 2 * BLOCK, 2 * BLOCK);
	assert_ptr_equal(machine.blocks[4]->zone, zone_of(0, ZONE_MOVABLE));
	assert_ptr_equal(machine.blocks[2]->zone, zone_of(0, ZONE_NORMAL));
	rt_reset();
}

static void spans_shrink_at_edges_only(void **state)
{
	static const struct step steps[] = {
		{"offline", 1, .expect = 0},
		{"offline", 3, .expect = 0},
		{"offline", 0, .expect = 0},
	};
	struct test_scenario s = test_scenario(4, 4);

	(void)state;
	run_steps(&s, steps, ARRAY_SIZE(steps));
	assert_zone(0, ZONE_NORMAL, 2 * BLOCK, BLOCK, BLOCK);
	assert_int_equal(zone_of(0, ZONE_NORMAL)->contiguous, 1);
	assert_int_equal(machine.nodes[0].node_start_pfn, 2 * BLOCK);
	assert_int_equal(machine.nodes[0].node_spanned_pages, BLOCK);
	rt_reset();

	run_steps(&s, steps, 2);
	assert_zone(0, ZONE_NORMAL, 0, 3 * BLOCK, 2 * BLOCK);
	assert_int_equal(zone_of(0, ZONE_NORMAL)->contiguous, 0);
	rt_reset();
}

static void a_veto_undoes_everything(void **state)
{
	static const struct step steps[] = {
		{"add", 3, .expect = 0},       {"veto", 0, .expect = 0}, {"online", 3, 2, .expect = -EPERM},
		{"online", 3, 2, .expect = 0}, {"veto", 1, .expect = 0}, {"offline", 3, .expect = -EPERM},
		{"offline", 3, .expect = 0},
	};
	struct test_scenario s = test_scenario(4, 3);

	(void)state;
	run_steps(&s, steps, ARRAY_SIZE(steps));
	assert_int_equal(script.before[1], script.after[2]);
	assert_int_equal(script.before[4], script.after[5]);
	assert_int_equal(script.before[1], script.after[6]);
	assert_int_equal(memory_recorder(0)->broken, 0);
	assert_true(memory_recorder(0)->events > memory_recorder(1)->events);
	rt_reset();
}

static void offline_moves_pages_or_gives_up(void **state)
{
	static const struct step steps[] = {
		/* With the 32 pages that watermarks keep, they fill the last block. */
		{"alloc", 1, 0, 20, 0, .expect = 20},
		{"alloc", 1, 1, 4, 1, .expect = 4},
		{"offline", 0, .expect = 0},
		{"offline", 1, .expect = 0},
		{"verify", 0, .expect = 20},
		{"pin", 0, .expect = 20},
		{"offline", 2, .expect = -EINTR},
		{"unpin", 0, .expect = 20},
		{"free", 0, .expect = 20},
		{"free", 1, .expect = 4},
		{"offline", 2, .expect = 0},
	};
	struct test_scenario s = test_scenario(4, 4);

	(void)state;
	/* Whether block 2 holds any of the pinned pages is the allocator's choice; 0 and 1 leave only 2 and 3. */
	s.boot.nr_ops = 0;
	test_add_op(&s.boot, "offline", 3, 0, 0, 0);
	run_steps(&s, steps, ARRAY_SIZE(steps));
	assert_zone(0, ZONE_NORMAL, 0, 0, 0);
	assert_false(node_state(0, N_MEMORY));
	assert_true(node_state(0, N_ONLINE));
	rt_reset();
}

static void unmovable_pages_keep_a_block(void **state)
{
	static const struct step steps[] = {
		{"offline", 1, .expect = 0},
		{"alloc", 0, 0, 1, 0, .expect = 1},
		{"offline", 0, .expect = -EBUSY, .unchanged = true},
		{"free", 0, .expect = 1},
		{"offline", 0, .expect = 0},
	};
	struct test_scenario s = test_scenario(2, 2);

	(void)state;
	run_steps(&s, steps, ARRAY_SIZE(steps));
	rt_reset();
}

static void nodes_come_and_go(void **state)
{
	static const struct step steps[] = {
		{"add", 2, .expect = 0},       {"add", 3, .expect = 0},     {"online", 2, 2, .expect = 0},
		{"online", 3, 1, .expect = 0}, {"offline", 2, .expect = 0}, {"remove", 2, .expect = 0},
		{"offline", 3, .expect = 0},   {"remove", 3, .expect = 0},
	};
	struct test_scenario s = test_scenario(4, 2);

	(void)state;
	s.config.nodes = 2;
	run_steps(&s, steps, 4);
	assert_zone(1, ZONE_MOVABLE, 2 * BLOCK, BLOCK, BLOCK);
	assert_zone(1, ZONE_NORMAL, 3 * BLOCK, BLOCK, BLOCK);
	assert_true(node_state(1, N_NORMAL_MEMORY));
	rt_reset();

	run_steps(&s, steps, 7);
	assert_false(node_state(1, N_MEMORY));
	assert_true(node_state(1, N_ONLINE));
	rt_reset();

	run_steps(&s, steps, 8);
	assert_false(node_state(1, N_ONLINE));
	assert_int_equal(script.before[0], script.after[7]);
	rt_reset();
}

/* A block that was never online, a CPU even if it is down, and a device even if it is gone: each keeps a node. */
static void what_keeps_a_node(void **state)
{
	static const struct step blocks[] = {
		{"add", 2, .expect = 0},
		{"add", 3, .expect = 0},
		{"remove", 3, .expect = 0},
		{"remove", 2, .expect = 0},
	};
	static const struct step devices[] = {
		{"add", 3, .expect = 0},    {"memremap", 2, 1, 2, .expect = 0},
		{"remove", 3, .expect = 0}, {"memunmap", 2, .expect = 0},
		{"add", 3, .expect = 0},    {"remove", 3, .expect = 0},
	};
	static const struct step nearest[] = {{"memremap", 2, .expect = 0}};
	static const struct step cpu_down[] = {
		{"add", 2, .expect = 0},
		{"cpu_down", 1, .expect = 0},
		{"remove", 2, .expect = 0},
	};
	struct test_scenario s = test_scenario(4, 2);

	(void)state;
	s.config.nodes = 2;
	run_steps(&s, blocks, 3);
	assert_true(node_state(1, N_ONLINE));
	rt_reset();
	run_steps(&s, blocks, 4);
	assert_false(node_state(1, N_ONLINE));
	rt_reset();
	run_steps(&s, devices, ARRAY_SIZE(devices));
	assert_true(node_state(1, N_ONLINE));
	assert_int_equal(machine.nodes[1].node_start_pfn, 2 * BLOCK + 8);
	assert_int_equal(machine.nodes[1].node_spanned_pages, 2 * 8);
	rt_reset();
	/* Its node is not online: the device goes to the one that is. */
	run_steps(&s, nearest, 1);
	assert_false(node_state(1, N_ONLINE));
	assert_int_equal(zone_of(0, ZONE_DEVICE)->spanned_pages, BLOCK);
	rt_reset();
	s.config.topology = TOPOLOGY_cpus;
	run_steps(&s, blocks, 4);
	assert_true(node_state(1, N_ONLINE) && node_state(1, N_CPU));
	rt_reset();
	run_steps(&s, cpu_down, ARRAY_SIZE(cpu_down));
	assert_true(node_state(1, N_ONLINE) && !node_state(1, N_CPU));
	rt_reset();
}

static void brings_node_online(void *arg)
{
	static const u32 nid = 1;

	(void)arg;
	BUG_ON(node_state(nid, N_ONLINE));
	BUG_ON(try_online_node(nid));
	BUG_ON(!node_state(nid, N_ONLINE));
	BUG_ON(try_online_node(nid));
	/* It has neither memory nor CPU: who looks at it next takes it away. */
	mem_hotplug_begin();
	try_offline_node(nid);
	mem_hotplug_done();
	BUG_ON(node_state(nid, N_ONLINE));
}

static void a_node_comes_online_without_memory(void **state)
{
	struct test_scenario s = test_scenario(4, 2);
	struct rt_result result;

	(void)state;
	s.config.nodes = 2;
	test_boot(&s);
	rt_task_create("a", 0, brings_node_online, NULL);
	rt_set_strategy(NULL);
	rt_run(&result);
	if (result.verdict.kind != VERDICT_ok)
		fail_msg("%s %s", verdict_name(result.verdict.kind), result.verdict.signature);
	rt_reset();
}

/* A device of two blocks: they come and go together, and nobody else removes them. */
static void memory_devices(void **state)
{
	static const struct step steps[] = {
		{"plug", 3, 2, .expect = 0},
		{"plug", 4, 1, .expect = -EEXIST},
		{"plug", 5, 2, .expect = -EINVAL}, /* beyond the machine's end */
		{"eject", 5, .expect = 0},
		{"remove", 3, .expect = -ENODEV},
		{"offline_and_remove", 4, .expect = -ENODEV},
		{"online", 3, 2, .expect = 0},
		{"online", 4, 2, .expect = 0},
		{"alloc", MIGRATE_MOVABLE, 0, 20, 0, .expect = 20},
		{"pin", 0, .expect = 20},
		{"eject", 4, .expect = -EBUSY},
		{"online", 3, 2, .expect = -EINVAL}, /* both are online again, or still */
		{"online", 4, 2, .expect = -EINVAL},
		{"unpin", 0, .expect = 20},
		{"eject", 4, .expect = 0},
		{"eject", 3, .expect = -ENODEV},
		{"verify", 0, .expect = 20},
		{"memremap", 3, .expect = 0},
		{"plug", 3, 1, .expect = -EINVAL},
		{"eject", 3, .expect = 0},
		{"memunmap", 3, .expect = 0},
		{"add", 3, .expect = 0},
		{"plug", 3, 1, .expect = 0}, /* firmware tells of what is there */
		{"eject", 3, .expect = 0},
	};
	struct test_scenario s = test_scenario(6, 3);

	(void)state;
	run_steps(&s, steps, ARRAY_SIZE(steps));
	rt_reset();
}

/* Signals: a task that signals itself first gets -EINTR from the next offline only. */
static void a_signal_ends_one_offline(void **state)
{
	static const struct step steps[] = {
		{"signal", 7, .expect = -ESRCH},
		{"signal", 0, .expect = 0},
		{"offline", 2, .expect = 0},
	};
	struct test_scenario s = test_scenario(3, 3);

	(void)state;
	run_steps(&s, steps, ARRAY_SIZE(steps));
	rt_reset();
}

/* The second section of the block fails: the first is taken back, and the retry works. */
static u32 faults_left;

static u32 fail_begin(struct rt_strategy *s, u64 runnable)
{
	(void)s;
	return (u32)__builtin_ctzll(runnable);
}

static u32 fail_next(struct rt_strategy *s, const struct rt_place *place, u64 runnable)
{
	(void)s;
	return runnable & BIT(place->task) ? place->task : (u32)__builtin_ctzll(runnable);
}

static u32 fail_choose(struct rt_strategy *s, enum rt_choice kind, u32 what, u32 n)
{
	(void)s;
	(void)n;
	return kind == RT_CHOOSE_FAULT && what == FAULT_memmap && faults_left && --faults_left == 0;
}

static void a_failing_add_leaves_nothing(void **state)
{
	static const struct rt_strategy_ops ops = {
		.name = "fail", .begin = fail_begin, .next = fail_next, .choose = fail_choose};
	static const struct step steps[] = {
		{"add", 3, .expect = -ENOMEM, .unchanged = true},
		{"add", 3, .expect = 0},
	};
	struct test_scenario s = test_scenario(4, 3);
	struct rt_strategy strategy = {&ops};
	struct rt_result result;

	(void)state;
	s.config.geometry = GEOMETRY_small;
	script.step = steps;
	script.nr = ARRAY_SIZE(steps);
	test_boot(&s);
	for (u32 nth = 1; nth <= 2; nth++) {
		faults_left = nth;
		rt_task_create("a", 0, run_script, NULL);
		rt_set_strategy(&strategy);
		rt_run(&result);
		rt_set_strategy(NULL);
		assert_string_equal(verdict_name(result.verdict.kind), "ok");
		assert_int_equal(script.result[0], -ENOMEM);
		assert_int_equal(script.before[0], script.after[0]);
		assert_int_equal(script.result[1], 0);
		rt_reset();
	}
}

static void errno_on_the_chain(void **state)
{
	(void)state;
	assert_int_equal(notifier_from_errno(-ENOMEM), 0x800d);
	assert_int_equal(notifier_to_errno(0x800d), -ENOMEM);
	assert_int_equal(notifier_from_errno(-EBUSY), 0x8011);
	assert_int_equal(notifier_to_errno(0x8011), -EBUSY);
	assert_int_equal(notifier_to_errno(NOTIFY_BAD), -EPERM);
	assert_int_equal(notifier_to_errno(NOTIFY_STOP), 0);
	assert_int_equal(notifier_to_errno(NOTIFY_DONE), 0);
	assert_int_equal(notifier_from_errno(0), NOTIFY_OK);
}

static s64 results[6];

static int hear(struct notifier_block *nb, unsigned long val, void *data)
{
	(void)nb;
	(void)val;
	(void)data;
	return NOTIFY_DONE;
}

static void come_and_go(void *arg)
{
	static struct notifier_block first = {.notifier_call = hear, .priority = 1}, last = {.notifier_call = hear};

	(void)arg;
	results[0] = register_memory_notifier(&last);
	results[1] = register_memory_notifier(&first);
	results[2] = register_memory_notifier(&first);
	results[3] = unregister_memory_notifier(&first);
	results[4] = unregister_memory_notifier(&first);
	results[5] = unregister_memory_notifier(&last);
}

static void a_listener_is_on_the_chain_once(void **state)
{
	static const s64 expected[] = {0, 0, -EEXIST, 0, -ENOENT, 0};
	struct test_scenario s = test_scenario(4, 3);
	struct rt_result result;

	(void)state;
	test_boot(&s);
	rt_task_create("a", 0, come_and_go, NULL);
	rt_run(&result);
	assert_string_equal(verdict_name(result.verdict.kind), "ok");
	for (u32 i = 0; i < ARRAY_SIZE(expected); i++)
		assert_int_equal(results[i], expected[i]);
	rt_reset();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(errno_on_the_chain),
		cmocka_unit_test(a_listener_is_on_the_chain_once),
		cmocka_unit_test(life_of_a_block),
		cmocka_unit_test(zones_by_policy),
		cmocka_unit_test(spans_shrink_at_edges_only),
		cmocka_unit_test(a_veto_undoes_everything),
		cmocka_unit_test(offline_moves_pages_or_gives_up),
		cmocka_unit_test(unmovable_pages_keep_a_block),
		cmocka_unit_test(nodes_come_and_go),
		cmocka_unit_test(what_keeps_a_node),
		cmocka_unit_test(a_node_comes_online_without_memory),
		cmocka_unit_test(memory_devices),
		cmocka_unit_test(a_signal_ends_one_offline),
		cmocka_unit_test(a_failing_add_leaves_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
