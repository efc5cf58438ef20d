/* SPDX-License-Identifier: MIT */
/* A memory-like device of the guest: mapped by its driver, then added to System RAM. */
#ifndef PFNSTORM_ORACLE_NVDIMM_H
#define PFNSTORM_ORACLE_NVDIMM_H

#include "oracle/step.h"

/* What a command line does to drivers; STEP_UNKNOWN: nothing with such a device. */
enum step_effect nvdimm_perform(struct oracle_state *s, const char *command);

#endif
