/* SPDX-License-Identifier: MIT */
#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "crashes/file.h"
#include "crashes/process.h"
#include "jobs/campaign_state.h"
#include "jobs/child.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

/* ---- files ----------------------------------------------------------------------------------------------------- */

static int corpus_of(const struct campaign *c, u32 target, char path[PATH_MAX])
{
	return (size_t)snprintf(path, PATH_MAX, "%s/%s", c->corpus, c->o->target[target]) < PATH_MAX ? 0
												     : -ENAMETOOLONG;
}

static bool is_file(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISREG(st.st_mode);
}

/* Calls @f for each plain file whose name does not begin with a dot. */
static void each_file(const char *dir, void (*f)(const char *path, const char *name, void *arg), void *arg)
{
	struct dirent **entries;
	int n = scandir(dir, &entries, NULL, alphasort);
	char path[PATH_MAX];

	for (int i = 0; i < n; i++) {
		if (entries[i]->d_name[0] != '.' &&
		    (size_t)snprintf(path, sizeof(path), "%s/%s", dir, entries[i]->d_name) < sizeof(path) &&
		    is_file(path))
			f(path, entries[i]->d_name, arg);
		free(entries[i]);
	}
	if (n >= 0)
		free(entries);
}

static u64 count_files(const char *dir)
{
	DIR *d = opendir(dir);
	u64 n = 0;

	for (struct dirent *e = d ? readdir(d) : NULL; e; e = readdir(d))
		n += e->d_name[0] != '.' && e->d_type != DT_DIR;
	if (d)
		closedir(d);
	return n;
}

/* Writes @bytes beside the corpora and renames them in: nobody reads half of an input, and its time is now. */
static int put_input(const struct campaign *c, const char *to, const char *bytes, size_t size)
{
	char aside[PATH_MAX];

	if ((size_t)snprintf(aside, sizeof(aside), "%s/.new-%d", c->corpus, (int)getpid()) >= sizeof(aside))
		return -ENAMETOOLONG;
	return file_put(aside, to, bytes, size);
}

/* ---- seeds ----------------------------------------------------------------------------------------------------- */

struct seeding {
	const struct campaign *c;
	const char *to;
	int ret;
};

static void add_seed(const char *path, const char *name, void *arg)
{
	struct seeding *s = arg;
	char to[PATH_MAX];
	size_t size;
	char *bytes;

	if ((size_t)snprintf(to, sizeof(to), "%s/%s", s->to, name) >= sizeof(to) || is_file(to) || s->ret)
		return;
	bytes = file_read(path, &size);
	if (bytes)
		s->ret = put_input(s->c, to, bytes, size);
	free(bytes);
}

/* Where no seeds lie about, they are made: by another process, which may map a machine and does not have to forget it.
 */
static void generate_seeds(struct campaign *c, const char *target, const char *to)
{
	const char *const argv[] = {c->o->self, "corpus", "generate", target, to, NULL};
	struct process p = {.argv = argv};

	process_guard();
	switch (process_run(&p)) {
	case 0:
		process_free(&p);
		break;
	case -EINTR:
		c->status->interrupted = true;
		break;
	}
	process_unguard();
}

/* What was distilled stays so when the campaign goes on. */
static void add_default_seeds(struct campaign *c, u32 target, struct seeding *seeding)
{
	const char *name = c->o->target[target];
	char from[PATH_MAX];
	bool empty = count_files(seeding->to) == 0;

	if (c->o->seeds[0] || (c->o->resume && !empty))
		return;
	if (engine_seeds(name, from))
		each_file(from, add_seed, seeding);
	else if (empty)
		generate_seeds(c, name, seeding->to);
}

/* AFL++ does not begin without an input. */
static int add_something(const struct campaign *c, const char *to)
{
	char path[PATH_MAX];

	if (count_files(to) || (size_t)snprintf(path, sizeof(path), "%s/nothing", to) >= sizeof(path))
		return 0;
	return put_input(c, path, "\n", 1);
}

/* A kill in the middle of campaign_distill(): either the old corpus is still there, or the new one takes its place. */
static void finish_distilling(const char *corpus)
{
	char small[PATH_MAX], old[PATH_MAX];

	if ((size_t)snprintf(small, sizeof(small), "%s.distilled", corpus) >= sizeof(small) ||
	    (size_t)snprintf(old, sizeof(old), "%s.old", corpus) >= sizeof(old))
		return;
	/* The corpus has a name only if it is complete: the folder was renamed away before the new one came. */
	if (count_files(corpus) == 0 && count_files(old))
		rename(small, corpus);
	if (count_files(corpus) == 0 && count_files(old)) {
		rmdir(corpus);
		rename(old, corpus);
	}
	file_remove_dir(small);
	file_remove_dir(old);
}

