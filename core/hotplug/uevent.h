/* SPDX-License-Identifier: MIT */
/* Events for user space about devices (lib/kobject_uevent.c, 6.1): whoever listens is told at once, and nobody waits.
 */
#ifndef PFNSTORM_HOTPLUG_UEVENT_H
#define PFNSTORM_HOTPLUG_UEVENT_H

#include "core/core.h"

/* Device of kind @device and number @id. Any context. */
void uevent(enum uevent_action action, enum uevent_device device, u64 id);

#endif
