/* SPDX-License-Identifier: MIT */
/*
 * Files of /proc that show all of memory (fs/seq_file.c, mm/vmstat.c, fs/proc/meminfo.c, kernel/resource.c, 6.1).
 *
 * Lines are as the kernel prints them; counters that the machine does not have are left out.
 */
#ifndef PFNSTORM_HOTPLUG_PROC_FILE_H
#define PFNSTORM_HOTPLUG_PROC_FILE_H

#include "core/hotplug/file.h"

/* Text of any length: @count is what there is, of which @size - 1 bytes and a NUL are in @buf. */
struct seq_file {
	char *buf;
	size_t size;
	size_t count;
};

struct proc_file {
	const char *path;
	void (*show)(struct seq_file *m);
};
/* Ends with a NULL path. They can be opened for writing, and written never: -EIO. (proc_reg_write) */
extern const struct proc_file proc_files[];

void __attribute__((format(printf, 2, 3))) seq_printf(struct seq_file *m, const char *fmt, ...);

/* Files of a node that are like them: struct file has them. */
s64 node_meminfo_show(u64 id, char *buf);
s64 node_vmstat_show(u64 id, char *buf);

#endif
