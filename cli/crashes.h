/* SPDX-License-Identifier: MIT */
/* What the subcommands of `pfnstorm crashes` share: the store they work on, and the bug they are told. */
#ifndef PFNSTORM_CLI_CRASHES_H
#define PFNSTORM_CLI_CRASHES_H

#include "cli/command.h"
#include "crashes/store.h"

#define CRASHES_WORDS_MAX 64

#define CRASHES_COMMAND(name, arguments, min, max, help) int crashes_##name(int argc, char **argv);
#include "cli/crashes.def"
#undef CRASHES_COMMAND

/* Options of every subcommand, and its words. */
struct crashes_input {
	const char *command; /* row of crashes.def */
	const char *dir;
	const char *word[CRASHES_WORDS_MAX];
	u32 words, min, max;
	bool json;
};
enum { KEY_STORE = KEY_COMMAND + 0x100 };
/* Child parser: --store, --json and words. Its input is struct crashes_input *. */
extern const struct argp crashes_input_argp;

/*
 * Parses with @options and @parser (NULL: none) beside those above. @options_input is input of @parser. Wrong usage,
 * also a wrong number of words, exits with EXIT_USAGE.
 */
void crashes_parse(const char *command, const struct argp_option *options, argp_parser_t parser, void *options_input,
		   int argc, char **argv, struct crashes_input *input);
/* Opens the store, or says what is wrong and exits with EXIT_USAGE. It lives as long as the process. */
struct store *crashes_open(const struct crashes_input *input);
/* Closes it; @status, or EXIT_BROKEN with a message if something could not be written. */
int crashes_close(struct store *s, int status);
/* The bug called so, or says what is wrong and exits with EXIT_USAGE. */
struct record *crashes_find(struct store *s, const char *bug);
/* A file of its smallest reproducer's folder: "" for the folder itself. False: it has none. */
bool crashes_path(const struct store *s, const struct record *r, const char *file, char *path, size_t size);
/* Text for standard output, which it frees; NULL: memory is short. Returns the exit status. */
int crashes_print(char *text);

#endif
