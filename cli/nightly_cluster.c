/* SPDX-License-Identifier: MIT */
#include "cli/nightly_cluster.h"

#include <errno.h>

#if PFNSTORM_PARTS
#include "jobs/merge.h"

static void say(const char *text, void *arg)
{
	(void)arg;
	command_fail(EXIT_HELD, "nightly: %s", text);
}

int cluster_merge(const struct cluster_arguments *a, const struct night_options *o, bool json)
{
	const struct merge_options options = {
		.source = a->word,
		.sources = a->nr_words,
		.dir = o->dir,
		.night = o->id,
		.say = say,
	};
	struct merge_result r;
	char message[PATH_MAX + 256];
	int ret = merge_nights(&options, &r, message, sizeof(message));

	if (ret == -EBUSY)
		return command_fail((enum exit_status)night_outcome_exit(NIGHT_infrastructure), "%s", message);
	if (ret)
		return command_fail(ret == -ENOENT || ret == -EINVAL || ret == -ENOTDIR ? EXIT_USAGE : EXIT_BROKEN,
				    "--merge: %s", message);
	if (json)
		printf("{\"nights\":%u,\"units\":%u,\"crash_folders\":%u,\"inputs\":%u,\"outcome\":\"%s\",\"exit\":%d}"
		       "\n",
		       r.nights, r.units, r.crashes, r.inputs, night_outcome_text(r.outcome), r.exit);
	else
		printf("%s: %u nights; %u units, %u crash folders and %u inputs came in\n",
		       night_outcome_text(r.outcome), r.nights, r.units, r.crashes, r.inputs);
	return r.exit;
}

static int submit(const struct cluster_arguments *a, const struct night *n)
{
	const struct slurm_options options = {a->option, a->nr_options, a->shards};
	char message[PATH_MAX + 256];
	struct slurm_night s;
	int ret = slurm_scripts(&s, n, &options, message, sizeof(message));

	if (!ret && a->print) {
		printf("# %s/shards.sh\n%s\n# %s/merge.sh, after any end of all shards\n%s", s.folder, s.shards,
		       s.folder, s.merge);
	} else if (!ret) {
		ret = slurm_submit(&s, &options, message, sizeof(message));
		if (!ret)
			printf("night %s\nshards %s\nmerge %s\n", s.id, s.shards_job, s.merge_job);
	}
	slurm_free(&s);
	return ret ? command_fail((enum exit_status)night_outcome_exit(NIGHT_infrastructure), "--slurm: %s", message)
		   : EXIT_HELD;
}

int cluster_submit(const struct cluster_arguments *a, struct night_options *o)
{
	static struct night night;
	char message[1024];
	int ret;

	/* All shards make the plan of this job file; here it is only read, so that what is wrong with it is said now.
	 */
	ret = night_prepare(&night, o, message, sizeof(message));
	ret = ret ? command_fail(EXIT_USAGE, "%s", message) : submit(a, &night);
	night_free(&night);
	return ret;
}
#endif
