/* SPDX-License-Identifier: MIT */
/* The operations of core/ops.def that hotplug performs; dispatched by core/ops.c. Results: see ops.def and the
 * functions named. */
#ifndef PFNSTORM_HOTPLUG_OPS_HOTPLUG_H
#define PFNSTORM_HOTPLUG_OPS_HOTPLUG_H

#include "core/core.h"

s64 op_add(const struct op *op);     /* add_memory() of one block */
s64 op_online(const struct op *op);  /* state_store() */
s64 op_offline(const struct op *op); /* state_store() */
s64 op_remove(const struct op *op);  /* remove_memory() of one block; -ENODEV if there is no such block */
/* A memory device appears: acpi_memory_device_add(), -EINVAL too in the region of a virtio-mem device. */
s64 op_plug(const struct op *op);
/* The device with that block goes: acpi_memory_device_eject(). */
s64 op_eject(const struct op *op);
s64 op_offline_and_remove(const struct op *op);
/*
 * By its sysfs file, which takes device_hotplug_lock first, or as freeze_secondary_cpus() does, which does not. 0;
 * -EINVAL: no such CPU, or in sysfs: it is so already.
 */
s64 op_cpu_down(const struct op *op);
s64 op_cpu_up(const struct op *op);
/* Of the tunable: 0 or -EINVAL. */
s64 op_sysctl(const struct op *op);
/* Numbers of what was found: scan.h, kcore.h; -ENOENT: there is no such file. */
s64 op_scan(const struct op *op);
/* Length of the text; -ENOENT: no such block when the path is looked up, -ENODEV: it went before the file was read. */
s64 op_show(const struct op *op);
/* 0; errno: memory_failure.h. Pages are counted modulo the block's. */
s64 op_soft_offline(const struct op *op);
s64 op_hard_offline(const struct op *op);
s64 op_unpoison(const struct op *op);
/* The same of a page that is mapped; -EFAULT: it is not, or poisoned already. */
s64 op_madvise(const struct op *op);
s64 op_veto(const struct op *op);
s64 op_signal(const struct op *op); /* -ESRCH: no such task, or it is over */

/* Number of sub-blocks plugged, or what virtio_mem_resize() says. */
s64 op_virtio_resize(const struct op *op);

#endif
