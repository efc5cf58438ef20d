/* SPDX-License-Identifier: MIT */
/*
 * Byte form of scenarios, formats 1 and 2; declared in scenario.h.
 *
 * A header of 8 bytes (format, number of the machine, its memory model, five zeroes; in format 2 these are the number
 * of a strategy of fuzz/search.c and its seed), then records of 8 bytes. The first byte says what a record is;
 * operations belong to the task record before them, before the first task they are boot operations.
 *
 *   00         nothing
 *   01 … 3f    operation with that id of ops.def; bytes 1-4 its arguments, 5-7 the high bytes of the first three
 *   40 … 7f    a task begins, on cpu (low six bits)
 *   80 … 9f    preemption of task (low five bits): target, anchor (2 bytes), occurrence (2), points since it (2)
 *   a0 … bf    task waits or ends: target, anchor (2), occurrence (2), how often since it, 0 waits / 1 ends
 *   c0 … df    start: target
 *   e0 … ff    choice of kind (low three bits): about what, occurrence (2), answer (2)
 *
 * Numbers are little endian. Ids that no table has are dropped, values out of range are taken modulo the range, so a
 * new row in a table never changes what canonical bytes mean. Canonical bytes have zeroes wherever nothing is said.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "fuzz/block_ranges.h"
#include "fuzz/scenario.h"
#include "fuzz/search.h"

enum record_kind {
	RECORD_OP_MAX = 0x3f,
	RECORD_TASK = 0x40,
	RECORD_PREEMPT = 0x80,
	RECORD_FORCED = 0xa0,
	RECORD_START = 0xc0,
	RECORD_CHOICE = 0xe0,
};
#define OP_IDS (RECORD_OP_MAX + 1)

/* What an argument's number is taken modulo; 0: the machine's blocks or the scenario's tasks. */
struct arg_form {
	u32 type;
	s32 min;
	u32 range;
};

static struct {
	bool ready;
	const struct op_info *op[OP_IDS];
	struct arg_form arg[OP_IDS][OP_ARGS_MAX];
	u32 nr_machines;
	struct machine_config machine[32];
} forms;

static void add_machine(u32 number, const struct machine_config *plain, const char *const *ranges)
{
	struct machine_config *m = &forms.machine[number];
	struct block_ranges *to[] = {&m->online, &m->normal, &m->movable, &m->offline};
	struct text_error error = {0};

	*m = *plain;
	for (u32 i = 0; i < ARRAY_SIZE(to); i++) {
		struct text_word word = {ranges[i], strlen(ranges[i])};
		struct text_line line = {word.start, word.start + word.len, word.start, 1, &error};

		if (block_ranges_parse(&line, &word, to[i]))
			__builtin_trap(); /* the table is wrong: a test shows it */
	}
	forms.nr_machines = max(forms.nr_machines, number + 1);
}

static void fill_forms(void)
{
	for (u32 i = 0; i < nr_op_infos; i++) {
		const struct op_info *info = &op_infos[i];

		forms.op[info->id] = info;
		for (u32 j = 0; j < info->nr_args; j++) {
			struct arg_form *form = &forms.arg[info->id][j];
			const struct op_arg_info *arg = &info->arg[j];

			form->type = arg->type;
			if (arg->type == ARG_INT) {
				form->min = arg->min;
				form->range = (u32)(arg->max - arg->min) + 1;
			} else if (arg->type == ARG_SLOT) {
				form->range = OP_SLOTS;
			} else if (arg->type != ARG_BLOCK && arg->type != ARG_TASK) {
				while (op_enum_text(arg->type, form->range))
					form->range++;
			}
		}
	}
#define MACHINE(n, geometry_id, topology_id, boot, nr_cpus, nr_nodes, nr_blocks, ...)                                  \
	add_machine(n,                                                                                                 \
		    &(const struct machine_config){.geometry = GEOMETRY_##geometry_id,                                 \
						   .topology = TOPOLOGY_##topology_id,                                 \
						   .boot_params = boot,                                                \
						   .cpus = nr_cpus,                                                    \
						   .nodes = nr_nodes,                                                  \
						   .blocks = nr_blocks},                                               \
		    (const char *const[]){__VA_ARGS__});
#include "fuzz/machines.def"
#undef MACHINE
	forms.ready = true;
}

