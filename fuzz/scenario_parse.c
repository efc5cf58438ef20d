/* SPDX-License-Identifier: MIT */
/* Reads the text form of scenarios. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz/block_ranges.h"
#include "fuzz/scenario.h"

struct parser {
	struct text_line line;
	struct scenario *s;
	const char *end; /* of the text */
	int task;        /* the one whose operations are read, -1 before the first */
	bool header, machine, name, seed, expect;
};

struct directive {
	const char *name;
	int (*parse)(struct parser *p);
};

static int parse_end(struct parser *p)
{
	struct text_word word;

	return text_word(&p->line, &word) ? text_expected(&p->line, &word, "the end of the line", NULL) : 0;
}

/* A directive that may occur once. */
static int once(struct parser *p, bool *seen)
{
	if (*seen)
		return text_fail(&p->line, p->line.start, "expected this line only once");
	*seen = true;
	return 0;
}

static int parse_name(struct parser *p)
{
	struct text_word rest;

	if (once(p, &p->name))
		return -EINVAL;
	if (text_at_end(&p->line))
		return text_fail(&p->line, p->line.at, "expected a name, found the end of the line");
	rest.start = p->line.at;
	rest.len = (size_t)(p->line.end - p->line.at);
	while (rest.start[rest.len - 1] == ' ' || rest.start[rest.len - 1] == '\t' || rest.start[rest.len - 1] == '\r')
		rest.len--;
	for (size_t i = 0; i < rest.len; i++) {
		if ((unsigned char)rest.start[i] < 0x20)
			return text_fail(&p->line, rest.start + i, "expected printable characters in a name");
	}
	if (!text_copy(&rest, p->s->name, sizeof(p->s->name)))
		return text_fail(&p->line, rest.start + SCENARIO_NAME_LEN - 1, "expected a name of at most %d bytes",
				 SCENARIO_NAME_LEN - 1);
	return 0;
}

static const char *const geometry_names[] = {
#define GEOMETRY(id, text, ...) text,
#include "core/geometries.def"
#undef GEOMETRY
	NULL,
};

static const char *const topology_names[] = {
#define TOPOLOGY(id, text, ...) text,
#include "core/topologies.def"
#undef TOPOLOGY
	NULL,
};

static const char *const boot_param_names[] = {
#define BOOT_PARAM(id, text, ...) text,
#include "core/boot_params.def"
#undef BOOT_PARAM
	NULL,
};

static const char *const memory_names[] = {
#define MEMORY_MODEL(id, text, help) text,
#include "core/memory_models.def"
#undef MEMORY_MODEL
	NULL,
};

/* The place of @value in @names, to *@index. */
static int parse_choice(struct parser *p, const struct text_word *value, const char *what, const char *const *names,
			u32 *index)
{
	for (u32 i = 0; names[i]; i++) {
		if (text_is(value, names[i])) {
			*index = i;
			return 0;
		}
	}
	return text_expected(&p->line, value, what, text_nearest(value, names));
}

/* Names separated by commas. */
static int parse_boot_params(struct parser *p, const struct text_word *value)
{
	const char *end = value->start + value->len;
	struct text_word name = {value->start, 0};
	u32 param = 0;

	for (; name.start <= end; name.start += name.len + 1) {
		const char *comma = memchr(name.start, ',', (size_t)(end - name.start));

		name.len = (size_t)((comma ? comma : end) - name.start);
		if (parse_choice(p, &name, "a boot parameter (memmap_on_memory, movable_node, khugepaged)",
				 boot_param_names, &param))
			return -EINVAL;
		p->s->machine.boot_params |= 1u << param;
	}
	return 0;
}

static int parse_count(struct parser *p, const struct text_word *value, const char *key, u32 limit, u32 *count)
{
	char what[64];
	s64 number;

	if (text_integer(value, 1, limit, &number)) {
		*count = (u32)number;
		return 0;
	}
	snprintf(what, sizeof(what), "%s as a number from 1 to %u", key, limit);
	return text_expected(&p->line, value, what, NULL);
}

