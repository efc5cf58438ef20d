/* SPDX-License-Identifier: MIT */
#include "jobs/unit_crashes.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "crashes/copy.h"
#include "crashes/file.h"
#include "crashes/retain.h"

/* What a unit found: a copy, since its store is closed before that of all nights is opened. */
struct catch
{
	struct crash_facts *facts;
	u32 count;
};

static int read_catch(const char *found, struct catch *c, char *message, size_t size)
{
	static struct store s;
	int ret = store_open(&s, found, message, size);

	*c = (struct catch){0};
	if (ret)
		return ret == -ENOENT ? 0 : ret;
	c->facts = malloc(max(s.nr_facts, 1U) * sizeof(*c->facts));
	for (; c->facts && c->count < s.nr_facts; c->count++)
		c->facts[c->count] = s.facts[c->count];
	ret = store_close(&s, message, size);
	return c->facts ? ret : -ENOMEM;
}

char **unit_inexact_crashes(const char *found)
{
	char message[512], path[PATH_MAX], **list;
	u32 count = 0;
	struct catch c;

	if (read_catch(found, &c, message, sizeof(message)))
		c.count = 0;
	list = calloc((size_t)c.count + 1, sizeof(*list));
	for (u32 i = 0; list && i < c.count; i++)
		if (!c.facts[i].exact &&
		    (size_t)snprintf(path, sizeof(path), "%s/%s", found, c.facts[i].folder) < sizeof(path) &&
		    (list[count] = strdup(path)))
			count++;
	free(c.facts);
	return list;
}

/* ---- news ------------------------------------------------------------------------------------------------------- */

/* Seen on threads only, nobody knows why, and not so often that it cannot be chance. */
static bool is_quarantined(const struct store *s, const struct record *r, u64 limit, u64 more)
{
	const struct crash_facts *smallest = store_smallest(s, r);

	for (u32 i = 0; i < r->nr_keys; i++)
		if (r->key[i].cause[0])
			return false;
	return !(smallest && smallest->exact) && r->count + more < limit;
}

/* Is it what the scenario of @u is there to show? */
static bool is_expected(const struct unit *u, const struct crash_facts *f)
{
	static struct scenario s;
	struct rt_verdict verdict = {0};
	char message[256];
	u32 kind = 0;

	if (!u->subject || (u->kind != JOB_explore && u->kind != JOB_stress) ||
	    scenario_load(u->subject, &s, message, sizeof(message)) || !s.expect.set)
		return false;
	while (kind < NR_VERDICTS && strcmp(verdict_name((enum verdict_kind)kind), f->kind) != 0)
		kind++;
	verdict.kind = (enum verdict_kind)kind;
	snprintf(verdict.signature, sizeof(verdict.signature), "%s", f->signature);
	return scenario_expected(&s, &verdict);
}

static void note_crash(struct unit *u, const struct store *s, const struct crash_facts *f, u64 quarantine)
{
	struct unit_result *result = &u->result;
	const struct record *r = store_record_of(s, f);
	struct unit_crash *c = NULL;
	const char *news;

	/* An attempt before this one may have told the store already. */
	for (u32 i = 0; i < result->nr_crashes; i++)
		if (strcmp(result->crash[i].signature, f->signature) == 0)
			c = &result->crash[i];
	if (c && (!c->quarantined || !f->exact)) {
		if (f->exact || !c->folder[0])
			snprintf(c->folder, sizeof(c->folder), "%s", f->folder);
		return;
	}
	if (!c)
		c = unit_add_crash(result);
	if (is_expected(u, f))
		news = "known";
	else if (!r || is_quarantined(s, r, quarantine, 0))
		news = "new";
	else if (r->status == RECORD_fixed)
		news = "regressed";
	else
		news = "known";
	snprintf(c->news, sizeof(c->news), "%s", news);
	snprintf(c->signature, sizeof(c->signature), "%s", f->signature);
	snprintf(c->folder, sizeof(c->folder), "%s", f->folder);
	c->quarantined =
		!f->exact && strcmp(news, "new") == 0 && (r ? is_quarantined(s, r, quarantine, 1) : quarantine > 1);
}

