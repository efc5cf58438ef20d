/* SPDX-License-Identifier: MIT */
/* Sequence counters: the writer's fences keep the data between the two increments, the reader's between two looks. */
#include "core/rt/access.h"
#include "core/rt/cpu.h"
#include "core/rt/lock.h"
#include "core/rt/thread/runtime.h"

void seqcount_init(seqcount_t *s)
{
	s->sequence = 0;
	s->pad = 0;
}

u32 read_seqcount_begin(const seqcount_t *s)
{
	u32 start;

	while ((start = smp_load_acquire(&s->sequence)) & 1)
		cpu_relax();
	return start;
}

bool read_seqcount_retry(const seqcount_t *s, u32 start)
{
	/* Orders the reads of the data before the second look at the count; pairs with write_seqcount_begin(). */
	smp_rmb();
	return READ_ONCE(s->sequence) != start;
}

void write_seqcount_begin(seqcount_t *s)
{
	preempt_disable();
	if (s->sequence & 1)
		context_fail(self(), "seqcount-writers", "two writers of one sequence counter");
	WRITE_ONCE(s->sequence, s->sequence + 1);
	/* Orders the odd count before the data. */
	smp_wmb();
}

void write_seqcount_end(seqcount_t *s)
{
	if (!(s->sequence & 1))
		context_fail(self(), "seqcount-unbalanced", "write_seqcount_end() without write_seqcount_begin()");
	smp_store_release(&s->sequence, s->sequence + 1);
	preempt_enable();
}

void seqlock_init(seqlock_t *sl, enum lock_class class)
{
	seqcount_init(&sl->seqcount);
	spin_lock_init(&sl->lock, class);
}

u32 read_seqbegin(const seqlock_t *sl)
{
	return read_seqcount_begin(&sl->seqcount);
}

bool read_seqretry(const seqlock_t *sl, u32 start)
{
	return read_seqcount_retry(&sl->seqcount, start);
}

unsigned long write_seqlock_irqsave_flags(seqlock_t *sl)
{
	unsigned long flags = spin_lock_irqsave_flags(&sl->lock);

	write_seqcount_begin(&sl->seqcount);
	return flags;
}

void write_sequnlock_irqrestore(seqlock_t *sl, unsigned long flags)
{
	write_seqcount_end(&sl->seqcount);
	spin_unlock_irqrestore(&sl->lock, flags);
}