static int parse_machine_key(struct parser *p, const struct text_word *key, const struct text_word *value)
{
	static const char *const keys[] = {"geometry", "topology", "boot",   "memory",  "cpus",    "nodes",
					   "blocks",   "online",   "normal", "movable", "offline", NULL};
	struct machine_config *m = &p->s->machine;

	if (text_is(key, "geometry"))
		return parse_choice(p, value, "a geometry (tiny, small, x86-64)", geometry_names, &m->geometry);
	if (text_is(key, "topology"))
		return parse_choice(p, value, "a topology (flat, zones, holes, mixed, cpus)", topology_names,
				    &m->topology);
	if (text_is(key, "boot"))
		return parse_boot_params(p, value);
	if (text_is(key, "memory"))
		return parse_choice(p, value, "a memory model (sc, tso, pso)", memory_names, &m->memory);
	if (text_is(key, "cpus"))
		return parse_count(p, value, "cpus", 8, &m->cpus);
	if (text_is(key, "nodes"))
		return parse_count(p, value, "nodes", 4, &m->nodes);
	if (text_is(key, "blocks"))
		return parse_count(p, value, "blocks", 8192, &m->blocks);
	if (text_is(key, "online"))
		return block_ranges_parse(&p->line, value, &m->online);
	if (text_is(key, "normal"))
		return block_ranges_parse(&p->line, value, &m->normal);
	if (text_is(key, "movable"))
		return block_ranges_parse(&p->line, value, &m->movable);
	if (text_is(key, "offline"))
		return block_ranges_parse(&p->line, value, &m->offline);
	return text_expected(&p->line, key,
			     "geometry=, topology=, boot=, memory=, cpus=, nodes=, blocks=, online=, normal=, "
			     "movable= or offline=",
			     text_nearest(key, keys));
}

static int parse_machine(struct parser *p)
{
	struct text_word word, key, value;
	const char *error, *start;

	if (once(p, &p->machine))
		return -EINVAL;
	if (p->task >= 0 || p->s->nr_boot_ops)
		return text_fail(&p->line, p->line.start, "expected the machine before boot operations and tasks");
	text_at_end(&p->line);
	start = p->line.at;
	while (text_word(&p->line, &word)) {
		if (!text_key_value(&word, &key, &value))
			return text_expected(&p->line, &word, "key=value", NULL);
		if (parse_machine_key(p, &key, &value))
			return -EINVAL;
	}
	error = machine_config_error(&p->s->machine);
	return error ? text_fail(&p->line, start, "%s", error) : 0;
}

static int parse_switch(struct parser *p, bool design)
{
	struct text_word word, key, value;
	char assignment[96], error[200];

	text_word(&p->line, &word);
	if (!text_key_value(&word, &key, &value) || !text_copy(&word, assignment, sizeof(assignment)))
		return text_expected(&p->line, &word, design ? "design=alternative" : "bug=on", NULL);
	if (switches_set(&p->s->machine.sw, assignment, error, sizeof(error)))
		return text_fail(&p->line, word.start, "%s", error);
	return parse_end(p);
}

static int parse_design(struct parser *p)
{
	return parse_switch(p, true);
}

static int parse_bug(struct parser *p)
{
	return parse_switch(p, false);
}

static int parse_era(struct parser *p)
{
	struct text_word word;
	char era[32];

	text_word(&p->line, &word);
	if (!text_copy(&word, era, sizeof(era)) || switches_set_era(&p->s->machine.sw, era))
		return text_expected(&p->line, &word, "an era like 6.1, or none", NULL);
	return parse_end(p);
}

/* "laws zone_counters node_span"; may be said again, with more. */
static int parse_laws(struct parser *p)
{
	struct text_word word;
	char message[200];

	do {
		text_word(&p->line, &word);
		if (laws_add(&p->s->laws, &word, message, sizeof(message)))
			return text_fail(&p->line, word.start, "%s", message);
	} while (!text_at_end(&p->line));
	return 0;
}

static int parse_seed(struct parser *p)
{
	struct text_word word;
	char digits[24], *end;

	if (once(p, &p->seed))
		return -EINVAL;
	text_word(&p->line, &word);
	if (!text_copy(&word, digits, sizeof(digits)) || digits[0] < '0' || digits[0] > '9')
		return text_expected(&p->line, &word, "a seed: a number from 0", NULL);
	errno = 0;
	p->s->seed = strtoull(digits, &end, 10);
	if (*end || errno)
		return text_expected(&p->line, &word, "a seed: a number below 2^64", NULL);
	return parse_end(p);
}

/* Letters, digits, '_', '-', '.', fitting into @size with its terminator. */
static bool name_ok(const struct text_word *key, size_t size)
{
	for (size_t i = 0; i < key->len; i++) {
		if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.", key->start[i]) ||
		    !key->start[i])
			return false;
	}
	return key->len != 0 && key->len < size;
}

