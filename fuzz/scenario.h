/* SPDX-License-Identifier: MIT */
/*
 * A scenario: a machine, what happens at boot, up to eight tasks with their operations, what is expected, a schedule.
 *
 * Text (the durable form, docs/scenario.md), bytes (what fuzzers mutate; every byte string is a scenario) and token
 * (fuzz/token.h) are three spellings of this one struct. No allocation anywhere: arrays are fixed.
 */
#ifndef PFNSTORM_FUZZ_SCENARIO_H
#define PFNSTORM_FUZZ_SCENARIO_H

#include <sys/types.h>

#include "core/core.h"
#include "core/rt/report.h"
#include "core/rt/task.h"
#include "fuzz/laws.h"
#include "fuzz/schedule.h"
#include "fuzz/text.h"

#define SCENARIO_TASKS 8
#define SCENARIO_OPS 32 /* per task */
#define SCENARIO_BOOT_OPS 16
#define SCENARIO_NAME_LEN 80
#define SCENARIO_FROM_LEN 160
#define SCENARIO_SLOT_LEN 16
#define SCENARIO_EXPECT_LEN 96
#define SCENARIO_TEXT_MAX 65536 /* no printed scenario is longer */

struct scenario_task {
	char name[RT_TASK_NAME_MAX]; /* letters, digits, '-', '_', '.'; unique */
	u32 cpu;
	u32 nr_ops;
	struct op op[SCENARIO_OPS];
};

struct scenario {
	char name[SCENARIO_NAME_LEN]; /* one line */
	char from[SCENARIO_FROM_LEN]; /* provenance; "" if unknown. Not in bytes or token */
	struct machine_config machine;
	struct law_set laws; /* checked at each step, not only at the end */
	u64 seed;            /* of random strategies; 0 unless one ran */
	u32 nr_boot_ops;
	u32 nr_tasks; /* 1 .. */
	struct op boot_op[SCENARIO_BOOT_OPS];
	struct scenario_task task[SCENARIO_TASKS];
	char slot[OP_SLOTS][SCENARIO_SLOT_LEN]; /* "" for slots without a name; default names are "s0" … "s15" */
	struct {
		u32 set;                         /* 0: nothing is expected */
		u32 kind;                        /* enum verdict_kind */
		char words[SCENARIO_EXPECT_LEN]; /* separated by one blank; each must occur in the signature */
	} expect;
	struct {
		u32 strategy, seed; /* see fuzz/search.h; 0, 0: none */
	} search;                   /* of bytes only: makes the schedule, whose entries then count for nothing */
	struct schedule schedule;
};

/* tiny, 2 cpus, 1 node, 8 blocks, 0-5 online; default switches; one task "t0" without operations; slots s0 … s15. */
void scenario_init(struct scenario *s);
void scenario_copy(struct scenario *to, const struct scenario *from);
/* Equal in everything that is printed, provenance excluded. */
bool scenario_equal(const struct scenario *a, const struct scenario *b);
/* The same hardware and command line; switches may differ. */
bool scenario_same_machine(const struct machine_config *a, const struct machine_config *b);
/* NULL if it can be run, else what is wrong, for people; the text lives until the next call. */
const char *scenario_error(const struct scenario *s);
/* Did the run end as `expect` says? True without an `expect` line only for verdict ok. */
bool scenario_expected(const struct scenario *s, const struct rt_verdict *verdict);
/* For schedule_print_entry(). */
struct schedule_names scenario_task_names(const struct scenario *s);
/* Total number of operations of tasks. */
u32 scenario_nr_ops(const struct scenario *s);

/* ---- text ------------------------------------------------------------------------------------------------------ */

/* 0, or -EINVAL with @error set. @text need not be terminated. */
int scenario_parse(const char *text, size_t size, struct scenario *s, struct text_error *error);
/* Canonical text; like snprintf returns the length it wants. parse(print(s)) = s; print(parse(t)) = t for canonical t.
 */
size_t scenario_print(const struct scenario *s, char *buf, size_t size);
/*
 * Reads a scenario from a file, from "-" (standard input), or from @source itself if it is a token. 0, or -errno with
 * a message of the form "file:line:column: …" in @message.
 */
int scenario_load(const char *source, struct scenario *s, char *message, size_t size);
/* One operation as text, name first, and back. @l holds only the operation. */
size_t scenario_print_op(const struct scenario *s, const struct op *op, char *buf, size_t size);
int scenario_parse_op(struct text_line *l, struct scenario *s, struct op *op);
/* "s" and digits: the number of a slot, not a name somebody may choose. */
bool scenario_is_slot_number(const struct text_word *word);

/* ---- bytes ----------------------------------------------------------------------------------------------------- */

/*
 * Format 1: records of 8 bytes, each with its kind in the first byte, so that inserting, deleting, copying or moving
 * records at multiples of 8 always gives something meaningful (fuzz/scenario_bytes.c has the table).
 * Bytes hold no names, no `expect`, no switches: @sw is what the campaign runs with.
 */
#define SCENARIO_RECORD 8
#define SCENARIO_BYTES_FORMAT 1
#define SCENARIO_BYTES_SEARCH 2 /* the same, and a strategy in the header */
#define SCENARIO_BYTES_MAX                                                                                             \
	(SCENARIO_RECORD * (1 + SCENARIO_BOOT_OPS + SCENARIO_TASKS * (1 + SCENARIO_OPS) + SCHEDULE_FUZZ_MAX))

/* Total: any bytes, any size, 0 included. The same bytes always give the same scenario. */
void scenario_decode(const u8 *data, size_t size, const struct switches *sw, struct scenario *s);
/*
 * Canonical bytes of @s; names, switches and `expect` are lost. Returns the size; -ERANGE if @s is outside the fuzz
 * limits (why is in @why: a machine not in fuzz/machines.def, entries named by object, more than SCHEDULE_FUZZ_MAX
 * entries), -ENOSPC if @size is too small (SCENARIO_BYTES_MAX always suffices). @why may be NULL.
 */
ssize_t scenario_encode(const struct scenario *s, u8 *buf, size_t size, char *why, size_t why_size);

/* The machines of fuzz/machines.def; @number < scenario_nr_machines(). Their switches are zero, not the default. */
u32 scenario_nr_machines(void);
const struct machine_config *scenario_machine(u32 number);

/*
 * Assignments separated by commas, applied to @sw in order; an era sets all switches. 0 or -EINVAL with a message.
 */
int scenario_switches_from(const char *assignments, struct switches *sw, char *message, size_t size);

#endif
