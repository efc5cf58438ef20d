/* SPDX-License-Identifier: MIT */
/*
 * The memory notifier chain: a blocking chain with priorities and vetoes (kernel/notifier.c,
 * drivers/base/memory.c, 6.1).
 *
 * Listeners are called with memory_chain.rwsem held for reading, inside mem_hotplug_lock (write); they may sleep. Only
 * the result of a GOING event matters. A CANCEL goes to the whole chain, also to those that never saw GOING.
 */
#ifndef PFNSTORM_HOTPLUG_NOTIFIER_H
#define PFNSTORM_HOTPLUG_NOTIFIER_H

#include "core/rt/types.h"

#define MEM_ONLINE BIT(0)
#define MEM_GOING_OFFLINE BIT(1)
#define MEM_OFFLINE BIT(2)
#define MEM_GOING_ONLINE BIT(3)
#define MEM_CANCEL_ONLINE BIT(4)
#define MEM_CANCEL_OFFLINE BIT(5)

#define NOTIFY_DONE 0x0000
#define NOTIFY_OK 0x0001
#define NOTIFY_STOP_MASK 0x8000 /* ends the walk of the chain */
#define NOTIFY_BAD (NOTIFY_STOP_MASK | 0x0002)
#define NOTIFY_STOP (NOTIFY_STOP_MASK | NOTIFY_OK)

/* -ENOMEM is 0x800d on the chain; NOTIFY_BAD reads back as -EPERM, NOTIFY_STOP as 0. */
static inline int notifier_from_errno(int err)
{
	return err ? NOTIFY_STOP_MASK | (NOTIFY_OK - err) : NOTIFY_OK;
}

static inline int notifier_to_errno(int ret)
{
	ret &= ~NOTIFY_STOP_MASK;
	return ret > NOTIFY_OK ? NOTIFY_OK - ret : 0;
}

struct memory_notify {
	u64 start_pfn;
	u64 nr_pages;
	s32 status_change_nid_normal; /* node whose N_NORMAL_MEMORY changes, or -1 */
	s32 status_change_nid;        /* node whose N_MEMORY changes, or -1 */
};

struct notifier_block {
	int (*notifier_call)(struct notifier_block *nb, unsigned long action, void *data);
	struct notifier_block *next;
	s32 priority; /* higher first; equal: in order of registration */
	u32 pad;
};

/* -EEXIST if it is registered already, else 0. Task context or boot. The block lives in the arena. */
int register_memory_notifier(struct notifier_block *nb);
/* -ENOENT if it is not registered. After return no call of it runs. */
int unregister_memory_notifier(struct notifier_block *nb);
/* Judges what listeners are about to be told; NULL: nobody does. mem_hotplug_lock held for writing. */
extern void (*memory_event_hook)(unsigned long val, const struct memory_notify *v);
/* Calls the chain; the encoded result of the last listener called. mem_hotplug_lock held for writing. */
int memory_notify(unsigned long val, struct memory_notify *v);

/*
 * Listeners of every machine, registered at boot: `veto` (priority 0) refuses the next event op veto armed, or where
 * the schedule injects fault `notifier`; one recorder before it (priority 100) and one behind it (priority -100).
 */
struct memory_recorder {
	struct notifier_block nb;
	u64 start_pfn; /* of the operation whose GOING was seen */
	u64 nr_pages;
	u32 going;     /* MEM_GOING_*: seen and not ended; 0: idle */
	u32 broken;    /* the event that broke the sequence GOING_X, then one of X and CANCEL_X; 0: none did */
	u32 broken_in; /* value of `going` then */
	u32 events;    /* events seen */
};
void memory_listeners_init(void);
/* The recorders; for laws. i: 0 sees events before the vetoer, 1 behind it. */
const struct memory_recorder *memory_recorder(unsigned int i);
/* Arms the vetoer: it refuses the next MEM_GOING_ONLINE (event 0) or MEM_GOING_OFFLINE (event 1). Any context. */
void memory_veto_arm(u32 event);
const char *memory_event_text(unsigned long val);

#endif
