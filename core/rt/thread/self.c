/* SPDX-License-Identifier: MIT */
#include "core/rt/thread/self.h"

#include <stdio.h>
#include <string.h>

#include "core/rt/cpu.h"
#include "core/rt/thread/runtime.h"

struct task_struct *selves[SELVES_MAX];
u32 machine_teardown;

struct word_lock selves_guard;
u64 retired_points;
u64 perturb_base;
static __thread struct task_struct *this_thread;
static struct task_struct boot_self = {.kind = SELF_BOOT, .name = "boot"};

struct task_struct *self(void)
{
	if (unlikely(!this_thread))
		this_thread = &boot_self;
	return this_thread;
}

void self_set(struct task_struct *task)
{
	this_thread = task;
}

void self_init(struct task_struct *task, enum self_kind kind, const char *name, u32 cpu)
{
	memset(task, 0, sizeof(*task));
	task->kind = kind;
	task->cpu = cpu;
	task->home = kind == SELF_KTHREAD || kind == SELF_WORKER ? cpu : RT_MAX_CPUS;
	snprintf(task->name, sizeof(task->name), "%s", name);
}

void perturb_seed(u64 seed)
{
	perturb_base = seed;
}

static void ring_start(struct rt_ring *ring, const struct task_struct *task)
{
	__atomic_fetch_add(&retired_points, ring->head, __ATOMIC_RELAXED);
	memcpy(ring->name, task->name, sizeof(ring->name));
	ring->task = task->id;
	ring->cpu = self_cpu(task);
	__atomic_store_n(&ring->head, 0, __ATOMIC_RELAXED);
}

bool self_publish(struct task_struct *task)
{
	struct rt_postmortem *pm = rt_thread_postmortem();
	u32 slot = 0;

	word_lock(&selves_guard);
	while (slot < SELVES_MAX && selves[slot])
		slot++;
	if (slot < SELVES_MAX) {
		selves[slot] = task;
		task->ring = &pm->ring[slot];
		ring_start(task->ring, task);
		rt_random_seed(&task->perturb, perturb_base ^ (u64)slot << 32);
		pm->nr_rings = max(pm->nr_rings, slot + 1);
	}
	word_unlock(&selves_guard);
	return slot < SELVES_MAX;
}

void self_unpublish(struct task_struct *task)
{
	word_lock(&selves_guard);
	for (u32 i = 0; i < SELVES_MAX; i++) {
		if (selves[i] == task)
			selves[i] = NULL;
	}
	word_unlock(&selves_guard);
}

void self_block(struct task_struct *me, enum blocked_on on, const void *what, u64 deadline)
{
	/* Pairs with kthread_idle(), which may see it before the word below. */
	__atomic_store_n(&me->blocked_what, what, __ATOMIC_RELEASE);
	__atomic_store_n(&me->blocked_deadline, deadline, __ATOMIC_RELAXED);
	__atomic_store_n(&me->blocked, (u32)on, __ATOMIC_RELEASE);
}

void self_unblock(struct task_struct *me)
{
	__atomic_store_n(&me->blocked, (u32)RUNNING, __ATOMIC_RELEASE);
	__atomic_store_n(&me->progress, me->progress + 1, __ATOMIC_RELAXED);
}

void self_check_teardown(struct task_struct *me)
{
	if (unlikely(__atomic_load_n(&machine_teardown, __ATOMIC_RELAXED)) && me->kind != SELF_BOOT)
		siglongjmp(me->abandon, 1);
}
