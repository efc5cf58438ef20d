/* SPDX-License-Identifier: MIT */
#include "core/rt/fiber/storebuf.h"

#include "core/rt/access.h"

RT_UNINSTRUMENTED_BEGIN

#define STORES 64    /* in a buffer: about as many as processors have */
#define STORE_MAX 64 /* bytes of one store: a stride of mem_fill() */

/*
 * @number counts stores of all CPUs. Those of this CPU with a number below @after leave before it.
 * While the CPU runs the value is in memory, and @value means nothing; while others run it is the other way round.
 */
struct store {
	u64 addr, number, after;
	u32 size;
	u32 sync; /* a release: the vector clock to publish when it leaves; else 0 */
	u8 before[STORE_MAX], value[STORE_MAX];
};

struct buffer {
	u32 count;
	u32 task;                   /* who ran on this CPU last */
	u64 fence;                  /* stores to come: their `after` */
	struct store store[STORES]; /* in program order */
};

static struct buffer buffers[RT_MAX_CPUS + 1];
static u32 filled; /* CPUs whose buffer is not empty */
static u64 numbers;

static bool in_program_order(void)
{
	return rt_config.memory == RT_MEMORY_tso;
}

static struct buffer *running(void)
{
	return &buffers[rt_cur->cpu];
}

static u32 others_filled(void)
{
	return filled & ~(1u << rt_cur->cpu);
}

static void copy(volatile u8 *to, const volatile u8 *from, u32 size)
{
	for (u32 i = 0; i < size; i++)
		to[i] = from[i];
}

/* Not by memcpy(), which TSan would hear of: buffers are everybody's, and no part of the machine. */
static void move(struct store *to, const struct store *from)
{
	copy((volatile u8 *)to, (const volatile u8 *)from, sizeof(*to));
}

static bool overlaps(const struct store *s, u64 addr, u64 size)
{
	return s->addr < addr + size && addr < s->addr + s->size;
}

/* ---- leaving ----------------------------------------------------------------------------------------------------- */

static u64 all_of(const struct buffer *b)
{
	return b->count == STORES ? UINT64_MAX : BIT(b->count) - 1;
}

static u64 overlapping(const struct buffer *b, u64 addr, u64 size)
{
	u64 which = 0;

	for (u32 i = 0; i < b->count; i++)
		if (overlaps(&b->store[i], addr, size))
			which |= BIT(i);
	return which;
}

/* Adds to @which all that must leave before. */
static u64 with_earlier(const struct buffer *b, u64 which)
{
	for (u32 i = b->count; i-- > 1;) {
		const struct store *s = &b->store[i];

		for (u32 j = 0; which >> i & 1 && j < i; j++)
			if (b->store[j].number < s->after || overlaps(&b->store[j], s->addr, s->size))
				which |= BIT(j);
	}
	return which;
}

/* Another CPU's store reaches memory below those of the running CPU, which goes on seeing its own. */
static void write_below(const struct buffer *above, const struct store *s)
{
	for (u32 i = 0; i < s->size; i++) {
		u64 addr = s->addr + i;
		u32 j = 0;

		while (j < above->count && !overlaps(&above->store[j], addr, 1))
			j++;
		if (j < above->count)
			((struct store *)&above->store[j])->before[addr - above->store[j].addr] = s->value[i];
		else
			*(volatile u8 *)addr = s->value[i];
	}
}

/* Stores @which and those before them leave. @above: the buffer whose stores are in memory. */
static void leave(struct buffer *b, u64 which, const struct buffer *above)
{
	u32 left = 0;

	which = with_earlier(b, which);
	for (u32 i = 0; i < b->count; i++) {
		if (!(which >> i & 1)) {
			if (left++ != i)
				move(&b->store[left - 1], &b->store[i]);
			continue;
		}
		if (b != above)
			write_below(above, &b->store[i]);
		if (b->store[i].sync)
			*sync_at(b->store[i].addr) = b->store[i].sync;
	}
	if (left == b->count)
		return;
	b->count = left;
	if (!left)
		filled &= ~(1u << (b - buffers));
	if (rt.relaxed)
		sched_stored();
}

void storebuf_drain(void)
{
	leave(running(), all_of(running()), running());
}

/* The running CPU's first, then by number. */
void storebuf_drain_all(void)
{
	storebuf_drain();
	for (u32 m = others_filled(); m; m &= m - 1) {
		struct buffer *b = &buffers[__builtin_ctz(m)];

		leave(b, all_of(b), running());
	}
}

void storebuf_drain_range(u64 addr, u64 size)
{
	for (u32 m = filled; m; m &= m - 1) {
		struct buffer *b = &buffers[__builtin_ctz(m)];

		leave(b, overlapping(b, addr, size), running());
	}
}

/* ---- accesses ---------------------------------------------------------------------------------------------------- */

