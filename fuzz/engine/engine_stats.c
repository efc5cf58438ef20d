/* SPDX-License-Identifier: MIT */
/*
 * What a campaign really exercised. An operation that nearly always fails, or a pair that never overlapped, is a defect
 * of the generator that no coverage counter shows.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz/engine/engine.h"

#define PAIRS_PRINTED 12

static bool wanted, printed;
static u64 overlapped[64];
static u64 runs, verdicts[NR_VERDICTS];

void engine_count(const struct runner_result *r)
{
	if (likely(!wanted))
		return;
	runs++;
	verdicts[r->rt.verdict.kind]++;
	for (u32 i = 0; i < nr_op_infos; i++)
		overlapped[op_infos[i].id] |= r->overlapped[op_infos[i].id];
}

static void print_op(const struct op_info *info)
{
	const struct op_stats *stats = core_op_stats(info->id);

	fprintf(stderr, "  %-12s %10llu attempts %5.1f %% succeed", info->name, (unsigned long long)stats->attempts,
		stats->attempts ? 100.0 * (double)stats->successes / (double)stats->attempts : 0.0);
	for (u32 i = 0; i < OP_STATS_ERRNOS && stats->errnos[i].count; i++)
		fprintf(stderr, "  %s %llu", strerrorname_np(stats->errnos[i].err),
			(unsigned long long)stats->errnos[i].count);
	fprintf(stderr, "\n");
}

/* The first few pairs, and how many there are: of more than fifty operations most pairs meet late. */
static void print_never_overlapped(void)
{
	u32 never = 0, pairs = 0;

	fprintf(stderr, "  never overlapped:");
	for (u32 i = 0; i < nr_op_infos; i++) {
		for (u32 j = i; j < nr_op_infos; j++) {
			pairs++;
			if (overlapped[op_infos[i].id] & BIT(op_infos[j].id))
				continue;
			if (never++ < PAIRS_PRINTED)
				fprintf(stderr, " %s/%s", op_infos[i].name, op_infos[j].name);
		}
	}
	fprintf(stderr, "%s (%u of %u pairs)\n", never > PAIRS_PRINTED ? " ..." : "", never, pairs);
}

static void print_stats(void)
{
	fprintf(stderr, "%s: %llu runs, %llu boots;", engine_name(), (unsigned long long)runs,
		(unsigned long long)runner_boots());
	for (u32 i = 0; i < NR_VERDICTS; i++) {
		if (verdicts[i])
			fprintf(stderr, " %s %llu", verdict_name(i), (unsigned long long)verdicts[i]);
	}
	fprintf(stderr, "\n");
	for (u32 i = 0; i < nr_op_infos; i++)
		print_op(&op_infos[i]);
	if (fuzz_target.mode != MUTATE_SEQUENCE)
		print_never_overlapped();
}

void engine_stats_write(FILE *file)
{
	fprintf(file, "runs %llu\nboots %llu\n", (unsigned long long)runs, (unsigned long long)runner_boots());
	for (u32 i = 0; i < NR_VERDICTS; i++)
		if (verdicts[i])
			fprintf(file, "verdict %s %llu\n", verdict_name(i), (unsigned long long)verdicts[i]);
	for (u32 i = 0; i < nr_op_infos; i++)
		if (overlapped[op_infos[i].id])
			fprintf(file, "overlapped %s 0x%llx\n", op_infos[i].name,
				(unsigned long long)overlapped[op_infos[i].id]);
}

void engine_stats_start(void)
{
	printed = getenv("PFNSTORM_STATS") && strcmp(getenv("PFNSTORM_STATS"), "0") != 0;
	wanted = printed || getenv("PFNSTORM_STATS_FILE");
	if (printed)
		atexit(print_stats);
}
