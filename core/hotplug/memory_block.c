/* SPDX-License-Identifier: MIT */
#include "core/hotplug/memory_block.h"

#include "core/hotplug/hotplug_state.h"
#include "core/hotplug/memory_hotplug.h"
#include "core/hotplug/node.h"
#include "core/hotplug/uevent.h"
#include "core/mm/machine.h"
#include "core/rt/mem.h"
#include "core/rt/point.h"
#include "core/rt/task.h"

/* ---- objects --------------------------------------------------------------------------------------------------- */

struct memory_block *find_memory_block_by_id(u64 block_id)
{
	struct memory_block *mem;

	if (block_id >= machine_config.blocks)
		return NULL;
	mem = machine.blocks[block_id];
	if (mem)
		atomic_inc(&mem->kref);
	return mem;
}

void memory_block_put(struct memory_block *mem)
{
	if (atomic_dec_and_test(&mem->kref))
		kfree(mem);
}

int walk_memory_blocks(u64 start, u64 size, void *arg, int (*func)(struct memory_block *mem, void *arg))
{
	u64 first = start / memory_block_size_bytes();
	u64 last = (start + size - 1) / memory_block_size_bytes();
	int ret = 0;

	if (!size)
		return 0;
	for (u64 id = first; id <= last && !ret; id++) {
		struct memory_block *mem = find_memory_block_by_id(id);

		if (!mem)
			continue;
		ret = func(mem, arg);
		if (ret && bug(planted_block_ref_leak))
			break;
		memory_block_put(mem);
	}
	return ret;
}

/* Known to nobody yet. ERR_PTR: -EEXIST, -ENOMEM. */
static struct memory_block *memory_block_new(u64 block_id, u32 nid, enum memory_block_state state, u64 nr_vmemmap_pages,
					     struct memory_group *group)
{
	struct memory_block *mem;

	if (machine.blocks[block_id])
		return ERR_PTR(-EEXIST);
	mem = kzalloc_obj(struct memory_block, OBJ_memory_block);
	if (!mem)
		return ERR_PTR(-ENOMEM);
	mem->start_section_nr = block_id * geometry.sections_per_block;
	mem->state = state;
	mem->offline = state == BLOCK_OFFLINE;
	mem->online_type = MMOP_OFFLINE;
	mem->nid = (s32)nid;
	mem->nr_vmemmap_pages = nr_vmemmap_pages;
	mem->group = group;
	mutex_init(&mem->device_lock, LOCK_device);
	active_ref_init(&mem->active_ref, LOCK_kernfs_active);
	atomic_set(&mem->kref, 1);
	return mem;
}

/* A path look-up may find the block from here on. */
static void memory_block_register(struct memory_block *mem)
{
	u64 block_id = mem->start_section_nr / geometry.sections_per_block;

	if (mem->group)
		mem->group->nr_blocks++;
	/* The driver core looks for a driver under it. */
	if (bug(add_locks_device) && current)
		mutex_lock(&mem->device_lock);
	uevent(UEVENT_ADD, DEVICE_MEMORY, block_id);
	spin_lock(&machine.kernfs_lock);
	machine.blocks[block_id] = mem;
	spin_unlock(&machine.kernfs_lock);
	if (bug(add_locks_device) && current)
		mutex_unlock(&mem->device_lock);
}

/* As 6.1 does: each is registered as soon as it is made. */
static int create_one_by_one(u64 first, u64 end, u32 nid, u64 nr_vmemmap_pages, struct memory_group *group)
{
	for (u64 id = first; id < end; id++) {
		struct memory_block *mem = memory_block_new(id, nid, BLOCK_OFFLINE, nr_vmemmap_pages, group);

		if (IS_ERR(mem)) {
			remove_memory_block_devices(first * memory_block_size_bytes(),
						    (id - first) * memory_block_size_bytes());
			return (int)PTR_ERR(mem);
		}
		memory_block_register(mem);
	}
	return 0;
}

/*
 * All of them are made before the first one is registered. To take registered ones back is to wait for the users of
 * their files, and these may want the locks that are held here.
 */
