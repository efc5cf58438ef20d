/* SPDX-License-Identifier: MIT */
/*
 * Locks in kernel idiom. All of them know their class (core/locks.def), feed the lock-order graph, and check context.
 *
 * Context:  spin_*       any context; disables preemption (spin_lock_irqsave: interrupts too) until unlocked.
 *           mutex, rwsem, percpu_rwsem   task context that may sleep, else verdict `context`.
 * Misuse (unlock by a non-owner, recursive lock, a lock still held when an operation or task returns) is verdict
 * `context`; a cycle of waiters is `deadlock`; a cycle in the class graph is `lock-order`. *_init must run before
 * first use and again each time the memory is reused.
 */
#ifndef PFNSTORM_RT_LOCK_H
#define PFNSTORM_RT_LOCK_H

#include "core/rt/access.h"
#include "core/rt/types.h"

enum lock_class {
#define LOCK(id, text, kind) LOCK_##id,
#include "core/locks.def"
#undef LOCK
	NR_LOCK_CLASSES
};

const char *lock_class_name(enum lock_class class);

/* Room for either runtime's state; only the runtime looks inside. */
struct rt_lock {
	u32 class;
	u32 flags;
	u64 priv[10];
};

typedef struct {
	struct rt_lock rt;
} spinlock_t;

void spin_lock_init(spinlock_t *lock, enum lock_class class);
void spin_lock(spinlock_t *lock);
bool spin_trylock(spinlock_t *lock);
void spin_unlock(spinlock_t *lock);
/* Return the interrupt state to hand to spin_unlock_irqrestore(); interrupts are off in between. */
unsigned long spin_lock_irqsave_flags(spinlock_t *lock);
bool spin_trylock_irqsave_flags(spinlock_t *lock, unsigned long *flags);
void spin_unlock_irqrestore(spinlock_t *lock, unsigned long flags);
bool spin_is_locked(const spinlock_t *lock);
#define spin_lock_irqsave(lock, flags) ((flags) = spin_lock_irqsave_flags(lock))

/* Which signals end a sleep (TASK_UNINTERRUPTIBLE, TASK_INTERRUPTIBLE, TASK_KILLABLE). */
enum rt_sleep { RT_UNINTERRUPTIBLE, RT_INTERRUPTIBLE, RT_KILLABLE };

struct mutex {
	struct rt_lock rt;
};

void mutex_init(struct mutex *lock, enum lock_class class);
void mutex_lock(struct mutex *lock);
/* 0, or -EINTR if the lock was not free and a signal (killable: a fatal one) is pending or comes before it is. */
int mutex_lock_interruptible(struct mutex *lock);
int mutex_lock_killable(struct mutex *lock);
bool mutex_trylock(struct mutex *lock);
void mutex_unlock(struct mutex *lock);
bool mutex_is_locked(const struct mutex *lock);

struct rw_semaphore {
	struct rt_lock rt;
};

void init_rwsem(struct rw_semaphore *sem, enum lock_class class);
void down_read(struct rw_semaphore *sem);
bool down_read_trylock(struct rw_semaphore *sem);
void up_read(struct rw_semaphore *sem);
void down_write(struct rw_semaphore *sem);
bool down_write_trylock(struct rw_semaphore *sem);
void up_write(struct rw_semaphore *sem);

/* Writer preference: once a writer waits, new readers block, a task that already reads included. */
struct percpu_rw_semaphore {
	struct rt_lock rt;
};

void percpu_init_rwsem(struct percpu_rw_semaphore *sem, enum lock_class class);
void percpu_down_read(struct percpu_rw_semaphore *sem);
void percpu_up_read(struct percpu_rw_semaphore *sem);
void percpu_down_write(struct percpu_rw_semaphore *sem);
void percpu_up_write(struct percpu_rw_semaphore *sem);
/* True if some task holds it; lock-free, for assertions. */
bool percpu_is_write_locked(const struct percpu_rw_semaphore *sem);
bool percpu_is_read_locked(const struct percpu_rw_semaphore *sem);

/*
 * Active references (kn->active of fs/kernfs/dir.c, 6.1; locks of kind REF): a count that a remover waits to see
 * drained. Nobody waits to get one, and whoever waits for the last to go waits for all who hold one. The count and the
 * wait are the core's own; these tell the runtime who is involved, as the kernel tells lockdep: a holder is a reader
 * who got in without waiting, so it adds no edge of the lock-order graph to the reference, but one from it to each lock
 * taken meanwhile; the remover is a writer who waits. No scheduling points, no ordering of memory: those are the
 * count's.
 */
struct active_ref {
	struct rt_lock rt;
};

void active_ref_init(struct active_ref *ref, enum lock_class class);
/* Right after the count went up; a task may hold several. Held when the task returns: verdict `context`. */
void active_ref_get(struct active_ref *ref);
/* Right before the count goes down. */
void active_ref_put(struct active_ref *ref);
/*
 * Around the wait for the count, on a wait queue that does not go away with the object. A cycle of classes is
 * `lock-order`, a holder who waits for the caller `deadlock`; a caller who holds one itself `context`.
 */
void active_ref_drain_begin(struct active_ref *ref);
void active_ref_drain_end(struct active_ref *ref);

/*
 * Does the calling task hold it? For lockdep_assert_held() in core and for laws. Reader or writer counts,
 * lock_is_held_write() wants the exclusive mode.
 */
bool lock_is_held(const struct rt_lock *lock);
bool lock_is_held_write(const struct rt_lock *lock);
#define lockdep_assert_held(l) rt_assert_held(&(l)->rt, false, #l)
#define lockdep_assert_held_write(l) rt_assert_held(&(l)->rt, true, #l)
/* Verdict `context` unless held. */
void rt_assert_held(const struct rt_lock *lock, bool write, const char *text);

/*
 * Sequence counters (include/linux/seqlock.h, 6.1). A writer excludes other writers by its own lock and runs with
 * preemption off. read_seqcount_begin() waits while the count is odd.
 */
typedef struct {
	u32 sequence;
	u32 pad;
} seqcount_t;

void seqcount_init(seqcount_t *s);
u32 read_seqcount_begin(const seqcount_t *s);
bool read_seqcount_retry(const seqcount_t *s, u32 start);
void write_seqcount_begin(seqcount_t *s);
void write_seqcount_end(seqcount_t *s);

typedef struct {
	seqcount_t seqcount;
	spinlock_t lock;
} seqlock_t;

void seqlock_init(seqlock_t *sl, enum lock_class class);
u32 read_seqbegin(const seqlock_t *sl);
bool read_seqretry(const seqlock_t *sl, u32 start);
unsigned long write_seqlock_irqsave_flags(seqlock_t *sl);
void write_sequnlock_irqrestore(seqlock_t *sl, unsigned long flags);

#endif
