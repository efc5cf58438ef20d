/* SPDX-License-Identifier: MIT */
#include "core/rt/thread/watchdog.h"

#include <stdio.h>
#include <string.h>

#include "core/rt/rcu.h"
#include "core/rt/run.h"
#include "core/rt/thread/runtime.h"
#include "core/rt/thread/task.h"
#include "core/rt/wait.h"

#define SCAN_NS 50000000UL
#define PATIENCE_NS 5000000000UL
#define RESTLESS 4  /* patiences */
#define LOOKS_MIN 8 /* so many waits have ended meanwhile */

/* What was seen of a thread in one pass. A cycle is believed when two passes saw the same. */
struct sight {
	const struct task_struct *task;
	u64 progress, news;
	u32 blocked;
	const void *what;
};

static struct sight sights[SELVES_MAX], before[SELVES_MAX];
static u64 patience_ns = PATIENCE_NS;
static u32 stop; /* futex */
static pthread_t thread;
static u64 progress_seen, progress_ns;

/* Since somebody got somewhere. */
static struct {
	u64 ns;
	u64 progress[SELVES_MAX]; /* as of then */
	u32 looks;                /* waits that ended since */
	bool task_looks;          /* of a task's, not only of daemons' */
} restless;

void rt_thread_patience(u64 ns)
{
	__atomic_store_n(&patience_ns, ns, __ATOMIC_RELAXED);
}

static void look(void)
{
	for (u32 i = 0; i < SELVES_MAX; i++) {
		const struct task_struct *task = selves[i];
		struct sight *sight = &sights[i];

		memset(sight, 0, sizeof(*sight));
		if (!task || task->kind == SELF_BOOT || __atomic_load_n(&task->exited, __ATOMIC_ACQUIRE))
			continue;
		sight->task = task;
		sight->blocked = __atomic_load_n(&task->blocked, __ATOMIC_ACQUIRE);
		sight->what = __atomic_load_n(&task->blocked_what, __ATOMIC_RELAXED);
		sight->progress = __atomic_load_n(&task->progress, __ATOMIC_RELAXED);
		sight->news = __atomic_load_n(&task->news, __ATOMIC_RELAXED);
	}
}

static bool holds(const struct task_struct *task, const void *lock)
{
	u32 count = min(__atomic_load_n(&task->nr_held, __ATOMIC_ACQUIRE), (u32)HELD_MAX);

	for (u32 i = 0; i < count; i++) {
		if (__atomic_load_n(&task->held[i].lock, __ATOMIC_RELAXED) == lock)
			return true;
	}
	return false;
}

/* Can @a not go on before @b does? */
static bool waits_for(const struct sight *a, const struct sight *b)
{
	const struct rt_lock *draining;

	switch (a->blocked) {
	case ON_LOCK:
		/* A reader waits for writers that wait, too. */
		return holds(b->task, a->what) || (b->blocked == ON_LOCK_WRITE && b->what == a->what);
	case ON_LOCK_WRITE:
		return holds(b->task, a->what);
	case ON_WAIT:
		draining = __atomic_load_n(&a->task->draining, __ATOMIC_RELAXED);
		return draining && holds(b->task, draining);
	case ON_TASK:
		return a->what == b->task;
	case ON_GRACE:
		return __atomic_load_n(&b->task->rcu_depth, __ATOMIC_RELAXED) != 0;
	default:
		return false;
	}
}

/* Depth first from @start back to it; path[] holds the indices. Length of the cycle, 0 if there is none. */
static u32 find_cycle(u32 start, u32 at, u32 *path, u32 depth, bool *visited)
{
	path[depth] = at;
	visited[at] = true;
	for (u32 next = 0; next < SELVES_MAX; next++) {
		u32 length;

		if (!sights[next].task || !waits_for(&sights[at], &sights[next]))
			continue;
		if (next == start)
			return depth + 1;
		if (visited[next])
			continue;
		length = find_cycle(start, next, path, depth + 1, visited);
		if (length)
			return length;
	}
	return 0;
}

static bool unchanged(u32 i)
{
	return sights[i].task == before[i].task && sights[i].progress == before[i].progress &&
	       sights[i].blocked == before[i].blocked && sights[i].what == before[i].what;
}