/* "slots filler=3 cache=0": numbers for names, where the order of appearance would give others. */
static int parse_slots(struct parser *p)
{
	struct text_word word, key, value;
	s64 number;

	while (text_word(&p->line, &word)) {
		if (!text_key_value(&word, &key, &value) || !name_ok(&key, SCENARIO_SLOT_LEN) ||
		    scenario_is_slot_number(&key))
			return text_expected(&p->line, &word, "name=number", NULL);
		if (!text_integer(&value, 0, OP_SLOTS - 1, &number))
			return text_expected(&p->line, &value, "a slot number from 0 to 15", NULL);
		if (p->s->slot[number][0])
			return text_fail(&p->line, value.start, "slot %d has a name already: '%s'", (int)number,
					 p->s->slot[number]);
		for (u32 i = 0; i < OP_SLOTS; i++) {
			if (text_is(&key, p->s->slot[i]))
				return text_fail(&p->line, key.start, "this name is that of slot %u already", i);
		}
		text_copy(&key, p->s->slot[number], SCENARIO_SLOT_LEN);
	}
	return 0;
}

static int parse_boot(struct parser *p)
{
	struct scenario *s = p->s;

	if (p->task >= 0)
		return text_fail(&p->line, p->line.start, "expected boot operations before the first task");
	if (s->nr_boot_ops == SCENARIO_BOOT_OPS)
		return text_fail(&p->line, p->line.start, "expected at most %d boot operations", SCENARIO_BOOT_OPS);
	if (scenario_parse_op(&p->line, s, &s->boot_op[s->nr_boot_ops]))
		return -EINVAL;
	s->nr_boot_ops++;
	return 0;
}

/* The names were taken by find_tasks(); here the rest of the line is read and later lines get their task. */
static int parse_task(struct parser *p)
{
	struct text_word word, digits;
	char what[48];
	s64 cpu;

	p->task++;
	text_word(&p->line, &word);
	text_word(&p->line, &word);
	if (!text_is(&word, "on"))
		return text_expected(&p->line, &word, "'on' and a cpu, as in 'task walker on cpu0'", NULL);
	text_word(&p->line, &word);
	digits = (struct text_word){word.start + 3, word.len > 3 ? word.len - 3 : 0};
	if (word.len <= 3 || memcmp(word.start, "cpu", 3) != 0 ||
	    !text_integer(&digits, 0, (s64)p->s->machine.cpus - 1, &cpu)) {
		snprintf(what, sizeof(what), "a cpu of this machine, cpu0 to cpu%u", p->s->machine.cpus - 1);
		return text_expected(&p->line, &word, what, NULL);
	}
	p->s->task[p->task].cpu = (u32)cpu;
	return parse_end(p);
}

static int parse_expect(struct parser *p)
{
	static const char *const verdicts[] = {
#define VERDICT(id, text, meaning) text,
#include "core/verdicts.def"
#undef VERDICT
		NULL,
	};
	struct scenario *s = p->s;
	struct text_word word;
	size_t len = 0;
	u32 kind = 0;

	if (once(p, &p->expect))
		return -EINVAL;
	text_word(&p->line, &word);
	while (verdicts[kind] && !text_is(&word, verdicts[kind]))
		kind++;
	if (!verdicts[kind])
		return text_expected(&p->line, &word, "a verdict (ok, oops, race, …)", text_nearest(&word, verdicts));
	s->expect.set = 1;
	s->expect.kind = kind;
	while (text_word(&p->line, &word)) {
		if (len + word.len + 2 > sizeof(s->expect.words))
			return text_fail(&p->line, word.start, "expected at most %d characters of words",
					 SCENARIO_EXPECT_LEN - 1);
		if (len)
			s->expect.words[len++] = ' ';
		memcpy(s->expect.words + len, word.start, word.len);
		len += word.len;
	}
	return 0;
}

static int parse_schedule(struct parser *p)
{
	struct schedule_names names = scenario_task_names(p->s);

	return schedule_parse_entry(&p->line, &p->s->schedule, &names);
}

static const struct directive directives[] = {
	{"name", parse_name}, {"machine", parse_machine}, {"design", parse_design}, {"bug", parse_bug},
	{"era", parse_era},   {"laws", parse_laws},       {"seed", parse_seed},     {"slots", parse_slots},
	{"boot", parse_boot}, {"task", parse_task},       {"expect", parse_expect}, {"schedule", parse_schedule},
};

static int parse_header(struct parser *p)
{
	struct text_word word;

	text_word(&p->line, &word);
	if (!text_is(&word, "pfnstorm"))
		return text_expected(&p->line, &word, "'pfnstorm 1' (the header of a scenario)", NULL);
	text_word(&p->line, &word);
	if (!text_is(&word, "1"))
		return text_expected(&p->line, &word, "format version 1", NULL);
	p->header = true;
	return parse_end(p);
}

static int parse_directive(struct parser *p)
{
	const char *names[ARRAY_SIZE(directives) + 1];
	struct text_word word;

	if (!p->header)
		return parse_header(p);
	text_word(&p->line, &word);
	for (u32 i = 0; i < ARRAY_SIZE(directives); i++) {
		if (text_is(&word, directives[i].name))
			return directives[i].parse(p);
		names[i] = directives[i].name;
	}
	names[ARRAY_SIZE(directives)] = NULL;
	return text_expected(&p->line, &word,
			     "name, machine, design, bug, era, laws, seed, boot, task, expect or schedule",
			     text_nearest(&word, names));
}

