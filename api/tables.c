/* SPDX-License-Identifier: MIT */
#include "api/tables.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void put_lines(struct text_out *out, const char *keyword, const char *const *line)
{
	for (; line && *line; line++)
		text_put(out, "%s %s\n", keyword, *line);
}

static void put_line(struct text_out *out, const char *keyword, const char *line)
{
	if (line && *line)
		text_put(out, "%s %s\n", keyword, line);
}

static void put_scenario(struct text_out *out, const struct pfnstorm_scenario *t)
{
	text_put(out, "pfnstorm 1\n");
	put_line(out, "name", t->name);
	put_line(out, "machine", t->machine);
	put_lines(out, "laws", t->laws);
	put_line(out, "slots", t->slots);
	put_lines(out, "boot", t->boot);
	for (const struct pfnstorm_task *task = t->tasks; task && task->name; task++) {
		text_put(out, "task %s on cpu%u\n", task->name, task->cpu);
		put_lines(out, "\t", task->ops);
	}
	put_lines(out, "schedule", t->schedule);
}

/* The line of @text that an error is about; people have it in a table, where it has no number. */
static void describe(const char *text, const struct text_error *wrong, char *error, size_t size)
{
	for (u32 i = 1; i < wrong->line; i++) {
		text += strcspn(text, "\n");
		text += *text == '\n';
	}
	text += strspn(text, "\t ");
	snprintf(error, size, "'%.*s': %s", (int)strcspn(text, "\n"), text, wrong->message);
}

int tables_set(struct scenario *s, const char *assignment, char *error, size_t size)
{
	struct switches before = s->machine.sw;
	char message[256];
	const char *wrong;
	int ret = scenario_switches_from(assignment, &s->machine.sw, message, sizeof(message));

	wrong = ret ? message : scenario_error(s);
	if (!wrong)
		return 0;
	snprintf(error, size, "'%s': %s", assignment, wrong);
	s->machine.sw = before;
	return -EINVAL;
}

int tables_read(const struct pfnstorm_scenario *t, struct scenario *s, char *error, size_t size)
{
	char *text = malloc(SCENARIO_TEXT_MAX);
	struct text_out out = {text, SCENARIO_TEXT_MAX, 0};
	struct text_error wrong = {0};
	int ret = 0;

	if (!text) {
		snprintf(error, size, "out of memory");
		return -ENOMEM;
	}
	put_scenario(&out, t);
	if (out.len >= SCENARIO_TEXT_MAX) {
		snprintf(error, size, "expected a scenario of at most %d bytes", SCENARIO_TEXT_MAX - 1);
		ret = -EINVAL;
	} else if (scenario_parse(text, out.len, s, &wrong)) {
		describe(text, &wrong, error, size);
		ret = -EINVAL;
	}
	for (const char *const *line = t->switches; !ret && line && *line; line++)
		ret = tables_set(s, *line, error, size);
	free(text);
	return ret;
}