/*
 * Is it still as it was seen? Asked after the locks it holds were looked at: those are read as they are now, and a task
 * that was seen to wait may have got what it waited for since, and hold it.
 */
static bool still_so(u32 i)
{
	const struct sight *sight = &sights[i];

	return __atomic_load_n(&sight->task->blocked, __ATOMIC_ACQUIRE) == sight->blocked &&
	       __atomic_load_n(&sight->task->blocked_what, __ATOMIC_RELAXED) == sight->what &&
	       __atomic_load_n(&sight->task->progress, __ATOMIC_RELAXED) == sight->progress;
}

static const char *waited_text(const struct sight *sight)
{
	switch (sight->blocked) {
	case ON_LOCK:
	case ON_LOCK_WRITE:
	case ON_LOCK_SIGNAL:
		return lock_class_name(((const struct rt_lock *)sight->what)->class);
	case ON_WAIT:
		return lock_class_name(((const wait_queue_head_t *)sight->what)->rt.class);
	case ON_GRACE:
		return "grace period";
	case ON_CALLBACKS:
		return "RCU callbacks";
	case ON_TASK:
		return "end of a thread";
	case ON_WORK:
		return "work item";
	case ON_IPI:
		return "interrupt on another CPU";
	case ON_VCPU:
		return "its CPU";
	case ON_TIME:
		return "time";
	default:
		return "nothing";
	}
}

static void tell(struct rt_verdict *verdict, const struct sight *sight)
{
	size_t used = strlen(verdict->detail);
	const struct task_struct *task = sight->task;

	used += (size_t)snprintf(verdict->detail + used, sizeof(verdict->detail) - used,
				 "%s%s on cpu%u waits for %s since %s (%#lx)", used ? "\n" : "", task->name,
				 self_cpu(task), waited_text(sight), point_name(task->point),
				 (unsigned long)task->point_arg);
	for (u32 i = 0; i < task->nr_held && used < sizeof(verdict->detail); i++)
		used += (size_t)snprintf(verdict->detail + used, sizeof(verdict->detail) - used, "%s%s",
					 i ? ", " : ", holding ", lock_class_name(task->held[i].class));
}

/* Names of what is waited for, or of places, alphabetical and each once, so that it does not depend on who is looked at
 * first. */
static void signature_of(struct rt_verdict *verdict, const char *const *names, u32 count)
{
	const char *last = "";
	size_t used =
		(size_t)snprintf(verdict->signature, sizeof(verdict->signature), "%s {", verdict_name(verdict->kind));
	bool first = true;

	for (;;) {
		const char *next = NULL;

		for (u32 i = 0; i < count; i++) {
			if (strcmp(names[i], last) > 0 && (!next || strcmp(names[i], next) < 0))
				next = names[i];
		}
		if (!next || used >= sizeof(verdict->signature) - 2)
			break;
		used += (size_t)snprintf(verdict->signature + used, sizeof(verdict->signature) - used, "%s%s",
					 first ? "" : ", ", next);
		first = false;
		last = next;
	}
	if (used < sizeof(verdict->signature) - 1)
		snprintf(verdict->signature + used, sizeof(verdict->signature) - used, "}");
}

static void condemn(enum verdict_kind kind, const u32 *who, u32 count)
{
	struct rt_verdict verdict = {.kind = kind, .task = sights[who[0]].task->id};
	const char *names[SELVES_MAX];

	for (u32 i = 0; i < count; i++) {
		const struct sight *sight = &sights[who[i]];

		tell(&verdict, sight);
		names[i] = kind == VERDICT_deadlock ? waited_text(sight) : point_name(sight->task->point);
	}
	signature_of(&verdict, names, count);
	word_unlock(&selves_guard);
	verdict_deliver(&verdict, NULL);
}

static void check_cycles(void)
{
	u32 path[SELVES_MAX], length;

	for (u32 i = 0; i < SELVES_MAX; i++) {
		bool visited[SELVES_MAX] = {false};
		bool believed = true;

		if (!sights[i].task || sights[i].blocked == RUNNING)
			continue;
		length = find_cycle(i, i, path, 0, visited);
		for (u32 k = 0; k < length; k++)
			believed = believed && unchanged(path[k]) && still_so(path[k]);
		if (length && believed)
			condemn(VERDICT_deadlock, path, length);
	}
}

