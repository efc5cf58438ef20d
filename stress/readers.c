/* SPDX-License-Identifier: MIT */
#include "stress/readers.h"

#include <stdio.h>

#include "core/rt/random.h"

#define TEXT_MAX 16384

/* Of a block, below its folder. Files of /proc are left to operation `scan`: here they are views without locks. */
static const char *const block_files[] = {
	"state", "online", "removable", "phys_index", "phys_device", "valid_zones", "uevent",
};

static const char *const node_files[] = {"meminfo", "vmstat", "distance"};

static const char *const machine_files[] = {
	"/sys/devices/system/memory/block_size_bytes",
	"/sys/devices/system/memory/auto_online_blocks",
	"/sys/devices/system/node/online",
	"/sys/devices/system/node/has_memory",
};

static void read_file(const char *path, u64 *read, u64 *failed)
{
	char text[TEXT_MAX];

	__atomic_store_n(read, *read + 1, __ATOMIC_RELAXED);
	if (core_file_read(path, text, sizeof(text)) < 0)
		__atomic_store_n(failed, *failed + 1, __ATOMIC_RELAXED);
}

void readers_main(const struct machine_config *machine, u32 number, bool (*stopping)(void), u64 *read, u64 *failed)
{
	struct rt_random random;
	char path[128];

	rt_random_seed(&random, number);
	for (u32 at = number; !stopping(); at++) {
		u32 block = rt_random_below(&random, machine->blocks), node = rt_random_below(&random, machine->nodes);

		for (size_t i = 0; i < ARRAY_SIZE(block_files) && !stopping(); i++) {
			snprintf(path, sizeof(path), "memory%u/%s", block, block_files[i]);
			read_file(path, read, failed);
		}
		snprintf(path, sizeof(path), "/sys/devices/system/node/node%u/%s", node,
			 node_files[at % ARRAY_SIZE(node_files)]);
		read_file(path, read, failed);
		read_file(machine_files[at % ARRAY_SIZE(machine_files)], read, failed);
	}
}
