/* SPDX-License-Identifier: MIT */
/* What `pfnstorm nightly` does on more than one machine: --merge and --slurm. */
#ifndef PFNSTORM_CLI_NIGHTLY_CLUSTER_H
#define PFNSTORM_CLI_NIGHTLY_CLUSTER_H

#include "cli/command.h"
#include "jobs/slurm.h"

#define CLUSTER_WORDS_MAX 4096
#define CLUSTER_OPTIONS_MAX 64

struct cluster_arguments {
	bool merge, slurm, print;
	u32 shards; /* of --shards; 0: not given */
	u32 nr_words, nr_options;
	const char *word[CLUSTER_WORDS_MAX]; /* a job file, or folders to be merged */
	const char *option[CLUSTER_OPTIONS_MAX];
};

/* Merges the folders of @a into @o->dir. Exit status: that of the worst night, or 2, 4. */
int cluster_merge(const struct cluster_arguments *a, const struct night_options *o, bool json);
/* Submits the night, or prints its scripts. Exit status. */
int cluster_submit(const struct cluster_arguments *a, struct night_options *o);

#endif
