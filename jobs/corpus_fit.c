/* SPDX-License-Identifier: MIT */
#include "jobs/corpus_fit.h"

#include <string.h>

#include "fuzz/record.h"
#include "fuzz/runner.h"

/* @lenient: as fuzz targets run bytes; else as they run text. @recorded: what then happened; empty if too much. */
static bool run(const struct scenario *s, bool lenient, struct runner_result *result, struct schedule *recorded)
{
	static struct replay replay;
	static struct recorder recorder;

	schedule_init(recorded);
	if (scenario_error(s))
		return false;
	replay_init(&replay, &s->schedule, lenient);
	recorder_init(&recorder, &replay.strategy, recorded);
	runner_run(s, &recorder.strategy, 0, result);
	if (recorder.overflow)
		schedule_init(recorded);
	return result->failed_boot_op == 0;
}

/* Do its bytes end as wanted? */
static bool bytes_end_alike(const struct scenario *s, const struct rt_verdict *wanted)
{
	static u8 bytes[SCENARIO_BYTES_MAX];
	static struct scenario decoded;
	static struct schedule recorded;
	static struct runner_result result;
	ssize_t len = scenario_encode(s, bytes, sizeof(bytes), NULL, 0);

	if (len < 0)
		return false;
	scenario_decode(bytes, (size_t)len, &s->machine.sw, &decoded);
	return run(&decoded, true, &result, &recorded) && result.rt.verdict.kind == wanted->kind &&
	       strcmp(result.rt.verdict.signature, wanted->signature) == 0;
}

/* @fitted as it is, or with the schedule of what happened, in counts of this build. */
static bool settle(struct scenario *fitted, const struct rt_verdict *wanted)
{
	static struct runner_result result;
	static struct schedule recorded;

	if (!run(fitted, false, &result, &recorded))
		return false;
	if (bytes_end_alike(fitted, wanted))
		return true;
	schedule_copy(&fitted->schedule, &recorded);
	return bytes_end_alike(fitted, wanted);
}

bool corpus_fit(const struct scenario *s, struct scenario *fitted)
{
	static struct runner_result wanted;
	static struct schedule recorded;

	if (!run(s, false, &wanted, &recorded))
		return false;
	scenario_copy(fitted, s);
	if (settle(fitted, &wanted.rt.verdict))
		return true;
	for (u32 number = 0; number < scenario_nr_machines(); number++) {
		const struct machine_config *m = scenario_machine(number);

		if (m->geometry != s->machine.geometry || m->boot_params != s->machine.boot_params ||
		    m->cpus < s->machine.cpus || m->nodes < s->machine.nodes || m->blocks < s->machine.blocks)
			continue;
		scenario_copy(fitted, s);
		fitted->machine = *m;
		fitted->machine.sw = s->machine.sw;
		fitted->machine.memory = s->machine.memory;
		if (settle(fitted, &wanted.rt.verdict))
			return true;
	}
	return false;
}
