/* SPDX-License-Identifier: MIT */
/* Sequence counters: the count is a marked word, its pad holds what writers publish. */
#include "core/rt/fiber/fiber.h"
#include "core/rt/fiber/storebuf.h"

RT_UNINSTRUMENTED_BEGIN

void seqcount_init(seqcount_t *s)
{
	access_object(s, sizeof(*s), RT_PC());
	s->sequence = 0;
	s->pad = 0;
}

u32 read_seqcount_begin(const seqcount_t *s)
{
	for (;;) {
		u32 start;

		rt_step(RT_READ_ONCE, (u64)&s->sequence, 4, RT_PC());
		access_object(s, sizeof(*s), RT_PC());
		start = s->sequence;
		if (!(start & 1)) {
			hb_acquire(&s->pad);
			return start;
		}
		cpu_relax();
	}
}

bool read_seqcount_retry(const seqcount_t *s, u32 start)
{
	rt_step(RT_READ_ONCE, (u64)&s->sequence, 4, RT_PC());
	access_object(s, sizeof(*s), RT_PC());
	return s->sequence != start;
}

static void advance(seqcount_t *s, void *pc)
{
	rt_step(RT_WRITE_ONCE, (u64)&s->sequence, 4, pc);
	access_object(s, sizeof(*s), pc);
	weak_drain(); /* what a writer stored comes before its end, and its beginning before what it will store */
	s->sequence++;
	if (rt.relaxed)
		sched_stored();
}

void write_seqcount_begin(seqcount_t *s)
{
	preempt_disable();
	advance(s, RT_PC());
	if (!(s->sequence & 1))
		context_fail("seqcount-writers", "two writers of one sequence counter");
}

void write_seqcount_end(seqcount_t *s)
{
	if (!(s->sequence & 1))
		context_fail("seqcount-unbalanced", "write_seqcount_end() without write_seqcount_begin()");
	hb_release(&s->pad);
	advance(s, RT_PC());
	preempt_enable();
}

RT_UNINSTRUMENTED_END
