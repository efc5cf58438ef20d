/* SPDX-License-Identifier: MIT */
/*
 * Reader-writer semaphores, both kinds: readers wait as soon as a writer waits, as the kernel's do (percpu_rwsem by
 * design; rw_semaphore because new readers queue behind the writer).
 */
#include "core/rt/cpu.h"
#include "core/rt/thread/futex.h"
#include "core/rt/thread/held.h"

struct sem {
	struct word_lock guard; /* all below */
	u32 readers;
	u32 writer;  /* 0 or 1 */
	u32 waiting; /* writers that wait */
	u32 turn;    /* futex: changes whenever somebody may be able to go on */
	u32 sleepers;
};
_Static_assert(sizeof(struct sem) <= sizeof(((struct rt_lock *)0)->priv), "fits");

static struct sem *sem_of(const struct rt_lock *lock)
{
	return (struct sem *)(uintptr_t)lock->priv;
}

/* One attempt; if it fails, @turn is what to wait for a change of. */
static bool try_read(struct sem *sem, u32 *turn)
{
	bool got;

	word_lock(&sem->guard);
	got = !sem->writer && !sem->waiting;
	__atomic_store_n(&sem->readers, sem->readers + got, __ATOMIC_RELAXED);
	*turn = __atomic_load_n(&sem->turn, __ATOMIC_RELAXED);
	word_unlock(&sem->guard);
	return got;
}

static bool try_write(struct sem *sem, u32 *turn)
{
	bool got;

	word_lock(&sem->guard);
	got = !sem->writer && !sem->readers;
	if (got)
		__atomic_store_n(&sem->writer, 1, __ATOMIC_RELAXED);
	*turn = __atomic_load_n(&sem->turn, __ATOMIC_RELAXED);
	word_unlock(&sem->guard);
	return got;
}

/* The count is raised before the kernel compares the turn, and unlock() reads it after it changed the turn. */
static void sem_wait(struct sem *sem, struct task_struct *me, u32 turn)
{
	__atomic_fetch_add(&sem->sleepers, 1, __ATOMIC_SEQ_CST);
	futex_wait(&sem->turn, turn, FUTEX_SLICE_NS);
	__atomic_fetch_sub(&sem->sleepers, 1, __ATOMIC_RELAXED);
	self_check_teardown(me);
}

static void read_lock(struct rt_lock *lock)
{
	struct task_struct *me = self();
	struct sem *sem = sem_of(lock);
	u32 turn;

	might_sleep();
	held_before(me, lock, false);
	if (!try_read(sem, &turn)) {
		self_block(me, ON_LOCK, lock, 0);
		do
			sem_wait(sem, me, turn);
		while (!try_read(sem, &turn));
		self_unblock(me);
	}
	held_push(me, lock, false);
}

static void count_waiting(struct sem *sem, s32 by)
{
	word_lock(&sem->guard);
	sem->waiting += (u32)by;
	word_unlock(&sem->guard);
}

static void write_lock(struct rt_lock *lock)
{
	struct task_struct *me = self();
	struct sem *sem = sem_of(lock);
	u32 turn;

	might_sleep();
	held_before(me, lock, false);
	if (!try_write(sem, &turn)) {
		count_waiting(sem, 1);
		self_block(me, ON_LOCK_WRITE, lock, 0);
		while (!try_write(sem, &turn))
			sem_wait(sem, me, turn);
		count_waiting(sem, -1);
		self_unblock(me);
	}
	held_push(me, lock, true);
}

static void unlock(struct rt_lock *lock, bool write)
{
	struct sem *sem = sem_of(lock);
	u32 sleepers;

	held_pop(self(), lock, write);
	word_lock(&sem->guard);
	if (write)
		__atomic_store_n(&sem->writer, 0, __ATOMIC_RELAXED);
	else
		__atomic_store_n(&sem->readers, sem->readers - 1, __ATOMIC_RELAXED);
	__atomic_fetch_add(&sem->turn, 1, __ATOMIC_SEQ_CST);
	sleepers = __atomic_load_n(&sem->sleepers, __ATOMIC_SEQ_CST);
	word_unlock(&sem->guard);
	if (sleepers)
		futex_wake_all(&sem->turn);
}

void init_rwsem(struct rw_semaphore *sem, enum lock_class class)
{
	rt_lock_init(&sem->rt, class);
}

void down_read(struct rw_semaphore *sem)
{
	read_lock(&sem->rt);
}

bool down_read_trylock(struct rw_semaphore *sem)
{
	struct task_struct *me = self();
	u32 turn;

	rt_lock_check(me, &sem->rt);
	if (!try_read(sem_of(&sem->rt), &turn))
		return false;
	held_push(me, &sem->rt, false);
	return true;
}

void up_read(struct rw_semaphore *sem)
{
	unlock(&sem->rt, false);
}

void down_write(struct rw_semaphore *sem)
{
	write_lock(&sem->rt);
}

bool down_write_trylock(struct rw_semaphore *sem)
{
	struct task_struct *me = self();
	u32 turn;

	rt_lock_check(me, &sem->rt);
	if (!try_write(sem_of(&sem->rt), &turn))
		return false;
	held_push(me, &sem->rt, true);
	return true;
}

void up_write(struct rw_semaphore *sem)
{
	unlock(&sem->rt, true);
}

void percpu_init_rwsem(struct percpu_rw_semaphore *sem, enum lock_class class)
{
	rt_lock_init(&sem->rt, class);
}

void percpu_down_read(struct percpu_rw_semaphore *sem)
{
	read_lock(&sem->rt);
}

void percpu_up_read(struct percpu_rw_semaphore *sem)
{
	unlock(&sem->rt, false);
}

void percpu_down_write(struct percpu_rw_semaphore *sem)
{
	write_lock(&sem->rt);
}

void percpu_up_write(struct percpu_rw_semaphore *sem)
{
	unlock(&sem->rt, true);
}

bool percpu_is_write_locked(const struct percpu_rw_semaphore *sem)
{
	return __atomic_load_n(&sem_of(&sem->rt)->writer, __ATOMIC_RELAXED) != 0;
}

bool percpu_is_read_locked(const struct percpu_rw_semaphore *sem)
{
	return __atomic_load_n(&sem_of(&sem->rt)->readers, __ATOMIC_RELAXED) != 0;
}
