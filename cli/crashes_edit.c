/* SPDX-License-Identifier: MIT */
/* pfnstorm crashes mark */
#include <string.h>

#include "cli/crashes.h"

enum { KEY_NOTE = 'm' };

static const struct argp_option mark_options[] = {
	{"note", KEY_NOTE, "TEXT", 0, "and set its note, one line", 0},
	{0},
};

static error_t parse_mark(int key, char *arg, struct argp_state *state)
{
	const char **note = state->input;

	if (key != KEY_NOTE)
		return ARGP_ERR_UNKNOWN;
	*note = arg;
	return 0;
}

int crashes_mark(int argc, char **argv)
{
	struct crashes_input input = {0};
	const char *note = NULL;
	enum record_status status;
	struct record *r;
	struct store *s;

	crashes_parse("mark", mark_options, parse_mark, &note, argc, argv, &input);
	status = record_status_by_text(input.word[1]);
	if (status == NR_RECORD_STATUSES)
		return command_fail(
			EXIT_USAGE,
			"mark: expected new, reproduced, minimised, fixed, regressed or wontfix, found '%s'",
			input.word[1]);
	s = crashes_open(&input);
	r = crashes_find(s, input.word[0]);
	record_set_status(r, status);
	if (note)
		record_set_note(r, note);
	printf("%s is %s\n", r->id, record_status_text(r->status));
	return crashes_close(s, EXIT_HELD);
}
