/* SPDX-License-Identifier: MIT */
/* Operations as text, driven by the `syntax` column of core/ops.def; declared in scenario.h. */
#include <stdio.h>
#include <string.h>

#include "fuzz/scenario.h"

/* One word of a syntax: literal, "{arg}", or "key={arg}". */
struct syntax_word {
	struct text_word text;
	size_t prefix; /* characters before "{", the "=" included; the whole word if it is literal */
	int arg;       /* index of the argument, -1 if literal */
};

static int find_arg(const struct op_info *info, const char *name, size_t len)
{
	for (u32 i = 0; i < info->nr_args; i++) {
		if (strlen(info->arg[i].name) == len && memcmp(info->arg[i].name, name, len) == 0)
			return (int)i;
	}
	return -1;
}

/* Takes the next word off @at; false at the end. */
static bool next_syntax(const struct op_info *info, const char **at, struct syntax_word *w)
{
	const char *brace;

	while (**at == ' ')
		(*at)++;
	w->text.start = *at;
	while (**at && **at != ' ')
		(*at)++;
	w->text.len = (size_t)(*at - w->text.start);
	if (w->text.len == 0)
		return false;
	brace = memchr(w->text.start, '{', w->text.len);
	w->arg = -1;
	w->prefix = w->text.len;
	if (brace) {
		w->prefix = (size_t)(brace - w->text.start);
		w->arg = find_arg(info, brace + 1, w->text.len - w->prefix - 2);
	}
	return true;
}

/* ---- printing -------------------------------------------------------------------------------------------------- */

static void put_value(struct text_out *out, const struct scenario *s, const struct op_arg_info *info, s32 value)
{
	switch (info->type) {
	case ARG_SLOT:
		if (s->slot[value][0])
			text_put(out, "%s", s->slot[value]);
		else
			text_put(out, "s%d", value);
		return;
	case ARG_TASK:
		text_put(out, "%s", s->task[value].name);
		return;
	case ARG_INT:
	case ARG_BLOCK:
		text_put(out, "%d", value);
		return;
	default:
		text_put(out, "%s", op_enum_text(info->type, (u32)value));
		return;
	}
}

size_t scenario_print_op(const struct scenario *s, const struct op *op, char *buf, size_t size)
{
	const struct op_info *info = op_info_by_id(op->id);
	struct text_out out = {buf, size, 0};
	const char *at = info->syntax;
	struct syntax_word w;

	text_put(&out, "%s", info->name);
	while (next_syntax(info, &at, &w)) {
		text_put(&out, " %.*s", (int)w.prefix, w.text.start);
		if (w.arg >= 0)
			put_value(&out, s, &info->arg[w.arg], op->arg[w.arg]);
	}
	return out.len;
}

/* ---- parsing --------------------------------------------------------------------------------------------------- */

#define NAMES_MAX 66

static const char *nearest_op(const struct text_word *word)
{
	const char *names[NAMES_MAX];
	u32 n = 0;

	for (u32 i = 0; i < nr_op_infos && n < NAMES_MAX - 1; i++)
		names[n++] = op_infos[i].name;
	names[n] = NULL;
	return text_nearest(word, names);
}

static int parse_enum(struct text_line *l, const struct text_word *word, const struct op_arg_info *info, s32 *value)
{
	const char *names[NAMES_MAX];
	struct text_out what;
	char buf[160];
	u32 n = 0;

	for (; n < NAMES_MAX - 1 && op_enum_text(info->type, n); n++) {
		names[n] = op_enum_text(info->type, n);
		if (text_is(word, names[n])) {
			*value = (s32)n;
			return 0;
		}
	}
	names[n] = NULL;
	what = (struct text_out){buf, sizeof(buf), 0};
	text_put(&what, "a %s (", info->name);
	for (u32 i = 0; i < n; i++)
		text_put(&what, "%s%s", i ? ", " : "", names[i]);
	text_put(&what, ")");
	return text_expected(l, word, buf, text_nearest(word, names));
}

static int parse_task_arg(struct text_line *l, const struct scenario *s, const struct text_word *word, s32 *value)
{
	const char *names[SCENARIO_TASKS + 1];

	for (u32 i = 0; i < s->nr_tasks; i++) {
		names[i] = s->task[i].name;
		if (text_is(word, names[i])) {
			*value = (s32)i;
			return 0;
		}
	}
	names[s->nr_tasks] = NULL;
	return text_expected(l, word, "a task of this scenario", text_nearest(word, names));
}

static bool is_name(const struct text_word *word)
{
	for (size_t i = 0; i < word->len; i++) {
		char c = word->start[i];

		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
		      c == '-' || c == '.'))
			return false;
	}
	return word->len != 0;
}

bool scenario_is_slot_number(const struct text_word *word)
{
	for (size_t i = 1; i < word->len; i++) {
		if (word->start[i] < '0' || word->start[i] > '9')
			return false;
	}
	return word->len > 1 && word->start[0] == 's';
}

