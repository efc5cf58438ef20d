/* SPDX-License-Identifier: MIT */
#include "core/rt/fiber/switch.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "core/rt/fiber/sanitizer.h"

#define GUARD_SIZE (16UL << 10)

RT_UNINSTRUMENTED_BEGIN

#if RT_ASAN
static struct fiber *switch_from, *switch_target;
#endif

static void map_stack(struct fiber *f)
{
	char *map = mmap(NULL, FIBER_STACK_SIZE + GUARD_SIZE, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);

	if (map == MAP_FAILED || mprotect(map, GUARD_SIZE, PROT_NONE)) {
		perror("pfnstorm: cannot map the stack of a task");
		exit(4);
	}
	f->stack = map + GUARD_SIZE;
	f->stack_size = FIBER_STACK_SIZE;
}

/* What an abandoned fiber left behind: ASan's stack poison from its last stack pointer up, TSan's call stack. */
static void forget_former_life(struct fiber *f)
{
#if RT_ASAN
	__asan_unpoison_memory_region(f->stack, f->stack_size);
#endif
#if RT_TSAN
	void *self = __tsan_get_current_fiber();

	__tsan_switch_to_fiber(f->tsan, __tsan_switch_to_fiber_no_sync);
	for (; f->ignores; f->ignores--)
		san_outside_end();
	__tsan_switch_to_fiber(self, __tsan_switch_to_fiber_no_sync);
	__tsan_destroy_fiber(f->tsan);
	f->tsan = NULL;
#endif
	f->abandoned = false;
}

#if defined(__x86_64__) || defined(__aarch64__)

void rt_fiber_switch(void **save_sp, void *load_sp);

static void prepare_context(struct fiber *f, void (*entry)(void))
{
	uintptr_t *top = (uintptr_t *)(f->stack + f->stack_size);
#if defined(__x86_64__)
	/* r15 r14 r13 r12 rbx rbp, return address = entry on a 16-byte boundary, end of the frame chain */
	top -= 4;
	top[0] = (uintptr_t)entry;
	top[1] = 0;
	top -= 6;
	for (int i = 0; i < 6; i++)
		top[i] = 0;
#else
	top -= 20;
	for (int i = 0; i < 20; i++)
		top[i] = 0;
	top[11] = (uintptr_t)entry; /* x30 */
#endif
	f->sp = top;
}

static void switch_context(struct fiber *from, struct fiber *to)
{
	rt_fiber_switch(&from->sp, to->sp);
}

#else

static void prepare_context(struct fiber *f, void (*entry)(void))
{
	getcontext(&f->context);
	f->context.uc_stack.ss_sp = f->stack;
	f->context.uc_stack.ss_size = f->stack_size;
	f->context.uc_link = NULL;
	makecontext(&f->context, entry, 0);
}

static void switch_context(struct fiber *from, struct fiber *to)
{
	swapcontext(&from->context, &to->context);
}

#endif

void fiber_prepare(struct fiber *f, void (*entry)(void))
{
	if (!f->stack)
		map_stack(f);
	if (f->abandoned)
		forget_former_life(f);
#if RT_TSAN
	if (!f->tsan)
		f->tsan = __tsan_create_fiber(0);
#endif
	prepare_context(f, entry);
}

static void synchronise(struct fiber *f, const void *sync, bool release)
{
#if RT_TSAN
	void *self = __tsan_get_current_fiber();

	if (!f->tsan)
		return;
	__tsan_switch_to_fiber(f->tsan, __tsan_switch_to_fiber_no_sync);
	if (release)
		san_release(sync);
	else
		san_acquire(sync);
	__tsan_switch_to_fiber(self, __tsan_switch_to_fiber_no_sync);
#else
	(void)f, (void)sync, (void)release;
#endif
}

void fiber_release(struct fiber *f, const void *sync)
{
	synchronise(f, sync, true);
}

void fiber_acquire(struct fiber *f, const void *sync)
{
	synchronise(f, sync, false);
}

void fiber_entered(void)
{
#if RT_ASAN
	const void *bottom;
	size_t size;

	__sanitizer_finish_switch_fiber(switch_target->asan_fake_stack, &bottom, &size);
	if (!switch_from->stack_size || switch_from->stack == bottom) {
		switch_from->stack = (char *)(uintptr_t)bottom;
		switch_from->stack_size = size;
	}
#endif
}

void fiber_switch(struct fiber *from, struct fiber *to)
{
#if RT_ASAN
	switch_from = from;
	switch_target = to;
	__sanitizer_start_switch_fiber(&from->asan_fake_stack, to->stack, to->stack_size);
#endif
#if RT_TSAN
	if (!from->tsan)
		from->tsan = __tsan_get_current_fiber();
	__tsan_switch_to_fiber(to->tsan, __tsan_switch_to_fiber_no_sync);
#endif
	switch_context(from, to);
	fiber_entered();
}

RT_UNINSTRUMENTED_END
