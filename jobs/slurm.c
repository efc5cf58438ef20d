/* SPDX-License-Identifier: MIT */
#include "jobs/slurm.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "crashes/file.h"
#include "crashes/process.h"
#include "crashes/utc.h"

#define WORDS_MAX 128

static int say(char *message, size_t size, const char *what, int error)
{
	snprintf(message, size, "%s: %s", what, strerror(error));
	return -error;
}

/* ---- scripts ----------------------------------------------------------------------------------------------------- */

/* As one word of a shell, whatever is in it. */
static void put_word(FILE *out, const char *text)
{
	fputc('\'', out);
	for (; *text; text++) {
		if (*text == '\'')
			fputs("'\\''", out);
		else
			fputc(*text, out);
	}
	fputc('\'', out);
}

static void put_variable(FILE *out, const char *name, const char *text)
{
	fprintf(out, "%s=", name);
	put_word(out, text);
	fputc('\n', out);
}

static void put_variables(FILE *out, const struct slurm_night *s, const struct night *n)
{
	put_variable(out, "tool", n->options->tool);
	put_variable(out, "dir", s->dir);
	put_variable(out, "id", s->id);
}

static void put_shards(FILE *out, const struct slurm_night *s, const struct night *n, u32 shards)
{
	char *job = realpath(n->options->jobfile, NULL);

	fprintf(out, "#!/bin/bash\n#SBATCH --job-name=pfnstorm-%s\n#SBATCH --array=0-%u\n#SBATCH --requeue\n", s->id,
		shards - 1);
	put_variables(out, s, n);
	put_variable(out, "job", job ? job : n->options->jobfile);
	free(job);
	fputs("own=$dir/slurm/$id/$SLURM_ARRAY_TASK_ID\n"
	      "mkdir -p \"$own\" || exit 7\n"
	      "# What is known when it begins; a copy is there whole or not at all.\n"
	      "for part in crashes corpus; do\n"
	      "\tif [ -e \"$dir/$part\" ] && [ ! -e \"$own/$part\" ]; then\n"
	      "\t\trm -rf \"$own/.$part\"\n"
	      "\t\tcp -a \"$dir/$part\" \"$own/.$part\" && mv \"$own/.$part\" \"$own/$part\" || exit 7\n"
	      "\tfi\n"
	      "done\n"
	      "again=\n"
	      "[ ! -e \"$own/nights/$id/night.json\" ] || again=--resume\n",
	      out);
	fprintf(out,
		"exec \"$tool\" nightly \"$job\" --dir \"$own\" --night \"$id\" --seed 0x%llx"
		" --shard \"$SLURM_ARRAY_TASK_ID/%u\"",
		(unsigned long long)n->seed, shards);
	if (n->options->time > 0)
		fprintf(out, " --time %g", n->options->time);
	if (n->options->only) {
		fputs(" --only ", out);
		put_word(out, n->options->only);
	}
	fputs(" $again\n", out);
}

static void put_merge(FILE *out, const struct slurm_night *s, const struct night *n, u32 shards)
{
	fprintf(out, "#!/bin/bash\n#SBATCH --job-name=pfnstorm-%s-merge\n", s->id);
	put_variables(out, s, n);
	fprintf(out,
		"shards=%u\n"
		"own=()\n"
		"for ((shard = 0; shard < shards; shard++)); do\n"
		"\t[ ! -d \"$dir/slurm/$id/$shard\" ] || own+=(\"$dir/slurm/$id/$shard\")\n"
		"done\n",
		shards);
	fputs("\"$tool\" nightly --merge \"${own[@]}\" --dir \"$dir\" --night \"$id\"\n"
	      "status=$?\n"
	      "\"$tool\" report --dir \"$dir\" --night \"$id\" --html \"$dir/nights/$id/report.html\"\n"
	      "# What has failed can be done again, and be merged once more.\n"
	      "case $status in\n"
	      "0 | 1 | 5 | 6) rm -rf \"${own[@]}\" ;;\n"
	      "esac\n"
	      "exit $status\n",
	      out);
}

static char *script(void (*put)(FILE *out, const struct slurm_night *s, const struct night *n, u32 shards),
		    const struct slurm_night *s, const struct night *n, u32 shards)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		abort();
	put(out, s, n, shards);
	fclose(out);
	return text;
}

