/* SPDX-License-Identifier: MIT */
/*
 * The hotplug core as everything above sees it: machines from data, operations from a table, views for reports.
 *
 * Nothing above core/ includes any other header of core/ than this one and those of core/rt/. A second core (kernel
 * sources compiled in) would implement exactly this.
 */
#ifndef PFNSTORM_CORE_H
#define PFNSTORM_CORE_H

#include "core/rt/run.h"
#include "core/rt/types.h"

/* ---- switches: designs.def, bugs.def -------------------------------------------------------------------------- */

enum design_id {
#define DESIGN(id, def, in_6_1, text) DESIGN_##id,
#define ALTERNATIVE(design, id, text)
#include "core/designs.def"
#undef DESIGN
#undef ALTERNATIVE
	NR_DESIGNS
};

/* Values of all designs share one number space; the alternatives of a design follow each other. */
enum alternative_id {
#define DESIGN(id, def, in_6_1, text)
#define ALTERNATIVE(design, id, text) ALT_##design##_##id,
#include "core/designs.def"
#undef DESIGN
#undef ALTERNATIVE
	NR_ALTERNATIVES
};

enum bug_id {
#define BUG_SWITCH(id, since, fixed, summary) BUG_##id,
#include "core/bugs.def"
#undef BUG_SWITCH
	NR_BUGS
};

struct switches {
	u16 design[NR_DESIGNS]; /* enum alternative_id */
	u8 bug[NR_BUGS + 1];    /* 0 or 1; one spare so that the array is never empty */
};

struct design_info {
	const char *name, *question;
	u16 first, count, default_alternative, in_6_1;
};
struct alternative_info {
	const char *name, *text;
	u16 design;
};
struct bug_info {
	const char *name, *since, *fixed, *summary;
};
extern const struct design_info design_infos[NR_DESIGNS];
extern const struct alternative_info alternative_infos[NR_ALTERNATIVES];
extern const struct bug_info bug_infos[];

/* Every design at its default, no bug. */
void switches_default(struct switches *sw);
/* Has that kernel ("6.1", as bugs.def writes series) the bug? Never true of planted ones. */
bool bug_in_kernel(const struct bug_info *bug, const char *version);
/* "6.1": what that kernel has; "none": the default. -EINVAL for an era nobody knows. */
int switches_set_era(struct switches *sw, const char *era);
/* "pfn_walk=unsynchronised", "some_bug=on|off". -EINVAL with a message that names what was expected. */
int switches_set(struct switches *sw, const char *assignment, char *error, size_t size);

/* ---- machines -------------------------------------------------------------------------------------------------- */

enum geometry_id {
#define GEOMETRY(id, text, ...) GEOMETRY_##id,
#include "core/geometries.def"
#undef GEOMETRY
	NR_GEOMETRIES
};

/* A sorted, disjoint set of block ids as ranges: text "0-3,6". */
#define BLOCK_RANGES_MAX 8
struct block_ranges {
	u32 count;
	struct {
		u16 first, last;
	} range[BLOCK_RANGES_MAX];
};

#define CORE_NODES_MAX 4
#define CORE_CPUS_MAX 16

enum topology_id {
#define TOPOLOGY(id, text, help) TOPOLOGY_##id,
#include "core/topologies.def"
#undef TOPOLOGY
	NR_TOPOLOGIES
};

enum boot_param_id {
#define BOOT_PARAM(id, text, help) BOOT_PARAM_##id,
#include "core/boot_params.def"
#undef BOOT_PARAM
	NR_BOOT_PARAMS
};

/* Early memory and nodes, as firmware tables would tell them. */
#define TOPOLOGY_RANGES_MAX 32
#define TOPOLOGY_VIRTIO_BLOCKS_MAX 16
struct topology {
	u32 nr_ranges;
	struct {
		u64 start, end; /* bytes, end excluded; ascending, disjoint */
		u32 nid;
	} range[TOPOLOGY_RANGES_MAX];
	u64 dma_end_pfn, dma32_end_pfn; /* where zones DMA and DMA32 end; 0: there is none */
	u32 nr_kept;                    /* what boot keeps for itself: the kernel's image, memmaps, tables */
	struct {
		u64 start, end; /* whole pages, inside the ranges; ascending, disjoint */
		u32 late;       /* given back at the end of boot: watermarks know nothing of it */
	} kept[TOPOLOGY_RANGES_MAX];
	struct {
		u64 start, end; /* whole blocks without early memory; end 0: there is no such device */
		u32 nid;
	} virtio_mem;        /* the region of a virtio-mem device, boot parameter or not */
	u32 min_free_kbytes; /* at the end of boot, as if somebody had raised it; 0: what memory asks for */
	u32 cpu_nid[CORE_CPUS_MAX];
	u32 distance[CORE_NODES_MAX][CORE_NODES_MAX];
};

