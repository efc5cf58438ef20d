/* SPDX-License-Identifier: MIT */
/*
 * AFL++: edges of core and interleaving coverage in AFL++'s own map. The program around it is in afl_main.c, or AFL++'s
 * driver (libAFLDriver.a).
 */
#include <string.h>

#include "fuzz/engine/engine.h"
#include "fuzz/feedback.h"

extern u8 *__afl_area_ptr;
extern u32 __afl_map_size;

/*
 * Numbers in AFL++'s map for our features: its runtime numbers whatever lies in this section, as if each were an edge.
 */
static u32 guards[FEEDBACK_SIZE] __attribute__((section("__sancov_guards"), used));

void engine_forget_coverage(void)
{
	memset(__afl_area_ptr, 0, __afl_map_size);
}

void engine_set_options(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
}

void engine_publish_feedback(void)
{
	for (u32 i = 0; i < feedback_nr_hits; i++)
		__afl_area_ptr[guards[feedback_hits[i]]] = 1;
}
