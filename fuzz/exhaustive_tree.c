/* SPDX-License-Identifier: MIT */
#include "fuzz/exhaustive_tree.h"

#include <stdlib.h>
#include <string.h>

void tree_free(struct tree *t)
{
	for (u32 i = 0; i < ARRAY_SIZE(t->level); i++) {
		for (u32 n = 0; n < t->level[i].count; n++)
			free(t->level[i].node[n].tried);
		free(t->level[i].node);
	}
}

u32 tree_add(struct tree *t, u32 level, u32 parent, const struct deviation *deviation, u32 weight, bool equal)
{
	struct tree_level *l = &t->level[level];

	if (l->count == l->capacity) {
		u32 capacity = l->capacity ? l->capacity * 2 : 256;
		struct tree_node *node = realloc(l->node, capacity * sizeof(*node));

		if (!node)
			return UINT32_MAX;
		l->node = node;
		l->capacity = capacity;
	}
	l->node[l->count] =
		(struct tree_node){.deviation = *deviation, .parent = parent, .weight = weight, .equal = equal};
	l->sort[equal].weight += weight;
	l->sort[equal].square += (double)weight * weight;
	return l->count++;
}

bool tree_set_tried(struct tree_node *node, const struct deviation *tried, u32 count)
{
	struct deviation *copy = realloc(node->tried, max(count, 1u) * sizeof(*copy));

	if (!copy)
		return false;
	memcpy(copy, tried, count * sizeof(*copy));
	node->tried = copy;
	node->nr_tried = count;
	return true;
}

u32 tree_path(const struct tree *t, u32 level, u32 index, struct deviation *path)
{
	for (u32 d = level + 1; d--;) {
		const struct tree_node *node = &t->level[d].node[index];

		path[d] = node->deviation;
		index = node->parent;
	}
	return level + 1;
}

static bool tree_scan(struct tree *t, u32 levels, u32 conflicts, u32 *level, u32 *index)
{
	for (u32 d = 0; d < levels; d++) {
		struct tree_level *l = &t->level[d];

		for (; l->cursor < l->count; l->cursor++) {
			if (l->node[l->cursor].expanded > conflicts)
				continue;
			*level = d;
			*index = l->cursor++;
			return true;
		}
	}
	return false;
}

bool tree_next(struct tree *t, u32 levels, u32 conflicts, u32 *level, u32 *index)
{
	if (tree_scan(t, levels, conflicts, level, index))
		return true;
	for (u32 d = 0; d < levels; d++)
		t->level[d].cursor = 0;
	return tree_scan(t, levels, conflicts, level, index);
}
