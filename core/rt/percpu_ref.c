/* SPDX-License-Identifier: MIT */
#include "core/rt/percpu_ref.h"

#include "core/rt/access.h"
#include "core/rt/cpu.h"
#include "core/rt/mem.h"
#include "core/rt/report.h"

/* Keeps the count from 0 while references are counted elsewhere. */
#define BIAS (1L << 62)

int percpu_ref_init(struct percpu_ref *ref, percpu_ref_func_t *release)
{
	atomic_long_t *percpu = alloc_percpu(atomic_long_t, OBJ_percpu_ref);

	if (!percpu)
		return -ENOMEM;
	WRITE_ONCE(ref->percpu, percpu);
	WRITE_ONCE(ref->release, release);
	WRITE_ONCE(ref->dead, 0);
	atomic_long_set(&ref->count, BIAS + 1);
	return 0;
}

void percpu_ref_exit(struct percpu_ref *ref)
{
	free_percpu(READ_ONCE(ref->percpu));
	WRITE_ONCE(ref->percpu, NULL);
}

/* The caller is in a read section, and so on one CPU, until it is done with the counter. NULL: it is dead. */
static atomic_long_t *local_count(struct percpu_ref *ref)
{
	return READ_ONCE(ref->dead) ? NULL : this_cpu_ptr(READ_ONCE(ref->percpu));
}

void percpu_ref_get_many(struct percpu_ref *ref, u64 nr)
{
	atomic_long_t *local;

	rcu_read_lock();
	local = local_count(ref);
	atomic_long_add((s64)nr, local ? local : &ref->count);
	rcu_read_unlock();
}

bool percpu_ref_tryget(struct percpu_ref *ref)
{
	atomic_long_t *local;
	bool got = true;

	rcu_read_lock();
	local = local_count(ref);
	if (local)
		atomic_long_inc(local);
	else
		got = atomic_long_inc_not_zero(&ref->count);
	rcu_read_unlock();
	return got;
}

bool percpu_ref_tryget_live(struct percpu_ref *ref)
{
	atomic_long_t *local;

	rcu_read_lock();
	local = local_count(ref);
	if (local)
		atomic_long_inc(local);
	rcu_read_unlock();
	return local != NULL;
}

void percpu_ref_put_many(struct percpu_ref *ref, u64 nr)
{
	atomic_long_t *local;

	rcu_read_lock();
	local = local_count(ref);
	if (local)
		atomic_long_add(-(s64)nr, local);
	else if (unlikely(atomic_long_sub_and_test((s64)nr, &ref->count)))
		READ_ONCE(ref->release)(ref);
	rcu_read_unlock();
}

/* A grace period after the kill: nobody counts on a CPU any more, so the sum is the truth. */
static void add_up(struct rcu_head *rcu)
{
	struct percpu_ref *ref = container_of(rcu, struct percpu_ref, rcu);
	atomic_long_t *percpu = READ_ONCE(ref->percpu);
	s64 sum = 0;
	u32 cpu;

	for_each_possible_cpu (cpu)
		sum += atomic_long_read(per_cpu_ptr(percpu, cpu));
	WARN_ON(atomic_long_add_return(sum - BIAS, &ref->count) <= 0);
	percpu_ref_put(ref);
}

void percpu_ref_kill(struct percpu_ref *ref)
{
	if (WARN_ON(READ_ONCE(ref->dead)))
		return;
	WRITE_ONCE(ref->dead, 1);
	percpu_ref_get(ref); /* the callback's */
	call_rcu(&ref->rcu, add_up);
	percpu_ref_put(ref);
}

bool percpu_ref_is_dying(struct percpu_ref *ref)
{
	return READ_ONCE(ref->dead);
}

bool percpu_ref_is_zero(struct percpu_ref *ref)
{
	return READ_ONCE(ref->dead) && !atomic_long_read(&ref->count);
}
