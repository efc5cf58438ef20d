/* SPDX-License-Identifier: MIT */
#include "core/rt/thread/gate.h"

#include <sched.h>

#include "core/rt/thread/futex.h"
#include "core/rt/thread/vcpu.h"

#define SPINS 100
#define STARVING_NS 1000000UL

bool gate_trylock(struct gate *gate)
{
	u32 free = 0;

	return __atomic_compare_exchange_n(&gate->word, &free, 1, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED);
}

static bool gate_sleep(struct gate *gate, struct task_struct *me, enum rt_sleep sleep)
{
	bool starving = false, interrupted = false;
	u64 start = clock_ns();

	for (;;) {
		if (starving || !__atomic_load_n(&gate->starving, __ATOMIC_RELAXED)) {
			if (__atomic_exchange_n(&gate->word, 2, __ATOMIC_ACQUIRE) == 0)
				break;
		}
		interrupted = self_interrupted(me, sleep);
		if (interrupted)
			break;
		if (__atomic_load_n(&gate->word, __ATOMIC_RELAXED))
			futex_wait(&gate->word, 2, FUTEX_SLICE_NS / 10);
		else
			sched_yield();
		vcpu_serve(me);
		self_check_teardown(me);
		if (!starving && clock_ns() - start > STARVING_NS) {
			starving = true;
			__atomic_fetch_add(&gate->starving, 1, __ATOMIC_RELAXED);
		}
	}
	if (starving)
		__atomic_fetch_sub(&gate->starving, 1, __ATOMIC_RELAXED);
	return !interrupted;
}

static bool take(struct gate *gate, struct task_struct *me, enum blocked_on on, const void *what, enum rt_sleep sleep)
{
	bool taken;

	for (int i = 0; i < SPINS; i++) {
		if (!__atomic_load_n(&gate->starving, __ATOMIC_RELAXED) && gate_trylock(gate))
			return true;
		__builtin_ia32_pause();
	}
	self_block(me, on, what, 0);
	taken = gate_sleep(gate, me, sleep);
	self_unblock(me);
	return taken;
}

void gate_lock(struct gate *gate, struct task_struct *me, enum blocked_on on, const void *what)
{
	take(gate, me, on, what, RT_UNINTERRUPTIBLE);
}

bool gate_lock_sleep(struct gate *gate, struct task_struct *me, enum rt_sleep sleep, const void *what)
{
	return take(gate, me, ON_LOCK_SIGNAL, what, sleep);
}

void gate_unlock(struct gate *gate)
{
	/* Read first: the lock may be freed as soon as the next owner has it. A wake-up of a dead address harms nobody.
	 */
	bool starving = __atomic_load_n(&gate->starving, __ATOMIC_RELAXED);

	if (__atomic_exchange_n(&gate->word, 0, __ATOMIC_RELEASE) != 2)
		return;
	if (starving)
		futex_wake_all(&gate->word);
	else
		futex_wake_one(&gate->word);
}

bool gate_is_locked(const struct gate *gate)
{
	return __atomic_load_n(&gate->word, __ATOMIC_RELAXED) != 0;
}