int create_memory_block_devices(u64 start, u64 size, u32 nid, u64 nr_vmemmap_pages, struct memory_group *group)
{
	u64 first = start / memory_block_size_bytes(), end = (start + size) / memory_block_size_bytes();
	struct memory_block *made = NULL, **last = &made, *mem;
	int ret = 0;

	if (bug(failed_add_unregisters))
		return create_one_by_one(first, end, nid, nr_vmemmap_pages, group);
	for (u64 id = first; id < end && !ret; id++) {
		mem = memory_block_new(id, nid, BLOCK_OFFLINE, nr_vmemmap_pages, group);
		if (IS_ERR(mem)) {
			ret = (int)PTR_ERR(mem);
		} else {
			*last = mem;
			last = &mem->next_made;
		}
	}
	while (made) {
		mem = made;
		made = mem->next_made;
		mem->next_made = NULL;
		if (ret)
			memory_block_put(mem);
		else
			memory_block_register(mem);
	}
	return ret;
}

void memory_block_create_boot(u64 block_id, u32 nid, struct zone *zone)
{
	struct memory_block *mem = memory_block_new(block_id, nid, BLOCK_ONLINE, 0, NULL);

	BUG_ON(IS_ERR(mem));
	mem->zone = zone;
	memory_block_register(mem);
}

/* ---- the state file's active references (fs/kernfs/dir.c) ------------------------------------------------------ */

struct memory_block *block_file_open(u64 block_id)
{
	struct memory_block *mem;

	/* kernfs_lock: between finding the block and pinning it, removal can not free it. */
	spin_lock(&machine.kernfs_lock);
	mem = block_id < machine_config.blocks ? machine.blocks[block_id] : NULL;
	if (mem)
		atomic_inc(&mem->active);
	spin_unlock(&machine.kernfs_lock);
	if (mem)
		active_ref_get(&mem->active_ref);
	return mem;
}

/* The queue is the directory's: once the count is down, whoever waits for it may free the block. */
void block_file_close(struct memory_block *mem)
{
	active_ref_put(&mem->active_ref);
	if (atomic_dec_return(&mem->active) == BLOCK_DEACTIVATED)
		wake_up_all(&machine.deactivate_waitq);
}

static void memory_block_unregister(u64 block_id)
{
	struct memory_block *mem = machine.blocks[block_id];

	if (!mem)
		return;
	unregister_memory_block_under_nodes(mem);
	spin_lock(&machine.kernfs_lock);
	machine.blocks[block_id] = NULL;
	spin_unlock(&machine.kernfs_lock);
	if (mem->group)
		mem->group->nr_blocks--;
	/* The broken memory goes with it. */
	atomic_long_add(-atomic_long_read(&mem->nr_hwpoison), &machine.num_poisoned_pages);
	point(block, unlinked, block_id);

	atomic_add(BLOCK_DEACTIVATED, &mem->active);
	/* Pairs with the ordered decrement in block_file_close(): what users did to the block comes before its end. */
	active_ref_drain_begin(&mem->active_ref);
	wait_event(&machine.deactivate_waitq, smp_load_acquire(&mem->active.counter) == BLOCK_DEACTIVATED);
	active_ref_drain_end(&mem->active_ref);
	point(block, drained, block_id);
	uevent(UEVENT_REMOVE, DEVICE_MEMORY, block_id);
	memory_block_put(mem);
}

void remove_memory_block_devices(u64 start, u64 size)
{
	u64 first = start / memory_block_size_bytes(), end = (start + size) / memory_block_size_bytes();

	for (u64 id = first; id < end; id++)
		memory_block_unregister(id);
}

/* ---- state changes --------------------------------------------------------------------------------------------- */

int memory_block_change_state(struct memory_block *mem, u32 to_state, u32 from_state_req)
{
	u64 id = memory_block_id(mem->start_section_nr);
	int ret;

	lockdep_assert_held(&mem->device_lock);
	if (mem->state != from_state_req)
		return -EINVAL;
	if (to_state == BLOCK_OFFLINE)
		WRITE_ONCE(mem->state, BLOCK_GOING_OFFLINE);
	point(state, changed, id);
	ret = to_state == BLOCK_ONLINE ? memory_block_online(mem) : memory_block_offline(mem);
	WRITE_ONCE(mem->state, ret ? from_state_req : to_state);
	return ret;
}

/* memory_subsys_online(): the bus's side of device_online(). */
static int memory_subsys_online(struct memory_block *mem)
{
	int ret;

	if (mem->state == BLOCK_ONLINE)
		return 0;
	if (mem->online_type == MMOP_OFFLINE)
		mem->online_type = MMOP_ONLINE;
	ret = memory_block_change_state(mem, BLOCK_ONLINE, BLOCK_OFFLINE);
	mem->online_type = MMOP_OFFLINE;
	return ret;
}

