/* SPDX-License-Identifier: MIT */
/* Caches and their nodes (mm/slab_common.c, mm/slub.c, 6.1). */
#include "core/mm/cpu.h"
#include "core/mm/machine.h"
#include "core/mm/slab.h"
#include "core/rt/mem.h"
#include "core/rt/point.h"
#include "core/rt/report.h"

void slab_init(void)
{
	struct slab_state *slab = kzalloc_obj(struct slab_state, OBJ_slab_state);

	BUG_ON(!slab);
	rt_mark_permanent(slab);
	machine.slab = slab;
	mutex_init(&slab->mutex, LOCK_slab_mutex);
	mutex_init(&slab->flush_lock, LOCK_slab_flush);
	slab->nodes = node_states_mask(N_NORMAL_MEMORY);
	slab->flush_works = alloc_percpu(struct slab_flush_work, OBJ_work);
	BUG_ON(!slab->flush_works);
	rt_mark_permanent(slab->flush_works);
	for (u32 id = 0; id < SLAB_CACHES; id++)
		mutex_init(&slab->users[id].lock, LOCK_slab_user);
}

/* ---- locks ------------------------------------------------------------------------------------------------------ */

/* Until 5.12 which nodes have memory was kept from changing by mem_hotplug_lock, not by a mask of the caches' own. */
static void slab_lock(void)
{
	cpus_read_lock();
	if (bug(slab_show_mem_lock))
		get_online_mems();
	mutex_lock(&machine.slab->mutex);
}

static void slab_unlock(void)
{
	mutex_unlock(&machine.slab->mutex);
	if (bug(slab_show_mem_lock))
		put_online_mems();
	cpus_read_unlock();
}

/* ---- nodes: slab_mutex held ------------------------------------------------------------------------------------- */

static int add_node(struct kmem_cache *s, u32 nid)
{
	struct kmem_cache_node *n = kzalloc_obj(struct kmem_cache_node, OBJ_kmem_cache_node);

	if (!n)
		return -ENOMEM;
	spin_lock_init(&n->list_lock, LOCK_slab_list);
	INIT_LIST_HEAD(&n->partial);
	smp_store_release(&s->node[nid], n);
	return 0;
}

static int add_nodes(struct kmem_cache *s)
{
	/* A node that is about to get memory is in the mask before it is in the node state. */
	u64 nodes = bug(slab_nodes_by_state) ? node_states_mask(N_NORMAL_MEMORY) : machine.slab->nodes;
	u32 nid;

	for_each_node(nid) if (nodes & BIT(nid) && add_node(s, nid)) return -ENOMEM;
	return 0;
}

int slab_mem_going_online(s32 nid)
{
	struct slab_state *slab = machine.slab;
	int ret = 0;

	if (nid < 0)
		return 0;
	mutex_lock(&slab->mutex);
	for (u32 id = 0; id < SLAB_CACHES && !ret; id++) {
		struct kmem_cache *s = slab->caches[id];

		/* Kept from when the node had memory before. */
		if (s && !s->node[nid])
			ret = add_node(s, (u32)nid);
	}
	if (!ret)
		slab->nodes |= BIT(nid);
	mutex_unlock(&slab->mutex);
	point(slab, node_added, nid);
	return ret;
}

void slab_mem_going_offline(void)
{
	struct slab_state *slab = machine.slab;

	mutex_lock(&slab->mutex);
	for (u32 id = 0; id < SLAB_CACHES; id++) {
		if (!slab->caches[id])
			continue;
		slab_flush_all_cpus(slab->caches[id]);
		slab_free_empty(slab->caches[id]);
	}
	mutex_unlock(&slab->mutex);
}

/* Look-ups hold no lock, so what a node has stays; until 5.12 it was freed. */
static void free_node_in_use(struct kmem_cache *s, u32 nid)
{
	struct kmem_cache_node *n = s->node[nid];

	if (!n)
		return;
	BUG_ON(atomic_long_read(&n->nr_slabs));
	WRITE_ONCE(s->node[nid], NULL);
	kfree(n);
}

void slab_mem_offline(s32 nid)
{
	struct slab_state *slab = machine.slab;

	if (nid < 0)
		return;
	mutex_lock(&slab->mutex);
	slab->nodes &= ~BIT(nid);
	for (u32 id = 0; id < SLAB_CACHES; id++)
		if (bug(slab_node_freed) && slab->caches[id])
			free_node_in_use(slab->caches[id], (u32)nid);
	mutex_unlock(&slab->mutex);
	point(slab, node_removed, nid);
}

void slab_cpu_dead(unsigned int cpu)
{
	struct slab_state *slab = machine.slab;

	mutex_lock(&slab->mutex);
	for (u32 id = 0; id < SLAB_CACHES; id++)
		if (slab->caches[id] && !bug(planted_dead_cpu_slab))
			slab_flush_cpu(slab->caches[id], cpu);
	mutex_unlock(&slab->mutex);
}

/* ---- create, destroy, shrink ------------------------------------------------------------------------------------ */

static void free_cache(struct kmem_cache *s)
{
	u32 nid;

	for_each_node(nid) kfree(s->node[nid]);
	free_percpu(s->cpu_slab);
	kfree(s);
}

/* slab_mutex held. */
static struct kmem_cache *create_cache(u32 id)
{
	struct kmem_cache *s = kzalloc_obj(struct kmem_cache, OBJ_kmem_cache);
	int ret = -ENOMEM;

	if (!s)
		return ERR_PTR(-ENOMEM);
	s->id = id;
	active_ref_init(&s->active_ref, LOCK_kernfs_active_slab);
	s->cpu_slab = alloc_percpu(struct kmem_cache_cpu, OBJ_kmem_cache_cpu);
	if (s->cpu_slab)
		ret = add_nodes(s);
	if (!ret)
		ret = slab_directory_add(s);
	if (!ret)
		return s;
	free_cache(s);
	return ERR_PTR(ret);
}

struct kmem_cache *kmem_cache_create(u32 id)
{
	struct kmem_cache *s = ERR_PTR(-EEXIST);

	slab_lock();
	if (!machine.slab->caches[id]) {
		s = create_cache(id);
		if (!IS_ERR(s))
			machine.slab->caches[id] = s;
	}
	point(slab, created, id);
	slab_unlock();
	return s;
}

void kmem_cache_destroy(struct kmem_cache *s)
{
	slab_lock();
	slab_flush_all_cpus(s);
	if (!slab_free_empty(s)) {
		slab_unlock();
		WARN_ON(true);
		return;
	}
	machine.slab->caches[s->id] = NULL;
	point(slab, shut_down, s->id);
	/* Those who use its files may wait for these very locks. */
	if (bug(slab_directory_locked))
		slab_directory_remove(s);
	slab_unlock();
	if (!bug(slab_directory_locked))
		slab_directory_remove(s);
	free_cache(s);
}

void kmem_cache_shrink(struct kmem_cache *s)
{
	cpus_read_lock();
	slab_flush_all_cpus(s);
	cpus_read_unlock();
	slab_free_empty(s);
}
