/* SPDX-License-Identifier: MIT */
#include "crashes/revision.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "crashes/process.h"
#include "crashes/save.h"
#include "fuzz/seconds.h"
#include "fuzz/token.h"

/* What `pfnstorm replay` ends with (docs/OUTPUT.md). */
enum { REPLAY_HELD, REPLAY_FAILED, REPLAY_USAGE, REPLAY_DRIFT, REPLAY_BROKEN };

static void __attribute__((format(printf, 3, 4)))
answer(struct revision *r, enum revision_state state, const char *fmt, ...)
{
	va_list args;

	r->state = state;
	va_start(args, fmt);
	vsnprintf(r->what, sizeof(r->what), fmt, args);
	va_end(args);
}

/* ---- building -------------------------------------------------------------------------------------------------- */

/* The line of @text that has @word; false if none has. */
static bool line_with(const char *text, const char *word, char *buf, size_t size)
{
	const char *at = strstr(text, word);

	if (!at)
		return false;
	while (at > text && at[-1] != '\n')
		at--;
	process_first_line(at, buf, size);
	return true;
}

/* The line that says most of why a build failed. */
static void what_failed(const struct process *p, char *buf, size_t size)
{
	if (!line_with(p->err, "rror", buf, size) && !line_with(p->out, "rror", buf, size))
		process_last_line(*p->err ? p->err : p->out, buf, size);
}

static int build(const struct question *q, struct revision *r, bool *built)
{
	const char *const argv[] = {"sh", "-c", q->build, NULL};
	struct process p = {.dir = q->tree, .argv = argv};
	char line[256];
	int ret = process_run(&p);

	if (ret)
		return ret;
	*built = p.status == 0;
	if (!*built) {
		what_failed(&p, line, sizeof(line));
		answer(r, REVISION_SKIP, "does not build, status %d: %s", p.status, line);
	}
	process_free(&p);
	return 0;
}

/* ---- replaying ------------------------------------------------------------------------------------------------- */

static int run_tool(const struct question *q, struct process *p, const char *option, const char *input)
{
	static char path[4096];
	static const char *argv[5];
	u32 n = 0;

	snprintf(path, sizeof(path), "%s/%s", q->tree, q->tool);
	argv[n++] = path;
	argv[n++] = "replay";
	if (option)
		argv[n++] = option;
	if (input)
		argv[n++] = input;
	argv[n] = NULL;
	*p = (struct process){.dir = q->tree, .argv = argv};
	return process_run(p);
}

/* Verdict and signature: the first line but for the token's. */
static void verdict_line(const char *out, char *buf, size_t size)
{
	if (strncmp(out, "token ", 6) == 0)
		out += strcspn(out, "\n");
	process_first_line(out, buf, size);
}

/* What the scenario is to expect, so that a failure is looked for near its schedule; false if we do not know it. */
static bool expect_wanted(const char *wanted, struct scenario *s)
{
	struct rt_verdict v = {0};
	size_t len = strcspn(wanted, ":");

	for (u32 kind = 0; kind < NR_VERDICTS; kind++) {
		const char *name = verdict_name((enum verdict_kind)kind);

		if (kind == VERDICT_ok || strlen(name) != len || strncmp(name, wanted, len) != 0)
			continue;
		v.kind = (enum verdict_kind)kind;
		snprintf(v.signature, sizeof(v.signature), "%s", wanted + len + strspn(wanted + len, ": "));
		save_expect(s, &v);
		return true;
	}
	return false;
}

static const char *token_of(const struct question *q, bool expecting)
{
	static struct scenario s;
	static char token[TOKEN_MAX];

	scenario_copy(&s, q->scenario);
	/* Without: any failure has status REPLAY_FAILED. */
	if (!expecting)
		s.expect.set = 0;
	else if (q->wanted[0] && !expect_wanted(q->wanted, &s))
		return NULL;
	return token_encode(&s, token, sizeof(token)) > 0 ? token : NULL;
}

static int knows_rebase(const struct question *q, bool *knows)
{
	struct process p;
	int ret = run_tool(q, &p, "--help", NULL);

	if (ret)
		return ret;
	*knows = strstr(p.out, "--rebase") != NULL;
	process_free(&p);
	return 0;
}

static void judge_failure(struct question *q, struct revision *r, const char *out)
{
	char line[REVISION_WHAT];

	verdict_line(out, line, sizeof(line));
	if (!q->wanted[0])
		snprintf(q->wanted, sizeof(q->wanted), "%s", line);
	if (strcmp(line, q->wanted) == 0)
		answer(r, REVISION_BAD, "%s", line);
	else
		answer(r, REVISION_SKIP, "another failure: %.480s", line);
}

/* The schedule does not fit, or does not do here what it did: is the failure near it? @as_it_is: if nobody can tell. */
static int ask_near(struct question *q, struct revision *r, enum revision_state as_it_is)
{
	const char *token = token_of(q, true);
	struct process p;
	bool knows = false;
	int ret = token ? knows_rebase(q, &knows) : 0;

	if (ret || !knows) {
		r->state = as_it_is;
		return ret;
	}
	ret = run_tool(q, &p, "--rebase", token);
	if (ret)
		return ret;
	if (p.status == 0) {
		judge_failure(q, r, p.out);
	} else if (p.status == 1) {
		char line[256];

		process_first_line(p.out, line, sizeof(line));
		answer(r, REVISION_GOOD, "%s", line);
	} else {
		char line[256];

		process_last_line(p.err, line, sizeof(line));
		answer(r, REVISION_SKIP, "replay --rebase ended with %d: %s", p.status, line);
	}
	process_free(&p);
	return 0;
}

static int replay(struct question *q, struct revision *r)
{
	const char *token = token_of(q, false);
	struct process p;
	char line[400];
	int ret, status;

	if (!token)
		return -EINVAL;
	ret = run_tool(q, &p, NULL, token);
	if (ret)
		return ret;
	status = p.status;
	process_last_line(p.err, line, sizeof(line));
	if (status == REPLAY_HELD)
		answer(r, REVISION_GOOD, "every law held");
	else if (status == REPLAY_FAILED)
		judge_failure(q, r, p.out);
	else if (status == REPLAY_DRIFT)
		answer(r, q->drift_is_good ? REVISION_GOOD : REVISION_SKIP, "%s", line);
	else
		answer(r, REVISION_SKIP, "replay ended with %d: %s", status, line);
	process_free(&p);
	if (status == REPLAY_DRIFT || (status == REPLAY_HELD && q->near))
		return ask_near(q, r, r->state);
	return 0;
}

int revision_ask(struct question *q, struct revision *r)
{
	double started = seconds_now();
	bool built = false;
	int ret = build(q, r, &built);

	if (!ret && built)
		ret = replay(q, r);
	r->seconds = seconds_now() - started;
	return ret;
}
