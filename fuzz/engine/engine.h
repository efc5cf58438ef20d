/* SPDX-License-Identifier: MIT */
/*
 * What a fuzz target is, and what all engines share: input in any of the three spellings, the campaign's switches from
 * the environment, and what happens at a verdict.
 *
 * Environment, read once at the start:
 *   PFNSTORM_SET=design=alternative,bug=on,era=6.1   switches of the campaign
 *   PFNSTORM_LAWS=name,name | all                    laws that are checked at each step too
 *   PFNSTORM_TOLERATE=leak,words of a signature,…    verdicts that are not reported
 *   PFNSTORM_FEEDBACK=edges,points,reads,phases      what counts as coverage, see feedback.h; all if not set
 *   PFNSTORM_CRASH_DIR=folder                        keeps the token of each verdict there, engine killed or not
 *   PFNSTORM_GO_ON=1                                 a verdict is kept there, and does not end the process
 *   PFNSTORM_STATS_FILE=file                         replaced each second, see engine_report.c
 *   PFNSTORM_STEPS=number                            step limit of a run
 *   PFNSTORM_SELF_TEST=number                        see engine_self_test()
 */
#ifndef PFNSTORM_FUZZ_ENGINE_H
#define PFNSTORM_FUZZ_ENGINE_H

#include <stdio.h>

#include "core/rt/report.h"
#include "fuzz/mutate.h"
#include "fuzz/runner.h"
#include "fuzz/scenario.h"

struct fuzz_target {
	const char *name, *help;
	/* One input; any bytes. Does not return at a verdict that counts. */
	void (*run)(const u8 *data, size_t size);
	/* What the last run of a scenario came to; NULL where there are none. */
	const struct runner_result *result;
	/* Structure of the input, for the mutators; false: plain bytes or text. */
	bool scenarios;
	enum mutate_mode mode;
	u32 steps; /* limit of a run on tiny: above any that ends by itself, cheap enough for one that does not */
};

/* Defined by each file of fuzz/targets/. */
extern const struct fuzz_target fuzz_target;

/*
 * Before all else: the program's name may be that of a narrow target (fuzz/targets.def), "fuzz_isolation" or
 * "isolation", whose mutations then differ from those of the target it is made of.
 */
void engine_name_is(const char *program);
const char *engine_name(void);
const char *engine_help(void);
const struct mutate_options *engine_mutations(void);
/* Reads the environment, prints what the campaign is. Exits with status 2 if something there is wrong. */
void engine_start(void);
const struct switches *engine_switches(void);
/* True for --help: prints the target's help and the environment. */
bool engine_wants_help(int argc, char **argv);

/* Of each engine's glue: forgets the edges covered since the input began, since whether it boots depends on the last.
 */
void engine_forget_coverage(void);
/* Of each engine's glue, after each input: hands over the features that the engine does not see by itself. */
void engine_publish_feedback(void);
/* Of each engine's glue: options that suit these targets better than the engine's defaults, unless they are given. */
void engine_set_options(int *argc, char ***argv);
/* Boots the machine of @s if needed, without it showing in the coverage. */
void engine_prepare(const struct scenario *s, u32 flags);

/*
 * PFNSTORM_SELF_TEST=number: runs so many inputs made from a fixed seed and prints the hash of each run, instead of
 * fuzzing. Every build of every engine must print the same. False if it is not asked for.
 */
bool engine_self_test(void);

/* Bytes, text or token -> scenario, with the switches of the campaign. True for bytes: their schedule is lenient. */
bool engine_decode(const u8 *data, size_t size, struct scenario *s);
/*
 * At a verdict: returns if it is ok or tolerated; else prints the token and the signature on stderr, keeps the token,
 * and aborts so that the engine keeps the input; with PFNSTORM_GO_ON it returns if the token is kept. @s is the
 * scenario with the exact schedule of the run.
 */
void engine_verdict(const struct scenario *s, const struct rt_verdict *verdict);
bool engine_tolerates(const struct rt_verdict *verdict);
/*
 * Is engine_verdict() to be called for what is not tolerated? With PFNSTORM_GO_ON only the 1st, 4th, 16th … time a
 * signature is seen. Counts the verdict: once per run.
 */
bool engine_is_news(const struct rt_verdict *verdict);
/*
 * Is a livelock none? Either an offline waits for what only others could do, unpin a page or free memory to migrate to:
 * it waits until a signal, as the kernel does, and no scenario is obliged to send one. Or the run only is long, and
 * ends when it has many times the steps. @flags, @strategy: as the run had; @r is that of the run. Then its coverage is
 * forgotten too: such inputs are slow, and a corpus that keeps them gets slower and slower.
 */
bool engine_only_long(const struct scenario *s, struct rt_strategy *strategy, u32 flags, const struct runner_result *r);

/* After each run: what PFNSTORM_STATS sums up. */
void engine_count(const struct runner_result *r);
/* Sets up the report at exit if it is asked for. */
void engine_stats_start(void);
/* What engine_count() has, as lines of PFNSTORM_STATS_FILE. */
void engine_stats_write(FILE *file);

/* PFNSTORM_STATS_FILE. */
void engine_report_start(bool go_on);
/* After each input. */
void engine_report_input(void);

#endif
