/* SPDX-License-Identifier: MIT */
/* Arrays that grow by one. */
#ifndef PFNSTORM_CRASHES_GROW_H
#define PFNSTORM_CRASHES_GROW_H

#include <stdlib.h>

#include "core/rt/types.h"

/*
 * @array, which has @count elements of @size and was only ever grown by this, with room for one more. Without memory
 * the process ends: everything that matters is in files.
 */
static inline void *grow_array(void *array, u32 count, size_t size)
{
	void *more;

	/* There is room up to the next power of two. */
	if (count & (count - 1))
		return array;
	more = realloc(array, (count ? 2UL * count : 1) * size);
	if (!more)
		abort();
	return more;
}

#endif
