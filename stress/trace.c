/* SPDX-License-Identifier: MIT */
#include "stress/trace.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "stress/options.h"

#define TEXT_MAX (2UL << 20)

double trace_before(const struct rt_postmortem *pm, const struct rt_flight *entry)
{
	return ((double)entry->ns - (double)pm->fail_ns) / 1e3;
}

void trace_argument(struct text_out *out, u64 arg)
{
	s64 value = (s64)arg;

	if (value < 0 && value >= -4095)
		text_put(out, "(-%s)", strerrorname_np((int)-value) ? strerrorname_np((int)-value) : "?");
	else
		text_put(out, "(%" PRIu64 ")", arg);
}

void trace_put(struct text_out *out, const struct rt_postmortem *pm, const struct rt_flight *entry, size_t count)
{
	text_put(out, "# The last %zu semantic points of all threads, merged by time; 0 is the verdict.\n", count);
	for (size_t i = 0; i < count; i++) {
		const struct rt_ring *ring = &pm->ring[entry[i].task];

		text_put(out, "%12.3f us  %-18s cpu%-2u  %s", trace_before(pm, &entry[i]), ring->name, ring->cpu,
			 point_name(entry[i].point));
		trace_argument(out, entry[i].arg);
		text_put(out, "\n");
	}
}

static int print(const struct rt_postmortem *pm)
{
	struct rt_flight *entry = calloc(TRACE_MAX, sizeof(*entry));
	struct text_out out = {.buf = malloc(TEXT_MAX), .size = TEXT_MAX};

	if (!entry || !out.buf)
		return complain(EXIT_BROKEN, "no memory for a timeline");
	trace_put(&out, pm, entry, rt_thread_timeline(pm, entry, TRACE_MAX));
	fputs(out.buf, stdout);
	if (pm->failed)
		printf("%s: %s\n%s\n", verdict_name(pm->verdict.kind), pm->verdict.signature, pm->verdict.detail);
	else
		printf("the process left no verdict: it was killed, or it goes on\n");
	free(entry);
	free(out.buf);
	return EXIT_HELD;
}

int trace_print_flight(const char *path)
{
	struct rt_postmortem *pm = NULL;
	int ret = rt_thread_postmortem_open(path, &pm);

	if (ret)
		return complain(EXIT_USAGE, "%s: %s", path,
				ret == -EINVAL ? "expected the flight recorder of this version" : strerror(-ret));
	return print(pm);
}
