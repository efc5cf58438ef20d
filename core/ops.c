/* SPDX-License-Identifier: MIT */
/* Runs operations, and counts how they ended. */
#include "core/core.h"

#include "core/check/laws.h"
#include "core/check/reference.h"
#include "core/hotplug/device_memory.h"
#include "core/hotplug/ops_hotplug.h"
#include "core/mm/ops_mm.h"
#include "core/range/ops_contig.h"
#include "core/range/ops_range.h"
#include "core/rt/point.h"
#include "core/rt/task.h"

#define OP_IDS 64

static s64 (*const op_functions[OP_IDS])(const struct op *op) = {
#define OP(id, name, weight, syntax, help) [id] = op_##name,
#define OP_ARG(op, name, type, min, max, def)
#include "core/ops.def"
#undef OP
#undef OP_ARG
};

/* Not part of the machine: what a campaign counts survives resets. Threads count at the same time. */
static struct op_stats op_stats[OP_IDS];

static void count_errno(struct op_stats *stats, int err)
{
	for (u32 i = 0; i < OP_STATS_ERRNOS; i++) {
		int found = 0;

		if (__atomic_compare_exchange_n(&stats->errnos[i].err, &found, err, false, __ATOMIC_RELAXED,
						__ATOMIC_RELAXED) ||
		    found == err) {
			__atomic_fetch_add(&stats->errnos[i].count, 1, __ATOMIC_RELAXED);
			return;
		}
	}
}

static void count_result(struct op_stats *stats, s64 result)
{
	if (result < 0)
		count_errno(stats, (int)-result);
	else
		__atomic_fetch_add(&stats->successes, 1, __ATOMIC_RELAXED);
}

s64 core_run_op(const struct op *op)
{
	s64 result;

	BUG_ON(op->id >= OP_IDS || !op_functions[op->id]);
	__atomic_fetch_add(&op_stats[op->id].attempts, 1, __ATOMIC_RELAXED);
	laws_op_begin();
	point(op, begin, op->id);
	reference_op_begin(op);
	result = op_functions[op->id](op);
	reference_op_end(op, result);
	point(op, end, result);
	laws_op_end();
	/* Back in user mode: a signal ends at most one system call. */
	if (current)
		rt_clear_signals();
	count_result(&op_stats[op->id], result);
	return result;
}

const struct op_stats *core_op_stats(u32 op_id)
{
	return op_id < OP_IDS ? &op_stats[op_id] : NULL;
}

void core_op_stats_reset(void)
{
	for (u32 id = 0; id < OP_IDS; id++)
		op_stats[id] = (struct op_stats){0};
}
