/* SPDX-License-Identifier: MIT */
/* Events of the machine during a step, against those of the recording: of memory blocks and nodes, in order. */
#ifndef PFNSTORM_ORACLE_UEVENTS_H
#define PFNSTORM_ORACLE_UEVENTS_H

#include "core/core.h"
#include "oracle/compare.h"

void uevents_clear(void);
/* A listener of core. */
void uevents_note(enum uevent_action action, enum uevent_device device, u64 id);
/* One field; @recorded: an array of texts, or NULL for none. */
void uevents_compare(struct comparison *c, struct json_object *recorded);

#endif
