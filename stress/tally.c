/* SPDX-License-Identifier: MIT */
#include "stress/tally.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define LINE_MAX_WIDTH 150
#define TERMINAL_SECONDS 1.0
#define PLAIN_SECONDS 5.0

static void add_error(struct op_stats *to, int err, u64 count)
{
	for (u32 i = 0; i < OP_STATS_ERRNOS; i++) {
		if (to->errnos[i].err && to->errnos[i].err != err)
			continue;
		to->errnos[i].err = err;
		to->errnos[i].count += count;
		return;
	}
}

static void add_ages(struct tally *tally)
{
	u64 age[RT_AGES], section[RT_SECTION_GRACES];

	rt_thread_ages(rt_thread_postmortem(), age, section);
	for (u32 i = 0; i < RT_AGES; i++)
		tally->age[i] += age[i];
	for (u32 i = 0; i < RT_SECTION_GRACES; i++)
		tally->section[i] += section[i];
}

void tally_add(struct tally *tally, const struct load_state *state)
{
	add_ages(tally);
	tally->rounds++;
	tally->passes += state->passes;
	tally->points += state->points;
	tally->load_ns += state->load_ns;
	tally->cpu_ns += state->cpu_ns;
	tally->calm_blocks += state->progress.blocks;
	tally->calm_kept += state->progress.kept;
	tally->calm_ns = max(tally->calm_ns, state->progress.longest_ns);
	tally->calm_attempts = max(tally->calm_attempts, state->progress.attempts);
	tally->files_read += state->files_read;
	tally->files_failed += state->files_failed;
	for (u32 id = 0; id < LOAD_OP_IDS; id++) {
		tally->op[id].attempts += state->op[id].attempts;
		tally->op[id].successes += state->op[id].successes;
		for (u32 i = 0; i < OP_STATS_ERRNOS && state->op[id].errnos[i].err; i++)
			add_error(&tally->op[id], state->op[id].errnos[i].err, state->op[id].errnos[i].count);
	}
}

u64 tally_ops(const struct tally *tally)
{
	u64 ops = 0;

	for (u32 id = 0; id < LOAD_OP_IDS; id++)
		ops += tally->op[id].attempts;
	return ops;
}

static const char *errno_name(int err)
{
	const char *name = strerrorname_np(err);

	return name ? name : err == ERESTARTSYS ? "ERESTARTSYS" : "?";
}

static size_t format_errors(const struct op_stats *stats, char *buf, size_t size)
{
	size_t used = 0;

	buf[0] = '\0';
	for (u32 i = 0; i < OP_STATS_ERRNOS && stats->errnos[i].err && used < size; i++)
		used += (size_t)snprintf(buf + used, size - used, " %" PRIu64 " %s", stats->errnos[i].count,
					 errno_name(stats->errnos[i].err));
	return used;
}

static size_t format_op(const struct op_info *info, const struct op_stats *stats, char *buf, size_t size)
{
	size_t used = (size_t)snprintf(buf, size, "%s %" PRIu64 " ok", info->name, stats->successes);

	return used + format_errors(stats, buf + used, size - used);
}

static size_t add_op(const struct tally *tally, const struct op_info *info, char *buf, size_t used, size_t size)
{
	char text[160];

	if (!tally->op[info->id].attempts ||
	    used + format_op(info, &tally->op[info->id], text, sizeof(text)) + 3 > size)
		return used;
	return used + (size_t)snprintf(buf + used, size - used, "%s%s", used ? "  " : "", text);
}

void tally_line(const struct tally *tally, char *buf, size_t size)
{
	/* What a hotplug campaign is about comes first. */
	static const char *const first[] = {"offline", "remove", "add", "online"};
	size_t used = 0;

	buf[0] = '\0';
	for (u32 i = 0; i < ARRAY_SIZE(first); i++)
		used = add_op(tally, op_info_by_name(first[i]), buf, used, size);
	for (u32 i = 0; i < nr_op_infos; i++) {
		bool shown = false;

		for (u32 k = 0; k < ARRAY_SIZE(first); k++)
			shown = shown || !strcmp(op_infos[i].name, first[k]);
		if (!shown)
			used = add_op(tally, &op_infos[i], buf, used, size);
	}
}

