/* SPDX-License-Identifier: MIT */
/*
 * Spinlocks, mutexes, rw semaphores and per-CPU rw semaphores: one mechanism, two modes.
 *
 * A waiter is `ready` exactly while it could take the lock; who of them gets it is the schedule's choice. A waiting
 * writer keeps new readers out. A task that waits for a spinlock holds its CPU, since it spins with preemption off.
 */
#include <stdio.h>

#include "core/rt/fiber/fiber.h"
#include "core/rt/fiber/lock_state.h"

RT_UNINSTRUMENTED_BEGIN

_Static_assert(sizeof(struct lock_state) <= sizeof(((struct rt_lock *)0)->priv), "lock state fits");

static struct lock_state *state_of(const struct rt_lock *lock)
{
	return (struct lock_state *)(u64)lock->priv;
}

static void lock_init(struct rt_lock *lock, enum lock_class class)
{
	volatile u64 *words = lock->priv;

	access_object(lock, sizeof(*lock), RT_PC());
	lock->class = class;
	lock->flags = RT_LOCK_MAGIC;
	for (u32 i = 0; i < ARRAY_SIZE(lock->priv); i++)
		words[i] = 0;
}

static u32 self(void)
{
	return rt_cur == &rt_boot_task ? LOCK_OWNER_BOOT : rt_cur->id + 1;
}

static bool available(const struct lock_state *s, bool shared)
{
	return !s->owner && (shared ? !s->writers_waiting : !s->nr_readers);
}

static void update_waiters(struct lock_state *s)
{
	u32 waiting = s->writers_waiting | s->readers_waiting;

	if (likely(!waiting))
		return;
	rt.ready &= ~waiting;
	if (available(s, false))
		rt.ready |= s->writers_waiting;
	if (available(s, true))
		rt.ready |= s->readers_waiting;
}

static struct held_lock *find_held(const struct rt_lock *lock)
{
	for (u32 i = rt_cur->nr_held; i-- > 0;)
		if (rt_cur->held[i].lock == lock)
			return &rt_cur->held[i];
	return NULL;
}

static void add_order(const struct rt_lock *lock)
{
	char chain[160], signature[192];

	if (rt_config.no_lock_order)
		return;
	for (u32 i = 0; i < rt_cur->nr_held; i++) {
		u32 held = rt_cur->held[i].class;

		if (likely(lockorder_has(&rt.lockorder, held, lock->class)) ||
		    lockorder_add(&rt.lockorder, held, lock->class, chain, sizeof(chain)))
			continue;
		snprintf(signature, sizeof(signature), "lock-order %s", chain);
		rt_fail(VERDICT_lock_order, signature, "%s takes %s while it holds %s, after %s; in this run also: %s",
			rt_cur->name, lock_class_name(lock->class), lock_class_name(held), point_name(rt_cur->semantic),
			chain);
	}
}

static void add_held(struct rt_lock *lock, bool shared)
{
	if (rt_cur->nr_held == RT_HELD_MAX)
		context_fail("too-many-locks", "a task holds more than 32 locks");
	rt_cur->held[rt_cur->nr_held++] = (struct held_lock){.lock = lock, .class = lock->class, .shared = shared};
}

static void remove_held(const struct rt_lock *lock, bool shared)
{
	struct held_lock *held = find_held(lock);

	if (!held || held->shared != shared)
		context_fail("unlock-not-held", lock_class_name(lock->class));
	for (; held < &rt_cur->held[rt_cur->nr_held - 1]; held++)
		held[0] = held[1];
	rt_cur->nr_held--;
}

static void add_reader(struct lock_state *s)
{
	s->nr_readers++;
	if (rt_cur != &rt_boot_task)
		s->readers |= task_bit(rt_cur);
}

static void remove_reader(const struct rt_lock *lock)
{
	struct lock_state *s = state_of(lock);

	s->nr_readers--;
	if (rt_cur != &rt_boot_task && !find_held(lock))
		s->readers &= ~task_bit(rt_cur);
}

