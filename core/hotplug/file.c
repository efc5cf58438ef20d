/* SPDX-License-Identifier: MIT */
#include "core/hotplug/file.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/hotplug/hotplug_state.h"
#include "core/hotplug/memory_block.h"
#include "core/hotplug/proc_file.h"
#include "core/mm/machine.h"
#include "core/rt/task.h"

#define MEMORY_FOLDER "/sys/devices/system/memory/"
#define NODE_FOLDER "/sys/devices/system/node/"

s64 file_emit(char *buf, const char *fmt, ...)
{
	va_list args;
	s64 len;

	va_start(args, fmt);
	len = vsnprintf(buf, FILE_TEXT_MAX, fmt, args);
	va_end(args);
	return min(len, (s64)FILE_TEXT_MAX - 1);
}

/* ---- paths ----------------------------------------------------------------------------------------------------- */

static bool block_exists(u64 id)
{
	bool exists;

	/* The directory as of now: the block may go right after, and then the operation says so. */
	spin_lock(&machine.kernfs_lock);
	exists = id < machine_config.blocks && machine.blocks[id];
	spin_unlock(&machine.kernfs_lock);
	return exists;
}

static bool node_exists(u64 id)
{
	return id < machine_config.nodes && node_state((u32)id, N_ONLINE);
}

/*
 * @prefix: of the folders' names, which end with a number, where @exists is given. @enter: a folder in it, whose name
 * or existence the machine decides.
 */
static const struct folder {
	const char *path, *prefix;
	bool (*exists)(u64 id);
	const struct file *files;
	const char *(*enter)(const char *text);
} folders[] = {
	{MEMORY_FOLDER, "memory", block_exists, block_files, NULL},
	{MEMORY_FOLDER, "", NULL, memory_files, NULL},
	{NODE_FOLDER, "", NULL, node_files, NULL},
	{NODE_FOLDER, "node", node_exists, nodes_files, NULL},
	{NODE_FOLDER, "node", node_exists, node_hugetlb_files, in_hugetlb_folder},
	{"/sys/kernel/mm/", "", NULL, hugetlb_files, in_hugetlb_folder},
	{"/proc/sys/vm/", "", NULL, sysctl_files, NULL},
	{"/sys/module/memory_hotplug/parameters/", "", NULL, parameter_files, NULL},
	{"/sys/kernel/debug/notifier-error-inject/memory/actions/", "", NULL, inject_files, NULL},
	{"/sys/kernel/debug/hwpoison/", "", NULL, hwpoison_files, in_hwpoison_folder},
};

/* "32/state": the number, and the text moved behind the slash. No leading zeros, as in a name. */
static bool take_number(const char **text, u64 *id)
{
	const char *s = *text;

	for (*id = 0; *s >= '0' && *s <= '9' && s - *text < 9; s++)
		*id = *id * 10 + (u64)(*s - '0');
	if (s == *text || *s != '/' || (**text == '0' && s - *text > 1))
		return false;
	*text = s + 1;
	return true;
}

static const struct file *file_in(const struct file *files, const char *name)
{
	for (; files->name; files++)
		if (strcmp(files->name, name) == 0)
			return files;
	return NULL;
}

/* What of @path is behind @folder; NULL: it is not in there. */
static const char *path_in(const struct folder *folder, const char *path, u64 *id)
{
	if (*path == '/') {
		if (strncmp(path, folder->path, strlen(folder->path)) != 0)
			return NULL;
		path += strlen(folder->path);
	} else if (strcmp(folder->path, MEMORY_FOLDER) != 0) {
		return NULL;
	}
	if (strncmp(path, folder->prefix, strlen(folder->prefix)) != 0)
		return NULL;
	path += strlen(folder->prefix);
	*id = 0;
	if (folder->exists && (!take_number(&path, id) || !folder->exists(*id)))
		return NULL;
	return folder->enter ? folder->enter(path) : path;
}

/* NULL: there is no such file. */
static const struct file *file_at(const char *path, u64 *id)
{
	for (u32 i = 0; i < ARRAY_SIZE(folders); i++) {
		const char *name = path_in(&folders[i], path, id);
		const struct file *file = name ? file_in(folders[i].files, name) : NULL;

		if (file)
			return file;
	}
	return NULL;
}

static int file_open(const char *path, bool write, const struct file **file, u64 *id)
{
	*file = file_at(path, id);
	if (!*file)
		return -ENOENT;
	if (write ? !(*file)->store : !(*file)->show)
		return -EACCES;
	return 0;
}

/* ---- for core.h ------------------------------------------------------------------------------------------------ */

static const struct proc_file *proc_file_at(const char *path)
{
	for (const struct proc_file *file = proc_files; file->path; file++)
		if (strcmp(file->path, path) == 0)
			return file;
	return NULL;
}

int core_file_open(const char *path, bool write)
{
	const struct file *file;
	u64 id;

	if (proc_file_at(path))
		return 0;
	return file_open(path, write, &file, &id);
}

s64 core_file_read(const char *path, char *buf, size_t size)
{
	const struct proc_file *proc = proc_file_at(path);
	struct seq_file m = {.buf = buf, .size = size};
	char text[FILE_TEXT_MAX];
	const struct file *file;
	s64 ret;
	u64 id;

	if (proc && size) {
		proc->show(&m);
		return (s64)m.count;
	}
	ret = file_open(path, false, &file, &id);
	if (ret)
		return ret;
	ret = file->show(id, text);
	if (ret < 0)
		return ret;
	snprintf(buf, size, "%s", text);
	return ret;
}

s64 core_file_write(const char *path, const char *data, size_t len)
{
	char text[FILE_TEXT_MAX];
	const struct file *file;
	s64 ret;
	u64 id;

	if (proc_file_at(path))
		return -EIO;
	ret = file_open(path, true, &file, &id);
	/* An empty write never gets to the file. */
	if (ret || !len)
		return ret;
	len = min(len, sizeof(text) - 1);
	snprintf(text, sizeof(text), "%.*s", (int)len, data);
	ret = file->store(id, text);
	/* Back in user mode: a signal ends at most one system call. */
	if (current)
		rt_clear_signals();
	return ret < 0 ? ret : (s64)len;
}

void core_set_write_patience(u64 ns)
{
	WRITE_ONCE(machine.hotplug->write_patience_ns, ns);
}
