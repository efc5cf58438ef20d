/* SPDX-License-Identifier: MIT */
#include "stress/machine.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MIX_THREADS 4
#define MIX_BLOCKS 8
#define HOT_BLOCKS 16 /* at most: each takes its time at boot */
#define BLOCKS_MAX 8192
#define CPUS_MIN 2
#define CPUS_MAX 8

static const struct {
	const char *name;
	u64 block_bytes;
} geometries[] = {
#define GEOMETRY(id, text, page_shift, pageblock, max_order, sub, section, block, costly, batch, memmap)               \
	{text, ((u64)(section) * (block)) << ((page_shift) + (pageblock))},
#include "core/geometries.def"
#undef GEOMETRY
};

int machine_geometry(const char *name, u32 *geometry)
{
	for (u32 i = 0; i < NR_GEOMETRIES; i++) {
		if (!strcmp(name, geometries[i].name)) {
			*geometry = i;
			return 0;
		}
	}
	return -EINVAL;
}

u32 machine_threads(const struct options *o)
{
	return o->threads ? o->threads : MIX_THREADS;
}

/* "1TiB" as blocks of @geometry. */
static int blocks_of(const char *text, u32 geometry, u32 *blocks, char *message, size_t size)
{
	static const char *const units[] = {"KiB", "MiB", "GiB", "TiB"};
	u64 block = geometries[geometry].block_bytes, bytes = 0;
	char *end;
	u64 number = strtoull(text, &end, 10);

	for (u32 i = 0; i < ARRAY_SIZE(units); i++) {
		if (!strcmp(end, units[i]) && number < 1UL << 20)
			bytes = number << (10 * (i + 1));
	}
	*blocks = (u32)min(bytes / block, (u64)BLOCKS_MAX + 1);
	if (text[0] >= '0' && text[0] <= '9' && *blocks >= 2 && *blocks <= BLOCKS_MAX && bytes % block == 0)
		return 0;
	snprintf(message, size,
		 "--memory %s: expected from 2 to %d blocks of %" PRIu64
		 " KiB (geometry %s), as a number and KiB, MiB, GiB or TiB",
		 text, BLOCKS_MAX, block >> 10, geometries[geometry].name);
	return -EINVAL;
}

/*
 * Early memory, then what was hot-added: a quarter of it for the kernel, half of it movable, and the rest not there
 * yet.
 */
static int default_machine(const struct options *o, const struct mix *mix, char *text, size_t text_size, char *message,
			   size_t size)
{
	u32 geometry = o->memory ? GEOMETRY_x86_64 : GEOMETRY_tiny, blocks = MIX_BLOCKS, hot, early;
	u32 cpus = o->threads ? min(o->threads, (u32)CPUS_MAX) : CPUS_MIN;

	cpus = max(cpus, (u32)CPUS_MIN);
	cpus = max(cpus, mix_cpus(mix));
	if (o->geometry && machine_geometry(o->geometry, &geometry)) {
		snprintf(message, size, "--geometry %s: expected tiny, small or x86-64", o->geometry);
		return -EINVAL;
	}
	if (o->memory && blocks_of(o->memory, geometry, &blocks, message, size))
		return -EINVAL;
	hot = min(blocks / 2, (u32)HOT_BLOCKS);
	early = blocks - hot;
	if (hot < 4)
		snprintf(text, text_size, "geometry=%s cpus=%u nodes=%u blocks=%u online=0-%u",
			 geometries[geometry].name, cpus, mix_nodes(mix), blocks, early - 1);
	else
		snprintf(text, text_size,
			 "geometry=%s cpus=%u nodes=%u blocks=%u online=0-%u normal=%u-%u movable=%u-%u",
			 geometries[geometry].name, cpus, mix_nodes(mix), blocks, early - 1, early, early + hot / 4 - 1,
			 early + hot / 4, early + hot / 4 + hot / 2 - 1);
	return 0;
}

static int machine_text(const struct options *o, const struct mix *mix, char *text, size_t text_size, char *message,
			size_t size)
{
	if (!o->machine)
		return default_machine(o, mix, text, text_size, message, size);
	snprintf(message, size, "--machine says that itself: blocks= is its memory");
	if (o->memory)
		return -EINVAL;
	snprintf(message, size, "--machine: too long");
	return (size_t)snprintf(text, text_size, "%s", o->machine) < text_size ? 0 : -EINVAL;
}

int machine_prepare(const struct options *o, const struct mix *mix, struct scenario *s, char *message, size_t size)
{
	struct text_error error;
	char machine[384], text[512];
	u32 threads = machine_threads(o) - mix_readers(mix, machine_threads(o));
	const char *missing;

	if (machine_text(o, mix, machine, sizeof(machine), message, size))
		return -EINVAL;
	snprintf(text, sizeof(text), "pfnstorm 1\nname mix %.70s\nmachine %s\ntask t0 on cpu0\n", o->mix, machine);
	if (scenario_parse(text, strlen(text), s, &error)) {
		snprintf(message, size, "--machine: %s", error.message);
		return -EINVAL;
	}
	missing = mix_fit(mix, &s->machine);
	if (missing) {
		snprintf(message, size, "--mix: %s", missing);
		return -EINVAL;
	}
	s->nr_tasks = min(threads, (u32)SCENARIO_TASKS);
	for (u32 i = 0; i < s->nr_tasks; i++) {
		snprintf(s->task[i].name, sizeof(s->task[i].name), "t%u", i);
		s->task[i].cpu = i % s->machine.cpus;
	}
	return 0;
}
