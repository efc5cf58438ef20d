/* SPDX-License-Identifier: MIT */
/*
 * The machine's topology: rows of core/topologies.def applied to its blocks, or what the configuration brought.
 *
 * Constant while a machine lives, so it is kept outside the arena: reading it is not an access to shared memory.
 */
#ifndef PFNSTORM_MM_TOPOLOGY_H
#define PFNSTORM_MM_TOPOLOGY_H

#include "core/core.h"

extern const struct topology *topology;

/* The topology of a machine: what its configuration brought, or built in *@built from its rows. */
const struct topology *topology_of(const struct machine_config *config, struct topology *built);
/* The same, into `topology`, until the next call. */
void topology_set(const struct machine_config *config);
/* NULL if machines can have it, else what is wrong, for people. For custom ones. */
const char *topology_error(const struct topology *t, const struct machine_config *config);
/* Zone that early memory at @pfn belongs to: enum zone_type, DMA to Normal. */
u32 early_zone(const struct topology *t, u64 pfn);

#endif