struct machine_config {
	u32 geometry;                /* enum geometry_id */
	u32 cpus;                    /* 1 .. 8 in scenarios */
	u32 nodes;                   /* 1 .. 4; block b belongs to node b * nodes / blocks */
	u32 blocks;                  /* block ids are 0 .. blocks-1; 1 .. 8192, fuzzed up to 16 */
	u32 topology;                /* enum topology_id */
	u32 boot_params;             /* bit per enum boot_param_id */
	u32 memory;                  /* enum rt_memory_model; under thread what the processor does */
	struct block_ranges online;  /* early: present and online at boot; contains block 0 */
	struct block_ranges normal;  /* hot-added and onlined with online_kernel before the run */
	struct block_ranges movable; /* hot-added and onlined with online_movable before the run */
	struct block_ranges offline; /* hot-added, not onlined */
	/* Not NULL: instead of @topology and @online, which then says nothing. Lives as long as the machine. */
	const struct topology *custom;
	struct switches sw;
};

/* NULL if @config can be booted, else what is wrong with it, for people. */
const char *machine_config_error(const struct machine_config *config);
/*
 * Boots the machine, sealing the boot image rt_reset() returns to. @setup runs at the end of boot, single-threaded,
 * with operations allowed (NULL: none). Panics only on a bug of the core.
 */
void core_boot(const struct machine_config *config, const struct rt_config *rt, void (*setup)(void *arg), void *arg);

/* ---- operations: ops.def --------------------------------------------------------------------------------------- */

#define OP_ARGS_MAX 4
#define OP_SLOTS 16

enum op_arg_type {
	ARG_INT,
	ARG_BLOCK,
	ARG_SLOT,
	ARG_TASK,
	ARG_ONLINE_TYPE,
	ARG_MIGRATETYPE,
	ARG_ZONE,
	ARG_NOTIFY_EVENT,
	ARG_SYSCTL,
	ARG_CPU_PATH,
	ARG_WALKER,
	ARG_MADVICE,
	ARG_BLOCK_FILE,
	NR_ARG_TYPES
};

struct op_arg_info {
	const char *name;
	enum op_arg_type type;
	s32 min, max, default_value; /* min/max: INT only */
};
struct op_info {
	u32 id;
	const char *name, *syntax, *help;
	u32 weight;
	u32 nr_args;
	struct op_arg_info arg[OP_ARGS_MAX];
};
/* Sorted by id. */
extern const struct op_info op_infos[];
extern const u32 nr_op_infos;
const struct op_info *op_info_by_id(u32 id); /* NULL if there is none */
const struct op_info *op_info_by_name(const char *name);
/* Texts of an enumeration argument: value -> text (NULL past the end). */
const char *op_enum_text(enum op_arg_type type, u32 value);

struct op {
	u32 id;
	s32 arg[OP_ARGS_MAX];
};

/*
 * Performs an operation as the calling task (or during core_boot's setup). Arguments are within the ranges of the
 * table for this machine. Returns 0, a count, or -errno. Slots are shared by all tasks.
 */
s64 core_run_op(const struct op *op);

/* Attempts, successes and errno of each operation since the last call of core_op_stats_reset(). */
#define OP_STATS_ERRNOS 8
struct op_stats {
	u64 attempts, successes;
	struct {
		int err;
		u64 count;
	} errnos[OP_STATS_ERRNOS];
};
const struct op_stats *core_op_stats(u32 op_id);
void core_op_stats_reset(void);

/* ---- files and events: what user space sees ------------------------------------------------------------------ */

