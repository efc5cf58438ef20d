/* SPDX-License-Identifier: MIT */
/*
 * Operations of core/ops.def on page users; core/ops.c dispatches to them. Arguments are in the ranges of the table.
 * Task context (or boot), may sleep; no lock held.
 */
#ifndef PFNSTORM_MM_OPS_MM_H
#define PFNSTORM_MM_OPS_MM_H

#include "core/core.h"

/* Number of allocations made; -ENOMEM, also for an order the machine's geometry does not have. */
s64 op_alloc(const struct op *op);
/* Numbers of entries; errno: anon.h. */
s64 op_free(const struct op *op);
s64 op_pin(const struct op *op);
s64 op_unpin(const struct op *op);
s64 op_verify(const struct op *op);
s64 op_touch(const struct op *op);
s64 op_mlock(const struct op *op);
s64 op_munlock(const struct op *op);
/* Numbers of pages; errno: filemap.h. */
s64 op_read(const struct op *op);
s64 op_write(const struct op *op);
s64 op_writeback(const struct op *op);
/* 0, or -EINVAL if a counter is negative. */
s64 op_stat_refresh(const struct op *op);
/* Number of pages. */
s64 op_reclaim(const struct op *op);
/* 0; -ENXIO: no such CPU, or it is down; -EINVAL: no such order. */
s64 op_interrupt(const struct op *op);
/* 0; -EEXIST, -ENOMEM. The number of a cache says whose it is. */
s64 op_cache_create(const struct op *op);
/* Of the others -ENOENT: there is no such cache. */
s64 op_cache_destroy(const struct op *op);
/* Objects that its slabs have room for. */
s64 op_cache_show(const struct op *op);
s64 op_cache_shrink(const struct op *op);
/* Numbers of objects; -ENOMEM, also for more than a user can remember. */
s64 op_slab_alloc(const struct op *op);
s64 op_slab_free(const struct op *op);
/* 0; errno: hugetlb.h. */
s64 op_hugepages(const struct op *op);
/* Number of huge pages touched; errno: hugetlb.h. */
s64 op_hugetlb(const struct op *op);
/* synchronize_rcu(); 0. */
s64 op_synchronize(const struct op *op);

#endif
