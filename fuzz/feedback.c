/* SPDX-License-Identifier: MIT */
#include "fuzz/feedback.h"

/* libFuzzer finds the array by its section; nobody else minds. */
u8 feedback_map[FEEDBACK_SIZE] __attribute__((section("__libfuzzer_extra_counters")));
u16 feedback_hits[FEEDBACK_HITS_MAX];
u32 feedback_nr_hits;

void feedback_begin(void)
{
	for (u32 i = 0; i < feedback_nr_hits; i++)
		feedback_map[feedback_hits[i]] = 0;
	feedback_nr_hits = 0;
}
