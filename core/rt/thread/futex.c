/* SPDX-License-Identifier: MIT */
#include "core/rt/thread/futex.h"

#include <limits.h>
#include <linux/futex.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define SPINS 64

void futex_wait(const u32 *word, u32 value, u64 ns)
{
	struct timespec ts = {.tv_sec = (time_t)(ns / 1000000000UL), .tv_nsec = (long)(ns % 1000000000UL)};

	syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, value, &ts, NULL, 0);
}

void futex_wake_all(const u32 *word)
{
	syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, INT_MAX, NULL, NULL, 0);
}

void futex_wake_one(const u32 *word)
{
	syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

void word_lock(struct word_lock *lock)
{
	for (int i = 0; i < SPINS; i++) {
		u32 free = 0;

		if (__atomic_compare_exchange_n(&lock->word, &free, 1, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
			return;
	}
	while (__atomic_exchange_n(&lock->word, 2, __ATOMIC_ACQUIRE) != 0)
		futex_wait(&lock->word, 2, FUTEX_SLICE_NS);
}

void word_unlock(struct word_lock *lock)
{
	if (__atomic_exchange_n(&lock->word, 0, __ATOMIC_RELEASE) == 2)
		futex_wake_one(&lock->word);
}

u64 clock_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (u64)ts.tv_sec * 1000000000UL + (u64)ts.tv_nsec;
}

#if defined(__x86_64__)
static bool counter_trusted;

void clock_choose(void)
{
	FILE *f = fopen("/sys/devices/system/clocksource/clocksource0/current_clocksource", "re");
	char name[16] = "";

	if (!f)
		return;
	counter_trusted = fgets(name, sizeof(name), f) && !strcmp(name, "tsc\n");
	fclose(f);
}

u64 clock_ticks(void)
{
	return likely(counter_trusted) ? __builtin_ia32_rdtsc() : clock_ns();
}
#else
void clock_choose(void)
{
}

u64 clock_ticks(void)
{
	return clock_ns();
}
#endif
