/* SPDX-License-Identifier: MIT */
#include "fuzz/exhaustive_tree.h"

#include <stdlib.h>

void tree_free(struct tree *t)
{
	for (u32 i = 0; i < ARRAY_SIZE(t->level); i++) {
		free(t->level[i].node);
		free(t->level[i].bucket);
	}
}

static u32 *find_bucket(const struct tree_level *l, u32 parent, const struct deviation *d)
{
	u64 hash = ((u64)parent << 32 | d->at) ^ (u64)d->to << 24 ^ (u64)d->kind << 20;
	u32 i;

	hash *= 0x9e3779b97f4a7c15ULL;
	for (i = (u32)(hash >> 32) & (l->buckets - 1); l->bucket[i]; i = (i + 1) & (l->buckets - 1)) {
		const struct tree_node *node = &l->node[l->bucket[i] - 1];

		if (node->parent == parent && node->deviation.at == d->at && node->deviation.to == d->to &&
		    node->deviation.kind == d->kind)
			break;
	}
	return &l->bucket[i];
}

/* Room for one more node and a bucket in two free. */
static bool grow(struct tree_level *l)
{
	u32 capacity = l->capacity ? l->capacity * 2 : 256;
	struct tree_node *node;

	if (l->count < l->capacity)
		return true;
	node = realloc(l->node, capacity * sizeof(*node));
	if (!node)
		return false;
	l->node = node;
	free(l->bucket);
	l->buckets = capacity * 2;
	l->bucket = calloc(l->buckets, sizeof(*l->bucket));
	if (!l->bucket)
		return false;
	l->capacity = capacity;
	for (u32 i = 0; i < l->count; i++)
		*find_bucket(l, l->node[i].parent, &l->node[i].deviation) = i + 1;
	return true;
}

u32 tree_add(struct tree *t, u32 level, u32 parent, const struct deviation *deviation)
{
	struct tree_level *l = &t->level[level];
	u32 *bucket;

	if (!grow(l))
		return UINT32_MAX;
	bucket = find_bucket(l, parent, deviation);
	if (*bucket)
		return *bucket - 1;
	l->node[l->count] = (struct tree_node){ .deviation = *deviation, .parent = parent };
	*bucket = ++l->count;
	return l->count - 1;
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
