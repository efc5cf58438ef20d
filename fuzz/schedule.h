/* SPDX-License-Identifier: MIT */
/*
 * A schedule: where a run departs from the default, as a list of named preemptions and choices.
 *
 * The default: the task with the lowest id starts; a task runs until it waits or ends; then the next runnable id goes
 * on, cyclically; every choice is 0. So the empty schedule is a run too, and a schedule names only what differs.
 *
 * Switches are ordered: each is looked for only after the one before has happened. Choices are counted by themselves.
 *
 *   start walker
 *   switch walker -> remover at compaction.page_checked #3
 *   switch walker -> remover at lock zone.lock #1 after compaction.page_checked #3
 *   switch walker -> remover at +17 after compaction.page_checked #3 build=ab12cd34
 *   switch walker -> remover at block #1 after op.begin #2
 *   choose fault kmalloc #2 = 1
 *   choose callback #1 = 1
 *   choose drain switch #1 = 1
 */
#ifndef PFNSTORM_FUZZ_SCHEDULE_H
#define PFNSTORM_FUZZ_SCHEDULE_H

#include "core/rt/sched.h"
#include "core/rt/types.h"
#include "fuzz/text.h"

#define SCHEDULE_MAX 4096    /* entries */
#define SCHEDULE_FUZZ_MAX 64 /* of them in the byte form */
#define SCHEDULE_OBJECTS 32  /* distinct object names of one schedule */
#define SCHEDULE_OBJECT_LEN 48

enum schedule_form {
	SCHEDULE_START,    /* @target is the first task, not the lowest id */
	SCHEDULE_SEMANTIC, /* at the @occurrence-th time @task reaches @anchor */
	SCHEDULE_OBJECT,   /* at the @count-th point of @kind on @object after that; @object NO_OBJECT: on any */
	SCHEDULE_RAW,      /* at the @count-th point of any kind after that; means something in build @build only */
	SCHEDULE_CHOICE,   /* the @occurrence-th choice of kind @choice about @what is answered @value */
};
#define SCHEDULE_NO_OBJECT 0xff

struct schedule_entry {
	u8 form;    /* enum schedule_form */
	u8 task;    /* id; scenario tasks are 0 .. in order, kernel threads follow in order of creation */
	u8 target;  /* who goes on */
	u8 object;  /* index into schedule.object */
	u16 anchor; /* enum point_id */
	u16 kind; /* OBJECT: one bit of enum rt_kind; BLOCK and EXIT: the task cannot go on and the default is not taken
		   */
	u32 occurrence; /* from 1 */
	u32 count;      /* OBJECT, RAW: from 1 */
	u32 build;      /* RAW: fingerprint, 0: this build's */
	u8 choice;      /* enum rt_choice */
	u8 what;        /* FAULT: enum rt_fault; DRAIN: enum rt_drain; else 0 */
	u16 value;
};

struct schedule {
	u32 count;
	u32 nr_objects;
	struct schedule_entry entry[SCHEDULE_MAX];
	char object[SCHEDULE_OBJECTS][SCHEDULE_OBJECT_LEN]; /* rt_name() without indices */
};

/* Empty. */
void schedule_init(struct schedule *s);
/* Copies only what is used. */
void schedule_copy(struct schedule *to, const struct schedule *from);
bool schedule_equal(const struct schedule *a, const struct schedule *b);
/* -ENOSPC if full. The entry's object index must be of this schedule. */
int schedule_add(struct schedule *s, const struct schedule_entry *entry);
void schedule_remove(struct schedule *s, u32 index);
/* Index of an object name, added if new; -ENOSPC if there are too many, -EINVAL if it is too long or empty. */
int schedule_object(struct schedule *s, const char *name);
const char *schedule_object_name(const struct schedule *s, const struct schedule_entry *e); /* "" if any */
/* Number of entries that are SEMANTIC, OBJECT (except BLOCK, EXIT) or RAW: the involuntary switches. */
u32 schedule_preemptions(const struct schedule *s);
/* Number of entries that mean something in one build only. */
u32 schedule_raw_entries(const struct schedule *s);

/* How many things choices of kind @choice (enum rt_choice) can be about: each is counted by itself. */
u32 schedule_choice_subjects(u32 choice);
/* The largest answer. */
u32 schedule_choice_answer_max(u32 choice);

/* What point counts depend on: equal in builds of the same sources with the frozen code generation. Never 0. */
u32 schedule_fingerprint(void);

/* Names of tasks for text: @name returns NULL for tasks it does not know, which are then written "task/9". */
struct schedule_names {
	const char *(*name)(const void *arg, u32 task);
	const void *arg;
};

/*
 * One entry as text, without newline: "switch a -> b at …", "start a", "choose …". Like snprintf.
 */
size_t schedule_print_entry(const struct schedule *s, u32 index, const struct schedule_names *names, char *buf,
			    size_t size);
/* Only its place: "compaction.page_checked #3". */
size_t schedule_print_place(const struct schedule *s, u32 index, char *buf, size_t size);
/* Parses the rest of @l as one entry and adds it. 0 or -EINVAL with l->error set. */
int schedule_parse_entry(struct text_line *l, struct schedule *s, const struct schedule_names *names);

/* "load", "store", "read_once", … of one bit of enum rt_kind; NULL if it is none. */
const char *rt_kind_text(u32 kind);

#endif
