/* SPDX-License-Identifier: MIT */
/* After a step that could not be replayed: the machine's blocks are brought to where the recording has them. */
#ifndef PFNSTORM_ORACLE_RESYNC_H
#define PFNSTORM_ORACLE_RESYNC_H

#include "oracle/step.h"

/* Task context. What cannot be brought there stays different, and shows in the steps that follow. */
void resync(struct oracle_state *s);

#endif
