/* SPDX-License-Identifier: MIT */
/* Reads tokens; token.c has the format. Trusts nothing: a token may come from anywhere. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "fuzz/token.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#define BINARY_MAX 32768
#define CHECKSUM_LEN 8

struct reader {
	const u8 *at, *end;
	struct text_error *error;
	bool failed;
};

/* The first failure counts; from then on everything reads as 0 or "". */
static void __attribute__((format(printf, 2, 3))) refuse(struct reader *r, const char *fmt, ...)
{
	va_list args;

	if (r->failed)
		return;
	r->failed = true;
	r->at = r->end;
	va_start(args, fmt);
	vsnprintf(r->error->message, sizeof(r->error->message), fmt, args);
	va_end(args);
}

static u64 get_number(struct reader *r, u64 limit, const char *what)
{
	u64 value = 0;

	for (u32 shift = 0; r->at < r->end && shift < 64; shift += 7) {
		u8 byte = *r->at++;

		value |= (u64)(byte & 0x7f) << shift;
		if (byte & 0x80)
			continue;
		if (value <= limit)
			return value;
		refuse(r, "expected %s of at most %llu, found %llu", what, (unsigned long long)limit,
		       (unsigned long long)value);
		return 0;
	}
	refuse(r, "expected %s, found the end of the token", what);
	return 0;
}

static s32 get_argument(struct reader *r)
{
	u64 value = get_number(r, UINT32_MAX, "an argument");

	return (s32)((value >> 1) ^ -(value & 1));
}

/* At most size - 1 printable bytes. */
static void get_string(struct reader *r, char *buf, size_t size, const char *what)
{
	size_t len = get_number(r, size - 1, what);

	if (len > (size_t)(r->end - r->at))
		refuse(r, "expected %s, found the end of the token", what);
	buf[0] = 0;
	if (r->failed)
		return;
	for (size_t i = 0; i < len; i++) {
		if (r->at[i] < 0x20 || r->at[i] == 0x7f)
			refuse(r, "expected printable characters in %s", what);
	}
	if (r->failed)
		return;
	memcpy(buf, r->at, len);
	buf[len] = 0;
	r->at += len;
}

static void get_ranges(struct reader *r, struct block_ranges *ranges)
{
	ranges->count = (u32)get_number(r, BLOCK_RANGES_MAX, "a number of ranges");
	for (u32 i = 0; i < ranges->count && !r->failed; i++) {
		ranges->range[i].first = (u16)get_number(r, UINT16_MAX, "a block");
		ranges->range[i].last =
			(u16)(ranges->range[i].first +
			      get_number(r, UINT16_MAX - ranges->range[i].first, "the length of a range"));
		if (i && ranges->range[i].first <= ranges->range[i - 1].last + 1)
			refuse(r, "expected ascending ranges of blocks with gaps between them");
	}
}

static void get_switches(struct reader *r, struct switches *sw)
{
	char name[48], alternative[48], assignment[100], message[160];
	u32 n = (u32)get_number(r, NR_DESIGNS, "a number of designs");

	for (u32 i = 0; i < n && !r->failed; i++) {
		get_string(r, name, sizeof(name), "the name of a design");
		get_string(r, alternative, sizeof(alternative), "the name of an alternative");
		snprintf(assignment, sizeof(assignment), "%s=%s", name, alternative);
		if (!r->failed && switches_set(sw, assignment, message, sizeof(message)))
			refuse(r, "%s", message);
	}
	n = (u32)get_number(r, NR_BUGS, "a number of bugs");
	for (u32 i = 0; i < n && !r->failed; i++) {
		get_string(r, name, sizeof(name), "the name of a bug");
		snprintf(assignment, sizeof(assignment), "%s=on", name);
		if (!r->failed && switches_set(sw, assignment, message, sizeof(message)))
			refuse(r, "%s", message);
	}
}

