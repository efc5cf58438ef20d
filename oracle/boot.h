/* SPDX-License-Identifier: MIT */
/* From the first snapshot of a recording to a machine like it: memory with its holes, nodes, CPUs, what boot kept. */
#ifndef PFNSTORM_ORACLE_BOOT_H
#define PFNSTORM_ORACLE_BOOT_H

#include "core/core.h"
#include "oracle/recording.h"

struct oracle_machine {
	struct machine_config config; /* points to topology */
	struct topology topology;
	s32 qemu_node[CORE_NODES_MAX]; /* Linux node of each of QEMU's; -1: firmware's tables do not mention it */
};

/* 0, or -1 and what cannot be modelled in @error. */
int oracle_machine_init(const struct recording *r, struct oracle_machine *m, char *error, size_t size);

#endif
