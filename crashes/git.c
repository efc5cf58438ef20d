/* SPDX-License-Identifier: MIT */
#include "crashes/git.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "crashes/process.h"

#define ARGUMENTS 16

/* Runs `git ARGUMENTS` in @dir, without hooks. 0 if it could be run: see p->status. */
static int run(const char *dir, bool cleanup, struct process *p, const char *const *arguments, char *error, size_t size)
{
	const char *argv[ARGUMENTS + 8] = {"git", "-c", "core.hooksPath=/dev/null", "-c", "advice.detachedHead=false"};
	u32 n = 5;
	int ret;

	while (*arguments)
		argv[n++] = *arguments++;
	*p = (struct process){.dir = dir, .argv = argv, .cleanup = cleanup};
	ret = process_run(p);
	p->argv = NULL;
	if (ret)
		snprintf(error, size, "git: %s", ret == -EINTR ? "interrupted" : strerror(-ret));
	return ret;
}

/* The same; -EINVAL with git's message unless its status is 0, and then nothing to free. */
static int demand(const char *dir, struct process *p, const char *const *arguments, char *error, size_t size)
{
	int ret = run(dir, false, p, arguments, error, size);

	if (ret || p->status == 0)
		return ret;
	process_first_line(*p->err ? p->err : p->out, error, size);
	process_free(p);
	return -EINVAL;
}

static int demand_line(const char *dir, const char *const *arguments, char *line, size_t line_size, char *error,
		       size_t size)
{
	struct process p;
	int ret = demand(dir, &p, arguments, error, size);

	if (ret)
		return ret;
	process_first_line(p.out, line, line_size);
	process_free(&p);
	return 0;
}

static int demand_success(const char *dir, const char *const *arguments, char *error, size_t size)
{
	struct process p;
	int ret = demand(dir, &p, arguments, error, size);

	if (!ret)
		process_free(&p);
	return ret;
}

/* ---- worktree -------------------------------------------------------------------------------------------------- */

int git_add_worktree(struct git *g, const char *revision, char *error, size_t size)
{
	const char *tmp = getenv("TMPDIR");
	const char *const add[] = {"worktree", "add", "--detach", g->worktree, revision, NULL};
	int ret;

	snprintf(g->worktree, sizeof(g->worktree), "%s/pfnstorm-bisect-XXXXXX", tmp && *tmp ? tmp : "/tmp");
	if (!mkdtemp(g->worktree)) {
		ret = -errno;
		snprintf(error, size, "%s: %s", g->worktree, strerror(-ret));
		g->worktree[0] = '\0';
		return ret;
	}
	/* git wants an empty folder or none. An interrupt may leave a part of it: whoever called removes that. */
	ret = demand_success(g->repo, add, error, size);
	return ret;
}

void git_remove_worktree(struct git *g)
{
	const char *const unregister[] = {"worktree", "remove", "--force", "--force", g->worktree, NULL};
	const char *const prune[] = {"worktree", "prune", NULL};
	const char *const remove_all[] = {"rm", "-rf", "--", g->worktree, NULL};
	struct process p = {.argv = remove_all, .cleanup = true};
	char error[256];

	if (!g->worktree[0])
		return;
	if (run(g->repo, true, &p, unregister, error, sizeof(error)) == 0)
		process_free(&p);
	/* If git could not, because it was killed while it added the tree. */
	p = (struct process){.argv = remove_all, .cleanup = true};
	if (process_run(&p) == 0)
		process_free(&p);
	if (run(g->repo, true, &p, prune, error, sizeof(error)) == 0)
		process_free(&p);
	g->worktree[0] = '\0';
}

int git_checkout(const struct git *g, const char *id, char *error, size_t size)
{
	const char *const arguments[] = {"checkout", "--quiet", "--detach", "--force", id, NULL};

	return demand_success(g->worktree, arguments, error, size);
}

/* ---- commits --------------------------------------------------------------------------------------------------- */