static void take(struct rt_lock *lock, bool shared)
{
	struct lock_state *s = state_of(lock);

	if (shared)
		add_reader(s);
	else
		s->owner = self();
	add_held(lock, shared);
	update_waiters(s);
	hb_acquire(&s->sync);
	if (!shared)
		hb_acquire(&s->reader_sync);
}

/* False if a signal ended it and the lock is not to be had. */
static bool wait_for(struct rt_lock *lock, bool shared, enum rt_sleep sleep)
{
	struct lock_state *s = state_of(lock);
	u32 *waiting = shared ? &s->readers_waiting : &s->writers_waiting;

	if (s->owner == self() || (!shared && rt_running() && s->readers & task_bit(rt_cur)))
		context_fail("recursive-lock", lock_class_name(lock->class));
	if (!rt_running())
		rt_fail(VERDICT_deadlock, "deadlock outside of tasks", "%s is held and no task runs",
			lock_class_name(lock->class));
	if (task_interrupted(sleep))
		return false;
	*waiting |= task_bit(rt_cur);
	update_waiters(s);
	task_sleep(shared ? WAIT_SHARED : WAIT_EXCLUSIVE, lock, 0, sleep);
	rt_cur->wait_kind = WAIT_NONE;
	*waiting &= ~task_bit(rt_cur);
	return available(s, shared) || !task_interrupted(sleep);
}

void lock_cancel_wait(const struct task_struct *t)
{
	struct lock_state *s = state_of(t->wait_on);

	s->writers_waiting &= ~task_bit(t);
	s->readers_waiting &= ~task_bit(t);
	update_waiters(s);
}

static void check_lock(const struct rt_lock *lock, void *pc)
{
	access_object(lock, sizeof(*lock), pc);
	if (unlikely(lock->flags != RT_LOCK_MAGIC))
		context_fail("lock-not-initialised", "a lock is used before its init function ran");
}

/* The point is over. @try: do not wait. False: not taken. */
static bool lock_take_or_sleep(struct rt_lock *lock, bool shared, bool try, enum rt_sleep sleep, void *pc)
{
	check_lock(lock, pc);
	if (!available(state_of(lock), shared)) {
		if (try || !wait_for(lock, shared, sleep))
			return false;
	}
	if (!try)
		add_order(lock);
	take(lock, shared);
	return true;
}

static bool lock_take(struct rt_lock *lock, bool shared, bool try, void *pc)
{
	return lock_take_or_sleep(lock, shared, try, RT_UNINTERRUPTIBLE, pc);
}

static void lock_release(struct rt_lock *lock, bool shared, void *pc)
{
	struct lock_state *s = state_of(lock);

	rt_step(RT_UNLOCK, (u64)lock, sizeof(*lock), pc);
	check_lock(lock, pc);
	remove_held(lock, shared);
	if (shared) {
		hb_release(&s->reader_sync);
		remove_reader(lock);
	} else {
		hb_publish(&s->sync);
		s->owner = 0;
	}
	if (rt.relaxed)
		sched_stored();
	update_waiters(s);
	check_step();
}

u64 rt_locks_held(void)
{
	u64 classes = 0;

	_Static_assert(NR_LOCK_CLASSES <= 64, "a bit for each");
	for (u32 m = rt.used; m; m &= m - 1) {
		const struct task_struct *t = &rt_tasks[__builtin_ctz(m)];

		for (u32 i = 0; i < t->nr_held; i++)
			classes |= t->held[i].shared ? 0 : BIT(t->held[i].class);
	}
	return classes;
}

static bool sleeping_lock(struct rt_lock *lock, bool shared, bool try, void *pc)
{
	might_sleep();
	rt_step(RT_LOCK, (u64)lock, sizeof(*lock), pc);
	return lock_take(lock, shared, try, pc);
}

