/* SPDX-License-Identifier: MIT */
/* First: it has a member named like the kernel's macro `current`. */
#include <json-c/json.h>

#include "jobs/night_unit.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crashes/file.h"
#include "crashes/grow.h"
#include "jobs/object.h"

/* Did a verification of that night find the record fixed? */
static bool was_fixed(const char *units, const char *record)
{
	struct dirent **entries = NULL;
	int count = scandir(units, &entries, NULL, alphasort);
	char path[PATH_MAX];
	bool fixed = false;

	for (int i = 0; i < count; i++) {
		struct json_object *o = NULL, *list;

		if (strncmp(entries[i]->d_name, "verify", 6) == 0 && !strstr(entries[i]->d_name, ".before") &&
		    snprintf(path, sizeof(path), "%s/%s", units, entries[i]->d_name) < PATH_MAX)
			o = object_read(path);
		if (o && json_object_object_get_ex(o, "fixed", &list) && json_object_is_type(list, json_type_array))
			for (size_t k = 0; k < json_object_array_length(list); k++) {
				const char *id = json_object_get_string(json_object_array_get_idx(list, k));

				fixed |= id && strcmp(id, record) == 0;
			}
		json_object_put(o);
		free(entries[i]);
	}
	free(entries);
	return fixed;
}

static int is_night(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

/* The revision of the last night that had @record fixed. False: none had, or it was this one. */
static bool last_good(const struct night *n, const char *record, char *revision, size_t size)
{
	char nights[PATH_MAX], path[PATH_MAX];
	struct dirent **entries = NULL;
	int count = snprintf(nights, sizeof(nights), "%s/nights", n->dir) < PATH_MAX
			    ? scandir(nights, &entries, is_night, alphasort)
			    : 0;

	revision[0] = 0;
	for (int i = count - 1; i >= 0; i--) {
		if (!revision[0] && strcmp(entries[i]->d_name, n->id) != 0 &&
		    snprintf(path, sizeof(path), "%s/%s/units", nights, entries[i]->d_name) < PATH_MAX &&
		    was_fixed(path, record) &&
		    snprintf(path, sizeof(path), "%s/%s/night.json", nights, entries[i]->d_name) < PATH_MAX) {
			struct json_object *o = object_read(path);

			snprintf(revision, size, "%s", object_text(o, "revision"));
			json_object_put(o);
		}
		free(entries[i]);
	}
	free(entries);
	return revision[0] && strcmp(revision, n->revision) != 0;
}

static void add_unit(struct night *n, const struct job_section *s, const struct unit_crash *c, const char *good)
{
	char folder[PATH_MAX];
	struct unit *u;

	if (snprintf(folder, sizeof(folder), "%s/%s", n->store, c->folder) >= PATH_MAX)
		return;
	n->unit = grow_array(n->unit, n->nr_units, sizeof(*n->unit));
	u = &n->unit[n->nr_units++];
	*u = (struct unit){.kind = JOB_bisect,
			   .section = s,
			   .shard = n->options->shard,
			   .sharded = n->options->shards > 1,
			   .limit = job_seconds(s, JOB_KEY_bisect_time),
			   .subject = strdup(folder)};
	snprintf(u->name, sizeof(u->name), "bisect-%s", c->record);
	snprintf(u->good, sizeof(u->good), "%s", good);
	snprintf(u->bad, sizeof(u->bad), "%s", n->revision);
	unit_result_clear(&u->result);
	unit_read(u, n->path);
	u->kind = JOB_bisect;
	if (!unit_outcome_ended(u->result.outcome))
		night_run_unit(n, u);
}

static bool is_asked(const struct night *n, const char *record)
{
	char name[UNIT_NAME_MAX];

	snprintf(name, sizeof(name), "bisect-%s", record);
	for (u32 i = 0; i < n->nr_units; i++)
		if (strcmp(n->unit[i].name, name) == 0)
			return true;
	return false;
}

void night_bisect(struct night *n)
{
	const struct job_section *s = jobfile_section(&n->job, JOB_bisect);
	u64 asked = 0, most = job_number(s, JOB_KEY_bisect_most);
	u32 units = n->nr_units;
	char good[128], text[256];

	/* By position: adding units moves them. */
	for (u32 i = 0; s && i < units; i++)
		for (u32 k = 0; k < n->unit[i].result.nr_crashes && asked < most && !n->interrupted; k++) {
			const struct unit_crash c = n->unit[i].result.crash[k];

			if (strcmp(c.news, "regressed") != 0 || is_asked(n, c.record))
				continue;
			if (last_good(n, c.record, good, sizeof(good))) {
				add_unit(n, s, &c, good);
				asked++;
				continue;
			}
			snprintf(text, sizeof(text),
				 "%s has regressed, and no earlier night knows another revision that "
				 "had it fixed: nothing to bisect",
				 c.record);
			n->options->say(text, n->options->arg);
		}
}
