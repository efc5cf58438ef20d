/* SPDX-License-Identifier: MIT */
/* Text form of schedules; the grammar is at the top of schedule.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/core.h"
#include "fuzz/schedule.h"

static const char *const point_names[] = {
#define POINT(family, name, mirrors) #family "." #name,
#include "core/points.def"
#undef POINT
	NULL,
};

static const char *const fault_names[] = {
#define FAULT(id, text, what) text,
#include "core/faults.def"
#undef FAULT
	NULL,
};

/* In the order of enum rt_choice. */
static const char *const choice_names[] = {"fault", "callback", "work", "timer", "drain", NULL};
_Static_assert(ARRAY_SIZE(choice_names) == NR_RT_CHOICES + 1, "a name for each kind of choice");

static const char *const drain_names[] = {
	[RT_DRAIN_SWITCH] = "switch",
	[RT_DRAIN_LOAD] = "load",
	[RT_DRAIN_STORE] = "store",
	[NR_DRAINS] = NULL,
};

/* In the order of the bits of enum rt_kind. */
static const char *const kind_names[] = {
	"load",     "store",   "read_once", "write_once", "rmw",  "lock", "unlock",
	"semantic", "resched", "block",     "exit",       "wake", NULL,
};

const char *rt_kind_text(u32 kind)
{
	u32 bit = kind ? (u32)__builtin_ctz(kind) : UINT32_MAX;

	return kind && kind == BIT(bit) && bit < ARRAY_SIZE(kind_names) - 1 ? kind_names[bit] : NULL;
}

static int find_name(const struct text_word *word, const char *const *names)
{
	for (int i = 0; names[i]; i++) {
		if (text_is(word, names[i]))
			return i;
	}
	return -1;
}

/* ---- printing -------------------------------------------------------------------------------------------------- */

static void put_task(struct text_out *out, u32 task, const struct schedule_names *names)
{
	const char *name = names->name(names->arg, task);

	if (name)
		text_put(out, "%s", name);
	else
		text_put(out, "task/%u", task);
}

static void put_place(struct text_out *out, const struct schedule *s, const struct schedule_entry *e)
{
	if (e->form == SCHEDULE_OBJECT) {
		text_put(out, "%s ", rt_kind_text(e->kind));
		if (e->object != SCHEDULE_NO_OBJECT)
			text_put(out, "%s ", s->object[e->object]);
		text_put(out, "#%u after ", e->count);
	} else if (e->form == SCHEDULE_RAW) {
		text_put(out, "+%u after ", e->count);
	}
	text_put(out, "%s #%u", point_names[e->anchor], e->occurrence);
	if (e->form == SCHEDULE_RAW && e->build)
		text_put(out, " build=%08x", e->build);
}

size_t schedule_print_place(const struct schedule *s, u32 index, char *buf, size_t size)
{
	struct text_out out = {buf, size, 0};

	put_place(&out, s, &s->entry[index]);
	return out.len;
}

size_t schedule_print_entry(const struct schedule *s, u32 index, const struct schedule_names *names, char *buf,
			    size_t size)
{
	const struct schedule_entry *e = &s->entry[index];
	struct text_out out = {buf, size, 0};

	switch ((enum schedule_form)e->form) {
	case SCHEDULE_START:
		text_put(&out, "start ");
		put_task(&out, e->target, names);
		break;
	case SCHEDULE_CHOICE:
		text_put(&out, "choose %s", choice_names[e->choice]);
		if (e->choice == RT_CHOOSE_FAULT)
			text_put(&out, " %s", fault_names[e->what]);
		else if (e->choice == RT_CHOOSE_DRAIN)
			text_put(&out, " %s", drain_names[e->what]);
		text_put(&out, " #%u = %u", e->occurrence, e->value);
		break;
	case SCHEDULE_SEMANTIC:
	case SCHEDULE_OBJECT:
	case SCHEDULE_RAW:
		text_put(&out, "switch ");
		put_task(&out, e->task, names);
		text_put(&out, " -> ");
		put_task(&out, e->target, names);
		text_put(&out, " at ");
		put_place(&out, s, e);
		break;
	}
	return out.len;
}

/* ---- parsing --------------------------------------------------------------------------------------------------- */

