/* SPDX-License-Identifier: MIT */
#include "api/pfnstorm.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/story.h"
#include "api/tables.h"
#include "fuzz/runner.h"
#include "fuzz/token.h"

struct pfnstorm {
	struct scenario scenario;
	struct replay replay;
	struct runner_result result;
	struct story story;
	char outcome[320];
};

static struct pfnstorm *new_handle(char *error, size_t size)
{
	struct pfnstorm *p = calloc(1, sizeof(*p));

	if (!p)
		snprintf(error, size, "out of memory");
	return p;
}

/* The handle, or NULL if what was read is of no use. */
static struct pfnstorm *checked(struct pfnstorm *p, int ret, char *error, size_t size)
{
	const char *wrong = ret ? NULL : scenario_error(&p->scenario);

	if (wrong)
		snprintf(error, size, "%s", wrong);
	if (!ret && !wrong)
		return p;
	free(p);
	return NULL;
}

struct pfnstorm *pfnstorm_open(const struct pfnstorm_scenario *scenario, char *error, size_t size)
{
	struct pfnstorm *p = new_handle(error, size);

	return p ? checked(p, tables_read(scenario, &p->scenario, error, size), error, size) : NULL;
}

struct pfnstorm *pfnstorm_open_text(const char *text, char *error, size_t size)
{
	struct pfnstorm *p = new_handle(error, size);
	struct text_error wrong = {0};
	int ret;

	if (!p)
		return NULL;
	ret = token_is(text) ? token_decode(text, &p->scenario, &wrong)
			     : scenario_parse(text, strlen(text), &p->scenario, &wrong);
	if (ret)
		snprintf(error, size, "%u:%u: %s", wrong.line, wrong.column, wrong.message);
	return checked(p, ret, error, size);
}

void pfnstorm_close(struct pfnstorm *p)
{
	if (!p)
		return;
	story_free(&p->story);
	free(p);
}

int pfnstorm_set(struct pfnstorm *p, const char *assignment, char *error, size_t size)
{
	return tables_set(&p->scenario, assignment, error, size) ? -1 : 0;
}

int pfnstorm_run(struct pfnstorm *p, struct pfnstorm_result *r)
{
	const struct rt_result *rt = &p->result.rt;
	int drifted;

	story_begin(&p->story, &p->scenario);
	drifted = runner_replay(&p->scenario, &p->replay, 0, &p->result);
	if (story_end(&p->story))
		return -1;
	*r = (struct pfnstorm_result){
		.verdict = verdict_name(rt->verdict.kind),
		.signature = rt->verdict.signature,
		.detail = rt->verdict.detail,
		.drift = drifted ? p->replay.drift.text : "",
		.steps = rt->steps,
		.preemptions = rt->preemptions,
		.hash = rt->hash,
		.switches = p->story.entry,
		.nr_switches = p->story.count,
	};
	return 0;
}

const char *pfnstorm_outcome(struct pfnstorm *p, unsigned int n)
{
	for (u32 task = 0; task < p->scenario.nr_tasks; task++) {
		u32 ops = p->scenario.task[task].nr_ops;

		if (n < ops) {
			runner_print_op(&p->scenario, &p->result, task, n, p->outcome, sizeof(p->outcome));
			return p->outcome;
		}
		n -= ops;
	}
	return NULL;
}