static void get_machine(struct reader *r, struct machine_config *m)
{
	const char *error;
	u64 number;

	number = get_number(r, ((u64)NR_MEMORY_MODELS << TOKEN_MEMORY_SHIFT) - 1, "a geometry");
	m->geometry = number % (1u << TOKEN_TOPOLOGY_SHIFT);
	m->topology = number % (1u << TOKEN_BOOT_PARAMS_SHIFT) >> TOKEN_TOPOLOGY_SHIFT;
	m->boot_params = (u32)(number >> TOKEN_BOOT_PARAMS_SHIFT);
	m->memory = (u32)(number >> TOKEN_MEMORY_SHIFT);
	if (!r->failed && (m->geometry >= NR_GEOMETRIES || m->topology >= NR_TOPOLOGIES))
		refuse(r, "expected a geometry and a topology, found %llu", (unsigned long long)number);
	m->cpus = (u32)get_number(r, 8, "a number of cpus");
	m->nodes = (u32)get_number(r, 4, "a number of nodes");
	m->blocks = (u32)get_number(r, 64, "a number of blocks");
	get_ranges(r, &m->online);
	get_ranges(r, &m->normal);
	get_ranges(r, &m->movable);
	get_ranges(r, &m->offline);
	get_switches(r, &m->sw);
	error = r->failed ? NULL : machine_config_error(m);
	if (error)
		refuse(r, "%s", error);
}

static u32 get_ops(struct reader *r, struct op *op, u32 limit)
{
	u32 n = (u32)get_number(r, limit, "a number of operations");

	for (u32 i = 0; i < n && !r->failed; i++) {
		const struct op_info *info;
		u32 nr_args;

		op[i].id = (u32)get_number(r, 63, "an operation's id");
		info = op_info_by_id(op[i].id);
		nr_args = (u32)get_number(r, OP_ARGS_MAX, "a number of arguments");
		if (!r->failed && (!info || nr_args > info->nr_args)) {
			refuse(r, "this build has no operation with id %u and %u arguments", op[i].id, nr_args);
			return 0;
		}
		for (u32 j = 0; j < nr_args; j++)
			op[i].arg[j] = get_argument(r);
		/* Written before the operation got more arguments: those have their defaults. */
		for (u32 j = nr_args; !r->failed && j < info->nr_args; j++)
			op[i].arg[j] = info->arg[j].default_value;
	}
	return r->failed ? 0 : n;
}

static void get_tasks(struct reader *r, struct scenario *s)
{
	s->nr_tasks = (u32)get_number(r, SCENARIO_TASKS, "a number of tasks");
	for (u32 i = 0; i < s->nr_tasks; i++) {
		get_string(r, s->task[i].name, sizeof(s->task[i].name), "the name of a task");
		s->task[i].cpu = (u32)get_number(r, 7, "a cpu");
		s->task[i].nr_ops = get_ops(r, s->task[i].op, SCENARIO_OPS);
	}
}

static void get_slots(struct reader *r, struct scenario *s)
{
	u32 n = (u32)get_number(r, OP_SLOTS, "a number of slots");

	for (u32 i = 0; i < n; i++) {
		u32 slot = (u32)get_number(r, OP_SLOTS - 1, "a slot");

		get_string(r, s->slot[slot], sizeof(s->slot[slot]), "the name of a slot");
	}
}

static void get_expect(struct reader *r, struct scenario *s)
{
	char name[32];
	u32 kind = 0;

	get_string(r, name, sizeof(name), "a verdict");
	if (!name[0])
		return;
	while (kind < NR_VERDICTS && strcmp(verdict_name(kind), name) != 0)
		kind++;
	if (kind == NR_VERDICTS)
		refuse(r, "this build has no verdict '%s'", name);
	s->expect.set = 1;
	s->expect.kind = kind;
	get_string(r, s->expect.words, sizeof(s->expect.words), "the words of a signature");
}