/* As a night alone would be called: UTC and seed. */
static void choose_id(struct slurm_night *s, const struct night *n)
{
	char text[UTC_LEN];
	size_t len = 0;

	if (n->options->id) {
		snprintf(s->id, sizeof(s->id), "%s", n->options->id);
		return;
	}
	utc_print(utc_now(), text);
	for (const char *c = text; *c; c++)
		if (isalnum((unsigned char)*c))
			text[len++] = *c;
	text[len] = '\0';
	snprintf(s->id, sizeof(s->id), "%s-%llx", text, (unsigned long long)n->seed);
}

int slurm_scripts(struct slurm_night *s, const struct night *n, const struct slurm_options *o, char *message,
		  size_t size)
{
	const char *dir = n->options->dir;
	char here[PATH_MAX];

	memset(s, 0, sizeof(*s));
	choose_id(s, n);
	if (!realpath(dir, s->dir)) {
		/* It is made when something is submitted. */
		if (errno != ENOENT)
			return say(message, size, dir, errno);
		if (dir[0] == '/' ? snprintf(s->dir, sizeof(s->dir), "%s", dir) >= PATH_MAX
				  : !getcwd(here, sizeof(here)) ||
					    snprintf(s->dir, sizeof(s->dir), "%s/%s", here, dir) >= PATH_MAX)
			return say(message, size, dir, ENAMETOOLONG);
	}
	if ((size_t)snprintf(s->folder, sizeof(s->folder), "%s/slurm/%s", s->dir, s->id) >= sizeof(s->folder))
		return say(message, size, dir, ENAMETOOLONG);
	s->shards = script(put_shards, s, n, o->shards);
	s->merge = script(put_merge, s, n, o->shards);
	return 0;
}

void slurm_free(struct slurm_night *s)
{
	free(s->shards);
	free(s->merge);
}

/* ---- submitting -------------------------------------------------------------------------------------------------- */

/* Runs @argv; the first word it prints, up to a ";" that a cluster's name may follow, is @job. */
static int run(const char *const *argv, char job[64], char *message, size_t size)
{
	struct process p = {.argv = argv};
	int ret = process_run(&p);

	if (ret)
		return say(message, size, argv[0], -ret);
	if (p.status == 127) {
		snprintf(message, size, "%s is not installed (Debian: slurm-client): submit from a node that has it",
			 argv[0]);
		ret = -ENOENT;
	} else if (p.status) {
		process_last_line(p.err, message, size);
		ret = -EIO;
	} else if (job) {
		process_first_line(p.out, job, 64);
		job[strcspn(job, ";")] = '\0';
	}
	process_free(&p);
	return ret;
}

static int submit(const struct slurm_night *s, const struct slurm_options *o, const char *log, const char *after,
		  const char *name, char job[64], char *message, size_t size)
{
	const char *argv[WORDS_MAX] = {"sbatch", "--parsable"};
	char output[PATH_MAX + 32], dependency[96], path[PATH_MAX + 32];
	u32 words = 2;

	snprintf(output, sizeof(output), "--output=%s/%s", s->folder, log);
	snprintf(path, sizeof(path), "%s/%s", s->folder, name);
	argv[words++] = output;
	if (after) {
		snprintf(dependency, sizeof(dependency), "--dependency=afterany:%s", after);
		argv[words++] = dependency;
	}
	for (u32 i = 0; i < o->nr_options && words < WORDS_MAX - 2; i++)
		argv[words++] = o->option[i];
	argv[words++] = path;
	return run(argv, job, message, size);
}

static int submit_both(struct slurm_night *s, const struct slurm_options *o, char *message, size_t size)
{
	const char *cancel[] = {"scancel", s->shards_job, NULL};
	char later[256];
	int ret = submit(s, o, "%a.log", NULL, "shards.sh", s->shards_job, message, size);

	if (ret)
		return ret;
	ret = submit(s, o, "merge.log", s->shards_job, "merge.sh", s->merge_job, message, size);
	/* Without a merge it would be a night that nobody hears of. */
	if (ret)
		run(cancel, NULL, later, sizeof(later));
	return ret;
}

int slurm_submit(struct slurm_night *s, const struct slurm_options *o, char *message, size_t size)
{
	char path[PATH_MAX + 32];
	int ret = file_make_dirs(s->folder);

	if (ret)
		return say(message, size, s->folder, -ret);
	snprintf(path, sizeof(path), "%s/shards.sh", s->folder);
	ret = file_replace(path, s->shards);
	if (!ret) {
		snprintf(path, sizeof(path), "%s/merge.sh", s->folder);
		ret = file_replace(path, s->merge);
	}
	if (ret)
		return say(message, size, path, -ret);
	process_guard();
	ret = submit_both(s, o, message, size);
	process_unguard();
	return ret;
}
