/* SPDX-License-Identifier: MIT */
/* libFuzzer: it calls LLVMFuzzer*() by itself; only its counters are reached from here. */
#include <stdlib.h>
#include <string.h>

#include "fuzz/engine/engine.h"

/* The linker's names for the ends of the section in which the compiler puts its 8-bit counters. */
extern u8 __start___sancov_cntrs[] __attribute__((weak, visibility("hidden")));
extern u8 __stop___sancov_cntrs[] __attribute__((weak, visibility("hidden")));

void engine_forget_coverage(void)
{
	memset(__start___sancov_cntrs, 0, (size_t)(__stop___sancov_cntrs - __start___sancov_cntrs));
}

/* It reads the map itself. */
void engine_publish_feedback(void)
{
}

/*
 * Entropic schedules by how rare features are, and keeps lists of the rare ones; of ours most are, so it cost a quarter
 * of the time and found nothing sooner.
 */
void engine_set_options(int *argc, char ***argv)
{
	static const char option[] = "-entropic=";
	char **more;

	for (int i = 1; i < *argc; i++)
		if (strncmp((*argv)[i], option, sizeof(option) - 1) == 0)
			return;
	more = calloc((size_t)*argc + 2, sizeof(*more));
	if (!more)
		return;
	more[0] = (*argv)[0];
	more[1] = strdup("-entropic=0");
	memcpy(more + 2, *argv + 1, (size_t)(*argc - 1) * sizeof(*more));
	*argv = more;
	(*argc)++;
}
