/* SPDX-License-Identifier: MIT */
/* Events of the machine during a step, against those of the recording: of memory blocks and nodes, in order. */
#ifndef PFNSTORM_ORACLE_UEVENTS_H
#define PFNSTORM_ORACLE_UEVENTS_H

#include "core/core.h"
#include "oracle/compare.h"

void uevents_clear(void);
/* A listener of core. */
void uevents_note(enum uevent_action action, enum uevent_device device, u64 id);
/*
 * One field; @recorded: an array of texts, or NULL for none. @share: which part of what the step did over and over was
 * done; of a list that is not whole the length is compared, and so much of it.
 */
void uevents_compare(struct comparison *c, struct json_object *recorded, struct share share);

#endif
