/* SPDX-License-Identifier: MIT */
#include "oracle/blocks.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int compare_names(const void *a, const void *b)
{
	char name[2][24];

	snprintf(name[0], sizeof(name[0]), "%" PRIu64, *(const u64 *)a);
	snprintf(name[1], sizeof(name[1]), "%" PRIu64, *(const u64 *)b);
	return strcmp(name[0], name[1]);
}

u32 blocks_listed(u64 *ids, bool by_name)
{
	u32 nr = 0;

	for (u64 id = 0; id < GUEST_BLOCKS_MAX; id++)
		if (core_block_node(id) >= 0)
			ids[nr++] = id;
	if (by_name)
		qsort(ids, nr, sizeof(*ids), compare_names);
	return nr;
}

void block_read(u64 id, const char *file, char *buf, size_t size)
{
	char path[64];

	snprintf(path, sizeof(path), "memory%" PRIu64 "/%s", id, file);
	buf[0] = '\0';
	core_file_read(path, buf, size);
	buf[strcspn(buf, "\n")] = '\0';
}

bool block_reads(u64 id, const char *file, const char *text)
{
	char found[64];

	block_read(id, file, found, sizeof(found));
	return strcmp(found, text) == 0;
}

s64 block_write_state(u64 id, const char *type)
{
	char path[64];

	snprintf(path, sizeof(path), "memory%" PRIu64 "/state", id);
	return core_file_write(path, type, strlen(type));
}
