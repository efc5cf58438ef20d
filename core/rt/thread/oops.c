/* SPDX-License-Identifier: MIT */
#include "core/rt/thread/oops.h"

#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

#include "core/rt/name.h"
#include "core/rt/thread/arena.h"
#include "core/rt/thread/runtime.h"
#include "core/rt/thread/sanitizer.h"

#define HANDLER_STACK (64UL << 10)
#define NULL_GUARD 4096UL

static __thread void *handler_stack;
static __thread sigjmp_buf survivor;
static __thread bool surviving;

static void signature_of(struct rt_verdict *verdict, const char *class, const char *victim, const char *killer)
{
	bool ordered = strcmp(victim, killer) <= 0;

	snprintf(verdict->signature, sizeof(verdict->signature), "oops %s {%s, %s}", class, ordered ? victim : killer,
		 ordered ? killer : victim);
}

static void describe_dead(struct rt_verdict *verdict, const struct arena_death *death, const char *what,
			  const char *name)
{
	const struct task_struct *me = self();
	const struct rt_ring *killer = &rt_thread_postmortem()->ring[death->task];
	char class[96];

	snprintf(class, sizeof(class), "use-after-free %s", death->what);
	signature_of(verdict, class, point_name(me->point), point_name(death->point));
	snprintf(verdict->detail, sizeof(verdict->detail),
		 "%s of %s, which is gone\n%s on cpu%u was at %s (%#lx)\n%s on cpu%u took it away at %s", what, name,
		 me->name, self_cpu(me), point_name(me->point), (unsigned long)me->point_arg, killer->name, killer->cpu,
		 point_name(death->point));
}

static void describe_wild(struct rt_verdict *verdict, const char *name, u64 addr)
{
	const struct task_struct *me = self();
	const char *overrun = heap_overrun_of(addr);
	char class[96] = "wild-pointer (nowhere)";

	if (in_memmap(addr))
		snprintf(class, sizeof(class), "never-allocated memmap");
	else if (overrun)
		snprintf(class, sizeof(class), "out-of-bounds %s", overrun);
	else if (in_heap(addr))
		snprintf(class, sizeof(class), "never-allocated heap");
	else if (addr < NULL_GUARD)
		snprintf(class, sizeof(class), "null-pointer (nowhere)");
	snprintf(verdict->signature, sizeof(verdict->signature), "oops %s {%s}", class, point_name(me->point));
	snprintf(verdict->detail, sizeof(verdict->detail), "access to %s (%#lx): %s\n%s on cpu%u was at %s (%#lx)",
		 name, (unsigned long)addr, class, me->name, self_cpu(me), point_name(me->point),
		 (unsigned long)me->point_arg);
}

struct name_request {
	u64 addr;
	char name[128];
};

static void name_it(void *arg)
{
	struct name_request *request = arg;

	rt_name(request->addr, true, request->name, sizeof(request->name));
}

static void __attribute__((noreturn)) oops(u64 addr, void *pc, void *frame, const char *what)
{
	struct rt_verdict verdict = {.kind = VERDICT_oops, .task = self()->id, .addr = addr, .pc = pc};
	struct arena_death death = arena_death_of(addr);
	struct name_request request = {.addr = addr};

	if (!oops_survives(name_it, &request))
		snprintf(request.name, sizeof(request.name), "address %#lx", (unsigned long)addr);
	if (death.known)
		describe_dead(&verdict, &death, what, request.name);
	else
		describe_wild(&verdict, request.name, addr);
	verdict_deliver(&verdict, frame);
}

void oops_at(u64 addr, void *pc, void *frame, bool write)
{
	oops(addr, pc, frame, write ? "write" : "access");
}

void oops_reached(u64 addr, void *pc, void *frame)
{
	oops(addr, pc, frame, "a reader's hold");
}

/* Who wrote last is not known here, so the signature has one point only. */
void rt_oops(const char *class, u64 addr)
{
	const struct task_struct *me = self();
	struct rt_verdict verdict = {
		.kind = VERDICT_oops, .task = me->id, .addr = addr, .pc = __builtin_return_address(0)};
	char name[128];

	rt_name(addr, false, name, sizeof(name));
	snprintf(verdict.signature, sizeof(verdict.signature), "oops %s %s {%s}", class, name, point_name(me->point));
	rt_name(addr, true, name, sizeof(name));
	snprintf(verdict.detail, sizeof(verdict.detail), "%s (%#lx): %s\n%s on cpu%u was at %s (%#lx)", name,
		 (unsigned long)addr, class, me->name, self_cpu(me), point_name(me->point),
		 (unsigned long)me->point_arg);
	verdict_deliver(&verdict, __builtin_frame_address(0));
}

bool oops_survives(void (*fn)(void *arg), void *arg)
{
	bool outer = surviving;
	sigjmp_buf outer_buf;
	bool survived;

	memcpy(&outer_buf, &survivor, sizeof(outer_buf));
	surviving = true;
	survived = !sigsetjmp(survivor, 1);
	if (survived)
		fn(arg);
	surviving = outer;
	memcpy(&survivor, &outer_buf, sizeof(survivor));
	return survived;
}

static void on_fault(int sig, siginfo_t *info, void *context)
{
	const ucontext_t *uc = context;
	void *pc = NULL, *frame = NULL;
	bool write = false;

	if (surviving)
		siglongjmp(survivor, 1);
	/* Sent, not earned: it is no fault of the core's. */
	if (info->si_code <= 0) {
		signal(sig, SIG_DFL);
		raise(sig);
	}
#if defined(__x86_64__)
	pc = (void *)uc->uc_mcontext.gregs[REG_RIP];
	frame = (void *)uc->uc_mcontext.gregs[REG_RBP];
	write = uc->uc_mcontext.gregs[REG_ERR] & 2;
#elif defined(__aarch64__)
	pc = (void *)uc->uc_mcontext.pc;
	frame = (void *)uc->uc_mcontext.regs[29];
#endif
	/* One past its start, so that it reads like a return address. */
	pc = (char *)pc + 1;
	/* A non-canonical address is a general protection fault, which tells no address. */
	oops_at(info->si_code == SI_KERNEL ? UINT64_MAX : (u64)info->si_addr, pc, frame, write);
}

void oops_install(void)
{
	struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER};

	sigemptyset(&action.sa_mask);
	sigaction(SIGSEGV, &action, NULL);
	sigaction(SIGBUS, &action, NULL);
}

void oops_thread_start(void)
{
	stack_t stack = {.ss_size = HANDLER_STACK};

	stack.ss_sp = malloc(HANDLER_STACK);
	if (!stack.ss_sp)
		tool_failure("no memory for a signal stack");
	sigaltstack(&stack, NULL);
	handler_stack = stack.ss_sp;
}

void oops_thread_end(void)
{
	stack_t stack = {.ss_flags = SS_DISABLE};

	sigaltstack(&stack, NULL);
	free(handler_stack);
	handler_stack = NULL;
}

#ifdef RT_ASAN
void *__asan_get_report_address(void);
void *__asan_get_report_pc(void);
int __asan_get_report_access_type(void);
void __asan_on_error(void);

/* Called by ASan before it prints: an error inside the arena is the core's, with a verdict of its own. */
void __asan_on_error(void)
{
	u64 addr = (u64)__asan_get_report_address();

	if (in_heap(addr) || in_memmap(addr))
		oops_at(addr, __asan_get_report_pc(), __builtin_frame_address(0), __asan_get_report_access_type());
}
#endif