static int memory_subsys_offline(struct memory_block *mem)
{
	if (mem->state == BLOCK_OFFLINE)
		return 0;
	return memory_block_change_state(mem, BLOCK_OFFLINE, BLOCK_ONLINE);
}

int device_online(struct memory_block *mem)
{
	int ret = 1;

	mutex_lock(&mem->device_lock);
	point(block, device_locked, memory_block_id(mem->start_section_nr));
	if (mem->offline) {
		ret = memory_subsys_online(mem);
		if (!ret) {
			uevent(UEVENT_ONLINE, DEVICE_MEMORY, memory_block_id(mem->start_section_nr));
			mem->offline = false;
		}
	}
	mutex_unlock(&mem->device_lock);
	return ret;
}

int device_offline(struct memory_block *mem)
{
	int ret = 1;

	mutex_lock(&mem->device_lock);
	point(block, device_locked, memory_block_id(mem->start_section_nr));
	if (!mem->offline) {
		ret = memory_subsys_offline(mem);
		if (!ret) {
			uevent(UEVENT_OFFLINE, DEVICE_MEMORY, memory_block_id(mem->start_section_nr));
			mem->offline = true;
		}
	}
	mutex_unlock(&mem->device_lock);
	return ret;
}

/* ---- the state file -------------------------------------------------------------------------------------------- */

const char *state_show(const struct memory_block *mem)
{
	switch (READ_ONCE(mem->state)) {
	case BLOCK_ONLINE:
		return "online";
	case BLOCK_GOING_OFFLINE:
		return "going-offline";
	default:
		return "offline";
	}
}

/* device_hotplug_lock held: the time of a writer of "offline" runs from here. */
static void start_patience(void)
{
	u64 patience = READ_ONCE(machine.hotplug->write_patience_ns);

	machine.state_write_deadline = patience == UINT64_MAX ? patience
				       : patience             ? rt_now_ns() + patience
							      : rt_now_ns() + state_write_timeout_ns();
}

/* The write itself, device_hotplug_lock held: "already" is an error here, unlike in the file `online`. */
static int state_store_locked(struct memory_block *mem, enum mmop online_type)
{
	int ret;

	if (online_type == MMOP_OFFLINE) {
		start_patience();
		ret = device_offline(mem);
	} else {
		mem->online_type = online_type;
		ret = device_online(mem);
		/* device_online() of an online block never reaches the bus, which resets the request. */
		if (!bug(online_type_sticks))
			mem->online_type = MMOP_OFFLINE;
	}
	return ret == 1 && !bug(planted_already_is_success) ? -EINVAL : min(ret, 0);
}

/* device_hotplug_lock for a writer that holds an active reference: false means drop it and start again. */
static bool state_store_lock(struct memory_block *mem, enum mmop online_type)
{
	if (bug(planted_device_lock_first) && online_type != MMOP_OFFLINE) {
		mutex_lock(&mem->device_lock);
		lock_device_hotplug();
		mutex_unlock(&mem->device_lock);
		return true;
	}
	if (bug(planted_store_blocks)) {
		lock_device_hotplug();
		return true;
	}
	return lock_device_hotplug_sysfs();
}

/*
 * The file, open, with device_hotplug_lock held; -ENODEV, -EINTR. The holder of that lock may be removing this very
 * file and wait for our active reference: never wait for the lock while holding it.
 */
static int store_begin(u64 block_id, enum mmop online_type, struct memory_block **mem)
{
	for (;;) {
		*mem = block_file_open(block_id);
		if (!*mem)
			return -ENODEV;
		point(state, open, block_id);
		if (state_store_lock(*mem, online_type))
			return 0;
		block_file_close(*mem);
		point(state, restart, block_id);
		if (fatal_signal_pending())
			return -EINTR;
	}
}

static void store_end(struct memory_block *mem)
{
	unlock_device_hotplug();
	block_file_close(mem);
}

int state_store(u64 block_id, enum mmop online_type)
{
	struct memory_block *mem;
	int ret = store_begin(block_id, online_type, &mem);

	if (ret)
		return ret;
	ret = state_store_locked(mem, online_type);
	store_end(mem);
	return ret;
}

int online_store(u64 block_id, bool online)
{
	struct memory_block *mem;
	int ret = store_begin(block_id, online ? MMOP_ONLINE : MMOP_OFFLINE, &mem);

	if (ret)
		return ret;
	start_patience();
	ret = online ? device_online(mem) : device_offline(mem);
	store_end(mem);
	return min(ret, 0);
}