static void get_switch(struct reader *r, struct schedule *s, struct schedule_entry *e)
{
	char object[SCHEDULE_OBJECT_LEN];
	int index;

	e->task = (u8)get_number(r, RT_MAX_TASKS - 1, "a task");
	e->target = (u8)get_number(r, RT_MAX_TASKS - 1, "a task");
	e->anchor = (u16)get_number(r, NR_POINTS - 1, "a semantic point");
	e->occurrence = (u32)get_number(r, UINT32_MAX, "an occurrence");
	if (e->task == e->target || e->occurrence == 0)
		refuse(r, "expected a switch to another task, and an occurrence counted from 1");
	if (e->form == SCHEDULE_SEMANTIC)
		return;
	e->count = (u32)get_number(r, UINT32_MAX, "a count");
	if (e->count == 0)
		refuse(r, "expected a count from 1");
	if (e->form == SCHEDULE_RAW) {
		e->build = (u32)get_number(r, UINT32_MAX, "a fingerprint");
		return;
	}
	e->kind = (u16)BIT(get_number(r, 11, "a kind of point"));
	get_string(r, object, sizeof(object), "the name of an object");
	if (e->kind == RT_SEMANTIC || object[0] == ' ' || strchr(object, '#'))
		refuse(r, "expected a kind of point other than semantic, and a name without '#'");
	if (r->failed || !object[0])
		return;
	index = schedule_object(s, object);
	if (index < 0)
		refuse(r, "a schedule names at most %d different objects", SCHEDULE_OBJECTS);
	e->object = (u8)index;
}

static void get_schedule(struct reader *r, struct schedule *s)
{
	u32 n = (u32)get_number(r, SCHEDULE_MAX, "a number of schedule entries");

	for (u32 i = 0; i < n && !r->failed; i++) {
		struct schedule_entry e = {.object = SCHEDULE_NO_OBJECT};

		e.form = (u8)get_number(r, SCHEDULE_CHOICE, "a form of schedule entry");
		if (e.form == SCHEDULE_START) {
			e.target = (u8)get_number(r, RT_MAX_TASKS - 1, "a task");
		} else if (e.form == SCHEDULE_CHOICE) {
			e.choice = (u8)get_number(r, NR_RT_CHOICES - 1, "a kind of choice");
			e.what = (u8)get_number(r, schedule_choice_subjects(e.choice) - 1, "what it is about");
			e.occurrence = (u32)get_number(r, UINT32_MAX, "an occurrence");
			e.value = (u16)get_number(r, schedule_choice_answer_max(e.choice), "an answer");
			if (e.occurrence == 0 || e.value == 0)
				refuse(r, "expected a choice counted from 1, and an answer that is not 0");
		} else {
			get_switch(r, s, &e);
		}
		schedule_add(s, &e);
	}
}

static void get_laws(struct reader *r, struct law_set *laws)
{
	u32 n = r->at < r->end ? (u32)get_number(r, CORE_LAWS_MAX, "a number of laws") : 0;
	char name[48], message[200];

	for (u32 i = 0; i < n && !r->failed; i++) {
		get_string(r, name, sizeof(name), "the name of a law");
		if (!r->failed && laws_add(laws, &(struct text_word){name, strlen(name)}, message, sizeof(message)))
			refuse(r, "%s", message);
	}
}

static void get_scenario(struct reader *r, struct scenario *s)
{
	u64 format = get_number(r, UINT64_MAX, "a format");
	const char *error;

	if (format != TOKEN_BINARY_FORMAT)
		refuse(r, "expected token format %d, found %llu", TOKEN_BINARY_FORMAT, (unsigned long long)format);
	get_string(r, s->name, sizeof(s->name), "the name of the scenario");
	get_machine(r, &s->machine);
	s->seed = get_number(r, UINT64_MAX, "a seed");
	s->nr_boot_ops = get_ops(r, s->boot_op, SCENARIO_BOOT_OPS);
	get_tasks(r, s);
	get_slots(r, s);
	get_expect(r, s);
	get_schedule(r, &s->schedule);
	get_laws(r, &s->laws);
	if (!r->failed && r->at != r->end)
		refuse(r, "expected the end of the token, found %zu more bytes", (size_t)(r->end - r->at));
	error = r->failed ? NULL : scenario_error(s);
	if (error)
		refuse(r, "%s", error);
}

