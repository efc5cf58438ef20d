/* SPDX-License-Identifier: MIT */
#include "core/check/scratch.h"

#include <sys/mman.h>

#include "core/rt/report.h"

#define SCRATCH_LEAST 65536

void *scratch_reserve(struct scratch *s, u64 bytes)
{
	u64 size = s->bytes ? s->bytes : SCRATCH_LEAST;

	if (bytes <= s->bytes)
		return s->data;
	while (size < bytes)
		size *= 2;
	if (s->data)
		s->data = mremap(s->data, s->bytes, size, MREMAP_MAYMOVE);
	else
		s->data = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	BUG_ON(s->data == MAP_FAILED);
	s->bytes = size;
	return s->data;
}
