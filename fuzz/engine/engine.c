/* SPDX-License-Identifier: MIT */
#include "fuzz/engine/engine.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fuzz/feedback.h"
#include "fuzz/narrow.h"
#include "fuzz/runner.h"
#include "fuzz/token.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#define CONFIRM_FACTOR 400 /* a livelock must outlast the step limit by this: reclaim among pinned pages took 54 */

static struct switches switches;
static struct law_set laws;
static u64 step_limit;
static const char *tolerate = "", *crash_dir;
static bool go_on;

static struct {
	const struct narrow_info *info; /* NULL: the target itself */
	struct mutate_options options;
} narrow;

void engine_name_is(const char *program)
{
	const char *slash = strrchr(program, '/'), *name = slash ? slash + 1 : program, *word = strchr(name, '_');

	narrow.options.mode = fuzz_target.mode;
	narrow.options.searches = fuzz_target.mode == MUTATE_RACE;
	narrow.info = narrow_target(word ? word + 1 : name, &narrow.options);
	if (narrow.info && strcmp(narrow.info->base, fuzz_target.name) != 0) {
		fprintf(stderr, "%s: expected to be a link to fuzz_%s\n", name, narrow.info->base);
		_exit(2);
	}
}

const char *engine_name(void)
{
	return narrow.info ? narrow.info->name : fuzz_target.name;
}

const char *engine_help(void)
{
	return narrow.info ? narrow.info->help : fuzz_target.help;
}

const struct mutate_options *engine_mutations(void)
{
	return &narrow.options;
}

const struct switches *engine_switches(void)
{
	return &switches;
}

bool engine_wants_help(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--help") != 0)
			continue;
		printf("%s: %s\n\n"
		       "Inputs are bytes, scenario text or tokens; folders of them are corpora.\n\n"
		       "  PFNSTORM_SET=pfn_walk=unsynchronised,era=6.1   designs, bugs and era of the campaign\n"
		       "  PFNSTORM_LAWS=NAME,NAME                        laws checked at each step too, or all\n"
		       "  PFNSTORM_TOLERATE=leak,WORDS                   verdicts (or words of signatures) not "
		       "reported\n"
		       "  PFNSTORM_FEEDBACK=edges,points,reads,phases    what counts as coverage (default: all)\n"
		       "  PFNSTORM_CRASH_DIR=FOLDER                      keep the token of each verdict there\n"
		       "  PFNSTORM_GO_ON=1                               a verdict that is kept there does not end "
		       "the process\n"
		       "  PFNSTORM_STATS_FILE=FILE                       each second, what was done so far\n"
		       "  PFNSTORM_STATS=1                               at the end, how each operation fared\n"
		       "  PFNSTORM_STEPS=NUMBER                          steps after which a run is a livelock "
		       "(default %u)\n\n"
		       "Options of libFuzzer: -help=1\n",
		       engine_name(), engine_help(), fuzz_target.steps);
		return true;
	}
	return false;
}

static void __attribute__((noreturn)) bad_environment(const char *variable, const char *message)
{
	fprintf(stderr, "%s: %s: %s\n", engine_name(), variable, message);
	_exit(2);
}

static void print_campaign(void)
{
	fprintf(stderr, "%s: switches", engine_name());
	for (u32 i = 0; i < NR_DESIGNS; i++)
		fprintf(stderr, " %s=%s", design_infos[i].name, alternative_infos[switches.design[i]].name);
	for (u32 i = 0; i < NR_BUGS; i++) {
		if (switches.bug[i])
			fprintf(stderr, " %s=on", bug_infos[i].name);
	}
	fprintf(stderr, "%s%s\n", *tolerate ? "; tolerated: " : "", tolerate);
}

void engine_start(void)
{
	const char *set = getenv("PFNSTORM_SET"), *steps = getenv("PFNSTORM_STEPS"),
		   *at_steps = getenv("PFNSTORM_LAWS");
	struct stat st;
	char message[256], *end;

	switches_default(&switches);
	if (scenario_switches_from(set ? set : "", &switches, message, sizeof(message)))
		bad_environment("PFNSTORM_SET", message);
	if (at_steps && laws_from(at_steps, &laws, message, sizeof(message)))
		bad_environment("PFNSTORM_LAWS", message);
	if (getenv("PFNSTORM_TOLERATE"))
		tolerate = getenv("PFNSTORM_TOLERATE");
	crash_dir = getenv("PFNSTORM_CRASH_DIR");
	if (crash_dir && (stat(crash_dir, &st) || !S_ISDIR(st.st_mode)))
		bad_environment("PFNSTORM_CRASH_DIR", "expected an existing folder");
	go_on = getenv("PFNSTORM_GO_ON") && strcmp(getenv("PFNSTORM_GO_ON"), "0") != 0;
	if (go_on && !crash_dir)
		bad_environment("PFNSTORM_GO_ON", "expected PFNSTORM_CRASH_DIR too, where verdicts are kept");
	engine_report_start(go_on);
	if (getenv("PFNSTORM_FEEDBACK") && feedback_choose(getenv("PFNSTORM_FEEDBACK"), message, sizeof(message)))
		bad_environment("PFNSTORM_FEEDBACK", message);
	step_limit = fuzz_target.steps;
	if (steps) {
		step_limit = strtoull(steps, &end, 10);
		if (*end || step_limit == 0)
			bad_environment("PFNSTORM_STEPS", "expected a number from 1");
	}
	if (fuzz_target.scenarios) {
		runner_set_step_limit(step_limit);
		engine_stats_start();
		print_campaign();
	}
}

