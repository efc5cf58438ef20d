/* SPDX-License-Identifier: MIT */
#include "fuzz/hunt.h"

#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "fuzz/generate.h"
#include "fuzz/record.h"
#include "fuzz/runner.h"
#include "fuzz/strategy.h"

#define TASK_SETS 4 /* for a machine: booting one costs as much as some runs */
#define TASK_SETS_MAX 16
#define DOUBT_RUNS 96 /* without the switch, at least */
#define FAULT_ONE_IN 16
#define KNOWN_MAX 64
#define BOOTS_TRIED 32
#define FAILURE_MAX 96

struct hunter {
	const struct hunt_prey *prey;
	const struct hunt_options *options;
	struct hunt_result *result;
	struct generator generator;
	struct rt_random random;
	struct recorder recorder;
	struct runner_result run;
	struct scenario s;
	double started;
	bool noisy;                         /* without the switch there is another one, which fails in its own ways */
	char known[KNOWN_MAX][FAILURE_MAX]; /* failures that need no switch */
	u32 nr_known;
	u32 task_sets; /* for the machine */
	u32 boots_tried, boots_failed;
	u16 seen[64][64]; /* see times_seen() */
};

/* ---- what is hunted -------------------------------------------------------------------------------------------- */

/* Bugs that only show in the company of another switch: the default closes the way to them. */
static const struct {
	const char *prey, *with;
} companies[] = {
	{"dissolve_vs_free_huge", "hugetlb_reuses_isolated=on"},
	{"page_ext_freed_in_use", "pfn_walk=notifier_pause"},
	{"pageset_null_test", "pcp_teardown=keep"},
	{"section_flag_cleared_last", "pfn_walk=unsynchronised"},
	{"slab_show_mem_lock", "slab_directory_locked=on"},
	{"usage_free_no_rcu", "pfn_walk=unsynchronised"},
	{"usage_not_tested", "pfn_walk=unsynchronised"},
};

static void prey_init(struct hunt_prey *prey, const char *design, const char *name)
{
	char error[128];

	snprintf(prey->name, sizeof(prey->name), "%s%s%s", design ? design : "", design ? "." : "", name);
	switches_default(&prey->off);
	for (u32 i = 0; i < ARRAY_SIZE(companies); i++)
		if (strcmp(companies[i].prey, prey->name) == 0)
			switches_set(&prey->off, companies[i].with, error, sizeof(error));
	prey->on = prey->off;
}

static void prey_bug(struct hunt_prey *prey, u32 bug)
{
	prey_init(prey, NULL, bug_infos[bug].name);
	prey->on.bug[bug] = 1;
}

static void prey_alternative(struct hunt_prey *prey, u32 alternative)
{
	u32 design = alternative_infos[alternative].design;

	prey_init(prey, design_infos[design].name, alternative_infos[alternative].name);
	prey->on.design[design] = (u16)alternative;
}

static bool is_default(u32 alternative)
{
	return design_infos[alternative_infos[alternative].design].default_alternative == alternative;
}

bool hunt_prey_at(u32 index, bool planted, struct hunt_prey *prey)
{
	for (u32 bug = 0; bug < NR_BUGS; bug++) {
		if ((planted || strcmp(bug_infos[bug].since, "planted") != 0) && index-- == 0) {
			prey_bug(prey, bug);
			return true;
		}
	}
	for (u32 a = 0; a < NR_ALTERNATIVES; a++) {
		if (!is_default(a) && index-- == 0) {
			prey_alternative(prey, a);
			return true;
		}
	}
	return false;
}

bool hunt_prey_named(const char *name, struct hunt_prey *prey)
{
	for (u32 i = 0; hunt_prey_at(i, true, prey); i++)
		if (strcmp(prey->name, name) == 0)
			return true;
	return false;
}

/* ---- budget ---------------------------------------------------------------------------------------------------- */

/* Of this process on a core, whoever else is busy: for the budget and the report only, no run sees it. */
static double now_seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static bool budget_left(const struct hunter *h)
{
	const struct hunt_options *o = h->options;

	if (o->interrupted && *o->interrupted)
		return false;
	if (o->runs_max && h->result->runs >= o->runs_max)
		return false;
	return o->seconds_max <= 0 || h->result->runs % 16 || now_seconds() - h->started < o->seconds_max;
}

/* ---- runs ------------------------------------------------------------------------------------------------------ */

static struct strategy *portfolio(u64 seed)
{
	struct strategy_options options = STRATEGY_OPTIONS_DEFAULT;
	char error[160];

	options.seed = seed;
	options.fault_one_in = FAULT_ONE_IN;
	return strategy_by_name("portfolio")->construct(&options, error, sizeof(error));
}

/* One run of the scenario, its schedule written down. True: it ended in a verdict. */
static bool run_once(struct hunter *h, struct rt_strategy *strategy)
{
	recorder_init(&h->recorder, strategy, &h->s.schedule);
	runner_run(&h->s, &h->recorder.strategy, 0, &h->run);
	return h->run.rt.verdict.kind != VERDICT_ok;
}

