/* SPDX-License-Identifier: MIT */
/* Events of core/events.def, for whoever keeps a model of the machine (check/reference.h). No scheduling points. */
#ifndef PFNSTORM_MM_EVENTS_H
#define PFNSTORM_MM_EVENTS_H

#include "core/rt/types.h"

enum core_event {
#define EVENT(id, text) EVENT_##id,
#include "core/events.def"
#undef EVENT
	NR_EVENTS
};

/* NULL: nobody keeps one. */
extern void (*core_event_hook)(enum core_event event, u64 what, s64 value);

/* At the step itself, under the lock that makes it one. @value: see the event. Any context. */
static inline void core_event(enum core_event event, u64 what, s64 value)
{
	if (core_event_hook)
		core_event_hook(event, what, value);
}

#endif
