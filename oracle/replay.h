/* SPDX-License-Identifier: MIT */
/* A recording, replayed step by step on a machine like the one it was made on. */
#ifndef PFNSTORM_ORACLE_REPLAY_H
#define PFNSTORM_ORACLE_REPLAY_H

#include "core/core.h"
#include "oracle/compare.h"

struct oracle_result {
	char recording[64];
	u32 steps, replayed;             /* all of them */
	u32 changing, changing_replayed; /* of those that change the machine */
	u32 resynchronised;              /* steps after which the machine was brought to where the recording is */
	struct comparison comparison;
	struct rt_verdict verdict; /* of the run: anything but ok ends the replay early */
};

/* 0; -1: the file is no recording or cannot be modelled, @error says why. Not re-entrant. */
int oracle_replay(const char *path, const struct switches *sw, struct oracle_result *result, char *error, size_t size);
/* What the recorded kernel has: era=6.1. */
void oracle_switches(struct switches *sw);

#endif
