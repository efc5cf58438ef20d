/* SPDX-License-Identifier: MIT */
#include "jobs/report_compare.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "core/rt/random.h"

static void is_near(double value, double wanted)
{
	if (fabs(value - wanted) > 0.001 * wanted)
		fail_msg("expected %g, got %g", wanted, value);
}

/* Against tables of Student's distribution: numbers whose logarithms have a standard deviation of one. */
static void quantiles_are_those_of_the_tables(void **state)
{
	const double three[] = {exp(0), exp(1), exp(2)};
	const double four[] = {exp(-sqrt(0.75)), exp(-sqrt(0.75)), exp(sqrt(0.75)), exp(sqrt(0.75))};

	(void)state;
	is_near(report_seen_noise(three, 3, 0.95), 4.3027 * M_SQRT2);
	is_near(report_seen_noise(three, 3, 0.99), 9.9248 * M_SQRT2);
	is_near(report_seen_noise(four, 4, 0.95), 3.1824 * M_SQRT2);
	assert_true(isnan(report_seen_noise(three, 2, 0.95)));
	/* trigamma(1) = pi^2 / 6, trigamma(3) = pi^2 / 6 - 5 / 4 */
	is_near(report_waiting_noise(1, 1, 0.95), 1.95996 * sqrt(M_PI * M_PI / 3));
	is_near(report_waiting_noise(3, 1, 0.95), 1.95996 * sqrt(M_PI * M_PI / 3 - 1.25));
	assert_true(isnan(report_waiting_noise(0, 1, 0.95)));
}

static double waits(struct rt_random *random)
{
	return -log(((double)(rt_random_u64(random) >> 11) + 0.5) / 9007199254740992.0);
}

/* Two means of waiting times of the same bug differ by more than the interval about once in twenty times. */
static void intervals_hold_what_they_promise(void **state)
{
	const double noise[] = {report_waiting_noise(1, 1, 0.95), report_waiting_noise(3, 1, 0.95)};
	struct rt_random random;
	u32 outside[2] = {0};

	(void)state;
	rt_random_seed(&random, 7);
	for (u32 i = 0; i < 20000; i++) {
		double one = waits(&random), other = waits(&random),
		       three = (waits(&random) + waits(&random) + one) / 3;

		outside[0] += fabs(log(one / other)) > noise[0];
		outside[1] += fabs(log(three / other)) > noise[1];
	}
	for (u32 i = 0; i < 2; i++)
		if (outside[i] < 700 || outside[i] > 1300)
			fail_msg("%u of 20000 outside", outside[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(quantiles_are_those_of_the_tables),
		cmocka_unit_test(intervals_hold_what_they_promise),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
