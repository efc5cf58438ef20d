/* SPDX-License-Identifier: MIT */
/* Memory blocks of the machine, as programs of the guest look at them: through their files. */
#ifndef PFNSTORM_ORACLE_BLOCKS_H
#define PFNSTORM_ORACLE_BLOCKS_H

#include "core/core.h"

#define GUEST_BLOCKS_MAX 256
/* Bytes of a block, in all guests that were recorded. */
#define BLOCK_SHIFT 27
#define BLOCK_BYTES (1ULL << BLOCK_SHIFT)

/* Ids of all blocks, ascending, or in the order of a shell's memory*: how many. */
u32 blocks_listed(u64 *ids, bool by_name);
/* Text of a file of the block without its newline; empty if it cannot be read. */
void block_read(u64 id, const char *file, char *buf, size_t size);
bool block_reads(u64 id, const char *file, const char *text);
/* Writes to its state file: the length, or -errno. */
s64 block_write_state(u64 id, const char *type);

#endif