u32 scenario_nr_machines(void)
{
	if (!forms.ready)
		fill_forms();
	return forms.nr_machines;
}

const struct machine_config *scenario_machine(u32 number)
{
	if (!forms.ready)
		fill_forms();
	return &forms.machine[number];
}

static u32 get16(const u8 *at)
{
	return at[0] | (u32)at[1] << 8;
}

static void put16(u8 *at, u32 value)
{
	at[0] = (u8)value;
	at[1] = (u8)(value >> 8);
}

/* ---- decoding -------------------------------------------------------------------------------------------------- */

static void decode_op(const u8 *at, const struct scenario *s, struct op *op)
{
	const struct op_info *info = forms.op[at[0]];

	op->id = at[0];
	for (u32 j = 0; j < OP_ARGS_MAX; j++) {
		const struct arg_form *form = &forms.arg[at[0]][j];
		u32 raw = at[1 + j] | (j < 3 ? (u32)at[5 + j] << 8 : 0);

		if (j >= info->nr_args)
			op->arg[j] = 0;
		else if (form->range)
			op->arg[j] = form->min + (s32)(raw % form->range);
		else if (form->type == ARG_BLOCK)
			op->arg[j] = (s32)(raw % s->machine.blocks);
		else
			op->arg[j] = (s32)raw; /* a task: see fix_task_args() */
	}
}

static bool decode_entry(const u8 *at, struct schedule_entry *e)
{
	*e = (struct schedule_entry){.task = at[0] & 0x1f, .target = at[1] & 0x1f, .object = SCHEDULE_NO_OBJECT};
	switch (at[0] & 0xe0) {
	case RECORD_PREEMPT:
		e->count = get16(at + 6);
		e->form = e->count ? SCHEDULE_RAW : SCHEDULE_SEMANTIC;
		break;
	case RECORD_FORCED:
		e->form = SCHEDULE_OBJECT;
		e->count = max(at[6], (u8)1);
		e->kind = at[7] & 1 ? RT_EXIT : RT_BLOCK;
		break;
	case RECORD_START:
		e->form = SCHEDULE_START;
		e->task = 0;
		return true;
	default:
		e->form = SCHEDULE_CHOICE;
		e->task = e->target = 0;
		e->choice = (at[0] & 7) < NR_RT_CHOICES ? at[0] & 7 : RT_CHOOSE_FAULT;
		e->what = schedule_choice_subjects(e->choice) > 1 ? at[1] : 0;
		e->occurrence = max(get16(at + 2), 1u);
		e->value = schedule_choice_answer_max(e->choice) == 1 ? 1 : (u16)get16(at + 4);
		return e->what < schedule_choice_subjects(e->choice) && e->value;
	}
	e->anchor = (u16)get16(at + 2);
	e->occurrence = max(get16(at + 4), 1u);
	return e->anchor < NR_POINTS && e->task != e->target;
}

static struct scenario_task *decode_task(const u8 *at, struct scenario *s)
{
	struct scenario_task *task;

	if (s->nr_tasks == SCENARIO_TASKS)
		return NULL;
	task = &s->task[s->nr_tasks];
	memcpy(task->name, "t0", 3);
	task->name[1] = (char)('0' + s->nr_tasks++);
	task->cpu = (at[0] & 0x3fu) % s->machine.cpus;
	task->nr_ops = 0;
	return task;
}

static void fix_task_args(struct scenario *s, struct op *op, u32 n)
{
	for (u32 i = 0; i < n; i++) {
		for (u32 j = 0; j < forms.op[op[i].id]->nr_args; j++) {
			if (forms.arg[op[i].id][j].type == ARG_TASK)
				op[i].arg[j] = (s32)((u32)op[i].arg[j] % s->nr_tasks);
		}
	}
}