enum uevent_action {
	UEVENT_ADD,
	UEVENT_REMOVE,
	UEVENT_ONLINE,
	UEVENT_OFFLINE,
	UEVENT_CHANGE,
	UEVENT_MOVE,
	UEVENT_BIND,
	UEVENT_UNBIND,
};
enum uevent_device { DEVICE_MEMORY, DEVICE_NODE };
/* Called for each event, on the task that caused it: not part of the run, so it touches no shared memory. */
typedef void uevent_listener(enum uevent_action action, enum uevent_device device, u64 id);
void core_set_uevent_listener(uevent_listener *fn); /* NULL: nobody */

/*
 * Files by path: below /sys/devices/system/memory if it does not begin with a slash. Task context; who reads `online`
 * or writes may wait. core_file_open   0; -ENOENT there is none; -EACCES it can not be read, or written core_file_read
 * text with its newline, cut at @size, NUL-terminated: its length, or -errno of open or of the file core_file_write
 * @len, or -errno of open or of the file; nothing happens if @len is 0
 */
int core_file_open(const char *path, bool write);
s64 core_file_read(const char *path, char *buf, size_t size);
s64 core_file_write(const char *path, const char *data, size_t len);
/* What modprobe does: the files of that module are there. -ENOENT: no module of that name brings any. */
int core_load_module(const char *name);
/*
 * How long a writer of "offline" waits for pages that do not move, in virtual ns, before it gives up as under
 * timeout(1); UINT64_MAX: only a signal ends it. 0, the default: as memory_block.h says. Kept by the machine.
 */
void core_set_write_patience(u64 ns);

/*
 * A memory device at [start, start + size), bytes, on node @nid (-1: firmware does not say), is plugged in, or the one
 * at
 * @start ejected: 0 or -errno, see acpi_memhotplug.h. Task context.
 */
int core_plug_memory(s32 nid, u64 start, u64 size);
int core_eject_memory(u64 start);
/*
 * Memory-like devices, as their drivers have them. core_map_device() maps [start, start + size), bytes, as device
 * memory, with its struct pages on itself if @altmap; core_unmap_device() ends the mapping that has @start;
 * core_add_device_memory() adds it to System RAM as dax/kmem does, a static group on node @nid. 0 or -errno, see
 * device_memory.h and memory_hotplug.h. Task context.
 */
int core_map_device(u64 start, u64 size, bool altmap);
int core_unmap_device(u64 start);
int core_add_device_memory(s32 nid, u64 start, u64 size);

/*
 * The host of the virtio-mem device asks for @size bytes in all: 0, or what keeps the device from having that now, see
 * virtio_mem.h; what it has then is core_virtio_mem_size(). Task context.
 */
int core_virtio_mem_resize(u64 size);
u64 core_virtio_mem_size(void);

/*
 * Kernel memory at a given place, as a workload may have it: the free page @pfn becomes one that cannot move. 0; -EBUSY
 * it is not free, or its zone has too few pages. Task context.
 */
int core_hold_kernel_page(u64 pfn);
/*
 * Allocates for slot @slot, which is empty: 2^order pages each, @count times, on node @nid only (-1: anywhere); memory
 * of a process, or of the kernel. How many it got; -ENOMEM, -EINVAL. Operations free, verify, pin, mlock take it from
 * there.
 */
s64 core_slot_alloc(u32 slot, bool movable, u32 order, u32 count, s32 nid);
/* The same of @count huge pages of the pool. How many it got; -ENOMEM, also if the pool has not so many; -EINVAL. */
s64 core_slot_alloc_huge(u32 slot, u32 count, s32 nid);
/* How many pages of the slot are on node @nid now. */
u64 core_slot_pages_on(u32 slot, u32 nid);
/* How many entries of the slot are lost, because their page broke: who uses one is killed. */
u64 core_slot_lost(u32 slot);
/* The pfn of the @page-th page of the slot; -ENOENT: there is none. */
s64 core_slot_pfn(u32 slot, u64 page);
/* Gives a page of core_hold_kernel_page() back. */
void core_release_kernel_page(u64 pfn);

/* ---- checks and views ------------------------------------------------------------------------------------------ */

