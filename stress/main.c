/* SPDX-License-Identifier: MIT */
/* pfnstorm-stress: rounds of a scenario, or of scenarios drawn from a mix, on real threads. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz/seconds.h"
#include "fuzz/token.h"
#include "stress/campaign.h"
#include "stress/collect.h"
#include "stress/machine.h"

static struct campaign campaign;

/* ---- input ----------------------------------------------------------------------------------------------------- */

static void __attribute__((noreturn)) refuse(const char *message)
{
	exit(complain(EXIT_USAGE, "%s", message));
}

static void apply_switches(struct scenario *s, const struct options *o)
{
	const char *assignments = getenv("PFNSTORM_SET");
	char message[256];

	if (o->mix && assignments && scenario_switches_from(assignments, &s->machine.sw, message, sizeof(message)))
		refuse(message);
	for (u32 i = 0; i < o->nr_sets; i++) {
		if (scenario_switches_from(o->set[i], &s->machine.sw, message, sizeof(message)))
			refuse(message);
	}
}

static void prepare_mix(struct scenario *s, struct options *o)
{
	char message[512];

	if (mix_parse(o->mix, &campaign.mix, message, sizeof(message)) ||
	    machine_prepare(o, &campaign.mix, s, message, sizeof(message)))
		refuse(message);
	o->readers = mix_readers(&campaign.mix, machine_threads(o));
}

static void prepare_scenario(struct scenario *s, struct options *o)
{
	char message[512];
	const char *error;

	if (o->mix)
		prepare_mix(s, o);
	else if (scenario_load(o->source, s, message, sizeof(message)))
		refuse(message);
	apply_switches(s, o);
	if (o->geometry && machine_geometry(o->geometry, &s->machine.geometry))
		exit(complain(EXIT_USAGE, "--geometry %s: expected tiny, small or x86-64", o->geometry));
	/* Threads follow no schedule. */
	schedule_init(&s->schedule);
	error = scenario_error(s);
	if (error)
		refuse(error);
}

static void note_command(int argc, char **argv)
{
	size_t used = (size_t)snprintf(campaign.command, COMMAND_MAX, "stress");

	for (int i = 1; i < argc && used < COMMAND_MAX; i++)
		used += (size_t)snprintf(campaign.command + used, COMMAND_MAX - used, " %s", argv[i]);
}

/* ---- rounds ---------------------------------------------------------------------------------------------------- */

static void watch(void *arg)
{
	struct tally tally = campaign.before;

	(void)arg;
	tally_add(&tally, campaign.round.state);
	if (!campaign.options.quiet)
		tally_progress(&tally, seconds_now() - campaign.start, false);
}

static void report_found(const struct rt_verdict *verdict, const char *folder)
{
	if (campaign.options.json)
		return;
	printf("%s: %s\n%s\n", verdict_name(verdict->kind), verdict->signature, verdict->detail);
	if (campaign.round.state->boot_ns && rt_thread_postmortem()->fail_ns)
		printf("after %.1f s\n", seconds_now() - campaign.start);
	printf("folder %s\n", folder);
	fflush(stdout);
}

/* False if this signature was found before. */
static bool note_signature(const struct rt_verdict *verdict, u32 *at)
{
	for (u32 i = 0; i < campaign.nr_signatures; i++) {
		if (!strcmp(campaign.found[i].signature, verdict->signature)) {
			campaign.found[i].count++;
			return false;
		}
	}
	if (campaign.nr_signatures == SIGNATURES_MAX)
		return false;
	*at = campaign.nr_signatures++;
	snprintf(campaign.found[*at].signature, sizeof(campaign.found[*at].signature), "%s", verdict->signature);
	campaign.found[*at].count = 1;
	return true;
}

static void found(void)
{
	const struct rt_verdict *verdict = &campaign.round.verdict;
	char message[512];
	u32 at;

	campaign.verdicts++;
	campaign.broken |= campaign.round.tool_failed;
	if (campaign.scenario.expect.set && scenario_expected(&campaign.scenario, verdict))
		campaign.expected = true;
	if (!note_signature(verdict, &at))
		return;
	if (collect_crash(&campaign.round, &campaign.scenario, campaign.options.crash_dir, campaign.command,
			  campaign.found[at].folder, sizeof(campaign.found[at].folder), message, sizeof(message))) {
		campaign.broken = true;
		complain(EXIT_BROKEN, "%s", message);
		snprintf(campaign.found[at].folder, sizeof(campaign.found[at].folder), "(not written)");
	}
	report_found(verdict, campaign.found[at].folder);
}

/* One round; false to stop. */
static bool next_round(u64 number)
{
	const struct options *o = &campaign.options;
	double left = o->seconds - (seconds_now() - campaign.start);
	u64 seed = o->seed + number;
	struct rt_random random;
	enum round_end end;

	if (left <= 0 || round_interrupted())
		return false;
	if (o->mix) {
		rt_random_seed(&random, seed);
		mix_draw(&campaign.mix, &random, &campaign.scenario);
	}
	campaign.scenario.seed = seed;
	end = round_run(&campaign.round, &campaign.scenario, o, seed, left < o->round ? left : o->round, watch, NULL);
	tally_add(&campaign.before, campaign.round.state);
	if (end == ROUND_VERDICT)
		found();
	if (campaign.broken || (campaign.verdicts && !campaign.scenario.expect.set && !o->keep_going))
		return false;
	/* A scenario that expects something runs until it occurs; other verdicts on the way are reported. */
	return end != ROUND_INTERRUPTED && (!campaign.expected || o->keep_going);
}

int main(int argc, char **argv)
{
	static char token[TOKEN_MAX];
	double elapsed;
	u64 number = 0;

	options_parse(argc, argv, &campaign.options);
	note_command(argc, argv);
	prepare_scenario(&campaign.scenario, &campaign.options);
	if (round_prepare(&campaign.round, &campaign.options))
		return complain(EXIT_BROKEN,
				"no memory for what a child leaves behind, or --flight cannot be written: %s",
				strerror(errno));
	if (!campaign.options.json && !campaign.options.mix &&
	    token_encode(&campaign.scenario, token, sizeof(token)) > 0)
		printf("token %s\n", token);
	fflush(stdout);
	round_catch_signals();
	campaign.start = seconds_now();
	while (next_round(number))
		number++;
	elapsed = seconds_now() - campaign.start;
	if (!campaign.options.quiet)
		tally_progress(&campaign.before, elapsed, true);
	campaign_print(&campaign, elapsed);
	return (int)campaign_status(&campaign);
}
