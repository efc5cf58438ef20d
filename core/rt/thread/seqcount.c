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
