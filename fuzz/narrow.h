/* SPDX-License-Identifier: MIT */
/* Narrow fuzz targets: what the rows of fuzz/targets.def mean for the mutators. */
#ifndef PFNSTORM_FUZZ_NARROW_H
#define PFNSTORM_FUZZ_NARROW_H

#include "fuzz/mutate.h"

struct narrow_info {
	const char *name, *base, *families, *planted, *help;
	u32 machines;
	bool failures;
};
extern const struct narrow_info narrow_infos[];
extern const u32 nr_narrow;

/* Fills @options for the target of that name. NULL: there is none, and @options stays. */
const struct narrow_info *narrow_target(const char *name, struct mutate_options *options);

#endif
