/* SPDX-License-Identifier: MIT */
/* Scenarios given as tables of lines, put together as the text that fuzz/scenario.h reads. */
#ifndef PFNSTORM_API_TABLES_H
#define PFNSTORM_API_TABLES_H

#include "api/pfnstorm.h"
#include "fuzz/scenario.h"

/* 0; -EINVAL with the line that is wrong and what was expected in @error; -ENOMEM. */
int tables_read(const struct pfnstorm_scenario *tables, struct scenario *s, char *error, size_t size);
/* "era=6.1", "pfn_walk=rcu": 0; -EINVAL, nothing changed, with a message. */
int tables_set(struct scenario *s, const char *assignment, char *error, size_t size);

#endif
