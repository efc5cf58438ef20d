/* SPDX-License-Identifier: MIT */
/* A crash store for programs: JSON, and SARIF 2.1.0. Needs json-c, which builds without parts lack. */
#ifndef PFNSTORM_CRASHES_STORE_JSON_H
#define PFNSTORM_CRASHES_STORE_JSON_H

#include "crashes/store.h"

/*
 * The records of @s that are not gone, those of @status only unless it is NR_RECORD_STATUSES, as an array. The caller
 * frees it; NULL if memory is short or JSON is not supported.
 */
char *store_json(const struct store *s, enum record_status status);
/* One record as an object. */
char *store_json_record(const struct store *s, const struct record *r);
/* The same records as a SARIF log: a rule and a result each. @version is the tool's. */
char *store_sarif(const struct store *s, enum record_status status, const char *version);

#endif
