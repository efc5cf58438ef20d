/* SPDX-License-Identifier: MIT */
#include "jobs/unit.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/rt/random.h"
#include "crashes/grow.h"

static const struct {
	const char *text;
	bool ended;
} outcomes[] = {
#define UNIT_OUTCOME_WORD(id, ended, help) {#id, ended},
#include "jobs/unit_outcomes.def"
#undef UNIT_OUTCOME_WORD
};

const char *unit_outcome_text(enum unit_outcome outcome)
{
	return outcomes[outcome].text;
}

enum unit_outcome unit_outcome_by_text(const char *text)
{
	u32 o = 0;

	while (o < NR_UNIT_OUTCOMES && strcmp(outcomes[o].text, text) != 0)
		o++;
	return (enum unit_outcome)o;
}

bool unit_outcome_ended(enum unit_outcome outcome)
{
	return outcomes[outcome].ended;
}

void unit_result_clear(struct unit_result *r)
{
	free(r->ops);
	free(r->crash);
	free(r->fixed);
	*r = (struct unit_result){.executions = NAN,
				  .rate = NAN,
				  .edges = NAN,
				  .interleavings = NAN,
				  .corpus = NAN,
				  .found_after = NAN,
				  .upper_bound = NAN};
}

void unit_free(struct unit *u)
{
	unit_result_clear(&u->result);
	while (u->nr_words)
		free(u->word[--u->nr_words]);
	free(u->subject);
	u->subject = NULL;
}

void unit_stem(const struct unit *u, char stem[UNIT_NAME_MAX + 16])
{
	if (u->sharded)
		snprintf(stem, UNIT_NAME_MAX + 16, "%s.%u", u->name, u->shard);
	else
		snprintf(stem, UNIT_NAME_MAX + 16, "%s", u->name);
}

struct unit_crash *unit_add_crash(struct unit_result *r)
{
	r->crash = grow_array(r->crash, r->nr_crashes, sizeof(*r->crash));
	r->crash[r->nr_crashes] = (struct unit_crash){0};
	return &r->crash[r->nr_crashes++];
}

void unit_add_fixed(struct unit_result *r, const char *id)
{
	r->fixed = grow_array(r->fixed, r->nr_fixed, sizeof(*r->fixed));
	snprintf(r->fixed[r->nr_fixed++], sizeof(*r->fixed), "%s", id);
}

u64 unit_seed(u64 night, const char *name)
{
	struct rt_random random;
	u64 seed = night;

	for (const char *c = name; *c; c++) {
		rt_random_seed(&random, seed ^ (u8)*c);
		seed = rt_random_u64(&random);
	}
	/* Tools print it and take it back as a decimal number of json-c, which has 63 bits. */
	return seed >> 1;
}

/* ---- commands --------------------------------------------------------------------------------------------------- */

void unit_add_word(struct unit *u, const char *word)
{
	if (u->nr_words == UNIT_WORDS_MAX)
		return;
	u->word[u->nr_words] = strdup(word);
	if (u->word[u->nr_words])
		u->nr_words++;
	u->word[u->nr_words] = NULL;
}

static void add_words(struct unit *u, const char *words)
{
	char word[JOB_WORD_MAX];

	while (job_next_word(&words, word))
		unit_add_word(u, word);
}

static void add_option(struct unit *u, const char *option, const char *value)
{
	if (!*value)
		return;
	unit_add_word(u, option);
	unit_add_word(u, value);
}

static void add_number(struct unit *u, const char *option, u64 n)
{
	char text[24];

	snprintf(text, sizeof(text), "%llu", (unsigned long long)n);
	add_option(u, option, text);
}

static void add_limits(struct unit *u, double seconds)
{
	char text[32];

	if (u->runs)
		add_number(u, "--runs", u->runs);
	snprintf(text, sizeof(text), "%.3f", seconds);
	if (!u->runs || u->time > 0)
		add_option(u, "--time", text);
}

static void explore_command(struct unit *u, const struct unit_places *places, double seconds)
{
	add_words(u, "explore");
	unit_add_word(u, u->subject);
	if (u->kind == JOB_canary) {
		/* As many ways to fail as there are: some bugs need an allocation that fails. */
		add_words(u, "--strategy portfolio --faults --no-crash-dir");
	} else {
		add_option(u, "--strategy", job_text(u->section, JOB_KEY_explore_strategy));
		add_option(u, "--crash-dir", places->found);
		add_words(u, job_text(u->section, JOB_KEY_explore_options));
	}
	add_limits(u, seconds);
	add_number(u, "--seed", u->seed);
	unit_add_word(u, "--json");
}

static void stress_command(struct unit *u, const struct unit_places *places, double seconds)
{
	add_words(u, "stress --json --quiet");
	add_limits(u, seconds);
	add_number(u, "--seed", u->seed);
	add_option(u, "--crash-dir", places->found);
	add_words(u, job_text(u->section, JOB_KEY_stress_options));
	if (u->subject)
		unit_add_word(u, u->subject);
}

static void fuzz_command(struct unit *u, const struct unit_places *places, double seconds)
{
	add_words(u, "fuzz");
	add_words(u, job_text(u->section, JOB_KEY_fuzz_targets));
	add_option(u, "--engine", job_text(u->section, JOB_KEY_fuzz_engine));
	add_option(u, "--jobs", job_text(u->section, JOB_KEY_fuzz_jobs));
	add_limits(u, seconds);
	unit_add_word(u, "--resume");
	add_option(u, "--dir", places->keep);
	add_option(u, "--corpus", places->corpus);
	add_option(u, "--crash-dir", places->found);
	add_number(u, "--seed", u->seed);
	add_words(u, job_text(u->section, JOB_KEY_fuzz_options));
}

static void bisect_command(struct unit *u)
{
	add_words(u, "bisect");
	unit_add_word(u, u->subject);
	add_option(u, "--good", u->good);
	add_option(u, "--bad", u->bad);
	add_option(u, "--repo", job_text(u->section, JOB_KEY_bisect_repo));
	add_option(u, "--build", job_text(u->section, JOB_KEY_bisect_build));
	add_option(u, "--tool", job_text(u->section, JOB_KEY_bisect_tool));
}

void unit_command(struct unit *u, const struct unit_places *places, double seconds)
{
	while (u->nr_words)
		free(u->word[--u->nr_words]);
	unit_add_word(u, places->tool);
	switch (u->kind) {
	case JOB_canary:
	case JOB_explore:
		explore_command(u, places, seconds);
		return;
	case JOB_stress:
		stress_command(u, places, seconds);
		return;
	case JOB_fuzz:
		fuzz_command(u, places, seconds);
		return;
	case JOB_hunt:
		add_words(u, "hunt");
		unit_add_word(u, u->subject);
		add_limits(u, seconds);
		add_number(u, "--seed", u->seed);
		return;
	case JOB_verify:
		add_words(u, "crashes verify");
		add_option(u, "--store", places->store);
		add_option(u, "--near", job_text(u->section, JOB_KEY_verify_near));
		return;
	case JOB_bisect:
		bisect_command(u);
		return;
	default:
		return;
	}
}
