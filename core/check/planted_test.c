/* SPDX-License-Identifier: MIT */
/*
 * Each detector is proved by a planted bug: with its switch on, a small scenario under random schedules ends in exactly
 * that verdict; with the switch off, the same schedules of the same scenario all end ok.
 */
#include "core/check/test_schedule.h"

#define RUNS 1500

/* ---- scenarios ------------------------------------------------------------------------------------------------- */

static struct test_task *task(struct test_scenario *s)
{
	s->task[s->nr_tasks].cpu = s->nr_tasks % s->config.cpus;
	return &s->task[s->nr_tasks++];
}

/* A block goes offline while others allocate and free. */
static void offline_and_alloc(struct test_scenario *s)
{
	struct test_task *a = task(s), *b = task(s);

	test_add_op(a, "offline", 1, 0, 0, 0);
	for (s32 i = 0; i < 4; i++) {
		test_add_op(b, "alloc", 1, 0, 8, 0);
		test_add_op(b, "free", 0, 0, 0, 0);
	}
}

/* Pages of the block are freed while it is isolated and given back. */
static void isolate_and_free(struct test_scenario *s)
{
	struct test_task *a = task(s), *b = task(s);

	test_add_op(&s->boot, "alloc", 1, 0, 40, 0);
	test_add_op(&s->boot, "alloc", 1, 0, 40, 1);
	test_add_op(a, "isolate", 0, 0, 0, 0);
	test_add_op(a, "isolate", 1, 0, 0, 0);
	test_add_op(b, "free", 0, 0, 0, 0);
	test_add_op(b, "free", 1, 0, 0, 0);
}

static void two_state_writers(struct test_scenario *s)
{
	struct test_task *a = task(s), *b = task(s);

	test_add_op(a, "offline", 1, 0, 0, 0);
	test_add_op(a, "online", 1, 0, 0, 0);
	test_add_op(b, "offline", 2, 0, 0, 0);
	test_add_op(b, "online", 2, 0, 0, 0);
}

static void writer_and_remover(struct test_scenario *s)
{
	struct test_task *a = task(s), *b = task(s);

	test_add_op(&s->boot, "offline", 2, 0, 0, 0);
	test_add_op(a, "online", 2, 0, 0, 0);
	test_add_op(b, "remove", 2, 0, 0, 0);
}

static void remove_online(struct test_scenario *s)
{
	test_add_op(task(s), "remove", 2, 0, 0, 0);
}

static void online_twice(struct test_scenario *s)
{
	test_add_op(task(s), "online", 2, 2, 0, 0);
}

static void offline_pinned(struct test_scenario *s)
{
	struct test_task *a = task(s), *b = task(s);

	test_add_op(&s->boot, "alloc", 1, 0, 4, 0);
	test_add_op(&s->boot, "pin", 0, 0, 0, 0);
	for (s32 block = 0; block < 3; block++)
		test_add_op(a, "offline", block, 0, 0, 0);
	test_add_op(b, "signal", 0, 0, 0, 0);
}

static void vetoed_offline(struct test_scenario *s)
{
	test_add_op(&s->boot, "veto", 1, 0, 0, 0);
	test_add_op(task(s), "offline", 2, 0, 0, 0);
}

static void compact_full_zone(struct test_scenario *s)
{
	struct test_task *a = task(s), *b = task(s);

	for (s32 slot = 0; slot < 3; slot++)
		test_add_op(&s->boot, "alloc", 1, 0, 62, slot);
	test_add_op(a, "compact", 0, 0, 0, 0);
	test_add_op(b, "free", 1, 0, 0, 0);
	test_add_op(b, "alloc", 1, 0, 60, 1);
}

static void compact_and_verify(struct test_scenario *s)
{
	struct test_task *a = task(s), *b = task(s);

	for (s32 slot = 0; slot < 3; slot++)
		test_add_op(&s->boot, "alloc", 1, 0, 12, slot);
	test_add_op(a, "compact", 0, 0, 0, 0);
	test_add_op(a, "migrate", 0, 0, 0, 0);
	for (s32 i = 0; i < 3; i++)
		test_add_op(b, "verify", 0, 0, 0, 0);
}

static void compact_against_remove(struct test_scenario *s)
{
	struct test_task *a = task(s), *b = task(s);

	test_add_op(&s->boot, "alloc", 1, 0, 12, 0);
	test_add_op(a, "compact", 0, 0, 0, 0);
	test_add_op(a, "walk", 0, 3, 0, 0);
	test_add_op(b, "offline", 1, 0, 0, 0);
	test_add_op(b, "remove", 1, 0, 0, 0);
}

