/* SPDX-License-Identifier: MIT */
/* Sets of laws that a scenario wants checked at each step, by name: for options, environment and the text of scenarios.
 */
#ifndef PFNSTORM_FUZZ_LAWS_H
#define PFNSTORM_FUZZ_LAWS_H

#include "core/core.h"
#include "core/rt/report.h"
#include "fuzz/text.h"

#define LAWS_ALL "all" /* stands for those that may be asked in the middle of a run */

/* Adds the law that @name names, or all. 0; -EINVAL with what is wrong in @message: unknown, or holds at rest only. */
int laws_add(struct law_set *set, const struct text_word *name, char *message, size_t size);
/* The same for names separated by commas or blanks, at least one. */
int laws_from(const char *names, struct law_set *set, char *message, size_t size);
bool laws_have(const struct law_set *set, u32 law);
bool laws_equal(const struct law_set *a, const struct law_set *b);
u32 laws_count(const struct law_set *set);
/* What a run that ended in @verdict needs of @set to end so again: the law that does not hold, or none. */
void laws_keep_needed(struct law_set *set, const struct rt_verdict *verdict);

#endif