/* The running CPU comes across stores of others that wait. */
static void meet_others(u64 addr, u64 size, enum rt_drain what)
{
	for (u32 m = others_filled(); m; m &= m - 1) {
		struct buffer *b = &buffers[__builtin_ctz(m)];
		u64 which = overlapping(b, addr, size);

		if (which && sched_choose(RT_CHOOSE_DRAIN, what, 2) == (what == RT_DRAIN_LOAD))
			leave(b, which, running());
	}
}

static void note(u64 addr, u32 size)
{
	struct buffer *b = running();
	struct store *s;

	BUG_ON(size > STORE_MAX);
	if (b->count == STORES)
		leave(b, BIT(0), b);
	s = &b->store[b->count++];
	s->addr = addr;
	s->size = size;
	s->number = ++numbers;
	s->after = in_program_order() ? s->number : b->fence;
	s->sync = 0;
	copy(s->before, (const volatile u8 *)addr, size);
	filled |= 1u << rt_cur->cpu;
}

void storebuf_access(u64 addr, u32 size, u32 kind)
{
	struct buffer *b = running();

	if (kind == RT_RMW)
		leave(b, in_program_order() ? all_of(b) : overlapping(b, addr, size), b);
	if (!(kind & (RT_LOAD | RT_READ_ONCE)))
		meet_others(addr, size, RT_DRAIN_STORE);
	else if (others_filled() && !overlapping(b, addr, size))
		meet_others(addr, size, RT_DRAIN_LOAD);
	if (kind & (RT_STORE | RT_WRITE_ONCE))
		note(addr, size);
}

void storebuf_release(u64 addr)
{
	struct buffer *b = running();
	struct store *s = &b->store[b->count - 1];

	BUG_ON(!b->count || s->addr != addr);
	s->after = s->number;
	s->sync = hb_publish_later();
}

/* RCU read sections name no object: their ends are no barriers, the grace period is. */
void storebuf_point(u32 kind, u64 addr, u64 size)
{
	bool drains = kind == RT_WAKE || (kind == RT_UNLOCK && addr) || (kind == RT_LOCK && addr && in_program_order());

	if (!(kind & (RT_LOCK | RT_UNLOCK | RT_WAKE)))
		return;
	if (drains)
		storebuf_drain();
	if (in_arena(addr))
		storebuf_drain_range(addr, size);
}

/* ---- barriers ---------------------------------------------------------------------------------------------------- */

/* A point, where otherwise there is none: what the schedule has let leave can be seen before the rest follows. */
void rt_smp_mb(void)
{
	if (likely(!rt_fast.weak))
		return;
	rt_step(RT_UNLOCK, 0, 0, RT_PC());
	storebuf_drain();
}

void rt_smp_wmb(void)
{
	if (unlikely(rt_fast.weak))
		running()->fence = numbers + 1;
}

/* ---- switches ---------------------------------------------------------------------------------------------------- */

/* Out of memory, the last first: what each finds there is its own value. */
static void undo(struct buffer *b)
{
	for (u32 i = b->count; i-- > 0;) {
		struct store *s = &b->store[i];

		copy(s->value, (const volatile u8 *)s->addr, s->size);
		copy((volatile u8 *)s->addr, s->before, s->size);
	}
}

static void redo(struct buffer *b)
{
	for (u32 i = 0; i < b->count; i++) {
		struct store *s = &b->store[i];

		copy(s->before, (const volatile u8 *)s->addr, s->size);
		copy((volatile u8 *)s->addr, s->value, s->size);
	}
}

/* Another task on a CPU finds its buffer empty: to switch to it was a full barrier. */
void storebuf_switch(const struct task_struct *prev, const struct task_struct *next)
{
	struct buffer *from = &buffers[prev->cpu], *to = &buffers[next->cpu];

	if (from == to || (from->count && !sched_choose(RT_CHOOSE_DRAIN, RT_DRAIN_SWITCH, 2)))
		leave(from, all_of(from), from);
	if (from != to) {
		undo(from);
		redo(to);
	}
	if (to->task != next->id)
		leave(to, all_of(to), to);
	to->task = next->id;
}

void storebuf_begin(void)
{
	for (u32 m = filled; m; m &= m - 1)
		buffers[__builtin_ctz(m)].count = 0;
	for (u32 cpu = 0; rt_fast.weak && cpu <= RT_MAX_CPUS; cpu++) {
		buffers[cpu].task = RT_NO_TASK;
		buffers[cpu].fence = 0;
	}
	filled = 0;
	numbers = 0;
}

void storebuf_end(void)
{
	storebuf_drain_all();
}

bool rt_memory_is_weak(void)
{
	return rt_config.memory != RT_MEMORY_sc;
}

RT_UNINSTRUMENTED_END
