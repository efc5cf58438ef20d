/* SPDX-License-Identifier: MIT */
/* The files of a memory block, /sys/devices/system/memory/memoryN (drivers/base/memory.c, core.c, 6.1). */
#include <string.h>

#include "core/hotplug/file.h"
#include "core/hotplug/kstrtox.h"
#include "core/hotplug/memory_hotplug.h"
#include "core/hotplug/policy.h"
#include "core/hotplug/uevent.h"
#include "core/rt/point.h"

/* ---- what is read ---------------------------------------------------------------------------------------------- */

/* Reads under the file's active reference, which keeps the block. */
static s64 read_block(u64 id, char *buf, s64 (*show)(struct memory_block *mem, char *buf))
{
	struct memory_block *mem = block_file_open(id);
	s64 ret;

	if (!mem)
		return -ENODEV;
	point(state, read, id);
	ret = show(mem, buf);
	block_file_close(mem);
	return ret;
}

static s64 state_text(struct memory_block *mem, char *buf)
{
	return file_emit(buf, "%s\n", state_show(mem));
}

/* Waits for whoever changes the state of the block: unlike `state`. */
static s64 online_text(struct memory_block *mem, char *buf)
{
	bool online;

	mutex_lock(&mem->device_lock);
	online = !mem->offline;
	mutex_unlock(&mem->device_lock);
	return file_emit(buf, "%d\n", online);
}

static s64 phys_index_text(struct memory_block *mem, char *buf)
{
	return file_emit(buf, "%08llx\n", (unsigned long long)memory_block_id(mem->start_section_nr));
}

/* Spans and counts of zones may change meanwhile. */
static const struct zone *zone_hint(enum mmop online_type, const struct memory_block *mem)
{
	return data_race(zone_for_pfn_range(online_type, (u32)mem->nid, mem->group,
					    section_nr_to_pfn(mem->start_section_nr), geometry.pages_per_block),
			 "a hint for people, without a lock in 6.1 too");
}

/* Of an offline block: where it may go, the zone of a plain "online" first. */
static s64 valid_zones_text(struct memory_block *mem, char *buf)
{
	static const enum mmop others[] = {MMOP_ONLINE_KERNEL, MMOP_ONLINE_MOVABLE};
	const struct zone *zone = READ_ONCE(mem->zone), *first;
	s64 len;

	if (READ_ONCE(mem->state) == BLOCK_ONLINE)
		return file_emit(buf, "%s\n", zone ? zone_type_name(zone->idx) : "none");
	first = zone_hint(MMOP_ONLINE, mem);
	len = file_emit(buf, "%s", zone_type_name(first->idx));
	for (u32 i = 0; i < ARRAY_SIZE(others); i++) {
		zone = zone_hint(others[i], mem);
		if (zone != first)
			len += file_emit(buf + len, " %s", zone_type_name(zone->idx));
	}
	return len + file_emit(buf + len, "\n");
}

static s64 state_file_show(u64 id, char *buf)
{
	return read_block(id, buf, state_text);
}

static s64 online_file_show(u64 id, char *buf)
{
	return read_block(id, buf, online_text);
}

static s64 phys_index_show(u64 id, char *buf)
{
	return read_block(id, buf, phys_index_text);
}

static s64 valid_zones_show(u64 id, char *buf)
{
	return read_block(id, buf, valid_zones_text);
}

/* Whether memory can be removed at all, which is all that it still says. */
static s64 removable_show(u64 id, char *buf)
{
	(void)id;
	return file_emit(buf, "1\n");
}

static s64 phys_device_show(u64 id, char *buf)
{
	(void)id;
	return file_emit(buf, "0\n");
}

static s64 uevent_show(u64 id, char *buf)
{
	(void)id;
	return file_emit(buf, "%s", "");
}

/* By value of memory_block->power_on. */
static const char *const power_controls[] = {"auto", "on", NULL};

static s64 power_control_text(struct memory_block *mem, char *buf)
{
	return file_emit(buf, "%s\n", power_controls[READ_ONCE(mem->power_on)]);
}

static s64 power_control_show(u64 id, char *buf)
{
	return read_block(id, buf, power_control_text);
}

/* ---- what is written ------------------------------------------------------------------------------------------- */

static s64 state_file_store(u64 id, const char *text)
{
	int type = mhp_online_type_from_str(text);

	return type < 0 ? type : state_store(id, (enum mmop)type);
}

static s64 online_file_store(u64 id, const char *text)
{
	bool online;
	int ret = kstrtobool(text, &online);

	return ret ? ret : online_store(id, online);
}

/* Sends the event that the word names. (kobject_synth_uevent, 6.1, without arguments) */
static s64 uevent_store(u64 id, const char *text)
{
	/* By value of enum uevent_action. */
	static const char *const actions[] = {"add",  "remove", "online", "offline", "change",
					      "move", "bind",   "unbind", NULL};
	int action = sysfs_match_string(actions, text);

	if (action < 0)
		return action;
	uevent((enum uevent_action)action, DEVICE_MEMORY, id);
	return 0;
}

/* (control_store, drivers/base/power/sysfs.c) */
static s64 power_control_store(u64 id, const char *text)
{
	int power_on = sysfs_match_string(power_controls, text);
	struct memory_block *mem;

	if (power_on < 0)
		return power_on;
	mem = block_file_open(id);
	if (!mem)
		return -ENODEV;
	WRITE_ONCE(mem->power_on, (u32)power_on);
	block_file_close(mem);
	return 0;
}

const struct file block_files[] = {
	{"state", state_file_show, state_file_store},
	{"online", online_file_show, online_file_store},
	{"removable", removable_show, NULL},
	{"phys_index", phys_index_show, NULL},
	{"phys_device", phys_device_show, NULL},
	{"valid_zones", valid_zones_show, NULL},
	{"uevent", uevent_show, uevent_store},
	{"power/control", power_control_show, power_control_store},
	{NULL, NULL, NULL},
};
