/* SPDX-License-Identifier: MIT */
#include <dirent.h>
#include <errno.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "crashes/file.h"
#include "crashes/grow.h"
#include "crashes/utc.h"
#include "jobs/night_unit.h"
#include "jobs/unit_crashes.h"
#include "jobs/unit_process.h"

#define IMPORT_SECONDS 600

static int is_visible(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

static int is_found(const struct dirent *entry)
{
	size_t len = strlen(entry->d_name);

	return entry->d_name[0] != '.' && len > 6 && strcmp(entry->d_name + len - 6, ".found") == 0;
}

static int is_campaign(const struct dirent *entry)
{
	size_t len = strlen(entry->d_name);

	return entry->d_name[0] != '.' && len > 9 && strcmp(entry->d_name + len - 9, ".campaign") == 0;
}

static int is_token(const struct dirent *entry)
{
	return fnmatch("*.token", entry->d_name, 0) == 0;
}

/* Tokens that engines kept and nobody has filed become crash folders in @found. */
static void file_tokens(struct night *n, const char *tokens, const char *found)
{
	struct dirent **entries = NULL;
	int count = scandir(tokens, &entries, is_token, alphasort);
	const char *const argv[] = {n->options->tool, "crashes", "import", "--store", found, tokens, NULL};
	struct unit_process p = {.argv = argv, .lock = n->lock, .seconds_max = IMPORT_SECONDS};
	char path[PATH_MAX + NAME_MAX + 2];
	bool filed = count > 0 && file_make_dirs(found) == 0 && unit_process_run(&p) == 0 && p.exit == 0;

	unit_process_free(&p);
	for (int i = 0; i < count; i++) {
		snprintf(path, sizeof(path), "%s/%s", tokens, entries[i]->d_name);
		if (filed)
			unlink(path);
		free(entries[i]);
	}
	free(entries);
}

/* Of campaigns that were killed: units/NAME.campaign/ gives to units/NAME.found/. */
static void file_campaigns(struct night *n, const char *units)
{
	static const char *const parts[] = {"tokens", "filing"};
	struct dirent **entries = NULL;
	int count = scandir(units, &entries, is_campaign, alphasort);
	char found[PATH_MAX], tokens[PATH_MAX];

	for (int i = 0; i < count; i++) {
		const char *name = entries[i]->d_name;

		for (u32 k = 0; k < ARRAY_SIZE(parts); k++)
			if (snprintf(found, sizeof(found), "%s/%.*s.found", units, (int)strlen(name) - 9, name) <
				    PATH_MAX &&
			    snprintf(tokens, sizeof(tokens), "%s/%s/%s", units, name, parts[k]) < PATH_MAX)
				file_tokens(n, tokens, found);
		free(entries[i]);
	}
	free(entries);
}

static struct unit *add_unit(struct night *n)
{
	struct unit *u;

	n->unit = grow_array(n->unit, n->nr_units, sizeof(*n->unit));
	u = &n->unit[n->nr_units++];
	*u = (struct unit){.name = "leftovers", .kind = JOB_explore, .section = n->settings};
	unit_result_clear(&u->result);
	return u;
}

/* Of one other night. */
static void adopt_night(struct night *n, const char *units, struct unit *u)
{
	char found[PATH_MAX], message[UNIT_MESSAGE_MAX];
	struct dirent **entries = NULL;
	int count;

	file_campaigns(n, units);
	count = scandir(units, &entries, is_found, alphasort);
	for (int i = 0; i < count; i++) {
		const struct harvest h = {.night = n->path,
					  .store = n->store,
					  .found = found,
					  .quarantine = job_number(n->settings, JOB_KEY_night_quarantine)};

		if (snprintf(found, sizeof(found), "%s/%s", units, entries[i]->d_name) < PATH_MAX) {
			u->result.attempt = 1;
			/* What could not be filed stays for the next night. */
			if (unit_harvest(u, &h, message, sizeof(message)))
				n->options->say(message, n->options->arg);
		}
		free(entries[i]);
	}
	free(entries);
}

void night_adopt(struct night *n)
{
	char nights[PATH_MAX], units[PATH_MAX];
	struct dirent **entries = NULL;
	struct unit *u = add_unit(n);
	int count = snprintf(nights, sizeof(nights), "%s/nights", n->dir) < PATH_MAX
			    ? scandir(nights, &entries, is_visible, alphasort)
			    : 0;

	/* Of an earlier process of this night. */
	unit_read(u, n->path);
	u->kind = JOB_explore;
	u->result.message[0] = 0;
	u->result.started = u->result.attempt ? u->result.started : utc_now();
	for (int i = 0; i < count; i++) {
		if (strcmp(entries[i]->d_name, n->id) != 0 &&
		    snprintf(units, sizeof(units), "%s/%s/units", nights, entries[i]->d_name) < PATH_MAX)
			adopt_night(n, units, u);
		free(entries[i]);
	}
	free(entries);
	if (!u->result.attempt) {
		unit_free(&n->unit[--n->nr_units]);
		return;
	}
	unit_judge(u, false, false);
	unit_write(u, n->path);
	if (n->options->ended)
		n->options->ended(n, u, n->options->arg);
}
