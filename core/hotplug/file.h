/* SPDX-License-Identifier: MIT */
/*
 * Files below /sys and /proc: text in, text out (fs/kernfs/file.c, fs/sysfs/file.c, 6.1).
 *
 * A folder is a table of files; core_file_open(), core_file_read() and core_file_write() of core.h look paths up in
 * them.
 */
#ifndef PFNSTORM_HOTPLUG_FILE_H
#define PFNSTORM_HOTPLUG_FILE_H

#include "core/core.h"

/* What one read or write can hold: PAGE_SIZE. */
#define FILE_TEXT_MAX 4096

/* @id: number of the block or node whose folder it is, else 0. */
struct file {
	const char *name;
	/* Text and newline into @buf of FILE_TEXT_MAX bytes; its length, or -errno. NULL: not to be read, -EACCES. */
	s64 (*show)(u64 id, char *buf);
	/* What was written, NUL-terminated: 0 or -errno. NULL: not to be written, -EACCES. */
	s64 (*store)(u64 id, const char *text);
};

/* Each ends with a NULL name. */
extern const struct file block_files[];        /* /sys/devices/system/memory/memoryN */
extern const struct file memory_files[];       /* /sys/devices/system/memory */
extern const struct file node_files[];         /* /sys/devices/system/node */
extern const struct file nodes_files[];        /* /sys/devices/system/node/nodeN */
extern const struct file sysctl_files[];       /* /proc/sys/vm */
extern const struct file parameter_files[];    /* /sys/module/memory_hotplug/parameters */
extern const struct file inject_files[];       /* /sys/kernel/debug/notifier-error-inject/memory/actions */
extern const struct file hugetlb_files[];      /* /sys/kernel/mm/hugepages/hugepages-…kB */
extern const struct file node_hugetlb_files[]; /* the same below a node's folder */
extern const struct file hwpoison_files[];     /* /sys/kernel/debug/hwpoison */

/* nr_hugepages and nr_overcommit_hugepages of /proc/sys/vm, as struct file has them. */
s64 sysctl_nr_hugepages_show(u64 id, char *buf);
s64 sysctl_nr_hugepages_store(u64 id, const char *text);
s64 sysctl_nr_overcommit_hugepages_show(u64 id, char *buf);
s64 sysctl_nr_overcommit_hugepages_store(u64 id, const char *text);
/* What of a path is behind the folder of the machine's huge pages, "hugepages/hugepages-2048kB/"; NULL: another one. */
const char *in_hugetlb_folder(const char *text);

/* @text, if module hwpoison-inject is there; else NULL. */
const char *in_hwpoison_folder(const char *text);

/* snprintf() into a file's text. */
s64 __attribute__((format(printf, 2, 3))) file_emit(char *buf, const char *fmt, ...);

#endif