/* The zone spans an offline block, which goes away. It is hot-added: the usage of boot memory is never freed. */
static void compact_against_remove_of_hole(struct test_scenario *s)
{
	struct test_task *a = task(s), *b = task(s);

	s->config.blocks = 5;
	s->config.offline.count = s->config.normal.count = 1;
	s->config.offline.range[0].first = s->config.offline.range[0].last = 3;
	s->config.normal.range[0].first = s->config.normal.range[0].last = 4;
	test_add_op(a, "compact", 0, 0, 0, 0);
	test_add_op(b, "remove", 3, 0, 0, 0);
}

/* The free scanner works in the block that goes offline. */
static void compact_against_offline(struct test_scenario *s)
{
	struct test_task *a = task(s), *b = task(s), *c = task(s);

	test_add_op(&s->boot, "alloc", 1, 0, 40, 0);
	for (s32 i = 0; i < 3; i++)
		test_add_op(a, "compact", 0, 0, 0, 0);
	test_add_op(b, "offline", 2, 0, 0, 0);
	for (s32 i = 0; i < 2; i++)
		test_add_op(c, "compact", 0, 0, 0, 0);
}

/* Blocks of more than a pageblock are allocated and freed while one of their pageblocks is isolated. */
static void isolate_and_alloc(struct test_scenario *s)
{
	struct test_task *a = task(s), *b = task(s);

	for (s32 i = 0; i < 4; i++) {
		test_add_op(a, "isolate", i % 3, 0, 0, 0);
		test_add_op(b, "alloc", 0, 4, 9, 0);
		test_add_op(b, "free", 0, 0, 0, 0);
	}
}

static void compact_against_offline_of_start(struct test_scenario *s)
{
	struct test_task *a = task(s), *b = task(s);

	test_add_op(&s->boot, "alloc", 1, 0, 40, 0);
	test_add_op(&s->boot, "alloc", 1, 0, 40, 1);
	test_add_op(&s->boot, "free", 0, 0, 0, 0);
	test_add_op(a, "compact", 0, 0, 0, 0);
	test_add_op(a, "compact", 0, 0, 0, 0);
	test_add_op(b, "offline", 0, 0, 0, 0);
	test_add_op(b, "online", 0, 2, 0, 0);
}

/* Allocations prefer a zone whose only block goes offline and online. */
static void zone_comes_back(struct test_scenario *s)
{
	struct test_task *a = task(s), *b = task(s);

	s->config.movable.count = 1;
	s->config.movable.range[0].first = s->config.movable.range[0].last = 3;
	test_add_op(a, "offline", 3, 0, 0, 0);
	test_add_op(a, "online", 3, 2, 0, 0);
	for (s32 i = 0; i < 4; i++)
		test_add_op(b, "alloc", 1, 0, 3, i);
}

/* A hot-add of a block of two sections, where anything may fail. */
static void failing_add(struct test_scenario *s)
{
	struct test_task *a = task(s);

	s->config.geometry = GEOMETRY_small;
	s->faults = BIT(FAULT_memmap);
	test_add_op(a, "add", 3, 0, 0, 0);
	test_add_op(a, "add", 3, 0, 0, 0);
}

/* ---- the table ------------------------------------------------------------------------------------------------- */

struct planted {
	const char *on;   /* the switch */
	const char *with; /* another setting that both ways need, or NULL */
	enum verdict_kind expect;
	const char *signature; /* a part of it */
	void (*build)(struct test_scenario *s);
};

