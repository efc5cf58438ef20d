/* SPDX-License-Identifier: MIT */
/* A crash as JSON. Needs json-c, which builds without parts lack. */
#ifndef PFNSTORM_CRASHES_VERDICT_JSON_H
#define PFNSTORM_CRASHES_VERDICT_JSON_H

#include "crashes/folder.h"

bool verdict_json_supported(void);
/* The caller frees it; NULL if memory is short or it is not supported. */
char *verdict_json(const struct crash *crash, const char *token);

#endif