/*
 * "s0" … "s15" are numbers. Other names get the lowest slot that nobody has named yet, in order of appearance; "s3"
 * for a slot that was given another name is refused.
 */
static int parse_slot(struct text_line *l, struct scenario *s, const struct text_word *word, s32 *value)
{
	struct text_word digits = {word->start + 1, word->len ? word->len - 1 : 0};
	s64 number;

	if (!is_name(word) || word->len >= SCENARIO_SLOT_LEN)
		return text_expected(l, word, "the name of a slot (letters, digits, '_', '-'; at most 15)", NULL);
	if (scenario_is_slot_number(word)) {
		if (!text_integer(&digits, 0, OP_SLOTS - 1, &number) || (digits.start[0] == '0' && digits.len > 1))
			return text_expected(l, word, "a slot from s0 to s15, or a name of your own", NULL);
		if (s->slot[number][0] && !text_is(word, s->slot[number]))
			return text_fail(l, word->start, "slot %d is called '%s' in this scenario: expected that name",
					 (int)number, s->slot[number]);
		text_copy(word, s->slot[number], SCENARIO_SLOT_LEN);
		*value = (s32)number;
		return 0;
	}
	for (u32 i = 0; i < OP_SLOTS; i++) {
		if (text_is(word, s->slot[i])) {
			*value = (s32)i;
			return 0;
		}
	}
	for (u32 i = 0; i < OP_SLOTS; i++) {
		if (!s->slot[i][0]) {
			text_copy(word, s->slot[i], SCENARIO_SLOT_LEN);
			*value = (s32)i;
			return 0;
		}
	}
	return text_expected(l, word, "at most 16 slots", NULL);
}

static int parse_value(struct text_line *l, struct scenario *s, const struct text_word *word,
		       const struct op_arg_info *info, s32 *value)
{
	s64 min_value = info->type == ARG_BLOCK ? 0 : info->min;
	s64 max_value = info->type == ARG_BLOCK ? (s64)s->machine.blocks - 1 : info->max;
	char what[64];
	s64 number;

	switch (info->type) {
	case ARG_INT:
	case ARG_BLOCK:
		if (text_integer(word, min_value, max_value, &number)) {
			*value = (s32)number;
			return 0;
		}
		snprintf(what, sizeof(what), "%s as a number from %d to %d", info->name, (int)min_value,
			 (int)max_value);
		return text_expected(l, word, what, NULL);
	case ARG_SLOT:
		return parse_slot(l, s, word, value);
	case ARG_TASK:
		return parse_task_arg(l, s, word, value);
	default:
		return parse_enum(l, word, info, value);
	}
}

/* One word of the syntax against the text; an argument with a default may be absent if it is written key={arg}. */
static int parse_word(struct text_line *l, struct scenario *s, const struct op_info *info, const struct syntax_word *w,
		      struct op *op)
{
	const char *before = l->at;
	struct text_word word, value;
	char what[64];

	text_word(l, &word);
	snprintf(what, sizeof(what), "'%.*s%s'", (int)w->prefix, w->text.start, w->arg >= 0 && w->prefix ? "…" : "");
	if (w->arg < 0)
		return word.len == w->prefix && memcmp(word.start, w->text.start, word.len) == 0
			       ? 0
			       : text_expected(l, &word, what, NULL);
	if (w->prefix == 0) {
		if (word.len == 0)
			return text_expected(l, &word, info->arg[w->arg].name, NULL);
		return parse_value(l, s, &word, &info->arg[w->arg], &op->arg[w->arg]);
	}
	if (word.len >= w->prefix && memcmp(word.start, w->text.start, w->prefix) == 0) {
		value = (struct text_word){word.start + w->prefix, word.len - w->prefix};
		return parse_value(l, s, &value, &info->arg[w->arg], &op->arg[w->arg]);
	}
	if (info->arg[w->arg].default_value < 0)
		return text_expected(l, &word, what, NULL);
	op->arg[w->arg] = info->arg[w->arg].default_value;
	l->at = before;
	return 0;
}

int scenario_parse_op(struct text_line *l, struct scenario *s, struct op *op)
{
	const struct op_info *info;
	struct syntax_word w;
	struct text_word word;
	const char *at;
	char name[32];

	text_word(l, &word);
	info = text_copy(&word, name, sizeof(name)) ? op_info_by_name(name) : NULL;
	if (!info)
		return text_expected(l, &word, "an operation", nearest_op(&word));
	memset(op, 0, sizeof(*op));
	op->id = info->id;
	for (at = info->syntax; next_syntax(info, &at, &w);) {
		if (parse_word(l, s, info, &w, op))
			return -EINVAL;
	}
	if (text_word(l, &word))
		return text_expected(l, &word, "the end of the line", NULL);
	return 0;
}
