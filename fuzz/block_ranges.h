/* SPDX-License-Identifier: MIT */
/* Sets of memory blocks as text: "0-3,6". */
#ifndef PFNSTORM_FUZZ_BLOCK_RANGES_H
#define PFNSTORM_FUZZ_BLOCK_RANGES_H

#include "core/core.h"
#include "fuzz/text.h"

/* Ascending, disjoint; neighbours are merged. Empty text is the empty set. 0 or -EINVAL with l->error set. */
int block_ranges_parse(struct text_line *l, const struct text_word *word, struct block_ranges *ranges);
void block_ranges_put(struct text_out *out, const struct block_ranges *ranges);
bool block_ranges_equal(const struct block_ranges *a, const struct block_ranges *b);

#endif
