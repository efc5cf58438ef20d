/* SPDX-License-Identifier: MIT */
/* Blocks that go offline and come back for some time. */
#ifndef PFNSTORM_ORACLE_STRESS_H
#define PFNSTORM_ORACLE_STRESS_H

#include "oracle/step.h"

/*
 * "SECONDS memory32,memory33 TYPE …": as often as the guest did, but no more than STRESS_MOST times; then each result
 * is to come as often as that part of the guest's. The load beside it is not replayed.
 */
#define STRESS_MOST 120
enum step_effect stress_step(struct oracle_state *s, const char *args);

#endif