static int parse_task(struct text_line *l, const struct schedule_names *names, u8 *task)
{
	const char *known[RT_MAX_TASKS + 1];
	struct text_word word, number;
	u32 n = 0;
	s64 id;

	text_word(l, &word);
	for (u32 i = 0; i < RT_MAX_TASKS; i++) {
		const char *name = names->name(names->arg, i);

		if (!name)
			continue;
		known[n++] = name;
		if (text_is(&word, name)) {
			*task = (u8)i;
			return 0;
		}
	}
	known[n] = NULL;
	if (word.len > 5 && memcmp(word.start, "task/", 5) == 0) {
		number = (struct text_word){word.start + 5, word.len - 5};
		if (!text_integer(&number, 0, RT_MAX_TASKS - 1, &id))
			return text_expected(l, &number, "a task number, 0 to 31", NULL);
		if (names->name(names->arg, (u32)id))
			return text_fail(l, word.start, "task %lld has a name: expected '%s'", (long long)id,
					 names->name(names->arg, (u32)id));
		*task = (u8)id;
		return 0;
	}
	return text_expected(l, &word, "a task of this scenario (or task/NUMBER)", text_nearest(&word, known));
}

static int parse_literal(struct text_line *l, const char *literal, const char *what)
{
	struct text_word word;

	text_word(l, &word);
	return text_is(&word, literal) ? 0 : text_expected(l, &word, what, NULL);
}

/* "#3"; @optional: its absence means 1. */
static int parse_number(struct text_line *l, bool optional, u32 *number)
{
	const char *before = l->at;
	struct text_word word, digits;
	s64 value;

	if (!text_word(l, &word) || word.start[0] != '#') {
		if (!optional)
			return text_expected(l, &word, "an occurrence like #1", NULL);
		l->at = before;
		*number = 1;
		return 0;
	}
	digits = (struct text_word){word.start + 1, word.len - 1};
	if (!text_integer(&digits, 1, UINT32_MAX, &value))
		return text_expected(l, &word, "an occurrence like #1, counted from 1", NULL);
	*number = (u32)value;
	return 0;
}

static int parse_anchor(struct text_line *l, struct schedule_entry *e)
{
	struct text_word word;
	int point;

	text_word(l, &word);
	point = find_name(&word, point_names);
	if (point < 0)
		return text_expected(l, &word, "a semantic point (family.name)", text_nearest(&word, point_names));
	e->anchor = (u16)point;
	return parse_number(l, true, &e->occurrence);
}

static int parse_raw(struct text_line *l, const struct text_word *first, struct schedule_entry *e)
{
	struct text_word digits = {first->start + 1, first->len - 1};
	struct text_word word, key, value;
	char hex[9], *end;
	s64 count;

	if (!text_integer(&digits, 1, UINT32_MAX, &count))
		return text_expected(l, first, "a number of points like +17", NULL);
	e->form = SCHEDULE_RAW;
	e->count = (u32)count;
	if (parse_literal(l, "after", "'after' and a semantic point") || parse_anchor(l, e))
		return -EINVAL;
	if (text_at_end(l))
		return 0;
	text_word(l, &word);
	if (!text_key_value(&word, &key, &value) || !text_is(&key, "build"))
		return text_expected(l, &word, "'build=' and the fingerprint of a build", NULL);
	if (value.len != 8 || !text_copy(&value, hex, sizeof(hex)) || hex[0] == '-' || hex[0] == '+')
		return text_expected(l, &value, "a fingerprint of 8 hexadecimal digits", NULL);
	e->build = (u32)strtoul(hex, &end, 16);
	if (*end || e->build == 0)
		return text_expected(l, &value, "a fingerprint of 8 hexadecimal digits", NULL);
	return 0;
}

/* "lock zone.lock #1 after …": the object's name is everything up to the "#"; it may hold blanks or be absent. */
static int parse_object(struct text_line *l, u32 kind, struct schedule *s, struct schedule_entry *e)
{
	struct text_word word;
	char name[SCHEDULE_OBJECT_LEN];
	const char *start = NULL, *end = NULL;
	int object;

	e->form = SCHEDULE_OBJECT;
	e->kind = (u16)kind;
	e->object = SCHEDULE_NO_OBJECT;
	for (;;) {
		const char *before = l->at;

		if (!text_word(l, &word))
			return text_expected(l, &word, "an occurrence like #1", NULL);
		if (word.start[0] == '#') {
			l->at = before;
			break;
		}
		if (!start)
			start = word.start;
		end = word.start + word.len;
	}
	if (start) {
		word = (struct text_word){start, (size_t)(end - start)};
		if (!text_copy(&word, name, sizeof(name)) || strchr(name, '\t'))
			return text_fail(l, start,
					 "expected the name of an object of at most %d characters, none a tab",
					 SCHEDULE_OBJECT_LEN - 1);
		object = schedule_object(s, name);
		if (object < 0)
			return text_fail(l, start, "a schedule names at most %d different objects", SCHEDULE_OBJECTS);
		e->object = (u8)object;
	}
	if (parse_number(l, false, &e->count) || parse_literal(l, "after", "'after' and a semantic point"))
		return -EINVAL;
	return parse_anchor(l, e);
}

