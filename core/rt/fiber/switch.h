/* SPDX-License-Identifier: MIT */
/* Stackful fibers: a stack of their own each, switched by hand, known to the sanitizers. */
#ifndef PFNSTORM_FIBER_SWITCH_H
#define PFNSTORM_FIBER_SWITCH_H

#include <stdbool.h>
#include <stddef.h>
#if !defined(__x86_64__) && !defined(__aarch64__)
#include <ucontext.h>
#endif

#define FIBER_STACK_SIZE (256UL << 10)

struct fiber {
	void *sp;
	char *stack; /* lowest usable byte; NULL for the caller's own stack until it is first left */
	size_t stack_size;
	void *asan_fake_stack;
	void *tsan;
	bool abandoned;   /* left for good in the middle of something */
	unsigned ignores; /* then: how many san_outside_begin() have no end */
#if !defined(__x86_64__) && !defined(__aarch64__)
	ucontext_t context;
#endif
};

/* Makes @f start @entry on an empty stack when switched to; @entry never returns. The stack is mapped on first use. */
void fiber_prepare(struct fiber *f, void (*entry)(void));
/* The calling fiber is @from. Returns when somebody switches back to it. */
void fiber_switch(struct fiber *from, struct fiber *to);
/* What TSan hears: @f itself, wherever it stands, publishes or learns at @sync. */
void fiber_release(struct fiber *f, const void *sync);
void fiber_acquire(struct fiber *f, const void *sync);
/* First thing to be called in @entry. */
void fiber_entered(void);

#endif
