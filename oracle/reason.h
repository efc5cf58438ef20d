/* SPDX-License-Identifier: MIT */
/* Why a field may be different: rows of reasons.def. */
#ifndef PFNSTORM_ORACLE_REASON_H
#define PFNSTORM_ORACLE_REASON_H

#include "core/rt/types.h"

/* NULL: it should be equal. */
const char *reason_for(const char *recording, u32 step, const char *field);

#endif