/* ---- spinlocks ------------------------------------------------------------------------------------------------- */

void spin_lock_init(spinlock_t *lock, enum lock_class class)
{
	lock_init(&lock->rt, class);
}

static void preempt_off(void)
{
	rt_cur->preempt_count++;
	task_atomic_enter();
}

static void preempt_on(void)
{
	rt_cur->preempt_count--;
	task_atomic_leave();
}

void spin_lock(spinlock_t *lock)
{
	rt_step(RT_LOCK, (u64)lock, sizeof(*lock), RT_PC());
	preempt_off();
	lock_take(&lock->rt, false, false, RT_PC());
}

bool spin_trylock(spinlock_t *lock)
{
	bool taken;

	rt_step(RT_LOCK, (u64)lock, sizeof(*lock), RT_PC());
	preempt_off();
	taken = lock_take(&lock->rt, false, true, RT_PC());
	if (!taken)
		preempt_on();
	return taken;
}

void spin_unlock(spinlock_t *lock)
{
	lock_release(&lock->rt, false, RT_PC());
	preempt_on();
}

unsigned long spin_lock_irqsave_flags(spinlock_t *lock)
{
	unsigned long flags;

	rt_step(RT_LOCK, (u64)lock, sizeof(*lock), RT_PC());
	flags = cpu_irq_off();
	preempt_off();
	lock_take(&lock->rt, false, false, RT_PC());
	return flags;
}

bool spin_trylock_irqsave_flags(spinlock_t *lock, unsigned long *flags)
{
	bool taken;

	rt_step(RT_LOCK, (u64)lock, sizeof(*lock), RT_PC());
	*flags = cpu_irq_off();
	preempt_off();
	taken = lock_take(&lock->rt, false, true, RT_PC());
	if (!taken) {
		preempt_on();
		cpu_irq_on(*flags);
	}
	return taken;
}

void spin_unlock_irqrestore(spinlock_t *lock, unsigned long flags)
{
	lock_release(&lock->rt, false, RT_PC());
	preempt_on();
	cpu_irq_on(flags);
}

/* A marked look at the lock word, for assertions and heuristics. */
static bool peek(const struct rt_lock *lock, void *pc)
{
	rt_step(RT_READ_ONCE, (u64)lock, sizeof(*lock), pc);
	check_lock(lock, pc);
	return state_of(lock)->owner || state_of(lock)->nr_readers;
}

bool spin_is_locked(const spinlock_t *lock)
{
	return peek(&lock->rt, RT_PC());
}

/* ---- sleeping locks -------------------------------------------------------------------------------------------- */

void mutex_init(struct mutex *lock, enum lock_class class)
{
	lock_init(&lock->rt, class);
}

void mutex_lock(struct mutex *lock)
{
	sleeping_lock(&lock->rt, false, false, RT_PC());
}

static int mutex_lock_sleep(struct mutex *lock, enum rt_sleep sleep, void *pc)
{
	might_sleep();
	rt_step(RT_LOCK, (u64)lock, sizeof(*lock), pc);
	return lock_take_or_sleep(&lock->rt, false, false, sleep, pc) ? 0 : -EINTR;
}

int mutex_lock_interruptible(struct mutex *lock)
{
	return mutex_lock_sleep(lock, RT_INTERRUPTIBLE, RT_PC());
}

int mutex_lock_killable(struct mutex *lock)
{
	return mutex_lock_sleep(lock, RT_KILLABLE, RT_PC());
}

bool mutex_trylock(struct mutex *lock)
{
	if (rt_cur->interrupt)
		context_fail("mutex-in-interrupt", lock_class_name(lock->rt.class));
	rt_step(RT_LOCK, (u64)lock, sizeof(*lock), RT_PC());
	return lock_take(&lock->rt, false, true, RT_PC());
}

void mutex_unlock(struct mutex *lock)
{
	lock_release(&lock->rt, false, RT_PC());
}

