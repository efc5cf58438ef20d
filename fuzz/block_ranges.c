/* SPDX-License-Identifier: MIT */
#include "fuzz/block_ranges.h"

#include <string.h>

static bool read_number(const char **at, const char *end, u32 *value)
{
	const char *start = *at;

	*value = 0;
	while (*at < end && **at >= '0' && **at <= '9' && *at - start < 5)
		*value = *value * 10 + (u32)(*(*at)++ - '0');
	return *at > start && *value <= UINT16_MAX;
}

int block_ranges_parse(struct text_line *l, const struct text_word *word, struct block_ranges *ranges)
{
	const char *at = word->start, *end = word->start + word->len;
	u32 next = 0; /* the lowest id that may follow */

	memset(ranges, 0, sizeof(*ranges));
	while (at < end) {
		const char *start = at;
		u32 first, last;

		if (!read_number(&at, end, &first))
			return text_fail(l, start, "expected block ids like 0-3,6");
		last = first;
		if (at < end && *at == '-') {
			at++;
			if (!read_number(&at, end, &last))
				return text_fail(l, at, "expected the last block of a range, as in 0-3");
		}
		if (first < next || last < first)
			return text_fail(l, start, "expected ascending block ids, each once");
		if (ranges->count && first == next && next) {
			ranges->range[ranges->count - 1].last = (u16)last;
		} else if (ranges->count == BLOCK_RANGES_MAX) {
			return text_fail(l, start, "expected at most %d ranges", BLOCK_RANGES_MAX);
		} else {
			ranges->range[ranges->count].first = (u16)first;
			ranges->range[ranges->count++].last = (u16)last;
		}
		next = last + 1;
		if (at == end)
			break;
		if (*at++ != ',' || at == end)
			return text_fail(l, at - 1, "expected ',' and another block id, or a blank");
	}
	return 0;
}

void block_ranges_put(struct text_out *out, const struct block_ranges *ranges)
{
	for (u32 i = 0; i < ranges->count; i++) {
		text_put(out, "%s%u", i ? "," : "", ranges->range[i].first);
		if (ranges->range[i].last != ranges->range[i].first)
			text_put(out, "-%u", ranges->range[i].last);
	}
}

bool block_ranges_equal(const struct block_ranges *a, const struct block_ranges *b)
{
	if (a->count != b->count)
		return false;
	for (u32 i = 0; i < a->count; i++) {
		if (a->range[i].first != b->range[i].first || a->range[i].last != b->range[i].last)
			return false;
	}
	return true;
}
