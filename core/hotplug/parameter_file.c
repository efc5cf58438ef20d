/* SPDX-License-Identifier: MIT */
/* Parameters of module memory_hotplug, and errors that tests inject into its notifier chain (6.1). */
#include "core/hotplug/file.h"
#include "core/hotplug/hotplug_state.h"
#include "core/hotplug/kstrtox.h"
#include "core/hotplug/policy.h"

/* ---- /sys/module/memory_hotplug/parameters --------------------------------------------------------------------- */

/* By value of enum online_policy. */
static const char *const policies[] = {"contig-zones", "auto-movable", NULL};

static s64 online_policy_show(u64 id, char *buf)
{
	(void)id;
	return file_emit(buf, "%s\n", policies[READ_ONCE(machine.hotplug->online_policy)]);
}

static s64 online_policy_store(u64 id, const char *text)
{
	int policy = sysfs_match_string(policies, text);

	(void)id;
	if (policy < 0)
		return policy;
	WRITE_ONCE(machine.hotplug->online_policy, (u32)policy);
	return 0;
}

static s64 auto_movable_ratio_show(u64 id, char *buf)
{
	(void)id;
	return file_emit(buf, "%u\n", READ_ONCE(machine.hotplug->auto_movable_ratio));
}

static s64 auto_movable_ratio_store(u64 id, const char *text)
{
	u32 ratio;
	int ret = kstrtouint(text, 0, &ratio);

	(void)id;
	if (!ret)
		WRITE_ONCE(machine.hotplug->auto_movable_ratio, ratio);
	return ret;
}

static s64 auto_movable_numa_aware_show(u64 id, char *buf)
{
	(void)id;
	return file_emit(buf, "%c\n", READ_ONCE(machine.hotplug->auto_movable_numa_aware) ? 'Y' : 'N');
}

static s64 auto_movable_numa_aware_store(u64 id, const char *text)
{
	bool aware;
	int ret = kstrtobool(text, &aware);

	(void)id;
	if (!ret)
		WRITE_ONCE(machine.hotplug->auto_movable_numa_aware, aware);
	return ret;
}

static s64 memmap_on_memory_show(u64 id, char *buf)
{
	(void)id;
	return file_emit(buf, "%c\n", boot_param(memmap_on_memory) ? 'Y' : 'N');
}

const struct file parameter_files[] = {
	{"online_policy", online_policy_show, online_policy_store},
	{"auto_movable_ratio", auto_movable_ratio_show, auto_movable_ratio_store},
	{"auto_movable_numa_aware", auto_movable_numa_aware_show, auto_movable_numa_aware_store},
	{"memmap_on_memory", memmap_on_memory_show, NULL},
	{NULL, NULL, NULL},
};

/* ---- /sys/kernel/debug/notifier-error-inject/memory/actions (lib/notifier-error-inject.c) ---------------------- */

#define MAX_ERRNO 4095

static s64 show_error(u32 event, char *buf)
{
	return file_emit(buf, "%d\n", READ_ONCE(machine.hotplug->inject_error[event]));
}

/* Brought into what an errno can be, not refused. */
static s64 store_error(u32 event, const char *text)
{
	bool negative = *text == '-';
	u64 value;
	int ret = kstrtoull(text + negative, 0, &value);

	if (ret)
		return ret;
	WRITE_ONCE(machine.hotplug->inject_error[event], negative ? -(s32)min(value, (u64)MAX_ERRNO) : 0);
	return 0;
}

static s64 going_online_show(u64 id, char *buf)
{
	(void)id;
	return show_error(0, buf);
}

static s64 going_online_store(u64 id, const char *text)
{
	(void)id;
	return store_error(0, text);
}

static s64 going_offline_show(u64 id, char *buf)
{
	(void)id;
	return show_error(1, buf);
}

static s64 going_offline_store(u64 id, const char *text)
{
	(void)id;
	return store_error(1, text);
}

const struct file inject_files[] = {
	{"MEM_GOING_ONLINE/error", going_online_show, going_online_store},
	{"MEM_GOING_OFFLINE/error", going_offline_show, going_offline_store},
	{NULL, NULL, NULL},
};
