/* SPDX-License-Identifier: MIT */
/*
 * AFL++'s callbacks of edges and comparisons for the mutator's shared object: code that is compiled with them is in it,
 * but afl-fuzz, which loads the mutator, is not a program under test and has no map of its own edges.
 */
#include <stdint.h>

void __sanitizer_cov_trace_pc_guard(uint32_t *guard);
void __sanitizer_cov_trace_pc_guard_init(uint32_t *start, uint32_t *stop);
void __sanitizer_cov_trace_switch(uint64_t value, uint64_t *cases);

void __sanitizer_cov_trace_pc_guard(uint32_t *guard)
{
	(void)guard;
}

void __sanitizer_cov_trace_pc_guard_init(uint32_t *start, uint32_t *stop)
{
	(void)start;
	(void)stop;
}

void __sanitizer_cov_trace_switch(uint64_t value, uint64_t *cases)
{
	(void)value;
	(void)cases;
}

#define COMPARISON(name, type)                                                                                         \
	void name(type a, type b);                                                                                     \
	void name(type a, type b)                                                                                      \
	{                                                                                                              \
		(void)a;                                                                                               \
		(void)b;                                                                                               \
	}
COMPARISON(__sanitizer_cov_trace_cmp1, uint8_t)
COMPARISON(__sanitizer_cov_trace_cmp2, uint16_t)
COMPARISON(__sanitizer_cov_trace_cmp4, uint32_t)
COMPARISON(__sanitizer_cov_trace_cmp8, uint64_t)
COMPARISON(__sanitizer_cov_trace_const_cmp1, uint8_t)
COMPARISON(__sanitizer_cov_trace_const_cmp2, uint16_t)
COMPARISON(__sanitizer_cov_trace_const_cmp4, uint32_t)
COMPARISON(__sanitizer_cov_trace_const_cmp8, uint64_t)
