/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>

#include "cli/command.h"
#include "crashes/bisect.h"

#define SHORT_ID 12

struct bisect_arguments {
	struct command_input input;
	struct bisect_options options;
};

enum {
	KEY_TOKEN = 't',
	KEY_GOOD = 'g',
	KEY_BAD = 'b',
	KEY_REPO = 'C',
	KEY_BUILD = KEY_COMMAND,
	KEY_TOOL,
	KEY_NEAR,
	KEY_DRIFT
};

static const struct argp_option options[] = {
	{"token", KEY_TOKEN, "INPUT", 0, "the failure; the same as INPUT alone", 0},
	{"good", KEY_GOOD, "REVISION", 0, "a revision that does not fail", 0},
	{"bad", KEY_BAD, "REVISION", 0, "a revision that fails; one is an ancestor of the other", 0},
	{"repo", KEY_REPO, "DIR", 0, "a git tree of pfnstorm (default: where you are)", 0},
	{"build", KEY_BUILD, "COMMAND", 0,
	 "builds a checked out revision; default: preset release, with ccache if it is there", 0},
	{"tool", KEY_TOOL, "PATH", 0, "of a built tree: its pfnstorm (default " BISECT_TOOL ")", 0},
	{"near", KEY_NEAR, NULL, 0,
	 "where the schedule fits but nothing fails, look near it too, if the revision's tool has replay --rebase", 0},
	{"drift-is-good", KEY_DRIFT, NULL, 0,
	 "where the schedule does not fit and the tool has no --rebase, take the revision for good instead of skipping "
	 "it",
	 0},
	{0},
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct bisect_arguments *a = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &a->input;
		return 0;
	case KEY_TOKEN:
		if (a->input.source)
			argp_error(state, "--token: expected one INPUT");
		a->input.source = arg;
		return 0;
	case KEY_GOOD:
		a->options.good = arg;
		return 0;
	case KEY_BAD:
		a->options.bad = arg;
		return 0;
	case KEY_REPO:
		a->options.repo = arg;
		return 0;
	case KEY_BUILD:
		a->options.build = arg;
		return 0;
	case KEY_TOOL:
		a->options.tool = arg;
		return 0;
	case KEY_NEAR:
		a->options.near = true;
		return 0;
	case KEY_DRIFT:
		a->options.drift_is_good = true;
		return 0;
	case ARGP_KEY_END:
		if (!a->options.good || !a->options.bad)
			argp_error(state, "expected --good REVISION and --bad REVISION");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static void show_asking(const struct revision *r, u32 left, u32 steps, double seconds_each, void *arg)
{
	char eta[24];

	(void)arg;
	terminal_progress("%u revisions left, %u to ask, %s left: building and replaying %.*s %.60s", left,
			  max(steps, 1u), seconds_each > 0 ? terminal_seconds(seconds_each * max(steps, 1u), eta) : "?",
			  SHORT_ID, r->id, r->subject);
}

static void show_asked(const struct revision *r, void *arg)
{
	static const char *const states[] = {
		[REVISION_GOOD] = "good", [REVISION_BAD] = "bad", [REVISION_SKIP] = "skip"};
	char seconds[24];

	(void)arg;
	terminal_progress_end();
	printf("%-4s %.*s %s (%s)\n     %s\n", states[r->state], SHORT_ID, r->id, r->subject,
	       terminal_seconds(r->seconds, seconds), r->what);
	fflush(stdout);
}

static int show_result(const struct bisect_result *r)
{
	const char *which = r->fixed ? "good" : "bad";

	printf("%u revisions asked, %u of them skipped\n", r->asked, r->skipped);
	if (r->suspects == 1) {
		printf("first %s: %s %s\n%s%s\n", which, r->suspect[0].id, r->suspect[0].subject,
		       r->fixed ? "no more " : "", r->wanted);
		return EXIT_HELD;
	}
	printf("first %s: one of %u, as those that were skipped can not be judged\n", which, r->suspects);
	for (u32 i = 0; i < min(r->suspects, (u32)GIT_SUSPECTS); i++)
		printf("  %s %s\n", r->suspect[i].id, r->suspect[i].subject);
	if (r->suspects > GIT_SUSPECTS)
		printf("  and %u more\n", r->suspects - GIT_SUSPECTS);
	printf("%s\n", r->wanted);
	return EXIT_FOUND;
}

static const char doc[] =
	"Find the revision of pfnstorm that brought a failure, or, where the good one is younger, that ended it.\v"
	"Each revision that git bisect chooses is built in a worktree of its own, which is removed "
	"at the end, and replays "
	"the schedule once more, exactly. Your tree is not touched.\n\n"
	"  pfnstorm bisect --token pfn1:... --good v0.1 --bad HEAD --repo ~/pfnstorm\n\n"
	"A revision is bad if it fails as --bad does, good if nothing fails. It is skipped if it "
	"does not build, does not know "
	"an operation or switch of the scenario, or fails in another way. Where the schedule does "
	"not fit (drift), the failure is looked for near "
	"it, if that revision's tool has replay --rebase: found, it is bad, else good.\n\n"
	"--build and --tool are for trees that are built in another way. The command runs in the top "
	"of the worktree; the tool is "
	"called as `TOOL replay TOKEN` and ends with 0 if nothing fails, with 1 and a line `VERDICT: "
	"SIGNATURE` if something "
	"does, with 3 at drift.\n\n"
	"Exit status: 0 the revision was found, 1 several are left (or an interrupt), 2 bad usage, "
	"also if good fails or bad "
	"does not.";

int cmd_bisect(int argc, char **argv)
{
	static const struct argp_child children[] = {{&command_input_argp, 0, NULL, 0}, {0}};
	static const struct argp argp = {
		.options = options,
		.parser = parse,
		.children = children,
		.args_doc = "INPUT",
		.doc = doc,
	};
	static struct bisect_result result;
	struct bisect_arguments a = {.options = {.asking = show_asking, .asked = show_asked}};
	char message[1024];
	struct scenario *s;
	int ret;

	command_parse(&argp, argc, argv, &a);
	if (a.input.json)
		return command_fail(EXIT_USAGE, "bisect has no --json");
	s = command_load(&a.input);
	ret = bisect(s, &a.options, &result, message, sizeof(message));
	terminal_progress_end();
	if (ret == -EINTR) {
		printf("interrupted: %u revisions asked, %u left\n", result.asked, result.suspects);
		return EXIT_FOUND;
	}
	if (ret)
		return command_fail(ret == -EINVAL ? EXIT_USAGE : EXIT_BROKEN, "%s", message);
	return show_result(&result);
}