/* The record of what was filed, by its folder; if that went, by its signature. */
static void name_record(struct unit_crash *c, const struct store *s)
{
	for (u32 i = 0; i < s->nr_records; i++) {
		const struct record *r = s->record[i];

		if (!r->gone &&
		    (record_has_folder(r, c->folder) ||
		     (!store_facts(s, c->folder) && record_find_signature((struct record *)r, c->signature))))
			snprintf(c->record, sizeof(c->record), "%s", r->id);
	}
}

static u32 rank_of(const char *news)
{
	static const char *const order[] = {"regressed", "new", "known", "fixed"};
	u32 rank = 0;

	while (rank < ARRAY_SIZE(order) && strcmp(order[rank], news) != 0)
		rank++;
	return rank;
}

/* One bug has several signatures: of each record the worst news stays, and the first signature. */
static void join_records(struct unit_result *r)
{
	u32 kept = 0;

	for (u32 i = 0; i < r->nr_crashes; i++) {
		const struct unit_crash *c = &r->crash[i];
		u32 same = 0;

		while (same < kept && (!c->record[0] || strcmp(r->crash[same].record, c->record) != 0))
			same++;
		if (same == kept) {
			r->crash[kept++] = *c;
			continue;
		}
		if (rank_of(c->news) < rank_of(r->crash[same].news))
			snprintf(r->crash[same].news, sizeof(c->news), "%s", c->news);
		r->crash[same].quarantined &= c->quarantined;
	}
	r->nr_crashes = kept;
}

/* ---- filing ----------------------------------------------------------------------------------------------------- */

/* Copies what the store does not have; @again gets one mark for each that it had. */
static int copy_catch(const struct catch *c, const struct harvest *h, bool *again)
{
	char from[PATH_MAX], to[PATH_MAX];
	int ret = 0;

	for (u32 i = 0; i < c->count && !ret; i++) {
		if ((size_t)snprintf(from, sizeof(from), "%s/%s", h->found, c->facts[i].folder) >= sizeof(from) ||
		    (size_t)snprintf(to, sizeof(to), "%s/%s", h->store, c->facts[i].folder) >= sizeof(to))
			return -ENAMETOOLONG;
		again[i] = access(to, F_OK) == 0;
		ret = copy_crash_folder(from, h->store, to, sizeof(to));
	}
	return ret;
}

/* Folders of records, then the records, then the folder itself: what is left of them can be harvested again. */
static void remove_found(const char *found)
{
	char path[PATH_MAX];
	DIR *d = opendir(found);

	if (!d)
		return;
	for (struct dirent *entry = readdir(d); entry; entry = readdir(d))
		if (entry->d_name[0] != '.' &&
		    (size_t)snprintf(path, sizeof(path), "%s/%s", found, entry->d_name) < sizeof(path) && unlink(path))
			file_remove_dir(path);
	closedir(d);
	file_remove_dir(found);
}

static int file_catch(struct unit *u, const struct harvest *h, const struct catch *c, char *message, size_t size)
{
	bool *again = calloc(max(c->count, 1U), sizeof(*again));
	static struct store s;
	int ret = again ? copy_catch(c, h, again) : -ENOMEM;

	if (ret) {
		snprintf(message, size, "%s: %s", h->store, strerror(-ret));
		free(again);
		return ret;
	}
	ret = store_open(&s, h->store, message, size);
	for (u32 i = 0; !ret && i < c->count; i++) {
		struct crash_facts f = c->facts[i];

		f.folder[0] = 0;
		if (again[i])
			store_count(&s, &f);
	}
	free(again);
	if (ret)
		return ret;
	for (u32 i = 0; i < u->result.nr_crashes; i++)
		name_record(&u->result.crash[i], &s);
	join_records(&u->result);
	for (u32 i = 0; i < s.nr_records; i++)
		retain_record(&s, s.record[i], STORE_KEEP);
	return store_close(&s, message, size);
}

