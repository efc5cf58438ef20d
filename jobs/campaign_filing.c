/* SPDX-License-Identifier: MIT */
/*
 * Tokens that engines keep become crashes of the store. Another process does it, one at a time: it replays what may
 * bring a tool down, and looks for causes for a second or more. A token leaves its folder only when its crash is safe,
 * so after a kill at any moment it is filed again, which the store notices.
 */
#include <dirent.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "crashes/file.h"
#include "crashes/process.h"
#include "crashes/store.h"
#include "jobs/campaign_state.h"
#include "jobs/child.h"

/* Opens the store for a look. NULL: it cannot be. The caller closes it. */
static struct store *open_store(const struct campaign *c)
{
	static struct store store;
	char message[512];

	return store_open(&store, c->crashes, message, sizeof(message)) ? NULL : &store;
}

static void close_store(struct store *store)
{
	char message[512];

	store_close(store, message, sizeof(message));
}

void campaign_note_known(struct campaign *c)
{
	struct store *store = open_store(c);

	if (!store)
		return;
	free(c->known);
	c->known = calloc(CAMPAIGN_KNOWN, sizeof(*c->known));
	for (c->nr_known = 0; c->known && c->nr_known < min(store->nr_records, (u32)CAMPAIGN_KNOWN); c->nr_known++)
		snprintf(c->known[c->nr_known], sizeof(*c->known), "%s", store->record[c->nr_known]->id);
	close_store(store);
}

bool campaign_is_known(const struct campaign *c, const char *id)
{
	for (u32 i = 0; i < c->nr_known; i++)
		if (strcmp(c->known[i], id) == 0)
			return true;
	return false;
}

/* ---- the next one ---------------------------------------------------------------------------------------------- */

static int is_token(const struct dirent *entry)
{
	return fnmatch("*.token", entry->d_name, 0) == 0;
}

/* The first token of folder @part, into @name; returns how many there are. */
static u32 first_token(const struct campaign *c, const char *part, char name[NAME_MAX + 1])
{
	struct dirent **entries;
	char dir[PATH_MAX];
	int n = campaign_path(c, dir, "%s", part) ? scandir(dir, &entries, is_token, alphasort) : -1;

	name[0] = '\0';
	for (int i = 0; i < n; i++) {
		if (i == 0)
			snprintf(name, NAME_MAX + 1, "%s", entries[i]->d_name);
		free(entries[i]);
	}
	if (n >= 0)
		free(entries);
	return n > 0 ? (u32)n : 0;
}

static bool take_token(struct campaign *c, char name[NAME_MAX + 1])
{
	char from[PATH_MAX], to[PATH_MAX];
	u32 left, waiting;

	left = first_token(c, "filing", name);
	if (left) {
		char other[NAME_MAX + 1];

		c->status->filing = left + first_token(c, "tokens", other);
		return true;
	}
	waiting = first_token(c, "tokens", name);
	c->status->filing = waiting;
	/* Taken away first: the engine may find the same signature again meanwhile. */
	return waiting && campaign_path(c, from, "tokens/%s", name) && campaign_path(c, to, "filing/%s", name) &&
	       rename(from, to) == 0;
}

bool campaign_file_next(struct campaign *c)
{
	char token[PATH_MAX], out[PATH_MAX];
	const char *const argv[] = {c->o->self, "crashes", "import", "--store", c->crashes, token, NULL};
	const struct child_options options = {.argv = argv, .out = out};
	pid_t pid;

	if (c->filing.pid)
		return true;
	if (!take_token(c, c->filing.name) || !campaign_path(c, token, "filing/%s", c->filing.name) ||
	    !campaign_path(c, out, "logs/filing.log"))
		return false;
	unlink(out);
	pid = child_start(&options);
	if (pid < 0) {
		campaign_say(c, "%s: %s: tokens stay in %s", c->o->self, strerror(-pid), c->dir);
		return false;
	}
	c->filing.pid = pid;
	return true;
}

