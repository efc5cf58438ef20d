/* SPDX-License-Identifier: MIT */
#include "crashes/cause.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fuzz/runner.h"
#include "fuzz/strategy.h"

#define SWITCHES (NR_DESIGNS + NR_BUGS)
#define DOUBT_STEPS 2000000 /* a run that does not end is as long as thousands that do */
#define FAULT_ONE_IN 16

struct search {
	struct scenario s; /* with the switches that are left */
	const struct rt_verdict *verdict;
	u64 doubt_runs;
	struct runner_result run;
};

bool cause_alike(const struct rt_verdict *a, const struct rt_verdict *b)
{
	size_t words = strcspn(a->signature, "{");

	return a->kind == b->kind && words == strcspn(b->signature, "{") &&
	       memcmp(a->signature, b->signature, words) == 0;
}

/*
 * Switches have numbers: bugs, then designs. In this order they are put back, since a bug may stand in for a design
 * that opens the way to another: the cause with fewer bugs is wanted.
 */
static bool is_set(const struct switches *sw, u32 number)
{
	if (number < NR_BUGS)
		return sw->bug[number];
	return sw->design[number - NR_BUGS] != design_infos[number - NR_BUGS].default_alternative;
}

static void put_back(struct switches *sw, u32 number)
{
	if (number < NR_BUGS)
		sw->bug[number] = 0;
	else
		sw->design[number - NR_BUGS] = design_infos[number - NR_BUGS].default_alternative;
}

static u32 list_switches(const struct switches *sw, u32 list[SWITCHES])
{
	u32 count = 0;

	for (u32 number = 0; number < SWITCHES; number++)
		if (is_set(sw, number))
			list[count++] = number;
	return count;
}

/* Its schedule as far as it fits, in its order or without: other switches pass other points. */
static bool replay_fails(struct search *c)
{
	static struct replay replay;

	for (u32 lenient = 0; lenient < 2; lenient++) {
		replay_init(&replay, &c->s.schedule, lenient);
		runner_run(&c->s, &replay.strategy, 0, &c->run);
		if (cause_alike(&c->run.rt.verdict, c->verdict))
			return true;
	}
	return false;
}

static bool random_fails(struct search *c)
{
	struct strategy_options options = STRATEGY_OPTIONS_DEFAULT;
	struct strategy *strategy;
	bool fails = false;
	char error[160];
	u64 steps = 0;

	if (!c->doubt_runs)
		return false;
	options.fault_one_in = FAULT_ONE_IN;
	strategy = strategy_by_name("portfolio")->construct(&options, error, sizeof(error));
	for (u64 i = 0; strategy && i < c->doubt_runs && steps < DOUBT_STEPS && !fails; i++) {
		if (!strategy->ops->prepare(strategy))
			break;
		runner_run(&c->s, &strategy->rt, 0, &c->run);
		strategy->ops->finish(strategy, &c->run.rt);
		steps += c->run.rt.steps;
		fails = cause_alike(&c->run.rt.verdict, c->verdict);
	}
	if (strategy)
		strategy->ops->destroy(strategy);
	rt_set_strategy(NULL);
	return fails;
}

/* Puts @count switches from @at on back; true if it fails all the same, else they are as before. */
static bool try_without(struct search *c, const u32 *list, u32 at, u32 count)
{
	struct switches before = c->s.machine.sw;

	for (u32 i = at; i < at + count; i++)
		put_back(&c->s.machine.sw, list[i]);
	if (!scenario_error(&c->s) && (replay_fails(c) || random_fails(c)))
		return true;
	c->s.machine.sw = before;
	return false;
}

/* Minimal, as far as the schedule and @doubt_runs random ones tell. */
static void reduce(struct search *c, u64 doubt_runs)
{
	u32 list[SWITCHES], count = list_switches(&c->s.machine.sw, list);

	c->doubt_runs = doubt_runs;
	for (u32 chunk = count; chunk; chunk /= 2) {
		for (u32 at = 0; at < count;) {
			u32 taken = min(chunk, count - at);

			if (try_without(c, list, at, taken))
				count = list_switches(&c->s.machine.sw, list);
			else
				at += taken;
		}
	}
}

static void print(const struct switches *sw, char cause[FOLDER_CAUSE_MAX])
{
	struct text_out out = {.buf = cause, .size = FOLDER_CAUSE_MAX};
	u32 list[SWITCHES], count = list_switches(sw, list);

	text_put(&out, "%s", count ? "" : "none");
	for (u32 i = 0; i < count; i++) {
		u32 number = list[i], design = number - NR_BUGS;

		if (number < NR_BUGS)
			text_put(&out, "%s%s=on", i ? "," : "", bug_infos[number].name);
		else
			text_put(&out, "%s%s=%s", i ? "," : "", design_infos[design].name,
				 alternative_infos[sw->design[design]].name);
	}
	if (out.len >= out.size)
		cause[0] = '\0';
}

void cause_search(const struct scenario *s, const struct rt_verdict *verdict, u64 doubt_runs,
		  char cause[FOLDER_CAUSE_MAX])
{
	static struct search c;

	cause[0] = '\0';
	scenario_copy(&c.s, s);
	c.verdict = verdict;
	if (!replay_fails(&c))
		return;
	/* What this run needs, before others are asked: of two bugs that are each enough, it met one. */
	reduce(&c, 0);
	reduce(&c, doubt_runs);
	print(&c.s.machine.sw, cause);
}

static void read_all(int fd, char *buf, size_t size)
{
	size_t len = 0;

	while (len + 1 < size) {
		ssize_t n = read(fd, buf + len, size - 1 - len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		len += (size_t)n;
	}
	buf[len] = '\0';
}

static void __attribute__((noreturn)) child(int fd, const struct scenario *s, const struct rt_verdict *verdict)
{
	char cause[FOLDER_CAUSE_MAX];

	/* What a machine that does not boot has to say is nobody's business. */
	fclose(stderr);
	cause_search(s, verdict, CAUSE_DOUBT_RUNS, cause);
	_exit(write(fd, cause, strlen(cause)) != (ssize_t)strlen(cause));
}

void cause_find(const struct scenario *s, const struct rt_verdict *verdict, char cause[FOLDER_CAUSE_MAX])
{
	int fd[2], status = -1;
	pid_t pid;

	cause[0] = '\0';
	if (pipe(fd))
		return;
	fflush(NULL);
	pid = fork();
	if (pid == 0) {
		close(fd[0]);
		child(fd[1], s, verdict);
	}
	close(fd[1]);
	if (pid > 0)
		read_all(fd[0], cause, FOLDER_CAUSE_MAX);
	close(fd[0]);
	while (pid > 0 && waitpid(pid, &status, 0) != pid)
		;
	if (status)
		cause[0] = '\0';
}