static void decode_header(const u8 *data, size_t size, const struct switches *sw, struct scenario *s)
{
	u32 number = size > 1 ? data[1] : 0;

	s->name[0] = s->from[0] = 0;
	s->machine = forms.machine[number < forms.nr_machines ? number : 0];
	s->machine.memory = size > 2 && data[2] < NR_MEMORY_MODELS ? data[2] : RT_MEMORY_sc;
	s->machine.sw = *sw;
	s->seed = s->search.strategy = s->search.seed = 0;
	if (size >= SCENARIO_RECORD && data[0] == SCENARIO_BYTES_SEARCH && search_strategy(data[3])) {
		s->search.strategy = data[3];
		s->search.seed = get16(data + 4) | get16(data + 6) << 16;
	}
	s->nr_boot_ops = s->nr_tasks = 0;
	s->expect.set = 0;
	for (u32 i = 0; i < OP_SLOTS; i++)
		s->slot[i][0] = 0;
	schedule_init(&s->schedule);
}

void scenario_decode(const u8 *data, size_t size, const struct switches *sw, struct scenario *s)
{
	struct op *op = s->boot_op;
	u32 *nr_ops = &s->nr_boot_ops, limit = SCENARIO_BOOT_OPS;

	if (unlikely(!forms.ready))
		fill_forms();
	decode_header(data, size, sw, s);
	for (size_t i = SCENARIO_RECORD; i + SCENARIO_RECORD <= size; i += SCENARIO_RECORD) {
		const u8 *at = data + i;

		if (at[0] <= RECORD_OP_MAX) {
			if (forms.op[at[0]] && *nr_ops < limit)
				decode_op(at, s, &op[(*nr_ops)++]);
		} else if (at[0] < RECORD_PREEMPT) {
			struct scenario_task *task = decode_task(at, s);

			limit = task ? SCENARIO_OPS : 0;
			op = task ? task->op : op;
			nr_ops = task ? &task->nr_ops : nr_ops;
		} else if (s->schedule.count < SCHEDULE_FUZZ_MAX) {
			struct schedule_entry entry;

			if (decode_entry(at, &entry))
				s->schedule.entry[s->schedule.count++] = entry;
		}
	}
	if (s->nr_tasks == 0)
		decode_task((const u8[]){RECORD_TASK}, s);
	fix_task_args(s, s->boot_op, s->nr_boot_ops);
	for (u32 i = 0; i < s->nr_tasks; i++)
		fix_task_args(s, s->task[i].op, s->task[i].nr_ops);
}

/* ---- encoding -------------------------------------------------------------------------------------------------- */

struct encoder {
	u8 *buf;
	size_t size, len;
	char *why;
	size_t why_size;
};

static int __attribute__((format(printf, 2, 3))) outside(struct encoder *e, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	if (e->why)
		vsnprintf(e->why, e->why_size, fmt, args);
	va_end(args);
	return -ERANGE;
}

static int find_machine(const struct machine_config *wanted)
{
	struct machine_config plain = *wanted, *m = &plain;

	m->memory = RT_MEMORY_sc;
	for (u32 i = 0; i < forms.nr_machines; i++) {
		if (scenario_same_machine(&forms.machine[i], m))
			return (int)i;
	}
	return -1;
}

/* Room for one more record, zeroed, or NULL. */
static u8 *add_record(struct encoder *e)
{
	u8 *at = e->buf + e->len;

	if (e->len + SCENARIO_RECORD > e->size)
		return NULL;
	memset(at, 0, SCENARIO_RECORD);
	e->len += SCENARIO_RECORD;
	return at;
}

static int encode_ops(struct encoder *e, const struct op *op, u32 n)
{
	for (u32 i = 0; i < n; i++) {
		u8 *at = add_record(e);

		if (!at)
			return -ENOSPC;
		at[0] = (u8)op[i].id;
		for (u32 j = 0; j < forms.op[op[i].id]->nr_args; j++) {
			u32 raw = (u32)(op[i].arg[j] - forms.arg[op[i].id][j].min);

			if (raw > (j < 3 ? UINT16_MAX : UINT8_MAX))
				return outside(e, "an argument of %s is too large for bytes", forms.op[op[i].id]->name);
			at[1 + j] = (u8)raw;
			if (j < 3)
				at[5 + j] = (u8)(raw >> 8);
		}
	}
	return 0;
}

