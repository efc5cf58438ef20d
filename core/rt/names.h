/* SPDX-License-Identifier: MIT */
/* What names.c needs from either runtime. */
#ifndef PFNSTORM_RT_NAMES_H
#define PFNSTORM_RT_NAMES_H

#include "core/rt/mem.h"

/* The heap object, alive or freed, that holds @addr: false if there is none. Callable anywhere. */
bool rt_object_at(u64 addr, u64 *base, size_t *size, enum obj_type *type);

#endif