static const struct planted planted[] = {
	{"planted_isolate_count_unlocked=on", NULL, VERDICT_race, "", offline_and_alloc},
	{"planted_free_page_dropped=on", NULL, VERDICT_invariant, "law page_conservation", compact_full_zone},
	{"planted_type_not_rechecked=on", NULL, VERDICT_invariant, "law free", isolate_and_free},
	{"planted_device_lock_first=on", NULL, VERDICT_lock_order, "", two_state_writers},
	{"planted_store_blocks=on", NULL, VERDICT_deadlock, "", writer_and_remover},
	{"planted_block_ref_leak=on", NULL, VERDICT_leak, "memory block", remove_online},
	{"planted_grace_period_in_lock=on", NULL, VERDICT_context, "", offline_and_alloc},
	{"planted_resched_in_read_section=on", NULL, VERDICT_context, "", compact_and_verify},
	{"planted_no_signal_check=on", NULL, VERDICT_livelock, "", offline_pinned},
	{"planted_cancel_not_sent=on", NULL, VERDICT_invariant, "law notifier_sequence", vetoed_offline},
	{"planted_copy_before_unmap=on", NULL, VERDICT_invariant, "content", compact_and_verify},
	{"online_type_sticks=on", NULL, VERDICT_invariant, "law block_request", online_twice},
	{"add_pages_no_rollback=on", NULL, VERDICT_invariant, "law block_sections", failing_add},
	{"usage_free_no_rcu=on", "pfn_walk=unsynchronised", VERDICT_oops, "section usage",
	 compact_against_remove_of_hole},
	{"free_scanner_stale_type=on", NULL, VERDICT_bug, "remove_free_blocks", compact_against_offline},
	{"straddling_free_block=on", NULL, VERDICT_invariant, "law ", isolate_and_alloc},
	{"compaction_start_beyond_end=on", NULL, VERDICT_invariant, "walk pointer", compact_against_offline_of_start},
	{"free_lists_reinit_unlocked=on", NULL, VERDICT_race, "free_list", zone_comes_back},
	{"walk_stale_pointer=on", NULL, VERDICT_invariant, "walk pointer", compact_against_remove},
	{"pfn_walk=unsynchronised", NULL, VERDICT_oops, "memmap", compact_against_remove},
};

static struct rt_result run_until(const struct planted *p, bool on, u64 *runs)
{
	struct test_scenario s = test_scenario(4, 3);
	struct rt_result result;

	p->build(&s);
	if (p->with)
		test_set(&s, p->with);
	if (on)
		test_set(&s, p->on);
	test_boot(&s);
	for (*runs = 1; *runs <= RUNS; ++*runs) {
		test_run(&s, *runs, &result);
		if (result.verdict.kind != VERDICT_ok)
			break;
	}
	return result;
}

static void fires_only_when_on(void **state)
{
	const struct planted *p = *state;
	struct rt_result result;
	u64 runs;

	result = run_until(p, true, &runs);
	printf("%s: %s [%s] after %llu runs\n", p->on, verdict_name(result.verdict.kind), result.verdict.signature,
	       (unsigned long long)runs);
	if (result.verdict.kind != p->expect || !strstr(result.verdict.signature, p->signature))
		fail_msg("expected %s [%s]; got %s [%s] %s", verdict_name(p->expect), p->signature,
			 verdict_name(result.verdict.kind), result.verdict.signature, result.verdict.detail);

	result = run_until(p, false, &runs);
	if (result.verdict.kind != VERDICT_ok)
		fail_msg("off, run %llu: %s [%s] %s", (unsigned long long)runs, verdict_name(result.verdict.kind),
			 result.verdict.signature, result.verdict.detail);
}

/* Verdicts that no bug of this core can raise. */
static bool raised_elsewhere(u32 kind)
{
	return kind == VERDICT_ok || kind == VERDICT_mismatch /* there is no reference model */ ||
	       kind == VERDICT_warning /* core/rt/task_test.c */ || kind == VERDICT_crash /* of the tool */;
}

/* Every row of bugs.def is here, and every verdict. */
static void none_is_forgotten(void **state)
{
	(void)state;
	for (u32 bug = 0; bug < NR_BUGS; bug++) {
		char on[64];
		u32 i = 0;

		snprintf(on, sizeof(on), "%s=on", bug_infos[bug].name);
		while (i < ARRAY_SIZE(planted) && strcmp(planted[i].on, on) != 0)
			i++;
		if (i == ARRAY_SIZE(planted))
			fail_msg("nothing proves %s", bug_infos[bug].name);
	}
	for (u32 kind = 0; kind < NR_VERDICTS; kind++) {
		u32 i = 0;

		while (i < ARRAY_SIZE(planted) && planted[i].expect != kind)
			i++;
		if (i == ARRAY_SIZE(planted) && !raised_elsewhere(kind))
			fail_msg("nothing raises %s", verdict_name(kind));
	}
}

int main(void)
{
	struct CMUnitTest tests[ARRAY_SIZE(planted) + 1] = {[ARRAY_SIZE(planted)] =
								    cmocka_unit_test(none_is_forgotten)};

	for (u32 i = 0; i < ARRAY_SIZE(planted); i++)
		tests[i] = (struct CMUnitTest){
			.name = planted[i].on, .test_func = fires_only_when_on, .initial_state = (void *)&planted[i]};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
