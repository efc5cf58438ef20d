/* SPDX-License-Identifier: MIT */
/*
 * From sections to units. All shards make the same list and take every Nth of it: names, seeds and numbers of runs do
 * not depend on N, so what is limited by runs does the same work in one night or in its shards.
 */
#include "jobs/night.h"

#include <dirent.h>
#include <errno.h>
#include <fnmatch.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "crashes/grow.h"
#include "fuzz/hunt.h"
#include "fuzz/token.h"
#include "jobs/canary.h"

struct planner {
	struct night *n;
	u32 count; /* of all shards */
	char *message;
	size_t size;
};

/* Where keys of a kind of section are; NR_JOB_KEYS: it has none of these. */
static const struct {
	enum job_key seeds, runs, time, weight, timeout;
} keys[NR_JOB_KINDS] = {
	[JOB_fuzz] = {JOB_KEY_fuzz_seeds, NR_JOB_KEYS, JOB_KEY_fuzz_time, JOB_KEY_fuzz_weight, JOB_KEY_fuzz_timeout},
	[JOB_explore] = {JOB_KEY_explore_seeds, JOB_KEY_explore_runs, JOB_KEY_explore_time, JOB_KEY_explore_weight,
			 JOB_KEY_explore_timeout},
	[JOB_stress] = {JOB_KEY_stress_seeds, NR_JOB_KEYS, JOB_KEY_stress_time, JOB_KEY_stress_weight,
			JOB_KEY_stress_timeout},
	[JOB_hunt] = {NR_JOB_KEYS, JOB_KEY_hunt_runs, JOB_KEY_hunt_time, JOB_KEY_hunt_weight, JOB_KEY_hunt_timeout},
};

static int __attribute__((format(printf, 3, 4)))
fail(struct planner *p, const struct job_section *s, const char *fmt, ...)
{
	va_list args;
	int len = snprintf(p->message, p->size, "%s:%u: [%s%s%s]: ", p->n->options->jobfile, s->line,
			   job_kinds[s->kind].name, *s->name ? " " : "", s->name);

	va_start(args, fmt);
	if ((size_t)len < p->size)
		vsnprintf(p->message + len, p->size - (size_t)len, fmt, args);
	va_end(args);
	return -EINVAL;
}

/* "fuzz", "fuzz-race" and "fuzz-race-2" all choose the unit fuzz-race-2. */
static bool is_wanted(const char *only, const char *name)
{
	size_t len = strlen(only);

	return !len || (strncmp(name, only, len) == 0 && (!name[len] || name[len] == '-'));
}

static u64 number_or_none(const struct job_section *s, enum job_key key)
{
	return key != NR_JOB_KEYS && job_has(s, key) ? job_number(s, key) : 0;
}

static void set_limits(struct unit *u)
{
	const struct job_section *s = u->section;

	switch (u->kind) {
	case JOB_canary:
		u->runs = job_number(s, JOB_KEY_canary_runs);
		u->limit = job_seconds(s, JOB_KEY_canary_time);
		return;
	case JOB_verify:
		u->limit = job_seconds(s, JOB_KEY_verify_time);
		return;
	default:
		u->runs = number_or_none(s, keys[u->kind].runs);
		u->time = job_has(s, keys[u->kind].time) ? job_seconds(s, keys[u->kind].time) : 0;
		u->timeout = job_seconds(s, keys[u->kind].timeout);
		u->weight = u->runs || u->time > 0 ? 0 : job_number(s, keys[u->kind].weight);
	}
}

static void add_unit(struct planner *p, const struct job_section *s, const char *name, const char *subject)
{
	struct night *n = p->n;
	const struct night_options *o = n->options;
	u32 index = p->count++;
	struct unit *u;

	if (index % o->shards != o->shard || !is_wanted(n->only, name))
		return;
	n->unit = grow_array(n->unit, n->nr_units, sizeof(*n->unit));
	u = &n->unit[n->nr_units++];
	*u = (struct unit){.kind = s->kind, .section = s, .index = index, .shard = o->shard, .sharded = o->shards > 1};
	snprintf(u->name, sizeof(u->name), "%s", name);
	u->seed = unit_seed(n->seed, name);
	u->subject = subject ? strdup(subject) : NULL;
	unit_result_clear(&u->result);
	set_limits(u);
}