static int parse_place(struct text_line *l, struct schedule *s, struct schedule_entry *e)
{
	const char *before;
	struct text_word word;
	int kind;

	text_at_end(l);
	before = l->at;
	if (!text_word(l, &word))
		return text_expected(l, &word, "a place: POINT #n, KIND OBJECT #n after POINT #n, or +n after POINT #n",
				     NULL);
	if (word.start[0] == '+')
		return parse_raw(l, &word, e);
	kind = find_name(&word, kind_names);
	if (kind >= 0 && BIT(kind) != RT_SEMANTIC)
		return parse_object(l, (u32)BIT(kind), s, e);
	l->at = before;
	e->form = SCHEDULE_SEMANTIC;
	return parse_anchor(l, e);
}

static int parse_subject(struct text_line *l, const char *const *names, const char *what, struct schedule_entry *e)
{
	struct text_word word;
	int subject;

	text_word(l, &word);
	subject = find_name(&word, names);
	if (subject < 0)
		return text_expected(l, &word, what, text_nearest(&word, names));
	e->what = (u8)subject;
	return 0;
}

static int parse_choice(struct text_line *l, struct schedule_entry *e)
{
	struct text_word word;
	int choice;
	s64 value;

	e->form = SCHEDULE_CHOICE;
	text_word(l, &word);
	choice = find_name(&word, choice_names);
	if (choice < 0)
		return text_expected(l, &word, "'fault', 'callback', 'work', 'timer' or 'drain'",
				     text_nearest(&word, choice_names));
	e->choice = (u8)choice;
	if (choice == RT_CHOOSE_FAULT) {
		if (parse_subject(l, fault_names, "a fault", e))
			return -EINVAL;
	} else if (choice == RT_CHOOSE_DRAIN) {
		if (parse_subject(l, drain_names, "'switch', 'load' or 'store'", e))
			return -EINVAL;
	}
	if (parse_number(l, false, &e->occurrence) || parse_literal(l, "=", "'=' and a value"))
		return -EINVAL;
	text_word(l, &word);
	if (!text_integer(&word, 1, schedule_choice_answer_max(e->choice), &value))
		return text_expected(l, &word, schedule_choice_answer_max(e->choice) == 1 ? "1" : "a number from 1",
				     NULL);
	e->value = (u16)value;
	return 0;
}

static int parse_switch(struct text_line *l, struct schedule *s, const struct schedule_names *names,
			struct schedule_entry *e)
{
	const char *target;

	if (parse_task(l, names, &e->task) || parse_literal(l, "->", "'->'"))
		return -EINVAL;
	text_at_end(l);
	target = l->at;
	if (parse_task(l, names, &e->target))
		return -EINVAL;
	if (e->target == e->task)
		return text_fail(l, target, "expected another task than the one that is preempted");
	if (parse_literal(l, "at", "'at' and a place"))
		return -EINVAL;
	return parse_place(l, s, e);
}

int schedule_parse_entry(struct text_line *l, struct schedule *s, const struct schedule_names *names)
{
	struct schedule_entry e = {.object = SCHEDULE_NO_OBJECT};
	struct text_word word;
	int ret;

	text_word(l, &word);
	if (text_is(&word, "start")) {
		e.form = SCHEDULE_START;
		ret = parse_task(l, names, &e.target);
	} else if (text_is(&word, "switch")) {
		ret = parse_switch(l, s, names, &e);
	} else if (text_is(&word, "choose")) {
		ret = parse_choice(l, &e);
	} else {
		static const char *const verbs[] = {"start", "switch", "choose", NULL};

		return text_expected(l, &word, "'start', 'switch' or 'choose'", text_nearest(&word, verbs));
	}
	if (ret)
		return ret;
	if (!text_at_end(l)) {
		text_word(l, &word);
		return text_expected(l, &word, "the end of the line", NULL);
	}
	if (schedule_add(s, &e))
		return text_fail(l, l->start, "a schedule has at most %d entries", SCHEDULE_MAX);
	return 0;
}