/* Microseconds: three digits, more only if they are whole. */
static void format_us(double us, char *buf, size_t size)
{
	snprintf(buf, size, us < 10 ? "%.2f" : us < 100 ? "%.1f" : "%.0f", us);
}

static void print_op(const struct op_info *info, const struct op_stats *stats, const struct latency *latency)
{
	const double us[] = {latency->p50, latency->p99, latency->p999, latency->max};
	char errors[160];

	printf("  %-18s %10" PRIu64 " ok", info->name, stats->successes);
	for (size_t i = 0; i < ARRAY_SIZE(us); i++) {
		char number[16];

		format_us(us[i], number, sizeof(number));
		printf(" %9s", number);
	}
	format_errors(stats, errors, sizeof(errors));
	printf("%s%s\n", errors[0] ? " " : "", errors);
}

static void print_ages(const struct tally *tally)
{
	static const char *const names[] = {"in use", "removed", "removed a grace period ago", "removed longer ago",
					    "free"};
	bool first = true;

	for (u32 i = 0; i < RT_AGES; i++) {
		/* The last two are verdicts. */
		if (!tally->age[i] && i >= AGE_LATE)
			continue;
		printf("%s%" PRIu64 " %s", first ? "  at their end, RCU readers held: " : ", ", tally->age[i],
		       names[i]);
		first = false;
	}
	printf("; grace periods in a section: 0 in %" PRIu64 ", 1 in %" PRIu64 ", more in %" PRIu64 "\n",
	       tally->section[0], tally->section[1], tally->section[2]);
}

void tally_print(const struct tally *tally, const struct latencies *latencies)
{
	printf("  %-18s %13s %9s %9s %9s %9s  %s\n", "operation", "", "p50 us", "p99 us", "p99.9 us", "max us",
	       "errors");
	for (u32 i = 0; i < nr_op_infos; i++) {
		const struct op_stats *stats = &tally->op[op_infos[i].id];
		struct latency latency = latency_of(latencies, op_infos[i].id);

		if (stats->attempts)
			print_op(&op_infos[i], stats, &latency);
	}
	print_ages(tally);
	if (tally->calm_blocks + tally->calm_kept)
		printf("  in calm: %" PRIu64
		       " blocks went offline and online, in %u attempts at most, the slowest in %" PRIu64
		       " us; %" PRIu64 " were held by unmovable pages or had no room elsewhere\n",
		       tally->calm_blocks, tally->calm_attempts, tally->calm_ns / 1000, tally->calm_kept);
	if (tally->files_read)
		printf("  %" PRIu64 " files read, %" PRIu64 " of them not there, or not to be read\n",
		       tally->files_read, tally->files_failed);
}

static void format_count(double n, char *buf, size_t size)
{
	if (n < 10000)
		snprintf(buf, size, "%.0f", n);
	else if (n < 1e6)
		snprintf(buf, size, "%.1fk", n / 1e3);
	else
		snprintf(buf, size, "%.2fM", n / 1e6);
}

void tally_progress(const struct tally *tally, double elapsed, bool end)
{
	static double last, last_elapsed;
	static u64 last_ops;
	bool terminal = isatty(STDERR_FILENO);
	char line[LINE_MAX_WIDTH], count[16], rate[16];
	u64 ops = tally_ops(tally);

	if (!end && elapsed - last < (terminal ? TERMINAL_SECONDS : PLAIN_SECONDS))
		return;
	tally_line(tally, line, sizeof(line) - 40);
	format_count((double)ops, count, sizeof(count));
	if (end)
		last_ops = 0, last_elapsed = 0;
	format_count(elapsed > last_elapsed ? (double)(ops - last_ops) / (elapsed - last_elapsed) : 0, rate,
		     sizeof(rate));
	fprintf(stderr, "%s%6.1f s  ops %s (%s/s)  %s%s", terminal ? "\r\033[K" : "", elapsed, count, rate, line,
		terminal && !end ? "" : "\n");
	fflush(stderr);
	last = last_elapsed = elapsed;
	last_ops = ops;
}
