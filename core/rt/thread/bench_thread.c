/* SPDX-License-Identifier: MIT */
/*
 * What the primitives of the thread runtime cost when nobody else wants them: one tab-separated line per row, as
 * ./dev bench wants them. Medians; the peer is what the same thing costs without this runtime.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "core/rt/cpu.h"
#include "core/rt/lock.h"
#include "core/rt/mem.h"
#include "core/rt/point.h"
#include "core/rt/rcu.h"
#include "core/rt/run.h"

#define ROUNDS 9
#define LOOPS 100000

struct shared {
	spinlock_t lock;
	struct percpu_rw_semaphore sem;
};
#define shared (*(struct shared *)RT_HEAP_BASE)

static double now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec * 1e9 + (double)ts.tv_nsec;
}

static void points(void)
{
	for (u32 i = 0; i < LOOPS; i++)
		point(op, begin, i);
}

static void clocks(void)
{
	for (u32 i = 0; i < LOOPS; i++)
		now_ns();
}

static void spinlocks(void)
{
	for (u32 i = 0; i < LOOPS; i++) {
		spin_lock(&shared.lock);
		spin_unlock(&shared.lock);
	}
}

static void pthread_locks(void)
{
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

	for (u32 i = 0; i < LOOPS; i++) {
		pthread_mutex_lock(&lock);
		pthread_mutex_unlock(&lock);
	}
}

static void readers(void)
{
	for (u32 i = 0; i < LOOPS; i++) {
		rcu_read_lock();
		rcu_read_unlock();
	}
}

static void semaphores(void)
{
	for (u32 i = 0; i < LOOPS; i++) {
		percpu_down_read(&shared.sem);
		percpu_up_read(&shared.sem);
	}
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* Nanoseconds of one. */
static double cost(void (*loop)(void))
{
	double ns[ROUNDS];

	for (int i = 0; i < ROUNDS; i++) {
		double start = now_ns();

		loop();
		ns[i] = (now_ns() - start) / LOOPS;
	}
	qsort(ns, ROUNDS, sizeof(ns[0]), compare);
	return ns[ROUNDS / 2];
}

static void row(const char *what, double ns, double limit, const char *peer, double peer_ns)
{
	printf("thread runtime, %s\t%.2f\tns\t<=\t%g\t%s: %.1f ns\n", what, ns, limit, peer, peer_ns);
}

static void measure(void *arg)
{
	double pthread_ns = cost(pthread_locks), clock_ns = cost(clocks);

	(void)arg;
	row("semantic point", cost(points), 20, "clock_gettime", clock_ns);
	row("spinlock taken and released", cost(spinlocks), 80, "pthread mutex", pthread_ns);
	row("RCU read section", cost(readers), 50, "pthread mutex", pthread_ns);
	row("percpu rwsem read and released", cost(semaphores), 100, "pthread mutex", pthread_ns);
}

static void boot(void *arg)
{
	(void)arg;
	rt_mark_permanent(rt_kzalloc(sizeof(shared), OBJ_test));
	spin_lock_init(&shared.lock, LOCK_test_a);
	percpu_init_rwsem(&shared.sem, LOCK_test_percpu);
}

int main(void)
{
	struct rt_config config = {.cpus = 1};
	struct rt_result result;

	rt_boot(&config, boot, NULL);
	rt_task_create("bench", 0, measure, NULL);
	rt_run(&result);
	return 0;
}
