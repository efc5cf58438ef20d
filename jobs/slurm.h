/* SPDX-License-Identifier: MIT */
/*
 * A night on a cluster that Slurm looks after: a job array, a task for each shard, and a job that merges what they
 * leave, whatever became of them (afterany).
 *
 *   DIR/slurm/ID/shards.sh, merge.sh   what was submitted
 *   DIR/slurm/ID/SHARD/                the folder of a shard: a copy of the crash store and the corpora that DIR has
 * when the shard begins, and what it adds; gone once it is merged DIR/slurm/ID/SHARD.log, merge.log  what they print
 *
 * DIR has to be seen by all nodes. No two jobs write the same file, so nothing has to be locked across nodes. A shard
 * that Slurm starts again goes on where it was.
 */
#ifndef PFNSTORM_JOBS_SLURM_H
#define PFNSTORM_JOBS_SLURM_H

#include "jobs/night.h"

struct slurm_options {
	const char *const *option; /* more words for both sbatch commands: "--partition=long" */
	u32 nr_options;
	u32 shards;
};

struct slurm_night {
	char id[NIGHT_ID_MAX];
	char dir[PATH_MAX], folder[PATH_MAX]; /* absolute; folder: DIR/slurm/ID */
	char *shards, *merge;                 /* the scripts */
	char shards_job[64], merge_job[64];   /* ids; "" before they are submitted */
};

/*
 * Writes the scripts of the night that @n, prepared, would be. 0 or -errno with a message. In both cases the caller
 * calls slurm_free().
 */
int slurm_scripts(struct slurm_night *s, const struct night *n, const struct slurm_options *o, char *message,
		  size_t size);
/* Puts them into the folder and submits them. 0 or -errno with what sbatch said; then nothing is left submitted. */
int slurm_submit(struct slurm_night *s, const struct slurm_options *o, char *message, size_t size);
void slurm_free(struct slurm_night *s);

#endif
