/* SPDX-License-Identifier: MIT */
/* The shared mapping a dead process leaves, and the timeline read out of it. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/rt/thread.h"
#include "core/rt/thread/futex.h"

#define MAGIC 0x706f73746d6f7274UL

static struct rt_postmortem *postmortem;

static int map_fd(int fd)
{
	void *map = mmap(NULL, sizeof(*postmortem), PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_NORESERVE | (fd < 0 ? MAP_ANONYMOUS : 0), fd, 0);

	if (map == MAP_FAILED)
		return -errno;
	if (postmortem)
		munmap(postmortem, sizeof(*postmortem));
	postmortem = map;
	postmortem->magic = MAGIC;
	/* Before the fork: the driver closes the mapping of a child it killed, and must read the clock that the child
	 * did. */
	clock_choose();
	return 0;
}

int rt_thread_record(const char *path)
{
	int fd, ret;

	if (!path)
		return map_fd(-1);
	fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	ret = ftruncate(fd, sizeof(*postmortem)) ? -errno : map_fd(fd);
	close(fd);
	return ret;
}

struct rt_postmortem *rt_thread_postmortem(void)
{
	return postmortem;
}

static void ring_clear(struct rt_ring *ring)
{
	/* What was never written stays a page that is not there. */
	if (!ring->name[0])
		return;
	ring->head = 0;
	memset(ring->age, 0, sizeof(ring->age));
	memset(ring->section, 0, sizeof(ring->section));
}

void rt_thread_postmortem_clear(void)
{
	postmortem->failed = 0;
	postmortem->fail_ns = postmortem->fail_ticks = 0;
	memset(&postmortem->verdict, 0, sizeof(postmortem->verdict));
	postmortem->words[0] = '\0';
	postmortem->fail_ring = 0;
	postmortem->nr_frames = 0;
	postmortem->nr_other_frames = 0;
	postmortem->log_head = 0;
	for (u32 i = 0; i < RT_RINGS; i++)
		ring_clear(&postmortem->ring[i]);
	postmortem->nr_rings = 0;
}

/* Of one ring: where its oldest entry still there is. */
static u64 ring_first(const struct rt_ring *ring)
{
	return ring->head > RT_RING_ENTRIES ? ring->head - RT_RING_ENTRIES : 0;
}

/* Latest entry not yet taken, by position from the end of each ring. */
static const struct rt_flight *latest(const struct rt_postmortem *pm, const u64 *end, u32 *which)
{
	const struct rt_flight *best = NULL;

	for (u32 i = 0; i < pm->nr_rings && i < RT_RINGS; i++) {
		const struct rt_ring *ring = &pm->ring[i];
		const struct rt_flight *entry;

		if (end[i] <= ring_first(ring))
			continue;
		entry = &ring->entry[(end[i] - 1) % RT_RING_ENTRIES];
		if (!best || entry->ns > best->ns) {
			best = entry;
			*which = i;
		}
	}
	return best;
}

void rt_thread_ages(const struct rt_postmortem *pm, u64 age[RT_AGES], u64 section[RT_SECTION_GRACES])
{
	memset(age, 0, RT_AGES * sizeof(age[0]));
	memset(section, 0, RT_SECTION_GRACES * sizeof(section[0]));
	for (u32 i = 0; i < min(pm->nr_rings, (u32)RT_RINGS); i++) {
		for (u32 k = 0; k < RT_AGES; k++)
			age[k] += __atomic_load_n(&pm->ring[i].age[k], __ATOMIC_RELAXED);
		for (u32 k = 0; k < RT_SECTION_GRACES; k++)
			section[k] += __atomic_load_n(&pm->ring[i].section[k], __ATOMIC_RELAXED);
	}
}

void rt_thread_postmortem_close(struct rt_postmortem *pm)
{
	pm->fail_ticks = clock_ticks();
	pm->fail_ns = clock_ns() - pm->start_ns;
}

void rt_thread_beat(void)
{
	__atomic_store_n(&postmortem->beat_ticks, clock_ticks(), __ATOMIC_RELAXED);
	__atomic_store_n(&postmortem->beat_ns, clock_ns() - postmortem->start_ns, __ATOMIC_RELAXED);
}

/* Of a process that left no verdict, in another life of the machine perhaps: its end is its newest point. */
static void end_at_newest(struct rt_postmortem *pm)
{
	u64 newest = pm->start_ticks;

	for (u32 i = 0; i < RT_RINGS && i < pm->nr_rings; i++) {
		const struct rt_ring *ring = &pm->ring[i];

		if (ring->head && !pm->unrecorded)
			newest = max(newest, ring->entry[(ring->head - 1) % RT_RING_ENTRIES].ns);
	}
	pm->fail_ticks = newest;
	pm->fail_ns = newest - pm->start_ticks;
	if (pm->beat_ticks > pm->start_ticks)
		pm->fail_ns =
			(u64)((double)pm->fail_ns * (double)pm->beat_ns / (double)(pm->beat_ticks - pm->start_ticks));
}

int rt_thread_postmortem_open(const char *path, struct rt_postmortem **pm)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), ret;
	struct stat st;
	void *map;

	if (fd < 0)
		return -errno;
	ret = fstat(fd, &st) ? -errno : st.st_size != sizeof(**pm) ? -EINVAL : 0;
	map = ret ? MAP_FAILED : mmap(NULL, sizeof(**pm), PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	if (!ret && map == MAP_FAILED)
		ret = -errno;
	close(fd);
	if (ret)
		return ret;
	*pm = map;
	if ((*pm)->magic != MAGIC) {
		munmap(map, sizeof(**pm));
		return -EINVAL;
	}
	if (!(*pm)->failed)
		end_at_newest(*pm);
	return 0;
}

/* Ticks of the mapping in nanoseconds since boot. */
static u64 ticks_to_ns(const struct rt_postmortem *pm, u64 ticks)
{
	double span = (double)(pm->fail_ticks - pm->start_ticks);

	return ticks > pm->start_ticks ? (u64)((double)(ticks - pm->start_ticks) / span * (double)pm->fail_ns) : 0;
}

size_t rt_thread_timeline(const struct rt_postmortem *pm, struct rt_flight *out, size_t max)
{
	u64 end[RT_RINGS];
	size_t count = 0;
	const struct rt_flight *entry;
	u32 which = 0;

	for (u32 i = 0; i < RT_RINGS; i++)
		end[i] = pm->unrecorded ? 0 : pm->ring[i].head;
	while (count < max && (entry = latest(pm, end, &which))) {
		struct rt_flight *to;

		end[which]--;
		if (entry->ns > pm->fail_ticks)
			continue;
		to = &out[max - ++count];
		*to = *entry;
		to->ns = ticks_to_ns(pm, entry->ns);
	}
	memmove(out, out + (max - count), count * sizeof(*out));
	return count;
}