int campaign_seed(struct campaign *c, char *message, size_t size)
{
	char to[PATH_MAX];
	struct seeding seeding = {.c = c, .to = to};

	for (u32 t = 0; t < c->o->nr_targets; t++) {
		if (corpus_of(c, t, to))
			return -ENAMETOOLONG;
		finish_distilling(to);
		add_default_seeds(c, t, &seeding);
		for (u32 i = 0; i < CAMPAIGN_SEEDS && c->o->seeds[i]; i++)
			each_file(c->o->seeds[i], add_seed, &seeding);
		if (!seeding.ret)
			seeding.ret = add_something(c, to);
		if (seeding.ret) {
			snprintf(message, size, "%s: %s: make room, or choose another folder", to,
				 strerror(-seeding.ret));
			return seeding.ret;
		}
	}
	return 0;
}

/* ---- from AFL++ to the corpus ---------------------------------------------------------------------------------- */

struct sync {
	const struct campaign *c;
	const char *to;
	s32 last, newest;
};

/* "id:000123,src:…": not what came from elsewhere, nor seeds; by content, so that two secondaries make one file. */
static void take_queue_entry(const char *path, const char *name, void *arg)
{
	struct sync *s = arg;
	char to[PATH_MAX];
	size_t size;
	char *bytes;
	int id;

	if (sscanf(name, "id:%d", &id) != 1 || id <= s->last)
		return;
	s->newest = max(s->newest, (s32)id);
	if (strstr(name, ",sync:") || strstr(name, ",orig:"))
		return;
	bytes = file_read(path, &size);
	if (bytes &&
	    (size_t)snprintf(to, sizeof(to), "%s/afl-%016llx", s->to, (unsigned long long)XXH64(bytes, size, 0)) <
		    sizeof(to) &&
	    !is_file(to))
		put_input(s->c, to, bytes, size);
	free(bytes);
}

static void sync_engine(struct campaign *c, u32 target, const struct engine *e)
{
	char queue[PATH_MAX], to[PATH_MAX];
	s32 *last = &c->last_id[target][e->number];
	struct sync s = {.c = c, .to = to, .last = *last, .newest = *last};
	bool fits;

	if (e->number)
		fits = campaign_path(c, queue, "afl/%s/second%u/queue", e->target, e->number);
	else
		fits = campaign_path(c, queue, "afl/%s/main/queue", e->target);
	if (!fits || corpus_of(c, target, to))
		return;
	each_file(queue, take_queue_entry, &s);
	*last = s.newest;
}

void campaign_sync(struct campaign *c)
{
	struct campaign_status *s = c->status;
	char path[PATH_MAX];
	u64 n;

	s->corpus = 0;
	for (u32 t = 0; t < s->nr_targets; t++) {
		for (u32 i = 0; i < s->nr_engines; i++)
			if (s->engine[i].kind == ENGINE_AFL && strcmp(s->engine[i].target, s->target[t].name) == 0)
				sync_engine(c, t, &s->engine[i]);
		if (corpus_of(c, t, path))
			continue;
		n = count_files(path);
		if (n != s->target[t].corpus)
			c->last_input[t] = c->now;
		s->target[t].corpus = n;
		s->corpus += n;
		if (campaign_path(c, path, "artifacts/%s", s->target[t].name))
			s->target[t].artifacts = count_files(path);
	}
}

/* ---- inputs that crash ----------------------------------------------------------------------------------------- */

struct search {
	const char *bytes;
	size_t size;
	char found[PATH_MAX];
};

static void compare(const char *path, const char *name, void *arg)
{
	struct search *s = arg;
	struct stat st;
	size_t size;
	char *bytes;

	(void)name;
	if (s->found[0] || stat(path, &st) || (size_t)st.st_size != s->size)
		return;
	bytes = file_read(path, &size);
	if (bytes && size == s->size && memcmp(bytes, s->bytes, size) == 0)
		snprintf(s->found, sizeof(s->found), "%s", path);
	free(bytes);
}

struct quarantine {
	struct campaign *c;
	const char *corpus;
};

static void look_for_artifact(const char *path, const char *name, void *arg)
{
	struct quarantine *q = arg;
	struct search s = {0};
	char *bytes;

	(void)name;
	bytes = file_read(path, &s.size);
	s.bytes = bytes;
	if (bytes && s.size)
		each_file(q->corpus, compare, &s);
	free(bytes);
	if (s.found[0] && unlink(s.found) == 0)
		campaign_say(q->c, "%s left the corpus: it crashes the engine, and is kept as %s", s.found, path);
}

