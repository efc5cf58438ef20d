/* SPDX-License-Identifier: MIT */
/* Steps of a recording, performed on the machine. */
#ifndef PFNSTORM_ORACLE_STEP_H
#define PFNSTORM_ORACLE_STEP_H

#include "oracle/boot.h"
#include "oracle/compare.h"
#include "oracle/hold.h"
#include "oracle/kernel_pages.h"

#define DIMMS_MAX 32

struct guest_job;

struct oracle_dimm {
	char id[16];
	u64 start, size; /* bytes; size 0: unused */
};

struct oracle_state {
	struct recording *recording;
	const struct oracle_machine *machine;
	struct comparison *comparison;
	struct oracle_dimm dimm[DIMMS_MAX];
	struct kernel_pages kernel_pages;
	struct hold hold[HOLDS_MAX];
	u64 virtio_pfn[8]; /* kernel pages in memory of the virtio-mem device, each in a sub-block of its own */
	u32 virtio_held;
	struct share share;           /* of a step that did something over and over: what was replayed */
	struct guest_job *background; /* a writer that some step left at work */
};

enum step_effect {
	STEP_UNKNOWN, /* not replayed */
	STEP_LOOKS,   /* replayed; changes nothing by itself */
	STEP_CHANGES, /* replayed; may change the machine */
};

/* "640M", "1G" in bytes. */
u64 step_bytes(const char *word);
/* Does a step of that text change the machine? Of steps that cannot be replayed too. */
bool step_changes(const char *text);
/* Performs it and compares what it returned. Task context. */
enum step_effect step_perform(struct oracle_state *s, const char *text);

#endif
