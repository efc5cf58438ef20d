/* SPDX-License-Identifier: MIT */
/* A virtio-mem device of the guest: where it is, and steps that resize it. */
#ifndef PFNSTORM_ORACLE_VIRTIO_MEM_H
#define PFNSTORM_ORACLE_VIRTIO_MEM_H

#include "oracle/step.h"

/* Sets the topology's region, if the recording has such a device. */
void virtio_mem_set_region(const struct recording *r, struct oracle_machine *m);
/* "ID SIZE": the host asks for it, and has what could be given. */
enum step_effect virtio_mem_resize_step(struct oracle_state *s, const char *args);

#endif
