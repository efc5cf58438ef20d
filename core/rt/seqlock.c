/* SPDX-License-Identifier: MIT */
/* A sequence counter and the lock of its writers: the same for both runtimes, whose counters and locks differ. */
#include "core/rt/lock.h"

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
