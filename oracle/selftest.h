/* SPDX-License-Identifier: MIT */
/* The kernel's own test of memory hotplug, tools/testing/selftests/memory-hotplug/mem-on-off-test.sh (6.1). */
#ifndef PFNSTORM_ORACLE_SELFTEST_H
#define PFNSTORM_ORACLE_SELFTEST_H

#include "oracle/step.h"

/* "cd … && bash ./mem-on-off-test.sh -r PERCENT [-e ERROR]; echo rc=$?" */
enum step_effect selftest_perform(struct oracle_state *s, const char *command);

#endif
