/* SPDX-License-Identifier: MIT */
/*
 * Processes of the guest: tasks that do what a step starts and does not wait for. A job that ends later ends during the
 * step that lets it.
 */
#ifndef PFNSTORM_ORACLE_GUEST_H
#define PFNSTORM_ORACLE_GUEST_H

#include "core/core.h"

#define GUEST_TASKS 4
#define GUEST_LOOP_BLOCKS 8

struct guest_job {
	/* The task's while set, else free; releases what is above and below it to the other side. */
	u32 running;
	/* What is done: a write to a file, or an ejection. */
	char path[128], data[64]; /* empty path: ejection */
	char then[64];            /* written after it, unless empty; the two so many times */
	u32 times;
	u64 block[GUEST_LOOP_BLOCKS]; /* whose state files instead, one after the other, until it is killed */
	u32 blocks;
	u64 start;
	s64 ret;
	u32 killed; /* by a fatal signal, so that nobody got its result; marked accesses */
	u32 done;   /* releases ret */
};

/* Creates the tasks of the next run, in front of it. */
void guest_create(void);
/* Ends them; for the last step, since a run ends when all its tasks have. Task context, like all below. */
void guest_end(void);
/* Starts a job; NULL: too many are running. It is its owner's until the next one takes its place. */
struct guest_job *guest_write(const char *path, const char *data);
/* Writes @data, then @then (NULL: nothing), and that @times; what writes answer is the loop's. */
struct guest_job *guest_loop(const char *path, const char *data, const char *then, u32 times);
/* Writes @data to the state files of @nr blocks again and again; only guest_kill() ends it. */
struct guest_job *guest_endless_loop(const u64 *blocks, u32 nr, const char *data);
struct guest_job *guest_eject(u64 start);
/* Waits up to @ms of virtual time: is it over? */
bool guest_wait(struct guest_job *job, u32 ms);
/* What has come of a job that is over, or was killed: ret and killed. */
struct guest_job guest_result(const struct guest_job *job);
/* What alarm(2) does to a writer: its system call is interrupted. What kill -9 does: it ends, whatever it waits for. */
void guest_interrupt(struct guest_job *job);
void guest_kill(struct guest_job *job);
/* Lets whoever is running get on, for @ms of virtual time or until nobody is. */
void guest_settle(u32 ms);

#endif
