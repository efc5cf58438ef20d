/* SPDX-License-Identifier: MIT */
#include "crashes/bisect.h"

#include <stdio.h>
#include <string.h>

#include "crashes/process.h"

struct search {
	const struct bisect_options *o;
	struct bisect_result *r;
	struct git git;
	struct question question;
	double seconds; /* of all revisions asked */
	char *error;
	size_t size;
};

/* Halvings until one of @left is left. */
static u32 steps_of(u32 left)
{
	u32 steps = 0;

	while (left > 1) {
		left = (left + 1) / 2;
		steps++;
	}
	return steps;
}

/* Asks what is checked out in the worktree, which is @id. */
static int ask(struct search *s, const char *id, u32 left, u32 steps, struct revision *r)
{
	int ret;

	memset(r, 0, sizeof(*r));
	snprintf(r->id, sizeof(r->id), "%s", id);
	ret = git_subject(&s->git, id, r->subject, sizeof(r->subject), s->error, s->size);
	if (ret)
		return ret;
	if (s->o->asking)
		s->o->asking(r, left, steps, s->r->asked ? s->seconds / s->r->asked : 0, s->o->arg);
	ret = revision_ask(&s->question, r);
	if (ret) {
		snprintf(s->error, s->size, "%s: %s", id, strerror(-ret));
		return ret;
	}
	s->r->asked++;
	s->r->skipped += r->state == REVISION_SKIP;
	s->seconds += r->seconds;
	if (s->o->asked)
		s->o->asked(r, s->o->arg);
	return 0;
}

/* The ends must be what they are said to be. */
static int ask_end(struct search *s, const char *option, const char *name, const char *id, enum revision_state wanted,
		   u32 left)
{
	static const char *const is[] = {
		[REVISION_GOOD] = "does not fail", [REVISION_BAD] = "fails", [REVISION_SKIP] = "can not be judged"};
	struct revision r;
	int ret = git_checkout(&s->git, id, s->error, s->size);

	if (!ret)
		ret = ask(s, id, left, steps_of(left) + (wanted == REVISION_GOOD ? 1 : 2), &r);
	if (ret || r.state == wanted)
		return ret;
	snprintf(s->error, s->size, "--%s %s %s: %s", option, name, is[r.state], r.what);
	return -EINVAL;
}

static int step(struct search *s, struct git_bisection *b)
{
	/* What git calls bad is what came later. */
	const char *later = "bad", *earlier = "good";
	struct revision r;
	int ret = ask(s, b->next, b->left, steps_of(b->left), &r);

	s->r->suspects = b->left;
	if (ret)
		return ret;
	if (r.state == REVISION_SKIP)
		return git_bisect_mark(&s->git, "skip", b, s->error, s->size);
	return git_bisect_mark(&s->git, (r.state == REVISION_GOOD) == s->r->fixed ? later : earlier, b, s->error,
			       s->size);
}

static int name_suspects(struct search *s, const struct git_bisection *b)
{
	int ret = 0;

	s->r->suspects = b->suspects;
	for (u32 i = 0; !ret && i < min(b->suspects, (u32)GIT_SUSPECTS); i++) {
		struct revision *suspect = &s->r->suspect[i];

		snprintf(suspect->id, sizeof(suspect->id), "%s", b->suspect[i]);
		ret = git_subject(&s->git, suspect->id, suspect->subject, sizeof(suspect->subject), s->error, s->size);
	}
	return ret;
}

static int search(struct search *s, const char *good, const char *bad, u32 left)
{
	struct git_bisection b = {.left = left};
	int ret;

	s->r->suspects = left;
	ret = git_add_worktree(&s->git, bad, s->error, s->size);
	if (!ret)
		ret = ask_end(s, "bad", s->o->bad, bad, REVISION_BAD, left);
	if (!ret)
		ret = ask_end(s, "good", s->o->good, good, REVISION_GOOD, left);
	if (!ret)
		ret = git_bisect_start(&s->git, s->r->fixed ? good : bad, s->r->fixed ? bad : good, &b, s->error,
				       s->size);
	while (!ret && b.next[0])
		ret = step(s, &b);
	return ret ? ret : name_suspects(s, &b);
}

/* Which of the two came first? */
static int order_ends(struct search *s, const char *good, const char *bad, u32 *left)
{
	bool forward = false, backward = false;
	int ret = git_is_ancestor(&s->git, good, bad, &forward, s->error, s->size);

	if (!ret)
		ret = git_is_ancestor(&s->git, bad, good, &backward, s->error, s->size);
	if (ret)
		return ret;
	if (forward == backward) {
		snprintf(s->error, s->size,
			 "expected --good %s and --bad %s to be different, and one an ancestor of the other",
			 s->o->good, s->o->bad);
		return -EINVAL;
	}
	s->r->fixed = backward;
	return git_count(&s->git, backward ? bad : good, backward ? good : bad, left, s->error, s->size);
}

static int find_ends(struct search *s, char good[GIT_ID], char bad[GIT_ID], u32 *left)
{
	char message[512];
	int ret = git_commit(&s->git, s->o->good, good, message, sizeof(message));

	if (ret) {
		snprintf(s->error, s->size, "--good: %s", message);
		return ret;
	}
	ret = git_commit(&s->git, s->o->bad, bad, message, sizeof(message));
	if (ret) {
		snprintf(s->error, s->size, "--bad: %s", message);
		return ret;
	}
	return order_ends(s, good, bad, left);
}

int bisect(const struct scenario *scenario, const struct bisect_options *o, struct bisect_result *r, char *error,
	   size_t size)
{
	static struct search s;
	char good[GIT_ID], bad[GIT_ID];
	u32 left = 0;
	int ret;

	memset(r, 0, sizeof(*r));
	s = (struct search){.o = o, .r = r, .error = error, .size = size};
	s.git.repo = o->repo ? o->repo : ".";
	s.question = (struct question){
		.scenario = scenario,
		.tree = s.git.worktree,
		.build = o->build ? o->build : BISECT_BUILD,
		.tool = o->tool ? o->tool : BISECT_TOOL,
		.near = o->near,
		.drift_is_good = o->drift_is_good,
	};
	process_guard();
	ret = find_ends(&s, good, bad, &left);
	if (!ret)
		ret = search(&s, good, bad, left);
	git_remove_worktree(&s.git);
	process_unguard();
	snprintf(r->wanted, sizeof(r->wanted), "%s", s.question.wanted);
	return ret;
}
