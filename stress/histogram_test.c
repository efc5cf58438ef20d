/* SPDX-License-Identifier: MIT */
/* Quantiles of the histogram beside those of the sorted values. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/rt/random.h"
#include "stress/histogram.h"

#define VALUES 20000

static const double quantiles[] = {0, 0.001, 0.25, 0.5, 0.9, 0.99, 0.999, 0.9999, 1};
static struct histogram h, other, merged;
static u64 value[VALUES];

static int compare(const void *a, const void *b)
{
	u64 x = *(const u64 *)a, y = *(const u64 *)b;

	return (x > y) - (x < y);
}

/* Of all sizes alike: 20 ns to half an hour. */
static void draw_values(u64 seed)
{
	struct rt_random random;

	rt_random_seed(&random, seed);
	for (u32 i = 0; i < VALUES; i++)
		value[i] = (20 + rt_random_below(&random, 1000)) << rt_random_below(&random, 32);
}

static void check_quantiles(const struct histogram *histogram)
{
	qsort(value, VALUES, sizeof(value[0]), compare);
	assert_int_equal(histogram->count, VALUES);
	assert_int_equal(histogram->max, value[VALUES - 1]);
	for (size_t i = 0; i < ARRAY_SIZE(quantiles); i++) {
		u32 rank = (u32)(quantiles[i] * VALUES + 0.9999999);
		u64 exact = value[rank ? rank - 1 : 0], told = histogram_quantile(histogram, quantiles[i]);

		assert_true(told >= exact);
		assert_true((double)told <= (double)exact * 1.008);
	}
}

static void test_quantiles_are_close(void **state)
{
	(void)state;
	memset(&h, 0, sizeof(h));
	draw_values(1);
	for (u32 i = 0; i < VALUES; i++)
		histogram_record(&h, value[i]);
	check_quantiles(&h);
}

static void test_merged_is_as_one(void **state)
{
	(void)state;
	memset(&h, 0, sizeof(h));
	memset(&other, 0, sizeof(other));
	memset(&merged, 0, sizeof(merged));
	draw_values(2);
	for (u32 i = 0; i < VALUES; i++)
		histogram_record(i % 3 ? &h : &other, value[i]);
	histogram_merge(&merged, &h);
	histogram_merge(&merged, &other);
	check_quantiles(&merged);
}

static void test_edges(void **state)
{
	(void)state;
	memset(&h, 0, sizeof(h));
	assert_int_equal(histogram_quantile(&h, 0.5), 0);
	for (u64 i = 0; i < 256; i++)
		histogram_record(&h, i);
	assert_int_equal(histogram_quantile(&h, 0.5), 127);
	assert_int_equal(histogram_quantile(&h, 1), 255);
	histogram_record(&h, UINT64_MAX);
	assert_int_equal(h.max, UINT64_MAX);
	assert_int_equal(h.bucket[HISTOGRAM_BUCKETS - 1], 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_quantiles_are_close),
		cmocka_unit_test(test_merged_is_as_one),
		cmocka_unit_test(test_edges),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
