/* SPDX-License-Identifier: MIT */
/* The machine: root of all mutable state, first object of the arena's heap. */
#ifndef PFNSTORM_MM_MACHINE_H
#define PFNSTORM_MM_MACHINE_H

#include "core/core.h"
#include "core/mm/area.h"
#include "core/mm/hugetlb.h"
#include "core/mm/node.h"
#include "core/mm/section.h"
#include "core/mm/watermark.h"
#include "core/rt/lock.h"
#include "core/rt/wait.h"

#define SECTION_ROOTS_MAX 512 /* x 256 sections: 16 TiB in x86-64 geometry */
#define MEMORY_BLOCKS_MAX 8192
#define PAGE_WAIT_TABLE_SIZE 8

struct cma;
struct hotplug_state;
struct slab_state;
struct pagemap_ranges;
struct walkers;
struct kcore;
struct memory_tiers;
struct ksm;
struct memory_block;
struct notifier_block;
struct resource;
struct virtio_mem;

struct machine {
	struct mutex device_hotplug_lock;            /* outermost; serialises add, remove, state changes */
	struct percpu_rw_semaphore cpu_hotplug_lock; /* read inside mem_hotplug_begin() */
	struct percpu_rw_semaphore mem_hotplug_lock; /* sections, spans, present pages, node states */
	struct rw_semaphore memory_chain_rwsem;
	struct notifier_block *memory_chain;
	struct mem_section *section_roots[SECTION_ROOTS_MAX];
	u64 highest_present_section_nr;
	struct memory_block *blocks[MEMORY_BLOCKS_MAX]; /* the memory_blocks xarray: device_hotplug_lock */
	struct resource *iomem;                         /* sorted list of System RAM */
	spinlock_t resource_lock;
	u64 node_states[NR_NODE_STATES];
	atomic_long_t totalram_pages;
	u64 totalreserve_pages;
	struct vm_sysctl vm;
	spinlock_t wmark_lock;         /* one computation of watermarks at a time */
	seqlock_t zonelist_update_seq; /* rebuilds of zonelists, and those who must not miss one */
	u32 node_load[MAX_NODES];      /* how often a node comes first for others: zonelist_update_seq */
	atomic_long_t vm_zone_stat[NR_VM_ZONE_STAT_ITEMS];
	atomic_long_t vm_node_stat[NR_VM_NODE_STAT_ITEMS];

	struct mutex pcp_batch_high_lock;        /* high and batch of all zones; held as long as lists are disabled */
	struct rw_semaphore pcp_isolation_rwsem; /* isolators against those who set the lists' length, in one design */
	struct mutex pcpu_drain_mutex;           /* one drainer at a time */
	struct per_cpu_pages *boot_pageset;
	struct per_cpu_zonestat *boot_zonestats;
	struct per_cpu_nodestat *boot_nodestats;
	struct work_struct *vmstat_works;
	u64 vmstat_ns; /* when CPUs were last asked to fold their counters; marked accesses */
	struct lru_batch *lru_batches;
	struct work_struct *lru_drain_works;
	struct mutex lru_drain_mutex;
	atomic_t lru_disable_count;
	u32 lru_drain_gen; /* drains begun: written under lru_drain_mutex */

	pg_data_t nodes[MAX_NODES];
	struct area areas[OP_SLOTS];
	wait_queue_head_t page_wait_table[PAGE_WAIT_TABLE_SIZE]; /* waiters for page locks, by pfn */
	u32 veto_armed[8];                  /* per NOTIFY_EVENT: the listener refuses the next one */
	spinlock_t kernfs_lock;             /* path look-ups read blocks[] under it; its writers hold both locks */
	wait_queue_head_t deactivate_waitq; /* removal of a block waits for the users of its files */
	atomic_t ops_in_flight;             /* counted only while laws are checked after each operation */
	u32 ops_pad;
	struct hotplug_state *hotplug;
	struct cma *cma;               /* NULL: none was declared */
	struct virtio_mem *virtio_mem; /* NULL: there is none */
	u64 driver_adjusted; /* a driver has changed what zones manage: marks are not computed again. Marked */
	struct slab_state *slab;
	u64 state_write_deadline;        /* when the writer of a state file loses patience: device_hotplug_lock */
	struct pagemap_ranges *pagemaps; /* device mappings: RCU; NULL until there is one */
	struct mutex pagemaps_lock;      /* their changes */
	struct walkers *walkers;
	struct kcore *kcore;
	struct ksm *ksm;
	struct hstate hstate;  /* the pool of huge pages */
	struct mutex mf_mutex; /* one page is poisoned or unpoisoned at a time */
	atomic_long_t num_poisoned_pages;
	u64 hw_memory_failure;                  /* the hardware has reported one: mf_mutex */
	struct rw_semaphore page_offline_rwsem; /* read while content of any page is read */
	struct memory_tiers *memory_tiers;      /* NULL: not asked for at boot */
	u64 mf_calls;                           /* of all that take mf_mutex, and under it */
};

#define machine (*(struct machine *)RT_HEAP_BASE)

/*
 * Switches and configuration are constant while a machine lives; kept outside the arena, so that asking is not an
 * access to shared memory.
 */
extern struct machine_config machine_config;
#define design(id) (machine_config.sw.design[DESIGN_##id])
#define bug(id) (machine_config.sw.bug[BUG_##id])

#define boot_param(id) (machine_config.boot_params & BIT(BOOT_PARAM_##id))
/* Verdict `context` unless the caller excludes everybody who looks at sections, spans and present pages, or boots. */
void assert_mem_hotplug_writer(void);

/* get_online_mems()/put_online_mems(), mem_hotplug_begin()/done() (mm/memory_hotplug.c). */
void get_online_mems(void);
void put_online_mems(void);
void mem_hotplug_begin(void);
void mem_hotplug_done(void);

#endif