int git_commit(const struct git *g, const char *revision, char id[GIT_ID], char *error, size_t size)
{
	char name[512];
	const char *const inside[] = {"rev-parse", "--git-dir", NULL};
	const char *const parse[] = {"rev-parse", "--verify", "--quiet", "--end-of-options", name, NULL};
	char dir[4096], message[256];
	int ret;

	snprintf(name, sizeof(name), "%s^{commit}", revision);
	ret = demand_line(g->repo, inside, dir, sizeof(dir), message, sizeof(message));
	if (ret) {
		snprintf(error, size, "%s: expected a git tree: %s", g->repo, message);
		return ret;
	}
	ret = demand_line(g->repo, parse, id, GIT_ID, message, sizeof(message));
	if (ret)
		snprintf(error, size, "expected a revision of %s, found '%s'", g->repo, revision);
	return ret;
}

int git_subject(const struct git *g, const char *id, char *subject, size_t subject_size, char *error, size_t size)
{
	const char *const arguments[] = {"log", "-1", "--format=%s", id, NULL};

	return demand_line(g->repo, arguments, subject, subject_size, error, size);
}

int git_is_ancestor(const struct git *g, const char *older, const char *newer, bool *yes, char *error, size_t size)
{
	const char *const arguments[] = {"merge-base", "--is-ancestor", older, newer, NULL};
	struct process p;
	int ret = run(g->repo, false, &p, arguments, error, size);

	if (ret)
		return ret;
	*yes = p.status == 0;
	process_free(&p);
	return 0;
}

static int count(const char *dir, const char *const *arguments, u32 *n, char *error, size_t size)
{
	char line[32];
	int ret = demand_line(dir, arguments, line, sizeof(line), error, size);

	if (!ret)
		*n = (u32)strtoul(line, NULL, 10);
	return ret;
}

int git_count(const struct git *g, const char *older, const char *newer, u32 *n, char *error, size_t size)
{
	const char *const arguments[] = {"rev-list", "--count", newer, "--not", older, NULL};

	return count(g->repo, arguments, n, error, size);
}

/* ---- bisect ---------------------------------------------------------------------------------------------------- */

/* "# first bad commit: [id] subject", or "# possible first bad commit: …" for each of several. */
static void read_suspects(const char *log, struct git_bisection *b)
{
	static const char one[] = "# first bad commit: [", several[] = "# possible first bad commit: [";

	b->suspects = 0;
	for (size_t len; *log; log += len + (log[len] == '\n')) {
		const char *id = NULL;

		len = strcspn(log, "\n");
		if (strncmp(log, one, sizeof(one) - 1) == 0)
			id = log + sizeof(one) - 1;
		else if (strncmp(log, several, sizeof(several) - 1) == 0)
			id = log + sizeof(several) - 1;
		if (!id)
			continue;
		if (b->suspects < GIT_SUSPECTS)
			snprintf(b->suspect[b->suspects], GIT_ID, "%.*s", (int)strcspn(id, "]\n"), id);
		b->suspects++;
	}
}

/* What the last step of git bisect came to. */
static int look(const struct git *g, struct git_bisection *b, char *error, size_t size)
{
	static const char *const log[] = {"bisect", "log", NULL};
	static const char *const head[] = {"rev-parse", "HEAD", NULL};
	static const char *const left[] = {
		"rev-list", "--count", "refs/bisect/bad", "--not", "--glob=refs/bisect/good-*", NULL};
	struct process p;
	int ret = demand(g->worktree, &p, log, error, size);

	if (ret)
		return ret;
	read_suspects(p.out, b);
	process_free(&p);
	b->next[0] = '\0';
	b->left = b->suspects;
	if (b->suspects)
		return 0;
	ret = demand_line(g->worktree, head, b->next, GIT_ID, error, size);
	return ret ? ret : count(g->worktree, left, &b->left, error, size);
}

int git_bisect_start(const struct git *g, const char *bad, const char *good, struct git_bisection *b, char *error,
		     size_t size)
{
	const char *const arguments[] = {"bisect", "start", bad, good, NULL};
	int ret = demand_success(g->worktree, arguments, error, size);

	return ret ? ret : look(g, b, error, size);
}

int git_bisect_mark(const struct git *g, const char *term, struct git_bisection *b, char *error, size_t size)
{
	const char *const arguments[] = {"bisect", term, NULL};
	struct process p;
	/* Status 2 if only skipped ones are left: the log says so. */
	int ret = run(g->worktree, false, &p, arguments, error, size);

	if (ret)
		return ret;
	if (p.status != 0 && p.status != 2) {
		process_first_line(*p.err ? p.err : p.out, error, size);
		ret = -EINVAL;
	}
	process_free(&p);
	return ret ? ret : look(g, b, error, size);
}