/* Check the laws marked OP (and, at quiescence, all); rt_fail(VERDICT_invariant) at the first that does not hold. */
void core_check_laws(bool quiescent);
/* On: laws marked OP run after each operation of every task (`sequence`); off: at quiescence only (`race`). */
void core_check_after_each_op(bool on);
/* Off: the following runs end without a look at laws. core_boot() puts it on. */
void core_check_at_quiescence(bool on);

/*
 * Progress, for when nobody else does anything and nothing fails any more. Lets go of what slots pin or hold, but for
 * movable pages of one, and demands of each block without unmovable pages, if its movable ones have room elsewhere, to
 * go offline and online again within @attempts: else rt_fail(VERDICT_invariant, "progress"). A listener that was armed
 * may refuse once. Task context.
 */
struct core_calm {
	u64 blocks, kept; /* of those that were online: went offline; were not asked to */
	u32 attempts;     /* the most that one needed */
	u32 pad;
	u64 longest_ns; /* of all offlines */
};
void core_calm(u32 attempts, struct core_calm *calm);

/*
 * Laws of core/invariants.def, numbered from 0 in its order, and sets of them. core_law_name(): NULL past the end;
 * core_law_at_steps(): may it be asked in the middle of a run?
 */
#define CORE_LAWS_MAX 128
struct law_set {
	u64 word[CORE_LAWS_MAX / 64]; /* bit by bit */
};
const char *core_law_name(u32 law);
bool core_law_at_steps(u32 law);
/*
 * Following runs check these laws, which may be asked there, at each semantic point and after each release of a lock,
 * each while nobody holds the locks that its row names; NULL: none. Leaves no trace in a run but the verdict of a law
 * that does not hold. Fiber only: thread never does.
 */
void core_check_at_each_step(const struct law_set *laws);

/* What an oops at @addr hit, in words: pfn, section, block, its state. Valid after the run, before rt_reset(). */
void core_describe_address(u64 addr, char *buf, size_t size);
/* One line per block and zone: the machine's state for people. */
void core_describe_machine(char *buf, size_t size);
/* What /proc/zoneinfo and /proc/pagetypeinfo tell of a zone, in pages; nothing is locked. */
#define CORE_ZONES 5
#define CORE_MIGRATETYPES 6
struct core_zone_view {
	u64 start_pfn, spanned, present, managed, cma;
	u64 min, low, high, boost;
	u64 protection[CORE_ZONES];
	struct {
		s32 high, batch, threshold;
	} cpu[CORE_CPUS_MAX];              /* per-CPU lists, of possible CPUs */
	u64 pageblocks[CORE_MIGRATETYPES]; /* online pageblocks of each type */
};
const char *core_zone_name(u32 zone);      /* "DMA" … "Device"; NULL past the end */
const char *core_migratetype_name(u32 mt); /* "Unmovable" …; NULL past the end */
/* False: there is no such node, or it is not online. */
bool core_view_zone(u32 nid, u32 zone, struct core_zone_view *view);
struct core_node_view {
	u64 managed; /* pages of all its zones: MemTotal */
	bool kswapd, kcompactd;
};
bool core_view_node(u32 nid, struct core_node_view *view);
/* Pages of a range as /proc/kpageflags has them, but for those that are merely free or in use. */
struct core_pages_view {
	u64 nopage; /* not online */
	u64 reserved, offline, hwpoison;
	u64 untouched; /* of those logically offline: the allocator never had them */
	u64 huge, thp; /* all pages of huge pages of the pool, and of others that are mapped */
};
void core_view_pages(u64 pfn, u64 nr_pages, struct core_pages_view *view);
/* Node of an existing block, as its link says; -1: there is no such block. */
s32 core_block_node(u64 block);
/* What is to be seen of a block from outside: 0 there is none, else its state. Costs a look at one word. */
enum core_block_state { CORE_BLOCK_ABSENT, CORE_BLOCK_OFFLINE, CORE_BLOCK_ONLINE, CORE_BLOCK_GOING_OFFLINE };
enum core_block_state core_block_state(u64 block);
/* Has the directory of node @nid a link to that block? */
bool core_node_links_block(u32 nid, u64 block);
/* MemTotal of all nodes, in pages. */
u64 core_total_pages(void);

/* Hash of everything observable: blocks, zones, free lists, page states. Equal states, equal hashes. */
u64 core_state_hash(void);

#endif
