/* SPDX-License-Identifier: MIT */
/*
 * The thread runtime's side for who drives it (as sched.h is the fiber runtime's): perturbation, patience, and what a
 * process that died of a verdict leaves behind.
 *
 * A verdict ends the process. What it knew lies in a shared mapping that survives it: the post-mortem. The driver
 * creates the mapping, forks, lets the child boot and run, and reads it when the child is gone.
 */
#ifndef PFNSTORM_RT_THREAD_H
#define PFNSTORM_RT_THREAD_H

#include "core/rt/point.h"
#include "core/rt/report.h"
#include "core/rt/types.h"

/* Exit status of a process that ended in a verdict; the verdict is in the post-mortem. */
#define RT_THREAD_EXIT_VERDICT 99

#define RT_RINGS 128         /* threads that leave a flight recorder */
#define RT_RING_ENTRIES 4096 /* newest semantic points of each, power of two */
#define RT_WORDS_MAX (64 << 10)
#define RT_LOG_MAX (256 << 10)
#define RT_STACK_MAX 16

/* What a reader saw of an object it had reached, at the end of its read section. The last two are never to be. */
enum rt_age {
	AGE_IN_USE,
	AGE_REMOVED, /* nobody new can reach it */
	AGE_GRACE,   /* removed, and a grace period has ended since, one that the reader was not to be waited for */
	AGE_LATE,    /* and another one */
	AGE_FREED,
	RT_AGES
};
#define RT_SECTION_GRACES 3 /* 0, 1, more grace periods that ended in one read section; more is never to be */

struct rt_flight {
	u64 ns; /* since boot; in the ring itself: ticks of the fastest clock there is */
	u64 arg;
	u16 point; /* enum point_id */
	u16 task;  /* ring index */
	u32 pad;
};

struct rt_ring {
	char name[24];
	u32 task; /* task_id() */
	u32 cpu;
	u64 head; /* points ever passed; if they are recorded, entry i is at i % RT_RING_ENTRIES */
	/* Of all threads that had the ring since rt_boot(). */
	u64 age[RT_AGES];
	u64 section[RT_SECTION_GRACES];
	struct rt_flight entry[RT_RING_ENTRIES];
};

struct rt_postmortem {
	u64 magic;
	u32 failed; /* 1 once @verdict is complete */
	u32 nr_rings;
	u32 unrecorded; /* 1: rings have no entries */
	u32 pad;
	u64 fail_ns;                           /* since boot */
	u64 start_ticks, fail_ticks, start_ns; /* what ticks are in nanoseconds; start_ns is of the monotonic clock */
	u64 beat_ticks, beat_ns;               /* of the latest rt_thread_beat() */
	struct rt_verdict verdict;
	u32 fail_ring; /* of the thread that failed */
	u32 nr_frames;
	void *frame[RT_STACK_MAX]; /* its code addresses, innermost first: verdict.pc, then return addresses */
	u32 nr_other_frames;
	void *other_frame[RT_STACK_MAX]; /* race: code addresses of the other access, innermost first */
	char words[RT_WORDS_MAX];        /* what the core said about the verdict's address and its state, for people */
	u64 log_head;                    /* bytes of kernel log ever written */
	char log[RT_LOG_MAX];            /* its newest part, a ring */
	struct rt_ring ring[RT_RINGS];
};

/*
 * Creates the post-mortem: in file @path (created, replaced), or in anonymous shared memory if NULL. To be called
 * before the fork and before rt_boot(); without it rt_boot() makes an anonymous one. 0 or -errno.
 */
int rt_thread_record(const char *path);
/* False: threads count the points they pass, and keep none. Before rt_boot(); default true. */
void rt_thread_recorder(bool on);
/* The mapping, NULL before rt_thread_record() or rt_boot(). */
struct rt_postmortem *rt_thread_postmortem(void);
/*
 * The post-mortem that somebody else left in @path, as of now, in private memory that is kept. Without a verdict its
 * end is the newest point. 0, -errno, or -EINVAL if it is none of this version.
 */
int rt_thread_postmortem_open(const char *path, struct rt_postmortem **pm);
/* A driver's sign of life, from any thread, a few times a second: tells later what ticks are in nanoseconds. */
void rt_thread_beat(void);
/* Forgets a verdict and the recorders, to use one mapping for the next child. */
void rt_thread_postmortem_clear(void);
/* For a process that was killed without a verdict: takes now for the time of its failure. */
void rt_thread_postmortem_close(struct rt_postmortem *pm);
/* The newest @max (or fewer) entries of all rings before the failure, oldest first; number written to @out. */
size_t rt_thread_timeline(const struct rt_postmortem *pm, struct rt_flight *out, size_t max);

/*
 * At each semantic point a thread yields, spins or sleeps shortly with probability @per_1024 / 1024, drawn from a
 * generator seeded by rt_config.seed and its task id. 0 (default): never.
 */
void rt_thread_perturb(u32 per_1024);
/*
 * Each thread has a priority, drawn from rt_config.seed anew every @ns, with which it passes semantic points: a quarter
 * of the threads gives way to others, and in some intervals waits for their end. Shorter than the patience. 0
 * (default): none has.
 */
void rt_thread_priorities(u64 ns);
/*
 * No task makes progress for @ns: verdict deadlock. Default 5 s. A cycle of waiters is found earlier. Tasks that wake
 * up for four times as long, but neither end an operation nor pass a point that is new in theirs: verdict livelock, or
 * deadlock if only daemons wake up.
 */
void rt_thread_patience(u64 ns);
/*
 * Called once, on the failing thread, with whatever locks that thread holds; may run in a signal handler. What it
 * writes goes into the post-mortem. A fault inside it is survived.
 */
void rt_thread_last_words(void (*words)(const struct rt_verdict *verdict, char *buf, size_t size));
/* A fatal signal to every task of the run that is not over: ends what waits for one. From any thread. */
void rt_thread_interrupt(void);
/* Does not print the verdict: the driver will. */
void rt_thread_quiet(void);
/* Each rt_fault() of a task says yes with probability @per_65536 / 65536. Default 0. */
void rt_thread_faults(u32 per_65536);
/* The kernel log as text, terminated, its newest part if it is longer; returns its length. */
size_t rt_thread_log(const struct rt_postmortem *pm, char *buf, size_t size);
/* What RCU readers saw since boot, of objects and of grace periods in their sections; at any time, and of the dead. */
void rt_thread_ages(const struct rt_postmortem *pm, u64 age[RT_AGES], u64 section[RT_SECTION_GRACES]);
/* Scheduling points passed since boot by all tasks; readable at any time, never exact while they run. */
u64 rt_thread_points(void);

#endif