int unit_harvest(struct unit *u, const struct harvest *h, char *message, size_t size)
{
	static struct store s;
	struct catch c;
	int ret = read_catch(h->found, &c, message, size);

	if (ret || !c.count) {
		free(c.facts);
		if (!ret)
			remove_found(h->found);
		return ret;
	}
	ret = file_make_dirs(h->store);
	if (ret)
		snprintf(message, size, "%s: %s", h->store, strerror(-ret));
	else
		ret = store_open(&s, h->store, message, size);
	if (!ret) {
		for (u32 i = 0; i < c.count; i++)
			note_crash(u, &s, &c.facts[i], h->quarantine);
		ret = store_close(&s, message, size);
	}
	if (!ret && (ret = unit_write(u, h->night)))
		snprintf(message, size, "%s: %s", h->night, strerror(-ret));
	if (!ret)
		ret = file_catch(u, h, &c, message, size);
	if (!ret)
		remove_found(h->found);
	free(c.facts);
	return ret;
}

/* ---- verification ----------------------------------------------------------------------------------------------- */

static int before_path(const struct unit *u, const struct harvest *h, char path[PATH_MAX])
{
	char stem[UNIT_NAME_MAX + 16];

	unit_stem(u, stem);
	return snprintf(path, PATH_MAX, "%s/units/%s.before", h->night, stem) < PATH_MAX ? 0 : -ENAMETOOLONG;
}

int unit_verify_begin(const struct unit *u, const struct harvest *h, char *message, size_t size)
{
	static struct store s;
	char path[PATH_MAX];
	struct text_out out = {0};
	int ret = before_path(u, h, path);

	if (!ret)
		ret = file_make_dirs(h->store);
	if (ret) {
		snprintf(message, size, "%s: %s", h->store, strerror(-ret));
		return ret;
	}
	if (access(path, F_OK) == 0)
		return 0;
	ret = store_open(&s, h->store, message, size);
	if (ret)
		return ret;
	out.size = 64 * (size_t)s.nr_records + 1;
	out.buf = calloc(out.size, 1);
	for (u32 i = 0; out.buf && i < s.nr_records; i++)
		if (!s.record[i]->gone)
			text_put(&out, "%s %s\n", s.record[i]->id, record_status_text(s.record[i]->status));
	ret = store_close(&s, message, size);
	if (!ret && (ret = out.buf ? file_replace(path, out.buf) : -ENOMEM))
		snprintf(message, size, "%s: %s", path, strerror(-ret));
	free(out.buf);
	return ret;
}

/* Status that the record had; NR_RECORD_STATUSES: it was not there. */
static enum record_status status_before(const char *text, const char *id)
{
	const char *line = strstr(text, id);
	char status[16] = "";

	if (line)
		sscanf(line + strlen(id), "%15s", status);
	return record_status_by_text(status);
}

int unit_verify_end(struct unit *u, const struct harvest *h, char *message, size_t size)
{
	static struct store s;
	char path[PATH_MAX], complaint[sizeof(s.complaint)], *text;
	int ret = before_path(u, h, path);

	if (!ret)
		ret = store_open(&s, h->store, message, size);
	if (ret)
		return ret;
	text = file_read(path, NULL);
	for (u32 i = 0; i < s.nr_records; i++) {
		const struct record *r = s.record[i];
		bool fixed = r->status == RECORD_fixed, regressed = r->status == RECORD_regressed;
		struct unit_crash *c;

		if (r->gone)
			continue;
		if (fixed)
			unit_add_fixed(&u->result, r->id);
		if (!text || !(fixed || regressed) || status_before(text, r->id) == r->status)
			continue;
		c = unit_add_crash(&u->result);
		snprintf(c->record, sizeof(c->record), "%s", r->id);
		snprintf(c->signature, sizeof(c->signature), "%s", r->nr_signatures ? r->signature[0].text : "");
		snprintf(c->news, sizeof(c->news), "%s", fixed ? "fixed" : "regressed");
		if (store_smallest(&s, r))
			snprintf(c->folder, sizeof(c->folder), "%s", store_smallest(&s, r)->folder);
	}
	free(text);
	snprintf(complaint, sizeof(complaint), "%s", s.complaint);
	ret = store_close(&s, message, size);
	if (ret)
		return ret;
	unlink(path);
	/* What cannot be read was not verified. */
	if (complaint[0])
		snprintf(message, size, "%s; the store leaves it alone: mend or remove it", complaint);
	return complaint[0] ? -EIO : 0;
}
