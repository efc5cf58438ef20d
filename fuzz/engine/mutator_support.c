/* SPDX-License-Identifier: MIT */
/*
 * AFL++'s edge callbacks for the mutator's shared object: core is compiled with them, but afl-fuzz, which loads the
 * mutator, is not a program under test and has no map of its own edges.
 */
#include <stdint.h>

void __sanitizer_cov_trace_pc_guard(uint32_t *guard);
void __sanitizer_cov_trace_pc_guard_init(uint32_t *start, uint32_t *stop);

void __sanitizer_cov_trace_pc_guard(uint32_t *guard)
{
	(void)guard;
}

void __sanitizer_cov_trace_pc_guard_init(uint32_t *start, uint32_t *stop)
{
	(void)start;
	(void)stop;
}
