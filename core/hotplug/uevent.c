/* SPDX-License-Identifier: MIT */
#include "core/hotplug/uevent.h"

#include "core/rt/point.h"

/* Who listens is a setting of the tool, not a part of the machine. */
static uevent_listener *listener;

void core_set_uevent_listener(uevent_listener *fn)
{
	listener = fn;
}

void uevent(enum uevent_action action, enum uevent_device device, u64 id)
{
	point(uevent, sent, (u64)action << 32 | id);
	if (listener)
		listener(action, device, id);
}