/* Once for each seed; "KIND-NAME[-PART][-SEED]". */
static void add_seeds(struct planner *p, const struct job_section *s, const char *part, const char *subject)
{
	u64 seeds = keys[s->kind].seeds == NR_JOB_KEYS ? 1 : job_number(s, keys[s->kind].seeds);
	char name[UNIT_NAME_MAX], number[24];

	for (u64 i = 1; i <= seeds; i++) {
		snprintf(number, sizeof(number), "-%llu", (unsigned long long)i);
		snprintf(name, sizeof(name) - 8, "%s%s%s%s%s", job_kinds[s->kind].name, *s->name ? "-" : "", s->name,
			 *part ? "-" : "", part);
		if (seeds > 1)
			snprintf(name + strlen(name), sizeof(name) - strlen(name), "%s", number);
		add_unit(p, s, name, subject);
	}
}

/* ---- kinds ------------------------------------------------------------------------------------------------------ */

/* A path of the job file is one of its folder. False: it is too long. */
static bool path_of(const struct night *n, const char *text, char *path)
{
	return snprintf(path, PATH_MAX, "%s%s%s", *text == '/' ? "" : n->home, *text == '/' ? "" : "/", text) <
	       PATH_MAX;
}

static bool has_word(const char *words, const char *wanted)
{
	char word[JOB_WORD_MAX];
	bool any = false, has = false;

	while (job_next_word(&words, word)) {
		any = true;
		has |= strcmp(word, wanted) == 0;
	}
	return has || !any;
}

static int plan_canaries(struct planner *p, const struct job_section *s)
{
	const char *detectors = job_text(s, JOB_KEY_canary_detectors);
	char folder[PATH_MAX], name[UNIT_NAME_MAX], wrong[512], word[JOB_WORD_MAX];
	struct canary *list;
	int count, ret = 0;

	if (job_has(s, JOB_KEY_canary_scenarios) ? !path_of(p->n, job_text(s, JOB_KEY_canary_scenarios), folder)
						 : canary_folder(p->n->options->tool, folder, sizeof(folder)) != 0)
		return fail(p, s, "expected scenarios = FOLDER: the tool's own planted bugs are not installed");
	count = canaries_of(folder, &list, wrong, sizeof(wrong));
	if (count < 0)
		return fail(p, s, "%s", wrong);
	for (const char *at = detectors; !ret && job_next_word(&at, word);) {
		bool known = false;

		for (int i = 0; i < count; i++)
			known |= strcmp(list[i].detector, word) == 0;
		if (!known)
			ret = fail(p, s, "%s has no scenario for the detector '%s'", folder, word);
	}
	for (int i = 0; i < count; i++) {
		snprintf(name, sizeof(name), "canary-%s", list[i].detector);
		if (has_word(detectors, list[i].detector))
			add_unit(p, s, name, list[i].scenario);
		free(list[i].scenario);
	}
	free(list);
	return ret;
}

static int is_scenario(const struct dirent *entry)
{
	return fnmatch("*.pfn", entry->d_name, 0) == 0;
}

