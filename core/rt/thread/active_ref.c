/* SPDX-License-Identifier: MIT */
/* Active references: who holds one and who waits for those, for the order of classes and the watchdog. */
#include "core/rt/cpu.h"
#include "core/rt/thread/held.h"
#include "core/rt/thread/runtime.h"

void active_ref_init(struct active_ref *ref, enum lock_class class)
{
	rt_lock_init(&ref->rt, class);
}

void active_ref_get(struct active_ref *ref)
{
	struct task_struct *me = self();

	rt_lock_check(me, &ref->rt);
	held_push(me, &ref->rt, false);
}

void active_ref_put(struct active_ref *ref)
{
	held_pop(self(), &ref->rt, false);
}

void active_ref_drain_begin(struct active_ref *ref)
{
	struct task_struct *me = self();

	might_sleep();
	held_before(me, &ref->rt, true);
	__atomic_store_n(&me->draining, &ref->rt, __ATOMIC_RELAXED);
}

void active_ref_drain_end(struct active_ref *ref)
{
	struct task_struct *me = self();

	if (me->draining != &ref->rt)
		context_fail(me, "unlock-not-held", "%s was not being drained", lock_class_name(ref->rt.class));
	__atomic_store_n(&me->draining, NULL, __ATOMIC_RELAXED);
}
