/* SPDX-License-Identifier: MIT */
#include "core/mm/ops_mm.h"
#include "core/mm/slab.h"
#include "core/mm/testing.h"
#include "core/rt/cpu.h"
#include "core/rt/task.h"

static s64 run(s64 (*op)(const struct op *op), s32 a, s32 b)
{
	const struct op call = {.arg = {a, b}};

	return op(&call);
}

static s64 nr_slabs(const struct kmem_cache *s, u32 nid)
{
	return atomic_long_read(&s->node[nid]->nr_slabs);
}

/* ---- objects ---------------------------------------------------------------------------------------------------- */

static void objects(void *arg)
{
	struct kmem_cache *s = kmem_cache_create(0);
	u64 object[3 * SLAB_OBJECTS];

	(void)arg;
	CHECK(!IS_ERR(s));
	for (u32 i = 0; i < ARRAY_SIZE(object); i++) {
		object[i] = kmem_cache_alloc(s, GFP_KERNEL);
		CHECK(object[i] && PageSlab(pfn_to_page(slab_object_pfn(object[i]))));
		for (u32 k = 0; k < i; k++)
			CHECK(object[k] != object[i]);
	}
	CHECK_EQUAL(nr_slabs(s, 0), 3);
	CHECK_EQUAL(slab_total_objects_show(0), 3 * SLAB_OBJECTS);
	/* The first slab was full and on no list; it is partial now. */
	kmem_cache_free(s, object[0]);
	CHECK_EQUAL(s->node[0]->nr_partial, 1);
	/* The slabs of the CPU are full: that one comes before a new one. */
	object[0] = kmem_cache_alloc(s, GFP_KERNEL);
	CHECK_EQUAL(s->node[0]->nr_partial, 0);
	CHECK_EQUAL(nr_slabs(s, 0), 3);
	for (u32 i = 0; i < ARRAY_SIZE(object); i++)
		kmem_cache_free(s, object[i]);
	/* Empty ones are kept, until somebody asks. */
	CHECK_EQUAL(nr_slabs(s, 0), 3);
	CHECK_EQUAL(slab_shrink_store(0), 0);
	CHECK_EQUAL(nr_slabs(s, 0), 0);
	kmem_cache_destroy(s);
	CHECK_EQUAL(slab_total_objects_show(0), -ENOENT);
}

/* A slab that becomes empty on a list of SLAB_MIN_PARTIAL slabs is not kept. */
static void few_empty_slabs(void *arg)
{
	struct kmem_cache *s = kmem_cache_create(0);
	u64 object[8 * SLAB_OBJECTS];

	(void)arg;
	for (u32 i = 0; i < ARRAY_SIZE(object); i++)
		object[i] = kmem_cache_alloc(s, GFP_KERNEL);
	CHECK_EQUAL(nr_slabs(s, 0), 8);
	for (u32 i = 0; i < ARRAY_SIZE(object); i++)
		kmem_cache_free(s, object[i]);
	/* One more is the CPU's. */
	CHECK_EQUAL(s->node[0]->nr_partial, SLAB_MIN_PARTIAL - 1);
	CHECK_EQUAL(nr_slabs(s, 0), SLAB_MIN_PARTIAL);
	kmem_cache_destroy(s);
}

static void slabs_hold_objects(void **state)
{
	(void)state;
	test_alone(objects, NULL);
	test_alone(few_empty_slabs, NULL);
}

static void free_twice(void *arg)
{
	struct kmem_cache *s = kmem_cache_create(0);
	u64 object = kmem_cache_alloc(s, GFP_KERNEL);

	(void)arg;
	kmem_cache_free(s, object);
	kmem_cache_free(s, object);
}

static void free_to_another(void *arg)
{
	struct kmem_cache *s = kmem_cache_create(0), *other = kmem_cache_create(1);

	(void)arg;
	kmem_cache_free(other, kmem_cache_alloc(s, GFP_KERNEL));
}

static void free_changed(void *arg)
{
	struct kmem_cache *s = kmem_cache_create(0);
	u64 object = kmem_cache_alloc(s, GFP_KERNEL);

	(void)arg;
	page_content_write(slab_object_pfn(object), 1);
	kmem_cache_free(s, object);
}

