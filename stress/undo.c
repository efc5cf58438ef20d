/* SPDX-License-Identifier: MIT */
#include "stress/undo.h"

#include <string.h>

#define DEBT_FAILURES 8

/* What goes back from each operation that changes anything. */
static const struct {
	const char *name, *reverse;
} reverses[] = {
	{"add", "remove"}, {"remove", "add"}, {"online", "offline"}, {"offline", "online"},
	{"alloc", "free"}, {"free", "alloc"}, {"pin", "unpin"},      {"unpin", "pin"},
};

static const struct op_info *reverse_of(u32 id)
{
	const char *name = op_info_by_id(id)->name;

	for (size_t i = 0; i < ARRAY_SIZE(reverses); i++) {
		if (!strcmp(name, reverses[i].name))
			return op_info_by_name(reverses[i].reverse);
	}
	return NULL;
}

/* Index of the argument that names the block or slot an operation works on; all in the table above have one. */
static u32 target_argument(u32 id)
{
	const struct op_info *info = op_info_by_id(id);
	u32 i = 0;

	while (info->arg[i].type != ARG_BLOCK && info->arg[i].type != ARG_SLOT)
		i++;
	return i;
}

static s32 target_of(const struct op *op)
{
	return op->arg[target_argument(op->id)];
}

void undo_init(struct undo *undo, const struct scenario *s)
{
	undo->scenario = s;
	undo->count = 0;
	undo->nr_debts = 0;
}

void undo_note(struct undo *undo, const struct op *op)
{
	const struct op_info *reverse = reverse_of(op->id);

	if (!reverse)
		return;
	for (u32 i = undo->count; i-- > 0;) {
		if (undo->done[i].id != reverse->id || target_of(&undo->done[i]) != target_of(op))
			continue;
		memmove(&undo->done[i], &undo->done[i + 1], (undo->count - i - 1) * sizeof(undo->done[0]));
		undo->count--;
		return;
	}
	undo->done[undo->count++] = *op;
}

/* What was there at boot comes back as it was made then. */
static bool boot_op(const struct scenario *s, u32 id, s32 target, struct op *op)
{
	for (u32 i = 0; i < s->nr_boot_ops; i++) {
		if (s->boot_op[i].id == id && target_of(&s->boot_op[i]) == target) {
			*op = s->boot_op[i];
			return true;
		}
	}
	return false;
}

static bool in_ranges(const struct block_ranges *ranges, s32 block)
{
	for (u32 i = 0; i < ranges->count; i++) {
		if (block >= ranges->range[i].first && block <= ranges->range[i].last)
			return true;
	}
	return false;
}

static bool boots_online(const struct machine_config *machine, s32 block)
{
	return in_ranges(&machine->online, block) || in_ranges(&machine->normal, block) ||
	       in_ranges(&machine->movable, block);
}

static bool reverse_op(const struct scenario *s, const struct op *done, struct op *op)
{
	const struct op_info *reverse = reverse_of(done->id);
	s32 target = target_of(done);

	if (!strcmp(reverse->name, "alloc") || !strcmp(reverse->name, "pin"))
		return boot_op(s, reverse->id, target, op);
	*op = (struct op){.id = reverse->id};
	op->arg[target_argument(reverse->id)] = target;
	if (!strcmp(reverse->name, "online") && in_ranges(&s->machine.movable, target)) {
		for (u32 type = 0; op_enum_text(ARG_ONLINE_TYPE, type); type++) {
			if (!strcmp(op_enum_text(ARG_ONLINE_TYPE, type), "online_movable"))
				op->arg[1] = (s32)type;
		}
	}
	return true;
}

/* A removed block that was online at boot comes back online, whoever took it offline. */
static void expect_online(struct undo *undo, const struct op *removed)
{
	struct op offline = {.id = op_info_by_name("offline")->id};
	s32 block = target_of(removed);

	if (!boots_online(&undo->scenario->machine, block))
		return;
	for (u32 i = 0; i < undo->count; i++) {
		if (undo->done[i].id == offline.id && target_of(&undo->done[i]) == block)
			return;
	}
	offline.arg[target_argument(offline.id)] = block;
	undo->done[undo->count++] = offline;
}

bool undo_next(struct undo *undo, struct op *op)
{
	while (undo->count) {
		struct op done = undo->done[--undo->count];

		if (!strcmp(op_info_by_id(done.id)->name, "remove"))
			expect_online(undo, &done);
		if (reverse_op(undo->scenario, &done, op))
			return true;
	}
	return false;
}

static void forget_debt(struct undo *undo, u32 at)
{
	undo->nr_debts--;
	memmove(&undo->debt[at], &undo->debt[at + 1], (undo->nr_debts - at) * sizeof(undo->debt[0]));
}

void undo_owe(struct undo *undo, const struct op *op)
{
	for (u32 i = 0; i < undo->nr_debts; i++) {
		if (undo->debt[i].op.id == op->id && target_of(&undo->debt[i].op) == target_of(op))
			return;
	}
	if (undo->nr_debts == UNDO_DEBTS)
		forget_debt(undo, 0);
	undo->debt[undo->nr_debts++] = (struct undo_debt){.op = *op};
}

bool undo_debt(const struct undo *undo, u32 at, struct op *op)
{
	if (at >= undo->nr_debts)
		return false;
	*op = undo->debt[at].op;
	return true;
}

bool undo_tried(struct undo *undo, u32 at, bool paid)
{
	if (!paid && ++undo->debt[at].failures < DEBT_FAILURES)
		return true;
	forget_debt(undo, at);
	return false;
}
