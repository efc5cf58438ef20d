/* SPDX-License-Identifier: MIT */
/* The directories below /sys/kernel/slab: their readers hold active references (mm/slub.c, fs/kernfs/dir.c, 6.1). */
#include "core/mm/machine.h"
#include "core/mm/slab.h"
#include "core/rt/point.h"

int slab_directory_add(struct kmem_cache *s)
{
	int ret = -EEXIST;

	spin_lock(&machine.kernfs_lock);
	if (!machine.slab->files[s->id]) {
		machine.slab->files[s->id] = s;
		ret = 0;
	}
	spin_unlock(&machine.kernfs_lock);
	return ret;
}

void slab_directory_remove(struct kmem_cache *s)
{
	spin_lock(&machine.kernfs_lock);
	machine.slab->files[s->id] = NULL;
	spin_unlock(&machine.kernfs_lock);
	point(slab, unlinked, s->id);

	atomic_add(SLAB_DEACTIVATED, &s->active);
	/* Pairs with the ordered decrement in slab_file_close(): what users read comes before the end of the cache. */
	active_ref_drain_begin(&s->active_ref);
	wait_event(&machine.deactivate_waitq, smp_load_acquire(&s->active.counter) == SLAB_DEACTIVATED);
	active_ref_drain_end(&s->active_ref);
}

/* Looks a cache up by its directory and pins it there; NULL if there is none. */
static struct kmem_cache *slab_file_open(u32 id)
{
	struct kmem_cache *s;

	/* kernfs_lock: between finding the cache and pinning it, removal can not free it. */
	spin_lock(&machine.kernfs_lock);
	s = machine.slab->files[id];
	if (s)
		atomic_inc(&s->active);
	spin_unlock(&machine.kernfs_lock);
	if (s)
		active_ref_get(&s->active_ref);
	return s;
}

static void slab_file_close(struct kmem_cache *s)
{
	active_ref_put(&s->active_ref);
	if (atomic_dec_return(&s->active) == SLAB_DEACTIVATED)
		wake_up_all(&machine.deactivate_waitq);
}

/* Which nodes have memory may change meanwhile: then the number is that of a moment ago. */
static s64 count_objects(const struct kmem_cache *s)
{
	s64 slabs = 0;
	u32 nid;

	for_each_node(nid)
	{
		const struct kmem_cache_node *n = smp_load_acquire(&s->node[nid]);

		point(slab, show_node, nid);
		if (n)
			slabs += atomic_long_read(&n->nr_slabs);
	}
	return slabs * SLAB_OBJECTS;
}

s64 slab_total_objects_show(u32 id)
{
	struct kmem_cache *s = slab_file_open(id);
	s64 objects;

	if (!s)
		return -ENOENT;
	point(slab, opened, id);
	if (bug(slab_show_mem_lock))
		get_online_mems();
	objects = count_objects(s);
	if (bug(slab_show_mem_lock))
		put_online_mems();
	slab_file_close(s);
	return objects;
}

int slab_shrink_store(u32 id)
{
	struct kmem_cache *s = slab_file_open(id);

	if (!s)
		return -ENOENT;
	point(slab, opened, id);
	kmem_cache_shrink(s);
	slab_file_close(s);
	return 0;
}
