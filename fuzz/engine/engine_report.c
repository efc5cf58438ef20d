/* SPDX-License-Identifier: MIT */
/*
 * What a supervisor reads while the engine runs: PFNSTORM_STATS_FILE, replaced about once a second. A final %p is the
 * number of the process: AFL++ has one target process after another, and each begins at zero.
 *
 *   pfnstorm-stats 1
 *   inputs N | runs N | boots N | interleavings N     since the process began
 *   verdict NAME N                                    runs that ended so
 *   signature N FIRST TEXT                            with PFNSTORM_GO_ON: how often, in which input first
 *   op NAME ATTEMPTS SUCCESSES                        operations that were tried
 *   errno NAME ERRNO N
 *   overlapped NAME MASK                              ids of operations that were under way meanwhile, as bits
 *   end                                               nothing is missing
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fuzz/engine/engine.h"
#include "fuzz/feedback.h"
#include "fuzz/seconds.h"

#define SIGNATURES 1024 /* remembered; more are kept each time */
#define INTERVAL 1.0

static const char *path;
static bool go_on;
static double next;
static u64 inputs;
static u32 nr_seen;
static u8 seen[FEEDBACK_SIZE];

static struct {
	u32 nr;
	struct {
		char text[sizeof(((struct rt_verdict *)NULL)->signature)];
		u64 count, first;
	} at[SIGNATURES];
} signatures;

void engine_report_start(bool goes_on)
{
	go_on = goes_on;
	path = getenv("PFNSTORM_STATS_FILE");
	next = seconds_now() + INTERVAL;
}

static bool is_power_of_four(u64 n)
{
	while (n % 4 == 0)
		n /= 4;
	return n == 1;
}

bool engine_is_news(const struct rt_verdict *verdict)
{
	u32 i = 0;

	if (!go_on)
		return true;
	while (i < signatures.nr && strcmp(signatures.at[i].text, verdict->signature) != 0)
		i++;
	if (i == SIGNATURES)
		return true;
	if (i == signatures.nr) {
		snprintf(signatures.at[i].text, sizeof(signatures.at[i].text), "%s", verdict->signature);
		signatures.at[i].first = inputs;
		signatures.nr++;
	}
	return is_power_of_four(++signatures.at[i].count);
}

static void write_ops(FILE *file)
{
	for (u32 i = 0; i < nr_op_infos; i++) {
		const struct op_stats *stats = core_op_stats(op_infos[i].id);

		if (!stats->attempts)
			continue;
		fprintf(file, "op %s %llu %llu\n", op_infos[i].name, (unsigned long long)stats->attempts,
			(unsigned long long)stats->successes);
		for (u32 j = 0; j < OP_STATS_ERRNOS && stats->errnos[j].count; j++)
			fprintf(file, "errno %s %s %llu\n", op_infos[i].name, strerrorname_np(stats->errnos[j].err),
				(unsigned long long)stats->errnos[j].count);
	}
}

static void write_file(FILE *file)
{
	fprintf(file, "pfnstorm-stats 1\ninputs %llu\n", (unsigned long long)inputs);
	if (fuzz_target.scenarios) {
		fprintf(file, "interleavings %u\n", nr_seen);
		engine_stats_write(file);
		write_ops(file);
	}
	for (u32 i = 0; i < signatures.nr; i++)
		fprintf(file, "signature %llu %llu %s\n", (unsigned long long)signatures.at[i].count,
			(unsigned long long)signatures.at[i].first, signatures.at[i].text);
	fputs("end\n", file);
}

/* Written aside, then renamed: a reader sees all of one moment. A full disk costs a report, not the campaign. */
static void replace_file(void)
{
	char name[512], aside[560];
	size_t len = strlen(path);
	FILE *file;
	bool complete;

	if (len > 2 && strcmp(path + len - 2, "%p") == 0)
		snprintf(name, sizeof(name), "%.*s%d", (int)len - 2, path, (int)getpid());
	else
		snprintf(name, sizeof(name), "%s", path);
	snprintf(aside, sizeof(aside), "%s.new", name);
	file = fopen(aside, "we");
	if (!file)
		return;
	write_file(file);
	complete = !ferror(file);
	if (fclose(file) || !complete || rename(aside, name))
		unlink(aside);
}

void engine_report_input(void)
{
	double now;

	inputs++;
	if (!path)
		return;
	for (u32 i = 0; i < feedback_nr_hits; i++) {
		nr_seen += !seen[feedback_hits[i]];
		seen[feedback_hits[i]] = 1;
	}
	now = seconds_now();
	if (now < next)
		return;
	next = now + INTERVAL;
	replace_file();
}
