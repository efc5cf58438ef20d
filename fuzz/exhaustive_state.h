/* SPDX-License-Identifier: MIT */
/* What an exhaustive search knows; shared by its files only. */
#ifndef PFNSTORM_FUZZ_EXHAUSTIVE_STATE_H
#define PFNSTORM_FUZZ_EXHAUSTIVE_STATE_H

#include "fuzz/conflicts.h"
#include "fuzz/exhaustive_tree.h"

/* Does a place change who may run, in a way that touching no address tells? */
enum special {
	SPECIAL_NOT,
	SPECIAL_CPU, /* others of its CPU */
	SPECIAL_ALL,
};

/* A place of an expansion run where the schedule can go on differently. */
struct place_seen {
	u32 at; /* as in struct deviation */
	u16 task;
	u8 kind;    /* enum deviation_kind; CHOICE: the alternatives are the answers 1 .. n-1, n in @others */
	u8 special; /* enum special */
	u8 writes, cpu;
	u8 open;     /* bit per move: its task has not gone on yet */
	u32 own;     /* of its task */
	u32 after;   /* successors at later places */
	u64 others;  /* runnable tasks but the one that goes on by default */
	u64 targets; /* of them, those to whom it is worth going */
	struct conflict_span span;
};

/* One way to go on: place number @place, there to @to. */
struct successor {
	u32 place;
	u32 to;
};

/* A preemption of the path, seen from an expansion run. */
struct move {
	u32 task;                 /* the preempted one */
	bool open;                /* it has not gone on yet */
	bool hit;                 /* what others did since conflicts with @before, or there is no such place */
	struct place_seen before; /* the task's place before the one where it was preempted */
	u32 index;                /* in the path */
	u32 own;                  /* where it was preempted, in its own steps */
	u32 head;                 /* the first of the places that are like this one, each like the one before it */
};

/* What tasks other than one did in a stretch of a run. */
struct steps {
	u32 *read, *write, capacity; /* by conflict order: the latest stretch with such an access */
	u32 stamp;                   /* this stretch */
	u32 cpus;                    /* where others could run */
};

#define PASSED_MAX 64

struct passed {
	struct conflict_span span;
	u32 own;
	bool writes;
};

/* A preemption of a run at the bound, before the last: how far can it be moved? */
struct passing {
	u32 move;
	bool begun, running, over; /* others go on; the task does again; nothing more is to be learnt */
	u32 upto;                  /* the last place it can be moved to */
	u32 count;
	struct passed passed[PASSED_MAX]; /* what it is moved past */
	struct steps steps;
};

struct facts {
	struct fact *fact;
	u32 count, capacity;
};

/* The first root, before anybody knows who can start. */
#define START_UNKNOWN UINT16_MAX

enum run_kind { RUN_EXPANSION, RUN_SUCCESSOR };

struct exhaustive {
	struct strategy strategy;
	struct strategy_options options;
	struct conflicts conflicts;
	struct tree tree;

	/* the run being made */
	enum run_kind run_kind;
	struct deviation path[EXHAUSTIVE_BOUND_MAX + 2];
	u32 path_count, path_next;
	u32 choices, forced;                   /* decisions met so far in this run */
	u32 limit;                             /* conflicts known at its start */
	bool watched;                          /* the steps of others are noted in @watch */
	struct rt_place pending[RT_MAX_TASKS]; /* where the path preempted a task: its first action when it goes on */
	u32 preempted;                         /* bits of those */

	/* which of its preemptions could be earlier */
	struct move move[EXHAUSTIVE_BOUND_MAX + 2];
	u32 moves;
	bool redundant; /* one could, whatever comes now */
	struct {
		bool valid;  /* @last is a place after the latest deviation */
		bool linked; /* @before, the one before it, is like it */
		u32 head;
		struct place_seen last, before;
	} chain;
	u64 name[EXHAUSTIVE_BOUND_MAX + 2]; /* where the path deviates, in steps of the task's own */

	/* how those of runs at the bound can be moved */
	struct passing passing[EXHAUSTIVE_BOUND_MAX + 2];
	u32 passings;
	u32 copied; /* places of the last such run looked at for its equals */
	struct facts facts;