/* The schedule that was written down, as far as it fits: other switches pass other points. */
static bool replay(struct hunter *h)
{
	static struct replay replay;

	replay_init(&replay, &h->s.schedule, true);
	runner_run(&h->s, &replay.strategy, 0, &h->run);
	return h->run.rt.verdict.kind != VERDICT_ok;
}

/* What fails, without the places where it does. */
static void failure_of(const struct rt_verdict *verdict, char failure[FAILURE_MAX])
{
	snprintf(failure, FAILURE_MAX, "%u %.*s", verdict->kind, (int)strcspn(verdict->signature, "{"),
		 verdict->signature);
}

static bool is_known(const struct hunter *h, const struct rt_verdict *verdict)
{
	char failure[FAILURE_MAX];

	failure_of(verdict, failure);
	for (u32 i = 0; i < h->nr_known; i++)
		if (strcmp(h->known[i], failure) == 0)
			return true;
	return false;
}

/* Does a run without the switch speak against it? In the company of another switch only if it fails alike. */
static bool speaks_against(const struct hunter *h, const struct rt_verdict *verdict, const char *failure)
{
	char other[FAILURE_MAX];

	if (verdict->kind == VERDICT_ok)
		return false;
	failure_of(verdict, other);
	return !h->noisy || strcmp(other, failure) == 0;
}

/* Does what was found need the switch? If not, what the scenario holds is a run without it that fails. */
static bool needs_switch(struct hunter *h, u64 seed, u64 runs, const char *failure)
{
	static struct schedule schedule;
	struct strategy *strategy;
	bool against;

	h->s.machine.sw = h->prey->off;
	replay(h);
	if (speaks_against(h, &h->run.rt.verdict, failure))
		return false;
	strategy = portfolio(seed);
	if (!strategy)
		return false;
	schedule_copy(&schedule, &h->s.schedule);
	against = false;
	for (u64 i = 0; !against && i < max(runs, (u64)DOUBT_RUNS); i++) {
		strategy->ops->prepare(strategy);
		run_once(h, &strategy->rt);
		strategy->ops->finish(strategy, &h->run.rt);
		against = speaks_against(h, &h->run.rt.verdict, failure);
	}
	strategy->ops->destroy(strategy);
	if (!against)
		schedule_copy(&h->s.schedule, &schedule);
	return !against;
}

static void note_other(struct hunter *h, const char *failure)
{
	h->result->rejected++;
	/* Many wait for what nobody does: that says nothing of the next one. */
	if (h->run.rt.verdict.kind == VERDICT_livelock || h->run.rt.verdict.kind == VERDICT_deadlock)
		return;
	if (h->nr_known < KNOWN_MAX)
		snprintf(h->known[h->nr_known++], FAILURE_MAX, "%s", failure);
	if (h->noisy)
		return;
	h->result->other = h->run.rt.verdict;
	token_encode(&h->s, h->result->other_token, sizeof(h->result->other_token));
}

/* The run that was written down ended in a verdict: is that the prey? */
static bool is_prey(struct hunter *h, const char *member, u64 seed, u64 runs)
{
	const struct rt_verdict verdict = h->run.rt.verdict;
	char failure[FAILURE_MAX];

	failure_of(&verdict, failure);
	if (!needs_switch(h, seed, runs, failure)) {
		note_other(h, failure);
		return false;
	}
	h->s.machine.sw = h->prey->on;
	if (!replay(h) || strcmp(h->run.rt.verdict.signature, verdict.signature) != 0)
		return false;
	h->result->verdict = verdict;
	snprintf(h->result->member, sizeof(h->result->member), "%s", member);
	token_encode(&h->s, h->result->token, sizeof(h->result->token));
	h->result->found = true;
	return true;
}

/* ---- scenarios ------------------------------------------------------------------------------------------------- */

/* Of operations that are refused at once nothing is learned. */
static bool worth_more(struct hunter *h)
{
	u32 done = 0, total = scenario_nr_ops(&h->s);

	for (u32 i = 0; i < h->s.nr_tasks; i++)
		for (u32 j = 0; j < h->s.task[i].nr_ops; j++)
			done += h->run.op[i][j].state == RUNNER_OP_DONE && h->run.op[i][j].value >= 0;
	return done * 2 >= total || rt_random_below(&h->random, 8) == 0;
}

static void hunt_schedules(struct hunter *h, u64 seed, u64 runs)
{
	struct strategy *strategy = portfolio(seed);
	struct strategy_report report;

	for (u64 i = 0; strategy && i < runs && budget_left(h); i++) {
		bool verdict;

		strategy->ops->prepare(strategy);
		h->s.machine.sw = h->prey->on;
		verdict = run_once(h, &strategy->rt);
		h->result->runs++;
		strategy->ops->finish(strategy, &h->run.rt);
		/* A schedule with too many entries is no token. */
		if (!verdict || h->recorder.overflow || (h->noisy && is_known(h, &h->run.rt.verdict)))
			continue;
		strategy->ops->report(strategy, &report);
		if (is_prey(h, report.member, seed, 4 * (i + 1)) || !h->noisy)
			break;
	}
	if (strategy)
		strategy->ops->destroy(strategy);
}

