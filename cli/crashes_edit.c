/* SPDX-License-Identifier: MIT */
/* pfnstorm crashes mark, merge, split, gc */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cli/crashes.h"
#include "crashes/retain.h"
#include "crashes/utc.h"

enum { KEY_NOTE = 'm', KEY_KEEP = 'k', KEY_OLDER = 'o', KEY_MAX_SIZE = KEY_COMMAND };

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

int crashes_merge(int argc, char **argv)
{
	struct crashes_input input = {0};
	struct record *a, *b;
	struct store *s;

	crashes_parse("merge", NULL, NULL, NULL, argc, argv, &input);
	s = crashes_open(&input);
	a = crashes_find(s, input.word[0]);
	b = crashes_find(s, input.word[1]);
	if (a == b) {
		command_fail(EXIT_USAGE, "merge: '%s' and '%s' are one bug already, %s", input.word[0], input.word[1],
			     a->id);
		return crashes_close(s, EXIT_USAGE);
	}
	store_merge(s, a, b);
	printf("%s is %s now\n", b->id, a->id);
	return crashes_close(s, EXIT_HELD);
}

int crashes_split(int argc, char **argv)
{
	struct crashes_input input = {0};
	struct record *r, *to;
	struct store *s;
	char message[256];

	crashes_parse("split", NULL, NULL, NULL, argc, argv, &input);
	s = crashes_open(&input);
	r = crashes_find(s, input.word[0]);
	to = store_split(s, r, input.word[1], message, sizeof(message));
	if (!to) {
		crashes_close(s, 0);
		return command_fail(EXIT_USAGE, "split: %s: expected one of its signatures", message);
	}
	printf("%s is %s now\n", input.word[1], to->id);
	return crashes_close(s, EXIT_HELD);
}

/* ---- gc --------------------------------------------------------------------------------------------------------- */

struct gc_rules {
	u64 keep, days, bytes; /* UINT64_MAX: no such rule */
};

static const struct argp_option gc_options[] = {
	{"keep", KEY_KEEP, "N", 0, "of each bug its smallest, its first and its newest N folders stay", 0},
	{"older", KEY_OLDER, "DAYS", 0, "folders older than that go", 0},
	{"max-size", KEY_MAX_SIZE, "SIZE", 0, "the oldest go until the rest fits: 500K, 200M, 4G", 0},
	{0},
};

static u64 parse_size(struct argp_state *state, const char *text)
{
	static const char units[] = "KMG";
	char *end;
	u64 n = strtoull(text, &end, 10);
	const char *unit = *end ? strchr(units, *end) : NULL;

	if (end == text || text[0] == '-' || (*end && (!unit || end[1])) || n > UINT32_MAX)
		argp_error(state, "--max-size: expected a size like 500K, 200M or 4G, found '%s'", text);
	return unit ? n << (10 * (u64)(unit - units + 1)) : n;
}

static error_t parse_gc(int key, char *arg, struct argp_state *state)
{
	struct gc_rules *rules = state->input;

	switch (key) {
	case KEY_KEEP:
		rules->keep = command_number(state, "--keep", arg, 1, 1000000);
		return 0;
	case KEY_OLDER:
		rules->days = command_number(state, "--older", arg, 0, 100000);
		return 0;
	case KEY_MAX_SIZE:
		rules->bytes = parse_size(state, arg);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static void add(struct retained *to, struct retained more)
{
	to->folders += more.folders;
	to->bytes += more.bytes;
}

int crashes_gc(int argc, char **argv)
{
	struct gc_rules rules = {UINT64_MAX, UINT64_MAX, UINT64_MAX};
	struct crashes_input input = {0};
	struct retained gone = {0};
	struct store *s;
	char bytes[16];
	u32 leftovers;

	crashes_parse("gc", gc_options, parse_gc, &rules, argc, argv, &input);
	s = crashes_open(&input);
	leftovers = retain_leftovers(s);
	if (rules.keep != UINT64_MAX)
		add(&gone, retain_newest(s, (u32)rules.keep));
	if (rules.days != UINT64_MAX)
		add(&gone, retain_since(s, utc_now() - rules.days * 24 * 3600));
	if (rules.bytes != UINT64_MAX)
		add(&gone, retain_bytes(s, rules.bytes));
	printf("%u folders removed, %s bytes; %u leftovers\n", gone.folders, terminal_count((double)gone.bytes, bytes),
	       leftovers);
	return crashes_close(s, EXIT_HELD);
}
