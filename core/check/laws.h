/* SPDX-License-Identifier: MIT */
/*
 * Checking the laws of core/invariants.def: when, and how one law is written.
 *
 * A law looks at the machine while no operation is under way, and is not part of the run: core/check is compiled
 * without the callbacks that would make its accesses scheduling points. So laws read raw fields, call no function of
 * the floors below that touches shared memory, and follow no pointer they have not checked.
 */
#ifndef PFNSTORM_CHECK_LAWS_H
#define PFNSTORM_CHECK_LAWS_H

#include "core/core.h"

enum law_id {
#define INVARIANT(id, when, step, text) LAW_##id,
#include "core/invariants.def"
#undef INVARIANT
	NR_LAWS
};

/* NULL if the law holds, else what is wrong, in a buffer that the next law may overwrite. */
#define INVARIANT(id, when, step, text) const char *law_##id(void);
#include "core/invariants.def"
#undef INVARIANT
/* Formats that text. */
const char *__attribute__((format(printf, 1, 2))) broken(const char *fmt, ...);

/* The first law that does not hold, and its text; NR_LAWS if all do. @quiescent: all of them, else those marked OP. */
enum law_id laws_check(bool quiescent, const char **text);
/* One law alone, by the last census_take(): NULL if it holds. */
const char *law_check(enum law_id id);
const char *law_name(enum law_id id);
/* What the table says of a law. */
const char *law_text(enum law_id id);

/* Memory and references that outlived their users: NULL, or what leaked. At quiescence only. */
const char *leaks_check(const char **signature);

/* The law that no page of an isolated pageblock is allocated, checked at each allocation (isolated.c). */
void isolated_law_init(void);

/* The law that nobody reads what a virtio-mem device has unplugged (virtio_mem.c). */
void virtio_mem_law_init(void);

/* The law that of the users of a CMA area one at a time isolates (cma.c). */
void cma_law_init(void);

/* The law that no page is taken for pinned that nobody has pinned (pinned.c). */
void pinned_law_init(void);

/* The law that free pages of an isolated range do not stay on per-CPU lists (cached.c). */
void cached_law_init(void);
/* The law that what listeners are told is so, judged at each event (notifier.c). */
void told_law_init(void);
/* The law that an operation that fails has changed nothing (undone.c). */
void undone_law_init(void);
/* The law that no allocation fails while there is enough, judged when one fails (oom.c). */
void oom_law_init(void);
/* At the start of a run: no allocation is under way. */
void oom_law_begin(void);

/* Boot, before the image is sealed: laws and leaks are checked at each quiescence. */
void laws_init(void);
/* Around each operation, by core_run_op(): laws marked OP are checked if asked for and no other operation runs. */
void laws_op_begin(void);
void laws_op_end(void);

#endif