static void destroy_in_use(void *arg)
{
	struct kmem_cache *s = kmem_cache_create(0);

	(void)arg;
	CHECK(kmem_cache_alloc(s, GFP_KERNEL));
	kmem_cache_destroy(s);
}

static void misuse_is_found(void **state)
{
	(void)state;
	test_fails(free_twice, VERDICT_bug, "");
	test_fails(free_to_another, VERDICT_bug, "");
	test_fails(free_changed, VERDICT_invariant, "page content lost");
	test_fails(destroy_in_use, VERDICT_warning, "");
}

/* ---- operations and their errno ---------------------------------------------------------------------------------- */

static void operations(void *arg)
{
	(void)arg;
	CHECK_EQUAL(run(op_cache_show, 1, 0), -ENOENT);
	CHECK_EQUAL(run(op_cache_shrink, 1, 0), -ENOENT);
	CHECK_EQUAL(run(op_cache_destroy, 1, 0), -ENOENT);
	CHECK_EQUAL(run(op_slab_alloc, 1, 1), -ENOENT);
	CHECK_EQUAL(run(op_slab_free, 1, 1), -ENOENT);
	CHECK_EQUAL(run(op_cache_create, 1, 0), 0);
	CHECK_EQUAL(run(op_cache_create, 1, 0), -EEXIST);
	CHECK_EQUAL(run(op_slab_alloc, 1, 20), 20);
	CHECK_EQUAL(run(op_slab_alloc, 1, 20), 12);
	CHECK_EQUAL(run(op_slab_alloc, 1, 1), -ENOMEM);
	CHECK_EQUAL(run(op_cache_show, 1, 0), 32);
	CHECK_EQUAL(run(op_slab_free, 1, 30), 30);
	CHECK_EQUAL(run(op_slab_free, 1, 30), 2);
	CHECK_EQUAL(run(op_slab_free, 1, 30), 0);
	CHECK_EQUAL(run(op_slab_alloc, 1, 9), 9);
	CHECK_EQUAL(run(op_cache_destroy, 1, 0), 0);
	CHECK_EQUAL(run(op_cache_show, 1, 0), -ENOENT);
}

static void create_and_destroy(void *arg)
{
	(void)arg;
	if (run(op_cache_create, 0, 0) == 0)
		run(op_cache_destroy, 0, 0);
}

static void operations_return_errno(void **state)
{
	(void)state;
	test_alone(operations, NULL);
	for (u32 n = 0; test_with_fault(create_and_destroy, FAULT_kmalloc, n); n++)
		assert_true(n < 8);
	assert_true(test_with_fault(create_and_destroy, FAULT_percpu, 0));
	assert_false(test_with_fault(create_and_destroy, FAULT_percpu, 1));
}

/* ---- several tasks ------------------------------------------------------------------------------------------------
 */

static void use_cache(void *arg)
{
	(void)arg;
	for (u32 i = 0; i < 3; i++) {
		run(op_cache_create, 0, 0);
		run(op_slab_alloc, 0, 11);
		run(op_slab_free, 0, 7);
	}
	run(op_cache_destroy, 0, 0);
}

static void watch_cache(void *arg)
{
	(void)arg;
	for (u32 i = 0; i < 4; i++) {
		s64 objects = run(op_cache_show, 0, 0);

		CHECK(objects == -ENOENT || objects % SLAB_OBJECTS == 0);
		run(op_cache_shrink, 0, 0);
	}
}

static void caches_survive_each_other(void **state)
{
	void (*const tasks[])(void *) = {use_cache, watch_cache, use_cache};

	(void)state;
	test_boot();
	for (u64 seed = 1; seed <= 200; seed++) {
		struct rt_result result = test_run(seed, ARRAY_SIZE(tasks), tasks, NULL);

		if (result.verdict.kind != VERDICT_ok)
			fail_msg("seed %llu: %s %s", (unsigned long long)seed, result.verdict.signature,
				 result.verdict.detail);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(slabs_hold_objects),
		cmocka_unit_test(misuse_is_found),
		cmocka_unit_test(operations_return_errno),
		cmocka_unit_test(caches_survive_each_other),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
