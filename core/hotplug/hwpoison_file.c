/* SPDX-License-Identifier: MIT */
/* Files of module hwpoison-inject, /sys/kernel/debug/hwpoison (mm/hwpoison-inject.c, 6.1). Its filters are absent. */
#include <string.h>

#include "core/hotplug/file.h"
#include "core/hotplug/hotplug_state.h"
#include "core/hotplug/kstrtox.h"
#include "core/hotplug/memory_failure.h"
#include "core/mm/section.h"

/* (hwpoison_inject(), 6.1) */
static s64 corrupt_pfn_store(u64 id, const char *text)
{
	u64 pfn;
	int ret = kstrtoull(text, 0, &pfn);

	(void)id;
	if (ret)
		return ret;
	return pfn_valid(pfn) ? memory_failure(pfn, MF_SW_SIMULATED) : -ENXIO;
}

static s64 unpoison_pfn_store(u64 id, const char *text)
{
	u64 pfn;
	int ret = kstrtoull(text, 0, &pfn);

	(void)id;
	return ret ? ret : unpoison_memory(pfn);
}

const struct file hwpoison_files[] = {
	{"corrupt-pfn", NULL, corrupt_pfn_store},
	{"unpoison-pfn", NULL, unpoison_pfn_store},
	{NULL, NULL, NULL},
};

const char *in_hwpoison_folder(const char *text)
{
	return READ_ONCE(machine.hotplug->hwpoison_inject) ? text : NULL;
}

int core_load_module(const char *name)
{
	if (strcmp(name, "hwpoison-inject") != 0)
		return -ENOENT;
	WRITE_ONCE(machine.hotplug->hwpoison_inject, 1);
	return 0;
}