/* ---- what came of it ------------------------------------------------------------------------------------------- */

static struct campaign_found *found_record(struct campaign *c, const char *id)
{
	struct campaign_status *s = c->status;
	u32 i = 0;

	while (i < s->nr_found && strcmp(s->found[i].record, id) != 0)
		i++;
	if (i == CAMPAIGN_FOUND)
		return NULL;
	if (i == s->nr_found) {
		s->found[i] = (struct campaign_found){.executions = s->executions, .seconds = s->seconds};
		snprintf(s->found[i].record, sizeof(s->found[i].record), "%s", id);
		s->nr_found++;
	}
	return &s->found[i];
}

/* "found by the isolation target" is the name of the scenario that the token holds. */
static void take_target(struct campaign *c, const char *folder, struct campaign_found *f)
{
	char path[PATH_MAX], name[24];
	const char *at;
	char *text;

	if (c->status->nr_targets == 1)
		snprintf(f->target, sizeof(f->target), "%s", c->status->target[0].name);
	if ((size_t)snprintf(path, sizeof(path), "%s/%s/scenario.pfn", c->crashes, folder) >= sizeof(path))
		return;
	text = file_read(path, NULL);
	at = text ? strstr(text, "found by the ") : NULL;
	if (at && sscanf(at, "found by the %23s target", name) == 1)
		snprintf(f->target, sizeof(f->target), "%s", name);
	free(text);
}

static void note_crash(struct campaign *c, struct store *store, const char *folder)
{
	const struct crash_facts *facts = store_facts(store, folder);
	struct record *r = facts ? store_record_of(store, facts) : NULL;
	struct campaign_found *f = r ? found_record(c, r->id) : NULL;

	c->last_found = c->now;
	if (!f)
		return;
	if (f->filed++ == 0) {
		bool known = campaign_is_known(c, r->id);

		snprintf(f->signature, sizeof(f->signature), "%s", facts->signature);
		snprintf(f->kind, sizeof(f->kind), "%s", facts->kind);
		snprintf(f->folder, sizeof(f->folder), "%s", folder);
		snprintf(f->news, sizeof(f->news), "%s",
			 r->status == RECORD_regressed ? "regressed"
			 : known                       ? "known"
						       : "new");
		take_target(c, folder, f);
		campaign_say(c, "%s: %s: %s (record %s, %s)", f->news, f->kind, f->signature, f->record, f->folder);
	}
}

/* The folder it printed; false: it did not. */
static bool take_folder(const struct campaign *c, char *message, size_t size)
{
	char out[PATH_MAX], line[PATH_MAX];
	const char *slash;
	char *text;
	bool is_path;

	if (!campaign_path(c, out, "logs/filing.log"))
		return false;
	text = file_read(out, NULL);
	process_first_line(text ? text : "", line, sizeof(line));
	free(text);
	is_path = line[0] == '/';
	slash = is_path ? strrchr(line, '/') + 1 : line;
	snprintf(message, size, "%s", slash[0] ? slash : "it said nothing");
	return is_path;
}

bool campaign_filing_ended(struct campaign *c, pid_t pid, int status)
{
	char token[PATH_MAX], refused[PATH_MAX], message[512];
	struct store *store;

	if (!c->filing.pid || pid != c->filing.pid)
		return false;
	c->filing.pid = 0;
	if (!campaign_path(c, token, "filing/%s", c->filing.name) ||
	    !campaign_path(c, refused, "refused/%lu-%s", (unsigned long)c->status->refused, c->filing.name))
		return true;
	if (take_folder(c, message, sizeof(message)) && WIFEXITED(status) && WEXITSTATUS(status) == 0) {
		store = open_store(c);
		if (store) {
			note_crash(c, store, message);
			close_store(store);
		}
		campaign_write_stats(c, NULL);
		unlink(token);
		return true;
	}
	c->status->refused++;
	if (rename(token, refused) == 0)
		campaign_say(c, "a token could not be filed and is kept as %s: %s", refused, message);
	return true;
}
