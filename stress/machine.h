/* SPDX-License-Identifier: MIT */
/* The machine that a mix runs on: said, or made to its measure. */
#ifndef PFNSTORM_STRESS_MACHINE_H
#define PFNSTORM_STRESS_MACHINE_H

#include "stress/mix.h"
#include "stress/options.h"

/*
 * Makes @s a scenario with that machine and as many tasks, without operations, as there are threads that draw some.
 * What
 * @o does not say is chosen: so many CPUs and nodes as the mixes need, hot-added blocks beside early ones. Switches are
 * at their default. 0, or -EINVAL with a message.
 */
int machine_prepare(const struct options *o, const struct mix *mix, struct scenario *s, char *message, size_t size);
/* "tiny" … -EINVAL: there is no such geometry. */
int machine_geometry(const char *name, u32 *geometry);
/* How many threads draw operations, and how many read files (stress/readers.h). */
u32 machine_threads(const struct options *o);

#endif
