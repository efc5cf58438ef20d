/* SPDX-License-Identifier: MIT */
/*
 * Mutators of the byte form that keep its structure. Deterministic: the same input and seed give the same output.
 */
#ifndef PFNSTORM_FUZZ_MUTATE_H
#define PFNSTORM_FUZZ_MUTATE_H

#include "core/rt/types.h"
#include "fuzz/places.h"

enum mutate_mode {
	MUTATE_RACE,     /* operations and schedules */
	MUTATE_SEQUENCE, /* operations and injected failures only */
};

struct mutate_options {
	enum mutate_mode mode;
	u64 ops;       /* bits of operation ids that are put in; 0: all. What is there stays */
	u32 machines;  /* bits of machines of the byte form; 0: all */
	bool failures; /* injecting them is what matters most */
	bool searches; /* a strategy may make the schedule: fuzz/search.h */
};

/*
 * Changes the scenario in @data (@size bytes, any) in place, using at most @max bytes; returns the new size, always
 * canonical bytes and at least a header if @max ≥ 16, else 0. @places may be empty.
 */
size_t mutate_scenario(u8 *data, size_t size, size_t max, u64 seed, const struct mutate_options *options,
		       const struct places *places);
/* Operations of one parent with tasks, operations or schedule of the other. Returns the size of @out. */
size_t mutate_crossover(const u8 *a, size_t a_size, const u8 *b, size_t b_size, u8 *out, size_t max, u64 seed);

#endif