static int encode_switch(struct encoder *e, u8 *at, const struct schedule_entry *x)
{
	if (x->occurrence > UINT16_MAX || x->count > UINT16_MAX)
		return outside(e, "an occurrence in the schedule is above 65535");
	at[1] = x->target;
	put16(at + 2, x->anchor);
	put16(at + 4, x->occurrence);
	if (x->form != SCHEDULE_OBJECT) {
		if (x->form == SCHEDULE_RAW && x->build && x->build != schedule_fingerprint())
			return outside(e, "the schedule counts points of another build");
		at[0] = RECORD_PREEMPT | x->task;
		put16(at + 6, x->form == SCHEDULE_RAW ? x->count : 0);
		return 0;
	}
	if (!(x->kind & (RT_BLOCK | RT_EXIT)) || x->object != SCHEDULE_NO_OBJECT)
		return outside(e, "the schedule names a place by its object");
	if (x->count > UINT8_MAX)
		return outside(e, "a count in the schedule is above 255");
	at[0] = RECORD_FORCED | x->task;
	at[6] = (u8)x->count;
	at[7] = x->kind == RT_EXIT;
	return 0;
}

static int encode_entry(struct encoder *e, const struct schedule_entry *x)
{
	u8 *at = add_record(e);

	if (!at)
		return -ENOSPC;
	switch ((enum schedule_form)x->form) {
	case SCHEDULE_START:
		at[0] = RECORD_START;
		at[1] = x->target;
		return 0;
	case SCHEDULE_CHOICE:
		if (x->occurrence > UINT16_MAX)
			return outside(e, "an occurrence in the schedule is above 65535");
		at[0] = (u8)(RECORD_CHOICE | x->choice);
		at[1] = x->what;
		put16(at + 2, x->occurrence);
		put16(at + 4, schedule_choice_answer_max(x->choice) == 1 ? 0 : x->value);
		return 0;
	default:
		return encode_switch(e, at, x);
	}
}

static int encode_tasks(struct encoder *e, const struct scenario *s)
{
	int ret = encode_ops(e, s->boot_op, s->nr_boot_ops);

	for (u32 i = 0; i < s->nr_tasks && ret == 0; i++) {
		u8 *at = add_record(e);

		if (!at)
			return -ENOSPC;
		at[0] = (u8)(RECORD_TASK | s->task[i].cpu);
		ret = encode_ops(e, s->task[i].op, s->task[i].nr_ops);
	}
	return ret;
}

ssize_t scenario_encode(const struct scenario *s, u8 *buf, size_t size, char *why, size_t why_size)
{
	struct encoder e = {buf, size, 0, why, why_size};
	int ret, number;
	u8 *header;

	if (!forms.ready)
		fill_forms();
	number = find_machine(&s->machine);
	if (number < 0)
		return outside(&e, "the machine is none of fuzz/machines.def");
	if (s->schedule.count > SCHEDULE_FUZZ_MAX)
		return outside(&e, "the schedule has more than %d entries", SCHEDULE_FUZZ_MAX);
	header = add_record(&e);
	if (!header)
		return -ENOSPC;
	header[0] = s->search.strategy ? SCENARIO_BYTES_SEARCH : SCENARIO_BYTES_FORMAT;
	header[3] = (u8)s->search.strategy;
	put16(header + 4, s->search.seed);
	put16(header + 6, s->search.seed >> 16);
	header[2] = (u8)s->machine.memory;
	header[1] = (u8)number;
	ret = encode_tasks(&e, s);
	for (u32 i = 0; i < s->schedule.count && ret == 0; i++)
		ret = encode_entry(&e, &s->schedule.entry[i]);
	return ret ? ret : (ssize_t)e.len;
}
