/* SPDX-License-Identifier: MIT */
/* Operations only, one after another, with every law checked after each. */
#include <stdio.h>
#include <string.h>

#include "fuzz/engine/engine.h"
#include "fuzz/feedback.h"
#include "fuzz/runner.h"

static struct runner_result result;

/* One task with all operations, in the order in which they ran: what a token can be run as anywhere. */
static void flatten(struct scenario *s)
{
	if (scenario_nr_ops(s) > SCENARIO_OPS)
		return;
	for (u32 i = 1; i < s->nr_tasks; i++) {
		for (u32 j = 0; j < s->task[i].nr_ops; j++)
			s->task[0].op[s->task[0].nr_ops++] = s->task[i].op[j];
	}
	s->nr_tasks = 1;
	for (u32 i = 0; i < s->task[0].nr_ops; i++) {
		const struct op_info *info = op_info_by_id(s->task[0].op[i].id);

		for (u32 j = 0; j < info->nr_args; j++)
			s->task[0].op[i].arg[j] = info->arg[j].type == ARG_TASK ? 0 : s->task[0].op[i].arg[j];
	}
	schedule_init(&s->schedule);
}

static void report(struct scenario *s, const struct rt_verdict *verdict)
{
	static struct runner_result again;
	static struct scenario flat;

	snprintf(s->name, sizeof(s->name), "found by the %s target", engine_name());
	scenario_copy(&flat, s);
	flatten(&flat);
	runner_run(&flat, NULL, RUNNER_SEQUENCE, &again);
	engine_verdict(strcmp(again.rt.verdict.signature, verdict->signature) == 0 ? &flat : s, verdict);
}

static void run(const u8 *data, size_t size)
{
	static struct scenario scenario;
	u32 last = 0;

	engine_decode(data, size, &scenario);
	engine_prepare(&scenario, RUNNER_SEQUENCE);
	feedback_begin();
	runner_run(&scenario, NULL, RUNNER_SEQUENCE, &result);
	for (u32 i = 0; i < scenario.nr_tasks; i++) {
		for (u32 j = 0; j < scenario.task[i].nr_ops; j++) {
			const struct runner_op_result *op = &result.op[i][j];
			u32 outcome = scenario.task[i].op[j].id << 10 | (u32)(min(op->value, (s64)1) & 0x3ff);

			if (op->state != RUNNER_OP_DONE)
				continue;
			/* What came of it, and after what: two operations apart is where states begin to differ. */
			feedback_add_points(FEEDBACK_RESULT, outcome, 0);
			feedback_add_points(FEEDBACK_PAIR, outcome, last);
			last = outcome;
		}
	}
	engine_count(&result);
	if (!engine_tolerates(&result.rt.verdict) && !engine_only_long(&scenario, NULL, RUNNER_SEQUENCE, &result) &&
	    engine_is_news(&result.rt.verdict))
		report(&scenario, &result.rt.verdict);
}

const struct fuzz_target fuzz_target = {
	.name = "sequence",
	.help = "runs operations one after another and checks every law after each; any verdict is a crash",
	.run = run,
	.result = &result,
	.scenarios = true,
	.mode = MUTATE_SEQUENCE,
	.steps = 500000,
};
