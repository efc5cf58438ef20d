/* SPDX-License-Identifier: MIT */
/* Verdicts, assertions of the modelled kernel, and its log. */
#ifndef PFNSTORM_RT_REPORT_H
#define PFNSTORM_RT_REPORT_H

#include "core/rt/types.h"

enum verdict_kind {
#define VERDICT(id, text, meaning) VERDICT_##id,
#include "core/verdicts.def"
#undef VERDICT
	NR_VERDICTS
};

const char *verdict_name(enum verdict_kind kind);

/*
 * How a run ended. @signature identifies the bug: state class and the unordered pair of places (semantic points),
 * never addresses, line numbers or occurrence counts. @detail is one or more lines for people.
 */
struct rt_verdict {
	enum verdict_kind kind;
	char signature[192];
	char detail[1024];
	u64 step; /* scheduling points before it */
	u32 task; /* who */
	u64 addr; /* what was touched, 0 if nothing */
	void *pc; /* where in the code, for symbolising only */
};

/*
 * Ends the run with a verdict; never returns to the caller (fiber: the task is abandoned; thread: the process
 * reports and exits). While the machine boots it prints and aborts: a machine that cannot boot is a tool failure.
 * @signature: see struct rt_verdict.
 */
void __attribute__((noreturn, format(printf, 3, 4)))
rt_fail(enum verdict_kind kind, const char *signature, const char *detail_fmt, ...);

/*
 * Verdict `oops` at @addr, which the core found unusable though it is live: @class says how ("uninitialised"). The
 * signature is "oops CLASS NAME {points}" with the name of @addr without indices, the caller's latest semantic point,
 * and, where the runtime knows, that after which the content was last written (a struct page's poisoning).
 */
void __attribute__((noreturn)) rt_oops(const char *class, u64 addr);

/* Assertions of the core. They stay on in every preset. */
#define RT_STR_(x) #x
#define RT_STR(x) RT_STR_(x)
#define BUG_ON(cond)                                                                                                   \
	do {                                                                                                           \
		if (unlikely(cond))                                                                                    \
			rt_bug(__func__, #cond);                                                                       \
	} while (0)
#define BUG() rt_bug(__func__, "reached")
#define WARN_ON(cond)                                                                                                  \
	({                                                                                                             \
		bool _warn = !!(cond);                                                                                 \
		if (unlikely(_warn))                                                                                   \
			rt_warn(__func__, #cond);                                                                      \
		_warn;                                                                                                 \
	})
void __attribute__((noreturn)) rt_bug(const char *function, const char *condition);
/* Verdict `warning`, which ends the run, unless the machine was booted with warnings tolerated (then a log line). */
void rt_warn(const char *function, const char *condition);

/* The kernel log: kept per run, part of a crash folder, never printed by itself. */
void __attribute__((format(printf, 1, 2))) pr_info(const char *fmt, ...);
#define pr_warn pr_info
#define pr_debug pr_info

#endif
