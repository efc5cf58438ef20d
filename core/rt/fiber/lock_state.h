/* SPDX-License-Identifier: MIT */
/* What the fiber runtime keeps inside struct rt_lock. */
#ifndef PFNSTORM_FIBER_LOCK_STATE_H
#define PFNSTORM_FIBER_LOCK_STATE_H

#include "core/rt/types.h"

#define RT_LOCK_MAGIC 0x6c6f636bu /* rt_lock.flags of an initialised lock */
#define LOCK_OWNER_BOOT 64u

struct lock_state {
	u32 owner;      /* id + 1 of the exclusive owner, or 0 */
	u32 nr_readers; /* read acquisitions, recursive ones counted */
	u32 readers;    /* bits of the tasks that read */
	u32 writers_waiting, readers_waiting;
	u32 sync;        /* published by writers */
	u32 reader_sync; /* added to by readers */
	u32 pad;
	u64 sequence; /* wait queues: wake-ups so far */
};

#endif
