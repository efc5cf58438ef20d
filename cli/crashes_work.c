/* SPDX-License-Identifier: MIT */
/* pfnstorm crashes replay, minimize, explain, export, verify */
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "cli/crashes.h"
#include "crashes/copy.h"
#include "crashes/file.h"
#include "crashes/verify.h"
#include "fuzz/seconds.h"

/* ---- what other commands do ------------------------------------------------------------------------------------- */

#define ARGUMENTS_MAX 64

struct delegate {
	struct crashes_input input;
	char *argv[ARGUMENTS_MAX + 4];
	int argc, bug;         /* where BUG is among them; 0: nowhere */
	char folder[PATH_MAX]; /* of the smallest reproducer, which stands in for BUG */
	char id[RECORD_ID_LEN + 1];
};

/* --store is ours, the first word is BUG, all else is the other command's. */
static void take_arguments(struct delegate *d, int argc, char **argv)
{
	d->argv[d->argc++] = argv[0];
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--store") == 0 && i + 1 < argc) {
			d->input.dir = argv[++i];
			continue;
		}
		if (strncmp(argv[i], "--store=", 8) == 0) {
			d->input.dir = argv[i] + 8;
			continue;
		}
		if (d->argc == ARGUMENTS_MAX)
			exit(command_fail(EXIT_USAGE, "crashes: more than %d arguments", ARGUMENTS_MAX));
		if (argv[i][0] != '-' && !d->bug)
			d->bug = d->argc;
		d->argv[d->argc++] = argv[i];
	}
}

/* Puts the folder where BUG is. Without BUG the other command says what is missing, or prints its help. */
static void resolve(struct delegate *d, int argc, char **argv)
{
	struct record *r;
	struct store *s;
	bool found;

	d->input.dir = "crashes/found";
	take_arguments(d, argc, argv);
	if (!d->bug)
		return;
	s = crashes_open(&d->input);
	r = crashes_find(s, d->argv[d->bug]);
	memcpy(d->id, r->id, sizeof(d->id));
	found = crashes_path(s, r, "", d->folder, sizeof(d->folder));
	crashes_close(s, 0);
	if (!found)
		exit(command_fail(EXIT_USAGE, "%s has no crash folder any more", d->id));
	d->argv[d->bug] = d->folder;
}

int crashes_replay(int argc, char **argv)
{
	static struct delegate d;
	int ret;

	resolve(&d, argc, argv);
	ret = cmd_replay(d.argc, d.argv);
	if (ret == EXIT_FOUND) {
		struct store *s = crashes_open(&d.input);
		struct record *r = crashes_find(s, d.id);

		record_set_status(r, verify_status(r->status, true, false, true));
		ret = crashes_close(s, ret);
	}
	return ret;
}

int crashes_minimize(int argc, char **argv)
{
	static char option[] = "--crash-dir";
	static struct delegate d;

	resolve(&d, argc, argv);
	/* What it writes there is filed, and makes the record minimised. */
	d.argv[d.argc++] = option;
	d.argv[d.argc++] = (char *)d.input.dir;
	return cmd_minimize(d.argc, d.argv);
}

int crashes_explain(int argc, char **argv)
{
	static struct delegate d;

	resolve(&d, argc, argv);
	return cmd_explain(d.argc, d.argv);
}

/* ---- export ----------------------------------------------------------------------------------------------------- */

/* The record names the one folder that goes along. */
static int write_record(const struct record *r, const char *folder, const char *dir)
{
	struct record copy = *r;
	char path[PATH_MAX], name[1][NAME_MAX + 1], *text;
	int ret;

	snprintf(name[0], sizeof(name[0]), "%s", folder);
	copy.folder = name;
	copy.nr_folders = 1;
	if ((size_t)snprintf(path, sizeof(path), "%s/records", dir) >= sizeof(path) - 16)
		return -ENAMETOOLONG;
	ret = file_make_dirs(path);
	if (ret)
		return ret;
	snprintf(path + strlen(path), 16, "/%s.txt", r->id);
	text = record_print(&copy);
	ret = text ? file_replace(path, text) : -ENOMEM;
	free(text);
	return ret;
}