static int parse_operation(struct parser *p)
{
	struct scenario_task *task;

	if (p->task < 0) {
		text_at_end(&p->line);
		return text_fail(&p->line, p->line.at, "expected a line that is not indented: no task has begun");
	}
	task = &p->s->task[p->task];
	if (task->nr_ops == SCENARIO_OPS) {
		text_at_end(&p->line);
		return text_fail(&p->line, p->line.at, "expected at most %d operations in a task", SCENARIO_OPS);
	}
	if (scenario_parse_op(&p->line, p->s, &task->op[task->nr_ops]))
		return -EINVAL;
	task->nr_ops++;
	return 0;
}

/* Provenance survives printing; other comments do not. */
static void parse_comment(struct parser *p)
{
	static const char from[] = "# from: ";
	struct text_word rest = {p->line.start + sizeof(from) - 1, 0};

	if ((size_t)(p->line.end - p->line.start) < sizeof(from) || memcmp(p->line.start, from, sizeof(from) - 1) != 0)
		return;
	rest.len = min((size_t)(p->line.end - rest.start), (size_t)SCENARIO_FROM_LEN - 1);
	text_copy(&rest, p->s->from, sizeof(p->s->from));
}

static bool next_line(struct text_line *line, const char *end)
{
	const char *start = line->line ? line->end + 1 : line->start, *newline;

	if (start >= end)
		return false;
	line->start = start;
	newline = memchr(line->start, '\n', (size_t)(end - line->start));
	line->end = newline ? newline : end;
	line->at = line->start;
	line->line++;
	return true;
}

/* Names of all tasks first: operations and schedules may name a task before its line. */
static int find_tasks(struct parser *p, struct text_line line)
{
	struct scenario *s = p->s;
	struct text_word word, name;

	s->nr_tasks = 0;
	while (next_line(&line, p->end)) {
		if (!text_word(&line, &word) || word.start != line.start || !text_is(&word, "task"))
			continue;
		text_word(&line, &name);
		if (!name_ok(&name, RT_TASK_NAME_MAX))
			return text_expected(&line, &name, "a task name (letters, digits, '_', '-', '.')", NULL);
		if (s->nr_tasks == SCENARIO_TASKS)
			return text_fail(&line, line.start, "expected at most %d tasks", SCENARIO_TASKS);
		for (u32 i = 0; i < s->nr_tasks; i++) {
			if (text_is(&name, s->task[i].name))
				return text_fail(&line, name.start,
						 "expected another name: there is a task '%s' already",
						 s->task[i].name);
		}
		text_copy(&name, s->task[s->nr_tasks++].name, RT_TASK_NAME_MAX);
	}
	return 0;
}

/* Text is printable: what reads alike on a screen is alike. */
static int check_characters(struct parser *p)
{
	for (const char *c = p->line.start; c < p->line.end; c++) {
		if (((unsigned char)*c < 0x20 && *c != '\t' && *c != '\r') || *c == 0x7f)
			return text_fail(&p->line, c, "expected printable text, found byte 0x%02x", (unsigned char)*c);
	}
	return 0;
}

static int parse_lines(struct parser *p)
{
	int ret = 0;

	while (ret == 0 && next_line(&p->line, p->end)) {
		ret = check_characters(p);
		if (ret)
			break;
		if (p->line.start < p->line.end && *p->line.start == '#') {
			parse_comment(p);
		} else if (text_at_end(&p->line)) {
			continue;
		} else if (p->line.at > p->line.start && p->header) {
			p->line.at = p->line.start;
			ret = parse_operation(p);
		} else {
			ret = parse_directive(p);
		}
	}
	return ret;
}

int scenario_parse(const char *text, size_t size, struct scenario *s, struct text_error *error)
{
	struct parser p = {
		.line = {.start = text, .end = NULL, .error = error}, .s = s, .end = text + size, .task = -1};
	int ret;

	scenario_init(s);
	memset(s->task[0].name, 0, sizeof(s->task[0].name));
	ret = find_tasks(&p, p.line);
	if (ret == 0)
		ret = parse_lines(&p);
	if (ret)
		return ret;
	p.line.at = p.line.end ? p.line.end : text;
	p.line.line = max(p.line.line, 1u);
	if (!p.header)
		return text_fail(&p.line, p.line.at,
				 "expected 'pfnstorm 1' (the header of a scenario), found the end of the text");
	if (s->nr_tasks == 0)
		return text_fail(&p.line, p.line.at, "expected a task, found the end of the text");
	return 0;
}