bool mutex_is_locked(const struct mutex *lock)
{
	return peek(&lock->rt, RT_PC());
}

void init_rwsem(struct rw_semaphore *sem, enum lock_class class)
{
	lock_init(&sem->rt, class);
}

void down_read(struct rw_semaphore *sem)
{
	sleeping_lock(&sem->rt, true, false, RT_PC());
}

bool down_read_trylock(struct rw_semaphore *sem)
{
	rt_step(RT_LOCK, (u64)sem, sizeof(*sem), RT_PC());
	return lock_take(&sem->rt, true, true, RT_PC());
}

void up_read(struct rw_semaphore *sem)
{
	lock_release(&sem->rt, true, RT_PC());
}

void down_write(struct rw_semaphore *sem)
{
	sleeping_lock(&sem->rt, false, false, RT_PC());
}

bool down_write_trylock(struct rw_semaphore *sem)
{
	rt_step(RT_LOCK, (u64)sem, sizeof(*sem), RT_PC());
	return lock_take(&sem->rt, false, true, RT_PC());
}

void up_write(struct rw_semaphore *sem)
{
	lock_release(&sem->rt, false, RT_PC());
}

void percpu_init_rwsem(struct percpu_rw_semaphore *sem, enum lock_class class)
{
	lock_init(&sem->rt, class);
}

void percpu_down_read(struct percpu_rw_semaphore *sem)
{
	sleeping_lock(&sem->rt, true, false, RT_PC());
}

void percpu_up_read(struct percpu_rw_semaphore *sem)
{
	lock_release(&sem->rt, true, RT_PC());
}

void percpu_down_write(struct percpu_rw_semaphore *sem)
{
	sleeping_lock(&sem->rt, false, false, RT_PC());
}

void percpu_up_write(struct percpu_rw_semaphore *sem)
{
	lock_release(&sem->rt, false, RT_PC());
}

bool percpu_is_write_locked(const struct percpu_rw_semaphore *sem)
{
	return state_of(&sem->rt)->owner != 0;
}

bool percpu_is_read_locked(const struct percpu_rw_semaphore *sem)
{
	return state_of(&sem->rt)->nr_readers != 0;
}

/* ---- active references ------------------------------------------------------------------------------------------ */

void active_ref_init(struct active_ref *ref, enum lock_class class)
{
	lock_init(&ref->rt, class);
}

void active_ref_get(struct active_ref *ref)
{
	check_lock(&ref->rt, RT_PC());
	add_reader(state_of(&ref->rt));
	add_held(&ref->rt, true);
}

void active_ref_put(struct active_ref *ref)
{
	check_lock(&ref->rt, RT_PC());
	remove_held(&ref->rt, true);
	remove_reader(&ref->rt);
}

void active_ref_drain_begin(struct active_ref *ref)
{
	might_sleep();
	check_lock(&ref->rt, RT_PC());
	if (find_held(&ref->rt))
		context_fail("recursive-lock", lock_class_name(ref->rt.class));
	add_order(&ref->rt);
	rt_cur->draining = &ref->rt;
}

void active_ref_drain_end(struct active_ref *ref)
{
	if (rt_cur->draining != &ref->rt)
		context_fail("unlock-not-held", lock_class_name(ref->rt.class));
	rt_cur->draining = NULL;
}

/* ---- assertions ------------------------------------------------------------------------------------------------ */

bool lock_is_held(const struct rt_lock *lock)
{
	return find_held(lock) != NULL;
}

bool lock_is_held_write(const struct rt_lock *lock)
{
	const struct held_lock *held = find_held(lock);

	return held && !held->shared;
}

void rt_assert_held(const struct rt_lock *lock, bool write, const char *text)
{
	if (write ? !lock_is_held_write(lock) : !lock_is_held(lock))
		context_fail("lock-not-held", text);
}

RT_UNINSTRUMENTED_END
