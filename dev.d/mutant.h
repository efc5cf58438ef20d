/* SPDX-License-Identifier: MIT */
/*
 * Which mutant of core runs: one build holds them all, each behind mutant_is() (dev.d/mutants.awk writes them).
 *
 * Only the copy of the tree that ./dev mutate builds has this file in core/rt/. The functions are in uninstrumented
 * code and their memory is outside the arena: asking is neither a scheduling point nor an access to shared memory.
 */
#ifndef PFNSTORM_MUTANT_H
#define PFNSTORM_MUTANT_H

#define MUTANTS_MAX 4096 /* ids are 1 .. MUTANTS_MAX - 1; 0 is the core as it is */

/*
 * True if mutant @id is the one that runs; notes that it was asked for. PFNSTORM_MUTANT is the id at the start of the
 * process. PFNSTORM_MUTANTS_REACHED names a file of MUTANTS_MAX bytes that is mapped: byte @id becomes 1, however the
 * process ends.
 */
int mutant_is(unsigned int id);
/* From now on, not amid a run. */
void mutant_choose(unsigned int id);
/* MUTANTS_MAX bytes; may be written. */
unsigned char *mutants_reached(void);

#define mutant_store_release(id, p, v)                                                                                 \
	do {                                                                                                           \
		if (mutant_is(id))                                                                                     \
			WRITE_ONCE(*(p), v);                                                                           \
		else                                                                                                   \
			smp_store_release(p, v);                                                                       \
	} while (0)

#endif
