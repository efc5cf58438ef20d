/* SPDX-License-Identifier: MIT */
/* Operations that belong together, fuzz/families.def: what random scenarios, narrow targets and seeds are made of. */
#ifndef PFNSTORM_FUZZ_FAMILY_H
#define PFNSTORM_FUZZ_FAMILY_H

#include "core/core.h"

struct family_info {
	const char *name;
	u32 params, topology; /* boot parameters without which none works; where they are at their most interesting */
	const char *makers, *users; /* names of operations; makers leave something behind that users need */
};

extern const struct family_info family_infos[];
extern const u32 nr_families;

/* Its operations, a bit for each id. */
u64 family_ops(u32 family);
bool family_makes(u32 family, u32 op_id);
/*
 * "devices,walkers": a bit per family; names are separated by a comma or a space. -EINVAL with a @message that has the
 * names there are.
 */
int families_from(const char *list, u64 *families, char *message, size_t size);

#endif
