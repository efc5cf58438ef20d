/* SPDX-License-Identifier: MIT */
/* Verdicts of a run, assertions of the core, and the kernel log. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/rt/fiber/fiber.h"
#include "core/rt/name.h"

RT_UNINSTRUMENTED_BEGIN

#define LOG_SIZE (64UL << 10)

static struct rt_verdict verdict;
static char log_text[LOG_SIZE];

struct rt_verdict *verdict_now(void)
{
	return &verdict;
}

void verdict_clear(void)
{
	verdict.kind = VERDICT_ok;
	verdict.signature[0] = verdict.detail[0] = '\0';
	verdict.step = 0;
	verdict.task = 0;
	verdict.addr = 0;
	verdict.pc = NULL;
}

const char *task_label(u32 id)
{
	return id < 32 && rt.used >> id & 1 ? rt_tasks[id].name : "nobody";
}

void pair_format(char *buf, size_t size, const char *a, const char *b)
{
	bool sorted = strcmp(a, b) <= 0;

	snprintf(buf, size, "{%s, %s}", sorted ? a : b, sorted ? b : a);
}

void rt_fail(enum verdict_kind kind, const char *signature, const char *detail_fmt, ...)
{
	va_list args;

	va_start(args, detail_fmt);
	vsnprintf(verdict.detail, sizeof(verdict.detail), detail_fmt, args);
	va_end(args);
	snprintf(verdict.signature, sizeof(verdict.signature), "%s", signature);
	verdict.kind = kind;
	if (rt_phase != PHASE_RUN && rt_phase != PHASE_CHECK) {
		fprintf(stderr, "pfnstorm: %s outside of a run: %s: %s\n", verdict_name(kind), verdict.signature,
			verdict.detail);
		abort();
	}
	verdict.step = sched_steps();
	verdict.task = rt_cur->id;
	sched_stop();
}

void rt_bug(const char *function, const char *condition)
{
	char signature[192];

	snprintf(signature, sizeof(signature), "bug %s: %s", function, condition);
	verdict.pc = RT_PC();
	rt_fail(VERDICT_bug, signature, "BUG in %s: %s, by %s after %s", function, condition, task_label(rt_cur->id),
		point_name(rt_cur->semantic));
}

void rt_warn(const char *function, const char *condition)
{
	char signature[192];

	if (rt_config.warn_continue || rt_phase == PHASE_IDLE) {
		pr_info("WARNING in %s: %s\n", function, condition);
		return;
	}
	snprintf(signature, sizeof(signature), "warning %s: %s", function, condition);
	verdict.pc = RT_PC();
	rt_fail(VERDICT_warning, signature, "WARNING in %s: %s, by %s after %s", function, condition,
		task_label(rt_cur->id), point_name(rt_cur->semantic));
}

void context_fail(const char *what, const char *detail)
{
	char signature[192];

	snprintf(signature, sizeof(signature), "context %s {%s}", what, point_name(rt_cur->semantic));
	rt_fail(VERDICT_context, signature, "%s: %s, by %s on cpu%u (preempt_count %u, irqs %s, rcu depth %u) after %s",
		what, detail, task_label(rt_cur->id), rt_cur->cpu, rt_cur->preempt_count,
		rt_cur->irqs_off ? "off" : "on", rt_cur->rcu_depth, point_name(rt_cur->semantic));
}

/* ---- log ------------------------------------------------------------------------------------------------------- */

void pr_info(const char *fmt, ...)
{
	char line[256];
	va_list args;

	va_start(args, fmt);
	vsnprintf(line, sizeof(line), fmt, args);
	va_end(args);
	for (u32 i = 0; line[i] && rt.log_length < LOG_SIZE - 1; i++)
		log_text[rt.log_length++] = line[i];
}

const char *rt_log(void)
{
	log_text[rt.log_length] = '\0';
	return log_text;
}

RT_UNINSTRUMENTED_END