int crashes_export(int argc, char **argv)
{
	struct crashes_input input = {0};
	char from[PATH_MAX], to[PATH_MAX];
	const struct record *r;
	struct store *s;
	int ret;

	crashes_parse("export", NULL, NULL, NULL, argc, argv, &input);
	s = crashes_open(&input);
	r = crashes_find(s, input.word[0]);
	if (!crashes_path(s, r, "", from, sizeof(from))) {
		crashes_close(s, 0);
		return command_fail(EXIT_USAGE, "%s has no crash folder any more", input.word[0]);
	}
	ret = copy_crash_folder(from, input.word[1], to, sizeof(to));
	if (!ret)
		ret = write_record(r, strrchr(to, '/') + 1, input.word[1]);
	if (ret)
		ret = command_fail(EXIT_BROKEN, "%s: %s", input.word[1], strerror(-ret));
	else
		printf("%s\n", to);
	return crashes_close(s, ret);
}

/* ---- verify ----------------------------------------------------------------------------------------------------- */

enum { KEY_NEAR = KEY_COMMAND };

static const struct argp_option verify_options[] = {
	{"near", KEY_NEAR, "N", 0, "runs to find it near its schedule before it counts as fixed (default 400; 0: none)",
	 0},
	{0},
};

static error_t parse_verify(int key, char *arg, struct argp_state *state)
{
	struct verify_options *o = state->input;

	if (key != KEY_NEAR)
		return ARGP_ERR_UNKNOWN;
	o->near_runs = command_number(state, "--near", arg, 0, 1000000000);
	return 0;
}

static void show_progress(u32 done, u32 total, void *arg)
{
	double seconds = seconds_now() - *(double *)arg;
	char rate[16], left[24];

	/* The first few tell little of the rest. */
	if (done < total && done < total / 50)
		return;
	terminal_progress("%u of %u, %s/s, %s left", done, total, terminal_count(done / max(seconds, 1e-3), rate),
			  terminal_seconds(seconds / done * (total - done), left));
}

static void show_change(const struct record *r, enum record_status before, void *arg)
{
	(void)arg;
	terminal_progress_end();
	printf("%s  %s, was %s: %s\n", r->id, record_status_text(r->status), record_status_text(before),
	       r->nr_signatures ? r->signature[0].text : "");
}

int crashes_verify(int argc, char **argv)
{
	double started = seconds_now();
	struct crashes_input input = {0};
	struct verify_options o = {.near_runs = VERIFY_NEAR_RUNS,
				   .progress = show_progress,
				   .changed = show_change,
				   .arg = &started,
				   .interrupted = &command_interrupted};
	struct verify_result r;
	char message[512], time[24];
	int ret;

	crashes_parse("verify", verify_options, parse_verify, &o, argc, argv, &input);
	command_catch_interrupts();
	ret = verify_store(input.dir, &o, &r, message, sizeof(message));
	terminal_progress_end();
	if (ret)
		return command_fail(ret == -ENOENT || ret == -ENOTDIR ? EXIT_USAGE : EXIT_BROKEN, "%s", message);
	printf("%u of %u reproducers in %s: %u fire, %u near their schedule, %u do not, %u cannot be run\n", r.done,
	       r.reproducers, terminal_seconds(seconds_now() - started, time), r.outcomes[VERIFY_FIRES],
	       r.outcomes[VERIFY_NEAR], r.outcomes[VERIFY_SILENT], r.outcomes[VERIFY_BROKEN]);
	printf("%u bug%s fixed, %u regressed\n", r.fixed, r.fixed == 1 ? "" : "s", r.regressed);
	return r.regressed ? EXIT_FOUND : EXIT_HELD;
}
