/* SPDX-License-Identifier: MIT */
#include "core/rt/lockorder.h"

#include <stdio.h>

void lockorder_init(struct lockorder *graph)
{
	for (u32 from = 0; from < NR_LOCK_CLASSES; from++)
		for (u32 word = 0; word < LOCKORDER_WORDS; word++)
			__atomic_store_n(&graph->after[from][word], 0, __ATOMIC_RELAXED);
}

/* Shortest path @from -> … -> @to, breadth first in order of class ids; previous[] leads back from @to. */
static bool find_path(const struct lockorder *graph, u32 from, u32 to, u32 previous[NR_LOCK_CLASSES])
{
	u32 queue[NR_LOCK_CLASSES], head = 0, tail = 0;
	bool reached[NR_LOCK_CLASSES] = {false};

	queue[tail++] = from;
	reached[from] = true;
	while (head < tail) {
		u32 at = queue[head++];

		if (at == to)
			return true;
		for (u32 next = 0; next < NR_LOCK_CLASSES; next++) {
			if (reached[next] || !lockorder_has(graph, at, next))
				continue;
			reached[next] = true;
			previous[next] = at;
			queue[tail++] = next;
		}
	}
	return false;
}

/* Is there a path @from -> … -> @to? Most new edges close no cycle, and a run adds many: a word of classes at a time.
 */
static bool reaches(const struct lockorder *graph, u32 from, u32 to)
{
	u64 reached[LOCKORDER_WORDS] = {0}, left[LOCKORDER_WORDS] = {0};
	u32 at = from, word;

	do {
		for (word = 0; word < LOCKORDER_WORDS; word++) {
			u64 more = __atomic_load_n(&graph->after[at][word], __ATOMIC_RELAXED) & ~reached[word];

			reached[word] |= more;
			left[word] |= more;
		}
		for (word = 0; word < LOCKORDER_WORDS && !left[word]; word++)
			;
		if (word == LOCKORDER_WORDS)
			break;
		at = word * 64 + (u32)__builtin_ctzll(left[word]);
		left[word] &= left[word] - 1;
	} while (!(reached[to / 64] >> (to % 64) & 1));
	return reached[to / 64] >> (to % 64) & 1;
}

/* The cycle from its lowest class id on, so that it reads the same whichever edge closed it. */
static void format_chain(u32 held, u32 class, const u32 previous[NR_LOCK_CLASSES], char *chain, size_t size)
{
	u32 cycle[NR_LOCK_CLASSES], length = 0, first = 0;
	size_t used = 0;

	for (u32 at = held; at != class; at = previous[at])
		cycle[length++] = at;
	cycle[length++] = class;
	for (u32 i = 1; i < length; i++)
		if (cycle[i] < cycle[first])
			first = i;
	/* cycle[] lists predecessors: going down follows the edges */
	for (u32 i = 0; i <= length && used < size; i++)
		used += (size_t)snprintf(chain + used, size - used, "%s%s", i ? " -> " : "",
					 lock_class_name(cycle[(first + length - i % length) % length]));
}

bool lockorder_add(struct lockorder *graph, enum lock_class held, enum lock_class class, char *chain, size_t size)
{
	u32 previous[NR_LOCK_CLASSES];

	if (size)
		chain[0] = '\0';
	if (held == LOCK_none || class == LOCK_none || held == class || lockorder_has(graph, held, class))
		return true;
	__atomic_fetch_or(&graph->after[held][class / 64], BIT(class % 64), __ATOMIC_RELAXED);
	if (!reaches(graph, class, held) || !find_path(graph, class, held, previous))
		return true;
	format_chain(held, class, previous, chain, size);
	return false;
}
