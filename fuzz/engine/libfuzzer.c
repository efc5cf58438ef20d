/* SPDX-License-Identifier: MIT */
/* libFuzzer: it calls LLVMFuzzer*() by itself; only its counters are reached from here. */
#include <string.h>

#include "fuzz/engine/engine.h"

/* The linker's names for the ends of the section in which the compiler puts its 8-bit counters. */
extern u8 __start___sancov_cntrs[] __attribute__((weak, visibility("hidden")));
extern u8 __stop___sancov_cntrs[] __attribute__((weak, visibility("hidden")));

void engine_forget_coverage(void)
{
	memset(__start___sancov_cntrs, 0, (size_t)(__stop___sancov_cntrs - __start___sancov_cntrs));
}
