/* SPDX-License-Identifier: MIT */
/* What is remembered of memmap that comes and goes, for an oops that is told after it has come back. */
#include "core/rt/rt_test.h"

#include "core/rt/task.h"
#include "core/rt/thread/arena.h"

#define MEMMAP ((void *)RT_MEMMAP_BASE)

static void comes_and_goes(void *arg)
{
	struct arena_death death = arena_death_of(RT_MEMMAP_BASE);

	(void)arg;
	BUG_ON(death.known || arena_dead(RT_MEMMAP_BASE));
	BUG_ON(rt_memmap_map(MEMMAP, RT_MEMMAP_UNIT, 0));
	BUG_ON(arena_death_of(RT_MEMMAP_BASE).known || !rt_memmap_live(MEMMAP));

	point(op, begin, 0);
	rt_memmap_unmap(MEMMAP, RT_MEMMAP_UNIT);
	death = arena_death_of(RT_MEMMAP_BASE);
	BUG_ON(!death.known || death.over || death.point != POINT_op_begin || !arena_dead(RT_MEMMAP_BASE));

	point(op, end, 0);
	BUG_ON(rt_memmap_map(MEMMAP, RT_MEMMAP_UNIT, 0));
	death = arena_death_of(RT_MEMMAP_BASE);
	BUG_ON(!death.known || !death.over || death.point != POINT_op_begin || arena_dead(RT_MEMMAP_BASE));
	BUG_ON(!rt_memmap_live(MEMMAP) || rt_memmap_live((char *)MEMMAP + RT_MEMMAP_UNIT));

	rt_memmap_unmap(MEMMAP, RT_MEMMAP_UNIT);
	BUG_ON(rt_memmap_live(MEMMAP) || arena_death_of(RT_MEMMAP_BASE).point != POINT_op_end);
}

static void test_who_took_it_is_remembered(void **state)
{
	struct rt_test test = {.cpus = 1, .rounds = 2, .task = {{"t", 0, comes_and_goes, NULL}}};

	(void)state;
	rt_test_expect_ok(&test);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_who_took_it_is_remembered),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
