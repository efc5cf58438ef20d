/* SPDX-License-Identifier: MIT */
/* Files of /proc/sys/vm (kernel/sysctl.c, mm/page_alloc.c, 6.1). */
#include "core/hotplug/file.h"
#include "core/hotplug/kstrtox.h"
#include "core/mm/machine.h"

static s64 min_free_kbytes_show(u64 id, char *buf)
{
	(void)id;
	return file_emit(buf, "%u\n", READ_ONCE(machine.vm.min_free_kbytes));
}

static s64 min_free_kbytes_store(u64 id, const char *text)
{
	u32 value;
	int ret = kstrtouint(text, &value);

	(void)id;
	return ret ? -EINVAL : min_free_kbytes_set(value);
}

const struct file sysctl_files[] = {
	{"min_free_kbytes", min_free_kbytes_show, min_free_kbytes_store},
	{NULL, NULL, NULL},
};