void engine_prepare(const struct scenario *s, u32 flags)
{
	if (runner_prepare(s, flags))
		engine_forget_coverage();
}

static void take_campaign(struct scenario *s)
{
	s->machine.sw = switches;
	s->laws = laws;
}

bool engine_decode(const u8 *data, size_t size, struct scenario *s)
{
	static const char header[] = "pfnstorm 1\n";
	static char token[TOKEN_MAX];
	struct text_error error;

	if (size >= sizeof(header) - 1 && memcmp(data, header, sizeof(header) - 1) == 0 &&
	    scenario_parse((const char *)data, size, s, &error) == 0) {
		take_campaign(s);
		return false;
	}
	if (size >= sizeof(TOKEN_PREFIX) && size < sizeof(token) && memcmp(data, TOKEN_PREFIX, 5) == 0) {
		memcpy(token, data, size);
		token[size] = 0;
		if (token_decode(token, s, &error) == 0) {
			take_campaign(s);
			return false;
		}
	}
	scenario_decode(data, size, &switches, s);
	take_campaign(s);
	return true;
}

/* Each word of a comma-separated item must occur in the verdict's name or signature. */
static bool item_matches(const char *item, size_t len, const struct rt_verdict *verdict)
{
	const char *name = verdict_name(verdict->kind);
	char text[128];

	if (len == 0 || len >= sizeof(text))
		return false;
	memcpy(text, item, len);
	text[len] = 0;
	for (char *save = NULL, *word = strtok_r(text, " ", &save); word; word = strtok_r(NULL, " ", &save)) {
		if (strcmp(word, name) != 0 && !strstr(verdict->signature, word))
			return false;
	}
	return true;
}

bool engine_tolerates(const struct rt_verdict *verdict)
{
	if (likely(verdict->kind == VERDICT_ok))
		return true;
	for (const char *item = tolerate; *item;) {
		size_t len = strcspn(item, ",");

		if (item_matches(item, len, verdict))
			return true;
		item += len;
		item += *item == ',';
	}
	return false;
}

static bool offline_under_way(const struct scenario *s, const struct runner_result *r)
{
	const struct op_info *offline = op_info_by_name("offline");

	for (u32 i = 0; i < s->nr_tasks; i++) {
		for (u32 j = 0; j < s->task[i].nr_ops; j++) {
			if (r->op[i][j].state == RUNNER_OP_RUNNING && s->task[i].op[j].id == offline->id)
				return true;
		}
	}
	return false;
}

bool engine_only_long(const struct scenario *s, struct rt_strategy *strategy, u32 flags, const struct runner_result *r)
{
	static struct runner_result again;
	bool long_only = true;

	if (r->rt.verdict.kind != VERDICT_livelock)
		return false;
	if (!offline_under_way(s, r)) {
		runner_set_step_limit(step_limit * CONFIRM_FACTOR);
		runner_run(s, strategy, flags, &again);
		runner_set_step_limit(step_limit);
		long_only = again.rt.verdict.kind != VERDICT_livelock || offline_under_way(s, &again);
	}
	engine_forget_coverage();
	feedback_begin();
	return long_only;
}

/* One file per signature; written aside, then renamed, so that no reader and no kill sees half of it. */
static bool keep_token(const char *token, const struct rt_verdict *verdict)
{
	u32 hash = XXH32(verdict->signature, strlen(verdict->signature), 0);
	char path[512], aside[560];
	bool kept;
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s-%08x.token", crash_dir, verdict_name(verdict->kind), hash);
	snprintf(aside, sizeof(aside), "%s.%d", path, (int)getpid());
	file = fopen(aside, "we");
	kept = file && fprintf(file, "%s\n", token) > 0 && fflush(file) == 0 && fsync(fileno(file)) == 0;
	if (file)
		kept = fclose(file) == 0 && kept && rename(aside, path) == 0;
	if (kept)
		fprintf(stderr, "kept:      %s\n", path);
	else
		fprintf(stderr, "%s: %s could not be written: %s\n", engine_name(), path, strerror(errno));
	return kept;
}

void engine_verdict(const struct scenario *s, const struct rt_verdict *verdict)
{
	static struct scenario failing;
	static char token[TOKEN_MAX];
	bool fits;

	if (engine_tolerates(verdict))
		return;
	scenario_copy(&failing, s);
	laws_keep_needed(&failing.laws, verdict);
	fits = token_encode(&failing, token, sizeof(token)) >= 0;
	if (!fits)
		snprintf(token, sizeof(token), "(the scenario is too long for a token)");
	fprintf(stderr, "\nverdict:   %s\nsignature: %s\ndetail:    %s\ntoken:     %s\n", verdict_name(verdict->kind),
		verdict->signature, verdict->detail, token);
	if (crash_dir && fits && keep_token(token, verdict) && go_on)
		return;
	abort();
}
