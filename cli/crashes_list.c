/* SPDX-License-Identifier: MIT */
/* pfnstorm crashes list, show */
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cli/crashes.h"
#include "crashes/file.h"
#include "crashes/store_json.h"
#include "crashes/utc.h"

struct list_options {
	enum record_status status;
	bool sarif;
};

enum { KEY_STATUS = 's', KEY_SARIF = KEY_COMMAND };

static const struct argp_option list_options[] = {
	{"status", KEY_STATUS, "STATUS", 0, "only bugs of this status", 0},
#if PFNSTORM_PARTS
	{"sarif", KEY_SARIF, NULL, 0, "print SARIF 2.1.0", 1},
#endif
	{0},
};

static error_t parse_list(int key, char *arg, struct argp_state *state)
{
	struct list_options *o = state->input;

	switch (key) {
	case KEY_STATUS:
		o->status = record_status_by_text(arg);
		if (o->status == NR_RECORD_STATUSES)
			argp_error(state,
				   "--status: expected new, reproduced, minimised, fixed, regressed or wontfix, "
				   "found '%s'",
				   arg);
		return 0;
	case KEY_SARIF:
		o->sarif = true;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static void print_rate(const struct record *r)
{
	double low, high;

	if (!r->runs)
		return;
	record_rate_interval(r->hits, r->runs, &low, &high);
	printf("          fires in %" PRIu64 " of %" PRIu64 " runs, %.2g to %.2g %%\n", r->hits, r->runs, 100 * low,
	       100 * high);
}

static void print_smallest(const struct store *s, const struct record *r)
{
	const struct crash_facts *f = store_smallest(s, r);

	if (!f) {
		puts("          no folder is left");
		return;
	}
	printf("          %u operation%s, %u preemption%s%s\n          %s/%s\n", f->ops, f->ops == 1 ? "" : "s",
	       f->preemptions, f->preemptions == 1 ? "" : "s", f->exact ? "" : ", real threads: inputs only", s->dir,
	       f->folder);
}

static void print_record(const struct store *s, const struct record *r)
{
	char first[UTC_LEN], last[UTC_LEN];

	utc_print(r->first, first);
	utc_print(r->last, last);
	printf("%s  %-10s %" PRIu64 " time%s, %s to %s\n", r->id, record_status_text(r->status), r->count,
	       r->count == 1 ? "" : "s", first, last);
	for (u32 i = 0; i < min(r->nr_signatures, 1u); i++)
		printf("          %s: %s\n", r->signature[i].kind, r->signature[i].text);
	if (r->nr_signatures > 1)
		printf("          and %u other signatures\n", r->nr_signatures - 1);
	printf("          cause: %s\n", r->key[0].cause[0] ? r->key[0].cause : "not known");
	print_rate(r);
	print_smallest(s, r);
	if (r->note[0])
		printf("          note: %s\n", r->note);
}

static void print_all(const struct store *s, enum record_status status)
{
	u64 crashes = 0;
	u32 bugs = 0;

	for (u32 i = 0; i < s->nr_records; i++) {
		const struct record *r = s->record[i];

		if (r->gone || (status != NR_RECORD_STATUSES && r->status != status))
			continue;
		print_record(s, r);
		bugs++;
		crashes += r->count;
	}
	printf("%u bug%s, %" PRIu64 " crash%s, %u crash folder%s in %s\n", bugs, bugs == 1 ? "" : "s", crashes,
	       crashes == 1 ? "" : "es", s->nr_facts, s->nr_facts == 1 ? "" : "s", s->dir);
}

static int complaint_of(const struct store *s)
{
	if (!s->unreadable)
		return EXIT_HELD;
	return command_fail(EXIT_USAGE, "%s%s", s->complaint,
			    s->unreadable > 1 ? ", and others that cannot be read" : "");
}

int crashes_list(int argc, char **argv)
{
	struct list_options o = {.status = NR_RECORD_STATUSES};
	struct crashes_input input = {0};
	struct store *s;
	int ret = EXIT_HELD;

	crashes_parse("list", list_options, parse_list, &o, argc, argv, &input);
	if (input.words)
		input.dir = input.word[0];
	s = crashes_open(&input);
	if (o.sarif)
		ret = crashes_print(store_sarif(s, o.status, PFNSTORM_VERSION));
	else if (input.json)
		ret = crashes_print(store_json(s, o.status));
	else
		print_all(s, o.status);
	if (!ret)
		ret = complaint_of(s);
	return crashes_close(s, ret);
}

/* A crash folder need not be in a store. */
static bool is_folder(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

static int show_folder(const char *folder)
{
	static const char *const parts[] = {"verdict.txt", "diagram.txt", "scenario.pfn", "token"};
	struct folder_verdict v;
	char path[PATH_MAX], message[512];

	if (folder_read_verdict(folder, &v, message, sizeof(message)))
		return command_fail(EXIT_USAGE, "%s", message);
	for (u32 i = 0; i < ARRAY_SIZE(parts); i++) {
		char *text;

		snprintf(path, sizeof(path), "%s/%s", folder, parts[i]);
		text = file_read(path, NULL);
		if (text)
			printf("%s%s", i ? "\n" : "", text);
		free(text);
	}
	return EXIT_HELD;
}

static void show_record(const struct store *s, const struct record *r)
{
	char path[PATH_MAX], *text;

	print_record(s, r);
	puts("signatures");
	for (u32 i = 0; i < r->nr_signatures; i++)
		printf("%9" PRIu64 " %s: %s\n", r->signature[i].count, r->signature[i].kind, r->signature[i].text);
	puts("crash folders");
	for (u32 i = 0; i < r->nr_folders; i++)
		printf("          %s/%s\n", s->dir, r->folder[i]);
	for (u32 i = 0; i < r->nr_merged; i++)
		printf("merged    %s\n", r->merged[i]);
	text = crashes_path(s, r, "diagram.txt", path, sizeof(path)) ? file_read(path, NULL) : NULL;
	if (text)
		printf("\n%s", text);
	free(text);
}

int crashes_show(int argc, char **argv)
{
	struct crashes_input input = {0};
	const struct record *r;
	struct store *s;
	int ret = EXIT_HELD;

	crashes_parse("show", NULL, NULL, NULL, argc, argv, &input);
	if (is_folder(input.word[0]) && !input.json)
		return show_folder(input.word[0]);
	s = crashes_open(&input);
	r = crashes_find(s, input.word[0]);
	if (input.json)
		ret = crashes_print(store_json_record(s, r));
	else
		show_record(s, r);
	return crashes_close(s, ret);
}
