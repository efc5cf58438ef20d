/* SPDX-License-Identifier: MIT */
/*
 * The slab allocator: caches of kernel objects, which keep their slabs per CPU and per node (mm/slub.c,
 * mm/slab_common.c, 6.1).
 *
 * A slab is one page of SLAB_OBJECTS objects. Its struct page has PG_slab, the cache in `mapping`, and in `private` one
 * word that changes by compare and exchange: a bit per free object, and SLAB_FROZEN while the slab belongs to a CPU. A
 * slab that no CPU has and that has free objects is on the partial list of its node; a full one is on no list.
 *
 * Nodes: each cache has a kmem_cache_node for every node of slab_state.nodes, the kernel's slab_nodes. They come in
 * MEM_GOING_ONLINE of a node's first normal memory, before anybody can allocate from it, and stay until the cache goes:
 * whoever looks one up holds no lock.
 *
 * Lock order: cpu_hotplug_lock, slab_mutex, flush_lock, then list_lock and zone->lock, which do not nest.
 */
#ifndef PFNSTORM_MM_SLAB_H
#define PFNSTORM_MM_SLAB_H

#include "core/mm/gfp.h"
#include "core/mm/node.h"
#include "core/rt/cpu.h"

#define SLAB_OBJECTS 8u
#define SLAB_FREE_MASK (BIT(SLAB_OBJECTS) - 1)
#define SLAB_FROZEN BIT(SLAB_OBJECTS)
/* An object: whose slab, which of it. Never 0. */
#define SLAB_OBJECT BIT(7)
#define slab_object(pfn, number) ((pfn) << 8 | SLAB_OBJECT | (number))
#define slab_object_pfn(object) ((object) >> 8)
#define slab_object_bit(object) BIT((object) & (SLAB_OBJECTS - 1))
#define SLAB_CACHES 2u /* the caches of operations */
#define SLAB_USED_MAX 32u
/* Empty slabs that a node keeps (MIN_PARTIAL, 6.1). */
#define SLAB_MIN_PARTIAL 5u

struct kmem_cache_node {
	spinlock_t list_lock;
	struct list_head partial; /* by page->lru: list_lock */
	u64 nr_partial;           /* list_lock; looked at without */
	atomic_long_t nr_slabs;   /* of this node, wherever they are */
};

/* Of each CPU; interrupts off on that CPU, or the CPU is dead. */
struct kmem_cache_cpu {
	struct page *slab; /* NULL: none. Others look whether there is one */
};

struct kmem_cache {
	struct kmem_cache_cpu *cpu_slab;
	struct kmem_cache_node *node[MAX_NODES]; /* set under slab_mutex, read by anybody (marked) */
	u32 id;
	atomic_t active; /* references of running operations on its files; SLAB_DEACTIVATED added: no new ones */
	struct active_ref active_ref;
};
#define SLAB_DEACTIVATED (-0x40000000)

/* Who uses a cache: a driver that made it, and has objects of it. */
struct slab_user {
	struct mutex lock;
	struct kmem_cache *cache; /* NULL: none. lock */
	u64 used;                 /* objects in use, the oldest first: lock */
	u64 object[SLAB_USED_MAX];
};

struct slab_flush_work {
	struct work_struct work;
	struct kmem_cache *cache;
};

struct slab_state {
	struct mutex mutex;      /* slab_mutex: which caches and nodes there are */
	struct mutex flush_lock; /* one user of the work items at a time */
	u64 nodes;               /* slab_nodes: nodes that caches have kmem_cache_nodes for. slab_mutex */
	struct kmem_cache *caches[SLAB_CACHES]; /* slab_caches: slab_mutex */
	struct kmem_cache *files[SLAB_CACHES];  /* /sys/kernel/slab: kernfs_lock */
	struct slab_flush_work *flush_works;    /* of each CPU: flush_lock */
	struct slab_user users[SLAB_CACHES];
};

/* Boot, once the early memory is there: no cache, nodes as they are. */
void slab_init(void);

/* ---- objects ---------------------------------------------------------------------------------------------------- */

/* An object from this CPU's slab, from a partial one of its node, or from a new page; 0: no memory. May sleep. (6.1) */
u64 kmem_cache_alloc(struct kmem_cache *s, gfp_t gfp);
/* Any context. BUG: it is free, or of another cache; verdict `invariant`, "page content lost", if its slab is not as
 * it was. */
void kmem_cache_free(struct kmem_cache *s, u64 object);
/* What a CPU keeps goes to its node, or is freed: caller has interrupts off there, or the CPU is dead. */
void slab_flush_cpu(struct kmem_cache *s, unsigned int cpu);
/* All CPUs that have a slab of the cache. cpu_hotplug_lock held, may sleep. (flush_all_cpus_locked, 6.1) */
void slab_flush_all_cpus(struct kmem_cache *s);
/* The empty slabs of its nodes are freed; false if slabs are left. May sleep. (__kmem_cache_do_shrink, 6.1) */
bool slab_free_empty(struct kmem_cache *s);

/* ---- caches ----------------------------------------------------------------------------------------------------- */

/* ERR_PTR: -EEXIST there is a cache or its directory of that number, -ENOMEM. Task context. (kmem_cache_create, 6.1) */
struct kmem_cache *kmem_cache_create(u32 id);
/*
 * No object is in use and nobody allocates any more. Its directory goes last, with no lock held, since that waits for
 * the users of its files. WARN_ON() if slabs are left, and then the cache stays. Task context. (6.1)
 */
void kmem_cache_destroy(struct kmem_cache *s);
/* CPUs and nodes give empty slabs back. The caller keeps the cache there. Task context. (kmem_cache_shrink, 6.1) */
void kmem_cache_shrink(struct kmem_cache *s);

/* Memory events, for the listener; mem_hotplug_lock write. @nid: of status_change_nid_normal, may be -1. (6.1) */
int slab_mem_going_online(s32 nid); /* 0 or -ENOMEM */
void slab_mem_going_offline(void);
void slab_mem_offline(s32 nid);
/* A CPU is gone (slub_cpu_dead, 6.1). cpu_hotplug_lock write. */
void slab_cpu_dead(unsigned int cpu);

/* ---- /sys/kernel/slab (mm/slub.c, fs/kernfs/dir.c, 6.1) ---------------------------------------------------------- */

/* The directory appears: 0 or -EEXIST. slab_mutex held. */
int slab_directory_add(struct kmem_cache *s);
/* The directory is gone, and everybody who used its files. */
void slab_directory_remove(struct kmem_cache *s);
/* Reads total_objects: their number, or -ENOENT. Task context. (show_slab_objects, 6.1) */
s64 slab_total_objects_show(u32 id);
/* Writes to shrink: 0, or -ENOENT. Task context. (shrink_store, 6.1) */
int slab_shrink_store(u32 id);

#endif