/* Operations that succeeded, alone and in pairs of different tasks: how often each was seen in this hunt. */
static u32 times_seen(struct hunter *h, u32 a, u32 b)
{
	u16 *seen = &h->seen[max(a, b)][min(a, b)];

	*seen += *seen < UINT16_MAX;
	return *seen;
}

/* Its id; 0 if it was refused. */
static u32 success_of(const struct hunter *h, u32 task, u32 op)
{
	const struct runner_op_result *r = &h->run.op[task][op];

	return r->state == RUNNER_OP_DONE && r->value < 0 ? 0 : h->s.task[task].op[op].id;
}

/* How often the rarest thing about the run that was just made was seen. */
static u32 rarity(struct hunter *h)
{
	u32 rarest = UINT32_MAX;

	for (u32 t = 0; t < h->s.nr_tasks; t++) {
		for (u32 i = 0; i < h->s.task[t].nr_ops; i++) {
			u32 id = success_of(h, t, i);

			if (!id)
				continue;
			rarest = min(rarest, times_seen(h, id, 0));
			for (u32 u = 0; u < t; u++)
				for (u32 j = 0; j < h->s.task[u].nr_ops; j++)
					if (success_of(h, u, j))
						rarest = min(rarest, times_seen(h, id, success_of(h, u, j)));
		}
	}
	return rarest;
}

/*
 * Most bugs need the right scenario and then few schedules, some the other way round: much for what is rare, and now
 * and then for anything.
 */
static u64 runs_of_scenario(struct hunter *h)
{
	u32 seen = rarity(h);

	/* What is rare here is so because of the machine and its set-up: they get more sets of tasks. */
	if (seen < 3 && h->task_sets < TASK_SETS_MAX)
		h->task_sets++;
	if (rt_random_below(&h->random, 32) == 0)
		return 64;
	return seen < 3 ? 16 : seen < 30 ? 8 : 3;
}

static void hunt_tasks(struct hunter *h)
{
	u64 seed = rt_random_u64(&h->random);

	h->s.machine.sw = h->prey->on;
	generate_tasks(&h->generator, &h->s);
	h->result->scenarios++;
	h->result->runs++;
	if (run_once(h, NULL))
		is_prey(h, "default", seed, 1);
	else if (worth_more(h))
		hunt_schedules(h, seed, runs_of_scenario(h));
}

/*
 * With some bugs not every machine boots, and a verdict at boot is the end of the process: there is no run to end. So
 * another process goes first, until it is clear that they all do.
 */
static bool boots(struct hunter *h)
{
	int status = -1;
	pid_t pid;

	if (h->boots_tried >= BOOTS_TRIED && !h->boots_failed)
		return true;
	h->boots_tried++;
	fflush(NULL);
	pid = fork();
	if (pid == 0) {
		fclose(stderr);
		runner_prepare(&h->s, 0);
		_exit(0);
	}
	while (pid > 0 && waitpid(pid, &status, 0) != pid)
		;
	if (status)
		h->boots_failed++;
	return status == 0;
}

/* The set-up as a task, which is a scenario too: what fails in it must not fail at boot. True if it may be booted. */
static bool rehearse(struct hunter *h)
{
	u32 nr_boot_ops = h->s.nr_boot_ops;
	bool verdict;

	if (!nr_boot_ops)
		return boots(h);
	memcpy(h->s.task[0].op, h->s.boot_op, sizeof(h->s.boot_op));
	h->s.task[0].nr_ops = nr_boot_ops;
	h->s.nr_boot_ops = 0;
	if (!boots(h))
		return false;
	h->result->scenarios++;
	h->result->runs++;
	verdict = run_once(h, NULL);
	if (verdict)
		is_prey(h, "default", rt_random_u64(&h->random), 1);
	h->s.nr_boot_ops = nr_boot_ops;
	return !verdict && boots(h);
}

void hunt(const struct hunt_prey *prey, const struct hunt_options *options, struct hunt_result *result)
{
	static struct hunter h;
	struct switches defaults;

	memset(result, 0, sizeof(*result));
	h.prey = prey;
	h.options = options;
	h.result = result;
	h.started = now_seconds();
	h.nr_known = h.boots_tried = h.boots_failed = 0;
	memset(h.seen, 0, sizeof(h.seen));
	switches_default(&defaults);
	h.noisy = memcmp(&defaults, &prey->off, sizeof(defaults)) != 0;
	generator_init(&h.generator, options->seed, options->families);
	rt_random_seed(&h.random, ~options->seed);
	runner_set_step_limit(HUNT_STEP_LIMIT);
	while (!result->found && budget_left(&h)) {
		h.s.machine.sw = prey->on;
		generate_machine(&h.generator, &h.s);
		if (!rehearse(&h))
			continue;
		h.task_sets = TASK_SETS;
		for (u32 i = 0; i < h.task_sets && !result->found && budget_left(&h); i++)
			hunt_tasks(&h);
	}
	result->seconds = now_seconds() - h.started;
	rt_set_strategy(NULL);
}
