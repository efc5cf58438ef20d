/* SPDX-License-Identifier: MIT */
/*
 * How often a strategy gives each order of a few accesses, against what its paper promises. A program is a list of
 * words that each task writes, one after the other; its order is the sequence of tasks.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core/rt/access.h"
#include "core/rt/mem.h"
#include "core/rt/task.h"
#include "fuzz/explore.h"

#define TASKS 3
#define ORDERS 32
#define RUNS 20000
#define SIGMAS 5 /* seeds are fixed: what passes once passes always */

struct words {
	u64 x, y, z;
};
static struct words *words;

static struct program {
	const char *task[TASKS]; /* of letters x, y, z */
} program;
static char order[16]; /* of the run: a digit per access */
static u32 order_len;
static struct {
	char order[16];
	u32 count;
} seen[ORDERS];
static u32 nr_seen;
static u32 run_number, first_run, skip_one_in; /* which runs are looked at */

static void boot(void *arg)
{
	(void)arg;
	words = kzalloc_obj(struct words, OBJ_test);
	rt_mark_permanent(words);
}

UNOBSERVED_BEGIN

/* The test's own, not a word of the program. */
static void note_order(u32 task)
{
	order[order_len++] = (char)('0' + task);
}

UNOBSERVED_END

static void write_words(void *arg)
{
	u32 task = (u32)(uintptr_t)arg;

	for (const char *at = program.task[task]; *at; at++) {
		u64 *word = *at == 'x' ? &words->x : *at == 'y' ? &words->y : &words->z;

		WRITE_ONCE(*word, task + 1);
		note_order(task);
	}
}

static void run(void *arg, struct rt_strategy *strategy, struct rt_result *result)
{
	u32 i = 0;

	(void)arg;
	memset(order, 0, sizeof(order));
	order_len = 0;
	for (u32 task = 0; task < TASKS && program.task[task]; task++) {
		char name[8];

		snprintf(name, sizeof(name), "t%u", task);
		rt_task_create(name, task, write_words, (void *)(uintptr_t)task);
	}
	rt_set_strategy(strategy);
	rt_run(result);
	rt_reset();
	if (run_number++ < first_run || (skip_one_in && (run_number - 1) % skip_one_in == 0))
		return;
	while (i < nr_seen && strcmp(seen[i].order, order) != 0)
		i++;
	if (i == nr_seen) {
		assert_true(nr_seen < ORDERS);
		memcpy(seen[nr_seen++].order, order, sizeof(order));
	}
	seen[i].count++;
}

static void sample(const char *strategy, const char *select, const struct program *p)
{
	struct explore_options options = {.strategy = strategy_by_name(strategy),
					  .strategy_options = STRATEGY_OPTIONS_DEFAULT,
					  .runs_max = RUNS,
					  .keep_going = true};
	struct explore_subject subject = {.run = run};
	struct rt_config config = {.cpus = TASKS};
	static struct explore_result result;

	program = *p;
	options.strategy_options.select = select;
	nr_seen = run_number = 0;
	memset(seen, 0, sizeof(seen));
	rt_boot(&config, boot, NULL);
	assert_int_equal(explore(&subject, &options, &result), 0);
}

/* Runs whose order begins with @prefix. */
static u32 count_of(const char *prefix)
{
	u32 count = 0;

	for (u32 i = 0; i < nr_seen; i++)
		if (strncmp(seen[i].order, prefix, strlen(prefix)) == 0)
			count += seen[i].count;
	return count;
}

static void expect_share(const char *prefix, double share)
{
	double runs = count_of(""), mean = runs * share, allowed = SIGMAS * sqrt(runs * share * (1 - share));
	u32 count = count_of(prefix);

	assert_true(runs >= RUNS * 0.9);
	if (fabs(count - mean) > allowed)
		fail_msg("%s: %u of %.0f runs, expected %.0f +- %.0f", prefix, count, runs, mean, allowed);
}

/* One priority of t1 against those of all four events of t0: 1/5 that it is lowest. A random walk: 1/16. */
static void pos_keeps_priorities_across_what_does_not_race(void **state)
{
	(void)state;
	sample("pos", NULL, &(struct program){{"yyyx", "xy"}});
	expect_share("0000", 1.0 / 5);
}

/* Each event of t0 races with that of t1, which draws again: a coin a time. */
static void pos_draws_again_for_races(void **state)
{
	(void)state;
	sample("pos", NULL, &(struct program){{"xxx", "x"}});
	expect_share("1", 1.0 / 2);
	expect_share("01", 1.0 / 4);
	expect_share("001", 1.0 / 8);
	expect_share("0001", 1.0 / 8);
}

/* The three first accesses race: each is first in a third of the runs, and the rest follows likewise. */
static void pos_is_fair_to_three(void **state)
{
	(void)state;
	sample("pos", NULL, &(struct program){{"x", "x", "x"}});
	assert_int_equal(nr_seen, 6);
	for (u32 i = 0; i < nr_seen; i++)
		expect_share(seen[i].order, 1.0 / 6);
}

/*
 * Two tasks with two events each have six orders, one with three and one with one have four. Runs that count first are
 * random.
 */
static void surw_is_uniform(void **state)
{
	static const struct {
		struct program program;
		u32 orders;
	} rows[] = {
		{{{"xx", "xx"}}, 6},
		{{{"xxx", "x"}}, 4},
		{{{"x", "xx", "x"}}, 12},
		{{{"xxxx", "xx"}}, 15},
	};

	(void)state;
	for (u32 row = 0; row < ARRAY_SIZE(rows); row++) {
		first_run = skip_one_in = SURW_BATCH;
		sample("surw", "accesses", &rows[row].program);
		first_run = skip_one_in = 0;
		assert_int_equal(nr_seen, rows[row].orders);
		for (u32 i = 0; i < nr_seen; i++)
			expect_share(seen[i].order, 1.0 / rows[row].orders);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pos_keeps_priorities_across_what_does_not_race),
		cmocka_unit_test(pos_draws_again_for_races),
		cmocka_unit_test(pos_is_fair_to_three),
		cmocka_unit_test(surw_is_uniform),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