/* All tasks wait without a deadline, and no thread has done anything for the patience. */
static void check_progress(u64 now)
{
	u32 who[SELVES_MAX], count = 0;
	u64 progress = 0;

	for (u32 i = 0; i < SELVES_MAX; i++) {
		const struct sight *sight = &sights[i];

		if (!sight->task)
			continue;
		progress += sight->progress;
		if (sight->blocked == RUNNING || sight->blocked == ON_TIME)
			progress_ns = now;
		if (sight->task->kind == SELF_TASK)
			who[count++] = i;
	}
	if (progress != progress_seen || !count)
		progress_ns = now;
	progress_seen = progress;
	if (now - progress_ns > __atomic_load_n(&patience_ns, __ATOMIC_RELAXED))
		condemn(VERDICT_deadlock, who, count);
}

/*
 * Did the thread of slot @i get somewhere since the last pass? It has passed a point that is new in its operation, or
 * ended it; or it computes, or is kept from running: nobody knows where to. A task that has slept through all that time
 * may yet do something when it wakes.
 */
static bool gets_somewhere(u32 i)
{
	const struct sight *sight = &sights[i], *old = &before[i];

	if (sight->task != old->task)
		return true;
	if (!sight->task)
		return false;
	if (sight->news != old->news || (sight->blocked == RUNNING && sight->progress == old->progress))
		return true;
	return sight->task->kind == SELF_TASK && sight->blocked == ON_TIME && sight->progress == restless.progress[i];
}

static void restless_since(u64 now)
{
	restless.ns = now;
	restless.looks = 0;
	restless.task_looks = false;
	for (u32 i = 0; i < SELVES_MAX; i++)
		restless.progress[i] = sights[i].progress;
}

/* Tasks sleep and look again, and nobody has got anywhere for RESTLESS times the patience. */
static void check_restless(u64 now)
{
	u32 who[SELVES_MAX], count = 0;
	bool somewhere = false;

	for (u32 i = 0; i < SELVES_MAX; i++) {
		const struct sight *sight = &sights[i];

		somewhere |= gets_somewhere(i);
		if (!sight->task)
			continue;
		if (sight->task->kind == SELF_TASK)
			who[count++] = i;
		if (sight->progress != before[i].progress) {
			restless.looks++;
			restless.task_looks |= sight->task->kind == SELF_TASK;
		}
	}
	if (somewhere || !count)
		restless_since(now);
	else if (now - restless.ns > RESTLESS * __atomic_load_n(&patience_ns, __ATOMIC_RELAXED) &&
		 restless.looks >= LOOKS_MIN)
		condemn(restless.task_looks ? VERDICT_livelock : VERDICT_deadlock, who, count);
}

static void *watch(void *arg)
{
	(void)arg;
	while (!__atomic_load_n(&stop, __ATOMIC_ACQUIRE)) {
		futex_wait(&stop, 0, SCAN_NS);
		word_lock(&selves_guard);
		memcpy(before, sights, sizeof(before));
		look();
		check_cycles();
		check_progress(clock_ns());
		check_restless(clock_ns());
		word_unlock(&selves_guard);
	}
	return NULL;
}

void watchdog_start(void)
{
	int err;

	memset(sights, 0, sizeof(sights));
	stop = 0;
	progress_seen = 0;
	progress_ns = clock_ns();
	restless_since(clock_ns());
	err = pthread_create(&thread, NULL, watch, NULL);
	if (err)
		tool_failure("cannot start the watchdog: %s", strerror(err));
}

void watchdog_stop(void)
{
	__atomic_store_n(&stop, 1, __ATOMIC_RELEASE);
	futex_wake_all(&stop);
	pthread_join(thread, NULL);
}

u64 rt_thread_points(void)
{
	u64 points = __atomic_load_n(&retired_points, __ATOMIC_RELAXED);

	for (u32 i = 0; i < SELVES_MAX; i++)
		points += __atomic_load_n(&rt_thread_postmortem()->ring[i].head, __ATOMIC_RELAXED);
	return points;
}
