/* SPDX-License-Identifier: MIT */
/* What all subcommands share: exit status, input, messages. */
#ifndef PFNSTORM_CLI_COMMAND_H
#define PFNSTORM_CLI_COMMAND_H

#include <argp.h>
#include <stdio.h>

#include "fuzz/scenario.h"

enum exit_status {
	EXIT_HELD = 0,   /* no verdict; with `expect`: what was expected occurred; replay: not reproduced */
	EXIT_FOUND = 1,  /* a verdict; replay: reproduced */
	EXIT_USAGE = 2,  /* bad usage or input */
	EXIT_DRIFT = 3,  /* a schedule does not fit this build */
	EXIT_BROKEN = 4, /* the tool itself failed */
};

#define COMMAND(name, function, arguments, help) int function(int argc, char **argv);
#include "cli/commands.def"
#undef COMMAND

/* Options of every command that reads a scenario. */
#define COMMAND_SETS 32
struct command_input {
	const char *source;
	const char *set[COMMAND_SETS];
	u32 nr_sets;
	const char *laws;
	bool json;
};
/* Keys of options without a letter; those of a single command start at KEY_COMMAND. */
enum { KEY_SET = 0x100, KEY_LAWS, KEY_JSON, KEY_COMMAND };
/* Child parser: --set, --laws, --json and the one INPUT argument. Its input is struct command_input *. */
extern const struct argp command_input_argp;

/*
 * Reads the input and applies --set and --laws. On bad input says so on standard error and exits with EXIT_USAGE. The
 * result is owned by this function and lives as long as the process.
 */
struct scenario *command_load(const struct command_input *input);
/* Parses with argp; wrong usage exits with EXIT_USAGE. */
void command_parse(const struct argp *argp, int argc, char **argv, void *input);
/* For commands that take nothing but --json: was it given? @doc is the text of --help. */
bool command_parse_listing(const char *doc, int argc, char **argv);
/* A number in [min, max], or exits with EXIT_USAGE naming the option. */
u64 command_number(struct argp_state *state, const char *option, const char *text, u64 min, u64 max);
/* Seconds: "90", "90s", "5m", "2h", "1.5". */
double command_seconds(struct argp_state *state, const char *option, const char *text);

/* Long work looks here between runs, and tells what it has: set by the first SIGINT or SIGTERM; a second one kills. */
extern volatile int command_interrupted;
void command_catch_interrupts(void);

/* "pfnstorm: …" on standard error; returns @status. */
int __attribute__((format(printf, 2, 3))) command_fail(enum exit_status status, const char *fmt, ...);
/* Exit status of a finished run by the scenario's expectation. */
enum exit_status command_status(const struct scenario *s, const struct rt_verdict *verdict);

/* ---- terminal -------------------------------------------------------------------------------------------------- */

/* Only on a terminal, and not if NO_COLOR is set. */
bool terminal_colors(FILE *f);
/* "oops: …" with its colour, and a newline. */
void terminal_verdict(FILE *f, const struct rt_verdict *verdict);
/* Token, one line. */
void terminal_token(FILE *f, const struct scenario *s);
/* A line that replaces itself on a terminal; elsewhere a plain line at most every five seconds. On standard error. */
void __attribute__((format(printf, 1, 2))) terminal_progress(const char *fmt, ...);
/* Ends the progress line. */
void terminal_progress_end(void);
/* "12.3k", "4.56M". */
const char *terminal_count(double n, char buf[16]);
/* "1:02:03", "4:05", "6.7 s". */
const char *terminal_seconds(double s, char buf[24]);

#endif