	/* the expansion under way */
	u32 level, index; /* its node */
	u32 since;        /* places with all orders below were listed before */
	struct place_seen *place;
	u32 places, places_capacity;
	struct successor *successor;
	u32 successors, successors_capacity, successor_next;
	u32 base;                /* successor last run, UINT32_MAX: none */
	bool base_chose;         /* a choice came up in its run while it was watched */
	u32 proof;               /* successor met last that had been run before this expansion, UINT32_MAX: none */
	u32 old_next;            /* of those, the next to meet */
	struct deviation *tried; /* what the node will have tried after this expansion */
	u32 nr_tried, tried_capacity;
	bool relisted; /* what was listed before is not what would be listed now */

	struct steps watch; /* what the others did in the last watched run */

	u32 shared_cpus; /* bit per CPU that two tasks have been bound to in some run */
	u32 shared_in_run;
	bool stops, stops_in_run; /* the machine was stopped: then holding a CPU concerns everybody */
	u32 tasks, tasks_in_run;  /* most tasks that existed in a run; in the last one */
	u64 points_max, candidates_max, done, skipped;
	bool reopening;              /* the expansion under way is not the node's first */
	u64 reopened, reopened_done; /* such expansions, and what was run or skipped for them */
	bool complete, alternatives, drifted, out_of_memory;
};

/* ---- exhaustive_run.c: during a run ---- */

extern const struct rt_strategy_ops exhaustive_rt_ops;
/* Describes @place, where @to goes on by default. False: nothing is gained by deviating here. */
bool place_look(const struct exhaustive *e, const struct rt_place *place, u64 runnable, u32 number, u32 to,
		struct place_seen *seen);

/* ---- exhaustive_steps.c ---- */

/* A new stretch. False when memory is short. */
bool steps_begin(struct steps *s, u32 limit);
void steps_add(const struct exhaustive *e, struct steps *s, const struct rt_place *place);
bool steps_conflict(const struct exhaustive *e, const struct steps *s, const struct place_seen *p);
u32 steps_cpus(u64 tasks);
void steps_free(struct steps *s);

/* ---- exhaustive_facts.c ---- */

/* Is it known that this run at the bound equals one that was made? */
bool facts_known(const struct exhaustive *e, const struct successor *s);
void facts_prepare(struct exhaustive *e, const struct successor *s);
void facts_place(struct exhaustive *e, const struct rt_place *place, u64 runnable);
/* After its run: how far its preemptions can be moved. */
void facts_finish(struct exhaustive *e, const struct successor *s);
/* @s equals the run made last but for its last deviation, which is later. */
void facts_copy(struct exhaustive *e, const struct successor *s);
void facts_free(struct facts *f);

/* ---- exhaustive_moves.c: during an expansion run ---- */

void moves_begin(struct exhaustive *e);
/* Somebody was asked for an answer. */
void moves_choice(struct exhaustive *e);
/* A task is at @place, which is as @seen; @candidate: the search deviates at such places. Nobody went on there yet. */
void moves_place(struct exhaustive *e, const struct rt_place *place, u64 runnable, const struct place_seen *seen,
		 bool candidate);
/* The path preempts the task at @place, the one told to moves_place() last. */
void moves_preempted(struct exhaustive *e, const struct rt_place *place);
/* The path deviates in another way. */
void moves_deviated(struct exhaustive *e);
/* @task goes on. */
void moves_resumed(struct exhaustive *e, u32 task);
/* Tasks that need not go on now, as that would close a preemption that could be earlier. */
u64 moves_pointless(const struct exhaustive *e);
/* Bit per move that is open. */
u8 moves_open(const struct exhaustive *e);

/* ---- exhaustive_successors.c: between runs ---- */

/* Lists how the schedule expanded last can go on; what was listed before and cannot have changed is left out. */
void successors_list(struct exhaustive *e);
/* Makes the next of them the next run, passing over those that are equivalent to one that was run. False: none left. */
bool successors_next(struct exhaustive *e);
void successors_free(struct exhaustive *e);

#endif
