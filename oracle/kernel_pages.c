/* SPDX-License-Identifier: MIT */
#include <json-c/json.h>

#include "core/core.h"
#include "oracle/kernel_pages.h"

#include <stdlib.h>
#include <string.h>

#define PAGES_PER_BLOCK 32768UL

/* "page:… pfn:0x100022", then "page dumped because: unmovable page": those pfns. */
static u32 unmovable_pages(struct json_object *messages, u64 *pfn, u32 most)
{
	u64 last = 0;
	u32 nr = 0;

	for (size_t i = 0; messages && i < json_object_array_length(messages) && nr < most; i++) {
		const char *line = json_object_get_string(json_object_array_get_idx(messages, i));
		const char *at = strstr(line, " pfn:0x");

		if (at && strstr(line, "> page:"))
			last = strtoull(at + strlen(" pfn:"), NULL, 16);
		else if (last && strstr(line, "page dumped because: unmovable page"))
			pfn[nr++] = last;
	}
	return nr;
}

static bool is_in(const u64 *pfn, u32 nr, u64 wanted)
{
	for (u32 i = 0; i < nr; i++)
		if (pfn[i] == wanted)
			return true;
	return false;
}

void kernel_pages_set(struct kernel_pages *k, struct json_object *step, u64 first, u64 last)
{
	u64 wanted[KERNEL_PAGES_MAX];
	u32 nr = unmovable_pages(json_at(step, "dmesg", NULL), wanted, KERNEL_PAGES_MAX), kept = 0;

	for (u32 i = 0; i < k->nr; i++) {
		u64 block = k->pfn[i] / PAGES_PER_BLOCK;

		if (block >= first && block <= last && !is_in(wanted, nr, k->pfn[i]))
			core_release_kernel_page(k->pfn[i]);
		else
			k->pfn[kept++] = k->pfn[i];
	}
	k->nr = kept;
	for (u32 i = 0; i < nr && k->nr < KERNEL_PAGES_MAX; i++) {
		/* One that is in use already needs no help. */
		if (is_in(k->pfn, k->nr, wanted[i]) || core_hold_kernel_page(wanted[i]))
			continue;
		k->pfn[k->nr++] = wanted[i];
		k->held++;
	}
}
