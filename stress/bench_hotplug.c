/* SPDX-License-Identifier: MIT */
/*
 * What hotplug costs on threads with the kernel's geometry, beside memset over the memmap it must write: one
 * tab-separated line per row, as ./dev bench wants them. Medians. Each machine is booted in a child process.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "core/core.h"

#define ROUNDS 15
#define MEMMAP_SIZE (2UL << 20) /* of one 128 MiB block */
#define BLOCKS_PER_GIB 8
#define SMALL_GIB 2
#define LARGE_GIB 64
#define HUGE_GIB 1024

struct measured {
	double memset_us, cycle_us; /* medians: one memset; one online and offline */
	double boot_s, resident_gib;
	s64 failed; /* errno of an operation that should not have failed */
};

static struct measured *measured; /* shared with the child */
static u32 block;                 /* the hot-added one */

static double now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec * 1e6 + (double)ts.tv_nsec / 1e3;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double median(double values[ROUNDS])
{
	qsort(values, ROUNDS, sizeof(values[0]), compare);
	return values[ROUNDS / 2];
}

static void run_op(const char *name)
{
	struct op op = {.id = op_info_by_name(name)->id};
	s64 value;

	op.arg[0] = (s32)block;
	value = core_run_op(&op);
	if (value < 0)
		measured->failed = -value;
}

static void task(void *arg)
{
	double memsets[ROUNDS], cycles[ROUNDS];
	void *buffer =
		mmap(NULL, MEMMAP_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

	(void)arg;
	for (int i = 0; i < ROUNDS; i++) {
		double start = now_us();

		memset(buffer, i, MEMMAP_SIZE);
		__asm__ volatile("" ::"r"(buffer) : "memory");
		memsets[i] = now_us() - start;
		start = now_us();
		run_op("online");
		run_op("offline");
		cycles[i] = now_us() - start;
	}
	measured->memset_us = median(memsets);
	measured->cycle_us = median(cycles);
}

static void child(u32 gib)
{
	struct machine_config config = {.geometry = GEOMETRY_x86_64, .cpus = 2, .nodes = 1};
	struct rt_config rt = {.cpus = 2};
	struct rt_result result;
	struct rusage usage;
	double start = now_us();

	config.blocks = gib * BLOCKS_PER_GIB;
	block = config.blocks - 1;
	config.online.count = config.offline.count = 1;
	config.online.range[0].last = (u16)(block - 1);
	config.offline.range[0].first = config.offline.range[0].last = (u16)block;
	switches_default(&config.sw);
	core_boot(&config, &rt, NULL, NULL);
	measured->boot_s = (now_us() - start) / 1e6;
	rt_task_create("bench", 0, task, NULL);
	rt_run(&result);
	getrusage(RUSAGE_SELF, &usage);
	measured->resident_gib = (double)usage.ru_maxrss / (1 << 20);
	_exit(0);
}

static struct measured measure(u32 gib)
{
	int status;
	pid_t pid;

	memset(measured, 0, sizeof(*measured));
	fflush(NULL);
	pid = fork();
	if (!pid)
		child(gib);
	if (pid < 0 || waitpid(pid, &status, 0) != pid || status || measured->failed) {
		fprintf(stderr, "bench_hotplug: the machine of %u GiB failed: %s\n", gib,
			measured->failed ? strerror((int)measured->failed) : "it died");
		exit(1);
	}
	return *measured;
}

static void row(const char *what, double value, const char *unit, double limit, const char *peer)
{
	printf("%s\t%.4g\t%s\t<=\t%g\t%s\n", what, value, unit, limit, peer);
	fflush(stdout);
}

int main(int argc, char **argv)
{
	struct measured small, large, huge;
	char peer[64];

	measured = mmap(NULL, sizeof(*measured), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (measured == MAP_FAILED)
		return 1;
	small = measure(SMALL_GIB);
	large = measure(LARGE_GIB);
	snprintf(peer, sizeof(peer), "memset: %.0f us", large.memset_us);
	row("online + offline of an empty 128 MiB block", large.cycle_us / large.memset_us, "x memset", 3, peer);
	snprintf(peer, sizeof(peer), "%.0f us beside 2 GiB", small.cycle_us);
	row("the same beside 64 GiB instead of 2 GiB", large.cycle_us / small.cycle_us, "x", 1.25, peer);
	if (argc > 1 && !strcmp(argv[1], "--no-huge"))
		return 0;
	huge = measure(HUGE_GIB);
	snprintf(peer, sizeof(peer), "boots in %.1f s", huge.boot_s);
	row("a machine of 1 TiB, 4 KiB pages", huge.resident_gib, "GiB", 20, peer);
	return 0;
}