static int plan_explore(struct planner *p, const struct job_section *s)
{
	const char *input = job_text(s, JOB_KEY_explore_input);
	char path[PATH_MAX], file[PATH_MAX + NAME_MAX + 2], stem[NAME_MAX + 1];
	struct dirent **entries = NULL;
	struct stat st;
	int count = 0;

	if (token_is(input)) {
		add_seeds(p, s, "", input);
		return 0;
	}
	if (!path_of(p->n, input, path) || stat(path, &st))
		return fail(p, s, "input: %s: %s", input, strerror(errno));
	if (!S_ISDIR(st.st_mode)) {
		add_seeds(p, s, "", path);
		return 0;
	}
	count = scandir(path, &entries, is_scenario, alphasort);
	for (int i = 0; i < count; i++) {
		snprintf(file, sizeof(file), "%s/%s", path, entries[i]->d_name);
		snprintf(stem, sizeof(stem), "%.*s", (int)strlen(entries[i]->d_name) - 4, entries[i]->d_name);
		add_seeds(p, s, stem, file);
		free(entries[i]);
	}
	free(entries);
	return count > 0 ? 0 : fail(p, s, "input: %s: expected scenarios (*.pfn), found none", input);
}

static int plan_stress(struct planner *p, const struct job_section *s)
{
	char path[PATH_MAX];

	if (!job_has(s, JOB_KEY_stress_input))
		add_seeds(p, s, "", NULL);
	else if (!path_of(p->n, job_text(s, JOB_KEY_stress_input), path))
		return fail(p, s, "input: the path is too long");
	else
		add_seeds(p, s, "", path);
	return 0;
}

static int plan_hunt(struct planner *p, const struct job_section *s)
{
	const char *at = job_text(s, JOB_KEY_hunt_switches);
	static struct hunt_prey prey;
	char word[JOB_WORD_MAX];

	for (u32 i = 0; !job_has(s, JOB_KEY_hunt_switches) && hunt_prey_at(i, false, &prey); i++)
		add_seeds(p, s, prey.name, prey.name);
	while (job_next_word(&at, word)) {
		if (!hunt_prey_named(word, &prey))
			return fail(
				p, s,
				"switches: expected a bug, or DESIGN.ALTERNATIVE that is not the default, found '%s'",
				word);
		add_seeds(p, s, word, word);
	}
	return 0;
}

static int plan_section(struct planner *p, const struct job_section *s)
{
	switch (s->kind) {
	case JOB_canary:
		return plan_canaries(p, s);
	case JOB_verify:
		add_unit(p, s, "verify", NULL);
		return 0;
	case JOB_fuzz:
		add_seeds(p, s, "", NULL);
		return 0;
	case JOB_explore:
		return plan_explore(p, s);
	case JOB_stress:
		return plan_stress(p, s);
	case JOB_hunt:
		return plan_hunt(p, s);
	default:
		return 0;
	}
}

/* Two names may be cut to one. */
static int check_names(struct planner *p)
{
	struct night *n = p->n;

	for (u32 i = 0; i < n->nr_units; i++)
		for (u32 j = 0; j < i; j++)
			if (strcmp(n->unit[i].name, n->unit[j].name) == 0)
				return fail(p, n->unit[i].section, "two units are called %s: expected other names",
					    n->unit[i].name);
	return 0;
}

int night_plan(struct night *n, char *message, size_t size)
{
	struct planner p = {.n = n, .message = message, .size = size};
	int ret = 0;

	/* Canaries first: whether detectors work has to be known of every night. Verification next, for what is fixed.
	 */
	for (u32 pass = 0; pass < 3 && !ret; pass++)
		for (u32 i = 0; i < n->job.nr_sections && !ret; i++) {
			const struct job_section *s = &n->job.section[i];
			u32 wanted = s->kind == JOB_canary ? 0 : s->kind == JOB_verify ? 1 : 2;

			if (wanted == pass)
				ret = plan_section(&p, s);
		}
	n->nr_planned = p.count;
	if (!ret)
		ret = check_names(&p);
	if (!ret && !n->nr_units && (*n->only || n->options->shards == 1)) {
		snprintf(message, size, "%s: expected %s%s%s", n->options->jobfile,
			 *n->only ? "a unit called '" : "something to do: [explore NAME], [fuzz NAME], …", n->only,
			 *n->only ? "' (--dry-run lists them)" : "");
		ret = -EINVAL;
	}
	return ret;
}
