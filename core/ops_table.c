/* SPDX-License-Identifier: MIT */
/* What ops.def and enums.def say, as data. */
#include "core/core.h"

#include <string.h>

enum {
#define OP(id, name, weight, syntax, help) OP_ROW_##name,
#define OP_ARG(op, name, type, min, max, def)
#include "core/ops.def"
#undef OP
#undef OP_ARG
	NR_OPS
};

/* A structure for each operation, with a byte for each argument: offsets number the arguments, the size counts them. */
struct args_of_nothing {
	char none;
#define OP(id, name, weight, syntax, help)                                                                             \
	}                                                                                                              \
	;                                                                                                              \
	struct args_of_##name {
#define OP_ARG(op, name, type, min, max, def) char name;
#include "core/ops.def"
#undef OP
#undef OP_ARG
};

#define OP(id, name, weight, syntax, help)                                                                             \
	_Static_assert((id) > 0 && (id) < 64, #name ": id out of range");                                              \
	_Static_assert(sizeof(struct args_of_##name) <= OP_ARGS_MAX, #name ": too many arguments");
#define OP_ARG(op, name, type, min, max, def)
#include "core/ops.def"
#undef OP
#undef OP_ARG

const struct op_info op_infos[NR_OPS] = {
#define OP(number, text, chance, form, about)                                                                          \
	[OP_ROW_##text].id = (number), [OP_ROW_##text].name = #text, [OP_ROW_##text].syntax = (form),                  \
	[OP_ROW_##text].help = (about), [OP_ROW_##text].weight = (chance),                                             \
	[OP_ROW_##text].nr_args = sizeof(struct args_of_##text),
#define OP_ARG(op, text, kind, low, high, def)                                                                         \
	[OP_ROW_##op].arg[offsetof(struct args_of_##op, text)] = {#text, ARG_##kind, low, high, def},
#include "core/ops.def"
#undef OP
#undef OP_ARG
};
const u32 nr_op_infos = NR_OPS;

const struct op_info *op_info_by_id(u32 id)
{
	/* Row of each id, from 1; 0: none. */
	static const u8 rows[64] = {
#define OP(id, name, weight, syntax, help) [id] = OP_ROW_##name + 1,
#define OP_ARG(op, name, type, min, max, def)
#include "core/ops.def"
#undef OP
#undef OP_ARG
	};

	return id < ARRAY_SIZE(rows) && rows[id] ? &op_infos[rows[id] - 1] : NULL;
}

const struct op_info *op_info_by_name(const char *name)
{
	for (u32 i = 0; i < NR_OPS; i++)
		if (strcmp(op_infos[i].name, name) == 0)
			return &op_infos[i];
	return NULL;
}

const char *op_enum_text(enum op_arg_type type, u32 value)
{
	static const struct {
		enum op_arg_type type;
		u32 value;
		const char *text;
	} rows[] = {
#define ENUM(type, id, value, text) {ARG_##type, value, text},
#include "core/enums.def"
#undef ENUM
	};

	for (u32 i = 0; i < ARRAY_SIZE(rows); i++)
		if (rows[i].type == type && rows[i].value == value)
			return rows[i].text;
	return NULL;
}
