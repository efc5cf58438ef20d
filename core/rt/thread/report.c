/* SPDX-License-Identifier: MIT */
/* Verdicts end the process: the first one is written to the post-mortem, then everything stops. */
#include "core/rt/report.h"

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/rt/run.h"
#include "core/rt/thread/oops.h"
#include "core/rt/thread/runtime.h"

#define LAST_WORDS_SECONDS 3
#define FRAME_MAX (64UL << 10)

bool machine_booting;
bool machine_warn_continue;

static u32 failing;
static void (*last_words)(const struct rt_verdict *verdict, char *buf, size_t size);
static bool verdict_printed = true;
static struct word_lock log_guard;

void rt_thread_last_words(void (*words)(const struct rt_verdict *verdict, char *buf, size_t size))
{
	last_words = words;
}

void rt_thread_quiet(void)
{
	verdict_printed = false;
}

static void speak(void *arg)
{
	struct rt_postmortem *pm = arg;

	last_words(&pm->verdict, pm->words, sizeof(pm->words));
}

/* In a coverage build: what a process has executed that ends so is written only on demand. */
int __llvm_profile_write_file(void) __attribute__((weak));

/* Not _exit(): TSan has a handler there that waits for the report this may be part of. */
static void __attribute__((noreturn)) leave(void)
{
	for (;;)
		syscall(SYS_exit_group, RT_THREAD_EXIT_VERDICT);
}

static void give_up(int sig)
{
	(void)sig;
	leave();
}

static void print(const struct rt_verdict *verdict)
{
	fprintf(stderr, "verdict    %s\nsignature  %s\n%s\n", verdict_name(verdict->kind), verdict->signature,
		verdict->detail);
}

/*
 * Frame records as -fno-omit-frame-pointer lays them out: the caller's record, then the return address. A chain that
 * does not go up the stack in reasonable steps has ended.
 */
static void walk_stack(void *arg)
{
	struct rt_postmortem *pm = rt_thread_postmortem();
	void *const *record = arg;

	while (record && pm->nr_frames < RT_STACK_MAX && record[1]) {
		void *const *next = record[0];

		if (record[1] != pm->frame[0] || pm->nr_frames != 1)
			pm->frame[pm->nr_frames++] = record[1];
		if (next <= record || (u64)next - (u64)record > FRAME_MAX || (u64)next % sizeof(void *))
			break;
		record = next;
	}
}

/* A fault's own place has no frame record; a caller's has, and is then not told twice. */
static void note_stack(struct rt_postmortem *pm, const struct rt_verdict *verdict, void *frame)
{
	if (!frame)
		return;
	pm->nr_frames = 0;
	pm->frame[pm->nr_frames++] = verdict->pc;
	oops_survives(walk_stack, frame);
}

void verdict_deliver(const struct rt_verdict *verdict, void *frame)
{
	struct rt_postmortem *pm = rt_thread_postmortem();

	if (__atomic_exchange_n(&failing, 1, __ATOMIC_ACQ_REL)) {
		for (;;)
			pause();
	}
	if (machine_booting) {
		fprintf(stderr, "pfnstorm: the machine does not boot\n");
		print(verdict);
		abort();
	}
	pm->verdict = *verdict;
	pm->verdict.step = rt_thread_points();
	rt_thread_postmortem_close(pm);
	pm->fail_ring = self()->ring ? (u32)(self()->ring - pm->ring) : 0;
	note_stack(pm, verdict, frame);
	__atomic_store_n(&pm->failed, 1, __ATOMIC_RELEASE);
	/* What follows may wait for a lock that nobody releases any more. */
	signal(SIGALRM, give_up);
	alarm(LAST_WORDS_SECONDS);
	if (last_words && !oops_survives(speak, pm)) {
		size_t used = strnlen(pm->words, sizeof(pm->words));

		snprintf(pm->words + used, sizeof(pm->words) - used, "\n(describing it faulted)\n");
	}
	if (verdict_printed)
		print(verdict);
	if (__llvm_profile_write_file)
		__llvm_profile_write_file();
	leave();
}

void rt_fail(enum verdict_kind kind, const char *signature, const char *detail_fmt, ...)
{
	struct rt_verdict verdict = {.kind = kind, .task = self()->id, .pc = __builtin_return_address(0)};
	va_list ap;

	snprintf(verdict.signature, sizeof(verdict.signature), "%s", signature);
	va_start(ap, detail_fmt);
	vsnprintf(verdict.detail, sizeof(verdict.detail), detail_fmt, ap);
	va_end(ap);
	verdict_deliver(&verdict, __builtin_frame_address(0));
}

void rt_bug(const char *function, const char *condition)
{
	char signature[160];

	snprintf(signature, sizeof(signature), "bug %s: %s", function, condition);
	rt_fail(VERDICT_bug, signature, "BUG in %s(): %s", function, condition);
}

void rt_warn(const char *function, const char *condition)
{
	char signature[160];

	if (machine_warn_continue) {
		pr_warn("WARNING in %s(): %s", function, condition);
		return;
	}
	snprintf(signature, sizeof(signature), "warning %s: %s", function, condition);
	rt_fail(VERDICT_warning, signature, "WARNING in %s(): %s", function, condition);
}

void tool_failure(const char *fmt, ...)
{
	va_list ap;

	fprintf(stderr, "pfnstorm: ");
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	abort();
}

void pr_info(const char *fmt, ...)
{
	struct rt_postmortem *pm = rt_thread_postmortem();
	char line[256];
	va_list ap;
	int length;

	va_start(ap, fmt);
	length = vsnprintf(line, sizeof(line) - 1, fmt, ap);
	va_end(ap);
	length = min(length, (int)sizeof(line) - 2);
	if (length <= 0 || line[length - 1] != '\n')
		line[length++] = '\n';
	word_lock(&log_guard);
	for (int i = 0; i < length; i++)
		pm->log[pm->log_head++ % RT_LOG_MAX] = line[i];
	word_unlock(&log_guard);
}

size_t rt_thread_log(const struct rt_postmortem *pm, char *buf, size_t size)
{
	u64 first = pm->log_head > RT_LOG_MAX ? pm->log_head - RT_LOG_MAX : 0;
	size_t length = 0;

	if (pm->log_head - first >= size)
		first = pm->log_head - (size - 1);
	for (u64 i = first; i < pm->log_head; i++)
		buf[length++] = pm->log[i % RT_LOG_MAX];
	buf[length] = '\0';
	return length;
}

const char *rt_log(void)
{
	static char text[RT_LOG_MAX + 1];

	rt_thread_log(rt_thread_postmortem(), text, sizeof(text));
	return text;
}
