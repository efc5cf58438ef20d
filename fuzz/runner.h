/* SPDX-License-Identifier: MIT */
/*
 * Runs a scenario under a strategy on the fiber runtime: boots what must be booted, resets what can be reset.
 *
 * A booted machine is kept; the next run of a scenario with the same machine, switches and boot operations costs a
 * reset. No allocation and no text in a run. One at a time per process.
 */
#ifndef PFNSTORM_FUZZ_RUNNER_H
#define PFNSTORM_FUZZ_RUNNER_H

#include "core/rt/run.h"
#include "core/rt/sched.h"
#include "fuzz/replay.h"
#include "fuzz/scenario.h"

#define RUNNER_SEQUENCE BIT(0) /* one task after another, all laws after each operation; no strategy is asked */
#define RUNNER_NO_RACES BIT(1) /* the happens-before detector is off (measuring) */
#define RUNNER_TWICE BIT(2)    /* run twice and fail with verdict `crash` if the hashes differ */
#define RUNNER_WARN_CONTINUE BIT(3)

enum runner_op_state { RUNNER_OP_NOT_BEGUN, RUNNER_OP_RUNNING, RUNNER_OP_DONE };

struct runner_op_result {
	s64 value; /* 0, count or -errno, once DONE */
	u32 state; /* enum runner_op_state */
	u32 pad;
};

struct runner_result {
	struct rt_result rt;
	struct runner_op_result op[SCENARIO_TASKS][SCENARIO_OPS];
	u64 overlapped[64]; /* bit b of [a]: an operation with id a was under way while one with id b was */
	u32 booted;         /* 1 if this run had to boot */
	u32 failed_boot_op; /* number, from 1, of the first boot operation that failed, 0 if none did */
	s64 failed_boot_value;
};

/* The step limit of following runs on tiny, more where blocks have more pages; 0: the runtime's default. */
void runner_set_step_limit(u64 steps);

/*
 * Boots the machine of @s if another one is booted; runs with the same @flags then cost a reset. True if it booted.
 * Running does this by itself; fuzz targets do it before, to tell the coverage of booting from that of the run.
 */
bool runner_prepare(const struct scenario *s, u32 flags);
/*
 * @s must be valid (scenario_error() is NULL; decoded bytes are). @strategy NULL: the default schedule. The scenario's
 * own schedule is used only by runner_replay(). Results go to @r. The machine is left as the run ended, to be looked
 * at, and is reset before the next run.
 */
void runner_run(const struct scenario *s, struct rt_strategy *strategy, u32 flags, struct runner_result *r);
/*
 * Runs the scenario under its own schedule, exactly. Returns 0, or -ESTALE if it drifted (then @drift says where). What
 * a law at a step cut off is no drift.
 * @replay: room for the strategy, also tells which entries were used.
 */
int runner_replay(const struct scenario *s, struct replay *replay, u32 flags, struct runner_result *r);
/* During a run: the operation @task, one of the scenario's, is in; NULL between two. */
const struct op *runner_op_of(u32 task);
/* Its last step, for who runs @replay himself, within another strategy. */
int runner_finish_replay(const struct scenario *s, struct replay *replay, const struct runner_result *r);
/* Back to the boot image now instead of before the next run. */
void runner_reset(void);
/* Forgets the booted machine: the next run boots. For tests that boot machines of their own. */
void runner_forget(void);
/* Boots and resets since the start of the process. */
u64 runner_boots(void);
u64 runner_runs(void);

/* One line for people: "walker: compact zone=Normal -> 0". */
size_t runner_print_op(const struct scenario *s, const struct runner_result *r, u32 task, u32 op, char *buf,
		       size_t size);

#endif