/* ---- the printable shell --------------------------------------------------------------------------------------- */

static int fail_at(struct text_error *error, const char *text, const char *at, const char *expected)
{
	error->line = 1;
	error->column = (u32)(at - text) + 1;
	if (*at > ' ' && *at < 0x7f)
		snprintf(error->message, sizeof(error->message), "expected %s, found '%c'", expected, *at);
	else
		snprintf(error->message, sizeof(error->message), "expected %s, found %s", expected,
			 *at ? "another byte" : "the end");
	return -EINVAL;
}

static int digit_value(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '-' ? 62 : c == '_' ? 63 : -1;
}

/* Base64 up to the "."; returns the length or -EINVAL. */
static ssize_t decode_base64(const char *text, const char **at, u8 *binary, size_t size, struct text_error *error)
{
	size_t len = 0;
	u32 bits = 0, n = 0;

	for (; **at != '.'; (*at)++) {
		int value = digit_value(**at);

		if (value < 0)
			return fail_at(error, text, *at, "a base64url digit or '.'");
		if (len == size)
			return fail_at(error, text, *at, "'.': no token is that long");
		bits = bits << 6 | (u32)value;
		n += 6;
		if (n >= 8) {
			n -= 8;
			binary[len++] = (u8)(bits >> n);
			bits &= (1u << n) - 1;
		}
	}
	if (n == 6 || bits)
		return fail_at(error, text, *at, "another number of base64url digits: some are missing");
	return (ssize_t)len;
}

static int check_sum(const char *text, const char **at, const u8 *binary, size_t len, struct text_error *error)
{
	u32 sum = 0, actual = XXH32(binary, len, 0);
	const char *start = *at;

	for (u32 i = 0; i < CHECKSUM_LEN; i++, (*at)++) {
		char c = **at;

		if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f')))
			return fail_at(error, text, *at, "a digit of the checksum, 0-9 or a-f");
		sum = sum << 4 | (u32)(c <= '9' ? c - '0' : c - 'a' + 10);
	}
	if (sum == actual)
		return 0;
	error->line = 1;
	error->column = (u32)(start - text) + 1;
	snprintf(error->message, sizeof(error->message), "expected the checksum %08x, found %08x: the token is damaged",
		 actual, sum);
	return -EINVAL;
}

ssize_t token_unwrap(const char *token, u8 *binary, size_t size)
{
	const char *at = token + strlen(TOKEN_PREFIX);
	struct text_error error;

	return token_is(token) ? decode_base64(token, &at, binary, size, &error) : -EINVAL;
}

int token_decode(const char *text, struct scenario *s, struct text_error *error)
{
	static u8 binary[BINARY_MAX];
	struct reader r = {.error = error};
	const char *at = text;
	ssize_t len;

	while (*at == ' ' || *at == '\t' || *at == '\n')
		at++;
	for (const char *p = TOKEN_PREFIX; *p; p++, at++) {
		if (*at != *p)
			return fail_at(error, text, at, "'" TOKEN_PREFIX "' (the start of a token)");
	}
	r.error->line = 1;
	r.error->column = (u32)(at - text) + 1;
	len = decode_base64(text, &at, binary, sizeof(binary), error);
	if (len < 0)
		return (int)len;
	at++;
	if (check_sum(text, &at, binary, (size_t)len, error))
		return -EINVAL;
	while (*at == ' ' || *at == '\t' || *at == '\n' || *at == '\r')
		at++;
	if (*at)
		return fail_at(error, text, at, "the end of the token");
	scenario_init(s);
	r.at = binary;
	r.end = binary + len;
	get_scenario(&r, s);
	return r.failed ? -EINVAL : 0;
}
