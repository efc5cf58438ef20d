/* SPDX-License-Identifier: MIT */
/* Operations and interleavings together: the bytes are tasks and a schedule. */
#include <stdio.h>
#include <string.h>

#include "fuzz/engine/engine.h"
#include "fuzz/feedback.h"
#include "fuzz/guided.h"
#include "fuzz/record.h"
#include "fuzz/runner.h"

static struct scenario scenario;
static struct runner_result result;
static struct guided guided;
static bool lenient;

/* The same run once more, written down exactly: what the token holds. */
static void report(void)
{
	static struct scenario found;
	static struct recorder recorder;
	static struct runner_result again;
	u64 hash = result.rt.hash;

	scenario_copy(&found, &scenario);
	guided_init(&guided, &scenario, lenient);
	found.search.strategy = found.search.seed = 0;
	recorder_init(&recorder, &guided.strategy, &found.schedule);
	runner_run(&scenario, &recorder.strategy, 0, &again);
	if (again.rt.hash != hash || recorder.overflow)
		fprintf(stderr, "race: the run did not repeat (hash %016llx, then %016llx)\n", (unsigned long long)hash,
			(unsigned long long)again.rt.hash);
	snprintf(found.name, sizeof(found.name), "found by the %s target", engine_name());
	record_name_places(&found, 0);
	engine_verdict(&found, &result.rt.verdict);
}

static void run(const u8 *data, size_t size)
{
	lenient = engine_decode(data, size, &scenario);
	engine_prepare(&scenario, 0);
	guided_init(&guided, &scenario, lenient);
	runner_run(&scenario, &guided.strategy, 0, &result);
	for (u32 i = 0; i < scenario.nr_tasks; i++) {
		for (u32 j = 0; j < scenario.task[i].nr_ops; j++) {
			const struct runner_op_result *op = &result.op[i][j];

			if (op->state == RUNNER_OP_DONE)
				feedback_add_points(FEEDBACK_RESULT, scenario.task[i].op[j].id,
						    (u32)min(op->value, (s64)1));
		}
	}
	engine_count(&result);
	if (result.rt.verdict.kind == VERDICT_livelock)
		guided_init(&guided, &scenario, lenient);
	if (!engine_tolerates(&result.rt.verdict) && !engine_only_long(&scenario, &guided.strategy, 0, &result) &&
	    engine_is_news(&result.rt.verdict))
		report();
}

const struct fuzz_target fuzz_target = {
	.name = "race",
	.help = "runs tasks against each other under the schedule in the input; any verdict is a crash",
	.run = run,
	.result = &result,
	.scenarios = true,
	.mode = MUTATE_RACE,
	.steps = 100000,
};
