/* SPDX-License-Identifier: MIT */
#include "core/mm/ops_mm.h"

#include "core/mm/anon.h"
#include "core/mm/geometry.h"
#include "core/rt/rcu.h"

s64 op_alloc(const struct op *op)
{
	u32 mt = (u32)op->arg[0], order = (u32)op->arg[1], count = (u32)op->arg[2], slot = (u32)op->arg[3];

	if (order > geometry.max_order)
		return -ENOMEM;
	return anon_alloc(anon_area(slot), order, count, mt);
}

s64 op_free(const struct op *op)
{
	return anon_free(anon_area((u32)op->arg[0]));
}

s64 op_pin(const struct op *op)
{
	return anon_pin(anon_area((u32)op->arg[0]));
}

s64 op_unpin(const struct op *op)
{
	return anon_unpin(anon_area((u32)op->arg[0]));
}

s64 op_verify(const struct op *op)
{
	return anon_verify(anon_area((u32)op->arg[0]));
}

s64 op_synchronize(const struct op *op)
{
	(void)op;
	synchronize_rcu();
	return 0;
}