void campaign_quarantine(struct campaign *c)
{
	char artifacts[PATH_MAX], corpus[PATH_MAX];
	struct quarantine q = {c, corpus};

	for (u32 t = 0; t < c->status->nr_targets; t++)
		if (campaign_path(c, artifacts, "artifacts/%s", c->status->target[t].name) && !corpus_of(c, t, corpus))
			each_file(artifacts, look_for_artifact, &q);
}

/* ---- distilling ------------------------------------------------------------------------------------------------ */

/* The engine whose view of coverage decides: libFuzzer's if there is one. */
static const struct engine *judge_of(const struct campaign *c, u32 target)
{
	const struct campaign_status *s = c->status;
	const struct engine *found = NULL;

	for (u32 i = 0; i < s->nr_engines; i++) {
		const struct engine *e = &s->engine[i];

		if (strcmp(e->target, s->target[target].name) == 0 && (!found || e->kind == ENGINE_LIBFUZZER))
			found = found && found->kind == ENGINE_LIBFUZZER ? found : e;
	}
	return found;
}

/* Runs it to its end; an interrupt kills it. Its exit status, or -EINTR. */
static int run_judge(struct campaign *c, const char *const *argv, const char *log)
{
	char set[1200], tokens[PATH_MAX + 32];
	const char *const env[] = {set,
				   tokens,
				   "PFNSTORM_GO_ON=1",
				   "PFNSTORM_STATS_FILE",
				   "AFL_QUIET=1",
				   "AFL_ALLOW_TMP=1",
				   "ASAN_OPTIONS",
				   NULL};
	const struct child_options options = {.argv = argv, .env = env, .out = log};
	int status;
	pid_t pid;

	snprintf(set, sizeof(set), "PFNSTORM_SET=%s", c->o->set);
	snprintf(tokens, sizeof(tokens), "PFNSTORM_CRASH_DIR=%s/tokens", c->dir);
	pid = child_start(&options);
	if (pid < 0)
		return pid;
	while (waitpid(pid, &status, WNOHANG) == 0) {
		if (campaign_wait(c, 1) || !c->status->interrupted)
			continue;
		kill(-pid, SIGKILL);
		waitpid(pid, &status, 0);
		return -EINTR;
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static int distill_into(struct campaign *c, const struct engine *e, const char *corpus, const char *small)
{
	char log[PATH_MAX], cmin[PATH_MAX];
	const char *const merge[] = {e->program, "-merge=1", small, corpus, NULL};
	const char *const minimise[] = {cmin, "-m", "none", "-i", corpus, "-o", small, "--", e->program, NULL};
	int ret;

	if (!campaign_path(c, log, "logs/%s-distill.log", e->target))
		return -ENAMETOOLONG;
	if (e->kind == ENGINE_AFL && !engine_in_path("afl-cmin", c->o->path, cmin)) {
		campaign_say(c, "%s: afl-cmin was not found in PATH: the corpus stays as it is", e->target);
		return -ENOENT;
	}
	ret = run_judge(c, e->kind == ENGINE_AFL ? minimise : merge, log);
	if (ret && ret != -EINTR)
		campaign_say(c, "%s: the corpus could not be distilled (status %d) and stays as it is: %s", e->target,
			     ret, log);
	return ret;
}

static void distill_target(struct campaign *c, u32 target)
{
	const struct engine *e = judge_of(c, target);
	char corpus[PATH_MAX], small[PATH_MAX], old[PATH_MAX];
	u64 before, after;

	if (!e || corpus_of(c, target, corpus) ||
	    (size_t)snprintf(small, sizeof(small), "%s.distilled", corpus) >= sizeof(small) ||
	    (size_t)snprintf(old, sizeof(old), "%s.old", corpus) >= sizeof(old))
		return;
	if (!campaign_own_corpus(c, target)) {
		campaign_say(c, "%s: another campaign uses the corpus, so it is not distilled", e->target);
		return;
	}
	before = count_files(corpus);
	file_remove_dir(small);
	if (file_make_dirs(small) || distill_into(c, e, corpus, small)) {
		file_remove_dir(small);
		return;
	}
	after = count_files(small);
	if (!after || after > before || rename(corpus, old) || rename(small, corpus)) {
		finish_distilling(corpus);
		return;
	}
	file_remove_dir(old);
	c->status->target[target].corpus = after;
	campaign_say(c, "%s: %llu inputs have the coverage of %llu", e->target, (unsigned long long)after,
		     (unsigned long long)before);
}

void campaign_distill(struct campaign *c)
{
	for (u32 t = 0; t < c->status->nr_targets && !c->status->interrupted; t++)
		distill_target(c, t);
}
