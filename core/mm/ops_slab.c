/* SPDX-License-Identifier: MIT */
/* Operations on caches of kernel objects. A cache has one user, who makes it, uses its objects and destroys it. */
#include "core/mm/machine.h"
#include "core/mm/ops_mm.h"
#include "core/mm/slab.h"

static struct slab_user *user_of(const struct op *op)
{
	return &machine.slab->users[op->arg[0]];
}

s64 op_cache_create(const struct op *op)
{
	struct slab_user *user = user_of(op);
	struct kmem_cache *s;
	s64 ret = -EEXIST;

	mutex_lock(&user->lock);
	if (!user->cache) {
		s = kmem_cache_create((u32)op->arg[0]);
		ret = IS_ERR(s) ? PTR_ERR(s) : 0;
		if (!ret)
			user->cache = s;
	}
	mutex_unlock(&user->lock);
	return ret;
}

s64 op_cache_show(const struct op *op)
{
	return slab_total_objects_show((u32)op->arg[0]);
}

s64 op_cache_shrink(const struct op *op)
{
	return slab_shrink_store((u32)op->arg[0]);
}

/* The user's lock held. */
static s64 free_objects(struct slab_user *user, u64 count)
{
	u64 nr = min(count, user->used);

	for (u64 i = 0; i < nr; i++)
		kmem_cache_free(user->cache, user->object[i]);
	for (u64 i = nr; i < user->used; i++)
		user->object[i - nr] = user->object[i];
	user->used -= nr;
	return (s64)nr;
}

s64 op_cache_destroy(const struct op *op)
{
	struct slab_user *user = user_of(op);
	s64 ret = -ENOENT;

	mutex_lock(&user->lock);
	if (user->cache) {
		free_objects(user, user->used);
		kmem_cache_destroy(user->cache);
		user->cache = NULL;
		ret = 0;
	}
	mutex_unlock(&user->lock);
	return ret;
}

s64 op_slab_alloc(const struct op *op)
{
	struct slab_user *user = user_of(op);
	u64 count = (u64)op->arg[1], done = 0;
	s64 ret = -ENOENT;

	mutex_lock(&user->lock);
	for (; user->cache && done < count && user->used < SLAB_USED_MAX; done++) {
		u64 object = kmem_cache_alloc(user->cache, GFP_KERNEL);

		if (!object)
			break;
		user->object[user->used++] = object;
	}
	if (user->cache)
		ret = done ? (s64)done : -ENOMEM;
	mutex_unlock(&user->lock);
	return ret;
}

s64 op_slab_free(const struct op *op)
{
	struct slab_user *user = user_of(op);
	s64 ret = -ENOENT;

	mutex_lock(&user->lock);
	if (user->cache)
		ret = free_objects(user, (u64)op->arg[1]);
	mutex_unlock(&user->lock);
	return ret;
}
